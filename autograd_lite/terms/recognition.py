"""Recognition: the formulas that a person wrote out by hand, whatever way they wrote them.

`1 / (1 + np.exp(-z))` is the sigmoid of z, and so is every other expression that gives the same.
The ways to write it are endless, and none is listed here: what was recorded between z and a value
is computed again for other values of z, and so is the op; where both agree, in the value and in
its derivative, the value is that op of z.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..graph import Array, Node, Op, leaf
from ..lazy import is_lazy
from ..mode import in_mode
from ..op import GENERATORS
from ..reverse import pullback, sweep, unbroadcast
from .term import OPS, is_number, key_of

Pull = Callable[..., Iterable[tuple[Node, Any]]]
FORMULAS = [op for op in OPS.values() if op.formula]
NEGATIVE, MULTIPLY = OPS["negative"], OPS["multiply"]
LARGEST = 12  # formulas are made of no more ops
CLOSE = 1e-10  # in float64, at moderate values

# Where formulas part that are equal on paper: kinks, signs of zero, overflow.
EXTREMES = np.array(
    [sign * x for x in (0, 1e-300, 1e-30, 1e-8, 1e-3, 0.5, 1, 3, 17, 40, 89, 710, 1e3, 1e5, 1e30)
     for sign in (1, -1)]
)  # fmt: skip


class Passed(Exception):
    """A gradient is asked for with respect to what rules have passed, and would lack a part."""


class Rules:
    """The rules of differentiation for what is an op in all but the way it was written.

    So is only what is equal for all finite values, to rounding: also at kinks, where numbers are so
    large that one of them would overflow, and in the signs of zero. Where the derivative as written
    is not finite, that of the op may be. `used`: whether there was any. `passed`: the nodes within
    formulas, which these rules do not see.
    """

    def __init__(self) -> None:
        self.used = False
        self.passed: set[Node] = set()

    def __call__(self, nodes: Iterable[Node], wrt: Iterable[Node]) -> Pull:
        """The pullback for a sweep through these nodes, in order, that passes none of `wrt`.

        Raises Passed if an earlier one did.
        """
        if not self.passed.isdisjoint(wrt):
            raise Passed
        search = _Search(wrt, exact=True)
        found = {node: same for node in nodes if (same := search.function(node))}
        self.used = self.used or bool(found)
        self.passed.update(x for same in found.values() for x in same.inside[:-1])
        return _pull_by(found)


def formulas(nodes: Iterable[Node]) -> dict[Node, Node]:
    """For nodes that are equal on paper to an op of another, in whatever way they were written, it.

    What is in the place of a node has the op, inputs and static parameters of that formula. Values
    that are not computed yet stay so, and what hangs on them is taken as it was written.
    """
    search = _Search((), exact=False)
    found = ((node, search.function(node)) for node in nodes if not is_lazy(node._array))
    return {node: same.node() for node, same in found if same and not same.negated}


def read_formulas(nodes: Iterable[Node], wrt: Iterable[Node], named: Iterable[Node]) -> Pull:
    """Turn what is equal on paper to an op into that op; the pullback for a sweep through these.

    nodes: of a graph, in order, which are changed. wrt: what gradients are asked for, which is not
    passed. named: formulas with a name of their own, which no larger one takes in. A loss of a
    value and data, such as cross-entropy, stays as it was written, but has the rule of the op.
    """
    search = _Search(wrt, exact=False)
    search.kept.update(named)
    losses = {}
    for node in nodes:
        if same := search.function(node):
            same.put()
        elif same := search.loss(node):
            losses[node] = same
    return _pull_by(losses)


def _pull_by(found: Mapping[Node, Same]) -> Pull:
    def pull(node: Node, g: Any, wanted: Any = None, recorded: bool = False) -> Any:
        return found[node].pull(g) if node in found else pullback(node, g, wanted, recorded)

    return pull


@dataclass(frozen=True, eq=False)
class Same:
    """`end` is `factor * op(start, *data, **params)`, or that of -start, if `negated`."""

    end: Node
    inside: list[Node]  # what was recorded between start and end, and end
    op: Op
    start: Node
    data: tuple[Any, ...]
    params: Mapping[str, Any]
    negated: bool = False
    factor: float = 1.0

    def of(self, x: Array) -> Array:
        """The formula of an x in the place of the start."""
        y = self.op.forward(-x if self.negated else x, *map(_array, self.data), **self.params)
        return y if self.factor == 1 else self.factor * y

    def node(self) -> Node:
        """A node for the formula."""
        x = self.start
        if self.negated:
            x = self._recorded(NEGATIVE, x)
        y = self._recorded(self.op, x, *self.data, **self.params)
        return y if self.factor == 1 else self._recorded(MULTIPLY, self.factor, y)

    def _recorded(self, op: Op, *inputs: Any, **params: Any) -> Node:
        """What calling the op would record, with a number between those of its inputs and end."""
        saved = [*map(_array, inputs)]
        params = {**(op.forward.__kwdefaults__ or {}), **params}
        with np.errstate(all="ignore"):
            node: Node = leaf(type(self.end), np.asarray(op.forward(*saved, **params))[()])
        node.op, node.inputs, node.saved, node.params = op, inputs, saved, params
        last = max(x.number for x in inputs if isinstance(x, Node))
        node.number = (last + self.end.number) / 2  # type: ignore[assignment]
        return node

    def pull(self, g: Any) -> list[tuple[Node, Any]]:
        """The start, and its cotangent, recorded, given that of the end."""
        x: Any = -self.start if self.negated else self.start  # type: ignore[operator]
        y: Any = self.end if self.factor == 1 else self.end / self.factor  # type: ignore[operator]
        rule = next(iter(self.op.vjps))
        data = (
            leaf(type(self.end), np.asarray(part), constant=True) if isinstance(part, int) else part
            for part in self.data
        )
        gx = rule(g * self.factor, y, x, *data, **self.params)
        return [(self.start, unbroadcast(-gx if self.negated else gx, self.start, self.op))]

    def put(self) -> None:
        """Let the end be the formula."""
        y = self.node()
        self.end.op, self.end.inputs = y.op, y.inputs
        self.end.saved, self.end.params = y.saved, y.params


def _array(x: Any) -> Array:
    return x._array if isinstance(x, Node) else x


class _Search:
    """Looks for what nodes are formulas of."""

    def __init__(self, wrt: Iterable[Node], exact: bool) -> None:
        self.wrt = set(wrt)
        self.exact = exact
        self.kept: set[Node] = set()  # if formulas, they are not taken in by larger ones
        self._first: dict[Node, tuple[int, list[tuple[Op, bool, float]]]] = {}
        self._known: dict[Any, bool] = {}  # whether expressions are formulas

    def function(self, end: Node) -> Same | None:
        """The node as a function of one value, of that which goes furthest back."""
        if end.constant or end.op is None:
            return None
        if end.op.formula:
            self.kept.add(end)
            return None
        return max(self.functions(end), key=lambda same: len(same.inside), default=None)

    def functions(self, end: Node) -> Iterator[Same]:
        """Activations, and the like along an axis."""
        for start, inside in self.ways(end):
            within = {x for x in inside if x.op.formula}  # type: ignore[union-attr]
            others = {x.op for x in within & self.kept}
            kinds = {node.op.elementwise for node in inside}  # type: ignore[union-attr]
            if kinds == {True}:
                for op, negated in self.likely(start, end):
                    if others <= {op} and not (negated and within):
                        same = Same(end, inside, op, start, (), {}, negated)
                        yield from self.proved([same])
            elif start.ndim and True in kinds:  # it does not only move elements, nor only sum them
                yield from self.proved(
                    Same(end, inside, op, start, (), params)
                    for op in FORMULAS
                    if not op.elementwise and _arity(op) == 1 and others <= {op}
                    for params in _arrangements(op, start, end)
                )
            if start in self.kept and start.op and start.op.formula:
                return

    def loss(self, end: Node) -> Same | None:
        """The node as a loss: of a value and data, one number."""
        if end.constant or end.op is None or end.op.formula or end.size != 1:
            return None
        found = (
            Same(end, inside, op, start, (data,), {})
            for start, inside in self.ways(end)
            if start.ndim and not all(node.op.elementwise for node in inside)  # type: ignore[union-attr]
            for op in FORMULAS
            if _arity(op) == 2
            for data in _data(inside)
        )
        return next(self.proved(same for loss in found for same in _scaled(loss)), None)

    def ways(self, end: Node) -> Iterator[tuple[Node, list[Node]]]:
        """The values that the end is a function of, and what was recorded from there to the end."""
        front = {end}
        inside: list[Node] = []
        while len(inside) < LARGEST:
            open_ = [x for x in front if x.op and (x is end or x not in self.wrt)]
            if not open_:
                return
            node = max(open_, key=lambda x: x.number)
            drawn = any(isinstance(x, GENERATORS) for x in node.params.values())
            if drawn or any(map(_is_odd, node.inputs)):
                return
            front.remove(node)
            inside.append(node)
            front.update(x for x in node.inputs if isinstance(x, Node) and not _is_data(x))
            if len(front) == 1:
                (start,) = front
                if not start.constant:
                    yield start, inside[::-1]

    def likely(self, start: Node, end: Node) -> Iterator[tuple[Op, bool]]:
        """The ops of one value, or of its negative, that agree with the end in one element."""
        if not end.size or start.shape != end.shape:
            return
        if start not in self._first:
            values = np.abs(np.ravel(start._array))
            i = int(np.abs(values - 1).argmin())  # where rounding tells the least apart
            x = start._array.flat[i]
            with np.errstate(all="ignore"):
                self._first[start] = (
                    i,
                    [
                        (op, negated, float(op.forward(-x if negated else x)))
                        for negated in (False, True)
                        for op in FORMULAS
                        if op.elementwise
                    ],
                )
        i, ops = self._first[start]
        y = float(end._array.flat[i])
        close = _half_the_digits(end) * abs(y)
        yield from ((op, negated) for op, negated, first in ops if abs(first - y) <= close)

    def proved(self, found: Iterable[Same]) -> Iterator[Same]:
        """Those that are equal: here, and everywhere else; the same expression is tried once."""
        for same in found:
            if _equal_as_recorded(same):
                key = _expression(same)
                if key is None or key not in self._known:
                    everywhere = _equal_elsewhere(same)
                    self._known[key] = everywhere and (not self.exact or _equal_in_extremes(same))
                if self._known[key] and _alike_as_recorded(same):
                    yield same


def _is_data(x: Node) -> bool:
    return x.op is None and x.constant


def _is_odd(x: Any) -> bool:
    """Is it a number that keeps a value from a limit, as the 1e-7 of log(p + 1e-7) does?

    What has it is no formula, though it is hardly told from one by its values.
    """
    return is_number(x) and np.isfinite(x) and 0 < abs(x - round(2 * x) / 2) < 1e-3


def _arity(op: Op) -> int:
    return int(op.forward.__code__.co_argcount)


def _arrangements(op: Op, start: Node, end: Node) -> Iterator[dict[str, Any]]:
    """The static parameters with which an op along an axis could give the shape of the end."""
    defaults = op.forward.__kwdefaults__ or {}
    for axis in (-1, *range(start.ndim - 1), None):
        if (start.size if axis is None else start.shape[axis]) == 1:
            continue  # along which there is nothing to compare
        for keepdims in (False, True) if "keepdims" in defaults else (None,):
            params: dict[str, Any] = {"axis": axis}
            if keepdims is None:
                shape = start.shape
            else:
                params["keepdims"] = keepdims
                shape = np.sum(np.empty(start.shape, bool), **params).shape
            if shape == end.shape:
                yield params


def _data(inside: Iterable[Node]) -> list[Any]:
    """What comes in between: arrays, what is computed of these alone, and class numbers."""
    found: dict[int, Any] = {}
    for node in inside:
        for x, value in zip(node.inputs, node.saved):
            if isinstance(x, Node) and _is_data(x):
                found[id(x)] = x
            elif not isinstance(x, Node) and np.ndim(value):
                found[id(value)] = value
        for part in node.params.get("key", ()):
            if isinstance(part, int):
                found[id(part)] = part
        if all(id(x) in found for x in node.inputs if isinstance(x, Node)):
            found[id(node)] = node
    return [*found.values()]


def _scaled(same: Same) -> Iterator[Same]:
    """A formula, times what makes it equal to the end as recorded."""
    with np.errstate(all="ignore"):
        try:
            y = float(np.reshape(same.of(same.start._array), ()))
        except Exception:  # these are no arguments for it
            return
    factor = float(np.reshape(same.end._array, ())) / y if y else 0.0
    for n in (1.0, float(same.start.size), float(same.start.size // same.start.shape[-1])):
        for simple in (n, -n, 1 / n, -1 / n):
            if abs(factor - simple) <= 1e-3 * abs(simple):
                yield Same(same.end, same.inside, same.op, same.start, same.data, {}, False, simple)
                return


# Proof ------------------------------------------------------------------------------------------


def _equal_as_recorded(same: Same) -> bool:
    """Is the end what the formula gives at the recorded values?"""
    with np.errstate(all="ignore"):
        try:
            y = same.of(same.start._array)
        except Exception:  # these are no arguments for it
            return False
    return bool(
        np.shape(y) == same.end.shape
        and np.result_type(y) == same.end.dtype
        and _close(y, same.end._array, _half_the_digits(same.end))
    )


def _half_the_digits(x: Node) -> float:
    return float(np.finfo(x.dtype).eps ** 0.5)


def _alike_as_recorded(same: Same) -> bool:
    """Is the derivative the same at the recorded values, in case these are on a kink?"""
    try:
        return _agrees(same, same.start._array.astype(np.float64), None, 1e-6)
    except Exception:  # it cannot be computed in float64
        return False


def _expression(same: Same) -> Any:
    """What tells one way to write a formula from another; None where there is data in it."""
    if _data(same.inside):
        return None
    place = {node: i for i, node in enumerate([same.start, *same.inside])}
    ways = (
        (
            node.op,
            key_of(tuple(node.params.items())),
            tuple(place[x] if isinstance(x, Node) else key_of(x) for x in node.inputs),
        )
        for node in same.inside
    )
    formula = same.op, key_of(tuple(same.params.items())), same.negated, same.factor
    return (*ways, *formula, _enough(same), same.start.dtype)


def _equal_elsewhere(same: Same) -> bool:
    """Is it the formula, and its derivative, at other values of moderate size, in float64?"""
    rng = np.random.default_rng(0)
    shape = _enough(same)
    try:
        return all(
            _agrees(same, x, rng, CLOSE)
            for x in (rng.normal(size=shape), rng.uniform(-3, 3, shape))
        )
    except Exception:  # it cannot be computed there
        return False


def _equal_in_extremes(same: Same) -> bool:
    """Is it the formula for all values, in the own dtype of the start? With data it may not be."""
    if _data(same.inside):
        return False
    rng = np.random.default_rng(1)
    dtype = same.start.dtype
    extremes = EXTREMES[np.abs(EXTREMES) < np.finfo(dtype).max].astype(dtype)
    shape = _enough(same)
    one_by_one = shape == (2 * len(extremes),)
    try:
        for _ in range(1 if one_by_one else 4 + 200 // max(math.prod(shape), 1)):
            x = np.tile(extremes, 2) if one_by_one else rng.choice(extremes, shape)
            if not _agrees(same, x, rng, 16 * float(np.finfo(dtype).eps), exact=True):
                return False
    except Exception:
        return False
    return True


def _enough(same: Same) -> tuple[int, ...]:
    """The shape of values to try: that of the start, or, where each stands alone, of many."""
    alone = all(node.op.elementwise for node in same.inside)  # type: ignore[union-attr]
    return (2 * len(EXTREMES),) if alone and not _data(same.inside) else same.start.shape


def _agrees(same: Same, x: Array, rng: Any, tolerance: float, exact: bool = False) -> bool:
    """Do value and derivative of what was recorded and of the formula agree at x?

    rng: draws other data, too; None: the recorded ones. exact: element by element, and where the
    cotangent is infinite the derivative is finite where that as written is.
    """
    data = {} if rng is None else _drawn(same, x.dtype, rng)
    rng = rng or np.random.default_rng(2)
    with np.errstate(all="ignore"):
        end, start, known = _again(same, x, data)
        given = tuple(known.get(id(part), part) for part in same.data)
        formula = replace(same, end=end, inside=[], start=start, data=given).node()
        y, z = end._array, formula._array
        if exact and not (
            np.isfinite(z).all()
            and np.array_equal(np.signbit(y), np.signbit(z))
            and np.allclose(y, z, rtol=tolerance, atol=0)
        ):
            return False
        if not _close(z, y, tolerance):
            return False

        def slopes(g: Array) -> list[Array]:
            return [sweep(node, g, {start}).get(start, np.zeros_like(x)) for node in (end, formula)]

        g = rng.normal(size=end.shape).astype(end.dtype)[()]
        as_written, derived = slopes(g)
        finite = np.isfinite(as_written)
        if not exact:
            least = 1e-6 * float(np.abs(g).max(initial=0))  # below which there is only rounding
            return _close(derived[finite], as_written[finite], 10 * tolerance, least)
        scale = np.abs(g) if np.shape(g) == np.shape(derived) else np.abs(g).max()
        close = np.abs(as_written - derived) <= tolerance * np.maximum(scale, np.abs(derived))
        as_written, overflown = slopes(g * np.inf)
        kept = np.isfinite(overflown) | ~np.isfinite(as_written)
        if not (np.isfinite(derived) & (close | ~finite) & kept).all():
            return False
        second = [_second_slope(node, start, g) for node in (end, formula)]
        both = np.isfinite(second[0]) & np.isfinite(second[1])
        apart = np.abs(second[0] - second[1])[both]
        largest = 4.0 * np.abs(g).max(initial=1.0) ** 2  # of a second derivative and its cotangents
        return bool((apart <= 64 * tolerance * largest).all())


def _second_slope(end: Node, start: Node, g: Array) -> Array:
    """A second derivative of an end, where some kinks show that the first does not tell."""
    zeros = np.zeros_like(start._array)
    with in_mode(recording=True):
        g = leaf(type(end), np.asarray(g)[()], constant=True)
        slope: Any = sweep(end, g, {start}, recorded=True).get(start)
    if slope is None or slope.constant:
        return zeros
    h = np.random.default_rng(3).normal(size=start.shape).astype(start.dtype)[()]
    return sweep(slope, h, {start}).get(start, zeros)


def _drawn(same: Same, dtype: Any, rng: Any) -> dict[int, Any]:
    """Other data, by the ids of the recorded ones: of any sign, and 0; class and row numbers."""
    found: dict[int, Any] = {}
    for x in _data(same.inside):
        if isinstance(x, int) or (isinstance(x, Node) and x.op is not None):
            continue
        value = _array(x)
        if value.dtype.kind == "f":
            other = (rng.normal(size=value.shape) * rng.integers(0, 2, value.shape)).astype(dtype)
        elif np.array_equal(np.ravel(value), np.arange(value.size)):
            other = value  # all rows, or all columns
        else:
            lowest, highest = min(int(value.min(initial=0)), 0), max(int(value.max(initial=0)), 1)
            other = rng.integers(lowest, highest + 1, value.shape).astype(value.dtype)
        found[id(x)] = (
            leaf(type(same.start), other, constant=True) if isinstance(x, Node) else other
        )
    return found


def _again(same: Same, x: Array, data: Mapping[int, Any]) -> tuple[Node, Node, Mapping[int, Any]]:
    """What was recorded, computed again: the new end, the new start, and all by the old ids."""
    kind = type(same.start)
    start: Node = leaf(kind, x)
    known = {**data, id(same.start): start}
    copy = start
    for node in same.inside:
        given = (a if isinstance(a, Node) else b for a, b in zip(node.inputs, node.saved))
        inputs = [known.get(id(x), x) for x in given]
        saved = [*map(_array, inputs)]
        op: Any = node.op
        copy = leaf(kind, np.asarray(op.forward(*saved, **node.params))[()], constant=node.constant)
        copy.op, copy.inputs, copy.saved, copy.params = op, tuple(inputs), saved, node.params
        known[id(node)] = copy
    return copy, start, known


def _close(x: Array, y: Array, tolerance: float, least: float = 1e-300) -> bool:
    """Do all elements agree, but for a part of them, and rounding of the largest?

    least: the largest counts as no smaller.
    """
    if np.shape(x) != np.shape(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    rounding = 1e-4 * tolerance * max(np.abs(y).max(initial=0), least)
    return bool((np.abs(x - y) <= tolerance * np.abs(y) + rounding).all())
