"""The test table: for each op of the catalogue, how to call it and what its value must be.

A row's formula is worked out apart from the engine: Python's `math`, element by element, or the
definition written as a sum. Gradients are held against numerical derivatives of that formula. The
inputs lie well away from kinks and ties, which have tests of their own in `test_ops.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np

import autograd_lite as al

Array = np.ndarray


class Row(NamedTuple):
    """`call` of Tensors or arrays must give what `formula` gives of the same arrays."""

    op: str
    call: Callable[..., Any]
    inputs: tuple[Array, ...]
    formula: Callable[..., Any]


ROWS: dict[str, Row] = {}


def row(op: str, formula: Callable[..., Any], *inputs: Array, call: Any = None, **params: Any):
    """Add a row; without `call`, the op is called with the inputs and the params."""

    def plain(*xs: Any) -> Any:
        return getattr(al, op)(*xs, **params)

    name = f"{op}-{sum(r.op == op for r in ROWS.values())}"
    ROWS[name] = Row(op, call or plain, inputs, formula)


def differences(f: Callable[..., Any], xs: Sequence[Array], g: Array) -> list[Array]:
    """gᵀ · ∂f/∂x for each of `xs`, by central differences.

    Two step lengths, extrapolated: the error is h⁴f⁽⁵⁾/30, about 1e-12, and that of rounding
    1e-13, so 1e-9 is a fair tolerance for functions of the size of 1.
    """
    h = 5e-4
    gradients = []
    for i, x in enumerate(xs):
        gradient = np.zeros(x.shape)
        for place in np.ndindex(x.shape):

            def at(step: float, i: int = i, place: Any = place) -> Array:
                moved = [np.array(v, dtype=float) for v in xs]
                moved[i][place] += step
                return np.asarray(f(*moved), dtype=float)

            slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
            gradient[place] = np.sum(g * slope)
        gradients.append(gradient)
    return gradients


# Inputs -----------------------------------------------------------------------------------------

_rng = np.random.default_rng(7)


def real(*shape: int) -> Array:
    """Normal, and at least 0.2 from 0."""
    x = np.asarray(_rng.standard_normal(shape))
    return x + 0.2 * np.sign(x)


def positive(*shape: int) -> Array:
    """Between 0.6 and 1.9."""
    return 0.6 + 1.3 * np.asarray(_rng.random(shape))


def distinct(*shape: int, offset: float = 0.0) -> Array:
    """0.1 apart from each other, 0.05 from those with an offset of 0.05, and 0.025 from 0."""
    n = math.prod(shape)
    return ((_rng.permutation(n) - n // 2) / 10 + 0.025 + offset).reshape(shape)


# Ways to write a formula ------------------------------------------------------------------------


def each(f: Callable[..., Any]) -> Callable[..., Array]:
    """A function of numbers, for each element of arrays that broadcast."""

    def formula(*xs: Array) -> Array:
        elements = np.broadcast(*xs) if len(xs) > 1 else np.asarray(xs[0])
        values = zip(*(x.flat for x in np.broadcast_arrays(*xs)), strict=True)
        return np.array([f(*map(float, v)) for v in values]).reshape(elements.shape)

    return formula


def over(f: Callable[[list[float]], float], axis: Any = None, keepdims: bool = False):
    """A function of a list of numbers, for the elements along `axis`."""

    def formula(x: Array) -> Array:
        axes = _axes(x, axis)
        result = np.zeros([1 if i in axes else n for i, n in enumerate(x.shape)])
        for place in np.ndindex(result.shape):
            key = tuple(slice(None) if i in axes else k for i, k in enumerate(place))
            result[place] = f(x[key].ravel().tolist())
        return (
            result
            if keepdims
            else result.reshape([n for i, n in enumerate(x.shape) if i not in axes])
        )

    return formula


def along(f: Callable[[list[float], float], float], axis: Any = -1) -> Callable[[Array], Array]:
    """A function of a list and one of its numbers, for each element and those along `axis`."""

    def formula(x: Array) -> Array:
        axes, result = _axes(x, axis), np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            key = tuple(slice(None) if i in axes else k for i, k in enumerate(place))
            result[place] = f(x[key].ravel().tolist(), float(x[place]))
        return result

    return formula


def _axes(x: Array, axis: Any) -> set[int]:
    if axis is None:
        return set(range(x.ndim))
    return {i + x.ndim if i < 0 else i for i in (axis if isinstance(axis, tuple) else (axis,))}


def log_of_sum(v: Sequence[float]) -> float:
    return math.log(math.fsum(map(math.exp, v)))


# Elementwise ------------------------------------------------------------------------------------

COMPARISONS = {
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b),
}
for name, compare in COMPARISONS.items():
    row(name, each(compare), np.array([[1.0, 2.0, 0.0], [0.0, 0.5, 3.0]]), np.array([1.0, 2.5, 0]))
row("logical_not", each(lambda x: not x), np.array([0.0, 2.0]))
# Of bits, which floating leaves come by as comparisons and casts.
TRUTH = np.array([[-1.0], [2.0]]), np.array([-3.0, 4.0])
BITS = np.array([[6.0], [-3.0]]), np.array([3.0, 12.0, -1.0])
for name, bits in {"bitwise_and": operator.and_, "bitwise_or": operator.or_}.items():
    row(name, each(lambda a, b, f=bits: f(a > 0, b > 0)), *TRUTH,
        call=lambda a, b, f=bits: f(a > 0, b > 0))  # fmt: skip
    row(name, each(lambda a, b, f=bits: f(int(a), int(b))), *BITS, call=lambda a, b, n=name:
        getattr(al, n)(al.astype(a, dtype=int), al.astype(b, dtype=int)))  # fmt: skip
row("invert", each(lambda x: not x > 0), np.array([-1.0, 2.0]), call=lambda x: al.invert(x > 0))
row("invert", each(lambda x: ~int(x)), np.array([-1.0, 6.0]),
    call=lambda x: al.invert(al.astype(x, dtype=int)))  # fmt: skip

for axis in (None, 0, (0, 1), -1):
    for keepdims in (False, True):
        mask = np.array([[1.0, 0.0, 2.0], [3.0, 0.0, 0.0]])
        row("all", lambda x, a=axis, k=keepdims: np.min(x != 0, axis=a, keepdims=k), mask,
            axis=axis, keepdims=keepdims)  # fmt: skip
        row("any", lambda x, a=axis, k=keepdims: np.max(x != 0, axis=a, keepdims=k), mask,
            axis=axis, keepdims=keepdims)  # fmt: skip

UNARY = {
    "sign": lambda x: math.copysign(1, x),
    "negative": lambda x: 0 - x,
    "square": lambda x: math.pow(x, 2),
    "reciprocal": lambda x: math.pow(x, -1),
    "abs": lambda x: x if x > 0 else -x,
    "exp": math.exp,
    "expm1": math.expm1,
    "sin": math.sin,
    "cos": math.cos,
    "arctan": lambda x: math.atan2(x, 1),
    "sinh": lambda x: (math.exp(x) - math.exp(-x)) / 2,
    "cosh": lambda x: (math.exp(x) + math.exp(-x)) / 2,
    "tanh": lambda x: 1 - 2 / (math.exp(2 * x) + 1),
    "sigmoid": lambda x: (1 + math.tanh(x / 2)) / 2,
    "relu": lambda x: x if x > 0 else 0.0,
    "softplus": lambda x: math.log(1 + math.exp(x)),
}
for name, function in UNARY.items():
    for shape in ((2, 3), (), (0, 3)):
        row(name, each(function), real(*shape))
POSITIVE = {
    "sqrt": math.sqrt,
    "log": math.log,
    "log1p": math.log1p,
    "log2": lambda x: math.log(x) / math.log(2),
    "log10": lambda x: math.log(x) / math.log(10),
}
for name, function in POSITIVE.items():
    for shape in ((2, 3), (), (0, 3)):
        row(name, each(function), positive(*shape))
for name, function in {"arcsin": math.asin, "arccos": math.acos, "tan": math.tan}.items():
    for shape in ((2, 3), (), (0, 3)):
        row(name, each(function), positive(*shape) - 1.2)

BINARY = {
    "add": lambda a, b: math.fsum((a, b)),
    "subtract": lambda a, b: math.fsum((a, -b)),
    "multiply": lambda a, b: math.prod((a, b)),
    "divide": lambda a, b: a * math.pow(b, -1),
    "power": lambda a, b: math.exp(b * math.log(a)),
    "logaddexp": lambda a, b: log_of_sum((a, b)),
    "arctan2": lambda a, b: math.atan2(a, b),
    "hypot": lambda a, b: math.sqrt(a * a + b * b),
    "maximum": lambda a, b: a if a > b else b,
    "minimum": lambda a, b: a if a < b else b,
}
SHAPES = [
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 1), (1, 3)),
    ((), (3,)),
    ((2, 1, 2), ()),
    ((), ()),
    ((0, 3), (3,)),
    ((1,), (0,)),
    ((1, 1), (2,)),
]
for name, function in BINARY.items():
    for left, right in SHAPES:
        if name in ("maximum", "minimum"):
            inputs = distinct(*left), distinct(*right, offset=0.05)
        elif name == "power":
            inputs = positive(*left), real(*right)
        else:
            inputs = real(*left), real(*right)
        row(name, each(function), *inputs)
for n in (2, 3, 1, 0, -1, 0.5):
    base = positive(3) if n == 0.5 else real(3)
    row("power", each(lambda a, n=n: math.pow(a, n)), base, call=lambda a, n=n: a**n)
row("power", each(lambda b: math.pow(3, b)), real(3), call=lambda b: 3**b)
row("power", each(lambda x: math.exp(x * math.log(x))), positive(3), call=lambda x: x**x)

MASK = np.array([True, False, True])
row("where", lambda a, b: np.array([a[0], b[0], a[1]]), real(2), real(1),
    call=lambda a, b: al.where(MASK, a[np.array([0, 0, 1])], b))  # fmt: skip
for left, right in (((2, 3), (2, 3)), ((3,), (2, 1)), ((2, 1), ()), ((), (3,))):
    row("where", lambda a, b: a * MASK + b * (1 - MASK), real(*left), real(*right),
        call=lambda a, b: al.where(MASK, a, b))  # fmt: skip
for left, right in (((2, 3), (2, 3)), ((2, 3), ()), ((3,), (2, 1))):
    row("guarded", lambda x, other: np.where(np.arange(3) == 1, 0.5, x) + 0 * other,
        real(*left), real(*right),
        call=lambda x, other: al.guarded(x, np.arange(3) == 1, 0.5) + 0 * other)  # fmt: skip
row("where", each(lambda x: x if x > 0 else x / 2), np.array([-1.2, 0.4, 2.1, -0.3]),
    call=lambda x: al.where(x > 0, x, x / 2))  # fmt: skip
row("astype", each(int), np.array([1.5, -2.5]),
    call=lambda x: al.astype(al.astype(x, dtype=int), dtype=float))  # fmt: skip
row("astype", lambda x: x, real(2, 3), dtype=float)
row("copy", lambda x: x, real(2, 3))
row("clip", each(lambda x: sorted((-0.31, x, 0.42))[1]), distinct(3, 4), min=-0.31, max=0.42)
for name, function in {"at_least": max, "at_most": min}.items():
    row(name, each(function), distinct(3, 4), distinct(4, offset=0.05))
    row(name, each(function), distinct(3), distinct(2, 1, offset=0.05))
    row(name, each(lambda x, f=function: f(x, 0.1)), distinct(4),
        call=lambda x, op=name: getattr(al, op)(x, 0.1))  # fmt: skip
row("clip", each(lambda x: x if x > 0 else 0.0), distinct(4), min=0)
row("clip", each(lambda x: x if x < 0 else 0.0), distinct(4), max=0)
row("clip", lambda x: np.array([[max(x[0], lo)] for lo in (-0.5, 0.5)]), np.array([0.1]),
    min=np.array([[-0.5], [0.5]], np.float32))  # fmt: skip


def scales(shape: tuple[int, ...]) -> Array:
    """What dropout of 1/4 multiplies by when its generator has the seed 5."""
    draws = np.random.default_rng(5)
    return np.array([4 / 3 if draws.random() >= 0.25 else 0.0 for _ in range(math.prod(shape))])


def dropped(name: str) -> Callable[[Any], Any]:
    return lambda x: getattr(al, name)(x, p=0.25, rng=np.random.default_rng(5))


row(
    "dropout_mask", lambda x: scales((2, 3)).reshape(2, 3), real(2, 3), call=dropped("dropout_mask")
)
row("dropout", lambda x: scales((2, 3)).reshape(2, 3) * x, real(2, 3), call=dropped("dropout"))

# Shapes -----------------------------------------------------------------------------------------


def refill(shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """The elements in the order of their indices, laid out in another shape."""

    def formula(x: Array) -> Array:
        result = np.zeros(shape)
        for here, there in zip(np.ndindex(shape), np.ndindex(x.shape), strict=True):
            result[here] = x[there]
        return result

    return formula


def permute(order: tuple[int, ...]) -> Callable[[Array], Array]:
    def formula(x: Array) -> Array:
        result = np.zeros([x.shape[i] for i in order])
        for place in np.ndindex(x.shape):
            result[tuple(place[i] for i in order)] = x[place]
        return result

    return formula


row("reshape", refill((3, 2)), real(2, 3), shape=(3, 2))
row("reshape", refill((6,)), real(2, 3), shape=-1)
row("reshape", refill((1, 1)), real(), shape=(1, 1))
row("reshape", refill((0, 3)), real(2, 0), shape=(0, 3))
row("ravel", refill((6,)), real(2, 3))
row("transpose", permute((1, 0)), real(2, 3))
row("transpose", permute(()), real())
for axes in permutations(range(3)):
    row("transpose", permute(axes), real(2, 3, 4), axes=axes)
row("transpose", permute((1, 2, 0)), real(2, 3, 4), axes=(1, -1, 0))
row("swapaxes", permute((2, 1, 0)), real(2, 3, 4), axis1=0, axis2=-1)
row("swapaxes", permute((0, 2, 1)), real(2, 3, 4), axis1=1, axis2=2)
row("squeeze", refill((2, 3)), real(1, 2, 1, 3))
row("squeeze", refill((2, 1, 3)), real(1, 2, 1, 3), axis=0)
row("squeeze", refill((2, 3)), real(1, 2, 1, 3), axis=(0, -2))
row("expand_dims", refill((2, 1, 3)), real(2, 3), axis=1)
row("expand_dims", refill((1, 2, 3, 1)), real(2, 3), axis=(0, -1))
row("broadcast_to", lambda x: x + np.zeros((4, 2, 3)), real(2, 1), shape=(4, 2, 3))
row("broadcast_to", lambda x: np.array([x, x]), real(), shape=(2,))
row("broadcast_to", lambda x: np.zeros((0, 3)), real(3), shape=(0, 3))


def beside(*blocks: Array) -> Array:
    """Matrices side by side, by slices."""
    result = np.zeros((len(blocks[0]), sum(b.shape[1] for b in blocks)))
    start = 0
    for b in blocks:
        result[:, start : start + b.shape[1]] = b
        start += b.shape[1]
    return result


def in_turn(*blocks: Array) -> Array:
    return np.array([v for b in blocks for v in b.flat])


row("join", beside, real(2, 3), real(2, 1), real(2, 2), axis=1)
row("join", lambda a, b: beside(a.T, b.T).T, real(2, 3), real(0, 3), axis=-2)
row("join", in_turn, real(2, 3), real(), real(2), axis=None)
row("concatenate", lambda a, b: beside(a, a, b), real(2, 1), real(2, 2),
    call=lambda a, b: al.concatenate([a, a, b], axis=-1))  # fmt: skip
row("concatenate", lambda a, b: beside(a.T, b.T).T, real(2, 3), real(1, 3),
    call=lambda *xs: al.concatenate(xs))  # fmt: skip
row("concatenate", in_turn, real(2, 3), real(2), call=lambda *xs: al.concatenate(xs, axis=None))
row("pile", lambda *xs: np.array(xs), real(3), real(3), real(3), axis=0)
row("stack", lambda a, b: np.array([a, b]), real(2, 3), real(2, 3), call=lambda *xs: al.stack(xs))
row("stack", lambda a, b: np.array([[[p, q] for p, q in zip(*r, strict=True)]
                                    for r in zip(a, b, strict=True)]),
    real(2, 3), real(2, 3), call=lambda *xs: al.stack(xs, axis=-1))  # fmt: skip
row("stack", in_turn, real(), real(), call=lambda *xs: al.stack(xs))

AGAIN = np.array([0, 2, 2])
FIRST = np.array([0, 0, 1])
row("index", lambda x: x[1], real(3, 2), key=1)
row("index", lambda x: np.array([x[1, 0]] * 2), real(3, 2), key=(np.array([1, -2]), 0))
row("index", lambda x: np.array([[x[i, 1], x[i, 0]] for i in (1, 2)]), real(3, 3),
    key=(slice(1, None), slice(1, None, -1)))  # fmt: skip
row("index", lambda x: np.array([x]), real(2, 3), key=(None, ...))
row("index", lambda x: np.array([x]), real(), key=None)
row("index", lambda x: np.array([x[0], x[2], x[2]]), real(3, 2), key=AGAIN)
row("index", lambda x: np.array([x[0], x[2], x[2]]), real(3, 2), key=[0, 2, 2])
row("index", lambda x: np.array([x[0], x[2], x[2]]), real(3, 2), key=((0, 2, 2),))
row("index", lambda x: np.array([x[0, :, 0], x[2, :, 0], x[2, :, 1]]), real(3, 2, 2),
    key=(AGAIN, slice(None), FIRST))  # fmt: skip
row("index", lambda x: np.array([[x[0, 2]], [x[2, 2]], [x[2, 2]]]), real(3, 3),
    key=(AGAIN[:, None], np.array([2])))  # fmt: skip
row("index", lambda x: np.array([[x[0], x[0]]]), real(3), key=(None, np.array([0, 0])))
row("index", lambda x: np.array([x[0], x[2]]), real(3, 2), key=MASK)
row("index", lambda x: np.array([v for v in x.flat if v > 0]), distinct(2, 3),
    call=lambda x: x[x > 0])  # fmt: skip
row("index", lambda x: np.array([x[0, 1], x[2, 1]]), real(3, 2), key=(MASK, 1))
row("index", lambda x: np.zeros((0, 2)), real(3, 2), key=[])
row("getitem", lambda x: x[0] * 1, real(3, 2), key=(0,))
row(
    "getitem",
    lambda x: np.array([x[1], x[0], x[1]]),
    real(2),
    call=lambda x: x[np.array([1, 0, 1])],
)

scattered = al.index(al.Tensor(np.zeros((3, 2))), AGAIN)
row("scatter", lambda v: np.array([v[0], [0, 0], v[1] + v[2]]), real(3, 2),
    call=lambda v: al.scatter(v, AGAIN, key=scattered.params["key"], shape=(3, 2)))  # fmt: skip
row("scatter", lambda v: np.array([0, *v, 0]), real(2), key=(slice(1, 3),), shape=(4,))

for name, keeps in {"tril": operator.ge, "triu": operator.le}.items():
    for shape, k in (((3, 3), 0), ((2, 3), 1), ((2, 3, 2), -1), ((0, 2), 0)):
        mask = keeps(np.arange(shape[-2])[:, None] + k, np.arange(shape[-1]))
        row(name, lambda x, m=mask: x * m, real(*shape), k=k)
    mask = keeps(np.arange(3)[:, None], np.arange(3))
    row(name, lambda x, m=mask: x * m, real(3))

# Reductions -------------------------------------------------------------------------------------


def variance(ddof: int) -> Callable[[list[float]], float]:
    """Half the mean squared difference of two elements, with Bessel's correction."""
    return lambda v: (
        math.fsum((a - b) ** 2 for a, b in combinations(v, 2)) / (len(v) * (len(v) - ddof))
    )


