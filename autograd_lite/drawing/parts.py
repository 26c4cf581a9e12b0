"""What a picture of a graph consists of: vertices and edges, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from ..graph import Array, Node, Span
from ..names import Names
from ..reverse import order, spans_of
from ..terms import formulas, slice_text

Mark = tuple[str, str]  # what was found there: its status, and a note


@dataclass(frozen=True, eq=False)
class Vertex:
    """An op, or a value: what it is, and what a picture may show of it.

    `role`: an "op"; a "parameter", "input", "constant", "intermediate" or "output", which are
    values; or a "number", which stands for itself. `value`: the array or number, of an op its
    result. `node`: the node that it shows, or None. `group`: the innermost part of the graph, as a
    `span` marks them, that it belongs to. `mark`: what was found there.
    """

    id: str
    role: str
    text: str
    value: Array
    node: Node | None = None
    group: Span | None = None
    mark: Mark | None = None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape that is shown with it: that of a value."""
        return None if self.role in ("op", "number") else self.value.shape


@dataclass(frozen=True, eq=False)
class Edge:
    """A value on its way, with the node that it is the value of, if of any."""

    tail: Vertex
    head: Vertex
    value: Array
    node: Node | None = None
    mark: Mark | None = None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape that is shown with it: that of a value which has no box, for it has no name."""
        return self.value.shape if self.tail.role == self.head.role == "op" else None


def walk(outputs: Sequence[Node], names: Mapping[str, Any] | None) -> Iterator[Vertex | Edge]:
    """The vertices and edges of the graph that ends in `outputs`, in the order of computation.

    A formula that was written out, such as a sigmoid, is the op that it is equal to.
    """
    nodes = order(*outputs)
    name_of = Names(names, nodes)
    read_as = formulas(nodes)
    groups = {node: part for part in spans_of(*outputs) for node in part.nodes}  # inner ones last
    origin: dict[int, Vertex] = {}  # by the id of a value: the vertex that it comes from
    ids = (f"n{i}" for i in count())
    ends = set(outputs)

    for node in _reached(nodes, ends, read_as):
        name, result, group = name_of(node), node._array, groups.get(node)
        how = read_as.get(node, node)
        if node.op is None:
            leaf = _leaf(next(ids), node, name, group)
            origin[id(node)] = leaf
            yield leaf
            continue
        op = origin[id(node)] = Vertex(next(ids), "op", _op_text(how), result, node, group)
        yield op
        for x, value in zip(how.inputs, how.saved):
            tail = origin.get(id(x))
            if tail is None:
                path = name_of.path(x, value) if hasattr(value, "shape") else None
                said = str(path) if path else name_of(x)
                tail = _constant(next(ids), value, said, group)
                yield tail
            if tail.role != "number":  # which is drawn wherever it is used, an array once
                origin[id(x)] = tail
            yield Edge(tail, op, value, tail.node)
        if name or node in ends:
            role = "output" if node in ends else "intermediate"
            box = Vertex(next(ids), role, name or "output", result, node, group)
            origin[id(node)] = box
            yield box
            yield Edge(op, box, result, node)


def _reached(nodes: Sequence[Node], ends: set[Node], read_as: Mapping[Node, Node]) -> list[Node]:
    """The nodes that the ends are computed from, when formulas are their ops; in order."""
    reached = set(ends)
    for node in reversed(nodes):
        if node in reached:
            reached.update(x for x in read_as.get(node, node).inputs if isinstance(x, Node))
    return [node for node in nodes if node in reached]


def _leaf(id: str, node: Node, name: str | None, group: Span | None) -> Vertex:
    """A Tensor that nothing was computed for; one of no gradient is drawn as an array would be."""
    if not node.constant:
        return Vertex(id, "parameter", name or "Tensor", node._array, node, group)
    role = "input" if name else "constant"
    return Vertex(id, role, name or "constant", node._array, node, group)


def _constant(id: str, value: Array, name: str | None, group: Span | None) -> Vertex:
    """An input that is not differentiable: an array, or a number that stands for itself."""
    if name and hasattr(value, "shape"):
        return Vertex(id, "input", name, value)
    if getattr(value, "shape", ()):
        return Vertex(id, "constant", "constant", value)
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return Vertex(id, "number", text, value, group=group)


def _op_text(node: Node) -> str:
    """`sum axis=0`: the op and the static arguments that are not their defaults."""
    op = node.op
    assert op is not None
    given = (f"{key}={_argument(value)}" for key, value in op.given(node.params).items())
    return " ".join([op.symbol or op.name, *given])


def _argument(value: Any) -> str:
    """A static argument as it is written in a call, a slice as in brackets."""
    if isinstance(value, slice):
        return slice_text(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_argument, value))}{',' * (len(value) == 1)})"
    return "..." if value is ... else getattr(value, "__name__", str(value))
