"""How terms are written: brackets, numbers, names, and ops, in text and in LaTeX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import array, vectors
from readback import check_latex, gradients, lines

import autograd_lite as al
from autograd_lite import Tensor, derive
from autograd_lite.reading.notation import ADDED, Ink, Page

Array = np.ndarray

NASTY = {
    "layers.0.W": (r"\mathrm{layers}_{0}.W", "layers.0.W"),
    "loss 1": (r"\text{loss 1}", '"loss 1"'),
    "a_b": ("a_{b}", "a_b"),
    "W12": ("W_{12}", "W12"),
    "W_1_2": ("W_{1,2}", "W_1_2"),
    "h_alpha_12": (r"h_{\alpha,12}", "h_alpha_12"),
    "W_out": (r"W_{\mathrm{out}}", "W_out"),
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
    assert 'loss = Σ (W1 + W_1 + "a b" + "a b_2")' in lines(derivation)
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
    "Σ 1 / x": lambda x, y, z, A, B: x**-1,
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
    "Σ x[new]ᵀ": lambda x, y, z, A, B: x[None].T,
    "Σ A[new]ᵀ": lambda x, y, z, A, B: al.swapaxes(A[None], 1, 2),
    "Σ transpose(A[new])": lambda x, y, z, A, B: A[None].T,
    "Σ transpose(A[new], axes=(1, 0, 2))": lambda x, y, z, A, B: al.swapaxes(A[None], 0, 1),
    "Σ x[0:2]": lambda x, y, z, A, B: x[0:2],
    "Σ max(x, −1)": lambda x, y, z, A, B: al.clip(x, min=-1),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_brackets_stand_where_they_are_needed(formula: str) -> None:
    leaves = [*vectors("xyz"), Tensor(array(3, 3), name="A"), Tensor(array(3, 3) + 1, name="B")]
    leaves[1] = Tensor(np.abs(array(3)), name="y")
    y = FORMULAS[formula](*leaves)
    loss = y.sum() if y.ndim else y
    assert lines(derive(loss, [])) == ["Forward", f"loss = {formula}"]


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


def test_numbers_of_single_precision() -> None:
    x = Tensor(array(3).astype(np.float32), name="x")
    derivation = derive((x * 0.1 + 1e-9 * x).sum())
    assert lines(derivation)[1] == "loss = Σ (0.1 x + 1e-09 x)"
    assert r"0.1 \thinspace x + 10^{-9} \thinspace x" in derivation.latex()


def test_a_choice_by_what_is_no_mask_is_no_product() -> None:
    (x,) = vectors("x")
    twos = np.array([2, 0, 2])
    assert lines(derive(al.where(twos, x, 0).sum(), names={"twos": twos})) == [
        *("Forward", "loss = Σ where(twos, x, 0)"),
        *("Gradients", "∂loss/∂x = where(twos, 1, 0)"),
    ]


# Ink --------------------------------------------------------------------------------------------


INK: list[tuple[Any, str, str]] = [
    (lambda p, x, y, s, A, B: -x - y, "−x − y", "-x - y"),
    (lambda p, x, y, s, A, B: -x + y, "y − x", "y - x"),
    (lambda p, x, y, s, A, B: y - -x, "y + x", "y + x"),
    (lambda p, x, y, s, A, B: x - (y - 2), "x − (y − 2)", "x - (y - 2)"),
    (lambda p, x, y, s, A, B: x - (-y - 2), "x − (−y − 2)", "x - (-y - 2)"),
    (lambda p, x, y, s, A, B: 1 - x / 2, "1 − 1/2 x", r"1 - \frac{1}{2} \thinspace x"),
    (lambda p, x, y, s, A, B: x / -2, "−1/2 x", r"-\frac{1}{2} \thinspace x"),
    (lambda p, x, y, s, A, B: x / -y, "−x / y", r"-\frac{x}{y}"),
    (lambda p, x, y, s, A, B: 3 / -y, "−3 / y", r"-\frac{3}{y}"),
    (lambda p, x, y, s, A, B: -3 / y, "−3 / y", r"-\frac{3}{y}"),
    (lambda p, x, y, s, A, B: -3 / -y, "3 / y", r"\frac{3}{y}"),
    (lambda p, x, y, s, A, B: -x / y, "−x / y", r"-\frac{x}{y}"),
    (lambda p, x, y, s, A, B: x / (2 * y), "x / (2 y)", r"\frac{x}{2 \thinspace y}"),
    (lambda p, x, y, s, A, B: (2 * x) / y, "2 x / y", r"2 \thinspace \frac{x}{y}"),
    (lambda p, x, y, s, A, B: (x + y) / y, "(x + y) / y", r"\frac{x + y}{y}"),
    (lambda p, x, y, s, A, B: x / y / y, "(x / y) / y", r"\frac{\frac{x}{y}}{y}"),
    (lambda p, x, y, s, A, B: x / (y / x), "x / (y / x)", r"\frac{x}{\frac{y}{x}}"),
    (lambda p, x, y, s, A, B: x * y / x, "x ⊙ y / x", r"\frac{x \odot y}{x}"),
    (lambda p, x, y, s, A, B: x / (x * y), "x / (x ⊙ y)", r"\frac{x}{x \odot y}"),
    (lambda p, x, y, s, A, B: x * (y / x), "x ⊙ (y / x)", r"x \odot \frac{y}{x}"),
    (lambda p, x, y, s, A, B: x / 0, "x / 0", r"\frac{x}{0}"),
    (lambda p, x, y, s, A, B: x / 0.5, "x / 0.5", r"\frac{x}{0.5}"),
    (
        lambda p, x, y, s, A, B: x / p.ink(-0.25, {-0.25: (-1, 4)}),
        "−4 x",
        r"-4 \thinspace x",
    ),
    (
        lambda p, x, y, s, A, B: x / p.ink(0.75, {0.75: (3, 4)}),
        "4/3 x",
        r"\frac{4}{3} \thinspace x",
    ),
    (lambda p, x, y, s, A, B: 1.5 / x, "1.5 / x", r"\frac{1.5}{x}"),
    (lambda p, x, y, s, A, B: x * 2 / 4 * 3, "3/2 x", r"\frac{3}{2} \thinspace x"),
    (lambda p, x, y, s, A, B: x * 6 / 4, "3/2 x", r"\frac{3}{2} \thinspace x"),
    (lambda p, x, y, s, A, B: x / 3 / 2, "1/6 x", r"\frac{1}{6} \thinspace x"),
    (
        lambda p, x, y, s, A, B: x / 3 * 0.5,
        "1/6 x",
        r"\frac{1}{6} \thinspace x",
    ),
    (lambda p, x, y, s, A, B: 2 * (3 * x) * -1, "−6 x", r"-6 \thinspace x"),
    (lambda p, x, y, s, A, B: 2.5 * x * 2, "5 x", r"5 \thinspace x"),
    (lambda p, x, y, s, A, B: 2 * 3**x, "2 · 3^x", r"2 \cdot 3^{x}"),
    (lambda p, x, y, s, A, B: x**-1, "1 / x", r"\frac{1}{x}"),
    (lambda p, x, y, s, A, B: x**-2, "x⁻²", "x^{-2}"),
    (lambda p, x, y, s, A, B: p.inverse(A.T) @ x, "(Aᵀ)⁻¹ x", r"(A^{\top})^{-1} \thinspace x"),
    (lambda p, x, y, s, A, B: p.ink(1) / 3 / y, "1 / (3 y)", r"\frac{1}{3 \thinspace y}"),
    (lambda p, x, y, s, A, B: 2**0.5 * x, "√(2) x", r"\sqrt{2} \thinspace x"),
    (lambda p, x, y, s, A, B: x**0.5, "x^0.5", "x^{0.5}"),
    (lambda p, x, y, s, A, B: x**y, "x^y", "x^{y}"),
    (lambda p, x, y, s, A, B: x**-y, "x^(−y)", "x^{-y}"),
    (lambda p, x, y, s, A, B: (x * y) ** 2, "(x ⊙ y)²", r"(x \odot y)^{2}"),
    (lambda p, x, y, s, A, B: (-x) ** 2, "(−x)²", "(-x)^{2}"),
    (lambda p, x, y, s, A, B: (2 * x) ** 2, "(2 x)²", r"(2 \thinspace x)^{2}"),
    (lambda p, x, y, s, A, B: -(x**2), "−x²", "-x^{2}"),
    (lambda p, x, y, s, A, B: (x**2) ** y, "(x²)^y", "(x^{2})^{y}"),
    (lambda p, x, y, s, A, B: x * x, "x²", "x^{2}"),
    (lambda p, x, y, s, A, B: (2 * x) * (2 * x), "(2 x)²", r"(2 \thinspace x)^{2}"),
    (lambda p, x, y, s, A, B: (2 * x) * (3 * x), "6 x ⊙ x", r"6 \thinspace x \odot x"),
    (lambda p, x, y, s, A, B: x * s, "x · s", r"x \cdot s"),
    (lambda p, x, y, s, A, B: s * s, "s²", "s^{2}"),
    (lambda p, x, y, s, A, B: x @ y, "x · y", r"x \cdot y"),
    (lambda p, x, y, s, A, B: A @ B, "A B", r"A \thinspace B"),
    (lambda p, x, y, s, A, B: A @ (B @ x), "A (B x)", r"A \thinspace (B \thinspace x)"),
    (lambda p, x, y, s, A, B: A @ B @ x, "A B x", r"A \thinspace B \thinspace x"),
    (lambda p, x, y, s, A, B: A @ (2 * B), "2 A B", r"2 \thinspace A \thinspace B"),
    (lambda p, x, y, s, A, B: -A @ -B, "A B", r"A \thinspace B"),
    (lambda p, x, y, s, A, B: (A * B) @ A, "(A ⊙ B) A", r"(A \odot B) \thinspace A"),
    (lambda p, x, y, s, A, B: A @ (A + B), "A (A + B)", r"A \thinspace (A + B)"),
    (lambda p, x, y, s, A, B: A @ (B / 2), "1/2 A B", r"\frac{1}{2} \thinspace A \thinspace B"),
    (lambda p, x, y, s, A, B: A @ (B / A), "A (B / A)", r"A \thinspace \left(\frac{B}{A}\right)"),
    (lambda p, x, y, s, A, B: (A @ B).T, "(A B)ᵀ", r"(A \thinspace B)^{\top}"),
    (lambda p, x, y, s, A, B: A.T @ A, "Aᵀ A", r"A^{\top} \thinspace A"),
    (lambda p, x, y, s, A, B: (A + B).T, "(A + B)ᵀ", r"(A + B)^{\top}"),
    (lambda p, x, y, s, A, B: (2 * A).T, "2 Aᵀ", r"2 \thinspace A^{\top}"),
    (lambda p, x, y, s, A, B: x @ y.T, "x yᵀ", r"x \thinspace y^{\top}"),
    (lambda p, x, y, s, A, B: A @ (x @ y.T), "A x yᵀ", r"A \thinspace x \thinspace y^{\top}"),
    (lambda p, x, y, s, A, B: x.sum(), "Σ x", r"\sum x"),
    (lambda p, x, y, s, A, B: (2 * x).sum(), "2 Σ x", r"2 \thinspace \sum x"),
    (lambda p, x, y, s, A, B: (-x / 2).sum(), "−1/2 Σ x", r"-\frac{1}{2} \thinspace \sum x"),
    (lambda p, x, y, s, A, B: (x + y).sum(), "Σ (x + y)", r"\sum (x + y)"),
    (lambda p, x, y, s, A, B: (x * y).sum(), "Σ x ⊙ y", r"\sum x \odot y"),
    (lambda p, x, y, s, A, B: (x / y).sum(), "Σ x / y", r"\sum \frac{x}{y}"),
    (
        lambda p, x, y, s, A, B: (x - 1).sum() * x,
        "(Σ (x − 1)) · x",
        r"\left(\sum (x - 1)\right) \cdot x",
    ),
    (lambda p, x, y, s, A, B: x.sum() / y, "(Σ x) / y", r"\frac{\sum x}{y}"),
    (lambda p, x, y, s, A, B: A.sum(0), "Σ over axis 0 of A", r"\sum_{\text{axis 0}} A"),
    (lambda p, x, y, s, A, B: A.sum((1, 0)), "Σ A", r"\sum A"),
    (
        lambda p, x, y, s, A, B: A.sum(1, True),
        "Σ over each row of A",
        r"\sum_{\text{each row}} A",
    ),
    (
        lambda p, x, y, s, A, B: A.sum(None, True),
        "Σ over axes 0, 1, kept, of A",
        r"\sum_{\text{axes 0, 1, kept}} A",
    ),
    (lambda p, x, y, s, A, B: s.sum(), "s", "s"),
    (lambda p, x, y, s, A, B: (2 * x).prod(), "Π 2 x", r"\prod 2 \thinspace x"),
    (lambda p, x, y, s, A, B: (x + y).prod(), "Π (x + y)", r"\prod (x + y)"),
    (lambda p, x, y, s, A, B: x.prod() * x, "(Π x) · x", r"\left(\prod x\right) \cdot x"),
    (lambda p, x, y, s, A, B: A.prod(1), "Π over axis 1 of A", r"\prod_{\text{axis 1}} A"),
    (lambda p, x, y, s, A, B: A[0], "A[0]", r"A[0]"),
    (lambda p, x, y, s, A, B: (A + B)[0, 1:], "(A + B)[0, 1:]", r"(A + B)[0, 1{:}]"),
    (
        lambda p, x, y, s, A, B: (-A)[..., None, ::2],
        "(−A)[…, new, ::2]",
        r"(-A)[\ldots, \mathrm{new}, {:}{:}2]",
    ),
    (lambda p, x, y, s, A, B: p.exp(x) - 1, "exp(x) − 1", "e^{x} - 1"),
    (lambda p, x, y, s, A, B: p.exp(x) ** 2, "(exp(x))²", "(e^{x})^{2}"),
    (lambda p, x, y, s, A, B: -p.log(x / y), "−log(x / y)", r"-\log\left(\frac{x}{y}\right)"),
    (
        lambda p, x, y, s, A, B: p.function("log softmax", x) ** 2,
        "(log softmax(x))²",
        r"(\log \operatorname{softmax}(x))^{2}",
    ),
    (
        lambda p, x, y, s, A, B: p.function("a_b", x, n=(1, -2), on=True),
        "a_b(x, n=(1, −2), on=True)",
        r"\operatorname{a\_b}(x, n = (1, -2), \mathrm{on} = \text{True})",
    ),
    (
        lambda p, x, y, s, A, B: p.function("f", x, a=-0.5, b=np.float32, c=np.zeros(2)),
        "f(x, a=−0.5, b=float32, c=array (2,))",
        r"\operatorname{f}(x, a = -0.5, b = \text{float32}, c = \text{array (2,)})",
    ),
    (
        lambda p, x, y, s, A, B: p.enclosed("abs", x - y) * p.enclosed("norm", x),
        "|x − y| ⊙ ‖x‖",
        r"\left\lvert x - y \right\rvert \odot \left\lVert x \right\rVert",
    ),
    (lambda p, x, y, s, A, B: p.enclosed("sqrt", x / y), "√(x / y)", r"\sqrt{\frac{x}{y}}"),
    (
        lambda p, x, y, s, A, B: p.indicator(x, "≥", y + 1) * x,
        "[x ≥ y + 1] ⊙ x",
        r"\mathbf{1}[x \ge y + 1] \odot x",
    ),
    (lambda p, x, y, s, A, B: p.indicator("not", x), "[not x]", r"\mathbf{1}[\lnot x]"),
    (lambda p, x, y, s, A, B: p.joined(x, "&", 5) + 1, "(x & 5) + 1", r"(x \mathbin{\&} 5) + 1"),
    (lambda p, x, y, s, A, B: p.joined("~", x) * 2, "2 (~ x)", r"2 \thinspace (\sim x)"),
    (
        lambda p, x, y, s, A, B: p.choice(p.indicator(x, ">", 0), x, p.ink(0)),
        "x ⊙ [x > 0]",
        r"x \odot \mathbf{1}[x > 0]",
    ),
    (
        lambda p, x, y, s, A, B: p.choice(p.indicator(x, ">", 0), p.ink(0), x),
        "x ⊙ (1 − [x > 0])",
        r"x \odot (1 - \mathbf{1}[x > 0])",
    ),
    (lambda p, x, y, s, A, B: 1e-9 * x, "1e-09 x", r"10^{-9} \thinspace x"),
    (lambda p, x, y, s, A, B: 12345.5 * x, "12345.5 x", r"12345.5 \thinspace x"),
    (lambda p, x, y, s, A, B: 0.1 * x - np.inf, "0.1 x − ∞", r"0.1 \thinspace x - \infty"),
    (lambda p, x, y, s, A, B: x + np.nan, "x + NaN", r"x + \mathrm{NaN}"),
    (lambda p, x, y, s, A, B: np.float32(0.1) * x, "0.1 x", r"0.1 \thinspace x"),
    (lambda p, x, y, s, A, B: p.ink(2.0) + 3, "2 + 3", "2 + 3"),
    (
        lambda p, x, y, s, A, B: p.ink(0.25, {0.25: (1, 4)}) * x + p.ink(-0.25, {-0.25: (-1, 4)}),
        "1/4 x − 1/4",
        r"\frac{1}{4} \thinspace x - \frac{1}{4}",
    ),
    (lambda p, x, y, s, A, B: x + p.ink(0.5, {0.5: (1, 2)}), "x + 1/2", r"x + \frac{1}{2}"),
    (lambda p, x, y, s, A, B: x ** p.ink(0.5, {0.5: (1, 2)}), "x^(1/2)", r"x^{\frac{1}{2}}"),
    (lambda p, x, y, s, A, B: -x @ y, "−x · y", r"-x \cdot y"),
    (lambda p, x, y, s, A, B: 1 / (1 + p.exp(-x)), "1 / (1 + exp(−x))", r"\frac{1}{1 + e^{-x}}"),
    (lambda p, x, y, s, A, B: np.float64(2) * x, "2 x", r"2 \thinspace x"),
]


@pytest.mark.parametrize(("formula", "text", "latex"), INK)
def test_ink_computes_and_is_written(formula: Any, text: str, latex: str) -> None:
    for page, wanted in ((Page(latex=False), text), (Page(latex=True), latex)):
        x, y, s = (Ink(page, name, shape=(3,) * (name != "s")) for name in "xys")
        A, B = (Ink(page, name, shape=(3, 3)) for name in "AB")
        assert formula(page, x, y, s, A, B).whole() == wanted


def test_long_names_are_cut() -> None:
    for n, shown in ((40, "a" * 40), (41, f"{'a' * 39}…")):
        (row,) = [r for r in lines(derive(Tensor(array(3), "a" * n).sum(), [])) if "Σ" in r]
        assert row == f"loss = Σ {shown}" or row == f'loss = Σ "{shown}"'


def test_ink_knows_its_shape() -> None:
    """Where an op's form computes with what it has put together, that has a shape, too."""
    p = Page(latex=False)
    A, x, y = Ink(p, "A", shape=(2, 3)), Ink(p, "x", shape=(3,)), Ink(p, "y", shape=(2,))
    shapes = {
        (2, 3): [A + x, A * 2, 1 / A, A**2, -A, p.exp(A), p.indicator(A, ">", x), y @ x.T],
        (3, 2): [A.T],
        (2,): [A @ x, A.sum(1), y * 2, p.joined(y, "&", 1)],
        (3,): [y @ A, A.sum(0), A.prod(-2), p.log(x), p.enclosed("abs", x)],
        (): [x @ x, A.sum(), x.prod()],
        (2, 2): [A @ A.T],
        (2, 3, 4): [p.onehot(A, 4)],
    }
    for shape, inks in shapes.items():
        assert [ink.shape for ink in inks] == [shape] * len(inks)
    assert (A.ndim, A.size, x.size) == (2, 6, 3)
    assert p.indicator(x, "=", x).dtype == bool


