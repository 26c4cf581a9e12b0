"""
Neural networks without the magic, part 2: a two-layer network.

All the code of the post in one file.  X has one example per row,
the output is squashed by a sigmoid and we train on the squared error
with a little weight decay.
"""
import numpy as np

DECAY = 0.3


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(a):
    # careful: takes the activation, NOT the weighted input
    return a * (1.0 - a)


def cost(X, Y, W1, b1, W2, b2):
    """Mean squared error (with the usual 1/2) plus weight decay."""
    n_examples = X.shape[0]
    hid = 1.0 / (1.0 + np.exp(-(X.dot(W1) + b1)))
    guess = 1.0 / (1.0 + np.exp(-(hid.dot(W2) + b2)))
    mse = 0.5 * np.sum((guess - Y) ** 2) / n_examples
    return mse + 0.5 * DECAY * (np.sum(W1 ** 2) + np.sum(W2 ** 2))


def forward(X, model):
    """Push the examples through the net, remember everything on the way."""
    z1 = np.dot(X, model["W1"]) + model["b1"]
    a1 = sigmoid(z1)
    z2 = np.dot(a1, model["W2"]) + model["b2"]
    a2 = sigmoid(z2)
    return {"z1": z1, "a1": a1, "z2": z2, "a2": a2}


def backward(X, Y, model, cache):
    """Chain rule, from the right to the left."""
    m = X.shape[0]
    a1, a2 = cache["a1"], cache["a2"]
    grads = {}

    # output layer
    error = (a2 - Y) / m
    delta2 = error * sigmoid_prime(a2)
    grads["dW2"] = np.dot(a1.T, delta2)
    grads["db2"] = np.sum(delta2, axis=0, keepdims=True)

    # hidden layer
    back = np.dot(delta2, model["W2"].T)
    delta1 = back * sigmoid_prime(a1)
    grads["dW1"] = np.dot(X.T, delta1)
    grads["db1"] = np.sum(delta1, axis=0, keepdims=True)

    # weight decay (not for the biases!)
    grads["dW2"] += DECAY * model["W2"]
    grads["dW1"] += DECAY * model["W1"]
    return grads


def get_gradients(X, Y, W1, b1, W2, b2):
    model = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    cache = forward(X, model)
    return backward(X, Y, model, cache)


def setup(rng):
    X = rng.normal(size=(5, 3))
    Y = rng.uniform(0.05, 0.95, size=(5, 2))
    W1 = rng.normal(size=(3, 4))
    b1 = 0.5 * rng.normal(size=(1, 4))
    W2 = rng.normal(size=(4, 2))
    b2 = 0.5 * rng.normal(size=(1, 2))
    return cost, get_gradients, (X, Y, W1, b1, W2, b2), {"wrt": ["W1", "b1", "W2", "b2"]}
