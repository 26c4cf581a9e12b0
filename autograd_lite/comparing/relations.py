"""How two arrays are related: what can be said of a wrong gradient before anyone asks why."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

MOST = 100_000  # the largest whole factor, or divisor, that is worth saying
DERIVED = "the derived one"


class Relation(NamedTuple):
    """What a handwritten gradient is; its `factor`, where it is that times the derived one."""

    text: str
    factor: Fraction | None = None


def related(
    given: np.ndarray, derived: np.ndarray, tolerance: float, of: str | None = None
) -> Relation:
    """What a handwritten gradient that differs from the derived one is, if that is simple.

    given, derived: finite arrays of any shapes. tolerance: how far apart two elements of the
    derived one may be that count as equal. of: what the derived one is called in a sentence, as
    `the transpose of the difference quotient`; None: it is known, as in `its transpose`.
    """
    if given.shape == derived.shape:
        factor = multiple(given, derived, tolerance)
        if factor is not None:
            return Relation(_times(factor, of), factor)
        if given.size and not given.any():
            return Relation("is 0")
        ratio = _ratio(given, derived)
        if ratio and np.abs(given - ratio * derived).max() <= tolerance * max(1.0, abs(ratio)):
            said = f"{ratio:.{6 if abs(ratio - 1) > 1e-5 else 12}g}"
            return Relation("differs" if said == "1" else f"{said} times {of or DERIVED}")
        transposed = derived.T if derived.ndim == 2 else derived
        factor = multiple(given, transposed, tolerance) if derived.T.shape == given.shape else None
        if factor is not None:
            return Relation(_its("transpose", of) + _with(factor, of))
        return Relation("differs")
    shapes = f"has shape {given.shape}, not {derived.shape}"
    for what, values in _reshaped(derived, given.shape):
        factor = multiple(given, values, tolerance)
        if factor is not None:
            return Relation(f"{shapes}; {what}{_with(factor)}")
    return Relation(shapes)


def _reshaped(x: np.ndarray, shape: tuple[int, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """The array in ways to have the shape, and what to say of each."""
    if x.ndim == 2 and x.T.shape == shape and 1 not in shape:
        yield "its transpose", x.T
    if x.size == np.prod(shape):
        yield "the values are right", x.reshape(shape)
    for axis in (None, *range(x.ndim)):
        for keepdims in (False, True):
            total = x.sum(axis=axis, keepdims=keepdims)
            if np.shape(total) == shape and x.ndim:
                where = "over all axes" if axis is None else f"over axis {axis}"
                yield f"its sum {where}", total
    if len(shape) >= x.ndim and all(n in (1, m) for n, m in zip(x.shape[::-1], shape[::-1])):
        yield "its values, repeated", np.broadcast_to(x, shape)


def multiple(given: np.ndarray, derived: np.ndarray, tolerance: float) -> Fraction | None:
    """The whole number, or quotient of small ones, by which one array is the other."""
    ratio = _ratio(given, derived)
    if not 1 / MOST <= abs(ratio) <= MOST:
        return None
    simple = Fraction(ratio).limit_denominator(12)
    inverse = Fraction(1 / ratio).limit_denominator(12)
    candidates = [simple, 1 / inverse] if simple and inverse else [simple or 1 / inverse]
    factor = min(candidates, key=lambda f: abs(float(f) - ratio))
    apart = np.abs(given - float(factor) * derived).max()
    return factor if apart <= tolerance * max(1.0, abs(float(factor))) else None


def _ratio(given: np.ndarray, derived: np.ndarray) -> float:
    """By what the largest element of one differs from that of the other; 0 where that is none."""
    if not derived.any():
        return 0.0
    place = np.unravel_index(np.abs(derived).argmax(), derived.shape)
    with np.errstate(all="ignore"):
        ratio = float(given[place]) / float(derived[place])
    return ratio if np.isfinite(ratio) else 0.0


def _times(factor: Fraction, of: str | None = None) -> str:
    return _its("negative", of) if factor == -1 else f"{factor} times {of or DERIVED}"


def _its(what: str, of: str | None) -> str:
    return f"the {what} of {of}" if of else f"its {what}"


def _with(factor: Fraction, of: str | None = None) -> str:
    return "" if factor == 1 else f", {_times(factor, of)}"