REDUCTIONS = {
    "sum": math.fsum,
    "mean": lambda v: math.fsum(v) / len(v),
    "prod": math.prod,
    "max": lambda v: sorted(v)[-1],
    "min": lambda v: sorted(v)[0],
    "var": variance(0),
    "std": lambda v: math.sqrt(variance(0)(v)),
    "logsumexp": log_of_sum,
    "norm": lambda v: math.hypot(*v),
}
for name, function in REDUCTIONS.items():
    for axis, keepdims in (
        (None, False),
        (None, True),
        (0, False),
        (1, True),
        (-1, False),
        ((0, 2), False),
        ((-1, 0), True),
        ((2, 1, 0), False),
        ((), False),
    ):
        if axis == () and name in ("std", "norm"):  # |x| and the root of nothing: kinks
            continue
        inputs = real if name == "norm" else distinct
        row(name, over(function, axis, keepdims), inputs(2, 2, 3), axis=axis, keepdims=keepdims)
    if name not in ("std", "norm"):
        row(name, over(function), np.array(0.7))
for name in ("sum", "prod"):
    row(name, over(REDUCTIONS[name], 0), real(0, 3), axis=0)
    row(name, over(REDUCTIONS[name], 1), real(0, 3), axis=1)
row("var", over(variance(1), 0), real(3, 2), axis=0, ddof=1)
row("std", over(lambda v: math.sqrt(variance(1)(v)), 1, True), real(2, 3), axis=1, ddof=1,
    keepdims=True)  # fmt: skip
