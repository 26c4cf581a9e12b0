"""How arguments are taken apart and refused, what is watched, and how results are returned."""

from __future__ import annotations

import math
import pickle
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import pytest
from checks import A, same

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.compiling import compiled as compiled_module


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


class Pair(NamedTuple):
    first: Any
    second: Any


class Values(list[Any]):
    pass


def test_sequences_of_any_class() -> None:
    pair, values, empty, one = al.compile(
        lambda x: (Pair(x, [x * 2]), Values([x]), (), (x,)),
    )(A)
    assert [type(x) for x in (pair, values, empty, one)] == [Pair, Values, tuple, tuple]
    same(pair.first, A)
    same(pair.second[0], A * 2)
    same(values[0], A)
    same(one[0], A)


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


def test_what_wrappers_name_is_watched_too() -> None:
    k, scale = 2.0, np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        return x * scale

    @wraps(f)
    def inner(x: Any) -> Any:
        return f(x) * k

    x, slope = np.ones(2), al.func.grad(lambda x: inner(x).sum() * k)
    for compiled in map(al.compile, (inner, slope)):
        k = 2.0
        same(compiled(x), compiled.fn(x))
        k = 100.0
        same(compiled(x), compiled.fn(x))
        scale[0] += 3
        same(compiled(x), compiled.fn(x))
