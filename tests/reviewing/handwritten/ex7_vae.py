## Exercise 7: regularised (variational) encoder
#  Python version of my Octave solution ex7_vae.m
#  examples are COLUMNS here, like in the lecture: X is (n x m)
import numpy as np

sigma2 = 0.6     # variance of the gaussian decoder
klWeight = 0.8
lambda_ = 0.5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def costFunction(X, E, Theta1, b1, ThetaMu, bMu, ThetaLV, bLV, Theta2, b2, Theta3, b3):
    m = X.shape[1]
    hid = np.tanh(Theta1 @ X + b1)
    mean, logvar = ThetaMu @ hid + bMu, ThetaLV @ hid + bLV
    code = mean + np.sqrt(np.exp(logvar)) * E
    rec = Theta3 @ sigmoid(Theta2 @ code + b2) + b3
    J = np.sum((X - rec) ** 2) / (2 * m * sigma2)
    J = J - klWeight / (2 * m) * np.sum(1 + logvar - mean ** 2 - np.exp(logvar))
    J = J + lambda_ / (2 * m) * (np.sum(Theta1 ** 2) + np.sum(Theta3 ** 2))
    return J


def gradFunction(X, E, Theta1, b1, ThetaMu, bMu, ThetaLV, bLV, Theta2, b2, Theta3, b3):
    m = X.shape[1]

    # ====== Part 1: feedforward ======
    A1 = np.tanh(Theta1 @ X + b1)
    Mu = ThetaMu @ A1 + bMu
    LV = ThetaLV @ A1 + bLV
    S = np.exp(0.5 * LV)
    Z = Mu + S * E
    Z2 = Theta2 @ Z + b2
    A2 = sigmoid(Z2)
    XR = Theta3 @ A2 + b3

    # ====== Part 2: decoder ======
    d3 = (XR - X) / (m * sigma2)
    Theta3_grad = d3 @ A2.T + lambda_ / m * Theta3
    b3_grad = np.sum(d3, axis=1, keepdims=True)
    d2 = (Theta3.T @ d3) * sigmoidGradient(Z2)
    Theta2_grad = d2 @ Z.T
    b2_grad = np.sum(d2, axis=1).reshape(-1, 1)

    # ====== Part 3: code layer, reparametrisation + KL ======
    dZ = Theta2.T @ d2
    dMu = dZ + klWeight * Mu / m
    dLV = 0.5 * dZ * E * S
    dLV += 0.5 * klWeight * (np.exp(LV) - 1) / m
    ThetaMu_grad = dMu @ A1.T
    ThetaLV_grad = dLV @ A1.T
    bMu_grad = dMu.sum(axis=1, keepdims=True)
    bLV_grad = dLV.sum(axis=1, keepdims=True)

    # ====== Part 4: encoder ======
    dA1 = ThetaMu.T @ dMu + ThetaLV.T @ dLV
    d1 = dA1 * (1 - A1 ** 2)
    Theta1_grad = d1 @ X.T + lambda_ / m * Theta1
    b1_grad = d1 @ np.ones((m, 1))

    return (Theta1_grad, b1_grad, ThetaMu_grad, bMu_grad, ThetaLV_grad, bLV_grad,
            Theta2_grad, b2_grad, Theta3_grad, b3_grad)


def setup(rng):
    n, h, k, g, m = 5, 4, 2, 6, 3
    X, E = rng.standard_normal((n, m)), rng.standard_normal((k, m))
    theta = []
    for rows, cols in ((h, n), (k, h), (k, h), (g, k), (n, g)):
        theta += [0.6 * rng.standard_normal((rows, cols)), 0.3 * rng.standard_normal((rows, 1))]
    return costFunction, gradFunction, (X, E, *theta), {
        "wrt": ["Theta1", "b1", "ThetaMu", "bMu", "ThetaLV", "bLV", "Theta2", "b2", "Theta3", "b3"]}
