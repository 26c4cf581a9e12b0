# Tiny CNN with loops: conv (valid, stride 1) -> relu -> PH x PW max pool -> dense -> softmax
import numpy as np

PH, PW = 2, 3

def nll(kern, kbias, V, v0, imgs, labels):
    """average negative log likelihood of the labels"""
    nk, _, kh, kw = kern.shape
    win = np.lib.stride_tricks.sliding_window_view(imgs, (kh, kw), axis=(2, 3))
    maps = np.einsum('ncijuv,kcuv->nkij', win, kern) + kbias[None, :, None, None]
    maps = np.maximum(maps, 0.0)
    n, _, a, b = maps.shape
    small = maps.reshape(n, nk, a // PH, PH, b // PW, PW).max(axis=(3, 5))
    s = small.reshape(n, -1) @ V.T + v0
    s = s - s.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(s).sum(axis=1)) - s[np.arange(n), labels])

def conv_one(img, kern, kbias):
    nk, nc, kh, kw = kern.shape
    oh = img.shape[1] - kh + 1
    ow = img.shape[2] - kw + 1
    out = np.zeros((nk, oh, ow))
    for k in range(nk):
        for r in range(oh):
            for c in range(ow):
                out[k, r, c] = np.sum(img[:, r:r + kh, c:c + kw] * kern[k]) + kbias[k]
    return out

def pool_one(act):
    nk, oh, ow = act.shape
    out = np.zeros((nk, oh // PH, ow // PW))
    where = np.zeros((nk, oh // PH, ow // PW), dtype=int)
    for k in range(nk):
        for r in range(oh // PH):
            for c in range(ow // PW):
                block = act[k, r * PH:(r + 1) * PH, c * PW:(c + 1) * PW]
                where[k, r, c] = np.argmax(block)
                out[k, r, c] = block.max()
    return out, where

def grad(kern, kbias, V, v0, imgs, labels):
    n_img = len(imgs)
    nk, nc, kh, kw = kern.shape
    g_kern = np.zeros(kern.shape)
    g_kbias = np.zeros(kbias.shape)
    g_V = np.zeros(V.shape)
    g_v0 = np.zeros(v0.shape)

    for n, img in enumerate(imgs):
        pre = conv_one(img, kern, kbias)
        act = np.maximum(pre, 0)
        pooled, where = pool_one(act)
        feat = pooled.ravel()
        score = V.dot(feat) + v0
        e = np.exp(score - score.max())
        p = e / e.sum()

        # softmax + nll
        delta = p.copy()
        delta[labels[n]] -= 1.0
        delta /= n_img
        g_V += np.outer(delta, feat)
        g_v0 += delta
        d_pooled = V.T.dot(delta).reshape(pooled.shape)

        # every pooled gradient goes to the place where the max was
        d_act = np.zeros_like(act)
        for k in range(nk):
            for r in range(pooled.shape[1]):
                for c in range(pooled.shape[2]):
                    u, v = divmod(where[k, r, c], PW)
                    d_act[k, r * PH + u, c * PW + v] += d_pooled[k, r, c]

        d_pre = d_act * (pre > 0)

        for k in range(nk):
            for r in range(d_pre.shape[1]):
                for c in range(d_pre.shape[2]):
                    g_kern[k] += d_pre[k, r, c] * img[:, r:r + kh, c:c + kw]
            g_kbias[k] += d_pre[k].sum()

    return {'kern': g_kern, 'kbias': g_kbias, 'V': g_V, 'v0': g_v0}

def setup(rng):
    n, nc, nk, kh, kw, classes = 5, 2, 3, 3, 2, 4
    imgs = rng.normal(size=(n, nc, 6, 4))      # conv: 4 x 3, pooled: 2 x 1
    args = (rng.normal(size=(nk, nc, kh, kw)) * 0.6, rng.normal(size=nk) * 0.3 - 1.8,
            rng.normal(size=(classes, nk * 2)), rng.normal(size=classes),
            imgs, rng.integers(0, classes, size=n))
    return nll, grad, args, {"wrt": ["kern", "kbias", "V", "v0"]}
