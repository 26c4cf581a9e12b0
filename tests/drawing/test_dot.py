"""DOT: what a picture looks like, and that any text in it is shown as it is."""

import re
from textwrap import wrap
from xml.etree import ElementTree

import numpy as np
import pytest
from pygraphviz import AGraph
from seen import SVG, called, drawn, texts, tooltips, vertices

import autograd_lite as al
from autograd_lite import Tensor, draw
from autograd_lite.drawing.dot import LONGEST, width
from autograd_lite.drawing.themes import THEMES

LOOKED_AT = ["shape", "style", "fillcolor", "color", "peripheries", "penwidth", "label", "tooltip"]
LOOKED_AT += ["headlabel", "dir", "weight"]


def read(graph):
    return AGraph(string=graph.dot)


def nodes_of(graph):
    """The attributes of each vertex, by its id."""
    dot = read(graph)
    return {str(n): {key: n.attr[key] or "" for key in LOOKED_AT} for n in dot.nodes()}


def edges_of(graph):
    dot = read(graph)
    return [{key: e.attr[key] or "" for key in LOOKED_AT} for e in dot.edges()]


def positions(graph):
    """Of each vertex, by its id, where Graphviz puts its middle, from the upper left."""
    laid = read(graph)
    laid.layout("dot")
    found = {n: [float(x) for x in n.attr["pos"].split(",")] for n in laid.nodes()}
    return {str(n): (x, -y) for n, (x, y) in found.items()}


def test_roles_are_told_apart():
    w, x = Tensor([1.0, 2.0], name="w"), np.ones(2)
    m = al.span("part", al.next_number(), al.exp(al.sin(w * x + np.zeros(2))))
    z = al.cos(w).named("z")
    graph = draw((m * z + x * w).sum(), {"x": x}, depth=0, backward=True)
    looks = {}
    for v in vertices(graph._picture):
        look = nodes_of(graph)[v.id]
        if not v.again:
            looks.setdefault(v.role, set()).add(tuple(look[key] for key in LOOKED_AT[:5]))
    assert {*looks} >= {"parameter", "input", "module", "op", "intermediate", "output"}
    assert all(len(look) == 1 for look in looks.values())
    assert len({next(iter(look)) for look in looks.values()}) == len(looks)
    assert len({next(iter(look))[:2] for look in looks.values()}) >= len(looks) - 1  # by shape


def test_what_is_computed_makes_a_line():
    x, t, W = np.ones((2, 3)), np.ones((2, 3)), Tensor(np.ones((3, 3)), name="W")
    y = al.mse((x @ W).named("z") + 1, t).named("y")
    graph = draw(y, {"x": x, "t": t}, direction="LR")
    place = {v.name or v.sign: positions(graph)[v.id] for v in vertices(graph._picture)}
    heights = {place[name][1] for name in ("x", "z", "h1", "y")}
    assert max(heights) - min(heights) < 3
    assert place["x"][0] < place["z"][0] < place["h1"][0] < place["y"][0]
    weights = [int(e["weight"]) for e in edges_of(graph)]
    assert weights == [4, 1, 20, 20, 4]  # from x, W, z, h1 and t
    assert abs(place["W"][0] - place["z"][0]) < 3  # beside what it is used for
    assert abs(place["t"][0] - place["y"][0]) < 3


def test_a_gradient_is_beside_its_value():
    x, W = np.ones((2, 3)), Tensor(np.full((3, 3), 0.1), name="W")
    graph = draw(al.mse(al.sigmoid(x @ W), x), {"x": x}, backward=True, direction="LR")
    place = {v.name: positions(graph)[v.id] for v in vertices(graph._picture) if v.name}
    rows = re.findall(r"rank=same\]\s+(\w+)\s+(\w+)\s", graph.dot)
    assert sorted(rows) == [(f"d{id}", id) for id in sorted(b for _, b in rows)]
    assert len(rows) == 3
    for name in ("W", "z1", "a1"):
        assert abs(place[f"∂loss/∂{name}"][0] - place[name][0]) < 3


def test_operands_keep_their_order():
    a, b = Tensor([1.0], name="a"), Tensor([2.0], name="b")
    for y, first, second in ((a - b, "a", "b"), (b - a, "b", "a")):
        graph = draw(y, direction="LR")
        place = {v.name: positions(graph)[v.id][1] for v in vertices(graph._picture)}
        assert place[first] < place[second]
        assert f"{first} − {second}" in graph.dot
        assert "ordering=in" in graph.dot
    graph = draw((al.exp(a) * 2 - al.sin(a) * 2).sum())  # numbers in the op, and at the edges
    assert {e["headlabel"] for e in edges_of(graph)} - {""} == {"①", "②"}
    assert "① − ②" in graph.dot


def test_directions():
    y = (Tensor([1.0], name="w") * 2).named("z") * 3
    for direction, wide in (("LR", True), ("TB", False)):
        place = [*positions(draw(y, direction=direction)).values()]
        spread = [max(column) - min(column) for column in zip(*place)]
        assert (spread[0] > spread[1]) is wide


def test_the_width_is_about_that_of_the_layout():
    """Whose letters are as wide as the fonts of the machine."""
    x, W = np.ones((2, 3)), Tensor(np.full((3, 3), 0.1), name="W")
    h = x
    for _ in range(3):
        h = al.tanh(h @ W)
    loss = al.mse(h, x)
    marks = {h: ("wrong", "a long note of what was found")}
    plain = width(drawn(loss, {"x": x}))
    assert width(drawn(loss, {"x": x}, marks)) > plain + 50
    assert width(drawn(loss, {"x": x}, values=True)) > plain + 50
    assert width(drawn(loss, {"x": x}, backward=True)) > plain + 50
    for wishes in ({}, {"values": True}, {"backward": True}, {"depth": 0}, {"marks": marks}):
        graph = draw(loss, {"x": x}, direction="LR", **wishes)
        root = read(graph)
        root.layout("dot")
        real = float(root.graph_attr["bb"].split(",")[2])
        assert 0.65 < width(graph._picture) / real < 1.35


