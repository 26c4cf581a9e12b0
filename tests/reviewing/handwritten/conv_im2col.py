"""conv -> relu -> dense -> softmax, with the convolution as one matrix product (im2col)."""
import numpy as np

def _indices(x_shape, kh, kw, pad, stride):
    _, C, H, W = x_shape
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    i = np.tile(np.repeat(np.arange(kh), kw), C)[:, None] + stride * np.repeat(np.arange(oh), ow)
    j = np.tile(np.arange(kw), kh * C)[:, None] + stride * np.tile(np.arange(ow), oh)
    k = np.repeat(np.arange(C), kh * kw)[:, None]
    return k, i, j, oh, ow

def im2col(x, kh, kw, pad, stride):
    k, i, j, oh, ow = _indices(x.shape, kh, kw, pad, stride)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return xp[:, k, i, j], oh, ow          # (N, C*kh*kw, oh*ow)

def col2im(cols, x_shape, kh, kw, pad, stride):
    N, C, H, W = x_shape
    k, i, j, _, _ = _indices(x_shape, kh, kw, pad, stride)
    xp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    np.add.at(xp, (slice(None), k, i, j), cols)
    return xp[:, :, pad:pad + H, pad:pad + W]

def conv_forward(x, w, b, pad, stride):
    F, _, kh, kw = w.shape
    cols, oh, ow = im2col(x, kh, kw, pad, stride)
    out = w.reshape(F, -1) @ cols + b[:, None]
    return out.reshape(x.shape[0], F, oh, ow), (x.shape, w, cols, pad, stride)

def conv_backward(dout, cache):
    x_shape, w, cols, pad, stride = cache
    F, _, kh, kw = w.shape
    db = dout.sum(axis=(0, 2, 3))
    dmat = dout.reshape(dout.shape[0], F, -1)
    dw = np.einsum("nfp,ncp->fc", dmat, cols).reshape(w.shape)
    dcols = w.reshape(F, -1).T @ dmat
    dx = col2im(dcols, x_shape, kh, kw, pad, stride)
    return dx, dw, db

def dense_forward(x, w, b):
    flat = x.reshape(x.shape[0], -1)
    return flat @ w + b, (x.shape, flat, w)

def dense_backward(dout, cache):
    shape, flat, w = cache
    return (dout @ w.T).reshape(shape), flat.T @ dout, dout.sum(axis=0)

def softmax_delta(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    d = e / e.sum(axis=1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    return d / len(y)

def net_loss(x, y, w1, b1, w2, b2, reg):
    F, C, kh, kw = w1.shape
    N, _, H, W = x.shape
    xp = np.zeros((N, C, H + 2, W + 2))
    xp[:, :, 1:-1, 1:-1] = x
    rows = range(0, H + 3 - kh, 2)
    colsr = range(0, W + 3 - kw, 2)
    a = np.array([[np.tensordot(xp[:, :, r:r + kh, c:c + kw], w1, ((1, 2, 3), (1, 2, 3))) + b1
                   for c in colsr] for r in rows])
    s = (a * (a > 0)).transpose(2, 3, 0, 1).reshape(N, -1) @ w2 + b2
    nll = np.log(np.exp(s).sum(1)) - s[np.arange(N), y]
    return nll.mean() + 0.5 * reg * (np.sum(w1 ** 2) + np.sum(w2 ** 2))

def net_grads(x, y, w1, b1, w2, b2, reg):
    a, conv_cache = conv_forward(x, w1, b1, pad=1, stride=2)
    h = np.maximum(a, 0)
    scores, fc_cache = dense_forward(h, w2, b2)

    dscores = softmax_delta(scores, y)
    dh, dw2, db2 = dense_backward(dscores, fc_cache)
    da = np.where(a > 0, dh, 0)
    dx, dw1, db1 = conv_backward(da, conv_cache)
    dw1 += reg * w1
    dw2 += reg * w2
    return dx, dw1, db1, dw2, db2

def setup(rng):
    N, C, H, W, F, K, kh, kw = 5, 3, 4, 7, 6, 2, 2, 3
    x = rng.normal(size=(N, C, H, W))
    y = rng.integers(0, K, size=N)
    w1 = rng.normal(size=(F, C, kh, kw)) * 0.5
    b1 = rng.normal(size=F) * 0.2
    w2 = rng.normal(size=(F * 12, K)) * 0.3
    b2 = rng.normal(size=K) * 0.2
    return net_loss, net_grads, (x, y, w1, b1, w2, b2, 0.2), {"wrt": ["x", "w1", "b1", "w2", "b2"]}
