"""draw and Graph: the choices, what a notebook shows, files, and errors."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from seen import random_state, vertices

import autograd_lite as al
from autograd_lite import Tensor, draw
from autograd_lite.drawing import rendering
from autograd_lite.drawing.picture import WIDEST
from autograd_lite.drawing.themes import THEMES


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A machine without the program dot."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def no_graphviz(no_dot, monkeypatch, tmp_path_factory):
    """A machine without the program dot and without pygraphviz."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "pygraphviz.py").write_text("raise ImportError('hidden')")
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.fixture
def graph():
    return draw(Tensor([1.0, 2.0], name="w").sum())


def test_each_wish_reaches_the_picture():
    x = h = np.ones((3, 2))
    for i in range(4):
        start = al.next_number()
        h = al.span(f"layer {i}", start, al.tanh(h @ Tensor(np.eye(2), name=f"W{i}")))
    loss = h.sum()
    usual = draw(loss, {"x": x})
    assert "layer" in usual.dot
    for wish in (
        *({"values": True}, {"grads": True}, {"backward": True}, {"fold": True}, {"depth": 0}),
        *({"theme": "dark"}, {"legend": True}, {"max_nodes": 1}, {"marks": {h: ("wrong", "a")}}),
        {"direction": "TB" if usual._direction == "LR" else "LR"},
        {"names": {"other": x}},
    ):
        assert draw(loss, **{"names": {"x": x}, **wish}).dot != usual.dot
        assert (
            draw(loss, **{"names": {"x": x}, **wish}).dot
            == draw(loss, **{"names": {"x": x}, **wish}).dot
        )
    assert THEMES["dark"].page in draw(loss, theme="dark").dot
    assert THEMES["dark"].looks["output"].fill in draw(loss, theme="dark").mermaid
    assert draw(loss, max_nodes=1)._told in str(draw(loss, max_nodes=1))


def test_the_same_graph_gives_the_same_text():
    def build():
        w, x = Tensor(np.ones((2, 2)), name="w"), np.ones((3, 2))
        z = (x @ w).named("z")
        graph = draw([al.exp(z) * 2 + x.sum(), z], names={"x": x, "w": w})
        return graph.dot, graph.mermaid, str(graph)

    first = build()
    keep = [np.ones(3) for _ in range(50)]  # other addresses
    assert build() == first
    assert keep


def test_a_wide_picture_turns_downwards():
    y = Tensor(np.full((2, 2), 0.1), name="w")
    directions = []
    for _ in range(20):
        y = al.tanh(y).named("a name")
        directions.append(draw(y)._direction)
    assert directions == sorted(directions)  # LR, then TB
    assert {*directions} == {"LR", "TB"}
    assert draw(y, direction="LR")._direction == "LR"
    assert "rankdir=TB" in draw(y).dot
    assert draw(y).mermaid.startswith("flowchart TB")
    assert WIDEST < 1500


def test_drawing_changes_nothing():
    w = Tensor([1.0, 2.0], name="w")
    y = (al.dropout(w, p=0.5, rng=np.random.default_rng(1)) * w).sum()
    y.backward()
    grad, state, n = w.grad.copy(), random_state(), len(al.order(y))
    draw(y, values=True, grads=True, backward=True, fold=True)
    np.testing.assert_array_equal(w.grad, grad)
    assert random_state() == state
    assert len(al.order(y)) == n
    assert (w.name, y.name) == ("w", None)
    w.data[0] = 5.0  # it may still be written to
    assert al.grad(y, w)[0] == grad[0]


def test_a_list_of_one_is_as_the_value():
    w = Tensor([1.0, 2.0], name="w")
    y = w.sum()
    assert draw([y], backward=True).dot == draw(y, backward=True).dot
    assert "cotangent" in {v.role for v in vertices(draw((y,), backward=True)._picture)}


# Saving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "magic"),
    [
        ("x.svg", b"<?xml"),
        ("x.PNG", b"\x89PNG\r\n\x1a\n"),
        ("x.y.pdf", b"%PDF"),
        ("x.dot", b"digraph"),
        ("x.mmd", b"flowchart"),
    ],
)
def test_the_suffix_chooses_the_format(no_dot, graph, tmp_path, name, magic):
    path = tmp_path / name
    given = path if name < "x.q" else str(path)
    assert graph.save(given) == path
    assert path.read_bytes().startswith(magic)
    assert [*tmp_path.iterdir()] == [path]


