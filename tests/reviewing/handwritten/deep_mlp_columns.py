"""
network_cols.py
Fully connected net of any depth. One training example per COLUMN, so a whole
mini-batch goes through in one matrix product.  tanh inside, sigmoid on top,
cross-entropy cost, weight decay.   (homework 3, version 2 - without the loop over examples)
"""
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def tanh_prime(z):
    """Derivative of tanh, given the weighted input z."""
    return 1.0 - np.tanh(z) ** 2


def feedforward(a, weights, biases):
    for w, b in zip(weights[:-1], biases[:-1]):
        a = np.tanh(w.dot(a) + b)
    return sigmoid(weights[-1].dot(a) + biases[-1])


def total_cost(x, y, W1, b1, W2, b2, W3, b3, W4, b4, lmbda):
    ws = (W1, W2, W3, W4)
    a = feedforward(x, ws, (b1, b2, b3, b4))
    n = y.shape[1]
    cost = -np.sum(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)) / n
    cost += 0.5 * lmbda / n * sum(np.sum(w * w) for w in ws)
    return cost


def backprop(x, y, W1, b1, W2, b2, W3, b3, W4, b4, lmbda):
    weights = [W1, W2, W3, W4]
    biases = [b1, b2, b3, b4]
    num_layers = len(weights) + 1
    m = x.shape[1]

    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]

    # feedforward, remember everything
    activation = x
    activations = [x]   # layer by layer
    zs = []             # the weighted inputs
    for i in range(num_layers - 1):
        z = np.dot(weights[i], activation) + biases[i]
        zs.append(z)
        if i == num_layers - 2:
            activation = sigmoid(z)
        else:
            activation = np.tanh(z)
        activations.append(activation)

    # output layer: sigmoid and cross-entropy, so no sigmoid' here
    delta = (activations[-1] - y) / m
    nabla_b[-1] = np.sum(delta, axis=1, keepdims=True)
    nabla_w[-1] = np.dot(delta, activations[-2].T)

    # l = 2 is the second-last layer, and so on (negative indices)
    for l in range(2, num_layers):
        sp = tanh_prime(zs[-l])
        delta = np.dot(weights[-l + 1].T, delta) * sp
        nabla_b[-l] = delta.sum(axis=1).reshape(-1, 1)
        nabla_w[-l] = delta.dot(activations[-l - 1].T)

    # weight decay (not for the biases)
    for k, w in enumerate(weights):
        nabla_w[k] += (lmbda / m) * w

    grads = {}
    for k in range(len(weights)):
        grads["W%d" % (k + 1)] = nabla_w[k]
        grads["b%d" % (k + 1)] = nabla_b[k]
    return grads


def setup(rng):
    sizes = [4, 6, 5, 3, 2]
    n = 5
    params = []
    for nin, nout in zip(sizes[:-1], sizes[1:]):
        params.append(rng.standard_normal((nout, nin)) * 0.7)
        params.append(rng.standard_normal((nout, 1)) * 0.3)
    x = rng.standard_normal((sizes[0], n))
    y = (rng.random((sizes[-1], n)) > 0.5).astype(float)
    args = (x, y, *params, 0.3)
    return total_cost, backprop, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]}
