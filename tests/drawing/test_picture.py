"""draw: what the picture says is read back by Graphviz itself."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from pygraphviz import AGraph

import autograd_lite as al
from autograd_lite import Tensor, draw

# What a role looks like: shape, style, fill, border, number of borders.
LOOKS = {
    "input": ("box", {"rounded", "filled"}, "#9CD3F2", "#005A8C", "1"),
    "parameter": ("box", {"rounded", "filled", "bold"}, "#FFD166", "#8A5000", "1"),
    "op": ("ellipse", {"filled"}, "#E4E4E4", "#4D4D4D", "1"),
    "intermediate": ("record", {"filled"}, "#FFFFFF", "#8C8C8C", "1"),
    "output": ("box", {"filled"}, "#D58CB8", "#7A1F52", "2"),
    "constant": ("box", {"dashed", "filled"}, "#F4F4F4", "#8C8C8C", "1"),
}


def role_of(vertex, defaults):
    def look(key):
        return vertex.attr[key] or defaults.get(key, "")

    found = (
        look("shape"),
        set(look("style").split(",")),
        look("fillcolor"),
        look("color"),
        look("peripheries") or "1",
    )
    return next(role for role, expected in LOOKS.items() if expected == found)


def parsed(graph):
    return AGraph(string=graph.dot)


def vertices(graph):
    """Every vertex as 'role: text', as often as it is drawn."""
    read = parsed(graph)
    return Counter(
        f"{role_of(v, read.node_attr)}: {v.attr['label']}".replace("\\n", " ").replace("|", " ")
        for v in read.nodes()
    )


def edges(graph):
    """Every edge as 'tail -> head' or 'tail -(shape)-> head', by the first word of each."""
    read = parsed(graph)

    def first(id):
        return read.get_node(id).attr["label"].replace("\\n", " ").replace("|", " ").split(" ")[0]

    return Counter(
        f"{first(e[0])} -{(e.attr['label'] or '').strip()}> {first(e[1])}" for e in read.edges()
    )


def lines(graph):
    """The lines of text in the SVG, as (text, x, y)."""
    root = ElementTree.fromstring(graph.svg())
    return [
        ((line.text or "").replace("\N{NO-BREAK SPACE}", " "), line.get("x"), float(line.get("y")))
        for line in root.iter("{http://www.w3.org/2000/svg}text")
    ]


def shown(graph):
    """What a reader of the SVG reads."""
    return [text for text, _, _ in lines(graph)]


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A machine without the program dot."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def no_graphviz(no_dot, monkeypatch):
    """A machine without the program dot and without pygraphviz."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


# What is drawn ----------------------------------------------------------------------------------


def test_a_network_is_drawn_in_full():
    x, t = np.ones((15, 64)), np.ones((15, 10))
    W1, b1 = Tensor(np.ones((64, 15))), Tensor(np.ones(15))
    W2, b2 = Tensor(np.ones((15, 10))), Tensor(np.ones(10))
    z1 = x @ W1 + b1
    a1 = al.relu(z1)
    z2 = a1 @ W2 + b2
    a2 = al.sigmoid(z2)
    loss = al.mse(a2, t)
    graph = draw(loss, names=locals())
    assert vertices(graph) == Counter(
        {
            "input: x (15, 64)": 1,
            "input: t (15, 10)": 1,
            "parameter: W1 (64, 15)": 1,
            "parameter: b1 (15,)": 1,
            "parameter: W2 (15, 10)": 1,
            "parameter: b2 (10,)": 1,
            "op: @": 2,
            "op: +": 2,
            "op: relu": 1,
            "op: sigmoid": 1,
            "op: mse": 1,
            "intermediate: z1 (15, 15)": 1,
            "intermediate: a1 (15, 15)": 1,
            "intermediate: z2 (15, 10)": 1,
            "intermediate: a2 (15, 10)": 1,
            "output: loss scalar": 1,
        }
    )
    assert edges(graph) == Counter(
        [
            *("x -> @", "W1 -> @", "@ -(15, 15)> +", "b1 -> +", "+ -> z1", "z1 -> relu"),
            *("relu -> a1", "a1 -> @", "W2 -> @", "@ -(15, 10)> +", "b2 -> +", "+ -> z2"),
            *("z2 -> sigmoid", "sigmoid -> a2", "a2 -> mse", "t -> mse", "mse -> loss"),
        ]
    )


