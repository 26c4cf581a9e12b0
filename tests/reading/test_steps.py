"""A loss and its gradients as terms with names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import array, vectors
from readback import gradients, lines

import autograd_lite as al
import nn
from autograd_lite import Tensor, derive, source
from autograd_lite.reading.steps import named, recorded


def test_names() -> None:
    """A Tensor's own name goes first, then `names`, then short ones."""
    W, b = Tensor(array(3, 2), name="own"), Tensor(array(2))
    X = array(5, 3)
    names = {"W": W, "b": b, "X": X, "_hidden": X}
    assert lines(derive(al.tanh(X @ W + b).sum().named("L"), names=names)) == [
        "Forward",
        "z1 = X own + b",
        "a1 = tanh(z1)",
        "L = Σ a1",
        "Backward",
        "d_z1 = ∂L/∂z1 = 1 − a1²",
        "Gradients",
        "∂L/∂own = Xᵀ d_z1",
        "∂L/∂b = Σ over axis 0 of d_z1",
    ]
    x, w = array(3), Tensor(array(3))
    assert lines(derive((x * w).sum())) == [
        *("Forward", "loss = Σ c1 ⊙ p1"),
        *("Gradients", "∂loss/∂p1 = c1"),
    ]


def test_the_parameters_of_a_model_have_their_names() -> None:
    model = nn.MLP([3, 2, 1], output="sigmoid", rng=0)
    x, t = array(5, 3), np.zeros((5, 1))
    text = lines(derive(nn.mse(model(x), t), names={"x": x, "t": t}))
    assert [row.split(" = ")[0] for row in text[text.index("Gradients") + 1 :]] == [
        *("∂loss/∂W1", "∂loss/∂b1", "∂loss/∂W2", "∂loss/∂b2")
    ]


def test_what_is_used_twice_has_a_name() -> None:
    x, y = vectors("xy")
    assert lines(derive((al.maximum(x, y) * al.log(x * x + 2)).sum())) == [
        "Forward",
        "h1 = max(x, y)",
        "h2 = x² + 2",
        "h3 = log(h2)",
        "loss = Σ h1 ⊙ h3",
        "Backward",
        "∂loss/∂h1 = h3",
        "∂loss/∂h3 = h1",
        "d_h2 = ∂loss/∂h2 = h1 / h2",
        "u1 = 1/2 h3 ⊙ [x = y]",
        "Gradients",
        "∂loss/∂x = 2 d_h2 ⊙ x + h3 ⊙ [x > y] + u1",
        "∂loss/∂y = h3 ⊙ [y > x] + u1",
    ]


def test_what_was_computed_twice_has_one_line_and_no_part_of_its_cotangent() -> None:
    (x,) = vectors("x")
    y = al.sin(x).named("y") * al.sin(x)
    assert lines(derive((y * x).sum(), names={})) == [
        "Forward",
        "y = sin(x)",
        "h1 = y²",
        "loss = Σ h1 ⊙ x",
        "Backward",
        "∂loss/∂h1 = x",
        "u1 = x ⊙ y ⊙ cos(x)",
        "Gradients",
        "∂loss/∂x = h1 + u1 + u1",
    ]


def test_tensors_without_names() -> None:
    x, unused = Tensor(array(3)), Tensor(array(2))
    h = x * 2
    assert gradients(derive(al.sin(h).sum(), [unused, h])) == [
        "∂loss/∂p2 = 0",
        "∂loss/∂h1 = cos(h1)",
    ]


def test_the_terms_of_a_loss() -> None:
    x, c = Tensor(array(3), name="x"), array(3)
    y = (x * c).named("y")
    r = recorded((y * y).sum(), None, {"again": x, "y2": y})
    (target, slope), *others = r.gradients
    assert others == []
    assert target.op is None
    assert r.called == {target: "x", next(iter(r.path)): "y"}
    assert [t.op.name for t in r.path] == ["multiply", "multiply", "sum"]
    assert r.loss is [*r.path][-1]
    assert r.slope_of[target] is slope
    assert [r.values[t].tolist() for t in r.constants] == [c.tolist()]
    assert r.slope_of[r.loss] == 1


def test_the_lines_of_a_loss_and_their_names() -> None:
    x, c = Tensor(array(3), name="x"), array(3)
    h = x * c
    steps = named(recorded((al.tanh(h + 1) * h).sum(), [x, h], None))
    names = {name: t for t, name in steps.names.items()}
    assert sorted(names) == ["a1", "c1", "d_h1", "d_x", "d_z1", "h1", "loss", "x", "z1"]
    assert [steps.names[t] for t in steps.forward] == ["h1", "z1", "a1", "loss"]
    assert [steps.names[t] for t in steps.backward] == ["d_z1", "d_h1", "d_x"]
    assert {steps.names[t] for t in steps.own_slope} == {"z1", "h1", "x"}


