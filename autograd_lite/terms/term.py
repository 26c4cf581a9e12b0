"""Terms: a recorded graph as expressions, with equal parts merged and noise removed.

A term is a leaf, or an `op` of `inputs`: terms, numbers, and tuples and slices of these. `Terms`
makes them: equal ones once, and without what a person would not write, such as `1 * x`, a double
negation, or the transpose of a transpose.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np

from .. import ops
from ..graph import Node
from ..op import GENERATORS
from ..ops.reductions import axes_of

Shape = tuple[int, ...]
Params = Mapping[str, Any]


class Term:
    """A value as an expression. Terms are compared by identity, for equal ones are one."""

    __slots__ = ("op", "inputs", "params", "shape", "dtype", "number")

    def __init__(
        self,
        op: Any,
        inputs: tuple[Any, ...],
        params: Params,
        shape: Shape,
        dtype: np.dtype,
        number: int,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.number = number

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"<term {self.number}: {self.op or 'leaf'} {self.shape}>"


class Terms:
    """Makes terms, each with a `number` larger than those of its inputs.

    `ratios`: the numbers that are quotients of whole numbers, with these. is_read: whether they are
    made to be read, where x + 0 is x, though the sign of a zero is lost in it.
    """

    def __init__(self, is_read: bool = False) -> None:
        self.is_read = is_read
        self._made: dict[Any, Term] = {}
        self._next = count()
        self.ratios: dict[float, tuple[int, int]] = {}

    def leaf(self, shape: Shape, dtype: np.dtype) -> Term:
        """A new term without an op."""
        return Term(None, (), {}, shape, dtype, next(self._next))

    def make(
        self, op: Any, inputs: tuple[Any, ...], params: Params, shape: Shape, dtype: np.dtype
    ) -> Term:
        """`op(*inputs, **params)` as it stands."""
        key = op, key_of(inputs), key_of(tuple(params.items())), dtype
        if key not in self._made:
            self._made[key] = Term(op, inputs, params, shape, dtype, next(self._next))
        return self._made[key]

    def simple(
        self, op: Any, inputs: tuple[Any, ...], params: Params, shape: Shape, dtype: np.dtype
    ) -> Any:
        """What `op(*inputs, **params)` comes to: a term, or a number."""
        if op.elementwise:
            numbers = [_filling(x) for x in inputs]
            if all(map(is_number, numbers)) and dtype.kind == "f":
                return self.full(self._computed(op, numbers, params), shape, dtype)
            inputs = _unrepeated(op, inputs, params, shape)
            if (late := _repeated_late(self, op, inputs, params, shape, dtype)) is not None:
                return late
            numbers = [x for x in inputs if isinstance(x, float)]
            if (
                numbers and dtype.kind == "f" and _given(op, inputs, params) != dtype
            ):  # say so, where numbers decide
                inputs = tuple(dtype.type(x) if isinstance(x, float) else x for x in inputs)
        rule = RULES.get(op)
        found = rule(self, inputs, params, shape, dtype) if rule else None
        return self.make(op, inputs, params, shape, dtype) if found is None else found

    def full(self, number: Any, shape: Shape, dtype: np.dtype) -> Any:
        """An array filled with a number, or the number where the shape is ()."""
        if not shape:
            return number
        return self.make(OPS["broadcast_to"], (number,), {"shape": shape}, shape, dtype)

    def _computed(self, op: Any, numbers: list[Any], params: Params) -> Any:
        with np.errstate(all="ignore"):
            value = op.forward(*map(np.float64, numbers), **params).item()
        compute = EXACTLY.get(op)
        if compute and math.isfinite(value) and value and all(map(math.isfinite, numbers)):
            exact = compute(*map(self._exact, numbers))
            ratio = op is OPS["divide"] and all(map(_is_whole, numbers))
            ratio = ratio or not self.ratios.keys().isdisjoint(numbers) or not _is_decimal(exact)
            if max(abs(exact.numerator), exact.denominator) <= 10**9:  # 0.1 * 0.1 is 0.01
                value = exact.numerator / exact.denominator
                if ratio and exact.denominator > 1:
                    self.ratios[value] = exact.numerator, exact.denominator
        return value

    def _exact(self, number: Any) -> Fraction:
        """What a person means by a number: the ratio that it is, or its decimals."""
        return Fraction(*self.ratios.get(number) or (repr(float(number)),))


def read(
    terms: Terms,
    nodes: Iterable[Node],
    leaves: Mapping[Any, Any],
    constant: Callable[[Any], Any],
) -> dict[Any, Any]:
    """The terms of nodes, which are in topological order, given those of the leaves.

    `constant` gives the term of an array that is an input.
    """
    found = dict(leaves)
    for node in nodes:
        if node not in found:
            inputs = tuple(
                found[x] if isinstance(x, Node) else value if is_number(value) else constant(value)
                for x, value in zip(node.inputs, node.saved)
            )
            found[node] = terms.simple(node.op, inputs, node.params, node.shape, node.dtype)
    return found


def within(x: Any) -> Iterator[Term]:
    """The terms in the inputs of a term, or in one of these."""
    if isinstance(x, Term):
        yield x
    elif isinstance(x, (tuple, list)):
        for y in x:
            yield from within(y)


def needed(outputs: Iterable[Any]) -> list[Term]:
    """The outputs and all that they are computed from, each after its inputs."""
    found = list(dict.fromkeys(x for x in outputs if isinstance(x, Term)))
    seen = set(found)
    for term in found:  # which grows meanwhile
        for x in within(term.inputs):
            if x not in seen:
                seen.add(x)
                found.append(x)
    return sorted(found, key=lambda term: term.number)


def is_number(x: Any) -> bool:
    return isinstance(x, (bool, int, float, np.generic))


def key_of(x: Any) -> Any:
    """What tells inputs and params apart. 1, 1.0 and True differ, and a draw from any other."""
    if isinstance(x, (tuple, list)):
        return type(x), tuple(map(key_of, x))
    if isinstance(x, slice):
        return slice, key_of((x.start, x.stop, x.step))
    if is_number(x):
        return type(x), repr(x)
    if isinstance(x, GENERATORS) or (isinstance(x, Term) and x.dtype == object):
        return object()
    return id(x) if x.__hash__ is None else x


# Simplifying ------------------------------------------------------------------------------------

OPS = {name: function.op for name in ops.NAMES if hasattr(function := getattr(ops, name), "op")}
RULES: dict[Any, Callable[..., Any]] = {}
EXACTLY: dict[Any, Callable[..., Fraction]] = {
    OPS["multiply"]: operator.mul,
    OPS["divide"]: operator.truediv,
    OPS["negative"]: operator.neg,
}


def _rule(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A way to simplify these ops: `rule(terms, inputs, params, shape, dtype)`, None if as is."""

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        RULES.update((OPS[name], rule) for name in names)
        return rule

    return register


