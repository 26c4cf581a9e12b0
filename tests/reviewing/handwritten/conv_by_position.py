"""A tiny convnet for regression without any vectorisation.

image -> conv (a few kernels, 'valid') -> tanh -> dense -> squared error
One train step: the gradients of all images are collected, then the
parameters are moved once.
"""
import numpy as np

RATE = 0.1


def error(imgs, targets, kern, kbias, W, b):
    # mean over the images of 1/2 * |out - target|^2, written with windows
    kh, kw = kern.shape[1:]
    win = np.lib.stride_tricks.sliding_window_view(imgs, (kh, kw), axis=(1, 2))
    maps = np.tanh(np.einsum('nijab,fab->nfij', win, kern) + kbias[None, :, None, None])
    out = maps.reshape(len(imgs), -1) @ W.T + b
    return 0.5 * np.sum((out - targets) ** 2) / len(imgs)


def conv_single(img, k, bias):
    kh, kw = k.shape
    oh = img.shape[0] - kh + 1
    ow = img.shape[1] - kw + 1
    out = np.zeros((oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[i, j] = np.sum(img[i:i + kh, j:j + kw] * k) + bias
    return out


def train_step(imgs, targets, kern, kbias, W, b):
    num = len(imgs)
    nf, kh, kw = kern.shape

    # first loop: forward and the dense layer
    all_maps = []
    all_err = []
    grad_W = np.zeros(W.shape)
    grad_b = np.zeros(b.shape)
    for s in range(num):
        fmap = np.array([np.tanh(conv_single(imgs[s], kern[f], kbias[f])) for f in range(nf)])
        flat = fmap.flatten()
        pred = W.dot(flat) + b
        err = (pred - targets[s]) / num
        grad_W += np.outer(err, flat)
        grad_b += err
        all_maps.append(fmap)
        all_err.append(err)

    new_W = W - RATE * grad_W
    new_b = b - RATE * grad_b

    # second loop: back into the kernels
    grad_kern = np.zeros(kern.shape)
    grad_kbias = np.zeros(kbias.shape)
    for s in range(num):
        fmap = all_maps[s]
        back = W.T.dot(all_err[s]).reshape(fmap.shape)
        back = back * (1 - fmap ** 2)
        for f in range(nf):
            oh, ow = back[f].shape
            for i in range(oh):
                for j in range(ow):
                    patch = imgs[s][i:i + kh, j:j + kw]
                    grad_kern[f] += back[f, i, j] * patch
                    grad_kbias[f] += back[f, i, j]

    new_kern = kern - RATE * grad_kern
    new_kbias = kbias - RATE * grad_kbias
    return new_kern, new_kbias, new_W, new_b


def setup(rng):
    num, height, width, nf, outs = 3, 6, 5, 2, 4
    kern = rng.normal(size=(nf, 2, 3)) * 0.4
    kbias = rng.normal(size=nf) * 0.2
    W = rng.normal(size=(outs, nf * (height - 1) * (width - 2))) * 0.4
    b = rng.normal(size=outs) * 0.2
    args = (rng.normal(size=(num, height, width)), rng.normal(size=(num, outs)), kern, kbias, W, b)
    return error, train_step, args, {"wrt": ["kern", "kbias", "W", "b"], "returns": "updated", "lr": 0.1}
