"""How terms are written: brackets, numbers, names, and ops, in text and in LaTeX."""

from __future__ import annotations

import numpy as np
import pytest
from programs import array, vectors
from readback import check_latex, gradients, lines

import autograd_lite as al
from autograd_lite import Tensor, derive

Array = np.ndarray

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
    derivation = derive((x * np.float32(0.1) + 1e-9 * x).sum())
    assert lines(derivation)[1] == "loss = Σ (0.1 x + 1e-09 x)"
    assert r"0.1 \thinspace x + 10^{-9} \thinspace x" in derivation.latex()


def test_a_choice_by_what_is_no_mask_is_no_product() -> None:
    (x,) = vectors("x")
    twos = np.array([2, 0, 2])
    assert lines(derive(al.where(twos, x, 0).sum(), names={"twos": twos})) == [
        *("Forward", "loss = Σ where(twos, x, 0)"),
        *("Gradients", "∂loss/∂x = where(twos, 1, 0)"),
    ]
