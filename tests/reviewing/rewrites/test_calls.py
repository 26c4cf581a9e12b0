"""Functions, conditions and words that should be others."""

import numpy as np
import pytest
from written import module, reviewed

import autograd_lite as al


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("a1 = np.tanh(z1)", "a1 = z1", "operands"),
        ("a1 = np.tanh(z1)", "a1 = np.sin(z1)", "constant"),
    ],
)
def test_the_right_call_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_the_other_word(tmp_path):
    text = (
        "import numpy as np\n\n\n"
        "def act(z, kind):\n    return np.maximum(z, 0) if kind == 'relu' else np.tanh(z)\n\n\n"
        "def slope(z, kind):\n    if kind == 'relu':\n        return (z > 0) * 1.0\n"
        "    return 1 - np.tanh(z) ** 2\n\n\n"
        "def loss(w, x):\n    return (act(x * w, 'relu') + act(x * w, 'tanh')).sum()\n\n\n"
        "def gradient(w, x):\n    g = slope(x * w, 'tanh')\n"
        "    return x * (g + slope(x * w, 'relu'))\n"
    )
    wrong = text.replace("g + slope(x * w, 'relu')", "g + slope(x * w, 'tanh')")
    m = module(tmp_path, wrong)
    rng = np.random.default_rng(2)
    w, x = rng.normal(size=5), rng.normal(size=5)
    found = al.review(m.loss, m.gradient, w, x, wrt="w")
    assert list(found.mended.values()) == [text]


SIGMOIDS = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(W, V, X, Y):
    a = 1 / (1 + np.exp(-(X @ W)))
    p = 1 / (1 + np.exp(-(a @ V)))
    return ((p - Y) ** 2).sum() / 2


def gradients(W, V, X, Y):
    n, k = Y.shape
    a = sigmoid(X @ W)
    p = sigmoid(a @ V)
    e = p - Y
    d2 = e * p * (1 - p)
    d1 = (d2 @ V.T) * (a * (1 - a))
    one, two = Pair(d1, X), Pair(d2, a)
    return {"W": one.left.T @ one.right, "V": two.left.T @ two.right}


class Pair:
    def __init__(self, right, left):
        self.right, self.left = right, left
"""
ARGS = tuple(np.random.default_rng(3).normal(size=s) for s in ((3, 3), (3, 3), (5, 3), (5, 3)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("np.exp(-z)", "np.exp(z)"),  # the sign of what a function gets
        ("p = sigmoid(a @ V)", "p = a @ V"),  # a function around all of a line
        ("p * (1 - p)", "p * (a - p)"),
        ("(a * (1 - a))", "(a * (a - 1))"),
        ("one.right", "two.right"),  # of another object
    ],
)
def test_the_line_is_mended(tmp_path, right, wrong):
    found, below, mended, true = reviewed(tmp_path, SIGMOIDS, right, wrong, ARGS)
    assert below == 0, found
    for name, wanted in true.gradients(*ARGS).items():
        np.testing.assert_allclose(mended.gradients(*ARGS)[name], wanted, rtol=1e-9)
