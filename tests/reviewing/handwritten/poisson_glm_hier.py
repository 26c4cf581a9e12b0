# -*- coding: utf-8 -*-
# nbCostFunction.m -> python.  Claim counts, negative binomial, log link.
#
#   a2   = sigmoid([1 x] * Theta1')             hidden layer
#   eta  = [1 a2] * theta2 + u(group) + log(exposure)
#   mu   = exp(eta)
#   J    = 1/m * sum( (y+k).*log(k+mu) - y.*eta )
#          + lambda/(2m) * (Theta1(:,2:end).^2 + theta2(2:end).^2)  + 1/(2*s2*m) * sum(u.^2)
import numpy as np


def nbCost(Theta1, theta2, u, X, y, group, expo, k, lam, s2):
    m = X.shape[0]
    A1 = np.column_stack([np.ones(m), X])
    A2 = 1 / (1 + np.exp(-A1 @ Theta1.T))
    eta = theta2[0] + A2 @ theta2[1:] + u[group] + np.log(expo)
    J = np.sum((y + k) * np.log(k + np.exp(eta)) - y * eta) / m
    J = J + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(theta2[1:] ** 2))
    return J + np.sum(u ** 2) / (2 * s2 * m)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def addOnes(A):
    # Octave: [ones(m,1) A]
    return np.hstack([np.ones((A.shape[0], 1)), A])


def nbGradient(Theta1, theta2, u, X, y, group, expo, k, lam, s2):
    m = X.shape[0]

    # Part 1: feedforward
    a1 = addOnes(X)                      # m x (n+1)
    z2 = a1.dot(Theta1.T)                # m x h
    a2 = addOnes(sigmoid(z2))            # m x (h+1)
    offset = np.log(expo)
    eta = a2.dot(theta2) + u[group] + offset
    mu = np.exp(eta)

    # Part 2: backpropagation
    # dJ/deta, note that mu = exp(eta) so dmu/deta = mu
    delta3 = (y + k) * mu / (k + mu) - y                    # m
    delta2 = np.outer(delta3, theta2)                       # m x (h+1)
    delta2 = delta2[:, 1:] * sigmoidGradient(z2)            # drop the bias column

    theta2_grad = a2.T.dot(delta3) / m
    Theta1_grad = delta2.T.dot(a1) / m

    # group effects: sum of the deltas of each group
    u_grad = np.zeros(u.shape)
    for i in range(m):
        u_grad[group[i]] += delta3[i]
    u_grad = u_grad / m

    # Part 3: regularization (do not regularize the bias!)
    theta2_grad[1:] = theta2_grad[1:] + lam / m * theta2[1:]
    Theta1_grad[:, 1:] = Theta1_grad[:, 1:] + lam / m * Theta1[:, 1:]
    u_grad = u_grad + u / (s2 * m)

    return Theta1_grad, theta2_grad, u_grad


def setup(rng):
    m, n, h, G = 5, 3, 2, 4
    group = np.array([0, 2, 3, 2, 1])
    args = (rng.normal(size=(h, n + 1)), 0.7 * rng.normal(size=h + 1), 0.6 * rng.normal(size=G),
            rng.normal(size=(m, n)), rng.integers(0, 6, size=m).astype(float), group,
            rng.uniform(0.4, 3.0, size=m), 1.7, 0.6, 0.8)
    return nbCost, nbGradient, args, {"wrt": ["Theta1", "theta2", "u"]}
