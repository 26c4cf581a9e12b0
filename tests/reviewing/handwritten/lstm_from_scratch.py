"""An LSTM from scratch, part 3: backpropagation through time.
Shapes: X is (T, n_x, m), Y is (T, n_y, m) one-hot, states are (n_h, m).
Each gate sees the stacked vector [h_prev; x_t].
"""
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def sequence_loss(X, Y, h0, c0, Wf, bf, Wi, bi, Wg, bg, Wo, bo, Wy, by):
    h, c, loss = h0, c0, 0.0
    for x, y in zip(X, Y):
        v = np.concatenate([h, x])
        c = sigmoid(Wf @ v + bf) * c + sigmoid(Wi @ v + bi) * np.tanh(Wg @ v + bg)
        h = sigmoid(Wo @ v + bo) * np.tanh(c)
        s = Wy @ h + by
        loss += np.sum(np.log(np.exp(s).sum(axis=0)) - (y * s).sum(axis=0))
    return loss / X.shape[2]


def cell_forward(xt, h_prev, c_prev, p):
    z = np.vstack((h_prev, xt))
    ft = sigmoid(np.dot(p["Wf"], z) + p["bf"])
    it = sigmoid(np.dot(p["Wi"], z) + p["bi"])
    gt = np.tanh(np.dot(p["Wg"], z) + p["bg"])
    ot = sigmoid(np.dot(p["Wo"], z) + p["bo"])
    c_next = ft * c_prev + it * gt
    h_next = ot * np.tanh(c_next)
    cache = (z, ft, it, gt, ot, c_prev, c_next, h_next)
    return h_next, c_next, cache


def cell_backward(dh, dc_next, cache, p, grads):
    z, ft, it, gt, ot, c_prev, c_next, h_next = cache
    n_h = dh.shape[0]
    tanh_c = np.tanh(c_next)
    dc = dc_next + dh * ot * (1 - tanh_c ** 2)
    d = {}
    d["o"] = dh * tanh_c * ot * (1 - ot)
    d["f"] = dc * c_prev * ft * (1 - ft)
    d["i"] = dc * gt * it * (1 - it)
    d["g"] = dc * it * (1 - gt ** 2)
    dz = np.zeros_like(z)
    for gate in "figo":
        grads["W" + gate] += np.dot(d[gate], z.T)
        grads["b" + gate] += d[gate].sum(axis=1, keepdims=True)
        dz += np.dot(p["W" + gate].T, d[gate])
    dh_prev, dx = dz[:n_h], dz[n_h:]
    dc_prev = dc * ft
    return dx, dh_prev, dc_prev


def bptt(X, Y, h0, c0, Wf, bf, Wi, bi, Wg, bg, Wo, bo, Wy, by):
    p = dict(Wf=Wf, bf=bf, Wi=Wi, bi=bi, Wg=Wg, bg=bg, Wo=Wo, bo=bo, Wy=Wy, by=by)
    T, _, m = X.shape
    h, c, caches, probs = h0, c0, [], []
    for t in range(T):
        h, c, cache = cell_forward(X[t], h, c, p)
        scores = np.dot(Wy, h) + by
        e = np.exp(scores - scores.max(axis=0))
        probs.append(e / e.sum(axis=0))
        caches.append(cache)

    grads = {name: np.zeros_like(value) for name, value in p.items()}
    grads["X"] = np.zeros_like(X)
    dh_next = np.zeros_like(h0)
    dc_next = np.zeros_like(c0)
    for t in reversed(range(T)):
        dy = (probs[t] - Y[t]) / m
        grads["Wy"] += np.dot(dy, caches[t][-1].T)
        grads["by"] += np.sum(dy, axis=1, keepdims=True)
        dh = np.dot(Wy.T, dy) + dh_next
        grads["X"][t], dh_next, dc_next = cell_backward(dh, dc_next, caches[t], p, grads)
    grads["h0"] = dh_next
    grads["c0"] = dc_next
    return grads


def setup(rng):
    T, n_x, n_h, n_y, m = 6, 3, 4, 2, 5
    X = rng.normal(size=(T, n_x, m))
    Y = np.moveaxis(np.eye(n_y)[rng.integers(0, n_y, size=(T, m))], 2, 1)
    args = [X, Y, rng.normal(size=(n_h, m)), rng.normal(size=(n_h, m))]
    for _ in range(4):
        args += [0.6 * rng.normal(size=(n_h, n_h + n_x)), 0.3 * rng.normal(size=(n_h, 1))]
    args += [rng.normal(size=(n_y, n_h)), 0.3 * rng.normal(size=(n_y, 1))]
    wrt = ["X", "h0", "c0", "Wf", "bf", "Wi", "bi", "Wg", "bg", "Wo", "bo", "Wy", "by"]
    return sequence_loss, bptt, tuple(args), {"wrt": wrt}
