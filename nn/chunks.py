"""Data that are read a chunk of rows at a time: where chunks end, the order of rows, reading ahead.

Shuffling is by chunk, in a random order, and within each chunk; a batch that the rows of a chunk do
not fill takes the rest of the next one's. Without it, batches are those of the same data in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import prod
from typing import Any, TypeVar

import numpy as np

from autograd_lite import computed

from .init import Rng

T = TypeVar("T")
Piece = tuple[int, np.ndarray]  # the number of a chunk, and which of its rows, in order
BYTES = 1 << 24  # of a chunk, where the data do not say how they are stored


def is_chunked(x: Any) -> bool:
    """Are they rows to be read from elsewhere: a memmap, or an array of Dask, zarr or h5py?"""
    return isinstance(x, np.memmap) or hasattr(x, "chunks")


def chunk_ends(x: Any, y: Any) -> list[int]:
    """The row after each chunk's last: those of Dask's chunks, or of what zarr or h5py stores.

    Stored chunks are put together, and what has none is cut, to about 16 MB.
    """
    leading = x if is_chunked(x) else y
    count = leading.shape[0]
    stored = (getattr(leading, "chunks", None) or (1,))[0]
    if isinstance(stored, tuple):
        return [end for end in dict.fromkeys(accumulate(stored)) if end]  # without empty ones
    row = max(leading.dtype.itemsize * prod(leading.shape[1:]), 1)
    step = stored * max(BYTES // (row * stored), 1)
    return [*range(step, count, step), count]


def spans(ends: Sequence[int]) -> list[slice]:
    """The rows of each chunk, as slices of the whole."""
    return [slice(start, end) for start, end in pairwise((0, *ends))]


def chunk_order(count: int, shuffle: bool, rng: Rng) -> list[int]:
    """The numbers of the chunks, as an epoch goes through them."""
    return (rng.permutation(count) if shuffle else np.arange(count)).tolist()


def plan(
    order: Iterable[int], lengths: Sequence[int], size: int, shuffle: bool, rng: Rng
) -> Iterator[list[Piece]]:
    """Which rows each batch of an epoch takes from which chunks, these in the given order.

    >>> for batch in plan([1, 0], [3, 2], 3, False, None):
    ...     print([(i, rows.tolist()) for i, rows in batch])
    [(1, [0, 1]), (0, [0])]
    [(0, [1, 2])]
    """
    batch: list[Piece] = []
    missing = size
    for i in order:
        rows = rng.permutation(lengths[i]) if shuffle else np.arange(lengths[i])
        while len(rows):
            taken, rows = rows[:missing], rows[missing:]
            batch.append((i, taken))
            missing -= len(taken)
            if not missing:
                yield batch
                batch, missing = [], size
    if batch:
        yield batch


def read(x: Any, y: Any, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """Rows of both, in memory; what is not computed yet is, for both at once."""
    a, b = computed([x[rows], y[rows]], progress=False)
    return in_memory(a), in_memory(b)


def in_memory(x: Any) -> np.ndarray:
    """Rows as an array; a memmap would be read no sooner than its numbers are used."""
    return np.array(x) if isinstance(x, np.memmap) else np.asarray(x)


def ahead(calls: Iterable[Callable[[], T]]) -> Iterator[T]:
    """What calls return, each of which runs in a thread while the result before it is used."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, "reading ahead") as thread:
        waiting = None
        for call in calls:
            following = thread.submit(call)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def read_chunks(x: Any, y: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The chunks, in order."""
    return ahead(partial(read, x, y, rows) for rows in spans(chunk_ends(x, y)))


def read_batches(
    x: Any, y: Any, size: int, shuffle: bool, rng: Rng
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of `size` rows; at most three chunks are in memory."""
    rows = spans(chunk_ends(x, y))
    order = chunk_order(len(rows), shuffle, rng)
    chunks = ahead(partial(read, x, y, rows[i]) for i in order)
    lengths = [part.stop - part.start for part in rows]
    current, xc, yc = -1, np.empty(0), np.empty(0)
    for batch in plan(order, lengths, size, shuffle, rng):
        parts = []
        for i, taken in batch:
            if i != current:
                xc, yc = next(chunks)
                current = i
            parts.append((xc[taken], yc[taken]))
        yield parts[0] if len(parts) == 1 else joined(parts)


def joined(pairs: Iterable[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """The rows of several pairs as one pair."""
    x, y = map(np.concatenate, zip(*pairs))
    return x, y
