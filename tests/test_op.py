"""What a primitive is, what a node holds, and the switch that stops recording."""

from __future__ import annotations

import asyncio
import math
import threading

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor, grad, no_grad, primitive

# Primitives of a user's own ---------------------------------------------------------------------


@primitive(
    lambda g, y, a, b, *, scale: g * scale * b,
    lambda g, y, a, b, *, scale: g * scale * a,
)
def scaled_product(a, b, *, scale=2.0):
    """scale a b."""
    return scale * a * b


def test_a_primitive_computes_on_arrays() -> None:
    y = scaled_product(np.array([1.0, 2.0]), 3.0)
    assert type(y) is np.ndarray
    assert y.tolist() == [6, 12]


def test_a_primitive_records_on_tensors() -> None:
    a = Tensor([1.0, 2.0])
    y = scaled_product(a, 3.0)
    assert isinstance(y, Tensor)
    assert y.op is scaled_product.op
    assert y.op.name == "scaled_product"
    assert y.inputs == (a, 3.0)
    assert y.params == {"scale": 2.0}
    assert grad(y, a, g=np.array([1.0, 10.0])).tolist() == [6, 60]


def test_arguments_go_by_place_or_by_name() -> None:
    a, b = Tensor(3.0), Tensor(5.0)
    for y in (
        scaled_product(a, b, scale=7.0),
        scaled_product(a, b, 7.0),
        scaled_product(a, b=b, scale=7.0),
        scaled_product(scale=7.0, b=b, a=a),
    ):
        assert y.params == {"scale": 7.0}
        assert y.inputs == (a, b)
        assert y.item() == 105
    assert al.sum(np.ones((2, 3)), 0).tolist() == [2, 2, 2]
    assert al.where(np.array(True), b=2.0, a=1.0) == 1


def test_a_missing_or_unknown_argument_is_an_error() -> None:
    a = Tensor(3.0)
    with pytest.raises(TypeError, match=r"scaled_product got 1 inputs.*needs 2 \(a, b\)"):
        scaled_product(a)
    with pytest.raises(TypeError, match=r"scaled_product.*positional"):
        scaled_product(a, a, 1.0, 2.0)
    with pytest.raises(TypeError, match=r"scaled_product got.*factor"):
        scaled_product(a, a, factor=2.0)


def test_a_primitive_keeps_name_and_docstring() -> None:
    assert scaled_product.__name__ == "scaled_product"
    assert scaled_product.__doc__ == "scale a b."


def test_an_input_without_a_rule_is_not_differentiated() -> None:
    @primitive(None, lambda g, y, a, b: g * a)
    def weighted(a, b):
        return a * b

    a, b = Tensor(2.0), Tensor(5.0)
    y = weighted(a, b)
    assert [gx.item() for gx in grad(y, [a, b])] == [0, 2]


def test_a_rule_for_any_number_of_inputs() -> None:
    @primitive(lambda i, g, y, *xs, power: g * (i + 1) * power)
    def weighted_sum(*xs, power):
        return sum((i + 1) * power * x for i, x in enumerate(xs))

    xs = [Tensor(float(i)) for i in range(4)]
    y = weighted_sum(*xs, power=10)
    assert [gx.item() for gx in grad(y, xs)] == [10, 20, 30, 40]
    assert weighted_sum(1.0, 2.0, power=1) == 5


def test_broadcasting_and_dtype_are_undone_for_a_rule() -> None:
    @primitive(lambda g, y, a, b: g, lambda g, y, a, b: g)
    def total(a, b):
        return a + b

    a, b = Tensor(np.ones((2, 1), np.float32)), Tensor(np.ones(3))
    ga, gb = grad(total(a, b), [a, b], g=np.arange(6.0).reshape(2, 3))
    assert ga.tolist() == [[3], [12]]
    assert ga.dtype == np.float32
    assert gb.tolist() == [3, 5, 7]


def test_a_rule_of_the_wrong_shape_is_an_error() -> None:
    @primitive(lambda g, y, x: g)
    def transposed(x):
        return x.T

    x = Tensor(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"returned shape \(3, 2\).*\(2, 3\)"):
        grad(transposed(x), x, g=np.ones((3, 2)))


def test_an_error_says_what_was_given() -> None:
    W = Tensor(np.ones((3, 4)), name="W")
    with pytest.raises(ValueError, match=r"matmul got an array \(2, 5\) float64, W \(3, 4\) float"):
        np.ones((2, 5)) @ W
    with pytest.raises(ValueError, match=r"add got W \(3, 4\) float64, an array \(2,\) int64"):
        W + np.arange(2)
    with pytest.raises(ValueError, match=r"reshape got W \(3, 4\)"):
        W.reshape(5, 5)
    with pytest.raises(IndexError, match=r"got W \(3, 4\) float64.*7"):
        W[7]
    with pytest.raises(TypeError, match=r"add got W \(3, 4\) float64, 1j.*complex"):
        W + 1j
    with pytest.raises(TypeError, match=r"multiply got W .*object"):
        W * None


# Nodes ------------------------------------------------------------------------------------------


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