def test_what_has_no_name():
    W = Tensor(np.ones((3, 2)))
    graph = draw((np.ones((4, 3)) @ W).sum() * 2.5)
    assert vertices(graph) == Counter(
        [
            *("parameter: Tensor (3, 2)", "constant: constant (4, 3)", "constant: 2.5"),
            *("op: @", "op: sum", "op: *", "output: output scalar"),
        ]
    )
    assert edges(graph) == Counter(
        [
            *("Tensor -> @", "constant -> @", "@ -(4, 2)> sum", "sum -> *", "2.5 -> *"),
            "* -> output",
        ]
    )


def test_a_value_that_is_used_twice_is_drawn_once():
    w, c = Tensor([1.0, 2.0], name="w"), np.array([3.0, 4.0])
    a = al.exp(w)
    graph = draw((a * a - c) * (a + c), names={"c": c})
    assert vertices(graph)["op: exp"] == 1
    assert vertices(graph)["input: c (2,)"] == 1
    assert edges(graph) == Counter(
        [
            *("w -> exp", "exp -(2,)> *", "exp -(2,)> *", "exp -(2,)> +", "c -> -", "c -> +"),
            *("* -(2,)> -", "- -(2,)> *", "+ -(2,)> *", "* -> output"),
        ]
    )


def test_a_number_is_drawn_wherever_it_is_used():
    w = Tensor([1.0, 2.0], name="w")
    drawn = vertices(draw((2 * w + 2) * (0.1 + 0.2) + np.float32(0.5)))
    assert drawn["constant: 2"] == 2
    assert drawn["constant: 0.3"] == 1
    assert drawn["constant: 0.5"] == 1


def test_where_names_come_from():
    W, b = Tensor([1.0], name="W"), Tensor([2.0])
    x, hidden = np.array([3.0]), np.array([4.0])
    scale, n = np.array(5.0), 6
    z = x * W + b
    names = {
        "V": W,
        "_": b,
        "b": b,
        "x": x,
        "also": x,
        "_1": hidden,
        "z": z,
        "scale": scale,
        "n": n,
    }
    drawn = vertices(draw(z * hidden * scale * 6, names=names))
    assert drawn == Counter(
        [
            *("parameter: W (1,)", "parameter: b (1,)", "input: x (1,)", "constant: constant (1,)"),
            *("input: scale scalar", "constant: 6", "intermediate: z (1,)", "op: +"),
            *("op: *", "op: *", "op: *", "op: *", "output: output (1,)"),
        ]
    )


def test_an_op_is_labelled_with_what_was_chosen_for_it():
    t = Tensor(np.ones((4, 5, 3)), name="t")

    def ops(y):
        return [name for name in vertices(draw(y)) if name.startswith("op")]

    assert ops(t.sum()) == ["op: sum"]
    assert ops(t.sum(axis=0)) == ["op: sum axis=0"]
    assert ops(t.sum(axis=(0, 2), keepdims=True)) == ["op: sum axis=(0, 2) keepdims=True"]
    assert ops(t.sum(axis=None, keepdims=False)) == ["op: sum"]
    assert ops(al.softmax(t)) == ["op: softmax"]
    assert ops(al.softmax(t, axis=1)) == ["op: softmax axis=1"]
    assert ops(al.astype(t, dtype=np.float32)) == ["op: astype dtype=float32"]
    assert ops(t[1:3, ..., ::2]) == ["op: index key=(1:3, ..., ::2)"]
    assert ops(t.reshape(2, -1)) == ["op: reshape shape=(2, -1)"]


def test_operands_keep_their_order():
    a, b = Tensor([1.0], name="a"), Tensor([2.0], name="b")
    for y, first, second in ((a - b, "a", "b"), (b - a, "b", "a")):
        height = {text: y for text, _, y in lines(draw(y))}
        assert height[first] < height[second]


