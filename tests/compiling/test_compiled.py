"""compile: the first call is checked by the library itself, so the second and third count here."""

from __future__ import annotations

import copy
import gc
import inspect
import linecache
import math
import pickle
import sys
import threading
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from rows import ROWS
from test_lowering import UNWRITABLE, WRITABLE, X, loss_of
from test_random_expressions import graphs, quick, recorded

import autograd_lite as al
from autograd_lite import Tensor, no_grad, primitive
from autograd_lite.compiling import compiled as compiled_module
from autograd_lite.compiling.compiled import LARGEST

A = np.arange(6.0).reshape(2, 3) + 1


def same(got: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    """Values, shapes and dtypes."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


# The law ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [name for name in ROWS if "dropout" not in name])
def test_every_op_and_its_gradients(name: str, dtype: Any) -> None:
    row = ROWS[name]
    inputs = [x.astype(dtype) for x in row.inputs]
    y = np.asarray(row.call(*inputs))
    call = al.compile(row.call)
    tolerance = 1e-12 if dtype is np.float64 else 2e-5
    versions = [[x * dtype(1 + 0.07 * k) for x in inputs] for k in range(3)]
    for xs in versions:
        same(call(*xs), row.call(*xs), tolerance)
    if y.dtype.kind == "f" and inputs:
        w = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
        slopes = al.func.grad(lambda *xs: (row.call(*xs) * w).sum(), tuple(range(len(inputs))))
        compiled = al.compile(slopes)
        for xs in versions:
            for got, wanted in zip(compiled(*xs), slopes(*xs), strict=True):
                same(got, wanted, tolerance)


@quick
@given(graphs)
def test_random_expressions_their_gradients_and_hessian_vector_products(graph: Any) -> None:
    f, xs, _, y, rng = recorded(graph)
    w = np.asarray(rng.standard_normal(y.shape))

    def everything(xs: Any, vs: Any) -> Any:
        def loss(*xs: Any) -> Any:
            return (f(*xs) * w).sum()

        return al.func.value_and_grad(loss, tuple(range(len(xs))))(*xs), al.func.hvp(loss, xs, vs)

    compiled = al.compile(everything)
    for scale in (1, 0.7, -1.3):
        given = [x * scale for x in xs], [np.asarray(rng.standard_normal(x.shape)) for x in xs]
        (value, slopes), products = compiled(*given)
        (its_value, its_slopes), its_products = everything(*given)
        np.testing.assert_allclose(value, its_value, rtol=1e-12, atol=1e-12)
        for got, wanted in zip((*slopes, *products), (*its_slopes, *its_products), strict=True):
            same(got, wanted, 1e-9)


@pytest.mark.parametrize("name", [*WRITABLE, *(name for name in UNWRITABLE if name != "a draw")])
def test_forwards_that_a_user_writes(name: str) -> None:
    both = al.func.value_and_grad(loss_of({**WRITABLE, **UNWRITABLE}[name]))
    compiled = al.compile(both)
    for scale in (1, 1.3, -0.7):
        for got, wanted in zip(compiled(X * scale), both(X * scale), strict=True):
            same(got, wanted, 1e-5 if "dtype" in name else 1e-11)


# Arguments --------------------------------------------------------------------------------------


def strided(x: Any) -> list[Any]:
    memory = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = memory[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    locked = x.copy()
    locked.setflags(write=False)
    negative = x[::-1, ::-1].copy()[::-1, ::-1]
    return [x, np.asfortranarray(x), np.repeat(x, 2, 1)[:, ::2], negative, unaligned, locked]


def test_arrays_of_any_layout() -> None:
    f = al.func.value_and_grad(
        lambda x, y: (al.ravel(x.T) * al.ravel(y)).sum() + (x.T @ y).sum(), (0, 1)
    )
    compiled = al.compile(f)
    for x in strided(A):
        for y in strided(A * 2):
            for z in (y, x):
                (value, slopes), (its, wanted) = compiled(x, z), f(x, z)
                same(value, its)
                for got, slope in zip(slopes, wanted, strict=True):
                    same(got, slope)


def test_empty_arrays_numbers_masks_and_class_numbers() -> None:
    same(al.compile(lambda x: (x * 2).sum(axis=0))(np.ones((0, 3))), np.zeros(3))
    line = al.compile(lambda a, b: (a * b, a))
    for a, b in ((np.array(2.0), np.float64(3)), (np.float64(4), np.array(5.0))):
        product, same_a = line(a, b)
        assert (product, same_a) == (a * b, a)
    chosen = al.compile(lambda m, n, x: (al.where(m, x, 0), x[n], n * 2))
    for m in (A > 2, A > 5):
        n = np.array([[1, 0], [0, 0]]) if m.all() else np.array([[0, 0], [1, 1]])
        for got, wanted in zip(chosen(m, n, A), (np.where(m, A, 0), A[n], n * 2), strict=True):
            same(got, wanted)
    loss = al.func.value_and_grad(al.cross_entropy)
    compiled = al.compile(loss)
    for t in (np.array([0, 2]), np.array([1, 1])):
        for got, wanted in zip(compiled(A, t), loss(A, t), strict=True):
            same(got, wanted)


def test_repeated_indices_add_up() -> None:
    compiled = al.compile(al.func.grad(lambda x, i: (x[i] ** 2).sum()))
    for i in (np.array([0, 0, 1]), np.array([1, 1, 1])):
        same(compiled(A, i), 2 * A * np.bincount(i, minlength=2)[:, None])


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


def test_trees_numbers_defaults_and_names() -> None:
    traces = []

    def f(tree: Any, scale: Any = 2.0, *, shift: float = 1.0) -> Any:
        traces.append(0)
        total = sum(i * v for i, v in enumerate(tree.values(), 1))
        return {"total": total * scale + shift, "kept": [scale, (None, "text")]}

    compiled = al.compile(f)
    ab, ba = {"a": A, "b": 10 * A}, {"b": 10 * A, "a": A}
    calls = [(ab,), (ab, 3.0), (ba, 3.0), (ab, 3), (ab,), (OrderedDict(ab), np.array(2.0)), (ba,)]
    for _ in range(2):
        for args in calls:
            got, wanted = compiled(*args), f(*args)
            same(got["total"], wanted["total"])
            assert type(got["kept"][0]) in (type(wanted["kept"][0]), np.float64)
            assert got["kept"][1] == (None, "text")
    same(compiled(scale=2.0, tree=ab)["total"], A * 42 + 1)
    count = len(traces)
    compiled(ab, 3.0), compiled(ba), compiled(ab, 3)
    assert len(traces) == count  # all of them are kept
    with pytest.raises(TypeError, match="got shift by name"):
        compiled(ab, shift=2.0)


def test_numbers_that_equal_others_but_are_not_the_same() -> None:
    signed = al.compile(lambda x, s: x * np.copysign(1.0, s))
    for s, sign in ((0.0, 1), (-0.0, -1), (0.0, 1), (0, 1), (-0.0, -1)):
        same(signed(A, s), A * sign)
    for s in (math.nan, 1.0, math.nan, math.nan):
        same(signed(A, s) * 0, A * 0)
    kinds = al.compile(lambda x, s: x + (2 if s is True else 3))
    for s, more in ((1, 3), (True, 2), (1.0, 3), (True, 2)):
        same(kinds(A, s), A + more)


def test_shapes_and_dtypes_are_traced_once_and_the_last_are_kept() -> None:
    shapes: list[Any] = []

    def f(x: Any) -> Any:
        shapes.append((x.shape, x.dtype))
        return x * 2

    compiled = al.compile(f)
    for n in [*range(1, LARGEST + 1), *range(1, LARGEST + 1)]:
        same(compiled(np.ones(n)), np.full(n, 2.0))
    assert len(set(shapes)) == LARGEST
    count = len(shapes)
    compiled(np.ones(0)), compiled(np.ones(1))  # one too many: that for (1,) had to go
    assert len(shapes) > count + 2
    for dtype in (np.float32, np.int64, np.float64):
        assert compiled(np.ones(5, dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (({1, 2},), r"got \{1, 2\}; numpy arrays of real numbers"),
        ((np.array(["a"]),), "numpy arrays of real numbers"),
        ((np.ones(2, complex),), "numpy arrays of real numbers"),
        ((object(),), "numpy arrays of real numbers"),
    ],
)
def test_other_arguments_are_errors(args: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        al.compile(lambda x: 1.0)(*args)


@pytest.mark.parametrize(
    ("f", "in_place", "x", "error"),
    [
        (lambda x: x * 2, 1, A, "positions of arguments are needed"),
        (lambda x: x * 2, -1, A, "different positions from 0"),
        (lambda x: x * 2, (0, 0), A, "different positions from 0"),
        (lambda x: x * 2, 0, np.asfortranarray(A), "C order"),
        (lambda x: x * 2, 0, A[0, 0], "writable array"),
        (lambda x: x["a"] * 2, 0, {"a": A}, "same structure"),
        (lambda x: (x * 2).sum(), 0, A, "same shape and dtype"),
        (lambda x: x > 0, 0, A, "same shape and dtype"),
    ],
)
def test_in_place_errors(f: Any, in_place: Any, x: Any, error: str) -> None:
    before = A.copy()
    with pytest.raises(ValueError, match=error):
        al.compile(f, in_place)(x)
    np.testing.assert_array_equal(A, before)


def test_an_argument_that_shares_memory_with_one_that_is_overwritten() -> None:
    step = al.compile(lambda p, x: (p + x, x * 3), in_place=0)
    p = A.copy()
    for x in (p, p[::-1]):
        with pytest.raises(ValueError, match="shares memory"):
            step(p, x)
    np.testing.assert_array_equal(p, A)


# What a function reads from outside -------------------------------------------------------------


def test_captured_tensors_are_read_anew() -> None:
    W, s = Tensor(np.ones(3), name="W"), Tensor(2.0)
    calls = []

    def f(x: Any) -> Any:
        calls.append(0)
        return x * W + s + W.T.sum()

    compiled = al.compile(f)

    def check() -> None:
        for scale in (1, 2):
            same(compiled(A * scale), f(A * scale).data)

    check()
    W.assign(np.arange(3.0)), s.assign(np.array(5.0))
    check()
    W.data[1] = 7
    check()
    W.data, s.data = np.array([3.0, 2, 1]), 4
    check()
    s.data[...] = -1
    W.data[...] = np.pi
    check()
    count = len(calls)
    for _ in range(5):
        W.data += 1
        compiled(A)
    assert len(calls) == count  # it still runs compiled


def test_a_captured_tensor_in_fortran_order() -> None:
    W = Tensor(A)
    compiled = al.compile(lambda x: x * al.ravel(W))
    x = np.ones(6)
    same(compiled(x), A.ravel())
    W.assign(np.asfortranarray(A * 2))
    W.data[0] = 5
    same(compiled(x), W.data.ravel())
    W.data[1] = 6
    same(compiled(x), W.data.ravel())


def test_a_captured_result_stays_what_it_was_recorded_as() -> None:
    W = Tensor(np.ones(3))
    W.data[...] = 1
    z = W * 2
    compiled = al.compile(lambda x: x * z)
    for value in (1, 5, 7):
        W.data[...] = value
        same(compiled(A), A * 2)


def test_captured_arrays_are_read_anew() -> None:
    a, rate, i, mask = np.ones(3), np.array(0.5), np.array([0, 1]), np.array([True, False, True])
    lr = 1.0

    def f(x: Any) -> Any:
        return al.where(mask, x * a, rate * x)[:, i] * lr + 0.5 * x[:, :2]

    compiled = al.compile(f)
    for k in range(3):
        same(compiled(A * (k + 1)), f(A * (k + 1)))
        a += 1
        rate *= 2
        i[...] = [2, k]
        mask[k] ^= True
        lr = 1.0 + k
    a = np.zeros(3)
    same(compiled(A), f(A))


SCALE = 2.0
WEIGHTS = np.array([1.0, 2.0])
SETTINGS = {"scale": 2.0}


def test_what_is_read_anew_and_what_is_part_of_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain values, arrays and Tensors that the function itself names count; all else is traced."""
    here = sys.modules[__name__]
    offset, leaf = 1.0, Tensor(3.0)

    def helper(x: Any) -> Any:
        return x * SETTINGS["scale"]

    def f(x: Any) -> Any:
        return [x * SCALE, x * WEIGHTS, x + offset, x * leaf, helper(x)]

    slope = al.func.grad(lambda x: (x * SCALE).sum())  # what it wraps is the function itself
    compiled, fast = al.compile(f), al.compile(slope)
    x = np.array([1.0, 10.0])

    def counts() -> None:
        for got, wanted in zip(compiled(x)[:4], f(x)[:4]):
            same(got, wanted.data if isinstance(wanted, Tensor) else wanted)
        same(fast(x), slope(x))

    counts()
    monkeypatch.setattr(here, "SCALE", np.float32(3))
    counts()
    monkeypatch.setattr(here, "SCALE", np.float32(4))
    counts()
    WEIGHTS[0] = 5.0
    counts()
    monkeypatch.setattr(here, "WEIGHTS", np.array([3.0, 4.0]))
    counts()
    offset = 7.0
    counts()
    leaf.data = 4.0
    counts()
    leaf = Tensor(9.0)
    counts()
    monkeypatch.setitem(SETTINGS, "scale", 3.0)
    same(compiled(x)[4], x * 2)  # as traced
    same(compiled.checked(x)[4], x * 3)  # and traced anew where it is held against the function
    same(compiled(x)[4], x * 3)
    same(compiled.checked(x)[4], x * 3)


def test_a_checked_call_writes_and_draws_once() -> None:
    rng, its = np.random.default_rng(0), np.random.default_rng(0)
    step = al.compile(lambda W, x: W - al.dropout(x, p=0.5, rng=rng), in_place=0)
    W, x = np.zeros(8), np.ones(8)
    wanted = W.copy()
    for call in (step, step.checked, step, step.checked):
        assert call(W, x) is W
        wanted -= al.dropout(x, p=0.5, rng=its)
        same(W, wanted)
    assert rng.bit_generator.state == its.bit_generator.state


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


@primitive(lambda g, y, x: g * al.where(x > 0, 2.0, 3.0))
def two_ways(x: Any) -> Any:
    return x * 2 if (x > 0).all() else x * 3


def test_dropout_is_drawn_anew_in_the_order_of_the_eager_function() -> None:
    for kind in (np.random.default_rng, np.random.RandomState):
        rng, its = kind(0), kind(0)

        def f(x: Any, rng: Any) -> Any:
            y = al.dropout(al.sin(x), p=0.5, rng=rng)
            return al.dropout(y * 2, p=0.2, rng=rng).sum() + (y * y).sum()

        slope = al.func.value_and_grad(lambda x, rng=rng: f(x, rng))
        compiled = al.compile(lambda x, slope=slope: slope(x))
        for _ in range(4):
            for got, wanted in zip(
                compiled(A), al.func.value_and_grad(lambda x, its=its: f(x, its))(A), strict=True
            ):
                same(got, wanted)
        assert rng.random() == its.random()


def test_a_condition_that_fails_raises_what_the_function_raises() -> None:
    compiled = al.compile(al.cross_entropy)
    with pytest.raises(ValueError, match="do not fit") as wanted:
        al.cross_entropy(Tensor(A), np.array([0, 3]))
    for _ in range(2):
        same(compiled(A, np.array([0, 1])), al.cross_entropy(A, np.array([0, 1])))
        with pytest.raises(ValueError, match="do not fit") as error:
            compiled(A, np.array([0, 3]))
        assert str(error.value).split("; ")[1:] == str(wanted.value).split("; ")[1:]
    with pytest.raises(ValueError, match="do not fit"):
        al.compile(al.cross_entropy)(A, np.array([0, 3]))  # at the first call


# Errors -----------------------------------------------------------------------------------------

W = Tensor(np.ones(3), name="W")
LOOKING: list[Callable[[Any], Any]] = [
    lambda x: x if x.sum() > 0 else -x,
    lambda x: x * float(x.sum()),
    lambda x: x * int(x.sum()),
    lambda x: x * x.sum().item(),
    lambda x: x * x.data,
    lambda x: x.tolist(),
    lambda x: print(x),
    lambda x: f"{x.sum():.3f}",
    lambda x: max(x.sum(), x.mean()) * x,
    lambda x: list(range(x.argmax())),
    lambda x: (x * W).sum().backward(),
    lambda x: x * W.data,
    lambda x: W.assign(np.zeros(3)),
    lambda x: Tensor(x),
]


@pytest.mark.parametrize("f", LOOKING)
def test_what_looks_at_a_value_names_the_line(f: Callable[[Any], Any]) -> None:
    line = f"{__file__}:{inspect.getsourcelines(f)[1]}, inside a function that is being compiled"
    with pytest.raises(TypeError) as error:
        al.compile(f)(A)
    assert line in str(error.value)
    assert len(str(error.value).split("; ")) >= 3
    assert bool(Tensor(A).sum() > 0)  # values are visible again
    y = Tensor(A)
    assert al.grad((y * y).sum(), y).tolist() == (2 * A).tolist()


@pytest.mark.parametrize(
    "f", [lambda x: np.asarray(x), lambda x: np.array([x.sum(), 1]), lambda x: np.median(x)]
)
def test_numpy_that_would_lose_a_value_is_an_error(f: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="gradient"):
        al.compile(f)(A)


def test_what_is_no_function_of_its_arguments_is_an_error() -> None:
    rng, kept, counter = np.random.default_rng(0), [], iter(range(100))
    running: dict[str, Any] = {"mean": Tensor(0.0)}

    def changes(d: Any) -> Any:
        d["more"] = d["a"] * 2
        return d["more"]

    def keeps(x: Any) -> Any:
        kept.append(x * 2)
        return x

    def averages(x: Any) -> Any:
        with no_grad():
            running["mean"] = 0.9 * running["mean"] + 0.1 * x.mean()
        return x * 2

    for f in (
        lambda x: x + rng.standard_normal(x.shape),
        lambda x: x + 1e-11 * rng.standard_normal(x.shape),
        lambda x: x + np.random.standard_normal(x.shape),  # noqa: NPY002
        lambda x: x * next(counter),
    ):
        with pytest.raises(RuntimeError, match="two results for the same arguments"):
            al.compile(f)(A)
    for f in (keeps, averages):
        with pytest.raises(RuntimeError, match="keeps what it computed"):
            al.compile(f)(A)
    with pytest.raises(TypeError, match="changed a list or dict"):
        al.compile(changes)({"a": A})
    for f in (lambda x: {x}, lambda x: iter([x]), lambda x: (x, object())):
        with pytest.raises(TypeError, match="compiled function returned"):
            al.compile(f)(A)


def test_generators_are_as_they_were_after_an_error() -> None:
    rng = np.random.default_rng(0)

    def f(x: Any) -> Any:
        y = al.dropout(x, p=0.5, rng=rng)
        return y if y.sum() > 0 else x

    with pytest.raises(TypeError, match="asked for"):
        al.compile(f)(A)
    assert rng.random() == np.random.default_rng(0).random()


def test_the_source_comes_with_the_first_call() -> None:
    compiled = al.compile(lambda x, scale: x * scale + 1)
    with pytest.raises(RuntimeError, match="before its first call"):
        print(compiled.source)
    compiled(A, 3.0)
    assert "multiply" in compiled.source
    compiled(np.ones(7), 3.0)
    assert "(7,)" in compiled.source


def test_names_are_the_functions_own_whatever_they_are() -> None:
    @primitive(lambda g, y, x: g)
    def scale(x: Any) -> Any:
        return np.array([math.erf(v) for v in x.ravel()]).reshape(x.shape)

    inverse = primitive(lambda g, y, x: g)(lambda x: np.linalg.inv(x))

    def f(scale_: Any, inv: Any, start: Any, np: Any, v1: Any, c2: Any, multiply: Any) -> Any:
        return scale(scale_) * inverse(inv) + start * 2 - np * v1 / c2 * multiply

    def g(scale: Any, call_scale: Any) -> Any:
        return renamed(scale) * call_scale

    renamed, square = scale, np.array([[2.0, 1], [0, 3]])
    args = [square * k for k in (0.1, 1, 2, 3, 4, 5, 6)]
    with np.errstate(invalid="ignore"):
        for got, wanted in ((al.compile(f)(*args), f(*args)), (al.compile(g)(*args[:2]),) * 2):
            same(got, wanted)
        same(al.compile(g)(*args[:2]), scale(args[0]) * args[1])
    long = np.ones(70_000)

    def h(start: Any, start_part: Any, lambda_: Any) -> Any:
        return (start * 2 + start_part.sum() - 1) * start - lambda_

    step = al.compile(h, in_place=0)
    same(step(long, A, long * 2), (long.sum() * 0 + 1) * (2 + A.sum() - 1) * np.ones(70_000) - 2)


@pytest.mark.parametrize(
    "name", ["type", "len", "ndarray", "MISS", "np", "c1", "v1", "step", "x_0"]
)
def test_parameters_of_any_name(name: str) -> None:
    f = eval(f"lambda {name}, other: ({name} * 2 + other[0], {name} @ other[1])")
    compiled = al.compile(f)
    for x in (A, A + 1):
        other = (x[0], x.T)
        for got, wanted in zip(compiled(x, other), f(x, other), strict=True):
            same(got, wanted)


class Doubling:
    def __call__(self, x: Any) -> Any:
        return x * 2

    def method(self, x: Any) -> Any:
        return x * 2


def half(x: Any) -> Any:
    return x / 2


CALLABLES = [Doubling(), Doubling().method, partial(np.multiply, 2.0), al.relu, half]


@pytest.mark.parametrize("f", CALLABLES, ids=["object", "method", "partial", "op", "function"])
def test_callables_of_any_kind_and_their_copies(f: Any) -> None:
    compiled = al.compile(f)
    same(compiled(A), f(A))
    for copied in (
        copy.deepcopy(compiled),
        copy.copy(compiled),
        pickle.loads(pickle.dumps(compiled)),
    ):
        same(copied(A + 1), f(A + 1))


def test_numpys_scalars_are_strong() -> None:
    x = A.astype(np.float32)
    for f in (
        lambda x: x * np.float64(0.1),
        lambda x: (x * np.float64(0.1)) * 3.0,
        lambda x: np.float64(2) + x.sum(),
        lambda x: x * np.float32(0.1),
    ):
        same(al.compile(f)(x), f(x), 1e-6)


def test_dicts_of_any_class() -> None:
    def f(x: Any) -> Any:
        d = defaultdict(list, a=x * 2)
        return d, OrderedDict(b=x * 3, a=d)

    d, ordered = al.compile(f)(A)
    assert type(d) is defaultdict
    assert d.default_factory is list
    assert type(ordered) is OrderedDict
    assert list(ordered) == ["b", "a"]
    same(ordered["a"]["a"], A * 2)


def test_bits_of_integers() -> None:
    for f in (lambda x: ~x, lambda x: x & 6, lambda x: x | 9, lambda x: (x > 2) & ~(x > 4)):
        for x in (np.array([1, 4]), np.array([3, 5])):
            same(al.compile(f)(x), f(x))


@contextmanager
def no_tracing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, to trace a function is an error."""
    with monkeypatch.context() as patch:
        patch.delattr(compiled_module, "record")
        yield


class Plain(np.ndarray):
    pass


def test_arrays_that_are_no_others_are_not_traced_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    big = A.astype(">f8")
    f = al.compile(lambda x: x * 2 + 1)
    f(A), f(big)
    with no_tracing(monkeypatch):
        for x in (
            A,
            pickle.loads(pickle.dumps(A)),
            A.view(Plain),
            big,
            pickle.loads(pickle.dumps(big)),
        ):
            assert type(f(x)) is np.ndarray
            np.testing.assert_array_equal(f(x), A * 2 + 1)
        with pytest.raises(NameError):
            f(A[:1])
    for odd in (np.ma.array(A, mask=A > 2),):
        with pytest.raises(TypeError, match="a way of its own"):
            f(odd)


def test_traces_leave_nothing_behind() -> None:
    def texts() -> int:
        gc.collect()
        return sum(name.startswith("<make ") for name in linecache.cache)

    before = texts()
    for k in range(5):
        al.compile(lambda x, k=k: x * k)(A)
    assert texts() <= before


# Where it is called -----------------------------------------------------------------------------


def test_compiled_functions_inside_others() -> None:
    W = Tensor(3.0)
    inner = al.compile(lambda x: W * al.sin(x))
    inner(A)
    constant = np.full((2, 3), 0.5)
    outer = al.compile(lambda x: inner(x) * inner(constant))
    for w in (3.0, 5.0, 7.0):
        W.data = w
        same(outer(A), w * w * np.sin(A) * np.sin(0.5))
    slope = al.func.grad(lambda x: inner(x).sum())  # recorded, for it depends on W
    same(slope(A).data, 7 * np.cos(A))
    for k in (2, 3):
        same(al.compile(slope)(A * k), 7 * np.cos(A * k))
    same(al.func.at([W], inner)([np.array(2.0)], A).data, 2 * np.sin(A))
    x = Tensor(A)
    same(al.grad(inner(x).sum(), x), 7 * np.cos(A))
    with no_grad():
        same(inner(A), 7 * np.sin(A))
        same(al.compile(slope)(A), 7 * np.cos(A))


def test_no_grad_inside() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            scale = (x * x).sum()
        return (x * scale).sum()

    compiled = al.compile(al.func.grad(f))
    for k in (1, 2):
        same(compiled(A * k), np.full((2, 3), (A * A).sum() * k * k))


def test_threads_wait_for_each_other() -> None:
    step = al.compile(lambda x: al.tanh(x * 2) @ x.T)
    step(np.ones((20, 20)))
    wrong = []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).standard_normal((20 + seed % 2, 20))
        wanted = np.tanh(x * 2) @ x.T
        for _ in range(100):
            if not np.allclose(step(x), wanted, rtol=1e-12):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@settings(quick, max_examples=20)
@given(graphs)
def test_warnings_are_those_of_the_function(graph: Any) -> None:
    f, xs, *_ = recorded(graph)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        al.compile(f)(*xs)
