"""Passes over pairs, classes and layers: what one of their lines lacks is mended in that line."""

import copy

import numpy as np
import pytest
from written import module, reviewed

import autograd_lite as al

rng = np.random.default_rng(7)

PAIRS = """
import numpy as np


def loss(E_in, E_out, b, centers, contexts, lam):
    s = (E_in[centers] * E_out[contexts]).sum(axis=1) + b[contexts]
    size = (E_in ** 2).sum() + (E_out ** 2).sum()
    return np.log(1 + np.exp(-s)).sum() / len(centers) + lam / 2 * size


def pair(v, u, c):
    p = 1 / (1 + np.exp(-(v @ u + c)))
    e = p - 1
    return e * u, e * v, e


def gradients(E_in, E_out, b, centers, contexts, lam):
    g_in, g_out, g_b = np.zeros(E_in.shape), np.zeros(E_out.shape), np.zeros(b.shape)
    for i in range(len(centers)):
        c, o = centers[i], contexts[i]
        gv, gu, ge = pair(E_in[c], E_out[o], b[o])
        g_in[c] += gv
        g_out[o] += gu
        g_b[o] += ge
    n = len(centers)
    g_in, g_out, g_b = g_in / n, g_out / n, g_b / n
    g_in += lam * E_in
    g_out += lam * E_out
    return {"E_in": g_in, "E_out": g_out, "b": g_b}
"""
OF_PAIRS = (
    *(rng.normal(size=s) for s in ((5, 3), (5, 3), (5,))),
    *(np.array(x) for x in ([0, 2, 4, 2, 1, 3, 0], [1, 3, 3, 0, 2, 2, 4])),
    0.3,
)

CLASSES = """
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss(w, b, X, Y, lam):
    p = softmax(X @ w + b)
    return -(Y * np.log(p)).sum() / len(X) + lam / 2 * (w ** 2).sum()


def gradients(w, b, X, Y, lam, lr=0.5):
    w, b = w.copy(), b.copy()
    scores = X @ w + b
    p = softmax(scores)
    for k in range(w.shape[1]):
        err = p[:, k] - Y[:, k]
        dw = X.T @ err / len(X)
        w[:, k] -= lr * (dw + lam * w[:, k])
        b[k] -= lr * err.sum() / len(X)
    return {"w": w, "b": b}
"""
OF_CLASSES = (
    *(rng.normal(size=s) for s in ((4, 3), (3,), (8, 4))),
    np.eye(3)[[0, 1, 2, 1, 0, 2, 2, 1]],
    0.4,
)

LAYERS = """
import numpy as np


def loss(W, b, X, Y):
    a = X
    for l in range(3):
        z = W[l] @ a + b[l]
        a = np.maximum(z, 0) if l < 2 else np.tanh(z)
    return ((a - Y) ** 2).sum() / 2


def slope(z, kind):
    if kind == "relu":
        return (z > 0) * 1.0
    return 1 - np.tanh(z) ** 2


def gradients(W, b, X, Y):
    acts, zs = [X], []
    for l in range(3):
        zs.append(W[l] @ acts[l] + b[l])
        acts.append(np.maximum(zs[l], 0) if l < 2 else np.tanh(zs[l]))
    deltas = [None] * 3
    deltas[2] = (acts[-1] - Y) * slope(zs[2], "tanh")
    for l in (1, 0):
        deltas[l] = W[l + 1].T @ deltas[l + 1] * slope(zs[l], "relu")
    dW = [deltas[l] @ acts[l].T for l in range(3)]
    db = [deltas[l].sum(axis=1, keepdims=True) for l in range(3)]
    return dW, db
"""
OF_LAYERS = (
    [rng.normal(size=s) for s in ((4, 5), (4, 4), (4, 4))],
    [rng.normal(size=(4, 1)) for _ in range(3)],
    *(rng.normal(size=s) for s in ((5, 7), (4, 7))),
)

PENALTY = """
import numpy as np


class Net:
    def __init__(self, W, reg, lr):
        self.W, self.reg, self.lr = W, reg, lr

    def loss(self, X, Y):
        return ((X @ self.W - Y) ** 2).sum() + self.reg * (self.W ** 2).sum()

    def step(self, X, Y):
        dW = 2 * X.T @ (X @ self.W - Y)
        dW += 2 * self.reg * self.W
        self.W -= self.lr * dW
"""

ENTROPY = """
import numpy as np


class Softmax:
    def forward(self, z, y):
        e = np.exp(z)
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.sum(y * np.log(self.p)) / len(y)

    def backward(self):
        return (self.p - self.y) / len(self.y)


def loss(W, X, Y):
    return Softmax().forward(X @ W, Y)


def gradients(W, X, Y):
    top = Softmax()
    top.forward(X @ W, Y)
    g = top.backward()
    return {"W": X.T @ g}
"""
OF_ENTROPY = (rng.normal(size=(4, 3)), *OF_CLASSES[2:4])

