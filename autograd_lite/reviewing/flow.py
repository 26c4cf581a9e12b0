"""Where the values of a backward pass lead: it is recorded, as the loss is."""

from __future__ import annotations

import ast
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..reverse import grad, order
from .alike import multiple
from .bench import Bench
from .code import Code, File, lent
from .known import Known, Meaning, made_by
from .notes import changed, seen
from .truth import Recorder, on_leaves
from .watching import Where, rewritten

FAINT = 1e-9  # what one value adds to another, relative, below which it is rounding
CLOSE = 1e-6  # how near two cotangents of one value are, relative
NO_NAMES: Mapping[Any, str] = {}


class Flow:
    """The graph of a backward pass, as far as it can be recorded.

    Of what it computes on its way to values that the forward pass has, the gradients are then known
    too. A value from which a right one was computed is taken to be right, although the forward pass
    may have none like it.

    `places`: the names of what gradients are given of; `sizes`: how many numbers each has. `wrong`:
    the keys of wrong ones in what the pass gives.
    """

    def __init__(self, bench: Bench, code: Code, known: Known, now: Sequence[bool]) -> None:
        self._recorder = _Noting()
        self._places = self._recorder.places
        self._right: set[Any] = set()
        self._outputs: dict[Any, int] = {}
        self._far: dict[Any, int] = {}
        self.wrong = bench.targets.keys(now)  # of the result
        self.places = [place.name for place in bench.targets.places]
        self.sizes = [np.size(place.get(bench.given)) for place in bench.targets.places]
        self.lacks = False  # is there a parameter of which no gradient is given?
        self._scaled: Any = None  # the first that is a gradient, but for a number
        self._nearly: set[Any] = set()  # what leads there
        with contextlib.suppress(Exception):  # then it is followed no further
            self._follow(bench, code, known, now)

    def _follow(self, bench: Bench, code: Code, known: Known, now: Sequence[bool]) -> None:
        outputs: list[Any] = []
        call, _ = on_leaves(bench.given, bench.targets.places)
        with contextlib.suppress(Exception), lent(rewritten(code, self._recorder)):
            result = bench.run(call, note=self._recorder)
            outputs = [*map(self._recorder.now, bench.targets.given(call, result))]
        self.lacks = any(x is None for x in outputs)
        found = (x for its in self._places.values() for x in its if x is not None)
        nodes = [x for x in dict.fromkeys(found) if x.dtype.kind == "f"]
        ends = [x for x in outputs if isinstance(x, Node)]
        whole = self._kept(code).union(ends)
        noted = [(x, seen(x.value)) for x in nodes if x.shape]
        own: dict[int, Node] = {}
        for x, note in noted:
            m = known.meaning(note)
            if m is not None and m.is_value and not m.part:
                own.setdefault(m.number, x)
        names = {x: name for name, x in reversed(self._recorder.named)}
        known.name({number: names[x] for number, x in own.items() if x in names})
        known.add(_cotangents(own, known, names))
        hidden = {number for number in known.inner if own.get(number) not in whole}

        def meant() -> set[Node]:
            its = ((x, known.meaning(note)) for x, note in noted)
            return {x for x, m in its if m and _is_meant(m, names.get(x, ""), known, x, hidden)}

        given = [(x, ok) for x, ok in zip(outputs, now) if isinstance(x, Node)]
        largest = max((_size(x) for x, _ in given), default=0.0)
        wrong = {x for x, ok in given if not ok}
        right = {x for x in meant() if _size(x) > FAINT * largest}  # by chance, what is nearly 0
        right = (right - wrong).union(x for x, ok in given if ok and _size(x) > FAINT * largest)
        self._right = right | _leading(right & whole)  # a part of a line is right by chance, too
        far = _far(order(*nodes), self._right, whole)
        c = _convention(self._right & whole, known)
        if c is None:
            begun = {x for x in self._right if _is_gradient(known.meaning(seen(x.value)))}
            first = [x for x, steps in far.items() if x in whole and (not steps or x in names)]
            later = _after(begun, nodes)
            c = _convention([x for x in first if x not in later], known, ends, names)
        if c is not None:
            known.add_multiples(c)
            right |= meant() - wrong
            self._right |= right | _leading(right & whole)
            far = _far(order(*nodes), self._right, whole)
        for x in order(*nodes) if c is None else ():
            own_name = names.get(x, "?" if x in self._right else "")
            must = x in self._right or known.has(own_name, x.shape)
            if x in whole and _tells(x) and _is_scaled(x, known, own_name if must else ""):
                self._scaled = x
                self._right.discard(x)
                self._nearly = _leading({x}) - self._right
                far = _far(order(*nodes), self._right, whole)
                break
        for k, x in enumerate(outputs):
            while isinstance(x, Node) and x not in self._outputs:
                self._outputs[x] = k
                x = self._recorder.before.get(x)
        self._far = far

    def _kept(self, code: Code) -> set[Node]:
        """The values that statements keep."""
        made = {
            (unit.file, node.at)
            for unit in code.units.values()
            for statement in ast.walk(unit.statement)
            for node in made_by(statement)
        }
        return {x for where in made for x in self._places.get(where, ()) if x is not None}

    def _at(self, file: File, node: Any, i: int) -> Any:
        its = self._places.get((file, node.at), ())
        return its[i] if its and i < len(its) else None

    def is_right(self, file: File, node: Any, i: int) -> bool:
        """Is what a node came to, the i-th time, right, or a right value computed from it?"""
        return self._at(file, node, i) in self._right

    def is_scaled(self, file: File, node: Any, i: int) -> bool:
        """Is what a node came to, the i-th time, the first that is a gradient but for a number?"""
        x = self._at(file, node, i)
        return x is not None and x is self._scaled

    def is_nearly(self, file: File, node: Any, i: int) -> bool:
        """Does it lead there?"""
        return self._at(file, node, i) in self._nearly

    def far(self, file: File, node: Any, i: int) -> int | None:
        """Through how many wrong values it follows from what is right; None where it is right, or
        not known."""
        return self._far.get(self._at(file, node, i))

    def output(self, file: File, node: Any, i: int) -> int | None:
        """Of which place it is given as the gradient, when all is stored in it, if it is."""
        return self._outputs.get(self._at(file, node, i))


