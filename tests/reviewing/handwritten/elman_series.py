# elman_series.py -- simple recurrent net that guesses the next number of a series
# everything goes step by step, no batching, vectors are column-free (1-d)
import numpy as np

CLIP = 50.0   # gradients are cut to [-CLIP, CLIP]


def series_loss(xs, ys, h0, U, V, W, b, c):
    """mean squared error of the guesses along the series"""
    h = h0
    total = 0.0
    for x, y in zip(xs, ys):
        h = np.tanh(U @ x + W @ h + b)
        total += np.sum((V @ h + c - y) ** 2)
    return total / len(xs)


def run(xs, h0, U, V, W, b, c):
    hs = [h0]              # hs[t+1] is the state AFTER seeing xs[t]
    outs = []
    for t in range(len(xs)):
        a = np.dot(U, xs[t]) + np.dot(W, hs[t]) + b
        hs.append(np.tanh(a))
        outs.append(np.dot(V, hs[t + 1]) + c)
    return hs, outs


def bptt(xs, ys, h0, U, V, W, b, c):
    T = len(xs)
    hs, outs = run(xs, h0, U, V, W, b, c)

    dU = np.zeros(U.shape)
    dV = np.zeros(V.shape)
    dW = np.zeros(W.shape)
    db = np.zeros(b.shape)
    dc = np.zeros(c.shape)
    dh_next = np.zeros(h0.shape)   # what comes from the future

    for t in range(T - 1, -1, -1):
        # output side
        dy = 2.0 * (outs[t] - ys[t]) / T
        dV += np.outer(dy, hs[t + 1])
        dc += dy
        # into the hidden state: now + later
        dh = np.dot(V.T, dy) + dh_next
        # through the tanh
        da = (1.0 - hs[t + 1] ** 2) * dh
        db += da
        dU += np.outer(da, xs[t])
        dW += np.outer(da, hs[t])
        dh_next = np.dot(W.T, da)

    grads = [dh_next, dU, dV, dW, db, dc]
    for g in grads:
        np.clip(g, -CLIP, CLIP, out=g)   # exploding gradients
    return tuple(grads)


def setup(rng):
    n_in, n_hid, n_out, T = 2, 4, 3, 5
    xs = rng.normal(size=(T, n_in))
    ys = rng.normal(size=(T, n_out))
    h0 = 0.5 * rng.normal(size=n_hid)
    U = 0.6 * rng.normal(size=(n_hid, n_in))
    V = 0.6 * rng.normal(size=(n_out, n_hid))
    W = 0.5 * rng.normal(size=(n_hid, n_hid))
    b = 0.3 * rng.normal(size=n_hid)
    c = 0.3 * rng.normal(size=n_out)
    return series_loss, bptt, (xs, ys, h0, U, V, W, b, c), {
        "wrt": ["h0", "U", "V", "W", "b", "c"]}
