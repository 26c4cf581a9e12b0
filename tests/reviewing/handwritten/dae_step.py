# denoising autoencoder, one gradient step
# ported from the course's dae_step.m ; every COLUMN of X is one example, as in the original
import numpy as np


def dae_cost(X, W1, b1, W2, b2, W3, b3, noise_mask, drop_mask, keep, lam, alpha):
    m = X.shape[1]
    A1 = np.tanh(W1.dot(X * noise_mask) + b1) * drop_mask / keep
    A2 = np.tanh(W2.dot(A1) + b2)
    Xhat = W3.dot(A2) + b3
    J = np.sum((Xhat - X) ** 2) / (2 * m)
    return J + lam / 2 * (np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))


def dae_step(X, W1, b1, W2, b2, W3, b3, noise_mask, drop_mask, keep, lam, alpha):
    # [W1, b1, W2, b2, W3, b3] = dae_step(...)
    m = X.shape[1]

    # ---- feedforward ----
    Xn = X * noise_mask                 # corrupted input
    Z1 = W1.dot(Xn) + b1
    T1 = np.tanh(Z1)
    A1 = T1 * drop_mask / keep          # inverted dropout
    Z2 = W2.dot(A1) + b2
    A2 = np.tanh(Z2)
    Xhat = W3.dot(A2) + b3              # linear output

    # ---- deltas ----
    D3 = (Xhat - X) / m
    D2 = W3.T.dot(D3) * (1 - A2 ** 2)
    DA1 = W2.T.dot(D2)
    DA1 = DA1 * drop_mask
    DA1 = DA1 / keep
    D1 = DA1 * (1 - T1 ** 2)

    # ---- gradients ----
    W3grad = D3.dot(A2.T) + lam * W3
    b3grad = np.sum(D3, axis=1, keepdims=True)
    W2grad = D2.dot(A1.T) + lam * W2
    b2grad = np.sum(D2, axis=1, keepdims=True)
    W1grad = D1.dot(Xn.T) + lam * W1
    b1grad = np.sum(D1, axis=1, keepdims=True)

    # ---- plain gradient descent ----
    W1 = W1 - alpha * W1grad
    b1 = b1 - alpha * b1grad
    W2 = W2 - alpha * W2grad
    b2 = b2 - alpha * b2grad
    W3 = W3 - alpha * W3grad
    b3 = b3 - alpha * b3grad
    return W1, b1, W2, b2, W3, b3


def setup(rng):
    n, h1, h2, m = 5, 6, 3, 4
    X = rng.normal(size=(n, m))
    W1, b1 = rng.normal(size=(h1, n)) * 0.5, rng.normal(size=(h1, 1)) * 0.2
    W2, b2 = rng.normal(size=(h2, h1)) * 0.5, rng.normal(size=(h2, 1)) * 0.2
    W3, b3 = rng.normal(size=(n, h2)) * 0.5, rng.normal(size=(n, 1)) * 0.2
    noise_mask = np.ones((n, m))
    noise_mask[rng.permutation(n)[:2], [0, 2]] = 0
    drop_mask = np.ones((h1, m))
    drop_mask[rng.permutation(h1)[:4], [0, 1, 2, 3]] = 0
    args = [X, W1, b1, W2, b2, W3, b3, noise_mask, drop_mask, 0.8, 0.03, 0.1]
    return dae_cost, dae_step, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"], "returns": "updated", "lr": 0.1}
