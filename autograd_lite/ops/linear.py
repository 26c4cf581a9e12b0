"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..node import Array
from ..op import primitive
from .elementwise import multiply, where
from .reductions import Axis, kept
from .shapes import reshape

__all__ = [
    "matmul",
    "dot",
    "outer",
    "norm",
]


def _left(g: Array, y: Array, a: Array, b: Array) -> Array:
    if a.ndim == b.ndim == 2:
        return g @ b.T
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return g @ b.mT


def _right(g: Array, y: Array, a: Array, b: Array) -> Array:
    if a.ndim == b.ndim == 2:
        return a.T @ g
    if a.ndim == 1:
        return g[..., None, :] * a[:, None] if b.ndim > 1 else g * a
    if b.ndim == 1:
        return (g[..., None, :] @ a)[..., 0, :]
    if b.ndim == 2:  # one product instead of a batch of them that is then summed
        rows = math.prod(a.shape[:-1])
        return reshape(a, shape=(rows, b.shape[0])).T @ reshape(g, shape=(rows, b.shape[1]))
    return a.mT @ g


@primitive(_left, _right, symbol="@")
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


def outer(a: Array, b: Array) -> Any:
    """The matrix of all products aᵢ bⱼ of two vectors."""
    return multiply(reshape(a, shape=(-1, 1)), reshape(b, shape=(1, -1)))


def _norm_vjp(g: Array, y: Array, x: Array, *, ord: None, axis: Axis, keepdims: bool) -> Array:
    length = kept(y, x, axis)
    return kept(g, x, axis) * x / where(length > 0, length, 1)


@primitive(_norm_vjp)
def norm(x: Array, *, ord: None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """√Σx² over `axis`, as np.linalg.norm computes it. The derivative at 0 is 0.

    Raises ValueError for any other `ord` than None.
    """
    if ord is not None:
        raise ValueError(f"ord={ord!r}, where only the Euclidean norm, ord=None, has an op")
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))
