"""A small layer framework: every layer remembers what it needs and keeps its own gradients."""
import numpy as np

class Layer:
    def gradients(self):
        return []

class Linear(Layer):
    def __init__(self, weights, bias, weight_decay=0.0):
        self.weights = weights
        self.bias = bias
        self.weight_decay = weight_decay
        self.weights_gradient = np.zeros_like(weights)
        self.bias_gradient = np.zeros_like(bias)
    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.weights + self.bias
    def backward(self, output_gradient):
        self.weights_gradient += self.inputs.T @ output_gradient
        self.weights_gradient += self.weight_decay * self.weights
        self.bias_gradient += output_gradient.sum(axis=0)
        return output_gradient @ self.weights.T
    def gradients(self):
        return [self.weights_gradient, self.bias_gradient]

class Sigmoid(Layer):
    def forward(self, inputs):
        self.output = 1.0 / (1.0 + np.exp(-inputs))
        return self.output
    def backward(self, output_gradient):
        return output_gradient * self.output * (1.0 - self.output)

class ReLU(Layer):
    def forward(self, inputs):
        self.mask = inputs > 0
        return inputs * self.mask
    def backward(self, output_gradient):
        return output_gradient * self.mask

class Loss:
    """Mean squared error over all elements."""
    def forward(self, prediction, target):
        self.difference = prediction - target
        return np.mean(self.difference ** 2)
    def backward(self):
        return 2.0 * self.difference / self.difference.size

class Sequential(Layer):
    def __init__(self, *layers):
        self.layers = layers
    def forward(self, inputs):
        for layer in self.layers:
            inputs = layer.forward(inputs)
        return inputs
    def backward(self, output_gradient):
        for layer in reversed(self.layers):
            output_gradient = layer.backward(output_gradient)
        return output_gradient
    def gradients(self):
        collected = []
        for layer in self.layers:
            collected.extend(layer.gradients())
        return collected

class Regressor:
    def __init__(self, first, second, third):
        self.first, self.second, self.third = first, second, third
        self.network = Sequential(first, ReLU(), second, Sigmoid(), third)
        self.loss = Loss()
    def objective(self, x, target):
        pre = x.dot(self.first.weights) + self.first.bias
        mid = np.where(pre > 0, pre, 0).dot(self.second.weights) + self.second.bias
        out = (np.tanh(mid / 2) / 2 + 0.5).dot(self.third.weights) + self.third.bias
        decay = sum(k.weight_decay / 2 * np.square(k.weights).sum() for k in (self.first, self.second, self.third))
        return np.square(out - target).sum() / target.size + decay
    def compute_gradients(self, x, target):
        prediction = self.network.forward(x)
        self.loss.forward(prediction, target)
        self.network.backward(self.loss.backward())
        return tuple(self.network.gradients())

def setup(rng):
    linear = [Linear(rng.normal(size=(i, o)), 0.5 * rng.normal(size=o), 0.03) for i, o in ((3, 6), (6, 4), (4, 2))]
    model = Regressor(*linear)
    wrt = ["self.%s.%s" % (a, b) for a in ("first", "second", "third") for b in ("weights", "bias")]
    return model.objective, model.compute_gradients, (rng.normal(size=(5, 3)), rng.normal(size=(5, 2))), {"wrt": wrt}
