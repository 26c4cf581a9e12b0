"""DOT, the language of Graphviz: a picture as a text that it lays out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import Any

from .parts import LONGEST, SIGNS, Edge, Group, Picture, Vertex, by_group, plain
from .themes import Theme

BACKSLASH = "&#92;&#92;"  # itself, in Graphviz's HTML
FONT = "Helvetica,Arial,sans-serif"
# Roles are told apart by shape as well as by colour.
SHAPES = {
    "input": {"style": "rounded,filled"},
    "parameter": {"style": "rounded,filled,bold", "penwidth": "2"},
    "constant": {"style": "dashed,filled"},
    "op": {"style": "filled", "shape": "ellipse", "margin": "0.04,0.02"},
    "intermediate": {"style": "filled", "margin": "0"},
    "output": {"style": "filled", "margin": "0", "peripheries": "2"},
    "module": {"style": "filled", "shape": "box3d", "margin": "0.12,0.09"},
    "cotangent": {"style": "rounded,dashed,filled", "penwidth": "1.5"},
}
AGAIN = {"style": "rounded,dashed,filled", "penwidth": "1"}
WORDS = {
    "input": "input: an array",
    "parameter": "parameter",
    "constant": "constant",
    "op": "op",
    "intermediate": "op and value",
    "output": "output",
    "module": "module, closed",
    "cotangent": "gradient",
}
# The heavier an edge, the straighter: what is computed makes a line, others join from the side.
WEIGHTS = {"op": "20", "intermediate": "20", "output": "20", "module": "20", "input": "4"}


def write(picture: Picture, direction: str, theme: Theme, legend: bool, told: str) -> str:
    """The DOT text of a picture; `told` is written below it."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "ordering": "in",  # a - b has a first
            "newrank": "true",  # what is beside something else is so within clusters, too
            "bgcolor": theme.page,
            "pad": "0.2",
            "nodesep": "0.18",
            "ranksep": "0.3",
            "fontname": FONT,
            "fontsize": "12",
            "fontcolor": theme.text,
            **({"label": f"<{_text(told, 200)}>", "labelloc": "b"} if told else {}),
        },
        node_attr={
            "shape": "box",
            "fontname": FONT,
            "fontsize": "14",
            "fontcolor": theme.text,
            "width": "0.4",
            "height": "0.35",
            "margin": "0.1,0.04",
        },
        edge_attr={
            "fontname": FONT,
            "fontsize": "11",
            "color": theme.faint,
            "fontcolor": theme.faint,
            "arrowsize": "0.7",
        },
    )
    vertices = [part for part in picture if isinstance(part, Vertex)]
    _vertices(dot, (), vertices, theme, _straight(picture))
    for part in picture:
        if isinstance(part, Edge):
            ends = (part.tail, part.head) if part.is_forward else (part.head, part.tail)
            dot.edge(*(vertex.id for vertex in ends), **_edge(part, theme))
    for beside in _beside(picture):
        with dot.subgraph(graph_attr={"rank": "same"}) as row:
            for vertex in beside:
                row.node(vertex.id)
    if legend:
        _legend(dot, dict.fromkeys(vertex.role for vertex in vertices), theme)
    return str(dot.source)


def width(picture: Picture) -> float:
    """About how wide a picture is, in points, if it goes from left to right."""
    steps = _steps(picture)
    columns: dict[int, float] = {}
    gaps: dict[int, int] = {}  # the letters on the edges before a column
    for part in picture:
        if isinstance(part, Edge):
            step = steps[part.head] if part.is_forward else steps.get(part.tail, 0)
            gaps[step] = max(gaps.get(step, 0), len(plain(part.text)))
        elif not part.is_leaf and part.role != "cotangent":
            lines = [part.name, part.shape, *part.notes, plain(part.mark[1]) if part.mark else ""]
            beside = 0 if part.role == "module" else len(part.sign)
            letters = max(map(len, [*lines, part.sign[beside:]])) + beside
            columns[steps[part]] = max(columns.get(steps[part], 0), 60 + 6.5 * letters)
    return sum(columns.values()) + sum(5.5 * n for n in gaps.values())


# Where things are -------------------------------------------------------------------------------


def _steps(picture: Picture) -> dict[Vertex, int]:
    """How many vertices come before each."""
    steps: dict[Vertex, int] = {}
    for part in picture:
        if isinstance(part, Vertex):
            steps.setdefault(part, 0)
        elif part.is_forward:
            steps[part.head] = max(steps[part.head], steps[part.tail] + 1)
    return steps


def _straight(picture: Picture) -> set[Vertex]:
    """The vertices of the longest way to the end, which is drawn as a straight line."""
    steps = _steps(picture)
    before: dict[Vertex, Vertex] = {}
    for part in picture:
        if isinstance(part, Edge) and part.is_forward and steps[part.tail] + 1 == steps[part.head]:
            before.setdefault(part.head, part.tail)
    way = [max(steps, key=steps.__getitem__)]
    while way[-1] in before:
        way.append(before[way[-1]])
    return set(way)


