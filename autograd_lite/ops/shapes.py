"""Ops that arrange elements without computing: shapes, axes, indices, joins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Any, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph import Array, Node, describe
from ..op import T, composition, primitive

__all__ = [
    "reshape",
    "ravel",
    "transpose",
    "swapaxes",
    "squeeze",
    "expand_dims",
    "broadcast_to",
    "join",
    "concatenate",
    "pile",
    "stack",
    "index",
    "getitem",
    "scatter",
    "tril",
    "triu",
]


@primitive(
    lambda g, y, x, *, shape: reshape(g, shape=x.shape),
    paper=lambda p, x, shape: p.reshaped(x),
)
def reshape(x: Array, *, shape: int | tuple[int, ...]) -> Array:
    """The elements of x in another shape; one length may be -1, which is worked out."""
    return x.reshape(shape)


@composition
def ravel(x: Array) -> Any:
    """The elements of x in one axis."""
    return reshape(x, shape=-1)


def _undo_transpose(g: Array, y: Array, x: Array, *, axes: tuple[int, ...] | None) -> Array:
    if axes is None:
        return transpose(g)
    return transpose(g, axes=inverse(tuple(axis % x.ndim for axis in axes)))


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order of axes that undoes `axes`, each counted from 0."""
    return tuple(axes.index(i) for i in range(len(axes)))


@primitive(_undo_transpose, paper=lambda p, x, axes=None: p.transposed(x, axes))
def transpose(x: Array, *, axes: tuple[int, ...] | None = None) -> Array:
    """x with its axes in another order; None reverses them."""
    return x.T if axes is None else x.transpose(axes)


@composition
def swapaxes(x: Array, axis1: int, axis2: int) -> Any:
    """x with two of its axes exchanged."""
    axes = list(range(np.ndim(x)))
    try:
        axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    except IndexError:
        raise IndexError(
            f"swapaxes got axes {axis1} and {axis2} for {describe(x)}; axes from {-len(axes)} to "
            f"{len(axes) - 1} are needed; look at its shape"
        ) from None
    return transpose(x, axes=tuple(axes))


@primitive(
    lambda g, y, x, *, axis: reshape(g, shape=x.shape),
    paper=lambda p, x, axis=None: p.reshaped(x),
)
def squeeze(x: Array, *, axis: int | tuple[int, ...] | None = None) -> Array:
    """x without its axes of length 1: all of them, or those of `axis`."""
    return x.squeeze(axis)


@primitive(
    lambda g, y, x, *, axis: reshape(g, shape=x.shape),
    paper=lambda p, x, axis: p.reshaped(x),
)
def expand_dims(x: Array, *, axis: int | tuple[int, ...]) -> Array:
    """x with new axes of length 1, which are `axis` of the result."""
    return np.expand_dims(x, axis)


@primitive(lambda g, y, x, *, shape: g, paper=lambda p, x, shape: p.repeated(x))
def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    """x repeated to `shape`, without a copy. Its cotangent is summed over the repetitions."""
    return np.broadcast_to(x, shape)


# Joining ----------------------------------------------------------------------------------------


def _part(i: int, g: Array, y: Array, *xs: Array, axis: int | None) -> Array:
    lengths = [prod(np.shape(x)) if axis is None else x.shape[axis] for x in xs]
    start, end = (0, *accumulate(lengths))[i : i + 2]
    part = along(g, slice(start or None, end), -1 if axis is None else axis)
    return reshape(part, shape=xs[i].shape)


@primitive(_part, name="concatenate")
def join(*xs: Array, axis: int | None) -> Array:
    """The arrays joined along an existing axis; see `concatenate`."""
    return np.concatenate(xs, axis)


@overload
def concatenate(xs: Sequence[T], axis: int | None = 0) -> T: ...
@overload
def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Any: ...
def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Any:
    """The arrays of a list joined along an existing axis; None: each is flattened first."""
    return join(*xs, axis=axis)


@primitive(lambda i, g, y, *xs, axis: along(g, i, axis), name="stack")
def pile(*xs: Array, axis: int) -> Array:
    """The arrays joined along a new axis; see `stack`."""
    return np.stack(xs, axis)


