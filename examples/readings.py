"""Six forward passes as people write them, with their derivations and sources: a page of Markdown.

python examples/readings.py > examples/readings.md
"""

import inspect

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor

START = """\
# Six readings

Forward passes in plain numpy, and what `al.derive` and `al.source` say of them. The parameters are
Tensors without a name: `names=locals()` says what they, the data and parts of it are called.
Formulas that are written out, such as a sigmoid or a softmax, are read as such. Nothing below the
programs is written by hand.
"""


def numbers(*shape):
    """Data of a shape."""
    return np.random.default_rng(len(shape)).normal(size=shape)


def logistic_regression():
    """Logistic regression with a penalty"""
    X, t, lam = numbers(6, 3), np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0]), 0.1
    w, b = Tensor(numbers(3)), Tensor(0.0)

    p = 1 / (1 + np.exp(-(X @ w + b)))
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p)) + lam / 2 * np.sum(w**2)
    return loss, locals()


def recurrent_network():
    """A recurrent network of five steps"""
    x, target, h0 = numbers(5, 2), numbers(5, 1), np.zeros(3)
    Wx, Wh, Wo = Tensor(numbers(3, 2)), Tensor(numbers(3, 3)), Tensor(numbers(1, 3))
    b = Tensor(np.zeros(3))

    h, loss = h0, 0
    for t in range(5):
        h = np.tanh(Wx @ x[t] + Wh @ h + b)
        y = Wo @ h
        loss = loss + 0.5 * np.sum((y - target[t]) ** 2)
    return loss, locals()


def convolution():
    """A convolution by slices"""
    image, target = numbers(6, 6), numbers(4, 4)
    K, b = Tensor(numbers(3, 3)), Tensor(0.1)

    z = b
    for i in range(3):
        for j in range(3):
            z = z + image[i : i + 4, j : j + 4] * K[i, j]
    loss = ((np.maximum(z, 0) - target) ** 2).mean()
    return loss, locals()


def springs():
    """A network of springs"""
    edges, k, length = [(0, 1), (1, 2), (2, 0), (2, 3)], 2.0, 1.0
    x = Tensor([[0.0, 0.0], [1.2, 0.1], [1.1, 1.3], [-0.1, 0.9]])

    energy = 0.0
    for i, j in edges:
        stretch = np.sqrt(((x[i] - x[j]) ** 2).sum()) - length
        energy = energy + k / 2 * stretch**2
    return energy, locals()


def batch_normalisation():
    """Batch normalisation"""
    X, T, eps = numbers(5, 3), numbers(5, 2), 1e-5
    W1, W2 = Tensor(numbers(3, 4)), Tensor(numbers(4, 2))
    gamma, beta = Tensor(np.ones(4)), Tensor(np.zeros(4))

    h = X @ W1
    mu = h.mean(axis=0)
    var = ((h - mu) ** 2).mean(axis=0)
    xhat = (h - mu) / np.sqrt(var + eps)
    y = (gamma * xhat + beta) @ W2
    loss = ((y - T) ** 2).mean()
    return loss, locals()


def attention():
    """Attention"""
    X, target = numbers(4, 3), numbers(4, 2)
    Wq, Wk, Wv = Tensor(numbers(3, 2)), Tensor(numbers(3, 2) - 0.5), Tensor(numbers(3, 2) / 2)

    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    scores = Q @ K.T / 2**0.5
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    A = e / e.sum(axis=1, keepdims=True)
    loss = np.sum((A @ V - target) ** 2)
    return loss, locals()


PROGRAMS = (
    logistic_regression,
    recurrent_network,
    convolution,
    springs,
    batch_normalisation,
    attention,
)


def page():
    """The page as Markdown."""
    parts = [START]
    for program in PROGRAMS:
        loss, names = program()
        derivation = al.derive(loss, names=names)
        text = inspect.getsource(program).split('"""')[2]
        text = text[: text.rindex("    return")]
        parts += [
            f"\n## {program.__doc__}\n\n```python\n{inspect.cleandoc(text)}\n```\n",
            f"\n```text\n{derivation}\n```\n\n$$\n{derivation.latex()}\n$$\n",
            f"\n```python\n{al.source(loss, names=names)}```\n",
        ]
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
