"""Which parts of a graph are drawn open, and which as one vertex."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..graph import Node
from ..reverse import spans_of
from .parts import Group

LONGEST = 32  # of what a part is called


@dataclass(frozen=True)
class Place:
    """Where a node is drawn: within which open parts, and in which closed one, if in one."""

    open: tuple[Group, ...] = ()
    closed: Group | None = None


def places(
    outputs: Sequence[Node], nodes: Sequence[Node], depth: int | None, most: int
) -> tuple[dict[Node, Place], str]:
    """Where each node is drawn, so that there are not more vertices than `most` for what is
    computed, and what there is to say of that.

    depth: how many parts within each other are open; None for all, as long as there is room.
    """
    chains: dict[Node, tuple[Group, ...]] = dict.fromkeys(nodes, ())
    for i, part in enumerate(spans_of(*outputs)):
        if _number_of_ops(part.nodes) == 1 and not isinstance(part.label, str):
            continue  # such as a ReLU: the op tells all that there is
        group = Group(f"g{i}", _label(part.label))
        for node in part.nodes:
            chains[node] = (*chains[node], group)
    deepest = max(map(len, chains.values()), default=0)
    wished = deepest if depth is None else min(depth, deepest)
    for open_ in range(wished, -1, -1):
        found = {
            node: Place(chain[:open_], chain[open_] if len(chain) > open_ else None)
            for node, chain in chains.items()
        }
        drawn = _number(found)
        if drawn <= most:
            told = f"{_number_of_ops(nodes):,} ops; parts are closed, because more than {most:,}"
            return found, f"{told} are not drawn" if open_ < wished else ""
    ops = Counter(node.op.symbol or node.op.name for node in nodes if node.op)
    often = [f"{n:,} {name}" for name, n in ops.most_common(4)]
    whole = Group("g", ", ".join(often + ["…"] * (len(ops) > 4)))
    told = f"{ops.total():,} ops are drawn as one, because more than {most:,} are not drawn"
    return dict.fromkeys(nodes, Place((), whole)), told


def _number(places: Mapping[Node, Place]) -> int:
    """How many vertices there are for what is computed."""
    return len({place.closed or node for node, place in places.items() if node.op})


def _number_of_ops(nodes: Sequence[Node]) -> int:
    return sum(node.op is not None for node in nodes)


def _label(label: Any) -> str:
    """What a part is called: a module by its repr, where that is short."""
    text = label if isinstance(label, str) else repr(label)
    short = "\n" not in text and len(text) <= LONGEST
    return text if short or isinstance(label, str) else type(label).__name__
