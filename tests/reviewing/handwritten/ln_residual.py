"""Layer norm + residual MLP block from scratch (companion code of the post).

    h   = x @ We + be
    out = h + swish MLP(LayerNorm(h))
    p   = softmax(out @ Wc)
"""
import numpy as np

EPS = 1e-5

def swish(z):
    return z / (1.0 + np.exp(-z))

def d_swish(z):
    s = 1.0 / (1.0 + np.exp(-z))
    return s + z * s * (1.0 - s)

def loss_fn(x, labels, We, be, gamma, beta, W1, b1, W2, b2, Wc):
    """Plain forward: mean cross entropy."""
    h = x @ We + be
    m, v = h.mean(1, keepdims=True), h.var(1, keepdims=True)
    u = (h - m) / np.sqrt(v + EPS) * gamma + beta
    z = u @ W1 + b1
    out = h + z / (1 + np.exp(-z)) @ W2 + b2
    scores = out @ Wc
    logp = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return -logp[np.arange(len(labels)), labels].mean()

def layernorm_forward(h, gamma, beta):
    mu = np.mean(h, axis=-1, keepdims=True)
    var = np.var(h, axis=-1, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + EPS)
    h_hat = (h - mu) * inv_std
    return gamma * h_hat + beta, (h_hat, inv_std, gamma)

def layernorm_backward(dout, cache):
    h_hat, inv_std, gamma = cache
    D = dout.shape[-1]
    dgamma = np.sum(dout * h_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dh_hat = dout * gamma
    sum1 = np.sum(dh_hat, axis=-1, keepdims=True)
    sum2 = np.sum(dh_hat * h_hat, axis=-1, keepdims=True)
    dh = inv_std / D * (D * dh_hat - sum1 - h_hat * sum2)
    return dh, dgamma, dbeta

def softmax(scores):
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)

def backprop(x, labels, We, be, gamma, beta, W1, b1, W2, b2, Wc):
    N = x.shape[0]
    # forward, keeping what we need
    h = x @ We + be
    u, ln_cache = layernorm_forward(h, gamma, beta)
    z = u @ W1 + b1
    a = swish(z)
    out = h + a @ W2 + b2
    probs = softmax(out @ Wc)

    # backward
    grads = {}
    dscores = probs.copy()
    dscores[np.arange(N), labels] -= 1.0
    dscores /= N
    grads["Wc"] = out.T @ dscores
    dout = dscores @ Wc.T

    # MLP branch
    grads["W2"] = a.T @ dout
    grads["b2"] = dout.sum(axis=0)
    da = dout @ W2.T
    dz = da * d_swish(z)
    grads["W1"] = u.T @ dz
    grads["b1"] = dz.sum(axis=0)
    du = dz @ W1.T
    dh, grads["gamma"], grads["beta"] = layernorm_backward(du, ln_cache)

    # skip connection
    dh += dout
    grads["We"] = x.T @ dh
    grads["be"] = dh.sum(axis=0)
    return grads

def setup(rng):
    N, I, D, H, C = 5, 3, 4, 6, 2
    r = lambda *s: rng.normal(size=s)
    args = (r(N, I), rng.integers(0, C, N), r(I, D), r(D), 1 + 0.4 * r(D), r(D) * 0.5,
            r(D, H) * 0.7, r(H) * 0.5, r(H, D) * 0.7, r(D) * 0.5, r(D, C))
    return loss_fn, backprop, args, {"wrt": ["We", "be", "gamma", "beta", "W1", "b1", "W2", "b2", "Wc"]}
