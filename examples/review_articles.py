"""A review of four published backward passes: which lines are wrong, and how they should read.

The networks are those of `article_a.py` to `article_d.py`; the passes are written here in this
project's own words, as their articles have them. Of the first three, `al.review` finds nothing to
mend but what B says of its loss; of the fourth, it finds two lines.

    python examples/review_articles.py
"""

import itertools

import numpy as np

import autograd_lite as al


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


# A. Sigmoid layers without biases, one column a sample --------------------------------------------


def loss_a(weights, x, t):
    o = x
    for W in weights:
        o = sigmoid(W @ o)
    return float(np.squeeze((o - t).T @ (o - t))) / 2


def published_a(weights, x, t):
    outputs, inner = [x], []
    for W in weights:
        inner.append(W @ outputs[-1])
        outputs.append(sigmoid(inner[-1]))
    found = [None] * len(weights)
    g = outputs[-1] - t
    for i in reversed(range(len(weights))):
        g = g * sigmoid_slope(inner[i])
        found[i] = g @ outputs[i].T
        g = weights[i].T @ g
    return found


def make_a(rng):
    sizes = rng.permutation(np.arange(2, 8))[:4]
    weights = [rng.normal(size=(n, m)) for m, n in itertools.pairwise(sizes)]
    return weights, rng.normal(size=(sizes[0], 1)), rng.normal(size=(sizes[-1], 1))


# B. The chain f0 ... f5, whose loss is a norm -----------------------------------------------------


def loss_b(W1, b1, W2, b2, X, Y):
    """The squared norm; the article's text has the plain one."""
    f2 = sigmoid(X @ W1 + b1)
    f4 = sigmoid(f2 @ W2 + b2)
    return np.sum((f4 - Y) ** 2)


def norm_b(W1, b1, W2, b2, X, Y):
    """The plain norm, as it is written in the article's text."""
    return np.sqrt(loss_b(W1, b1, W2, b2, X, Y))


def published_b(W1, b1, W2, b2, X, Y):
    f1 = X @ W1 + b1
    f2 = sigmoid(f1)
    f3 = f2 @ W2 + b2
    f4 = sigmoid(f3)
    d2 = 2 * (f4 - Y) * sigmoid_slope(f3)
    d1 = (d2 @ W2.T) * sigmoid_slope(f1)
    return {
        "W1": X.T @ d1,
        "b1": d1.sum(axis=0, keepdims=True),
        "W2": f2.T @ d2,
        "b2": d2.sum(axis=0, keepdims=True),
    }


def make_b(rng):
    n, d, h, k = rng.permutation(np.arange(2, 8))[:4]
    shapes = (d, h), (1, h), (h, k), (1, k), (n, d), (n, k)
    return tuple(rng.normal(size=shape) for shape in shapes)


# C. 2-3-2, averaged over a batch ------------------------------------------------------------------


def loss_c(W1, b1, W2, b2, xs, ys):
    total = 0.0
    for x, y in zip(xs, ys):
        a = sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2)
        total += np.sum((a - y) ** 2) / 2
    return total / len(xs)


def published_c(W1, b1, W2, b2, xs, ys):
    sums = [np.zeros_like(p) for p in (W1, b1, W2, b2)]
    for x, y in zip(xs, ys):
        z1 = W1 @ x + b1
        a1 = sigmoid(z1)
        z2 = W2 @ a1 + b2
        d2 = (sigmoid(z2) - y) * sigmoid_slope(z2)
        d1 = (W2.T @ d2) * sigmoid_slope(z1)
        for total, part in zip(sums, (np.outer(d1, x), d1, np.outer(d2, a1), d2)):
            total += part
    return [total / len(xs) for total in sums]


def make_c(rng):
    n, d, h, k = rng.permutation(np.arange(2, 8))[:4]
    shapes = (h, d), (h,), (k, h), (k,), (n, d), (n, k)
    return tuple(rng.normal(size=shape) for shape in shapes)


# D. ReLU, then sigmoid, on rows -------------------------------------------------------------------


def loss_d(W1, b1, W2, b2, x, t):
    """Half the squared error, summed: the loss that the weight gradients are nearest to."""
    y = sigmoid(np.maximum(x @ W1 + b1, 0) @ W2 + b2)
    return np.sum((y - t) ** 2) / 2


def published_d(W1, b1, W2, b2, x, t):
    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    y = sigmoid(a1 @ W2 + b2)
    d2 = (y - t) * sigmoid_slope(y)
    d1 = (d2 @ W2.T) * (z1 > 0)
    return {
        "W1": x.T @ d1,
        "b1": d1.mean(axis=0),
        "W2": a1.T @ d2,
        "b2": d2.mean(axis=0),
    }


def make_d(rng):
    n, d, h, k = rng.permutation(np.arange(3, 9))[:4]
    shapes = (d, h), (h,), (h, k), (k,), (n, d)
    return *(rng.normal(size=shape) for shape in shapes), np.eye(k)[rng.integers(0, k, n)]


def main():
    """Print what is found; returns the reviews."""
    rng = np.random.default_rng(0)
    found = {
        "A": al.review(loss_a, published_a, *make_a(rng), make=make_a, wrt=["weights"]),
        "B": al.review(loss_b, published_b, *make_b(rng), make=make_b),
        "B, the norm": al.review(norm_b, published_b, *make_b(rng), make=make_b),
        "C": al.review(
            loss_c, published_c, *make_c(rng), make=make_c, wrt=["W1", "b1", "W2", "b2"]
        ),
        "D": al.review(loss_d, published_d, *make_d(rng), make=make_d, seconds=120),
    }
    for name, review in found.items():
        text = str(review).split("\n\nthe pass, line by line")[0]
        print(f"{name}. {text}\n")
    return found


if __name__ == "__main__":
    main()
