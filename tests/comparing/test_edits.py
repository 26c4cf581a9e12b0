"""Edits: one slip in all alike places, and values of other steps in all of them."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite.comparing.edits import Edits
from autograd_lite.comparing.lines import Lines


@pytest.fixture
def deep():
    rng = np.random.default_rng(0)
    h = rng.standard_normal((5, 3))
    Ws = [al.Tensor(rng.standard_normal((3, 3)), name=f"W{i}") for i in range(4)]
    for W in Ws:
        h = np.tanh(h @ W)
    return (h**2).sum(), Ws


def test_a_slip_is_made_in_each_layer_in_all_but_one_and_in_one(deep) -> None:
    loss, Ws = deep
    lines = Lines(loss, {W: np.zeros((3, 3)) for W in Ws}, None)
    end = lines.end[Ws[0]]  # which all layers come before
    counts = [
        len(edit.changed)
        for edit in Edits(lines).of(end, [], False)
        if edit.said == "the derivative of tanh is left out"
    ]
    assert sorted(counts) == [1, 1, 1, 1, 3, 3, 4]


def test_an_edit_changes_the_end_that_it_is_for(deep) -> None:
    loss, Ws = deep
    lines = Lines(loss, {W: np.zeros((3, 3)) for W in Ws}, None)
    ends = [lines.end[W] for W in Ws]
    near = {line.end for line in lines.before(ends[-1])}  # one layer
    for edit in Edits(lines).of(ends[-1], ends, False):
        assert not near.isdisjoint(edit.changed)


def test_the_state_of_another_step_stands_in_all_steps() -> None:
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((4, 2, 3))
    W = al.Tensor(rng.standard_normal((3, 3)), name="W")
    V = al.Tensor(rng.standard_normal((3, 2)), name="V")
    h, hs, loss = np.ones((2, 3)), [], 0.0
    for x in xs:
        hs.append(h)
        h = np.tanh(x + h @ W)
        loss = loss + ((h @ V) ** 2).sum()
    gV = sum(
        2 * g.T @ (np.tanh(x + g @ W.data) @ V.data)
        for x, g in zip(xs, map(np.asarray, map(_data, hs)))
    )
    (cause,) = al.compare(loss, {"V": gV, "W": al.grad(loss, W)}).causes
    assert cause.kind == "index"
    assert "in each step" in cause.detail


def _data(h):
    return h.data if isinstance(h, al.Tensor) else h
