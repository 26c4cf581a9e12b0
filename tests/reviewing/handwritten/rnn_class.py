import numpy as np


class RNN:
    """Elman network for sequence regression.

    A sequence is an array of shape (T, N, n_in), targets are (T, N, n_out).
    The network makes a prediction at every step and is trained on the MSE
    of all of them. The initial hidden state is learned as well.
    """

    def __init__(self, n_in, n_hidden, n_out, rng):
        self.n_hidden = n_hidden
        self.Wx = rng.normal(0.0, 0.6, (n_in, n_hidden))
        self.Wh = rng.normal(0.0, 0.6, (n_hidden, n_hidden))
        self.b = rng.normal(0.0, 0.3, n_hidden)
        self.Wy = rng.normal(0.0, 0.6, (n_hidden, n_out))
        self.c = rng.normal(0.0, 0.3, n_out)
        self.h0 = rng.normal(0.0, 0.5, n_hidden)
        self.hs = []
        self.ys = []

    def forward(self, inputs, targets):
        n_steps, batch, _ = inputs.shape
        # hs[0] is the initial state, hs[t + 1] the state after input t
        self.hs = [np.tile(self.h0, (batch, 1))]
        self.ys = []
        loss = 0.0
        for x, target in zip(inputs, targets):
            pre = np.dot(x, self.Wx) + np.dot(self.hs[-1], self.Wh) + self.b
            h = np.tanh(pre)
            y = np.dot(h, self.Wy) + self.c
            self.hs.append(h)
            self.ys.append(y)
            loss += np.sum((y - target) ** 2)
        return loss / (n_steps * batch)

    def backward(self, inputs, targets):
        """Backpropagation through time; forward() has to be called before."""
        T, N, _ = inputs.shape
        dWx = np.zeros_like(self.Wx)
        dWh = np.zeros_like(self.Wh)
        db = np.zeros_like(self.b)
        dWy = np.zeros_like(self.Wy)
        dc = np.zeros_like(self.c)
        dh_next = np.zeros((N, self.n_hidden))

        for t in reversed(range(T)):
            h, h_prev = self.hs[t + 1], self.hs[t]
            # readout
            dy = 2.0 * (self.ys[t] - targets[t]) / (T * N)
            dWy += h.T @ dy
            dc += dy.sum(axis=0)
            # hidden state: from the readout and from the future
            dh = dy @ self.Wy.T + dh_next
            da = dh * (1.0 - h ** 2)
            dWx += inputs[t].T @ da
            dWh += h_prev.T @ da
            db += da.sum(axis=0)
            dh_next = da @ self.Wh.T

        dh0 = dh_next.sum(axis=0)
        return {"Wx": dWx, "Wh": dWh, "b": db, "Wy": dWy, "c": dc, "h0": dh0}

    def sgd(self, grads, lr=0.05, clip=5.0):
        for name, g in grads.items():
            setattr(self, name, getattr(self, name) - lr * np.clip(g, -clip, clip))


def setup(rng):
    net = RNN(2, 5, 6, rng)
    inputs = rng.normal(size=(4, 3, 2))
    targets = rng.normal(size=(4, 3, 6))
    wrt = ["self.Wx", "self.Wh", "self.b", "self.Wy", "self.c", "self.h0"]
    return net.forward, net.backward, (inputs, targets), {"wrt": wrt}
