"""Calls in the place of others: the same values, and the quicker one where it is meant to be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import same

import autograd_lite as al
from autograd_lite.compiling.faster import SMALL, is_elementwise

RNG = np.random.default_rng(0)


def real(*shape: int, dtype: Any = float) -> Any:
    return RNG.standard_normal(shape).astype(dtype)


# By what it is: the function, its arguments, and what stands in its text.
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "a square": (lambda x: x**2 + 1, (real(3),), "square("),
    "a cube": (lambda x: x**3 + 1, (real(3),), "power("),
    "a product of matrices": (lambda a, b: a @ b + 1, (real(2, 3), real(3, 4)), "dot("),
    "of large ones": (lambda a, b: a @ b + 1, (real(SMALL, 2), real(2, 2)), "matmul("),
    "an outer one": (lambda a, b: a @ b + 1, (real(SMALL, 1), real(1, 2)), "dot("),
    "of vectors": (lambda a, b: (a @ b) + 1, (real(3), real(3)), " @ "),
    "of batches": (lambda a, b: a @ b + 1, (real(2, 2, 3), real(3, 4)), "matmul("),
    "a sum of products": (lambda a, b: (a * b).sum() + 1, (real(2, 3), real(2, 3)), "vdot("),
    "of a vector": (lambda a, b: (a * b).sum() + 1, (real(3), real(3)), "vdot("),
    "of products that broadcast": (
        lambda a, b: (a * b).sum() + 1,
        (real(2, 3), real(3)),
        ".sum(",
    ),
    "a sum of a 0-d product": (
        lambda a, b: (a.sum() * b.sum()).sum(keepdims=True) + 1,
        (real(3), real(3)),
        "vdot(",
    ),
    "of integers": (lambda a, b: (a * b).sum() + 1, (np.arange(3), np.arange(3)), ".sum("),
    "a sum over rows": (lambda x: x.sum(axis=0) + 1, (real(4, 3),), "dot("),
    "over columns": (lambda x: x.sum(axis=-1) + 1, (real(4, 3),), "dot("),
    "over rows, kept": (lambda x: x.sum(axis=0, keepdims=True) + 1, (real(4, 3),), "dot("),
    "over columns, kept": (lambda x: x.sum(axis=1, keepdims=True) + 1, (real(4, 3),), "dot("),
    "over one row": (lambda x: x.sum(axis=0) + 1, (real(1, 3),), ".reshape("),
    "over one column": (lambda x: x.sum(axis=1) + 1, (real(3, 1),), ".reshape("),
    "over no rows": (lambda x: x.sum(axis=0) + 1, (real(0, 3),), "dot("),
    "over two axes": (lambda x: x.sum(axis=(0, 1)) + 1, (real(4, 3),), ".sum("),
    "over an axis of three": (lambda x: x.sum(axis=1) + 1, (real(2, 3, 4),), ".sum("),
    "of bools over rows": (lambda x: (x > 0).sum(axis=0) + 1, (real(4, 3),), ".sum("),
    "of float32 over rows": (lambda x: x.sum(axis=0) + 1, (real(4, 3, dtype="f4"),), "dot("),
    "lengths of 1": (lambda a, b: a * b + 1, (real(1, 3), real(3)), ".reshape("),
}


@pytest.mark.parametrize("name", CASES)
def test_it_gives_what_it_stands_for(name: str) -> None:
    f, args, text = CASES[name]
    compiled = al.compile(f)
    for k in (1, 2, -3):
        scaled = [x * x.dtype.type(k) for x in args]
        same(compiled(*scaled), f(*scaled), 1e-5 if args[0].dtype == np.float32 else 1e-12)
    assert text in compiled.source


def test_ones_are_shared() -> None:
    compiled = al.compile(lambda x: (x.sum(axis=0), (x * 2).sum(axis=0), x.sum(axis=1)))
    x = real(4, 3)
    for got, wanted in zip(compiled(x), (x.sum(0), 2 * x.sum(0), x.sum(1)), strict=True):
        same(got, wanted)
    ones = [v for v in compiled._known.popitem()[1][0].objects.values() if np.ndim(v) == 1]
    assert sorted(len(v) for v in ones if (np.asarray(v) == 1).all()) == [3, 4]


def test_infinities_and_nans_pass() -> None:
    """A product with ones makes NaN and infinities of what a sum makes them of."""
    f = lambda x: (x.sum(axis=0), x.sum(axis=1))  # noqa: E731
    compiled = al.compile(f)
    for x in ([[np.inf, 1], [2, -np.inf]], [[np.nan, 1], [2, 3]], [[np.inf, -np.inf], [0, 0]]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for got, wanted in zip(compiled(np.array(x)), f(np.array(x)), strict=True):
                same(got, wanted)


def test_what_is_elementwise() -> None:
    assert is_elementwise(np.add)
    assert is_elementwise(np.sqrt)
    assert not any(map(is_elementwise, (np.matmul, np.modf, np.where, np.sum)))
