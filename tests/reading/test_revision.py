"""Readings of other terms: signs in front, and no axes that broadcasting adds."""

from __future__ import annotations

from typing import Any

import numpy as np
from programs import array, vectors
from test_program import lines, reproduces

import autograd_lite as al
from autograd_lite import Tensor, source
from autograd_lite.reading.revision import of, plainly, revised, used_once
from autograd_lite.reading.steps import recorded


def test_the_same_reading_again() -> None:
    """Of new terms, in the same order."""
    x, y = vectors("xy")
    r = recorded((al.sin(x * y) @ x).named("loss"), [y], {"x": x})
    again = revised(r, of)
    assert again.terms is not r.terms
    assert [t.op for t in again.path] == [t.op for t in r.path]
    assert [*again.called.values()] == [*r.called.values()]
    assert [t.number for t in again.path] == sorted(t.number for t in again.path)
    assert {id(v) for v in again.values.values()} == {id(v) for v in r.values.values()}
    assert again.gradients[0][1].op is r.gradients[0][1].op


def test_what_is_used_once() -> None:
    x, y = vectors("xy")
    z = (x * y).named("z")
    r = recorded((al.exp(z) + 3 * al.exp(z) + al.sin(x)).sum(), [], None)
    once = {t.op.name for t in used_once(r) if t.op}
    assert {"sin", "add"} <= once
    assert "exp" not in once
    assert not {t for t in used_once(r) if t in r.called}


def test_a_sign_stands_in_front_and_is_added() -> None:
    (x,) = vectors("x")
    loss = (al.cos(x) * x - x / x**3).sum()
    assert lines(source(loss))[-1].startswith("d_x = ")
    assert lines(source((al.cos(x) * x).sum(), [x]))[-1] == "d_x = h1 - x * np.sin(x)"
    assert "+ -" not in str(source((al.cos(x) + x * -0.5).sum()))
    reproduces(lambda x: (al.cos(x) * x - x / x**3 + x * -0.5).sum(), array(3))


def test_a_sum_keeps_no_axes_that_are_added_anyway() -> None:
    def share(x: Any) -> Any:
        return ((x - x.sum(axis=0, keepdims=True)) ** 2).sum()

    text = str(source(share(Tensor(np.abs(array(3, 2)) + 1, name="x")), []))
    assert "loss = ((x - x.sum(axis=0)) ** 2).sum()" in text
    reproduces(share, np.abs(array(3, 2)) + 1)
    kept = source((Tensor(array(3, 2), name="x").sum(axis=1, keepdims=True) * array(3, 2)).sum())
    assert "x.sum(axis=1, keepdims=True)" in str(kept)


def test_what_is_used_twice_keeps_its_sign() -> None:
    x, y = vectors("xy")
    r = plainly(recorded((-(x * y) * x + al.sin(-(x * y))).sum(), [], None))
    assert [t.op.name for t in r.path].count("negative") >= 1
    reproduces(lambda x, y: (-(x * y) * x + al.sin(-(x * y))).sum(), x.data, y.data)
