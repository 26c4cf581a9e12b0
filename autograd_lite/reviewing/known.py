"""Which values of a run are right ones: values of the forward pass, and their cotangents."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node
from ..ops import add, negative, where
from ..ops import sum as total
from ..reverse import grad, order, pullback
from .alike import multiple
from .code import File
from .grammar import ATOMS, appended_by
from .notes import Notes, Seen, seen
from .truth import Truth

STACKED = "[:]"  # of all rounds of a loop
ROWS = 64  # rows or columns of a matrix that are known, too
WITH_VALUES = (ast.Return, ast.Expr, ast.AnnAssign)
LARGE = 100_000  # numbers of a value whose slopes are not known any more
PARTS = 1_000  # ways that lead from one value to others, at most, for their numbers
NEAR = 6  # steps of a computation that a line may go back
SAME = 1e-9  # how far apart the numbers of a slope are that is one number, relative
LONG = 12  # values on the way of which a derivative is known, number by number
OF = ("d", "d_", "g", "g_", "grad_", "delta_", "dL_d", "dl_d")  # a name, of its gradient


class Meaning(NamedTuple):
    """What a value is: `name` of the forward pass, of which it is the cotangent or not.

    `number`: of the value, for several may have one name, or none. `part`: of a row or column of
    it, which and where, as a pass that goes through the samples has; or of all rounds of a loop.
    `times`: by how much it is larger, as where gradients are divided by the samples at the end.
    `is_slope`: it is no value, but the derivative of one in another, number by number.
    """

    name: str
    is_cotangent: bool
    number: int = 0
    part: str = ""
    times: float = 1.0
    is_slope: bool = False

    @property
    def is_value(self) -> bool:
        """Is it what the forward pass computes?"""
        return not (self.is_cotangent or self.is_slope)

    def is_of(self, name: str) -> bool:
        """Is it what something of that name is, as `dz` and `grad_z` are gradients of `z`?"""
        if not self.is_cotangent or not self.name:
            return False
        return self.name.partition("[")[0].removeprefix("self.") in _of_what(name)

    @property
    def is_part(self) -> bool:
        """Is it what one of several ways adds to a gradient?"""
        return self.number < 0

    @property
    def of(self) -> int:
        """The number of the value, or of the one that adds a part."""
        return -self.number // PARTS if self.is_part else self.number

    def __str__(self) -> str:
        times = "" if self.times == 1 else f"{self.times:.4g} · "
        return f"{times}∂loss/∂{self.name}" if self.is_cotangent else self.name


@lru_cache(maxsize=10_000)
def _of_what(name: str) -> frozenset[str]:
    """What something of a name may be the gradient of."""
    name = name.removeprefix("self.")
    found = [name.removeprefix(prefix) for prefix in OF if name.startswith(prefix)]
    return frozenset([*found, *([name.removesuffix("_grad")] if name.endswith("_grad") else ())])


class Known:
    """The values of a recorded forward pass, by their shapes.

    `nodes`: by the number of each, it and those that have the same cotangent, as what is added has.
    `derived`: by that number, each with its cotangent, in their order. `times`: by how much the
    gradients of the backward pass are larger, as far as it is known. `goes_on`: by the number of
    a value what it is with a bias added, or a mask. `ways`: by the number of a value what
    each that is computed of it adds to its cotangent. `leaves`: the numbers of the parameters.
    `names`: by these numbers, what the forward pass calls its values.
    `inner`: of values without a name on the way of a function of one, as exp(-z) in a sigmoid.
    """

    def __init__(self, truth: Truth, forward: Notes) -> None:
        self._values: dict[tuple[int, ...], list[tuple[float, Seen, Meaning, Array]]] = {}
        self._of: dict[tuple[str, tuple[int, ...]], list[tuple[Meaning, Array]]] = {}
        self._given = {
            (note.kind, note.shape, note.sum) for notes in forward.seen.values() for note in notes
        }
        self.nodes: dict[int, list[Node]] = {}
        self.times = 1.0
        self.derived: dict[int, tuple[Node, Array]] = {}
        self.goes_on: dict[int, int] = {}
        self.ways: dict[int, list[Array]] = defaultdict(list)
        self.leaves = [x.number for x in truth.leaves]
        self.inner: set[int] = set()
        self.names: dict[int, str] = {}
        self._here: dict[int, str] = {}
        if truth.graph is None:
            for i, (name, g) in enumerate(zip(truth.names, truth.gradients)):
                self._add(g, Meaning(name, True, i))
            return
        self.names = _names(truth.named)
        self.names |= {node.number: name for node, name in zip(truth.leaves, truth.names)}
        leaves = {*truth.leaves}
        nodes = [x for x in order(truth.graph) if isinstance(x, Node) and x.dtype.kind == "f"]
        alike: dict[Seen, list[Node]] = {}
        for node, g in zip(nodes, grad(truth.graph, nodes)):
            alike.setdefault(seen(g), []).append(node)
            self.nodes[node.number] = alike[seen(g)]
            self.derived[node.number] = node, g
            name = self.names.get(node.number, "")
            whole = node.op is not None and node.value.ndim == 2
            for its, meaning in (
                (g, Meaning(name, True, node.number)),
                (node.value, Meaning(name, False, node.number)),
            ):
                if meaning.is_cotangent and self._is_turned(node):
                    continue
                self._add(its, meaning)
                if whole:
                    self._add_rows(its, meaning)
            if node.op is not None:
                self._look_around(node, name, leaves)
                self._add_ways(node, g)
                if node.op.elementwise and 1 < node.value.size < LARGE:
                    self._add_slopes(node, name)
        for its in truth.rounds:
            self._add_stacked(its)
        self._sort()

    def _is_turned(self, node: Node) -> bool:
        """Is it -x, without a name? Its gradient is a wrong one of x."""
        return node.op is negative.op and node.number not in self.names

    def _look_around(self, node: Node, name: str, leaves: set[Any]) -> None:
        """What a value is to those that it is computed of."""
        inputs = [x for x in node.inputs if isinstance(x, Node) and not x.constant]
        own = [x for x in inputs if x not in leaves]
        arrays = [x for x in node.inputs if np.ndim(getattr(x, "value", x))]
        if not name and node.op and node.op.elementwise and len(arrays) == len(inputs) == 1:
            self.inner.add(node.number)
        if node.op in (add.op, where.op) and len(own) == 1 and len(node.inputs) > 1:
            self.goes_on[own[0].number] = node.number

    def _add_ways(self, node: Node, g: Array) -> None:
        """What it adds to the gradients of those that it is computed of, which may have more."""
        parts: dict[Any, Any] = {}
        for x, part in pullback(node, g):
            parts[x] = parts[x] + part if x in parts else part
        for i, (x, part) in enumerate(parts.items()):
            self.ways[x.number].append(part)
            if not self._is_turned(x):
                self._add(part, Meaning("", True, -node.number * PARTS - i))

    def _add_slopes(self, node: Node, name: str) -> None:
        """The derivatives of a value, but for those that are the loss's, times a number, and those
        in a part of a formula, as in 1 + exp(z)."""
        for x, slope in _slopes(node):
            if x.number in self.inner or multiple(slope, self.derived[x.number][1]) is not None:
                continue
            names = name, self.names.get(x.number, "")
            both = "∂{}/∂{}".format(*names) if all(names) else ""
            self._add(slope, Meaning(both, False, node.number, is_slope=True))

    def _add_stacked(self, its: list[Any]) -> None:
        """What the rounds of a loop over samples came to, and their cotangents, as one array: a
        backward pass may do all at once. The loss may hang on some of them alone."""
        first, numbers = its[0], {x.number for x in its}
        several = len(numbers) == len(its) and len({x.shape for x in its}) == 1
        if not several or not numbers & self.derived.keys() or not 0 < first.value.ndim < 3:
            return
        if len(its) > ROWS or len(its) * first.value.size > LARGE:
            return
        name = self.names.get(first.number, "")
        values = np.array([x.value for x in its])
        nothing = np.zeros(first.shape)
        slopes = np.array([self.derived.get(x.number, (x, nothing))[1] for x in its])
        for array, is_cotangent in ((values, False), (slopes, True)):
            meaning = Meaning(name, is_cotangent, first.number, STACKED)
            self._add(array, meaning)
            if array.ndim > 2:
                self._add(array.reshape(len(its), -1), meaning)

    def _add_rows(self, array: Any, meaning: Meaning) -> None:
        """The rows and columns of a matrix, if they are few."""
        for axis, n in enumerate(array.shape):
            for i in range(n) if 1 < n <= ROWS and array.shape[1 - axis] > 1 else ():
                part = f"[{i}]" if axis == 0 else f"[:, {i}]"
                name = meaning.name and meaning.name + part
                its = meaning._replace(name=name, part=part)
                self._add(array.take(i, axis), its)
                self._add(array.take([i], axis), its)

    def _sort(self) -> None:
        for values in self._values.values():
            values.sort(key=lambda value: value[0])

    def add_multiples(self, c: float) -> None:
        """Know the gradients, times a number, too: some divide by the samples at the end."""
        self.times = c
        for values in [*self._values.values()]:
            for _, _, meaning, array in [*values]:
                if meaning.is_cotangent and not meaning.is_part:
                    self._add(c * array, meaning._replace(times=c))
        self._sort()

    def add(self, cotangents: Iterable[tuple[str, Node, Array]]) -> None:
        """Know more gradients: the name of each value, it, and its gradient."""
        for name, node, g in cotangents:
            self._add(g, Meaning(name, True, node.number))
        self._sort()

    def name(self, names: Mapping[int, str]) -> None:
        """Know what the backward pass calls values, by their numbers. It may be wrong in that: it
        tells which gradients are meant, and not what a value is."""
        self._here = {**names}
        self._of.clear()

    def called(self, meaning: Meaning) -> str:
        """The name that a value has in the forward pass, or else in the backward pass."""
        return meaning.name or self._here.get(meaning.number, "")

    def is_of(self, meaning: Meaning, name: str) -> bool:
        """Is it what something of that name is, for the forward pass or the backward pass?"""
        here = meaning._replace(name=self._here.get(meaning.number, ""))
        return meaning.is_of(name) or here.is_of(name)

    def has(self, name: str, shape: tuple[int, ...]) -> bool:
        """Is there something of a shape that is called so, or what it is the gradient of?"""
        return any(not m.is_part for m, _ in self.of(name, shape))

    def of(self, name: str, shape: tuple[int, ...]) -> list[tuple[Meaning, Array]]:
        """Those of a shape that something of a name is."""
        if (name, shape) not in self._of:
            its = [(m, g) for m, g in self.values(shape) if self.is_of(m, name)]
            self._of[name, shape] = its
        return self._of[name, shape]

    def _add(self, array: Any, meaning: Meaning) -> None:
        self._of.clear()
        array = np.asarray(array)
        note = seen(array)
        if note.norm:
            self._values.setdefault(note.shape, []).append((note.sum, note, meaning, array))

    def behind(self, numbers: Iterable[int]) -> set[int]:
        """The numbers of values that have the gradients of those with some numbers, and of what
        these are computed of, not far away."""
        pending = [x for n in numbers for x in self.nodes.get(n, ())]
        found = {x.number for x in pending}
        for _ in range(NEAR):
            pending = [x for y in pending for x in y.inputs if isinstance(x, Node)]
            pending = [x for x in dict.fromkeys(pending) if x.number not in found]
            found.update(x.number for x in pending)
        return found

    def values(self, shape: tuple[int, ...]) -> Iterator[tuple[Meaning, Array]]:
        """The values and gradients that have a shape."""
        for _, _, meaning, array in self._values.get(shape, ()):
            yield meaning, array

    def meaning(self, note: Seen) -> Meaning | None:
        """What a noted value is, if it is one of these, or its transpose."""
        if not note.norm or not (note.kind == "f" or (note.kind == "b" and note.shape)):
            return None
        straight = self._near(note.shape, note.sum, note)
        return straight or self._near(note.shape[::-1], note.turned, note)

    def _near(self, shape: tuple[int, ...], total: float, note: Seen) -> Meaning | None:
        """The meaning of a known value that has the same sums; one with a name, if there is one."""
        values = self._values.get(shape, [])
        room = note.room
        i = bisect_left(values, total - room, key=lambda value: value[0])
        found = None
        while i < len(values) and values[i][0] <= total + room:
            _, own, meaning, _ = values[i]
            if abs(own.norm - note.norm) <= room:
                if meaning.name:
                    return meaning
                found = found or meaning
            i += 1
        return found

    def is_given(self, note: Seen) -> bool:
        """Is it a value that the forward pass has, too, or no array?"""
        return (
            not note.shape
            or (note.kind, note.shape, note.sum) in self._given
            or self.meaning(note) is not None
        )

    def present(self, notes: Notes) -> set[int]:
        """The numbers of the forward pass's values that a run came to."""
        its = {note for several in notes.seen.values() for note in several if note.shape}
        meanings = (self.meaning(note) for note in its)
        return {m.number for m in meanings if m is not None and m.is_value}

    def means(self, notes: Notes, file: File, node: Any) -> list[Meaning | None]:
        """The same, each time that a node was reached."""
        return [self.meaning(note) for note in notes.at(file, node)]


