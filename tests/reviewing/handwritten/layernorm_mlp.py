# hw3.py -- problem 2: MLP with layer norm and a skip connection
# x -> fc1 -> layernorm -> gelu -> (+ skip from fc1) -> fc2 -> mse
import numpy as np

EPS = 1e-3
WD = 0.05          # weight decay on W1, W2 (not on biases / gamma / beta)
C = np.sqrt(2.0 / np.pi)


def gelu(x):
    return 0.5 * x * (1.0 + np.tanh(C * (x + 0.044715 * x ** 3)))


def gelu_grad(x):
    u = C * (x + 0.044715 * x ** 3)
    t = np.tanh(u)
    du = C * (1.0 + 3 * 0.044715 * x ** 2)
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t ** 2) * du


def compute_loss(X, Y, W1, b1, gamma, beta, W2, b2):
    h = X.dot(W1) + b1
    m = h.mean(axis=1, keepdims=True)
    v = h.var(axis=1, keepdims=True)
    n = gamma * (h - m) / np.sqrt(v + EPS) + beta
    out = (gelu(n) + h).dot(W2) + b2
    reg = 0.5 * WD * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    return np.mean((out - Y) ** 2) + reg


def layernorm_fwd(x, gamma, beta):
    mu = np.mean(x, axis=1, keepdims=True)
    xmu = x - mu
    var = np.mean(xmu ** 2, axis=1, keepdims=True)
    sqrtvar = np.sqrt(var + EPS)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    return gamma * xhat + beta, (xhat, xmu, ivar, sqrtvar, gamma)


def layernorm_bwd(dout, cache):
    xhat, xmu, ivar, sqrtvar, gamma = cache
    N, H = dout.shape
    # step 9, 8: shift and scale
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    # step 7: two branches, xmu and 1/std
    divar = np.sum(dxhat * xmu, axis=1, keepdims=True)
    dxmu = dxhat * ivar
    # step 6, 5: inverse and sqrt
    dsqrtvar = -divar / sqrtvar ** 2
    dvar = 0.5 * ivar * dsqrtvar
    # step 4, 3: mean of squares
    dxmu += 2.0 * xmu * dvar / H
    # step 2, 1: subtract the mean
    dmu = -np.sum(dxmu, axis=1, keepdims=True)
    dx = dxmu + dmu / H
    return dx, dgamma, dbeta


def compute_grads(X, Y, W1, b1, gamma, beta, W2, b2):
    grads = {}
    # forward
    h1 = np.dot(X, W1) + b1
    ln, cache = layernorm_fwd(h1, gamma, beta)
    act = gelu(ln)
    r = act + h1
    yhat = np.dot(r, W2) + b2

    # backward
    dyhat = 2.0 * (yhat - Y) / Y.size
    grads["W2"] = np.dot(r.T, dyhat) + WD * W2
    grads["b2"] = np.sum(dyhat, axis=0)
    dr = np.dot(dyhat, W2.T)
    dln = dr * gelu_grad(ln)
    dh1, grads["gamma"], grads["beta"] = layernorm_bwd(dln, cache)
    dh1 = dh1 + dr     # skip connection
    grads["W1"] = np.dot(X.T, dh1) + WD * W1
    grads["b1"] = np.sum(dh1, axis=0)
    return grads


def setup(rng):
    N, D, H, O = 4, 3, 5, 2
    args = (rng.normal(size=(N, D)), rng.normal(size=(N, O)),
            rng.normal(size=(D, H)), 0.5 * rng.normal(size=H),
            1.0 + 0.4 * rng.normal(size=H), 0.5 * rng.normal(size=H),
            rng.normal(size=(H, O)), 0.5 * rng.normal(size=O))
    return compute_loss, compute_grads, args, {"wrt": ["W1", "b1", "gamma", "beta", "W2", "b2"]}
