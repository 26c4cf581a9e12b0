"""What is simplified before a graph is read: that it is, and that no value changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rows import real
from test_program import lines, reproduces

import autograd_lite as al
from autograd_lite import Tensor, source

X, Y, SQUARE, CUBE = real(2, 3), real(2, 3), real(3, 3), real(2, 3, 4)

# What is written for an expression of x0 (and x1).
SIMPLER: dict[str, tuple[Callable[..., Any], str]] = {
    "x * 1": (lambda x: x * 1, "x0"),
    "1.0 * x": (lambda x: 1.0 * x, "x0"),
    "x / 1": (lambda x: x / 1, "x0"),
    "x**1": (lambda x: x**1, "x0"),
    "x * -1": (lambda x: x * -1, "-x0"),
    "-(-x)": (lambda x: al.negative(-x), "x0"),
    "-(-(-x))": (lambda x: al.negative(al.negative(-x)), "-x0"),
    "-(x - y)": (lambda x, y: -(x - y), "-(x0 - x1)"),
    "x + -y": (lambda x, y: x + -y, "x0 - x1"),
    "-x + y": (lambda x, y: -x + y, "x1 - x0"),
    "x - -y": (lambda x, y: x - -y, "x0 + x1"),
    "x + x": (lambda x: x + x, "2 * x0"),
    "3 * (2 * x)": (lambda x: al.multiply(3.0, al.multiply(2.0, x)), "6 * x0"),
    "x.T.T": (lambda x: x.T.T, "x0"),
    "(2 * x.T).T": (lambda x: al.multiply(2.0, x.T).T, "2 * x0"),
    "reshape twice": (lambda x: x.reshape(6).reshape(3, 2), "x0.reshape((3, 2))"),
    "reshape to its own shape": (lambda x: x.reshape(2, 3), "x0"),
    "reshape there and back": (lambda x: x.reshape(6).reshape(2, 3), "x0"),
    "expand and squeeze": (lambda x: al.squeeze(al.expand_dims(x, axis=1)), "x0"),
    "a sum reshaped": (
        lambda x: x.sum(axis=0).reshape(1, 3),
        "x0.sum(axis=0, keepdims=True)",
    ),
    "a sum over (0,)": (lambda x: x.sum(axis=(0,)), "x0.sum(axis=0)"),
    "broadcast to its own shape": (lambda x: al.broadcast_to(x, shape=(2, 3)), "x0"),
    "broadcast, for an operator that does so": (
        lambda x, y: al.broadcast_to(x.sum(axis=0), shape=(2, 3)) / y,
        "x0.sum(axis=0) / x1",
    ),
    "astype to its own dtype": (lambda x: al.astype(x, dtype=x.dtype), "x0"),
    "copy": (lambda x: al.copy(x), "x0"),
    "equal parts": (lambda x, y: x * y - al.exp(x * y), "h1 - np.exp(h1)"),
}


@pytest.mark.parametrize("name", SIMPLER)
def test_it_is_written_in_a_simpler_way(name: str) -> None:
    f, wanted = SIMPLER[name]
    xs = (X, Y)[: f.__code__.co_argcount]
    written = source(al.exp(f(*(Tensor(x, f"x{i}") for i, x in enumerate(xs)))).sum(), [])
    assert lines(written)[-1] == f"loss = np.exp({wanted}).sum()"
    g = real(*f(*xs).shape)
    for dtype, tolerance in (("f8", 1e-12), ("f4", 1e-4), ("f2", 2e-2)):
        arrays, weights = [x.astype(dtype) for x in xs], g.astype(dtype)
        reproduces(lambda *x, g=weights: (f(*x) * g).sum(), *arrays, tolerance=tolerance)


# It is left as it is, or else a value, a shape or a dtype would change.
KEPT: dict[str, Callable[..., Any]] = {
    "1 * x of another shape": lambda x: x.sum() * np.ones((2, 3)),
    "1 * x of another dtype": lambda x: np.float64(1) * x,
    "x * an array of 1": lambda x: x * np.ones((4, 2, 3)),
    "x / 1 of whole numbers": lambda x: x * (x.argmax(axis=0) / 1),
    "True * x": lambda x: True * x * np.True_,
    "-True": lambda x: x * -(x > 0).sum(),
    "x + x of masks": lambda x: x * ((x > 0) + (x > 0)),
    "x + x of whole numbers": lambda x: x * (x.argmax(axis=0) + x.argmax(axis=0)),
    "astype there and back": lambda x: al.astype(al.astype(3 * x, dtype=int), dtype=x.dtype) * x,
    "astype to float32 and back": lambda x: al.astype(al.astype(x, dtype="f4"), dtype=x.dtype),
    "a sum reshaped to another shape": lambda x: x.sum(axis=0).reshape(3, 1),
    "a sum of all reshaped": lambda x: x.sum().reshape(1, 1),
    "a sum reshaped to fewer axes": lambda x: x.sum(axis=0, keepdims=True).reshape(3),
    "a broadcast that is needed": lambda x: al.broadcast_to(x, shape=(4, 2, 3)) * 2.5,
    "a broadcast that is summed": lambda x: al.broadcast_to(x, shape=(4, 2, 3)).sum(axis=0),
    "where of two numbers": lambda x: al.where(x > 0, 1.0, 0) * x,
    "where of two whole numbers": lambda x: al.where(x > 0, 1, 0) * x,
    "where of two truths": lambda x: al.where(x > 0, True, False) * x,
    "where of a number": lambda x: al.where(x > 0, x, 1),
    "maximum of a number": lambda x: al.maximum(x, 0.5) + al.minimum(x, -1),
    "numbers of numpy": lambda x: np.float32(0.1) * x + np.float32(1) * x - np.int64(2) * x,
    "whole and floating": lambda x: x * 2 + x * 2.0 + x**2 + x**2.0 + 2.0 * (x > 0) * x,
    "a 1 x 1 matrix": lambda x: (x[:, :1] @ np.ones((1, 1))) * x[:1, 1:],
    "a 1 x 1 loss": lambda x: (x[:1] @ x[0][:, None]) @ np.full((1, 1), 2.0, x.dtype),
    "no elements": lambda x: x * x[:, :0].sum() + x[:0].sum(axis=0),
}


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("name", KEPT)
def test_what_looks_alike_keeps_its_value_and_dtype(name: str, dtype: str) -> None:
    def f(x: Any) -> Any:
        y = KEPT[name](x)
        return (y * (np.arange(y.size, dtype=dtype).reshape(y.shape) + 1.5)).sum()

    reproduces(f, X.astype(dtype), tolerance=None if dtype == "f8" else 1e-4)


@pytest.mark.parametrize("first", [(1, 2, 0), (2, 1, 0), (0, 2, 1), (-1, 0, 1), None])
@pytest.mark.parametrize("second", [(1, 2, 0), (2, 0, 1), (1, 0, 2), (-2, -1, 0), None])
def test_permutations_of_permutations(first: Any, second: Any) -> None:
    for number in (1.0, 2.0, np.float64(1), np.float64(3)):

        def f(x: Any, number: Any = number) -> Any:
            y = al.transpose(number * al.transpose(x, axes=first), axes=second)
            return (y * np.arange(24.0).astype(x.dtype).reshape(y.shape)).sum()

        reproduces(f, CUBE)
        reproduces(f, CUBE.astype("f4"), tolerance=1e-4)


def test_numbers_are_not_gathered_beyond_what_a_float_can_hold() -> None:
    for number, scale, dtype in ((1e200, 1e-300, "f8"), (1e-200, 1e300, "f8"), (1e30, 1e-30, "f4")):
        x = (scale * X).astype(dtype)
        loss = al.multiply(number, al.multiply(number, Tensor(x, "x"))).sum()
        written = source(loss, []).function(x)
        written = written[0] if isinstance(written, tuple) else written
        assert 0 < abs(loss.item()) < np.inf
        assert written == pytest.approx(loss.item(), rel=1e-6)


def test_draws_and_changes_in_place_are_not_merged() -> None:
    key = np.array([0, 0, 1])
    reproduces(lambda x: (x[key] * x[key][::-1] + x[key + 1] ** 2).sum(), SQUARE)
    rng = np.random.default_rng(0)
    x = Tensor(np.ones(50), "x")
    twice = source((al.dropout(x, p=0.5, rng=rng) - al.dropout(x, p=0.5, rng=rng)).sum(), [])
    assert str(twice).count("rng1.random(") == 2


def test_ratios_are_written_as_such() -> None:
    s = source(al.mean(Tensor(np.ones(3), "x") ** 2))
    assert lines(s) == ["loss = (x**2).mean()", "d_x = 2 / 3 * x"]
