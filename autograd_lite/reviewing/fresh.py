"""Other arguments, at which a gradient that is right by chance is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Array
from .arguments import Call, Place, like


def elsewhere(
    call: Call,
    places: list[Place],
    weights: list[Place],
    rng: np.random.Generator,
    batch: bool,
    far: float = 1.0,
) -> Call:
    """A call with parameters moved, and its data in another order.

    Parameters that are 0 move away from it, and positive ones stay so. weights: other numbers that
    the loss hangs on, such as the weight of a penalty; they change a little. batch: samples are
    drawn again, some of them twice, and not as many; else all of them, in another order. far: how
    far parameters are moved.
    """
    now = call.copied()
    for place in places:
        value = place.get(now)
        now = place.put(now, like(value, _moved(np.asarray(value), rng, far)))
    for place in weights:
        now = place.put(now, _varied(place.get(now), rng, far))
    given = {p.root for p in places}
    args = [*now.args]
    arrays = [(i, x) for i, x in enumerate(args) if i not in given and _is_data(x)]
    axis, data = _samples(arrays)
    if not data:
        return now
    count = args[data[0]].shape[axis]
    rows = rng.permutation(count)
    if batch:
        more = int(rng.integers(max(2, count // 2), 2 * count + 1))
        rows = np.concatenate([rows, rng.integers(0, count, count)])[: more + (more == count)]
    for i in data:
        args[i] = np.take(args[i], rows, axis)
    return now._replace(args=tuple(args))


def _varied(x: Any, rng: np.random.Generator, far: float) -> Any:
    """Another number, on the same side of 1."""
    factor = float(1 + 0.4 * far * rng.uniform())
    return type(x)(x * factor if abs(x) >= 1 else x / factor)


def _moved(x: Array, rng: np.random.Generator, far: float) -> Array:
    step = far * rng.normal(size=x.shape)
    if x.size and (x > 0).all():
        return x * np.exp(0.4 * step)
    spread = float(np.sqrt(np.mean(np.square(x)))) if x.any() else 0.5
    return x + 0.4 * spread * step


def _is_data(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.ndim > 0 and x.dtype.kind in "fiub"


def _samples(arrays: list[tuple[int, Array]]) -> tuple[int, list[int]]:
    """The axis of the samples, and which arrays have one: all of them in their rows, or columns;
    else those that most have rows in common with."""
    for axis in (0, -1):
        lengths = {x.shape[axis] for _, x in arrays}
        is_of_all = axis == 0 or all(x.ndim > 1 for _, x in arrays)
        if is_of_all and len(lengths) == 1 and lengths.pop() > 1:
            return axis, [i for i, _ in arrays]
    alike: dict[int, list[int]] = {}
    for i, x in arrays:
        alike.setdefault(x.shape[0], []).append(i)
    most = max(alike.values(), key=len, default=[])
    several = len(most) > 1 and dict(arrays)[most[0]].shape[0] > 1
    return 0, most if several else []
