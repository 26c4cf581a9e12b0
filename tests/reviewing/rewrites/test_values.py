"""Another name, index or number in the place of one: the right one is among the edits."""

import numpy as np
import pytest
from written import ARGS, NETWORK, module, reviewed

import autograd_lite as al


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("dW2 = a1.T @ dp", "dW2 = z1.T @ dp", "operands"),
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - z1 ** 2)", "derivative-at-input"),
        ("db1 = dz1.sum(axis=0)", "db1 = da1.sum(axis=0)", "operands"),
        ("dp = 2 * (p - Y) / N", "dp = 3 * (p - Y) / N", "factor"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p - p) / N", "operands"),
    ],
)
def test_the_right_value_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_a_count_that_is_another(tmp_path):
    text = "def loss(W, X, Y):\n    return ((X @ W - Y) ** 2).mean()\n\n\n"
    text += "def gradient(W, X, Y):\n    d = 2 * (X @ W - Y) / len(Y)\n    return X.T @ d\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(2)
    args = [rng.normal(size=s) for s in ((4, 3), (6, 4), (6, 3))]
    found = al.review(m.loss, m.gradient, *args, wrt="W")
    assert next(iter(found.mended.values())) == text.replace("len(Y)", "Y.size")


def test_one_that_is_never_read_whatever_its_shape(tmp_path):
    *_, mended, _ = reviewed(tmp_path, NETWORK, '"db1": db1', '"db1": db2', ARGS)
    assert mended.gradients(*ARGS).keys() == {"dW1", "db1", "dW2", "db2"}


def test_the_root_of_a_count(texts_of):
    found = texts_of(NETWORK, "N")
    assert "np.sqrt(N)" in found
    text = NETWORK.replace("dW2 = a1.T @ dp", "dW2 = a1.T @ dp + 0 * np.zeros(N)[0]")
    assert texts_of(text, "N").count("np.sqrt(N)") == found.count("np.sqrt(N)")  # of a shape, none


def test_an_index_of_an_index(texts_of):
    text = "def loss(s, y):\n    return sum(s[y[i] - 1] for i in range(len(y)))\n\n\n"
    text += "def gradients(s, y):\n    g = 0 * s\n    for i in range(len(y)):\n"
    text += "        g[y[i]] += 1\n    return g\n"
    assert "y[i] - 1" in texts_of(text, "y[i]", (np.ones(4), np.array([1, 2, 1])))


COLUMNS = """
import numpy as np


def loss(T, x):
    return (T @ np.vstack([[[1.0]], x])).sum()


def gradients(T, x):
    a = np.vstack([[[1.0]], x])
    d = np.ones((len(T), 1))
    back = (T.T @ d)[:-1]
    cut = T[:, 1:].sum()
    return d @ a.T, back + 0 * cut
"""


def test_other_ends_and_slices_that_are_missing(texts_of):
    args = np.ones((3, 4)), np.ones((3, 1))
    assert "(T.T @ d)[1:]" in texts_of(COLUMNS, "(T.T @ d)[:-1]", args)
    whole = COLUMNS.replace(
        "back = (T.T @ d)[:-1]", "f = T.T @ d\n    back = np.ones((3, 1)) * f.sum()"
    )
    found = texts_of(whole, "f", args)
    assert {"f[1:]", "f[:, 1:]"} <= {*found}
    assert "T[:, :H]" in texts_of(
        COLUMNS.replace("T[:, 1:]", "T[:H]").replace("d = ", "H = 2\n    d = "), "T[:H]", args
    )


LAYERS = """
import numpy as np


class Layer:
    def __init__(self, w):
        self.w = w

    def back(self, g):
        return g * self.w


class Net:
    def __init__(self):
        self.one, self.two = Layer(2.0), Layer(3.0)

    def loss(self, x):
        return (self.one.w * self.two.w * x).sum()

    def gradients(self, x):
        return self.one.back(self.one.back(np.ones(x.shape)))


net = Net()
loss, gradients = net.loss, net.gradients
"""


def test_the_method_of_another_object(tmp_path):
    net = module(tmp_path, LAYERS).Net()
    found = al.review(net.loss, net.gradients, np.arange(3.0), wrt="x")
    (new,) = found.mended.values()
    assert "self.two.back" in new


