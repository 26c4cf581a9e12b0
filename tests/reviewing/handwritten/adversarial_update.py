import numpy as np

# Robust regression with a 3-layer network. Translated from my Octave exercise (ex4),
# so: examples in rows, and the bias is the FIRST COLUMN of every Theta.

ALPHA = 0.1


def addOnes(A):
    return np.hstack((np.ones((A.shape[0], 1)), A))


def costFunction(Theta1, Theta2, Theta3, X, Y, lam, delta):
    """Huber loss, summed over outputs, averaged over examples, plus regularization"""
    m = X.shape[0]
    hid1 = np.tanh(addOnes(X).dot(Theta1.T))
    hid2 = np.log(1 + np.exp(addOnes(hid1).dot(Theta2.T)))
    err = np.abs(addOnes(hid2).dot(Theta3.T) - Y)
    J = np.where(err <= delta, 0.5 * err ** 2, delta * (err - 0.5 * delta)).sum() / m
    for Theta in (Theta1, Theta2, Theta3):
        J = J + lam / (2 * m) * (Theta[:, 1:] ** 2).sum()
    return J


def softplus(z):
    return np.log1p(np.exp(z))


def softplusGradient(z):
    return 1 / (1 + np.exp(-z))


def tanhGradient(z):
    return 1 - np.tanh(z) ** 2


def huberGradient(r, delta):
    return np.where(np.abs(r) <= delta, r, delta * np.sign(r))


def regGradient(Theta, lam, m):
    R = Theta.copy()
    R[:, 0] = 0          # do not regularize the bias
    return lam / m * R


def gradientStep(Theta1, Theta2, Theta3, X, Y, lam, delta):
    """one step of gradient descent, gives back the new Thetas"""
    m = X.shape[0]

    # ---- feedforward ----
    a1 = addOnes(X)
    z2 = a1 @ Theta1.T
    a2 = addOnes(np.tanh(z2))
    z3 = a2 @ Theta2.T
    a3 = addOnes(softplus(z3))
    h = a3 @ Theta3.T

    # ---- backpropagation ----
    d4 = huberGradient(h - Y, delta)
    d3 = (d4 @ Theta3[:, 1:]) * softplusGradient(z3)
    d2 = (d3 @ Theta2[:, 1:]) * tanhGradient(z2)

    Theta1_grad = d2.T @ a1 / m + regGradient(Theta1, lam, m)
    Theta2_grad = d3.T @ a2 / m + regGradient(Theta2, lam, m)
    Theta3_grad = d4.T @ a3 / m + regGradient(Theta3, lam, m)

    # ---- update ----
    Theta1 = Theta1 - ALPHA * Theta1_grad
    Theta2 = Theta2 - ALPHA * Theta2_grad
    Theta3 = Theta3 - ALPHA * Theta3_grad
    return Theta1, Theta2, Theta3


def setup(rng):
    m, n, s2, s3, k = 5, 3, 6, 2, 4
    Theta1 = rng.normal(size=(s2, n + 1)) * 0.7
    Theta2 = rng.normal(size=(s3, s2 + 1)) * 0.7
    Theta3 = rng.normal(size=(k, s3 + 1)) * 0.7
    X = rng.normal(size=(m, n))
    Y = rng.normal(size=(m, k))
    return costFunction, gradientStep, (Theta1, Theta2, Theta3, X, Y, 0.6, 0.8), {
        "wrt": ["Theta1", "Theta2", "Theta3"], "returns": "updated", "lr": ALPHA}
