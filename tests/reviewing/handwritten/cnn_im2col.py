# Assignment 3: small conv net, conv -> relu -> avg pool -> fully connected
# multi label targets, so sigmoid + binary cross entropy
import numpy as np

stride, pool, lam = 1, 2, 0.02

def out_size(n, k):
    return (n - k) // stride + 1

def im2col(x, kh, kw):
    N, C, H, W = x.shape
    oh, ow = out_size(H, kh), out_size(W, kw)
    cols = np.zeros((N, oh, ow, C, kh, kw))
    for i in range(kh):
        for j in range(kw):
            patch = x[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride]
            cols[:, :, :, :, i, j] = patch.transpose(0, 2, 3, 1)
    return cols.reshape(N * oh * ow, C * kh * kw)

def col2im(dcols, x_shape, kh, kw):
    N, C, H, W = x_shape
    oh, ow = out_size(H, kh), out_size(W, kw)
    dcols = dcols.reshape(N, oh, ow, C, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    dx = np.zeros(x_shape)
    for i in range(kh):
        for j in range(kw):
            dx[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] += dcols[:, :, i, j]
    return dx

def conv_net_loss(x, Y, K, bk, Wd, bd):
    # slow version with plain loops, to have something to compare with
    N, C, H, W = x.shape
    F, _, kh, kw = K.shape
    oh, ow = out_size(H, kh), out_size(W, kw)
    a = np.zeros((N, F, oh, ow))
    for p in range(oh):
        for q in range(ow):
            win = x[:, :, p * stride:p * stride + kh, q * stride:q * stride + kw]
            a[:, :, p, q] = np.maximum(np.tensordot(win, K, axes=([1, 2, 3], [1, 2, 3])) + bk, 0)
    pooled = np.zeros((N, F, oh // pool, ow // pool))
    for p in range(oh // pool):
        for q in range(ow // pool):
            pooled[:, :, p, q] = a[:, :, p * pool:(p + 1) * pool, q * pool:(q + 1) * pool].mean((2, 3))
    s = pooled.reshape(N, -1) @ Wd + bd
    bce = np.sum(np.logaddexp(0, s) - Y * s) / N
    return bce + lam / 2 * (np.sum(K ** 2) + np.sum(Wd ** 2))

def conv_net_grad(x, Y, K, bk, Wd, bd):
    N, C, H, W = x.shape
    F, _, kh, kw = K.shape
    oh, ow = out_size(H, kh), out_size(W, kw)

    # forward pass
    cols = im2col(x, kh, kw)
    Kmat = K.reshape(F, -1)
    z = (cols @ Kmat.T + bk).reshape(N, oh, ow, F).transpose(0, 3, 1, 2)
    a = np.maximum(z, 0)
    pooled = a.reshape(N, F, oh // pool, pool, ow // pool, pool).mean(axis=(3, 5))
    flat = pooled.reshape(N, -1)
    scores = flat @ Wd + bd
    prob = 1 / (1 + np.exp(-scores))

    dscores = (prob - Y) / N
    dWd = np.dot(flat.T, dscores) + lam * Wd
    dbd = np.sum(dscores, axis=0)
    dflat = np.dot(dscores, Wd.T)

    # average pooling: every cell gets an equal share
    dpooled = dflat.reshape(pooled.shape)
    da = np.repeat(np.repeat(dpooled, pool, axis=2), pool, axis=3) / pool ** 2

    dz = da * (z > 0)

    # convolution
    dzmat = dz.transpose(0, 2, 3, 1).reshape(-1, F)
    dK = np.dot(dzmat.T, cols).reshape(K.shape) + lam * K
    dbk = np.sum(dzmat, axis=0)
    dcols = np.dot(dzmat, Kmat)
    dx = col2im(dcols, x.shape, kh, kw)
    return dx, dK, dbk, dWd, dbd

def setup(rng):
    N, C, H, W, F, n_labels = 3, 2, 5, 4, 6, 5
    kh, kw = 2, 3
    n_flat = F * (out_size(H, kh) // pool) * (out_size(W, kw) // pool)
    x = rng.normal(size=(N, C, H, W))
    Y = (rng.random((N, n_labels)) > 0.5).astype(float)
    K, bk = 0.6 * rng.normal(size=(F, C, kh, kw)), 0.3 * rng.normal(size=F)
    Wd, bd = 0.6 * rng.normal(size=(n_flat, n_labels)), 0.3 * rng.normal(size=n_labels)
    return conv_net_loss, conv_net_grad, (x, Y, K, bk, Wd, bd), {"wrt": ["x", "K", "bk", "Wd", "bd"]}
