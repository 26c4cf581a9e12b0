"""Ops that reduce axes, or accumulate along one, or look where in it something is.

`axis` is None (all axes), an int or a tuple; `keepdims` keeps length 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Array
from ..op import composition, primitive
from .elementwise import astype, equal, exp, guarded, maximum, sqrt
from .shapes import broadcast_to, concatenate, flip, inverse, reshape, swapaxes, transpose

__all__ = [
    "sum",
    "mean",
    "var",
    "std",
    "max",
    "min",
    "argmax",
    "argmin",
    "all",
    "any",
    "prod",
    "cumsum",
    "cumprod",
    "argsort",
    "argwhere",
    "logsumexp",
    "softmax",
    "log_softmax",
]

Axis = int | tuple[int, ...] | None


def axes_of(x: Array, axis: Axis) -> tuple[int, ...]:
    """The reduced axes, each from 0; of a 0-d array none, whatever axis numpy lets pass there."""
    if axis is None or not x.ndim:
        return tuple(range(x.ndim))
    return tuple(i % x.ndim for i in (axis if isinstance(axis, tuple) else (axis,)))


def kept(r: Array, x: Array, axis: Axis) -> Array:
    """A reduction `r` of x in the shape that keepdims gives it, which broadcasts against x."""
    axes = axes_of(x, axis)
    return reshape(r, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _count(x: Array, axis: Axis) -> int:
    """How many elements of x go into one of the result."""
    return math.prod(x.shape[i] for i in axes_of(x, axis))


@primitive(
    lambda g, y, x, *, axis, keepdims: broadcast_to(kept(g, x, axis), shape=x.shape),
    paper=lambda p, x, axis=None, keepdims=False: x.sum(axis, keepdims),
)
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σx over `axis`."""
    return x.sum(axis=axis, keepdims=keepdims)


@primitive(
    lambda g, y, x, *, axis, keepdims: broadcast_to(
        kept(g, x, axis) / _count(x, axis), shape=x.shape
    ),
    paper=lambda p, x, axis=None, keepdims=False: x.sum(axis, keepdims) / _count(x, axis),
)
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σx / n over `axis`."""
    return x.mean(axis=axis, keepdims=keepdims)


@primitive(
    lambda g, y, x, *, axis, ddof, keepdims: (
        kept(2 * g / (_count(x, axis) - ddof), x, axis) * (x - mean(x, axis=axis, keepdims=True))
    ),
    paper=lambda p, x, axis=None, ddof=0, keepdims=False: (
        None if ddof else p.over("var", x, axis, keepdims)
    ),
)
def var(x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Array:
    """Σ(x - mean)² / (n - ddof) over `axis`."""
    return x.var(axis=axis, ddof=ddof, keepdims=keepdims)


@composition
def std(x: Array, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    """√var(x). The derivative of equal elements is infinite or NaN."""
    return sqrt(var(x, axis=axis, ddof=ddof, keepdims=keepdims))


def _share_ties(g: Array, y: Array, x: Array, *, axis: Axis, keepdims: bool) -> Array:
    chosen = astype(equal(x, kept(y, x, axis)), dtype=x.dtype)
    ties = maximum(sum(chosen, axis=axis, keepdims=True), 1)  # none is chosen if y is NaN
    return kept(g, x, axis) * chosen / ties


@primitive(
    _share_ties, paper=lambda p, x, axis=None, keepdims=False: p.over("max", x, axis, keepdims)
)
def max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest x over `axis`. Elements that tie share the gradient evenly."""
    return x.max(axis=axis, keepdims=keepdims)