row("prod", over(math.prod, -1), np.array([[1.5, 0, 2.0, -3.0], [0, 2.0, 0, 1.5]]), axis=-1)
row("argmax", lambda x: np.array(x.ravel().tolist().index(sorted(x.flat)[-1])), distinct(2, 3))
row(
    "argmax", lambda x: np.array([int(x[1, j] > x[0, j]) for j in range(3)]), distinct(2, 3), axis=0
)
row("argmin", lambda x: np.array([int(p > q) for p, q in x]), distinct(3, 2), axis=-1)


def running(f: Callable[[list[float]], float], axis: int = 0) -> Callable[[Array], Array]:
    """A function of the list of all elements along `axis` up to each one."""

    def formula(x: Array) -> Array:
        result = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            line = x[(*place[:axis], slice(place[axis] + 1), *place[axis + 1 :])]
            result[place] = f(line.tolist())
        return result

    return formula


for name, function in {"cumsum": math.fsum, "cumprod": math.prod}.items():
    row(name, lambda x, f=function: running(f)(x.ravel()), real(2, 3))
    row(name, lambda x, f=function: running(f)(x.ravel()), real())
    for shape, axis in (((5, 2), 0), ((2, 3, 2), 1), ((0, 3), 0), ((3, 0), 0), ((1, 2), 0)):
        row(name, running(function, axis), real(*shape), axis=axis)
    row(name, running(function, 1), real(2, 3), axis=-1)
