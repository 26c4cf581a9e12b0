# Translated from my Octave scripts of the course (examples are COLUMNS, as in the lectures).
# LINEAR -> RELU -> DROPOUT -> LINEAR -> RELU -> DROPOUT -> LINEAR -> SOFTMAX
# The masks D1, D2 are given, so that gradient checking is possible.
import numpy as np


def softmaxCols(Z):
    E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return E / np.sum(E, axis=0, keepdims=True)


def costFunction(X, Y, W1, b1, W2, b2, W3, b3, D1, D2, keep_prob, lambd):
    m = X.shape[1]
    A1 = np.maximum(W1 @ X + b1, 0) * D1 / keep_prob
    A2 = np.maximum(W2 @ A1 + b2, 0) * D2 / keep_prob
    P = softmaxCols(W3 @ A2 + b3)
    J = -np.sum(Y * np.log(P)) / m
    J = J + lambd / (2 * m) * (np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))
    return J


def reluGradient(Z):
    g = np.zeros(Z.shape)
    g[Z > 0] = 1
    return g


def backpropDropout(X, Y, W1, b1, W2, b2, W3, b3, D1, D2, keep_prob, lambd):
    m = X.shape[1]

    # ---- Part 1: forward propagation ----
    Z1 = np.dot(W1, X) + b1
    A1 = np.maximum(Z1, 0)
    A1 = np.multiply(A1, D1)
    A1 = A1 / keep_prob
    Z2 = np.dot(W2, A1) + b2
    A2 = np.maximum(Z2, 0)
    A2 = np.multiply(A2, D2)
    A2 = A2 / keep_prob
    Z3 = np.dot(W3, A2) + b3
    A3 = softmaxCols(Z3)

    # ---- Part 2: backpropagation ----
    dZ3 = (A3 - Y) / m
    dW3 = np.dot(dZ3, A2.T) + (lambd / m) * W3
    db3 = np.sum(dZ3, axis=1, keepdims=True)

    dA2 = np.dot(W3.T, dZ3)
    dA2 = np.multiply(dA2, D2)       # shut down the same neurons as in the forward propagation
    dA2 = dA2 / keep_prob            # scale those that were kept
    dZ2 = np.multiply(dA2, reluGradient(Z2))
    dW2 = np.dot(dZ2, A1.T) + (lambd / m) * W2
    db2 = np.sum(dZ2, axis=1, keepdims=True)

    dA1 = np.dot(W2.T, dZ2)
    dA1 = np.multiply(dA1, D1)
    dA1 = dA1 / keep_prob
    dZ1 = np.multiply(dA1, reluGradient(Z1))
    dW1 = np.dot(dZ1, X.T) + (lambd / m) * W1
    db1 = np.sum(dZ1, axis=1, keepdims=True)

    return dW1, db1, dW2, db2, dW3, db3


def setup(rng):
    n0, n1, n2, n3, m = 3, 6, 4, 2, 5
    Y = np.eye(n3)[:, rng.integers(0, n3, m)]
    args = (rng.standard_normal((n0, m)), Y,
            rng.standard_normal((n1, n0)), 0.5 + 0.3 * rng.standard_normal((n1, 1)),
            rng.standard_normal((n2, n1)) * 0.6, 0.5 + 0.3 * rng.standard_normal((n2, 1)),
            rng.standard_normal((n3, n2)) * 0.6, rng.standard_normal((n3, 1)),
            (rng.random((n1, m)) < 0.7).astype(float), (rng.random((n2, m)) < 0.7).astype(float),
            0.7, 0.4)
    return costFunction, backpropDropout, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
