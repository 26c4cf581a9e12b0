"""The backward pass in a picture: the gradients, and the rules that they come by."""

import re

import numpy as np
import pytest
from fuzz import quiet
from seen import arrows, called, drawn, edges, vertices
from test_walk import values_of

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.reading import lines_and_names


def gradients(picture):
    return {v.name: v for v in vertices(picture) if v.role == "cotangent"}


def rules(picture):
    return [arrow for arrow in arrows(picture) if "-[back" in arrow]


def problem():
    rng = np.random.default_rng(3)
    x, t = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    W = Tensor(rng.standard_normal((3, 2)), name="W")
    b = Tensor(rng.standard_normal(2), name="b")
    return x, t, W, b


def test_a_layer():
    x, t, W, b = problem()
    loss = al.mse(al.sigmoid(x @ W + b), t)
    picture = drawn(loss, {"x": x, "t": t}, backward=True)
    assert [*gradients(picture)] == ["∂loss/∂a1", "∂loss/∂z1", "∂loss/∂W", "∂loss/∂b"]
    assert rules(picture) == [
        "loss -[back 1/4 (a1 − t)]-> ∂loss/∂a1",
        "∂loss/∂a1 -[back d_a1 ⊙ a1 ⊙ (1 − a1)]-> ∂loss/∂z1",
        "∂loss/∂z1 -[back xᵀ d_z1]-> ∂loss/∂W",
        "∂loss/∂z1 -[back Σ over axis 0 of d_z1]-> ∂loss/∂b",
    ]
    forward = drawn(loss, {"x": x, "t": t})
    assert [v.id for v in vertices(picture)][: len(vertices(forward))] == [
        v.id for v in vertices(forward)
    ]


def test_gradients_are_those_of_differences():
    """Of each value that is drawn, with the rest of the function written out in numpy."""
    x, t, W, b = problem()

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    rest = {
        "W": lambda W: ((sigmoid(x @ W + b.data) - t) ** 2).mean(),
        "b": lambda b: ((sigmoid(x @ W.data + b) - t) ** 2).mean(),
        "z1": lambda z: ((sigmoid(z) - t) ** 2).mean(),
        "a1": lambda a: ((a - t) ** 2).mean(),
    }
    picture = drawn(al.mse(al.sigmoid(x @ W + b), t), {"x": x, "t": t}, backward=True)
    for name, f in rest.items():
        point, step = np.array(called(picture, name).value), 1e-5
        slope = np.empty_like(point)
        for i in np.ndindex(point.shape):
            e = np.zeros_like(point)
            e[i] = step
            slope[i] = (f(point + e) - f(point - e)) / (2 * step)
        found = gradients(picture)[f"∂loss/∂{name}"]
        np.testing.assert_allclose(found.value, slope, rtol=1e-6, atol=1e-9)
        assert found.node is called(picture, name).node


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_gradients_of_any_loss(seed):
    for y in values_of(seed):
        if y.size == 1 and y.dtype.kind == "f":
            with quiet():
                picture = drawn(y, backward=True)
                for v in gradients(picture).values():
                    same = [p for p in vertices(picture) if p.node is v.node for p in p.twins]
                    whole = sum((al.grad(y, twin) for twin in same), al.grad(y, v.node))
                    np.testing.assert_allclose(v.value, whole, rtol=1e-14, equal_nan=True)
                    assert v.value.shape == v.node.shape


def test_at_a_fan_out_each_way_has_its_addend():
    w = Tensor([1.0, 2.0], name="w")
    a, b = al.exp(w).named("a"), al.sin(w).named("b")
    picture = drawn((al.tanh(a) * al.tanh(b)).sum(), backward=True)
    into = [arrow for arrow in rules(picture) if arrow.endswith("∂loss/∂w")]
    assert len(into) == 2
    assert {arrow.split(" -[")[0] for arrow in into} == {"∂loss/∂a", "∂loss/∂b"}