def _is(name: str, x: Any) -> bool:
    return isinstance(x, Term) and x.op is OPS[name]


def _size(shape: Shape) -> int:
    return math.prod(shape)


def _is_one(x: Any) -> bool:
    return is_number(x) and x == 1 and not isinstance(x, (bool, np.bool_))


def _is_zero(x: Any) -> bool:
    return is_number(x) and x == 0


def _is_whole(n: Any) -> bool:
    return bool(abs(n) < 1e9 and n == int(n))


def _is_decimal(x: Fraction) -> bool:
    return 10**18 % x.denominator == 0


def _is_moderate(*numbers: Any) -> bool:
    return all(1e-6 < abs(n) < 1e20 for n in numbers)


def _filling(x: Any) -> Any:
    """The number that an array is filled with; anything else as it is."""
    return x.inputs[0] if _is("broadcast_to", x) and is_number(x.inputs[0]) else x


def _given(op: Any, inputs: tuple[Any, ...], params: Params) -> np.dtype:
    """The dtype that an elementwise op gives. It is asked, on arrays of one element."""
    with np.errstate(all="ignore"):
        y = op.forward(
            *(np.ones((), x.dtype) if isinstance(x, Term) else x for x in inputs), **params
        )
    return np.asarray(y).dtype


def _unrepeated(op: Any, inputs: tuple[Any, ...], params: Params, shape: Shape) -> tuple[Any, ...]:
    """Elementwise inputs, without repetitions and axes that the others bring about anyway."""
    for i, x in enumerate(inputs):
        if _is("broadcast_to", x):
            plain = x.inputs[0]
        elif isinstance(x, np.generic):
            plain = x.item()
        elif (plain := unpadded(x)) is x:
            continue
        others = (*inputs[:i], plain, *inputs[i + 1 :])
        shapes = (getattr(x, "shape", ()) for x in others)
        if np.broadcast_shapes(*shapes) == shape and (
            _given(op, others, params) == _given(op, inputs, params)
        ):
            inputs = others
    return inputs


def unpadded(x: Any) -> Any:
    """What x is but for axes of length 1 at the front, which broadcasting adds by itself."""
    if _is("reshape", x) or adds_axes(x):
        plain = x.inputs[0]
        if isinstance(plain, Term) and x.shape == (1,) * (x.ndim - plain.ndim) + plain.shape:
            return plain
    return x


