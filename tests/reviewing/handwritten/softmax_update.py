# homework 2 - two layer net, softmax on top, ONE step of gradient descent
# X: one sample per row, y: class numbers
import numpy as np

LR = 0.1      # learning rate
REG = 0.2     # weight decay


def compute_loss(X, y, W1, b1, W2, b2):
    hidden = np.tanh(X.dot(W1) + b1)
    scores = hidden.dot(W2) + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    logp = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    data_loss = -logp[np.arange(len(y)), y].mean()
    reg_loss = 0.5 * REG * (np.sum(W1 * W1) + np.sum(W2 * W2))
    return data_loss + reg_loss


def softmax(s):
    s = s - np.max(s, axis=1, keepdims=True)
    exp_s = np.exp(s)
    return exp_s / np.sum(exp_s, axis=1, keepdims=True)


def train_step(X, y, W1, b1, W2, b2):
    """do one update, give back the new W1, b1, W2, b2"""
    num_examples = X.shape[0]

    # forward
    z1 = X.dot(W1) + b1
    hidden = np.tanh(z1)
    scores = hidden.dot(W2) + b2
    probs = softmax(scores)

    # gradient on the scores
    dscores = probs.copy()
    dscores[np.arange(num_examples), y] -= 1
    dscores /= num_examples

    # second layer
    dW2 = hidden.T.dot(dscores)
    db2 = np.sum(dscores, axis=0)

    # into the hidden layer, through tanh
    dhidden = dscores.dot(W2.T)
    dz1 = dhidden * (1 - hidden ** 2)

    # first layer
    dW1 = X.T.dot(dz1)
    db1 = np.sum(dz1, axis=0)

    # regularization
    dW2 += REG * W2
    dW1 += REG * W1

    # update
    W1 -= LR * dW1
    b1 -= LR * db1
    W2 -= LR * dW2
    b2 -= LR * db2
    return W1, b1, W2, b2


def setup(rng):
    n, d, h, c = 5, 6, 4, 3
    X = rng.standard_normal((n, d))
    y = rng.integers(0, c, n)
    W1 = rng.standard_normal((d, h)) * 0.5
    b1 = rng.standard_normal(h) * 0.3
    W2 = rng.standard_normal((h, c))
    b2 = rng.standard_normal(c) * 0.3
    options = {"wrt": ["W1", "b1", "W2", "b2"], "returns": "updated", "lr": 0.1}
    return compute_loss, train_step, (X, y, W1, b1, W2, b2), options
