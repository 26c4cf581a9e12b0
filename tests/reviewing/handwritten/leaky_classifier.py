import numpy as np


class LeakyClassifier:
    """Two leaky-ReLU hidden layers and a softmax output, trained by SGD.

    Rows are samples; `labels` are integers.
    """

    def __init__(self, sizes, rng, lr=0.1, slope=0.2, decay=0.05):
        n_in, n_h1, n_h2, n_out = sizes
        self.lr = lr
        self.slope = slope
        self.decay = decay
        self.W1 = rng.normal(0.0, 0.8, (n_in, n_h1))
        self.b1 = rng.normal(0.0, 0.2, n_h1)
        self.W2 = rng.normal(0.0, 0.8, (n_h1, n_h2))
        self.b2 = rng.normal(0.0, 0.2, n_h2)
        self.W3 = rng.normal(0.0, 0.8, (n_h2, n_out))
        self.b3 = rng.normal(0.0, 0.2, n_out)

    def _leaky(self, z):
        return np.where(z > 0, z, self.slope * z)

    def _leaky_slope(self, z):
        slopes = np.ones_like(z)
        slopes[z < 0] = self.slope
        return slopes

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.h1 = self._leaky(self.z1)
        self.z2 = self.h1 @ self.W2 + self.b2
        self.h2 = self._leaky(self.z2)
        logits = self.h2 @ self.W3 + self.b3
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def loss(self, X, labels):
        probs = self.forward(X)
        ce = -np.log(probs[np.arange(len(labels)), labels]).mean()
        l2 = np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2) + np.sum(self.W3 ** 2)
        return ce + 0.5 * self.decay * l2

    def train_step(self, X, labels):
        """One SGD step; the new weights replace the old ones in self."""
        self.forward(X)
        n = X.shape[0]

        # output layer
        d3 = self.probs.copy()
        d3[np.arange(n), labels] -= 1.0
        d3 /= n
        grad_W3 = self.h2.T @ d3 + self.decay * self.W3
        grad_b3 = d3.sum(axis=0)
        back2 = d3 @ self.W3.T
        self.W3 = self.W3 - self.lr * grad_W3
        self.b3 = self.b3 - self.lr * grad_b3

        # second hidden layer
        d2 = back2 * self._leaky_slope(self.z2)
        grad_W2 = self.h1.T @ d2 + self.decay * self.W2
        grad_b2 = d2.sum(axis=0)
        back1 = d2 @ self.W2.T
        self.W2 = self.W2 - self.lr * grad_W2
        self.b2 = self.b2 - self.lr * grad_b2

        # first hidden layer
        d1 = back1 * self._leaky_slope(self.z1)
        grad_W1 = X.T @ d1 + self.decay * self.W1
        grad_b1 = d1.sum(axis=0)
        self.W1 = self.W1 - self.lr * grad_W1
        self.b1 = self.b1 - self.lr * grad_b1


def setup(rng):
    net = LeakyClassifier((4, 6, 3, 2), rng)
    X = rng.standard_normal((5, 4))
    labels = rng.permutation(np.array([0, 1, 1, 0, 1]))
    wrt = ["self.W1", "self.b1", "self.W2", "self.b2", "self.W3", "self.b3"]
    return net.loss, net.train_step, (X, labels), {"wrt": wrt, "returns": "updated", "lr": 0.1}
