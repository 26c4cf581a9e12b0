"""Keys of any kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from test_ops import gradients

from autograd_lite import Tensor, grad


def test_an_element_taken_again_gets_the_sum() -> None:
    g = np.array([1.0, 10.0, 100.0])
    for key in ([2, 0, 2], np.array([2, 0, -1]), ((2, 0, 2),), np.array([2, 0, 2], np.uint8)):
        x = Tensor([1.0, 2.0, 3.0])
        assert gradients(x[key], x, g=g) == [[10, 0, 101]]


def test_a_tensor_is_an_index() -> None:
    x = Tensor([[1.0, 5.0], [4.0, 2.0]])
    assert gradients(x[np.arange(2), x.argmax(axis=1)], x, g=np.array([3.0, 4.0])) == [
        [[0, 3], [4, 0]]
    ]
    assert gradients(x[x > 3], x, g=np.array([3.0, 4.0])) == [[[0, 3], [4, 0]]]


T, F = True, False
KEYS: list[tuple[tuple[int, ...], Any]] = [
    ((0, 3), np.zeros(0, bool)),
    ((0, 3), (np.zeros(0, bool), 1)),
    ((0, 3), (np.zeros(0, bool), slice(None, None, -1))),
    ((0, 3), np.zeros((0, 3), bool)),
    ((3, 0), np.zeros((3, 0), bool)),
    ((3, 0), (slice(None), np.zeros(0, bool))),
    ((0,), np.zeros(0, bool)),
    ((0, 0), np.zeros((0, 0), bool)),
    ((0, 3), []),
    ((0, 3), np.zeros(0, int)),
    ((3, 2), []),
    ((3, 2), [[]]),
    ((3, 2), ([], 1)),
    ((3, 2), ([], [])),
    ((3, 2), np.zeros(0, np.uint8)),
    ((3, 2), np.zeros((0, 2), int)),
    ((3, 2), np.array([F, F, F])),
    ((3, 2), [T, F, T]),
    ((3, 2), np.array([[T, F], [F, F], [T, T]])),
    ((3, 2), True),
    ((3, 2), False),
    ((3, 2), np.True_),
    ((3, 2), np.array(True)),
    ((3, 2), np.array(False)),
    ((3, 2), (np.array(True), 0)),
    ((), True),
    ((), False),
    ((), ()),
    ((), ...),
    ((), None),
    ((3, 2), (np.array([T, F, T]), np.array([0, 1]))),
    ((3, 2), (np.array([T, F, T]), None)),
    ((3, 2), (None, np.array([2, 0]), ..., None)),
    ((3, 2), np.array(1)),
    ((3, 2), (np.int64(-1), np.array([0, 0, 1]))),
    ((2, 3, 4), (slice(None), [0, 2], slice(1, 3))),
    ((2, 3, 4), ([0, 1], slice(None), [3, 3])),
    ((2, 3, 4), (np.array([[T, F, T], [F, T, F]]), slice(None, None, 2))),
    ((2, 3, 4), (..., np.array([T, F, F, T]))),
    ((2, 3, 4), (0, ..., [1, 1])),
    ((2, 3, 4), (range(2), 1)),
]


@pytest.mark.parametrize(("shape", "key"), KEYS, ids=repr)
def test_a_key_means_what_it_means_in_numpy(shape: tuple[int, ...], key: Any) -> None:
    """Also a mask of nothing, which is no index array. The places that it takes tell the slope."""
    values = np.arange(1.0, 1 + math.prod(shape)).reshape(shape)
    x = Tensor(values)
    y = x[key]
    np.testing.assert_array_equal(y.data, values[key])
    assert y.shape == values[key].shape
    g = np.random.default_rng(0).standard_normal(y.shape)
    wanted = np.zeros(values.size)
    for place, share in zip(np.ravel(values[key]), np.ravel(g)):
        wanted[int(place) - 1] += share
    for recorded in (False, True):
        got = grad(y, x, g, create_graph=recorded)
        np.testing.assert_allclose(got.data if recorded else got, wanted.reshape(shape), rtol=1e-14)


@pytest.mark.parametrize(("shape", "key"), KEYS, ids=repr)
def test_tensors_in_a_key(shape: tuple[int, ...], key: Any) -> None:
    """Masks and numbers that were computed are keys as arrays are."""

    def computed(part: Any) -> Any:
        if not isinstance(part, np.ndarray):
            return part
        if part.dtype == bool:
            return Tensor(np.where(part, 1.0, -1.0)) > 0
        return Tensor(part.astype(float)).astype(part.dtype)

    values = np.arange(1.0, 1 + math.prod(shape)).reshape(shape)
    x = Tensor(values)
    y = x[tuple(map(computed, key)) if isinstance(key, tuple) else computed(key)]
    np.testing.assert_array_equal(y.data, values[key])
    np.testing.assert_array_equal(grad(y.sum(), x), grad(x[key].sum(), x))
