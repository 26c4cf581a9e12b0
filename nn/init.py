"""Initial weights. An initializer is a function of a random generator and a shape.

A weight matrix has shape (inputs, outputs). The generator is numpy's `Generator`, or its legacy
`RandomState` where published figures are to be reproduced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Rng = Any  # np.random.Generator or np.random.RandomState
Init = Callable[[Rng, tuple[int, int]], np.ndarray]


def standard_normal(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """N(0, 1)."""
    return np.asarray(rng.standard_normal(shape))


def uniform(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """U[0, 1)."""
    return np.asarray(rng.uniform(size=shape))


def lecun(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """N(0, 1) / √inputs: keeps the variance of a linear layer (LeCun et al., 1998)."""
    return np.asarray(standard_normal(rng, shape) / np.sqrt(shape[0]))


def glorot(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """U[-a, a) with a = √(6 / (inputs + outputs)), for tanh (Glorot and Bengio, 2010)."""
    limit = np.sqrt(6 / sum(shape))
    return np.asarray(rng.uniform(-limit, limit, shape))


def he(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """N(0, 1) · √(2 / inputs), for ReLU (He et al., 2015)."""
    return np.asarray(standard_normal(rng, shape) * np.sqrt(2 / shape[0]))


NAMED: dict[str, Init] = {f.__name__: f for f in (standard_normal, uniform, lecun, glorot, he)}
