"""Products of matrices and of arrays of more axes, and what is solved with them."""

from __future__ import annotations

import math
from string import ascii_letters
from typing import Any

import numpy as np

from ..graph import Array, describe
from ..op import composition, primitive
from .elementwise import equal, guarded, multiply
from .reductions import Axis, kept
from .shapes import reshape, swapaxes

__all__ = [
    "matmul",
    "dot",
    "outer",
    "contract",
    "einsum",
    "norm",
    "inv",
    "det",
    "sign_of_det",
    "log_of_det",
    "solve",
]


def _left(g: Array, y: Array, a: Array, b: Array) -> Array:
    if b.ndim == g.ndim == 2:
        return g @ b.T
    if b.ndim == 1:
        return g * b if g.ndim == 0 else outer(g, b) if g.ndim == 1 else g[..., None] * b
    if b.ndim == 2:
        return b @ g if g.ndim == 1 else g @ b.T
    return (b @ g[..., None])[..., 0] if a.ndim == 1 else g @ _turned(b)


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
    return _turned(a) @ g


def _turned(x: Array) -> Array:
    return swapaxes(x, -1, -2)  # mT has no place in the array API that Dask's arrays follow


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


@composition
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


def _labels(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The axes of each operand of an einsum, and of its result, as letters, the dots too."""
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    parts = given.split(",")
    if not arrow:
        once = sorted(c for c in given if c.isalpha() and given.count(c) == 1)
        result = "." * 3 * ("." in given) + "".join(once)
    new = [c for c in ascii_letters if c not in subscripts]
    dots = [n - len(part) + 3 if "." in part else 0 for part, n in zip(parts, ndims)]
    widest = "".join(new[: max(dots)])
    parts = [part.replace("...", widest[len(widest) - n :]) for part, n in zip(parts, dots)]
    return parts, result.replace("...", widest)


def _einsum_vjp(i: int, g: Array, y: Array, *xs: Array, subscripts: str, optimize: Any) -> Array:
    """The einsum of g and the other operands that has the axes of operand i."""
    parts, result = _labels(subscripts, [np.ndim(x) for x in xs])
    operands, used = [g, *xs[:i], *xs[i + 1 :]], [result, *parts[:i], *parts[i + 1 :]]
    new = (c for c in ascii_letters if c not in result and c not in "".join(parts))
    axes = ""
    for label, n in zip(parts[i], np.shape(xs[i])):
        if label in axes:  # a diagonal was taken
            operands.append(np.eye(n, dtype=g.dtype))
            used.append(label + (label := next(new)))
        elif all(np.shape(x)[u.index(label)] != n for x, u in zip(operands, used) if label in u):
            operands.append(np.ones(n, g.dtype))  # it was summed over, or repeated others
            used.append(label)
        axes += label
    return einsum(f"{','.join(used)}->{axes}", *operands, optimize=True)


@primitive(
    _einsum_vjp,
    name="einsum",
    paper=lambda p, *xs, subscripts, **how: p.function("einsum", *xs, subscripts=subscripts),
)
def contract(*xs: Array, subscripts: str, optimize: Any = False) -> Array:
    """The sum of products of `xs` that `subscripts` say; see `einsum`."""
    return np.einsum(subscripts, *xs, **({"optimize": optimize} if optimize else {}))


@composition
def einsum(subscripts: str, *operands: Array, optimize: Any = False) -> Any:
    """Σ of products of elements, with the axes named by letters: `einsum("ij,jk->ik", a, b)`.

    As np.einsum, "..." and repeated letters included. The gradient is an einsum, too. Raises
    TypeError for subscripts that are not a string.
    """
    if not isinstance(subscripts, str):
        raise TypeError(
            f"einsum got {describe(subscripts)} first; the subscripts are needed, as a string; "
            'write einsum("ij,jk->ik", a, b)'
        )
    return contract(*operands, subscripts=subscripts, optimize=optimize)


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


# Solving ----------------------------------------------------------------------------------------


@primitive(lambda g, y, x: -_turned(y) @ g @ _turned(y), paper=lambda p, x: p.inverse(x))
def inv(x: Array) -> Array:
    """X⁻¹ of a square matrix, or of each in (..., n, n). ∂/∂X = -yᵀ g yᵀ."""
    return np.linalg.inv(x)


@primitive(lambda g, y, x: (g * y)[..., None, None] * _turned(inv(x)))
def det(x: Array) -> Array:
    """The determinant of a square matrix, or of each in (..., n, n). ∂/∂X = g y (X⁻¹)ᵀ.

    The gradient needs the inverse: LinAlgError where there is none.
    """
    return np.linalg.det(x)


@primitive()
def sign_of_det(x: Array) -> Array:
    """The sign of the determinant, or 0. Recorded, without a derivative."""
    return np.linalg.slogdet(x)[0]


@primitive(lambda g, y, x: g[..., None, None] * _turned(inv(x)))
def log_of_det(x: Array) -> Array:
    """log |det X|, without overflow; -inf for a singular X. ∂/∂X = g (X⁻¹)ᵀ."""
    return np.linalg.slogdet(x)[1]


def _solve(a: Array, b: Array, vectors: bool) -> Array:
    """a⁻¹ b, for b of vectors or of matrices in its last axes."""
    return solve(a, b[..., None])[..., 0] if vectors and b.ndim > 1 else solve(a, b)


def _solve_left(g: Array, y: Array, a: Array, b: Array) -> Array:
    gb = _solve(_turned(a), g, b.ndim == 1)
    if b.ndim > 1:
        return -gb @ _turned(y)
    return -outer(gb, y) if y.ndim == 1 else -_columns(gb) * _rows(y)


@primitive(
    _solve_left,
    lambda g, y, a, b: _solve(_turned(a), g, b.ndim == 1),
    paper=lambda p, a, b: p.inverse(a) @ b,
)
def solve(a: Array, b: Array) -> Array:
    """a⁻¹ b: the y for which a @ y is b, found without the inverse.

    a: (..., n, n); b: (n,), one vector, or (..., n, k), as in numpy 2. ∂/∂b = a⁻ᵀ g, and
    ∂/∂a = -(a⁻ᵀ g) yᵀ. LinAlgError for a singular a.
    """
    return np.linalg.solve(a, b)