row("cumprod", running(math.prod, 1), np.array([[1.5, 0, 2.0, -3.0, 0.5], [0, 2.0, 0, 1.5, 0.7]]),
    axis=1)  # fmt: skip
row("argsort", lambda x: np.array(sorted(range(6), key=lambda i: x.flat[i])), distinct(2, 3),
    axis=None)  # fmt: skip
row("argsort", lambda x: np.array([sorted(range(3), key=lambda i, r=r: r[i]) for r in x]),
    distinct(2, 3), kind="stable")  # fmt: skip
row("argsort", lambda x: np.array([[int(p > q), int(p <= q)] for p, q in x.T]).T, distinct(2, 3),
    axis=0)  # fmt: skip
row("argwhere", lambda x: np.array([[i, j] for i in range(2) for j in range(3) if x[i, j]]),
    np.array([[0, 1.5, 0], [2.5, 0, -1]]))  # fmt: skip
for axis in (-1, 0, (0, 1), None):
    row("softmax", along(lambda v, x: math.exp(x - log_of_sum(v)), axis), real(2, 3), axis=axis)
    row("log_softmax", along(lambda v, x: x - log_of_sum(v), axis), real(2, 3), axis=axis)

# Linear -----------------------------------------------------------------------------------------


def product(a: Array, b: Array) -> Array:
    """Σ aᵢₖ bₖⱼ, written out."""
    left = a if a.ndim > 1 else a[None, :]
    right = b if b.ndim > 1 else b[:, None]
    y = np.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)
    y = y if b.ndim > 1 else y[..., 0]
    return y if a.ndim > 1 else y[..., 0, :] if b.ndim > 1 else y[..., 0]