def _beside(picture: Picture) -> Iterator[tuple[Vertex, Vertex]]:
    """What stands beside something else, and not before it, so that what is computed is in a line.

    A gradient beside its value; and where there are none, a leaf beside what it is used for, once.
    """
    primal: dict[Any, Vertex] = {}
    users: dict[Vertex, list[Vertex]] = {}
    tails: dict[Vertex, list[Vertex]] = {}
    for part in picture:
        if isinstance(part, Edge):
            users.setdefault(part.tail, []).append(part.head)
            tails.setdefault(part.head, []).append(part.tail)
        elif part.role != "cotangent":
            primal.setdefault(part.node, part)
        else:
            yield part, primal[part.node]
    if any(isinstance(part, Edge) and part.back for part in picture):
        return
    for leaf, its in users.items():
        if leaf.is_leaf and len(its) == 1 and leaf.groups == its[0].groups:
            others = [other for other in tails[its[0]] if other is not leaf]
            data = leaf.role == "parameter" and any(other.role == "input" for other in others)
            if data or not all(other.is_leaf for other in others):
                yield leaf, its[0]


# What they look like ----------------------------------------------------------------------------


def _vertices(
    dot: Any,
    outer: tuple[Group, ...],
    vertices: Sequence[Vertex],
    theme: Theme,
    straight: Container[Vertex],
) -> None:
    """Write the vertices within a part of the graph, those of each inner part in a cluster."""
    own, inner = by_group(vertices, outer)
    for vertex in own:
        line = {"group": "line"} if vertex in straight else {}
        dot.node(vertex.id, _label(vertex, theme), **_box(vertex, theme), **line)
    for group, its in inner.items():
        with dot.subgraph(name=f"cluster_{group.id}") as cluster:
            cluster.attr(
                label=f"<{_text(group.label)}>",
                labelloc="b",
                labeljust="r" if dot.graph_attr["rankdir"] == "LR" else "l",
                style="rounded,filled",
                fillcolor=theme.part,
                color=theme.faint,
                fontcolor=theme.faint,
                margin="10",
            )
            cluster.graph_attr["rankdir"] = dot.graph_attr["rankdir"]
            _vertices(cluster, (*outer, group), its, theme, straight)


def _box(vertex: Vertex, theme: Theme) -> dict[str, str]:
    look = theme.looks[vertex.role]
    found = SHAPES[vertex.role] | {"class": vertex.role, "fillcolor": look.fill, "color": look.line}
    if vertex.again:
        found |= AGAIN
    said = [vertex.text, vertex.shape, *vertex.notes]
    if vertex.mark:
        status, note, *_ = vertex.mark
        found["color"] = theme.marks.get(status, theme.text)
        found["penwidth"] = "3.5" if status == "wrong" else "2"
        said.append(note)
    tip = "\n".join(_text(line, 200) for line in said if line)
    found["tooltip"] = tip.replace(BACKSLASH, 2 * BACKSLASH)  # for it is read twice
    return found


def _label(vertex: Vertex, theme: Theme) -> str:
    """The label of a vertex, as Graphviz's HTML: a name over its shape, beside it the sign."""
    below = [vertex.shape, *vertex.notes]
    if vertex.role == "module":
        below.insert(0, vertex.sign)
    lines = [f"<b>{_text(vertex.name)}</b>"] if vertex.name else [_text(vertex.sign)]
    lines += [f'<font point-size="11">{_text(text)}</font>' for text in below if text]
    if vertex.mark:
        status, note, *_ = vertex.mark
        sign = SIGNS.get(status, "•")
        text = f"{sign} {note}" if status not in ("right", "follows") else sign
        for line in wrap(plain(text, 3 * LONGEST), LONGEST):  # the ring has the colour
            lines.append(f'<font point-size="12"><b>{_text(line)}</b></font>')
    inner = "<br/>".join(lines)
    if vertex.role in ("intermediate", "output") and vertex.sign:
        inner = (
            '<table border="0" cellborder="0" cellspacing="0" cellpadding="5"><tr>'
            f'<td bgcolor="{theme.sign}">{_text(vertex.sign)}</td><td>{inner}</td></tr></table>'
        )
    return f"<{inner}>"


def _edge(edge: Edge, theme: Theme) -> dict[str, str]:
    found = {"weight": WEIGHTS.get(edge.tail.role, "1")}
    text = "next" if edge.loop else edge.text
    if text:
        found["label"] = f"<&nbsp;{_text(text)}&nbsp;>"
    if edge.place:
        found |= {"headlabel": f"<{_text(edge.place)}>", "labeldistance": "1.6"}
    if edge.loop:
        found |= {"style": "dotted", "dir": "back", "penwidth": "1.5"}
    if edge.back:
        colour = theme.looks["cotangent"].line
        found |= {"style": "dashed", "dir": "back", "weight": "2"}
        found |= {"color": colour, "fontcolor": colour}
    return found


def _legend(dot: Any, roles: Iterable[str], theme: Theme) -> None:
    """Explain the roles, in a row below or beside the picture."""
    samples = [
        Vertex(
            f"legend_{role}",
            role,
            "" if role == "op" else WORDS[role],
            {"op": WORDS[role], "intermediate": "+", "output": "+"}.get(role, ""),
        )
        for role in roles
    ]
    with dot.subgraph(name="cluster_legend") as cluster:
        cluster.attr(label="", style="rounded", color=theme.faint)
        for sample in samples:
            cluster.node(sample.id, _label(sample, theme), **_box(sample, theme))
        if dot.graph_attr["rankdir"] == "LR":
            for one, other in pairwise(samples):
                cluster.edge(one.id, other.id, style="invis")


def _text(text: str, longest: int = LONGEST) -> str:
    """Any text as one short line of Graphviz's HTML, where a backslash begins an escape, too."""
    return escape(plain(text, longest)).replace("\\", BACKSLASH)
