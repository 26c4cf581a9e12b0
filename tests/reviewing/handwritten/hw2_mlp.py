# Homework 2, part B - fully connected net with two hidden layers
# relu -> relu -> softmax, cross entropy, L2 on the weights only
import numpy as np

L = 3   # number of weight matrices


def relu(z):
    return np.maximum(z, 0)


def relu_grad(z):
    g = np.zeros_like(z)
    g[z > 0] = 1
    return g


def softmax(scores):
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def compute_loss(X, y, W1, b1, W2, b2, W3, b3, reg):
    H1 = np.maximum(X.dot(W1) + b1, 0)
    H2 = np.maximum(H1.dot(W2) + b2, 0)
    S = H2.dot(W3) + b3
    logZ = np.log(np.exp(S).sum(1))
    data_loss = np.mean(logZ - S[np.arange(len(y)), y])
    reg_loss = 0.5 * reg * ((W1**2).sum() + (W2**2).sum() + (W3**2).sum())
    return data_loss + reg_loss


def compute_grads(X, y, W1, b1, W2, b2, W3, b3, reg):
    params = {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2, 'W3': W3, 'b3': b3}
    N = X.shape[0]

    # ---- forward, keep everything ----
    cache = {'A0': X}
    for l in range(1, L + 1):
        Z = cache['A' + str(l - 1)].dot(params['W' + str(l)]) + params['b' + str(l)]
        cache['Z' + str(l)] = Z
        if l < L:
            cache['A' + str(l)] = relu(Z)
    probs = softmax(cache['Z' + str(L)])

    # ---- backward ----
    grads = {}
    dZ = probs.copy()
    dZ[np.arange(N), y] -= 1
    dZ /= N
    for l in range(L, 0, -1):
        A_prev = cache['A' + str(l - 1)]
        W = params['W' + str(l)]
        grads['W' + str(l)] = A_prev.T.dot(dZ)
        grads['W' + str(l)] += reg * W
        grads['b' + str(l)] = np.sum(dZ, axis=0)
        if l > 1:
            dA = dZ.dot(W.T)
            dZ = dA * relu_grad(cache['Z' + str(l - 1)])
    return grads


def setup(rng):
    N, D, H1, H2, C = 5, 2, 6, 4, 3
    args = (rng.normal(size=(N, D)), np.array([0, 2, 1, 1, 2]),
            rng.normal(size=(D, H1)), 0.6 * rng.random(H1) + 0.1,
            0.7 * rng.normal(size=(H1, H2)), 0.6 * rng.random(H2) + 0.1,
            0.7 * rng.normal(size=(H2, C)), 0.3 * rng.normal(size=C), 0.15)
    return compute_loss, compute_grads, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
