"""A tied autoencoder: the decoder is the encoder's transpose; sigmoid code, linear reconstruction, half the squared error per sample."""
import numpy as np


def make(seed, N=7, D=6, H=4):
    rng = np.random.default_rng(seed)
    return ({"W": rng.standard_normal((D, H)) / np.sqrt(D) * 1.3, "b": 0.5 * rng.standard_normal((1, H)), "c": 0.5 * rng.standard_normal((1, D))},
            {"x": rng.standard_normal((N, D))})


def forward(al, params, data):
    x, W = data["x"], params["W"]
    z = (x @ W + params["b"]).named("z")
    h = al.sigmoid(z).named("h")
    r = (h @ W.T + params["c"]).named("r")
    return 0.5 * np.sum((r - x) ** 2) / x.shape[0], {"z": z, "h": h, "r": r}


# ---- handwritten ----
def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def backward(params, data):
    x = data["x"]
    W, b, c = params["W"], params["b"], params["c"]
    n = x.shape[0]
    z = x @ W + b
    h = sigmoid(z)
    r = h @ W.T + c

    dr = (r - x) / n
    dc = dr.sum(axis=0, keepdims=True)
    dW_dec = dr.T @ h
    dh = dr @ W
    dz = dh * h * (1 - h)
    dW_enc = x.T @ dz
    db = dz.sum(axis=0, keepdims=True)
    dW = dW_enc + dW_dec
    return {"r": dr, "c": dc, "h": dh, "z": dz, "W": dW, "b": db}
