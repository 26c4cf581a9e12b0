"""Programs as people write them, to be read back: a loss, its leaves, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor

Array = np.ndarray


def array(*shape: int, seed: int = 0) -> Array:
    return np.asarray(np.random.default_rng(seed).standard_normal(shape))


def vectors(names: str) -> list[Tensor]:
    return [Tensor(array(3), name=name) for name in names]


def several(*shapes: tuple[int, ...]) -> list[Array]:
    return [array(*shape, seed=i) for i, shape in enumerate(shapes)]


Program = tuple[Callable[..., Any], list[Array]]
X, T = array(4, 3), np.eye(3)[[0, 2, 1, 1]]
LABELS = np.array([0, 2, 1, 1])
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])


def recurrent(Wx: Any, Wh: Any, b: Any) -> Any:
    h = np.zeros((2, 3))
    for i in range(3):
        h = al.tanh(array(2, 3, seed=i) @ Wx + h @ Wh + b)
    return (h * array(2, 3)).sum()


def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - x.mean(axis=0)
    y = gamma * centred / al.sqrt((centred**2).mean(axis=0) + 1e-5) + beta
    return al.mse(y, X)


def layer_norm(x: Any, gamma: Any) -> Any:
    y = (x - x.mean(axis=1, keepdims=True)) / al.sqrt(al.var(x, axis=1, keepdims=True) + 0.1)
    return ((y * gamma - X) ** 2).sum()


def attention(Wq: Any, Wk: Any, Wv: Any) -> Any:
    scores = (X @ Wq) @ (X @ Wk).T / np.sqrt(2)
    return al.mse(al.softmax(scores) @ (X @ Wv), array(4, 2))


def attention_in_batches(Wq: Any, Wk: Any) -> Any:
    x = array(2, 4, 3)
    return al.mse(al.softmax(x @ Wq @ al.swapaxes(x @ Wk, 1, 2)) @ x, array(2, 4, 3, seed=1))


def gates(W: Any) -> Any:
    z = al.concatenate([X, array(4, 2)], axis=1) @ W
    cell = al.sigmoid(z[:, :2]) * array(4, 2) + al.sigmoid(z[:, 2:4]) * al.tanh(z[:, 4:])
    return (al.tanh(cell) ** 2).sum()


def convolution(x: Any, k: Any) -> Any:
    return al.half_squared_error(sum(k[i] * x[i : i + 4] for i in range(3)), SIGNS)


def distances(a: Any, b: Any) -> Any:
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2).min(axis=1).sum()


def huber(x: Any) -> Any:
    d = x - SIGNS / 3
    return al.where(al.abs(d) < 1, d**2 / 2, al.abs(d) - 0.5).sum()


def stable_softmax(W: Any) -> Any:
    z = X @ W
    e = al.exp(z - z.max(axis=1, keepdims=True))
    return -(T * al.log(e / e.sum(axis=1, keepdims=True))).sum() / 4


def gradient_penalty(x: Any, w: Any) -> Any:
    slope = al.grad((al.tanh(x) @ w).sum(), x, create_graph=True)
    return (slope**2).sum() + (x @ w).sum()


PROGRAMS: dict[str, Program] = {
    "a perceptron": (
        lambda W, b, V, c: al.mse(al.sigmoid(al.tanh(X @ W + b) @ V + c), X[:, :2]),
        several((3, 4), (4,), (4, 2), (2,)),
    ),
    "a classifier": (
        lambda W, b, V: al.cross_entropy(al.relu(X @ W + b) @ V, LABELS),
        several((3, 4), (4,), (4, 3)),
    ),
    "a classifier by hand": (lambda W: -(T * al.log(al.softmax(X @ W))).sum() / 4, several((3, 3))),
    "a stable softmax by hand": (stable_softmax, several((3, 3))),
    "soft labels": (lambda z: al.cross_entropy(z, np.abs(X)), several((4, 3))),
    "logistic regression": (
        lambda w, b: al.bce_with_logits(X @ w + b, (SIGNS + 1) / 2) + 0.01 * (w * w).sum(),
        several((3,), ()),
    ),
    "a hinge": (
        lambda w: al.maximum(0, 1 - SIGNS * (X @ w)).mean() + 0.5 * (w @ w),
        several((3,)),
    ),
    "a recurrent net": (recurrent, several((3, 3), (3, 3), (3,))),
    "batch norm": (batch_norm, several((4, 3), (3,), (3,))),
    "layer norm": (layer_norm, several((4, 3), (3,))),
    "attention": (attention, several((3, 2), (3, 2), (3, 2))),
    "attention in batches": (attention_in_batches, several((3, 2), (3, 2))),
    "gates": (gates, several((5, 6))),
    "a convolution": (convolution, several((6,), (3,))),
    "an embedding": (lambda E: al.mse(E[LABELS], X), several((5, 3))),
    "distances": (distances, several((3, 2), (4, 2))),
    "a norm penalty": (lambda W: (X @ W).sum() + 0.1 * al.norm(W), several((3, 2))),
    "normed rows": (
        lambda W: (W / al.norm(W, axis=1, keepdims=True) * array(3, 2)).sum(),
        several((3, 2)),
    ),
    "groups": (lambda W: al.norm(W, axis=1).sum(), several((4, 3))),
    "a cosine": (lambda a, b: a @ b / (al.norm(a) * al.norm(b)), several((3,), (3,))),
    "shares": (lambda x: (x / x.sum(axis=1, keepdims=True) * T).sum(), [np.abs(X) + 1]),
    "kept, and less the largest": (
        lambda x: ((x - x.max(axis=1, keepdims=True)) * T).sum(),
        several((4, 3)),
    ),
    "kept beside kept": (
        lambda x: (
            (x.sum(axis=1, keepdims=True) * x.max(axis=1, keepdims=True)).sum()
            + (x.mean(axis=0, keepdims=True) * x * T).sum()
        ),
        several((4, 3)),
    ),
    "kept, then a product": (
        lambda x, A: (A @ x.sum(axis=0, keepdims=True) + x.sum(axis=1, keepdims=True).T).sum(),
        several((3, 3), (3, 1)),
    ),
    "kept, then an axis": (
        lambda x: (x.sum(axis=0, keepdims=True) ** 2).sum(axis=1).sum(),
        several((4, 3)),
    ),
    "kept, beside one number": (
        lambda x: (x.sum(axis=1, keepdims=True) * x[:1, :1] * X[:, :1]).sum(),
        several((4, 3)),
    ),
    "a cast": (lambda x: (x * x.astype(int)).sum(), [3 * X]),
    "a cast to a truth": (lambda x: (x * al.astype(X > 0, dtype=float)).sum(), [X]),
    "bits": (
        lambda x: (x * ((x.astype(int) & 5) | 2) * ((x > 0) & ~(x > 2))).sum(),
        [np.array([6.0, 3.0, -1.5])],
    ),
    "a mask as a key": (lambda x: (x[x > 0] ** 2).sum(), several((4, 3))),
    "choices": (
        lambda x: (
            al.where(x > 0, x, 2) * al.where(x > 1, 3, x) * al.where(x > -1, x + 1, 0)
            + al.where(x > 0, 0, x)
        ).sum(),
        several((4, 3)),
    ),
    "huber": (huber, several((4,))),
    "an outer product": (lambda a, b: (al.outer(a, b) ** 2).sum(), several((3,), (4,))),
    "products": (lambda x: al.prod(x) + al.prod(x, axis=0).sum(), [X]),
    "spread": (lambda h: al.relu(1 - al.std(h, axis=0)).mean() + al.std(h), several((4, 3))),
    "both ways": (
        lambda p, t: al.half_squared_error(p, t) - al.mse(p, t) + (-(p - t)).sum(),
        several((3,), (3,)),
    ),
    "quotients": (
        lambda x, y: (-x / (2 * y) + 1 / -y - 3 / (x * x + 1) + (x / y) ** 2).sum(),
        several((3,), (3,)),
    ),
    "powers": (
        lambda x: ((2 * x) ** 2 + 2**x + (x**2 + 1) ** 0.5 + (-x) ** 3).sum(),
        several((3,)),
    ),
    "stable functions": (
        lambda z: (
            al.logsumexp(z, axis=1).sum() + (al.log_softmax(z, axis=0) * T).sum()
            + al.softplus(z).sum() + al.expm1(z).sum() + al.log1p(z * z).sum()
        ),
        several((4, 3)),
    ),
    "a gradient in the loss": (gradient_penalty, several((4, 3), (3,))),
}  # fmt: skip


def run(name: str) -> tuple[Any, list[Tensor], dict[str, Any]]:
    """A program's loss, its leaves, and the names of all that is no expression."""
    f, values = PROGRAMS[name]
    leaves = [Tensor(x, f"x{i}") for i, x in enumerate(values)]
    names = {"X": X, "T": T, "LABELS": LABELS, "SIGNS": SIGNS}
    return f(*leaves), leaves, names | {f"x{i}": x for i, x in enumerate(leaves)}
