# Sparse autoencoder, translated from my Octave solution (sparseAutoencoderCost.m)
# data: one column per example, as in the course
import numpy as np


def sigmoid(x):
    return 1. / (1. + np.exp(-x))


class SparseAutoencoder(object):

    def __init__(self, visibleSize, hiddenSize, lambda_, sparsityParam, beta, rng):
        self.visibleSize = visibleSize
        self.hiddenSize = hiddenSize
        self.lambda_ = lambda_
        self.sparsityParam = sparsityParam
        self.beta = beta
        r = np.sqrt(6) / np.sqrt(hiddenSize + visibleSize + 1)
        self.W1 = rng.uniform(-1, 1, (hiddenSize, visibleSize)) * 2 * r
        self.W2 = rng.uniform(-1, 1, (visibleSize, hiddenSize)) * 2 * r
        self.b1 = rng.uniform(-1, 1, (hiddenSize, 1)) * r
        self.b2 = rng.uniform(-1, 1, (visibleSize, 1)) * r

    def cost(self, data):
        m = data.shape[1]
        hid = sigmoid(self.W1.dot(data) + self.b1)
        rec = sigmoid(self.W2.dot(hid) + self.b2)
        Jcost = (0.5 / m) * ((rec - data) ** 2).sum()
        Jweight = 0.5 * ((self.W1 ** 2).sum() + (self.W2 ** 2).sum())
        p = self.sparsityParam
        q = hid.mean(1)
        Jsparse = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).sum()
        return Jcost + self.lambda_ * Jweight + self.beta * Jsparse

    def sigmoidInv(self, a):
        # sigma'(z) when a = sigma(z)
        return a * (1. - a)

    def grad(self, data):
        n, m = data.shape

        # feedforward
        z2 = np.dot(self.W1, data) + np.tile(self.b1, (1, m))
        a2 = sigmoid(z2)
        z3 = np.dot(self.W2, a2) + np.tile(self.b2, (1, m))
        a3 = sigmoid(z3)

        # average activation of the hidden units
        rho = np.sum(a2, axis=1).reshape(-1, 1) / m
        sparsity = -self.sparsityParam / rho + (1 - self.sparsityParam) / (1 - rho)
        sterm = self.beta * sparsity

        # deltas
        d3 = -(data - a3) * self.sigmoidInv(a3)
        d2 = (np.dot(self.W2.T, d3) + np.tile(sterm, (1, m))) * self.sigmoidInv(a2)

        # W1grad
        W1grad = np.dot(d2, data.T)
        W1grad = W1grad / m + self.lambda_ * self.W1

        # W2grad
        W2grad = np.dot(d3, a2.T)
        W2grad = W2grad / m + self.lambda_ * self.W2

        # b1grad, b2grad
        b1grad = np.sum(d2, axis=1) / m
        b2grad = np.sum(d3, axis=1) / m

        return (W1grad, W2grad, b1grad.reshape(-1, 1), b2grad.reshape(-1, 1))


def setup(rng):
    ae = SparseAutoencoder(6, 3, 0.07, 0.2, 0.6, rng)
    data = rng.uniform(0.1, 0.9, (6, 4))
    return ae.cost, ae.grad, (data,), {"wrt": ["self.W1", "self.W2", "self.b1", "self.b2"]}
