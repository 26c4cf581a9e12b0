"""Losses: two arrays in, one number out. The shapes must agree, for losses never broadcast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Array, describe
from ..op import primitive
from .elementwise import astype, sigmoid, softplus
from .reductions import alive, log_softmax, softmax, sum

__all__ = [
    "mse",
    "half_squared_error",
    "cross_entropy",
    "bce_with_logits",
    "one_hot",
]


def _error(prediction: Array, target: Array) -> Array:
    """prediction - target, for arrays of one shape."""
    shapes = getattr(prediction, "shape", ()), getattr(target, "shape", ())
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"shapes {shapes[0]} and {shapes[1]} differ; a loss needs equal ones, for it never "
            "broadcasts; reshape the one that is meant otherwise"
        )
    error = prediction - target
    _check_size(error.size)
    return error


def _check_size(n: int) -> None:
    if n == 0:
        raise ValueError("there are no elements, and a loss needs one at least")


def _mse_vjp(g: Array, y: Array, prediction: Array, target: Array) -> Array:
    error = prediction - target
    return 2 * g / error.size * error


@primitive(
    _mse_vjp,
    lambda g, y, prediction, target: -_mse_vjp(g, y, prediction, target),
    paper=lambda p, y, t: ((y - t) ** 2).sum() / y.size,
)
def mse(prediction: Array, target: Array) -> Array:
    """The mean squared error, 1/n Σ(p - t)², over all n elements.

    prediction, target: arrays of one shape (ValueError otherwise). Result: 0-d.
    ∂/∂p = 2/n (p - t).
    """
    error = _error(prediction, target)
    return (error * error).sum() / error.size


@primitive(
    lambda g, y, prediction, target: g * (prediction - target),
    lambda g, y, prediction, target: g * (target - prediction),
    paper=lambda p, y, t: ((y - t) ** 2).sum() / 2,
)
def half_squared_error(prediction: Array, target: Array) -> Array:
    """½ Σ(p - t)², summed over all elements, samples included.

    prediction, target: arrays of one shape (ValueError otherwise). Result: 0-d.
    ∂/∂p = p - t.
    """
    error = _error(prediction, target)
    return (error * error).sum() / 2


@primitive(paper=lambda p, classes, n, **dtype: p.onehot(classes, n))
def one_hot(classes: Array, *, n: int, dtype: Any = np.float64) -> Array:
    """Class numbers as rows of n: 1 at the class and 0 elsewhere. No derivative."""
    return (np.expand_dims(classes, -1) == np.arange(n)).astype(dtype)


def _numbers(target: Array) -> Array:
    """The target as an array, also the int that is the class of a single sample."""
    return np.intp(target) if isinstance(target, int) else target


def _are_classes(target: Array, logits: Array) -> bool:
    return np.ndim(target) < np.ndim(logits)


def _probabilities(target: Array, logits: Array) -> Array:
    """Class numbers as rows of 0 and 1; probabilities as they are."""
    if _are_classes(target, logits):
        return one_hot(_numbers(target), n=logits.shape[-1], dtype=logits.dtype)
    return target if target.dtype.kind == "f" else astype(target, dtype=logits.dtype)


def _cross_entropy_vjp(g: Array, y: Array, logits: Array, target: Array) -> Array:
    p, t = softmax(logits), _probabilities(target, logits)
    total = 1 if _are_classes(target, logits) else sum(t, axis=-1, keepdims=True)
    return g / _rows(logits) * (p * total - alive(t, p, axis=-1))


def _rows(logits: Array) -> int:
    return logits.size // logits.shape[-1]  # type: ignore[no-any-return]


@primitive(
    _cross_entropy_vjp,
    lambda g, y, logits, target: -g / _rows(logits) * log_softmax(logits),
    paper=lambda p, z, t: (
        -(
            (p.onehot(t, z.shape[-1]) if _are_classes(t, z) else t) * p.function("log softmax", z)
        ).sum()
        / _rows(z)
    ),
    formula=True,
)
def cross_entropy(logits: Array, target: Array) -> Array:
    """The mean over samples of -Σ t log softmax(logits), classes along the last axis.

    logits: (..., classes), floating. target: class numbers, integers of shape (...), or
    probabilities (one-hot rows), of the shape of logits. Result: 0-d. ∂/∂logits = (p - t) / n.
    Raises ValueError for other shapes and for a number that is no class.
    """
    shape, target = np.shape(logits), _numbers(target)
    _check_size(math.prod(shape))
    if shape and np.shape(target) == shape:
        t = _probabilities(target, logits)
        return -(t * np.where(t == 0, 0, log_softmax(logits))).sum() / _rows(logits)
    if not shape or np.shape(target) != shape[:-1] or target.dtype.kind not in "iu":
        raise ValueError(
            f"the target is {describe(target)} for logits of shape {shape}; "
            f"class numbers (integers) of shape {shape[:-1]} or probabilities of shape {shape} are "
            "needed; convert class numbers with .astype(int), and a column of them with .ravel()"
        )
    if not (target.min() >= 0 and target.max() < shape[-1]):
        raise ValueError(
            f"class numbers from {target.min()} to {target.max()} do not fit {shape[-1]} classes; "
            f"numbers from 0 to {shape[-1] - 1} are needed; count them from 0, or give logits of "
            "more classes"
        )
    chosen = np.take_along_axis(log_softmax(logits), target[..., None], axis=-1)
    return -chosen.sum() / _rows(logits)


@primitive(
    lambda g, y, logits, target: g / logits.size * (sigmoid(logits) - target),
    lambda g, y, logits, target: -g / logits.size * logits,
    paper=lambda p, z, t: (
        -(t * p.log(p.sigmoid(z)) + (1 - t) * p.log(1 - p.sigmoid(z))).sum() / z.size
    ),
    formula=True,
)
def bce_with_logits(logits: Array, target: Array) -> Array:
    """The mean over elements of -(t log s(z) + (1 - t) log(1 - s(z))), s the sigmoid, no overflow.

    logits z, target t in [0, 1]: arrays of one shape (ValueError otherwise). Result: 0-d.
    ∂/∂z = (s(z) - t) / n.
    """
    n = _error(logits, target).size
    return (softplus(logits) - logits * target).sum() / n
