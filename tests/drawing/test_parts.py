"""What is drawn, as data: whose it is, its value, and where it belongs."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor, next_number, span
from autograd_lite.drawing.parts import Edge, Vertex, walk


def parts(y, names=None):
    found = list(walk([y], names))
    vertices = [part for part in found if isinstance(part, Vertex)]
    return vertices, [part for part in found if isinstance(part, Edge)]


def test_a_vertex_carries_its_node_and_value():
    W, x = Tensor([[1.0], [2.0]], name="W"), np.array([[3.0, 4.0]])
    z = (x @ W).named("z")
    y = z * 2.5
    vertices, _ = parts(y, {"x": x})
    told = [(v.role, v.text, v.node, v.shape, np.asarray(v.value).tolist()) for v in vertices]
    assert told == [
        ("parameter", "W", W, (2, 1), [[1.0], [2.0]]),
        ("op", "@", z, None, [[11.0]]),
        ("input", "x", None, (1, 2), [[3.0, 4.0]]),
        ("intermediate", "z", z, (1, 1), [[11.0]]),
        ("op", "*", y, None, [[27.5]]),
        ("number", "2.5", None, None, 2.5),
        ("output", "output", y, (1, 1), [[27.5]]),
    ]
    assert len({v.id for v in vertices}) == len(vertices)
    assert all(v.mark is None for v in vertices)


def test_an_edge_carries_the_value_that_flows():
    W, x = Tensor([1.0, 2.0], name="W"), np.array([3.0, 4.0])
    s = (x * W) + 1
    _, edges = parts(s.sum())
    told = [(e.tail.text, e.head.text, getattr(e.node, "name", None), e.shape) for e in edges]
    assert told == [
        ("constant", "*", None, None),
        ("W", "*", "W", None),
        ("*", "+", None, (2,)),  # no box says this shape
        ("1", "+", None, None),
        ("+", "sum", None, (2,)),
        ("sum", "output", None, None),
    ]
    assert edges[4].node is s
    assert [np.asarray(e.value).tolist() for e in edges] == [[3, 4], [1, 2], [3, 8], 1, [4, 9], 13]
    assert all(e.mark is None for e in edges)


def test_what_was_recorded_is_shown_and_not_what_an_array_is_now():
    W, x = Tensor([1.0], name="W"), np.array([3.0])
    y = x * W
    x[0] = 5
    vertices, edges = parts(y, {"x": x})
    assert [v.value.tolist() for v in vertices if v.text == "x"] == [[3.0]]
    assert [e.value.tolist() for e in edges if e.tail.text == "x"] == [[3.0]]


def test_a_vertex_belongs_to_the_innermost_span():
    w = Tensor(2.0, name="w")
    outer = next_number()
    a = al.exp(w)
    inner = next_number()
    b = span("inner", inner, al.sin(a) * 3.0)
    c = span("outer", outer, al.cos(b).named("c"))
    vertices, _ = parts(al.tanh(c))
    groups = {v.text: v.group and v.group.label for v in vertices}
    assert groups == {
        "w": None,
        "exp": "outer",
        "sin": "inner",
        "*": "inner",
        "3": "inner",
        "cos": "outer",
        "c": "outer",
        "tanh": None,
        "output": None,
    }


@pytest.mark.parametrize(("name", "role"), [("mean", "input"), (None, "constant")])
def test_a_tensor_of_no_gradient_is_drawn_as_an_array_would_be(name, role):
    with al.no_grad():
        buffer = Tensor([1.0, 2.0]) * 2
    buffer.name = name
    vertices, _ = parts(buffer * Tensor([1.0, 1.0], name="w"))
    assert [(v.text, v.role) for v in vertices if v.node is buffer] == [(name or "constant", role)]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: t.reshape(24), "reshape shape=24"),
        (lambda t: t.reshape((24,)), "reshape shape=(24,)"),
        (lambda t: t.transpose(2, 0, 1), "transpose axes=(2, 0, 1)"),
        (lambda t: t[::-1, 1:], "index key=(::-1, 1:)"),
        (lambda t: t[np.array([0, 1])], "index key=(array,)"),
        (lambda t: t.var(ddof=1, axis=-1), "var axis=-1 ddof=1"),
        (lambda t: t.var(ddof=0, keepdims=False), "var"),
        (lambda t: t.sum(axis=(0, 1)), "sum axis=(0, 1)"),
    ],
)
def test_an_op_says_what_was_chosen_for_it(call, text):
    vertices, _ = parts(call(Tensor(np.ones((2, 3, 4)))))
    assert [v.text for v in vertices if v.role == "op"] == [text]


def test_a_formula_that_was_written_out_is_one_vertex():
    z = Tensor([[1.0, -2.0], [0.5, 3.0]], name="z")
    e = np.exp(z - z.max(axis=1, keepdims=True)).named("e")
    p = (e / e.sum(axis=1, keepdims=True)).named("p")
    vertices, edges = parts(np.log((1 / (1 + np.exp(-p))).named("a")))
    assert [v.text for v in vertices] == ["z", "softmax", "p", "sigmoid", "a", "log", "output"]
    assert [(x.tail.text, x.head.text) for x in edges][:3] == [
        ("z", "softmax"),
        ("softmax", "p"),
        ("p", "sigmoid"),
    ]
    assert [v.node for v in vertices if v.text == "softmax"] == [p]