for left, right in (
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((1, 3), (3, 1)),
    ((2, 2, 3), (3,)),
    ((2, 2, 3), (3, 2)),
    ((3,), (2, 3, 2)),
    ((2, 3), (2, 3, 2)),
    ((2, 1, 3), (2, 3, 2)),
    ((1, 2, 3), (2, 3, 1)),
    ((2, 1, 1, 3), (2, 3, 1)),
    ((2, 1, 2, 3), (3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((2, 1, 0), (0, 3)),
    ((2, 1, 3), (3, 0)),
):
    row("matmul", product, real(*left), real(*right))
row("matmul", lambda a: product(a, a), real(2, 2), call=lambda a: a @ a)
row("dot", product, real(2, 3), real(3))
row("dot", lambda a, b: a * b, real(), real(2, 3))
row("dot", lambda a, b: a * b, real(3), real())
row("outer", each(lambda a, b: a * b), real(2, 1), real(3), call=lambda a, b: al.outer(a[:, 0], b))
row("outer", lambda a, b: np.array([p * b.ravel() for p in a.flat]), real(2, 2), real(1, 3))

for subscripts, left, right in (
    ("ij,jk->ik", (2, 3), (3, 2)),
    ("ij , kj", (2, 3), (2, 3)),
    ("bij,j->", (2, 2, 3), (3,)),
    ("ii,ij->j", (3, 3), (3, 2)),  # a diagonal
    ("ij,kl->i", (2, 3), (2, 2)),  # summed over alone
    ("iij,k->jk", (2, 2, 3), (2,)),
    ("...ij,jk", (2, 1, 2), (2, 3)),
    ("i...,...j->...ji", (2, 1, 3), (2, 3, 2)),
    ("ij,ij->i", (2, 1), (2, 3)),  # a length of 1, repeated
    ("i,i->", (3,), (1,)),
    (",i", (), (3,)),
    ("ij,jk->ik", (2, 0), (0, 3)),
):
    row("einsum", lambda a, b, s=subscripts: np.einsum(s, a, b), real(*left), real(*right),
        call=lambda a, b, s=subscripts: al.einsum(s, a, b))  # fmt: skip
row("einsum", lambda a: np.array([a[i, i] for i in range(3)]), real(3, 3),
    call=lambda a: al.einsum("ii->i", a, optimize=True))  # fmt: skip
row("einsum", lambda a: a[0, 0, 0] + a[1, 1, 1], real(2, 2, 2),
    call=lambda a: al.einsum("iii", a))  # fmt: skip
row("einsum", lambda a, b: product(a, b) * np.sum(b), real(2, 3), real(3),
    call=lambda a, b: al.einsum("ij,j,k->i", a, b, b))  # fmt: skip
row("contract", lambda a, b, c: product(a, b) * np.sum(c), real(2, 3), real(3), real(2),
    subscripts="ij,j,k->i")  # fmt: skip


def determinant(x: Array) -> Any:
    """By Leibniz's formula."""
    n = x.shape[-1]
    terms = (
        math.prod((-1 if p[i] > p[j] else 1) for i, j in combinations(range(n), 2))
        * math.prod((x[..., i, p[i]] for i in range(n)), start=np.ones(x.shape[:-2]))
        for p in permutations(range(n))
    )
    return sum(terms)


def solved(a: Array, b: Array) -> Array:
    """By Cramer's rule."""
    columns = b[..., None] if b.ndim == 1 else b
    lead = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a = np.broadcast_to(a, (*lead, *a.shape[-2:]))
    columns = np.broadcast_to(columns, (*lead, *columns.shape[-2:]))
    y = np.zeros(columns.shape)
    for i in range(y.shape[-2]):
        for j in range(y.shape[-1]):
            replaced = a.copy()
            replaced[..., i] = columns[..., j]
            y[..., i, j] = determinant(replaced) / determinant(a)
    return y[..., 0] if b.ndim == 1 else y


def regular(*shape: int) -> Array:
    """Matrices that can be inverted well."""
    return real(*shape) / 2 + 2 * np.eye(shape[-1])[::-1]


for shape in ((3, 3), (2, 2, 2), (1, 1)):
    n = shape[-1]
    row("inv", lambda x, n=n: solved(x, np.eye(n)[None] if x.ndim > 2 else np.eye(n)),
        regular(*shape))  # fmt: skip
    matrices = regular(*shape)
    row("det", determinant, matrices)
    row("sign_of_det", lambda x: np.sign(determinant(x)), matrices)
    row("log_of_det", lambda x: np.log(np.abs(determinant(x))), matrices)
for left, right in (
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((2, 2, 2), (2,)),
    ((2, 2, 2), (2, 2)),
    ((2, 2), (2, 2, 1)),
    ((2, 1, 2, 2), (2, 2, 3)),
):
    row("solve", solved, regular(*left), real(*right))

row("solve", solved, np.array([[0, 1.5], [2.0, 0]]), real(2))

# Losses -----------------------------------------------------------------------------------------


def squared(p: Array, t: Array) -> float:
    return math.fsum((a - b) ** 2 for a, b in zip(p.flat, t.flat, strict=True))


def entropy(z: Array, t: Array) -> float:
    rows = list(zip(z.reshape(-1, z.shape[-1]), t.reshape(-1, z.shape[-1]), strict=True))
    terms = (w * (log_of_sum(r) - v) for r, ws in rows for v, w in zip(r, ws, strict=True))
    return math.fsum(terms) / len(rows)


def binary_entropy(z: Array, t: Array) -> float:
    s = 1 / (1 + np.exp(-z))
    return -float(np.mean(t * np.log(s) + (1 - t) * np.log(1 - s)))


CLASSES = np.array([[2, 0], [1, 2]])
ONE_HOT = np.array([[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 0, 1]]])
for shape in ((2, 3), (1,), ()):
    row("mse", lambda p, t: squared(p, t) / p.size, real(*shape), real(*shape))
    row("half_squared_error", lambda p, t: squared(p, t) / 2, real(*shape), real(*shape))
    row("bce_with_logits", binary_entropy, real(*shape), np.asarray(_rng.random(shape)))
row("bce_with_logits", binary_entropy, real(2), np.asarray(_rng.random(2)))
row("bce_with_logits", lambda z: binary_entropy(z, MASK), real(3),
    call=lambda z: al.bce_with_logits(z, MASK))  # fmt: skip
row("one_hot", lambda x: np.eye(4)[x.astype(int)], np.array([[1.2, 3.1], [0.4, 1.7]]),
    call=lambda x: al.one_hot(al.astype(x, dtype=int), n=4, dtype=x.dtype))  # fmt: skip
row("cross_entropy", entropy, real(2, 3), positive(2, 3))
row("cross_entropy", lambda z: entropy(z, ONE_HOT), real(2, 2, 3), target=CLASSES)
row("cross_entropy", lambda z: entropy(z, ONE_HOT), real(2, 2, 3), target=ONE_HOT)
row("cross_entropy", lambda z: entropy(z, ONE_HOT[0]), real(2, 3), target=CLASSES[0].tolist())
row("cross_entropy", lambda z: entropy(z, ONE_HOT[0, 1]), real(3), target=0)
row("cross_entropy", lambda z: entropy(z, ONE_HOT[0]), np.array([[0.1, 0.4, 0.9], [1, 0.3, 0.2]]),
    call=lambda z: al.cross_entropy(z, z.argmax(axis=-1)))  # fmt: skip
