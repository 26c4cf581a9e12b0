"""Sums over other axes, or none: the right one is among the edits."""

import numpy as np
import pytest
from written import reviewed

SUM = "db1 = dz1.sum(axis=0)"


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        (SUM, "db1 = dz1.mean(axis=0)", "mean-for-sum"),
        (SUM, "db1 = dz1.sum(axis=1)", "axis"),
        (SUM, "db1 = dz1.sum()", "axis"),
        (SUM, "db1 = dz1", "unsummed"),
        (SUM, "db1 = dz1[-1]", "unsummed"),
        (SUM, "db1 = dz1[0]", "unsummed"),
    ],
)
def test_the_right_sum_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


NORM = """
import numpy as np


def loss(gamma, s, X):
    return np.sum((gamma * X) ** 2) + np.sum(np.exp(s) / np.exp(s).sum() * np.arange(len(s)))


def softmax(s):
    e = np.exp(s)
    return e / e.sum()


def gradients(gamma, s, X):
    d = 2 * gamma * X
    dgamma = np.sum(d * X, axis=0)
    p, n = softmax(s), np.arange(len(s))
    return {"gamma": dgamma, "s": p * (n - (p * n).sum())}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("np.sum(d * X, axis=0)", "np.sum(d, axis=0) * np.sum(X, axis=0)"),
        ("(p * n).sum()", "p.sum() * n.sum()"),
        ("return e / e.sum()\n", "return e / e.max()\n"),
        ("return e / e.sum()\n", "return e / e.min()\n"),
    ],
)
def test_another_sum(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = rng.normal(size=3), rng.normal(size=4), rng.normal(size=(5, 3))
    found, off, *_ = reviewed(tmp_path, NORM, right, wrong, args)
    assert off == 0
    assert [*found.mended.values()] == [NORM]
