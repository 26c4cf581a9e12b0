"""Arrays that are put together: each of some places has its value, and the others have none.

A value that is used by its elements or slices has as its cotangent a sum of arrays, each of them 0
but for some places. Gathered, it is one array, and what is added at each of its places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..graph import Array, Op
from ..ops.shapes import filled, repeats
from ..terms import OPS, Shape, Term, Terms, is_number
from .revision import lines_of, of, revised, used_once
from .steps import Recorded, filling


def put(base: Array, *inputs: Array, pieces: tuple[Any, ...], added: bool) -> Array:
    """The base, with what is put, or added, at some places.

    pieces: for each place its key, how many arrays this has, and its value, where that is a number.
    inputs: for each place its value, where that is no number, and the arrays of its key.
    """
    y = base.copy()
    for place, arrays, x in _placed(inputs, pieces):
        if added and arrays:
            np.add.at(y, place, x)
        else:
            y[place] = y[place] + x if added else x
    return y


def _placed(
    inputs: tuple[Any, ...], pieces: tuple[Any, ...]
) -> Iterator[tuple[Any, tuple[Any, ...], Any]]:
    """Of each place its key, the arrays of that, and the value."""
    remaining = iter(inputs)
    for key, count, number in pieces:
        x = next(remaining) if number is None else number
        arrays = tuple(islice(remaining, count))
        yield filled(key, arrays), arrays, x


PUT = Op("put", put, ())


# Reading them -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Piece:
    """What stands at the places of a key; their shape, where it is known."""

    key: Any
    value: Any
    shape: Shape


def pieces_of(term: Term) -> tuple[Any, list[Piece], bool]:
    """Of a term of `PUT`: its base; what is put; and whether each place has a value of its own.

    The base is None where it is 0.
    """
    base, *inputs = term.inputs
    pieces, counts = [], np.zeros(term.shape, bool)
    for key, arrays, value in _placed(tuple(inputs), term.params["pieces"]):
        plain = np.broadcast_to(0, term.shape)
        shape = getattr(value, "shape", ()) if arrays else plain[key].shape
        pieces.append(Piece(key, value, shape))
        if not arrays:
            counts[key] = True
    based = filling(base) != 0
    return base if based else None, pieces, based or bool(counts.all())


# Gathering them ---------------------------------------------------------------------------------


class _Sum:
    """A sum that is not yet put together: of arrays, and of what stands at some keys.

    `pieces`: keys, their arrays, and the values.
    """

    def __init__(self, arrays: list[Any], pieces: list[tuple[Any, tuple[Term, ...], Any]]) -> None:
        self.arrays = arrays
        self.pieces = pieces


def gathered(r: Recorded) -> Recorded:
    """A reading in which sums of arrays that are 0 but for some places are put together."""
    single = used_once(r)
    stay = lines_of(r)

    def revise(terms: Terms, term: Term, inputs: tuple[Any, ...]) -> Any:
        found = _as_sum(terms, term, inputs)
        if found is None:
            old = term.inputs
            closed = (
                _together(terms, x, y) if isinstance(x, _Sum) else x for x, y in zip(inputs, old)
            )
            return of(terms, term, tuple(closed))
        inner = term in single or (term.op is OPS["scatter"] and term not in stay)
        return found if inner else _together(terms, found, term)

    return revised(r, revise)


def _as_sum(terms: Terms, term: Term, inputs: tuple[Any, ...]) -> _Sum | None:
    """The sum that a term is, if some of it is 0 but for some places."""
    if term.op is OPS["scatter"] and term.shape and not isinstance(inputs[0], _Sum):
        return _Sum([], [(_counted(term.params["key"], term.shape), inputs[1:], inputs[0])])
    if not any(isinstance(x, _Sum) for x in inputs):
        return None
    if term.op is OPS["negative"]:
        return _scaled(terms, -1.0, inputs[0], term.dtype)
    if term.op is OPS["multiply"] and is_number(inputs[0]):
        return _scaled(terms, inputs[0], inputs[1], term.dtype)
    alike = all(is_number(x) or x.shape == term.shape for x in term.inputs)
    if not alike or term.op not in (OPS["add"], OPS["subtract"]):
        return None
    a, b = (
        _Sum([*x.arrays], [*x.pieces])
        if isinstance(x, _Sum) and old.op is OPS["scatter"]
        else x
        if isinstance(x, _Sum)
        else _Sum([x], [])
        for x, old in zip(inputs, term.inputs)
    )
    b = _scaled(terms, -1.0, b, term.dtype) if term.op is OPS["subtract"] else b
    a.arrays.extend(b.arrays)
    a.pieces.extend(b.pieces)
    return a


def _scaled(terms: Terms, number: Any, x: _Sum, dtype: np.dtype) -> _Sum:
    def scaled(value: Any) -> Any:
        if is_number(value):
            return number * value
        shape = getattr(value, "shape", ())
        return terms.simple(OPS["multiply"], (number, value), {}, shape, dtype)

    return _Sum([*map(scaled, x.arrays)], [(*piece, scaled(value)) for *piece, value in x.pieces])


def _counted(key: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    """A key with its integers counted from the front, where that is simple."""
    if all(isinstance(k, (int, np.integer, slice)) for k in key):
        return tuple(k if isinstance(k, slice) else int(k) % n for k, n in zip(key, shape))
    return key


def _together(terms: Terms, x: _Sum, term: Term) -> Any:
    """A sum put together, in the order in which the places were used."""

    def total(values: list[Any], shape: Shape) -> Any:
        first, *others = values
        for value in others:
            first = terms.simple(OPS["add"], (first, value), {}, shape, term.dtype)
        return first

    groups: dict[Any, list[Any]] = {}
    keys: dict[Any, Any] = {}
    for key, arrays, value in reversed(x.pieces):
        name = repr(key), arrays
        keys[name] = key
        groups.setdefault(name, []).append(value)
    base = total(x.arrays, term.shape) if x.arrays else 0.0
    if is_number(base):
        base = terms.full(base, term.shape, term.dtype)
    counts = np.zeros(term.shape, int)
    pieces, inputs = [], []
    for (name, arrays), values in groups.items():
        key = keys[name, arrays]
        value = total(values, getattr(values[0], "shape", ()))
        if isinstance(value, Term) and value.op is OPS["broadcast_to"]:
            (value,) = value.inputs
        pieces.append((key, len(arrays), value if is_number(value) else None))
        inputs += [*arrays] if is_number(value) else [value, *arrays]
        if not arrays:
            counts[key] += 1
    added = bool(x.arrays) or counts.max(initial=0) > 1 or any(repeats(a) for _, a in groups)
    added = added or (len(pieces) > 1 and any(count for _, count, _ in pieces))
    params = {"pieces": tuple(pieces), "added": added}
    return terms.make(PUT, (base, *inputs), params, term.shape, term.dtype)
