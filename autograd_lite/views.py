"""Views: by which index and order of axes one array is a part of another, found in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

MOST = 200  # ways to place axes that are tried; more than one only where strides are alike


class Step(NamedTuple):
    """What is done to a value: `text`, with {} in its place, and the same as a function.

    The function is written with operators and methods, so it takes arrays and Tensors alike.
    """

    text: str
    apply: Callable[[Any], Any]


def slice_text(x: slice) -> str:
    """A slice as it stands in brackets: `1:`, `::-1`."""
    ends = ["" if end is None else str(end) for end in (x.start, x.stop, x.step)]
    return ":".join(ends if ends[2] else ends[:2])


def key_text(key: Any, text: Callable[[Any], str] = str) -> str:
    """What stands in the brackets of an index; `text` writes what is no slice."""
    if isinstance(key, tuple) and key:
        return ", ".join(key_text(part, text) for part in key)
    if isinstance(key, slice):
        return slice_text(key)
    return "..." if key is ... else text(key)


def steps_to(view: np.ndarray, base: np.ndarray) -> tuple[Step, ...] | None:
    """The steps by which `base` gives `view`, of several ways the shortest; None if none does.

    An index of integers, slices and new axes, an order of axes, or another shape of the same
    memory. What is found is tried: the steps must lead to the memory of `view`.

    >>> x = np.zeros((4, 6))
    >>> for view in (x[1], x[:, ::-2].T, x[None, 1:, 3], x.ravel()):
    ...     print(*(step.text for step in steps_to(view, x)))
    {}[1]
    {}[:, ::-2] {}ᵀ
    {}[None, 1:, 3]
    {}.reshape(24)
    >>> steps_to(x[1], np.zeros(6)) is None
    True
    """
    if view.dtype != base.dtype or not _lies_in(view, base):
        return None
    found = []
    for axes in islice(_placed(_fitting(view, base)), MOST):
        steps = _by_axes(view, base, axes)
        if steps is not None and _is_same(after(steps, base), view):
            found.append(steps)
    if not found and view.size == base.size:
        steps = (Step(f"{{}}.reshape({key_text(view.shape)})", lambda x: x.reshape(view.shape)),)
        if _is_same(after(steps, base), view):
            found.append(steps)
    return min(found, key=lambda steps: sum(len(step.text) for step in steps), default=None)


def after(steps: Sequence[Step], x: Any) -> Any:
    """x when these steps are done."""
    for step in steps:
        x = step.apply(x)
    return x


def address(x: np.ndarray) -> int:
    """Where the first element of an array lies in memory."""
    return x.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _lowest(x: np.ndarray) -> int:
    """Where the element at the lowest address lies."""
    back = (stride * (n - 1) for n, stride in zip(x.shape, x.strides) if stride < 0 < n)
    return address(x) + int(sum(back))


def _owner(x: np.ndarray) -> np.ndarray:
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def _lies_in(view: np.ndarray, base: np.ndarray) -> bool:
    """Is it within the memory that an array spans? What is empty has none, only an owner."""
    if not view.size:
        return _owner(view) is _owner(base)
    spans = (sum(abs(s) * (n - 1) for n, s in zip(x.shape, x.strides)) for x in (view, base))
    start, (its, whole) = _lowest(view) - _lowest(base), spans
    return base.size > 0 <= start and start + its <= whole


def _is_same(x: Any, view: np.ndarray) -> bool:
    """Are these views of the same elements, in the same order? A lone element has no stride."""
    if not view.ndim and isinstance(x, np.generic):
        return True  # an element has no address; its place in memory was worked out
    strides = zip(view.shape, x.strides, view.strides)
    return (
        x.shape == view.shape
        and address(x) == address(view)
        and (not view.size or all(a == b for n, a, b in strides if n > 1))
    )


def _fitting(view: np.ndarray, base: np.ndarray) -> list[list[int | None]]:
    """For each axis of the view, the axes of the base along which it may go; None: it is new."""

    def fits(length: int, stride: int, n: int, whole: int) -> bool:
        if length == n == 1 or not whole:
            return length <= n and (n == 1 or stride == 0)
        step = abs(stride) // abs(whole)
        return stride % whole == 0 and step > 0 and step * (length - 1) < max(n, 1)

    axes = [*enumerate(zip(base.shape, base.strides))]
    return [
        [i for i, its in axes if fits(length, stride, *its)] + [None] * (length == 1)
        for length, stride in zip(view.shape, view.strides)
    ]


def _placed(
    choices: list[list[int | None]], taken: tuple[int | None, ...] = ()
) -> Iterator[tuple[int | None, ...]]:
    """The ways to choose an axis for each, none twice."""
    if len(taken) == len(choices):
        yield taken
        return
    for axis in choices[len(taken)]:
        if axis is None or axis not in taken:
            yield from _placed(choices, (*taken, axis))


def _by_axes(
    view: np.ndarray, base: np.ndarray, axes: tuple[int | None, ...]
) -> tuple[Step, ...] | None:
    """The steps, if each axis of the view goes along that one of `axes` of the base."""
    along = {axis: j for j, axis in enumerate(axes) if axis is not None}
    key: list[Any] = [0] * base.ndim
    rest = _lowest(view) - _lowest(base)
    for i in sorted(range(base.ndim), key=lambda i: -abs(base.strides[i])):
        n, whole = base.shape[i], base.strides[i]
        j = along.get(i)
        length = view.shape[j] if j is not None else 1
        step = view.strides[j] // whole if j is not None and whole and length > 1 else 1
        last = n - 1 - abs(step) * (length - 1)  # where the lowest element may lie at most
        if last < 0:
            return None
        place = min(rest // abs(whole), last) if whole else 0
        rest -= place * abs(whole)
        if whole < 0:  # counted from the other end
            place = last - place
        if step < 0:
            place += -step * (length - 1)
        key[i] = place if j is None else _slice(place, step, length, n)
    if rest:
        return None
    order = [axis for axis in axes if axis is not None]
    kept = sorted(order)
    steps: list[Step] = []
    if order == kept:
        steps += _index(_with_new(key, axes))
    else:
        steps += _index(key)
        steps.append(_reordered(tuple(map(kept.index, order))))
        steps += _index([None if axis is None else slice(None) for axis in axes])
    return tuple(steps)


def _slice(start: int, step: int, length: int, n: int) -> slice:
    """The slice of that many elements of n, as it is usually written."""
    last = start + step * (length - 1)
    first = 0 if step > 0 else n - 1
    stop: int | None = last + (1 if step > 0 else -1)
    if length and not 0 <= last + step < n:
        stop = None
    elif start == 0 and step == 1 and last == n - 2 and length > 1:
        stop = -1
    given = None if start == first and (stop is None or length) else start
    return slice(given, stop, None if step == 1 else step)


def _with_new(key: list[Any], axes: tuple[int | None, ...]) -> list[Any]:
    """The key with its new axes, each before what follows it in the view."""
    full: list[Any] = []
    done = 0
    for axis in axes:
        if axis is None:
            full.append(None)
        else:
            full += key[done : axis + 1]
            done = axis + 1
    return full + key[done:]


def _index(key: list[Any]) -> list[Step]:
    """The step of an index, without what says nothing."""
    while key and key[-1] == slice(None):
        key = key[:-1]
    if not key:
        return []
    whole = key[0] if len(key) == 1 else tuple(key)
    return [Step(f"{{}}[{key_text(whole)}]", lambda x: x[whole])]


def _reordered(axes: tuple[int, ...]) -> Step:
    if axes == (1, 0):
        return Step("{}ᵀ", lambda x: x.T)
    return Step(f"{{}}.transpose({key_text(axes)})", lambda x: x.transpose(axes))
