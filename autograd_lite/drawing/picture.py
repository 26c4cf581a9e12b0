"""A graph as a picture: what was recorded, as boxes for values and ellipses for ops.

Three steps: `walk` says what is drawn and how it is joined, `write` puts that into DOT, the
language of Graphviz, and `render` has it laid out.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from ..graph import Array, Node, describe
from ..names import called
from ..reverse import order

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
FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "12"}
# The heavier an edge, the straighter: what is computed makes a line, others join from the side.
WEIGHTS = {"op": "20", "intermediate": "20", "output": "20", "input": "4"}
FORMATS = ("svg", "png", "pdf")


def draw(y: Any, names: Mapping[str, Any] | None = None, *, direction: str = "LR") -> Graph:
    """A picture of the recorded graph of `y`: what was computed from what, and in which shapes.

    y: a Tensor, or a list of Tensors to draw in one picture. names: what Tensors and arrays are
    called, as {name: value}; `names=locals()` will do. A Tensor's own name goes first; names that
    start with an underscore are left out. direction: "LR", from left to right, or "TB", downwards.

    An ellipse is an op. A box is a value: a parameter (a leaf Tensor; bold), an input (an array
    found in `names`; rounded), another constant (dashed), a named intermediate (divided in two), an
    output (double border). An unnamed intermediate is an edge that carries its shape.

    Raises TypeError if `y` is no Tensor and no list of them, ValueError for another direction.

    >>> import numpy as np
    >>> from autograd_lite import Tensor, draw
    >>> W = Tensor([[1.0], [2.0]], name="W")
    >>> x = np.ones((5, 2))
    >>> graph = draw((x @ W).mean(), names={"x": x})
    >>> "(5, 2)" in graph.dot
    True
    """
    outputs = list(y) if isinstance(y, (list, tuple)) else [y]
    others = [output for output in outputs if not isinstance(output, Node)]
    if others or not outputs:
        given = describe(others[0] if others else y)
        raise TypeError(
            f"draw got {given}; a Tensor or a list of Tensors is needed, for only they have a "
            "graph; make Tensors of the parameters and write the expression with them"
        )
    if direction not in ("LR", "TB"):
        raise ValueError(
            f'draw got direction={direction!r}; "LR" (from left to right) or "TB" (from top to '
            'bottom) is needed; leave it out for "LR"'
        )
    return Graph(write(walk(outputs, names), direction))


@dataclass(frozen=True, repr=False)
class Graph:
    """A picture: `dot` is its text, `svg()` and `png()` are its renderings.

    A notebook shows it. Rendering needs Graphviz: the program `dot`, or the package pygraphviz,
    which `pip install "autograd-lite[draw]"` brings along.
    """

    dot: str

    def svg(self) -> str:
        """The picture as SVG. Raises ImportError where there is no Graphviz."""
        return render(self.dot, "svg").decode()

    def png(self) -> bytes:
        """The picture as PNG. Raises ImportError where there is no Graphviz."""
        return render(self.dot, "png")

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path`, an .svg, .png, .pdf or .dot; return the path written to.

        Where there is no Graphviz, the text is written beside it as .dot, with a warning. Raises
        ValueError for another suffix.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in (*FORMATS, "dot"):
            raise ValueError(
                f"save got {str(path)!r}; a name that ends in .svg, .png, .pdf or .dot is needed; "
                "change its ending, which chooses the format"
            )
        if kind != "dot":
            try:
                path.write_bytes(render(self.dot, kind))
                return path
            except ImportError as error:
                path = path.with_suffix(".dot")
                warnings.warn(f"{error}; wrote {path} instead", stacklevel=2)
        path.write_text(self.dot, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return self.dot

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except ImportError:
            return None  # the notebook then shows the text


# What is drawn ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vertex:
    """A value, an op or a plain number, of which only a value has a shape."""

    id: str
    role: str
    text: str
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Edge:
    """A value on its way; it has a shape to show where no box does."""

    tail: Vertex
    head: Vertex
    shape: tuple[int, ...] | None = None


def walk(outputs: Sequence[Node], names: Mapping[str, Any] | None) -> Iterator[Vertex | Edge]:
    """The vertices and edges of the graph that ends in `outputs`, in the order of computation."""
    name_of = called(names)
    origin: dict[int, Vertex] = {}  # by the id of a value: the vertex that it comes from
    ids = (f"n{i}" for i in count())
    ends = set(outputs)

    for node in order(*outputs):
        name = name_of(node)
        if node.op is None:
            origin[id(node)] = Vertex(next(ids), "parameter", name or "Tensor", node.shape)
            yield origin[id(node)]
            continue
        op = origin[id(node)] = Vertex(next(ids), "op", _op_text(node))
        yield op
        for x, value in zip(node.inputs, node.saved):
            tail = origin.get(id(x))
            if tail is None:
                tail = _constant(next(ids), value, name_of(x))
                yield tail
            if tail.shape is not None:  # a number is drawn wherever it is used, an array once
                origin[id(x)] = tail
            yield Edge(tail, op, value.shape if tail.role == "op" else None)
        if name or node in ends:
            role = "output" if node in ends else "intermediate"
            box = origin[id(node)] = Vertex(next(ids), role, name or "output", node.shape)
            yield box
            yield Edge(op, box)


def _constant(id: str, value: Array, name: str | None) -> Vertex:
    """An input that is not differentiable: an array, or a number that stands for itself."""
    shape = getattr(value, "shape", ())
    if name and hasattr(value, "shape"):
        return Vertex(id, "input", name, shape)
    if shape:
        return Vertex(id, "constant", "constant", shape)
    return Vertex(id, "constant", f"{value:.6g}" if isinstance(value, float) else str(value))


def _op_text(node: Node) -> str:
    """`sum axis=0`: the op and the static arguments that are not their defaults."""
    op = node.op
    assert op is not None
    defaults = op.forward.__kwdefaults__ or {}
    given = [
        f"{key}={_argument(value)}"
        for key, value in node.params.items()
        if key not in defaults or _argument(value) != _argument(defaults[key])
    ]
    return " ".join([op.symbol or op.name, *given])


def _argument(value: Any) -> str:
    """A static argument as it is written, a slice as in brackets."""
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop, value.step)]
        return ":".join(ends if ends[2] else ends[:2])
    if isinstance(value, tuple):
        return f"({', '.join(map(_argument, value))})"
    return "..." if value is ... else getattr(value, "__name__", str(value))


# How it is written ------------------------------------------------------------------------------


def write(parts: Iterator[Vertex | Edge], direction: str) -> str:
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


# How it is rendered -----------------------------------------------------------------------------


def render(dot: str, format: str) -> bytes:
    """The picture that the text `dot` describes, laid out by the program dot or by pygraphviz."""
    import graphviz

    try:
        picture: bytes = graphviz.pipe("dot", format, dot.encode())
    except graphviz.ExecutableNotFound:
        try:
            from pygraphviz import AGraph
        except ImportError:
            raise ImportError(
                f"no Graphviz was found to draw the {format}; its program dot or the package "
                'pygraphviz is needed; pip install "autograd-lite[draw]", or install Graphviz'
            ) from None
        picture = AGraph(string=dot).draw(prog="dot", format=format)
    return picture
