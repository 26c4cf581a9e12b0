"""Elman network (simple recurrent net), many-to-many, softmax read-out at every step.

Shapes: inputs (T, N, n_in), targets (T, N) integer class labels.
"""
import numpy as np


def softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    return e / e.sum(axis=-1, keepdims=True)


class ElmanRNN:
    PARAMS = ("Wxh", "Whh", "Why", "bh", "by", "h0")

    def __init__(self, n_in, n_hidden, n_out, rng):
        self.Wxh = rng.normal(0.0, 0.6, (n_in, n_hidden))
        self.Whh = rng.normal(0.0, 0.5, (n_hidden, n_hidden))
        self.Why = rng.normal(0.0, 0.7, (n_hidden, n_out))
        self.bh = rng.normal(0.0, 0.2, n_hidden)
        self.by = rng.normal(0.0, 0.2, n_out)
        self.h0 = rng.normal(0.0, 0.4, n_hidden)    # learned start state

    # ------------------------------------------------------------------ forward
    def loss(self, inputs, targets):
        """Mean cross entropy over steps and batch. Remembers states for backward()."""
        T, N = targets.shape
        self.states = [np.tile(self.h0, (N, 1))]    # states[0] is the start state
        self.probs = []
        nll = 0.0
        for t in range(T):
            pre = inputs[t] @ self.Wxh + self.states[-1] @ self.Whh + self.bh
            self.states.append(np.tanh(pre))
            p = softmax(self.states[-1] @ self.Why + self.by)
            self.probs.append(p)
            nll -= np.log(p[np.arange(N), targets[t]]).sum()
        return nll / (T * N)

    # ----------------------------------------------------------------- backward
    def backward(self, inputs, targets):
        """Backpropagation through time. Returns {parameter name: gradient}."""
        T, N = targets.shape
        grads = {name: np.zeros_like(getattr(self, name)) for name in self.PARAMS}
        dh_next = np.zeros_like(self.states[0])

        for t in reversed(range(T)):
            h, h_prev = self.states[t + 1], self.states[t]

            # read-out
            dlogits = self.probs[t].copy()
            dlogits[np.arange(N), targets[t]] -= 1.0
            dlogits /= T * N
            grads["Why"] += h.T @ dlogits
            grads["by"] += dlogits.sum(axis=0)

            # state: from the output of this step and from the step after it
            dh = dlogits @ self.Why.T + dh_next
            dpre = dh * (1.0 - h ** 2)
            grads["Wxh"] += inputs[t].T @ dpre
            grads["Whh"] += h_prev.T @ dpre
            grads["bh"] += dpre.sum(axis=0)
            dh_next = dpre @ self.Whh.T

        grads["h0"] += dh_next.sum(axis=0)
        return grads


def setup(rng):
    net = ElmanRNN(3, 5, 2, rng)
    inputs = rng.standard_normal((6, 4, 3))
    targets = rng.integers(0, 2, (6, 4))
    options = {"wrt": ["self." + name for name in ElmanRNN.PARAMS]}
    return net.loss, net.backward, (inputs, targets), options
