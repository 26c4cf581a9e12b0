"""Which values of a run are right ones: values of the forward pass, and their cotangents."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node
from ..ops import add, negative
from ..reverse import grad, order, pullback
from .code import File
from .notes import Notes, Seen, seen
from .pool import ATOMS, appended_by
from .truth import Truth

ROWS = 64  # rows or columns of a matrix that are known, too
OF = ("d", "d_", "g", "g_", "grad_", "delta_", "dL_d", "dl_d")  # a name, of its gradient


class Meaning(NamedTuple):
    """What a value is: `name` of the forward pass, of which it is the cotangent or not.

    `number`: of the value, for several may have one name, or none. `part`: of a row or column of
    it, which and where, as a pass that goes through the samples has. `times`: by how much it is
    larger, as where gradients are divided by the samples at the end.
    """

    name: str
    is_cotangent: bool
    number: int = 0
    part: str = ""
    times: float = 1.0

    def is_of(self, name: str) -> bool:
        """Is it what something of that name is, as `dz` and `grad_z` are gradients of `z`?"""
        if not self.is_cotangent or not self.name:
            return False
        own = self.name.partition("[")[0]
        return name in (f"{own}_grad", *(prefix + own for prefix in OF))

    @property
    def is_part(self) -> bool:
        """Is it what one of several ways adds to a gradient?"""
        return self.number < 0

    def __str__(self) -> str:
        times = "" if self.times == 1 else f"{self.times:.4g} · "
        return f"{times}∂loss/∂{self.name}" if self.is_cotangent else self.name


class Known:
    """The values of a recorded forward pass, by their shapes.

    `nodes`: by the number of each, it and those that have the same cotangent, as what is added has.
    `derived`: by that number, each with its cotangent, in their order. `times`: by how much the
    gradients of the backward pass are larger, as far as it is known. `goes_on`: by the number of
    a value what it is with a parameter added, such as a bias.
    """

    def __init__(self, truth: Truth, forward: Notes) -> None:
        self._values: dict[tuple[int, ...], list[tuple[float, Seen, Meaning, Array]]] = {}
        self._given = {
            (note.kind, note.shape, note.sum) for notes in forward.seen.values() for note in notes
        }
        self.nodes: dict[int, list[Node]] = {}
        self.times = 1.0
        self.derived: dict[int, tuple[Node, Array]] = {}
        self.goes_on: dict[int, int] = {}
        if truth.graph is None:
            for i, (name, g) in enumerate(zip(truth.names, truth.gradients)):
                self._add(g, Meaning(name, True, i))
            return
        called = {node: name for name, node in truth.named}
        called |= dict(zip(truth.leaves, truth.names))
        leaves = {*truth.leaves}
        nodes = [x for x in order(truth.graph) if isinstance(x, Node) and x.dtype.kind == "f"]
        alike: dict[Seen, list[Node]] = {}
        for node, g in zip(nodes, grad(truth.graph, nodes)):
            alike.setdefault(seen(g), []).append(node)
            self.nodes[node.number] = alike[seen(g)]
            self.derived[node.number] = node, g
            name = called.get(node, "")
            if name or node.op is not negative.op:  # of -x, it is a wrong one of x
                self._add(g, Meaning(name, True, node.number))
            self._add(node.value, Meaning(name, False, node.number))
            if node.op is not None:
                inputs = [x for x in node.inputs if isinstance(x, Node) and not x.constant]
                own = [x for x in inputs if x not in leaves]
                if node.op is add.op and len(own) == 1 and len(inputs) > 1:
                    self.goes_on[own[0].number] = node.number
                self._add_rows(g, Meaning(name, True, node.number))
                self._add_rows(node.value, Meaning(name, False, node.number))
                parts: dict[Any, Any] = {}
                for x, part in pullback(node, g):
                    parts[x] = parts[x] + part if x in parts else part
                for i, part in enumerate(parts.values()):
                    self._add(part, Meaning("", True, -node.number * 8 - i))  # of several, maybe
        self._sort()

    def _add_rows(self, array: Any, meaning: Meaning) -> None:
        """The rows and columns of a matrix, if they are few."""
        if array.ndim != 2:
            return
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

    def _add(self, array: Any, meaning: Meaning) -> None:
        array = np.asarray(array)
        note = seen(array)
        if note.norm:
            self._values.setdefault(note.shape, []).append((note.sum, note, meaning, array))

    def values(self, shape: tuple[int, ...]) -> Iterator[tuple[Meaning, Array]]:
        """The values and gradients that have a shape."""
        for _, _, meaning, array in self._values.get(shape, ()):
            yield meaning, array

    def meaning(self, note: Seen) -> Meaning | None:
        """What a noted value is, if it is one of these, or its transpose."""
        if note.kind != "f" or not note.norm:
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
        return {m.number for m in meanings if m is not None and not m.is_cotangent}

    def means(self, notes: Notes, file: File, node: Any) -> list[Meaning | None]:
        """The same, each time that a node was reached."""
        return [self.meaning(note) for note in notes.at(file, node)]


def result_of(statement: Any) -> Any:
    """The node whose value is what a statement makes, if it makes one."""
    if isinstance(statement, ast.AugAssign):
        return statement
    if isinstance(statement, ast.Assign):
        single = len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Subscript)
        return statement if single else statement.value
    if (appended := appended_by(statement)) is not None:
        return appended
    return statement.value if isinstance(statement, (ast.Return, ast.Expr)) else None


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
    if isinstance(value, (ast.Tuple, ast.List)):
        return value.elts
    if isinstance(value, ast.Dict):
        return value.values
    return [] if value is None else [value]
