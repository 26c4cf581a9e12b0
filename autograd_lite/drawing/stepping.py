"""Stepping through a forward and a backward pass: what happens at each step, and a page of it.

The page is one file of HTML: the picture, what is told of each step as data, and a script that
shows it. Text gets into the page as data alone, and from there as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from hashlib import blake2b
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..reading import local_rule
from ..reverse import pullback, sweep
from .called import Called
from .figures import figures, number
from .parts import LONGEST, Edge, Marks, Picture, Vertex, worst
from .signs import in_full, inputs_of, whole
from .themes import THEMES, Theme

MOST = 500  # steps of a page
TABLE, ACROSS = 64, 10  # numbers of a table, and how many in a row
MAP, MAP_ACROSS = 2048, 32  # numbers of a picture of an array, and of a vector in a row


class _Page(Template):
    delimiter = "@@"


Step = dict[str, Any]
Edges = dict[Vertex, list[Edge]]  # by where they come from, or where they lead


def page(
    outputs: Sequence[Node], picture: Picture, called: Called, svg: str, theme: str, marks: Marks
) -> str:
    """The page for a picture, in which all parts are open, and its rendering.

    svg: "" where there is none; the page then has the steps alone. Of what is no loss, it has the
    forward pass alone.
    """
    arrays = _Arrays()
    edges = [part for part in picture if isinstance(part, Edge)]
    into = _by(edges, lambda edge: edge.head)
    onto = _by(edges, lambda edge: edge.tail)
    steps = [*_forward(picture, into, onto, called, arrays)]
    loss = outputs[0]
    if len(outputs) == 1 and loss.size == 1 and loss.dtype.kind == "f" and not loss.constant:
        steps += _backward(loss, picture, into, called, arrays, marks)
    data = {
        "lines": [line.text for line in called.lines],
        "steps": steps,
        "arrays": arrays.told,
        "vertices": {v.id: v.text for v in picture if isinstance(v, Vertex)},
        "leaves": [v.id for v in picture if isinstance(v, Vertex) and v.is_leaf],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    title = f"Backpropagation through {_of(picture, loss)}, step by step"
    template = Path(__file__).with_name("stepper.html").read_text(encoding="utf-8")
    return _Page(template).substitute(
        title=escape(title),
        colours=_colours(theme),
        roles=_roles(),
        svg=_inline(svg),
        data=text.replace("<", "\\u003c"),
    )


def _of(picture: Picture, node: Node) -> str:
    found = (v.name for v in picture if isinstance(v, Vertex) and v.node is node)
    return next(found, "") or "output"


# The two passes ---------------------------------------------------------------------------------


def _forward(
    picture: Picture, into: Edges, onto: Edges, called: Called, arrays: _Arrays
) -> Iterator[Step]:
    """A step for each value that is computed."""
    told = {id(x) for line in called.lines if not line.back for x in line.nodes}
    for vertex in picture:
        if isinstance(vertex, Vertex) and not vertex.is_leaf:
            tails = dict.fromkeys(edge.tail for edge in into.get(vertex, ()))
            inputs = [{"name": _said(v, into), "array": arrays.add(v.value)} for v in tails]
            yield {
                "phase": "forward",
                "vertex": vertex.id,
                "formula": _formula(vertex, into),
                "inputs": inputs,
                "results": [{"name": _said(vertex, into), "array": arrays.add(vertex.value)}],
                "lines": _lines(called, [_in_line(vertex, told, onto).node], back=False),
            }


def _backward(
    loss: Node, picture: Picture, into: Edges, called: Called, arrays: _Arrays, marks: Marks
) -> Iterator[Step]:
    """A step for each value that hands its gradient on, and one for each parameter at the end."""
    swept = _Swept(loss, picture)
    vertices = swept.vertices
    name = _of(picture, loss)

    def slope(x: Node) -> str:
        vertex = vertices[x]
        return f"∂{name}/∂{vertex.name or f'({_said(vertex, into)})'}"

    def arrived(x: Node) -> Step:
        """The gradient of a value, what it is a sum of, and what was found of it."""
        parts = swept.given.get(x, [])
        several = [
            {"name": f"from {_said(vertices[y], into)}", "array": arrays.add(gx)} for y, gx in parts
        ]
        step: Step = {
            "name": slope(x),
            "array": arrays.add(swept.gradients[x]),
            "parts": several if len(parts) > 1 else [],
        }
        own = worst(map(marks.get, (x, *vertices[x].twins)))
        if own:
            status, note, *numbers = own
            step["mark"] = {"status": status, "note": note}
            if numbers and numbers[0] is not None:
                step["mark"]["array"] = arrays.add(numbers[0])
        return step

    for node, ways in swept.handed.items():
        vertex = vertices[node]
        reads: Any = vertex.reads
        tails = _tails(vertex, into)
        names = [
            _in_brackets(tails[i], into) if i in tails else "" for i in range(len(reads.inputs))
        ]
        results, used = [], set()
        for i, x, gx in ways:
            rule = local_rule(reads, i, names, _in_brackets(vertex, into))
            used |= set(rule.reads)
            results.append(
                {
                    "name": slope(x),
                    "rule": rule.text,
                    "array": arrays.add(gx),
                    "adds": len(swept.given[x]) > 1,
                }
            )
        yield {
            "phase": "backward",
            "vertex": vertex.id,
            "formula": _formula(vertex, into),
            "incoming": arrived(node),
            "reads": [
                {"name": _said(v, into), "array": arrays.add(v.value)}
                for v in dict.fromkeys(tails[i] if i >= 0 else vertex for i in sorted(used))
            ],
            "results": results,
            "lines": _lines(called, [x for _, x, _ in ways], back=True)
            or _lines(called, [node], back=True),
        }
    for node in swept.gradients:
        if node.op is None and node in vertices:
            yield {
                "phase": "backward",
                "vertex": vertices[node].id,
                "formula": slope(node),
                "incoming": arrived(node),
                "reads": [],
                "results": [],
                "lines": _lines(called, [node], back=True),
            }


class _Swept:
    """A backward pass through what a picture shows.

    `gradients` of the values of vertices; `given`, from which values each comes, in parts; `handed`
    on by values, as the position of an input, the input, and the part. What was computed twice is
    one value.
    """

    def __init__(self, loss: Node, picture: Picture) -> None:
        drawn = [part for part in picture if isinstance(part, Vertex)]
        self.vertices: dict[Any, Vertex] = {v.node: v for v in reversed(drawn)}
        self.first: dict[Node, Any] = {twin: v.node for v in drawn for twin in v.twins}
        self.given: dict[Node, list[tuple[Node, Array]]] = {}
        self.handed: dict[Node, list[tuple[int, Node, Array]]] = {}
        self.gradients: dict[Node, Array] = {}
        with np.errstate(all="ignore"):
            leaves = sweep(loss, np.ones_like(loss._array), None, pull=self._pull)
        self.gradients |= leaves

    def _pull(self, node: Node, g: Array, *_: Any) -> list[tuple[Node, Array]]:
        if node in self.first:
            return [(self.first[node], g)]
        vertex = self.vertices.get(node)
        how: Any = node if vertex is None else vertex.reads
        pairs = pullback(how, g)
        if vertex is not None:
            ways = zip(how.inputs, how.op.vjps)
            differentiable = (isinstance(x, Node) and not x.constant and vjp for x, vjp in ways)
            places = [i for i, is_one in enumerate(differentiable) if is_one]
            pairs = [(self.first.get(x, x), gx) for x, gx in pairs]
            self.gradients[node] = g
            self.handed[node] = [(i, x, gx) for i, (x, gx) in zip(places, pairs)]
            for x, gx in pairs:
                self.given.setdefault(x, []).append((node, gx))
        return pairs


def _by(edges: Sequence[Edge], end: Callable[[Edge], Vertex]) -> Edges:
    found: dict[Vertex, list[Edge]] = {}
    for edge in edges:
        found.setdefault(end(edge), []).append(edge)
    return found


def _tails(vertex: Vertex, into: Edges) -> dict[int, Vertex]:
    """Of what values the op of a vertex is computed, by the positions of its inputs."""
    assert vertex.reads is not None
    return dict(zip(inputs_of(vertex.reads), (edge.tail for edge in into.get(vertex, ()))))


def _formula(vertex: Vertex, into: Edges) -> str:
    """What a value is called, and how it is computed from what is so called."""
    if vertex.reads is None:
        return vertex.text
    names = {i: _in_brackets(tail, into) for i, tail in _tails(vertex, into).items()}
    return " = ".join(filter(None, [vertex.name, in_full(vertex.reads, names)]))


def _in_brackets(vertex: Vertex, into: Edges) -> str:
    return whole(vertex.name) or f"({_said(vertex, into)})"


def _said(vertex: Vertex, into: Edges) -> str:
    """What a value is called, or how it is computed, if that is short."""
    if vertex.name or vertex.reads is None:
        return vertex.name
    names = {
        i: whole(tail.name) or (f"({tail.sign})" if " " in tail.sign else tail.sign)
        for i, tail in _tails(vertex, into).items()
    }
    text = in_full(vertex.reads, names)
    return text if len(text) <= LONGEST else vertex.sign


def _in_line(vertex: Vertex, told: Container[int], onto: Edges) -> Vertex:
    """The vertex whose line of the derivation tells of this one, which may have none of its own.

    told: the ids of the nodes that lines tell of.
    """
    while id(vertex.node) not in told and vertex in onto:
        vertex = onto[vertex][0].head
    return vertex


def _lines(called: Called, nodes: Sequence[Any], back: bool) -> list[int]:
    """The lines of the derivation that are about values, forward or back."""
    wanted = {id(x) for x in nodes}
    return [
        i
        for i, line in enumerate(called.lines)
        if line.back == back and any(id(x) in wanted for x in line.nodes)
    ]


# Arrays -----------------------------------------------------------------------------------------


class _Arrays:
    """What the page shows of arrays, each once."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []
        self._places: dict[Any, int] = {}

    def add(self, value: Any) -> int:
        """The place of an array among them."""
        x = np.asarray(value)
        key = x.shape, x.dtype.str, blake2b(x.tobytes()).digest()
        if key not in self._places:
            self._places[key] = len(self.told)
            self.told.append(_told(x))
        return self._places[key]


