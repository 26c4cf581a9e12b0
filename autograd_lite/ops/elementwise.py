"""Ops that act element by element, broadcast as numpy does and keep its dtypes; and chance."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..graph import Array
from ..op import composition, primitive

__all__ = [
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "equal",
    "not_equal",
    "logical_and",
    "logical_or",
    "logical_not",
    "bitwise_and",
    "bitwise_or",
    "invert",
    "sign",
    "copy",
    "astype",
    "where",
    "add",
    "subtract",
    "multiply",
    "divide",
    "negative",
    "power",
    "reciprocal",
    "square",
    "sqrt",
    "abs",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "arctan2",
    "hypot",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "relu",
    "softplus",
    "maximum",
    "minimum",
    "at_least",
    "at_most",
    "clip",
    "guarded",
    "dropout_mask",
    "dropout",
]

elementwise = partial(primitive, elementwise=True)

# Comparisons, and the choice between values -----------------------------------------------------


@elementwise(symbol=">")
def greater(a: Array, b: Array) -> Array:
    """a > b: a bool array. Recorded, without a derivative."""
    return a > b


@elementwise(symbol="≥")
def greater_equal(a: Array, b: Array) -> Array:
    """a >= b: a bool array. Recorded, without a derivative."""
    return a >= b


@elementwise(symbol="<")
def less(a: Array, b: Array) -> Array:
    """a < b: a bool array. Recorded, without a derivative."""
    return a < b


@elementwise(symbol="≤")
def less_equal(a: Array, b: Array) -> Array:
    """a <= b: a bool array. Recorded, without a derivative."""
    return a <= b


@elementwise(symbol="=")
def equal(a: Array, b: Array) -> Array:
    """a == b: a bool array. Recorded, without a derivative."""
    return a == b


@elementwise(symbol="≠")
def not_equal(a: Array, b: Array) -> Array:
    """a != b: a bool array. Recorded, without a derivative."""
    return a != b


@elementwise(paper=lambda p, a, b: p.indicator(a, "and", b))
def logical_and(a: Array, b: Array) -> Array:
    """True where a and b both are. Recorded, without a derivative."""
    return np.logical_and(a, b)


@elementwise(paper=lambda p, a, b: p.indicator(a, "or", b))
def logical_or(a: Array, b: Array) -> Array:
    """True where a or b is. Recorded, without a derivative."""
    return np.logical_or(a, b)


@elementwise(paper=lambda p, x: p.indicator("not", x))
def logical_not(x: Array) -> Array:
    """True where x is not. Recorded, without a derivative."""
    return np.logical_not(x)


@elementwise(
    symbol="&",
    paper=lambda p, a, b: p.indicator(a, "and", b) if p.dtype == bool else p.joined(a, "&", b),
)
def bitwise_and(a: Array, b: Array) -> Array:
    """a & b, of masks or of the bits of integers. Recorded, without a derivative."""
    return a & b


@elementwise(
    symbol="|",
    paper=lambda p, a, b: p.indicator(a, "or", b) if p.dtype == bool else p.joined(a, "|", b),
)
def bitwise_or(a: Array, b: Array) -> Array:
    """a | b, of masks or of the bits of integers. Recorded, without a derivative."""
    return a | b


@elementwise(
    symbol="~", paper=lambda p, x: p.indicator("not", x) if p.dtype == bool else p.joined("~", x)
)
def invert(x: Array) -> Array:
    """~x, of a mask or of the bits of integers. Recorded, without a derivative."""
    return ~x


@elementwise()
def sign(x: Array) -> Array:
    """-1, 0 or 1, as x is negative, zero or positive. Recorded, without a derivative."""
    return np.sign(x)


@primitive(lambda g, y, x: g, paper=lambda p, x: x)
def copy(x: Array) -> Array:
    """x as a value of its own."""
    return x.copy()


def _astype_vjp(g: Array, y: Array, x: Array, *, dtype: Any) -> Array:
    return g if y.dtype.kind == "f" else np.zeros(x.shape, x.dtype)


@primitive(
    _astype_vjp,
    paper=lambda p, x, dtype: (
        x if np.can_cast(x.dtype, dtype, "same_kind") else p.function(np.dtype(dtype).name, x)
    ),
)
def astype(x: Array, *, dtype: Any) -> Array:
    """x in another dtype. The gradient comes back in the dtype of x; through integers none does."""
    return x.astype(dtype)


@elementwise(
    None,
    lambda g, y, condition, a, b: where(condition, g, 0),
    lambda g, y, condition, a, b: where(condition, 0, g),
    paper=lambda p, condition, a, b: p.choice(condition, a, b),
)
def where(condition: Array, a: Array, b: Array) -> Array:
    """a where condition holds, else b.

    The backward pass selects too: what was not chosen gets exactly 0, even beside inf or NaN.
    """
    return np.where(condition, a, b)


# Arithmetic -------------------------------------------------------------------------------------


@elementwise(
    lambda g, y, a, b: g,
    lambda g, y, a, b: g,
    symbol="+",
    paper=lambda p, a, b: a + b,
)
def add(a: Array, b: Array) -> Array:
    """a + b."""
    return a + b


@elementwise(
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g,
    symbol="-",
    paper=lambda p, a, b: a - b,
)
def subtract(a: Array, b: Array) -> Array:
    """a - b."""
    return a - b


@elementwise(
    lambda g, y, a, b: g * b,
    lambda g, y, a, b: g * a,
    symbol="*",
    paper=lambda p, a, b: a * b,
)
def multiply(a: Array, b: Array) -> Array:
    """a * b."""
    return a * b


@elementwise(
    lambda g, y, a, b: g / b,
    lambda g, y, a, b: -g * y / b,
    symbol="/",
    paper=lambda p, a, b: a / b,
)
def divide(a: Array, b: Array) -> Array:
    """a / b."""
    return a / b


@elementwise(lambda g, y, x: -g, symbol="-", paper=lambda p, x: -x)
def negative(x: Array) -> Array:
    """-x."""
    return -x


def _less_one(a: Array, b: Array) -> Array:
    """b - 1, but such that b * a**(b - 1) is 0 for b = 0, also at a = 0 and at a = inf."""
    if isinstance(b, (int, float)):
        return b - 1 if b else 0
    return guarded(b - 1, logical_and(equal(a, 0), equal(b, 0)), 1)


def _log_base(y: Array, a: Array) -> Array:
    """log a in the precision of y, and 0 where a is 0."""
    return log(astype(guarded(a, equal(a, 0), 1), dtype=y.dtype))


@elementwise(
    lambda g, y, a, b: g * b * a ** _less_one(a, b),
    lambda g, y, a, b: g * y * _log_base(y, a),
    symbol="**",
    paper=lambda p, a, b: a**b,
)
def power(a: Array, b: Array) -> Array:
    """a**b.

    ∂/∂a = b a**(b-1), finite at a = 0 wherever the derivative is. ∂/∂b = y log a, taken as 0 at
    a = 0, where it is the limit for b > 0; NaN for a < 0, where a**b has no derivative in b.
    """
    return a**b


@elementwise(lambda g, y, x: -g * y * y, paper=lambda p, x: 1 / x)
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return np.reciprocal(x)


@elementwise(lambda g, y, x: g * 2 * x, paper=lambda p, x: x**2)
def square(x: Array) -> Array:
    """x²."""
    return np.square(x)


@elementwise(lambda g, y, x: g / (2 * y), paper=lambda p, x: p.enclosed("sqrt", x))
def sqrt(x: Array) -> Array:
    """√x. The derivative at 0 is infinite, and numpy warns of it."""
    return np.sqrt(x)


@elementwise(lambda g, y, x: g * sign(x), paper=lambda p, x: p.enclosed("abs", x))
def abs(x: Array) -> Array:
    """|x|. The derivative at 0 is taken as 0."""
    return np.abs(x)


# Exponentials, logarithms, trigonometry ---------------------------------------------------------


@elementwise(lambda g, y, x: g * y, paper=lambda p, x: p.exp(x))
def exp(x: Array) -> Array:
    """eˣ."""
    return np.exp(x)


@elementwise(lambda g, y, x: g * (y + 1), paper=lambda p, x: p.exp(x) - 1)
def expm1(x: Array) -> Array:
    """eˣ - 1, exact near 0."""
    return np.expm1(x)


@elementwise(lambda g, y, x: g / x)
def log(x: Array) -> Array:
    """The natural logarithm of x."""
    return np.log(x)


@elementwise(lambda g, y, x: g / (1 + x), paper=lambda p, x: p.log(1 + x))
def log1p(x: Array) -> Array:
    """log(1 + x), exact near 0."""
    return np.log1p(x)


@elementwise(lambda g, y, x: g / (math.log(2) * x), paper=lambda p, x: p.function("log₂", x))
def log2(x: Array) -> Array:
    """The logarithm of x to base 2."""
    return np.log2(x)


@elementwise(lambda g, y, x: g / (math.log(10) * x), paper=lambda p, x: p.function("log₁₀", x))
def log10(x: Array) -> Array:
    """The logarithm of x to base 10."""
    return np.log10(x)


def _lead(a: Array, b: Array) -> Array:
    """a - b, and a where both are the same infinity."""
    return a - guarded(b, logical_and(equal(a, b), equal(abs(a), math.inf)), 0)


@elementwise(
    lambda g, y, a, b: g * sigmoid(_lead(a, b)),
    lambda g, y, a, b: g * sigmoid(_lead(b, a)),
    paper=lambda p, a, b: p.log(p.exp(a) + p.exp(b)),
)
def logaddexp(a: Array, b: Array) -> Array:
    """log(eᵃ + eᵇ), without overflow. ∂/∂a = sigmoid(a - b). Both -inf gives -inf, gradient 0."""
    return np.logaddexp(a, b)


@elementwise(lambda g, y, x: g * cos(x))
def sin(x: Array) -> Array:
    """The sine of x, in radians."""
    return np.sin(x)


@elementwise(lambda g, y, x: -g * sin(x))
def cos(x: Array) -> Array:
    """The cosine of x, in radians."""
    return np.cos(x)


@elementwise(lambda g, y, x: g * (1 + y * y))
def tan(x: Array) -> Array:
    """The tangent of x, in radians. ∂/∂x = 1 + y²."""
    return np.tan(x)


@elementwise(lambda g, y, x: g / sqrt(1 - x * x))
def arcsin(x: Array) -> Array:
    """The angle in [-π/2, π/2] whose sine is x. The derivative at ±1 is infinite."""
    return np.arcsin(x)


@elementwise(lambda g, y, x: -g / sqrt(1 - x * x))
def arccos(x: Array) -> Array:
    """The angle in [0, π] whose cosine is x. The derivative at ±1 is infinite."""
    return np.arccos(x)


@elementwise(lambda g, y, x: g / (1 + x * x))
def arctan(x: Array) -> Array:
    """The angle in [-π/2, π/2] whose tangent is x."""
    return np.arctan(x)


@elementwise(
    lambda g, y, a, b: g * b / (a * a + b * b),
    lambda g, y, a, b: -g * a / (a * a + b * b),
)
def arctan2(a: Array, b: Array) -> Array:
    """The angle of the point with the coordinates b and a, in that order, from the first axis."""
    return np.arctan2(a, b)


@elementwise(
    lambda g, y, a, b: g * a / guarded(y, equal(y, 0), 1),
    lambda g, y, a, b: g * b / guarded(y, equal(y, 0), 1),
    paper=lambda p, a, b: p.enclosed("sqrt", a**2 + b**2),
)
def hypot(a: Array, b: Array) -> Array:
    """√(a² + b²), without overflow. The derivative at 0 is taken as 0."""
    return np.hypot(a, b)


@elementwise(lambda g, y, x: g * cosh(x))
def sinh(x: Array) -> Array:
    """The hyperbolic sine of x, (eˣ - e⁻ˣ) / 2."""
    return np.sinh(x)


@elementwise(lambda g, y, x: g * sinh(x))
def cosh(x: Array) -> Array:
    """The hyperbolic cosine of x, (eˣ + e⁻ˣ) / 2."""
    return np.cosh(x)


# Activations ------------------------------------------------------------------------------------


@elementwise(lambda g, y, x: g * (1 - y * y), activation=True)
def tanh(x: Array) -> Array:
    """The hyperbolic tangent of x. ∂/∂x = 1 - y²."""
    return np.tanh(x)


@elementwise(lambda g, y, x: g * y * (1 - y), activation=True, paper=lambda p, x: p.sigmoid(x))
def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ). Where e⁻ˣ overflows to infinity, the result is the 0 that is meant.

    ∂/∂x = y (1 - y).
    """
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


