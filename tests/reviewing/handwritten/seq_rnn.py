"""Sequence classifier: vanilla tanh RNN, many-to-one, softmax cross entropy."""
from typing import Dict

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


class RNNClassifier:
    """x: (T, B, D) -> logits (B, C), read off the last hidden state."""

    def __init__(self, input_dim: int, hidden_dim: int, n_classes: int, rng, l2: float = 0.05):
        self.hidden_dim = hidden_dim
        self.l2 = l2
        self.Wxh = rng.normal(size=(input_dim, hidden_dim)) * 0.6
        self.Whh = rng.normal(size=(hidden_dim, hidden_dim)) * 0.4
        self.Why = rng.normal(size=(hidden_dim, n_classes)) * 0.8
        self.bh = rng.normal(size=hidden_dim) * 0.3
        self.by = rng.normal(size=n_classes) * 0.3
        self.h0 = rng.normal(size=hidden_dim) * 0.5
        self._reset_grads()

    def _reset_grads(self) -> None:
        self.dWxh = np.zeros_like(self.Wxh)
        self.dWhh = np.zeros_like(self.Whh)
        self.dWhy = np.zeros_like(self.Why)
        self.dbh = np.zeros_like(self.bh)
        self.dby = np.zeros_like(self.by)
        self.dh0 = np.zeros_like(self.h0)

    def forward(self, x: np.ndarray, y: np.ndarray) -> float:
        T, B, _ = x.shape
        # states[0] is the learned initial state, states[t + 1] follows x[t]
        self.states = np.empty((T + 1, B, self.hidden_dim))
        self.states[0] = self.h0
        for t in range(T):
            pre = x[t] @ self.Wxh + self.states[t] @ self.Whh + self.bh
            self.states[t + 1] = np.tanh(pre)
        self.logp = log_softmax(self.states[T] @ self.Why + self.by)
        nll = -self.logp[np.arange(B), y].mean()
        return nll + 0.5 * self.l2 * (np.sum(self.Whh ** 2) + np.sum(self.Why ** 2))

    @staticmethod
    def _tanh_grad(h: np.ndarray) -> np.ndarray:
        return 1.0 - h * h

    def backward(self, x: np.ndarray, y: np.ndarray) -> Dict[str, np.ndarray]:
        """Backward through time; call after forward() with the same batch."""
        T, B, _ = x.shape
        self._reset_grads()

        # read-out
        dlogits = np.exp(self.logp)
        dlogits[np.arange(B), y] -= 1.0
        dlogits = dlogits / B
        self.dWhy += self.states[-1].T @ dlogits
        self.dby += np.sum(dlogits, axis=0)
        dh = dlogits @ self.Why.T

        # recurrence
        for t in reversed(range(T)):
            dpre = dh * self._tanh_grad(self.states[t + 1])
            self.dWxh += x[t].T @ dpre
            self.dWhh += self.states[t].T @ dpre
            self.dbh += np.sum(dpre, axis=0)
            dh = dpre @ self.Whh.T
        self.dh0 += np.sum(dh, axis=0)

        # weight penalty
        self.dWhh += self.l2 * self.Whh
        self.dWhy += self.l2 * self.Why

        return {"dWxh": self.dWxh, "dWhh": self.dWhh, "dWhy": self.dWhy,
                "dbh": self.dbh, "dby": self.dby, "dh0": self.dh0}


def setup(rng):
    T, B, D, H, C = 4, 3, 2, 6, 5
    model = RNNClassifier(D, H, C, rng)
    x = rng.normal(size=(T, B, D))
    y = rng.integers(0, C, B)
    y[1] = (y[0] + 1) % C
    return model.forward, model.backward, (x, y), {
        "wrt": ["self.Wxh", "self.Whh", "self.Why", "self.bh", "self.by", "self.h0"]}
