"""
A two layer fully connected net in plain numpy
----------------------------------------------

    scores = max(0, X W1 + b1) W2 + b2

trained with the softmax loss and an L2 penalty on the weights.
"""
import numpy as np


def init_params(rng, D, H, C, std=0.5):
    shapes = {'W1': (D, H), 'b1': H, 'W2': (H, C), 'b2': C}
    return {k: std * rng.standard_normal(s) for k, s in shapes.items()}


def relu(x):
    return np.maximum(0, x)


def compute_loss(X, y, params, reg):
    """softmax loss of the whole batch (nothing is cached here)"""
    hid = np.clip(X.dot(params['W1']) + params['b1'], 0, None)
    s = hid.dot(params['W2']) + params['b2']
    s = s - s.max(axis=1)[:, None]
    logp = s - np.log(np.exp(s).sum(axis=1))[:, None]
    data_loss = -logp[range(len(y)), y].mean()
    reg_loss = sum(0.5 * reg * np.sum(params[k] ** 2) for k in ('W1', 'W2'))
    return data_loss + reg_loss


def forward_pass(X, params):
    """class probabilities, and what the backward pass needs"""
    W1, b1, W2, b2 = (params[k] for k in ('W1', 'b1', 'W2', 'b2'))
    z1 = np.dot(X, W1) + b1
    a1 = relu(z1)
    scores = np.dot(a1, W2) + b2
    # shift for numeric stability
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    cache = (X, z1, a1)
    return probs, cache


def backward_pass(probs, y, params, cache, reg):
    """gradients of data loss + penalty, by the names of the parameters"""
    X, z1, a1 = cache
    N = X.shape[0]
    grads = {}

    # softmax + cross entropy: p - 1 at the right class
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N

    # second layer
    grads['W2'] = a1.T.dot(dscores)
    grads['b2'] = np.sum(dscores, axis=0)

    # through the ReLU
    dhidden = dscores.dot(params['W2'].T)
    dhidden[z1 <= 0] = 0

    # first layer
    grads['W1'] = X.T.dot(dhidden)
    grads['b1'] = dhidden.sum(0)

    # d/dw of 0.5 * reg * w^2 is reg * w
    grads['W1'] += reg * params['W1']
    grads['W2'] += reg * params['W2']
    return grads


def loss_fn(X, y, W1, b1, W2, b2, reg):
    return compute_loss(X, y, {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2}, reg)


def grad_fn(X, y, W1, b1, W2, b2, reg):
    params = dict(W1=W1, b1=b1, W2=W2, b2=b2)
    probs, cache = forward_pass(X, params)
    return backward_pass(probs, y, params, cache, reg)


def setup(rng):
    D, H, C, N = 4, 6, 3, 5
    p = init_params(rng, D, H, C)
    X = rng.standard_normal((N, D))
    y = rng.integers(0, C, N)
    args = (X, y, p['W1'], p['b1'], p['W2'], p['b2'], 0.3)
    return loss_fn, grad_fn, args, {"wrt": ["W1", "b1", "W2", "b2"]}
