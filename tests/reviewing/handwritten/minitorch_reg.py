"""A tiny torch-like framework: modules own Parameters, backward() fills .grad."""
import numpy as np

class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class Module:
    def zero_grad(self):
        for p in self.parameters():
            p.grad = np.zeros_like(p.data)


class Linear(Module):
    def __init__(self, in_features, out_features, rng):
        self.weight = Parameter(rng.normal(size=(out_features, in_features)))
        self.bias = Parameter(rng.normal(size=out_features))

    def parameters(self):
        return [self.weight, self.bias]

    def forward(self, x):
        self.x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, grad_out):
        self.weight.grad += grad_out.T @ self.x
        self.bias.grad += grad_out.sum(axis=0)
        return grad_out @ self.weight.data


class LeakyReLU(Module):
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, x):
        self.mask = x > 0
        return np.maximum(x, self.slope * x)

    def backward(self, grad_out):
        return grad_out * np.where(self.mask, 1.0, self.slope)


class MSELoss:
    def forward(self, pred, target):
        self.diff = pred - target
        return np.mean((pred - target) ** 2)

    def backward(self):
        return 2.0 * self.diff / self.diff.size


class Regressor(Module):
    """fc1 -> act -> (residual: fc2 -> act -> fc3) -> head, with weight decay."""
    def __init__(self, n_in, n_hidden, n_inner, n_out, decay, rng):
        self.fc1, self.act1 = Linear(n_in, n_hidden, rng), LeakyReLU(0.1)
        self.fc2, self.act2 = Linear(n_hidden, n_inner, rng), LeakyReLU(0.3)
        self.fc3 = Linear(n_inner, n_hidden, rng)
        self.head = Linear(n_hidden, n_out, rng)
        self.criterion, self.decay = MSELoss(), decay

    def parameters(self):
        return [p for m in (self.fc1, self.fc2, self.fc3, self.head) for p in m.parameters()]

    def loss(self, x, target):
        h = self.act1.forward(self.fc1.forward(x))
        h = h + self.fc3.forward(self.act2.forward(self.fc2.forward(h)))
        mse = self.criterion.forward(self.head.forward(h), target)
        return mse + 0.5 * self.decay * sum((p.data ** 2).sum() for p in self.parameters())

    def backward(self, x, target):
        self.zero_grad()
        for p in self.parameters():
            p.grad += self.decay * p.data
        g = self.head.backward(self.criterion.backward())
        inner = self.fc3.backward(g)
        inner = self.fc2.backward(self.act2.backward(inner))
        self.fc1.backward(self.act1.backward(g + inner))
        return tuple(p.grad for p in self.parameters())


def setup(rng):
    model = Regressor(3, 6, 4, 2, 0.05, rng)
    x, target = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    model.loss(x + 0.5, target)      # one earlier step, as in a training loop
    model.backward(x + 0.5, target)
    names = ["self.%s.%s.data" % (l, p) for l in ("fc1", "fc2", "fc3", "head") for p in ("weight", "bias")]
    return model.loss, model.backward, (x, target), {"wrt": names}
