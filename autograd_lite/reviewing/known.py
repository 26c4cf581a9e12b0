"""Which values of a run are right ones: values of the forward pass, and their cotangents."""

from __future__ import annotations

import ast
from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node
from ..reverse import grad, order, pullback
from .code import File
from .notes import Notes, Seen, seen
from .truth import Truth


class Meaning(NamedTuple):
    """What a value is: `name` of the forward pass, of which it is the cotangent or not.

    `number`: of the value, for several may have one name, or none.
    """

    name: str
    is_cotangent: bool
    number: int = 0

    def __str__(self) -> str:
        return f"∂loss/∂{self.name}" if self.is_cotangent else self.name


class Known:
    """The values of a recorded forward pass, by their shapes.

    `nodes`: by the number of each, it and those that have the same cotangent, as what is added has.
    """

    def __init__(self, truth: Truth, forward: Notes) -> None:
        self._values: dict[tuple[int, ...], list[tuple[float, Seen, Meaning]]] = {}
        self._given = {
            (note.kind, note.shape, note.sum) for notes in forward.seen.values() for note in notes
        }
        self.nodes: dict[int, list[Node]] = {}
        if truth.graph is None:
            for i, (name, g) in enumerate(zip(truth.names, truth.gradients)):
                self._add(g, Meaning(name, True, i))
            return
        called = {node: name for name, node in truth.named}
        called |= dict(zip(truth.leaves, truth.names))
        nodes = [x for x in order(truth.graph) if isinstance(x, Node) and x.dtype.kind == "f"]
        alike: dict[Seen, list[Node]] = {}
        for node, g in zip(nodes, grad(truth.graph, nodes)):
            alike.setdefault(seen(g), []).append(node)
            self.nodes[node.number] = alike[seen(g)]
            name = called.get(node, "")
            self._add(g, Meaning(name, True, node.number))
            self._add(node.value, Meaning(name, False, node.number))
            if node.op is not None:
                for i, (_, part) in enumerate(pullback(node, g)):
                    self._add(part, Meaning("", True, -node.number * 8 - i))  # of several, maybe
        for values in self._values.values():
            values.sort(key=lambda value: value[0])

    def _add(self, array: Any, meaning: Meaning) -> None:
        note = seen(np.asarray(array))
        if note.norm:
            self._values.setdefault(note.shape, []).append((note.sum, note, meaning))

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
            _, own, meaning = values[i]
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
    return statement.value if isinstance(statement, (ast.Return, ast.Expr)) else None


def values_of(statement: Any) -> list[Any]:
    """The expressions whose values a statement keeps."""
    if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign)):
        return []
    value = statement.value
    if isinstance(value, (ast.Tuple, ast.List)):
        return value.elts
    if isinstance(value, ast.Dict):
        return value.values
    return [] if value is None else [value]
