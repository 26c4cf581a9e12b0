"""A student's network whose backward pass is wrong; see "Which line is wrong?" in the README.

    python -m autograd_lite review examples/student.py:loss examples/student.py:gradients \\
        --args examples/student.py:make
"""

import numpy as np


def make(rng):
    """Arguments, of sizes that differ."""
    samples, inputs, hidden, classes = (int(n) for n in rng.permutation(np.arange(2, 8))[:4])
    X, y = rng.normal(size=(samples, inputs)), rng.integers(0, classes, samples)
    W1, W2 = rng.normal(size=(inputs, hidden)), rng.normal(size=(hidden, classes))
    return W1, rng.normal(size=hidden), W2, rng.normal(size=classes), X, y


def loss(W1, b1, W2, b2, X, y):
    """The mean cross-entropy of a softmax over tanh units."""
    scores = np.tanh(X @ W1 + b1) @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(y)), y].mean()


def gradients(W1, b1, W2, b2, X, y):
    """What the student worked out."""
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    scores = a1 @ W2 + b2
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    d2 = p.copy()
    d2[np.arange(len(y)), y] -= 1
    d2 /= len(y)
    dW2 = a1.T @ d2
    db2 = d2.sum(axis=0)
    d1 = (d2 @ W2.T) * (1 - np.tanh(a1) ** 2)
    dW1 = X.T @ d1
    db1 = d1.sum(axis=0)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
