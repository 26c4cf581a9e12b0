"""Mermaid: a picture for Markdown, whose syntax no text can break."""

import re

import numpy as np
import pytest
from seen import edges, vertices
from test_dot import NASTY

import autograd_lite as al
from autograd_lite import Tensor, draw
from autograd_lite.drawing.mermaid import SHAPES
from autograd_lite.drawing.themes import THEMES

TEXT = r'"((?:[^"#;]|#\d+;)*)"'
SHAPE = "|".join(f"{re.escape(a)}{TEXT}{re.escape(b)}" for a, b in SHAPES.values())
LINES = [
    r"(?P<head>flowchart (LR|TB))",
    rf" +subgraph (?P<part>\w+)\[{TEXT}\]",
    r" +(?P<end>end)",
    rf" +(?P<vertex>d?n\d+)({SHAPE})",
    rf" +(?P<tail>d?n\d+) (-->|-\.->)(\|{TEXT}\|)? d?n\d+",
    r" +(?P<style>classDef \w+ fill:#\w{6},stroke:#\w{6},color:#\w{6})",
    r" +(?P<of>class d?n\d+(,d?n\d+)* \w+)",
    r" +(?P<ring>style d?n\d+ stroke:#\w{6},stroke-width:4px)",
    r" +(?P<told>%% [^\n]*)",
]


def parsed(text):
    """What each line is, by a small grammar of what is written; a line that is none of it fails."""
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = next(filter(None, (re.fullmatch(pattern, line) for pattern in LINES)), None)
        assert match, line
        found.append(next((k, v) for k, v in match.groupdict().items() if v))
    kinds = [kind for kind, _ in found]
    assert kinds.count("part") == kinds.count("end")
    return found


def shown(text):
    """The texts between quotes as Mermaid shows them."""
    return [
        [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), line) for line in part.split("<br/>")]
        for part in re.findall(TEXT, text)
    ]


def test_a_layer():
    x, W = np.ones((4, 3)), Tensor(np.ones((3, 2)), name="W")
    look = THEMES["light"].looks
    graph = draw((x @ W).named("z").sum(), {"x": x}, marks={W: ("wrong", "why")}, direction="LR")
    styles = [
        f"  classDef {role} fill:{look[role].fill},stroke:{look[role].line},color:#111111\n"
        f"  class {id} {role}\n"
        for role, id in (
            *(("input", "n0"), ("parameter", "n1"), ("intermediate", "n2"), ("output", "n3")),
        )
    ]
    assert graph.mermaid == (
        "flowchart LR\n"
        '  n0(["x<br/>(4, 3)"])\n'
        '  n1("W<br/>(3, 2)<br/>why")\n'
        '  n2["z = x @ W<br/>(4, 2)"]\n'
        '  n3[["loss = Σ<br/>scalar"]]\n'
        "  n0 --> n2\n  n1 --> n2\n  n2 --> n3\n"
        + "".join(styles)
        + f"  style n1 stroke:{THEMES['light'].marks['wrong']},stroke-width:4px\n"
    )


def test_a_picture_with_all_there_is():
    h = x = np.ones((3, 2))
    for i in range(4):
        start = al.next_number()
        h = al.span("layer", start, al.tanh(h @ Tensor(np.eye(2), name=f"W{i}")))
    loss = ((al.exp(h) * 2 - al.sin(h) * 3) * x).sum()
    for wishes in ({"fold": True, "backward": True}, {"depth": 0}, {"max_nodes": 1}):
        graph = draw(loss, {"x": x}, theme="dark", values=True, **wishes)
        kinds = [kind for kind, _ in parsed(graph.mermaid)]
        assert kinds.count("vertex") == len(vertices(graph._picture))
        assert kinds.count("tail") == len(edges(graph._picture))
    assert kinds.count("told") == 1


@pytest.mark.parametrize("name", [*NASTY, "two\nlines", 'end"]', "`md`", "#35;", "style"])
def test_any_text_is_shown_as_it_is(name):
    start = al.next_number()
    z = al.exp(al.sin(Tensor([1.0], name=name))).named(f"{name}z")
    y = al.span(name, start, z)
    graph = draw(al.tanh(y), marks={z: ("wrong", name)})
    parsed(graph.mermaid)
    line = " ".join(name.split())
    found = shown(graph.mermaid)
    assert [line, "(1,)"] in found
    assert [f"{' '.join(f'{name}z'.split())} = exp", "(1,)", line] in found
    assert [line] in found
