"""Laws that every op keeps, over the rows of `rows.py`; then values that are hard, op by op."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from rows import ROWS, Row, differences

import autograd_lite as al
from autograd_lite import Tensor, grad

Array = np.ndarray


def test_every_op_has_a_row() -> None:
    assert {row.op for row in ROWS.values()} == set(al.ops.NAMES)


# The laws ---------------------------------------------------------------------------------------


def close(got: Array, wanted: Array, tolerance: float) -> None:
    """Equal shapes, and elements equal to `tolerance`, relative to the largest or to 1."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    scale = 1 + np.max(np.abs(wanted), initial=0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale)


def cotangent(shape: tuple[int, ...], seed: int = 1) -> Array:
    """Random: the cotangent of a sum, all ones, would hide a rule that ignores it."""
    return np.asarray(np.random.default_rng(seed).standard_normal(shape))


def evaluate(row: Row, *xs: Array) -> tuple[Tensor, list[Tensor], Array]:
    """The recorded result, its leaves and a cotangent."""
    leaves = [Tensor(x) for x in xs or row.inputs]
    y = row.call(*leaves)
    return y, leaves, cotangent(y.shape)


def has_value(row: Row) -> None:
    """The value is the formula's, recorded or not."""
    y, _, _ = evaluate(row)
    plain = row.call(*row.inputs)
    close(y.data, row.formula(*row.inputs), 1e-12)
    np.testing.assert_array_equal(y.data, plain, strict=isinstance(plain, np.ndarray))
    assert y.op is not None
    assert not isinstance(plain, Tensor)


def has_gradient(row: Row) -> None:
    """The gradient is the formula's numerical one."""
    y, leaves, g = evaluate(row)
    for got, wanted in zip(grad(y, leaves, g), differences(row.formula, row.inputs, g)):
        assert type(got) is np.ndarray
        close(got, wanted, 1e-9)


def has_gradient_beside_constants(row: Row) -> None:
    """The gradient of one input is the same with the others handed over as arrays."""
    y, leaves, g = evaluate(row)
    for i, wanted in enumerate(grad(y, leaves, g)):
        x = Tensor(row.inputs[i])
        alone = row.call(*row.inputs[:i], x, *row.inputs[i + 1 :])
        np.testing.assert_array_equal(grad(alone, x, g), wanted, strict=True)


def records_its_gradient(row: Row) -> None:
    """A rule means the same on Tensors as on arrays."""
    y, leaves, g = evaluate(row)
    for plain, recorded in zip(grad(y, leaves, g), grad(y, leaves, g, create_graph=True)):
        assert isinstance(recorded, Tensor)
        assert recorded.dtype == plain.dtype
        close(recorded.data, plain, 1e-14)


def has_second_derivatives(row: Row) -> None:
    """The recorded gradient's own gradient, in the inputs and the cotangent, is a numerical one."""
    y, leaves, g = evaluate(row)
    weights = [cotangent(x.shape, seed=i + 2) for i, x in enumerate(row.inputs)]

    def projected(g: Array, *xs: Array) -> Array:
        y, leaves, _ = evaluate(row, *xs)
        return sum(np.sum(w * gx) for w, gx in zip(weights, grad(y, leaves, g)))

    variable = Tensor(g)
    recorded = grad(y, leaves, variable, create_graph=True)
    total = sum((w * gx).sum() for w, gx in zip(weights, recorded))
    got = grad(total, [variable, *leaves])
    for gx, wanted in zip(got, differences(projected, [g, *row.inputs], np.ones(()))):
        close(gx, wanted, 1e-9)


def keeps_dtypes(row: Row) -> None:
    """float32 in, float32 out; each gradient has the dtype of its leaf, also among mixed ones."""
    narrow = [x.astype(np.float32) for x in row.inputs]
    y, leaves, g = evaluate(row)
    z, narrow_leaves, _ = evaluate(row, *narrow)
    if y.dtype == np.float64 and row.op != "astype":
        assert z.dtype == np.float32
        assert np.asarray(row.call(*narrow)).dtype == np.float32
    if y.dtype.kind != "f":
        return
    wide = grad(y, leaves, g)
    for gx, wanted in zip(grad(z, narrow_leaves, g), wide):
        assert gx.dtype == np.float32
        close(gx, wanted, 2e-5)
    for i in range(len(narrow)):
        mixed = [*row.inputs[:i], narrow[i], *row.inputs[i + 1 :]]
        y, leaves, _ = evaluate(row, *mixed)
        for x, gx, wanted in zip(leaves, grad(y, leaves, g), wide):
            assert gx.dtype == x.dtype
            close(gx, wanted, 2e-5)


