"""What the tests of compiling share."""

from __future__ import annotations

from typing import Any

import numpy as np

A = np.arange(6.0).reshape(2, 3) + 1


def same(got: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    """Values, shapes and dtypes."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)