def test_a_row_that_belongs_in_a_column(texts_of):
    assert "b1[:, None]" in texts_of(NETWORK, "b1")
    assert not any("None" in x for x in texts_of(NETWORK, "z1"))  # of two axes


TUPLES = """
import numpy as np


def loss(T, rows):
    return sum((T[:, 1:] ** 2).sum() / len(rows[k]) for k in rows)


def two(x):
    return x, 2 * x


def gradients(T, rows):
    g = np.zeros(T.shape)
    for k in rows:
        pair1, pair2 = two(T), two(T)
        cut = two(T)[0][:, :-1]
        g[:, 1:] += 2 * T[:, 1:] / len(rows) + 0 * pair1[0][:, 1:] / len(rows[k]) + 0 * cut
    g = g + 0 * np.sum(pair2[0])
    return g, 0
"""


def test_another_of_several_together_and_an_item(texts_of):
    args = np.ones((2, 3)), {0: [1, 2], 1: [3]}
    assert "pair2" in texts_of(TUPLES, "pair1", args)
    assert "rows[k]" in texts_of(TUPLES, "rows", args)
    assert "two(T)[0][:, 1:]" in texts_of(TUPLES, "two(T)[0][:, :-1]", args)
    assert "np.sqrt(len(rows))" in texts_of(TUPLES, "len(rows)", args)


def test_an_index_wherever_a_line_has_it(texts_of):
    text = "def loss(s, y):\n    return sum(s[k] * s[k] for k in y)\n\n\n"
    text += "def gradients(s, y):\n    g = 0 * s\n    for i in range(len(y)):\n"
    text += "        k = y[i]\n        g[i] += 2 * s[i]\n        g[k] += 0\n    return g\n"
    found = texts_of(text, "i", (np.arange(4.0), np.array([1, 2, 1])))
    assert found.count("k") > 3  # at one place, and at both


def test_another_slice_of_all_that_a_line_has(tmp_path):
    text = "def loss(W, c):\n    return c * (W[:, 1:] ** 2).sum()\n\n\n"
    text += "def gradients(W, c):\n    g = 0 * W\n    g[:, 1:] = g[:, 1:] + 2 * c * W[:, 1:]\n"
    text += "    return g\n"
    right = "g[:, 1:] = g[:, 1:] + 2 * c * W[:, 1:]"
    m = module(tmp_path, text.replace(right, right.replace(":, 1:", "1:, :")))
    found = al.review(m.loss, m.gradients, np.arange(6.0).reshape(2, 3) - 1, 0.3, wrt="W")
    assert [*found.mended.values()] == [text]


KEYS = """
def loss(w, n):
    return sum(((l + 1) * w[l] ** 2).sum() for l in range(n))


def gradients(w, n):
    g = {"d0": 0 * w}
    for l in range(n):
        g["d" + str(l + 1)] = g["d" + str(l)] + 0
        g[f"d{l}"] = g["d%d" % l]
    return g["d0"]
"""


def test_the_number_in_a_key(texts_of):
    args = np.ones((2, 3)), 2
    assert {"l", "l - 1"} <= {*texts_of(KEYS, "l + 1", args)}
    assert texts_of(KEYS, "l", args).count("l + 1") == 2  # of the keys with `l` alone
    assert {'f"d{l + 1}"', 'f"d{l - 1}"'} <= {*texts_of(KEYS, 'f"d{l}"', args)}
    text = KEYS.replace("{l}", "{l+1}")
    assert {'f"d{l}"', 'f"d{l - 1}"'} <= {*texts_of(text, 'f"d{l+1}"', args)}


def test_a_name_of_another_shape_where_the_code_raises(tmp_path):
    text = NETWORK.replace("a1 = np.tanh(z1)", "a1 = np.tanh(X)")
    found = al.review(*(getattr(module(tmp_path, text), f) for f in ("loss", "gradients")), *ARGS)
    assert [*found.mended.values()] == [NETWORK]


PAIRS = """
import numpy as np


def loss(s, x, y):
    return sum(s[i, k] for i, k in enumerate(y)) + s[x[0]].sum()


def gradients(s, x, y):
    g = 0 * s
    g[np.arange(len(y)), x] += 1
    g[:, y] += 0
    g[x[0]] += 1
    g[:, x[1]] += 0
    return g
"""


