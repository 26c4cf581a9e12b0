import numpy as np


def squash(v):
    return 1 / (1 + np.exp(-v))


def squash_slope(out):
    """slope of the sigmoid, given its output"""
    return out * (1 - out)


class NeuralNet:
    """Two hidden layers; train() makes one step of gradient descent."""

    def __init__(self, rng, n_in, n_h1, n_h2, n_out, learning_rate=0.1, decay=0.05):
        self.weights_1 = rng.normal(size=(n_in, n_h1))
        self.weights_2 = rng.normal(size=(n_h1, n_h2))
        self.weights_3 = rng.normal(size=(n_h2, n_out))
        self.bias_1 = rng.normal(size=n_h1)
        self.bias_2 = rng.normal(size=n_h2)
        self.bias_3 = rng.normal(size=n_out)
        self.learning_rate = learning_rate
        self.decay = decay

    def loss(self, X, y):
        self.layer_1 = squash(X @ self.weights_1 + self.bias_1)
        self.layer_2 = squash(self.layer_1 @ self.weights_2 + self.bias_2)
        self.output = squash(self.layer_2 @ self.weights_3 + self.bias_3)
        penalty = sum(np.sum(w * w) for w in (self.weights_1, self.weights_2, self.weights_3))
        return np.sum((y - self.output) ** 2) / len(X) + self.decay / 2 * penalty

    def train(self, X, y):
        """uses the layers that loss() left behind"""
        n = len(X)
        lr = self.learning_rate
        old_w2 = self.weights_2.copy()
        old_w3 = self.weights_3.copy()

        # output layer
        error = y - self.output
        output_delta = 2 * error * squash_slope(self.output) / n
        self.weights_3 += lr * self.layer_2.T.dot(output_delta)
        self.weights_3 -= lr * self.decay * old_w3
        self.bias_3 += lr * output_delta.sum(axis=0)

        # second hidden layer
        layer_2_error = output_delta.dot(old_w3.T)
        layer_2_delta = layer_2_error * squash_slope(self.layer_2)
        self.weights_2 += lr * self.layer_1.T.dot(layer_2_delta)
        self.weights_2 -= lr * self.decay * old_w2
        self.bias_2 += lr * layer_2_delta.sum(axis=0)

        # first hidden layer
        layer_1_error = layer_2_delta.dot(old_w2.T)
        layer_1_delta = layer_1_error * squash_slope(self.layer_1)
        step_1 = X.T.dot(layer_1_delta) - self.decay * self.weights_1
        self.weights_1 += lr * step_1
        self.bias_1 += lr * layer_1_delta.sum(axis=0)


def setup(rng):
    net = NeuralNet(rng, 3, 6, 5, 2)
    X, y = rng.normal(size=(4, 3)), rng.random((4, 2))
    wrt = ["self.weights_1", "self.weights_2", "self.weights_3", "self.bias_1", "self.bias_2", "self.bias_3"]
    return net.loss, net.train, (X, y), {"wrt": wrt, "returns": "updated", "lr": 0.1}
