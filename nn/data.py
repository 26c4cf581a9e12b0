"""Batches of samples: of arrays, of what is read by chunks, and as a generator gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from autograd_lite import describe, plain

from .checks import whole
from .chunks import is_chunked, joined, read_batches, read_chunks
from .init import Rng
from .layers import generator
from .module import Module


def batches(
    x: Any, y: Any, size: int, shuffle: bool = True, rng: Rng | int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Pairs of `size` samples, rows of x and of y; the last pair has the remainder.

    x, y: arrays or lists, or what is read a chunk of rows at a time, the next one in a thread while
    one is used: a memmap, or an array of Dask, zarr or h5py. shuffle: in a random order drawn from
    `rng`, a generator, which gives a new order at each call, or a seed, which gives the same one;
    of what is read by chunks, the chunks are in random order, and so are the rows of each.

    Raises ValueError if x and y are empty or differ in length, or size is not a positive integer,
    TypeError for what has no rows and for arrays that compute in a way of their own.

    >>> [len(a) for a, _ in batches(np.zeros((7, 2)), np.zeros(7), 3)]
    [3, 3, 1]
    """
    x, y = paired(x, y)
    size = whole(size, "size")
    drawing = generator(rng)
    if is_chunked(x) or is_chunked(y):
        return read_batches(x, y, size, shuffle, drawing)
    order = drawing.permutation(len(x)) if shuffle else np.arange(len(x))
    return ((x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(x), size))


def epoch_batches(
    x: Any, y: Any, size: int, shuffle: bool, rng: Rng, epochs: int
) -> Callable[[], Iterable[tuple[Any, Any]]]:
    """A function that gives the batches of one epoch more: cut from rows, or those of a generator.

    Without y, x makes batches: a function that returns an iterable of pairs, or such an iterable.
    Raises TypeError for another x, ValueError for an iterable that is used up after the first of
    several epochs.
    """
    if y is not None:
        return partial(batches, x, y, size, shuffle, rng)
    if not callable(x) and not hasattr(x, "__next__") and not hasattr(x, "__iter__"):
        raise TypeError(
            f"x is {describe(x)} and y is None; arrays of rows are needed, or a function that "
            "returns an iterable of batches, pairs (x, y); pass one"
        )
    if hasattr(x, "__next__") and epochs > 1:
        raise ValueError(
            f"x is {describe(x)}, an iterator, for {epochs} epochs; each epoch needs all batches, "
            "and it gives them once; pass the function that makes it"
        )
    return lambda: map(_batch, _made(x() if callable(x) else x))


def _made(batches: Any) -> Iterable[Any]:
    if not isinstance(batches, Iterable):
        raise TypeError(
            f"x returned {describe(batches)}; an iterable of batches is needed, pairs (x, y), for "
            "y is None; return one, or pass rows as x and y"
        )
    return batches


def _batch(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        what = f"{len(batch)} parts" if isinstance(batch, (tuple, list)) else describe(batch)
        raise TypeError(
            f"a batch is {what}; a pair (x, y) is needed, for y is None, and so x makes batches; "
            "yield pairs, or pass rows as x and y"
        )
    x, y = batch
    return paired(x, y, "a batch's ")


def predicted(model: Module, x: Any, y: Any) -> tuple[Any, Any]:
    """Predictions for x, and y, both in memory; x is not, where it is read by chunks."""
    if not (is_chunked(x) or is_chunked(y)):
        return model.predict(x), y
    return joined((model.predict(a), b) for a, b in read_chunks(x, y))


def paired(x: Any, y: Any, whose: str = "") -> tuple[Any, Any]:
    """x and y as arrays of rows; ValueError unless there are as many, and one at least."""
    x, y = samples(x, f"{whose}x"), samples(y, f"{whose}y")
    rows = [array.shape[0] for array in (x, y)]
    if rows[0] != rows[1] or not rows[0]:
        raise ValueError(
            f"{whose}x has {rows[0]} samples and y {rows[1]}; as many are needed, and one at "
            "least; pass matching rows"
        )
    return x, y


def samples(x: Any, name: str = "x") -> Any:
    """Data as an array of rows, without a copy where it is one.

    A list or data frame is converted; an array of a subclass becomes a plain view of it. What is
    read by chunks stays as it is. TypeError for a subclass that computes in a way of its own, as
    masked arrays and matrices do, and for what has no rows.
    """
    array = x
    if is_chunked(x) and x.shape and x.shape[0] != x.shape[0]:
        raise ValueError(
            f"{name} is {describe(x)}; its number of rows is needed to cut batches; call its "
            "compute_chunk_sizes() first"
        )
    if is_chunked(x):
        pass
    elif isinstance(x, np.ndarray):
        array = plain(x)
    elif not hasattr(x, "__array_function__"):
        try:
            array = np.asarray(x)
        except ValueError:  # rows of several lengths
            array = None
    if array is None or not getattr(array, "ndim", 1):
        raise TypeError(
            f"{name} is {describe(x)}; an array or list of samples is needed, rows of one "
            "length; pass one"
        )
    return array
