# nnCostFunction.m, ported line by line from my Octave solution (ex4)
# Three layers (input, hidden, output), logistic units everywhere. The
# bias weight of every unit sits in column 0 of its Theta.
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def nnCost(Theta1, Theta2, X, Y, lam):
    """J only (vectorised)"""
    m = len(X)
    ones = np.ones((m, 1))
    act = 1.0 / (1.0 + np.exp(-np.hstack([ones, X]) @ Theta1.T))
    h = 1.0 / (1.0 + np.exp(-np.hstack([ones, act]) @ Theta2.T))
    J = -(Y * np.log(h) + (1 - Y) * np.log(1 - h)).sum() / m
    return J + lam / (2 * m) * ((Theta1[:, 1:] ** 2).sum() + (Theta2[:, 1:] ** 2).sum())


def nnGrad(Theta1, Theta2, X, Y, lam):
    """gradients, one training example after the other"""
    m, n = X.shape
    hidden = Theta1.shape[0]
    K = Theta2.shape[0]

    Theta1_grad = np.zeros(Theta1.shape)
    Theta2_grad = np.zeros(Theta2.shape)

    for i in range(m):
        # step 1: feed forward
        a1 = np.concatenate(([1.0], X[i]))
        z2 = Theta1.dot(a1)
        a2 = np.concatenate(([1.0], sigmoid(z2)))
        z3 = Theta2.dot(a2)
        a3 = sigmoid(z3)

        # step 2: error of the output units
        d3 = np.zeros(K)
        for k in range(K):
            d3[k] = a3[k] - Y[i, k]

        # step 3: error of the hidden units (no error for the bias unit)
        d2 = np.zeros(hidden)
        for j in range(hidden):
            for k in range(K):
                d2[j] += Theta2[k, j + 1] * d3[k]
        d2 *= sigmoidGradient(z2)

        # step 4: accumulate
        Theta2_grad += np.outer(d3, a2)
        for j in range(hidden):
            for p in range(n + 1):
                Theta1_grad[j, p] += d2[j] * a1[p]

    # step 5: average and regularise, but not the bias column
    Theta1_grad /= m
    Theta2_grad /= m
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]
    return Theta1_grad, Theta2_grad


def setup(rng):
    n, hidden, K, m = 4, 5, 2, 3
    Theta1 = rng.standard_normal((hidden, n + 1)) * 0.8
    Theta2 = rng.standard_normal((K, hidden + 1)) * 0.8
    X = rng.standard_normal((m, n))
    Y = rng.integers(0, 2, (m, K)).astype(float)
    return nnCost, nnGrad, (Theta1, Theta2, X, Y, 0.6), {"wrt": ["Theta1", "Theta2"]}
