"""What a wrong argument is told: what it is, what is needed, what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite import describe


def whole(x: Any, name: str, least: int = 1) -> int:
    """`x` as an integer; ValueError unless it is one (no bool) of at least `least`."""
    if not isinstance(x, (int, np.integer)) or isinstance(x, bool) or x < least:
        raise ValueError(
            f"{name} is {describe(x)}; an integer of at least {least} is needed; choose one"
        )
    return int(x)


def number(x: Any, name: str, below: float = np.inf) -> float:
    """`x` as a float, for a numpy number would widen float32; ValueError unless 0 <= x < below."""
    try:
        value = np.nan if isinstance(x, (str, bytes)) else float(x)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 <= value < below:
        limit = "finite" if below == np.inf else f"below {below:g}"
        raise ValueError(
            f"{name} is {describe(x)}; a number of at least 0, {limit}, is needed; choose one"
        )
    return value


def check_has(x: Any, method: str, name: str, needed: str, remedy: str) -> None:
    """TypeError, with what is needed and what to do, unless `x` is an object with a method."""
    if isinstance(x, type) or not callable(getattr(x, method, None)):
        raise TypeError(f"{name} is {describe(x)}; {needed} is needed; {remedy}")
