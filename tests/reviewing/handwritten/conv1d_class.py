"""Tiny 1-D CNN detector: conv (stride 2, zero padded) -> tanh -> max over time -> dense -> sigmoid."""
import numpy as np


class Conv1dDetector:
    """Binary classifier of multichannel signals, x of shape (batch, channels, length)."""

    def __init__(self, n_channels, n_filters, width, stride=2, pad=1, l2=0.02, rng=None):
        rng = rng if rng is not None else np.random.default_rng()
        self.stride, self.pad, self.l2 = stride, pad, l2
        self.kernel = rng.normal(size=(n_filters, n_channels, width)) * 0.5
        self.bias = rng.normal(size=n_filters) * 0.2
        self.w_out = rng.normal(size=n_filters)
        self.b_out = rng.normal(size=1) * 0.2
        self._cache = None

    @property
    def width(self):
        return self.kernel.shape[2]

    def forward(self, x, y):
        xp = np.pad(x, ((0, 0), (0, 0), (self.pad, self.pad)))
        steps = (xp.shape[2] - self.width) // self.stride + 1
        z = np.empty((x.shape[0], self.kernel.shape[0], steps))
        for t in range(steps):
            lo = t * self.stride
            window = xp[:, :, lo:lo + self.width]
            z[:, :, t] = np.tensordot(window, self.kernel, axes=([1, 2], [1, 2])) + self.bias
        act = np.tanh(z)
        where = act.argmax(axis=2)
        feat = act.max(axis=2)
        prob = 1.0 / (1.0 + np.exp(-(feat @ self.w_out + self.b_out)))
        self._cache = (xp, act, where, feat, prob)
        bce = -np.mean(y * np.log(prob) + (1 - y) * np.log(1 - prob))
        return bce + 0.5 * self.l2 * (np.sum(self.kernel ** 2) + np.sum(self.w_out ** 2))

    # -- gradients ---------------------------------------------------------
    def backward(self, x, y):
        """Gradients for the batch last seen by forward()."""
        xp, act, where, feat, prob = self._cache
        delta = (prob - y) / len(y)
        grads = {
            "w_out": feat.T @ delta + self.l2 * self.w_out,
            "b_out": np.array([delta.sum()]),
        }
        d_feat = np.outer(delta, self.w_out)
        d_act = self._unpool(d_feat, where, act.shape)
        d_z = d_act * (1.0 - act ** 2)
        d_kernel, d_bias, d_x = self._conv_backward(d_z, xp)
        grads["kernel"] = d_kernel + self.l2 * self.kernel
        grads["bias"] = d_bias
        grads["x"] = d_x
        return grads

    @staticmethod
    def _unpool(d_feat, where, shape):
        d_act = np.zeros(shape)
        n, f = np.indices(where.shape)
        d_act[n, f, where] = d_feat
        return d_act

    def _conv_backward(self, d_z, xp):
        d_kernel = np.zeros_like(self.kernel)
        d_xp = np.zeros_like(xp)
        for t in range(d_z.shape[2]):
            start = t * self.stride
            stop = start + self.width
            g = d_z[:, :, t]
            d_kernel += np.einsum("nf,nck->fck", g, xp[:, :, start:stop])
            d_xp[:, :, start:stop] += np.einsum("nf,fck->nck", g, self.kernel)
        d_bias = d_z.sum(axis=(0, 2))
        return d_kernel, d_bias, d_xp[:, :, self.pad:-self.pad]


def setup(rng):
    net = Conv1dDetector(n_channels=2, n_filters=6, width=3, rng=rng)
    x = rng.normal(size=(5, 2, 7))
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    return net.forward, net.backward, (x, y), {
        "wrt": ["self.kernel", "self.bias", "self.w_out", "self.b_out", "x"]}
