"""derive: the four articles word for word, and every op's derivation read back as mathematics."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import PROGRAMS, run
from readback import NOTE, Reader, lines, text_of
from rows import ROWS
from test_articles import a, b, c, d

import autograd_lite as al
import nn
from autograd_lite import Tensor, derive

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
  d_a = ∂C/∂a = 2/100 (a − y)      (100,)
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
  d_a2 = ∂loss/∂a2 = 2/150 (a2 − t)        (15, 10)
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
            ("d_{a_{2}} = SLOPE{a_{2}}", r"\frac{2}{150} \thinspace (a_{2} - t)", "15 10"),
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
    values = {**al.source(loss, wrt, names=names).constants, **values}
    read = Reader(str(derivation), values, classes)
    again = Reader(text_of(derivation.latex()), values, classes)
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
    where = text.index("Gradients")
    for i in range(len(leaves)):
        assert text[where + 1 + i].startswith(f"∂loss/∂x{i} = ")
        assert rf"\frac{{\partial \mathrm{{loss}}}}{{\partial x_{{{i}}}}} &= " in latex
    check_latex(latex)


# What is drawn cannot be read back, nor an array that is a static parameter; a guard is unwritten.
UNREAD = {"dropout", "dropout_mask", "clip-3", "guarded"}


@pytest.mark.parametrize("name", [n for n, r in ROWS.items() if not {n, r.op} & UNREAD])
def test_the_text_computes_the_gradient(name: str) -> None:
    reads_back(*recorded(ROWS[name]), classes=4 if ROWS[name].op == "one_hot" else 3)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_text_of_a_program_computes_its_gradients(name: str) -> None:
    reads_back(*run(name))


def check_latex(latex: str) -> None:
    """What a renderer stumbles over: brackets, environments, bare special characters."""
    for row in latex.split(" \\\\\n"):
        bare = re.sub(r"\\([A-Za-z]+|.)", " ", row)
        assert not set("$%#~") & set(bare), row
        assert bare.count("&") in (0, 1, 3), row
        assert not re.search(r"[_^](?!\{)", bare), row
        depth = 0
        for bracket in re.findall("[{}]", bare):
            depth += 1 if bracket == "{" else -1
            assert depth >= 0, row
        assert depth == 0, row
        assert row.count(r"\left") == row.count(r"\right"), row
    assert re.findall(r"\\(begin|end)\{(\w+)\}", latex) == [
        ("begin", "gathered"),
        ("begin", "aligned"),
        ("end", "aligned"),
        ("end", "gathered"),
    ]


# Names, numbers, brackets -----------------------------------------------------------------------


def array(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape)


def vectors(names: str) -> list[Tensor]:
    return [Tensor(array(3), name=name) for name in names]


def test_names() -> None:
    """A Tensor's own name goes first, then `names`, then short ones."""
    W, b = Tensor(array(3, 2), name="own"), Tensor(array(2))
    X = array(5, 3)
    names = {"W": W, "b": b, "X": X, "_hidden": X}
    assert lines(derive(al.tanh(X @ W + b).sum().named("L"), names=names)) == [
        "Forward",
        "z1 = X own + b",
        "a1 = tanh(z1)",
        "L = Σ a1",
        "Backward",
        "d_a1 = ∂L/∂a1 = 1",
        "d_z1 = ∂L/∂z1 = 1 − a1²",
        "Gradients",
        "∂L/∂own = Xᵀ d_z1",
        "∂L/∂b = Σ over axis 0 of d_z1",
    ]
    x, w = array(3), Tensor(array(3))
    assert lines(derive((x * w).sum())) == [
        *("Forward", "loss = Σ c1 ⊙ p1"),
        *("Gradients", "∂loss/∂p1 = c1"),
    ]


def test_the_parameters_of_a_model_have_their_names() -> None:
    model = nn.MLP([3, 2, 1], output="sigmoid", rng=0)
    x, t = array(5, 3), np.zeros((5, 1))
    text = lines(derive(nn.mse(model(x), t), names={"x": x, "t": t}))
    assert [row.split(" = ")[0] for row in text[text.index("Gradients") + 1 :]] == [
        *("∂loss/∂W1", "∂loss/∂b1", "∂loss/∂W2", "∂loss/∂b2")
    ]


