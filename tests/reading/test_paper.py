"""What is put on paper in the place of what numpy needs."""

from __future__ import annotations

import numpy as np
from programs import array
from readback import lines

import autograd_lite as al
from autograd_lite import Tensor, derive
from autograd_lite.reading.paper import on_paper
from autograd_lite.reading.steps import recorded
from autograd_lite.terms import needed


def test_guards_and_new_axes_are_not_seen() -> None:
    x = Tensor(array(3), name="x")
    A = Tensor(array(4, 3), name="A")
    loss = (A * al.guarded(x, x == 0, 1)[None, :]).sum()
    r = on_paper(recorded(loss, [], None))
    assert {t.op.name for t in needed([r.loss]) if t.op} == {"multiply", "sum"}
    assert lines(derive(loss, []))[1] == "loss = Σ A ⊙ x"


def test_what_the_user_named_stays() -> None:
    x = Tensor(array(3), name="x")
    safe = al.guarded(x, x == 0, 1).named("safe")
    r = on_paper(recorded((safe * 2).sum(), [], None))
    assert "safe" in r.called.values()


def test_axes_at_the_end_are_said_where_they_may_be_mistaken() -> None:
    """Of a square matrix, a vector may be meant along the rows or along the columns."""
    x, A, B = Tensor(array(3), name="x"), array(3, 3), array(3, 4)
    for data, wanted in ((A, "Σ x[:, new] ⊙ data"), (B, "Σ x ⊙ data")):
        loss = (x[:, None] * data).sum()
        assert lines(derive(loss, [], names={"data": data}))[1] == f"loss = {wanted}"


def test_a_factor_is_cancelled_with_what_it_is_divided_by() -> None:
    z = Tensor(array(3), name="z")
    text = str(derive(-np.log(1 / (1 + np.exp(-z))).sum()))
    assert "∂loss/∂z = −(1 − a1)" in text
    x, y = Tensor(array(3), name="x"), Tensor(array(3), name="y")
    assert lines(derive((2 * (x / y) * y).sum(), []))[1] == "loss = 2 Σ x"
    assert lines(derive((x / y * x).sum(), []))[1] == "loss = Σ (x / y) ⊙ x"
    w = Tensor(array(3, 1), name="w")
    assert lines(derive((w / x * x).sum(), []))[1] == "loss = Σ (w / x) ⊙ x"
