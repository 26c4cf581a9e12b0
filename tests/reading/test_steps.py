"""A loss and its gradients as terms with names."""

from __future__ import annotations

import numpy as np
from programs import array, vectors
from readback import gradients, lines

import autograd_lite as al
import nn
from autograd_lite import Tensor, derive


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
        "d_a1 = ∂L/∂a1 = 1",
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
