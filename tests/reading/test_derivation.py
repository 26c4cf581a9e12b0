"""derive: the four articles word for word, and every op's derivation read back as mathematics."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from programs import PROGRAMS, array, run, vectors
from readback import NOTE, Reader, check_latex, gradients, heads, lines, text_of
from rows import ROWS
from test_articles import a, b, c, d
from test_random_expressions import graphs
from test_random_expressions import recorded as recorded_graph

import autograd_lite as al
from autograd_lite import Tensor, derive
from autograd_lite.ops.reductions import kept
from autograd_lite.reading.derivation import _as_text, apart, on_paper, told
from autograd_lite.reading.steps import named
from autograd_lite.reading.steps import recorded as recorded_terms

Array = np.ndarray

# The articles -----------------------------------------------------------------------------------


def test_article_a() -> None:
    weights, samples, targets = a.start(0)
    o0, t = samples[0], targets[0]
    assert (
        str(derive(a.recorded(weights, o0, t), names={"o0": o0, "t": t}))
        == f"""\
Forward
  z1   = W1 o0                                         (60, 1)
  a1   = σ(z1)                                         (60, 1)
  z2   = W2 a1                                         (140, 1)
  a2   = σ(z2)                                         (140, 1)
  z3   = W3 a2                                         (50, 1)
  a3   = σ(z3)                                         (50, 1)
  z4   = W4 a3                                         (10, 1)
  a4   = σ(z4)                                         (10, 1)
  z5   = W5 a4                                         (1, 1)
  a5   = σ(z5)                                         (1, 1)
  h1   = a5 − t                                        (1, 1)
  loss = 1/2 h1ᵀ h1                                    (1, 1)
Backward
         ∂loss/∂h1 = ∂loss/∂a5 = h1                    (1, 1)
  d_z5 = ∂loss/∂z5             = h1 ⊙ a5 ⊙ (1 − a5)    (1, 1)
  d_a4 = ∂loss/∂a4             = W5ᵀ d_z5              (10, 1)
  d_z4 = ∂loss/∂z4             = d_a4 ⊙ a4 ⊙ (1 − a4)  (10, 1)
  d_a3 = ∂loss/∂a3             = W4ᵀ d_z4              (50, 1)
  d_z3 = ∂loss/∂z3             = d_a3 ⊙ a3 ⊙ (1 − a3)  (50, 1)
  d_a2 = ∂loss/∂a2             = W3ᵀ d_z3              (140, 1)
  d_z2 = ∂loss/∂z2             = d_a2 ⊙ a2 ⊙ (1 − a2)  (140, 1)
  d_a1 = ∂loss/∂a1             = W2ᵀ d_z2              (60, 1)
  d_z1 = ∂loss/∂z1             = d_a1 ⊙ a1 ⊙ (1 − a1)  (60, 1)
Gradients
  ∂loss/∂W1 = d_z1 o0ᵀ                                 (60, 10)
  ∂loss/∂W2 = d_z2 a1ᵀ                                 (140, 60)
  ∂loss/∂W3 = d_z3 a2ᵀ                                 (50, 140)
  ∂loss/∂W4 = d_z4 a3ᵀ                                 (10, 50)
  ∂loss/∂W5 = d_z5 a4ᵀ                                 (1, 10)
{NOTE}"""
    )


def test_article_b() -> None:
    params, f0, Y = b.start(0)
    loss = b.recorded(params, f0, Y, b.SIGMOID, b.SQUARED_NORM)
    assert (
        str(derive(loss, names={"f0": f0, "Y": Y}))
        == f"""\
Forward
  f1 = f0 W1 + b1                                  (100, 50)
  f2 = σ(f1)                                       (100, 50)
  f3 = f2 W2 + b2                                  (100, 10)
  f4 = σ(f3)                                       (100, 10)
  h1 = f4 − Y                                      (100, 10)
  f5 = Σ h1²
Backward
  d_f4 = ∂f5/∂f4 = ∂f5/∂h1 = 2 h1                  (100, 10)
  d_f3 = ∂f5/∂f3           = d_f4 ⊙ f4 ⊙ (1 − f4)  (100, 10)
  d_f2 = ∂f5/∂f2           = d_f3 W2ᵀ              (100, 50)
  d_f1 = ∂f5/∂f1           = d_f2 ⊙ f2 ⊙ (1 − f2)  (100, 50)
