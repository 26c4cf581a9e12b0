"""Layout: what is a view, what hangs on values, and what may be overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import A, same

import autograd_lite as al
from autograd_lite import Tensor, primitive


def test_masks_that_choose_more_or_fewer_elements() -> None:
    f = al.func.value_and_grad(lambda x: (x[x > 0] * 2.5).mean() + al.sum(x[x > 0] ** 2))
    compiled = al.compile(f)
    for x in ([1.0, 2, 3, -1], [1.0, -2, -3, -1], [1.0, 2, 3, 4], [-1.0, 2, 3, 4]):
        for got, wanted in zip(compiled(np.array(x)), f(np.array(x)), strict=True):
            same(got, wanted)


@pytest.mark.parametrize("reduce", [al.sum, al.mean, al.max, lambda x: (x * x).sum() / x.size])
def test_a_gradient_through_a_mask_that_chooses_more_or_fewer(reduce: Any) -> None:
    """The value of x[x > 0] is not needed for some gradients, and its shape is for all."""
    slope = al.func.grad(lambda x: reduce(x[x > 0]))
    compiled = al.compile(slope)
    for x in ([1.0, -1, -2], [1.0, 2, 3], [-1.0, 2, 3], [1.0, -1, -3]):
        same(compiled(np.array(x)), slope(np.array(x)))


def test_a_condition_holds_also_where_its_value_is_not_needed() -> None:
    slope = al.compile(al.func.grad(lambda z, t: al.cross_entropy(z, t)))
    slope(A, np.array([0, 2]))
    with pytest.raises(ValueError, match="do not fit 3 classes"):
        slope(A, np.array([0, 3]))


# Each is a view of its input, by one way or another; some only of arrays in the one or other order.
VIEWS: dict[str, Callable[[Any], Any]] = {
    "[..., 0]": lambda x: x[..., 0],
    "[0, ..., 0]": lambda x: x[0, ..., 0],
    "[0][..., 0]": lambda x: x[0][..., 0],
    "[()]": lambda x: x[()],
    "[::-1]": lambda x: x[::-1],
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "reshape": lambda x: x.reshape(-1),
    "reshape of T": lambda x: x.T.reshape(-1),
    "squeeze": lambda x: x[None].squeeze(),
    "expand_dims": lambda x: al.expand_dims(x, axis=1),
    "broadcast_to": lambda x: al.broadcast_to(x, shape=(2, 3, 3)),
    "astype": lambda x: x.astype(x.dtype),
} | {
    name: primitive()(forward)
    for name, forward in {
        "flip": lambda x: np.flip(x, 0),
        "rot90": lambda x: np.rot90(x),
        "diagonal": lambda x: np.diagonal(x),
        "diagonal method": lambda x: x.diagonal(),
        "einsum": lambda x: np.einsum("ij->ji", x),
        "moveaxis": lambda x: np.moveaxis(x, 0, 1),
        "swapaxes": lambda x: np.swapaxes(x, 0, 1),
        "split": lambda x: np.split(x, 3)[1],
        "ravel": lambda x: np.ravel(x, order="F"),
        "real": lambda x: np.real(x),
        "atleast_3d": lambda x: np.atleast_3d(x),
        "itself": lambda x: x,
        "item": lambda x: x[0] if x.shape else x,
    }.items()
}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_no_ones_memory(name: str, order: Any) -> None:
    """What is returned stays, and what is looked at is not overwritten."""
    view = VIEWS[name]

    def f(x: Any, y: Any) -> Any:
        a = x * 2.0
        s = view(a)
        b = al.tanh(y * 3.0) + al.sigmoid(y * 0.5)
        return s, (b * b).sum() * view(x), s * 1.0, view(y)

    compiled = al.compile(f)
    rng = np.random.default_rng(0)
    kept = []
    for k in range(3):
        x, y = (np.asarray(rng.standard_normal((3, 3)), order=order) for _ in range(2))
        got = compiled(x, y)
        wanted = [np.array(w) for w in f(x.copy(), y.copy())]
        kept.append((got, wanted))
        for results, its in kept[: k + 1]:
            for a, b in zip(results, its, strict=True):
                same(a, b)
                assert isinstance(a, np.ndarray) == bool(b.shape)  # else a numpy scalar
        for a in got:
            assert not any(np.may_share_memory(a, z) for z in (x, y))
    results = [a for got, _ in kept for a in got if np.ndim(a)]
    for i, a in enumerate(results):
        assert not any(np.may_share_memory(a, b) for b in results[i + 1 :])


@primitive(lambda g, y, x: g * al.where(x > 0, 2.0, 3.0))
def two_ways(x: Any) -> Any:
    return x * 2 if (x > 0).all() else x * 3


def test_results_belong_to_the_caller() -> None:
    W, table = Tensor(np.ones(3)), np.ones(3)
    W.data[0] = 1

    def f(x: Any) -> Any:
        y = x * 2
        return y, y * 1, y.T, x, W * 1, np.zeros(3), al.where(x > 0, y, x), two_ways(x), W, table

    compiled = al.compile(f)
    for x in (A, A + 1, -A, A):
        for r in compiled(x):
            r += 100
        for got, wanted in zip(compiled(x), f(x), strict=True):
            same(got, wanted.data if isinstance(wanted, Tensor) else wanted)
    assert W.data.tolist() == table.tolist() == [1, 1, 1]


def test_results_of_no_axis_are_numbers_of_numpy() -> None:
    a, b = np.array(2.0), np.array(3.0, np.float32)
    slopes = al.func.value_and_grad(lambda a, b: a * b, (0, 1))
    compiled = al.compile(lambda a, b: (slopes(a, b), a, b.astype(float), a.reshape(()), a[...]))
    for k in (1, 2):
        (value, (da, db)), *others = compiled(a * k, b)
        for got, wanted in (
            (value, np.float64(6 * k)),
            (da, np.float64(3)),
            (db, np.float32(2 * k)),
        ):
            assert type(got) is type(wanted)
            assert got == wanted
        assert [type(x) for x in others] == [np.float64] * 4
        assert others == [2 * k, 3, 2 * k, 2 * k]
