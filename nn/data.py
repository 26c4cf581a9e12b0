"""Batches of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_lite import plain

from .init import Rng
from .layers import generator


def batches(
    x: Any, y: Any, size: int, shuffle: bool = True, rng: Rng | int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Pairs of `size` samples, rows of x and of y; the last pair has the remainder.

    shuffle: in a random order drawn from `rng`, a generator, which gives a new order at each call,
    or a seed, which gives the same one. Raises ValueError if x and y are empty or differ in length,
    or size is not a positive integer, TypeError for arrays that compute in a way of their own.

    >>> [len(a) for a, _ in batches(np.zeros((7, 2)), np.zeros(7), 3)]
    [3, 3, 1]
    """
    x, y = samples(x), samples(y)
    if len(x) != len(y) or not len(x):
        raise ValueError(
            f"x has {len(x)} samples and y {len(y)}; as many are needed, and one at least; pass "
            "matching rows"
        )
    if not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"size is {size}; an integer of at least one is needed; choose one")
    order = generator(rng).permutation(len(x)) if shuffle else np.arange(len(x))
    return ((x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(x), size))


def samples(x: Any) -> Any:
    """Data as an array of rows, without a copy where it is one.

    A list or data frame is converted; an array of a subclass becomes a plain view of it, also a
    memmap, of which only the rows that are asked for are read. TypeError for a subclass that
    computes in a way of its own, as masked arrays and matrices do.
    """
    if isinstance(x, np.ndarray):
        return plain(x)
    return x if hasattr(x, "__array_function__") else np.asarray(x)
