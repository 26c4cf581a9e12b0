"""Small tanh MLP for regression, trained by plain gradient descent."""
import numpy as np


class TanhRegressor:
    """in -> tanh -> tanh -> linear; parameters live on the object."""

    def __init__(self, sizes, lr, rng):
        d, h1, h2, k = sizes
        self.lr = lr
        self.W1 = rng.normal(0, 0.6, (d, h1))
        self.b1 = rng.normal(0, 0.3, h1)
        self.W2 = rng.normal(0, 0.6, (h1, h2))
        self.b2 = rng.normal(0, 0.3, h2)
        self.W3 = rng.normal(0, 0.6, (h2, k))
        self.b3 = rng.normal(0, 0.3, k)

    def predict(self, X):
        first = np.tanh(X @ self.W1 + self.b1)
        second = np.tanh(first @ self.W2 + self.b2)
        return second @ self.W3 + self.b3

    def loss(self, X, Y):
        """Half the squared error, summed over outputs, averaged over rows."""
        return 0.5 * np.sum((self.predict(X) - Y) ** 2) / X.shape[0]

    @staticmethod
    def _dtanh(a):
        # a is already tanh(z)
        return 1.0 - a * a

    def _hidden(self, X):
        z1 = X @ self.W1 + self.b1
        a1 = np.tanh(z1)
        z2 = a1 @ self.W2 + self.b2
        a2 = np.tanh(z2)
        return z1, a1, z2, a2

    def train_step(self, X, Y):
        """One step of gradient descent on the batch; changes the object."""
        n = X.shape[0]
        z1, a1, z2, a2 = self._hidden(X)
        out = a2 @ self.W3 + self.b3

        # every weight is used for the delta below it before it is changed
        delta3 = (out - Y) / n
        dW3 = a2.T @ delta3
        db3 = delta3.sum(axis=0)
        delta2 = (delta3 @ self.W3.T) * self._dtanh(a2)
        self.W3 -= self.lr * dW3
        self.b3 -= self.lr * db3

        dW2 = a1.T @ delta2
        db2 = delta2.sum(axis=0)
        delta1 = (delta2 @ self.W2.T) * self._dtanh(a1)
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * db2

        dW1 = X.T @ delta1
        db1 = delta1.sum(axis=0)
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1

    def fit(self, X, Y, steps=100):
        history = []
        for _ in range(steps):
            self.train_step(X, Y)
            history.append(self.loss(X, Y))
        return history


def setup(rng):
    model = TanhRegressor((3, 6, 5, 2), 0.1, rng)
    X = rng.normal(size=(4, 3))
    Y = rng.normal(size=(4, 2))
    wrt = ["self.W1", "self.b1", "self.W2", "self.b2", "self.W3", "self.b3"]
    return model.loss, model.train_step, (X, Y), {"wrt": wrt, "returns": "updated", "lr": 0.1}
