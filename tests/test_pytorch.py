"""The same expressions in PyTorch, in float64, where it is installed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor, grad

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch")

F = torch.nn.functional
_rng = np.random.default_rng(11)


def real(*shape: int) -> np.ndarray:
    return np.asarray(_rng.standard_normal(shape))


def positive(*shape: int) -> np.ndarray:
    return 0.5 + np.asarray(_rng.random(shape))


TIES = np.array([[2.0, 5.0, 5.0], [5.0, 1.0, 1.0]])
KINKS = np.array([-1.0, 0.0, 2.0])
MASK = np.array([[True, False, True]])
AGAIN = np.array([0, 2, 2, 0])
CLASSES = np.array([2, 0, 1, 1])
PROBABILITIES = _rng.dirichlet(np.ones(3), 4)

# name: this project's expression, PyTorch's, the inputs
TABLE: dict[str, tuple[Any, Any, list[np.ndarray]]] = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, [real(2, 3), real(3)]),
    "subtract": (lambda a, b: a - b, lambda a, b: a - b, [real(2, 1), real(1, 3)]),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b, [real(), real(2, 3)]),
    "divide": (lambda a, b: a / b, lambda a, b: a / b, [real(2, 3), positive(2, 1)]),
    "power": (lambda a, b: a**b, lambda a, b: a**b, [positive(2, 3), real(3)]),
    "power of zero": (lambda a: a**2, lambda a: a**2, [KINKS]),
    "zeroth power of zero": (lambda a: a**0, lambda a: a**0, [KINKS]),
    "matmul": (lambda a, b: a @ b, lambda a, b: a @ b, [real(2, 3), real(3, 4)]),
    "matmul of a vector": (lambda a, b: a @ b, lambda a, b: a @ b, [real(3), real(2, 3, 4)]),
    "matmul of batches": (
        lambda a, b: a @ b,
        lambda a, b: a @ b,
        [real(5, 1, 2, 3), real(4, 3, 2)],
    ),
    "exp": (al.exp, torch.exp, [real(4)]),
    "log": (al.log, torch.log, [positive(4)]),
    "log1p": (al.log1p, torch.log1p, [positive(4)]),
    "expm1": (al.expm1, torch.expm1, [real(4)]),
    "sqrt": (al.sqrt, torch.sqrt, [positive(4)]),
    "sin": (al.sin, torch.sin, [real(4)]),
    "cos": (al.cos, torch.cos, [real(4)]),
    "tanh": (al.tanh, torch.tanh, [real(4)]),
    "sigmoid": (al.sigmoid, torch.sigmoid, [10 * real(4)]),
    "softplus": (al.softplus, lambda x: F.softplus(x, threshold=800), [10 * real(4)]),
    "relu at its kink": (al.relu, torch.relu, [KINKS]),
    "abs at its kink": (al.abs, torch.abs, [KINKS]),
    "sign": (lambda x: al.sign(x) * x, lambda x: torch.sign(x) * x, [KINKS]),
    "maximum, tied": (al.maximum, torch.maximum, [TIES, TIES[:, ::-1].copy()]),
    "minimum, tied": (al.minimum, torch.minimum, [TIES, TIES[:, ::-1].copy()]),
    "clip at its limits": (
        lambda x: al.clip(x, -1, 2),
        lambda x: torch.clamp(x, -1, 2),
        [np.array([-2.0, -1.0, 0.0, 2.0, 3.0])],
    ),
    "where": (
        lambda a, b: al.where(MASK, a, b),
        lambda a, b: torch.where(torch.tensor(MASK), a, b),
        [real(2, 3), real(1)],
    ),
    "sum": (lambda x: x.sum(axis=(0, 2)), lambda x: x.sum(dim=(0, 2)), [real(2, 3, 4)]),
    "mean": (lambda x: x.mean(axis=-1), lambda x: x.mean(dim=-1), [real(2, 3, 4)]),
    "var": (lambda x: x.var(axis=1, ddof=1), lambda x: x.var(dim=1), [real(3, 4)]),
    "std": (lambda x: x.std(), lambda x: x.std(correction=0), [real(3, 4)]),
    "max, tied": (lambda x: x.max(axis=1), lambda x: torch.amax(x, 1), [TIES]),
    "max of all, tied": (lambda x: x.max(), lambda x: torch.amax(x), [TIES]),
    "min, tied": (lambda x: x.min(axis=0), lambda x: torch.amin(x, 0), [TIES]),
    "prod": (lambda x: x.prod(axis=1), lambda x: x.prod(dim=1), [real(3, 4)]),
    "prod with a zero": (lambda x: x.prod(), lambda x: x.prod(), [KINKS]),
    "prod with two zeros": (lambda x: x.prod(), lambda x: x.prod(), [np.array([0.0, 2.0, 0.0])]),
    "norm": (
        lambda x: al.norm(x, axis=1),
        lambda x: torch.linalg.vector_norm(x, dim=1),
        [np.array([[0.0, 0.0], [3.0, -4.0]])],
    ),
    "logsumexp": (
        lambda x: al.logsumexp(x, axis=1),
        lambda x: torch.logsumexp(x, 1),
        [300 * real(3, 4)],
    ),
    "softmax": (al.softmax, lambda x: torch.softmax(x, -1), [10 * real(3, 4)]),
    "log_softmax": (al.log_softmax, lambda x: torch.log_softmax(x, -1), [300 * real(3, 4)]),
    "transpose": (
        lambda x: al.transpose(x, axes=(2, 0, 1)),
        lambda x: x.permute(2, 0, 1),
        [real(2, 3, 4)],
    ),
    "reshape": (lambda x: x.reshape(3, 2), lambda x: x.reshape(3, 2), [real(2, 3)]),
    "broadcast_to": (
        lambda x: al.broadcast_to(x, (4, 2, 3)),
        lambda x: x.expand(4, 2, 3),
        [real(2, 1)],
    ),
    "concatenate": (
        lambda a, b: al.concatenate([a, b, a], axis=1),
        lambda a, b: torch.cat([a, b, a], 1),
        [real(2, 3), real(2, 1)],
    ),
    "stack": (
        lambda a, b: al.stack([a, b], axis=1),
        lambda a, b: torch.stack([a, b], 1),
        [real(2, 3), real(2, 3)],
    ),
    "index, repeated": (lambda x: x[AGAIN], lambda x: x[torch.tensor(AGAIN)], [real(3, 2)]),
    "index by pairs": (
        lambda x: x[AGAIN, :, AGAIN],
        lambda x: x[torch.tensor(AGAIN), :, torch.tensor(AGAIN)],
        [real(3, 2, 3)],
    ),
    "index by a mask": (lambda x: x[x > 0], lambda x: x[x > 0], [real(3, 3)]),
    "mse": (al.mse, F.mse_loss, [real(4, 3), real(4, 3)]),
    "bce_with_logits": (
        al.bce_with_logits,
        F.binary_cross_entropy_with_logits,
        [100 * real(4, 3), _rng.random((4, 3))],
    ),
    "cross_entropy of numbers": (
        lambda z: al.cross_entropy(z, CLASSES),
        lambda z: F.cross_entropy(z, torch.tensor(CLASSES)),
        [100 * real(4, 3)],
    ),
    "cross_entropy of probabilities": (
        al.cross_entropy,
        F.cross_entropy,
        [10 * real(4, 3), PROBABILITIES],
    ),
}


def assert_equal(got: Any, wanted: Any) -> None:
    scale = 1 + np.max(np.abs(wanted), initial=0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("name", TABLE)
def test_first_and_second_derivatives(name: str) -> None:
    ours, theirs, inputs = TABLE[name]
    leaves = [Tensor(x) for x in inputs]
    others = [torch.tensor(x, requires_grad=True) for x in inputs]
    y, z = ours(*leaves), theirs(*others)
    assert_equal(y.data, z.detach().numpy())

    g = real(*y.shape)
    first = grad(y, leaves, g, create_graph=True)
    wanted = torch.autograd.grad(z, others, torch.tensor(g), create_graph=True)
    for gx, want in zip(first, wanted):
        assert_equal(gx.data, want.detach().numpy())

    weights = [real(*x.shape) for x in inputs]
    total = sum((w * gx).sum() for w, gx in zip(weights, first))
    other_total = sum((torch.tensor(w) * gx).sum() for w, gx in zip(weights, wanted))
    if not other_total.requires_grad:  # a linear op
        return
    if name == "norm":  # whose second derivative at 0 does not exist
        return
    second = torch.autograd.grad(other_total, others, allow_unused=True)
    for gx, want in zip(grad(total, leaves), second):
        assert_equal(gx, np.zeros(gx.shape) if want is None else want.numpy(force=True))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("classify", [False, True])
def test_a_network(activation: str, classify: bool) -> None:
    x, sizes = real(6, 5), [(5, 7), (7,), (7, 4), (4,), (4, 3), (3,)]
    arrays = [real(*shape) for shape in sizes]
    target = CLASSES[[0, 1, 2, 3, 0, 1]] if classify else real(6, 3)

    def forward(x: Any, parameters: list[Any], f: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        return f(f(x @ W1 + b1) @ W2 + b2) @ W3 + b3

    leaves = [Tensor(p) for p in arrays]
    others = [torch.tensor(p, requires_grad=True) for p in arrays]
    prediction = forward(x, leaves, getattr(al, activation))
    other = forward(torch.tensor(x), others, getattr(F, activation))
    loss = (al.cross_entropy if classify else al.mse)(prediction, target)
    other_loss = (F.cross_entropy if classify else F.mse_loss)(other, torch.tensor(target))
    loss.backward()
    other_loss.backward()
    assert_equal(loss.data, other_loss.detach().numpy())
    for leaf, wanted in zip(leaves, others):
        assert_equal(leaf.grad, wanted.grad.numpy())


def test_a_penalty_on_the_gradient() -> None:
    x, W = real(4, 3), real(3, 2)

    leaf = Tensor(W)
    loss = al.mse(al.tanh(x @ leaf), np.zeros((4, 2)))
    (gW,) = grad(loss, [leaf], create_graph=True)
    got = grad((gW * gW).sum(), leaf)

    other = torch.tensor(W, requires_grad=True)
    loss = F.mse_loss(torch.tanh(torch.tensor(x) @ other), torch.zeros(4, 2, dtype=torch.float64))
    (gW,) = torch.autograd.grad(loss, [other], create_graph=True)
    (wanted,) = torch.autograd.grad((gW * gW).sum(), [other])
    assert_equal(got, wanted.numpy())
