"""Memory begins where a line of the cache does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as al


@pytest.mark.parametrize("shape", [(), 3, (0,), (2, 3), (5, 0, 7), (17, 3, 2)])
@pytest.mark.parametrize("dtype", [float, np.float32, np.int8, bool, ">f8"])
def test_it_is_an_array_like_any_other(shape: Any, dtype: Any) -> None:
    array = al.aligned(shape, dtype)
    wanted = np.empty(shape, dtype)
    assert (array.shape, array.dtype, array.size) == (wanted.shape, wanted.dtype, wanted.size)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.size == 0 or array.ctypes.data % 64 == 0
    array[...] = 1
    assert (array == 1).all()
