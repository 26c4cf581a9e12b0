"""
digits_net.py

Feedforward net for the digits, trained sample by sample.  Weights and biases are
kept as lists, first hidden layer first.  Quadratic cost plus weight decay.
"""
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    """Derivative of the sigmoid function."""
    s = sigmoid(z)
    return s * (1 - s)


def column(v):
    return np.reshape(v, (len(v), 1))


def cost_derivative(output_activations, y):
    """Vector of partial derivatives dC_x/da for the output activations."""
    return output_activations - y


def total_cost(w1, w2, w3, b1, b2, b3, images, labels, lmbda):
    cost = 0.0
    for x, y in zip(images, labels):
        a = column(x)
        for w, b in ((w1, b1), (w2, b2), (w3, b3)):
            a = sigmoid(np.dot(w, a) + b)
        cost += 0.5 * np.sum((a - column(y)) ** 2) / len(images)
    decay = sum(np.sum(w ** 2) for w in (w1, w2, w3))
    return cost + 0.5 * (lmbda / len(images)) * decay


def backprop(weights, biases, x, y):
    """Return (nabla_b, nabla_w), the gradient of the cost for one sample."""
    num_layers = len(weights) + 1
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    # feedforward
    activation = x
    activations = [x]   # all the activations, layer by layer
    zs = []             # all the z vectors, layer by layer
    for b, w in zip(biases, weights):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    # backward pass
    delta = cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
    nabla_b[-1] = delta
    nabla_w[-1] = np.dot(delta, activations[-2].transpose())
    for l in range(2, num_layers):   # l = 2 is the last hidden layer
        sp = sigmoid_prime(zs[-l])
        delta = np.dot(weights[-l + 1].transpose(), delta) * sp
        nabla_b[-l] = delta
        nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
    return nabla_b, nabla_w


def batch_gradient(w1, w2, w3, b1, b2, b3, images, labels, lmbda):
    weights = [w1, w2, w3]
    biases = [b1, b2, b3]
    n = len(images)
    sum_b = [np.zeros(b.shape) for b in biases]
    sum_w = [np.zeros(w.shape) for w in weights]
    for x, y in zip(images, labels):
        delta_b, delta_w = backprop(weights, biases, column(x), column(y))
        sum_b = [nb + dnb for nb, dnb in zip(sum_b, delta_b)]
        sum_w = [nw + dnw for nw, dnw in zip(sum_w, delta_w)]
    grads = {}
    for k, (w, nw, nb) in enumerate(zip(weights, sum_w, sum_b)):
        grads["w%d" % (k + 1)] = nw / n + (lmbda / n) * w
        grads["b%d" % (k + 1)] = nb / n
    return grads


def setup(rng):
    sizes = [6, 4, 3, 2]
    ws = [rng.standard_normal((o, i)) for i, o in zip(sizes[:-1], sizes[1:])]
    bs = [rng.standard_normal((o, 1)) for o in sizes[1:]]
    images = rng.standard_normal((5, sizes[0]))
    labels = np.eye(sizes[-1])[rng.integers(0, sizes[-1], 5)]
    args = (*ws, *bs, images, labels, 0.3)
    return total_cost, batch_gradient, args, {"wrt": ["w1", "w2", "w3", "b1", "b2", "b3"]}