Gradients
  ∂f5/∂W1 = f0ᵀ d_f1                               (20, 50)
  ∂f5/∂b1 = Σ over axis 0 of d_f1                  (1, 50)
  ∂f5/∂W2 = f2ᵀ d_f3                               (50, 10)
  ∂f5/∂b2 = Σ over axis 0 of d_f3                  (1, 10)
{NOTE}"""
    )


def test_article_b_with_tanh() -> None:
    params, f0, Y = b.start(0)
    text = lines(derive(b.recorded(params, f0, Y, b.TANH, b.SQUARED_NORM)))
    assert "f2 = tanh(f1)" in text
    assert "d_f1 = ∂f5/∂f1 = d_f2 ⊙ (1 − f2²)" in text


def test_article_c_neuron() -> None:
    x, y = c.line_points(0)
    loss = c.recorded_neuron(np.full(2, 0.1), 0.1, x, y)
    assert (
        str(derive(loss, names={"x": x, "y": y}))
        == f"""\
Forward
  z = x w + b                      (100,)
  a = σ(z)                         (100,)
  C = 1/100 Σ (a − y)²
Backward
  d_a = ∂C/∂a = 1/50 (a − y)       (100,)
  d_z = ∂C/∂z = d_a ⊙ a ⊙ (1 − a)  (100,)
Gradients
  ∂C/∂w = xᵀ d_z                   (2,)
  ∂C/∂b = Σ d_z
{NOTE}"""
    )


def test_article_c_network() -> None:
    x, y = c.circle_points(0, count=10)
    assert (
        str(derive(c.recorded(c.start(0), x, y), names={"x": x, "y": y}))
        == f"""\
Forward
  z1 = W1 x + b1                        (3, 10)
  a1 = σ(z1)                            (3, 10)
  z2 = W2 a1 + b2                       (2, 10)
  a2 = σ(z2)                            (2, 10)
  C  = 1/20 Σ (a2 − y)²
Backward
  d_a2 = ∂C/∂a2 = 1/10 (a2 − y)         (2, 10)
  d_z2 = ∂C/∂z2 = d_a2 ⊙ a2 ⊙ (1 − a2)  (2, 10)
  d_a1 = ∂C/∂a1 = W2ᵀ d_z2              (3, 10)
  d_z1 = ∂C/∂z1 = d_a1 ⊙ a1 ⊙ (1 − a1)  (3, 10)
Gradients
  ∂C/∂W1 = d_z1 xᵀ                      (3, 2)
  ∂C/∂b1 = Σ over axis 1 of d_z1        (3, 1)
  ∂C/∂W2 = d_z2 a1ᵀ                     (2, 3)
  ∂C/∂b2 = Σ over axis 1 of d_z2        (2, 1)
{NOTE}"""
    )


def article_d() -> Any:
    rng = np.random.default_rng(0)
    x, t = rng.uniform(0, 16, (15, 64)), np.eye(10)[rng.integers(0, 10, 15)]
    *_, y = d.forward(d.tensors(d.start(np.random.RandomState(1))), x)
    return derive(al.mse(y, t), names={"x": x, "t": t})


def test_article_d() -> None:
    assert (
        str(article_d())
        == f"""\
Forward
  z1   = x W1 + b1                         (15, 15)
  a1   = relu(z1)                          (15, 15)
  z2   = a1 W2 + b2                        (15, 10)
  a2   = σ(z2)                             (15, 10)
  loss = 1/150 Σ (a2 − t)²
Backward
  d_a2 = ∂loss/∂a2 = 1/75 (a2 − t)         (15, 10)
  d_z2 = ∂loss/∂z2 = d_a2 ⊙ a2 ⊙ (1 − a2)  (15, 10)
  d_a1 = ∂loss/∂a1 = d_z2 W2ᵀ              (15, 15)
  d_z1 = ∂loss/∂z1 = d_a1 ⊙ [z1 > 0]       (15, 15)
