"""What each way to go wrong is undone by: the right line is among the edits of the wrong one."""

import ast

import numpy as np
import pytest
from test_pool import pool
from written import NETWORK, module

import autograd_lite as al
from autograd_lite.reviewing.mending import Impossible, mended
from autograd_lite.reviewing.rewrites import edits

SLIPS = [
    ("dW2 = a1.T @ dp", "dW2 = z1.T @ dp", "operands"),
    ("dW2 = a1.T @ dp", "dW2 = (dp.T @ a1)", "transposed"),
    ("da1 = dp @ W2.T", "da1 = dp @ W2.T * 2", "factor"),
    ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1", "missing-derivative"),
    ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - z1 ** 2)", "derivative-at-input"),
    ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * 1 - a1 ** 2", "operands"),
    ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - a1)", "constant"),
    ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 + a1 ** 2)", "sign"),
    ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * a1 * (1 - a1)", "constant"),
    ("db1 = dz1.sum(axis=0)", "db1 = dz1.mean(axis=0)", "mean-for-sum"),
    ("db1 = dz1.sum(axis=0)", "db1 = dz1.sum(axis=1)", "axis"),
    ("db1 = dz1.sum(axis=0)", "db1 = dz1.sum()", "axis"),
    ("db1 = dz1.sum(axis=0)", "db1 = da1.sum(axis=0)", "operands"),
    ("dp = 2 * (p - Y) / N", "dp = 2 * (Y - p) / N", "sign"),
    ("dp = 2 * (p - Y) / N", "dp = (p - Y) / N", "factor"),
    ("dp = 2 * (p - Y) / N", "dp = 2 * (p - Y)", "factor"),
    ("dp = 2 * (p - Y) / N", "dp = 3 * (p - Y) / N", "factor"),
    ("dp = 2 * (p - Y) / N", "dp = 2 * (p + Y) / N", "sign"),
    ("z1 = X @ W1 + b1", "z1 = X @ W1", "missing-term"),
    ("a1 = np.tanh(z1)", "a1 = z1", "operands"),
]


@pytest.mark.parametrize(("right", "wrong", "kind"), SLIPS)
def test_the_right_line_is_among_the_edits(tmp_path, right, wrong, kind):
    found, file, _ = pool(tmp_path, NETWORK.replace(right, wrong))
    ranks = {}
    line = next(n for n in file.nodes if hasattr(n, "lineno") and file.segment(n) == wrong)
    for node in ast.walk(line):
        for edit in edits(found, file, node) if hasattr(node, "lineno") else ():
            try:
                text = mended(found.code, edit)
            except Impossible:
                continue
            ranks.setdefault(ast.dump(ast.parse(text)), []).append((edit.rank, edit.kind))
    kinds = ranks[ast.dump(ast.parse(NETWORK))]
    assert kind in [k for rank, k in kinds if rank <= min(kinds)[0] + 0.3]


def test_a_count_that_is_another(tmp_path):
    text = "def loss(W, X, Y):\n    return ((X @ W - Y) ** 2).mean()\n\n\n"
    text += "def gradient(W, X, Y):\n    d = 2 * (X @ W - Y) / len(Y)\n    return X.T @ d\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(2)
    args = [rng.normal(size=s) for s in ((4, 3), (6, 4), (6, 3))]
    found = al.review(m.loss, m.gradient, *args, wrt="W")
    assert next(iter(found.mended.values())) == text.replace("len(Y)", "Y.size")


def test_a_division_that_is_missing_after_a_loop(tmp_path):
    text = "def loss(w, X):\n    return sum((x @ w) ** 2 for x in X) / len(X)\n\n\n"
    text += "def gradient(w, X):\n    dw = 0 * w\n    for x in X:\n        dw += 2 * (x @ w) * x\n"
    m = module(tmp_path, f"{text}    return dw\n")
    rng = np.random.default_rng(2)
    found = al.review(m.loss, m.gradient, rng.normal(size=4), rng.normal(size=(6, 4)), wrt="w")
    (mistake,) = found.mistakes
    assert mistake.kind == "factor"
    assert found.left == ()
