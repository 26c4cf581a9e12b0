"""What a picture calls the values of a graph."""

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor, derive, order
from autograd_lite.drawing.called import MOST, Called


def test_the_names_are_those_of_the_derivation():
    x, W, b = np.ones((4, 3)), Tensor(np.ones((3, 2)), name="W"), Tensor(np.ones(2))
    z = x @ W + b
    loss = al.mse(al.sigmoid(z), np.zeros((4, 2)))
    names = {"x": x, "b": b}
    called = Called([loss], order(loss), names)
    found = [called(y) for y in order(loss) if y.op]
    assert found == [None, "z1", "a1", "loss"]
    assert all(f"{name} " in str(derive(loss, names=names)) for name in found[1:])
    assert (called(W), called(b), called.by_user(x, x)) == ("W", "b", "x")


def test_which_name_goes_first():
    """The Tensor's own, then the user's, then that of the derivation."""
    w = Tensor([1.0, 2.0], name="w")
    a = al.exp(w)
    b = al.sin(a).named("own")
    y = al.cos(b).sum()
    names = {"a": a, "other": b, "v": w, "_hidden": y}
    called = Called([y], order(y), names)
    assert [called(x) for x in (w, a, b, y)] == ["w", "a", "own", "loss"]
    assert Called([y], order(y), None)(a) == "h1"


def test_what_arrays_come_from():
    x, t = np.arange(6.0).reshape(2, 3), np.array([0.0, 1.0, 1.0])
    W = Tensor(np.ones(3), name="W")
    row, rest, other = x[1], 1 - t, np.array([9.0, 8.0, 7.0])
    y = (row * W + rest * W + other * W).sum()
    called = Called([y], order(y), {"x": x, "t": t})
    assert called.by_user(row, row) == "x[1]"
    assert called.by_user(rest, rest) == "1 − t"
    assert called.by_user(other, other) is None
    assert called.by_user(2.0, 2.0) is None


def test_several_outputs_are_one_story():
    w = Tensor([1.0, 2.0], name="w")
    a = al.exp(w)
    y, z = al.sin(a), al.cos(a).sum()
    b = al.sin(w)
    v = al.cos(b) * 2
    assert Called([y, v], order(y, v), None)(b)
    called = Called([y, z], order(y, z), None)
    assert called(a) == "h1"
    assert not any(line.back for line in called.lines)
    assert len(order(y, z)) == 5  # nothing was added to the graph


def test_what_cannot_be_derived_has_its_own_names():
    w = Tensor([1.0, 2.0], name="w")
    for y in (w > 1, (w > 1).sum(), w, al.argmax(w * 2)):
        assert Called([y], order(y), None).lines == []
    before = al.exp(w)
    w.data[0] = 5.0
    both = (before * al.sin(w)).sum()  # of two values of w
    called = Called([both], order(both), {"y": both})
    assert (called.lines, called(both)) == ([], "y")
    deep = Tensor(1.5, name="v")
    for _ in range(MOST - 1):
        deep = deep * 1.001
    assert Called([deep], order(deep), None).lines
    v = deep * 1.001
    assert Called([v], order(v), None).lines == []
