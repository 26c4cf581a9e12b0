"""Planning: whatever lives where, in whatever order, three calls with other values are right.

Random programs are full of what is hard: values that live long, views of buffers that are used
again, joins that are written in place, results that are arguments, views, or equal, and arguments
that are overwritten while they are still read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import primitive

Array = np.ndarray


def square(x: Any) -> bool:
    return x.ndim == 2 and x.shape[0] == x.shape[1]


UNARY: list[Callable[[Any], Any]] = [
    lambda x: x * 2.5,
    lambda x: -x,
    lambda x: al.tanh(x),
    lambda x: x * x * 0.3,
    lambda x: al.where(x > 0.1, x, x * 0.5),
    lambda x: al.maximum(x, 0.1),
    lambda x: (x > 0) * x,
    lambda x: x / (1 + abs(x)),
    lambda x: x / (1 + (x * x).sum()),
    lambda x: x - x.mean(),
    lambda x: al.softmax(x) if x.ndim else x,
    lambda x: x.T if square(x) else x + 1.5,
    lambda x: x[::-1] if x.ndim else x,
    lambda x: x.reshape(-1).reshape(x.shape) * 1.5,
    lambda x: al.concatenate([x[1:], x[:1]]) if x.ndim else x,
    lambda x: al.sum(x, axis=0, keepdims=True) * x * 0.1 if x.ndim else x,
    lambda x: x[np.array([0, 0, -1])] if x.ndim and x.shape[0] == 3 else x,
    lambda x: al.concatenate([al.ravel(x) * 1.25, al.ravel(x.T)])[-x.size :].reshape(x.shape),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b * 0.3,
    lambda a, b: al.where(a > b, a, b * 0.5),
    lambda a, b: (a @ b) * 0.3 if square(a) else a * b,
    lambda a, b: a * (b * a).sum() * 0.01,
    lambda a, b: al.concatenate([a, b])[1 : 1 + a.shape[0]] if a.ndim else a + b,
    lambda a, b: al.concatenate([al.ravel(a * 1.5), al.ravel(b)]).reshape((2, *a.shape))[1],
]


def program(rng: np.random.Generator, length: int, results: int) -> Callable[..., Any]:
    """A function of arrays of one shape that returns several of the values on its way."""
    steps = rng.integers(0, 10**6, (length, 4)).tolist()
    wanted = rng.integers(0, 10**6, (results, 2)).tolist()

    def f(*xs: Any) -> Any:
        values = list(xs)
        for arity, choice, i, j in steps:
            a, b = values[i % len(values)], values[-1 - j % min(4, len(values))]
            if arity % 2:
                values.append(UNARY[choice % len(UNARY)](b))
            else:
                values.append(BINARY[choice % len(BINARY)](a, b))
        recent = values[-6:]
        return tuple((recent if late % 3 else values)[i % len(recent)] for late, i in wanted)

    return f


def agrees(
    f: Callable[..., Any],
    xs: Sequence[Array],
    draw: Callable[[], Array],
    in_place: tuple[int, ...] = (),
) -> None:
    """Three calls give what `f` gives of arrays; arguments stay, or become the first results."""
    compiled = al.compile(f, in_place=in_place)
    before = []
    for _ in range(3):
        args = [x if i in in_place else draw() for i, x in enumerate(xs)]
        copies = [x.copy() for x in args]
        wanted = f(*(x.copy() for x in args))
        got = compiled(*args)
        for a, b in zip(got, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)
        for i, x in enumerate(args):
            if i not in in_place:
                np.testing.assert_array_equal(x, copies[i])
        assert all(got[k] is xs[i] for k, i in enumerate(in_place))
        fresh = got[len(in_place) :]
        for a in fresh:  # results belong to the caller
            assert not any(np.may_share_memory(a, x) for x in args)
            assert sum(np.may_share_memory(a, other) for other in fresh) == 1 or not np.ndim(a)
        for earlier, kept in before:
            np.testing.assert_array_equal(earlier, kept)
        before += [(a, a.copy()) for a in fresh]
        for x in xs:
            np.clip(x, -2, 2, out=x)


def drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Callable[[], Array]:
    return lambda: np.asarray(rng.standard_normal(shape))


@pytest.mark.parametrize("shape", [(3, 3), (4,), (3,), (2, 3), (1, 4), (3, 1), ()])
@pytest.mark.parametrize("seed", range(20))
def test_random_programs(shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng((seed, *shape))
    inputs = int(rng.integers(1, 4))
    updated = int(rng.integers(0, inputs + 1))
    in_place = tuple(map(int, rng.permutation(inputs)[:updated]))
    f = program(rng, int(rng.integers(2, 14)), updated + 2)
    draw = drawn(rng, shape)
    agrees(f, [draw() for _ in range(inputs)], draw, in_place)


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_on_arrays_that_are_gone_through_in_strips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    f = program(rng, int(rng.integers(3, 9)), 2)
    draw = drawn(rng, (70_001,))
    agrees(f, [draw(), draw()], draw, (0, 1)[: seed % 3])


@pytest.mark.parametrize("seed", range(30))
def test_gradients_of_random_programs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = [(3, 3), (4,), (2, 3), (3, 1)][seed % 4]
    f = program(rng, int(rng.integers(2, 10)), 2)
    w = rng.standard_normal(shape)
    both = al.func.value_and_grad(
        lambda *xs: sum((y * w).sum() if y.shape == w.shape else y.sum() for y in f(*xs)), (0, 1)
    )
    draw = drawn(rng, shape)

    def flat(*xs: Any) -> Any:
        value, slopes = both(*xs)
        return value, *slopes

    agrees(flat, [draw(), draw()], draw)


X = np.linspace(-1, 1, 6).reshape(2, 3)
LONG = np.linspace(-1, 1, 70_001)


def many(x: Any) -> Any:
    values = [al.sin(x * i) for i in range(1, 40)]
    return al.sum(al.stack([a * b for a, b in zip(values, values[::-1])]), axis=0)


def read_between_parts(v: Any, x: Any) -> Any:
    a = x * 2
    b = x * v.sum()
    return al.concatenate([al.concatenate([a, b]), x * 3])


def scaled(v: Any, x: Any) -> Any:
    y = v * x
    return y / (1 + (y * y).sum())


def through_float32(x: Any) -> Any:
    """Float32 in memory that float64 was in, and is in again before all of it was read."""
    c = al.cos(x)
    s = al.sin(x).sum()
    v = c.astype(np.float32)
    y = v + x
    z = y * s
    return y[::-1] + z[::-1]


def beside_float32(x: Any) -> Any:
    c = al.cos(x)
    s = al.sin(x).sum()
    v = c.astype(np.float32)
    w = x * 2
    y = v > 0.5
    z = x * s
    return al.where(y[::-1], z[::-1], w[::-1])


def reversed_in_strips(x: Any) -> Any:
    a = al.sin(x)[::-1] * 2
    b = al.cos(a)
    return a.sum(), b.sum(), b[::-1] + a, a - b


def products_joined(a: Any, b: Any) -> Any:
    single = a.astype(np.float32)
    return al.concatenate([al.ravel(single.T @ single), b * 2.5]) * 1.5


HAZARDS: dict[str, tuple[Callable[..., Any], tuple[Array, ...], Any]] = {
    "many live values": (many, (X,), ()),
    "the argument as it was": (lambda p: (p + 1, p), (X,), 0),
    "a view of the argument as it was": (lambda p: (p + 1, p[0], p.T[1:]), (X,), 0),
    "two arguments exchanged": (lambda a, b: (b, a), (X, X + 1), (0, 1)),
    "three in a ring": (lambda a, b, c: (b, c, a * 2), (X, X + 1, X + 2), (0, 1, 2)),
    "both ways round": (lambda a, b: (b + 1, a - b), (X, X * 2), (1, 0)),
    "its own transpose": (lambda a: a.T * 2 - a, (np.arange(4.0).reshape(2, 2),), 0),
    "its own transpose alone": (lambda a: a.T, (np.arange(4.0).reshape(2, 2),), 0),
    "its own reverse": (lambda a: a[::-1] + a * 0.5, (np.arange(5.0),), 0),
    "slices that overlap": (
        lambda a: al.concatenate([a[1:] + a[:-1], a[:1]]),
        (np.arange(5.0),),
        0,
    ),
    "a row of itself": (lambda a: a - a[0], (X,), 0),
    "an element of itself": (lambda a: a * a[0, 1], (X,), 0),
    "one value for two": (lambda a, b: (a * b, a * b), (X, X + 1), (0, 1)),
    "a value that is also returned": (lambda a: (a * 2, a * 2, (a * 2).T), (X,), 0),
    "an argument read between parts": (read_between_parts, (np.arange(6.0), np.ones(2)), 0),
    "a part twice": (lambda x: al.concatenate([x * 2, x * 2, (x * 2)[::-1]]) - 1, (X,), ()),
    "a part and its transpose": (
        lambda x: al.concatenate([al.ravel(x * 2), al.ravel((x * 2).T)]) * 3,
        (X,),
        (),
    ),
    "a mask among the parts": (
        lambda x: al.where(x > 0, al.concatenate([x > 0, x])[2:], al.concatenate([x, x > 0])[:2]),
        (X,),
        (),
    ),
    "a sum within a run of strips": (scaled, (LONG, LONG + 1), ()),
    "a sum within a run of strips, in place": (scaled, (LONG, LONG + 1), 0),
    "an element within a run of strips": (lambda x: (x * 2) / (3 + (x * 2)[7]), (LONG,), 0),
    "a part of another dtype": (products_joined, (X, np.arange(3.0)), ()),
    "a view in strips": (reversed_in_strips, (LONG,), ()),
    "strips through another dtype": (through_float32, (LONG,), 0),
    "strips of two dtypes": (beside_float32, (LONG,), 0),
}


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards(name: str) -> None:
    f, given, in_place = HAZARDS[name]
    xs = [np.array(x) for x in given]
    compiled = al.compile(f, in_place=in_place)
    places = (in_place,) if isinstance(in_place, int) else in_place
    for call in range(1, 4):
        args = [x if i in places else x * call for i, x in enumerate(xs)]
        wanted = f(*(x.copy() for x in args))
        got = compiled(*args)
        if not isinstance(wanted, tuple):
            wanted, got = (wanted,), (got,)
        for a, b in zip(got, wanted, strict=True):
            tolerance = 1e-6 if "dtype" in name else 1e-12
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
            assert a.dtype == b.dtype
        for x in xs:
            x /= 1 + np.abs(x).max()


@primitive(lambda g, y, x: g * al.where(x > 0, 2.0, 3.0))
def two_ways(x: Any) -> Any:
    return x * 2 if (x > 0).all() else x * 3


def test_nothing_is_overwritten_before_the_last_condition() -> None:
    step = al.compile(lambda p, x: (p * 2, two_ways(x)), in_place=0)
    p = np.ones(3)
    for x, factor in ((np.ones(3), 2), (-np.ones(3), 3), (np.ones(3), 2)):
        before = p.copy()
        updated, y = step(p, x)
        assert updated is p
        np.testing.assert_array_equal(p, before * 2)
        np.testing.assert_array_equal(y, x * factor)


def test_a_call_that_fails_overwrites_nothing() -> None:
    step = al.compile(lambda p, z, t: (p * 2, al.cross_entropy(z, t)), in_place=0)
    p, z = np.ones(3), np.zeros((2, 3))
    step(p, z, np.array([0, 1]))
    with pytest.raises(ValueError, match="do not fit 3 classes"):
        step(p, z, np.array([0, 7]))
    np.testing.assert_array_equal(p, 2 * np.ones(3))
    assert step(p, z, np.array([2, 1]))[1] == pytest.approx(np.log(3), rel=1e-14)


def test_calls_of_the_same_shapes_need_no_more_memory() -> None:
    import tracemalloc

    def peak(n: int) -> int:
        step = al.compile(lambda p, x: p - 0.1 * al.tanh(x.T @ (x @ p)) * p, in_place=0)
        p, x = np.ones((n, n)), np.ones((n, n)) / n
        for _ in range(3):
            step(p, x)
        tracemalloc.start()
        for _ in range(3):
            step(p, x)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    # bytes; one array of 300 x 300 takes 720,000, and numpy's own buffer 65,536
    assert peak(300) < peak(30) + 80_000
