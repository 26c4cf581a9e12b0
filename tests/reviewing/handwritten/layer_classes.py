import numpy as np

class Layer:
    """Base class: forward() keeps what backward() will need."""
    def forward(self, x):
        raise NotImplementedError

class Dense(Layer):
    def __init__(self, n_in: int, n_out: int, rng, l2: float = 0.0):
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_in), size=(n_in, n_out))
        self.b, self.l2 = rng.normal(0.0, 0.1, size=n_out), l2
        self.zero_grad()

    def zero_grad(self):
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.inp = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW += self.inp.T @ grad
        self.dW += self.l2 * self.W
        self.db += grad.sum(axis=0)
        return grad @ self.W.T

class Tanh(Layer):
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1.0 - self.out ** 2)

class ELU(Layer):
    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * (np.exp(x) - 1.0))

    def backward(self, grad):
        slope = np.where(self.x > 0, 1.0, self.alpha * np.exp(self.x))
        return grad * slope

class SoftmaxCrossEntropy:
    def forward(self, scores, onehot):
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.probs = np.exp(log_p)
        self.onehot = onehot
        return -(onehot * log_p).sum() / len(onehot)

    def backward(self):
        return (self.probs - self.onehot) / self.onehot.shape[0]

class Network:
    """x -> d1 -> tanh -> (d2 -> elu, plus skip) -> d3 -> softmax"""
    def __init__(self, rng, n_in=4, n_hid=6, n_out=3, l2=0.05):
        self.d1 = Dense(n_in, n_hid, rng, l2)
        self.act1 = Tanh()
        self.d2 = Dense(n_hid, n_hid, rng, l2)
        self.act2 = ELU(alpha=0.7)
        self.d3 = Dense(n_hid, n_out, rng, l2)
        self.criterion = SoftmaxCrossEntropy()

    def forward(self, x, onehot):
        h = self.act1.forward(self.d1.forward(x))
        r = h + self.act2.forward(self.d2.forward(h))
        data = self.criterion.forward(self.d3.forward(r), onehot)
        return data + 0.5 * sum(d.l2 * np.sum(d.W ** 2) for d in (self.d1, self.d2, self.d3))

    def backward(self, x, onehot):
        for d in (self.d1, self.d2, self.d3):
            d.zero_grad()
        g = self.criterion.backward()
        g_res = self.d3.backward(g)
        g_branch = self.d2.backward(self.act2.backward(g_res))
        g_hid = g_res + g_branch
        self.d1.backward(self.act1.backward(g_hid))
        return (self.d1.dW, self.d1.db, self.d2.dW, self.d2.db, self.d3.dW, self.d3.db)

def setup(rng):
    net = Network(rng)
    x = rng.normal(size=(5, 4)) * 1.5
    onehot = np.eye(3)[rng.integers(0, 3, size=5)]
    return net.forward, net.backward, (x, onehot), {
        "wrt": ["self.d1.W", "self.d1.b", "self.d2.W", "self.d2.b", "self.d3.W", "self.d3.b"]}
