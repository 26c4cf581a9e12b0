"""numpy's functions that are compositions of ops give what numpy gives, and record it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view as windows
from rows import differences
from test_ops import close, cotangent

import autograd_lite as al
from autograd_lite import Tensor, grad
from autograd_lite.ops import namesakes

Array = np.ndarray
_rng = np.random.default_rng(4)
NUMBER, ROW, MATRIX, OTHER = (np.asarray(_rng.standard_normal(s)) for s in ((), 3, (2, 3), (2, 3)))
CUBE, SQUARE, EMPTY = _rng.standard_normal((2, 3, 2)), _rng.standard_normal((3, 3)), np.ones((0, 3))
HOLES = np.array([[np.nan, 1.0, 2.0], [0.5, np.nan, np.nan]])
ALL = (NUMBER, ROW, MATRIX, CUBE, EMPTY)


def of_each(call: Callable[[Any], Any], *arrays: Array) -> list[Any]:
    return [(call, x) for x in arrays]


# For each function: how it is called, and with which arrays.
CALLS: dict[str, list[Any]] = {
    "hstack": [
        *of_each(lambda x: np.hstack([x, x, x]), *ALL),
        (lambda a, b: np.hstack((a, b, [1.0, 2.0])), NUMBER, ROW),
        (lambda a, b: np.hstack((a, b)), MATRIX, OTHER[:, :1]),
        (lambda x: np.hstack(x), CUBE),
    ],
    "vstack": [
        *of_each(lambda x: np.vstack([x, x]), *ALL),
        (lambda a, b: np.vstack([a, b, [1.0, 2.0, 3.0]]), ROW, MATRIX),
    ],
    "dstack": [
        *of_each(lambda x: np.dstack([x, x]), *ALL),
        (lambda a, b: np.dstack([a, b]), MATRIX, CUBE),
    ],
    "column_stack": [
        *of_each(lambda x: np.column_stack([x, x]), *ALL),
        (lambda a, b: np.column_stack([a, b, [1.0, 2.0]]), ROW[:2], MATRIX),
    ],
    "append": [
        *of_each(lambda x: np.append(x, x), *ALL),
        (lambda x: np.append(x, 1.0), ROW),
        (lambda a, b: np.append(a, b, axis=0), MATRIX, OTHER),
        (lambda a, b: np.append(a, b, 1), MATRIX, OTHER),
        (lambda x: np.append([1.0, 2.0], values=x), ROW),
    ],
    "insert": [
        *of_each(lambda x: np.insert(x, 0, 7.0), *ALL),
        (lambda a, b: np.insert(a, 1, b), ROW, NUMBER),
        (lambda a, b: np.insert(a, [0, 2], b), ROW, ROW[:2]),
        (lambda a, b: np.insert(a, 1, b, axis=0), MATRIX, ROW),
        (lambda a, b: np.insert(a, -1, b, axis=1), MATRIX, ROW[:2]),
        (lambda a, b: np.insert(a, slice(0, 2), b, axis=1), MATRIX, NUMBER),
    ],
    "split": [
        (lambda x: np.split(x, 3, axis=1)[1], MATRIX),
        (lambda x: np.split(x, [1, 2, 5], -1)[2], MATRIX),
        (lambda x: np.split(x, [2])[0], ROW),
        (lambda x: np.split(x, [2, 9])[2], ROW),
        (lambda x: np.split(x, [2, 1])[1], ROW),
        (lambda x: np.split(x, 2)[1], CUBE),
    ],
    "array_split": [
        (lambda x: np.array_split(x, 2)[1], ROW),
        (lambda x: np.array_split(x, 5)[4], ROW),
        (lambda x: np.array_split(x, 2, axis=1)[0], MATRIX),
    ],
    "atleast_1d": of_each(lambda x: np.atleast_1d(x), *ALL),
    "atleast_2d": [
        *of_each(lambda x: np.atleast_2d(x), *ALL),
        (lambda a, b: np.add(*np.atleast_2d(a, b)), ROW, NUMBER),
    ],
    "atleast_3d": of_each(lambda x: np.atleast_3d(x), *ALL),
    "moveaxis": [
        (lambda x: np.moveaxis(x, 0, -1), CUBE),
        (lambda x: np.moveaxis(x, (0, -1), (1, 0)), CUBE),
    ],
    "tile": [
        *of_each(lambda x: np.tile(x, 3), *ALL),
        *of_each(lambda x: np.tile(x, (2, 1, 3)), *ALL),
        (lambda x: np.tile(x, (2, 0)), MATRIX),
    ],
    "repeat": [
        *of_each(lambda x: np.repeat(x, 3), *ALL),
        (lambda x: np.repeat(x, 2, axis=1), CUBE),
        (lambda x: np.repeat(x, [2], axis=-1), MATRIX),
        (lambda x: np.repeat(x, [2, 0, 1], axis=1), MATRIX),
        (lambda x: x.repeat(2, axis=0), MATRIX),
    ],
    "pad": [
        *of_each(lambda x: np.pad(x, 1), *ALL),
        (lambda x: np.pad(x, (0, 2), "constant", constant_values=3.0), ROW),
        (lambda x: np.pad(x, ((1, 0), (0, 2)), mode="constant"), MATRIX),
        (lambda x: np.pad(x, [[1, 0], [0, 2]], constant_values=((1, 2), (3, 4))), MATRIX),
        *((lambda x, m=m: np.pad(x, ((1, 0), (2, 2)), m), MATRIX)
          for m in ("edge", "reflect", "symmetric", "wrap")),
    ],
    "sliding_window_view": [
        (lambda x: windows(x, 3), ROW),
        (lambda x: windows(x, (2, 2)), MATRIX),
        (lambda x: windows(x, (2, 1), axis=(-1, 0)), CUBE),
        (lambda x: windows(x, 2, axis=1)[:, ::2], MATRIX),
    ],
    "reshape": [
        *((lambda x, o=o: np.reshape(x, (4, -1), order=o), CUBE) for o in "CF"),
        *((lambda x, o=o: x.reshape(2, -1, order=o), MATRIX) for o in "CF"),
        (lambda x: np.reshape(x, np.array([3, 2]), "F"), MATRIX),
        *of_each(lambda x: np.reshape(x, -1, order="F"), *ALL),
        (lambda x: x.reshape((1, 1), order="F"), NUMBER),
        (lambda x: np.reshape(x, (0, 7), order="F"), EMPTY),
    ],
    "ravel": [
        *of_each(lambda x: np.ravel(x, order="F"), *ALL),
        *((lambda x, o=o: x.ravel(o), MATRIX) for o in "CF"),
        (lambda x: x.flatten(order="F"), CUBE),
        (lambda x: x.flatten(), CUBE),
    ],
    "roll": [
        *of_each(lambda x: np.roll(x, 1), *ALL),
        *of_each(lambda x: np.roll(x, -5), *ALL),
        (lambda x: np.roll(x, 2, axis=1), MATRIX),
        (lambda x: np.roll(x, (1, 2), (0, -1)), CUBE),
        (lambda x: np.roll(x, 1, (0, 1)), CUBE),
        (lambda x: np.roll(x, 3, axis=-1), MATRIX),
    ],
    "flip": [
        *of_each(lambda x: np.flip(x), *ALL),
        (lambda x: np.flip(x, 0), MATRIX),
        (lambda x: np.flip(x, axis=(0, -1)), CUBE),
    ],
    "sort": [
        *of_each(lambda x: np.sort(x), *ALL[1:]),
        (lambda x: np.sort(x, axis=0), CUBE),
        (lambda x: np.sort(x, None), MATRIX),
        (lambda x: np.sort(x, axis=1, kind="stable"), MATRIX),
    ],
    "take_along_axis": [
        (lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), axis=1), MATRIX),
        (lambda x: np.take_along_axis(x, np.array([[1], [0]]), -1), MATRIX),
        (lambda x: np.take_along_axis(x, np.argsort(x, axis=0), 0), MATRIX),
        (lambda x: np.take_along_axis(x, np.array([4, 4]), None), MATRIX),
    ],
    "diagonal": [
        (lambda x: np.diagonal(x), MATRIX),
        (lambda x: np.diagonal(x, 1), CUBE),
        (lambda x: np.diagonal(x, -1, 1, 0), CUBE),
        (lambda x: x.diagonal(0, 0, 2), CUBE),
        (lambda x: np.diagonal(x, 4), MATRIX),
    ],
    "diag": [
        *((lambda x, k=k: np.diag(x, k), a) for k in range(-4, 5) for a in (ROW, MATRIX, SQUARE)),
        (lambda x: np.diag(x), ROW[:0]),
        (lambda x: np.diag(x), EMPTY),
    ],
    "trace": [
        (lambda x: np.trace(x), SQUARE),
        (lambda x: x.trace(), MATRIX),
        (lambda x: np.trace(x, 1, axis1=0, axis2=2), CUBE),
    ],
    "where": [
        (lambda a, b: np.where(a > 0, a, b), MATRIX, ROW),
        (lambda x: x[np.where(x > 0)], MATRIX),
        (lambda x: np.where(x > 0)[1], MATRIX),
    ],
    "sum": [
        *of_each(lambda x: np.sum(x, dtype=np.float32), *ALL),
        (lambda x: np.sum(x, 0, np.float64), MATRIX),
        (lambda x: x.sum(axis=1, dtype=np.float64, keepdims=True), MATRIX),
    ],
    "mean": [(lambda x: np.mean(x, dtype=np.float32), MATRIX), (lambda x: x.mean(0), MATRIX)],
    "prod": [(lambda x: np.prod(x, 1, np.float64), MATRIX), (lambda x: x.prod(), MATRIX)],
    "cumsum": [
        (lambda x: np.cumsum(x, 1, dtype=np.float64), MATRIX),
        (lambda x: x.cumsum(), MATRIX),
    ],
    "cumprod": [(lambda x: np.cumprod(x), MATRIX), (lambda x: x.cumprod(axis=0), MATRIX)],
    "amax": [
        *of_each(lambda x: np.amax(x), NUMBER, ROW, MATRIX),
        (lambda x: np.amax(x, axis=1, keepdims=True), MATRIX),
    ],
    "amin": [(lambda x: np.amin(x), MATRIX), (lambda x: np.amin(x, 0), MATRIX)],
    "nansum": [
        *of_each(lambda x: np.nansum(x), *ALL),
        (lambda x: np.nansum(x, axis=1, keepdims=True), HOLES),
        (lambda x: np.nansum(x, 0, np.float64), HOLES),
    ],
    "nanmean": [
        *of_each(lambda x: np.nanmean(x), NUMBER, ROW, MATRIX, HOLES),
        (lambda x: np.nanmean(x, axis=0), HOLES),
        (lambda x: np.nanmean(x, axis=1, keepdims=True), HOLES),
    ],
    "diff": [
        *of_each(lambda x: np.diff(x), *ALL[1:]),
        (lambda x: np.diff(x, 2, axis=1), CUBE),
        (lambda x: np.diff(x, axis=0), MATRIX),
        (lambda x: np.diff(x > 0), MATRIX),
        (lambda x: np.diff(x, n=5), ROW),
        (lambda x: np.diff(x, 0), ROW),
    ],
    "inner": [
        *((lambda a, b: np.inner(a, b), a, b)
          for a in (NUMBER, ROW, MATRIX) for b in (NUMBER, ROW, MATRIX)),
        (lambda a, b: np.inner(a, b), CUBE, ROW[:2]),
        (lambda a, b: np.inner(a, b), MATRIX[:, :2], CUBE),
    ],
    "tensordot": [
        (lambda a, b: np.tensordot(a, b), CUBE, CUBE[0]),
        (lambda a, b: np.tensordot(a, b, 0), ROW, MATRIX),
        (lambda a, b: np.tensordot(a, b, axes=1), MATRIX, SQUARE),
        (lambda a, b: np.tensordot(a, b, axes=([0, -2], [0, 1])), CUBE, OTHER),
        (lambda a, b: np.tensordot(a, b, axes=(1, -1)), MATRIX, OTHER),
    ],
    "kron": [
        *((lambda a, b: np.kron(a, b), a, b) for a in ALL[:4] for b in (NUMBER, ROW, MATRIX)),
        (lambda x: np.kron([[1.0, 2.0]], x), MATRIX),
    ],
    "slogdet": [
        (lambda x: np.linalg.slogdet(x)[1], SQUARE),
        (lambda x: np.linalg.slogdet(x).logabsdet, np.stack([SQUARE, SQUARE * 2])),
        (lambda x: np.linalg.slogdet(x).sign, SQUARE),
        (lambda x: np.linalg.slogdet(1e30 * x)[1], SQUARE),
    ],
}  # fmt: skip
CASES = [
    pytest.param(call, arrays, id=f"{name}-{i}")
    for name, calls in CALLS.items()
    for i, (call, *arrays) in enumerate(calls)
]


def test_every_function_is_called() -> None:
    assert {*CALLS, "expit"} == {*namesakes.__all__}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_are_numpys(name: str) -> None:
    """Their names, order and defaults, as far as they are taken."""
    modules = (np, np.linalg, np.lib.stride_tricks)
    (theirs, *_) = (getattr(x, name) for x in modules if hasattr(x, name))
    theirs = inspect.signature(theirs).parameters
    ours = list(inspect.signature(getattr(namesakes, name)).parameters.values())
    places = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    if name != "where" and not hasattr(getattr(namesakes, name), "op"):
        assert places == list(theirs)[: len(places)]
        for p in ours:
            if p.name in theirs and p.default is not p.empty:
                default = theirs[p.name].default
                assert default in (p.default, p.empty) or "no value" in repr(default)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("call", "arrays"), CASES)
def test_it_gives_what_numpy_gives(call: Callable, arrays: list[Array], dtype: type) -> None:
    """Of Tensors, and of Tensors among arrays: value, dtype and shape."""
    arrays = [x.astype(dtype) for x in arrays]
    wanted = call(*arrays)
    leaves = [Tensor(x) for x in arrays]
    mixed = [[*arrays[:i], x, *arrays[i + 1 :]] for i, x in enumerate(leaves)]
    for xs in (leaves, *mixed):
        y = call(*xs)
        assert type(y) is Tensor
        assert (y.shape, y.dtype) == (wanted.shape, wanted.dtype)
        tolerance = 1e-14 if y.dtype == np.float64 == dtype else 1e-6
        np.testing.assert_allclose(y.data, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("call", "arrays"), CASES)
def test_its_gradient_is_numpys(call: Callable, arrays: list[Array]) -> None:
    leaves = [Tensor(x) for x in arrays]
    y = call(*leaves)
    if y.dtype != np.float64 or any(np.isnan(x).any() for x in arrays):
        return
    g = cotangent(y.shape)
    for gx, wanted in zip(grad(y, leaves, g), differences(call, arrays, g)):
        close(gx, wanted, 1e-9)


@pytest.mark.parametrize(("call", "arrays"), CASES)
def test_it_compiles(call: Callable, arrays: list[Array]) -> None:
    """What hangs on values is computed anew."""
    compiled = al.compile(call)
    for xs in (arrays, [x[..., ::-1].copy() if x.ndim else -x for x in arrays]):
        wanted = call(*xs)
        np.testing.assert_allclose(compiled(*xs), wanted, rtol=1e-13, atol=1e-13)


def test_equal_elements_are_sorted_in_their_order() -> None:
    x = Tensor([2.0, 1.0, 2.0, 1.0])
    assert grad(np.sort(x), x, np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [3, 1, 4, 2]


def test_what_is_missing_gets_no_gradient() -> None:
    x = Tensor(HOLES)
    assert grad(np.nansum(x), x).tolist() == [[0, 1, 1], [1, 0, 0]]
    assert grad(np.nanmean(x, axis=1), x, np.ones(2)).tolist() == [[0, 0.5, 0.5], [1, 0, 0]]


def test_what_is_refused() -> None:
    x = Tensor(MATRIX)
    with pytest.raises(ValueError, match=r"reshape got order 'K' .*; 'C', .* is needed: .*; give"):
        np.ravel(x, order="K")
    with pytest.raises(ValueError, match=r"pad got mode='mean'; constant, .* is needed; write"):
        np.pad(x, 1, "mean")
    with pytest.raises(ValueError, match="equal division"):
        np.split(x, 2, axis=1)
    with pytest.raises(ValueError, match="negative"):
        np.pad(x, -1)
    with pytest.raises(ValueError, match="out of bounds"):
        np.sort(Tensor(1.0))
