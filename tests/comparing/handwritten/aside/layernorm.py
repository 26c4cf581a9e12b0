"""Layer norm over the features of each row, with gain g and bias b, then a linear layer and squared error (sum)."""
import numpy as np


def make(seed, N=7, D=6, H=5, K=3):
    rng = np.random.default_rng(seed)
    params = {"W": rng.standard_normal((D, H)) / np.sqrt(D), "g": rng.uniform(0.5, 1.8, H), "b": 0.5 * rng.standard_normal(H),
              "V": rng.standard_normal((H, K)) / np.sqrt(H)}
    return params, {"x": rng.standard_normal((N, D)), "t": rng.standard_normal((N, K))}


def forward(al, params, data):
    a = (data["x"] @ params["W"]).named("a")
    mean = np.mean(a, axis=1, keepdims=True)
    std = np.sqrt(np.var(a, axis=1, keepdims=True) + 0.01)
    n = ((a - mean) / std).named("n")
    y = (n * params["g"] + params["b"]).named("y")
    h = al.sigmoid(y).named("h")
    o = (h @ params["V"]).named("o")
    return ((o - data["t"]) ** 2).sum(), dict(a=a, n=n, y=y, h=h, o=o)


# ---- handwritten ----
def backward(params, data):
    x, t = data["x"], data["t"]
    W, g, b, V = params["W"], params["g"], params["b"], params["V"]
    a = x @ W
    H = a.shape[-1]
    mean = a.mean(axis=-1, keepdims=True)
    std = np.sqrt(a.var(axis=-1, keepdims=True) + 0.01)
    n = (a - mean) / std
    y = n * g + b
    h = 1 / (1 + np.exp(-y))
    o = h @ V

    do = 2 * (o - t)
    dV = h.T @ do
    dh = do @ V.T
    dy = dh * h * (1 - h)
    db = dy.sum(axis=0)
    dg = (dy * n).sum(axis=0)
    dn = dy * g
    da = (dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True)) / std
    dW = x.T @ da
    return {"o": do, "V": dV, "h": dh, "y": dy, "b": db, "g": dg, "n": dn, "a": da, "W": dW}
