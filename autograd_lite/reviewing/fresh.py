"""Other arguments, at which a gradient that is right by chance is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from ..graph import Array
from .arguments import Call, Place, like

LENGTHS = 4  # that are tried
MOST = 300_000  # numbers of all that is copied for these


def elsewhere(
    call: Call,
    places: list[Place],
    weights: list[Place],
    rng: np.random.Generator,
    with_rows: Sequence[Place | int] | None = None,
    far: float = 1.0,
) -> Call:
    """A call with parameters moved, and its data in another order.

    Parameters that are 0 move away from it, and positive ones stay so. weights: other numbers that
    the loss hangs on, such as the weight of a penalty; they change a little. with_rows: samples are
    drawn again, some of them twice, and not as many, and with them what is named; None: all of
    them, in another order. far: how far parameters are moved.
    """
    now = call.copied()
    for place in places:
        value = place.get(now)
        now = place.put(now, like(value, _moved(np.asarray(value), rng, far)))
    for place in weights:
        now = place.put(now, _varied(place.get(now), rng, far))
    axis, data, count = _samples(now, places)
    if not data:
        return now
    rows = rng.permutation(count)
    if with_rows is not None:
        more = int(rng.integers(max(2, count // 2), 2 * count + 1))
        rows = np.concatenate([rows, rng.integers(0, count, count)])[: more + (more == count)]
        data = [*data, *(i for i in with_rows if isinstance(i, int))]
        for one in with_rows:
            if isinstance(one, Place):
                now = one.put(now, np.take(one.get(now), rows, axis))
    args = [*now.args]
    for i in data:
        x = args[i]
        is_array = isinstance(x, np.ndarray)
        args[i] = np.take(x, rows, axis) if is_array else type(x)([x[int(k)] for k in rows])
    return now._replace(args=tuple(args))


def companions(call: Call, places: list[Place]) -> list[list[Place | int]]:
    """What may have to be drawn again with the samples, the likeliest first: parameters of as many
    rows, which may be samples, too, and lists; all, some alone, or none of them.

    Where a loss goes through both, it would stop at the shorter, and nothing would be said.
    """
    axis, data, count = _samples(call, places)
    if not data:
        return []
    several: list[Place | int] = []
    for i, x in enumerate(call.args):
        if type(x) in (list, tuple) and len(x) == count and not any(p.root == i for p in places):
            several.append(i)
    lists = [*several]
    for place in places:
        x = place.get(call)
        if isinstance(x, np.ndarray) and x.shape and x.shape[axis] == count:
            several.append(place)
    ways = [several, lists, *([one, *lists] for one in several if one not in lists), []]
    return [way for i, way in enumerate(ways) if way not in ways[:i]]


def larger(call: Call) -> Iterator[Call]:
    """A call for each length of an axis, of the shortest: all axes of that length have one more, a
    copy of the last.

    What adds up to 1, as one-hot rows do, has a 0 more. None for large data.
    """
    memo: dict[int, Any] = {}
    now: Any = deepcopy(tuple(call), memo)
    arrays = [x for x in memo.values() if isinstance(x, np.ndarray)]
    if sum(x.size for x in arrays) > MOST:
        return
    for length in sorted({n for x in arrays for n in x.shape if n > 1})[:LENGTHS]:
        yield Call(*deepcopy(now, {id(x): _grown(x, length) for x in arrays}))


def _grown(x: Array, length: int) -> Array:
    for axis in range(x.ndim):
        if x.shape[axis] == length:
            last = np.take(x, [-1], axis)
            if x.dtype.kind in "fiub" and np.allclose(x.sum(axis), 1) and (x >= 0).all():
                last = np.zeros_like(last)
            x = np.concatenate([x, last], axis)
    return x


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


def _samples(call: Call, places: list[Place]) -> tuple[int, list[int], int]:
    """The axis of the samples, which arguments have one, and how many: all arrays beside the
    parameters in their rows, or columns; else those that most have rows in common with."""
    given = {p.root for p in places}
    arrays = [(i, x) for i, x in enumerate(call.args) if i not in given and _is_data(x)]
    for axis in (0, -1):
        lengths = {x.shape[axis] for _, x in arrays}
        is_of_all = axis == 0 or all(x.ndim > 1 for _, x in arrays)
        if is_of_all and len(lengths) == 1 and max(lengths) > 1:
            return axis, [i for i, _ in arrays], lengths.pop()
    alike: dict[int, list[int]] = {}
    for i, x in arrays:
        alike.setdefault(x.shape[0], []).append(i)
    count = max(alike, key=lambda n: len(alike[n]), default=0)
    return 0, alike[count] if count > 1 and len(alike[count]) > 1 else [], count
