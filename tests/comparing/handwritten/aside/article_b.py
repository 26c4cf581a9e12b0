"""Article B: f0 ... f5, rows, biases (1, n), the plain sum of squares; the activation is given as a pair."""
import numpy as np


def make(seed, N=6, D=7, H=5, K=3):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.standard_normal((D, H)) / np.sqrt(D), "b1": rng.standard_normal((1, H)),
              "W2": rng.standard_normal((H, K)) / np.sqrt(H), "b2": rng.standard_normal((1, K))}
    return params, {"X": rng.standard_normal((N, D)), "Y": rng.uniform(-1, 1, (N, K))}


def forward(al, params, data):
    f1 = (data["X"] @ params["W1"] + params["b1"]).named("f1")
    f2 = np.tanh(f1).named("f2")
    f3 = (f2 @ params["W2"] + params["b2"]).named("f3")
    f4 = np.tanh(f3).named("f4")
    return ((f4 - data["Y"]) ** 2).sum(), dict(f1=f1, f2=f2, f3=f3, f4=f4)


# ---- handwritten ----
def tanh_prime(z):
    return 1.0 - np.tanh(z) ** 2


def squared_norm_prime(output, target):
    return 2 * (output - target)


def backward(params, data):
    X, Y = data["X"], data["Y"]
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    f0 = X
    f1 = f0 @ W1 + b1
    f2 = np.tanh(f1)
    f3 = f2 @ W2 + b2
    f4 = np.tanh(f3)

    error = squared_norm_prime(f4, Y)
    d3 = error * tanh_prime(f3)
    grad_b2 = d3.sum(axis=0, keepdims=True)
    grad_W2 = f2.T @ d3
    d2 = d3 @ W2.T
    d1 = d2 * tanh_prime(f1)
    grad_b1 = d1.sum(axis=0, keepdims=True)
    grad_W1 = f0.T @ d1
    return {"f4": error, "f3": d3, "b2": grad_b2, "W2": grad_W2,
            "f2": d2, "f1": d1, "b1": grad_b1, "W1": grad_W1}
