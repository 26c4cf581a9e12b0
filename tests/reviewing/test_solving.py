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

MASKED = """
import numpy as np


def make(width):
    def loss(U, V, W, xs, mask, y):
        h = np.zeros((len(y), width))
        for x, m in zip(xs, mask):
            h = m * np.tanh(x @ U + h @ V) + (1 - m) * h
        return ((h @ W - y) ** 2).sum() / len(y)

    def gradients(U, V, W, xs, mask, y):
        h = [np.zeros((len(y), width))]
        c = []
        for x, m in zip(xs, mask):
            c.append(np.tanh(x @ U + h[-1] @ V))
            h.append(m * c[-1] + (1 - m) * h[-1])
        dout = 2 * (h[-1] @ W - y) / len(y)
        dU, dV, dW = np.zeros_like(U), np.zeros_like(V), h[-1].T @ dout
        dh = dout @ W.T
        for t in reversed(range(len(xs))):
            m = mask[t]
            dz = (1 - c[t] ** 2) * m * dh
            dU += xs[t].T @ dz
            dV += h[t].T @ dz
            dh = dz @ V.T + (1 - m) * dh
        return {"U": dU, "V": dV, "W": dW}

    return loss, gradients


loss, gradients = make(4)
"""
kept = (np.arange(4)[:, None, None] < np.array([4, 2, 3])[:, None]) * 1.0
PADDED = tuple(rng.normal(size=s) for s in ((3, 4), (4, 4), (4, 2), (4, 3, 3)))
PADDED = (*PADDED, kept, rng.normal(size=(3, 2)))

SLIPS = [
    (MASKED, PADDED, "dh = dz @ V.T + (1 - m) * dh", "dh = dz @ V.T"),
    (MASKED, PADDED, "dh = dz @ V.T + (1 - m) * dh", "dh = (1 - m) * dh"),
    (RNN, STEPS, "        later = V.T @ dz\n", ""),
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
    assert -1 <= below <= 2, found  # of a statement in several lines, or of one that was left out
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


MEMORY = """
import numpy as np


def loss(F, G, xs, y):
    s = np.zeros(3)
    for x in xs:
        f = 1 / (1 + np.exp(-(F @ x)))
        s = f * s + (1 - f) * np.tanh(G @ x)
    return ((s - y) ** 2).sum()


def gradients(F, G, xs, y):
    s, fs, gs = [np.zeros(3)], [], []
    for x in xs:
        fs.append(1 / (1 + np.exp(-(F @ x))))
        gs.append(np.tanh(G @ x))
        s.append(fs[-1] * s[-1] + (1 - fs[-1]) * gs[-1])
    dF, dG = np.zeros_like(F), np.zeros_like(G)
    later = 2 * (s[-1] - y)
    for t in reversed(range(len(xs))):
        ds = later
        df = ds * (s[t] - gs[t]) * fs[t] * (1 - fs[t])
        dg = ds * (1 - fs[t]) * (1 - gs[t] ** 2)
        dF += np.outer(df, xs[t])
        dG += np.outer(dg, xs[t])
        later = ds * fs[t]
    return {"F": dF, "G": dG}
"""


def test_a_line_that_goes_on_in_the_next_round(tmp_path):
    args = tuple(np.random.default_rng(1).normal(size=s) for s in ((3, 2), (3, 2), (4, 2), (3,)))
    line = "        later = ds * fs[t]\n"
    found, below, mended, true = reviewed(tmp_path, MEMORY, line, "", args)
    assert "a line is missing" in found.mistakes[0].said
    assert below in (-1, 0), found
    for name, g in true.gradients(*args).items():
        np.testing.assert_allclose(mended.gradients(*args)[name], g, rtol=1e-9, atol=1e-12)


COUNTS = """
import numpy as np


def loss(W, xs, labels):
    total = 0.0
    for x, y in zip(xs, labels):
        z = W @ x
        total += np.log(np.exp(z).sum()) - z[y]
    return total / len(xs)


def gradients(W, xs, labels):
    T = len(xs)
    dW = np.zeros_like(W)
    for t in range(T):
        e = np.exp(W @ xs[t])
        dz = e / e.sum() / T
        dz[labels[t]] -= 1 / T
        dW += np.outer(dz, xs[t])
    return {"W": dW}


SIZE = 5
"""


def test_a_name_comes_before_a_number_that_is_the_same(tmp_path):
    """As many samples as some number of the program, on all data of this size."""
    draw = np.random.default_rng(1)
    xs, labels = [*draw.normal(size=(5, 3))], [0, 2, 1, 1, 0]
    args = draw.normal(size=(4, 3)), xs, labels
    text = COUNTS.replace("range(T)", "range(5 * T // 5)")
    found, *_ = reviewed(tmp_path, text, "-= 1 / T", "-= 1", args)
    assert found.mistakes[0].mended.strip() == "dz[labels[t]] -= 1 / T"


def test_a_term_that_is_there_is_not_added_again(tmp_path):
    """It has another factor."""
    line = "e + 2.0 * h * s / n"
    text = (
        "import numpy as np\n\n\ndef loss(w, c):\n    h = np.tanh(w)\n"
        "    return (np.exp(w) * c).sum() + (h ** 2 * c / len(w)).sum()\n\n\n"
        "def gradients(w, c):\n    n, h, e = len(w), np.tanh(w), np.exp(w) * c\n"
        f"    s = c * (1 - h ** 2)\n    g = {line}\n    return {{'w': g}}\n"
    )
    args = np.random.default_rng(2).normal(size=4), np.random.default_rng(3).normal(size=4)
    found, *_ = reviewed(tmp_path, text, line, line.replace("2.0 * ", ""), args, wrt=["w"])
    assert "2 *" in found.mistakes[0].mended
    assert found.mistakes[0].mended.count("+") < 2
