"""Layer objects that keep a cache: Dense (columns in rows, (1, n) biases), LeakyReLU, Sigmoid, binary cross-entropy."""
import numpy as np


def make(seed, N=8, D=6, H=5, G=4, K=3):
    rng = np.random.default_rng(seed)
    params = {}
    for i, (m, n) in enumerate([(D, H), (H, G), (G, K)], 1):
        params[f"W{i}"] = rng.standard_normal((m, n)) / np.sqrt(m) * 1.3
        params[f"b{i}"] = 0.3 * rng.standard_normal((1, n))
    return params, {"X": rng.standard_normal((N, D)), "Y": rng.integers(0, 2, (N, K)).astype(float)}


def forward(al, params, data):
    X, Y = data["X"], data["Y"]
    z1 = (X @ params["W1"] + params["b1"]).named("z1")
    a1 = np.where(z1 > 0, z1, 0.01 * z1).named("a1")
    z2 = (a1 @ params["W2"] + params["b2"]).named("z2")
    a2 = np.where(z2 > 0, z2, 0.01 * z2).named("a2")
    z3 = (a2 @ params["W3"] + params["b3"]).named("z3")
    p = al.sigmoid(z3).named("p")
    loss = -np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p))
    return loss, dict(z1=z1, a1=a1, z2=z2, a2=a2, z3=z3, p=p)


# ---- handwritten ----
class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = np.sum(grad, axis=0, keepdims=True)
        return grad @ self.W.T


class LeakyReLU:
    alpha = 0.01

    def forward(self, z):
        self.z = z
        return np.where(z > 0, z, self.alpha * z)

    def backward(self, grad):
        dz = np.ones_like(self.z)
        dz[self.z < 0] = self.alpha
        return grad * dz


class Sigmoid:
    def forward(self, z):
        self.z = z
        self.out = 1 / (1 + np.exp(-z))
        return self.out

    def backward(self, grad):
        return grad * self.out * (1 - self.out)


class BinaryCrossEntropy:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def backward(self):
        return (self.p - self.y) / (self.p * (1 - self.p)) / self.y.size


def backward(params, data):
    P = params
    layers = {"z1": Dense(P["W1"], P["b1"]), "a1": LeakyReLU(), "z2": Dense(P["W2"], P["b2"]), "a2": LeakyReLU(),
              "z3": Dense(P["W3"], P["b3"]), "p": Sigmoid()}
    x = data["X"]
    for layer in layers.values():
        x = layer.forward(x)
    loss = BinaryCrossEntropy()
    loss.forward(x, data["Y"])

    grads = {}
    grad = loss.backward()
    for name, layer in reversed(layers.items()):
        grads[name] = grad
        grad = layer.backward(grad)
    for i in (1, 2, 3):
        grads[f"W{i}"], grads[f"b{i}"] = layers[f"z{i}"].dW, layers[f"z{i}"].db
    return grads
