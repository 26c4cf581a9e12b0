"""What a node holds: its data, copies of it, and the spans that it is a result of."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor, grad, next_number, span, spans_of
from autograd_lite.graph import describe


def test_a_node_is_plain_to_walk() -> None:
    x, c = Tensor([1.0, 2.0], name="x"), np.array([3.0, 4.0])
    y = al.sum(x * c, axis=0, keepdims=True)
    assert x.op is None
    assert x.inputs == ()
    assert y.op is al.sum.op
    assert y.params == {"axis": 0, "keepdims": True}
    (z,) = y.inputs
    assert z.op is al.multiply.op
    assert z.inputs[0] is x
    assert z.inputs[1].tolist() == [3, 4]
    assert (x.name, y.name) == ("x", None)
    assert y.named("y") is y
    assert y.name == "y"


def test_comparisons_are_recorded() -> None:
    x = Tensor([1.0, 2.0])
    y = x > 1
    assert y.op is al.greater.op
    assert y.inputs == (x, 1)
    assert y.dtype == bool


def test_the_data_of_a_leaf_is_live() -> None:
    x = Tensor([1.0, 2.0])
    data = x.data
    data[0] = 5
    x.data[1] = 6
    assert x.data is data
    assert (x + 0).data.tolist() == [5, 6]
    x.data -= 1
    x.data *= 2
    assert x.data is data
    assert x.data.tolist() == [8, 10]
    x.data = [1, 2]
    assert (x + 0).data.tolist() == [1, 2]


def test_the_data_of_a_number_is_live() -> None:
    x = Tensor(1.0)
    x.data[...] = 4
    x.data -= 1
    assert x.item() == 3
    assert (x * 2).item() == 6


def test_data_is_copied_in() -> None:
    array = np.array([1.0, 2.0])
    x = Tensor(array)
    array[0] = 7
    assert x.data.tolist() == [1, 2]
    x.data = array
    array[0] = 9
    assert x.data.tolist() == [7, 2]


def test_the_data_of_a_result_is_read_only() -> None:
    y = Tensor([1.0, 2.0]) * 2
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 1
    with pytest.raises(TypeError, match="result of multiply"):
        y.data = np.zeros(2)
    with pytest.raises(TypeError, match="result of multiply"):
        y.assign(np.zeros(2))
    assert y.data.tolist() == [2, 4]


def test_a_leaf_keeps_its_shape_and_dtype() -> None:
    x = Tensor(np.array([1.0, 2.0], np.float32), name="W")
    for wrong in (np.zeros(3), np.zeros((2, 1)), 0.0):
        with pytest.raises(ValueError, match=r"W \(2,\) float32.*shape"):
            x.data = wrong
    with pytest.raises(TypeError, match=r"complex128.*W"):
        x.data = np.zeros(2) * 1j
    with pytest.raises(ValueError, match=r"float64.*W"):
        x.assign(np.zeros(2))
    x.data = np.array([3.0, 4.0])
    assert x.data.dtype == np.float32
    assert x.data.tolist() == [3, 4]


def test_a_tensor_as_new_data() -> None:
    """`W.data = W - step` either takes the value or says what to write."""
    x, message = Tensor([1.0, 2.0]), None
    try:
        x.data = x - 1.0
    except TypeError as error:
        message = str(error)
    assert x.op is None
    if message is None:
        assert x.data.tolist() == [0, 1]
    else:
        assert x.data.tolist() == [1, 2]
        assert ".data" in message


def test_assign_replaces_the_value() -> None:
    x = Tensor([1.0, 2.0])
    x.assign(np.array([3.0, 4.0]))
    assert (x + 0).data.tolist() == [3, 4]
    data = x.data
    x.assign(np.array([5.0, 6.0]))
    assert data.tolist() == [5, 6]


def test_values_cannot_be_written_behind_the_graph() -> None:
    x = Tensor([1.0, 2.0])
    y = x * x
    for value in (x.value, y.value, y.data):
        with pytest.raises(ValueError, match="read-only"):
            value[0] = 7
    x.data[0] = 7
    assert grad(y, x, np.ones(2)).tolist() == [2, 4]


# What is known of an op -------------------------------------------------------------------------


def test_the_arguments_that_were_chosen() -> None:
    """Those that are not the default, in value and in type."""
    var = al.ops.var.op
    assert var.given({"axis": None, "ddof": 0, "keepdims": False}) == {}
    assert var.given({"axis": 0, "ddof": 1, "keepdims": True}) == {
        "axis": 0,
        "ddof": 1,
        "keepdims": True,
    }
    assert var.given({"axis": None, "ddof": 0, "keepdims": 0}) == {"keepdims": 0}
    low = np.array([0.0, 1.0])
    shifted = al.primitive()(lambda x, *, low=None: x + low).op
    assert shifted.given({"low": low}) == {"low": low}
    assert shifted.given({"low": None}) == {}
    assert repr(var) == "<op var>"


def test_how_an_error_calls_a_value() -> None:
    """Text is cut at 40, so that a message stays one."""
    assert describe(Tensor(np.ones((3, 4), "f4"), name="W")) == "W (3, 4) float32"
    assert describe(Tensor(1.0)) == "a Tensor () float64"
    assert describe(np.ones(2, int)) == "an array (2,) int64"
    assert describe("a" * 38) == repr("a" * 38)
    assert describe("a" * 39) == "'" + "a" * 36 + "..."


# Spans ------------------------------------------------------------------------------------------


def parts_of(*ys: Tensor) -> list[tuple[object, list[str]]]:
    return [(p.label, [n.op.name if n.op else "leaf" for n in p.nodes]) for p in spans_of(*ys)]


def test_a_span_is_what_was_recorded_since_it_began() -> None:
    x = Tensor(2.0)
    before = al.exp(x)
    start = next_number()
    inside = al.sin(before)
    y = span("layer", start, inside * 3.0)
    assert y.op.name == "multiply"
    after = y + 1
    assert parts_of(after) == [("layer", ["sin", "multiply"])]
    assert parts_of(y) == [("layer", ["sin", "multiply"])]
    assert parts_of(inside) == parts_of(before) == parts_of(x) == []


def test_spans_nest_and_follow_each_other() -> None:
    x = Tensor(2.0)
    outer, first = next_number(), next_number()
    a = span("first", first, al.exp(x))
    second = next_number()
    b = span("second", second, al.sin(a))
    y = span("outer", outer, b)  # which is the result of both
    assert parts_of(y) == [("outer", ["exp", "sin"]), ("first", ["exp"]), ("second", ["sin"])]
    assert parts_of(a) == [("first", ["exp"])]


def test_a_span_may_have_several_results() -> None:
    x, start = Tensor(2.0), next_number()
    a, b = al.exp(x), al.sin(x)
    for y in (a, b):
        assert span("two", start, y) is y
    assert parts_of(a + b) == [("two", ["exp", "sin"])]


def test_what_is_older_than_the_span_or_no_tensor_is_passed_through() -> None:
    """A layer that hands its input on has computed nothing."""
    x = Tensor(2.0)
    y = al.exp(x)
    start, array = next_number(), np.ones(2)
    for result in (y, array, None):
        assert span("identity", start, result) is result
    assert parts_of(y) == []


def test_a_copy_is_a_result_of_no_span() -> None:
    x, start = Tensor(2.0), next_number()
    y = span("layer", start, al.exp(x))
    assert parts_of(copy.copy(y)) == []


def test_what_has_only_a_shape_is_called_as_it_is_written() -> None:
    class Frame:
        shape = 2, 3

        def __repr__(self) -> str:
            return "<frame>"

    with pytest.raises(TypeError, match=r"wrt is <frame>; a Tensor is needed"):
        al.grad(Tensor(1.0) * 2, [Frame()])