def writes_to_nothing(row: Row) -> None:
    """Neither the inputs nor the cotangent change."""
    inputs = [x.copy() for x in row.inputs]
    y, leaves, g = evaluate(row, *inputs)
    before = g.copy()
    row.call(*inputs)
    if y.dtype.kind == "f":
        grad(y, leaves, g)
        y.backward(g)
    for x, leaf, wanted in zip(inputs, leaves, row.inputs):
        np.testing.assert_array_equal(x, wanted, strict=True)
        np.testing.assert_array_equal(leaf.data, wanted, strict=True)
    np.testing.assert_array_equal(g, before, strict=True)


FLOATING = [n for n, row in ROWS.items() if np.asarray(row.formula(*row.inputs)).dtype.kind == "f"]
GRADIENT_LAWS = [
    has_gradient,
    has_gradient_beside_constants,
    records_its_gradient,
    has_second_derivatives,
]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("law", [has_value, keeps_dtypes, writes_to_nothing])
def test_law(law: Callable[[Row], None], name: str) -> None:
    law(ROWS[name])


@pytest.mark.parametrize("name", FLOATING)
@pytest.mark.parametrize("law", GRADIENT_LAWS)
def test_gradient_law(law: Callable[[Row], None], name: str) -> None:
    law(ROWS[name])


# Dtypes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.0,
        lambda x: 2 * x,
        lambda x: x + 1.5,
        lambda x: 1 - x,
        lambda x: x / 3,
        lambda x: 3 / x,
        lambda x: x**2,
        lambda x: x**0.5,
        lambda x: 2.0**x,
        lambda x: al.where(x > 1, x, 0.0),
        lambda x: al.maximum(x, 0.5),
        lambda x: al.clip(x, 0.5, 1.5),
        lambda x: al.mse(x.sum(), 2.0),
        lambda x: (x > 1) * x,
    ],
)
def test_python_numbers_do_not_widen(f: Callable) -> None:
    x = Tensor(np.array([1.0, 2.0, 3.0], np.float32))
    y = f(x)
    assert y.dtype == np.float32
    assert f(x[0]).dtype == np.float32
    assert grad(y.sum(), x).dtype == np.float32
    (gx,) = grad(y.sum(), [x], create_graph=True)
    assert gx.dtype == np.float32
    assert grad(gx.sum(), x).dtype == np.float32


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


# Kinks and ties ---------------------------------------------------------------------------------


def gradients(y: Tensor, *leaves: Tensor, g: Array | None = None) -> list[list[float]]:
    """As lists; recorded or not, they must be the same."""
    plain = grad(y, leaves, g)
    for gx, recorded in zip(plain, grad(y, leaves, g, create_graph=True)):
        np.testing.assert_allclose(recorded.data, gx, rtol=1e-14, atol=0)
    return [gx.tolist() for gx in plain]


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


def test_ties_of_many_share_evenly() -> None:
    x = Tensor([[2.0, 5.0, 5.0], [5.0, 1.0, 1.0]])
    assert gradients(x.max(), x, g=np.array(6.0)) == [[[0, 2, 2], [2, 0, 0]]]
    assert gradients(x.max(axis=1), x, g=np.array([4.0, 3.0])) == [[[0, 2, 2], [3, 0, 0]]]
    assert gradients(x.min(axis=1), x, g=np.array([4.0, 3.0])) == [[[4, 0, 0], [0, 1.5, 1.5]]]


def test_the_limits_of_clip_are_within_it() -> None:
    x = Tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert gradients(x.clip(-1, 1), x, g=np.ones(5)) == [[0, 1, 1, 1, 0]]


