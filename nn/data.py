"""Batches of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .init import Rng
from .layers import generator


def batches(
    x: Any, y: Any, size: int, shuffle: bool = True, rng: Rng | int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Pairs of `size` samples, rows of x and of y; the last pair has the remainder.

    shuffle: in a new random order at each call, drawn from `rng`, a generator or a seed. Raises
    ValueError if x and y differ in length or size is not positive.

    >>> [len(a) for a, _ in batches(np.zeros((7, 2)), np.zeros(7), 3)]
    [3, 3, 1]
    """
    if len(x) != len(y):
        raise ValueError(
            f"x has {len(x)} samples and y {len(y)}; each sample needs a target; pass matching rows"
        )
    if size < 1:
        raise ValueError(f"size is {size}; a batch needs at least one sample; choose a larger size")
    order = generator(rng).permutation(len(x)) if shuffle else np.arange(len(x))
    return ((x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(x), size))
