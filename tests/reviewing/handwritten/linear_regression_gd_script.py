# ex1_ex2.py -- house prices (linear regression) and "sold or not" (logistic)
# translated from my Octave solutions: costFunction.m, featureNormalize.m,
# mapFeature.m, gradientDescent.m
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def mapFeature(x1, x2):
    # x1, x2, x1^2, x1*x2, x2^2   (no column of ones here)
    out = np.zeros((x1.size, 5))
    k = 0
    for i in range(1, 3):
        for j in range(i + 1):
            out[:, k] = x1 ** (i - j) * x2 ** j
            k += 1
    return out


def featureNormalize(X):
    mu = np.mean(X, axis=0)
    sigma = np.std(X, axis=0, ddof=1)    # Octave's std divides by m-1
    return (X - mu) / sigma, mu, sigma


def costFunction(theta, phi, data, y, sold, lam, alpha):
    # total cost = J_linear(theta) + J_logistic(phi)
    m = data.shape[0]
    a, b = data[:, 0], data[:, 1]
    P = np.stack([a, b, a * a, a * b, b * b], axis=1)
    P = (P - P.mean(0)) / np.sqrt(((P - P.mean(0)) ** 2).sum(0) / (m - 1))
    r = theta[0] + P @ theta[1:] - y
    J1 = (r @ r) / (2 * m) + lam / (2 * m) * (theta[1:] @ theta[1:])
    t = phi[0] + P[:, :2] @ phi[1:]
    J2 = np.mean(np.logaddexp(0, t) - sold * t) + lam / (2 * m) * (phi[1:] @ phi[1:])
    return J1 + J2


def gradientDescent(theta, phi, data, y, sold, lam, alpha):
    """one step for both models, simultaneous update of all parameters"""
    m = len(y)

    # ----- part 1: polynomial ridge regression -----
    F = mapFeature(data[:, 0], data[:, 1])
    F, mu, sigma = featureNormalize(F)
    X = np.hstack([np.ones((m, 1)), F])
    theta_new = theta.copy()
    for j in range(theta.size):
        h = X @ theta
        delta = np.sum((h - y) * X[:, j]) / m
        if j > 0:
            delta = delta + lam / m * theta[j]
        theta_new[j] = theta[j] - alpha * delta

    # ----- part 2: regularized logistic regression -----
    Z, mu, sigma = featureNormalize(data)
    Z = np.column_stack([np.ones(m), Z])
    p = sigmoid(Z.dot(phi))
    grad = Z.T.dot(p - sold) / m
    reg = (lam / m) * phi
    reg[0] = 0
    grad = grad + reg
    phi_new = phi - alpha * grad

    return theta_new, phi_new


def setup(rng):
    m = 5
    data = rng.normal(size=(m, 2)) * np.array([1.5, 0.8]) + np.array([2.0, 3.0])
    y = rng.normal(size=m) * 2 + 1
    sold = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    theta = rng.normal(size=6)
    phi = rng.normal(size=3)
    alpha = 0.1
    args = (theta, phi, data, y, sold, 0.7, alpha)
    return costFunction, gradientDescent, args, {"wrt": ["theta", "phi"], "returns": "updated", "lr": alpha}
