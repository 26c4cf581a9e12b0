"""The numbers of an array, in a few lines."""

import numpy as np
import pytest

from autograd_lite.drawing.figures import figures, number


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (np.float64(2.0), ("2",)),
        (-0.5, ("−0.5",)),
        (np.array(7), ("7",)),
        (np.array([1.0, -2.5, np.inf, -np.inf, np.nan]), ("1 −2.5 ∞ −∞ nan",)),
        (np.arange(8).reshape(4, 2), ("0 1", "2 3", "4 5", "6 7")),
        (np.arange(8.0).reshape(2, 2, 2), ("0 1", "2 3", "4 5", "6 7")),
        (np.arange(5.0).reshape(5, 1), ("mean 2, sd 1.41", "0 … 4")),  # five rows
        (np.arange(9), ("mean 4, sd 2.58", "0 … 8")),
        (np.array([True, False]), ("True False",)),
        (np.array([True] * 9 + [False]), ("90% true",)),
        (
            np.array([1.0, 3.0] * 5 + [np.nan, np.inf]),
            ("mean 2, sd 1", "1 … 3", "2 are not finite"),
        ),
        (np.full(2000, np.nan), ("2,000 are not finite",)),
        (np.zeros(0), ()),
        (np.zeros((0, 3)), ()),
        (np.zeros((2, 0)), ()),
        (np.full(20, 1e308), ("mean ∞, sd ∞", "1e308 … 1e308")),
        (np.full(20, 60000, np.float16), ("mean 6e04, sd 0", "6e04 … 6e04")),  # no overflow
    ],
)
def test_figures(value, lines):
    assert figures(value) == lines


@pytest.mark.parametrize(
    ("x", "text"),
    [(1234567, "1,234,567"), (1234567.0, "1.23e06"), (1e-7, "1e−07"), (True, "True"), (-3, "−3")],
)
def test_numbers(x, text):
    assert number(x) == text
