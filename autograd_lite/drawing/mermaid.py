"""Mermaid, which Markdown shows as a picture on many sites: a picture without Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .parts import Edge, Group, Picture, Vertex, by_group, plain
from .themes import Theme

# What encloses the text of a role: told apart by shape as well as by colour.
SHAPES = {
    "input": ("([", "])"),
    "parameter": ("(", ")"),
    "constant": ("[", "]"),
    "op": ("((", "))"),
    "intermediate": ("[", "]"),
    "output": ("[[", "]]"),
    "module": ("[/", "/]"),
    "cotangent": ("{{", "}}"),
}
SAFE = set(" ()[],.:+-*/=@_|")  # besides letters and digits; all else is written as its number


def write(picture: Picture, direction: str, theme: Theme, told: str) -> str:
    """The Mermaid text of a picture."""
    vertices = [part for part in picture if isinstance(part, Vertex)]
    lines = [f"flowchart {direction}", *_within((), vertices, "  ")]
    for part in picture:
        if isinstance(part, Edge):
            text = f'|"{_text(" ".join(filter(None, [part.place, part.text])))}"|'
            arrow = "-.->" if part.back or part.loop else "-->"
            shown = text if part.text or part.place else ""
            lines.append(f"  {part.tail.id} {arrow}{shown} {part.head.id}")
    for role in dict.fromkeys(vertex.role for vertex in vertices):
        look = theme.looks[role]
        lines.append(f"  classDef {role} fill:{look.fill},stroke:{look.line},color:{theme.text}")
        lines.append(f"  class {','.join(v.id for v in vertices if v.role == role)} {role}")
    for vertex in vertices:
        if vertex.mark:
            colour = theme.marks.get(vertex.mark[0], theme.text)
            lines.append(f"  style {vertex.id} stroke:{colour},stroke-width:4px")
    return "\n".join([*lines, *([f"  %% {_text(told, 200)}"] if told else [])]) + "\n"


def _within(outer: tuple[Group, ...], vertices: Sequence[Vertex], indent: str) -> Iterator[str]:
    own, inner = by_group(vertices, outer)
    for vertex in own:
        opened, closed = SHAPES[vertex.role]
        note = vertex.mark[1:2] if vertex.mark else ()
        lines = [vertex.text, vertex.shape, *vertex.notes, *note]
        text = "<br/>".join(_text(line) for line in lines if line)
        yield f'{indent}{vertex.id}{opened}"{text}"{closed}'
    for group, its in inner.items():
        yield f'{indent}subgraph {group.id}["{_text(group.label)}"]'
        yield from _within((*outer, group), its, indent + "  ")
        yield f"{indent}end"


def _text(text: str, longest: int = 64) -> str:
    """Any text as Mermaid shows it between quotes."""
    short = plain(text, longest)
    return "".join(c if c.isalnum() or c in SAFE or ord(c) > 127 else f"#{ord(c)};" for c in short)