@overload
def stack(xs: Sequence[T], axis: int = 0) -> T: ...
@overload
def stack(xs: Sequence[Any], axis: int = 0) -> Any: ...
def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """The arrays of a list, all of one shape, joined along a new axis: `stack([a, b])`."""
    return pile(*xs, axis=axis)


# Indexing ---------------------------------------------------------------------------------------

_BASIC = (int, np.integer, np.bool_, slice, type(None), type(...))
_ARRAY = type("Array", (), {"__repr__": lambda self: "array"})()  # an array's place in a key


@composition
def index(x: Array, key: Any) -> Any:
    """x[key], also written so: integers, slices, None, ..., integer arrays and bool masks.

    An element that is taken more than once gets the sum of its cotangents. Arrays and Tensors in
    the key are inputs of the recorded op, without a derivative.
    """
    parts, arrays = parted(key)
    return getitem(x, *arrays, key=parts)


def parted(key: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """A key as an op takes it, and the arrays in it."""
    parts, arrays = [], []
    for part in key if isinstance(key, tuple) else (key,):
        if not isinstance(part, (*_BASIC, Node, np.ndarray)):
            part = np.asarray(part)  # an index array, however it is given
            part = part if part.size else part.astype(np.intp)  # [] is of float
        if not isinstance(part, _BASIC):
            arrays.append(part)
            part = _ARRAY
        parts.append(part)
    return tuple(parts), arrays


def filled(key: tuple[Any, ...], arrays: tuple[Array, ...]) -> tuple[Any, ...]:
    """A key with its arrays in their places."""
    remaining = iter(arrays)
    return tuple(next(remaining) if part is _ARRAY else part for part in key)


@primitive(
    lambda g, y, x, *arrays, key: scatter(g, *arrays, key=key, shape=x.shape),
    name="index",
    paper=lambda p, x, *arrays, key: x[filled(key, arrays)],
)
def getitem(x: Array, *arrays: Array, key: tuple[Any, ...]) -> Array:
    """x[key], where the arrays of the key are inputs of their own; see `index`."""
    return x[filled(key, arrays)]


@primitive(
    lambda g, y, x, *arrays, key, shape: getitem(g, *arrays, key=key),
    paper=lambda p, x, *arrays, key, shape: p.placed(x, filled(key, arrays)),
)
def scatter(x: Array, *arrays: Array, key: tuple[Any, ...], shape: tuple[int, ...]) -> Array:
    """Zeros of `shape`, with the elements of x added at `key`: the transpose of `getitem`."""
    y = np.zeros_like(x, shape=shape)
    place = filled(key, arrays)
    if repeats(arrays):
        try:
            np.add.at(y, place, x)
        except TypeError as error:  # arrays that are not in this memory, such as Dask's
            raise TypeError(
                f"{describe(y)} was to add up the cotangents of elements that an integer array "
                f"takes; np.add.at is needed, which {type(y).__name__} of {type(y).__module__} "
                "does not have; take them with a slice or a mask, or by a product with one_hot"
            ) from error
    else:
        y[place] = x
    return y


def repeats(arrays: tuple[Array, ...]) -> bool:
    """May a key with these arrays name an element more than once?"""
    return any(k.dtype.kind in "iu" for k in arrays)


def along(x: Array, key: Any, axis: int) -> Any:
    """x[key] along an axis: `along(x, slice(2), -1)` is x[..., :2]."""
    before = normalize_axis_index(axis, np.ndim(x))
    return index(x, (*[slice(None)] * before, key))


def flip(m: Array, axis: int | tuple[int, ...] | None = None) -> Any:
    """m in reverse order along `axis`; None: along all axes."""
    axes = range(np.ndim(m)) if axis is None else normalize_axis_tuple(axis, np.ndim(m))
    return index(m, tuple(slice(None, None, -1 if i in axes else 1) for i in range(np.ndim(m))))


@primitive(lambda g, y, x, *, k: tril(g, k=k))
def tril(x: Array, *, k: int = 0) -> Array:
    """The lower triangle of a matrix, or of each: 0 above diagonal k."""
    return np.tril(x, k)


@primitive(lambda g, y, x, *, k: triu(g, k=k))
def triu(x: Array, *, k: int = 0) -> Array:
    """The upper triangle of a matrix, or of each: 0 below diagonal k."""
    return np.triu(x, k)
