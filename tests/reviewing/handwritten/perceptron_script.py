# PERCEPTRON_SCRIPT  multilayer perceptron, one hidden layer (after my old mlp.m, neural nets course, lab 3)
#
#   X  : inputs,  one pattern per COLUMN          (n x N)
#   d  : desired outputs, one per column          (p x N)
#   W1 : hidden weights, first column = bias      (h x n+1)
#   W2 : output weights, first column = bias      (p x h+1)
#
# hidden units: bipolar sigmoid, output units: logistic sigmoid
import numpy as np


def bipolar(v):
    return (1 - np.exp(-v)) / (1 + np.exp(-v))


def logsig(v):
    return 1 / (1 + np.exp(-v))


def error(X, d, W1, W2, eta):
    """half of the squared error, average over the patterns (eta is not used)"""
    N = X.shape[1]
    y1 = np.tanh(0.5 * (W1[:, 1:] @ X + W1[:, [0]]))
    y2 = 1 / (1 + np.exp(-(W2[:, 1:] @ y1 + W2[:, [0]])))
    return 0.5 * np.sum((d - y2) ** 2) / N


def train(X, d, W1, W2, eta):
    """one epoch, batch mode: returns the new W1 and W2"""
    n, N = X.shape
    dW1 = np.zeros(W1.shape)
    dW2 = np.zeros(W2.shape)
    bias = np.ones((1, 1))

    for k in range(N):
        # present pattern k
        x = np.vstack([bias, X[:, k:k+1]])
        t = d[:, k:k+1]

        # forward
        v1 = W1 @ x
        y1 = bipolar(v1)
        y1b = np.vstack([bias, y1])
        v2 = W2 @ y1b
        y2 = logsig(v2)

        # deltas
        e = t - y2
        delta2 = e * y2 * (1 - y2)
        e1 = W2[:, 1:].T @ delta2      # the bias has no incoming weight
        delta1 = 0.5 * (1 - y1**2) * e1

        # accumulate
        dW1 += delta1 @ x.T
        dW2 += delta2 @ y1b.T

    # new weights (plus sign: e is desired minus actual)
    W1 = W1 + eta * dW1 / N
    W2 = W2 + eta * dW2 / N
    return W1, W2


if __name__ == "__main__":
    r = np.random.RandomState(1)
    X = np.array([[0., 0, 1, 1], [0, 1, 0, 1]])
    d = np.array([[0., 1, 1, 0]])
    A, B = r.randn(4, 3), r.randn(1, 5)
    for epoch in range(4000):
        A, B = train(X, d, A, B, 2.0)
        if epoch % 1000 == 0:
            print(epoch, error(X, d, A, B, 2.0))


def setup(rng):
    n, h, p, N = 3, 5, 2, 4
    X = rng.normal(size=(n, N))
    d = rng.uniform(0.1, 0.9, size=(p, N))
    W1 = rng.normal(size=(h, n + 1))
    W2 = rng.normal(size=(p, h + 1))
    return error, train, (X, d, W1, W2, 0.1), {"wrt": ["W1", "W2"], "returns": "updated", "lr": 0.1}
