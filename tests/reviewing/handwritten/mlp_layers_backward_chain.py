# minimal layer library: just enough to train a small residual MLP classifier
import numpy as np

class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W, self.b = rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)), 0.1 * rng.normal(size=n_out)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T

class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return np.maximum(x, 0)
    def backward(self, dout):
        dx = dout.copy()
        dx[~self.mask] = 0
        return dx

class LayerNorm:
    def __init__(self, dim, rng):
        self.gamma, self.beta = rng.uniform(0.5, 1.5, size=dim), 0.1 * rng.normal(size=dim)
    def forward(self, x):
        mu = x.mean(axis=1, keepdims=True)
        std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        self.x_hat, self.std = (x - mu) / std, std
        return self.gamma * ((x - mu) / std) + self.beta
    def backward(self, dout):
        self.dgamma = np.sum(dout * self.x_hat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        dx_hat = dout * self.gamma
        m1 = dx_hat.mean(axis=1, keepdims=True)
        m2 = np.mean(dx_hat * self.x_hat, axis=1, keepdims=True)
        return (dx_hat - m1 - self.x_hat * m2) / self.std

class Residual:   # y = x + f(x), f keeps the width
    def __init__(self, *layers):
        self.layers = layers
    def forward(self, x):
        out = x
        for layer in self.layers: out = layer.forward(out)
        return x + out
    def backward(self, dout):
        dbranch = dout
        for layer in reversed(self.layers):
            dbranch = layer.backward(dbranch)
        return dbranch + dout

class SoftmaxCrossEntropy:
    def forward(self, logits, y):
        z = logits - logits.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.probs = np.exp(logp)
        return -logp[np.arange(len(y)), y].mean()
    def backward(self, y):
        n, dlogits = len(y), self.probs.copy()
        dlogits[np.arange(n), y] -= 1.0
        return dlogits / n

class MLP:
    def __init__(self, n_in, n_hidden, n_classes, weight_decay, rng):
        self.fc1, self.norm = Linear(n_in, n_hidden, rng), LayerNorm(n_hidden, rng)
        self.fc2 = Linear(n_hidden, n_hidden, rng)
        self.head = Linear(n_hidden, n_classes, rng)
        self.model = [self.fc1, self.norm, Residual(self.fc2, ReLU()), self.head]
        self.criterion, self.weight_decay = SoftmaxCrossEntropy(), weight_decay
    def loss(self, x, y):
        out, fcs = x, (self.fc1, self.fc2, self.head)
        for layer in self.model:
            out = layer.forward(out)
        return self.criterion.forward(out, y) + 0.5 * self.weight_decay * sum(np.sum(fc.W ** 2) for fc in fcs)
    def backward(self, x, y):
        grad = self.criterion.backward(y)   # after loss(x, y): layers remember their inputs
        for layer in self.model[::-1]:
            grad = layer.backward(grad)
        for fc in [self.fc1, self.fc2, self.head]:
            fc.dW += self.weight_decay * fc.W
        return (self.fc1.dW, self.fc1.db, self.norm.dgamma, self.norm.dbeta,
                self.fc2.dW, self.fc2.db, self.head.dW, self.head.db)

def setup(rng):
    net = MLP(4, 6, 3, 0.05, rng)
    x, y = rng.normal(size=(5, 4)), rng.integers(0, 3, size=5)
    wrt = ["self.fc1.W", "self.fc1.b", "self.norm.gamma", "self.norm.beta",
           "self.fc2.W", "self.fc2.b", "self.head.W", "self.head.b"]
    return net.loss, net.backward, (x, y), {"wrt": wrt}