def test_a_line_that_is_not_drawn_is_passed_through():
    """What a recurrent net adds up has lines of its own in the derivation; their terms are told."""
    xs, W, U = np.ones((4, 3, 4)), Tensor(np.full((4, 2), 0.1), name="W"), Tensor(np.eye(2))
    h = np.zeros((3, 2))
    for x in xs:
        h = al.tanh(x @ W + h @ U)
    loss = (h * h).sum()
    names = {"xs": xs, "U": U}
    assert " u" in str(al.derive(loss, names=names)) or "Σ_t" in str(al.derive(loss, names=names))
    into = [a for a in rules(drawn(loss, names, backward=True)) if a.endswith("∂loss/∂W")]
    assert sorted(into) == [
        f"∂loss/∂z{i} -[back xs[{i - 1}]ᵀ d_z{i}]-> ∂loss/∂W" for i in (1, 2, 3, 4)
    ]
    folded = drawn(loss, names, backward=True, fold=True)
    assert [e.text for e in edges(folded) if e.head.name == "∂loss/∂W"] == [
        " + ".join(f"xs[{i - 1}]ᵀ d_z{i}" for i in (4, 3, 2, 1))
    ]
    assert "∂loss/∂z1 … z4 -[back d_a1 ⊙ (1 − a1²)]-> " not in str(rules(folded))
    assert "∂loss/∂a1 … a4 -[back d_a1 ⊙ (1 − a1²)]-> ∂loss/∂z1 … z4" in rules(folded)


def test_what_the_loss_does_not_depend_on_has_gradient_zero():
    w, v = Tensor([1.0, 2.0], name="w"), Tensor([1.0], name="v")
    loss = (w * 2).sum() + al.where(al.sign(v) > 0, al.sign(v), 0).sum()
    found = gradients(drawn(loss, backward=True))
    assert found["∂loss/∂v"].value.tolist() == [0.0]
    assert found["∂loss/∂w"].value.tolist() == [2.0, 2.0]


def test_values_and_marks():
    x, t, W, b = problem()
    z = (x @ W + b).named("z")
    loss = al.mse(al.sigmoid(z), t)
    found = {z: ("wrong", "twice"), W: ("follows", "from z")}
    picture = drawn(loss, {"x": x, "t": t}, marks=found, backward=True, values=True)
    marks = {v.name: v.mark for v in vertices(picture) if v.mark}
    assert marks == {"∂loss/∂z": ("wrong", "twice"), "∂loss/∂W": ("follows", "from z")}
    assert all(v.notes for v in gradients(picture).values())
    assert not any(v.notes for v in gradients(drawn(loss, backward=True)).values())


def test_within_a_closed_part_gradients_are_of_its_result():
    x, t, W, b = problem()
    start = al.next_number()
    z = al.span("layer", start, x @ W + b)
    picture = drawn(al.mse(al.sigmoid(z), t), {"x": x, "t": t}, backward=True, depth=0)
    assert "∂loss/∂z1" in gradients(picture)  # not ∂loss/∂layer
    assert called(picture, "∂loss/∂z1").node is z


def test_a_loss_that_is_a_leaf():
    picture = drawn(Tensor(1.0, name="w"), backward=True)
    assert [v.name for v in vertices(picture)] == ["w"]


def test_terms_are_those_that_are_drawn():
    """Sums that are too long for a line have lines of their own, u1, u2, ...: none is named."""
    xs, W = np.ones((20, 3, 4)), Tensor(np.full((4, 2), 0.1), name="W")
    h, U = np.zeros((3, 2)), Tensor(np.eye(2), name="U")
    for x in xs:
        h = al.tanh(x @ W + h @ U)
    assert any(line.name == "u1" for line in lines_and_names(h.sum())[0])
    found = [e.text for e in edges(drawn(h.sum(), {"xs": xs}, backward=True)) if e.back]
    assert not [text for text in found if re.search(r"\bu\d+\b", text)]
    assert "xs[7]ᵀ d_z8" in found
