"""DOT, the language of Graphviz: what a picture looks like."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .parts import Edge, Vertex

# Told apart by shape as well as by colour: fill and border were checked for colour-blind readers.
ROLES = {
    "input": {"style": "rounded,filled", "fillcolor": "#9CD3F2", "color": "#005A8C"},
    "parameter": {
        "style": "rounded,filled,bold",
        "fillcolor": "#FFD166",
        "color": "#8A5000",
        "penwidth": "2.5",
    },
    "op": {"shape": "ellipse", "fillcolor": "#E4E4E4", "color": "#4D4D4D", "margin": "0.05,0.03"},
    "intermediate": {"shape": "record", "fillcolor": "#FFFFFF", "color": "#8C8C8C"},
    "output": {"peripheries": "2", "fillcolor": "#D58CB8", "color": "#7A1F52"},
    "constant": {"style": "dashed,filled", "fillcolor": "#F4F4F4", "color": "#8C8C8C"},
}
ROLES["number"] = ROLES["constant"]
FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "12"}
# The heavier an edge, the straighter: what is computed makes a line, others join from the side.
WEIGHTS = {"op": "20", "intermediate": "20", "output": "20", "input": "4"}


def write(parts: Iterable[Vertex | Edge], direction: str) -> str:
    """The DOT text of a graph."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "ordering": "in",  # a - b has a first
            "bgcolor": "#FFFFFF",
            "pad": "0.2",
            "nodesep": "0.2",
            "ranksep": "0.3",
        },
        node_attr=FONT | {"shape": "box", "style": "filled", "width": "0.5", "height": "0.4"},
        edge_attr=FONT | {"fontsize": "9", "color": "#4D4D4D", "arrowsize": "0.7"},
    )
    for part in parts:
        if isinstance(part, Vertex):
            dot.node(part.id, _label(part, direction), **ROLES[part.role])
        else:
            dot.edge(
                part.tail.id,
                part.head.id,
                f" {part.shape} " if part.shape else None,
                weight=WEIGHTS.get(part.tail.role),
            )
    return str(dot.source)


def _label(vertex: Vertex, direction: str) -> str:
    """The text of a vertex and its shape, in one label."""
    import graphviz

    text = _plain(vertex.text)
    if vertex.shape is not None:
        shape = str(vertex.shape) if vertex.shape else "scalar"
        if vertex.role == "intermediate":  # a record: its fields are set apart by |
            text = re.sub(r"([{}|<>])", r"\\\1", text) + "|" + shape
            text = text if direction == "LR" else f"{{{text}}}"  # name above shape
        else:
            text = f"{text}\\n{shape}"
    label: str = graphviz.nohtml(text)
    return label


def _plain(text: str, longest: int = 32) -> str:
    """Any text as one short line that Graphviz shows as it is."""
    text = " ".join(text[: 4 * longest].split())
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return text.replace("\\", "\\\\").replace("&", "&amp;")
