"""Batch norm between a dense layer and a ReLU, step by step as in cs231n's notes; linear output, mean over the batch of half squares."""
import numpy as np


def make(seed, N=8, D=6, H=5, K=3):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.standard_normal((D, H)) / np.sqrt(D), "gamma": rng.uniform(0.5, 1.8, H), "beta": 0.5 * rng.standard_normal(H),
              "W2": rng.standard_normal((H, K)) / np.sqrt(H), "b2": 0.4 * rng.standard_normal(K)}
    return params, {"X": rng.standard_normal((N, D)), "T": rng.standard_normal((N, K))}


def forward(al, params, data):
    eps = 1e-2
    x = (data["X"] @ params["W1"]).named("x")
    mu = x.mean(axis=0)
    xmu = (x - mu).named("xmu")
    var = np.mean(xmu ** 2, axis=0).named("var")
    ivar = (1 / np.sqrt(var + eps)).named("ivar")
    xhat = (xmu * ivar).named("xhat")
    out = (params["gamma"] * xhat + params["beta"]).named("out")
    h = al.relu(out).named("h")
    y = (h @ params["W2"] + params["b2"]).named("y")
    loss = 0.5 * np.sum((y - data["T"]) ** 2) / len(y)
    return loss, dict(x=x, xmu=xmu, var=var, ivar=ivar, xhat=xhat, out=out, h=h, y=y)


# ---- handwritten ----
EPS = 1e-2


def backward(params, data):
    X, T = data["X"], data["T"]
    W1, gamma, beta, W2, b2 = params["W1"], params["gamma"], params["beta"], params["W2"], params["b2"]
    N = X.shape[0]
    x = X @ W1
    mu = x.mean(axis=0)
    xmu = x - mu
    var = np.mean(xmu ** 2, axis=0)
    sqrtvar = np.sqrt(var + EPS)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    out = gamma * xhat + beta
    h = np.maximum(out, 0)
    y = h @ W2 + b2

    dy = (y - T) / N
    dW2 = h.T @ dy
    db2 = np.sum(dy, axis=0)
    dh = dy @ W2.T
    dout = dh * (out > 0)
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dvar = divar * -0.5 * (var + EPS) ** -1.5
    dxmu = dxhat * ivar + 2 * xmu * dvar / N
    dmu = -np.sum(dxmu, axis=0)
    dx = dxmu + dmu / N
    dW1 = X.T @ dx
    return {"y": dy, "W2": dW2, "b2": db2, "h": dh, "out": dout, "beta": dbeta, "gamma": dgamma,
            "xhat": dxhat, "ivar": divar, "var": dvar, "xmu": dxmu, "x": dx, "W1": dW1}
