"""A factor or a term that is missing: the line with it is among the edits."""

import ast

import numpy as np
import pytest
from test_pool import pool
from written import NETWORK, reviewed

from autograd_lite.reviewing.rewrites import edits


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1", "missing-derivative"),
        ("dp = 2 * (p - Y) / N", "dp = (p - Y) / N", "factor"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p - Y)", "factor"),
        ("z1 = X @ W1 + b1", "z1 = X @ W1", "missing-term"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * p / N", "missing-term"),  # and Y is never read
    ],
)
def test_the_whole_line_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_a_one_that_is_missing(texts_of):
    assert "(1 - a1)" in texts_of(NETWORK.replace("(1 - a1 ** 2)", "a1"), "a1")
    assert "p - 1" in texts_of(NETWORK.replace("dp = 2 * (p - Y) / N", "dp = p"), "p")


def test_the_item_of_a_row_at_an_index_that_the_line_reads(texts_of):
    text = "def loss(W, b, x):\n    return sum((W[i] @ x + b[i]) ** 2 for i in range(len(b)))\n\n\n"
    text += "def gradients(W, b, x):\n    gW, gb = 0 * W, 0 * b\n    for i in range(len(b)):\n"
    text += "        s = W[i] @ x\n        gW[i] += 2 * s * x\n        gb[i] += 2 * s\n"
    text += "    return gW, gb\n"
    args = np.ones((3, 2)), np.ones(3), np.ones(2)
    assert "W[i] @ x + b[i]" in texts_of(text, "W[i] @ x", args)


def test_a_function_that_nothing_calls(texts_of):
    """As a term and as a factor; but none that does more than compute."""
    text = NETWORK + "\n\ndef slope(v):\n    return 1 - v ** 2\n\n\n"
    text += "def twice(v):\n    return slope(v) + slope(v)\n\n\n"
    text += "def kept(v):\n    print(v)\n    return v\n\n\n"
    text += "def spoiled(v):\n    v[0] = 1\n    return v\n\n\n"
    text += "def clip(v):\n    return kept(v)\n\n\ndef cut(v):\n    return clip(v)\n"
    found = texts_of(text.replace("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1"), "da1")
    assert {"da1 * slope(a1)", "da1 * twice(a1)", "da1 + slope(a1)"} <= {*found}
    assert not any(name in x for name in ("kept", "spoiled", "clip", "cut") for x in found)


@pytest.mark.parametrize(
    ("given", "new"),
    [
        ("(dW1, db1, dW2)", "(dW1, db1, dW2, db2)"),
        ("(dW1, dW2, db2)", "(dW1, db1, dW2, db2)"),
        ("[dW1, db1, db2]", "[dW1, db1, dW2, db2]"),
        ('{"dW1": dW1, "db1": db1}', '{"dW1": dW1, "db1": db1, "db2": db2}'),
        ("{'W1': dW1, 'b1': db1}", "{'W1': dW1, 'b1': db1, 'b2': db2}"),
    ],
)
def test_one_of_several_that_are_given(texts_of, given, new):
    own = '{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}'
    assert new in texts_of(NETWORK.replace(own, given), given)


def test_what_is_left_of_a_quotient_to_one(texts_of):
    """As in the derivative of a cross-entropy; by the function of numpy, too."""
    text = NETWORK.replace("dp = 2 * (p - Y) / N", "dp = -(Y / p) + np.divide(p, Y)")
    assert "(Y / p - (1 - Y) / (1 - p))" in texts_of(text, "Y / p")
    assert "(np.divide(p, Y) + np.divide(1 - p, 1 - Y))" in texts_of(text, "np.divide(p, Y)")
    assert not any("1 - 2" in x for x in texts_of(NETWORK, "2 * (p - Y) / N"))  # of arrays alone


def test_the_bias_of_a_product_within_a_call(texts_of):
    text = NETWORK.replace("z1 = X @ W1 + b1\n    a1 = np.tanh(z1)", "a1 = np.tanh(X @ W1)")
    found = texts_of(text.replace("dz1 = da1", "z1 = b1\n    dz1 = da1"), "X @ W1")
    assert "X @ W1 + b1" in found


def test_a_division_by_an_array(texts_of):
    assert "da1 / a1" in texts_of(NETWORK.replace("da1 * (1 - a1 ** 2)", "da1"), "da1")


def test_a_factor_of_a_number(texts_of):
    """Also what a method gives of an object that the function reads, if it only computes."""
    text = (
        "class Neuron:\n    def __init__(self, w):\n        self.w, self.delta = w, 2.0\n\n"
        "    def slope(self):\n        return 1.0 - self.w ** 2\n\n"
        "    def kept(self):\n        self.w += 1\n        return self.w\n\n\n"
        "def loss(w):\n    return (w ** 2).sum()\n\n\n"
        "def gradients(w):\n    for one in [Neuron(x) for x in w]:\n"
        "        error = one.w + 1.0\n        one.delta = error\n    return w\n"
    )
    found = texts_of(text, "error", (np.ones(3),))
    assert {"error * one.slope()", "error * one.w"} <= {*found}
    assert not any("kept" in x for x in found)


ROWS = """
import numpy as np


def loss(w, X, rates, c):
    return (X * rates[:, None] * w).sum() + c * rates.sum()


def gradients(w, X, rates, c):
    d = X * w
    return d.sum(axis=0)
"""


def test_a_row_as_a_column(texts_of):
    """As a factor, and, where nothing reads it, as a term, with a number that nothing reads."""
    args = np.ones(2), np.ones((3, 2)), np.ones(3), 0.5
    found = texts_of(ROWS, "X * w", args)
    assert {"X * w * rates[:, None]", "X * w + c * rates[:, None]"} <= {*found}
    assert not any("w[:, None]" in x for x in found)  # it is a row
    read = texts_of(ROWS.replace("d.sum(", "d[rates > c].sum("), "X * w", args)
    assert "X * w * rates[:, None]" in read
    assert "X * w + c * rates[:, None]" not in read


