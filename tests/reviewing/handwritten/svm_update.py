# svm_update.py -- numpy version of my ex_svm.m (multiclass L2-SVM, Weston & Watkins)
# y holds labels 1..K as in the course. C holds one cost for every class.
import numpy as np


def svmCost(Theta, theta0, X, y, C, lam, alpha):
    """ J = 1/m sum_i C(y_i) sum_{j != y_i} max(0, 1 + s_ij - s_iy)^2 + lam/2 ||Theta||^2 """
    m = X.shape[0]
    Xn = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    J = 0.0
    for i in range(m):
        s = Theta.T @ Xn[i] + theta0
        for j in range(len(s)):
            if j != y[i] - 1:
                J += C[y[i] - 1] * max(0.0, 1.0 + s[j] - s[y[i] - 1]) ** 2 / m
    return J + lam / 2 * np.sum(Theta ** 2)


def featureNormalize(X):
    mu = np.mean(X, axis=0)
    sigma = np.std(X, axis=0, ddof=1)   # Matlab's std divides by m-1
    X_norm = (X - mu) / sigma
    return X_norm


def svmStep(Theta, theta0, X, y, C, lam, alpha):
    # one step of gradient descent, gives back the new Theta and theta0
    m, n = X.shape
    K = Theta.shape[1]
    rows = np.arange(m)
    idx = y - 1                          # labels start at 1

    Xn = featureNormalize(X)

    # scores, m x K
    S = np.dot(Xn, Theta) + theta0
    Sy = S[rows, idx].reshape(m, 1)
    margin = 1 + S - Sy
    margin[rows, idx] = 0
    margin = np.maximum(margin, 0)

    # derivative with respect to the scores
    w = C[idx].reshape(m, 1)
    D = 2 * w * margin
    D[rows, idx] = -np.sum(D, axis=1)
    D = D / m

    Theta_grad = np.dot(Xn.T, D)
    theta0_grad = np.sum(D, axis=0)

    # regularization (not for the intercept)
    Theta_grad = Theta_grad + lam * Theta

    Theta = Theta - alpha * Theta_grad
    theta0 = theta0 - alpha * theta0_grad
    return Theta, theta0


def setup(rng):
    m, n, K = 5, 3, 4
    X = rng.normal(size=(m, n)) * np.array([1.0, 3.0, 0.5]) + np.array([2.0, -1.0, 0.3])
    y = rng.integers(1, K + 1, size=m)
    y[:2] = (1, K)
    C = rng.uniform(0.5, 2.0, size=K)
    args = (rng.normal(size=(n, K)), rng.normal(size=K), X, y, C, 0.6, 0.1)
    return svmCost, svmStep, args, {"wrt": ["Theta", "theta0"], "returns": "updated", "lr": 0.1}
