"""keras_from_scratch: a very small Keras look-alike, numpy only."""
import numpy as np

class Dense:
    def __init__(self, n_in, n_out, rng, l2=0.02):
        self.W = rng.normal(size=(n_in, n_out)) * np.sqrt(2.0 / n_in)
        self.b = rng.normal(size=(1, n_out)) * 0.1
        self.l2 = l2
    def call(self, x):
        return np.dot(x, self.W) + self.b
    def forward(self, x):
        self.x = x
        return self.x @ self.W + self.b
    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.dW += self.l2 * self.W
        self.db = grad.sum(axis=0, keepdims=True)
        return grad @ self.W.T

class ReLU:
    """max(x, leak * x); leak=0 gives the usual one."""
    def __init__(self, leak=0.1):
        self.leak = leak
    def call(self, x):
        return np.maximum(x, self.leak * x)
    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, self.leak * x)
    def backward(self, grad):
        return np.where(self.mask, grad, self.leak * grad)

class Tanh:
    def call(self, x):
        return 2.0 / (1.0 + np.exp(-2.0 * x)) - 1.0
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out
    def backward(self, grad):
        return grad * (1.0 - self.out ** 2)

class SoftmaxCrossEntropy:
    def __init__(self, smoothing=0.1):
        self.smoothing = smoothing
    def forward(self, logits, labels):
        n, k = logits.shape
        shifted = logits - logits.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        self.probs = e / e.sum(axis=1, keepdims=True)
        self.targets = np.full((n, k), self.smoothing / k)
        self.targets[np.arange(n), labels] += 1.0 - self.smoothing
        return self.probs
    def backward(self):
        n = self.probs.shape[0]
        return (self.probs - self.targets) / n

class Model:
    def __init__(self, layers, criterion):
        self.layers = layers
        self.criterion = criterion
    def loss(self, x, labels):
        out = x
        for layer in self.layers:
            out = layer.call(out)
        logp = out - np.log(np.exp(out).sum(axis=1))[:, None]
        eps = self.criterion.smoothing
        picked = logp[range(len(labels)), labels]
        penalty = sum(0.5 * l.l2 * np.sum(l.W ** 2) for l in self.layers if hasattr(l, "W"))
        return -np.mean((1 - eps) * picked + eps * logp.mean(axis=1)) + penalty
    def gradients(self, x, labels):
        h = x
        for layer in self.layers:
            h = layer.forward(h)
        self.criterion.forward(h, labels)
        grad = self.criterion.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        grads = []
        for layer in self.layers:
            if isinstance(layer, Dense):
                grads += [layer.dW, layer.db]
        return grads

def setup(rng):
    net = Model([Dense(2, 6, rng), ReLU(), Dense(6, 4, rng), Tanh(), Dense(4, 3, rng)], SoftmaxCrossEntropy())
    for i in (0, 2, 4):  # so that getattr(net, "layers[0]") finds the layer
        setattr(Model, "layers[%d]" % i, property(lambda self, i=i: self.layers[i]))
    x = rng.normal(size=(5, 2))
    labels = rng.integers(0, 3, size=5)
    wrt = ["self.layers[%d].%s" % (i, p) for i in (0, 2, 4) for p in ("W", "b")]
    return net.loss, net.gradients, (x, labels), {"wrt": wrt}
