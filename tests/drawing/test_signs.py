"""How a vertex says what is done to the values that its edges bring."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.drawing.signs import Sign, is_number, sign

A, B, C = (Tensor(np.full((2, 2), float(i)), name=n) for i, n in enumerate("abc", 1))
T = Tensor(np.ones((2, 3, 4)))


def said(y, names=None):
    """The sign, where the inputs have their own names, or these."""
    return sign(y, lambda i: names[i] if names else getattr(y.inputs[i], "name", None))


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (A - B, "a − b"),
        (B - A, "b − a"),
        (1 - A, "1 − ·"),
        (A - 1, "· − 1"),
        (-A, "−·"),
        (A - A, "−"),  # which −A is not
        (A / B, "a / b"),
        (2 / A, "2 / ·"),
        (A / 2, "1/2 ·"),
        (A**B, "a^b"),
        (A**2, "·²"),
        (2**A, "2^·"),
        (A + B, "+"),
        (A + 2, "· + 2"),
        (A * B, "⊙"),
        (A * 2, "2 ·"),
        (A[0, 0] * B[0, 0], "*"),
        (al.maximum(A, B), "max(·, ·)"),
        (A @ B, "a @ b"),
        (B @ A, "b @ a"),
        (A > B, "[a > b]"),
        (A > 0, "[· > 0]"),
        (al.where(A > B, A, B), "where(·, a, b)"),
        (al.relu(A), "relu"),
        (al.sigmoid(A), "σ"),
        (A.sum(), "Σ"),
        (A.T, "·ᵀ"),
        (A[0:2], "·[0:2]"),
        (A[:, 0], "·[:, 0]"),
        (A[1], "·[1]"),
        (al.mse(A, B), "1/4 Σ (a − b)²"),
    ],
)
def test_an_op_is_written_as_on_paper(y, text):
    assert said(y) == Sign(text)


@pytest.mark.parametrize(
    ("y", "found"),
    [
        (A - B, Sign("① − ②", ("①", "②"))),
        (A @ B, Sign("① @ ②", ("①", "②"))),
        (A + B, Sign("+")),
        (al.where(A > B, A, B), Sign("where(①, ②, ③)", ("①", "②", "③"))),
        (1 - A, Sign("1 − ·")),
    ],
)
def test_without_names_inputs_have_numbers(y, found):
    assert sign(y, lambda i: None) == found


def test_one_name_tells_which_the_other_is():
    assert said(A - B, ["a", None]) == Sign("a − ·")
    assert said(A - B, [None, "b"]) == Sign("· − b")


def test_a_part_of_a_sum_has_brackets():
    assert said(A @ B, ["1 − t", "W"]).text == "(1 − t) @ W"
    assert said(A - B, ["a", "−b"]).text == "a − (−b)"


def test_a_long_sign_is_the_name_of_the_op():
    many = al.concatenate([A[i % 2] for i in range(12)])
    assert sign(many, lambda i: None) == Sign("concatenate")
    two = al.concatenate([A, B], axis=1)
    assert said(two).text == "concatenate"
    assert said(two).places == ("①", "②")
    assert said(A - B, ["a" * 30, "b"]) == Sign("① − ②", ("①", "②"))


def test_parameters_are_a_part_of_it():
    texts = [
        said(y).text
        for y in (T.sum(axis=0), T.sum(axis=(0, 2)), T.var(ddof=1, axis=-1), T.reshape(24))
    ]
    assert len(set(texts)) == 4
    assert all(any(c.isdigit() for c in text) for text in texts)
    assert said(T.sum(axis=0, keepdims=True)).text == texts[0]  # its shape says that


def test_an_op_of_the_users_own():
    @al.primitive(lambda g, y, x, z: g, lambda g, y, x, z: g, elementwise=True)
    def of_arrays(x, z):
        return x.reshape(x.shape) * z

    @al.primitive(lambda g, y, x, *, mode: g, symbol="<>")
    def odd(x, *, mode):
        return x * 1

    assert "of_arrays" in said(of_arrays(A, B)).text  # which fails of plain numbers
    assert said(odd(A, mode="<b>")).text == "odd(·, mode=<b>)"


def test_what_stands_for_itself():
    assert is_number(2.5, 2.5)
    assert is_number(np.float32(2), np.float32(2))
    assert not is_number(np.ones(1), np.ones(1))
    assert not is_number(Tensor(1.0), np.float64(1))


def test_squeezing_a_number():
    assert said(al.squeeze(Tensor(1.0))).text == "·"
