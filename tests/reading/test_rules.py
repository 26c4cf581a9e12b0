"""The local rule of an op, as an expression on paper: its VJP, written out."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.reading import local_rule

rng = np.random.default_rng(0)
A, B, v = (Tensor(rng.random(s) + 0.5) for s in ((3, 4), (4, 2), (4,)))

RULES = {  # of y, for its inputs x and w, worked out by hand
    "product": (A @ B, ["d wᵀ", "xᵀ d"]),
    "bias": (A + v, ["d", "Σ over axis 0 of d"]),
    "difference": (A - v, ["d", "−Σ over axis 0 of d"]),
    "times": (A * v, ["d ⊙ w", "Σ over axis 0 of d ⊙ x"]),
    "ratio": (A / v, ["d / w", "−Σ over axis 0 of d ⊙ y / w"]),
    "from one": (1 - A, [None, "−d"]),
    "power": (A**3, ["3 d ⊙ x²"]),
    "mean": (A.mean(), ["broadcast(1/12 d, 3×4)"]),
    "turned": (A.T, ["dᵀ"]),
    "part": (A[:, 1:3], ["d at [:, 1:3], else 0"]),
    "exp": (al.exp(A), ["d ⊙ y"]),
    "log": (al.log(A), ["d / x"]),
    "relu": (al.relu(A), ["d ⊙ [x > 0]"]),
    "sigmoid": (al.sigmoid(A), ["d ⊙ y ⊙ (1 − y)"]),
    "softmax": (al.softmax(A), ["y ⊙ (d − Σ over axis 1 of d ⊙ y)"]),
    "dot": (v @ v, ["d · w", "d · x"]),
}


@pytest.mark.parametrize("name", RULES)
def test_rules(name):
    y, rules = RULES[name]
    for i, text in enumerate(rules):
        if text is not None:
            assert local_rule(y, i, ["x", "w"][: len(y.inputs)], "y").text == text


def test_what_a_rule_reads():
    assert local_rule(A @ B, 0, ["x", "w"], "y").reads == (1,)
    assert local_rule(A / v, 1, ["x", "w"], "y").reads == (-1, 1)
    assert local_rule(A + v, 0, ["x", "w"], "y").reads == ()


def test_nothing_is_left_behind():
    y = al.tanh(A)
    before = y.inputs, y.saved, A.grad
    local_rule(y, 0, ["x"], "y")
    assert (y.inputs, y.saved, A.grad) == before
    assert al.grad(y.sum(), A).shape == (3, 4)
