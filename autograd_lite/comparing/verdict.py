"""One gradient against its numerical derivatives: which of them are taken, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import nan
from time import perf_counter
from typing import Any

import numpy as np

from ..graph import Array
from .probing import SAFETY, Estimate, Probe
from .relations import related

MOST = 200  # elements of which each is looked at
DIRECTIONS, LARGEST = 8, 4  # of more: random directions, and elements of the largest gradients
SECONDS = 5.0  # for one gradient; as many elements as fit
RUNS = 8  # of the function for one element, at the usual step

Place = tuple[int, ...]
Locate = Callable[[Array], str | None]


@dataclass
class Verdict:
    """What the numerical derivatives tell of one gradient.

    `absolute` is the largest difference, at `place` (None: along a direction), `relative` the same
    over the largest magnitude. `numerical` has what was found for each element, NaN where nothing
    was. `corners` are sentences. `slope` is that of the Taylor test, NaN for a linear function.
    """

    verdict: str = "right"
    absolute: float = 0.0
    relative: float = 0.0
    place: Place | None = None
    method: str = "differences"
    checked: str = "nothing"
    slope: float = nan
    numerical: Any = None
    corners: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.verdict in ("right", "corner")


def judge(
    probe: Probe,
    derived: Array,
    rng: np.random.Generator,
    locate: Locate = lambda move: None,
    shown: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    directions: int = DIRECTIONS,
) -> Verdict:
    """Hold a derived gradient, of the shape of `probe.x`, against differences and complex steps.

    locate: finds the corner that a move of x crosses. shown: shows how far the work is.
    directions: how many, of more elements than are looked at each.
    """
    found = Verdict(numerical=np.full(derived.shape, nan))
    if not np.isfinite(derived).all():
        found.place = _place(~np.isfinite(derived))
        found.verdict = "is not finite"
        return found
    if not probe.finite.any() and probe.here.size:
        found.verdict = "the value is not finite"
        return found
    movable = np.argwhere(probe.scale > 0)
    if not len(movable):
        return found
    units = np.abs(derived * probe.scale)
    whole = probe.scale * rng.standard_normal(derived.shape)
    started = perf_counter()
    noise = probe.noise(whole)
    size, slope = float(np.linalg.norm(derived * whole)), float(np.sum(derived * whole))
    if probe.is_stepped(whole, slope, noise):
        probe.eps = float(np.finfo(np.float32).eps)
        noise = probe.noise(whole)
    runs = 9 * SECONDS / (perf_counter() - started)
    known, imaginary = probe.quotient(whole, slope, noise, size), probe.complex_step(whole)
    is_complex = known.is_near(imaginary, probe.least(size))
    found.slope = probe.taylor(whole, slope, noise)
    found.method, found.checked = "complex step" if is_complex else "differences", "each"
    lines: list[Place | None] = [tuple(place) for place in movable.tolist()]
    if len(lines) > min(MOST, runs / RUNS):
        few = int(np.clip(runs / RUNS / 2, 1, directions))
        big = np.argsort(-units, axis=None)[: min(few, LARGEST)]
        lines = [*(_unraveled(i, derived) for i in big), *[None] * few]
        found.method, found.checked = "directions", f"{few}, and {len(big)} elements"
    worst = -1.0
    for done, place in enumerate(shown(lines)):
        if done and perf_counter() - started > SECONDS:
            found.checked = f"{done} of {len(lines)}"
            break
        if place is None:
            d, unit = whole, 1.0
            whole = probe.scale * rng.standard_normal(derived.shape)
            size = float(np.linalg.norm(derived * d))
        else:
            d, unit, size = np.zeros(derived.shape), float(probe.scale[place]), float(units.max())
            d[place] = unit
        slope = float(np.sum(derived * d))
        value = probe.complex_step(d) if is_complex else nan
        right = abs(value - slope) <= probe.least(size)
        if not right:
            right, value = _by_differences(probe, d, slope, noise, size, locate, found)
        if place is not None:
            found.numerical[place] = value / unit
        if not right:
            found.verdict = "wrong"
        off = abs(value - slope) / unit
        if not off <= worst:  # or it is NaN
            worst, found.place, found.absolute = off, place, off
            scale = max(abs(value), size) / unit
            found.relative = off / scale if scale else 0.0
    return found


def _by_differences(
    probe: Probe, d: Array, slope: float, noise: float, size: float, locate: Locate, found: Verdict
) -> tuple[bool, float]:
    """Is a slope not wrong, and what are the differences? Corners are noted down."""
    estimate = probe.quotient(d, slope, noise, size)
    near = estimate.is_near(slope, probe.least(size))
    if near and _is_sharp(estimate, probe, noise, size):
        if estimate.crossed and (what := locate(4 * estimate.crossed * d)):
            found.corners.append(
                f"the difference crosses {what}; not an error: a shorter one does not"
            )
        return True, estimate.value
    if what := _at_corner(probe, d, slope, noise, size, locate):
        found.corners.append(f"the difference crosses {what}; not an error")
        found.verdict = "corner" if found.ok else found.verdict
        return True, slope
    if near and found.ok:
        found.verdict = "is not told by differences"
    return near, estimate.value


def _is_sharp(estimate: Estimate, probe: Probe, noise: float, size: float) -> bool:
    """Does an estimate tell more than an error that is not rounding's alone?"""
    largest = max(abs(estimate.value), size)
    return estimate.error <= max(1e-3 * largest, probe.usual(noise))


def _at_corner(
    probe: Probe, d: Array, slope: float, noise: float, size: float, locate: Locate
) -> str | None:
    """The corner at x, if there is one, and a slope is that of one of its sides or between them."""
    sides = [probe.quotient(d, slope, noise, size, side) for side in (1, -1)]
    sharp = [s for s in sides if _is_sharp(s, probe, noise, size)]
    room = [SAFETY * s.error + probe.least(size) for s in sharp]
    if len(sharp) == 2 and sharp[0].is_near(sharp[1].value, sum(room)):
        return None  # they agree
    bounds = [s.value + sign * r for s, r in zip(sharp, room) for sign in (1, -1)]
    if sharp and not min(bounds) <= slope <= max(bounds):
        return None
    what = locate(min((s.step for s in sharp), default=probe.eps**0.5) * d)
    return what or ("a corner" if sharp else None)  # of no side where f jumps, or is not defined


def _place(mask: Array) -> Place:
    return tuple(np.argwhere(mask)[0].tolist())


def _unraveled(i: Any, array: Array) -> Place:
    return tuple(map(int, np.unravel_index(i, array.shape)))


def relation(derived: Array, numerical: Array) -> str:
    """What a wrong gradient is to the numerical one: `is 2 times the difference quotient`."""
    known = np.isfinite(numerical)
    a, b = (derived, numerical) if known.all() else (derived[known], numerical[known])
    off, largest = np.abs(a - b).max(initial=0), np.abs(b).max(initial=0)
    if off <= 1e-9 * largest:
        return "is not the difference quotient along random directions"
    told = related(a, b, min(0.01 * off, 1e-4 * largest), "the difference quotient").text
    if told == "is 0":
        return "is 0, where the difference quotient is not"
    if told != "differs":
        return f"is {told}"
    right = int(np.sum(np.abs(a - b) <= 1e-3 * off))
    place = _unraveled(np.nanargmax(np.abs(derived - numerical)), derived)
    at = f" at {list(place)}" if place else ""
    some = f", and right at {right} of {a.size} elements" if right else ""
    other = f"where the difference quotient is {numerical[place]:.6g}"
    return f"is {derived[place]:.6g}{at}, {other}{some}"
