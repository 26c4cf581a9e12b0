"""Initial weights: their moments."""

import numpy as np
import pytest

import nn


@pytest.mark.parametrize(
    ("init", "mean", "std"),
    [
        ("standard_normal", 0, 1),
        ("uniform", 0.5, 1 / np.sqrt(12)),
        ("lecun", 0, 1 / np.sqrt(300)),
        ("glorot", 0, np.sqrt(2 / 700)),
        ("he", 0, np.sqrt(2 / 300)),
    ],
)
def test_initializers_have_their_moments(init, mean, std):
    W = nn.Linear(300, 400, init=init, rng=0).W.data
    assert W.mean() == pytest.approx(mean, abs=5 * std / np.sqrt(W.size))
    assert W.std() == pytest.approx(std, rel=0.02)
