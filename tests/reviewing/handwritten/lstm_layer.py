"""LSTM layer with a linear read-out. All four gates live in one weight matrix, order: input, forget, output, candidate."""
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class LSTMRegressor:

    def __init__(self, n_in, n_hidden, n_out, rng):
        self.n_in, self.n_hidden = n_in, n_hidden
        self.W = rng.normal(0, 0.5, (n_in + n_hidden, 4 * n_hidden))
        self.b = rng.normal(0, 0.3, 4 * n_hidden)
        self.V = rng.normal(0, 0.7, (n_hidden, n_out))
        self.c = rng.normal(0, 0.3, n_out)

    def loss(self, xs, targets, h0, c0):
        """xs: (T, N, n_in), targets: (T, N, n_out). Half squared error per sequence."""
        h, s, total = h0, c0, 0.0
        for x, y in zip(xs, targets):
            gates = np.hstack((x, h)) @ self.W + self.b
            i, f, o, g = np.split(gates, 4, axis=1)
            s = sigmoid(f) * s + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(s)
            total += 0.5 * np.sum((h @ self.V + self.c - y) ** 2)
        return total / xs.shape[1]

    def _unroll(self, xs, h0, c0):
        H = self.n_hidden
        self.inputs, self.gates = [], []
        self.hs, self.cells = [h0], [c0]
        self.outputs = []
        for t in range(len(xs)):
            concat = np.concatenate([xs[t], self.hs[-1]], axis=1)
            a = concat @ self.W + self.b
            ifo = sigmoid(a[:, :3 * H])
            g = np.tanh(a[:, 3 * H:])
            i, f, o = ifo[:, :H], ifo[:, H:2 * H], ifo[:, 2 * H:]
            cell = f * self.cells[-1] + i * g
            h = o * np.tanh(cell)
            self.inputs.append(concat)
            self.gates.append((i, f, o, g))
            self.cells.append(cell)
            self.hs.append(h)
            self.outputs.append(h @ self.V + self.c)

    def backward(self, xs, targets, h0, c0):
        self._unroll(xs, h0, c0)
        T, N, _ = xs.shape
        dW, db = np.zeros_like(self.W), np.zeros_like(self.b)
        dV, dc = np.zeros_like(self.V), np.zeros_like(self.c)
        dxs = np.zeros_like(xs)
        dh_next = np.zeros_like(h0)
        dcell_next = np.zeros_like(c0)
        for t in reversed(range(T)):
            i, f, o, g = self.gates[t]
            cell, cell_prev = self.cells[t + 1], self.cells[t]
            dy = (self.outputs[t] - targets[t]) / N
            dV += self.hs[t + 1].T @ dy
            dc += dy.sum(axis=0)
            dh = dy @ self.V.T + dh_next
            tc = np.tanh(cell)
            do = dh * tc
            dcell = dh * o * (1 - tc ** 2) + dcell_next
            di = dcell * g
            df = dcell * cell_prev
            dg = dcell * i
            da = np.hstack([di * i * (1 - i),
                            df * f * (1 - f),
                            do * o * (1 - o),
                            dg * (1 - g ** 2)])
            dW += self.inputs[t].T @ da
            db += da.sum(axis=0)
            dconcat = da @ self.W.T
            dxs[t] = dconcat[:, :self.n_in]
            dh_next = dconcat[:, self.n_in:]
            dcell_next = dcell * f
        return {"W": dW, "b": db, "V": dV, "c": dc, "xs": dxs, "h0": dh_next, "c0": dcell_next}


def setup(rng):
    T, N, n_in, n_hidden, n_out = 5, 4, 3, 6, 2
    net = LSTMRegressor(n_in, n_hidden, n_out, rng)
    args = [rng.normal(size=(T, N, n_in)), rng.normal(size=(T, N, n_out)),
            rng.normal(size=(N, n_hidden)) * 0.5, rng.normal(size=(N, n_hidden)) * 0.5]
    return net.loss, net.backward, args, {"wrt": ["self.W", "self.b", "self.V", "self.c", "xs", "h0", "c0"]}
