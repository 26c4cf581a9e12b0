"""Products, powers and signs the other way round: the right line is among the edits."""

import numpy as np
import pytest
from written import NETWORK, reviewed

SLOPE = "dz1 = da1 * (1 - a1 ** 2)"


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("dW2 = a1.T @ dp", "dW2 = (dp.T @ a1)", "transposed"),
        ("da1 = dp @ W2.T", "da1 = dp @ W2.T * 2", "factor"),
        (SLOPE, "dz1 = da1 * 1 - a1 ** 2", "operands"),
        (SLOPE, "dz1 = da1 * (1 - a1)", "constant"),
        (SLOPE, "dz1 = da1 * (1 + a1 ** 2)", "sign"),
        (SLOPE, "dz1 = da1 * a1 * (1 - a1)", "constant"),
        (SLOPE, "dz1 = da1 * a1 * z1 * (1 - a1 ** 2)", "doubled-derivative"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (Y - p) / N", "sign"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p + Y) / N", "sign"),
    ],
)
def test_the_right_line_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_an_outer_product(texts_of):
    text = "import numpy as np\n\n\ndef loss(W, v, x):\n    return (W * np.outer(v, x)).sum()\n\n\n"
    text += "def gradients(W, v, x):\n    g = v * x\n    h = np.exp(v)\n    return g * h\n"
    args = np.ones((3, 3)), np.ones(3), np.ones(3)
    assert {"np.outer(v, x)", "np.outer(x, v)"} <= {*texts_of(text, "v * x", args)}
    assert "np.outer(x, v)" in texts_of(text, "v", args)
    assert not any("outer" in x for x in texts_of(text, "W", args))


MATRICES = """
import numpy as np


def loss(w):
    return float((w ** 2).sum())


def gradients(w):
    m = np.matrix(w)
    g = np.multiply(m, 1 - m)
    h = m * m.T
    return g
"""


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_products_of_matrices(texts_of):
    """By elements they are written by a function."""
    args = (np.arange(3.0)[None],)
    assert "np.multiply(m, m.T)" in texts_of(MATRICES, "m * m.T", args)
    alone = MATRICES.replace("g = np.multiply(m, 1 - m)", "g = m")
    assert "np.multiply(2, m)" in texts_of(alone, "m", args)
    plain = texts_of(MATRICES.replace("np.matrix(w)", "np.array(w)"), "m * m.T", args)
    assert "np.multiply(m, m.T)" not in plain


BATCHED = """
import numpy as np


def loss(A, B):
    return (A @ B).sum()


def gradients(A, B):
    d = np.ones((2, 3, 3))
    return d + A.mean() + B.mean(), A.swapaxes(1, 2) @ d
"""


def test_transposes_of_each_of_several(texts_of):
    args = np.ones((2, 3, 4)), np.ones((2, 4, 3))
    wanted = "B.swapaxes(1, 2)"
    assert wanted in texts_of(BATCHED, "B", args)
    assert "A" in texts_of(BATCHED, "A.swapaxes(1, 2)", args)
    other = BATCHED.replace("swapaxes(1, 2)", "transpose(0, 2, 1)")
    assert "B.transpose(0, 2, 1)" in texts_of(other, "B", args)
    none = BATCHED.replace("A.swapaxes(1, 2)", "A.mean()")
    assert "B.swapaxes(-1, -2)" in texts_of(none.replace("@ d", "* d"), "B", args)
    plain = NETWORK.replace("N = len(X)", "N = len(X)\n    u = X.swapaxes(0, 1)")
    assert not any("swapaxes" in x for x in texts_of(plain, "X"))  # of two axes


def test_a_product_by_elements_without_the_transpose(texts_of):
    text = "def loss(A, B):\n    return (A * B).sum()\n\n\n"
    text += "def gradients(A, B):\n    return A @ B.T, A\n"
    assert "A * B" in texts_of(text, "A @ B.T", (np.ones((2, 3)), np.ones((2, 3))))


SCALED = """
import numpy as np


def loss(gamma, X):
    return np.sum(np.sin(gamma * X) * X)


def gradients(gamma, X):
    dout = X * np.cos(gamma * X)
    d = dout * X
    return {"gamma": d.sum(axis=1, keepdims=True)}
"""


@pytest.mark.parametrize("wrong", ["np.dot(dout, X)", "dout @ X", "dout.dot(X)"])
def test_a_product_by_elements(tmp_path, wrong):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(3, 1)), rng.normal(size=(3, 5))
    found, off, *_ = reviewed(tmp_path, SCALED, "dout * X", wrong, args, wrt="gamma")
    assert off == 0
    assert [*found.mended.values()] == [SCALED]
