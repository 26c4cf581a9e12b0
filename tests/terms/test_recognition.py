"""Formulas that were written out by hand: which are recognised, which are not, and their rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rows import real

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.terms import Rules

Z = real(4, 3)


def detached(z: Any) -> np.ndarray:
    return z.data.max(axis=1, keepdims=True)


def stable(z: Any) -> Any:
    """A sigmoid that never overflows, as people write it."""
    return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


def shifted(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def rows(e: Any) -> Any:
    return e.sum(axis=1).reshape(-1, 1)


# A way to write it, and the op that it is.
WRITTEN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "σ": (lambda z: 1 / (1 + np.exp(-z)), al.sigmoid),
    "σ, turned round": (lambda z: 1.0 / (np.exp(-1 * z) + 1.0), al.sigmoid),
    "σ, a power": (lambda z: (1 + np.exp(-z)) ** -1, al.sigmoid),
    "σ, a reciprocal": (lambda z: np.reciprocal(1 + np.exp(np.negative(z))), al.sigmoid),
    "σ, 1 / e": (lambda z: 1 / (1 + 1 / np.exp(z)), al.sigmoid),
    "σ, e over": (lambda z: np.exp(z) / (1 + np.exp(z)), al.sigmoid),
    "σ, e over, once": (lambda z: (lambda e: e / (e + 1))(np.exp(z)), al.sigmoid),
    "σ, stable": (stable, al.sigmoid),
    "σ, by tanh": (lambda z: 0.5 * (1 + (np.exp(z) - 1) / (np.exp(z) + 1)), al.sigmoid),
    "tanh": (
        lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
        al.tanh,
    ),
    "tanh, by squares": (lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1), al.tanh),
    "tanh, by a σ": (lambda z: 2 / (1 + np.exp(-2 * z)) - 1, al.tanh),
    "tanh, by sinh": (lambda z: np.sinh(z) / np.cosh(z), al.tanh),
    "relu, a product": (lambda z: z * (z > 0), al.relu),
    "relu, where": (lambda z: np.where(z > 0, z, 0), al.relu),
    "relu, where, turned round": (lambda z: np.where(z <= 0, 0.0, z), al.relu),
    "relu, maximum": (lambda z: np.maximum(0, z), al.relu),
    "relu, by abs": (lambda z: (np.abs(z) + z) / 2, al.relu),
    "relu, clip": (lambda z: np.clip(z, 0, None), al.relu),
    "softplus": (lambda z: np.log(1 + np.exp(z)), al.softplus),
    "softplus, log1p": (lambda z: np.log1p(np.exp(z)), al.softplus),
    "softplus, logaddexp": (lambda z: np.logaddexp(0, z), al.softplus),
    "softmax": (
        lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        al.softmax,
    ),
    "softmax, new axis": (lambda z: np.exp(z) / np.exp(z).sum(axis=1)[:, None], al.softmax),
    "softmax, reshape": (lambda z: np.exp(z) / rows(np.exp(z)), al.softmax),
    "softmax, transposed": (lambda z: (np.exp(z).T / np.exp(z).sum(axis=1)).T, al.softmax),
    "softmax, shifted": (shifted, al.softmax),
    "softmax, detached": (
        lambda z: (lambda e: e / e.sum(axis=1, keepdims=True))(np.exp(z - detached(z))),
        al.softmax,
    ),
    "softmax, down": (
        lambda z: np.exp(z) / np.sum(np.exp(z), axis=0),
        lambda z: al.softmax(z, axis=0),
    ),
    "softmax, all": (
        lambda z: np.exp(z) / np.sum(np.exp(z)),
        lambda z: al.softmax(z, axis=None),
    ),
    "log softmax": (
        lambda z: np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)),
        al.log_softmax,
    ),
    "log softmax, a difference": (
        lambda z: z - np.log(np.exp(z).sum(axis=-1, keepdims=True)),
        al.log_softmax,
    ),
    "logsumexp": (
        lambda z: np.log(np.sum(np.exp(z), axis=1)),
        lambda z: al.logsumexp(z, axis=-1),
    ),
    "logsumexp, shifted": (
        lambda z: z.max(axis=1) + np.log(np.sum(np.exp(z - z.max(axis=1, keepdims=True)), axis=1)),
        lambda z: al.logsumexp(z, axis=-1),
    ),
    "logsumexp, kept": (
        lambda z: np.log(np.sum(np.exp(z), axis=0, keepdims=True)),
        lambda z: al.logsumexp(z, axis=0, keepdims=True),
    ),
}


def derived(f: Callable[..., Any], *data: Any) -> str:
    """The derivation of a loss of z = x W."""
    x, W = real(4, 2), Tensor(real(2, 3), name="W")
    y = f((x @ W).named("z"), *data)
    loss = y if y.ndim == 0 else (y * real(*y.shape)).sum()
    return str(al.derive(loss, names={"x": x, "t": data[0] if data else None}))


@pytest.mark.parametrize("way", WRITTEN)
def test_a_formula_reads_as_its_op_however_it_is_written(way: str) -> None:
    by_hand, op = WRITTEN[way]
    assert derived(by_hand) == derived(op)


# What is none of these, though some of its values may be.
OTHERS: dict[str, Callable[[Any], Any]] = {
    "a leaky relu": lambda z: np.where(z > 0, z, 1e-6 * z),
    "a relu of a known mask": lambda z: z * (z.data > 0),
    "a hard sigmoid": lambda z: 0.2 * np.where(z > 2.5, 2.5, z) + 0.5,
    "nearly σ": lambda z: 1 / (1.000001 + np.exp(-z)),
    "a softmax without the whole sum": lambda z: np.exp(z) / np.exp(z[:, :2]).sum(1)[:, None],
    "a softmax with an ε": lambda z: np.exp(z) / (np.exp(z).sum(1, keepdims=True) + 1e-8),
    "a softmax that holds its sum": lambda z: np.exp(z) / np.exp(z.data).sum(1)[:, None],
    "gelu": lambda z: 0.5 * z * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3))),
    "swish": lambda z: z / (1 + np.exp(-z)),
    "a scaled tanh": lambda z: 1.7159 * (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "softsign": lambda z: z / (1 + np.abs(z)),
}  # fmt: skip
NAMES = ("σ", "relu", "tanh(z)", "softplus", "softmax", "logsumexp")


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_such_formula_stays_as_it_was_written(other: str) -> None:
    text = derived(OTHERS[other])
    assert not any(f"= {name}" in text for name in NAMES), text


def test_a_kink_that_was_met_is_kept_as_it_was_written() -> None:
    z = Tensor([-1.0, 0.0, 1.0], name="z")
    assert "relu" not in str(al.derive(np.maximum(z, 0).sum()))
    assert "relu" in str(al.derive((z * (z > 0)).sum()))


# Losses -----------------------------------------------------------------------------------------

ONE_HOT = np.eye(3)[[0, 2, 1, 2]]
SOFT = np.abs(real(4, 3))
CLASSES = np.array([0, 2, 1, 2])
CROSS_ENTROPIES: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "a mean over samples": (
        lambda z, t: -np.sum(t * np.log(shifted(z))) / 4, ONE_HOT, "1/4 (softmax(z) − t)"),
    "a sum": (lambda z, t: -np.sum(t * np.log(shifted(z))), ONE_HOT, "softmax(z) − t"),
    "a mean of sums": (
        lambda z, t: -np.mean(np.sum(t * np.log(shifted(z)), axis=1)), ONE_HOT,
        "1/4 (softmax(z) − t)"),
    "classes": (
        lambda z, t: -np.log(shifted(z)[np.arange(4), t]).mean(), CLASSES,
        "1/4 (a1 − onehot(t))"),
    "classes, log softmax": (
        lambda z, t: -(z - np.log(np.exp(z).sum(1, keepdims=True)))[np.arange(4), t].sum(),
        CLASSES, "softmax(z) − onehot(t)"),
    "rows that do not sum to 1": (
        lambda z, t: -np.sum(t * np.log(shifted(z))) / 4, SOFT,
        "1/4 (softmax(z) ⊙ (Σ over each row of t) − t)"),
}  # fmt: skip


@pytest.mark.parametrize("way", CROSS_ENTROPIES)
def test_cross_entropy_has_its_own_cotangent(way: str) -> None:
    loss, t, expected = CROSS_ENTROPIES[way]
    text = derived(loss, t)
    assert f"d_z = ∂loss/∂z = {expected}" in text.replace("  ", " ")
    assert ("The rows of t sum to 1." in text) == (t is ONE_HOT)


def test_a_softmax_with_a_name_keeps_it_in_its_loss() -> None:
    z, t = Tensor(Z, name="z"), ONE_HOT
    p = shifted(z).named("p")
    text = str(al.derive(-np.sum(t * np.log(p)) / 4, names={"t": t}))
    assert "p    = softmax(z)" in text
    assert "loss = −1/4 Σ t ⊙ log(p)" in text
    assert "∂loss/∂z = 1/4 (p − t)" in text


def test_a_step_with_a_name_hides_no_formula() -> None:
    z, t = Tensor(Z, name="z"), real(4, 3)
    e = np.exp(z - z.max(axis=1, keepdims=True)).named("e")
    p = (e / e.sum(axis=1, keepdims=True)).named("p")
    assert "p    = softmax(z)" in str(al.derive(((p - t) ** 2).sum(), names={"t": t}))


def test_binary_cross_entropy_has_its_own_cotangent() -> None:
    t = Tensor(np.array([[0.0, 1.0, 1.0]] * 4), name="t")  # so that 1 - t is recorded
    z = Tensor(Z, name="z")
    p = (1 / (1 + np.exp(-z))).named("p")
    with al.no_grad():
        t = t * 1.0
    t.name = "t"
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    assert "∂loss/∂z = 1/12 (p − t)" in str(al.derive(loss, z))


def test_what_a_gradient_is_asked_for_is_not_passed() -> None:
    z = Tensor(Z, name="z")
    e = np.exp(-z).named("e")
    y = 1 / (1 + e)
    assert "d_e = ∂loss/∂e = ∂loss/∂h1 = −y / h1" in str(
        al.derive(y.sum(), [z, e], names={"y": y})
    ).replace("  ", " ")
    p = shifted(z).named("p")
    loss = (-np.sum(ONE_HOT * np.log(p))).named("loss")
    names = {"t": ONE_HOT}
    assert "∂loss/∂p = −t / p" in str(al.derive(loss, [p], names=names))


def test_mean_squared_errors_read_alike() -> None:
    ways = [
        lambda y, t: np.mean((y - t) ** 2),
        lambda y, t: ((y - t) ** 2).sum() / y.size,
        lambda y, t: np.mean(np.square(y - t)),
        lambda y, t: ((y - t) ** 2).mean(),
    ]
    texts = {derived(way, real(4, 3)) for way in ways}
    assert len(texts) == 1
    assert "1/12 Σ" in texts.pop()


# Rules, for source and compile ------------------------------------------------------------------

EXACT = {
    *("σ", "σ, turned round", "σ, a power", "σ, a reciprocal", "σ, 1 / e", "σ, stable"),
    *("softplus, logaddexp", "softmax, shifted", "logsumexp, shifted"),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_other_rules_are_taken_only_where_all_values_are_equal(way: str) -> None:
    z = Tensor(Z)
    y = WRITTEN[way][0](z)
    rules = Rules()
    rules(al.order(y), [z])
    assert rules.used == (way in EXACT)


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_source_and_compile_give_the_gradients_of_what_was_written(way: str, kind: Any) -> None:
    by_hand, _ = WRITTEN[way]
    if way == "softmax, detached":
        pytest.skip("a value cannot be looked at while compiling")
    z = np.array(Z, kind)
    g = real(*by_hand(Tensor(z)).shape).astype(kind)

    def loss(z: Any) -> Any:
        return (by_hand(z) * g).sum()

    leaf = Tensor(z)
    expected = al.grad(loss(leaf), leaf)
    tolerance = 1e-12 if kind is np.float64 else 1e-5
    got = al.source(loss(leaf), names={"g": g}).function(z, g)[1]
    np.testing.assert_allclose(got, expected, tolerance, tolerance)
    compiled = al.compile(al.func.grad(loss))
    np.testing.assert_allclose(compiled(z), expected, tolerance, tolerance)


def test_a_handwritten_sigmoid_has_a_finite_gradient_where_it_overflows() -> None:
    z = np.array([-1000.0, 0.0, 1000.0])

    def slope(z: Any) -> Any:
        return al.func.grad(lambda z: (1 / (1 + np.exp(-z))).sum())(z)

    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(al.compile(slope)(z), [0, 0.25, 0])
        leaf = Tensor(z)
        source = al.source((1 / (1 + np.exp(-leaf))).sum())
        np.testing.assert_array_equal(source.function(z)[1], [0, 0.25, 0])


def test_a_compiled_gradient_of_what_a_formula_contains_is_right() -> None:
    def slopes(z: Any) -> Any:
        e = np.exp(-z)
        y = (1 / (1 + e)).sum()
        return al.grad(y, e), al.grad(y, z)

    e = np.exp(-Z)
    by_e, by_z = al.compile(slopes)(Z)
    np.testing.assert_allclose(by_e, -1 / (1 + e) ** 2, 1e-12)
    np.testing.assert_allclose(by_z, e / (1 + e) ** 2, 1e-12)


def second(z: Any, weight: Any) -> Any:
    """The gradient of a gradient with respect to what a formula contains."""
    shift = z.max(axis=1, keepdims=True)
    e = np.exp(z - shift)
    y = np.log(e.sum(axis=1, keepdims=True)) + shift
    (slope,) = al.grad(y.sum(), [z], create_graph=True)
    return al.grad((slope * slope).sum() * weight, e)


def test_a_gradient_that_the_rules_would_lose_is_taken_without_them() -> None:
    """Also where a first call does not show that it is lost."""
    compiled = al.compile(second)
    for weight in (0.0, 2.0):
        expected = second(Tensor(Z), Tensor(weight))
        np.testing.assert_allclose(compiled(Z, np.array(weight)), expected, 1e-12, 1e-15)
    assert np.abs(expected).max() > 0.1


def test_data_may_be_others() -> None:
    """Of those that were recorded it is a formula, of others it is not."""
    t, z = np.ones(3), np.array([-1.0, 0.5, 2.0])

    def loss(z: Any) -> Any:
        p = 1 / (1 + np.exp(-z))
        return -np.log(np.where(t, p, 1 - p)).sum()

    compiled = al.compile(al.func.grad(loss))
    recorded = loss(Tensor(z))
    source, text = al.source(recorded, names={"t": t}), str(al.derive(recorded, names={"t": t}))
    assert "where(t, a1, h1)" in text
    compiled(z)
    t[:] = 0.0
    leaf = Tensor(z)
    expected = al.grad(loss(leaf), leaf)
    np.testing.assert_allclose(expected, 1 / (1 + np.exp(-z)), 1e-12)
    np.testing.assert_allclose(compiled(z), expected, 1e-12)
    np.testing.assert_allclose(source.function(z, t)[1], expected, 1e-12)


def test_a_small_number_that_keeps_from_a_limit_is_kept() -> None:
    z, t = Tensor([[30.0, 0, 0], [0, 30.0, 0]], name="z"), np.array([[0.0, 1, 0], [0, 1, 0]])
    for small in (1e-7, 1e-12, 1e-15, 2.2e-16):
        text = str(al.derive(-(t * np.log(shifted(z) + small)).sum(), names={"t": t}))
        assert "log(h" in text or f"+ {small}" in text or "log(u" in text
        assert "(a1 − t)" not in text
    p = np.clip(shifted(Tensor(Z, name="z")), 1e-7, 1 - 1e-7)
    assert "max(" in str(al.derive(-np.log(p).sum()))


def test_a_saturated_formula_is_compiled() -> None:
    for z in (np.array([40.0]), np.array([20.0], np.float32), np.array([12.0], np.float16)):
        slope = al.compile(al.func.grad(lambda z: (1 / (1 + np.exp(-z))).sum()))
        assert np.abs(slope(z) - al.func.grad(lambda z: al.sigmoid(z).sum())(z)) < 1e-6


def test_a_second_derivative_at_a_kink_is_that_of_what_was_written() -> None:
    def softplus(z: Any) -> Any:
        return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)

    def second(z: Any) -> Any:
        return al.func.grad(lambda z: al.func.grad(lambda z: softplus(z).sum())(z).sum())(z)

    compiled = al.compile(second)
    for z in (np.array([1.0, -2.0, 0.3]), np.array([0.0, -0.0, 1.0])):
        np.testing.assert_allclose(compiled(z), second(z), 1e-12)


def test_kinks_are_kept_in_half_precision() -> None:
    def slope(z: Any) -> Any:
        return al.grad(np.maximum(z, 0).sum(), z)

    compiled = al.compile(slope)
    compiled(np.array([1, 2, -1], np.float16))
    z = np.array([0, 1, -1], np.float16)
    assert compiled(z).tolist() == [0.5, 1.0, 0.0]
