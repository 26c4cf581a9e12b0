"""
Homework: Deep neural network for binary classification, L2 version
LINEAR->RELU -> LINEAR->TANH -> LINEAR->SIGMOID,  X is (n_x, m): one example per COLUMN
"""
import numpy as np

ACTIVATIONS = {1: "relu", 2: "tanh", 3: "sigmoid"}


def compute_cost(X, Y, W1, b1, W2, b2, W3, b3, lambd):
    m = Y.shape[1]
    H1 = np.maximum(W1 @ X + b1, 0)
    H2 = np.tanh(W2 @ H1 + b2)
    P = 1 / (1 + np.exp(-(W3 @ H2 + b3)))
    cross_entropy = -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / m
    l2 = lambd / (2 * m) * (np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))
    return cross_entropy + l2


def model_forward(X, parameters, L):
    cache = {'A0': X}
    for l in range(1, L + 1):
        W, b = parameters['W' + str(l)], parameters['b' + str(l)]
        Z = np.dot(W, cache['A' + str(l - 1)]) + b
        if ACTIVATIONS[l] == "relu":
            A = np.maximum(0, Z)
        elif ACTIVATIONS[l] == "tanh":
            A = np.tanh(Z)
        else:
            A = 1 / (1 + np.exp(-Z))
        cache['Z' + str(l)] = Z
        cache['A' + str(l)] = A
    return A, cache


def linear_backward(dZ, A_prev, W, lambd):
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m + (lambd / m) * W
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def linear_activation_backward(dA, l, cache, parameters, lambd):
    Z = cache['Z' + str(l)]
    A = cache['A' + str(l)]
    if ACTIVATIONS[l] == "relu":
        dZ = np.array(dA, copy=True)
        dZ[Z <= 0] = 0
    elif ACTIVATIONS[l] == "tanh":
        dZ = dA * (1 - np.power(A, 2))
    else:
        dZ = dA * A * (1 - A)
    A_prev = cache['A' + str(l - 1)]
    return linear_backward(dZ, A_prev, parameters['W' + str(l)], lambd)


def model_backward(X, Y, W1, b1, W2, b2, W3, b3, lambd):
    parameters = {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2, 'W3': W3, 'b3': b3}
    L = len(parameters) // 2
    AL, cache = model_forward(X, parameters, L)
    grads = {}
    # derivative of the cost with respect to AL
    dA = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    for l in reversed(range(1, L + 1)):
        dA, dW, db = linear_activation_backward(dA, l, cache, parameters, lambd)
        grads['dW' + str(l)] = dW
        grads['db' + str(l)] = db
    return grads


def setup(rng):
    n_x, n_1, n_2, n_y, m = 3, 6, 4, 2, 5
    X = rng.normal(size=(n_x, m))
    Y = (rng.uniform(size=(n_y, m)) > 0.5).astype(float)
    args = (X, Y,
            rng.normal(size=(n_1, n_x)), rng.normal(size=(n_1, 1)),
            rng.normal(size=(n_2, n_1)) * 0.5, rng.normal(size=(n_2, 1)),
            rng.normal(size=(n_y, n_2)), rng.normal(size=(n_y, 1)), 0.7)
    return compute_cost, model_backward, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