def test_several_outputs():
    w = Tensor([1.0, 2.0], name="w")
    z = w * w
    first, second = z.sum().named("first"), al.exp(z)
    drawn = vertices(draw([first, second, z, w]))
    assert drawn == Counter(
        [
            *("parameter: w (2,)", "op: *", "output: output (2,)", "op: sum", "op: exp"),
            *("output: first scalar", "output: output (2,)"),
        ]
    )
    assert edges(draw((first, second)))["* -(2,)> sum"] == 1


def test_a_leaf_alone():
    assert vertices(draw(Tensor(1.0, name="w"))) == Counter(["parameter: w scalar"])


def test_what_is_computed_makes_a_line():
    x, t, W = np.ones((2, 3)), np.ones((2, 3)), Tensor(np.ones((3, 3)), name="W")
    read = parsed(draw(al.mse((x @ W).named("z") + 1, t), names={"x": x, "t": t}))
    weight = {
        read.get_node(e[0]).attr["label"].split("\\n")[0]: int(e.attr["weight"] or 1)
        for e in read.edges()
    }
    assert weight.pop("@") == weight.pop("z|(2, 3)") == weight.pop("+") == weight.pop("mse") == 20
    assert weight["1"] == weight["W"] < weight["x"] == weight["t"] < 20


def test_directions():
    y = (Tensor([1.0], name="w") * 2).named("z") * 3
    assert draw(y).dot == draw(y, direction="LR").dot
    for direction, wide in (("LR", True), ("TB", False)):
        graph = draw(y, direction=direction)
        root = ElementTree.fromstring(graph.svg())
        assert (int(root.get("width")[:-2]) > int(root.get("height")[:-2])) is wide
        found = lines(graph)
        i = shown(graph).index("z")
        (_, x, above), (shape, x_of_shape, below) = found[i : i + 2]
        assert (shape, x_of_shape) == ("(1,)", x)  # the shape is under the name
        assert above < below


# Any graph, any text ----------------------------------------------------------------------------


def test_the_same_graph_gives_the_same_text():
    def build():
        w, x = Tensor(np.ones((2, 2)), name="w"), np.ones((3, 2))
        z = (x @ w).named("z")
        return draw([al.exp(z) * 2 + x.sum(), z], names={"x": x, "w": w}).dot

    first = build()
    keep = [np.ones(3) for _ in range(50)]  # other addresses
    assert build() == first
    assert keep


def test_a_deep_graph_and_a_doubled_one():
    y = Tensor(1.5, name="w")
    for _ in range(5_000):
        y = y * 1.01
    assert draw(y).dot.count("shape=ellipse") == 5_000
    y = Tensor(1.5, name="w")
    for _ in range(60):
        y = y + y
    assert vertices(draw(y))["op: +"] == 60
    assert edges(draw(y))["+ -> +"] == 118


NASTY = [
    "<b>bold</b>",
    "<>",
    "a<b>c|d{e}f",
    "{",
    "}|{",
    'say "hi"',
    '\\"',
    "back\\slash",
    "ends in \\",
    "\\n \\N \\G \\l \\{ \\|",
    "a & b &amp; &lt; &#65;",
    "x]; evil [label=y",
    "; } digraph {",
    "-->",
    "<!-- comment -->",
    "// /* #",
    "∂loss/∂z₁ · 层 · 🙂",
    "node",
    "007",
    "%s {0}",
]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_any_name_is_shown_as_it_is(name, direction):
    w, x = Tensor(np.ones((2, 3)), name=name), np.ones((4, 2))
    z = (x @ w).named(name)
    graph = draw(al.exp(z).named(name), names={name: x}, direction=direction)
    assert sorted(shown(graph)) == sorted(
        ["@", "exp", "(2, 3)", "(4, 2)", "(4, 3)", "(4, 3)", *[name] * 4]
    )


@pytest.mark.parametrize("symbol", ["<>", "\\", "a|b", '"', "&lt;"])
def test_any_symbol_is_shown_as_it_is(symbol):
    @al.primitive(lambda g, y, x, *, mode: g, symbol=symbol)
    def same(x, *, mode):
        return x * 1

    assert f"{symbol} mode=<b>" in shown(draw(same(Tensor(1.0), mode="<b>")))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two\nlines\tand  more ", "two lines and more"),
        ("nul\0, surrogate\ud800, bell\a", "nul�, surrogate�, bell�"),
        ("n" * 32, "n" * 32),
        ("n" * 33, "n" * 31 + "…"),
        ("a long name \\" * 100_000, "a long name \\a long name \\a lon…"),
    ],
)
def test_a_name_becomes_one_short_line(name, line):
    assert shown(draw(Tensor([1.0], name=name))) == [line, "(1,)"]


