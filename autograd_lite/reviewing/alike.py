"""Arrays held against one another: the same, or a multiple, where not all of a value is known.

What is not known of an array is nan.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from ..graph import Array

CLOSE = 1e-7  # how near two values are that are the same, relative to the largest number
TELLING = 200  # numbers that tell an array
MANY = 100_000  # products
FEW = 8  # that tell of most arrays that they are not it


def near(a: float, b: Any) -> Any:
    return abs(a - b) <= CLOSE * abs(b)


def same(value: Any, want: Array) -> bool:
    """Is it what is wanted, where that is known?"""
    if value is None or np.shape(value) != want.shape:
        return False
    known = np.isfinite(want)
    if not known.any():
        return False
    with np.errstate(all="ignore"):
        off = np.abs(value - want)[known]
    return bool((off <= CLOSE * np.abs(want[known]).max()).all())


def multiple(value: Array, want: Array) -> float | None:
    """The number by which one is the other, if there is one; nan is not known."""
    if value.shape != want.shape:
        return None
    known = np.isfinite(want)
    x, y = value[known], want[known]
    square = float((x * x).sum())
    if not square or not np.isfinite(square) or not y.any():
        return None
    c = float((x * y).sum()) / square
    return c if np.abs(c * x - y).max() <= CLOSE * np.abs(y).max() else None


def likeness(a: Any, b: Array) -> float:
    """The cosine of two arrays, without its sign."""
    if np.shape(a) != b.shape:
        return 0.0
    with np.errstate(all="ignore"):
        return float(np.nan_to_num(abs(np.sum(a * b)) / np.sqrt(np.sum(a * a) * np.sum(b * b))))


def nonzero(x: Any) -> Array:
    """With nan for zeros, of which nothing is known."""
    return np.where(np.asarray(x) == 0, np.nan, x)


@cache
def together(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that two arrays broadcast to, if they do."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def narrowed(want: Array, shape: tuple[int, ...]) -> Array:
    """An array of a smaller shape that broadcasts to what is wanted, if there is one."""
    if together(shape, want.shape) != want.shape:
        return want
    axes = tuple(i for i, n in enumerate((1,) * (want.ndim - len(shape)) + shape) if n == 1)
    with warnings.catch_warnings(action="ignore"):
        found = np.nanmean(want, axis=axes).reshape(shape)
    return found if same(np.broadcast_to(found, want.shape), want) else want


def some_of(x: Array) -> Array:
    """The numbers of an array, or as many of them as tell it."""
    flat = x.ravel()
    return flat if flat.size <= TELLING else flat[_picked(flat.size)]


@cache
def _picked(size: int) -> Array:
    return np.random.default_rng(0).choice(size, TELLING, replace=False)


def alike(rows: Array, want: Array) -> list[int]:
    """Which rows are what is wanted, where that is known."""
    x = some_of(want)
    known = np.isfinite(x)
    if not known.any() or not rows.size:
        return []
    off = np.abs(rows[:, known] - x[known]).max(axis=1)
    return [int(i) for i in np.flatnonzero(off <= CLOSE * np.abs(x[known]).max())]


def parallel(rows: Array, want: Array) -> list[tuple[int, float]]:
    """Of which rows it is a multiple, and by what."""
    x = some_of(want)
    known = np.isfinite(x)
    x, rows = x[known], rows[:, known] if rows.size else rows
    if not x.any() or not rows.size:
        return []
    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->i", rows, rows)
        c = rows @ x / squares
        off = np.abs(c[:, None] * rows - x).max(axis=1)
    return [(int(i), float(c[i])) for i in np.flatnonzero(off <= CLOSE * np.abs(x).max())]


def parallel_products(rows: Array, others: Array, want: Array) -> Iterator[tuple[int, int, float]]:
    """Of the products of which rows, and which others, it is a multiple, and by what; nothing where
    too few numbers are known to tell."""
    x = some_of(want)
    (known,) = np.nonzero(np.isfinite(x))
    if known.size < FEW or not rows.size or not others.size:
        return
    rows = rows[: MANY // len(others)]
    few = known[np.argsort(-np.abs(x[known]))[:FEW]]
    products = (rows[:, None, few] * others[None, :, few]).reshape(-1, FEW)
    for k, _ in parallel(products, x[few]):
        i, j = divmod(k, len(others))
        for _, c in parallel((rows[i] * others[j])[None], x):
            yield i, j, c
