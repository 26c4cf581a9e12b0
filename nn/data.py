"""Batches of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_lite import describe, plain

from .checks import whole
from .init import Rng
from .layers import generator


def batches(
    x: Any, y: Any, size: int, shuffle: bool = True, rng: Rng | int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Pairs of `size` samples, rows of x and of y; the last pair has the remainder.

    shuffle: in a random order drawn from `rng`, a generator, which gives a new order at each call,
    or a seed, which gives the same one. Raises ValueError if x and y are empty or differ in length,
    or size is not a positive integer, TypeError for what has no rows and for arrays that compute in
    a way of their own.

    >>> [len(a) for a, _ in batches(np.zeros((7, 2)), np.zeros(7), 3)]
    [3, 3, 1]
    """
    x, y = paired(x, y)
    size = whole(size, "size")
    order = generator(rng).permutation(len(x)) if shuffle else np.arange(len(x))
    return ((x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(x), size))


def paired(x: Any, y: Any, whose: str = "") -> tuple[Any, Any]:
    """x and y as arrays of rows; ValueError unless there are as many, and one at least."""
    x, y = samples(x, f"{whose}x"), samples(y, f"{whose}y")
    if len(x) != len(y) or not len(x):
        raise ValueError(
            f"{whose}x has {len(x)} samples and y {len(y)}; as many are needed, and one at least; "
            "pass matching rows"
        )
    return x, y


def samples(x: Any, name: str = "x") -> Any:
    """Data as an array of rows, without a copy where it is one.

    A list or data frame is converted; an array of a subclass becomes a plain view of it, also a
    memmap, of which only the rows that are asked for are read. TypeError for a subclass that
    computes in a way of its own, as masked arrays and matrices do, and for what has no rows.
    """
    array = x
    if isinstance(x, np.ndarray):
        array = plain(x)
    elif not hasattr(x, "__array_function__"):
        try:
            array = np.asarray(x)
        except ValueError:  # rows of several lengths
            array = None
    if array is None or not getattr(array, "ndim", 1):
        raise TypeError(
            f"{name} is {describe(x)}; an array or list of samples is needed, rows of one "
            "length; pass one"
        )
    return array
