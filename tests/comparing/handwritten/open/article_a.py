"""Article A: columns, one sample at a time, no biases, every layer sigmoid, half the squared error."""
import numpy as np


def make(seed, sizes=(7, 5, 6, 4, 2)):
    rng = np.random.default_rng(seed)
    W = [rng.standard_normal((m, n)) * 1.2 / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]
    return {"W": W}, {"x": rng.standard_normal((sizes[0], 1)), "t": rng.standard_normal((sizes[-1], 1))}


def forward(al, params, data):
    o = data["x"]
    names = {}
    for l, W in enumerate(params["W"], 1):
        names[f"a{l}"] = a = np.dot(W, o).named(f"a{l}")
        names[f"o{l}"] = o = al.sigmoid(a).named(f"o{l}")
    e = o - data["t"]
    return (0.5 * (e.T @ e))[0, 0], names


# ---- handwritten ----
def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a)))


def dsigmoid(a):
    s = sigmoid(a)
    return s * (1 - s)


def backward(params, data):
    W = params["W"]
    x, t = data["x"], data["t"]
    L = len(W)
    a = [None]
    o = [x]
    for l in range(1, L + 1):
        a.append(W[l - 1] @ o[l - 1])
        o.append(sigmoid(a[l]))

    grads = {}
    g = o[L] - t
    grads["o%d" % L] = g
    for l in range(L, 0, -1):
        g = g * dsigmoid(a[l])
        grads["a%d" % l] = g
        grads["W%d" % l] = g @ o[l - 1].T
        if l > 1:
            g = W[l - 1].T @ g
            grads["o%d" % (l - 1)] = g
    return grads
