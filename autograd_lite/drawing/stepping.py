"""Stepping through a forward and a backward pass: what happens at each step, and a page of it.

The page is one file of HTML: the picture, what is told of each step as data, and a script that
shows it. Text gets into the page as data alone, and from there as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..reading import rules
from ..reverse import pullback, sweep
from .called import Called
from .figures import figures, number
from .parts import Edge, Marks, Picture, Vertex
from .signs import in_full, inputs_of
from .themes import THEMES

MOST = 500  # steps of a page
TABLE, ACROSS = 64, 10  # numbers of a table, and how many in a row
MAP = 2048  # numbers of a picture of an array


class _Page(Template):
    delimiter = "@@"


Step = dict[str, Any]


def page(
    outputs: Sequence[Node], picture: Picture, called: Called, svg: str, theme: str, marks: Marks
) -> str:
    """The page for a picture, in which all parts are open, and its rendering.

    svg: "" where there is none; the page then has the steps alone. Of what is no loss, it has the
    forward pass alone.
    """
    arrays = _Arrays()
    steps = [*_forward(picture, called, arrays)]
    loss = outputs[0]
    if len(outputs) == 1 and loss.size == 1 and loss.dtype.kind == "f" and not loss.constant:
        steps += _backward(loss, picture, called, arrays, marks)
    data = {
        "lines": [line.text for line in called.lines],
        "starts": [i for i, line in enumerate(called.lines) if line.back][:1],
        "steps": steps,
        "arrays": arrays.told,
        "vertices": {v.id: v.text for v in picture if isinstance(v, Vertex)},
        "nodes": {v.id: v.role for v in picture if isinstance(v, Vertex)},
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    title = f"Backpropagation through {_of(picture, loss)}, step by step"
    return _Page(_template()).substitute(
        title=escape(title),
        colours=_colours(),
        roles=_roles(),
        theme=escape(theme),
        svg=_inline(svg),
        data=text.replace("<", "\\u003c"),
    )


def _template() -> str:
    return (Path(__file__).with_name("stepper.html")).read_text(encoding="utf-8")


def _of(picture: Picture, node: Node) -> str:
    found = (v.name for v in picture if isinstance(v, Vertex) and v.node is node)
    return next(found, "") or "output"


# The two passes ---------------------------------------------------------------------------------


def _forward(picture: Picture, called: Called, arrays: _Arrays) -> list[Step]:
    """A step for each value that is computed."""
    edges = [part for part in picture if isinstance(part, Edge)]
    into = _by(edges, lambda edge: edge.head)
    onto = _by(edges, lambda edge: edge.tail)
    found = []
    for vertex in picture:
        if isinstance(vertex, Vertex) and not vertex.is_leaf:
            tails = dict.fromkeys(edge.tail for edge in into.get(vertex, ()))
            found.append(
                {
                    "phase": "forward",
                    "vertex": vertex.id,
                    "formula": _formula(vertex, into.get(vertex, ())),
                    "inputs": [
                        {"name": _said(tail), "array": arrays.add(tail.value)} for tail in tails
                    ],
                    "results": [{"name": _said(vertex), "array": arrays.add(vertex.value)}],
                    "lines": _lines(called, [_in_line(vertex, called, onto).node], back=False),
                }
            )
    return found


def _backward(
    loss: Node, picture: Picture, called: Called, arrays: _Arrays, marks: Marks
) -> list[Step]:
    """A step for each value that hands its gradient on, and one for each parameter at the end."""
    vertices = {v.node: v for v in reversed(picture) if isinstance(v, Vertex)}
    into = _by([part for part in picture if isinstance(part, Edge)], lambda edge: edge.head)
    name = _of(picture, loss)
    given: dict[Node, list[tuple[Node, Any]]] = {}  # of each value, from where its gradient comes
    handed: dict[Node, tuple[Array, list[tuple[int, Node, Array]]]] = {}

    def pull(node: Node, g: Array, *_: Any) -> list[tuple[Node, Array]]:
        how: Any = vertices[node].reads if node in vertices else node
        pairs = pullback(how, g)
        ways = zip(how.inputs, how.op.vjps)
        places = [
            i for i, (x, vjp) in enumerate(ways) if vjp and isinstance(x, Node) and not x.constant
        ]
        handed[node] = g, [(i, x, gx) for i, (x, gx) in zip(places, pairs)]
        for x, gx in pairs:
            given.setdefault(x, []).append((node, gx))
        return pairs

    with np.errstate(all="ignore"):
        gradients = sweep(loss, np.ones_like(loss._array), None, pull=pull)
    words = rules(loss, called.names, called)

    def slope(x: Node) -> str:
        text = _said(vertices[x]) if x in vertices else "?"
        return f"∂{name}/∂{text if x in vertices and vertices[x].name else f'({text})'}"

    def arrived(x: Node, g: Array) -> Step:
        """The gradient of a value, what it is a sum of, and what was found of it."""
        parts = given.get(x, [])
        step: Step = {
            "name": slope(x),
            "array": arrays.add(g),
            "parts": [
                {"name": f"from {_said(vertices[y])}", "array": arrays.add(gx)} for y, gx in parts
            ]
            if len(parts) > 1
            else [],
        }
        if x in marks:
            status, note, *numbers = marks[x]
            step["mark"] = {"status": status, "note": note}
            if numbers and numbers[0] is not None:
                step["mark"]["array"] = arrays.add(numbers[0])
        return step

    found = []
    for node, (g, ways) in handed.items():
        if node not in vertices:
            continue
        found.append(
            {
                "phase": "backward",
                "vertex": vertices[node].id,
                "formula": _formula(vertices[node], into.get(vertices[node], ())),
                "incoming": arrived(node, g),
                "results": [
                    {
                        "name": slope(x),
                        "rule": words.get((node, i), ""),
                        "array": arrays.add(gx),
                        "adds": len(given[x]) > 1,
                    }
                    for i, x, gx in ways
                    if x in vertices
                ],
                "lines": _lines(called, [x for _, x, _ in ways], back=True),
            }
        )
    for node, g in gradients.items():
        if node.op is None and node in vertices:
            found.append(
                {
                    "phase": "backward",
                    "vertex": vertices[node].id,
                    "formula": slope(node),
                    "incoming": arrived(node, g),
                    "results": [],
                    "lines": _lines(called, [node], back=True),
                }
            )
    return found


def _by(edges: Sequence[Edge], end: Callable[[Edge], Vertex]) -> dict[Vertex, list[Edge]]:
    found: dict[Vertex, list[Edge]] = {}
    for edge in edges:
        found.setdefault(end(edge), []).append(edge)
    return found


def _formula(vertex: Vertex, edges: Sequence[Edge]) -> str:
    """What a value is called, and how it is computed from what is so called."""
    if vertex.reads is None:
        return vertex.text
    tails = iter(edges)
    names = {i: _in_brackets(next(tails).tail) for i in inputs_of(vertex.reads)}
    return " = ".join(filter(None, [vertex.name, in_full(vertex.reads, names)]))


def _in_brackets(vertex: Vertex) -> str:
    return vertex.name or f"({vertex.sign})"


def _in_line(vertex: Vertex, called: Called, onto: Mapping[Vertex, Sequence[Edge]]) -> Vertex:
    """The vertex whose line of the derivation tells of this one, which may have none of its own."""
    told = {id(x) for line in called.lines if not line.back for x in line.nodes}
    while id(vertex.node) not in told and vertex in onto:
        vertex = onto[vertex][0].head
    return vertex


def _said(vertex: Vertex) -> str:
    return vertex.name or vertex.sign


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
        key = x.shape, x.dtype.str, x.tobytes()
        if key not in self._places:
            self._places[key] = len(self.told)
            self.told.append(_told(x))
        return self._places[key]


def _told(x: Array) -> dict[str, Any]:
    """An array as data: its shape, its numbers where there are not too many, and in words."""
    rows = x.reshape(-1, x.shape[-1]) if x.ndim > 1 and x.shape[-1] else x.reshape(1, x.size)
    found: dict[str, Any] = {"shape": str(x.shape) if x.shape else ""}
    if x.size <= TABLE and rows.shape[1] <= ACROSS:
        found["table"] = [[number(n) for n in row] for row in rows.tolist()]
    elif x.size <= MAP:
        found["map"] = [[_short(n) for n in row] for row in rows.tolist()]
        found["words"] = ", ".join(figures(x))
    else:
        found["words"] = ", ".join(figures(x))
    return found


def _short(n: Any) -> Any:
    """A number of three digits, as JSON has it; None for what is not finite."""
    return float(f"{n:.3g}") if np.isfinite(n) else None


# The page ---------------------------------------------------------------------------------------


def _inline(svg: str) -> str:
    """The drawing as a part of a page, in the colours of the page."""
    found = re.search(r"<svg.*</svg>", svg, re.DOTALL)
    return found[0] if found else ""


def _colours() -> str:
    """The themes as variables of CSS."""
    found = []
    for name, theme in THEMES.items():
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
        body = " ".join(f"--{key}: {value};" for key, value in pairs.items())
        found.append(f':root[data-theme="{name}"] {{ {body} }}')
    return "\n".join(found)


def _roles() -> str:
    """What the roles of vertices look like in a drawing, in CSS."""
    return "\n".join(
        f"#graph .{role} path, #graph .{role} ellipse, #graph .{role} polygon:not([fill=none]) "
        f"{{ fill: var(--{role}-fill); stroke: var(--{role}-line); }}"
        for role in THEMES["light"].looks
    )
