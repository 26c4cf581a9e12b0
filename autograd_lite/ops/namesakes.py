"""numpy's functions that are compositions of ops, with its names, arguments and defaults.

What `np.hstack(...)` and the like record on Tensors. They are no ops, and no names of the package.
Where numpy can say which element goes where, it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import stride_tricks
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph import Array, Node, describe
from . import elementwise, reductions, shapes
from .elementwise import astype, divide, equal, multiply, not_equal, sigmoid, subtract
from .linear import einsum, log_of_det, matmul, sign_of_det
from .reductions import Axis, argsort, argwhere
from .shapes import (
    along,
    broadcast_to,
    concatenate,
    flip,
    index,
    scatter,
    transpose,
)

__all__ = [
    "reshape",
    "ravel",
    "hstack",
    "vstack",
    "dstack",
    "column_stack",
    "append",
    "insert",
    "split",
    "array_split",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "moveaxis",
    "tile",
    "repeat",
    "pad",
    "roll",
    "sliding_window_view",
    "flip",
    "sort",
    "take_along_axis",
    "diagonal",
    "diag",
    "trace",
    "where",
    "sum",
    "mean",
    "prod",
    "cumsum",
    "cumprod",
    "amax",
    "amin",
    "nansum",
    "nanmean",
    "diff",
    "inner",
    "tensordot",
    "kron",
    "slogdet",
    "expit",
]

# Shapes -----------------------------------------------------------------------------------------


def reshape(a: Any, shape: int | Sequence[int], order: str | None = "C") -> Any:
    """The elements of a in another shape, row by row; order "F": column by column, as Octave's
    `reshape` and `(:)` take and put them."""
    lengths = (shape,) if np.ndim(shape) == 0 else tuple(shape)  # type: ignore[arg-type]
    way = (order or "C").upper()
    if way == "F":
        return transpose(shapes.reshape(transpose(a), shape=lengths[::-1]))
    if way != "C":
        raise ValueError(
            f"reshape got order {order!r} for {describe(a)}; 'C', row by row, or 'F', column by "
            "column, is needed: how the elements lie in memory is not recorded; give one of these"
        )
    return shapes.reshape(a, shape=lengths)


def ravel(a: Any, order: str | None = "C") -> Any:
    """The elements of a in one axis, row by row; order "F": column by column."""
    return reshape(a, -1, order)


# Joining and dividing ---------------------------------------------------------------------------


def atleast_1d(*arys: Any) -> Any:
    """Each array with one axis or more: a number becomes (1,)."""
    return _each(lambda x: x if np.ndim(x) else np.reshape(x, 1), arys)


def atleast_2d(*arys: Any) -> Any:
    """Each array with two axes or more: (n,) becomes (1, n)."""
    return _each(lambda x: x if np.ndim(x) > 1 else np.reshape(x, (1, -1)), arys)


def atleast_3d(*arys: Any) -> Any:
    """Each array with three axes or more: (n,) becomes (1, n, 1), and (m, n) becomes (m, n, 1)."""
    return _each(lambda x: x if np.ndim(x) > 2 else np.expand_dims(atleast_2d(x), 2), arys)


def _each(f: Callable[[Any], Any], xs: Sequence[Any]) -> Any:
    """f of an array, or the tuple of those of several."""
    results = tuple(map(f, xs))
    return results[0] if len(results) == 1 else results


def hstack(tup: Sequence[Any]) -> Any:
    """The arrays joined side by side: along axis 1, vectors along axis 0."""
    xs = [atleast_1d(x) for x in tup]
    return concatenate(xs, axis=0 if xs and np.ndim(xs[0]) == 1 else 1)


def vstack(tup: Sequence[Any]) -> Any:
    """The arrays joined one below the other, vectors as rows."""
    return concatenate([atleast_2d(x) for x in tup], axis=0)


def dstack(tup: Sequence[Any]) -> Any:
    """The arrays joined along the third axis."""
    return concatenate([atleast_3d(x) for x in tup], axis=2)


def column_stack(tup: Sequence[Any]) -> Any:
    """The arrays joined side by side, vectors as columns."""
    columns = [x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in tup]
    return concatenate(columns, axis=1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """arr with `values` after it along `axis`; None: both are flattened first."""
    return concatenate([_array(arr), _array(values)], axis=axis)


def _array(x: Any) -> Any:
    """A number or list as an array, which numpy makes of it in these functions."""
    return x if isinstance(x, Node) else np.asarray(x)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """arr with `values` before the places `obj` along `axis`; None: arr is flattened first."""
    arr, values = _array(arr), _array(values)
    old = np.arange(arr.size).reshape(arr.shape)
    new = np.arange(arr.size, arr.size + values.size).reshape(values.shape)
    both = concatenate([arr, astype(values, dtype=arr.dtype)], axis=None)
    return index(both, np.insert(old, obj, new, axis))


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """ary cut along `axis` into parts of nearly one length, or at the given places."""
    return _cut(ary, np.array_split, indices_or_sections, axis)


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """ary cut along `axis` into parts of one length, or at the given places."""
    return _cut(ary, np.split, indices_or_sections, axis)


def _cut(x: Any, cut: Callable[..., list[Array]], where: Any, axis: int) -> list[Any]:
    n = np.shape(x)[normalize_axis_index(axis, np.ndim(x))]
    places = [part.tolist() or [0, -1] for part in cut(np.arange(n), where)]
    return [along(x, slice(part[0], part[-1] + 1), axis) for part in places]


# Arranging --------------------------------------------------------------------------------------


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """a with some of its axes in other places."""
    numbered = np.empty(tuple(range(np.ndim(a))))  # its lengths are the numbers of its axes
    return transpose(a, axes=np.moveaxis(numbered, source, destination).shape)


def tile(A: Any, reps: Any) -> Any:
    """A again and again, `reps` times along each axis."""
    reps = tuple(np.atleast_1d(reps).tolist())
    shape = np.shape(A)
    reps = (1,) * (len(shape) - len(reps)) + reps
    shape = (1,) * (len(reps) - len(shape)) + shape
    single = reshape(A, shape=tuple(n for m in shape for n in (1, m)))
    many = broadcast_to(single, shape=tuple(n for r, m in zip(reps, shape) for n in (r, m)))
    return reshape(many, shape=tuple(r * m for r, m in zip(reps, shape)))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element of a `repeats` times in a row, along `axis`; None: a is flattened first."""
    a, axis = (ravel(a), 0) if axis is None else (a, axis)
    shape = list(np.shape(a))
    at = normalize_axis_index(axis, len(shape))
    if np.ndim(repeats):
        return along(a, np.repeat(np.arange(shape[at]), repeats), axis)
    single = reshape(a, shape=(*shape[: at + 1], 1, *shape[at + 1 :]))
    many = broadcast_to(single, shape=(*shape[: at + 1], int(repeats), *shape[at + 1 :]))
    return reshape(many, shape=(*shape[:at], shape[at] * int(repeats), *shape[at + 1 :]))


def pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    """array with more elements on all sides: `pad_width`, or pairs of widths, one for each axis.

    mode: "constant", with `constant_values` there, or "edge", "reflect", "symmetric" or "wrap",
    with elements of the array. ValueError for another.
    """
    shape = np.shape(array)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        numbers = np.arange(np.size(array)).reshape(shape)
        return index(ravel(array), np.pad(numbers, pad_width, mode))  # type: ignore[call-overload]
    if mode != "constant":
        raise ValueError(
            f"pad got mode={mode!r}; constant, edge, reflect, symmetric or wrap is needed; write "
            "others with concatenate"
        )
    border = np.pad(np.zeros(shape, array.dtype), pad_width, constant_values=constant_values)
    before = np.broadcast_to(pad_width, (len(shape), 2))[:, 0].tolist()
    key = tuple(slice(i, i + n) for i, n in zip(before, shape))
    within = scatter(array, key=key, shape=border.shape)
    return within + border if border.any() else within


def sliding_window_view(x: Any, window_shape: Any, axis: Axis = None) -> Any:
    """x with its windows of a shape along `axis`, which stand in further axes at the end."""
    places = np.arange(np.size(x)).reshape(np.shape(x))
    return index(ravel(x), stride_tricks.sliding_window_view(places, window_shape, axis))


def roll(a: Any, shift: Any, axis: Axis = None) -> Any:
    """a with its elements moved by `shift` places along `axis`, those at the end to the front.

    axis None: in a flattened.
    """
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), shape=np.shape(a))
    axes = normalize_axis_tuple(axis, np.ndim(a), allow_duplicate=True)
    for by, at in np.broadcast(shift, axes):
        cut = -int(by) % (np.shape(a)[at] or 1)
        if cut:
            a = concatenate(
                [along(a, slice(cut, None), at), along(a, slice(cut), at)], axis=int(at)
            )
    return a


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """For each line of arr along `axis` the elements at its `indices`; None: of arr flattened."""
    arr, axis = (ravel(arr), 0) if axis is None else (arr, axis)
    key: list[Any] = list(np.ix_(*map(np.arange, np.shape(arr))))
    key[normalize_axis_index(axis, np.ndim(arr))] = indices
    return index(arr, tuple(key))


