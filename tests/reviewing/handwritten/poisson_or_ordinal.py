# Homework 4 -- count regression with a neural network
#
# hidden:  H   = tanh(X W1 + b1)
# output:  eta = H W2 + X V + b2          (V is the linear "skip" part)
# rate:    mu  = exposure * softplus(eta) (softplus so that it does not explode)
# loss:    weighted Poisson NLL, without the log(y!) term because it is constant
import numpy as np

LAM = 0.05   # ridge on W1, W2
LAM_V = 0.2  # ridge on the linear part


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def nll(X, y, expo, wts, W1, b1, W2, b2, V):
    '''the number we want to minimise'''
    hid = np.tanh(np.dot(X, W1) + b1)
    out = np.dot(hid, W2) + np.dot(X, V) + b2
    lam = expo.reshape(-1, 1) * np.log(1 + np.exp(out))
    per_row = np.sum(lam - y * np.log(lam), axis=1)
    data_term = np.sum(wts * per_row) / np.sum(wts)
    ridge = LAM / 2 * (np.sum(W1 * W1) + np.sum(W2 * W2)) + LAM_V / 2 * np.sum(V * V)
    return data_term + ridge


def hidden_layer(X, W1, b1):
    Z = X.dot(W1) + b1
    H = np.tanh(Z)
    return Z, H


def rate_layer(H, X, W2, b2, V, expo):
    eta = H.dot(W2) + X.dot(V) + b2
    mu = expo[:, None] * softplus(eta)
    return eta, mu


def nll_grad(X, y, expo, wts, W1, b1, W2, b2, V):
    # forward again (I know it is computed twice, but it is simpler)
    Z, H = hidden_layer(X, W1, b1)
    eta, mu = rate_layer(H, X, W2, b2, V, expo)

    # derivative of mu - y*log(mu)
    dmu = 1 - y / mu
    dmu = dmu * wts[:, None] / wts.sum()
    # through the softplus link
    deta = dmu * expo[:, None] * logistic(eta)

    # output layer
    dW2 = H.T.dot(deta)
    dV = X.T.dot(deta)
    db2 = deta.sum(axis=0)

    # hidden layer
    dH = deta.dot(W2.T)
    dZ = dH * (1 - H**2)
    dW1 = X.T.dot(dZ)
    db1 = dZ.sum(axis=0)

    # ridge (not on the biases!)
    dW1 += LAM * W1
    dW2 += LAM * W2
    dV += LAM_V * V
    return dW1, db1, dW2, db2, dV


def setup(rng):
    n, d, h, k = 5, 3, 4, 2
    X = rng.normal(size=(n, d))
    y = rng.poisson(2.0, size=(n, k)).astype(float)
    expo = rng.uniform(0.5, 2.0, size=n)
    wts = rng.uniform(0.3, 1.5, size=n)
    W1 = rng.normal(size=(d, h)) * 0.7
    b1 = rng.normal(size=h) * 0.3
    W2 = rng.normal(size=(h, k)) * 0.7
    b2 = rng.normal(size=k) * 0.3
    V = rng.normal(size=(d, k)) * 0.4
    args = (X, y, expo, wts, W1, b1, W2, b2, V)
    return nll, nll_grad, args, {"wrt": ["W1", "b1", "W2", "b2", "V"]}