NASTY = {
    "layers.0.W": (r"\text{layers.0.W}", "layers.0.W"),
    "loss 1": (r"\text{loss 1}", '"loss 1"'),
    "a_b": ("a_{b}", "a_b"),
    "W12": ("W_{12}", "W12"),
    "W_1_2": ("W_{1,2}", "W_1_2"),
    "weights": (r"\mathrm{weights}", "weights"),
    "alpha": (r"\alpha", "alpha"),
    "λ": ("λ", "λ"),
    "two\nlines\t": (r"\text{two lines}", '"two lines"'),
    r"\end{aligned}": (r"{\backslash}\text{end}\{\text{aligned}\}", r'"\end{aligned}"'),
    "50% & $_^~#{}": (
        r"\text{50}\%\text{ }\&\text{ }\$\_\hat{\ }{\sim}\#\{\}",
        '"50% & $_^~#{}"',
    ),
    "<b>": (r"{\lt}\text{b}{\gt}", '"<b>"'),
    "7": (r"\text{7}", '"7"'),
    "重み": (r"\text{重み}", "重み"),
    " ": (r"\_", "_"),
}


@pytest.mark.parametrize("name", NASTY)
def test_any_name_is_written_safely(name: str) -> None:
    x = Tensor(array(3), name=name)
    derivation = derive((x * x).sum())
    latex, text = NASTY[name]
    assert f"loss = Σ {text}²" in lines(derivation)
    assert rf"\mathrm{{loss}} &= \sum {latex}^{{2}} \\" in derivation.latex()
    check_latex(derivation.latex())


def test_names_that_look_alike_are_told_apart() -> None:
    xs = [Tensor(array(3), name=name) for name in ("W1", "W_1", "a b", "a\nb")]
    derivation = derive((xs[0] + xs[1] + xs[2] + xs[3]).sum())
    assert 'h1 = W1 + W_1 + "a b" + "a b_2"' in lines(derivation)
    latex = r"W_{1} + \text{W}\_\text{1} + \text{a b} + \text{a b}\_\text{2}"
    assert latex in derivation.latex()
    check_latex(derivation.latex())


