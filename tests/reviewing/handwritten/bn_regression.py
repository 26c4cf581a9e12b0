# Batch normalisation, the short way
# ----------------------------------
# In the last post we went through the computational graph of batchnorm node by
# node. It is a nice exercise, but if you do the algebra on paper the eleven
# nodes collapse into ONE line. Here is that line inside a small regression:
#
#     X --W1--> A --BN(gamma, beta)--> relu --W2, b2--> yhat,   MSE loss

import numpy as np

EPS = 1e-3


def mse_loss(X, Y, W1, gamma, beta, W2, b2):
    A = X @ W1
    Ahat = (A - A.mean(0)) / np.sqrt(A.var(0) + EPS)
    out = np.where(gamma * Ahat + beta > 0, gamma * Ahat + beta, 0.0) @ W2 + b2
    return 0.5 * np.mean(np.sum((out - Y) ** 2, axis=1))


def bn_forward(A, gamma, beta):
    mu = A.mean(axis=0)
    xc = A - mu
    var = np.mean(xc ** 2, axis=0)
    inv_std = 1.0 / np.sqrt(var + EPS)
    xhat = xc * inv_std
    out = gamma * xhat + beta
    return out, (xhat, gamma, inv_std)


def bn_backward(dout, cache):
    xhat, gamma, inv_std = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    # the promised line. compare with the eleven nodes!
    dA = (gamma * inv_std / N) * (N * dout - dbeta - xhat * dgamma)
    return dA, dgamma, dbeta


def gradients(X, Y, W1, gamma, beta, W2, b2):
    # ---- forward ----
    A = X @ W1
    B, bn_cache = bn_forward(A, gamma, beta)
    H = np.maximum(B, 0)
    Yhat = H @ W2 + b2

    # ---- and back again ----
    dYhat = (Yhat - Y) / X.shape[0]
    dW2 = H.T @ dYhat
    db2 = np.sum(dYhat, axis=0)
    dH = dYhat @ W2.T
    dB = dH * (B > 0)
    dA, dgamma, dbeta = bn_backward(dB, bn_cache)
    dW1 = X.T @ dA
    return dW1, dgamma, dbeta, dW2, db2


def setup(rng):
    N, D, H, K = 5, 3, 6, 2
    X = rng.normal(size=(N, D)) * 1.5 + 0.4
    Y = rng.normal(size=(N, K))
    W1 = rng.normal(size=(D, H))
    gamma = rng.uniform(0.5, 1.8, size=H)
    beta = rng.normal(size=H) * 0.3 + 0.2
    W2 = rng.normal(size=(H, K))
    b2 = rng.normal(size=K) * 0.2
    return mse_loss, gradients, (X, Y, W1, gamma, beta, W2, b2), {"wrt": ["W1", "gamma", "beta", "W2", "b2"]}
