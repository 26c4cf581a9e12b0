"""softmax regression + a relu hidden layer on the side

    scores = X V + relu(X W1 + b1) W2 + b2

plain SGD, weights are changed in place (careful with views!)
"""
import numpy as np


def softmax(s):
    s = s - np.max(s, axis=1, keepdims=True)
    e = np.exp(s)
    return e / np.sum(e, axis=1, keepdims=True)


def one_hot(y, k):
    out = np.zeros((len(y), k))
    out[np.arange(len(y)), y] = 1
    return out


def batch_loss(V, W1, b1, W2, b2, X, y, reg, lr):
    hid = np.where(X @ W1 + b1 > 0, X @ W1 + b1, 0)
    s = X @ V + hid @ W2 + b2
    m = s.max(axis=1)
    logz = np.log(np.exp(s - m[:, None]).sum(axis=1)) + m
    nll = logz - s[np.arange(len(y)), y]
    l2 = (V ** 2).sum() + (W1 ** 2).sum() + (W2 ** 2).sum()
    return nll.mean() + 0.5 * reg * l2


def train_step(V, W1, b1, W2, b2, X, y, reg, lr):
    """one step on a mini-batch; V, W1, b1, W2, b2 are updated in place"""
    n = X.shape[0]
    k = W2.shape[1]

    # forward
    pre = X @ W1 + b1
    h = np.maximum(pre, 0)
    probs = softmax(X @ V + h @ W2 + b2)

    # gradient on the scores
    dscores = probs - one_hot(y, k)
    dscores /= n

    # hidden layer: needs W2 as it was in the forward pass
    dh = dscores @ W2.T
    dh[pre <= 0] = 0

    dW2 = h.T @ dscores
    db2 = np.sum(dscores, axis=0)
    dV = X.T @ dscores
    dW1 = X.T @ dh
    db1 = np.sum(dh, axis=0)

    # L2 (not on the biases)
    dV += reg * V
    dW1 += reg * W1
    dW2 += reg * W2

    # update
    V -= lr * dV
    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
    b2 -= lr * db2
    return V, W1, b1, W2, b2


def run_epoch(params, X, y, reg=1e-3, lr=0.1, batch=32, rng=None):
    order = np.arange(len(X)) if rng is None else rng.permutation(len(X))
    for start in range(0, len(X), batch):
        idx = order[start:start + batch]
        train_step(*params, X[idx], y[idx], reg, lr)
    return batch_loss(*params, X, y, reg, lr)


def setup(rng):
    n, d, hidden, k = 5, 4, 6, 3
    args = (rng.normal(size=(d, k)), rng.normal(size=(d, hidden)), rng.normal(size=hidden),
            rng.normal(size=(hidden, k)), rng.normal(size=k),
            rng.normal(size=(n, d)), rng.permutation(np.arange(n) % k), 0.05, 0.1)
    return batch_loss, train_step, args, {"wrt": ["V", "W1", "b1", "W2", "b2"], "returns": "updated", "lr": 0.1}
