"""Passes with masks, gates and updates: what one of their lines lacks is mended in that line."""

import numpy as np
import pytest
from written import module, reviewed

import autograd_lite as al

rng = np.random.default_rng(11)

MARGINS = """
import numpy as np


def loss(W, b, X, y):
    s = X @ W + b
    margins = np.maximum(0, s - s[np.arange(len(y)), y][:, None] + 1)
    return margins.sum() / len(y) - 1


def slope(v):
    return v > 0


def gradients(W, b, X, y):
    n, d = X.shape
    rows = np.arange(n)
    room = 1.0
    s = X @ W + b
    own = s[rows, y].reshape(n, 1)
    m = np.maximum(0, s - own + room)
    m[rows, y] = 0
    g = np.zeros_like(m)
    g[m > 0] = 1
    many = g.sum(axis=1)
    g[rows, y] = -many
    g = g / n
    return {"W": X.T @ g, "b": g.sum(axis=0)}
"""
OF_MARGINS = (*(rng.normal(size=s) for s in ((4, 3), (3,), (7, 4))), np.arange(7) % 3)

GATES = """
import numpy as np


def loss(p, xs, ys):
    h, total = np.zeros((len(p["b"]), 1)), 0.0
    for x, y in zip(xs, ys):
        z = 1 / (1 + np.exp(-(p["Wz"] @ x + p["Uz"] @ h)))
        k = np.tanh(p["W"] @ x + p["U"] @ (z * h) + p["b"])
        h = z * h + (1 - z) * k
        total = total + ((h - y) ** 2).sum() / 2
    return total


def of_sigmoid(s):
    return s * (1 - s)


def gradients(p, xs, ys):
    z, k, h = {}, {}, {-1: np.zeros((len(p["b"]), 1))}
    for t in range(len(xs)):
        z[t] = 1 / (1 + np.exp(-(np.dot(p["Wz"], xs[t]) + np.dot(p["Uz"], h[t - 1]))))
        k[t] = np.tanh(np.dot(p["W"], xs[t]) + np.dot(p["U"], z[t] * h[t - 1]) + p["b"])
        h[t] = z[t] * h[t - 1] + (1 - z[t]) * k[t]
    g = {key: np.zeros_like(x) for key, x in p.items()}
    later = np.zeros_like(h[-1])
    for t in reversed(range(len(xs))):
        dh = h[t] - ys[t] + later
        dk = dh * (1 - z[t]) * (1 - k[t] ** 2)
        g["W"] += np.dot(dk, xs[t].T)
        g["U"] += np.dot(dk, (z[t] * h[t - 1]).T)
        g["b"] += dk
        dzh = np.dot(p["U"].T, dk)
        dz = (dh * (h[t - 1] - k[t]) + dzh * h[t - 1]) * of_sigmoid(z[t])
        g["Wz"] += np.dot(dz, xs[t].T)
        g["Uz"] += np.dot(dz, h[t - 1].T)
        later = dh * z[t] + dzh * z[t] + np.dot(p["Uz"].T, dz)
    return g
"""
SHAPES = {"Wz": (4, 3), "Uz": (4, 4), "W": (4, 3), "U": (4, 4), "b": (4, 1)}
OF_GATES = (
    {key: rng.normal(size=shape) for key, shape in SHAPES.items()},
    *(list(rng.normal(size=(3, n, 1))) for n in (3, 4)),
)

UPDATES = """
import numpy as np


def slope(v):
    return v > 0


class Net:
    def __init__(self, rng):
        self.W1, self.b1 = rng.normal(size=(3, 5)), rng.normal(size=5)
        self.W2, self.b2 = rng.normal(size=(5, 2)), rng.normal(size=2)
        self.reg, self.rate = 0.3, 0.25

    def loss(self, X, Y):
        p = np.maximum(X @ self.W1 + self.b1, 0) @ self.W2 + self.b2
        return ((p - Y) ** 2).sum() / 2 + self.reg / 2 * (
            (self.W1 ** 2).sum() + (self.W2 ** 2).sum())

    def gradients(self, X, Y):
        z1 = X @ self.W1 + self.b1
        a1 = np.maximum(z1, 0)
        d2 = a1 @ self.W2 + self.b2 - Y
        d1 = (d2 @ self.W2.T) * slope(z1)
        dW2 = a1.T @ d2 + self.reg * self.W2
        db2 = d2.sum(axis=0)
        dW1 = X.T @ d1 + self.reg * self.W1
        db1 = d1.sum(axis=0)
        self.W2 -= self.rate * dW2
        self.b2 -= self.rate * db2
        self.W1 -= self.rate * dW1
        self.b1 -= self.rate * db1
"""