class _Noting(Recorder):
    """`places`: what each expression, and each statement that changes something, came to. `before`:
    what an array was in which something is stored."""

    def begin(self) -> None:
        super().begin()
        self.places: dict[Where, list[Any]] = defaultdict(list)
        self.before: dict[Any, Any] = {}

    def clear(self) -> None:
        self.named.clear()
        self.places.clear()

    def _note(self, where: Where, x: Any) -> None:
        self.places[where].append(x if isinstance(x, Node) else None)

    def _follows(self, after: Any, before: Any) -> None:
        if isinstance(after, Node) and after is not before:
            self.before[after] = before

    def call(self, where: Where, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().call(where, function, *args, **kwargs)
        except (TypeError, NotImplementedError, AttributeError):  # it takes arrays alone
            plain = {name: _value(x) for name, x in kwargs.items()}
            result = function(*map(_value, args), **plain)
            before: list[Any] = [x for x in (*args, *kwargs.values()) if isinstance(x, Node)]
            if before and isinstance(result, np.ndarray) and result.dtype.kind == "f":
                total: Any = sum(0.0 * x.sum() for x in before)
                return result + total  # it hangs on these, no matter how
            return result

    def value(self, where: Where, value: Any) -> Any:
        value = super().value(where, value)
        self._note(where, value)
        return value

    def store(self, where: Where, value: Any, base: Any, key: Any) -> None:
        before = self.now(base)
        super().store(where, value, base, key)
        self._note(where, self.now(changed(base, key)))
        self._follows(self.now(base), before)

    def augment(self, where: Where, op: Any, target: Any, value: Any) -> Any:
        before = self.now(target)
        result = super().augment(where, op, target, value)
        after = self.now(result)
        self._note(where, after)
        self._follows(after, before)
        return result

    def augment_item(self, where: Where, op: Any, base: Any, key: Any, value: Any) -> None:
        noted = len(self.places[where])
        super().augment_item(where, op, base, key, value)
        if len(self.places[where]) == noted:  # it was not stored
            self._note(where, self.now(changed(base, key)))


def _size(x: Node) -> float:
    return float(np.abs(x.value).max(initial=0))


def _value(x: Any) -> Any:
    return np.array(x.value) if isinstance(x, Node) else x


def _is_meant(meaning: Meaning, name: str, known: Known, x: Node, hidden: set[int]) -> bool:
    """Is a value known, and no part alone of what something of its name is? A gradient of what the
    pass never has is one by chance: `hidden`, the numbers of these."""
    alike = known.nodes.get(meaning.number, ())
    if _is_gradient(meaning) and alike and all(y.number in hidden for y in alike):
        return False
    return not (meaning.is_part and name and known.has(name, x.shape))


def _is_scaled(x: Node, known: Known, name: str) -> bool:
    """Is it a gradient, times a number such as people leave out? name: of what it is one, then."""
    for meaning, g in known.of(name, x.shape) if name else known.values(x.shape):
        if meaning.is_cotangent and not meaning.is_part and x.size > 1:
            c = multiple(g, x.value)
            if c is None or abs(c - 1) < CLOSE:
                continue
            if any(abs(n - round(n)) < CLOSE * n for n in (abs(c), 1 / abs(c))):
                return True
    return False


def _convention(
    nodes: Iterable[Node],
    known: Known,
    ends: Sequence[Node] | None = None,
    names: Mapping[Node, str] = NO_NAMES,
) -> float | None:
    """The count that gradients on the way are too large or too small by, if they are by one; a 2
    counts nothing, but belongs to a square.

    ends: where that is made good, if it is on the way there. names: such as have the name of that
    gradient, or have none.
    """
    for x in nodes:
        if x.op is not None and known.meaning(seen(x.value)) is None:
            own = names.get(x)
            its = known.values(x.shape) if own is None else known.of(own, x.shape)
            for meaning, g in its:
                may_be = meaning.is_cotangent and known.called(meaning)
                c = multiple(g, x.value) if may_be else None
                if c is None or not any(n > 2.5 and abs(n - round(n)) < CLOSE for n in (c, 1 / c)):
                    continue
                if ends is None or any(abs(n - 1 / c) < CLOSE / c for n in _factors(x, ends)):
                    return c
    return None


def _is_gradient(meaning: Meaning | None) -> bool:
    """Is it the gradient of something, and no part of it?"""
    return meaning is not None and meaning.is_cotangent and not meaning.is_part


def _after(some: set[Node], nodes: Iterable[Node]) -> set[Node]:
    """What is computed of some values, on the way to others."""
    found: set[Node] = set()
    for node in order(*nodes):
        if any(x in some or x in found for x in node.inputs if isinstance(x, Node)):
            found.add(node)
    return found


def _factors(x: Node, ends: Sequence[Node]) -> Iterator[float]:
    """The numbers that what is computed of a value is multiplied with, on the way to some ends."""
    for node in _after({x}, ends):
        for y in node.inputs:
            value = y.value if isinstance(y, Node) else y
            if np.ndim(value) == 0 and isinstance(value, (int, float, np.ndarray, np.generic)):
                yield abs(float(value)) or np.inf
                yield 1 / (abs(float(value)) or np.inf)


def _tells(x: Node) -> bool:
    """Is it more than zeros and ones, which are anywhere?"""
    return bool(((x.value != 0) & (abs(x.value) != 1)).any())


def _leading(right: set[Node]) -> set[Node]:
    """Right values, and what they change with."""
    if not right:
        return set()
    rng = np.random.default_rng(0)
    nodes: Any = [x for x in right if not x.constant and _tells(x)]
    total: Any = sum((x * rng.normal(size=x.shape)).sum() for x in nodes)
    size = max((_size(x) for x in nodes), default=0.0)
    found = set(right)
    before = [x for x in order(*nodes) if x.dtype.kind == "f"]
    for x, g in zip(before, grad(total, before)) if nodes else ():
        if abs((g * x.value).sum()) > FAINT * size:
            found.add(x)
    return found


def _far(nodes: Sequence[Node], right: set[Node], whole: set[Node]) -> dict[Any, int]:
    """How many wrong values of statements lie between each and what is right."""
    found: dict[Any, int] = {}
    for node in nodes:
        if node not in right and node.op is not None and node.dtype.kind == "f":
            before = (x for x in node.inputs if isinstance(x, Node) and x in found)
            found[node] = max((found[x] + (x in whole) for x in before), default=0)
    return found


def _cotangents(
    own: dict[int, Node], known: Known, names: dict[Node, str]
) -> Iterator[tuple[str, Node, Array]]:
    """The gradients of what leads to values of the forward pass that stand here, too.

    own: these values, by the numbers of those. The last of them are where the loss hangs on all
    before; of values for which that gives another gradient than theirs, and of what leads there,
    nothing is told.
    """
    within: set[Node] = set()  # the values that another of these hangs on
    for node, _ in reversed(known.derived.values()):
        if node.number in own or node in within:
            within.update(x for x in node.inputs if isinstance(x, Node))
    last = [number for number in own if known.derived[number][0] not in within]
    if not last:
        return
    ends: list[Any] = [own[n] for n in last]
    total: Any = sum((x * known.derived[n][1]).sum() for x, n in zip(ends, last))
    before = [x for x in order(*ends) if x.dtype.kind == "f"]
    found = dict(zip(before, grad(total, before)))
    others = [x for n, x in own.items() if x in found and not _near(found[x], known.derived[n][1])]
    told = {*order(*others), *own.values()} if others else {*own.values()}
    for node in before:
        if node.op is not None and node not in told:
            yield names.get(node, ""), node, found[node]


def _near(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(
        np.abs(a - b).max(initial=0) <= CLOSE * np.abs(b).max(initial=0)
    )
