"""Losses: their shapes, their targets, logits far from zero."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from test_ops import Array, gradients
from test_reductions import NOTHING

import autograd_lite as al
from autograd_lite import Tensor


def test_losses_far_from_zero() -> None:
    z, t = Tensor([1000.0, -1000.0, 1000.0, -1000.0]), np.array([1.0, 0.0, 0.0, 1.0])
    loss = al.bce_with_logits(z, t)
    assert loss.item() == 500
    assert gradients(loss, z) == [[0, 0, 0.25, -0.25]]
    z = Tensor([[1000.0, -1000.0], [1000.0, -1000.0]])
    for target in (np.array([0, 1]), np.eye(2)):
        loss = al.cross_entropy(z, target)
        assert loss.item() == 1000
        assert gradients(loss, z) == [[[0, 0], [0.5, -0.5]]]


@pytest.mark.parametrize("target", [np.array([0, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])])
def test_cross_entropy_of_a_row_of_minus_infinity(target: Array) -> None:
    z = Tensor([NOTHING, [0.0, 0.0]])
    assert gradients(al.cross_entropy(z, target), z) == [[[0, 0], [-0.25, 0.25]]]


def test_a_masked_logit_is_left_out() -> None:
    z = Tensor([[0.0, -np.inf, 0.0]])
    for target in (np.array([0]), np.array([[1.0, 0.0, 0.0]])):
        loss = al.cross_entropy(z, target)
        assert loss.item() == pytest.approx(math.log(2), rel=1e-15)
        assert gradients(loss, z) == [[[-0.5, 0, 0.5]]]


@pytest.mark.parametrize("loss", [al.mse, al.half_squared_error, al.bce_with_logits])
@pytest.mark.parametrize(
    ("left", "right"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), ()), ((), (1,)), ((2, 3), (3,))]
)
def test_losses_never_broadcast(loss: Callable, left: tuple, right: tuple) -> None:
    p, t = np.ones(left), np.ones(right)
    for given in (p, Tensor(p)):
        for target in (t, Tensor(t)):
            with pytest.raises(ValueError, match=re.escape(str(left))) as error:
                loss(given, target)
            assert str(right) in str(error.value)


@pytest.mark.parametrize("loss", [al.mse, al.half_squared_error, al.bce_with_logits])
def test_a_loss_needs_an_element(loss: Callable) -> None:
    with pytest.raises(ValueError, match="no elements"):
        loss(Tensor(np.zeros((0, 2))), np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (np.array([0, 3]), "3 classes"),
        (np.array([-1, 0]), "-1"),
        (np.array([0.0, 1.0]), "integers"),
        (np.array([True, False]), "integers"),
        (np.array([[0], [1]]), r"\(2,\)"),
        (np.array([0, 1, 2]), r"\(2,\)"),
        (np.zeros((2, 2)), r"\(2, 3\)"),
        (np.zeros((3, 2)), r"\(2, 3\)"),
    ],
)
def test_cross_entropy_checks_its_target(target: Array, words: str) -> None:
    z = np.arange(6.0).reshape(2, 3)
    for logits in (z, Tensor(z)):
        with pytest.raises(ValueError, match=words):
            al.cross_entropy(logits, target)


@pytest.mark.parametrize("plain", [True, False])
def test_the_error_of_a_target_says_what_to_do(plain: bool) -> None:
    """Also where all are arrays, so that no op says what it was given."""
    z = np.ones((3, 2)) if plain else Tensor(np.ones((3, 2)))
    for target, given, needed, remedy in (
        (np.array([5, 6, 7]), "class numbers from 5 to 7", "from 0 to 1 are needed", "from 0,"),
        (np.array([0.0, 1.0, 0.0]), "is an array (3,) float64", "integers", ".astype(int)"),
        (np.array([[0], [1], [0]]), "is an array (3, 1) int64", "of shape (3,) or", ".ravel()"),
    ):
        with pytest.raises(ValueError, match=r"class") as error:
            al.cross_entropy(z, target)
        told = str(error.value).removeprefix(f"cross_entropy got {al.describe(z)}, ").split("; ")
        for part, text in zip((given, needed, remedy), told if plain else told[1:]):
            assert part in text


def test_cross_entropy_of_no_samples() -> None:
    for target in (np.zeros(0, int), np.zeros((0, 3))):
        with pytest.raises(ValueError, match=r"element|sample"):
            al.cross_entropy(Tensor(np.zeros((0, 3))), target)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_every_row_of_minus_infinity(dtype: str) -> None:
    """Nothing to choose from: no gradient, whichever way the target is given."""
    z = Tensor(np.array([NOTHING, NOTHING], dtype))
    for target in (np.array([0, 1]), np.eye(2), np.array([[0.5, 0.5], [0.3, 0.7]])):
        assert gradients(al.cross_entropy(z, target), z) == [[[0, 0], [0, 0]]]
