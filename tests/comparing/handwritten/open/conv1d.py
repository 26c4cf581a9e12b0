"""A 1-D convolution (a correlation) with loops over samples, filters and positions, ReLU, then a linear layer; mean squared error."""
import numpy as np


def make(seed, N=4, C=2, L=10, F=3, k=5, K=7):
    rng = np.random.default_rng(seed)
    Lo = L - k + 1
    params = {"w": rng.standard_normal((F, C, k)) / np.sqrt(C * k), "b": 0.4 * rng.standard_normal(F),
              "V": rng.standard_normal((F * Lo, K)) / np.sqrt(F * Lo), "c": 0.4 * rng.standard_normal(K)}
    return params, {"x": rng.standard_normal((N, C, L)), "t": rng.standard_normal((N, K))}


def forward(al, params, data):
    x, w, b = data["x"], params["w"], params["b"]
    N, C, L = x.shape
    F, _, k = w.shape
    columns = []
    for i in range(L - k + 1):
        window = x[:, :, i:i + k].reshape(N, -1)
        columns.append(window @ w.reshape(F, -1).T + b)
    z = np.stack(columns, axis=2).named("z")
    a = np.maximum(z, 0).named("a")
    flat = a.reshape(N, -1).named("flat")
    y = (flat @ params["V"] + params["c"]).named("y")
    return ((y - data["t"]) ** 2).mean(), dict(z=z, a=a, flat=flat, y=y)


# ---- handwritten ----
def backward(params, data):
    x, t = data["x"], data["t"]
    w, b, V, c = params["w"], params["b"], params["V"], params["c"]
    N, C, L = x.shape
    F, _, k = w.shape
    Lo = L - k + 1
    z = np.zeros((N, F, Lo), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Lo):
                z[n, f, i] = np.sum(x[n, :, i:i + k] * w[f]) + b[f]
    a = np.maximum(z, 0)
    flat = a.reshape(N, -1)
    y = flat @ V + c

    dy = 2 * (y - t) / y.size
    dV = flat.T @ dy
    dc = dy.sum(axis=0)
    dflat = dy @ V.T
    da = dflat.reshape(a.shape)
    dz = da * (z > 0)
    dw, db = np.zeros_like(w), np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(Lo):
                dw[f] += dz[n, f, i] * x[n, :, i:i + k]
                db[f] += dz[n, f, i]
    return {"y": dy, "V": dV, "c": dc, "flat": dflat, "a": da, "z": dz, "w": dw, "b": db}
