# Multi-label classifier with one hidden layer. Labels are not exclusive, so every
# label k gets its own sigmoid; rare labels get a bigger weight cw[k] for the positives.
# I do everything sample by sample so that I can check it with pen and paper.
import numpy as np


def sig(v):
    return 1 / (1 + np.exp(-v))


def weighted_loss(W, b, V, c, X, Y, cw, lam):
    total = 0.0
    for xi, yi in zip(X, Y):
        prob = sig(V.dot(sig(W.dot(xi) + b)) + c)
        total -= np.sum(cw * yi * np.log(prob) + (1 - yi) * np.log(1 - prob))
    penalty = 0.5 * lam * (np.sum(W * W) + np.sum(V * V))
    return total / X.shape[0] + penalty


def score_grad(p, y, cw):
    """d loss / d score for one sample (score = what goes into the last sigmoid)"""
    ds = np.zeros(len(p))
    for k in range(len(p)):
        if y[k] == 1:
            ds[k] = cw[k] * (p[k] - 1)
        else:
            ds[k] = p[k]
    return ds


def gradients(W, b, V, c, X, Y, cw, lam):
    n = len(X)
    n_hid = len(b)
    n_lab = len(c)
    gW = np.zeros(W.shape)
    gb = np.zeros(b.shape)
    gV = np.zeros(V.shape)
    gc = np.zeros(c.shape)

    for i in range(n):
        x, y = X[i], Y[i]
        h = sig(W @ x + b)
        p = sig(V @ h + c)
        ds = score_grad(p, y, cw)

        # last layer
        for k in range(n_lab):
            gc[k] += ds[k]
            for j in range(n_hid):
                gV[k, j] += ds[k] * h[j]

        # hidden layer
        for j in range(n_hid):
            back = 0.0
            for k in range(n_lab):
                back += V[k, j] * ds[k]
            da = back * h[j] * (1 - h[j])
            gb[j] += da
            gW[j] += da * x

    # average over the samples, penalty only on the weights
    gW = gW / n + lam * W
    gV = gV / n + lam * V
    gb = gb / n
    gc = gc / n
    return gW, gb, gV, gc


def setup(rng):
    n, d, n_hid, n_lab = 5, 3, 4, 2
    W = rng.normal(size=(n_hid, d))
    b = rng.normal(size=n_hid)
    V = rng.normal(size=(n_lab, n_hid))
    c = rng.normal(size=n_lab)
    X = rng.normal(size=(n, d))
    Y = (rng.random((n, n_lab)) > 0.5).astype(float)
    Y[0] = 1 - Y[1]
    cw = rng.uniform(1.5, 3.0, size=n_lab)
    return weighted_loss, gradients, (W, b, V, c, X, Y, cw, 0.3), {"wrt": ["W", "b", "V", "c"]}
