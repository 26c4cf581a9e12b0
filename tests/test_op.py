"""What a primitive is: calling one computes and records; what is wrong with one is said."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor, grad, primitive

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


def test_a_static_list_may_change_later() -> None:
    x, axes, low = Tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 0], np.array([0.0, 2.5])
    weights = np.array([[1.0, 10.0], [100.0, 1000.0]])
    y, z = x.transpose(axes), x.clip(low)
    axes[:] = [0, 1]
    low[:] = 9
    assert grad((y * weights).sum(), x).tolist() == weights.T.tolist()
    assert grad(z.sum(), x).tolist() == [[1, 0], [1, 1]]


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


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (np.array(["cat", "dog"]), "np.unique(names, return_inverse=True)"),
        (np.array([1, 2], object), ".astype(float)"),
        (np.array([1j, 2]), "pass .real"),
        (None, "pass an array of them"),
        (np.array(["2020"], "M8"), "pass an array of them"),
    ],
)
def test_what_is_no_real_array_is_told_how_to_become_one(given, remedy):
    with pytest.raises(TypeError, match="add got W ") as error:
        Tensor([1.0, 2.0], name="W") + given
    *_, needed, told, more = str(error.value).split("; ")
    assert (needed, more) == ("real numbers are needed", "see help(autograd_lite.add)")
    assert remedy in told


def test_a_matrix_product_that_does_not_fit_is_told_in_plain_words():
    with pytest.raises(ValueError, match=r"must agree \(size 3 is different from 2\); check"):
        np.ones((4, 2)) @ Tensor(np.ones((3, 1)))
