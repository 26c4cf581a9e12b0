"""Reductions where they are hard: ties, zeros, infinities, axes of any kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_ops import gradients

import autograd_lite as al
from autograd_lite import Tensor, grad


def test_ties_of_many_share_evenly() -> None:
    x = Tensor([[2.0, 5.0, 5.0], [5.0, 1.0, 1.0]])
    assert gradients(x.max(), x, g=np.array(6.0)) == [[[0, 2, 2], [2, 0, 0]]]
    assert gradients(x.max(axis=1), x, g=np.array([4.0, 3.0])) == [[[0, 2, 2], [3, 0, 0]]]
    assert gradients(x.min(axis=1), x, g=np.array([4.0, 3.0])) == [[[4, 0, 0], [0, 1.5, 1.5]]]


NOTHING = [-np.inf, -np.inf]


@pytest.mark.parametrize("op", [al.softmax, al.log_softmax])
def test_a_row_of_minus_infinity_has_gradient_zero(op: Callable) -> None:
    x = Tensor([NOTHING, [0.0, 0.0]])
    y = op(x)
    assert y.data[0].tolist() == ([0, 0] if op is al.softmax else NOTHING)
    (gx,) = gradients(y, x, g=np.array([[1.0, 2.0], [1.0, 3.0]]))
    assert gx[0] == [0, 0]
    np.testing.assert_allclose(gx[1], [-0.5, 0.5] if op is al.softmax else [-1, 1], rtol=1e-15)


def test_sums_and_maxima_of_minus_infinity() -> None:
    x = Tensor([NOTHING, [0.0, 0.0]])
    y = al.logsumexp(x, axis=-1)
    assert y.data.tolist() == [-np.inf, math.log(2)]
    assert gradients(y, x, g=np.array([5.0, 6.0])) == [[[0, 0], [3, 3]]]
    assert np.isfinite(gradients(x.max(axis=-1), x, g=np.ones(2))).all()
    assert al.logsumexp(Tensor(NOTHING)).item() == -np.inf


def test_logsumexp_keeps_or_drops_its_axes() -> None:
    x = Tensor([[NOTHING, [0.0, 0.0]], [[1000.0, 1000.0], [-1000.0, -np.inf]]])
    wanted = [[-np.inf, math.log(2)], [1000 + math.log(2), -1000]]
    y = al.logsumexp(x, axis=2)
    assert y.data.tolist() == wanted
    assert al.logsumexp(x, axis=2, keepdims=True).data.tolist() == [
        [[value] for value in row] for row in wanted
    ]
    assert gradients(y, x, g=np.ones((2, 2))) == [[[[0, 0], [0.5, 0.5]], [[0.5, 0.5], [1, 0]]]]
    assert al.logsumexp(x, axis=(0, 2)).data.tolist() == [1000 + math.log(2), math.log(2)]


def test_a_product_with_zeros() -> None:
    one, two = Tensor([2.0, 0.0, 3.0]), Tensor([0.0, 5.0, 0.0])
    assert gradients(one.prod(), one) == [[0, 6, 0]]
    assert gradients(two.prod(), two) == [[0, 0, 0]]
    (first,) = grad(two.prod(), [two], create_graph=True)
    assert gradients(first, two, g=np.array([1.0, 0.0, 0.0])) == [[0, 0, 5]]


@pytest.mark.parametrize("op", [al.softmax, al.log_softmax])
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), None])
def test_slices_of_minus_infinity_along_any_axis(op: Callable, axis: Any) -> None:
    """What is finite is e / Σe, and its gradient has the closed form; the rest has none."""
    values = np.array([[-np.inf, -np.inf, 0.3], [-np.inf, 1.0, -0.5]])
    x, g = Tensor(values), np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
    e = np.exp(values)
    total = e.sum(axis=axis, keepdims=True)
    p = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    with np.errstate(divide="ignore"):
        value = p if op is al.softmax else np.log(p)
    y = op(x, axis=axis)
    np.testing.assert_allclose(y.data, value, rtol=1e-14)
    if op is al.softmax:
        slope = p * (g - (p * g).sum(axis=axis, keepdims=True))
    else:
        slope = np.where(total > 0, g, 0) - p * g.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(gradients(y, x, g=g)[0], slope, rtol=1e-13, atol=1e-15)


# Axes, and nothing to reduce --------------------------------------------------------------------

REDUCTIONS = ("sum", "mean", "prod", "max", "min", "var", "std", "all", "any", "argmax", "argmin")


def attempt(call: Callable[[], Any]) -> Any:
    """The result, or the class of the error."""
    try:
        return call()
    except (ValueError, TypeError, IndexError, np.exceptions.AxisError) as error:
        return IndexError if isinstance(error, np.exceptions.AxisError) else type(error)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, -1, 1, -2, (), (0,), (-1,), (0, -1)])
def test_any_axis_of_a_number_that_numpy_allows(name: str, axis: Any) -> None:
    """numpy lets axes 0 and -1 of a 0-d array pass in most reductions, but not in all."""
    value = np.array(0.7)
    wanted = attempt(lambda: getattr(value, name)(axis=axis))
    x = Tensor(value)
    got = attempt(lambda: getattr(x, name)(axis=axis))
    if isinstance(wanted, type):
        assert issubclass(got, (wanted, IndexError, ValueError, TypeError))
        return
    assert isinstance(got, Tensor)
    np.testing.assert_array_equal(got.data, wanted)
    assert (got.shape, got.dtype) == (np.shape(wanted), wanted.dtype)
    if name in ("sum", "mean", "prod", "max", "min"):
        assert gradients(got, x, g=np.array(3.0)) == [3]
    elif name == "var":
        assert gradients(got, x, g=np.array(3.0)) == [0]


@pytest.mark.parametrize("axis", [None, 0, -1, (), (0,), (-1,)])
@pytest.mark.parametrize(
    ("op", "value", "slope"), [(al.softmax, 1, 0), (al.log_softmax, 0, 0), (al.logsumexp, 0.7, 1)]
)
def test_exponentials_of_a_number(op: Callable, value: float, slope: float, axis: Any) -> None:
    x = Tensor(0.7)
    try:
        np.array(0.7).max(axis=axis)
    except np.exceptions.AxisError:
        return
    y = op(x, axis=axis)
    assert y.shape == ()
    assert y.item() == pytest.approx(value, rel=1e-15, abs=1e-15)
    assert gradients(y, x, g=np.array(3.0)) == [pytest.approx(3 * slope)]


@pytest.mark.parametrize("shape", [(5, 0, 0), (0, 3), (3, 0), (0,), (0, 0)])
@pytest.mark.parametrize("axis", [0, -1, 1, None, (0, -1)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_exponentials_of_nothing(shape: tuple[int, ...], axis: Any, dtype: str) -> None:
    """As many as there are slices: log Σ of no elements is -inf, and all else is empty."""
    x = Tensor(np.zeros(shape, dtype))
    try:
        count = x.data.sum(axis=axis)
    except (np.exceptions.AxisError, ValueError):
        return
    for op in (al.softmax, al.log_softmax):
        y = op(x, axis=axis)
        assert (y.shape, y.dtype) == (shape, dtype)
        assert grad(y.sum(), x).shape == shape
    for keepdims in (False, True):
        y = al.logsumexp(x, axis=axis, keepdims=keepdims)
        wanted = np.full(x.data.sum(axis=axis, keepdims=keepdims).shape, -np.inf, dtype)
        np.testing.assert_array_equal(y.data, wanted, strict=True)
        assert grad(y.sum(), x).shape == shape
    assert count.dtype == dtype