def test_a_function_that_is_called_as_derivatives_are(tmp_path):
    """Comes before others."""
    text = NETWORK + "\n\ndef other(v):\n    return v\n\n\n"
    text += "def tanh_prime(v):\n    return 1 - np.tanh(v) ** 2\n"
    lines = "dz1 = da1\n    e1 = tanh_prime(z1) + other(z1)"
    program, file, _ = pool(tmp_path, text.replace("dz1 = da1 * (1 - a1 ** 2)", lines))
    (line,) = (x for x in file.nodes if isinstance(x, ast.stmt) and file.segment(x) == "dz1 = da1")
    node = line.value
    ranks = {edit.changes[0][1]: edit.rank for edit in edits(program, file, node)}
    assert ranks["da1 * tanh_prime(z1)"] < ranks["da1 * other(z1)"]


STANDARD = """
import numpy as np


def loss(X, w):
    return (X / np.sqrt(X.var(axis=0) + 0.1) @ w).sum()


def gradients(X, w):
    z = X / np.sqrt(X.var(axis=0) + 0.1)
    return {"w": z.sum(axis=0)}
"""


def test_the_root_of_a_variance(tmp_path):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(5, 3)), rng.normal(size=3)
    text = STANDARD.replace("(X / np", "(2 * X / 2 / np")
    right = "z = X / np.sqrt(X.var(axis=0) + 0.1)"
    found, off, *_ = reviewed(tmp_path, text, right, "z = X / (X.var(axis=0) + 0.1)", args, wrt="w")
    assert off == 0
    assert [*found.mended.values()] == [text]


MIXTURE = """
import numpy as np

SLOPE = 0.2


def loss(mu, s, Y):
    sq = ((Y[:, None, :] - mu) ** 2).sum(axis=2) / np.exp(s)
    return np.where(sq > 1, sq, SLOPE * sq).sum()


def gradients(mu, s, Y):
    var = np.exp(s)
    diff = mu - Y[:, None, :]
    sq = (diff ** 2).sum(axis=2) / var
    g = np.where(sq > 1, 1.0, SLOPE)
    d = 2 * g[:, :, None] * diff / var[:, :, None]
    return {"mu": d, "s": -g * sq}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("diff / var[:, :, None]", "diff"),
        ("2 * g[:, :, None] * diff", "2 * diff"),
        ("np.where(sq > 1, 1.0, SLOPE)", "(sq > 1)"),
    ],
)
def test_a_factor_with_more_axes(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((4, 3, 2), (4, 3), (4, 2)))
    _, off, mended, its = reviewed(tmp_path, MIXTURE, right, wrong, args, wrt=["mu", "s"])
    assert off == 0
    for g, expected in zip(mended.gradients(*args).values(), its.gradients(*args).values()):
        np.testing.assert_allclose(g, expected, rtol=1e-12)


UNIT = """
import numpy as np


def loss(X, w):
    length = np.sqrt((X ** 2).sum(axis=1, keepdims=True))
    return np.tanh(X / length @ w).sum()


def gradients(X, w):
    length = np.sqrt((X ** 2).sum(axis=1, keepdims=True))
    Z = X / length
    slope = 1 - np.tanh(Z @ w) ** 2
    g = np.outer(slope, w)
    dX = (g - Z * (g * Z).sum(axis=1, keepdims=True)) / length
    return {"w": Z.T @ slope, "X": dX}
"""


def test_the_root_of_what_a_line_makes(tmp_path):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(5, 3)), rng.normal(size=3)
    right = "length = np.sqrt((X ** 2).sum(axis=1, keepdims=True))\n    Z"
    wrong = "length = (X ** 2).sum(axis=1, keepdims=True)\n    Z"
    found, off, *_ = reviewed(tmp_path, UNIT, right, wrong, args, wrt=["w", "X"])
    assert off == 0
    assert [*found.mended.values()] == [UNIT]


def test_a_division_by_a_row(texts_of):
    args = tuple(np.random.default_rng(2).normal(size=s) for s in ((3, 2), (6, 3), (2,)))
    text = (
        "def loss(W, X, s):\n    return ((X @ W / s) ** 2).sum() / 2\n\n\n"
        "def gradients(W, X, s):\n    d = X @ W / s\n    return {'W': X.T @ d}\n"
    )
    assert "X @ W / s / s" in texts_of(text, "X @ W / s", args)


BY_NUMBERS = """
import numpy as np


def loss(W, x, y):
    return 0.5 * ((np.tanh(W @ x) - y) ** 2).sum()


def gradients(W, x, y):
    n = len(W)
    h, d = np.zeros(n), np.zeros(n)
    dW = np.zeros_like(W)
    for k in range(n):
        h[k] = np.tanh(W[k] @ x)
        miss = h[k] - y[k]
        d[k] = miss * (1 - h[k] ** 2)
        dW[k] = d[k] * x
    return {"W": dW}
"""


@pytest.mark.parametrize("wrong", ["miss", "miss * h[k] * (1 - h[k])"])
def test_the_slope_of_a_number_at_the_index_of_the_line(tmp_path, wrong):
    args = tuple(np.random.default_rng(2).normal(size=s) for s in ((4, 3), (3,), (4,)))
    right = "miss * (1 - h[k] ** 2)"
    found, *_ = reviewed(tmp_path, BY_NUMBERS, right, wrong, args)
    assert found.mistakes[0].mended.strip() == f"d[k] = {right}"
