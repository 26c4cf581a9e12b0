"""The backward pass in a picture: each gradient beside its value, and the rules they come by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..reading import LOSS, Told, sum_of
from ..reverse import sweep
from .figures import figures
from .parts import Edge, Marks, Picture, Vertex, worst


def gradients(
    loss: Node, picture: Picture, lines: Sequence[Told], values: bool, marks: Marks
) -> Picture:
    """The gradients that the lines of a derivation tell of, where the picture shows their values.

    An edge from one to another says, in the words of the derivation, what comes by it; of what
    repeats, in the first pass. A line that has no place in the picture is passed through: it may be
    a part of others, or in a closed part.
    """
    shown: dict[Any, Vertex] = {}
    for part in picture:
        if isinstance(part, Vertex):
            for x in (part.node, *part.nodes, *part.twins):
                shown.setdefault(x, part)
    about = [next((x for x in line.nodes if line.back and x in shown), None) for line in lines]
    drawn: list[Any] = [shown[x].node for x in about if x is not None]
    twins = [twin for x in about if x is not None for twin in shown[x].twins]
    arrays = cotangents(loss, [*drawn, *twins])
    names = {x: line.name for line in lines if not line.back for x in line.nodes}
    found: dict[Vertex, Vertex] = {}  # of a value: its gradient
    arrows: dict[tuple[Vertex, Vertex], dict[Node, list[str]]] = {}
    ways: list[list[tuple[Vertex, str]]] = []  # of each line: where it is drawn, or comes from

    def name(x: Any) -> str:
        return names.get(x, "") if shown[x].role == "module" else shown[x].name

    for line, x in zip(lines, about):
        sources: list[tuple[Vertex, str]] = []
        for i, text in line.sources:
            through = [(shown[loss], "")] if i == LOSS else ways[i]
            whole = i != LOSS and text == lines[i].name
            sources += [(v, inner if inner and whole else text) for v, inner in through]
        if x is None:
            ways.append(sources)
            continue
        value = shown[x]
        node: Any = value.node
        if value not in found:
            g = sum((arrays[twin] for twin in value.twins), arrays[node])
            found[value] = Vertex(
                f"d{value.id}",
                "cotangent",
                f"∂{name(loss)}/∂{name(x)}",
                value=g,
                node=node,
                groups=value.groups,
                notes=figures(g) if values else (),
                mark=worst(map(marks.get, (*line.nodes, *value.nodes, *value.twins))),
            )
        ways.append([(found[value], "")])
        for v, text in sources:
            arrows.setdefault((v, found[value]), {}).setdefault(x, []).append(text)
    edges = [
        Edge(a, b, sum_of([*texts.values()][-1]), back=True) for (a, b), texts in arrows.items()
    ]
    return [*found.values(), *edges]


def cotangents(loss: Node, wrt: Sequence[Node]) -> Mapping[Node, Array]:
    """The gradients of the loss with respect to nodes; 0 where it does not depend on them."""
    with np.errstate(all="ignore"):
        found = sweep(loss, np.ones_like(loss._array), dict.fromkeys(wrt))
    return {x: found[x] if x in found else np.zeros_like(x._array) for x in wrt}
