"""
Backprop, one example at a time
-------------------------------
Companion code for the blog post. A 3-layer network (two tanh layers and a
linear read-out), trained with the plainest SGD there is: no momentum, no decay.
"""
import numpy as np


def init_layer(n_in, n_out, rng):
    return rng.normal(size=(n_out, n_in)) / np.sqrt(n_in), 0.3 * rng.normal(size=n_out)


def tanh_prime(z):
    return 1.0 - np.tanh(z) ** 2


def mse_loss(X, Y, W1, b1, W2, b2, W3, b3):
    """Squared distance to the target, averaged over the examples."""
    total = 0.0
    for inp, target in zip(X, Y):
        h = np.tanh(np.matmul(W1, inp) + b1)
        h = np.tanh(np.matmul(W2, h) + b2)
        guess = np.matmul(W3, h) + b3
        total += np.sum((guess - target) ** 2)
    return total / len(Y)


def backprop(X, Y, W1, b1, W2, b2, W3, b3):
    # one accumulator per parameter, filled in place by the loop below
    gW1, gb1 = np.zeros_like(W1), np.zeros_like(b1)
    gW2, gb2 = np.zeros_like(W2), np.zeros_like(b2)
    gW3, gb3 = np.zeros_like(W3), np.zeros_like(b3)
    n = len(X)

    for i in range(n):
        x, y = X[i], Y[i]

        # forward: keep everything, we need it on the way back
        z1 = W1.dot(x) + b1
        a1 = np.tanh(z1)
        z2 = W2.dot(a1) + b2
        a2 = np.tanh(z2)
        out = W3.dot(a2) + b3

        # backward, last layer first
        d3 = 2.0 * (out - y)
        gW3 += np.outer(d3, a2)
        gb3 += d3

        d2 = W3.T.dot(d3)
        d2 *= tanh_prime(z2)
        gW2 += np.outer(d2, a1)
        gb2 += d2

        d1 = W2.T.dot(d2)
        d1 *= 1.0 - a1 ** 2
        gW1 += d1[:, None] * x
        gb1 += d1

    # the loss is a mean, so every gradient is one too
    for g in (gW1, gb1, gW2, gb2, gW3, gb3):
        g /= n
    return {"W1": gW1, "b1": gb1, "W2": gW2, "b2": gb2, "W3": gW3, "b3": gb3}


def sgd(X, Y, params, lr=0.05, epochs=200):
    for epoch in range(epochs):
        grads = backprop(X, Y, **params)
        for name in params:
            params[name] -= lr * grads[name]
        if epoch % 50 == 0:
            print("epoch %d  loss %.5f" % (epoch, mse_loss(X, Y, **params)))
    return params


def setup(rng):
    W1, b1 = init_layer(3, 6, rng)
    W2, b2 = init_layer(6, 4, rng)
    W3, b3 = init_layer(4, 2, rng)
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    return mse_loss, backprop, (X, Y, W1, b1, W2, b2, W3, b3), {
        "wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
