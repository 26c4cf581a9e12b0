# ex4 of the course, ported from Octave and extended with batch normalization + dropout
# X is m x n (one example per row), Y is m x K (one-hot), m = number of examples
#   layer 2:  z2 = X*Theta1, batch norm (gamma, beta), ReLU, dropout with mask D
#   layer 3:  z3 = a2*Theta2 + b2, softmax
import numpy as np

EPSILON = 1e-3


def nnCost(X, Y, Theta1, gamma, beta, Theta2, b2, D, keep_prob):
    m = X.shape[0]
    z2 = X @ Theta1
    zn = (z2 - z2.mean(0)) / np.sqrt(z2.var(0) + EPSILON)
    a2 = np.fmax(gamma * zn + beta, 0) * D / keep_prob
    z3 = a2 @ Theta2 + b2
    z3 = z3 - z3.max(1)[:, None]
    logp = z3 - np.log(np.exp(z3).sum(1))[:, None]
    J = -(Y * logp).sum() / m
    return J


def nnGrad(X, Y, Theta1, gamma, beta, Theta2, b2, D, keep_prob):
    m = X.shape[0]

    # ---------- Part 1: feedforward ----------
    z2 = np.dot(X, Theta1)
    mu = 1.0 / m * np.sum(z2, axis=0)
    xmu = z2 - mu
    sq = xmu ** 2
    var = 1.0 / m * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + EPSILON)
    ivar = 1.0 / sqrtvar
    xhat = xmu.copy()
    xhat *= ivar
    y2 = gamma * xhat + beta
    r2 = np.maximum(y2, 0)
    a2 = r2 * D
    a2 = a2 / keep_prob
    z3 = np.dot(a2, Theta2) + b2
    e3 = np.exp(z3 - np.max(z3, axis=1, keepdims=True))
    h = e3 / np.sum(e3, axis=1, keepdims=True)

    # ---------- Part 2: backpropagation ----------
    delta3 = (h - Y) / m
    Theta2_grad = np.dot(a2.T, delta3)
    b2_grad = np.sum(delta3, axis=0)

    da2 = np.dot(delta3, Theta2.T)
    da2 = da2 * D
    da2 = da2 / keep_prob
    dy2 = da2.copy()
    dy2[y2 <= 0] = 0

    # batch norm, backwards step by step
    beta_grad = np.sum(dy2, axis=0)
    gamma_grad = np.sum(dy2 * xhat, axis=0)
    dxhat = dy2 * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    dvar = 0.5 / sqrtvar * dsqrtvar
    dsq = 1.0 / m * np.ones(z2.shape) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dx1, axis=0)
    dx2 = 1.0 / m * np.ones(z2.shape) * dmu
    delta2 = dx1 + dx2

    Theta1_grad = np.dot(X.T, delta2)
    return Theta1_grad, gamma_grad, beta_grad, Theta2_grad, b2_grad


def setup(rng):
    m, n, s2, K = 5, 3, 6, 4
    X = rng.normal(size=(m, n)) + 0.5
    Y = np.eye(K)[rng.integers(0, K, m)]
    D = (rng.random((m, s2)) < 0.75).astype(float)
    args = (X, Y, rng.normal(size=(n, s2)), 1 + 0.4 * rng.normal(size=s2), 0.5 * rng.normal(size=s2),
            rng.normal(size=(s2, K)), 0.2 * rng.normal(size=K), D, 0.75)
    return nnCost, nnGrad, args, {"wrt": ["Theta1", "gamma", "beta", "Theta2", "b2"]}
