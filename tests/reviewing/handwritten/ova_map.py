import numpy as np

# Exercise 3 (translated from my Octave files: oneVsAll.m, lrCostFunction.m)
#   X          m x n   examples in rows (no column of ones)
#   y          m       labels 1..K  (Octave counts from 1!)
#   all_theta  K x n+1 one classifier per row, the first column is the intercept
#   mu, s      n       Gaussian prior  theta_j ~ N(mu_j, s_j^2), intercept is free
#   alpha      K       weight of each class's positive examples
# Loss: negative log posterior, likelihood part is averaged over the examples.


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def addOnes(X):
    return np.hstack([np.ones((X.shape[0], 1)), X])


def ovaCost(X, y, all_theta, mu, s, alpha):
    m = X.shape[0]
    J = 0
    for k in range(all_theta.shape[0]):
        z = all_theta[k, 0] + X @ all_theta[k, 1:]
        pos = (y == k + 1)
        # -log h = log(1 + e^-z),  -log(1 - h) = log(1 + e^z)
        J += np.where(pos, alpha[k] * np.logaddexp(0, -z), np.logaddexp(0, z)).sum() / m
        J += np.sum((all_theta[k, 1:] - mu) ** 2 / s ** 2) / (2 * m)
    return J


def ovaGradient(X, y, all_theta, mu, s, alpha):
    m, n = X.shape
    num_labels = all_theta.shape[0]
    X1 = addOnes(X)
    grad = np.zeros((num_labels, n + 1))
    grad_mu = np.zeros(n)
    grad_s = np.zeros(n)

    for c in range(1, num_labels + 1):
        theta = all_theta[c - 1, :]
        yc = (y == c).astype(float)
        h = sigmoid(X1.dot(theta))

        # likelihood part
        w = np.where(yc == 1, alpha[c - 1], 1.0)
        beta = w * (h - yc)
        grad_c = X1.T.dot(beta) / m

        # prior part (theta(1) in Octave is the intercept, leave it alone)
        dev = theta[1:] - mu
        temp = dev / s ** 2
        grad_c[1:] = grad_c[1:] + temp / m

        grad[c - 1, :] = grad_c
        # hyperparameters of the prior are shared by the classes
        grad_mu -= temp / m
        grad_s -= dev ** 2 / s ** 3 / m
    return grad, grad_mu, grad_s


def setup(rng):
    m, n, K = 5, 3, 4
    X = rng.normal(size=(m, n))
    y = np.array([1, 3, 2, 4, 3])
    all_theta = rng.normal(size=(K, n + 1))
    mu = 0.5 * rng.normal(size=n)
    s = rng.uniform(0.6, 1.8, size=n)
    alpha = rng.uniform(1.5, 3.0, size=K)
    return ovaCost, ovaGradient, (X, y, all_theta, mu, s, alpha), {"wrt": ["all_theta", "mu", "s"]}
