"""Companion code for the post "Residual streams by hand": every layer is
a pair foo_forward / foo_backward; the forward hands a cache to the backward."""
import numpy as np

GELU_C, WEIGHT_DECAY = np.sqrt(2.0 / np.pi), 0.05

def layernorm_forward(x, gamma, beta, eps=1e-5):
    centered = x - x.mean(axis=-1, keepdims=True)
    var = (centered ** 2).mean(axis=-1, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + eps)
    xhat = centered * inv_std
    return gamma * xhat + beta, (xhat, inv_std, gamma)

def layernorm_backward(dout, cache):
    xhat, inv_std, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    mean_d = dxhat.mean(axis=-1, keepdims=True)
    mean_dx = (dxhat * xhat).mean(axis=-1, keepdims=True)
    dx = inv_std * (dxhat - mean_d - xhat * mean_dx)
    return dx, dgamma, dbeta

def gelu_forward(u):
    t = np.tanh(GELU_C * (u + 0.044715 * u ** 3))
    return 0.5 * u * (1.0 + t), (u, t)

def gelu_backward(dout, cache):
    u, t = cache
    dinner = GELU_C * (1.0 + 3 * 0.044715 * u ** 2)
    return dout * (0.5 * (1.0 + t) + 0.5 * u * (1.0 - t ** 2) * dinner)

def block_forward(h, gamma, beta, W, b, V):
    n, ln_cache = layernorm_forward(h, gamma, beta)
    a, gelu_cache = gelu_forward(n @ W + b)
    return h + a @ V, (n, a, W, V, ln_cache, gelu_cache)

def block_backward(dh, cache):
    n, a, W, V, ln_cache, gelu_cache = cache
    dV = a.T @ dh + WEIGHT_DECAY * V
    da = dh @ V.T
    du = gelu_backward(da, gelu_cache)
    dW = n.T @ du + WEIGHT_DECAY * W
    db = du.sum(axis=0)
    dn = du @ W.T
    dskip, dgamma, dbeta = layernorm_backward(dn, ln_cache)
    return dh + dskip, (dgamma, dbeta, dW, db, dV)

def resnet_loss(X, y, Win, bin_, gamma1, beta1, W1, b1, V1,
                gamma2, beta2, W2, b2, V2, Wout, bout):
    h = X @ Win + bin_
    for g, be, W, b, V in [(gamma1, beta1, W1, b1, V1), (gamma2, beta2, W2, b2, V2)]:
        n = g * (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-5) + be
        u = n @ W + b
        h = h + (0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u ** 3)))) @ V
    s = h @ Wout + bout
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    penalty = sum((M ** 2).sum() for M in (W1, V1, W2, V2))
    return -logp[np.arange(len(y)), y].mean() + 0.5 * WEIGHT_DECAY * penalty

def resnet_grads(X, y, Win, bin_, gamma1, beta1, W1, b1, V1,
                 gamma2, beta2, W2, b2, V2, Wout, bout):
    h0 = X @ Win + bin_
    h1, cache1 = block_forward(h0, gamma1, beta1, W1, b1, V1)
    h2, cache2 = block_forward(h1, gamma2, beta2, W2, b2, V2)
    scores = h2 @ Wout + bout
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)

    dscores = probs.copy()
    dscores[np.arange(len(y)), y] -= 1
    dscores /= len(y)
    grads = {"Wout": h2.T @ dscores, "bout": dscores.sum(axis=0)}
    dh2 = dscores @ Wout.T
    dh1, block2 = block_backward(dh2, cache2)
    dh0, block1 = block_backward(dh1, cache1)
    for i, g in ((1, block1), (2, block2)):
        grads.update({k + str(i): v for k, v in zip(("gamma", "beta", "W", "b", "V"), g)})
    grads.update(Win=X.T @ dh0, bin_=dh0.sum(axis=0))
    return grads

def setup(rng):
    N, F, D, H, K = 4, 3, 5, 6, 2
    args = [rng.normal(size=(N, F)), np.array([0, 1, 1, 0]), rng.normal(size=(F, D)), rng.normal(size=D) * 0.3]
    for _ in range(2):
        args += [1 + 0.3 * rng.normal(size=D)]
        args += [0.4 * rng.normal(size=shape) for shape in (D, (D, H), H, (H, D))]
    args += [rng.normal(size=(D, K)), rng.normal(size=K)]
    wrt = "Win bin_ gamma1 beta1 W1 b1 V1 gamma2 beta2 W2 b2 V2 Wout bout".split()
    return resnet_loss, resnet_grads, tuple(args), {"wrt": wrt}
