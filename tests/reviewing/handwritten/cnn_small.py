"""Minimal convolutional network: conv (valid) -> ReLU -> 2x2 max pool -> dense -> softmax."""
import numpy as np


class SmallCNN:
    """Images come as (batch, channels, height, width), labels as integers."""

    def __init__(self, kernels, kernel_bias, W, b):
        self.kernels = kernels          # (filters, channels, kh, kw)
        self.kernel_bias = kernel_bias  # (filters,)
        self.W = W                      # (features, classes)
        self.b = b

    def _conv(self, x):
        F, _, kh, kw = self.kernels.shape
        N, _, H, W = x.shape
        out = np.zeros((N, F, H - kh + 1, W - kw + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                patch = x[:, :, i:i + kh, j:j + kw]
                out[:, :, i, j] = np.tensordot(patch, self.kernels, axes=([1, 2, 3], [1, 2, 3]))
        return out + self.kernel_bias[None, :, None, None]

    def forward(self, x, labels):
        self.conv_out = self._conv(x)
        self.relu_out = np.maximum(self.conv_out, 0)
        N, F, H, W = self.relu_out.shape
        self.pool_out = self.relu_out.reshape(N, F, H // 2, 2, W // 2, 2).max(axis=(3, 5))
        self.flat = self.pool_out.reshape(N, -1)
        logits = self.flat @ self.W + self.b
        logits = logits - logits.max(axis=1, keepdims=True)
        self.probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.probs[np.arange(N), labels]))

    def _pool_backward(self, grad):
        """Route each gradient to the position of the maximum of its window."""
        dx = np.zeros_like(self.relu_out)
        N, F, PH, PW = grad.shape
        for n in range(N):
            for f in range(F):
                for i in range(PH):
                    for j in range(PW):
                        window = self.relu_out[n, f, 2 * i:2 * i + 2, 2 * j:2 * j + 2]
                        r, c = np.unravel_index(np.argmax(window), window.shape)
                        dx[n, f, 2 * i + r, 2 * j + c] = grad[n, f, i, j]
        return dx

    def _conv_backward(self, x, grad):
        kh, kw = self.kernels.shape[2:]
        d_kernels = np.zeros_like(self.kernels)
        d_x = np.zeros_like(x)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                g = grad[:, :, i, j]                                    # (batch, filters)
                patch = x[:, :, i:i + kh, j:j + kw]
                d_kernels += np.tensordot(g, patch, axes=([0], [0]))
                d_x[:, :, i:i + kh, j:j + kw] += np.tensordot(g, self.kernels, axes=([1], [0]))
        d_bias = grad.sum(axis=(0, 2, 3))
        return d_kernels, d_bias, d_x

    def backward(self, x, labels):
        batch = x.shape[0]
        d_logits = self.probs.copy()
        d_logits[np.arange(batch), labels] -= 1
        d_logits /= batch

        d_W = self.flat.T @ d_logits
        d_b = d_logits.sum(axis=0)
        d_flat = d_logits @ self.W.T

        d_pool = d_flat.reshape(self.pool_out.shape)
        d_relu = self._pool_backward(d_pool)
        d_conv = d_relu * (self.conv_out > 0)
        d_kernels, d_bias, d_x = self._conv_backward(x, d_conv)
        return {"kernels": d_kernels, "kernel_bias": d_bias, "W": d_W, "b": d_b, "x": d_x}


def setup(rng):
    filters, channels, kh, kw, classes, batch = 5, 3, 2, 4, 6, 4
    height, width = 5, 9                 # conv 4x6, pool 2x3
    net = SmallCNN(rng.normal(size=(filters, channels, kh, kw)), rng.normal(size=filters) - 1.0,
                   rng.normal(size=(filters * 2 * 3, classes)) * 0.3, rng.normal(size=classes))
    args = (rng.normal(size=(batch, channels, height, width)), rng.integers(0, classes, size=batch))
    return net.forward, net.backward, args, {
        "wrt": ["self.kernels", "self.kernel_bias", "self.W", "self.b", "x"]}
