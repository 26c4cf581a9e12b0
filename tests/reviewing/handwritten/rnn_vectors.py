"""
Vanilla RNN that labels each vector of a sequence. Numpy only, for the blog post.
Column vectors everywhere: x is (D,1), h is (H,1), y is (K,1).
"""
import numpy as np


def sequenceLoss(inputs, targets, Wxh, Whh, Why, bh, by, hprev):
    """ just the number: cross-entropy summed over the time steps """
    h, total = hprev, 0.0
    for x, k in zip(inputs, targets):
        h = np.tanh(Wxh @ x.reshape(-1, 1) + Whh @ h + bh)
        score = Why @ h + by
        total += np.log(np.sum(np.exp(score))) - score[k, 0]
    return total


def softmax(y):
    e = np.exp(y - np.max(y))
    return e / np.sum(e)


def lossGrad(inputs, targets, Wxh, Whh, Why, bh, by, hprev):
    """
    inputs is (T,D), targets is a list of T integers, hprev the initial state.
    returns the gradients on the parameters and on hprev
    """
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    T = len(inputs)

    # forward pass
    for t in range(T):
        xs[t] = inputs[t].reshape(-1, 1)
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh)  # hidden state
        ys[t] = np.dot(Why, hs[t]) + by  # unnormalized log probabilities
        ps[t] = softmax(ys[t])

    # backward pass: compute gradients going backwards
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1  # backprop into y
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext  # backprop into h
        dhraw = (1 - hs[t] * hs[t]) * dh  # through tanh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t-1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return dWxh, dWhh, dWhy, dbh, dby, dhnext


def setup(rng):
    T, D, H, K = 5, 3, 4, 6
    inputs = rng.normal(size=(T, D))
    targets = [int(k) for k in rng.integers(0, K, size=T)]
    args = (inputs, targets,
            rng.normal(size=(H, D)) * 0.6, rng.normal(size=(H, H)) * 0.6, rng.normal(size=(K, H)) * 0.6,
            rng.normal(size=(H, 1)) * 0.3, rng.normal(size=(K, 1)) * 0.3, rng.normal(size=(H, 1)) * 0.5)
    return sequenceLoss, lossGrad, args, {"wrt": ["Wxh", "Whh", "Why", "bh", "by", "hprev"]}
