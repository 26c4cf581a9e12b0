"""
A one-layer CNN without a framework (code for the blog post).

    conv (zero padding, stride) -> ReLU -> global average pooling -> dense -> softmax

The only Python loop left runs over the few kernel offsets.
Layout is NCHW everywhere.
"""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cnn_loss(images, kernels, kbias, dense_w, dense_b, labels, stride, pad, l2):
    """mean cross entropy + l2/2 * |kernels|^2 (windows version)"""
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    kh, kw = kernels.shape[2:]
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    maps = np.einsum("nchwij,fcij->nfhw", windows, kernels) + kbias[None, :, None, None]
    pooled = np.maximum(maps, 0).mean(axis=(2, 3))
    probs = softmax(pooled @ dense_w + dense_b)
    data_loss = -np.log(probs[np.arange(len(labels)), labels]).mean()
    return data_loss + 0.5 * l2 * (kernels ** 2).sum()


def cnn_grads(images, kernels, kbias, dense_w, dense_b, labels, stride, pad, l2):
    N, C, H, W = images.shape
    F, _, kh, kw = kernels.shape
    out_h = (H + 2 * pad - kh) // stride + 1
    out_w = (W + 2 * pad - kw) // stride + 1

    # ---- forward, offset by offset
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad:pad + H, pad:pad + W] = images
    maps = np.zeros((N, F, out_h, out_w))
    for i in range(kh):
        for j in range(kw):
            patch = padded[:, :, i:i + stride * out_h:stride, j:j + stride * out_w:stride]
            maps += np.einsum("nchw,fc->nfhw", patch, kernels[:, :, i, j])
    maps += kbias.reshape(1, F, 1, 1)
    active = np.maximum(maps, 0)
    pooled = active.mean(axis=(2, 3))
    probs = softmax(pooled.dot(dense_w) + dense_b)

    # ---- backward: softmax + cross entropy
    dscores = probs.copy()
    dscores[np.arange(N), labels] -= 1
    dscores /= N

    # dense layer
    ddense_w = pooled.T.dot(dscores)
    ddense_b = dscores.sum(axis=0)
    dpooled = dscores.dot(dense_w.T)

    # every pixel of a map gets the same share of the pooled gradient
    dactive = np.ones_like(maps) * dpooled[:, :, None, None] / (out_h * out_w)
    dmaps = dactive * (maps > 0)

    # convolution
    dkbias = dmaps.sum(axis=(0, 2, 3))
    dkernels = np.zeros_like(kernels)
    dpadded = np.zeros_like(padded)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + stride * out_h, stride)
            cols = slice(j, j + stride * out_w, stride)
            dkernels[:, :, i, j] = np.einsum("nfhw,nchw->fc", dmaps, padded[:, :, rows, cols])
            dpadded[:, :, rows, cols] += np.einsum("nfhw,fc->nchw", dmaps, kernels[:, :, i, j])
    dkernels += l2 * kernels
    dimages = dpadded[:, :, pad:pad + H, pad:pad + W]

    return {"images": dimages, "kernels": dkernels, "kbias": dkbias,
            "dense_w": ddense_w, "dense_b": ddense_b}


def setup(rng):
    N, C, H, W, F, K = 4, 2, 6, 7, 3, 5
    args = [rng.normal(size=(N, C, H, W)), rng.normal(size=(F, C, 3, 2)), rng.normal(size=F) * 0.3,
            rng.normal(size=(F, K)), rng.normal(size=K) * 0.2, rng.integers(0, K, size=N), 2, 1, 0.1]
    return cnn_loss, cnn_grads, args, {"wrt": ["images", "kernels", "kbias", "dense_w", "dense_b"]}
