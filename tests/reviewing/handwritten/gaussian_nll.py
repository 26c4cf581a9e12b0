# Ported from my Octave homework (ex4 with a twist).
# Examples are COLUMNS.  Every Theta carries its bias in the first column.
# The last layer has 2*p rows: p means on top, p log variances below.
import numpy as np

def addOnes(A):
    return np.vstack([np.ones((1, A.shape[1])), A])

def sigmoid(Z):
    return 1.0 / (1.0 + np.exp(-Z))

def swish(Z):
    return Z * sigmoid(Z)

def swishGradient(Z):
    s = sigmoid(Z)
    return s + Z * s * (1 - s)

def softplusGradient(Z):
    return 1.0 / (1.0 + np.exp(-Z))

def costFunction(Theta1, Theta2, Theta3, X, Y, Lambda):
    """J = 1/m sum( logvar/2 + (y-mu)^2 / (2 var) ) + Lambda/(2m) |Theta without bias|^2"""
    p, m = Y.shape
    one = np.ones((1, m))
    Z2 = Theta1 @ np.r_[one, X]
    Z3 = Theta2 @ np.r_[one, Z2 / (1 + np.exp(-Z2))]
    out = Theta3 @ np.r_[one, np.log1p(np.exp(Z3))]
    mu, logvar = out[:p], out[p:]
    J = np.sum(0.5 * logvar + 0.5 * (Y - mu) ** 2 * np.exp(-logvar)) / m
    reg = sum(np.sum(T[:, 1:] ** 2) for T in (Theta1, Theta2, Theta3))
    return J + Lambda / (2 * m) * reg

def gradientStep(Theta1, Theta2, Theta3, X, Y, Lambda):
    alpha = 0.1
    p, m = Y.shape

    # ---- forward propagation ----
    A1 = addOnes(X)
    Z2 = Theta1 @ A1
    A2 = addOnes(swish(Z2))
    Z3 = Theta2 @ A2
    A3 = addOnes(np.log(1 + np.exp(Z3)))
    out = Theta3 @ A3
    mu = out[:p, :]
    logvar = out[p:, :]

    # ---- output layer ----
    invvar = np.exp(-logvar)
    diff = mu - Y
    delta_mu = diff * invvar
    delta_lv = 0.5 * (1 - diff ** 2 * invvar)
    delta4 = np.vstack([delta_mu, delta_lv])

    # ---- back propagation (drop the bias row) ----
    delta3 = (Theta3.T @ delta4)[1:, :] * softplusGradient(Z3)
    delta2 = (Theta2[:, 1:].T @ delta3) * swishGradient(Z2)

    Theta3_grad = delta4 @ A3.T / m
    Theta2_grad = delta3 @ A2.T / m
    Theta1_grad = delta2 @ A1.T / m

    # ---- regularization, not for the bias column ----
    Theta3_grad[:, 1:] += Lambda / m * Theta3[:, 1:]
    Theta2_grad[:, 1:] += Lambda / m * Theta2[:, 1:]
    Theta1_grad[:, 1:] += Lambda / m * Theta1[:, 1:]

    # ---- update ----
    Theta1 = Theta1 - alpha * Theta1_grad
    Theta2 = Theta2 - alpha * Theta2_grad
    Theta3 = Theta3 - alpha * Theta3_grad
    return Theta1, Theta2, Theta3

def setup(rng):
    n, h1, h2, p, m = 3, 6, 4, 2, 5
    Theta1 = 0.6 * rng.normal(size=(h1, n + 1))
    Theta2 = 0.6 * rng.normal(size=(h2, h1 + 1))
    Theta3 = 0.4 * rng.normal(size=(2 * p, h2 + 1))
    X = rng.normal(size=(n, m))
    Y = rng.normal(size=(p, m))
    args = (Theta1, Theta2, Theta3, X, Y, 0.3)
    return costFunction, gradientStep, args, {"wrt": ["Theta1", "Theta2", "Theta3"],
                                              "returns": "updated", "lr": 0.1}
