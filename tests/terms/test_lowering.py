"""From ops to numpy calls: a forward of numpy can be written down, any other says that it cannot.

A user's primitive is lowered as the catalogue's ops are, so these tests go by primitives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rows import real
from test_program import executed, lines, reproduces

import autograd_lite as al
from autograd_lite import Op, Tensor, primitive, source
from autograd_lite.terms import Terms, lower

X = real(3, 3)


def loss_of(forward: Callable[..., Any], **params: Any) -> Callable[..., Any]:
    """A loss that needs the forward's value both in itself and in its gradient."""
    op = primitive(lambda g, y, x, **params: x * al.sum(g * y))(forward)

    def loss(x: Any) -> Any:
        y = op(x, **params)
        return (y * (np.arange(y.size).reshape(y.shape) + 1.5)).sum() + (x * x).sum()

    return loss


def cleared(x: Any) -> Any:
    y = x.copy()
    y[y < 0] = 0
    return y


def rows_changed(x: Any) -> Any:
    y = x.copy()
    y[0] = 0
    y[1] = y[2]
    y[2, 1:] = x[0, :2]
    return y + y


def two_changed(x: Any) -> Any:
    a, b = x * 2, x * 2
    a[0] = 0
    b[1] = 1
    return a * b + x * 2


def two_filled(x: Any) -> Any:
    a, b = np.zeros_like(x), np.zeros_like(x)
    a[0], b[1] = x[0], x[1]
    return a - b


def a_changed_view(x: Any) -> Any:
    y = (x * 2).T
    y[0] = 0
    return y * (x * 2)


def added_at(x: Any) -> Any:
    y = np.zeros_like(x)
    np.add.at(y, np.array([0, 0, 2]), x)
    return y