Gradients
  ∂loss/∂W1 = xᵀ d_z1                      (64, 15)
  ∂loss/∂b1 = Σ over axis 0 of d_z1        (1, 15)
  ∂loss/∂W2 = a1ᵀ d_z2                     (15, 10)
  ∂loss/∂b2 = Σ over axis 0 of d_z2        (1, 10)
{NOTE}"""
    )


def test_article_d_in_latex() -> None:
    rows = {
        "Forward": [
            ("z_{1}", r"x \thinspace W_{1} + b_{1}", "15 15"),
            ("a_{1}", r"\operatorname{relu}(z_{1})", "15 15"),
            ("z_{2}", r"a_{1} \thinspace W_{2} + b_{2}", "15 10"),
            ("a_{2}", r"\sigma(z_{2})", "15 10"),
            (r"\mathrm{loss}", r"\frac{1}{150} \thinspace \sum (a_{2} - t)^{2}", ""),
        ],
        "Backward": [
            ("d_{a_{2}} = SLOPE{a_{2}}", r"\frac{1}{75} \thinspace (a_{2} - t)", "15 10"),
            ("d_{z_{2}} = SLOPE{z_{2}}", r"d_{a_{2}} \odot a_{2} \odot (1 - a_{2})", "15 10"),
            ("d_{a_{1}} = SLOPE{a_{1}}", r"d_{z_{2}} \thinspace W_{2}^{\top}", "15 15"),
            ("d_{z_{1}} = SLOPE{z_{1}}", r"d_{a_{1}} \odot \mathbf{1}[z_{1} > 0]", "15 15"),
        ],
        "Gradients": [
            ("SLOPE{W_{1}}", r"x^{\top} \thinspace d_{z_{1}}", "64 15"),
            ("SLOPE{b_{1}}", r"\sum_{\text{axis 0}} d_{z_{1}}", "1 15"),
            ("SLOPE{W_{2}}", r"a_{1}^{\top} \thinspace d_{z_{2}}", "15 10"),
            ("SLOPE{b_{2}}", r"\sum_{\text{axis 0}} d_{z_{2}}", "1 10"),
        ],
    }
    expected = []
    for title, section in rows.items():
        expected.append(rf"\textbf{{{title}}}")
        for left, value, shape in section:
            left = re.sub(r"SLOPE\{(.*)\}", r"\\frac{\\partial \\mathrm{loss}}{\\partial \1}", left)
            lengths = shape.replace(" ", r" \times ")
            size = rf" && \in \mathbb{{R}}^{{{lengths}}}" if shape else ""
            expected.append(f"{left} &= {value}{size}")
    got = article_d().latex().splitlines()
    assert got[:2] == [r"\begin{gathered}", r"\begin{aligned}"]
    assert [row.removesuffix(r" \\") for row in got[2:-3]] == expected
    assert got[-3:] == [r"\end{aligned} \\", rf"\text{{{NOTE}}}", r"\end{gathered}"]


def test_the_page_of_the_articles(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails: python examples/derivations.py > examples/derivations.md."""
    folder = Path(__file__).parents[2] / "examples"
    monkeypatch.syspath_prepend(folder)
    derivations = importlib.import_module("derivations")
    page = derivations.page()
    assert page == (folder / "derivations.md").read_text(encoding="utf-8")
    assert str(article_d()) in page  # the shapes are those of its first batch
    assert page.count("$$") == 2 * 5


