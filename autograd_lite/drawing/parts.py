"""What a picture of a graph consists of: vertices and edges, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple

from ..graph import Array, Node

# What was found there: its status, a note and, maybe, the numbers that were found.
Mark = tuple[Any, ...]


class Group(NamedTuple):
    """A part of a graph that is drawn as one, such as a layer: its id, and what it is called."""

    id: str
    label: str


@dataclass(frozen=True, eq=False)
class Vertex:
    """A value, and how it comes about: what it is, and what a picture may show of it.

    `role`: a "parameter", "input" or "constant"; an "op", whose result has no name; an
    "intermediate" or "output", which is an op's result that has one; a "module", which stands for
    all that is in it; a "cotangent". `name`: what it is called, "" for nothing. `sign`: how it is
    computed from what its edges bring. `value`: the array or number; `node`: the one that it shows;
    `reads`: the same, a formula as the op that it equals.
    `groups`: the parts of the graph that it belongs to, the outer ones first. `again`: whether it
    is drawn elsewhere, too. `notes`: lines of numbers. `kind`: what is the same of vertices that
    come about alike; `nodes`: those that one stands for, if there are several; `twins`: others that
    were computed just so.
    """

    id: str
    role: str
    name: str
    sign: str = ""
    value: Array | None = None
    node: Node | None = None
    reads: Node | None = None
    groups: tuple[Group, ...] = ()
    again: bool = False
    notes: tuple[str, ...] = ()
    mark: Mark | None = None
    kind: Any = None
    nodes: tuple[Node, ...] = ()
    twins: tuple[Node, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Is it a value that nothing was computed for?"""
        is_end = self.role == "output" and self.node is not None
        return self.role in LEAVES or (is_end and self.node.op is None)  # type: ignore[union-attr]

    @property
    def shape(self) -> str:
        """The shape, where it is shown with it: that of an op's result is on its edges."""
        return "" if self.role == "op" or self.value is None else shape_text(self.value)

    @property
    def text(self) -> str:
        """What it is called, and how it is computed."""
        joint = ": " if self.role == "module" else " = "
        return joint.join(filter(None, [self.name, self.sign]))


LEAVES = ("parameter", "input", "constant")


@dataclass(frozen=True, eq=False)
class Edge:
    """A value on its way to where it is used.

    `text`: what is written beside it; `place`: which of several inputs it is, where the picture has
    to say so; `back`: whether it is a gradient on its way, whose `text` is the rule that it comes
    by; `loop`: whether it goes from one pass of a loop to the next.
    """

    tail: Vertex
    head: Vertex
    text: str = ""
    place: str = ""
    back: bool = False
    loop: bool = False

    @property
    def is_forward(self) -> bool:
        """Does it lead from a vertex to a later one?"""
        return not (self.back or self.loop)


LONGEST = 32  # of a line of text
SIGNS = {"wrong": "✗", "follows": "↳", "right": "✓"}  # the worst first
Picture = list[Vertex | Edge]
Marks = Mapping[Node, Mark]


def shape_text(value: Any) -> str:
    shape = getattr(value, "shape", ())
    return str(shape) if shape else "scalar"


def worst(marks: Iterable[Mark | None]) -> Mark | None:
    """Of what was found, what is worst; None if nothing was."""
    rank = {status: i for i, status in enumerate(SIGNS)}
    return min(filter(None, marks), key=lambda mark: rank.get(mark[0], len(rank)), default=None)


def plain(text: str, longest: int = LONGEST) -> str:
    """Any text as one short line of what can be shown."""
    text = " ".join(text[: 4 * longest].split())
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def by_group(
    vertices: Iterable[Vertex], outer: tuple[Group, ...]
) -> tuple[list[Vertex], dict[Group, list[Vertex]]]:
    """The vertices of a part of a graph: its own, and those of each part within it."""
    own: list[Vertex] = []
    inner: dict[Group, list[Vertex]] = {}
    for vertex in vertices:
        deeper = vertex.groups[len(outer) :]
        (inner.setdefault(deeper[0], []) if deeper else own).append(vertex)
    return own, inner


def shared(chains: Sequence[tuple[Group, ...]]) -> tuple[Group, ...]:
    """The parts that several are all within."""
    columns = zip(*chains)
    return tuple(column[0] for column in takewhile(lambda c: len(set(c)) == 1, columns))
