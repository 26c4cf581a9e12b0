import numpy as np


class BatchNormNet:
    """Two layer classifier: dense -> batch norm -> relu -> dense -> softmax."""

    def __init__(self, n_in, n_hidden, n_classes, reg=0.05, eps=1e-3, rng=None):
        rng = rng if rng is not None else np.random.default_rng()
        self.W1 = rng.normal(0, 0.8, (n_in, n_hidden))
        self.gamma = rng.uniform(0.5, 1.5, n_hidden)
        self.beta = rng.normal(0, 0.3, n_hidden)
        self.W2 = rng.normal(0, 0.8, (n_hidden, n_classes))
        self.b2 = rng.normal(0, 0.3, n_classes)
        self.reg = reg
        self.eps = eps

    def forward(self, X, y):
        """Mean cross entropy plus L2 penalty. Keeps everything backward needs."""
        self.z = X @ self.W1
        self.mu = self.z.mean(axis=0)
        self.var = self.z.var(axis=0)
        self.xmu = self.z - self.mu
        self.sqrtvar = np.sqrt(self.var + self.eps)
        self.ivar = 1.0 / self.sqrtvar
        self.xhat = self.xmu * self.ivar
        self.bn = self.gamma * self.xhat + self.beta
        self.act = np.maximum(self.bn, 0)
        scores = self.act @ self.W2 + self.b2
        scores = scores - scores.max(axis=1, keepdims=True)
        e = np.exp(scores)
        self.probs = e / e.sum(axis=1, keepdims=True)
        nll = -np.log(self.probs[np.arange(len(y)), y]).mean()
        return nll + 0.5 * self.reg * (np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2))

    def backward(self, X, y):
        """Gradients of the loss of the last forward() call, by parameter name."""
        n = X.shape[0]
        grads = {}

        # softmax + cross entropy
        dscores = self.probs.copy()
        dscores[np.arange(n), y] -= 1
        dscores /= n

        # second dense layer
        grads["W2"] = self.act.T @ dscores
        grads["b2"] = dscores.sum(axis=0)
        dact = dscores @ self.W2.T

        # relu
        dbn = dact.copy()
        dbn[self.bn <= 0] = 0

        # batch norm, then first dense layer
        dz, grads["gamma"], grads["beta"] = self._bn_backward(dbn)
        grads["W1"] = X.T @ dz

        # weight decay
        grads["W1"] += self.reg * self.W1
        grads["W2"] += self.reg * self.W2
        return grads

    def _bn_backward(self, dout):
        N = dout.shape[0]
        dbeta = np.sum(dout, axis=0)
        dgamma = np.sum(dout * self.xhat, axis=0)
        dxhat = dout * self.gamma
        # xhat = xmu * ivar
        divar = np.sum(dxhat * self.xmu, axis=0)
        dxmu1 = dxhat * self.ivar
        # ivar = 1 / sqrt(var + eps)
        dsqrtvar = -1.0 / (self.sqrtvar ** 2) * divar
        dvar = 0.5 * dsqrtvar / np.sqrt(self.var + self.eps)
        # var = mean(xmu ** 2)
        dsq = np.ones(dout.shape) * dvar / N
        dxmu2 = 2 * self.xmu * dsq
        # xmu = z - mu
        dz1 = dxmu1 + dxmu2
        dmu = -np.sum(dxmu1 + dxmu2, axis=0)
        dz2 = np.ones(dout.shape) / N * dmu
        return dz1 + dz2, dgamma, dbeta


def setup(rng):
    net = BatchNormNet(4, 6, 3, rng=rng)
    X = rng.normal(size=(5, 4))
    y = rng.integers(0, 3, size=5)
    wrt = ["self.W1", "self.gamma", "self.beta", "self.W2", "self.b2"]
    return net.forward, net.backward, (X, y), {"wrt": wrt}