FORMULAS = {
    "Σ (x + y − z)": lambda x, y, z, A, B: x + y - z,
    "Σ (x − (y − z))": lambda x, y, z, A, B: x - (y - z),
    "Σ (x ⊙ y + z)": lambda x, y, z, A, B: -x * -y - -z,
    "Σ (y − x)": lambda x, y, z, A, B: -x + y,
    "−Σ x ⊙ (y + z)": lambda x, y, z, A, B: -(x * (y + z)),
    "Σ x ⊙ (y / z)": lambda x, y, z, A, B: x * (y / z),
    "Σ x ⊙ y / z": lambda x, y, z, A, B: x * y / z,
    "Σ x / (y ⊙ z)": lambda x, y, z, A, B: x / (y * z),
    "Σ (x / y)²": lambda x, y, z, A, B: (x / y) ** 2,
    "Σ (−x)³": lambda x, y, z, A, B: (-x) ** 3,
    "Σ x⁻¹": lambda x, y, z, A, B: x**-1,
    "Σ 2^x": lambda x, y, z, A, B: 2**x,
    "6 Σ x": lambda x, y, z, A, B: 2 * (x * 3.0) * 1,
    "1/6 Σ x": lambda x, y, z, A, B: x / 2 / 3,
    "Σ (exp(x))²": lambda x, y, z, A, B: al.exp(x) ** 2,
    "Σ |x| ⊙ √(y)": lambda x, y, z, A, B: al.abs(x) * al.sqrt(y),
    "Σ [x ≥ y] ⊙ z": lambda x, y, z, A, B: (x >= y) * z,
    "Σ x ⊙ [y > 0]": lambda x, y, z, A, B: al.where(y > 0, x, 0),
    "Σ (A B)ᵀ": lambda x, y, z, A, B: (A @ B).T,
    "Σ A B": lambda x, y, z, A, B: A.T.T @ B,
    "Σ A (B ⊙ A)": lambda x, y, z, A, B: A @ (B * A),
    "Σ (A B) ⊙ A": lambda x, y, z, A, B: (A @ B) * A,
    "Σ A (B x)": lambda x, y, z, A, B: A @ (B @ x),
    "x · y": lambda x, y, z, A, B: x @ y,
    "(A x) · y": lambda x, y, z, A, B: (A @ x) @ y,
    "1/3 Σ x": lambda x, y, z, A, B: x.mean(),
    "1/3 Σ (Σ over axis 0 of A)²": lambda x, y, z, A, B: (A.sum(axis=0) ** 2).mean(),
    "Σ (Σ over axis 1 of A) ⊙ x": lambda x, y, z, A, B: A.sum(axis=1) * x,
    "‖x‖": lambda x, y, z, A, B: al.norm(x),
    "Σ x[0:2]": lambda x, y, z, A, B: x[0:2],
    "Σ clip(x, low=−1, high=None)": lambda x, y, z, A, B: al.clip(x, min=-1),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_brackets_stand_where_they_are_needed(formula: str) -> None:
    leaves = [*vectors("xyz"), Tensor(array(3, 3), name="A"), Tensor(array(3, 3) + 1, name="B")]
    leaves[1] = Tensor(np.abs(array(3)), name="y")
    y = FORMULAS[formula](*leaves)
    loss = y.sum() if y.ndim else y
    assert lines(derive(loss, [])) == ["Forward", f"loss = {formula}"]


def test_what_is_used_twice_has_a_name() -> None:
    x, y = vectors("xy")
    assert lines(derive((al.maximum(x, y) * al.log(x * x + 2)).sum())) == [
        "Forward",
        "h1 = max(x, y)",
        "h2 = x² + 2",
        "h3 = log(h2)",
        "loss = Σ h1 ⊙ h3",
        "Backward",
        "∂loss/∂h1 = h3",
        "∂loss/∂h3 = h1",
        "d_h2 = ∂loss/∂h2 = h1 / h2",
        "u1 = 1/2 h3 ⊙ [x = y]",
        "Gradients",
        "∂loss/∂x = 2 d_h2 ⊙ x + h3 ⊙ [x > y] + u1",
        "∂loss/∂y = h3 ⊙ [y > x] + u1",
    ]


def test_what_was_computed_twice_has_one_line_and_no_part_of_its_cotangent() -> None:
    (x,) = vectors("x")
    y = al.sin(x).named("y") * al.sin(x)
    assert lines(derive((y * x).sum(), names={})) == [
        "Forward",
        "y = sin(x)",
        "h1 = y²",
        "loss = Σ h1 ⊙ x",
        "Backward",
        "∂loss/∂h1 = x",
        "u1 = x ⊙ y ⊙ cos(x)",
        "Gradients",
        "∂loss/∂x = h1 + u1 + u1",
    ]


def test_what_stands_between_loss_and_leaves_has_its_cotangent() -> None:
    """Also the one that no gradient is written with."""
    x, y = vectors("xy")
    z = (2 * x).named("z")
    loss = (3 * z + z.sum() * y).sum()
    read = read_back(derive(loss), loss, [x, y], {"x": x, "y": y})
    np.testing.assert_allclose(read.slopes["z"], al.grad(loss, z), rtol=1e-12)
    np.testing.assert_allclose(read.slopes["x"], al.grad(loss, x), rtol=1e-12)
    np.testing.assert_allclose(read.slopes["y"], al.grad(loss, y), rtol=1e-12)


def gradients(derivation: Any) -> list[str]:
    text = lines(derivation)
    return text[text.index("Gradients") + 1 :]


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


def test_tensors_without_names() -> None:
    x, unused = Tensor(array(3)), Tensor(array(2))
    h = x * 2
    assert gradients(derive(al.sin(h).sum(), [unused, h])) == [
        "∂loss/∂p2 = 0",
        "∂loss/∂h1 = cos(h1)",
    ]


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
        "∂loss/∂z = 1/5 (softmax(z) ⊙ (Σ over axis 1, kept, of p) − p)"
    ]
    q = np.abs(array(5, 3))
    assert lines(derive(al.bce_with_logits(z, q), names={"q": q}))[1] == (
        "loss = −1/15 Σ (q ⊙ log(σ(z)) + (1 − q) ⊙ log(1 − σ(z)))"
    )


