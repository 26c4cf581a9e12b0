import numpy as np

# Homework 4: conv -> relu -> max pool -> dense -> softmax
# images are (N, C, H, W), filters are (F, C, KH, KW), stride 1, no padding

P = 2      # pool size
REG = 0.1  # weight decay on the dense layer

def im2col(x, kh, kw):
    """-> (N, OH*OW, C*KH*KW)"""
    N, C, H, W = x.shape
    oh, ow = H - kh + 1, W - kw + 1
    cols = np.zeros((N, oh * ow, C * kh * kw))
    for r in range(oh):
        for c in range(ow):
            cols[:, r * ow + c] = x[:, :, r:r + kh, c:c + kw].reshape(N, -1)
    return cols

def col2im(dcols, shape, kh, kw):
    N, C, H, W = shape
    oh, ow = H - kh + 1, W - kw + 1
    dx = np.zeros(shape)
    for r in range(oh):
        for c in range(ow):
            patch = dcols[:, r * ow + c].reshape(N, C, kh, kw)
            dx[:, :, r:r + kh, c:c + kw] += patch
    return dx

def cnn_loss(x, K, bk, Wd, bd, y):
    N, F = x.shape[0], K.shape[0]
    win = np.lib.stride_tricks.sliding_window_view(x, K.shape[2:], axis=(2, 3))
    z = np.einsum("nchwij,fcij->nfhw", win, K) + bk[None, :, None, None]
    a = np.maximum(z, 0)
    a = a.reshape(N, F, z.shape[2] // P, P, z.shape[3] // P, P).max(axis=(3, 5))
    s = a.reshape(N, -1) @ Wd + bd
    s = s - s.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -logp[np.arange(N), y].mean() + 0.5 * REG * (Wd ** 2).sum()

def cnn_backward(x, K, bk, Wd, bd, y):
    N, C, H, W = x.shape
    F, _, kh, kw = K.shape
    oh, ow = H - kh + 1, W - kw + 1

    # forward pass again, we need the middle values
    cols = im2col(x, kh, kw)
    Kmat = K.reshape(F, -1)
    z = (cols @ Kmat.T + bk).transpose(0, 2, 1).reshape(N, F, oh, ow)
    a = np.maximum(z, 0)
    pooled = np.zeros((N, F, oh // P, ow // P))
    for r in range(oh // P):
        for c in range(ow // P):
            pooled[:, :, r, c] = a[:, :, r*P:(r+1)*P, c*P:(c+1)*P].max(axis=(2, 3))
    flat = pooled.reshape(N, -1)
    scores = flat @ Wd + bd
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = e / e.sum(axis=1, keepdims=True)

    # dense + softmax
    ds = probs
    ds[np.arange(N), y] -= 1
    ds = ds / N
    dWd = flat.T @ ds + REG * Wd
    dbd = ds.sum(axis=0)
    dpool = (ds @ Wd.T).reshape(pooled.shape)

    # pooling: gradient only goes to the winner
    da = np.zeros_like(a)
    for r in range(oh // P):
        for c in range(ow // P):
            block = a[:, :, r*P:r*P+P, c*P:c*P+P]
            mask = block == pooled[:, :, r, c][:, :, None, None]
            da[:, :, r*P:r*P+P, c*P:c*P+P] = mask * dpool[:, :, r, c][:, :, None, None]

    # relu and convolution
    dz = da * (z > 0)
    dbk = dz.sum(axis=(0, 2, 3))
    dzc = dz.reshape(N, F, oh * ow).transpose(0, 2, 1)
    dK = np.tensordot(dzc, cols, axes=([0, 1], [0, 1])).reshape(K.shape)
    dx = col2im(dzc @ Kmat, x.shape, kh, kw)
    return {"dx": dx, "dK": dK, "dbk": dbk, "dWd": dWd, "dbd": dbd}

def setup(rng):
    x = rng.normal(size=(3, 2, 6, 7))
    K = 0.5 * rng.normal(size=(4, 2, 3, 2))
    bk = 0.2 * rng.normal(size=4)
    Wd = rng.normal(size=(4 * 2 * 3, 5)) * 0.4
    bd = 0.2 * rng.normal(size=5)
    y = np.array([4, 0, 2])
    return cnn_loss, cnn_backward, (x, K, bk, Wd, bd, y), {"wrt": ["x", "K", "bk", "Wd", "bd"]}
