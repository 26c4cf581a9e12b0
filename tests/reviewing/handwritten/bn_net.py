import numpy as np

EPS = 1e-5
REG = 0.2

def net_loss(X, y, W1, b1, gamma, beta, W2, b2):
    """Plain loss of affine - batchnorm - relu - affine - softmax."""
    h = X @ W1 + b1
    h = gamma * (h - h.mean(0)) / np.sqrt(h.var(0) + EPS) + beta
    s = h * (h > 0) @ W2 + b2
    s = s - s.max(axis=1, keepdims=True)
    nll = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(y)), y]
    return nll.mean() + 0.5 * REG * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

def affine_forward(x, w, b):
    out = x.dot(w) + b
    cache = (x, w, b)
    return out, cache

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T)
    dw = x.T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx

def batchnorm_forward(x, gamma, beta, eps=EPS):
    mu = x.mean(axis=0)
    xmu = x - mu
    var = (xmu ** 2).mean(axis=0)
    std = np.sqrt(var + eps)
    xhat = xmu / std
    out = gamma * xhat + beta
    return out, (xhat, xmu, std, gamma)

def batchnorm_backward(dout, cache):
    xhat, xmu, std, gamma = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dvar = -0.5 * (dxhat * xmu).sum(axis=0) / std ** 3
    dmu = -(dxhat / std).sum(axis=0)
    dx = dxhat / std + 2.0 * xmu * dvar / N + dmu / N
    return dx, dgamma, dbeta

def softmax_grad(scores, y):
    N = scores.shape[0]
    shifted = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(shifted)
    probs /= probs.sum(axis=1, keepdims=True)
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    return dscores

def net_grads(X, y, W1, b1, gamma, beta, W2, b2):
    a1, fc1_cache = affine_forward(X, W1, b1)
    n1, bn_cache = batchnorm_forward(a1, gamma, beta)
    r1, relu_cache = relu_forward(n1)
    scores, fc2_cache = affine_forward(r1, W2, b2)

    grads = {}
    dscores = softmax_grad(scores, y)
    dr1, grads["W2"], grads["b2"] = affine_backward(dscores, fc2_cache)
    dn1 = relu_backward(dr1, relu_cache)
    da1, grads["gamma"], grads["beta"] = batchnorm_backward(dn1, bn_cache)
    dX, grads["W1"], grads["b1"] = affine_backward(da1, fc1_cache)
    grads["W1"] += REG * W1
    grads["W2"] += REG * W2
    grads["X"] = dX
    return grads

def setup(rng):
    N, D, H, C = 5, 4, 6, 3
    X, y = rng.normal(size=(N, D)), rng.integers(0, C, size=N)
    args = (X, y, rng.normal(size=(D, H)), rng.normal(size=H), rng.uniform(0.5, 1.5, size=H),
            rng.normal(size=H) * 0.5, rng.normal(size=(H, C)), rng.normal(size=C))
    return net_loss, net_grads, args, {"wrt": ["X", "W1", "b1", "gamma", "beta", "W2", "b2"]}
