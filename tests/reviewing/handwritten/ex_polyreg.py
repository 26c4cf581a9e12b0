# Exercise 2 + 5 in Python (translated from my Octave files)
# one-vs-all logistic regression on mapped features + polynomial linear regression
# theta(1) of Octave is theta[0] here: the intercept is NOT regularized!
import numpy as np


def sigmoid(z):
    return 1. / (1. + np.exp(-z))


def mapFeature(X1, X2, degree=2):
    # 1, x1, x2, x1^2, x1*x2, x2^2
    out = np.ones((X1.size, 1))
    for i in range(1, degree + 1):
        for j in range(i + 1):
            term = (X1 ** (i - j)) * (X2 ** j)
            out = np.hstack((out, term.reshape(-1, 1)))
    return out


def polyFeatures(x, p):
    X_poly = np.zeros((len(x), p))
    for j in range(p):
        X_poly[:, j] = x ** (j + 1)
    return X_poly


def featureNormalize(X):
    mu = np.mean(X, axis=0)
    s = np.std(X, axis=0, ddof=1)     # like std() of Octave
    return (X - mu) / s


def costFunctionReg(all_theta, theta, X, labels, price, lam):
    """J of both parts together, only for checking the gradients."""
    m = X.shape[0]
    a, b = X[:, 0], X[:, 1]
    F = np.c_[np.ones(m), a, b, a * a, a * b, b * b]
    J = 0.
    for c in range(all_theta.shape[0]):
        h = 1. / (1. + np.exp(-F @ all_theta[c]))
        yc = labels == c
        J += -(np.log(h[yc]).sum() + np.log(1. - h[~yc]).sum()) / m
    J += lam / (2. * m) * np.sum(all_theta[:, 1:] ** 2)
    P = np.c_[a, a ** 2, a ** 3]
    P = (P - P.sum(0) / m) / np.sqrt(((P - P.sum(0) / m) ** 2).sum(0) / (m - 1))
    J += np.sum((theta[0] + P @ theta[1:] - price) ** 2) / (2. * m)
    return J + lam / (2. * m) * np.sum(theta[1:] ** 2)


def lrGradient(theta_c, X, y, lam):
    m = len(y)
    h = sigmoid(X.dot(theta_c))
    grad = X.T.dot(h - y) / m
    temp = theta_c.copy()
    temp[0] = 0      # because we don't add anything for j = 0
    return grad + lam / m * temp


def linearRegGradient(theta, X, y, lam):
    m = X.shape[0]
    err = np.dot(X, theta) - y
    grad = np.zeros(theta.shape)
    for j in range(theta.size):
        grad[j] = np.sum(err * X[:, j]) / m
        if j > 0:
            grad[j] += lam * theta[j] / m
    return grad


def gradientStep(all_theta, theta, X, labels, price, lam):
    alpha = 0.1
    Xmap = mapFeature(X[:, 0], X[:, 1])
    new_all = np.zeros(all_theta.shape)
    for c in range(all_theta.shape[0]):
        yc = (labels == c).astype(float)
        new_all[c, :] = all_theta[c, :] - alpha * lrGradient(all_theta[c, :], Xmap, yc, lam)
    X_poly = featureNormalize(polyFeatures(X[:, 0], 3))
    X_poly = np.hstack((np.ones((X.shape[0], 1)), X_poly))
    new_theta = theta - alpha * linearRegGradient(theta, X_poly, price, lam)
    return new_all, new_theta


def setup(rng):
    m, K = 5, 3
    X = rng.normal(size=(m, 2))
    labels = np.array([0, 1, 2, 1, 0])
    price = rng.normal(size=m) * 2 + 1
    args = (rng.normal(size=(K, 6)) * 0.6, rng.normal(size=4), X, labels, price, 0.7)
    return costFunctionReg, gradientStep, args, {"wrt": ["all_theta", "theta"], "returns": "updated", "lr": 0.1}