DECAY = """
import numpy as np


def loss(W, X, Y, decay):
    return ((X @ W - Y) ** 2).sum() / len(X) + decay * (W ** 2).sum()


def gradients(W, X, Y, decay):
    g = 2 * X.T @ (X @ W - Y)
    g /= len(X)
    g += 2 * decay * W
    return {"W": g}
"""
OF_DECAY = (*(rng.normal(size=s) for s in ((3, 2), (6, 3), (6, 2))), 0.3)

IN_PLACE = """
import numpy as np


def loss(W, b, X, Y):
    return ((X @ W + b - Y) ** 2).sum()


def gradients(W, b, X, Y):
    d = 2 * (X @ W + b - Y)
    W -= 0.5 * X.T @ d
    b -= 0.5 * d.sum(axis=0)
"""
OF_IN_PLACE = tuple(rng.normal(size=s) for s in ((3, 2), (2,), (6, 3), (6, 2)))

SLIPS = [
    (ENTROPY, OF_ENTROPY, "(self.p - self.y) /", "-(self.y / self.p) /"),
    (DECAY, OF_DECAY, "    g += 2 * decay * W\n", ""),
    (IN_PLACE, OF_IN_PLACE, "W -= 0.5 * X.T @ d", "W = W - 0.5 * X.T @ d"),
    (PAIRS, OF_PAIRS, "        g_b[o] += ge\n", ""),
    (PAIRS, OF_PAIRS, "        g_out[o] += gu\n", ""),
    (PAIRS, OF_PAIRS, "    g_out += lam * E_out\n", ""),
    (PAIRS, OF_PAIRS, "return e * u, e * v, e", "return e * u, e * u, e"),
    (CLASSES, OF_CLASSES, "p[:, k] - Y[:, k]", "p[:, k]"),
    (CLASSES, OF_CLASSES, "(dw + lam * w[:, k])", "dw"),
    (CLASSES, OF_CLASSES, "lam * w[:, k]", "lam"),
    (CLASSES, OF_CLASSES, "err.sum() / len(X)", "err.sum() / w.shape[1]"),
    (LAYERS, OF_LAYERS, 'slope(zs[l], "relu")', 'slope(zs[l], "tanh")'),
    (LAYERS, OF_LAYERS, "W[l + 1].T @", "W[-1].T @"),
    (LAYERS, OF_LAYERS, "zs.append(W[l] @ acts[l] + b[l])", "zs.append(W[l] @ acts[l])"),
    (LAYERS, OF_LAYERS, "W[l + 1].T @ deltas[l + 1]", "W[l + 1].T @ deltas[-1]"),
]


@pytest.mark.parametrize("i", range(len(SLIPS)))
def test_the_line_is_mended(tmp_path, i):
    text, args, right, slip = SLIPS[i]
    options = {"returns": "updated", "lr": 0.5} if text in (CLASSES, IN_PLACE) else {}
    options |= {"wrt": ["W", "b"]} if text in (LAYERS, IN_PLACE) else {}
    found, below, mended, true = reviewed(tmp_path, text, right, slip, args, **options)
    assert abs(below) <= (slip == ""), found
    at = [x + 0.1 if getattr(x, "dtype", "") == "float64" else x for x in args]
    both = [[copy.deepcopy(at), m.gradients] for m in (mended, true)]
    both = [_arrays([gradients(*args), args]) for args, gradients in both]
    for g, h in zip(*both, strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-9, atol=1e-12)


def _arrays(x):
    if isinstance(x, np.ndarray):
        return [x]
    inner = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else ()
    return [a for y in inner for a in _arrays(y)]


def test_a_bias_that_is_missing_where_the_values_of_classes_are_computed(tmp_path):
    text = CLASSES.replace("scores = X @ w + b", "scores = X @ w")
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradients, *OF_CLASSES, returns="updated", lr=0.5)
    assert found.left == ()
    assert " + b" in found.mistakes[0].mended


def test_numbers_of_the_object_are_told_apart(tmp_path):
    """The rate is twice the penalty's weight here; on other arguments it is not."""
    m = module(tmp_path, PENALTY.replace("2 * self.reg", "self.reg"))
    net = m.Net(rng.normal(size=(3, 2)), 0.05, 0.1)
    data = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    found = al.review(net.loss, net.step, *data, wrt=["self.W"], returns="updated", lr=0.1)
    assert "self.lr" not in found.mistakes[0].mended
    assert found.mended == {next(iter(found.mended)): PENALTY}