WRITABLE: dict[str, Callable[..., Any]] = {
    "ufuncs": lambda x: np.logaddexp(x, 0) + np.arctan2(x, 2) - np.float_power(np.abs(x), 1.5),
    "operators": lambda x: x % 1.5 - (x // 2) * (-x % 3) + +x,
    "masks": lambda x: x * ((x > 0) & (x < 1) | ~(x > -1)) + x * ((x > 0) != (x < 1)),
    "methods": lambda x: x.std(0, ddof=1) * x.clip(-1, 1).cumsum(axis=1) + x.take([0, 2, 1], 1),
    "functions": lambda x: np.einsum("ij,jk->ik", x, x) + np.tensordot(x, x, axes=([1], [0])),
    "linear algebra": lambda x: np.linalg.inv(x) + np.diag(np.diag(x)) - np.triu(x, 1) @ np.eye(3),
    "keywords": lambda x: np.max(x, axis=0, initial=0.5, keepdims=True) * np.sort(x, axis=None)[:3],
    "padding": lambda x: np.pad(x, ((1, 1), (0, 0)), mode="constant", constant_values=2.0),
    "lists of lists": lambda x: np.block([[x, -x], [x * 2, x]]),
    "a list as a key": lambda x: x[[0, 2]] * 2,
    "a list within a key": lambda x: x[:, [0, 2]] * 2,
    "a tuple as a key": lambda x: x[(0, 2)] * x[np.int64(1), 0 : np.int64(2)],
    "slices and axes": lambda x: x[slice(None, None, -1), np.newaxis] - x[..., 1:2, ::-1],
    "the dtype of a ufunc": lambda x: np.add(x, x, dtype=np.float32) - np.negative(x, dtype="f4"),
    "the axes of a product": lambda x: np.matmul(x, x, axes=[(1, 0), (0, 1), (1, 0)]),
    "a loop over rows": lambda x: np.stack([row * i for i, row in enumerate(x)]),
    "casts": lambda x: x.astype("float32") * x.astype(np.float64) + (x > 0).astype(float),
    "arrays of its own": lambda x: x * np.arange(3) + np.array([[1.0], [0.0], [2.0]]),
    "a comparison of comparisons": lambda x: x * ((x > 0) == (x < 1)) + x * ((x > 0) > (x > 1)),
    "a mask set": cleared,
    "rows set": rows_changed,
    "two changed alike": two_changed,
    "two filled alike": two_filled,
    "a view changed": a_changed_view,
    "added at": added_at,
}


@pytest.mark.parametrize("name", WRITABLE)
def test_a_forward_of_numpy_is_written_down(name: str) -> None:
    s = reproduces(loss_of(WRITABLE[name]), X, tolerance=1e-6 if "dtype" in name else 1e-11)
    assert list(s.constants) in (["c1"], ["c1", "c2"], ["c1", "c2", "c3"])  # weights, own arrays


def branch(x: Any) -> Any:
    return x * 2 if (x > 100).any() else x * 3


def through_a_view(x: Any) -> Any:
    y = x * 2
    y.reshape(-1)[0] = 5
    return y


def through_two_indices(x: Any) -> Any:
    y = x * 2
    y[0][1] = 5
    return y


def seen_through_a_view(x: Any) -> Any:
    y = x * 2
    view = y.ravel()
    y[0] = 5
    return view.reshape(3, 3) * 1


def out_of_a_function(x: Any) -> Any:
    y = np.zeros_like(x)
    np.clip(x, -0.1, 0.1, out=y)
    return y


def out_of_a_ufunc(x: Any) -> Any:
    y = np.zeros_like(x)
    np.add(x, 1, out=y)
    return y


def filled_with_a_copy(x: Any) -> Any:
    y = np.zeros_like(x)
    np.copyto(y, x)
    return y


UNWRITABLE: dict[str, Callable[..., Any]] = {
    "a loop over elements": lambda x: np.array([math.erf(v) for v in x.ravel()]).reshape(x.shape),
    "np.vectorize": lambda x: np.vectorize(math.erf)(x),
    "an array that is filled": lambda x: np.fromiter((v * 2 for v in x.flat), float).reshape(3, 3),
    "the other branch": branch,
    "a branch on the kind of array": lambda x: x * 2 if isinstance(x, np.ndarray) else x * 3,
    "a draw": lambda x: x + np.random.standard_normal(x.shape),  # noqa: NPY002
    "a view that is written to": through_a_view,
    "an element that is written to": through_two_indices,
    "a view of what is then written to": seen_through_a_view,
    "out of a function": out_of_a_function,
    "out of a ufunc": out_of_a_ufunc,
    "a copy to": filled_with_a_copy,
    "positions by np.where": lambda x: x[np.where(x > 0)],
    "an array by keyword": lambda x: np.sum(x, where=x > 0),
    "what is not in numpy's first two modules": lambda x: np.fft.irfft(np.fft.rfft(x)),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_any_other_forward_says_so_or_is_right(name: str) -> None:
    try:
        reproduces(loss_of(UNWRITABLE[name]), X)
    except TypeError as error:
        message = str(error)
    else:
        return
    assert "not numpy's" in message
    assert len(message.split("; ")) == 3


def test_a_loop_over_elements_is_an_error_that_names_the_op() -> None:
    @primitive(lambda g, y, x: g * 2 / math.sqrt(math.pi) * al.exp(-x * x))
    def erf(x: Any) -> Any:
        return np.array([math.erf(v) for v in x.ravel()]).reshape(x.shape)

    with pytest.raises(TypeError, match=r"calls erf, which is not numpy's; .*; write .*compile"):
        source(erf(Tensor(X)).sum())


def guarded(x: Any) -> Any:
    if (x > 100).any():
        raise ValueError("too large")
    if (x <= 100).all():
        return x * 2
    return x * 3


def positive(x: Any) -> Any:
    if (x > 0).all() and x.max() < 1000:
        return np.log(x)
    raise ValueError("a positive x is needed")


def also_used(x: Any) -> Any:
    holds = (x > 0).all()
    return x * holds + holds if holds else x


@pytest.mark.parametrize("forward", [positive, also_used])
def test_a_condition_that_held_is_asserted(forward: Callable[..., Any]) -> None:
    x = np.abs(X)
    s = reproduces(loss_of(forward), x)
    assert any(line.startswith("assert ") for line in lines(s))
    with pytest.raises(AssertionError):
        s.function(-x)


def test_a_condition_that_did_not_hold_is_not_forgotten() -> None:
    try:
        s = source(loss_of(guarded)(Tensor(X, "x")))
    except TypeError:
        return
    with pytest.raises(AssertionError):
        s.function(X + 200)


def test_a_condition_on_a_number() -> None:
    op = primitive(lambda g, y, x: g * 2)(lambda x: x * 2 if x else x)
    try:
        s = source(op(Tensor(0.5, "x")))
    except TypeError:
        return
    assert s.function(0.5) == (1, 2)


def test_static_arrays_are_constants() -> None:
    scale = np.array([1.0, 2.0, 3.0])
    op = primitive(lambda g, y, x, *, by: g * by)(lambda x, *, by: x * by)
    s = source(op(Tensor(X, "x"), by=scale).sum())
    assert {tuple(c.tolist()) for c in s.constants.values()} == {(1, 2, 3)}
    assert s.function(X)[0] == pytest.approx((X * scale).sum(), rel=1e-14)


def test_a_generator_is_drawn_from_in_order_and_left_alone_by_reading() -> None:
    noisy = primitive(lambda g, y, x, *, rng: g)(
        lambda x, *, rng: x + rng.standard_normal(x.shape) * rng.uniform(1, 2, x.shape)
    )
    a, b, W = (Tensor(real(3), name) for name in ("a", "b", "W"))
    rng = np.random.default_rng(0)
    first, second = noisy(a, rng=rng), noisy(b, rng=rng)
    loss = (W * (second - first)).sum()
    before = rng.bit_generator.state
    s = source(loss, [W])
    assert rng.bit_generator.state == before
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state
    got, _ = s.function(a=a.data, b=b.data, W=W.data)
    assert got == pytest.approx(loss.item(), rel=1e-13)


def test_a_draw_that_has_no_numpy_call_here_advances_nothing() -> None:
    @primitive(lambda g, y, x, *, rng: g)
    def noisy(x: Any, *, rng: Any) -> Any:
        return x + rng.gamma(2.0, size=x.shape)

    rng = np.random.default_rng(0)
    loss = noisy(Tensor(X), rng=rng).sum()
    before = rng.bit_generator.state
    with pytest.raises(TypeError, match="noisy"):
        source(loss)
    assert rng.bit_generator.state == before


def test_warnings_that_an_op_switches_off_stay_off() -> None:
    @primitive(lambda g, y, x: g * 0)
    def safe(x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x == 0, 0, x / x)

    x = np.array([0.0, 2.0])
    s = source(safe(Tensor(x, "x")).sum())
    assert executed(s)(x, **s.constants)[0] == 1  # warnings are errors here


VARYING: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "a mask": (lambda x: x[x > 0], True),
    "a mask that chooses nothing here": (lambda x: x[x > 9], True),
    "one that chooses everything here": (lambda x: x[x < 9], True),
    "repeated by values": (lambda x: np.repeat(x, [1, 0, 2], axis=0), False),
    "repeated by its own values": (lambda x: np.repeat(x[0], (x[1] > 0) + 1), True),
    "the different ones": (lambda x: np.unique(x), True),
    "what is left of zeros": (lambda x: np.trim_zeros(x[0] * (x[0] > 0)), True),
    "an index": (lambda x: x[(x[0] > 0).astype(int)], False),
    "what would raise for other values": (lambda x: x[:1][(x[0] > 9).astype(int)], True),
    "a choice": (lambda x: np.where(x > 0, x, 0), False),
    "a change in place": (cleared, False),
    "a shape": (lambda x: x.reshape(-1)[::2].T, False),
}


@pytest.mark.parametrize("name", VARYING)
def test_whose_shape_hangs_on_values(name: str) -> None:
    forward, varies = VARYING[name]
    terms = Terms()
    leaf = terms.leaf(X.shape, X.dtype)
    op = Op("made", forward, ())
    term = terms.make(op, (leaf,), {}, forward(X).shape, X.dtype)
    script, _ = lower(terms, [term], {leaf: X})
    assert bool(script.varying) is varies
