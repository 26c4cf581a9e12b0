"""What a line lacks is worked out from the value that it should have: the very line is mended."""

import numpy as np
import pytest
from test_flow import NORM, POINT
from written import reviewed

RNN = """
import numpy as np


def loss(U, V, W, xs, ys):
    h, total = np.zeros(len(U)), 0.0
    for x, y in zip(xs, ys):
        h = np.tanh(U @ x + V @ h)
        total = total + ((W @ h - y) ** 2).sum()
    return total


def gradients(U, V, W, xs, ys):
    hs = {-1: np.zeros(len(U))}
    for t in range(len(xs)):
        hs[t] = np.tanh(U @ xs[t] + V @ hs[t - 1])
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    later = np.zeros(len(U))
    for t in reversed(range(len(xs))):
        dy = 2 * (W @ hs[t] - ys[t])
        dW += np.outer(dy, hs[t])
        dh = W.T @ dy + later
        dz = dh * (1 - hs[t] ** 2)
        dU += np.outer(dz, xs[t])
        dV += np.outer(dz, hs[t - 1])
        later = V.T @ dz
    return {"U": dU, "V": dV, "W": dW}
"""
rng = np.random.default_rng(3)
STEPS = tuple(rng.normal(size=s) for s in ((4, 3), (4, 4), (2, 4), (5, 3), (5, 2)))

SOFTMAX = """
import numpy as np


def loss(W, V, X, Y, penalty):
    e = np.exp(X @ W)
    a = e / e.sum(axis=1, keepdims=True)
    return ((a @ V - Y) ** 2).sum() / len(X) + penalty * (W ** 2).sum()


def gradients(W, V, X, Y, penalty):
    e = np.exp(X @ W)
    a = e / e.sum(axis=1, keepdims=True)
    dout = 2 * (a @ V - Y) / len(X)
    dV = a.T @ dout
    da = dout @ V.T
    dz = a * (da - (a * da).sum(axis=1, keepdims=True))
    dW = X.T @ dz + 2 * penalty * W
    return {"W": dW, "V": dV}
"""
CLASSES = (*(rng.normal(size=s) for s in ((3, 4), (4, 2), (6, 3), (6, 2))), 0.3)

SLIPS = [
    (NORM, POINT, "hat * (dhat * hat).mean", "(dhat * hat).mean"),
    (NORM, POINT, "dhat = dout * g", "dhat = dout"),
    (NORM, POINT, "dhat - dhat.mean(axis=1, keepdims=True) - hat", "dhat - hat"),
    (NORM, POINT, "dx = inverse * (", "dx = inverse ** 2 * ("),
    (NORM, POINT, "dx = inverse * (", "dx = ("),
    (RNN, STEPS, "dh = W.T @ dy + later", "dh = W.T @ dy"),
    (RNN, STEPS, "later = V.T @ dz", "later = dz"),
    (RNN, STEPS, "later = V.T @ dz", "later = V.T @ dh"),
    (RNN, STEPS, "dz = dh * (1 - hs[t] ** 2)", "dz = dh"),
    (SOFTMAX, CLASSES, " + 2 * penalty * W", ""),
    (SOFTMAX, CLASSES, "2 * penalty * W", "penalty"),
    (SOFTMAX, CLASSES, "a * (da - (a * da).sum(axis=1, keepdims=True))", "da"),
    (SOFTMAX, CLASSES, "a * (da - (a * da).sum(axis=1, keepdims=True))", "a * (1 - a) * da"),
    (SOFTMAX, CLASSES, "dV = a.T @ dout", "dV = a.T @ dout / len(X)"),
]


@pytest.mark.parametrize("i", range(len(SLIPS)))
def test_the_line_is_mended(tmp_path, i):
    text, args, right, slip = SLIPS[i]
    found, below, mended, true = reviewed(tmp_path, text, right, slip, args)
    assert 0 <= below <= 2, found  # of a statement in several lines
    at = [x + 0.1 * rng.normal(size=np.shape(x)) for x in args]
    for name, g in true.gradients(*at).items():
        np.testing.assert_allclose(mended.gradients(*at)[name], g, rtol=1e-9, atol=1e-12)


TIED = """
import numpy as np


def loss(W, x):
    h = np.tanh(x @ W)
    return ((h @ W.T - x) ** 2).sum() / 2 + (W ** 2).sum()


def gradients(W, x):
    h = np.tanh(x @ W)
    e = h @ W.T - x
    d = (e @ W) * (1 - h ** 2)
    dW = x.T @ d
    dW += e.T @ h
    dW += 2 * W
    return {"W": dW}
"""


def test_a_term_of_a_sum_whose_last_line_adds_what_is_right(tmp_path):
    """`2 * W` is a part of the gradient; what the line comes to is wrong."""
    line = "    dW += e.T @ h\n"
    args = np.random.default_rng(3).normal(size=(3, 2)), np.ones((5, 3)) + np.eye(5, 3)
    found, below, mended, _ = reviewed(tmp_path, TIED, line, "", args)
    assert below in (-1, 0), found
    W, x = args
    h = np.tanh(x @ W)
    e = h @ W.T - x
    expected = x.T @ ((e @ W) * (1 - h**2)) + e.T @ h + 2 * W
    np.testing.assert_allclose(mended.gradients(*args)["W"], expected, rtol=1e-12)