def test_what_an_object_keeps_is_known_as_it_was_when_a_line_ran(tmp_path):
    """Later in the step the weights are others, for they are updated in place."""
    text = (
        "import numpy as np\n\n\nclass Net:\n"
        "    def __init__(self, W, b, V):\n        self.W, self.b, self.V = W, b, V\n\n"
        "    def loss(self, X, Y):\n        self.a = np.tanh(X @ self.W + self.b)\n"
        "        return ((self.a @ self.V - Y) ** 2).sum()\n\n"
        "    def slope(self, a):\n        return 1.0 - np.power(a, 2)\n\n"
        "    def step(self, X, Y):\n        self.loss(X, Y)\n"
        "        d = 2 * (self.a @ self.V - Y)\n"
        "        g = (d @ self.V.T) * self.slope(self.a)\n"
        "        self.V -= 0.1 * self.a.T @ d\n        self.W -= 0.1 * X.T @ g\n"
        "        self.b -= 0.1 * g.sum(axis=0)\n"
    )
    m = module(tmp_path, text.replace("(d @ self.V.T) * self.slope(self.a)", "d @ self.V.T"))
    net = m.Net(*(rng.normal(size=s) for s in ((3, 4), (4,), (4, 2))))
    data = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    found = al.review(net.loss, net.step, *data, wrt=["W", "b", "V"], returns="updated", lr=0.1)
    (mistake,) = found.mistakes
    assert mistake.text.strip() == "g = d @ self.V.T"
    assert found.left == ()


def test_a_rate_among_the_arguments_stays_as_it_is(tmp_path):
    def loss(W, x, y, lr):
        return ((x @ W - y) ** 2).sum()

    def step(W, x, y, lr):
        return W - lr * 2 * x.T @ (x @ W - y)

    args = (rng.normal(size=s) for s in ((3, 2), (5, 3), (5, 2)))
    found = al.review(loss, step, *args, 0.1, wrt=["W"], returns="updated", lr=0.1)
    assert found.ok, found


SCALED = """
import numpy as np


class Net:
    def __init__(self, W, d):
        self.W, self.d, self.scale = W, d, float(1 / np.sqrt(d))

    def loss(self, X, Y):
        self.r = X @ self.W * self.scale - Y
        return (self.r ** 2).sum()

    def gradients(self, X, Y):
        return {"W": 2 * X.T @ self.r / np.sqrt(self.d)}
"""


def test_numbers_that_are_worked_out_from_others_stay_as_they_are(tmp_path):
    """A pass that reads what the scale was made of is right."""
    m = module(tmp_path, SCALED)
    net = m.Net(rng.normal(size=(3, 2)), 3)
    data = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    assert al.review(net.loss, net.gradients, *data).ok


def test_labels_in_a_list_stay_labels():
    def loss(w, X, y):
        p = 1 / (1 + np.exp(-(X @ w)))
        return -sum(np.log(p[i]) if y[i] == 1 else np.log(1 - p[i]) for i in range(len(y)))

    def gradient(w, X, y):
        return {"w": X.T @ (1 / (1 + np.exp(-(X @ w))) - np.array(y))}

    X = rng.normal(size=(4, 3))
    assert al.review(loss, gradient, rng.normal(size=3), X, [1.0, 0.0, 1.0, 0.0]).ok


def test_odd_programs_raise_nothing(tmp_path):
    text = (
        "import numpy as np\n\n\ndef loss(W, X, y):\n    return ((X @ W - y) ** 2).sum()\n\n\n"
        "def gradients(W, X, y):\n    nothing = lambda q: 0.0\n    tiny, small = 1e-300, 1e-40\n"
        "    g = np.zeros(W.shape) + tiny + small\n    for i in range(len(X)):\n"
        "        if i < 0:\n            z = X[i]\n        x = X[i]\n"
        "        g += x * (x @ W - y[i])\n"
        "    del i\n    return {'W': g}\n"
    )
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradients, *(rng.normal(size=s) for s in ((3,), (6, 3), (6,))))
    assert found.left == ()


ODD = {
    "an annotation": ("d: object = 3 * (X @ W - Y)", ""),
    "a matrix": ("M = np.matrix(X)\n    d = 3 * np.asarray(M @ W - Y)", ""),
    "arrays in an array": (
        "o = np.empty(2, object)\n    o[0] = 3 * (X @ W - Y)\n    o[1] = X\n    d = o[0]",
        "",
    ),
    "what can only be stored in": (
        "s = Kept()\n    s['d'] = 3 * (X @ W - Y)\n    d = s.kept",
        "class Kept:\n    def __setitem__(self, key, x):\n        self.kept = x\n\n\n",
    ),
    "a sum that begins as a number": ("s = 0.0\n    s += X @ W - Y\n    d = 3 * s", ""),
}


@pytest.mark.parametrize("which", ODD)
def test_odd_ways_to_keep_a_value(tmp_path, which):
    line, before = ODD[which]
    text = f"import numpy as np\n\n\n{before}def loss(W, X, Y):\n"
    text += "    return ((X @ W - Y) ** 2).sum()\n\n\n"
    text += f"def gradients(W, X, Y):\n    {line}\n    return {{'W': X.T @ d}}\n"
    m = module(tmp_path, text)
    args = (rng.normal(size=(4, 3)), rng.normal(size=(6, 4)), rng.normal(size=(6, 3)))
    found = al.review(m.loss, m.gradients, *args)
    (new,) = found.mended.values()
    assert new == text.replace("3 *", "2 *")
