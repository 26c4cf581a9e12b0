import numpy as np


class Layer:
    """Base class: forward() keeps what backward() will need."""

    def forward(self, inputs):
        raise NotImplementedError


class Dense(Layer):
    def __init__(self, weights, biases):
        self.W = weights
        self.b = biases
        self.dW = self.db = None

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.W + self.b

    def backward(self, grad_output):
        self.dW = self.inputs.T @ grad_output
        self.db = grad_output.sum(axis=0)
        return grad_output @ self.W.T


class Tanh(Layer):
    def forward(self, inputs):
        self.output = np.tanh(inputs)
        return self.output

    def backward(self, grad_output):
        return grad_output * (1.0 - self.output ** 2)


class Sigmoid(Layer):
    def forward(self, inputs):
        self.inputs = inputs
        self.activation = 1.0 / (1.0 + np.exp(-inputs))
        return self.activation

    def backward(self, grad_output):
        local_grad = self.activation * (1.0 - self.activation)
        return grad_output * local_grad


class Softmax(Layer):
    def forward(self, inputs):
        shifted = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.probs = shifted / shifted.sum(axis=1, keepdims=True)
        return self.probs

    def backward(self, grad_output):
        # Jacobian-vector product, row by row: p * (g - <g, p>)
        inner = np.sum(grad_output * self.probs, axis=1, keepdims=True)
        return self.probs * (grad_output - inner)


class Network:
    def __init__(self, fc1, fc2, fc3):
        self.fc1, self.act1 = fc1, Tanh()
        self.fc2, self.act2 = fc2, Sigmoid()
        self.fc3, self.softmax = fc3, Softmax()
        self.layers = [self.fc1, self.act1, self.fc2, self.act2, self.fc3, self.softmax]

    def loss(self, x, targets):
        """Mean cross-entropy against one-hot (or soft) targets."""
        out = x
        for layer in self.layers:
            out = layer.forward(out)
        return -np.sum(targets * np.log(out)) / len(x)

    def backward(self, x, targets):
        n_samples = x.shape[0]
        grad = -targets / self.softmax.probs
        grad = grad / n_samples
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return (self.fc1.dW, self.fc1.db, self.fc2.dW, self.fc2.db,
                self.fc3.dW, self.fc3.db)


def setup(rng):
    n, sizes = 4, [5, 6, 3, 2]
    dense = [Dense(rng.normal(size=(i, o)), rng.normal(size=o)) for i, o in zip(sizes, sizes[1:])]
    net = Network(*dense)
    x = rng.normal(size=(n, sizes[0]))
    targets = np.eye(sizes[-1])[rng.integers(0, sizes[-1], n)] * 0.8 + 0.1
    return net.loss, net.backward, (x, targets), {
        "wrt": ["self.fc1.W", "self.fc1.b", "self.fc2.W", "self.fc2.b", "self.fc3.W", "self.fc3.b"]}
