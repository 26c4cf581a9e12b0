import numpy as np

def _sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

class GRURegressor:
    """
    GRU with a linear readout at every time step; data are (time, batch, features).

        z_t = sigmoid([x_t, h_{t-1}] Wz + bz)         update gate
        r_t = sigmoid([x_t, h_{t-1}] Wr + br)         reset gate
        c_t = tanh([x_t, r_t * h_{t-1}] Wc + bc)      candidate
        h_t = (1 - z_t) * h_{t-1} + z_t * c_t
    """
    def __init__(self, n_in, n_hidden, n_out, rng, scale=0.6):
        self.n_in, self.n_hidden = n_in, n_hidden
        shape = (n_in + n_hidden, n_hidden)
        self.Wz, self.bz = scale * rng.normal(size=shape), scale * rng.normal(size=n_hidden)
        self.Wr, self.br = scale * rng.normal(size=shape), scale * rng.normal(size=n_hidden)
        self.Wc, self.bc = scale * rng.normal(size=shape), scale * rng.normal(size=n_hidden)
        self.Wy, self.by = scale * rng.normal(size=(n_hidden, n_out)), scale * rng.normal(size=n_out)
        self.h0 = scale * rng.normal(size=n_hidden)

    def forward(self, xs, targets):
        steps, batch, _ = xs.shape
        h = np.tile(self.h0, (batch, 1))
        self.states, self.cache, self.errors = [h], [], []
        loss = 0.0
        for t in range(steps):
            xh = np.concatenate([xs[t], h], axis=1)
            z = _sigmoid(xh @ self.Wz + self.bz)
            r = _sigmoid(xh @ self.Wr + self.br)
            xrh = np.concatenate([xs[t], r * h], axis=1)
            c = np.tanh(xrh @ self.Wc + self.bc)
            h = (1.0 - z) * h + z * c
            err = h @ self.Wy + self.by - targets[t]
            loss += 0.5 * np.sum(err ** 2)
            self.cache.append((xh, xrh, z, r, c))
            self.states.append(h)
            self.errors.append(err)
        return loss / (steps * batch)

    def backward(self, xs, targets):
        steps, batch, _ = xs.shape
        names = ("Wz", "bz", "Wr", "br", "Wc", "bc", "Wy", "by")
        grads = {name: np.zeros_like(getattr(self, name)) for name in names}
        dh_next = np.zeros((batch, self.n_hidden))
        for t in reversed(range(steps)):
            xh, xrh, z, r, c = self.cache[t]
            h_prev = self.states[t]

            # readout
            dy = self.errors[t] / (steps * batch)
            grads["Wy"] += self.states[t + 1].T @ dy
            grads["by"] += dy.sum(axis=0)
            dh = dy @ self.Wy.T + dh_next

            # h_t = (1 - z) h_prev + z c
            dz = dh * (c - h_prev)
            dc = dh * z
            dh_prev = dh * (1.0 - z)

            # candidate
            dc_pre = dc * (1.0 - c ** 2)
            grads["Wc"] += xrh.T @ dc_pre
            grads["bc"] += dc_pre.sum(axis=0)
            drh = (dc_pre @ self.Wc.T)[:, self.n_in:]
            dr = drh * h_prev
            dh_prev += drh * r

            # gates
            dz_pre = dz * z * (1.0 - z)
            dr_pre = dr * r * (1.0 - r)
            grads["Wz"] += xh.T @ dz_pre
            grads["bz"] += dz_pre.sum(axis=0)
            grads["Wr"] += xh.T @ dr_pre
            grads["br"] += dr_pre.sum(axis=0)
            dxh = dz_pre @ self.Wz.T + dr_pre @ self.Wr.T
            dh_prev += dxh[:, self.n_in:]
            dh_next = dh_prev
        grads["h0"] = dh_next.sum(axis=0)
        return grads

def setup(rng):
    n_in, n_hidden, n_out, steps, batch = 2, 5, 3, 6, 4
    model = GRURegressor(n_in, n_hidden, n_out, rng)
    xs = rng.normal(size=(steps, batch, n_in))
    targets = rng.normal(size=(steps, batch, n_out))
    wrt = ["self." + n for n in ("Wz", "bz", "Wr", "br", "Wc", "bc", "Wy", "by", "h0")]
    return model.forward, model.backward, (xs, targets), {"wrt": wrt}