def test_the_derivative_of_a_length_at_zero_is_zero() -> None:
    x = Tensor([[0.0, 0.0], [3.0, 4.0]])
    assert gradients(al.norm(x, axis=1), x, g=np.array([7.0, 5.0])) == [[[0, 0], [3, 4]]]


# Large values, infinities, zeros ----------------------------------------------------------------

FAR = np.array([-1000.0, -800.0, 0.0, 800.0, 1000.0])


@pytest.mark.parametrize(
    ("op", "value", "slope"),
    [
        (al.sigmoid, [0, 0, 0.5, 1, 1], [0, 0, 0.25, 0, 0]),
        (al.tanh, [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]),
        (al.softplus, [0, 0, math.log(2), 800, 1000], [0, 0, 0.5, 1, 1]),
        (al.relu, [0, 0, 0, 800, 1000], [0, 0, 0, 1, 1]),
        (al.softmax, [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]),
        (al.logsumexp, 1000, [0, 0, 0, 0, 1]),
        (al.log_softmax, FAR - 1000, [1, 1, 1, 1, -4]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_far_from_zero_without_a_warning(op, value, slope, dtype) -> None:
    x = Tensor(FAR.astype(dtype))
    y = op(x)
    tolerance = 1e-6 if dtype is np.float32 else 1e-14
    np.testing.assert_allclose(y.data, value, rtol=tolerance, atol=1e-80)
    np.testing.assert_allclose(op(x.data), y.data)
    (gx,) = gradients(y, x, g=np.ones(y.shape, dtype))
    np.testing.assert_allclose(gx, slope, rtol=tolerance, atol=1e-80)


def test_small_results_keep_their_digits() -> None:
    assert al.sigmoid(np.array(-700.0)) == pytest.approx(math.exp(-700), rel=1e-13)
    assert al.softplus(np.array(-700.0)) == pytest.approx(math.exp(-700), rel=1e-13)
    assert al.expm1(np.array(1e-12)) == pytest.approx(1e-12 + 5e-25, rel=1e-15)
    assert al.log1p(np.array(1e-12)) == pytest.approx(1e-12 - 5e-25, rel=1e-15)
    x = Tensor(1000 + np.array([0.1, 0.2]))
    assert al.softmax(x).data[1] == pytest.approx(1 / (1 + math.exp(-0.1)), rel=1e-12)


def test_losses_far_from_zero() -> None:
    z, t = Tensor([1000.0, -1000.0, 1000.0, -1000.0]), np.array([1.0, 0.0, 0.0, 1.0])
    loss = al.bce_with_logits(z, t)
    assert loss.item() == 500
    assert gradients(loss, z) == [[0, 0, 0.25, -0.25]]
    z = Tensor([[1000.0, -1000.0], [1000.0, -1000.0]])
    for target in (np.array([0, 1]), np.eye(2)):
        loss = al.cross_entropy(z, target)
        assert loss.item() == 1000
        assert gradients(loss, z) == [[[0, 0], [0.5, -0.5]]]


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


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_sigmoid_whose_exponential_overflows(dtype: str) -> None:
    x = Tensor(np.array([-1000.0, -80.0, 0.0, 1000.0], dtype))
    y = al.sigmoid(x)  # warnings are errors here
    np.testing.assert_allclose(y.data, [0, math.exp(-80), 0.5, 1], rtol=1e-6)
    assert y.dtype == dtype
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(al.sigmoid(x.data), y.data)


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


@pytest.mark.parametrize("target", [np.array([0, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])])
def test_cross_entropy_of_a_row_of_minus_infinity(target: Array) -> None:
    z = Tensor([NOTHING, [0.0, 0.0]])
    assert gradients(al.cross_entropy(z, target), z) == [[[0, 0], [-0.25, 0.25]]]


def test_a_masked_logit_is_left_out() -> None:
    z = Tensor([[0.0, -np.inf, 0.0]])
    for target in (np.array([0]), np.array([[1.0, 0.0, 0.0]])):
        loss = al.cross_entropy(z, target)
        assert loss.item() == pytest.approx(math.log(2), rel=1e-15)
        assert gradients(loss, z) == [[[-0.5, 0, 0.5]]]


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


def test_a_product_with_zeros() -> None:
    one, two = Tensor([2.0, 0.0, 3.0]), Tensor([0.0, 5.0, 0.0])
    assert gradients(one.prod(), one) == [[0, 6, 0]]
    assert gradients(two.prod(), two) == [[0, 0, 0]]
    (first,) = grad(two.prod(), [two], create_graph=True)
    assert gradients(first, two, g=np.array([1.0, 0.0, 0.0])) == [[0, 0, 5]]


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


# Indices and limits as arrays -------------------------------------------------------------------


def test_an_element_taken_again_gets_the_sum() -> None:
    g = np.array([1.0, 10.0, 100.0])
    for key in ([2, 0, 2], np.array([2, 0, -1]), ((2, 0, 2),), np.array([2, 0, 2], np.uint8)):
        x = Tensor([1.0, 2.0, 3.0])
        assert gradients(x[key], x, g=g) == [[10, 0, 101]]


def test_a_tensor_is_an_index() -> None:
    x = Tensor([[1.0, 5.0], [4.0, 2.0]])
    assert gradients(x[np.arange(2), x.argmax(axis=1)], x, g=np.array([3.0, 4.0])) == [
        [[0, 3], [4, 0]]
    ]
    assert gradients(x[x > 3], x, g=np.array([3.0, 4.0])) == [[[0, 3], [4, 0]]]


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


def test_dot_of_more_axes_than_it_has() -> None:
    """np.dot and matmul differ there: one of them must not pass for the other."""
    x, b = Tensor(np.ones((2, 3))), np.arange(12.0).reshape(2, 3, 2)
    for compute in (np.dot, al.dot):
        with pytest.raises(ValueError, match=r"\(2, 3, 2\); at most two axes"):
            compute(x, b)


# Losses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [al.mse, al.half_squared_error, al.bce_with_logits])
@pytest.mark.parametrize(
    ("left", "right"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), ()), ((), (1,)), ((2, 3), (3,))]
)
def test_losses_never_broadcast(loss: Callable, left: tuple, right: tuple) -> None:
    p, t = np.ones(left), np.ones(right)
    for given in (p, Tensor(p)):
        for target in (t, Tensor(t)):
            with pytest.raises(ValueError, match=re.escape(str(left))) as error:
                loss(given, target)
            assert str(right) in str(error.value)


@pytest.mark.parametrize("loss", [al.mse, al.half_squared_error, al.bce_with_logits])
def test_a_loss_needs_an_element(loss: Callable) -> None:
    with pytest.raises(ValueError, match="no elements"):
        loss(Tensor(np.zeros((0, 2))), np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (np.array([0, 3]), "3 classes"),
        (np.array([-1, 0]), "-1"),
        (np.array([0.0, 1.0]), "integers"),
        (np.array([True, False]), "integers"),
        (np.array([[0], [1]]), r"\(2,\)"),
        (np.array([0, 1, 2]), r"\(2,\)"),
        (np.zeros((2, 2)), r"\(2, 3\)"),
        (np.zeros((3, 2)), r"\(2, 3\)"),
    ],
)
def test_cross_entropy_checks_its_target(target: Array, words: str) -> None:
    z = np.arange(6.0).reshape(2, 3)
    for logits in (z, Tensor(z)):
        with pytest.raises(ValueError, match=words):
            al.cross_entropy(logits, target)


