"""Tiny layer framework: forward() caches, backward() returns the input gradient."""
import numpy as np
class Dense:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_in), (n_in, n_out))
        self.b = rng.normal(0.0, 0.1, n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T

class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1.0 - self.out ** 2)

class Softmax:
    def __init__(self, temperature=1.0):
        self.tau = temperature

    def forward(self, x):
        e = np.exp((x - x.max(axis=1, keepdims=True)) / self.tau)
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def backward(self, grad):
        dx = np.zeros_like(grad)
        for i in range(grad.shape[0]):
            p = self.probs[i].reshape(-1, 1)
            jacobian = np.diagflat(p) - np.dot(p, p.T)
            dx[i] = np.dot(jacobian, grad[i]) / self.tau
        return dx

class CrossEntropy:
    def __init__(self, smoothing=0.1):
        self.smoothing = smoothing

    def forward(self, probs, onehot):
        self.probs = probs
        self.target = (1.0 - self.smoothing) * onehot + self.smoothing / onehot.shape[1]
        return -np.mean(np.sum(self.target * np.log(probs), axis=1))

    def backward(self):
        batch = self.probs.shape[0]
        return -self.target / self.probs / batch

class GatedClassifier:
    """tanh features, scaled by a softmax gate computed from the features."""

    def __init__(self, n_in, n_hidden, n_classes, rng):
        self.enc = Dense(n_in, n_hidden, rng)
        self.act = Tanh()
        self.gate_fc = Dense(n_hidden, n_hidden, rng)
        self.gate_sm = Softmax(temperature=0.7)
        self.head = Dense(n_hidden, n_classes, rng)
        self.out_sm = Softmax()
        self.criterion = CrossEntropy()

    def loss(self, x, onehot):
        self.h = self.act.forward(self.enc.forward(x))
        self.gate = self.gate_sm.forward(self.gate_fc.forward(self.h))
        logits = self.head.forward(self.h * self.gate)
        return self.criterion.forward(self.out_sm.forward(logits), onehot)

    def backward(self, x, onehot):
        g = self.out_sm.backward(self.criterion.backward())
        d_mixed = self.head.backward(g)
        d_gate = d_mixed * self.h
        dh = d_mixed * self.gate
        dh += self.gate_fc.backward(self.gate_sm.backward(d_gate))
        self.enc.backward(self.act.backward(dh))
        return (self.enc.dW, self.enc.db, self.gate_fc.dW, self.gate_fc.db,
                self.head.dW, self.head.db)

def setup(rng):
    net = GatedClassifier(4, 6, 3, rng)
    for layer in (net.enc, net.gate_fc, net.head):
        layer.W *= 1.5
    x = rng.normal(size=(5, 4))
    onehot = np.eye(3)[rng.integers(0, 3, 5)]
    return net.loss, net.backward, (x, onehot), {"wrt": [
        "self.enc.W", "self.enc.b", "self.gate_fc.W", "self.gate_fc.b", "self.head.W", "self.head.b"]}
