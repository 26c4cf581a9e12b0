# Sparse autoencoder, exercise 1, tied version.
# Translated from my MATLAB solution (sparseAutoencoderCost.m), so examples are
# still COLUMNS of data and the parameters still live in one long vector theta.
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def initialize_parameters(hidden_size, visible_size, rng):
    r = np.sqrt(6) / np.sqrt(hidden_size + visible_size + 1)
    W = rng.random((hidden_size, visible_size)) * 2 * r - r
    b1 = rng.random(hidden_size) * 0.4 - 0.2
    b2 = rng.random(visible_size) * 0.4 - 0.2
    return np.concatenate((W.ravel(), b1, b2))


def sparse_autoencoder_cost(theta, visible_size, hidden_size, lamb, rho, beta, data):
    nw = hidden_size * visible_size
    W = np.reshape(theta[:nw], (hidden_size, visible_size))
    hid = sigmoid(np.dot(W, data) + theta[nw:nw + hidden_size][:, None])
    rec = sigmoid(np.dot(W.T, hid) + theta[nw + hidden_size:][:, None])
    sq = 0.5 * np.sum((rec - data) ** 2) / data.shape[1]
    q = np.mean(hid, axis=1)
    kl = np.sum(rho * np.log(rho / q) + (1 - rho) * np.log((1 - rho) / (1 - q)))
    return sq + lamb / 2 * np.sum(W ** 2) + beta * kl


def sparse_autoencoder_grad(theta, visible_size, hidden_size, lamb, rho, beta, data):
    # unroll theta
    W = theta[0:hidden_size * visible_size].reshape(hidden_size, visible_size)
    b1 = theta[hidden_size * visible_size:hidden_size * visible_size + hidden_size]
    b2 = theta[hidden_size * visible_size + hidden_size:]

    m = data.shape[1]

    # feedforward pass
    z2 = W.dot(data) + b1.reshape(-1, 1)
    a2 = sigmoid(z2)
    z3 = W.T.dot(a2) + b2.reshape(-1, 1)
    a3 = sigmoid(z3)

    # average activation of the hidden units
    rho_hat = np.sum(a2, axis=1) / m
    sparsity_delta = -rho / rho_hat + (1 - rho) / (1 - rho_hat)

    # backpropagation
    delta3 = -(data - a3) * a3 * (1 - a3)
    delta2 = W.dot(delta3) + beta * sparsity_delta.reshape(-1, 1)
    delta2 = delta2 * a2 * (1 - a2)

    # W is used twice: once in the encoder and once (transposed) in the decoder
    Wgrad_enc = delta2.dot(data.T) / m
    Wgrad_dec = delta3.dot(a2.T) / m
    Wgrad = Wgrad_enc + Wgrad_dec.T + lamb * W

    b1grad = np.sum(delta2, axis=1) / m
    b2grad = np.sum(delta3, axis=1) / m

    grad = np.concatenate((Wgrad.ravel(), b1grad, b2grad))
    return grad


def setup(rng):
    visible_size, hidden_size, m = 4, 3, 5
    theta = initialize_parameters(hidden_size, visible_size, rng)
    data = rng.uniform(0.1, 0.9, size=(visible_size, m))
    args = (theta, visible_size, hidden_size, 0.05, 0.1, 0.3, data)
    return sparse_autoencoder_cost, sparse_autoencoder_grad, args, {"wrt": ["theta"]}
