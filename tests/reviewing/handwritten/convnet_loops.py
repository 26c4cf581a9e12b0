# Exercise sheet 7: a small convnet without any framework, one image at a time.
# x (N, H, W, C) -> conv 3x3, stride 1, no padding -> relu -> mean pool 2x2 -> dense -> softmax
import numpy as np


def conv_image(img, kernels, bias):
    """img (H, W, C), kernels (F, 3, 3, C) -> (H-2, W-2, F)"""
    rows, cols = img.shape[0] - 2, img.shape[1] - 2
    out = np.zeros((rows, cols, kernels.shape[0]))
    for f in range(kernels.shape[0]):
        for r in range(rows):
            for c in range(cols):
                out[r, c, f] = np.sum(img[r:r+3, c:c+3] * kernels[f]) + bias[f]
    return out


def pool_image(a):
    H, W, F = a.shape
    return a.reshape(H // 2, 2, W // 2, 2, F).mean(axis=(1, 3))


def cnn_loss(x, labels, kernels, conv_b, fc_w, fc_b):
    total = 0.0
    for img, y in zip(x, labels):
        feat = pool_image(np.maximum(conv_image(img, kernels, conv_b), 0)).ravel()
        s = feat @ fc_w + fc_b
        s = s - s.max()
        total += np.log(np.sum(np.exp(s))) - s[y]
    return total / len(x)


def unpool_image(d_pooled, shape):
    # every pixel of a 2x2 window had a quarter of the say
    d = np.zeros(shape)
    for r in range(d_pooled.shape[0]):
        for c in range(d_pooled.shape[1]):
            d[2*r:2*r+2, 2*c:2*c+2, :] = d_pooled[r, c] / 4
    return d


def conv_image_backward(d_out, img, kernels):
    d_img, d_kern = np.zeros_like(img), np.zeros_like(kernels)
    d_bias = np.zeros(kernels.shape[0])
    rows, cols, F = d_out.shape
    for f in range(F):
        for r in range(rows):
            for c in range(cols):
                g = d_out[r, c, f]
                d_kern[f] += g * img[r:r+3, c:c+3, :]
                d_img[r:r+3, c:c+3, :] += g * kernels[f]
        d_bias[f] = d_out[:, :, f].sum()
    return d_img, d_kern, d_bias


def cnn_gradients(x, labels, kernels, conv_b, fc_w, fc_b):
    N = x.shape[0]
    grads = {"x": np.zeros_like(x), "kernels": np.zeros_like(kernels), "conv_b": np.zeros_like(conv_b),
             "fc_w": np.zeros_like(fc_w), "fc_b": np.zeros_like(fc_b)}
    for n in range(N):
        z = conv_image(x[n], kernels, conv_b)
        a = np.maximum(z, 0)
        pooled = pool_image(a)
        flat = pooled.reshape(-1)
        scores = flat @ fc_w + fc_b
        e = np.exp(scores - scores.max())
        probs = e / e.sum()
        # backward
        d_scores = probs.copy()
        d_scores[labels[n]] -= 1
        d_scores /= N
        grads["fc_w"] += np.outer(flat, d_scores)
        grads["fc_b"] += d_scores
        d_flat = fc_w @ d_scores
        d_pooled = d_flat.reshape(pooled.shape)
        d_a = unpool_image(d_pooled, a.shape)
        d_z = d_a * (z > 0)
        d_img, d_kern, d_bias = conv_image_backward(d_z, x[n], kernels)
        grads["x"][n] = d_img
        grads["kernels"] += d_kern
        grads["conv_b"] += d_bias
    return grads


def setup(rng):
    N, H, W, C, F, classes = 3, 6, 8, 2, 4, 5
    x, labels = rng.normal(size=(N, H, W, C)), np.array([4, 0, 2])
    kernels, conv_b = rng.normal(size=(F, 3, 3, C)) * 0.4, rng.normal(size=F) * 0.2
    fc_w, fc_b = rng.normal(size=(2 * 3 * F, classes)) * 0.5, rng.normal(size=classes) * 0.2
    return cnn_loss, cnn_gradients, [x, labels, kernels, conv_b, fc_w, fc_b], {
        "wrt": ["x", "kernels", "conv_b", "fc_w", "fc_b"]}
