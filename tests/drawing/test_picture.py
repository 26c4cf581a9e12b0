"""draw: what the picture says is read back by Graphviz itself."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from seen import edges, vertices

import autograd_lite as al
from autograd_lite import Tensor, draw


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


# Any graph --------------------------------------------------------------------------------------


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


# Saving -----------------------------------------------------------------------------------------


@pytest.fixture
def graph():
    return draw(Tensor([1.0, 2.0], name="w").sum())


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


@pytest.mark.parametrize("name", ["x.svg", "x.png", "x.pdf"])
def test_without_graphviz_the_text_is_written(no_graphviz, graph, tmp_path, name):
    with pytest.warns(UserWarning, match=r"x\.dot instead") as warned:
        written = graph.save(tmp_path / name)
    assert written == tmp_path / "x.dot"
    assert written.read_text(encoding="utf-8") == graph.dot
    assert [path.name for path in tmp_path.iterdir()] == ["x.dot"]
    message = str(warned[0].message)
    assert "pip install pygraphviz" in message
    assert "install Graphviz" in message
    assert "\n" not in message
    assert Path(warned[0].filename) == Path(__file__)


def test_without_graphviz_a_notebook_shows_the_text(no_graphviz, graph):
    assert graph._repr_svg_() is None
    assert repr(graph) == graph.dot
    for render in (graph.svg, graph.png):
        with pytest.raises(ImportError, match="pip install pygraphviz, or install Graphviz"):
            render()


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.svg.gz", ".svg"])
def test_another_suffix(graph, tmp_path, name):
    with pytest.raises(ValueError, match=r"save got '.*'; .*\.svg, \.png, \.pdf or \.dot.*; "):
        graph.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


# Errors -----------------------------------------------------------------------------------------


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
        TypeError, match=f"what is to be drawn is {given}.*; a Tensor is needed, .*; hand over "
    ) as info:
        draw(y)
    assert "\n" not in str(info.value)


def test_another_direction():
    with pytest.raises(ValueError, match=r"draw got direction='up'; \"LR\".* is needed; leave"):
        draw(Tensor(1.0), direction="up")
