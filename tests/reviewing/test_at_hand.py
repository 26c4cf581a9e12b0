"""What can be read where a line is computed, without calling what is the user's."""

import numpy as np
from written import module, pool_of

from autograd_lite.reviewing.at_hand import Frame

PROGRAM = """
import numpy as np

CALLS = []


def f(x):
    CALLS.append(1)
    return 2 * x


def loss(W, X):
    return np.dot(X, W).sum()


def gradient(W, X):
    n = len(X)
    y = f(np.dot(X, W))
    ones = np.ones(y.shape)
    scale = np.sqrt(n)
    g = np.dot(X.T, ones)
    return {"W": g}
"""
rng = np.random.default_rng(1)
W, X = rng.normal(size=(3, 2)), rng.normal(size=(5, 3))


def frame(tmp_path, text):
    m = module(tmp_path, text)
    bench, pool = pool_of(m.loss, m.gradient, (W, X))
    (file,) = bench.code.files.values()
    (line,) = [
        n for n in file.nodes if hasattr(n, "targets") and file.segment(n).startswith("g = ")
    ]
    (names,) = bench.notes.frames[file, line.value.at]
    m.CALLS.clear()
    return m, Frame(pool, file, line, names)


def test_what_is_read_there(tmp_path):
    m, found = frame(tmp_path, PROGRAM)
    np.testing.assert_array_equal(found.arrays["X"], X)
    np.testing.assert_allclose(found.arrays["np.dot(X, W)"], X @ W)
    assert found.numbers["n"] == 5
    assert abs(found.numbers["np.sqrt(n)"] - 5**0.5) < 1e-15
    assert found.value("X.T @ no_such_name") is None
    assert m.CALLS == []  # none of the user's functions was called yet
    np.testing.assert_allclose(found.factors["f(y)"], 4 * X @ W)


def test_products_are_written_as_the_program_writes_them(tmp_path):
    _, found = frame(tmp_path, PROGRAM)
    products = dict(found.products((3, 2)))
    np.testing.assert_allclose(products["np.dot(X.T, ones)"], X.T @ np.ones((5, 2)))
    _, found = frame(
        tmp_path,
        PROGRAM.replace("np.dot(X, W)", "(X @ W)").replace("np.dot(X.T, ones)", "X.T @ ones"),
    )
    assert "X.T @ ones" in dict(found.products((3, 2)))


def test_a_table_has_a_row_for_each(tmp_path):
    _, found = frame(tmp_path, PROGRAM)
    texts, rows = found.table("factors", (5, 2))
    assert rows.shape == (len(texts), 10)
    np.testing.assert_allclose(rows[texts.index("y")], 2 * (X @ W).ravel())
    np.testing.assert_allclose(rows[texts.index("(y > 0)")], (X @ W > 0).ravel())
    texts, rows = found.table("factors", (7, 7))
    assert rows.shape == (0, 49)


def test_what_is_left_of_a_share_and_matrix_products_alone(tmp_path):
    _, here = frame(
        tmp_path, PROGRAM.replace("    g = np", "    z = 1 / (1 + np.exp(-y))\n    g = np")
    )
    assert np.allclose(here.factors["(1 - z)"], 1 - 1 / (1 + np.exp(-2 * X @ W)))
    alone = [text for text, _ in here.alone((5, 2))]
    assert "np.dot(X, W)" in alone
    assert {"y", "z"} <= {*alone}
    assert "y * z" not in alone