@primitive(
    _share_ties, paper=lambda p, x, axis=None, keepdims=False: p.over("min", x, axis, keepdims)
)
def min(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest x over `axis`. Elements that tie share the gradient evenly."""
    return x.min(axis=axis, keepdims=keepdims)


@primitive()
def argmax(x: Array, *, axis: int | None = None) -> Array:
    """The position of the largest x along `axis` (None: in x flattened). No derivative."""
    return x.argmax(axis)


@primitive()
def argmin(x: Array, *, axis: int | None = None) -> Array:
    """The position of the smallest x along `axis` (None: in x flattened). No derivative."""
    return x.argmin(axis)


@primitive()
def all(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether every x along `axis` is true. No derivative."""
    return np.all(x, axis=axis, keepdims=keepdims)


@primitive()
def any(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether some x along `axis` is true. No derivative."""
    return np.any(x, axis=axis, keepdims=keepdims)


@primitive()
def argsort(x: Array, *, axis: int | None = -1, kind: Any = None) -> Array:
    """The order that sorts x along `axis` (None: x flattened). No derivative.

    kind: numpy's way to sort; "stable" leaves equal elements in the order that they had.
    """
    return np.argsort(x, axis=axis, kind=kind)


@primitive()
def argwhere(x: Array) -> Array:
    """The places where x is not 0, one a row. No derivative."""
    return np.argwhere(x)


# Along an axis ----------------------------------------------------------------------------------


@primitive(
    lambda g, y, x, *, axis: reshape(
        flip(cumsum(flip(g, axis), axis=axis), axis),
        shape=x.shape,
    )
)
def cumsum(x: Array, *, axis: int | None = None) -> Array:
    """Σ xⱼ over j ≤ i along `axis` (None: in x flattened). ∂/∂xⱼ is the sum of g from j on."""
    return x.cumsum(axis)


def _before(x: Array) -> Array:
    """For each element along the last axis, the product of those before it."""
    one = np.ones((*x.shape[:-1], 1), x.dtype)
    return concatenate([one, cumprod(x[..., :-1], axis=-1)], axis=-1)


def _cumprod_vjp(g: Array, y: Array, x: Array, *, axis: int | None) -> Array:
    """The product of those before x times t, where tᵢ = gᵢ + xᵢ₊₁ tᵢ₊₁, found in log n steps."""
    if not x.size:
        return reshape(g, shape=x.shape)
    along = 0 if axis is None else axis
    factors = swapaxes(reshape(x, shape=y.shape), along, -1)
    ratio = concatenate([factors[..., 1:], np.zeros_like(factors[..., :1])], axis=-1)
    t, step = swapaxes(g, along, -1), 1
    while step < factors.shape[-1]:
        ahead = t[..., :-step] + ratio[..., :-step] * t[..., step:]
        t = concatenate([ahead, t[..., -step:]], axis=-1)
        ahead = ratio[..., :-step] * ratio[..., step:]
        ratio = concatenate([ahead, ratio[..., -step:]], axis=-1)
        step *= 2
    return reshape(swapaxes(_before(factors) * t, along, -1), shape=x.shape)


@primitive(_cumprod_vjp)
def cumprod(x: Array, *, axis: int | None = None) -> Array:
    """Π xⱼ over j ≤ i along `axis` (None: in x flattened). Differentiated without a division."""
    return x.cumprod(axis)


def _product_of_others(g: Array, y: Array, x: Array, *, axis: Axis, keepdims: bool) -> Array:
    if not x.size:
        return kept(g, x, axis) * x
    axes = axes_of(x, axis)
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    last = transpose(x, axes=order)
    flat = reshape(last, shape=(*last.shape[: x.ndim - len(axes)], _count(x, axis)))
    others = _before(flat) * _before(flat[..., ::-1])[..., ::-1]
    back = transpose(reshape(others, shape=last.shape), axes=inverse(order))
    return kept(g, x, axis) * back


@primitive(_product_of_others, paper=lambda p, x, axis=None, keepdims=False: x.prod(axis, keepdims))
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Πx over `axis`. ∂/∂xᵢ is the product of the other elements, without a division."""
    return x.prod(axis=axis, keepdims=keepdims)


def _shift(x: Array, axis: Axis) -> tuple[Array, Array]:
    """The largest x along `axis`, if that is finite, else 0; and x less that."""
    if not x.size:
        return np.zeros_like(x.sum(axis=axis, keepdims=True)), x
    largest = x.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    return largest, x - largest


def _not_zero(total: Array) -> Array:
    """A sum of exponentials, and 1 in the place of 0: where all elements are -inf."""
    return np.where(total == 0, 1, total)


@primitive(
    lambda g, y, x, *, axis, keepdims: kept(g, x, axis) * softmax(x, axis=axis),
    paper=lambda p, x, axis=None, keepdims=False: p.log(p.exp(x).sum(axis, keepdims)),
    formula=True,
)
def logsumexp(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """log Σeˣ over `axis`, without overflow. ∂/∂x = softmax(x). All -inf gives -inf, gradient 0."""
    largest, shifted = _shift(x, axis)
    total = np.exp(shifted).sum(axis=axis, keepdims=True)
    y = np.where(total == 0, -np.inf, np.log(_not_zero(total)) + largest)
    return y if keepdims else y.squeeze(axis)


@primitive(
    lambda g, y, x, *, axis: y * (g - sum(g * y, axis=axis, keepdims=True)),
    activation=True,
)
def softmax(x: Array, *, axis: Axis = -1) -> Array:
    """eˣ / Σeˣ over `axis`, without overflow. All -inf gives 0, with gradient 0."""
    e = np.exp(_shift(x, axis)[1])
    return e / _not_zero(e.sum(axis=axis, keepdims=True))


def alive(x: Array, p: Array, axis: Axis) -> Array:
    """x, but 0 where all logits are -inf, and with them the probabilities p 0 along `axis`."""
    return guarded(x, equal(sum(p, axis=axis, keepdims=True), 0), 0)


def _pull_log_softmax(g: Array, y: Array, x: Array, *, axis: Axis) -> Array:
    p = exp(y)
    return alive(g, p, axis) - p * sum(g, axis=axis, keepdims=True)


@primitive(
    _pull_log_softmax,
    activation=True,
    paper=lambda p, x, **axis: p.function("log softmax", x, **axis),
)
def log_softmax(x: Array, *, axis: Axis = -1) -> Array:
    """x - log Σeˣ over `axis`, without overflow. All -inf gives -inf, with gradient 0."""
    _, shifted = _shift(x, axis)
    return shifted - np.log(_not_zero(np.exp(shifted).sum(axis=axis, keepdims=True)))
