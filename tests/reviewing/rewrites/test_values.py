"""Another name, index or number in the place of one: the right one is among the edits."""

import numpy as np
import pytest
from written import module

import autograd_lite as al


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("dW2 = a1.T @ dp", "dW2 = z1.T @ dp", "operands"),
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - z1 ** 2)", "derivative-at-input"),
        ("db1 = dz1.sum(axis=0)", "db1 = da1.sum(axis=0)", "operands"),
        ("dp = 2 * (p - Y) / N", "dp = 3 * (p - Y) / N", "factor"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p - p) / N", "operands"),
    ],
)
def test_the_right_value_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_a_count_that_is_another(tmp_path):
    text = "def loss(W, X, Y):\n    return ((X @ W - Y) ** 2).mean()\n\n\n"
    text += "def gradient(W, X, Y):\n    d = 2 * (X @ W - Y) / len(Y)\n    return X.T @ d\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(2)
    args = [rng.normal(size=s) for s in ((4, 3), (6, 4), (6, 3))]
    found = al.review(m.loss, m.gradient, *args, wrt="W")
    assert next(iter(found.mended.values())) == text.replace("len(Y)", "Y.size")
