"""Matrix products in all shapes, and lengths."""

from __future__ import annotations

import numpy as np
import pytest
from test_ops import close, gradients

import autograd_lite as al
from autograd_lite import Tensor, grad


def test_the_derivative_of_a_length_at_zero_is_zero() -> None:
    x = Tensor([[0.0, 0.0], [3.0, 4.0]])
    assert gradients(al.norm(x, axis=1), x, g=np.array([7.0, 5.0])) == [[[0, 0], [3, 4]]]


def test_dot_of_more_axes_than_it_has() -> None:
    """np.dot and matmul differ there: one of them must not pass for the other."""
    x, b = Tensor(np.ones((2, 3))), np.arange(12.0).reshape(2, 3, 2)
    for compute in (np.dot, al.dot):
        with pytest.raises(ValueError, match=r"\(2, 3, 2\); at most two axes"):
            compute(x, b)


SIDES = [(3,), (2, 3), (1, 3), (0, 3), (4, 2, 3), (1, 2, 3), (5, 1, 2, 3)]
OTHERS = [(3,), (3, 2), (3, 1), (3, 0), (4, 3, 2), (1, 3, 2), (5, 4, 3, 2)]


@pytest.mark.parametrize("right", OTHERS)
@pytest.mark.parametrize("left", SIDES)
def test_products_of_all_shapes(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Values and gradients are Einstein's sums, whatever is a vector, a matrix or a batch."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    i, j = "i" * (a.ndim > 1), "j" * (b.ndim > 1)
    batch = np.broadcast_shapes(left[:-2], right[:-2])
    A = np.broadcast_to(a, (*batch, *left[-2:])) if i else a
    B = np.broadcast_to(b, (*batch, *right[-2:])) if j else b
    ins = f"{'...' if i else ''}{i}k,{'...' if j else ''}k{j}"
    out = f"{'...' if i or j else ''}{i}{j}"
    x, w = Tensor(a), Tensor(b)
    for y in (x @ w, np.matmul(x, w), a @ w, x @ b):
        wanted = np.einsum(f"{ins}->{out}", A, B)
        close(y.data, wanted, 1e-13)
    y = x @ w
    g = rng.standard_normal(y.shape)
    G = g.reshape((*batch, *g.shape[g.ndim - len(i + j) :]))
    ga = np.einsum(f"...{i}{j},{ins.split(',')[1]}->...{i}k", G, B)
    gb = np.einsum(f"{ins.split(',')[0]},...{i}{j}->...k{j}", A, G)
    for got, whole, leaf in zip(grad(y, [x, w], g), (ga, gb), (x, w)):
        lead = whole.ndim - leaf.ndim
        summed = whole.sum(axis=tuple(range(lead)))
        axes = tuple(k for k, n in enumerate(leaf.shape) if n == 1 != summed.shape[k])
        close(got, summed.sum(axis=axes, keepdims=True), 1e-13)
    np.testing.assert_array_equal(grad(a @ w, w, g), grad(y, w, g))
    np.testing.assert_array_equal(grad(x @ b, x, g), grad(y, x, g))


@pytest.mark.parametrize("right", [(), (3,), (0,), (2, 2), (1, 1, 2)])
@pytest.mark.parametrize("left", [(), (2,), (0,), (2, 3), (2, 1, 2)])
def test_an_outer_product_of_any_shapes(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    x, w = Tensor(a), Tensor(b)
    y = al.outer(x, w)
    table = np.array([p * q for p in a.flat for q in b.flat]).reshape(a.size, b.size)
    close(y.data, table, 1e-15)
    g = rng.standard_normal(y.shape)
    for recorded in (False, True):
        ga, gb = grad(y, [x, w], g, create_graph=recorded)
        close(np.asarray(getattr(ga, "data", ga)), (g * b.ravel()).sum(1).reshape(left), 1e-14)
        close(np.asarray(getattr(gb, "data", gb)), (g.T * a.ravel()).sum(1).reshape(right), 1e-14)


def test_a_singular_matrix_is_numpys_error() -> None:
    x = Tensor(np.ones((2, 2)), name="x")
    for compute in (lambda: al.inv(x), lambda: np.linalg.solve(x, [1.0, 2.0])):
        with pytest.raises(np.linalg.LinAlgError, match=r"got x \(2, 2\) float64.*Singular matrix"):
            compute()
    assert np.linalg.det(x).item() == 0


def test_einsum_needs_its_subscripts_first() -> None:
    x = Tensor(np.ones((2, 2)), name="x")
    with pytest.raises(TypeError, match=r"einsum got x .*; the subscripts are needed.*; write"):
        np.einsum(x, [0, 1], [0])
    with pytest.raises(TypeError, match="a new value is needed"):
        np.einsum("ij->i", x, out=np.zeros(2))
