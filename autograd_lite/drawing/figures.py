"""Figures: what a picture says of the numbers of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

FEW, ROWS = 8, 4  # numbers, and rows of them, that are shown as they are


def figures(value: Any) -> tuple[str, ...]:
    """The numbers of a small array in lines, and of a large one what they are like.

    >>> figures(np.array([[1.0, -0.25], [0.0, 1e-7]]))
    ('1 −0.25', '0 1e−07')
    >>> figures(np.arange(101.0))
    ('mean 50, sd 29.2', '0 … 100')
    >>> figures(np.array([np.nan] * 20))
    ('20 are not finite',)
    """
    x = np.asarray(value)
    if not x.size:
        return ()
    if x.size <= FEW and (x.ndim < 2 or x.size // x.shape[-1] <= ROWS):
        rows = x.reshape(-1, x.shape[-1] if x.ndim else 1)
        return tuple(" ".join(map(number, row)) for row in rows)
    if x.dtype.kind == "b":
        return (f"{x.mean():.0%} true",)
    finite = x[np.isfinite(x)]
    odd = (f"{x.size - finite.size:,} are not finite",) if finite.size < x.size else ()
    if not finite.size:
        return odd
    with np.errstate(all="ignore"):  # of numbers near the largest
        mean, sd = number(finite.mean(dtype=float)), number(finite.std(dtype=float))
    return (f"mean {mean}, sd {sd}", f"{number(finite.min())} … {number(finite.max())}", *odd)


def number(x: Any, digits: int = 3) -> str:
    """A number in so many digits."""
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    text = f"{x:,}" if isinstance(x, (int, np.integer)) else f"{float(x) + 0.0:.{digits}g}"  # no -0
    return text.replace("-", "−").replace("inf", "∞").replace("e+", "e")
