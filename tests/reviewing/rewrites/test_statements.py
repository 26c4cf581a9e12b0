"""Lines that are missing, too many, or elsewhere."""

import ast

import numpy as np
import pytest
from test_pool import pool
from written import module

import autograd_lite as al
from autograd_lite.reviewing.rewrites import edits


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("    dW1 = X.T @ dz1\n", "    dW1 = X.T @ dz1\n    dW1 *= 2\n", "factor"),
        ("    dW1 = X.T @ dz1\n", "    dW1 = X.T @ dz1\n    z1 = a1\n", "constant"),
        ("    z1 = X @ W1 + b1\n", "    W1 = W1 + 1\n    z1 = X @ W1 + b1\n", "stale"),
        ("    dW1 = X.T @ dz1\n", "    dW1 = X.T @ dz1\n    dz1 = da1\n", "constant"),
    ],
)
def test_the_right_lines_are_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_a_division_that_is_missing_after_a_loop(tmp_path):
    text = "def loss(w, X):\n    return sum((x @ w) ** 2 for x in X) / len(X)\n\n\n"
    text += "def gradient(w, X):\n    dw = 0 * w\n    for x in X:\n        dw += 2 * (x @ w) * x\n"
    m = module(tmp_path, f"{text}    return dw\n")
    rng = np.random.default_rng(2)
    found = al.review(m.loss, m.gradient, rng.normal(size=4), rng.normal(size=(6, 4)), wrt="w")
    (mistake,) = found.mistakes
    assert mistake.kind == "factor"
    assert found.left == ()


def test_nothing_is_added_to_zeros_where_it_begins(tmp_path):
    """`+=` in the place of `=` is no way to mend `db = zeros`."""
    text = (
        "import numpy as np\n\n\ndef loss(X, w):\n    return (X @ w).sum()\n\n\n"
        "def gradients(X, w):\n    for x in X:\n        g = np.zeros_like(w)\n        g += x\n"
        "    return {'w': g}\n"
    )
    program, file, _ = pool(tmp_path, text, (np.ones((3, 2)), np.ones(2)))
    line = next(n for n in file.nodes if isinstance(n, ast.Assign))
    written = [text for edit in edits(program, file, line) for _, text in edit.changes]
    assert written
    assert not any(x.startswith("g += np.zeros") for x in written)
