"""Which parts of a graph are open, and which are one vertex."""

import numpy as np
import pytest
from seen import arrows, boxes, called, drawn, edges, vertices

import autograd_lite as al
import nn
from autograd_lite import Tensor, next_number, span
from autograd_lite.drawing.modules import places
from autograd_lite.drawing.parts import shape_text
from autograd_lite.drawing.walk import Wishes, walk


@pytest.fixture
def nested():
    """outer(w) = cos(inner(exp(w))), and after it tanh."""
    w, outer = Tensor([2.0, 1.0], name="w"), next_number()
    a = al.exp(w).named("a")
    start = next_number()
    b = span("inner", start, (al.sin(a) * 3.0).named("b"))
    c = span("outer", outer, al.cos(b).named("c"))
    return al.tanh(c).named("y")


def test_open_parts_are_within_each_other(nested):
    groups = {v.name: [g.label for g in v.groups] for v in vertices(drawn(nested)) if v.name}
    inner = ["outer", "inner"]
    assert groups == {"w": ["outer"], "a": ["outer"], "b": inner, "c": ["outer"], "y": []}


@pytest.mark.parametrize(
    ("depth", "found"),
    [
        (0, ["parameter: w (2,)", "module: outer: 4 ops, 2 parameters (2,)"]),
        (1, ["intermediate: a = exp (2,)", "module: inner: 2 ops (2,)"]),
        (2, ["intermediate: a = exp (2,)", "op: sin", "intermediate: b = 3 · (2,)"]),
    ],
)
def test_depth(nested, depth, found):
    assert set(found[depth == 0 :]) <= set(boxes(drawn(nested, depth=depth)))
    assert boxes(drawn(nested, depth=9)) == boxes(drawn(nested))


def test_a_closed_part_takes_what_it_is_given_once_and_keeps_its_parameters():
    layer, x = nn.Linear(3, 2, rng=0), np.ones((4, 3))
    picture = drawn((layer(x) * 2).named("y"), {"x": x}, depth=0)
    assert boxes(picture) == [
        "input: x (4, 3)",
        "module: Linear(3, 2): 2 ops, 8 parameters (4, 2)",
        "output: y = 2 · (4, 2)",
    ]
    assert arrows(picture) == ["x -> Linear(3, 2)", "Linear(3, 2) -> y"]


def test_a_part_of_several_results_says_the_shape_of_each():
    x, start = Tensor(np.ones((2, 3)), name="x"), next_number()
    h = al.exp(x)
    a = span("two", start, h.sum(axis=0))
    b = span("two", start, (h * 2).named("b"))
    picture = drawn([al.sin(a), al.cos(b)], depth=0)
    (module,) = (v for v in vertices(picture) if v.role == "module")
    shapes = {e.head.sign: e.text or e.tail.shape for e in edges(picture) if e.tail is module}
    assert shapes == {"sin": shape_text(a.data), "cos": "(2, 3)"}


def test_a_part_of_one_op_is_that_op():
    m = nn.Sequential(nn.ReLU())
    assert not any(v.role == "module" for v in vertices(drawn(m(Tensor([1.0])), depth=0)))


def test_a_layer_that_is_called_twice_is_drawn_twice():
    layer, x = nn.Linear(2, 2, rng=0), Tensor(np.ones((1, 2)), name="x")
    picture = drawn(layer(al.relu(layer(x))).sum(), depth=0)
    assert [v.name for v in vertices(picture) if v.role == "module"] == ["Linear(2, 2)"] * 2


def test_no_more_vertices_than_were_asked_for():
    m = nn.Sequential(*(nn.Linear(2, 2, rng=0) for _ in range(20)))
    y = al.tanh(m(np.ones((1, 2))))
    for most, computed in ((41, 41), (40, 21), (20, 2), (1, 1)):
        picture, told = walk([y], None, Wishes(max_nodes=most))
        assert sum(not v.is_leaf for v in vertices(picture)) == computed
        assert bool(told) is (most < 41)
        assert "41 ops" in told or most == 41
    assert called(picture, "20 @, 20 +, 1 tanh").value.shape == (1, 2)
    picture, told = walk([y], None, Wishes(max_nodes=41, depth=0))
    assert len(vertices(picture)) == 3
    assert told == ""  # as wished


def test_closing_makes_no_circle():
    """What is within a part is recorded without a break, so nothing leads out of it and back."""
    w, start = Tensor([1.0, 2.0], name="w"), next_number()
    a = al.exp(w)
    b = al.sin(a)
    left = span("left", start, al.cos(b))
    y = al.tanh(a) + left * b
    for depth in (0, None):
        picture = drawn(y, depth=depth)
        place = {v: i for i, v in enumerate(picture)}
        assert all(place[e.tail] < place[e.head] for e in edges(picture))


def test_a_long_label():
    class Long:
        def __repr__(self):
            return "Long(" + "x" * 50 + ")"

    w, start = Tensor(1.0, name="w"), next_number()
    y = span(Long(), start, al.exp(al.sin(w)))
    found, told = places([y], al.order(y), None, 100)
    assert [place.open[0].label for node, place in found.items() if node.op] == ["Long", "Long"]
    assert told == ""
