"""Memory that numpy's loops are quick on."""

from __future__ import annotations

from typing import Any

import numpy as np

LINE = 64  # bytes: a line of the cache, and a vector register


def aligned(shape: int | tuple[int, ...], dtype: Any = float) -> np.ndarray:
    """An array like np.empty(shape, dtype) that begins where a line of the cache does.

    Arrays that begin within one cost numpy up to three times as long where another core has used
    them, for every vector then straddles two lines.

    >>> aligned((3, 4), np.float32).ctypes.data % 64
    0
    """
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    array: np.ndarray = memory[start : start + size].view(dtype).reshape(shape)
    return array