def test_lists_of_indices(texts_of):
    args = np.ones((3, 4)), [1, 0, 2], [3, 3, 0]
    assert "y" in texts_of(PAIRS, "x", args)
    assert "g[np.arange(len(y)), y]" in texts_of(PAIRS, "g[:, y]", args)
    assert "g[:, x[0]]" in texts_of(PAIRS, "g[x[0]]", args)
    assert "g[x[1]]" in texts_of(PAIRS, "g[:, x[1]]", args)


def test_columns_of_numpy_have_no_end(texts_of):
    """Without its brackets, np.c_ can be gone through forever."""
    text = COLUMNS.replace("np.vstack([[[1.0]], x])", "np.c_[np.ones(1), x.T].T", 1)
    found = texts_of(
        text.replace("d = np", "c = np.c_[x, x]\n    d = np"),
        "np.c_[x, x]",
        (np.ones((3, 4)), np.ones((3, 1))),
    )
    assert "np.c_" not in found


NEURONS = """
class Neuron:
    def __init__(self, w):
        self.w, self.output, self.delta = w, 1.0, 2.0

    def slope(self):
        return 1.0 - self.output ** 2

    @property
    def heavy(self):
        return self.w

    @heavy.setter
    def heavy(self, x):
        self.w = x

    def reset(self):
        self.heavy = 1.0


def loss(w):
    return (w ** 2).sum()


def gradients(w):
    neurons = [Neuron(x) for x in w]
    total = 0.0
    for one in neurons:
        total = total + one.w * one.delta
        one.delta = total
    return w
"""


def test_an_attribute_that_objects_are_given(texts_of):
    found = texts_of(NEURONS, "one.delta", (np.ones(3),))
    assert {"one.output", "one.w"} <= {*found}
    assert "one.heavy" not in found  # a property, which does more than give a value


def test_what_is_handed_to_a_function(texts_of):
    """May have another shape."""
    text = "def loss(w, a):\n    return w @ w\n\n\ndef two(x):\n    return 2 * x\n\n\n"
    text += "def gradients(w, a):\n    return two(a)[:2] + 0 * (a + 1)[:2] + 0 * w\n"
    args = np.ones(2), np.ones(3)
    assert "w" in texts_of(text, "a", args)
    assert "w" not in texts_of(text.replace("two(a)", "(2 * a)"), "a", args)


PADDED = """
import numpy as np


def loss(w, X, keep, rates):
    return (keep[:, None] * X * rates[:, None] * w).sum() / rates.sum()


def gradients(w, X, keep, rates):
    n = len(rates)
    d = X * w
    d[~keep] = 0
    e = X[keep]
    g = 0 * X
    total = d.sum(axis=0) / n
    g[:, 0] = (d * w)[:, 0]
    return total + 0 * e.sum() + 0 * g.sum()
"""
OF_PADDED = (
    np.ones(2),
    np.arange(6.0).reshape(3, 2),
    np.array([True, True, False]),
    np.array([0.5, 1.0, 2.0]),
)


def test_truth_values_the_other_way_round(texts_of):
    assert "keep" in texts_of(PADDED, "~keep", OF_PADDED)
    assert "~keep" in texts_of(PADDED, "keep", OF_PADDED)
    assert not any("~" in x for x in texts_of(PADDED, "d", OF_PADDED))


def test_a_sum_in_the_place_of_a_count(texts_of):
    """As of weights, of what a function is given, written as the program writes sums."""
    assert "rates.sum()" in texts_of(PADDED, "n", OF_PADDED)
    text = PADDED.replace("d.sum(axis=0)", "np.sum(d, axis=0)")
    for name in ("e", "g", "rates"):
        text = text.replace(f"{name}.sum()", f"np.sum({name})")
    assert "np.sum(rates)" in texts_of(text, "len(rates)", OF_PADDED)


def test_bias_columns_that_are_not_cut_off_where_it_raises(tmp_path):
    text = COLUMNS.replace("return d @ a.T, back + 0 * cut", "return {'T': d @ a.T, 'x': back[1:]}")
    text = text.replace("back = (T.T @ d)[:-1]", "back = T[:, 1:].T @ d").replace("[1:]}", "}")
    text = text.replace("    cut = T[:, 1:].sum()\n", "    back = back + x * 0\n")
    m = module(tmp_path, text.replace("T[:, 1:].T", "T.T"))
    found = al.review(m.loss, m.gradients, np.arange(12.0).reshape(3, 4), np.ones((3, 1)))
    (new,) = found.mended.values()
    spaced = {**vars(m)}
    exec(new, spaced)
    given = spaced["gradients"](np.arange(12.0).reshape(3, 4), np.ones((3, 1)))
    np.testing.assert_allclose(given["x"].ravel(), np.arange(12.0).reshape(3, 4)[:, 1:].sum(0))