SLIPS = [
    (MARGINS, OF_MARGINS, "room = 1.0", "room = 0.0"),
    (MARGINS, OF_MARGINS, "n, d = X.shape", "d, n = X.shape"),
    (MARGINS, OF_MARGINS, "g[m > 0] = 1", "g[rows, np.argmax(m, axis=1)] = 1"),
    (MARGINS, OF_MARGINS, "g[m > 0] = 1", "g[m > room] = 1"),
    (MARGINS, OF_MARGINS, "g[rows, y] = -many", "g[rows, np.argmax(s, axis=1)] = -many"),
    (MARGINS, OF_MARGINS, "    g[rows, y] = -many\n", ""),
    (GATES, OF_GATES, "dh * (1 - z[t]) *", "dh * z[t] *"),
    (GATES, OF_GATES, "(z[t] * h[t - 1]).T", "h[t - 1].T"),
    (GATES, OF_GATES, '"b"] += dk', '"b"] += dh * (1 - z[t])'),
    (GATES, OF_GATES, "(h[t - 1] - k[t])", "h[t - 1]"),
    (GATES, OF_GATES, "return s * (1 - s)", "return s * (1 + s)"),
    (GATES, OF_GATES, "z[t] * h[t - 1] + (1 - z[t]) * k[t]", "z[t] * k[t] + (1 - z[t]) * h[t - 1]"),
]


@pytest.mark.parametrize("i", range(len(SLIPS)))
def test_the_line_is_mended(tmp_path, i):
    text, args, right, slip = SLIPS[i]
    found, below, mended, true = reviewed(tmp_path, text, right, slip, args)
    assert below in (0, -1) if not slip else below == 0, found
    given, wanted = (m.gradients(*args) for m in (mended, true))
    for name in wanted if text is MARGINS else wanted.keys():
        np.testing.assert_allclose(given[name], wanted[name], rtol=1e-9, atol=1e-12)


LATER = "        self.W2 -= self.rate * dW2\n"
OF_UPDATES = {
    "a penalty": ("dW2 = a1.T @ d2 + self.reg * self.W2", "dW2 = a1.T @ d2"),
    "the mask of a helper": ("return v > 0", "return v < 0"),
    "a line thrown away": ("self.b1 -= self.rate * db1", "self.b1 - self.rate * db1"),
    "an update that is missing": ("        self.b2 -= self.rate * db2\n", ""),
}


def of_updates(folder, text):
    m = module(folder, text)
    net = m.Net(np.random.default_rng(3))
    args = (
        np.random.default_rng(4).normal(size=(6, 3)),
        np.random.default_rng(5).normal(size=(6, 2)),
    )
    names = [f"self.{name}" for name in ("W1", "b1", "W2", "b2")]
    return al.review(net.loss, net.gradients, *args, wrt=names, returns="updated", lr=0.25)


@pytest.mark.parametrize("slip", OF_UPDATES)
def test_a_class_that_updates(tmp_path, slip):
    right, wrong = OF_UPDATES[slip]
    found = of_updates(tmp_path, UPDATES.replace(right, wrong))
    assert [*found.mended.values()] == [UPDATES], found


def test_weights_that_are_updated_too_early(tmp_path):
    """Also the rate, which the object keeps, is varied: nothing stands for it by chance."""
    d1 = "        d1 = (d2 @ self.W2.T) * slope(z1)\n"
    dW2 = "        dW2 = a1.T @ d2 + self.reg * self.W2\n"
    text = UPDATES.replace(dW2, "").replace(LATER, "").replace(d1, dW2 + LATER + d1)
    found = of_updates(tmp_path, text)
    assert [*found.mended.values()] == [text.replace(LATER + d1, d1 + LATER)], found


@pytest.mark.parametrize("least", [0.2, 0.4])
def test_what_holds_on_few_arguments_is_no_mend(tmp_path, least):
    """Nearly all of the mask is right; and with `m *= n`, nearly all of that of `m > 1`."""
    wrong = MARGINS.replace("room = 1.0", f"room, few = 1.0, {least}").replace("m > 0", "m > few")
    m = module(tmp_path, wrong)
    found = al.review(m.loss, m.gradients, *OF_MARGINS)
    assert found.wrong
    assert not found.left
    (new,) = found.mended.values()
    mended, true = module(tmp_path, new), module(tmp_path, MARGINS)
    for seed in range(200):
        own = np.random.default_rng(seed)
        args = (*(own.normal(size=s) for s in ((4, 3), (3,), (7, 4))), np.arange(7) % 3)
        given, wanted = mended.gradients(*args)["W"], true.gradients(*args)["W"]
        np.testing.assert_allclose(given, wanted, atol=1e-12)


def test_a_clip_in_the_forward_pass_that_is_met_now_and_then(tmp_path):
    """Where it is met, the derivative is 0; a pass that leaves that out is right elsewhere."""
    text = """
import numpy as np


def loss(W, X, t):
    p = np.clip(1 / (1 + np.exp(-(X @ W))), 1e-7, 1 - 1e-7)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum() / len(X)


def gradients(W, X, t):
    p = 1 / (1 + np.exp(-(X @ W)))
    return {"W": X.T @ (p - t) / len(X)}
"""
    m = module(tmp_path, text)
    own = np.random.default_rng(1)
    args = 3 * own.normal(size=(4, 1)), own.normal(size=(6, 4)), np.arange(6)[:, None] % 2 * 1.0
    found = al.review(m.loss, m.gradients, *args)
    assert found.ok
    assert any("more inputs it gives other gradients" in note for note in found.notes)