def test_cross_entropy_of_no_samples() -> None:
    for target in (np.zeros(0, int), np.zeros((0, 3))):
        with pytest.raises(ValueError, match=r"element|sample"):
            al.cross_entropy(Tensor(np.zeros((0, 3))), target)


# Formulas worked out by hand --------------------------------------------------------------------

_rng = np.random.default_rng(3)
X, T = _rng.standard_normal((5, 4)), _rng.standard_normal((5, 2))
W1, B1 = _rng.standard_normal((4, 3)), _rng.standard_normal(3)
W2, B2 = _rng.standard_normal((3, 2)), _rng.standard_normal((1, 2))


@pytest.mark.parametrize(
    ("activation", "value", "slope"),
    [
        (al.sigmoid, lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
        (al.tanh, np.tanh, lambda a: 1 - a**2),
        (al.relu, lambda z: z * (z > 0), lambda a: a > 0),
    ],
)
def test_the_gradient_of_a_network(activation, value, slope) -> None:
    leaves = [Tensor(p) for p in (W1, B1, W2, B2)]
    w1, b1, w2, b2 = leaves
    hidden = activation(X @ w1 + b1)
    loss = al.mse(activation(hidden @ w2 + b2), T)

    a1 = value(X @ W1 + B1)
    a2 = value(a1 @ W2 + B2)
    d2 = 2 * (a2 - T) / T.size * slope(a2)
    d1 = d2 @ W2.T * slope(a1)
    close(loss.item(), np.sum((a2 - T) ** 2) / 10, 1e-14)
    wanted = [X.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0, keepdims=True)]
    for got, formula in zip(grad(loss, leaves), wanted):
        close(got, formula, 1e-14)


