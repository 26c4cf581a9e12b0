"""Character-level vanilla RNN, one hidden layer, full BPTT over a chunk.

inputs, targets : lists of integers (indices into the vocabulary)
hprev           : H x 1 initial state
"""
import numpy as np


def chunk_loss(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    state, total = hprev, 0.0
    for ch, nxt in zip(inputs, targets):
        state = np.tanh(Wxh[:, [ch]] + Whh @ state + bh)
        scores = (Why @ state + by).ravel()
        total += np.log(np.sum(np.exp(scores))) - scores[nxt]
    return total


def one_hot(ix, size):
    v = np.zeros((size, 1))
    v[ix] = 1
    return v


def softmax(y):
    e = np.exp(y - np.max(y))
    return e / np.sum(e)


def run_forward(inputs, hprev, Wxh, Whh, Why, bh, by):
    """remember everything by time step; hs[-1] is the state before the chunk"""
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.copy(hprev)
    vocab = Wxh.shape[1]
    for t in range(len(inputs)):
        xs[t] = one_hot(inputs[t], vocab)
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ps[t] = softmax(np.dot(Why, hs[t]) + by)
    return xs, hs, ps


def chunk_grads(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    xs, hs, ps = run_forward(inputs, hprev, Wxh, Whh, Why, bh, by)

    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dh_later = np.zeros_like(hprev)

    for t in reversed(range(len(inputs))):
        # into the scores
        dscore = np.copy(ps[t])
        dscore[targets[t]] -= 1
        dWhy += np.dot(dscore, hs[t].T)
        dby += dscore
        # into the state: from the output and from the step after
        dh = np.dot(Why.T, dscore) + dh_later
        # through the tanh
        draw = (1 - hs[t] * hs[t]) * dh
        dbh += draw
        dWxh += np.dot(draw, xs[t].T)
        dWhh += np.dot(draw, hs[t - 1].T)
        dh_later = np.dot(Whh.T, draw)

    # keep exploding gradients in check
    for grad in (dWxh, dWhh, dWhy, dbh, dby):
        np.clip(grad, -5, 5, out=grad)

    return dWxh, dWhh, dWhy, dbh, dby


def setup(rng):
    H, V, T = 3, 6, 5
    inputs = [int(c) for c in rng.integers(0, V, T)]
    targets = inputs[1:] + [int(rng.integers(0, V))]
    hprev = rng.standard_normal((H, 1)) * 0.5
    Wxh = rng.standard_normal((H, V)) * 0.5
    Whh = rng.standard_normal((H, H)) * 0.5
    Why = rng.standard_normal((V, H)) * 0.5
    bh = rng.standard_normal((H, 1)) * 0.2
    by = rng.standard_normal((V, 1)) * 0.2
    args = (inputs, targets, hprev, Wxh, Whh, Why, bh, by)
    return chunk_loss, chunk_grads, args, {"wrt": ["Wxh", "Whh", "Why", "bh", "by"]}
