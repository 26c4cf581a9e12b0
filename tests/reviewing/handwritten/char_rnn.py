"""
Tiny char-level RNN, the way I explain it in the post "Backprop through time by hand".
Everything that happens at time step t sits in a dict under the key t.
"""
import numpy as np


def one_hot(ix, size):
    v = np.zeros((size, 1))
    v[ix] = 1
    return v


def rnn_loss(Wxh, Whh, Why, bh, by, h0, inputs, targets):
    """average cross-entropy (in nats) per character"""
    h, loss = h0, 0.0
    for ix, target in zip(inputs, targets):
        h = np.tanh(Wxh @ one_hot(ix, Wxh.shape[1]) + Whh @ h + bh)
        y = Why @ h + by
        y = y - y.max()
        loss += np.log(np.sum(np.exp(y))) - y[target, 0]
    return loss / len(inputs)


def rnn_grads(Wxh, Whh, Why, bh, by, h0, inputs, targets):
    """
    inputs, targets are both lists of integers.
    h0 is the Hx1 initial hidden state.
    returns a dict with the gradients on the model parameters and on h0
    """
    vocab_size = Wxh.shape[1]
    seq_length = len(inputs)
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(h0)

    # forward pass
    for t in range(seq_length):
        xs[t] = one_hot(inputs[t], vocab_size)                          # 1-of-k
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh)  # hidden state
        ys[t] = np.dot(Why, hs[t]) + by                                 # scores for the next char
        e = np.exp(ys[t] - np.max(ys[t]))
        ps[t] = e / np.sum(e)                                           # probabilities

    # backward pass: compute gradients going backwards
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(seq_length)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1          # backprop into y
        dy /= seq_length             # the loss is a mean over time
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext          # backprop into h
        dhraw = (1 - hs[t] * hs[t]) * dh         # backprop through tanh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t-1].T)
        dhnext = np.dot(Whh.T, dhraw)

    return {"dWxh": dWxh, "dWhh": dWhh, "dWhy": dWhy,
            "dbh": dbh, "dby": dby, "dh0": dhnext}


def setup(rng):
    V, H, T = 5, 3, 6
    args = (rng.standard_normal((H, V)) * 0.7, rng.standard_normal((H, H)) * 0.7,
            rng.standard_normal((V, H)) * 0.7, rng.standard_normal((H, 1)) * 0.3,
            rng.standard_normal((V, 1)) * 0.3, rng.standard_normal((H, 1)) * 0.5,
            [int(i) for i in rng.integers(0, V, T)], [int(i) for i in rng.integers(0, V, T)])
    return rnn_loss, rnn_grads, args, {"wrt": ["Wxh", "Whh", "Why", "bh", "by", "h0"]}
