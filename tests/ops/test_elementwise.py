"""Elementwise ops where they are hard: kinks, ties, zeros, infinities; and chance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_ops import gradients

import autograd_lite as al
from autograd_lite import Tensor, grad


def test_astype_converts_the_gradient_back() -> None:
    x = Tensor(np.array([1.0, 2.0], np.float32))
    y = x.astype(np.float64) * np.array([3.0, 1e-3])
    assert y.dtype == np.float64
    gx = grad(y.sum(), x)
    np.testing.assert_array_equal(gx, np.array([3.0, 1e-3], np.float32), strict=True)


@pytest.mark.parametrize("dtype", [int, bool, np.int8])
def test_astype_to_integers_or_bools_is_no_identity(dtype: type) -> None:
    """Rounding is flat: the gradient is 0, or there is none to be had."""
    x = Tensor([1.5, 2.5])
    try:
        gradient = grad((x.astype(dtype) * np.array([3.0, 4.0])).sum(), x)
    except TypeError:
        return
    np.testing.assert_array_equal(gradient, [0, 0])


def test_the_derivative_at_a_kink_is_zero() -> None:
    for op in (al.relu, al.abs):
        x = Tensor([-2.0, 0.0, -0.0, 3.0])
        slope = -1.0 if op is al.abs else 0.0
        assert gradients(op(x), x, g=np.ones(4)) == [[slope, 0, 0, 1]]


def test_ties_of_two_share_evenly() -> None:
    a, b = Tensor([1.0, 2.0, 3.0]), Tensor([1.0, 5.0, 2.0])
    g = np.array([3.0, 5.0, 7.0])
    assert gradients(al.maximum(a, b), a, b, g=g) == [[1.5, 0, 7], [1.5, 5, 0]]
    assert gradients(al.minimum(a, b), a, b, g=g) == [[1.5, 5, 0], [1.5, 0, 7]]
    assert gradients(al.maximum(a, a), a, g=g) == [[3, 5, 7]]
    assert gradients(al.minimum(a, a), a, g=g) == [[3, 5, 7]]


def test_the_limits_of_clip_are_within_it() -> None:
    x = Tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert gradients(x.clip(-1, 1), x, g=np.ones(5)) == [[0, 1, 1, 1, 0]]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_sigmoid_whose_exponential_overflows(dtype: str) -> None:
    x = Tensor(np.array([-1000.0, -80.0, 0.0, 1000.0], dtype))
    y = al.sigmoid(x)  # warnings are errors here
    np.testing.assert_allclose(y.data, [0, math.exp(-80), 0.5, 1], rtol=1e-6)
    assert y.dtype == dtype
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(al.sigmoid(x.data), y.data)


def test_where_selects_and_never_multiplies() -> None:
    a, b = Tensor([1.0, np.nan]), Tensor([np.inf, 2.0])
    y = al.where(np.array([True, False]), a, b)
    assert y.data.tolist() == [1, 2]
    assert gradients(y, a, b, g=np.array([np.inf, 3.0])) == [[np.inf, 0], [0, 3]]
    assert gradients(y, a, b, g=np.array([3.0, np.inf])) == [[3, 0], [0, np.inf]]


def test_where_sums_what_was_broadcast() -> None:
    a, b = Tensor([[1.0], [np.inf]]), Tensor(2.0)
    condition = np.array([[True, False, True], [False, False, False]])
    y = al.where(condition, a, b)
    g = np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    assert gradients(y, a, b, g=g) == [[[5], [0]], 58]


@pytest.mark.parametrize(("n", "slope"), [(0, 0), (1, 1), (2, 0), (3.0, 0), (1.5, 0)])
def test_a_power_of_zero(n: float, slope: float) -> None:
    a = Tensor(0.0)
    for exponent in (n, np.float64(n), np.array(n)):
        assert gradients(a**exponent, a) == [slope]
    exponent = Tensor(float(n))
    assert gradients(a**exponent, a, exponent) == [slope, 0]


def test_zero_to_a_power() -> None:
    b = Tensor([0.5, 1.0, 2.0])
    assert gradients(0.0**b, b, g=np.ones(3)) == [[0, 0, 0]]


@pytest.mark.parametrize("b", [0.0, 1.0, 2.0, -1.0, 0.5])
def test_the_second_derivatives_of_a_power(b: float) -> None:
    """∂²(aᵇ)/∂a∂b = aᵇ⁻¹(1 + b log a), in either order, also where b is 0."""
    base, exponent = Tensor(2.0), Tensor(b)
    ga, gb = grad(base**exponent, [base, exponent], create_graph=True)
    mixed = 2 ** (b - 1) * (1 + b * math.log(2))
    assert grad(ga, exponent) == pytest.approx(mixed, rel=1e-14)
    assert grad(gb, base) == pytest.approx(mixed, rel=1e-14)
    assert grad(ga, base) == pytest.approx(b * (b - 1) * 2 ** (b - 2), rel=1e-14)
    assert grad(gb, exponent) == pytest.approx(math.log(2) ** 2 * 2**b, rel=1e-14)


def test_a_negative_base_to_a_whole_power() -> None:
    a = Tensor([-2.0, -3.0])
    assert gradients(a**3, a, g=np.ones(2)) == [[12, 27]]
    assert gradients(a ** np.array([2, -1]), a, g=np.ones(2)) == [[-4, -1 / 9]]


@pytest.mark.parametrize("make", [np.array, Tensor])
def test_limits_of_clip_may_be_arrays(make: Callable) -> None:
    """A Tensor as a limit is an input like another, or an error that says what to write."""
    x, message = Tensor([1.0, 2.0, 3.0]), None
    try:
        y = x.clip(make([1.5, 1.5, 1.5]), make([2.5, 2.5, 2.5]))
    except TypeError as error:
        message = str(error)
    if make is np.array or message is None:
        assert y.data.tolist() == [1.5, 2, 2.5]
        assert gradients(y, x, g=np.ones(3)) == [[0, 1, 0]]
    else:
        assert "maximum" in message or ".data" in message


def test_a_copy_is_a_node_of_its_own() -> None:
    x = Tensor([1.0, 2.0], "x")
    y = al.copy(x).named("y")
    assert (x.name, y.name, y.inputs) == ("x", "y", (x,))
    loss = (x * y * y).sum()
    assert gradients(loss, x) == [[3, 12]]  # x³
    assert gradients(loss, y) == [[2, 8]]  # and with x held
    x.data[0] = 5
    assert y.data.tolist() == [1, 2]
    array = np.ones(2)
    assert al.copy(array).tolist() == [1, 1]


@pytest.mark.parametrize("new", [np.random.default_rng, np.random.RandomState])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_dropout_drops_and_scales(new: Callable, dtype: str) -> None:
    x, rng, twin = Tensor(np.arange(1.0, 41.0, dtype=dtype).reshape(4, 10)), new(3), new(3)
    for _ in range(2):  # each call draws on
        y = al.dropout(x, p=0.25, rng=rng)
        scale = np.where(twin.random((4, 10)) < 0.25, 0, 4 / 3).astype(dtype)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.data, scale * x.data, rtol=1e-6)
        (slope,) = grad(y.sum(), [x])
        np.testing.assert_allclose(slope, scale, rtol=1e-6)
    assert {0.0} < set(np.unique(scale))


def test_a_dropout_mask_has_no_gradient_and_follows_no_values() -> None:
    x = Tensor(np.full((3, 4), np.nan))
    mask = al.dropout_mask(x, p=0.5, rng=np.random.default_rng(0))
    assert set(np.unique(mask.data)) == {0.0, 2.0}
    assert grad((mask * 3).sum(), x).tolist() == np.zeros((3, 4)).tolist()
    whole = al.dropout_mask(np.arange(3), p=0.5, rng=np.random.default_rng(0))
    assert whole.dtype == np.float64
    kept = al.dropout(Tensor(np.ones(5)), p=0.0, rng=np.random.default_rng(0))
    assert kept.data.tolist() == [1] * 5


@pytest.mark.parametrize("a", [np.inf, -np.inf, np.nan, 0.0, -0.0, 2.0, -3.0])
@pytest.mark.parametrize("n", [0, 0.0, np.float64(0), np.array(0.0), np.int64(0), np.array([0.0])])
def test_a_power_of_zero_is_flat_everywhere(a: float, n: Any) -> None:
    """a**0 is 1 for every a, infinity and NaN included, and so its slope is 0."""
    if np.isnan(a) and not isinstance(n, (int, float)):
        return  # an exponent that may be anything: NaN in, NaN out
    x = Tensor(a)
    y = x**n
    assert np.ravel(y.data).tolist() == [1]
    assert gradients(y.sum(), x) == [0]
    xs = Tensor([a, 1.5])
    assert gradients((xs**n).sum(), xs) == [[0, 0]]


# Bits -------------------------------------------------------------------------------------------

LEFT, RIGHT = np.array([6, -3, 12]), np.array([3, 5, -1])
AND, OR, NOT = [6 & 3, -3 & 5, 12 & -1], [6 | 3, -3 | 5, 12 | -1], [~6, ~-3, ~12]


def bits(a: Any, b: Any) -> Any:
    return a & b, a | b, ~a, a & 3, 3 | a


def test_signs_of_logic_mean_the_bits_of_integers() -> None:
    a, b = (Tensor(x.astype(float)).astype(int) for x in (LEFT, RIGHT))
    wanted = [AND, OR, NOT, [v & 3 for v in (6, -3, 12)], [3 | v for v in (6, -3, 12)]]
    assert [y.data.tolist() for y in bits(a, b)] == wanted
    assert [y.tolist() for y in al.compile(bits)(LEFT, RIGHT)] == wanted

    def weighted(x: Any) -> Any:
        n = x.astype(int)
        return (x * ((n & RIGHT) + 100 * (n | RIGHT) + 10_000 * ~n)).sum()

    scale = [p + 100 * q + 10_000 * r for p, q, r in zip(AND, OR, NOT)]
    assert al.func.grad(weighted)(LEFT.astype(float)).tolist() == scale
    assert al.compile(al.func.grad(weighted))(LEFT.astype(float)).tolist() == scale


def test_masks_stay_masks() -> None:
    x = Tensor([-1.0, 0.5, 2.0])
    both, either, neither = (x > 0) & (x < 1), (x > 0) | (x < -2), ~(x > 0)
    assert [y.dtype for y in (both, either, neither)] == [bool] * 3
    assert both.data.tolist() == [False, True, False]
    assert either.data.tolist() == [False, True, True]
    assert neither.data.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("a", "b", "value", "slopes"),
    [
        (1000.0, -1000.0, 1000, (1, 0)),
        (1000.0, 1000.0, 1000 + math.log(2), (0.5, 0.5)),
        (-1000.0, -1000.0, -1000 + math.log(2), (0.5, 0.5)),
        (-np.inf, 3.0, 3, (0, 1)),
        (np.inf, 3.0, np.inf, (1, 0)),
        (-np.inf, -np.inf, -np.inf, (0, 0)),
    ],
)
def test_logaddexp_far_from_zero(a: float, b: float, value: float, slopes: Any) -> None:
    x, y = Tensor(a), Tensor(b)
    z = al.logaddexp(x, y)
    assert z.item() == pytest.approx(value, rel=1e-15)
    assert tuple(grad(z, [x, y])) == slopes


def test_hypot_at_the_origin_and_far_from_it() -> None:
    x, y = Tensor([0.0, 3e200]), Tensor([0.0, 4e200])
    z = al.hypot(x, y)
    np.testing.assert_allclose(z.data, [0, 5e200])
    np.testing.assert_allclose(grad(z, [x, y], np.ones(2)), [[0, 0.6], [0, 0.8]])
