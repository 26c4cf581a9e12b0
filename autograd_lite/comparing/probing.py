"""Numerical derivatives along a line, with an estimate of their error."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import NamedTuple

import numpy as np

from ..graph import Array

SAFETY = 8.0  # how many times its estimated error a difference quotient may be off


class Estimate(NamedTuple):
    """A derivative, its estimated error, and the step length that it was found with.

    `crossed`: a longer step that gave another one, beyond both errors: it crosses a corner.
    """

    value: float
    error: float = inf
    step: float = nan
    crossed: float | None = None

    def is_near(self, derived: float, least: float = 0.0) -> bool:
        return abs(self.value - derived) <= SAFETY * self.error + least


UNKNOWN = Estimate(nan)


@dataclass
class Probe:
    """φ(t) = Σ w ⊙ f(x + t d), for any direction d.

    f: a function of arrays of the shape of x; w, the `weights`, have the shape of what it returns.
    eps: the relative rounding of its numbers, or of others, of a `size`, that they came from.
    Where f(x) is not finite, w is taken as 0.
    """

    f: Callable[[Array], Array]
    x: Array
    weights: Array
    eps: float
    size: float = 0.0

    def __post_init__(self) -> None:
        self.here = np.asarray(self.f(self.x))
        self.finite = np.isfinite(self.here)
        terms = (self.weights * self.here)[self.finite]
        self.size = max(self.size, float(np.linalg.norm(terms)))
        far = np.isfinite(self.x)
        self.scale = np.where(far, np.maximum(1, np.abs(np.where(far, self.x, 0))), 0)

    def rise(self, d: Array, t: float, s: float = 0.0) -> float:
        """φ(t) - φ(s), differences first, so that what does not change adds no rounding.

        NaN where f cannot be computed, or is not finite.
        """
        try:
            ahead, behind = (self.f(self.x + step * d) if step else self.here for step in (t, s))
            change = np.asarray(ahead - behind)[self.finite]
            return float(np.sum(self.weights[self.finite] * change))
        except (ArithmeticError, ValueError, IndexError):  # another shape, a singular matrix
            return nan

    def least(self, size: float) -> float:
        """How far rounding may move a derived slope among those of a size: the last digits."""
        return float(self.eps**0.75 * size)

    def usual(self, noise: float) -> float:
        """The error of differences that is of rounding alone, at the usual steps."""
        return float(32 * noise / self.eps**0.2)

    def noise(self, d: Array) -> float:
        """How far rounding moves φ: from fourth differences, in which what is smooth cancels.

        J. Moré and S. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011).
        The points lie beside x, so that a corner there is not taken for noise.
        """
        t = 4096 * self.eps
        fourth = np.diff([self.rise(d, k * t) for k in range(1, 9)], 4)
        spread = 2 * float(np.sqrt(np.mean(fourth**2) / 70))
        return self.eps * self.size + (spread if isfinite(spread) else 0)

    def is_stepped(self, d: Array, derived: float, noise: float) -> bool:
        """Is φ constant so near to x that it must be, within, of fewer digits than its numbers?"""
        t = 4096 * self.eps
        return abs(derived) * t > 16 * noise and self.rise(d, t) == 0

    def quotient(
        self, d: Array, derived: float, noise: float, size: float, side: int = 0
    ) -> Estimate:
        """φ'(0) by differences: central ones, or one-sided ones to the `side` 1 or -1.

        The step starts at eps^(1/5), which suits the differences of fourth order that extrapolation
        makes of those of second, and is halved (L. F. Richardson, 1911; C. J. F. Ridders, 1982).
        The error is that of rounding, noise / step, and what the last extrapolation changed. A
        shorter step whose result differs from a longer one's by more than both errors is believed,
        for the longer crosses a corner. It ends where the result is near `derived`, to half of
        the digits of what has this `size` or to rounding, or at the shortest step.
        """
        weight = 2 if side else 4
        found, slopes = UNKNOWN, list[float]()
        h = self.eps**0.2
        while h > 4096 * self.eps:
            slopes.append(
                self.rise(d, side * h) * side / h if side else self.rise(d, h, -h) / (2 * h)
            )
            if len(slopes) > 2 and isfinite(sum(slopes[-3:])):
                a, b, c = slopes[-3:]
                first, last = ((weight * q - p) / (weight - 1) for p, q in ((a, b), (b, c)))
                value = (weight**2 * last - first) / (weight**2 - 1)
                new = Estimate(value, abs(value - last) + 4 * noise / h, h, found.crossed)
                if not isfinite(found.value):
                    found = new
                elif not abs(new.value - found.value) <= SAFETY * (new.error + found.error):
                    found = new._replace(crossed=found.crossed or found.step)
                elif new.error < found.error:
                    found = new
                enough = max(self.eps**0.5 * max(abs(value), size), self.usual(noise))
                if found.error <= enough and found.is_near(derived, self.least(size)):
                    break
            h /= 2
        return found

    def complex_step(self, d: Array) -> float:
        """φ'(0) as Im φ(i h) / h, without a difference and so without its rounding.

        W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
        SIAM Review 40 (1998). NaN where f does not take complex numbers. A forward that drops the
        imaginary part, or conjugates, gives a wrong number: hold it against differences.
        """
        h = 1e-20
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                y = np.asarray(self.f(self.x + 1j * h * d))[self.finite]
        except Exception:  # whatever a forward says to them
            return nan
        here = self.here[self.finite]
        tolerance = self.eps**0.5 * np.abs(here).max(initial=0)
        if y.dtype.kind != "c" or not np.allclose(y.real, here, rtol=0, atol=tolerance):
            return nan
        found = float(np.sum(self.weights[self.finite] * y.imag)) / h
        return found

    def taylor(self, d: Array, derived: float, noise: float) -> float:
        """The slope of log |φ(h) - φ(0) - h φ'(0)| over log h: 2 for a right φ', 1 for a wrong one.

        NaN where the remainder is but rounding, as that of a linear function. A. Griewank and
        A. Walther, "Evaluating derivatives" (2008), give the expansion.
        """
        steps = 2.0 ** -np.arange(5, 13)
        rest = np.array([abs(self.rise(d, h) - h * derived) for h in steps])
        told = np.isfinite(rest) & (rest > 16 * (noise + self.eps * np.abs(steps * derived)))
        if told.sum() < 3:
            return nan
        return float(np.polyfit(np.log(steps[told]), np.log(rest[told]), 1)[0])