# Rendering --------------------------------------------------------------------------------------


@pytest.fixture
def graph():
    return draw(Tensor([1.0, 2.0], name="w").sum())


def test_the_background_is_opaque(graph):
    polygon = next(ElementTree.fromstring(graph.svg()).iter("{http://www.w3.org/2000/svg}polygon"))
    assert polygon.get("fill").lower() in ("#ffffff", "white")


@pytest.mark.parametrize(
    ("name", "magic"),
    [
        ("x.svg", b"<?xml"),
        ("x.png", b"\x89PNG\r\n\x1a\n"),
        ("x.PNG", b"\x89PNG\r\n\x1a\n"),
        ("x.y.pdf", b"%PDF"),
        ("x.dot", b"digraph"),
    ],
)
def test_the_suffix_chooses_the_format(no_dot, graph, tmp_path, name, magic):
    for path in (tmp_path / name, str(tmp_path / name)):
        written = graph.save(path)
        assert written == tmp_path / name
        assert written.read_bytes().startswith(magic)
        written.unlink()


def test_renderings_are_what_save_writes(no_dot, graph, tmp_path):
    assert graph.save(tmp_path / "x.png").read_bytes() == graph.png()
    assert graph.save(tmp_path / "x.svg").read_text(encoding="utf-8") == graph.svg()
    assert graph.save(tmp_path / "x.dot").read_text(encoding="utf-8") == graph.dot
    assert graph._repr_svg_() == graph.svg()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_the_program_dot_goes_first(graph, monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho rendered by dot $*\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert graph.svg() == "rendered by dot -Kdot -Tsvg\n"


@pytest.mark.parametrize("name", ["x.svg", "x.png", "x.pdf"])
def test_without_graphviz_the_text_is_written(no_graphviz, graph, tmp_path, name):
    with pytest.warns(UserWarning, match=r"x\.dot instead") as warned:
        written = graph.save(tmp_path / name)
    assert written == tmp_path / "x.dot"
    assert written.read_text(encoding="utf-8") == graph.dot
    assert [path.name for path in tmp_path.iterdir()] == ["x.dot"]
    message = str(warned[0].message)
    assert 'pip install "autograd-lite[draw]"' in message
    assert "install Graphviz" in message
    assert "\n" not in message
    assert Path(warned[0].filename) == Path(__file__)


def test_without_graphviz_a_notebook_shows_the_text(no_graphviz, graph):
    assert graph._repr_svg_() is None
    assert repr(graph) == graph.dot
    for render in (graph.svg, graph.png):
        with pytest.raises(ImportError, match=r"autograd-lite\[draw\]"):
            render()


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.svg.gz", ".svg"])
def test_another_suffix(graph, tmp_path, name):
    with pytest.raises(ValueError, match=r"save got '.*'; .*\.svg, \.png, \.pdf or \.dot.*; "):
        graph.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


# Errors and imports -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "given"),
    [
        (np.ones((2, 3)), r"an array \(2, 3\) float64"),
        ([], r"\[\]"),
        ([np.ones(2)], r"an array \(2,\) float64"),
        ([Tensor(1.0), 5], "5"),
        (None, "None"),
        ({"loss": Tensor(1.0)}, ""),
    ],
)
def test_what_is_no_graph(y, given):
    with pytest.raises(
        TypeError, match=f"draw got {given}.*; a Tensor or a list .*; make "
    ) as info:
        draw(y)
    assert "\n" not in str(info.value)


def test_another_direction():
    with pytest.raises(ValueError, match=r"draw got direction='up'; \"LR\".* is needed; leave"):
        draw(Tensor(1.0), direction="up")


def test_graphviz_is_imported_when_it_is_used():
    code = "import autograd_lite.drawing, sys; print({'graphviz', 'pygraphviz'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
