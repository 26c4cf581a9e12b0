# Solving XOR with a tiny neural network, from scratch
# ----------------------------------------------------
# 2 inputs -> tanh hidden units -> 1 sigmoid output.
# Every COLUMN of X is one example, so a layer is simply W @ X + b.
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    """derivative of the sigmoid at the pre-activation z"""
    s = sigmoid(z)
    return s * (1.0 - s)


def tanh_prime(a):
    """derivative of tanh, written with its OUTPUT a = tanh(z)"""
    return 1.0 - a ** 2


def cost(X, Y, W1, b1, W2, b2):
    """half of the mean squared error"""
    hidden = np.tanh(np.dot(W1, X) + b1)
    yhat = sigmoid(np.dot(W2, hidden) + b2)
    return 0.5 * np.mean(np.sum(np.square(yhat - Y), axis=0))


def forward_prop(X, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = sigmoid(Z2)
    # keep everything, we need it on the way back
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache


def backward_prop(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    A2, cache = forward_prop(X, W1, b1, W2, b2)
    A1 = cache["A1"]

    # output layer
    E = A2 - Y
    dZ2 = E * sigmoid_prime(cache["Z2"])
    dW2 = (dZ2 @ A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m

    # hidden layer
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * tanh_prime(A1)
    dW1 = (dZ1 @ X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m

    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def train(X, Y, W1, b1, W2, b2, epochs=10000, lr=1.0):
    for epoch in range(epochs):
        g = backward_prop(X, Y, W1, b1, W2, b2)
        W1 = W1 - lr * g["dW1"]
        b1 = b1 - lr * g["db1"]
        W2 = W2 - lr * g["dW2"]
        b2 = b2 - lr * g["db2"]
        if epoch % 1000 == 0:
            print("epoch %d  cost %.5f" % (epoch, cost(X, Y, W1, b1, W2, b2)))
    return W1, b1, W2, b2


def setup(rng):
    X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]) + 0.1 * rng.normal(size=(2, 4))
    Y = np.array([[0.0, 1.0, 1.0, 0.0]])
    W1 = rng.normal(size=(3, 2))
    b1 = 0.5 * rng.normal(size=(3, 1))
    W2 = rng.normal(size=(1, 3))
    b2 = 0.5 + 0.5 * rng.normal(size=(1, 1))
    return cost, backward_prop, (X, Y, W1, b1, W2, b2), {"wrt": ["W1", "b1", "W2", "b2"]}
