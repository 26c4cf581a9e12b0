# Pre-norm residual block from scratch
# ------------------------------------
# y = x + W2 relu(W1 LN(x) + b1) + b2, followed by a linear classifier.
# Every *_forward returns (output, cache), every *_backward eats (dout, cache).
import numpy as np

EPS = 1e-5

def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def layernorm_forward(x, gamma, beta):
    mu = x.mean(axis=1, keepdims=True)
    centered = x - mu
    var = np.mean(centered ** 2, axis=1, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + EPS)
    xhat = centered * inv_std
    return gamma * xhat + beta, (xhat, inv_std, gamma)

def layernorm_backward(dout, cache):
    xhat, inv_std, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    # the mean and the variance both depend on x, hence two corrections
    m1 = dxhat.mean(axis=1, keepdims=True)
    m2 = np.mean(dxhat * xhat, axis=1, keepdims=True)
    dx = inv_std * (dxhat - m1 - xhat * m2)
    return dx, dgamma, dbeta

def mlp_forward(h, W1, b1, W2, b2):
    pre = h @ W1 + b1
    act = np.maximum(pre, 0)
    return act @ W2 + b2, (h, pre, act, W1, W2)

def mlp_backward(dout, cache):
    h, pre, act, W1, W2 = cache
    dW2 = act.T @ dout
    db2 = dout.sum(0)
    dact = dout @ W2.T
    dpre = dact * (pre > 0)
    dW1 = h.T @ dpre
    db1 = dpre.sum(0)
    dh = dpre @ W1.T
    return dh, dW1, db1, dW2, db2

def block_loss(x, gamma, beta, W1, b1, W2, b2, Wo, labels):
    """Mean cross entropy of the classifier on top of the block."""
    std = np.sqrt(x.var(axis=1, keepdims=True) + EPS)
    h = gamma * (x - x.mean(axis=1, keepdims=True)) / std + beta
    y = x + np.maximum(h @ W1 + b1, 0) @ W2 + b2
    logits = y @ Wo
    top = logits.max(axis=1)
    lse = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return np.mean(lse - logits[np.arange(len(x)), labels])

def block_gradients(x, gamma, beta, W1, b1, W2, b2, Wo, labels):
    n = x.shape[0]
    # forward, keeping the caches
    normed, ln_cache = layernorm_forward(x, gamma, beta)
    branch, mlp_cache = mlp_forward(normed, W1, b1, W2, b2)
    y = x + branch
    probs = softmax(y @ Wo)

    # backward
    dlogits = probs.copy()
    dlogits[np.arange(n), labels] -= 1
    dlogits /= n
    dWo = y.T @ dlogits
    dy = dlogits @ Wo.T
    dnormed, dW1, db1, dW2, db2 = mlp_backward(dy, mlp_cache)
    dx_ln, dgamma, dbeta = layernorm_backward(dnormed, ln_cache)
    dx = dy + dx_ln          # skip path + normalised path
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta, "dW1": dW1, "db1": db1,
            "dW2": dW2, "db2": db2, "dWo": dWo}

def setup(rng):
    n, d, hid, k = 4, 5, 6, 3
    args = (rng.normal(size=(n, d)), 1 + 0.3 * rng.normal(size=d), 0.3 * rng.normal(size=d),
            rng.normal(size=(d, hid)), 0.2 * rng.normal(size=hid),
            rng.normal(size=(hid, d)), 0.2 * rng.normal(size=d),
            rng.normal(size=(d, k)), np.array([2, 0, 1, 2]))
    wrt = ["x", "gamma", "beta", "W1", "b1", "W2", "b2", "Wo"]
    return block_loss, block_gradients, args, {"wrt": wrt}
