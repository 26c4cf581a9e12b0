"""Deep autoencoder, translated from my Octave solution. Samples are the COLUMNS of X (n x m).
  J = 1/(2m) sum (xhat - x)^2 + beta/(2m) sum code^2 + lambda/(2m) sum W^2
"""
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    # takes z, not the activation (see sigmoidGradient.m)
    g = sigmoid(z)
    return g * (1 - g)


def tanhGradient(a):
    # this one takes the activation
    return 1 - a ** 2


def aeCost(encW, encb, decW, decb, X, lam, beta):
    m = X.shape[1]
    A = X
    for W, b in zip(encW, encb):
        A = np.tanh(W.dot(A) + b)
    J = beta / (2 * m) * np.sum(A ** 2)
    for W, b in zip(decW, decb):
        A = sigmoid(W.dot(A) + b)
    J = J + np.sum((A - X) ** 2) / (2 * m)
    for W in list(encW) + list(decW):
        J = J + lam / (2 * m) * np.sum(W ** 2)
    return J


def aeGrad(encW, encb, decW, decb, X, lam, beta):
    m = X.shape[1]
    nE, nD = len(encW), len(decW)
    # feed forward; encA[0] is the input, decA[0] is the code
    encA = [X]
    for l in range(nE):
        encA.append(np.tanh(np.dot(encW[l], encA[l]) + encb[l]))
    code = encA[-1]
    decA, decZ = [code], []
    for l in range(nD):
        decZ.append(np.dot(decW[l], decA[l]) + decb[l])
        decA.append(sigmoid(decZ[l]))

    gEW, gEb = [None] * nE, [None] * nE
    gDW, gDb = [None] * nD, [None] * nD
    # decoder, last layer first
    delta = (decA[-1] - X) * sigmoidGradient(decZ[-1]) / m
    for l in range(nD - 1, -1, -1):
        gDW[l] = np.dot(delta, decA[l].T)
        gDb[l] = np.sum(delta, axis=1, keepdims=True)
        back = np.dot(decW[l].T, delta)
        if l > 0:
            delta = back * sigmoidGradient(decZ[l - 1])
    # the code gets error from the decoder and from the activity penalty
    back = back + beta / m * code
    delta = back * tanhGradient(code)
    # encoder
    for l in reversed(range(nE)):
        gEW[l] = delta.dot(encA[l].T)
        gEb[l] = delta.sum(axis=1).reshape(-1, 1)
        if l > 0:
            delta = encW[l].T.dot(delta) * tanhGradient(encA[l])
    # weight decay, not for the biases
    for l in range(nE):
        gEW[l] += lam / m * encW[l]
    for l in range(nD):
        gDW[l] += lam / m * decW[l]
    return gEW, gEb, gDW, gDb


def setup(rng):
    n = [6, 4, 2, 3, 6]
    params = []
    for i in range(4):
        params += [rng.normal(size=(n[i + 1], n[i])), rng.normal(size=(n[i + 1], 1)) * 0.5]
    X = rng.uniform(0.1, 0.9, size=(6, 5))

    def forward(W1, b1, W2, b2, W3, b3, W4, b4, X):
        return aeCost([W1, W2], [b1, b2], [W3, W4], [b3, b4], X, 0.3, 0.7)

    def backward(W1, b1, W2, b2, W3, b3, W4, b4, X):
        eW, eb, dW, db = aeGrad([W1, W2], [b1, b2], [W3, W4], [b3, b4], X, 0.3, 0.7)
        return eW[0], eb[0], eW[1], eb[1], dW[0], db[0], dW[1], db[1]

    return forward, backward, params + [X], {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]}
