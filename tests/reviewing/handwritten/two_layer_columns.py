# Week 3 - planar data classification with one hidden layer
# (my solution, cleaned up a bit: samples are COLUMNS, m = number of examples)
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def initialize_parameters(n_x, n_h, n_y, rng):
    W1 = rng.standard_normal((n_h, n_x)) * 0.6
    b1 = rng.standard_normal((n_h, 1)) * 0.1
    W2 = rng.standard_normal((n_y, n_h)) * 0.6
    b2 = rng.standard_normal((n_y, 1)) * 0.1
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def forward_propagation(X, parameters):
    """
    Argument:
    X -- input data of size (n_x, m)
    Returns:
    A2 -- the sigmoid output of the second activation
    cache -- a dictionary containing "Z1", "A1", "Z2" and "A2"
    """
    # Implement Forward Propagation to calculate A2 (probabilities)
    Z1 = np.dot(parameters["W1"], X) + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = np.dot(parameters["W2"], A1) + parameters["b2"]
    A2 = sigmoid(Z2)

    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]

    # First, retrieve what we need from the dictionaries.
    W2 = parameters["W2"]
    A1 = cache["A1"]
    A2 = cache["A2"]

    # Backward propagation: calculate dW1, db1, dW2, db2.
    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)

    grads = {"dW1": dW1, "db1": db1,
             "dW2": dW2, "db2": db2}
    return grads


def cost_of(X, Y, W1, b1, W2, b2):
    """cross-entropy cost, averaged over the examples"""
    hidden = np.tanh(W1 @ X + b1)
    out = 1 / (1 + np.exp(-(W2 @ hidden + b2)))
    logprobs = Y * np.log(out) + (1 - Y) * np.log(1 - out)
    return float(-np.sum(logprobs) / Y.shape[1])


def grads_of(X, Y, W1, b1, W2, b2):
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    _, cache = forward_propagation(X, parameters)
    return backward_propagation(parameters, cache, X, Y)


def setup(rng):
    p = initialize_parameters(3, 4, 2, rng)
    X = rng.standard_normal((3, 5))
    Y = (rng.random((2, 5)) > 0.5).astype(float)
    args = (X, Y, p["W1"], p["b1"], p["W2"], p["b2"])
    return cost_of, grads_of, args, {"wrt": ["W1", "b1", "W2", "b2"]}
