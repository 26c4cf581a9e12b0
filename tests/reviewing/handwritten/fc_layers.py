import numpy as np


# base class: backward_propagation gives dE/dX for a given dE/dY
class Layer:
    input = output = None

class FullyConnected(Layer):
    def __init__(self, weights, bias):
        self.weights = weights
        self.bias = bias

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output

    def backward_propagation(self, output_error):
        input_error = np.dot(output_error, self.weights.T)
        self.weights_error = np.dot(self.input.T, output_error)
        self.bias_error = np.sum(output_error, axis=0, keepdims=True)
        return input_error


class ActivationLayer(Layer):
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = self.activation(self.input)
        return self.output

    def backward_propagation(self, output_error):
        return self.activation_prime(self.input) * output_error


def tanh(x):
    return np.tanh(x)

def tanh_prime(x):
    return 1 - np.tanh(x) ** 2

def softplus(x):
    return np.log(1 + np.exp(x))

def softplus_prime(x):
    return 1 / (1 + np.exp(-x))

def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


class Network:
    def __init__(self, fc1, fc2, fc3):
        self.fc1, self.fc2, self.fc3 = fc1, fc2, fc3
        self.layers = [fc1, ActivationLayer(tanh, tanh_prime),
                       fc2, ActivationLayer(softplus, softplus_prime), fc3]

    def loss(self, x, y):
        out = x
        for layer in self.layers:
            out = layer.forward_propagation(out)
        self.prediction = out
        return mse(y, out)

    def backprop(self, x, y):
        error = mse_prime(y, self.prediction)
        for layer in reversed(self.layers):
            error = layer.backward_propagation(error)
        gradients = {}
        for name in ("fc1", "fc2", "fc3"):
            fc = getattr(self, name)
            gradients["self." + name + ".weights"] = fc.weights_error
            gradients["self." + name + ".bias"] = fc.bias_error
        gradients["x"] = error
        return gradients


def setup(rng):
    def dense(n_in, n_out):
        return FullyConnected(rng.normal(size=(n_in, n_out)) * 0.7, rng.normal(size=(1, n_out)) * 0.4)
    net = Network(dense(3, 6), dense(6, 4), dense(4, 2))
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    wrt = ["self.fc%d.%s" % (i, p) for i in (1, 2, 3) for p in ("weights", "bias")] + ["x"]
    return net.loss, net.backprop, (x, y), {"wrt": wrt}
