"""Views: by which index and order of axes an array is a part of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd_lite.views import address, after, key_text, slice_text, steps_to

X = np.arange(24.0).reshape(4, 6)
CUBE = np.arange(60.0).reshape(3, 4, 5)


def text(view: np.ndarray, base: np.ndarray) -> str | None:
    steps = steps_to(view, base)
    if steps is None:
        return None
    found = "x"
    for step in steps:
        found = step.text.format(found)
    return found


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        (X, "x"),
        (X[...], "x"),
        (X[2], "x[2]"),
        (X[-1], "x[3]"),
        (X[1, 2:], "x[1, 2:]"),
        (X[:, 3], "x[:, 3]"),
        (X[1:3], "x[1:3]"),
        (X[1:2], "x[1:2]"),
        (X[:-1], "x[:-1]"),
        (X[::-1], "x[::-1]"),
        (X[2:0:-1, ::-2], "x[2:0:-1, ::-2]"),
        (X[3:0:-2, 1:5:3], "x[::-2, 1::3]"),
        (X.T, "xᵀ"),
        (X.T[1:], "x[:, 1:]ᵀ"),
        (X[:, None], "x[:, None]"),
        (X[None, 2, :, None], "x[None, 2, :, None]"),
        (X[1, 2, ...], "x[1, 2]"),
        (X.reshape(-1), "x.reshape(24)"),
        (X[2][::2][1:], "x[2, 2::2]"),
        (X[2:2], "x[0:0]"),
        (X.copy(), None),
        (X.real.view(np.int64), None),
        (np.zeros(6), None),
        (X[0:0].copy(), None),
    ],
)
def test_a_view_is_written_as_a_person_writes_it(view: np.ndarray, wanted: str | None) -> None:
    assert text(view, X) == wanted


def test_axes_in_another_order() -> None:
    assert text(CUBE.transpose(1, 0, 2), CUBE) == "x.transpose(1, 0, 2)"
    assert text(CUBE[1].T, CUBE) == "x[1]ᵀ"
    assert text(CUBE.T[:, None], CUBE) == "x.transpose(2, 1, 0)[:, None]"


def test_a_base_that_is_itself_a_view() -> None:
    base = X[1:, ::-2].T  # of an array without a name
    assert text(base[1:, 0], base) == "x[1:, 0]"
    assert text(X[2, 5:0:-2], base) == "x[:, 1]"
    assert text(X[2], base) is None  # it has elements that the base has not
    assert text(X[2, 4, ...], base) is None
    assert text(X[3, 5, ...], base) == "x[0, 2]"


def test_what_overlaps_and_what_is_alike_in_memory() -> None:
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(6.0), 3)
    assert text(windows[2], windows) == "x[2]"
    wide = np.broadcast_to(np.arange(3.0), (4, 3))
    assert text(wide[0], wide) == "x[0]"
    assert text(wide, np.arange(3.0)) is None
    square = np.zeros((1, 1, 1))
    assert text(square[0], square) == "x[0]"


def keys(rng: np.random.Generator, shape: tuple[int, ...]) -> Iterator[Any]:
    for n in shape:
        if rng.random() < 0.2:
            yield None
        kind = rng.integers(4)
        if kind == 0:
            yield int(rng.integers(-n, n))
        elif kind == 1:
            yield slice(None, None, int(rng.choice([-3, -2, -1, 1, 2, 3])))
        else:
            start, stop = sorted(rng.integers(0, n + 1, size=2).tolist())
            yield slice(start, stop, int(rng.choice([1, 1, 2])))


def views(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Some part of x, by a few indices and orders of axes."""
    for _ in range(rng.integers(1, 4)):
        key = (*keys(rng, x.shape), ...) if 0 not in x.shape else (...,)
        x = x[key].transpose(rng.permutation(x[key].ndim))
    return x


@pytest.mark.parametrize("seed", range(300))
def test_every_view_is_found(seed: int) -> None:
    """Of any array, which may be a view itself, also by steps that are not the way it was made."""
    rng = np.random.default_rng(seed)
    owner = rng.normal(size=tuple(rng.integers(1, 6, size=rng.integers(1, 5))))
    base = views(rng, owner)
    view = views(rng, base)
    steps = steps_to(view, base)
    if view.size:
        assert steps is not None
        found = after(steps, base)
        np.testing.assert_array_equal(found, view)
        assert found.shape == view.shape
        assert not view.ndim or address(found) == address(view)
    elif steps is not None:
        assert after(steps, base).shape == view.shape


def test_slices_and_keys_as_they_stand_in_brackets() -> None:
    assert slice_text(slice(1, None, -2)) == "1::-2"
    assert key_text((slice(None), 2, None, ...)) == ":, 2, None, ..."
