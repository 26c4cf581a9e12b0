"""Residual MLP regressor with explicit forward / backward methods."""
import numpy as np


class ResidualRegressor:
    """x -> ELU(x W1 + b1) = h1;  h1 + LeakyReLU(h1 W2 + b2) = h2;  h2 W3 + b3.

    The loss is the mean squared error over all entries of the target.
    """

    def __init__(self, n_in, n_hidden, n_out, rng, alpha=0.8, slope=0.1):
        self.alpha = alpha
        self.slope = slope
        self.W1 = rng.normal(0.0, 0.8, (n_in, n_hidden))
        self.b1 = rng.normal(0.0, 0.3, n_hidden)
        self.W2 = rng.normal(0.0, 0.8, (n_hidden, n_hidden))
        self.b2 = rng.normal(0.0, 0.3, n_hidden)
        self.W3 = rng.normal(0.0, 0.8, (n_hidden, n_out))
        self.b3 = rng.normal(0.0, 0.3, n_out)

    # ------------------------------------------------------------------ forward
    def forward(self, x, target):
        self.x = x
        self.z1 = x @ self.W1 + self.b1
        self.h1 = np.where(self.z1 > 0, self.z1, self.alpha * (np.exp(self.z1) - 1.0))
        self.z2 = self.h1 @ self.W2 + self.b2
        self.branch = np.where(self.z2 > 0, self.z2, self.slope * self.z2)
        self.h2 = self.h1 + self.branch
        self.pred = self.h2 @ self.W3 + self.b3
        return np.mean((self.pred - target) ** 2)

    # -------------------------------------------------------------- derivatives
    def _elu_grad(self, z):
        grad = np.ones_like(z)
        neg = z <= 0
        grad[neg] = self.alpha * np.exp(z[neg])
        return grad

    def _leaky_grad(self, z):
        return np.where(z > 0, 1.0, self.slope)

    # ----------------------------------------------------------------- backward
    def backward(self, x, target):
        """Gradients of the last forward() call, keyed by parameter name."""
        grads = {}
        residual = self.pred - target
        d_pred = 2.0 * residual / residual.size

        grads["W3"] = self.h2.T @ d_pred
        grads["b3"] = d_pred.sum(axis=0)
        d_h2 = d_pred @ self.W3.T

        d_z2 = d_h2 * self._leaky_grad(self.z2)
        grads["W2"] = self.h1.T @ d_z2
        grads["b2"] = d_z2.sum(axis=0)

        d_h1 = d_z2 @ self.W2.T
        d_h1 += d_h2                      # identity shortcut
        d_z1 = d_h1 * self._elu_grad(self.z1)
        grads["W1"] = self.x.T @ d_z1
        grads["b1"] = d_z1.sum(axis=0)
        return grads


def setup(rng):
    model = ResidualRegressor(6, 4, 2, rng)
    x = rng.normal(size=(5, 6))
    target = rng.normal(size=(5, 2))
    wrt = ["self.W1", "self.b1", "self.W2", "self.b2", "self.W3", "self.b3"]
    return model.forward, model.backward, (x, target), {"wrt": wrt}
