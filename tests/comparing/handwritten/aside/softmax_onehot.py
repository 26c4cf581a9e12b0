"""Softmax cross-entropy with one-hot rows, a dict of parameters, tanh hidden layer, (1, n) biases; the softmax's Jacobian written out."""
import numpy as np


def make(seed, N=7, D=6, H=5, K=4):
    rng = np.random.default_rng(seed)
    P = {"W1": rng.standard_normal((D, H)) / np.sqrt(D), "b1": 0.4 * rng.standard_normal((1, H)),
         "W2": rng.standard_normal((H, K)) / np.sqrt(H), "b2": 0.4 * rng.standard_normal((1, K))}
    return P, {"X": rng.standard_normal((N, D)), "T": np.eye(K)[rng.permutation(np.arange(N) % K)]}


def forward(al, P, data):
    z1 = (np.dot(data["X"], P["W1"]) + P["b1"]).named("z1")
    a1 = np.tanh(z1).named("a1")
    z2 = (np.dot(a1, P["W2"]) + P["b2"]).named("z2")
    y = al.softmax(z2, axis=1).named("y")
    cost = -np.sum(data["T"] * np.log(y)) / len(data["X"])
    return cost, {"z1": z1, "a1": a1, "z2": z2, "y": y}


# ---- handwritten ----
def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def forward_pass(P, X):
    z1 = np.dot(X, P["W1"]) + P["b1"]
    a1 = np.tanh(z1)
    z2 = np.dot(a1, P["W2"]) + P["b2"]
    y = softmax(z2)
    return {"z1": z1, "a1": a1, "z2": z2, "y": y}


def backward(params, data):
    P = params
    X, T = data["X"], data["T"]
    m = X.shape[0]
    cache = forward_pass(P, X)
    y, a1 = cache["y"], cache["a1"]

    grad = {}
    grad["y"] = -T / y / m
    # the Jacobian of softmax: y_i (delta_ij - y_j)
    grad["z2"] = y * (grad["y"] - np.sum(grad["y"] * y, axis=1, keepdims=True))
    grad["W2"] = np.dot(a1.T, grad["z2"])
    grad["b2"] = np.sum(grad["z2"], axis=0, keepdims=True)
    grad["a1"] = np.dot(grad["z2"], P["W2"].T)
    grad["z1"] = grad["a1"] * (1 - a1 ** 2)
    grad["W1"] = np.dot(X.T, grad["z1"])
    grad["b1"] = np.sum(grad["z1"], axis=0, keepdims=True)
    return grad