def test_marks_ring_and_say():
    w, long = Tensor([1.0, 2.0], name="w"), "a note that is much longer than a box should be" * 2
    z, y = al.exp(w).named("z"), al.sin(w).named("y")
    found = {z: ("wrong", long), y: ("follows", "of z"), w: ("right", "1e-9")}
    graph = draw((z * y).sum(), marks=found)
    look = {v.name: nodes_of(graph)[v.id] for v in vertices(graph._picture) if v.mark}
    colours = THEMES["light"].marks
    assert {n: a["color"] for n, a in look.items()} == {
        "z": colours["wrong"],
        "y": colours["follows"],
        "w": colours["right"],
    }
    assert float(look["z"]["penwidth"]) > float(look["y"]["penwidth"])
    said = " ".join(wrap(f"✗ {long}", LONGEST))
    assert re.sub("<[^>]*>", " ", look["z"]["label"]).split()[-len(said.split()) :] == said.split()
    assert long in look["z"]["tooltip"]  # the whole note
    assert "↳" in look["y"]["label"]
    assert "✓" in look["w"]["label"]


def test_a_legend_explains_the_roles_that_there_are():
    w = Tensor([1.0, 2.0], name="w")
    y = al.exp(w).sum()
    roles = {v.role for v in vertices(drawn(y))}
    shown = {id for id in nodes_of(draw(y, legend=True)) if id.startswith("legend")}
    assert shown == {f"legend_{role}" for role in roles}
    assert "legend" not in draw(y).dot


def test_what_is_to_be_said_is_written_below():
    w = Tensor([1.0, 2.0], name="w")
    y = al.exp(al.sin(w))
    for graph, said in ((draw(y, max_nodes=1), True), (draw(y), False)):
        assert ("2 ops are drawn as one" in graph.dot.split("node [")[0]) is said


def test_loops_and_gradients_have_other_lines():
    h = np.ones((1, 2))
    for i in range(4):
        h = al.tanh(h @ Tensor(np.eye(2), name=f"W{i}"))
    edges = edges_of(draw(h.sum(), fold=True, backward=True))
    loops = [e for e in edges if e["style"] == "dotted"]
    back = [e for e in edges if e["style"] == "dashed"]
    assert len(loops) == 1
    assert "next" in loops[0]["label"]
    assert back
    assert all(e["dir"] == "back" for e in (*loops, *back))
    assert all(e["color"] == THEMES["light"].looks["cotangent"].line for e in back)


NASTY = [
    *("<b>bold</b>", "<>", "a<b>c|d{e}f", "{", "}|{", 'say "hi"', '\\"', "back\\slash"),
    *("ends in \\", "\\n \\N \\G \\l \\{ \\|", "a & b &amp; &lt; &#65;", "x]; evil [label=y"),
    *("; } digraph {", "-->", "<!-- comment -->", "// /* #", "∂loss/∂z₁ · 层 · 🙂", "node", "007"),
    *("%s {0}", "]]>", "<br/>", "'"),
]


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_any_text_is_shown_as_it_is(direction):
    """Names of leaves, arrays, values, parts; notes; symbols of ops."""
    ends, marks, names = [], {}, {}
    for name in NASTY:

        @al.primitive(lambda g, y, x, z: g, lambda g, y, x, z: g, symbol=name, elementwise=True)
        def total(x, z):
            return x + z

        names[f"{name} "] = x = np.full(2, float(len(ends)))
        start = al.next_number()
        z = total(Tensor([1.0, 2.0], name=name), x)
        y = al.span(name, start, al.exp(z))
        marks[z] = ("wrong", name)
        ends.append(y)
    ends.append(al.sin(ends[0]).named("\\ <b>"))
    graph = draw(ends, names, direction=direction, marks=marks)
    svg = graph.svg()
    shown = texts(svg)
    for name in NASTY:
        assert shown.count(name) >= 3  # the leaf, the array, the part, and maybe the op
        assert f"✗ {name}" in shown
        assert any(tip.endswith(name) for tip in tooltips(svg))
    assert "\\ <b>" in shown


def test_a_picture_is_opaque_and_fits_its_page():
    root = ElementTree.fromstring(draw(Tensor([1.0, 2.0], name="w").sum(), theme="dark").svg())
    polygon = next(root.iter(f"{SVG}polygon"))
    assert polygon.get("fill").lower() == THEMES["dark"].page
    assert "max-width: 100%" in root.get("style")


def test_parts_are_clusters_within_each_other():
    w, outer = Tensor([2.0, 1.0], name="w"), al.next_number()
    a = al.exp(w)
    start = al.next_number()
    b = al.span("inner", start, al.sin(a) * 3.0)
    y = al.span("outer", outer, al.cos(b).named("c")) * 2
    dot = read(draw(y))
    (one,) = dot.subgraphs()
    (two,) = one.subgraphs()
    assert (one.graph_attr["label"], two.graph_attr["label"]) == ("outer", "inner")
    assert called(drawn(y), "c").id in one.nodes()
    assert called(drawn(y), "c").id not in two.nodes()
    assert len(two.nodes()) == 2
