import numpy as np

class Layer:
    def forward(self, inputs):
        raise NotImplementedError

    def backward(self, output_gradient):
        raise NotImplementedError

class Dense(Layer):
    def __init__(self, in_features, out_features, decay, rng):
        self.weights = rng.standard_normal((in_features, out_features)) / np.sqrt(in_features)
        self.bias = 0.2 * rng.standard_normal((1, out_features))
        self.decay = decay

    def forward(self, inputs):
        self.inputs = inputs
        self.outputs = inputs @ self.weights + self.bias
        return self.outputs

    def backward(self, output_gradient):
        self.weights_gradient = self.inputs.T @ output_gradient + self.decay * self.weights
        self.bias_gradient = np.sum(output_gradient, axis=0, keepdims=True)
        return output_gradient @ self.weights.T

class Activation(Layer):
    def forward(self, inputs):
        self.inputs = inputs
        self.outputs = self.function(inputs)
        return self.outputs

    def backward(self, output_gradient):
        return output_gradient * self.derivative()

class Tanh(Activation):
    def function(self, inputs):
        return np.tanh(inputs)
    def derivative(self):
        return 1 - np.square(self.outputs)

class Sigmoid(Activation):
    def function(self, inputs):
        return 1 / (1 + np.exp(-inputs))
    def derivative(self):
        return self.outputs * (1 - self.outputs)

class SoftmaxCrossEntropyLoss:
    def forward(self, predictions, targets):
        exps = np.exp(predictions - predictions.max(axis=1, keepdims=True))
        self.probabilities = exps / exps.sum(axis=1, keepdims=True)
        self.targets = targets
        return -np.sum(targets * np.log(self.probabilities)) / targets.shape[0]

    def backward(self):
        return (self.probabilities - self.targets) / len(self.targets)

class Network:
    def __init__(self, layers, criterion):
        self.layers, self.criterion = layers, criterion
        self.fc1, self.fc2, self.fc3 = [l for l in layers if isinstance(l, Dense)]

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, targets):
        penalty = sum(0.5 * l.decay * np.sum(l.weights ** 2) for l in (self.fc1, self.fc2, self.fc3))
        return self.criterion.forward(self.predict(x), targets) + penalty

    def gradients(self, x, targets):
        logits = self.predict(x)
        self.criterion.forward(logits, targets)
        gradient = self.criterion.backward()
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return (self.fc1.weights_gradient, self.fc1.bias_gradient, self.fc2.weights_gradient,
                self.fc2.bias_gradient, self.fc3.weights_gradient, self.fc3.bias_gradient)

def setup(rng):
    net = Network([Dense(4, 6, 0.1, rng), Tanh(), Dense(6, 2, 0.1, rng), Sigmoid(), Dense(2, 3, 0.1, rng)],
                  SoftmaxCrossEntropyLoss())
    x, targets = rng.standard_normal((5, 4)), np.eye(3)[rng.integers(0, 3, size=5)]
    return net.loss, net.gradients, (x, targets), {
        "wrt": ["self.fc%d.%s" % (k, n) for k in (1, 2, 3) for n in ("weights", "bias")]}
