"""From a recorded graph to its picture: which vertices there are, and how they are joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node
from ..lazy import is_lazy
from ..op import GENERATORS
from ..reverse import order
from ..terms import formulas
from .back import gradients
from .called import MOST, Called
from .figures import figures
from .modules import Place, places
from .parts import Edge, Mark, Marks, Picture, Vertex, shape_text, shared, worst
from .repeats import folded
from .signs import Sign, is_number, sign

REACH = 2  # steps after its first use up to which a leaf is not drawn again
SMALL = 1000  # elements up to which constants without a name are compared, to be drawn as one
MOST_TO_FOLD = 5000  # vertices in which repeats are looked for
NO_GRADIENT = "gradient not computed"
NO_LINES = f"no gradients are drawn of what cannot be derived, or has more than {MOST} values"


class Wishes(NamedTuple):
    """What a picture is to show; see `draw`."""

    values: bool = False
    grads: bool = False
    backward: bool = False
    fold: bool = False
    depth: int | None = None
    max_nodes: int = 1500


ALL = Wishes()


def walk(
    outputs: Sequence[Node],
    names: Mapping[str, Any] | None = None,
    wishes: Wishes = ALL,
    marks: Marks | None = None,
) -> tuple[Picture, str]:
    """The picture of the graph that ends in `outputs`, each vertex after those that it is computed
    from, and what is to be said of it as a whole.

    A formula that was written out, such as a sigmoid, is the op that it is equal to. A leaf that is
    used in places that are far apart is drawn again, for a line through the whole picture hides it.
    """
    nodes = order(*outputs)
    read_as = formulas(nodes) if len(nodes) <= MOST else {}
    reached = _reached(nodes, outputs, read_as)
    called = Called(outputs, reached, names)

    def painted(most: int) -> tuple[Picture, str]:
        placed, told = places(outputs, nodes, wishes.depth, most)
        painter = _Painter(outputs, called, wishes, {} if wishes.backward else marks or {})
        picture = painter.paint(_units(reached, read_as, placed))
        return folded(picture) if wishes.fold else picture, told

    picture, told = painted(MOST_TO_FOLD if wishes.fold else wishes.max_nodes)
    if wishes.fold and _computed(picture) > wishes.max_nodes:
        picture, told = painted(wishes.max_nodes)
    if wishes.backward:
        picture += gradients(outputs[0], picture, called.lines, wishes.values, marks or {})
        if not called.lines and outputs[0].op is not None:
            told = "; ".join(filter(None, [told, NO_LINES]))
    return picture, told


def _computed(picture: Picture) -> int:
    """How many vertices there are for what is computed."""
    return sum(isinstance(part, Vertex) and not part.is_leaf for part in picture)


def _reached(
    nodes: Sequence[Node], ends: Iterable[Node], read_as: Mapping[Node, Node]
) -> list[Node]:
    """The nodes that the ends are computed from, when formulas are their ops; in order."""
    reached = set(ends)
    for node in reversed(nodes):
        if node in reached:
            reached.update(x for x in read_as.get(node, node).inputs if isinstance(x, Node))
    return [node for node in nodes if node in reached]


@dataclass(frozen=True, eq=False)
class Unit:
    """What is drawn as one vertex: a node that was computed, or all nodes of a closed part.

    `reads`: the nodes, formulas as their ops; `twins`: nodes that were computed just as this one.
    """

    place: Place
    nodes: list[Node] = field(default_factory=list)
    reads: list[Node] = field(default_factory=list)
    twins: list[Node] = field(default_factory=list)

    def inputs(self) -> Iterator[tuple[int, Any, Array]]:
        """What it is computed from and is no number: its position, itself, and its value."""
        own = set(self.nodes)
        for node in self.reads:
            for i, (x, value) in enumerate(zip(node.inputs, node.saved)):
                if not is_number(x, value) and not (isinstance(x, Node) and x in own):
                    yield i, x, value

    def kind(self) -> Any:
        """What is the same of units that come about alike: their ops, and how these are joined."""
        place: dict[Any, int] = {node: i for i, node in enumerate(self.nodes)}
        outside: dict[int, int] = {}

        def told(x: Any, value: Array) -> Any:
            if is_number(x, value):
                return _told(value)
            if isinstance(x, Node) and x in place:
                return place[x]
            return "given", outside.setdefault(id(x), len(outside)), np.shape(value)

        return self.place.closed and self.place.closed.label, [
            (how.op, _told(how.params), [told(x, value) for x, value in zip(how.inputs, how.saved)])
            for how in self.reads
        ]


@dataclass(eq=False)
class Leaf:
    """A leaf, or an array, as it is drawn in one place: for the units there that use it."""

    role: str
    name: str
    value: Array
    node: Node | None
    step: int  # of the first of these
    again: bool
    users: list[Unit] = field(default_factory=list)


class Arrow(NamedTuple):
    """From where a unit gets an input; `place`, which one it is, where that has to be said."""

    tail: Unit | Leaf
    value: Array
    place: str = ""


def _told(x: Any) -> Any:
    """A parameter, or a number, as it is compared; of an array all elements count."""
    if isinstance(x, np.ndarray):
        return x.dtype, x.shape, x.tobytes()
    if isinstance(x, (tuple, list)):
        return type(x), [*map(_told, x)]
    return {key: _told(value) for key, value in x.items()} if isinstance(x, dict) else repr(x)


def _units(
    nodes: Sequence[Node], read_as: Mapping[Node, Node], placed: Mapping[Node, Place]
) -> list[Unit]:
    """The units, in the order of computation."""
    found: dict[Any, Unit] = {}
    same = _same(nodes, read_as, placed)
    for node in nodes:
        if node in same:
            found[same[node]].twins.append(node)
        elif node.op is not None:
            place = placed[node]
            unit = found.setdefault(place.closed or node, Unit(place))
            unit.nodes.append(node)
            unit.reads.append(read_as.get(node, node))
    return [*found.values()]


def _same(
    nodes: Sequence[Node], read_as: Mapping[Node, Node], placed: Mapping[Node, Place]
) -> dict[Node, Node]:
    """For nodes that an op of the same inputs had computed before, the first of these."""
    first: dict[Any, Node] = {}
    found: dict[Node, Node] = {}

    def told(x: Any) -> Any:
        is_object = isinstance(x, (Node, *GENERATORS)) or np.ndim(x)
        return id(found.get(x, x) if isinstance(x, Node) else x) if is_object else repr(x)

    for node in nodes:
        how, place = read_as.get(node, node), placed[node]
        params = how.params.items() if how.op else ()
        drawn = any(isinstance(value, GENERATORS) for _, value in params)
        if how.op is None or place.closed or drawn:
            continue
        key = how.op, place, *map(told, how.inputs), *((k, told(v)) for k, v in params)
        if first.setdefault(key, node) is not node:
            found[node] = first[key]
    return found


class _Painter:
    """Makes vertices of units and of the leaves that they use, and joins them."""

    def __init__(
        self, outputs: Sequence[Node], called: Called, wishes: Wishes, marks: Marks
    ) -> None:
        self.outputs = dict.fromkeys(outputs)
        self.called, self.wishes, self.marks = called, wishes, marks
        self.ids = (f"n{i}" for i in count())
        self.unit_of: dict[Node, Unit] = {}
        self.step: dict[Unit, int] = {}
        self.leaves: dict[Any, Leaf] = {}  # where each was drawn last

    def paint(self, units: Sequence[Unit]) -> Picture:
        self.unit_of = {x: unit for unit in units for x in (*unit.nodes, *unit.twins)}
        self.step = self._steps(units)
        signs = {unit: self._sign(unit) for unit in units}
        arrows = {unit: [*self._arrows(unit, signs[unit])] for unit in units}
        alone = [x for x in self.outputs if x not in self.unit_of]
        ends = [self._leaf(x, x._array, 0) for x in alone]
        drawn: dict[Unit | Leaf, Vertex] = {leaf: self._of_leaf(leaf) for leaf in ends}
        found: Picture = [*drawn.values()]
        for unit in units:
            for arrow in arrows[unit]:
                if isinstance(arrow.tail, Leaf) and arrow.tail not in drawn:
                    drawn[arrow.tail] = self._of_leaf(arrow.tail)
                    found.append(drawn[arrow.tail])
            drawn[unit] = self._of_unit(unit, signs[unit])
            found.append(drawn[unit])
            found += [
                Edge(start, drawn[unit], self._shape_on_edge(start, value), place)
                for tail, value, place in arrows[unit]
                for start in [drawn[tail]]
            ]
        return found

    # Units

    def _steps(self, units: Sequence[Unit]) -> dict[Unit, int]:
        """How many units come before each; what is made of leaves alone is where it is needed."""
        found: dict[Unit, int] = {}
        needed: dict[Unit, int] = {}
        for unit in units:
            before = [
                self.unit_of[x]
                for _, x, _ in unit.inputs()
                if isinstance(x, Node) and x in self.unit_of
            ]
            found[unit] = max((found[other] + 1 for other in before), default=0)
            for other in before:
                needed[other] = min(needed.get(other, found[unit]), found[unit])
        return {
            unit: step if step or unit not in needed else needed[unit] - 1
            for unit, step in found.items()
        }

    def _sign(self, unit: Unit) -> Sign:
        """What is written in the vertex of a unit about how it is computed."""
        if unit.place.closed:
            leaves = {x: x for _, x, _ in unit.inputs() if self._is_parameter(x)}
            sizes = sum(x.size for x in leaves)
            said = [f"{len(unit.nodes):,} op{'s' * (len(unit.nodes) != 1)}"]
            said += [f"{sizes:,} parameter{'s' * (sizes != 1)}"] * bool(sizes)
            return Sign(", ".join(said))
        (how,) = unit.reads
        return sign(how, lambda i: self._name(how.inputs[i], how.saved[i]))

    def _arrows(self, unit: Unit, its: Sign) -> Iterator[Arrow]:
        """Where a unit gets its inputs from; a closed part keeps parameters to itself, and gets
        each input once."""
        found = [*unit.inputs()]
        if unit.place.closed:
            found = [*{id(x): (i, x, value) for i, x, value in found}.values()]
            found = [(i, x, value) for i, x, value in found if not self._is_parameter(x)]
        for i, x, value in found:
            tail: Unit | Leaf
            if isinstance(x, Node) and x in self.unit_of:
                tail = self.unit_of[x]
            else:
                tail = self._leaf(x, value, self.step[unit])
                tail.users.append(unit)
            yield Arrow(tail, value, its.places[i] if its.places else "")

    def _of_unit(self, unit: Unit, its: Sign) -> Vertex:
        last = unit.nodes[-1]
        every = (*unit.nodes, *unit.twins)
        name = next(filter(None, map(self.called, reversed(every))), "") or ""
        is_end = any(node in self.outputs for node in every)
        name = name or "output" * is_end
        role = "output" if is_end else "intermediate" if name else "op"
        if unit.place.closed:
            role, name = "module", unit.place.closed.label
        notes = figures(last._array) if self.wishes.values else ()
        return Vertex(
            next(self.ids),
            role,
            name,
            its.text,
            last._array,
            last,
            unit.reads[-1],
            unit.place.open,
            notes=notes,
            mark=self._mark(every),
            twins=tuple(unit.twins),
            kind=(unit.kind(), last.shape, last.dtype, is_end) if self.wishes.fold else None,
        )

    def _shape_on_edge(self, start: Vertex, value: Array) -> str:
        """The shape of a value, if no vertex shows it; one of several results may have another."""
        shown = start.shape or ("" if np.ndim(value) else shape_text(value))
        return "" if shown == shape_text(value) else shape_text(value)

    # Leaves

    def _leaf(self, x: Any, value: Array, step: int) -> Leaf:
        """A leaf where it is used at this step: one that is drawn nearby, or a new one."""
        key: Any = id(x)
        name, by_user = self._name(x, value), self.called.by_user(x, value)
        small = not is_lazy(value) and value.size <= SMALL
        if small and not by_user and not isinstance(x, Node):
            key = value.dtype, value.shape, value.tobytes()
        before = self.leaves.get(key)
        if before is None or step - before.step > REACH:
            role = "parameter" if self._is_parameter(x) else "input" if by_user else "constant"
            node = x if isinstance(x, Node) else None
            name = name or ("Tensor" if role == "parameter" else "constant")
            self.leaves[key] = Leaf(role, name, value, node, step, before is not None)
        return self.leaves[key]

    def _of_leaf(self, leaf: Leaf) -> Vertex:
        notes = figures(leaf.value) if self.wishes.values else ()
        if self.wishes.grads and leaf.role == "parameter" and not leaf.again:
            grad = leaf.node.grad  # type: ignore[union-attr]
            notes += (NO_GRADIENT,) if grad is None else tuple(f"∂ {x}" for x in figures(grad))
        is_end = leaf.node is not None and leaf.node in self.outputs
        return Vertex(
            next(self.ids),
            "output" if is_end and not leaf.users else leaf.role,
            leaf.name,
            "",
            leaf.value,
            leaf.node,
            None,
            () if leaf.role == "input" else shared([user.place.open for user in leaf.users]),
            leaf.again,
            notes,
            self._mark([leaf.node] if leaf.node is not None else []),
        )

    def _is_parameter(self, x: Any) -> bool:
        return isinstance(x, Node) and x.op is None and not x.constant

    def _name(self, x: Any, value: Array) -> str | None:
        return self.called.any(x, value)

    def _mark(self, nodes: Iterable[Node]) -> Mark | None:
        """Of what was found in these, what is worst."""
        return worst(map(self.marks.get, nodes))