def sort(a: Any, axis: int | None = -1, kind: str | None = None, *, stable: Any = None) -> Any:
    """The elements of a in ascending order along `axis`; None: of a flattened.

    The gradient goes where the elements came from; of equal ones the first in a is the first.
    """
    a, axis = (ravel(a), 0) if axis is None else (a, axis)
    return take_along_axis(a, argsort(a, axis=axis, kind="stable"), axis)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements of a with equal places in two axes, the second `offset` ahead; the last axis."""
    a = moveaxis(a, (axis1, axis2), (-2, -1))
    m, n = np.shape(a)[-2:]
    rows = np.arange(max(0, -offset), max(0, -offset, min(m, n - offset)))
    return index(a, (..., rows, rows + offset))


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal k of a matrix, or the matrix with the vector v there."""
    if np.ndim(v) != 1:
        return diagonal(v, k)
    n = np.size(v) + abs(k)
    place = slice(max(k, -k * n), max(k, -k * n) + np.size(v) * (n + 1), n + 1)
    return reshape(scatter(v, key=(place,), shape=(n * n,)), shape=(n, n))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    return reductions.sum(diagonal(a, offset, axis1, axis2), axis=-1)


def where(condition: Any, *choices: Any) -> Any:
    """x where the condition holds, else y; of a condition alone: where it holds, a key."""
    if choices:
        return elementwise.where(condition, *choices)
    return tuple(transpose(argwhere(condition)))


# Summing ----------------------------------------------------------------------------------------


def _of_dtype(op: Callable[..., Any]) -> Callable[..., Any]:
    """The op with numpy's argument `dtype`, in which it computes."""

    def call(a: Any, axis: Axis = None, dtype: Any = None, **params: Any) -> Any:
        if axis is not None:  # else it would cost time in the commonest of calls
            params["axis"] = axis
        return op(a if dtype is None else astype(a, dtype=dtype), **params)

    call.__name__, call.__doc__ = op.__name__, op.__doc__
    return call


sum = _of_dtype(reductions.sum)
mean = _of_dtype(reductions.mean)
prod = _of_dtype(reductions.prod)
cumsum = _of_dtype(reductions.cumsum)
cumprod = _of_dtype(reductions.cumprod)
amax = reductions.max
amin = reductions.min


def nansum(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """Σa over `axis`, without what is NaN, which gets the gradient 0."""
    return sum(elementwise.where(equal(a, a), a, 0), axis, dtype, keepdims=keepdims)


def nanmean(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """Σa / n over `axis`, without what is NaN; NaN if there is nothing else."""
    count = reductions.sum(equal(a, a), axis=axis, keepdims=keepdims)
    total = nansum(a, axis, dtype, keepdims=keepdims)
    return divide(total, astype(count, dtype=total.dtype))


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along `axis`, n times."""
    for _ in range(n):
        minus = not_equal if a.dtype == bool else subtract
        a = minus(along(a, slice(1, None), axis), along(a, slice(-1), axis))
    return a


# Products ---------------------------------------------------------------------------------------


def inner(a: Any, b: Any) -> Any:
    """Σ of products over the last axes of a and b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    return matmul(a, transpose(b)) if np.ndim(b) < 3 else tensordot(a, b, (-1, -1))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Σ of products over some axes of a and b: the last and first `axes`, or a pair of lists."""
    m, n = np.ndim(a), np.ndim(b)
    left, right = list(ascii_letters[:m]), list(ascii_letters[m : m + n])
    pair = (range(m - axes, m), range(axes)) if np.ndim(axes) == 0 else map(np.atleast_1d, axes)
    summed = []
    for i, j in zip(*pair, strict=True):
        summed.append(left[i])
        right[j] = left[i]
    result = [c for c in (*left, *right) if c not in summed]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(result)}", a, b, optimize=True)


def kron(a: Any, b: Any) -> Any:
    """The blocks aᵢⱼ b."""
    n = max(np.ndim(a), np.ndim(b))
    left, right = ((1,) * (n - np.ndim(x)) + np.shape(x) for x in (a, b))
    blocks = np.reshape(a, tuple(k for m in left for k in (m, 1)))
    block = np.reshape(b, tuple(k for m in right for k in (1, m)))
    return reshape(multiply(blocks, block), shape=tuple(i * j for i, j in zip(left, right)))


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


def slogdet(a: Any) -> SlogdetResult:
    """The sign of the determinant of a, without a derivative, and log |det a|."""
    return SlogdetResult(sign_of_det(a), log_of_det(a))


expit = sigmoid  # of scipy.special
