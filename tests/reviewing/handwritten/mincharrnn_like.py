"""
Character level RNN, after karpathy's min-char-rnn gist.
Changes: loss is the mean over the sequence, and the state that comes in
(hprev) gets a gradient too.
"""
import numpy as np

clip_at = 5


def seqLoss(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    """ mean cross-entropy of the sequence, nothing else """
    h = hprev
    total = 0.0
    for ch, target in zip(inputs, targets):
        h = np.tanh(Wxh[:, ch:ch + 1] + Whh @ h + bh)
        scores = (Why @ h + by).ravel()
        total += np.log(np.sum(np.exp(scores))) - scores[target]
    return total / len(inputs)


def seqGrads(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    """
    inputs, targets are both lists of integers.
    hprev is Hx1 array of initial hidden state
    returns gradients on hprev and on the model parameters
    """
    vocab_size = Why.shape[0]
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    # forward pass
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))  # encode in 1-of-k
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by  # unnormalized log probs
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
    # backward pass: compute gradients going backwards
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1  # backprop into y
        dy /= len(inputs)
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext  # backprop into h
        dhraw = (1 - hs[t] * hs[t]) * dh  # through tanh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t-1].T)
        dhnext = np.dot(Whh.T, dhraw)
    for dparam in [dhnext, dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -clip_at, clip_at, out=dparam)  # exploding gradients
    return dhnext, dWxh, dWhh, dWhy, dbh, dby


def setup(rng):
    H, V, T = 4, 6, 5
    inputs = [int(i) for i in rng.integers(0, V, T)]
    targets = [int(i) for i in rng.integers(0, V, T)]
    hprev = np.tanh(rng.normal(size=(H, 1)))
    Wxh = rng.normal(size=(H, V)) * 0.6
    Whh = rng.normal(size=(H, H)) * 0.6
    Why = rng.normal(size=(V, H)) * 0.6
    bh, by = rng.normal(size=(H, 1)) * 0.3, rng.normal(size=(V, 1)) * 0.3
    args = (inputs, targets, hprev, Wxh, Whh, Why, bh, by)
    return seqLoss, seqGrads, args, {"wrt": ["hprev", "Wxh", "Whh", "Why", "bh", "by"]}
