"""Logistic regression, columns are samples: w (n, 1), b (1,), A = sigmoid(w.T X + b), cross-entropy plus lambda/(2m) |w|²."""
import numpy as np

LAMBDA = 0.7


def make(seed, m=8, n=5):
    rng = np.random.default_rng(seed)
    params = {"w": 0.6 * rng.standard_normal((n, 1)), "b": rng.standard_normal(1)}
    return params, {"X": rng.standard_normal((n, m)), "Y": rng.permutation(np.arange(m) % 2).reshape(1, m).astype(float)}


def forward(al, params, data):
    w, b, X, Y = params["w"], params["b"], data["X"], data["Y"]
    m = X.shape[1]
    Z = (np.dot(w.T, X) + b).named("Z")
    A = al.sigmoid(Z).named("A")
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) + LAMBDA / (2 * m) * np.sum(w ** 2)
    return cost, {"Z": Z, "A": A}


# ---- handwritten ----
lambd = 0.7


def backward(params, data):
    w, b, X, Y = params["w"], params["b"], data["X"], data["Y"]
    m = X.shape[1]
    Z = np.dot(w.T, X) + b
    A = 1 / (1 + np.exp(-Z))

    dA = -(np.divide(Y, A) - np.divide(1 - Y, 1 - A)) / m
    dZ = dA * A * (1 - A)
    dw = np.dot(X, dZ.T) + lambd / m * w
    db = np.sum(dZ, axis=1)
    return {"A": dA, "Z": dZ, "w": dw, "b": db}