def test_the_page_of_readings_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails: python examples/readings.py > examples/readings.md."""
    folder = Path(__file__).parents[2] / "examples"
    monkeypatch.syspath_prepend(folder)
    page = importlib.import_module("readings").page()
    assert page == (folder / "readings.md").read_text(encoding="utf-8")


def test_a_notebook_gets_the_latex() -> None:
    shown = article_d()
    assert shown._repr_latex_() == f"$$\n{shown.latex()}\n$$"
    assert repr(shown) == str(shown)


# Reading it back --------------------------------------------------------------------------------


def read_back(
    derivation: Any, loss: Any, wrt: list[Tensor], names: dict[str, Any], classes: int = 3
) -> Reader:
    """The text, and the LaTeX, which must say the same."""
    values = {n: x.data if isinstance(x, Tensor) else x for n, x in names.items() if x is not loss}
    r = on_paper(recorded_terms(loss, wrt, names))
    known = named(r).names
    values = {known[t]: value for t, value in r.values.items() if t in known} | values
    read = Reader(str(derivation), values, classes)
    latex = text_of(derivation.latex(), read.values.keys() | read.slopes.keys())
    again = Reader(latex, values, classes)
    for found, other in ((read.values, again.values), (read.slopes, again.slopes)):
        assert found.keys() == other.keys()
        for name in found:
            np.testing.assert_allclose(other[name], found[name], rtol=1e-9, atol=1e-12)
    return read


def reads_back(loss: Any, leaves: list[Tensor], names: dict[str, Any], classes: int = 3) -> None:
    """The law: what is written computes the loss and its gradients."""
    read = read_back(derive(loss, leaves, names=names), loss, leaves, names, classes)
    wanted = read.values[loss.name or "loss"]
    np.testing.assert_allclose(wanted, loss.data, rtol=1e-9, atol=1e-12)
    for leaf, gradient in zip(leaves, al.grad(loss, leaves)):
        name = next(name for name, x in names.items() if x is leaf)
        np.testing.assert_allclose(read.slopes[name], gradient, rtol=1e-9, atol=1e-12)


def recorded(row: Any) -> tuple[Any, list[Tensor], dict[str, Any]]:
    """A loss of a row's op, its leaves, and the names of what it is made of."""
    leaves = [Tensor(x) for x in row.inputs]
    y = row.call(*leaves)
    if y.dtype.kind != "f":  # a mask or a number: something to multiply with
        y = y * sum(x.sum() for x in leaves)
    g = np.random.default_rng(1).standard_normal(y.shape)
    names = {f"x{i}": x for i, x in enumerate(leaves)} | {"g": g}
    return (y.named("y") * g).sum(), leaves, names


@pytest.mark.parametrize("name", ROWS)
def test_every_op_has_a_derivation(name: str) -> None:
    loss, leaves, names = recorded(ROWS[name])
    derivation = derive(loss, leaves, names=names)
    text, latex = lines(derivation), derivation.latex()
    said = [heads(row)[0] for row in text[text.index("Gradients") + 1 :]]
    assert [*dict.fromkeys(said)] == [(f"∂loss/∂x{i}",) for i in range(len(leaves))]
    for i in range(len(leaves)):
        assert rf"\frac{{\partial \mathrm{{loss}}}}{{\partial x_{{{i}}}" in latex
    check_latex(latex)


# What is drawn cannot be read back, nor an array that is a static parameter; a guard is unwritten.
UNREAD = {"dropout", "dropout_mask", "guarded", "einsum", "contract", "argsort-1"}


@pytest.mark.parametrize("name", [n for n, r in ROWS.items() if not {n, r.op} & UNREAD])
def test_the_text_computes_the_gradient(name: str) -> None:
    reads_back(*recorded(ROWS[name]), classes=4 if ROWS[name].op == "one_hot" else 3)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_text_of_a_program_computes_its_gradients(name: str) -> None:
    reads_back(*run(name))


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(graphs)
def test_the_text_of_a_random_expression_computes_its_gradients(graph: Any) -> None:
    _, _, leaves, y, rng = recorded_graph(graph)
    g = np.asarray(rng.standard_normal(y.shape))
    names = {f"x{i}": x for i, x in enumerate(leaves)} | {"g": g}
    reads_back((y * g).sum(), leaves, names)


# As on paper ------------------------------------------------------------------------------------


def norm_vjp(guard: Any) -> Any:
    """The rule of norm with a guard of another spelling."""

    def rule(g: Any, y: Any, x: Any, *, ord: None, axis: Any, keepdims: bool) -> Any:
        return kept(g, x, axis) * x / guard(kept(y, x, axis))

    return rule


