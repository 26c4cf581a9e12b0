from typing import Dict
import numpy as np

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

def dsigmoid(y):
    """Derivative of the sigmoid, by its output."""
    return y * (1 - y)

def dtanh(y):
    """Derivative of tanh, by its output."""
    return 1 - y * y

class LSTM:
    """Single-layer LSTM with a softmax readout at each time step (column vectors)."""

    PARAMS = ("W_f", "b_f", "W_i", "b_i", "W_C", "b_C", "W_o", "b_o", "W_v", "b_v")
    def __init__(self, n_in: int, n_hidden: int, n_out: int, rng):
        self.n_in, self.n_hidden, self.n_out = n_in, n_hidden, n_out
        n_z = n_hidden + n_in
        for gate in "fiCo":
            setattr(self, "W_" + gate, rng.normal(0, 0.6, (n_hidden, n_z)))
            setattr(self, "b_" + gate, rng.normal(0, 0.4, (n_hidden, 1)))
        self.W_v = rng.normal(0, 0.8, (n_out, n_hidden))
        self.b_v = rng.normal(0, 0.3, (n_out, 1))

    def forward(self, inputs, targets, h0, C0) -> float:
        """Mean cross entropy over the sequence; keeps what backward needs."""
        self.z, self.f, self.i, self.C_bar, self.o, self.y = {}, {}, {}, {}, {}, {}
        self.h, self.C = {-1: h0}, {-1: C0}
        loss = 0.0
        for t, x in enumerate(inputs):
            z = np.concatenate((self.h[t - 1], x.reshape(-1, 1)), axis=0)
            self.z[t] = z
            self.f[t] = sigmoid(self.W_f @ z + self.b_f)
            self.i[t] = sigmoid(self.W_i @ z + self.b_i)
            self.C_bar[t] = np.tanh(self.W_C @ z + self.b_C)
            self.o[t] = sigmoid(self.W_o @ z + self.b_o)
            self.C[t] = self.f[t] * self.C[t - 1] + self.i[t] * self.C_bar[t]
            self.h[t] = self.o[t] * np.tanh(self.C[t])
            v = self.W_v @ self.h[t] + self.b_v
            e = np.exp(v - v.max())
            self.y[t] = e / e.sum()
            loss -= np.log(self.y[t][targets[t], 0])
        return loss / len(inputs)

    def backward(self, inputs, targets, h0, C0) -> Dict[str, np.ndarray]:
        """Backpropagation through time; call after forward."""
        T, H = len(inputs), self.n_hidden
        grads = {name: np.zeros_like(getattr(self, name)) for name in self.PARAMS}
        dh_next = np.zeros_like(h0)
        dC_next = np.zeros_like(C0)
        for t in reversed(range(T)):
            z, C_prev = self.z[t], self.C[t - 1]
            tanh_C = np.tanh(self.C[t])

            dv = self.y[t].copy()
            dv[targets[t]] -= 1
            dv /= T
            grads["W_v"] += dv @ self.h[t].T
            grads["b_v"] += dv
            dh = self.W_v.T @ dv
            dh += dh_next
            do = dh * tanh_C
            do = dsigmoid(self.o[t]) * do

            dC = dC_next.copy()
            dC += dh * self.o[t] * dtanh(tanh_C)
            dC_bar = dC * self.i[t]
            dC_bar = dtanh(self.C_bar[t]) * dC_bar
            di = dsigmoid(self.i[t]) * (dC * self.C_bar[t])
            df = dsigmoid(self.f[t]) * (dC * C_prev)

            for gate, delta in (("f", df), ("i", di), ("C", dC_bar), ("o", do)):
                grads["W_" + gate] += delta @ z.T
                grads["b_" + gate] += delta
            dz = self.W_f.T @ df + self.W_i.T @ di + self.W_C.T @ dC_bar + self.W_o.T @ do
            dh_next = dz[:H, :]
            dC_next = self.f[t] * dC
        grads["h0"], grads["C0"] = dh_next, dC_next
        return grads

def setup(rng):
    net = LSTM(3, 4, 6, rng)
    inputs = rng.normal(size=(5, 3))
    targets = rng.integers(0, 6, 5)
    h0, C0 = 0.5 * rng.normal(size=(4, 1)), rng.normal(size=(4, 1))
    wrt = ["self." + name for name in LSTM.PARAMS] + ["h0", "C0"]
    return net.forward, net.backward, (inputs, targets, h0, C0), {"wrt": wrt}