@elementwise(lambda g, y, x: g * (x > 0), activation=True)
def relu(x: Array) -> Array:
    """max(x, 0). The derivative at 0 is taken as 0; ∂/∂x = (x > 0), by which g is multiplied."""
    return np.maximum(x, 0)


@elementwise(lambda g, y, x: g * sigmoid(x), activation=True)
def softplus(x: Array) -> Array:
    """log(1 + eˣ), written so that no x overflows. ∂/∂x = sigmoid(x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# The larger and the smaller ---------------------------------------------------------------------


@elementwise(
    lambda g, y, a, b: g * (a > b) + g / 2 * equal(a, b),
    lambda g, y, a, b: g * (b > a) + g / 2 * equal(a, b),
    paper=lambda p, a, b: p.function("max", a, b),
)
def maximum(a: Array, b: Array) -> Array:
    """The larger of a and b; NaN if either is. At a tie each gets half of the gradient."""
    return np.maximum(a, b)


@elementwise(
    lambda g, y, a, b: g * (a < b) + g / 2 * equal(a, b),
    lambda g, y, a, b: g * (b < a) + g / 2 * equal(a, b),
    paper=lambda p, a, b: p.function("min", a, b),
)
def minimum(a: Array, b: Array) -> Array:
    """The smaller of a and b; NaN if either is. At a tie each gets half of the gradient."""
    return np.minimum(a, b)


@elementwise(
    lambda g, y, x, low: g * (x >= low),
    lambda g, y, x, low: g * (x < low),
    paper=lambda p, x, low: p.function("max", x, low),
)
def at_least(x: Array, low: Array) -> Array:
    """x, but no smaller than low; see `clip`."""
    return np.maximum(x, low)


@elementwise(
    lambda g, y, x, high: g * (x <= high),
    lambda g, y, x, high: g * (x > high),
    paper=lambda p, x, high: p.function("min", x, high),
)
def at_most(x: Array, high: Array) -> Array:
    """x, but no larger than high; see `clip`."""
    return np.minimum(x, high)


@composition
def clip(
    x: Array, a_min: Array = None, a_max: Array = None, *, min: Array = None, max: Array = None
) -> Any:
    """x, but no smaller than a_min (or min) and no larger than a_max (or max); None is no limit.

    The gradient passes to x within the limits, the limits included, and outside to the limit that
    is met, where that is a Tensor. TypeError if a limit is given twice.
    """
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise TypeError(
            f"clip got a_min={a_min}, min={min}, a_max={a_max}, max={max}; two names of one limit; "
            "leave one out"
        )
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    if low is not None:
        x = at_least(x, low)
    if high is not None:
        x = at_most(x, high)
    return copy(x) if low is None and high is None else x


@elementwise(
    lambda g, y, x, bad, instead: where(bad, 0, g),
    None,
    None,
    paper=lambda p, x, bad, instead: x,
)
def guarded(x: Array, bad: Array, instead: Array) -> Array:
    """x, but `instead` where `bad` holds, so that a rule does not compute 0 / 0 or the like.

    On paper it is x.
    """
    return np.where(bad, instead, x)


# Chance -----------------------------------------------------------------------------------------


@primitive()
def dropout_mask(x: Array, *, p: float, rng: Any) -> Array:
    """0 with probability p, else 1 / (1 - p), for each element of x; drawn anew at each call.

    rng: a numpy Generator or RandomState. Recorded, without a derivative.
    """
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    return ((rng.random(x.shape) >= p) / (1 - p)).astype(dtype)


@composition
def dropout(x: Array, *, p: float, rng: Any) -> Any:
    """x with each element zeroed with probability p, and the rest scaled by 1 / (1 - p)."""
    return multiply(x, dropout_mask(x, p=p, rng=rng))
