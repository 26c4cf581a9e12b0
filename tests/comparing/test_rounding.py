"""How far rounding may move a gradient: not less than it does, and not much more."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.comparing.rounding import tolerances

RNG = np.random.default_rng(0)


def network(kind, n=8):
    """A loss, its parameters, and how they are made."""
    x, t = RNG.standard_normal((n, 5)).astype(kind), RNG.standard_normal((n, 3)).astype(kind)
    W = Tensor(RNG.standard_normal((5, 3)).astype(kind))
    V = Tensor(RNG.standard_normal((3, 3)).astype(kind))
    return ((np.tanh(x @ W) @ V - t) ** 2).mean(), [W, V], (x, t, W.data, V.data)


def test_what_is_computed_in_another_precision_is_within_it():
    for seed in range(20):
        loss, parameters, (x, t, W, V) = network(np.float32, n=3 + seed)
        a = np.tanh(x.astype(float) @ W)
        d = 2 / t.size * (a @ V - t)
        exact = [x.T @ (d @ V.T * (1 - a * a)), a.T @ d]
        eps = float(np.finfo(np.float32).eps)
        allowed = tolerances(loss, parameters, eps)
        for p, g in zip(parameters, exact):
            error = np.abs(al.grad(loss, p) - g).max()
            assert error < allowed[p] < 1e-4 * np.abs(g).max()


def test_a_gradient_that_cancels_is_less_well_known():
    """(1e6 + w - 1e6)²: six digits of w are lost, and with them those of its gradient."""
    eps = float(np.finfo(float).eps)
    w = Tensor(1.5)
    well, badly = w * w, ((w + 1e6) - 1e6) ** 2
    assert tolerances(well, [w], eps)[w] < 1e-13
    assert 1e-11 < tolerances(badly, [w], eps)[w] < 1e-7


def test_what_was_drawn_stays_drawn():
    rng = np.random.default_rng(0)
    x = Tensor(np.ones(1000))
    loss = al.dropout(x, p=0.5, rng=rng).sum()
    state = rng.bit_generator.state
    assert tolerances(loss, [x], 1e-16)[x] < 1e-13
    assert rng.bit_generator.state == state


@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_moves_nothing():
    x = Tensor([0.0, 1.0])
    with np.errstate(all="ignore"):
        loss = np.log(x).sum()
        assert np.isfinite(tolerances(loss, [x], 1e-16)[x])


def test_a_leaf_that_changed_is_as_it_was_recorded():
    x = Tensor([1.0, 2.0])
    loss = (x * x).sum()
    x.data[:] = 1e9
    assert tolerances(loss, [x], 1e-16)[x] < 1e-13