def test_what_an_op_says_of_paper() -> None:
    @al.primitive(symbol="⊗")
    def kron(a: Array, b: Array) -> Array:
        return np.kron(a, b)

    @al.primitive(symbol="⊗")
    def scaled(a: Array, b: Array, *, by: float = 1) -> Array:
        return by * np.kron(a, b)

    @al.primitive(symbol="≪", elementwise=True)
    def far_less(a: Array, b: Array) -> Array:
        return 100 * a < b

    @al.primitive(symbol="∿")
    def wave(x: Array) -> Array:
        return np.sin(x)

    @al.primitive(paper=lambda p, x, y, **given: x / (1 + y) if not given else None, symbol="⊘")
    def share(x: Array, y: Array, *, keepdims: bool = False, rng: Any = None) -> Array:
        return x / (1 + y)

    x, y = vectors("xy")
    rng = np.random.default_rng(0)
    for loss, text in (
        (kron(x, y).sum(), "Σ (x ⊗ y)"),
        (scaled(x, y, by=2).sum(), "Σ scaled(x, y, by=2)"),
        ((x * far_less(x + 1, y)).sum(), "Σ x ⊙ [x + 1 ≪ y]"),
        (wave(x + 1).sum(), "Σ wave(x + 1)"),
        (share(x, y).sum(), "Σ x / (1 + y)"),
        (share(x, y, rng=rng).sum(), "Σ u1"),
    ):
        assert f"loss = {text}" in lines(derive(loss, []))
    assert "u1 = share(x, y)" in lines(derive(share(x, y, rng=rng).sum(), []))
    latex = derive(kron(x, y).sum(), []).latex()
    assert r"\sum (x \mathbin{\text{⊗}} y)" in latex
    check_latex(latex)


def test_a_sum_that_begins_with_a_minus_is_added_without_two_signs() -> None:
    for latex, wanted in ((False, "a − b − c"), (True, "a - b - c")):
        page = Page(latex)
        a, b, c = (Ink(page, name) for name in "abc")
        inner = Ink(page, (-b - c).whole(), ADDED)
        assert (a + inner).whole() == wanted
