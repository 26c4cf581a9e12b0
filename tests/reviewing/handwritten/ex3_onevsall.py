# ex3_onevsall.py
#
# Exercise 3 of the machine learning course (one-vs-all logistic regression),
# moved over from my Octave files. Labels are 1..num_labels as in the course,
# theta comes unrolled (column by column, like Theta(:)) so that it can be given
# to an fmincg-style minimizer.
import numpy as np


def costFunctionReg(theta, X, y, w, num_labels, lambda_):
    """J for all classes together. w are the weights of the examples."""
    m = X.shape[0]
    Xs = (X - np.mean(X, axis=0)) / np.std(X, axis=0)
    A = np.concatenate((np.ones((m, 1)), Xs, Xs ** 2), axis=1)
    T = np.reshape(theta, (num_labels, A.shape[1]), order='F')
    J = 0.0
    for k in range(num_labels):
        s = A.dot(T[k])
        pos = (y == k + 1)
        # log(1 + exp(s)) - y * s is -y*log(h) - (1-y)*log(1-h)
        J = J + np.sum(w * (np.logaddexp(0.0, s) - pos * s)) / m
        J = J + lambda_ / (2.0 * m) * np.sum(T[k, 1:] ** 2)
    return J


def sigmoid(z):
    g = 1.0 / (1.0 + np.exp(-z))
    return g


def featureNormalize(X):
    mu = np.mean(X, axis=0)
    sigma = np.std(X, axis=0)
    X_norm = (X - mu) / sigma
    return X_norm, mu, sigma


def mapFeature(X):
    # X = [ones(m, 1) X X.^2];
    m = X.shape[0]
    out = np.hstack([np.ones((m, 1)), X, X ** 2])
    return out


def gradientReg(theta, X, y, w, num_labels, lambda_):
    # [J, grad] = lrCostFunction(...) in the course; only grad here
    m = X.shape[0]
    X_norm, mu, sigma = featureNormalize(X)
    Xm = mapFeature(X_norm)
    n = Xm.shape[1]
    all_theta = theta.reshape((num_labels, n), order='F')
    all_grad = np.zeros((num_labels, n))

    for c in range(1, num_labels + 1):
        theta_c = all_theta[c - 1, :]

        # do not regularize theta(1)
        temp = theta_c.copy()
        temp[0] = 0

        yc = (y == c).astype(float)
        z = Xm @ theta_c
        h = sigmoid(z)
        err = w * (h - yc)

        grad = (1.0 / m) * (Xm.T @ err)
        grad = grad + (lambda_ / m) * temp
        all_grad[c - 1, :] = grad

    # grad = grad(:);
    return all_grad.flatten(order='F')


def setup(rng):
    m, d, K = 4, 2, 3
    X = rng.normal(size=(m, d)) * np.array([2.0, 0.7]) + 1.0
    y = np.array([1, 3, 2, 3])
    w = rng.uniform(0.5, 1.5, size=m)
    theta = rng.normal(size=K * (2 * d + 1)) * 0.6
    return costFunctionReg, gradientReg, (theta, X, y, w, K, 0.7), {"wrt": ["theta"]}