def adds_axes(x: Any) -> bool:
    """Is it all of an array with more axes: `x[:, None]`?"""
    return _is("getitem", x) and _takes_all(x.params["key"])


def _takes_all(key: tuple[Any, ...]) -> bool:
    whole = None, ..., slice(None)
    return all(type(k) in map(type, whole) and k in whole for k in key)


def _repeated_late(
    terms: Terms, op: Any, inputs: tuple[Any, ...], params: Params, shape: Shape, dtype: np.dtype
) -> Any:
    """Of what is repeated in all inputs, one is computed, and that is repeated."""
    plain = tuple(x.inputs[0] if _is("broadcast_to", x) else unpadded(x) for x in inputs)
    small = np.broadcast_shapes(*(getattr(x, "shape", ()) for x in plain))
    if plain == inputs or small == shape or _given(op, plain, params) != dtype:
        return None
    one = terms.simple(op, plain, params, small, dtype)
    spread = OPS["reshape" if _size(small) == _size(shape) else "broadcast_to"]
    return terms.simple(spread, (one,), {"shape": shape}, shape, dtype)


@_rule("copy")
def _copy(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    return inputs[0]


@_rule("negative")
def _negative(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    (x,) = inputs
    if _is("negative", x):
        return x.inputs[0]
    return None


@_rule("add")
def _add(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    a, b = inputs
    if _is("negative", b):
        return terms.simple(OPS["subtract"], (a, b.inputs[0]), {}, shape, dtype)
    if _is("negative", a):
        return terms.simple(OPS["subtract"], (b, a.inputs[0]), {}, shape, dtype)
    if a is b and dtype.kind == "f":
        return terms.simple(OPS["multiply"], (2.0, a), {}, shape, dtype)
    for zero, x in ((a, b), (b, a)):
        if (
            terms.is_read
            and _is_zero(zero)
            and isinstance(x, Term)
            and (x.shape, x.dtype) == (shape, dtype)
        ):
            return x
    return None


@_rule("subtract")
def _subtract(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    a, b = inputs
    if _is("negative", b):
        return terms.simple(OPS["add"], (a, b.inputs[0]), {}, shape, dtype)
    if _is_zero(b) and isinstance(a, Term) and (a.shape, a.dtype) == (shape, dtype):
        return a
    return None


@_rule("divide", "power")
def _by_one(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    a, b = inputs
    if _is_one(b) and a.shape == shape and a.dtype == dtype:
        return a
    return None


@_rule("multiply")
def _multiply(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    def product(*factors: Any) -> Any:
        return terms.simple(OPS["multiply"], factors, {}, shape, dtype)

    number, x = inputs if is_number(inputs[0]) else inputs[::-1]
    if not is_number(number) or x.shape != shape or x.dtype != dtype or dtype.kind != "f":
        return None
    if number == 1:
        return x
    if number == -1:
        return terms.simple(OPS["negative"], (x,), {}, shape, dtype)
    if (found := _factor(x)) is not None:
        gathered = _gathered(terms, "multiply", number, found[0], dtype)
        return None if gathered is None else product(gathered, found[1])
    if _is("divide", x) and (simpler := _times_quotient(terms, number, x)) is not None:
        return simpler
    return product(number, x) if x is inputs[0] else None


def _times_quotient(terms: Terms, number: Any, x: Term) -> Any:
    """2 (1 / x) is 2 / x, and 2 (y / (2 x)) is y / x."""
    over, under = x.inputs
    if is_number(over):
        if (over := _gathered(terms, "multiply", number, over, x.dtype)) is not None:
            return terms.simple(x.op, (over, under), {}, x.shape, x.dtype)
    elif (found := _factor(under)) is not None and found[1].dtype == x.dtype:
        number = _gathered(terms, "divide", number, found[0], x.dtype)
        if number is not None:
            quotient = terms.simple(x.op, (over, found[1]), {}, x.shape, x.dtype)
            return terms.simple(OPS["multiply"], (number, quotient), {}, x.shape, x.dtype)
    return None


def _factor(x: Any) -> tuple[Any, Term] | None:
    """The number in a product with one, and the other factor."""
    if _is("multiply", x):
        for number, other in (x.inputs, x.inputs[::-1]):
            if is_number(number) and (other.shape, other.dtype) == (x.shape, x.dtype):
                return number, other
    return None


def _gathered(terms: Terms, op: str, a: Any, b: Any, dtype: np.dtype) -> Any:
    """Two numbers as one, unless that would overflow, or underflow."""
    if dtype.itemsize < 4:
        return None
    number = terms.simple(OPS[op], (a, b), {}, (), dtype)
    return number if _is_moderate(a, b, number) else None


@_rule("matmul")
def _matmul(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    """A product with a 1 x 1 matrix of one number."""
    a, b = inputs
    for one, x in ((a, b), (b, a)):
        if is_number(_filling(one)) and one.shape == (1, 1) and x.shape == shape:
            return terms.simple(OPS["multiply"], (_filling(one), x), {}, shape, dtype)
    return None


@_rule("getitem")
def _getitem(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    return terms.full(_filling(inputs[0]), shape, dtype) if is_number(_filling(inputs[0])) else None


@_rule("scatter")
def _scatter(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    """The elements of x in the places of all."""
    if _takes_all(params["key"]):
        return terms.simple(OPS["reshape"], inputs, {"shape": shape}, shape, dtype)
    return None


@_rule("reshape", "squeeze", "expand_dims")
def _reshape(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    (x,) = inputs
    if is_number(_filling(x)):
        return terms.full(_filling(x), shape, dtype)
    if x.shape == shape:
        return x
    if x.op in (OPS["reshape"], OPS["squeeze"], OPS["expand_dims"]):
        return terms.simple(OPS["reshape"], x.inputs, {"shape": shape}, shape, dtype)
    if _is("sum", x):
        (summed,) = x.inputs
        axes = axes_of(summed, x.params["axis"])
        for keepdims in (True, False):
            if shape == _reduced(summed.shape, axes, keepdims):
                return terms.make(x.op, x.inputs, {**x.params, "keepdims": keepdims}, shape, dtype)
    return None


def _reduced(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    return tuple(1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes)


@_rule("transpose")
def _transpose(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    (x,) = inputs
    if is_number(_filling(x)):
        return terms.full(_filling(x), shape, dtype)
    n = len(shape)
    axes = _order(params["axes"], n)
    if _is("transpose", x):
        inner = _order(x.params["axes"], n)
        axes = tuple(inner[i] for i in axes)
        (x,) = x.inputs
    if axes == tuple(range(n)):
        return x
    if _is("matmul", x) and n == 2 and any(_is("transpose", y) for y in x.inputs):
        a, b = (
            terms.simple(OPS["transpose"], (y,), params, y.shape[::-1], y.dtype) for y in x.inputs
        )
        return terms.simple(OPS["matmul"], (b, a), {}, shape, dtype)
    if _is("multiply", x) and is_number(x.inputs[0]) and _is("transpose", x.inputs[1]):
        (inner,) = x.inputs[1:]
        inner = terms.simple(OPS["transpose"], (inner,), params, shape, inner.dtype)
        return terms.simple(OPS["multiply"], (x.inputs[0], inner), {}, shape, dtype)
    given = None if axes == tuple(range(n))[::-1] else axes
    return terms.make(OPS["transpose"], (x,), {"axes": given}, shape, dtype)


def _order(axes: Any, n: int) -> tuple[int, ...]:
    return tuple(range(n))[::-1] if axes is None else tuple(i % n for i in axes)


@_rule("broadcast_to")
def _broadcast(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    (x,) = inputs
    if is_number(x):
        return terms.full(x, shape, dtype)
    if x.shape == shape:
        return x
    if _is("broadcast_to", x):
        return terms.make(x.op, x.inputs, {"shape": shape}, shape, dtype)
    if (plain := unpadded(x)) is not x:
        return terms.simple(OPS["broadcast_to"], (plain,), params, shape, dtype)
    return None


@_rule("astype")
def _astype(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    (x,) = inputs
    return x if isinstance(x, Term) and x.dtype == dtype else None


@_rule("sum")
def _sum(terms: Terms, inputs: Any, params: Params, shape: Shape, dtype: np.dtype) -> Any:
    (x,) = inputs
    number, axis = _filling(x), params["axis"]
    if is_number(x):
        return x
    if is_number(number) and _size(shape):
        return terms.full(number * (x.size // _size(shape)), shape, dtype)
    if _is("sum", x) and not shape:  # a total of totals
        return terms.simple(OPS["sum"], x.inputs, {"axis": None, "keepdims": False}, shape, dtype)
    if axis is not None and x.ndim and len(axes_of(x, axis)) == x.ndim:
        axis = None
    elif isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if axis != params["axis"]:
        return terms.simple(OPS["sum"], inputs, {**params, "axis": axis}, shape, dtype)
    return None
