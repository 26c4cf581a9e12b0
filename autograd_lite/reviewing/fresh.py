"""Other arguments, at which a gradient that is right by chance is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Array
from .arguments import Call, Place, like


def elsewhere(call: Call, places: list[Place], rng: np.random.Generator, batch: bool) -> Call:
    """A call with parameters moved, and its data in another order.

    Parameters that are 0 move away from it, and positive ones stay so. batch: samples are drawn
    again, some of them twice, and not as many; else all of them, in another order.
    """
    now = call.copied()
    for place in places:
        value = place.get(now)
        now = place.put(now, like(value, _moved(np.asarray(value), rng)))
    given = {p.root for p in places}
    data = [i for i, x in enumerate(now.args) if i not in given and _is_data(x)]
    axis = _sample_axis([now.args[i] for i in data])
    if axis is None:
        return now
    count = now.args[data[0]].shape[axis]
    rows = rng.permutation(count)
    if batch:
        more = int(rng.integers(max(2, count // 2), 2 * count + 1))
        rows = np.concatenate([rows, rng.integers(0, count, count)])[: more + (more == count)]
    args = list(now.args)
    for i in data:
        args[i] = np.take(args[i], rows, axis)
    return now._replace(args=tuple(args))


def _moved(x: Array, rng: np.random.Generator) -> Array:
    step = rng.normal(size=x.shape)
    if x.size and (x > 0).all():
        return x * np.exp(0.4 * step)
    spread = float(np.sqrt(np.mean(np.square(x)))) if x.any() else 0.5
    return x + 0.4 * spread * step


def _is_data(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.ndim > 0 and x.dtype.kind in "fiub"


def _sample_axis(arrays: list[Array]) -> int | None:
    """The axis that all data have in common: the first of rows, or the last of columns."""
    if not arrays:
        return None
    for axis in (0, -1):
        lengths = {x.shape[axis] for x in arrays}
        is_of_all = axis == 0 or all(x.ndim > 1 for x in arrays)
        if is_of_all and len(lengths) == 1 and lengths.pop() > 1:
            return axis
    return None
