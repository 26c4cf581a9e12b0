"""What a picture consists of, as data."""

import numpy as np
import pytest

from autograd_lite import Tensor
from autograd_lite.drawing.parts import Edge, Group, Vertex, plain, shape_text, shared, worst


@pytest.mark.parametrize(
    ("role", "name", "sign", "text", "shape"),
    [
        ("input", "x", "", "x", "(2, 3)"),
        ("op", "", "x @ W", "x @ W", ""),  # on its edges
        ("intermediate", "z", "+", "z = +", "(2, 3)"),
        ("module", "Linear(2, 3)", "2 ops", "Linear(2, 3): 2 ops", "(2, 3)"),
    ],
)
def test_what_a_vertex_says(role, name, sign, text, shape):
    vertex = Vertex("n0", role, name, sign, np.ones((2, 3)))
    assert (vertex.text, vertex.shape) == (text, shape)


def test_a_leaf_is_what_nothing_was_computed_for():
    w = Tensor(1.0)
    roles = {role: Vertex("n", role, "", node=w * 2).is_leaf for role in ("op", "output", "module")}
    assert not any(roles.values())
    assert all(Vertex("n", role, "").is_leaf for role in ("parameter", "input", "constant"))
    assert Vertex("n", "output", "w", node=w).is_leaf
    assert not Vertex("n", "cotangent", "∂y/∂w", node=w).is_leaf


def test_a_gradient_and_the_next_pass_do_not_lead_forward():
    a, b = Vertex("n0", "op", ""), Vertex("n1", "op", "")
    assert Edge(a, b).is_forward
    assert not Edge(a, b, back=True).is_forward
    assert not Edge(a, b, loop=True).is_forward


def test_shapes():
    assert [shape_text(x) for x in (np.ones((2, 1)), np.ones(3), np.float64(1), 5)] == [
        "(2, 1)",
        "(3,)",
        "scalar",
        "scalar",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two\nlines\tand  more ", "two lines and more"),
        ("nul\0, surrogate\ud800, bell\a", "nul�, surrogate�, bell�"),
        ("n" * 32, "n" * 32),
        ("n" * 33, "n" * 31 + "…"),
        ("a long name \\" * 100_000, "a long name \\a long name \\a lon…"),
    ],
)
def test_a_text_becomes_one_short_line(name, line):
    assert plain(name) == line


def test_what_several_are_within():
    a, b, c = Group("a", "a"), Group("b", "b"), Group("c", "c")
    assert shared([(a, b), (a, b, c)]) == (a, b)
    assert shared([(a, b), (a, c), (a, b)]) == (a,)
    assert shared([(a, b), (b, a)]) == shared([(), (a,)]) == shared([]) == ()


def test_the_worst_of_what_was_found():
    right, wrong, follows, other = [(s, "") for s in ("right", "wrong", "follows", "odd")]
    assert worst([right, None, follows, wrong, other]) == wrong
    assert worst([right, other, follows]) == follows
    assert worst([other, None, right]) == right
    assert worst([other]) == other
    assert worst([None]) is worst([]) is None
