"""layer_kit: a very small layer library with gradient accumulation over micro-batches."""
import numpy as np

class Layer:
    """Base class. Layers without parameters leave reset_grad/update alone."""

    def reset_grad(self): pass
    def update(self, lr, weight_decay): pass

class Linear(Layer):
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_in), size=(n_in, n_out))
        self.b = 0.3 * rng.normal(size=n_out)
    def reset_grad(self):
        self.grad_W = np.zeros_like(self.W)
        self.grad_b = np.zeros_like(self.b)
    def forward(self, x):
        self.inputs = x
        return x @ self.W + self.b
    def backward(self, grad_out):
        self.grad_W += self.inputs.T @ grad_out
        self.grad_b += grad_out.sum(axis=0)
        return grad_out @ self.W.T
    def update(self, lr, weight_decay):
        self.grad_W += weight_decay * self.W   # biases are not decayed
        self.W = self.W - lr * self.grad_W
        self.b = self.b - lr * self.grad_b

class Sigmoid(Layer):
    def forward(self, x):
        self.sig = 1.0 / (1.0 + np.exp(-x))
        return self.sig
    def backward(self, grad_out):
        return grad_out * self.sig * (1.0 - self.sig)

class Tanh(Layer):
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out
    def backward(self, grad_out):
        return grad_out * (1.0 - self.out ** 2)

class Sequential(Layer):
    def __init__(self, *layers):
        self.layers = list(layers)
    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x
    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

class Regressor:
    lr = 0.1

    def __init__(self, n_in, n_hid, n_mid, n_out, rng, weight_decay=0.2, micro_batch=2):
        self.fc1 = Linear(n_in, n_hid, rng)
        self.fc2 = Linear(n_hid, n_mid, rng)
        self.fc3 = Linear(n_mid, n_out, rng)
        self.net = Sequential(self.fc1, Tanh(), self.fc2, Sigmoid(), self.fc3)
        self.weight_decay = weight_decay
        self.micro_batch = micro_batch

    def loss(self, x, target):
        a = np.tanh(x @ self.fc1.W + self.fc1.b)
        s = 1.0 / (1.0 + np.exp(-(a @ self.fc2.W + self.fc2.b)))
        diff = s @ self.fc3.W + self.fc3.b - target
        norm = sum(np.sum(fc.W ** 2) for fc in (self.fc1, self.fc2, self.fc3))
        return 0.5 * np.sum(diff ** 2) / len(x) + 0.5 * self.weight_decay * norm

    def train_step(self, x, target):
        n = x.shape[0]
        for layer in self.net.layers:
            layer.reset_grad()
        for start in range(0, n, self.micro_batch):
            stop = start + self.micro_batch
            pred = self.net.forward(x[start:stop])
            delta = (pred - target[start:stop]) / n
            self.net.backward(delta)
        for layer in self.net.layers:
            layer.update(self.lr, self.weight_decay)

def setup(rng):
    model = Regressor(3, 6, 4, 2, rng)
    x = rng.normal(size=(5, 3))
    target = rng.normal(size=(5, 2))
    wrt = ["self.fc1.W", "self.fc1.b", "self.fc2.W", "self.fc2.b", "self.fc3.W", "self.fc3.b"]
    return model.loss, model.train_step, (x, target), {"wrt": wrt, "returns": "updated", "lr": 0.1}