def test_how_many_there_are_of_what_is_given(texts_of):
    text = "def loss(w, its):\n    return sum((w * x).sum() for x in its) / len(its)\n\n\n"
    text += "def gradients(w, its):\n    n = len(its[0])\n    return sum(its) / n\n"
    args = np.ones(3), [np.ones(3), np.ones(3)]
    assert "len(its)" in texts_of(text, "len(its[0])", args)


def test_a_number_that_has_a_name_is_written_so(texts_of):
    text = "SLOPE, K = 0.1, 3\nSMALL = 0.25\nTWO = 2\n" + NETWORK.replace("2 * (p", "3.5 * (p")
    text = text.replace("N = len(X)", "N = len(X) + 0 * SMALL * 0.25 * 2")
    found = texts_of(text, "3.5")
    assert "SMALL" in found
    assert "0.25" not in found
    assert "2" in found  # a whole number may be anything


RATINGS = """
import numpy as np


def loss(P, Q, ratings):
    return sum((r - P[u] @ Q[i]) ** 2 + P[u] @ P[u] for u, i, r in ratings)


def gradients(P, Q, ratings):
    gP, gQ = np.zeros_like(P), np.zeros_like(Q)
    for u, i, r in ratings:
        z = P[u]
        e = 2 * (P[u] @ Q[i] - r)
        for k in range(P.shape[1]):
            gP[u, k] += e * Q[i, k] + 2 * P[u, k]
            gQ[i, k] += e * z[k]
    return {"P": gP, "Q": gQ}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("gP[u, k] += e * Q[i, k] + 2 * P[u, k]", "gP[u, k] += e * Q[i, k] + 2 * Q[i, k]"),
        ("gP[u, k] += e * Q[i, k] + 2 * P[u, k]", "gP[u] += e * Q[i, k] + 2 * P[u, k]"),
        ("gQ[i, k] += e * z[k]", "gQ[i, k] += e * Q[i, k]"),
        ("gQ[i, k] += e * z[k]", "gQ[i, k] += e * z"),
    ],
)
def test_an_item_at_the_index_at_which_a_line_stores(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    ratings = [(0, 1, 0.3), (0, 2, 1.2), (1, 0, -0.4), (2, 3, 0.7)]
    args = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), ratings
    _, off, mended, its = reviewed(tmp_path, RATINGS, right, wrong, args)
    assert off == 0
    for g, expected in zip(mended.gradients(*args).values(), its.gradients(*args).values()):
        np.testing.assert_allclose(g, expected, rtol=1e-12)


LABELS = """
import numpy as np


def loss(W, y):
    return -sum(W[k - 1] for k in y) + W @ W


def gradients(W, y):
    Y = np.eye(len(W))[y - 1]
    return {"W": 2 * W - Y.sum(axis=0)}
"""


def test_labels_that_begin_at_1(tmp_path):
    args = np.array([0.5, -0.2, 0.9, 0.4]), np.array([1, 4, 2, 2])
    found, off, *_ = reviewed(tmp_path, LABELS, "[y - 1]", "[y]", args, wrt="W")
    assert off == 0
    assert [*found.mended.values()] == [LABELS]


LEARNED = """
import numpy as np


def loss(W, a, X):
    z = X @ W
    return (np.where(z > 0, z, a * z) ** 2).sum()


def gradients(W, a, X):
    z = X @ W
    low = z < 0
    g = 2 * np.where(low, a * z, z)
    slope = np.where(low, a, 1.0)
    return {"W": X.T @ (g * slope), "a": (g * z * low).sum(axis=0)}
"""


def test_a_slope_that_is_learned(tmp_path):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(3, 4)), rng.uniform(0.1, 0.4, size=4), rng.normal(size=(5, 3))
    found, off, *_ = reviewed(tmp_path, LEARNED, "(low, a, 1.0)", "(low, 0.0, 1.0)", args)
    assert off == 0
    assert [*found.mended.values()] == [LEARNED]


CLASSES = """
import numpy as np


def step(d, W, x):
    return d @ W.T, x.T @ d