def test_an_op_of_the_user() -> None:
    @al.primitive(lambda g, y, x, *, name, by: g * by, name="my_scale%")
    def scale(x: Array, *, name: str = "same", by: float) -> Array:
        return x * by

    (x,) = vectors("x")
    derivation = derive(scale(x, by=3).sum())
    assert lines(derivation)[1] == "loss = Σ my_scale%(x, by=3)"
    assert gradients(derivation) == ["∂loss/∂x = 3"]
    assert r"\operatorname{\text{my}\_\text{scale}\%}(x, \mathrm{by} = 3)" in derivation.latex()
    check_latex(derivation.latex())


def test_a_gradient_can_be_derived_again() -> None:
    (x,) = vectors("x")
    loss = al.grad((x**3).sum(), x, create_graph=True).sum()
    read = read_back(derive(loss), loss, [x], {"x": x})
    np.testing.assert_allclose(read.slopes["x"], 6 * x.data, rtol=1e-12)


def test_a_choice_by_what_is_no_mask_is_no_product() -> None:
    (x,) = vectors("x")
    twos = np.array([2, 0, 2])
    assert lines(derive(al.where(twos, x, 0).sum(), names={"twos": twos})) == [
        *("Forward", "loss = Σ where(twos, x, 0)"),
        *("Gradients", "∂loss/∂x = where(twos, 1, 0)"),
    ]


def test_a_named_value_that_is_only_repeated_has_its_line() -> None:
    (x,) = vectors("x")
    g = array(4, 3)
    y = al.broadcast_to(x, (4, 3))
    loss = (y * g).sum()
    assert gradients(derive(loss, [x, y], names={"g": g})) == [
        "∂loss/∂x = Σ over axis 0 of g",
        "∂loss/∂h1 = g",
    ]
    assert "y = broadcast(x, 4×3)" in lines(derive(loss, names={"g": g, "y": y}))


def test_numbers_of_single_precision() -> None:
    x = Tensor(array(3).astype(np.float32), name="x")
    derivation = derive((x * np.float32(0.1) + 1e-9 * x).sum())
    assert lines(derivation)[1] == "loss = Σ (0.1 x + 1e-09 x)"
    assert r"0.1 \thinspace x + 10^{-9} \thinspace x" in derivation.latex()


def test_long_expressions_are_taken_apart() -> None:
    x = y = Tensor(array(3), name="x")
    for i in range(40):
        y = y + i * array(3)
    text = str(derive(y.sum()))
    assert max(map(len, text.splitlines())) <= 100
    assert "u1 = " in " ".join(lines(derive(y.sum())))
    read = read_back(derive(y.sum()), y.sum(), [x], {"x": x})
    np.testing.assert_allclose(read.values["loss"], y.data.sum(), rtol=1e-12)


def test_deep_graphs() -> None:
    y = Tensor(array(3), name="x")
    for _ in range(3000):
        y = al.sin(y)
    text = lines(derive(y.sum()))
    assert text[2999:3001] == ["h2999 = sin(h2998)", "loss = Σ sin(h2999)"]
    assert text[-1] == "∂loss/∂x = d_h1 ⊙ cos(x)"
    assert len(text) == 1 + 3000 + 1 + 2999 + 1 + 1


def test_errors() -> None:
    x = Tensor(array(3), name="x")
    with pytest.raises(ValueError, match="one number is needed"):
        derive(x)
    with pytest.raises(TypeError, match="a Tensor is needed"):
        derive(1.0)
    with pytest.raises(TypeError, match="a Tensor is needed"):
        derive(x.sum(), [array(3)])