def _names(named: Iterable[tuple[str, Any]]) -> dict[int, str]:
    """By its number, the name that each value has: of several that which fewest others have, for
    layers all call theirs `x`; then the last."""
    pairs = [*dict.fromkeys((name, node.number) for name, node in named)]
    times = Counter(name for name, _ in pairs)
    return {number: name for name, number in sorted(pairs, key=lambda one: -times[one[0]])}


def _slopes(y: Node) -> Iterator[tuple[Node, Array]]:
    """The derivatives of a value in those that it is computed of number by number, or row by row.

    Not those that are one number everywhere, as of what is added.
    """
    found: dict[Node, Any] = {y: np.ones(y.shape, y.dtype)}
    pending = [(-y.number, y)]
    for _ in range(LONG):
        if not pending:
            return
        node = heappop(pending)[1]
        if node is not y and y.size and np.ptp(found[node]) > SAME * np.abs(found[node]).max():
            yield node, found[node]
        alone = node.op is total.op
        if node.op is None or not (alone or node.op.elementwise):
            continue
        for x, slope in pullback(node, found[node]):
            if alone or x.shape == node.shape:
                if x not in found:
                    heappush(pending, (-x.number, x))
                found[x] = found.get(x, 0) + slope


def result_of(statement: Any) -> Any:
    """The node whose value is what a statement makes, if it makes one."""
    if isinstance(statement, ast.AugAssign):
        return statement
    if isinstance(statement, ast.Assign):
        single = len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Subscript)
        return statement if single else statement.value
    if (appended := appended_by(statement)) is not None:
        return appended
    return getattr(statement, "value", None) if isinstance(statement, WITH_VALUES) else None


def is_alias(node: Any) -> bool:
    """Is it another name of a value, or its copy?"""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", "")
        return name == "copy" or (name == "array" and len(node.args) == 1)
    return isinstance(node, ATOMS)


def made_by(statement: Any) -> list[Any]:
    """The nodes that have the values that a statement makes."""
    if isinstance(statement, ast.AugAssign):
        return [statement]
    return [*values_of(statement), *([statement] if result_of(statement) is statement else [])]


def values_of(statement: Any) -> list[Any]:
    """The expressions whose values a statement keeps."""
    if (appended := appended_by(statement)) is not None:
        return getattr(appended, "elts", [appended])
    if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign)):
        return []
    value = statement.value
    if isinstance(value, ast.Lambda):
        return [value.body]
    if isinstance(value, ast.ListComp):
        return [value.elt]
    if isinstance(value, (ast.Tuple, ast.List)):
        return value.elts
    if isinstance(value, ast.Dict):
        return value.values
    return [] if value is None else [value]