# no_grad ----------------------------------------------------------------------------------------


def recorded() -> bool:
    return (Tensor(1.0) * 2).op is not None


def test_nothing_is_recorded_inside_no_grad() -> None:
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = (x * 2).sum()
    assert isinstance(y, Tensor)
    assert y.item() == 6
    assert y.op is None
    assert y.inputs == ()
    assert recorded()


def test_a_result_of_no_grad_is_a_leaf_of_its_own() -> None:
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = x.reshape(2, 1)
    y.data[0] = 9
    assert x.data.tolist() == [1, 2]
    assert grad((y * 3).sum(), y).tolist() == [[3], [3]]


def test_no_grad_nests_and_survives_exceptions() -> None:
    with no_grad():
        with no_grad():
            assert not recorded()
        assert not recorded()
        with pytest.raises(ZeroDivisionError), no_grad():
            raise ZeroDivisionError
        assert not recorded()
    assert recorded()
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert recorded()


def test_no_grad_decorates() -> None:
    @no_grad()
    def predict(depth: int) -> bool:
        return recorded() or (depth > 0 and predict(depth - 1))

    assert not predict(3)
    assert recorded()
    assert not predict(0)


def test_no_grad_is_for_one_thread() -> None:
    seen, inside, done = [], threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        seen.append(recorded())
        with no_grad():
            done.set()
            seen.append(recorded())

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        done.wait()
        seen.append(recorded())
    thread.join()
    assert seen == [True, False, False]
    assert recorded()


def test_no_grad_is_for_one_task() -> None:
    async def silent(entered: asyncio.Event, leave: asyncio.Event) -> bool:
        with no_grad():
            entered.set()
            await leave.wait()
            return recorded()

    async def main() -> tuple[bool, bool]:
        entered, leave = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(silent(entered, leave))
        await entered.wait()
        here = recorded()
        leave.set()
        return here, await task

    assert asyncio.run(main()) == (True, False)


# What a user may get wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("rules", [1, 3])
def test_a_primitive_needs_a_rule_for_each_input(rules: int) -> None:
    with pytest.raises(TypeError, match=rf"product got {rules} VJPs; it needs 2"):

        @primitive(*[lambda g, y, a, b: g * b] * rules)
        def product(a, b):
            return a * b


def test_a_forward_cannot_write_into_what_a_graph_holds() -> None:
    @primitive(lambda g, y, x: g * (x > 0))
    def relu_in_place(x):
        x[x < 0] = 0
        return x

    x = Tensor([-1.0, 2.0])
    for given in (x, x * 1.0):
        with pytest.raises(ValueError, match="read-only"):
            relu_in_place(given)
    assert x.tolist() == [-1, 2]


def test_a_forward_may_return_a_python_number() -> None:
    @primitive(lambda g, y, x: g * math.cos(x))
    def sine(x):
        return math.sin(x)

    x = Tensor(0.5)
    assert grad(sine(x) * 2, x) == pytest.approx(2 * math.cos(0.5), rel=1e-15)


def test_values_cannot_be_written_behind_the_graph() -> None:
    x = Tensor([1.0, 2.0])
    y = x * x
    for value in (x.value, y.value, y.data):
        with pytest.raises(ValueError, match="read-only"):
            value[0] = 7
    x.data[0] = 7
    assert grad(y, x, np.ones(2)).tolist() == [2, 4]


def test_a_static_list_may_change_later() -> None:
    x, axes, low = Tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 0], np.array([0.0, 2.5])
    weights = np.array([[1.0, 10.0], [100.0, 1000.0]])
    y, z = x.transpose(axes), x.clip(low)
    axes[:] = [0, 1]
    low[:] = 9
    assert grad((y * weights).sum(), x).tolist() == weights.T.tolist()
    assert grad(z.sum(), x).tolist() == [[1, 0], [1, 1]]


def test_a_result_of_no_grad_is_a_constant() -> None:
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = x * 2
    assert y.constant
    assert not x.constant
    with pytest.raises(ValueError, match="inside no_grad"):
        y.backward(np.ones(2))
    (x * y).sum().backward()
    assert x.grad.tolist() == [2, 4]
    assert y.grad is None


@pytest.mark.parametrize("returned", [None, 2.0])
def test_a_rule_that_returns_no_array_is_named(returned: float | None) -> None:
    @primitive(lambda g, y, x: returned)
    def doubled(x):
        return 2 * x

    with pytest.raises(TypeError, match=rf"a VJP of doubled returned {returned}"):
        doubled(Tensor([1.0])).backward(np.ones(1))


@pytest.mark.parametrize("result", [3, [1.0, 2.0], None, np.array([1j])])
def test_a_forward_that_returns_no_array_of_real_numbers_is_named(result: object) -> None:
    @primitive(lambda g, y, x: g)
    def odd(x):
        return result

    with pytest.raises(TypeError, match="the forward of odd returned"):
        odd(Tensor([1.0]))


def test_a_static_parameter_is_given_once() -> None:
    with pytest.raises(TypeError, match="axis by position and by name"):
        al.sum(Tensor([1.0]), 0, axis=0)