def test_the_gradient_of_a_classifier() -> None:
    w, b = Tensor(W1), Tensor(B1)
    t = np.array([0, 2, 1, 1, 0])
    e = np.exp(X @ W1 + B1)
    p = e / e.sum(axis=1, keepdims=True)
    d = (p - np.eye(3)[t]) / 5
    for target in (t, np.eye(3)[t]):
        loss = al.cross_entropy(X @ w + b, target)
        close(loss.item(), -np.mean(np.log(p[np.arange(5), t])), 1e-14)
        gw, gb = grad(loss, [w, b])
        close(gw, X.T @ d, 1e-14)
        close(gb, d.sum(0), 1e-14)


SYMBOLIC = {
    "a quotient of sums": lambda np, A, b: sum(A) / (1 + b[0] ** 2 + b[1] ** 2),
    "exponentials": lambda np, A, b: np.exp(A[0] * b[0]) * np.sin(A[1] + b[1]) + np.cos(A[2]),
    "a logarithm": lambda np, A, b: np.log(1 + np.exp(A[0] + A[3] * b[0])) * np.tanh(b[1] * A[1]),
    "powers": lambda np, A, b: (1 + A[0] ** 2) ** b[0] + np.sqrt(2 + A[1] ** 2 * b[1] ** 2),
    "a product": lambda np, A, b: A[0] * A[1] * A[2] * A[3] * b[0] ** 2 * b[1] ** 3,
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_against_symbolic_derivatives(name: str) -> None:
    """First and second derivatives, from SymPy."""
    sympy = pytest.importorskip("sympy")
    symbols = sympy.symbols("a:4 b:2")
    formula = SYMBOLIC[name](sympy, symbols[:4], symbols[4:])
    values = [0.3, -0.7, 1.1, 0.4, 0.8, -0.6]

    def at(expression: object) -> float:
        return float(sympy.lambdify(symbols, expression, "math")(*values))

    x = Tensor(values)
    y = SYMBOLIC[name](np, x[:4], x[4:])
    assert y.item() == pytest.approx(at(formula), rel=1e-14)
    (first,) = grad(y, [x], create_graph=True)
    for i, a in enumerate(symbols):
        assert first.data[i] == pytest.approx(at(formula.diff(a)), rel=1e-12, abs=1e-14)
        second = grad(first[i], x)
        for j, b in enumerate(symbols):
            assert second[j] == pytest.approx(at(formula.diff(a, b)), rel=1e-12, abs=1e-14)


def test_matrices_against_symbolic_derivatives() -> None:
    """Σ tanh(A B)², with A and B of scalar symbols."""
    sympy = pytest.importorskip("sympy")
    a, b = sympy.symbols("a:4"), sympy.symbols("b:4")
    formula = sum(sympy.tanh(v) ** 2 for v in sympy.Matrix(2, 2, a) * sympy.Matrix(2, 2, b))
    values = [0.3, -0.7, 1.1, 0.4, 0.8, -0.6, 0.2, 0.9]
    A, B = Tensor(np.reshape(values[:4], (2, 2))), Tensor(np.reshape(values[4:], (2, 2)))
    got = grad(al.square(al.tanh(A @ B)).sum(), [A, B])
    wanted = [sympy.lambdify(a + b, formula.diff(v), "math")(*values) for v in a + b]
    np.testing.assert_allclose(np.ravel(got), wanted, rtol=1e-12)


# Copies, and chance -----------------------------------------------------------------------------


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