def _told(x: Array) -> dict[str, Any]:
    """An array as data: its shape, its numbers where there are not too many, and in words."""
    is_vector = x.ndim < 2 or 1 in (x.size // max(x.shape[-1], 1), x.shape[-1])
    rows = x.reshape(-1).tolist() if is_vector else x.reshape(-1, x.shape[-1]).tolist()
    found: dict[str, Any] = {"shape": str(x.shape) if x.shape else ""}
    if is_vector:  # in lines, as a text
        width = ACROSS if x.size <= TABLE else MAP_ACROSS
        rows = [rows[i : i + width] for i in range(0, len(rows), width)]
    if x.size <= TABLE and (is_vector or x.shape[-1] <= ACROSS):
        found["table"] = [[number(n, 5) for n in row] for row in rows]
    else:
        if x.size <= MAP:
            found["map"] = [[_short(n) for n in row] for row in rows]
        found["words"] = ", ".join(figures(x))
    return found


def _short(n: Any) -> Any:
    """A number of three digits, as JSON has it; None for what is not finite."""
    return float(f"{n:.3g}") if np.isfinite(n) else None


# The page ---------------------------------------------------------------------------------------


def _inline(svg: str) -> str:
    """The drawing as a part of a page, without what only a file of its own begins with."""
    found = re.search(r"<svg.*</svg>", svg, re.DOTALL)
    return found[0] if found else ""


def _colours(theme: str) -> str:
    """A theme as variables of CSS; on paper, the light one."""
    light, chosen = (_variables(THEMES[name]) for name in ("light", theme))
    return f":root {{ {chosen} }}\n@media print {{ :root {{ {light} }} }}"


def _variables(theme: Theme) -> str:
    pairs = {
        "page": theme.page,
        "text": theme.text,
        "faint": theme.faint,
        "sign": theme.sign,
        "part": theme.part,
        **{f"mark-{status}": colour for status, colour in theme.marks.items()},
        **{f"{role}-fill": look.fill for role, look in theme.looks.items()},
        **{f"{role}-line": look.line for role, look in theme.looks.items()},
    }
    return " ".join(f"--{key}: {value};" for key, value in pairs.items())


def _roles() -> str:
    """What the roles of vertices look like in a drawing, in CSS."""
    return "\n".join(
        f"#graph .{role} path, #graph .{role} ellipse, #graph .{role} polygon:not([fill=none]) "
        f"{{ fill: var(--{role}-fill); stroke: var(--{role}-line); }}"
        for role in THEMES["light"].looks
    )
