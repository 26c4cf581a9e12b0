# Backprop the slow way: every neuron is an object with its own list of weights.
import numpy as np

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

class Neuron(object):
    def __init__(self, weights, bias, kind):
        self.weights = list(weights)
        self.bias = bias
        self.kind = kind            # 'tanh' (hidden) or 'sigmoid' (output)
        self.output = 0.0
        self.delta = 0.0
        self.grad_w = [0.0] * len(self.weights)
        self.grad_b = 0.0

    def fire(self, inputs):
        total = self.bias
        for k in range(len(self.weights)):
            total += self.weights[k] * inputs[k]
        if self.kind == 'tanh':
            self.output = np.tanh(total)
        else:
            self.output = sigmoid(total)
        return self.output

    def slope(self):
        if self.kind == 'tanh':
            return 1.0 - self.output ** 2
        return self.output * (1.0 - self.output)

def build_layer(W, b, kind):
    return [Neuron(row, bias, kind) for row, bias in zip(W, b)]

def propagate_row(network, row):
    inputs = row
    for layer in network:
        inputs = [neuron.fire(inputs) for neuron in layer]
    return inputs

def propagate_error(network, target):
    hidden, out = network
    for j, neuron in enumerate(out):
        error = neuron.output - target[j]
        neuron.delta = error * neuron.slope()
    for j, neuron in enumerate(hidden):
        error = 0.0
        for nxt in out:
            error += nxt.weights[j] * nxt.delta
        neuron.delta = error * neuron.slope()

def collect(network, row):
    inputs = row
    for layer in network:
        for neuron in layer:
            for k in range(len(inputs)):
                neuron.grad_w[k] += neuron.delta * inputs[k]
            neuron.grad_b += neuron.delta
        inputs = [neuron.output for neuron in layer]

def layer_gradients(layer, m, decay):
    dW = np.zeros((len(layer), len(layer[0].weights)))
    db = np.zeros(len(layer))
    for i, neuron in enumerate(layer):
        for k, w in enumerate(neuron.weights):
            dW[i, k] = neuron.grad_w[k] / m + decay * w
        db[i] = neuron.grad_b / m
    return dW, db

def network_gradients(W1, b1, W2, b2, X, Y, decay):
    network = [build_layer(W1, b1, 'tanh'), build_layer(W2, b2, 'sigmoid')]
    for row, target in zip(X, Y):
        propagate_row(network, row)
        propagate_error(network, target)
        collect(network, row)
    dW1, db1 = layer_gradients(network[0], len(X), decay)
    dW2, db2 = layer_gradients(network[1], len(X), decay)
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}

def network_error(W1, b1, W2, b2, X, Y, decay):
    H = np.tanh(X.dot(W1.T) + b1)
    P = 1.0 / (1.0 + np.exp(-(H.dot(W2.T) + b2)))
    data = 0.5 * np.sum((P - Y) ** 2) / X.shape[0]
    return data + 0.5 * decay * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

def setup(rng):
    args = (rng.normal(size=(4, 3)), rng.normal(size=4),
            rng.normal(size=(2, 4)), rng.normal(size=2),
            rng.normal(size=(5, 3)), rng.uniform(size=(5, 2)), 0.03)
    return network_error, network_gradients, args, {"wrt": ["W1", "b1", "W2", "b2"]}
