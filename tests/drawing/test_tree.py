"""A picture as text for a terminal."""

import numpy as np
from seen import drawn

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.drawing.tree import DEEPEST, tree


def test_a_tree():
    W, x = Tensor([[1.0], [2.0]], name="W"), np.ones((5, 2))
    z = al.exp(x @ W).named("z")
    picture = drawn([z.mean(), (z * W[0, 0]).named("y")], {"x": x}, marks={z: ("wrong", "why")})
    assert tree(picture, "told") == "\n".join(
        [
            "output = 1/5 Σ  scalar",
            "└─ z = exp  (5, 1)  ✗ why",
            "   └─ x @ W",
            "      ├─ x  (5, 2)",
            "      └─ W  (2, 1)",
            "y = *  (5, 1)",
            "├─ z  ↑",
            "└─ ·[0, 0]",
            "   └─ W",
            "told",
        ]
    )


def test_a_deep_tree_goes_on_below():
    y = Tensor(1.5, name="w")
    for _ in range(5 * DEEPEST):
        y = y * 1.01
    lines = tree(drawn(y)).splitlines()
    assert max(map(len, lines)) < 3 * DEEPEST + 40
    assert sum("·" in line and "↓" not in line for line in lines) == 5 * DEEPEST
    assert sum("↓" in line for line in lines) == len([x for x in lines if x[0] not in "└├│ "]) - 1


def test_a_doubled_graph_is_told_once():
    y = Tensor(1.5, name="w")
    for _ in range(60):
        y = y + y
    assert len(tree(drawn(y)).splitlines()) < 200


def test_loops_and_numbers():
    h = x = np.ones((3, 2))
    for i in range(4):
        h = al.tanh(h @ Tensor(np.eye(2), name=f"W{i}"))
    text = tree(drawn(h.sum(), {"x": x}, fold=True, values=True))
    assert "a1 … a4 = tanh  (3, 2)  × 4  " in text
    assert "W0 … W3  (2, 2)  1 0; 0 1" in text
    assert len(text.splitlines()) == 5
