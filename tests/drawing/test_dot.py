"""What a picture looks like, and that any text in it is shown as it is."""

from xml.etree import ElementTree

import numpy as np
import pytest
from seen import lines, parsed, shown

import autograd_lite as al
from autograd_lite import Tensor, draw


def test_what_is_computed_makes_a_line():
    x, t, W = np.ones((2, 3)), np.ones((2, 3)), Tensor(np.ones((3, 3)), name="W")
    read = parsed(draw(al.mse((x @ W).named("z") + 1, t), names={"x": x, "t": t}))
    weight = {
        read.get_node(e[0]).attr["label"].split("\\n")[0]: int(e.attr["weight"] or 1)
        for e in read.edges()
    }
    assert weight.pop("@") == weight.pop("z|(2, 3)") == weight.pop("+") == weight.pop("mse") == 20
    assert weight["1"] == weight["W"] < weight["x"] == weight["t"] < 20


def test_operands_keep_their_order():
    a, b = Tensor([1.0], name="a"), Tensor([2.0], name="b")
    for y, first, second in ((a - b, "a", "b"), (b - a, "b", "a")):
        height = {text: y for text, _, y in lines(draw(y))}
        assert height[first] < height[second]


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


def test_the_background_is_opaque():
    graph = draw(Tensor([1.0, 2.0], name="w").sum())
    polygon = next(ElementTree.fromstring(graph.svg()).iter("{http://www.w3.org/2000/svg}polygon"))
    assert polygon.get("fill").lower() in ("#ffffff", "white")


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
