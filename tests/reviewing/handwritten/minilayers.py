"""minilayers - a very small layer framework.
Every layer has forward(), backward() and, where it learns, the dicts
``params`` and ``grads`` keyed by the name of the parameter.
"""
import numpy as np
def reference_loss(x, labels, mask, W1, b1, W2, b2, W3, b3, keep_prob, decay):
    """The same network in one go, for the tests."""
    a = np.maximum(x @ W1 + b1, 0) * mask / keep_prob
    a = np.maximum(a @ W2 + b2, 0)
    s = a @ W3 + b3
    nll = np.mean(np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(s)), labels])
    return nll + 0.5 * decay * sum((W ** 2).sum() for W in (W1, W2, W3))

class Layer:
    def __init__(self):
        self.params, self.grads = {}, {}

class Dense(Layer):
    def __init__(self, W, b, decay=0.0):
        super().__init__()
        self.params = {"W": W, "b": b}
        self.decay = decay
    def forward(self, x):
        self.x = x
        return np.dot(x, self.params["W"]) + self.params["b"]
    def backward(self, dout):
        W = self.params["W"]
        self.grads["W"] = np.dot(self.x.T, dout) + self.decay * W
        self.grads["b"] = np.sum(dout, axis=0)
        return np.dot(dout, W.T)

class ReLU(Layer):
    def forward(self, x):
        self.active = x > 0
        return x * self.active
    def backward(self, dout):
        return dout * self.active

class Dropout(Layer):
    def __init__(self, mask, keep_prob):
        super().__init__()
        self.mask = mask
        self.keep_prob = keep_prob
    def forward(self, x):
        return x * self.mask / self.keep_prob
    def backward(self, dout):
        return dout * self.mask / self.keep_prob

class SoftmaxCrossEntropy:
    def forward(self, scores, labels):
        shifted = scores - scores.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        self.probs = e / e.sum(axis=1, keepdims=True)
        self.labels = labels
    def backward(self):
        n = self.probs.shape[0]
        dscores = self.probs.copy()
        dscores[np.arange(n), self.labels] -= 1.0
        return dscores / n

class Network:
    def __init__(self, layers):
        self.layers = layers  # list of (name, layer)
        self.criterion = SoftmaxCrossEntropy()
    def gradients(self, x, labels):
        for _, layer in self.layers:
            x = layer.forward(x)
        self.criterion.forward(x, labels)
        dout = self.criterion.backward()
        for _, layer in reversed(self.layers):
            dout = layer.backward(dout)
        collected = {"dx": dout}
        for name, layer in self.layers:
            for key, g in layer.grads.items():
                collected["d" + key + name[-1]] = g
        return collected

def backprop(x, labels, mask, W1, b1, W2, b2, W3, b3, keep_prob, decay):
    net = Network([("fc1", Dense(W1, b1, decay)), ("relu1", ReLU()), ("drop1", Dropout(mask, keep_prob)),
                   ("fc2", Dense(W2, b2, decay)), ("relu2", ReLU()), ("fc3", Dense(W3, b3, decay))])
    return net.gradients(x, labels)

def setup(rng):
    n, d, h1, h2, c = 4, 3, 6, 5, 2
    mask = np.array([[1., 0, 1, 1, 1, 0], [1, 1, 0, 1, 1, 1], [0, 1, 1, 0, 1, 1], [1, 1, 1, 1, 0, 1]])
    W = [rng.normal(size=s) * 0.6 for s in ((d, h1), (h1, h2), (h2, c))]
    b = [rng.normal(size=s) * 0.2 + 0.2 for s in (h1, h2, c)]
    args = (rng.normal(size=(n, d)), np.array([0, 1, 1, 0]), mask,
            W[0], b[0], W[1], b[1], W[2], b[2], 0.8, 0.15)
    return reference_loss, backprop, args, {"wrt": ["x", "W1", "b1", "W2", "b2", "W3", "b3"]}