def test_names_are_numbered_past_those_that_are_taken() -> None:
    x, y = Tensor(array(3), name="h1"), Tensor(array(3), name="a1")
    steps = named(recorded(((x + y) ** 2 * al.sin(x + y)).sum().named("d_h1"), None, None))
    assert {"h1", "a1", "h2", "h3", "d_h1", "d_h1_2"} == {*steps.names.values()}
    activated = named(recorded((al.tanh(x) * y).sum(), None, {"a1": y}))
    assert {"a1", "a2"} < {*activated.names.values()}


def test_activations_and_what_they_are_applied_to() -> None:
    x = Tensor(array(3), name="x")
    a = al.relu(al.sigmoid(x) + x)
    steps = named(recorded((al.tanh(a.named("mine")) * a).sum(), None, None))
    written = {name: t.op and t.op.name for t, name in steps.names.items()}
    assert written["a1"] == "sigmoid"
    assert written["z2"] == "add"
    assert written["mine"] == "relu"
    assert written["a3"] == "tanh"
    assert not {"z1", "z3", "a2"} & written.keys()


def test_an_element_that_is_used_twice_has_no_name() -> None:
    x = Tensor(array(3), name="x")
    names = named(recorded((x[0] * x[1] + x[0] ** 2 * x[1]), None, None)).names
    assert {"x", "loss"} <= {*names.values()}
    assert not [name for t, name in names.items() if t.op and t.op.name == "index"]


def test_a_transpose_that_is_used_twice_has_no_name() -> None:
    A = Tensor(array(3, 3), name="A")
    names = named(recorded((A.T @ A + A.T * 2).sum(), None, None)).names
    assert not [t.op.name for t, name in names.items() if name.startswith("h")]


def test_a_value_of_the_forward_pass_is_no_new_cotangent() -> None:
    x, y = vectors("xy")
    h = al.exp(x)
    steps = named(recorded((h * y).sum(), None, None))
    names = {name: t for t, name in steps.names.items()}
    assert "d_h1" not in names
    assert steps.own_slope == {t for t, name in steps.names.items() if name == "x"}


def test_arrays_that_the_graph_copied_are_one_leaf() -> None:
    """Also where they hold NaN, which equals nothing."""
    x, c = Tensor(array(3), name="x"), np.array([np.nan, 1.0, 2.0])
    r = recorded((al.where(c > 0, x * c, 0) * (x - c)).sum(), None, {"c": c})
    assert [*r.called.values()].count("c") == 1
    assert len([t for t in r.values if t.op is None]) == 3  # x, c and the mask


def test_a_copy_passes_its_cotangent_on() -> None:
    x, y = vectors("xy")
    z = al.copy(al.sin(x))
    r = recorded((z * y * al.copy(z)).sum(), [x], None)
    sine = next(t for t in r.path if t.op.name == "sin")
    assert [t is sine for t in r.path] == [True, False, False, False]  # both copies are the sine
    assert r.slope_of[sine].inputs[0] == 2.0  # of z * z, all of it


def test_what_the_loss_does_not_depend_on() -> None:
    x, y = vectors("xy")
    mask = Tensor(array(3), name="m") > 0
    r = recorded((x * mask).sum(), [x, y], None)
    assert r.gradients[1][1].inputs == (0.0,)
    assert [r.values[t].tolist() for t, _ in r.gradients] == [x.data.tolist(), y.data.tolist()]


def test_a_cotangent_that_is_a_plain_array() -> None:
    @al.primitive(lambda g, y, x: np.array([0.0, 0.5, 0.0]))
    def floor(x: Any) -> Any:
        return np.floor(x)

    x = Tensor(array(3), name="x")
    r = recorded(floor(al.sin(x)).sum(), None, None)
    assert {tuple(r.values[t].tolist()) for t in r.constants} == {(0, 0.5, 0)}
    loss, slope = source(floor(al.sin(x)).sum()).function(x.data)
    np.testing.assert_allclose(slope, np.array([0, 0.5, 0]) * np.cos(x.data), rtol=1e-15)
    assert loss == np.floor(np.sin(x.data)).sum()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: recorded(1.0, None, None), TypeError, "the loss is 1.0; a Tensor is needed"),
        (lambda: recorded(Tensor(array(3)), None, None), ValueError, "one number is needed"),
        (lambda: recorded(Tensor(1.0), [array(3)], None), TypeError, "wrt is an array"),
        (lambda: recorded(Tensor(1.0), None, [1]), TypeError, "names is"),
    ],
)
def test_errors(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
