"""Homework 3: deep autoencoder with tied weights (numpy only)
encoder:  x -> tanh -> code (linear)
decoder:  code -> tanh -> sigmoid, uses W2.T and W1.T
"""
import numpy as np

LAMBDA, LEARNING_RATE = 0.02, 0.1


def sigm(a):
    return 1 / (1 + np.exp(-a))


def d_sigm(s):  # s is already the sigmoid!
    return s * (1 - s)


def d_tanh(h):  # h is already the tanh
    return 1 - h ** 2


def reconstruction_loss(x, W1, b1, W2, b2, c2, c1):
    code = np.tanh(x @ W1 + b1) @ W2 + b2
    rec = 1 / (1 + np.exp(-(np.tanh(code @ W2.T + c2) @ W1.T + c1)))
    loss = 0.5 * np.sum((rec - x) ** 2) / x.shape[0]
    return loss + 0.5 * LAMBDA * (np.sum(W1 * W1) + np.sum(W2 * W2))


def encode(x, W1, b1, W2, b2, cache):
    cache['x'] = x
    cache['h1'] = np.tanh(x.dot(W1) + b1)
    cache['code'] = cache['h1'].dot(W2) + b2
    return cache['code']


def decode(code, W1, W2, c2, c1, cache):
    cache['h2'] = np.tanh(code.dot(W2.T) + c2)
    cache['rec'] = sigm(cache['h2'].dot(W1.T) + c1)
    return cache['rec']


def train_step(x, W1, b1, W2, b2, c2, c1):
    """one step of gradient descent, returns the new parameters"""
    m = x.shape[0]
    cache, grads = {}, {}
    rec = decode(encode(x, W1, b1, W2, b2, cache), W1, W2, c2, c1, cache)

    # decoder, output layer
    d_rec = (rec - cache['x']) / m
    d_a4 = d_rec * d_sigm(rec)
    grads['c1'] = d_a4.sum(axis=0)
    grads['W1'] = d_a4.T.dot(cache['h2'])          # W1 is transposed here

    # decoder, first layer
    d_h2 = d_a4.dot(W1)
    d_a3 = d_h2 * d_tanh(cache['h2'])
    grads['c2'] = d_a3.sum(axis=0)
    grads['W2'] = d_a3.T.dot(cache['code'])

    # code layer (no nonlinearity)
    d_code = d_a3.dot(W2)
    grads['b2'] = d_code.sum(axis=0)
    grads['W2'] += cache['h1'].T.dot(d_code)       # tied: add the encoder part

    # encoder, first layer
    d_h1 = d_code.dot(W2.T)
    d_a1 = d_h1 * d_tanh(cache['h1'])
    grads['b1'] = d_a1.sum(axis=0)
    grads['W1'] += cache['x'].T.dot(d_a1)

    # weight decay (only weights)
    grads['W1'] += LAMBDA * W1
    grads['W2'] += LAMBDA * W2

    W1 = W1 - LEARNING_RATE * grads['W1']
    b1 = b1 - LEARNING_RATE * grads['b1']
    W2 = W2 - LEARNING_RATE * grads['W2']
    b2 = b2 - LEARNING_RATE * grads['b2']
    c2 = c2 - LEARNING_RATE * grads['c2']
    c1 = c1 - LEARNING_RATE * grads['c1']
    return W1, b1, W2, b2, c2, c1


def setup(rng):
    x = rng.uniform(0, 1, (3, 5))
    W1, b1 = rng.normal(0, 0.9, (5, 4)), rng.normal(0, 0.5, 4)
    W2, b2 = rng.normal(0, 0.9, (4, 2)), rng.normal(0, 0.5, 2)
    c2, c1 = rng.normal(0, 0.5, 4), rng.normal(0, 0.5, 5)
    options = {"wrt": ["W1", "b1", "W2", "b2", "c2", "c1"], "returns": "updated", "lr": LEARNING_RATE}
    return reconstruction_loss, train_step, (x, W1, b1, W2, b2, c2, c1), options
