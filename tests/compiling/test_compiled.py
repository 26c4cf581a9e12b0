"""compile: the first call is checked by the library itself, so the second and third count here."""

from __future__ import annotations

import copy
import gc
import linecache
import math
import pickle
import threading
import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest
from checks import A, same
from hypothesis import given, settings
from rows import ROWS
from test_lowering import UNWRITABLE, WRITABLE, X, loss_of
from test_random_expressions import graphs, quick, recorded

import autograd_lite as al
from autograd_lite import Tensor, no_grad, primitive
from autograd_lite.compiling.compiled import LARGEST

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


# What a function reads from outside -------------------------------------------------------------


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


def test_the_source_comes_with_the_first_call() -> None:
    compiled = al.compile(lambda x, scale: x * scale + 1)
    with pytest.raises(RuntimeError, match="before its first call"):
        print(compiled.source)
    compiled(A, 3.0)
    assert "multiply" in compiled.source
    compiled(np.ones(7), 3.0)
    assert "(7,)" in compiled.source


def test_a_notebook_shows_the_name_and_what_runs() -> None:
    compiled = al.compile(lambda x: x * 2 + 1)
    assert compiled._repr_markdown_().startswith("```python\n# <compiled <lambda>>\n# what runs is")
    compiled(A)
    shown = f"```python\n# <compiled <lambda>>\n{compiled.source.rstrip()}\n```\n"
    assert compiled._repr_markdown_() == shown
    compiled.fn.__name__ = "f\n```\n<b>"  # type: ignore[attr-defined]
    assert compiled._repr_markdown_().startswith("````python\n# <compiled f ``` <b>>\nimport")


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


def test_bits_of_integers() -> None:
    for f in (lambda x: ~x, lambda x: x & 6, lambda x: x | 9, lambda x: (x > 2) & ~(x > 4)):
        for x in (np.array([1, 4]), np.array([3, 5])):
            same(al.compile(f)(x), f(x))


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


class Doubled:
    twice = al.compile(lambda x: x * 2)


def test_a_compiled_function_is_no_method() -> None:
    same(Doubled.twice(A), A * 2)
    with pytest.raises(TypeError, match="compile the bound method instead"):
        Doubled().twice(A)


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
