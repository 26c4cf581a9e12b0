# A neural network in (nearly) 20 lines of Python
# ------------------------------------------------
# Companion code for the blog post. No framework, only numpy: one hidden
# layer, sigmoid everywhere, sum-of-squares error, plain gradient descent.
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def sigmoid_derivative(x):
    # careful: x is ALREADY the output of the sigmoid
    return x * (1.0 - x)


class NeuralNetwork:
    def __init__(self, x, y, hidden=4, eta=0.1, rng=np.random):
        self.input = x
        self.y = y
        self.eta = eta
        self.weights1 = rng.normal(size=(x.shape[1], hidden))
        self.bias1 = rng.normal(size=hidden)
        self.weights2 = rng.normal(size=(hidden, y.shape[1]))
        self.bias2 = rng.normal(size=y.shape[1])
        self.output = np.zeros(y.shape)

    def loss(self):
        """Sum of squares over all the samples, for the plots."""
        h = sigmoid(self.input @ self.weights1 + self.bias1)
        guess = sigmoid(h @ self.weights2 + self.bias2)
        return ((self.y - guess) ** 2).sum()

    def feedforward(self):
        self.layer1 = sigmoid(np.dot(self.input, self.weights1) + self.bias1)
        self.output = sigmoid(np.dot(self.layer1, self.weights2) + self.bias2)
        return self.output

    def backprop(self):
        # chain rule, walking from the output back to the input
        error = self.y - self.output
        delta2 = 2 * error * sigmoid_derivative(self.output)
        d_weights2 = np.dot(self.layer1.T, delta2)
        d_bias2 = np.sum(delta2, axis=0)

        # blame the hidden layer, then it is safe to touch weights2
        layer1_error = np.dot(delta2, self.weights2.T)
        self.weights2 += self.eta * d_weights2
        self.bias2 += self.eta * d_bias2

        delta1 = layer1_error * sigmoid_derivative(self.layer1)
        d_weights1 = np.dot(self.input.T, delta1)
        d_bias1 = np.sum(delta1, axis=0)
        self.weights1 += self.eta * d_weights1
        self.bias1 += self.eta * d_bias1

    def train(self):
        self.feedforward()
        self.backprop()


def setup(rng):
    x = rng.normal(size=(5, 3))
    y = rng.uniform(size=(5, 2))
    net = NeuralNetwork(x, y, hidden=4, eta=0.1, rng=rng)
    return net.loss, net.train, (), {
        "wrt": ["self.weights1", "self.bias1", "self.weights2", "self.bias2"],
        "returns": "updated", "lr": 0.1}
