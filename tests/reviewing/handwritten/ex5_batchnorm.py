# ex5_batchnorm.py
# Port of my solution of programming exercise 5 (was costFunctionBN.m)
#   X      : m x n      (one example per ROW)
#   Theta1 : n x s2     no bias here, beta does the job
#   Theta2 : s2 x K , b2 : 1 x K
# All the ".*" became "*", and all the "*" became ".dot" ... I hope.
import numpy as np

EPSILON = 0.05
LAM = 0.7


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def costFunctionBN(Theta1, gamma, beta, Theta2, b2, X, y):
    # J only, used by checkNNGradients
    m = np.size(X, 0)
    z2 = X.dot(Theta1)
    z2n = (z2 - z2.mean(axis=0)) / np.sqrt(z2.var(axis=0) + EPSILON)
    h = sigmoid(sigmoid(gamma * z2n + beta).dot(Theta2) + b2)
    J = -np.sum(y * np.log(h) + (1 - y) * np.log(1 - h)) / m
    return J + LAM / (2 * m) * (np.sum(Theta1 ** 2) + np.sum(Theta2 ** 2))


def gradBN(Theta1, gamma, beta, Theta2, b2, X, y):
    m = np.size(X, 0)
    s2 = np.size(Theta1, 1)

    # ====== Part 1: forward, one small step per line ======
    z2 = X.dot(Theta1)
    mu = 1 / m * np.sum(z2, axis=0)
    xmu = z2 - mu
    sq = xmu ** 2
    var = 1 / m * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + EPSILON)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    bn = gamma * xhat + beta
    a2 = sigmoid(bn)
    z3 = a2.dot(Theta2) + b2
    h = sigmoid(z3)

    # ====== Part 2: backward, the same steps from the bottom up ======
    delta3 = (h - y) / m
    Theta2_grad = a2.T.dot(delta3)
    b2_grad = np.sum(delta3, axis=0)
    da2 = delta3.dot(Theta2.T)
    dbn = da2 * sigmoidGradient(bn)
    # scale and shift
    dbeta = np.sum(dbn, axis=0)
    dgamma = np.sum(dbn * xhat, axis=0)
    dxhat = dbn * gamma
    # xhat = xmu .* ivar
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    # ivar = 1 ./ sqrtvar
    dsqrtvar = -1 / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1 / np.sqrt(var + EPSILON) * dsqrtvar
    # var = mean(sq)
    dsq = 1 / m * np.ones((m, s2)) * dvar
    dxmu2 = 2 * xmu * dsq
    # xmu = z2 - mu
    dz2a = dxmu1 + dxmu2
    dmu = -1 * np.sum(dz2a, axis=0)
    dz2b = 1 / m * np.ones((m, s2)) * dmu
    dz2 = dz2a + dz2b
    Theta1_grad = X.T.dot(dz2)

    # ====== Part 3: regularization ======
    Theta1_grad += LAM / m * Theta1
    Theta2_grad += LAM / m * Theta2
    return Theta1_grad, dgamma, dbeta, Theta2_grad, b2_grad


def setup(rng):
    m, n, s2, K = 5, 3, 4, 2
    args = (rng.normal(size=(n, s2)), rng.uniform(0.5, 1.5, size=s2), rng.normal(size=s2),
            rng.normal(size=(s2, K)), rng.normal(size=K), rng.normal(size=(m, n)),
            (rng.uniform(size=(m, K)) > 0.5).astype(float))
    return costFunctionBN, gradBN, args, {"wrt": ["Theta1", "gamma", "beta", "Theta2", "b2"]}
