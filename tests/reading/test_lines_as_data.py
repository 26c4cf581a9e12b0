"""The lines of a derivation as data, for who draws it."""

import numpy as np
import pytest
from programs import PROGRAMS, run

import autograd_lite as al
from autograd_lite import Tensor, derive
from autograd_lite.reading import LOSS, lines_and_names


def lines(*args, **options):
    return lines_and_names(*args, **options)[0]


def layer():
    x, t = np.ones((4, 3)), np.zeros((4, 2))
    W, b = Tensor(np.full((3, 2), 0.1), name="W"), Tensor(np.ones(2), name="b")
    z = x @ W + b
    a = al.sigmoid(z)
    return al.mse(a, t), {"x": x, "t": t}, (z, a, W, b)


def test_a_layer():
    loss, names, (z, a, W, b) = layer()
    found = lines(loss, names=names)
    assert [line.text for line in found] == [
        "z1 = x W + b",
        "a1 = σ(z1)",
        "loss = 1/8 Σ (a1 − t)²",
        "d_a1 = ∂loss/∂a1 = 1/4 (a1 − t)",
        "d_z1 = ∂loss/∂z1 = d_a1 ⊙ a1 ⊙ (1 − a1)",
        "∂loss/∂W = xᵀ d_z1",
        "∂loss/∂b = Σ over axis 0 of d_z1",
    ]
    assert [line.nodes for line in found] == [(z,), (a,), (loss,), (a,), (z,), (W,), (b,)]
    assert [line.back for line in found] == [False] * 3 + [True] * 4
    assert [line.name for line in found] == ["z1", "a1", "loss", "d_a1", "d_z1", "", ""]
    assert [line.slopes for line in found][3:] == [
        *(("∂loss/∂a1",), ("∂loss/∂z1",), ("∂loss/∂W",), ("∂loss/∂b",)),
    ]
    assert [line.value for line in found][:2] == ["x W + b", "σ(z1)"]
    assert [line.shape for line in found] == [(4, 2), (4, 2), (), (4, 2), (4, 2), (3, 2), (2,)]
    assert [line.sources for line in found] == [
        *((), (), ()),
        ((LOSS, "1/4 (a1 − t)"),),
        ((3, "d_a1 ⊙ a1 ⊙ (1 − a1)"),),
        ((4, "xᵀ d_z1"),),
        ((4, "Σ over axis 0 of d_z1"),),
    ]


def test_some_gradients():
    loss, names, (_, _, W, _) = layer()
    assert [line.nodes for line in lines(loss, W, names)][-1] == (W,)
    assert len(lines(loss, W, names)) == 6


def test_addends_come_from_their_lines():
    w = Tensor([1.0, 2.0], name="w")
    a, b = al.exp(w).named("a"), al.sin(w).named("b")
    loss = (al.tanh(a) * al.tanh(b) - w * 3).sum()
    found = lines(loss)
    (line,) = (line for line in found if line.slopes == ("∂loss/∂w",))
    by_place = {(found[i].name if i >= 0 else "loss"): text for i, text in line.sources}
    assert by_place.keys() == {"d_a", "d_b", "loss"}
    assert by_place["loss"] == "−3"
    assert "cos(w)" in by_place["d_b"]
    assert line.value.count(" + ") + line.value.count(" − ") == 2


@pytest.mark.parametrize("name", PROGRAMS)
def test_any_derivation(name):
    """The lines are those that are printed, where none are put together, and sources come first."""
    loss, wrt, names = run(name)
    found = lines(loss, wrt, names)
    printed = str(derive(loss, wrt, names))
    if "…" not in printed and "Σ_" not in printed:
        together = "".join(printed.split())
        for line in found:
            assert "".join(line.value.split()) in together
    for i, line in enumerate(found):
        assert line.text.endswith(line.value)
        assert all(j == LOSS or j < i or not line.name for j, _ in line.sources)
        assert all(found[j].back for j, _ in line.sources if j != LOSS)
        assert bool(line.sources) is line.back
        assert all(text for _, text in line.sources)


def test_an_addend_has_its_sign():
    w = Tensor([1.0, 2.0], name="w")
    a, b = al.exp(w).named("a"), al.cos(w).named("b")
    found = lines((al.tanh(a) * al.tanh(b)).sum())
    (line,) = (line for line in found if line.slopes == ("∂loss/∂w",))
    said = {found[i].name: text for i, text in line.sources}
    assert said["d_b"].startswith("−")
    assert not said["d_a"].startswith("−")


def test_an_addend_that_is_subtracted():
    w, t = Tensor([1.0, 2.0], name="w"), np.array([3.0, 4.0])
    a = al.exp(w).named("a")
    found = lines((0.5 * a * a - a * t).sum(), names={"t": t})
    (line,) = (line for line in found if "∂loss/∂a" in line.slopes)
    assert "− t" in line.value
    assert line.sources == ((LOSS, line.value),)