def test_renderings_are_what_save_writes(no_dot, graph, tmp_path):
    assert graph.save(tmp_path / "x.png").read_bytes() == graph.png()
    assert graph.save(tmp_path / "x.svg").read_text(encoding="utf-8") == graph.svg()
    assert graph.save(tmp_path / "x.dot").read_text(encoding="utf-8") == graph.dot
    assert graph.save(tmp_path / "x.mmd").read_text(encoding="utf-8") == graph.mermaid
    shown = graph._repr_mimebundle_()
    inline = shown.pop("text/html")
    assert shown == {"image/svg+xml": graph.svg(), "text/plain": str(graph)}
    assert inline.startswith('<svg style="max-width: 100%')  # as wide as a cell, at most
    assert graph.svg().endswith(inline)


def test_a_png_has_twice_the_points(no_dot, graph):
    width = int.from_bytes(graph.png()[16:20], "big")
    points = float(graph.svg().split('width="')[1].split("pt")[0])
    assert width == pytest.approx(2 * points, abs=3)


@pytest.mark.parametrize("name", ["x.svg", "x.png", "x.pdf"])
def test_without_graphviz_the_text_is_written(no_graphviz, graph, tmp_path, name):
    with pytest.warns(UserWarning, match=r"x\.dot instead") as warned:
        written = graph.save(tmp_path / name)
    assert written == tmp_path / "x.dot"
    assert written.read_text(encoding="utf-8") == graph.dot
    assert [path.name for path in tmp_path.iterdir()] == ["x.dot"]
    message = str(warned[0].message)
    assert "pip install pygraphviz" in message
    assert "\n" not in message
    assert Path(warned[0].filename) == Path(__file__)


def test_without_graphviz_a_notebook_shows_mermaid(no_graphviz, graph):
    shown = graph._repr_mimebundle_()
    assert {*shown} == {"text/markdown", "text/plain"}
    assert shown["text/markdown"].endswith(f"```mermaid\n{graph.mermaid}```")
    assert str(graph) in shown["text/markdown"]
    assert all("pip install pygraphviz" in text for text in shown.values())
    assert shown["text/plain"].startswith(str(graph))
    for render in (graph.svg, graph.png):
        with pytest.raises(ImportError, match="pip install pygraphviz"):
            render()


def test_a_picture_that_takes_too_long(graph, monkeypatch, tmp_path):
    def late(dot, format):
        raise TimeoutError("laying out took more than 60 s")

    monkeypatch.setattr("autograd_lite.drawing.picture.render", late)
    assert "60 s" in graph._repr_mimebundle_()["text/markdown"]
    with pytest.raises(TimeoutError):
        graph.save(tmp_path / "x.svg")
    assert [*tmp_path.iterdir()] == []
    assert rendering.render is not late


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.svg.gz", ".svg"])
def test_another_suffix(graph, tmp_path, name):
    with pytest.raises(ValueError, match=r"save got '.*'; .*\.svg, \.png, \.pdf, .*\.mmd.*; "):
        graph.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_tree_is_what_a_terminal_shows(graph):
    assert repr(graph) == str(graph) == "loss = Σ  scalar\n└─ w  (2,)"


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


def test_what_was_computed_inside_no_grad():
    with al.no_grad():
        y = Tensor([1.0]) * 2
    with pytest.raises(ValueError, match=r"computed inside no_grad; .*; compute it outside"):
        draw(y)


def test_another_direction_or_theme():
    w = Tensor(1.0)
    with pytest.raises(ValueError, match=r"draw got direction='up'; 'LR' or 'TB' is needed; leave"):
        draw(w, direction="up")
    with pytest.raises(ValueError, match=r"draw got theme='blue'; 'light' or 'dark' is needed; le"):
        draw(w, theme="blue")


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (
            lambda w: [w.sum(), w.mean()],
            "draw got 2 outputs and backward=True; one loss .*; draw e",
        ),
        (lambda w: w * 2, r"the loss is .* \(2,\) float64; one number is needed, .*; take the sum"),
        (lambda w: (w > 1).sum(), "the loss is .* int64; floating .* needed, .*; differentiate"),
    ],
)
def test_a_backward_picture_of_what_is_no_loss(y, told):
    with pytest.raises((TypeError, ValueError), match=told):
        draw(y(Tensor([1.0, 2.0])), backward=True)


def test_marks_of_what_is_no_tensor():
    w = Tensor([1.0, 2.0], name="w")
    with pytest.raises(TypeError, match=r"marks has 'w' as a key; Tensors are needed, .*; pass \{"):
        draw(w.sum(), marks={"w": ("wrong", "")})
    draw(w.sum(), marks={Tensor(1.0): ("wrong", "of another graph")})


def test_numbers_near_the_largest_warn_of_nothing():
    w = Tensor(np.full(20, 1e308), name="w")
    y = (w * np.full(20, 0.5)).max()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(y, values=True, backward=True)