def loss(U, W, a, x):
    return ((x @ U @ W) * a).sum() / np.sqrt(a @ a)


def gradients(U, W, a, x):
    h = x @ U
    n = np.sqrt(a @ a)
    d = np.zeros((len(x), len(a)))
    for k in range(len(a)):
        d[:, k] = a[k] / n
    d, dW = step(d, W, h)
    d, dU = step(d, U, x)
    return {"U": dU, "W": dW}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("d, dW = step(d, W, h)", "_, dW = step(d, W, h)"),
        ("a[k] / n", "a[0] / n"),
        ("    d[:, k] = a[k] / n", "    d[:, 1] = a[k] / n"),
    ],
)
def test_an_index_or_a_name_of_the_loop(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((3, 3), (3, 3), (3,), (5, 3)))
    found, off, *_ = reviewed(tmp_path, CLASSES, right, wrong, args, wrt=["U", "W"])
    assert off == 0
    assert [*found.mended.values()] == [CLASSES]


CELLS = """
import numpy as np


def loss(W, xs):
    c, total = np.zeros(len(W)), 0.0
    for x in xs:
        c = np.tanh(np.concatenate([x, c]) @ W.T)
        total = total + c.sum()
    return total


def gradients(W, xs):
    n = len(xs[0])
    cs, pairs = [np.zeros(len(W))], []
    for x in xs:
        pairs.append(np.concatenate([x, cs[-1]]))
        cs.append(np.tanh(pairs[-1] @ W.T))
    dW, later, dxs = np.zeros_like(W), np.zeros(len(W)), np.zeros_like(xs)
    for t in reversed(range(len(xs))):
        cell, before = cs[t + 1], cs[t]
        d = (1 + later) * (1 - cell ** 2)
        dW[:, :n] += np.outer(d, xs[t])
        dW[:, n:] += np.outer(d, before)
        both = d @ W
        dxs[t] = both[:n]
        later = both[n:]
    return {"W": dW, "xs": dxs}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("cs[t + 1], cs[t]", "cs[t], cs[t - 1]"),
        ("later = both[n:]", "later = both[:n]"),
        ("dxs[t] = both[:n]", "dxs[t] = both[n:]"),
    ],
)
def test_the_rest_of_a_slice_and_a_step_later(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(3, 6)), rng.normal(size=(4, 3))
    found, off, *_ = reviewed(tmp_path, CELLS, right, wrong, args, wrt=["W", "xs"])
    assert off == 0
    assert [*found.mended.values()] == [CELLS]


WEIGHTED = """
import numpy as np


def loss(W, V, x, y, weights):
    h = x
    for k in range(2):
        h = np.tanh(h @ W)
    e = (h @ V - y) ** 2
    return (e.sum(axis=1) * weights[(y[:, 0] > 0) * 1]).sum()


def gradients(W, V, x, y, weights):
    labels = (y[:, 0] > 0) * 1
    hs = [x]
    for k in range(2):
        hs.append(np.tanh(hs[k] @ W))
    w = weights[labels]
    d = 2 * (hs[-1] @ V - y) * w[:, None]
    dV = hs[-1].T @ d
    d = np.dot(d, V.T)
    dW = np.zeros_like(W)
    for k in reversed(range(2)):
        d = d * (1 - hs[k + 1] ** 2)
        dW += hs[k].T @ d
        d = d @ W.T
    return {"W": dW, "V": dV}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("w = weights[labels]", "w = weights"),
        ("1 - hs[k + 1] ** 2", "1 - hs[-1] ** 2"),
        ("np.dot(d, V.T)", "np.dot(d, U)"),
    ],
)
def test_items_that_are_picked_and_another_array_turned(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    text = WEIGHTED.replace("    dW = np", "    U = V[:2].T + 0 * V[1:3].T\n    dW = np")
    text = text.replace("    d = np.dot", "    U = np.ones((2, 3))\n    d = np.dot")
    shapes = (3, 3), (3, 2), (5, 3), (5, 2)
    args = *(rng.normal(size=s) for s in shapes), np.array([1.0, 3.0])
    _, off, mended, its = reviewed(tmp_path, text, right, wrong, args, wrt=["W", "V"])
    assert 0 <= off <= 1
    for g, expected in zip(mended.gradients(*args).values(), its.gradients(*args).values()):
        np.testing.assert_allclose(g, expected, rtol=1e-12)
