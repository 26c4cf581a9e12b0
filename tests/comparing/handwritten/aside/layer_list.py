"""Lists of weights and biases, tanh, linear output, rows are samples, half the mean over the batch; negative indices (after Nielsen)."""
import numpy as np


def make(seed, sizes=(6, 5, 4, 3), N=7):
    rng = np.random.default_rng(seed)
    params = {"W": [rng.standard_normal((m, n)) / np.sqrt(m) for m, n in zip(sizes[:-1], sizes[1:])],
              "b": [0.5 * rng.standard_normal(n) for n in sizes[1:]]}
    return params, {"x": rng.standard_normal((N, sizes[0])), "t": rng.standard_normal((N, sizes[-1]))}


def forward(al, params, data):
    a = data["x"]
    n = len(params["W"])
    names = {}
    for i, (W, b) in enumerate(zip(params["W"], params["b"]), 1):
        z = (a @ W + b).named(f"z{i}")
        names[f"z{i}"] = z
        a = z
        if i < n:
            names[f"a{i}"] = a = np.tanh(z).named(f"a{i}")
    return 0.5 * np.sum((a - data["t"]) ** 2) / len(data["t"]), names


# ---- handwritten ----
def backward(params, data):
    Ws, bs = params["W"], params["b"]
    x, t = data["x"], data["t"]
    activations = [x]
    zs = []
    for W, b in zip(Ws[:-1], bs[:-1]):
        zs.append(np.dot(activations[-1], W) + b)
        activations.append(np.tanh(zs[-1]))
    zs.append(np.dot(activations[-1], Ws[-1]) + bs[-1])

    n = len(Ws)
    nabla_W = [np.zeros(W.shape) for W in Ws]
    nabla_b = [np.zeros(b.shape) for b in bs]
    named = {}
    delta = (zs[-1] - t) / len(t)
    named[f"z{n}"] = delta
    nabla_b[-1] = delta.sum(axis=0)
    nabla_W[-1] = np.dot(activations[-1].T, delta)
    for l in range(2, n + 1):
        tp = 1 - np.tanh(zs[-l]) ** 2
        back = np.dot(delta, Ws[-l + 1].T)
        delta = back * tp
        nabla_b[-l] = delta.sum(axis=0)
        nabla_W[-l] = np.dot(activations[-l].T, delta)
        named[f"a{n - l + 1}"] = back
        named[f"z{n - l + 1}"] = delta
    for i in range(n):
        named[f"W{i + 1}"], named[f"b{i + 1}"] = nabla_W[i], nabla_b[i]
    return named
