"""Two residual blocks of width D, y = x + tanh(x W1 + b1) W2, then a linear output; mean squared error."""
import numpy as np


def make(seed, N=7, D=5, H=4, K=3):
    rng = np.random.default_rng(seed)
    p = {}
    for k in "12":
        p["A" + k] = rng.standard_normal((D, H)) / np.sqrt(D)
        p["a" + k] = 0.4 * rng.standard_normal(H)
        p["B" + k] = rng.standard_normal((H, D)) / np.sqrt(H)
    p["V"] = rng.standard_normal((D, K)) / np.sqrt(D)
    p["c"] = 0.4 * rng.standard_normal(K)
    return p, {"x0": rng.standard_normal((N, D)), "t": rng.standard_normal((N, K))}


def forward(al, p, data):
    x = data["x0"]
    names = {}
    for k in "12":
        names["z" + k] = z = (x @ p["A" + k] + p["a" + k]).named("z" + k)
        names["h" + k] = h = np.tanh(z).named("h" + k)
        names["x" + k] = x = (x + h @ p["B" + k]).named("x" + k)
    names["y"] = y = (x @ p["V"] + p["c"]).named("y")
    return ((y - data["t"]) ** 2).mean(), names


# ---- handwritten ----
def backward(params, data):
    p = params
    x0, t = data["x0"], data["t"]
    z1 = x0 @ p["A1"] + p["a1"]
    h1 = np.tanh(z1)
    x1 = x0 + h1 @ p["B1"]
    z2 = x1 @ p["A2"] + p["a2"]
    h2 = np.tanh(z2)
    x2 = x1 + h2 @ p["B2"]
    y = x2 @ p["V"] + p["c"]

    dy = 2.0 * (y - t) / y.size
    dV = x2.T @ dy
    dc = dy.sum(0)
    dx2 = dy @ p["V"].T
    # second block
    dB2 = h2.T @ dx2
    dh2 = dx2 @ p["B2"].T
    dz2 = dh2 * (1 - h2 * h2)
    dA2 = x1.T @ dz2
    da2 = dz2.sum(0)
    dx1 = dx2 + dz2 @ p["A2"].T
    # first block
    dB1 = h1.T @ dx1
    dh1 = dx1 @ p["B1"].T
    dz1 = dh1 * (1 - h1 * h1)
    dA1 = x0.T @ dz1
    da1 = dz1.sum(0)
    return dict(y=dy, V=dV, c=dc, x2=dx2, B2=dB2, h2=dh2, z2=dz2, A2=dA2, a2=da2,
                x1=dx1, B1=dB1, h1=dh1, z1=dz1, A1=dA1, a1=da1)
