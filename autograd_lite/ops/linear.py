"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Array
from ..op import primitive
from .elementwise import equal, guarded, multiply
from .reductions import Axis, kept
from .shapes import reshape

__all__ = [
    "matmul",
    "dot",
    "outer",
    "norm",
]


def _left(g: Array, y: Array, a: Array, b: Array) -> Array:
    if b.ndim == g.ndim == 2:
        return g @ b.T
    if b.ndim == 1:
        return outer(g, b) if g.ndim == 1 else g[..., None] * b
    if b.ndim == 2:
        return b @ g if g.ndim == 1 else g @ b.T
    return (b @ g[..., None])[..., 0] if a.ndim == 1 else g @ b.mT


def _right(g: Array, y: Array, a: Array, b: Array) -> Array:
    if a.ndim == b.ndim == 2:
        return a.T @ g
    if a.ndim == 1:
        return g * a if b.ndim == 1 else outer(a, g) if g.ndim == 1 else _columns(a) * _rows(g)
    if b.ndim == 1:
        return a.T @ g if g.ndim == 1 else (_rows(g) @ a)[..., 0, :]
    if b.ndim == 2:  # one product instead of a batch of them that is then summed
        rows = math.prod(a.shape[:-1])
        return reshape(a, shape=(rows, b.shape[0])).T @ reshape(g, shape=(rows, b.shape[1]))
    return a.mT @ g


def _columns(x: Array) -> Array:
    return x[..., :, None]


def _rows(x: Array) -> Array:
    return x[..., None, :]


@primitive(_left, _right, symbol="@", paper=lambda p, a, b: a @ b)
def matmul(a: Array, b: Array) -> Array:
    """a @ b, in all of numpy's shapes: (n,) or (..., m, n) times (n,) or (..., n, p).

    Leading axes are batches and broadcast. For matrices ∂/∂a = g bᵀ and ∂/∂b = aᵀ g.
    """
    return a @ b


def dot(a: Array, b: Array) -> Any:
    """np.dot for scalars, vectors and matrices: a product where either is 0-d, else a @ b.

    Raises ValueError for b of more than two axes, where np.dot and matmul differ.
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    if np.ndim(b) > 2:
        raise ValueError(
            f"dot got a second factor of shape {b.shape}; at most two axes are supported; "
            "write matmul, and move the axes with transpose"
        )
    return matmul(a, b)


@primitive(
    lambda g, y, a, b: reshape(g @ reshape(b, shape=-1), shape=a.shape),
    lambda g, y, a, b: reshape(reshape(a, shape=-1) @ g, shape=b.shape),
    paper=lambda p, a, b: a @ b.T if a.ndim == b.ndim == 1 else None,
)
def outer(a: Array, b: Array) -> Array:
    """a bᵀ, the matrix of all products aᵢ bⱼ of two vectors; of other shapes, flattened."""
    return np.outer(a, b)


def _norm_vjp(g: Array, y: Array, x: Array, *, ord: None, axis: Axis, keepdims: bool) -> Array:
    length = kept(y, x, axis)
    return kept(g, x, axis) * x / guarded(length, equal(length, 0), 1)


@primitive(
    _norm_vjp, paper=lambda p, x, axis=None, **kept: p.enclosed("norm", x) if axis is None else None
)
def norm(x: Array, *, ord: None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """√Σx² over `axis`, as np.linalg.norm computes it. The derivative at 0 is 0.

    Raises ValueError for any other `ord` than None.
    """
    if ord is not None:
        raise ValueError(f"ord={ord!r}, where only the Euclidean norm, ord=None, has an op")
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))