SPELLINGS = {
    "another condition": lambda n: al.guarded(n, al.less_equal(n, 0), 1),
    "a longer condition": lambda n: al.guarded(n, al.logical_not(al.abs(n * n) > 0), 1),
    "another number": lambda n: al.guarded(n, al.equal(n, 0), 7.5),
    "an array in its place": lambda n: al.guarded(n, al.equal(n, 0), n + 1),
    "twice": lambda n: al.guarded(al.guarded(n, al.equal(n, 0), 1), n < 0, n * n),
    "none": lambda n: n,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("params", [{}, {"axis": 1}, {"axis": 0, "keepdims": True}])
def test_a_guard_is_not_seen(
    spelling: str, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    x = Tensor(array(4, 3), name="x")
    loss = (al.norm(x * 2, **params) * 3).sum() + al.norm(x)
    usual = derive(loss)
    monkeypatch.setattr(al.norm.op, "vjps", (norm_vjp(SPELLINGS[spelling]),))
    assert str(derive(loss)) == str(usual)
    assert derive(loss).latex() == usual.latex()


def test_a_guard_of_the_forward_pass_is_not_seen_either() -> None:
    x = Tensor(array(3), name="x")
    safe = al.guarded(x, x == 0, 1)
    assert lines(derive((1 / safe).sum(), [])) == ["Forward", "loss = Σ 1 / x"]
    wide = al.guarded(x, np.zeros((2, 3), bool), 1)
    assert lines(derive(wide.sum(axis=0) @ x, []))[1] == (
        "loss = (Σ over axis 0 of broadcast(x, 2×3)) · x"
    )
    number = al.guarded(2.0, x > 0, 1)
    assert lines(derive((number * x).sum(), []))[1] == "loss = 2 Σ x"
    named_one = safe.named("safe")
    assert lines(derive((1 / named_one).sum(), []))[1:3] == ["safe = x", "loss = Σ 1 / safe"]


def test_what_became_one_on_paper_has_no_part_of_its_cotangent() -> None:
    """Two guards of one value: each has a part of its cotangent, neither is it."""
    x = Tensor(array(3), name="x")
    y = al.sin(x)
    first, second = 2 * al.guarded(y, y > 5, 1), 2 * al.guarded(y, y < -5, 1)
    text = lines(derive((first * second).sum()))
    assert text[1:4] == ["h1 = sin(x)", "h2 = 2 h1", "loss = Σ h2²"]
    assert not any("∂loss/∂h2" in row for row in text)


def test_a_cast_is_written_where_it_changes_values() -> None:
    x = Tensor(3 * array(3), name="x")
    assert lines(derive((x * x.astype(int)).sum()))[1:3] == [
        "h1 = int64(x)",
        "loss = Σ x ⊙ h1",
    ]
    assert lines(derive((x * x.astype(bool)).sum(), []))[1] == "loss = Σ x ⊙ bool(x)"
    for dtype in (np.float32, np.float16, np.longdouble):
        assert lines(derive((x * x.astype(dtype)).sum(), []))[1] == "loss = Σ x²"
    mask = al.astype(x > 1, dtype=float)
    assert lines(derive((x * mask).sum(), []))[1] == "loss = Σ x ⊙ [x > 1]"
    low = x.astype(np.float32).named("low")
    assert lines(derive((low * x).sum(), []))[1:3] == ["low = x", "loss = Σ low ⊙ x"]


KEPT = {
    "Σ (x − max over each row of x)": lambda x: x - x.max(axis=1, keepdims=True),
    "Σ x / (Σ over each row of x)": lambda x: x / x.sum(axis=1, keepdims=True),
    "Σ (x − 1/3 Σ over each row of x)": lambda x: x - x.mean(axis=-1, keepdims=True),
    "Σ (x − Π over each row of x)": lambda x: x - al.prod(x, axis=1, keepdims=True),
    "Σ x / (Σ over axis 0 of x)": lambda x: x / x.sum(axis=0, keepdims=True),
    "Σ (x − Σ x)": lambda x: x - x.sum(keepdims=True),
    "Σ (x − Σ over axes 0, 1 of x[new])": lambda x: x - x[None].sum(axis=(0, 1), keepdims=True),
    "2 Σ (Σ over axis 1 of x)²": lambda x: 2 * x.sum(axis=1, keepdims=True) ** 2,
    "Σ (Σ over axis 1 of x) ⊙ (max over axis 1 of x)": lambda x: (
        x.sum(axis=1, keepdims=True) * x.max(axis=1, keepdims=True)
    ),
    "Σ (Σ over each row of x) ⊙ (Σ over axis 0 of x)": lambda x: (
        x.sum(axis=1, keepdims=True) * x.sum(axis=0, keepdims=True)
    ),
    "Σ (Σ over axis 0, kept, of x)ᵀ": lambda x: x.sum(axis=0, keepdims=True).T,
    "(Σ over axes 0, 1, kept, of x)[0, 0]": lambda x: x.sum(keepdims=True)[0, 0],
    "Σ (Σ over axis 0, kept, of x)[0]": lambda x: x.sum(axis=0, keepdims=True)[0],
    "Σ (Σ over each row of x) ⊙ x[0:1, 0:1]": lambda x: x.sum(axis=1, keepdims=True) * x[0:1, 0:1],
    "Σ broadcast(Σ over each row of x, 3×3)": lambda x: al.broadcast_to(
        x.sum(axis=1, keepdims=True), shape=(3, 3)
    )[:, ::1],
}


@pytest.mark.parametrize("formula", KEPT)
def test_kept_axes_are_said_where_the_formula_needs_them(formula: str) -> None:
    x = Tensor(array(3, 3), name="x")
    y = KEPT[formula](x)
    loss = y.sum() if y.ndim else y
    assert lines(derive(loss, []))[1].removesuffix("[:, ::1]") == f"loss = {formula}"
    reads_back(loss, [x], {"x": x})


def test_a_line_with_a_shape_says_itself_that_axes_are_kept() -> None:
    x = Tensor(array(4, 3), name="x")
    h = (2 * x.sum(axis=1, keepdims=True)).named("h")
    assert "  h    = 2 Σ over axis 1 of x  (4, 1)" in str(derive((h * x).sum(), []))


def test_what_is_drawn_has_a_line_of_its_own() -> None:
    """Written twice it would look like one draw."""
    x, rng = Tensor(array(3), name="x"), np.random.default_rng(0)
    y = al.dropout(x, p=0.5, rng=rng) * al.dropout(x, p=0.5, rng=rng)
    assert lines(derive(y.sum(), []))[1:] == [
        "u1 = dropout_mask(x, p=0.5)",
        "u2 = dropout_mask(x, p=0.5)",
        "loss = Σ x ⊙ u1 ⊙ x ⊙ u2",
    ]


# What is said -----------------------------------------------------------------------------------


def test_what_stands_between_loss_and_leaves_has_its_cotangent() -> None:
    """Also the one that no gradient is written with."""
    x, y = vectors("xy")
    z = (2 * x).named("z")
    loss = (3 * z + z.sum() * y).sum()
    read = read_back(derive(loss), loss, [x, y], {"x": x, "y": y})
    np.testing.assert_allclose(read.slopes["z"], al.grad(loss, z), rtol=1e-12)
    np.testing.assert_allclose(read.slopes["x"], al.grad(loss, x), rtol=1e-12)
    np.testing.assert_allclose(read.slopes["y"], al.grad(loss, y), rtol=1e-12)


def test_gradients_that_are_no_expression() -> None:
    x, y, z = vectors("xyz")
    h = (x * 2).named("h")
    loss = al.sin(h).sum() + y.sum()
    assert gradients(derive(loss, [x, y, z])) == [
        "∂loss/∂x = 2 d_h",
        "∂loss/∂y = 1",
        "∂loss/∂z = 0",
    ]
    assert gradients(derive(loss, [h, x])) == ["∂loss/∂h = d_h", "∂loss/∂x = 2 d_h"]
    assert gradients(derive(loss, h)) == ["∂loss/∂h = cos(h)"]
    assert gradients(derive(loss, loss)) == ["∂loss/∂loss = 1"]
    assert gradients(derive((x * y).sum())) == ["∂loss/∂x = y", "∂loss/∂y = x"]
    assert lines(derive(Tensor(2.0, name="w"))) == ["Gradients", "∂w/∂w = 1"]


def test_a_loss_of_one_row_and_column() -> None:
    W = Tensor(array(1, 3), name="W")
    x = array(3, 1)
    assert (
        str(derive(W @ x, names={"x": x}))
        == f"""\
Forward
  loss = W x     (1, 1)
Gradients
  ∂loss/∂W = xᵀ  (1, 3)
{NOTE}"""
    )


def test_classes_and_dropout() -> None:
    z = Tensor(array(5, 3), name="z")
    t, p = np.array([0, 2, 1, 1, 0]), np.abs(array(5, 3))
    h = al.dropout(z, p=0.25, rng=np.random.default_rng(0))
    assert lines(derive(al.cross_entropy(h, t), names={"t": t})) == [
        "Forward",
        "h1 = dropout_mask(z, p=0.25)",
        "h2 = z ⊙ h1",
        "loss = −1/5 Σ onehot(t) ⊙ log softmax(h2)",
        "Backward",
        "d_h2 = ∂loss/∂h2 = 1/5 (softmax(h2) − onehot(t))",
        "Gradients",
        "∂loss/∂z = d_h2 ⊙ h1",
    ]
    assert gradients(derive(al.cross_entropy(z, p), names={"p": p})) == [
        "∂loss/∂z = 1/5 (softmax(z) ⊙ (Σ over each row of p) − p)"
    ]
    q = np.abs(array(5, 3))
    assert lines(derive(al.bce_with_logits(z, q), names={"q": q}))[1] == (
        "loss = −1/15 Σ (q ⊙ log(σ(z)) + (1 − q) ⊙ log(1 − σ(z)))"
    )


def test_a_gradient_can_be_derived_again() -> None:
    (x,) = vectors("x")
    loss = al.grad((x**3).sum(), x, create_graph=True).sum()
    read = read_back(derive(loss), loss, [x], {"x": x})
    np.testing.assert_allclose(read.slopes["x"], 6 * x.data, rtol=1e-12)


def test_a_named_value_that_is_only_repeated_has_its_line() -> None:
    (x,) = vectors("x")
    g = array(4, 3)
    y = al.broadcast_to(x, (4, 3))
    loss = (y * g).sum()
    assert gradients(derive(loss, [x, y], names={"g": g})) == [
        "∂loss/∂x = Σ over axis 0 of g",
        "∂loss/∂h1 = g",
    ]
    assert "y = x" in lines(derive(loss, names={"g": g, "y": y}))


def test_long_expressions_are_taken_apart() -> None:
    x = y = Tensor(array(3), name="x")
    for i in range(40):
        y = y + i * array(3)
    text = str(derive(y.sum()))
    assert max(map(len, text.splitlines())) <= 100
    assert "u1 = " in " ".join(lines(derive(y.sum())))
    read = read_back(derive(y.sum()), y.sum(), [x], {"x": x})
    np.testing.assert_allclose(read.values["loss"], y.data.sum(), rtol=1e-12)


def test_long_names_stay_whole() -> None:
    """Only what has no name yet is taken apart."""
    x, y = Tensor(array(3), name="a" * 38), Tensor(array(3), name="b" * 38)
    text = lines(derive((x * y * al.sin(x)).sum(), []))
    assert text[1:] == [
        f"u1 = {'a' * 38} ⊙ {'b' * 38}",
        f"loss = Σ u1 ⊙ sin({'a' * 38})",
    ]


def test_deep_graphs() -> None:
    y = Tensor(array(3), name="x")
    for _ in range(3000):
        y = al.sin(y)
    r = on_paper(recorded_terms(y.sum(), None, None, on_paper=True))
    text = _as_text(apart(told(r), r.parts)).splitlines()
    assert text[2999].startswith("  h2999 = sin(h2998)")
    assert text[3000] == "  loss  = Σ sin(h2999)"
    assert text[-2].startswith("  ∂loss/∂x = d_h1 ⊙ cos(x)")
    assert len(text) == 1 + 3000 + 1 + 2999 + 1 + 1 + 1


def test_errors() -> None:
    x = Tensor(array(3), name="x")
    with pytest.raises(ValueError, match="one number is needed"):
        derive(x)
    with pytest.raises(TypeError, match="a Tensor is needed"):
        derive(1.0)
    with pytest.raises(TypeError, match="a Tensor is needed"):
        derive(x.sum(), [array(3)])
