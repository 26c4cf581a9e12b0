# Translated from my MATLAB course scripts (exercise 8): samples are COLUMNS, m = size(X, 2)
import numpy as np

EPSILON = 1e-2
LAMBDA = 0.2


def affineForward(Theta, A):
    return np.matmul(Theta, A)


def batchnormForward(Z, gamma, beta):
    m = Z.shape[1]
    # step 1: mean of every row
    mu = np.sum(Z, axis=1, keepdims=True) / m
    # step 2: centre
    Zmu = Z - mu
    # step 3, 4: variance
    sq = Zmu ** 2
    var = np.sum(sq, axis=1, keepdims=True) / m
    # step 5, 6: inverse standard deviation
    sqrtvar = np.sqrt(var + EPSILON)
    ivar = 1 / sqrtvar
    # step 7: normalise
    Zhat = Zmu * ivar
    # step 8, 9: scale and shift
    out = gamma * Zhat + beta
    cache = (Zhat, gamma, Zmu, ivar, sqrtvar)
    return out, cache


def batchnormBackward(dout, cache):
    Zhat, gamma, Zmu, ivar, sqrtvar = cache
    m = dout.shape[1]
    dbeta = np.sum(dout, axis=1, keepdims=True)                   # step 9
    dgamma = np.sum(dout * Zhat, axis=1, keepdims=True)           # step 8
    dZhat = dout * gamma
    divar = np.sum(dZhat * Zmu, axis=1, keepdims=True)            # step 7
    dZmu1 = dZhat * ivar
    dsqrtvar = -1 / (sqrtvar ** 2) * divar                        # step 6
    dvar = 0.5 * dsqrtvar / sqrtvar                               # step 5
    dsq = np.ones(dout.shape) * dvar / m                          # step 4
    dZmu2 = 2 * Zmu * dsq                                         # step 3
    dZ1 = dZmu1 + dZmu2                                           # step 2
    dmu = -np.sum(dZ1, axis=1, keepdims=True)
    dZ2 = np.ones(dout.shape) * dmu / m                           # step 1
    dZ = dZ1 + dZ2
    return dZ, dgamma, dbeta


def costFunction(X, Y, Theta1, gamma, beta, Theta2, b2):
    Z = Theta1.dot(X)
    centred = Z - Z.mean(1)[:, None]
    N = centred / np.sqrt(Z.var(1)[:, None] + 1e-2)
    A = np.maximum(0, gamma * N + beta)
    E = Theta2.dot(A) + b2 - Y
    m = X.shape[1]
    return (E ** 2).sum() / (2 * m) + 0.2 / (2 * m) * ((Theta1 ** 2).sum() + (Theta2 ** 2).sum())


def backprop(X, Y, Theta1, gamma, beta, Theta2, b2):
    m = X.shape[1]
    # forward
    Z1 = affineForward(Theta1, X)
    N1, cache = batchnormForward(Z1, gamma, beta)
    A1 = np.maximum(N1, 0)
    H = affineForward(Theta2, A1) + b2
    # backward
    delta2 = (H - Y) / m
    Theta2_grad = delta2 @ A1.T + (LAMBDA / m) * Theta2
    b2_grad = np.sum(delta2, axis=1, keepdims=True)
    delta1 = (Theta2.T @ delta2) * (N1 > 0)
    dZ1, gamma_grad, beta_grad = batchnormBackward(delta1, cache)
    Theta1_grad = dZ1 @ X.T + (LAMBDA / m) * Theta1
    return Theta1_grad, gamma_grad, beta_grad, Theta2_grad, b2_grad


def setup(rng):
    n, h, k, m = 4, 3, 2, 5
    args = (rng.normal(size=(n, m)), rng.normal(size=(k, m)), rng.normal(size=(h, n)),
            1 + 0.3 * rng.normal(size=(h, 1)), 0.4 + 0.3 * rng.normal(size=(h, 1)),
            rng.normal(size=(k, h)), rng.normal(size=(k, 1)))
    return costFunction, backprop, args, {"wrt": ["Theta1", "gamma", "beta", "Theta2", "b2"]}
