"""Lines that are missing, too many, or elsewhere."""

import ast

import numpy as np
import pytest
from test_pool import pool
from written import NETWORK, module, pool_of, reviewed

import autograd_lite as al
from autograd_lite.reviewing.rewrites import edits


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("    dW1 = X.T @ dz1\n", "    dW1 = X.T @ dz1\n    dW1 *= 2\n", "factor"),
        ("    dW1 = X.T @ dz1\n", "    dW1 = X.T @ dz1\n    z1 = a1\n", "constant"),
        ("    z1 = X @ W1 + b1\n", "    W1 = W1 + 1\n    z1 = X @ W1 + b1\n", "stale"),
        ("    dW1 = X.T @ dz1\n", "    dW1 = X.T @ dz1\n    dz1 = da1\n", "constant"),
    ],
)
def test_the_right_lines_are_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_a_division_that_is_missing_after_a_loop(tmp_path):
    text = "def loss(w, X):\n    return sum((x @ w) ** 2 for x in X) / len(X)\n\n\n"
    text += "def gradient(w, X):\n    dw = 0 * w\n    for x in X:\n        dw += 2 * (x @ w) * x\n"
    m = module(tmp_path, f"{text}    return dw\n")
    rng = np.random.default_rng(2)
    found = al.review(m.loss, m.gradient, rng.normal(size=4), rng.normal(size=(6, 4)), wrt="w")
    (mistake,) = found.mistakes
    assert mistake.kind == "factor"
    assert found.left == ()


def test_nothing_is_added_to_zeros_where_it_begins(tmp_path):
    """`+=` in the place of `=` is no way to mend `db = zeros`."""
    text = (
        "import numpy as np\n\n\ndef loss(X, w):\n    return (X @ w).sum()\n\n\n"
        "def gradients(X, w):\n    for x in X:\n        g = np.zeros_like(w)\n        g += x\n"
        "    return {'w': g}\n"
    )
    program, file, _ = pool(tmp_path, text, (np.ones((3, 2)), np.ones(2)))
    line = next(n for n in file.nodes if isinstance(n, ast.Assign))
    written = [text for edit in edits(program, file, line) for _, text in edit.changes]
    assert written
    assert not any(x.startswith("g += np.zeros") for x in written)


SUMS = """
import numpy as np


def loss(W, b, X, y):
    return sum((W[k] @ x + b[k]) ** 2 for x, k in zip(X, y)) / len(X)


def gradients(W, b, X, y):
    gW = np.zeros(W.shape)
    gb = np.zeros(b.shape)
    for x, k in zip(X, y):
        err = 2 * (W[k] @ x + b[k])
        gW[k] += err * x
        gb[k] += err
    gW = gW / len(X)
    gb = gb / len(X)
    return gW, gb
"""
OF_SUMS = (np.ones((3, 2)), np.ones(3), np.arange(8.0).reshape(4, 2), np.array([0, 1, 2, 1]))


@pytest.mark.parametrize(
    ("right", "wrong", "source", "new"),
    [
        ("        gb[k] += err\n", "", "gW[k] += err * x", "gW[k] += err * x\ngb[k] += err"),
        ("        gb[k] += err\n", "    gb[k] += err\n", "gb[k] += err", ""),  # within the loop
        ("    gb = gb / len(X)\n", "", "gW = gW / len(X)", "gW = gW / len(X)\ngb = gb / len(X)"),
    ],
)
def test_what_is_added_up_in_a_loop(texts_of, right, wrong, source, new):
    text, source, new = (
        x.replace("gW", "g1").replace("gb", "g2") for x in (SUMS.replace(right, wrong), source, new)
    )
    assert new in texts_of(text, source, OF_SUMS)


def test_a_line_that_belongs_into_the_loop(tmp_path):
    wrong = "    gb[k] += err\n"
    m = module(tmp_path, SUMS.replace("        gb[k] += err\n", wrong))
    found = al.review(m.loss, m.gradients, *OF_SUMS, wrt=["W", "b"])
    (new,) = found.mended.values()
    assert ast.dump(ast.parse(new)) == ast.dump(ast.parse(SUMS))


def test_a_division_after_the_others(tmp_path):
    """Where sums are divided one after another, what is missing belongs there."""
    text = SUMS.replace("gW = gW / len(X)", "gW /= len(X)").replace(
        "gb = gb / len(X)", "gb /= len(X)"
    )
    m = module(tmp_path, text.replace("    gb /= len(X)\n", ""))
    found = al.review(m.loss, m.gradients, *OF_SUMS, wrt=["W", "b"])
    assert [*found.mended.values()] == [text]


def test_a_line_that_differs_from_another_in_a_word(texts_of):
    """In whatever part of its target it stores."""
    text = NETWORK.replace(
        "db1 = dz1.sum(axis=0)", "db1 = np.zeros(b1.shape)\n    db1[:] = z1.sum(axis=0)"
    )
    text = text.replace("db2 = dp.sum(axis=0)", "dz2 = dp\n    db2 = dz2.sum(axis=0)")
    assert "db1 = dz1.sum(axis=0)" in texts_of(text, "db1[:] = z1.sum(axis=0)")


def test_a_list_is_not_multiplied(tmp_path):
    """In a loop it would grow without end, and no count of rounds would stop that."""
    text = "def loss(w, X):\n    return sum((x @ w) ** 2 for x in X)\n\n\n"
    text += "def gradients(w, X):\n    total = [0 * w]\n    for x in X:\n"
    text += "        total[0] += 2 * (x @ w) * x\n    return total[0]\n"
    m = module(tmp_path, text)
    bench, program = pool_of(m.loss, m.gradients, (np.ones(2), np.ones((3, 2))), "w")
    (file,) = bench.code.files.values()
    line = next(x for x in file.nodes if isinstance(x, ast.AugAssign))
    found = [text for edit in edits(program, file, line) for _, text in edit.changes]
    assert found
    assert not any("total *=" in x or "total /=" in x for x in found)


def test_a_bias_without_a_penalty(tmp_path):
    """Where its weights stand, the penalty's gradient is 0, and a line is missing that says so."""
    text = "def loss(W, x, c):\n    return ((W @ x) ** 2).sum() + c * (W[:, 1:] ** 2).sum()\n\n\n"
    text += "def gradients(W, x, c):\n    R = 2 * c * W\n    R[:, 0] = 0\n"
    text += "    return 2 * (W @ x)[:, None] * x + R\n"
    args = np.arange(6.0).reshape(2, 3) - 1, np.array([1.0, 2.0, -1.0]), 0.3
    for wrong in ("", "    R[0, :] = 0\n"):
        m = module(tmp_path, text.replace("    R[:, 0] = 0\n", wrong))
        assert [*al.review(m.loss, m.gradients, *args, wrt="W").mended.values()] == [text]


def test_what_is_not_stored_under_its_name(tmp_path):
    text = "def loss(W, b, x):\n    return ((W @ x + b) ** 2).sum()\n\n\n"
    text += "def gradients(W, b, x):\n    grads = {}\n    db = 2 * (W @ x + b)\n"
    text += "    dW = db[:, None] * x\n    grads['W'] = dW\n    grads['b'] = db\n    return grads\n"
    args = np.arange(6.0).reshape(3, 2), np.ones(3), np.array([1.0, -2.0])
    m = module(tmp_path, text.replace("    grads['W'] = dW\n", ""))
    (new,) = al.review(m.loss, m.gradients, *args, wrt=["W", "b"]).mended.values()
    assert sorted(new.split("\n")) == sorted(text.split("\n"))


def test_the_item_of_each_round(tmp_path):
    """The line before the loop takes one, too."""
    text = (
        "def loss(a, b):\n    return 2 * (a ** 2).sum() + (b ** 2).sum()\n\n\n"
        "def gradients(a, b):\n    its, g = [(2, a), (1, b)], {}\n    one = its[1]\n"
        "    g['b'] = 2 * one[0] * one[1]\n    for l in reversed(range(1)):\n"
        "        one = its[l]\n        g['a'] = 2 * one[0] * one[1]\n    return g\n"
    )
    m = module(tmp_path, text.replace("        one = its[l]\n", ""))
    found = al.review(m.loss, m.gradients, np.arange(3.0), np.ones(2) / 3)
    assert [*found.mended.values()] == [text]


def test_lines_of_names_with_a_number_and_without(texts_of):
    names = "W", "b", "W2", "b2"
    text = "def loss(W, b, W2, b2):\n    return sum((x ** 2).sum() for x in (W, b, W2, b2))\n\n\n"
    text += "def gradients(W, b, W2, b2):\n    dW, db, dW2, db2 = 2 * W, 2 * b, 2 * W2, 2 * b2\n"
    text += "".join(f"    {x} -= 0.1 * d{x}\n" for x in names) + "    return W, b, W2, b2\n"
    args = [np.ones(i + 1) for i in range(4)]
    for lost, line in (("b", "b2 -= 0.1 * db2"), ("b2", "b -= 0.1 * db")):
        some = texts_of(text.replace(f"    {lost} -= 0.1 * d{lost}\n", ""), line, args)
        assert any(f"{lost} -= 0.1 * d{lost}" in x.split("\n") for x in some)


def test_rows_that_are_told_by_truth_values(texts_of):
    text = "def loss(w, X, keep):\n    return (X * w)[keep].sum()\n\n\n"
    text += "def gradients(w, X, keep):\n    d = X * 1.0\n    return d.sum(axis=0)\n"
    for keep, told in ((np.array([True, False, True]), True), (np.array([True, False]), False)):
        args = np.ones(2), np.ones((3, 2)), keep
        if told:
            found = texts_of(text, "d = X * 1.0", args)
            assert {"d = X * 1.0\nd[~keep] = 0", "d = X * 1.0\nd[keep] = 0"} <= {*found}
        else:
            found = texts_of(text.replace("[keep]", ""), "d = X * 1.0", args)
            assert not any("keep" in x for x in found)


def test_what_is_stored_elsewhere_than_it_was_read(texts_of):
    text = "def loss(w, x):\n    return (w * x).sum()\n\n\ndef gradients(w, x):\n    kept = {}\n"
    text += "    kept['x'] = 2 * x\n    return x\n"
    assert "x = 2 * x" in texts_of(text, "kept['x'] = 2 * x", (np.ones(3), np.ones(3)))


def test_a_return_that_belongs_after_the_loop(tmp_path):
    text = "def loss(w, X):\n    return sum((x * w).sum() for x in X)\n\n\n"
    text += "def gradients(w, X):\n    g = 0 * w\n    for x in X:\n        g = g + x\n"
    m = module(tmp_path, text + "        return {'w': g}\n")
    found = al.review(m.loss, m.gradients, np.ones(2), np.arange(6.0).reshape(3, 2))
    assert [*found.mended.values()] == [text + "    return {'w': g}\n"]


LOOP = """
import numpy as np


def loss(W, b, v, X):
    return sum(((W @ x + b) @ v) ** 2 for x in X)


def gradients(W, b, v, X):
    gW, gb = np.zeros(W.shape), np.zeros(b.shape)
    gv = np.zeros(v.shape)
    for x in X:
        h = W @ x + b
        e = 2 * (h @ v)
        for k in range(len(v)):
            gv[k] += e * h[k]
            d = e * v[k]
            gb[k] += d
            for j in range(len(x)):
                gW[k, j] += d * x[j]
    return gW, gb, gv
"""
OF_LOOP = tuple(np.random.default_rng(1).normal(size=s) for s in ((3, 2), 3, 3, (4, 2)))


def test_a_line_of_a_loop_comes_after_what_it_adds(tmp_path):
    line = "            gb[k] += d\n"
    m = module(tmp_path, LOOP.replace(line, ""))
    found = al.review(m.loss, m.gradients, *OF_LOOP, wrt=["W", "b", "v"])
    assert [*found.mended.values()] == [LOOP], found


def test_one_array_with_two_names(texts_of):
    line = "gW, gb = np.zeros(W.shape), np.zeros(b.shape)"
    wrong = "gW = gb = np.zeros(W.shape)"
    assert line in texts_of(LOOP.replace(line, wrong), wrong, OF_LOOP)


UPDATES = """
import numpy as np


def loss(W1, b1, W2, b2, x):
    return ((np.tanh(x @ W1 + b1) @ W2 + b2) ** 2).sum() + ((W1 ** 2).sum() + (W2 ** 2).sum()) / 10


def gradients(W1, b1, W2, b2, x):
    a = np.tanh(x @ W1 + b1)
    e = 2 * (a @ W2 + b2)
    d = e @ W2.T * (1 - a ** 2)
    gW1, gb1 = x.T @ d, d.sum(0)
    gW2, gb2 = a.T @ e, e.sum(0)
    gW1 += W1 / 5
    gW2 += W2 / 5
    return gW1, gb1, gW2, gb2
"""


@pytest.mark.parametrize("line", ["    gW1 += W1 / 5\n", "    gW2 += W2 / 5\n"])
def test_a_line_is_missing_beside_its_like(tmp_path, line):
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((3, 4), 4, (4, 2), 2, (5, 3)))
    m = module(tmp_path, UPDATES.replace(line, ""))
    found = al.review(m.loss, m.gradients, *args, wrt=["W1", "b1", "W2", "b2"])
    assert [*found.mended.values()] == [UPDATES], found


def test_letters_alone_tell_names_apart(texts_of):
    """`gb = gb / n`, as `gc = gc / n`: b and c are parameters, too."""
    text = SUMS.replace("gb", "gc").replace("b", "c").replace("np.zeros(c", "np.zeros(c")
    text = text.replace("gW", "ga").replace("W", "a").replace("def loss(a, c", "def loss(a, c")
    text = text.replace("    gc = gc / len(X)\n", "")
    assert "ga = ga / len(X)\ngc = gc / len(X)" in texts_of(text, "ga = ga / len(X)", OF_SUMS)


WORDS = """
import numpy as np


def loss(in_vecs, out_vecs, pairs):
    return sum((in_vecs[a] @ out_vecs[b]) ** 2 for a, b in pairs) / len(pairs)


def add_up(of, a, v):
    of[a] += v
    return of


def gradients(in_vecs, out_vecs, pairs):
    of_in_vecs = np.zeros(in_vecs.shape)
    of_out_vecs = np.zeros(out_vecs.shape)
    for a, b in pairs:
        score = 0.0
        for k in range(in_vecs.shape[1]):
            score += in_vecs[a, k] * out_vecs[b, k]
        add_up(of_in_vecs, a, 2 * score * out_vecs[b])
        add_up(of_out_vecs, b, 2 * score * in_vecs[a])
    of_in_vecs /= len(pairs)
    of_out_vecs /= len(pairs)
    return of_in_vecs, of_out_vecs
"""
PAIRS = [(0, 1), (2, 0), (1, 3), (0, 3)]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("    of_out_vecs /= len(pairs)\n", ""),  # as the line of the other word
        (
            "    for a, b in pairs:\n        score = 0.0\n",
            "    score = 0.0\n    for a, b in pairs:\n",
        ),
    ],
)
def test_words_and_where_a_loop_begins(tmp_path, right, wrong):
    rng = np.random.default_rng(6)
    text = WORDS.replace("in_", "center_").replace("out_", "context_")
    right, wrong = (x.replace("out_", "context_") for x in (right, wrong))
    assert text.count(right) == 1
    m = module(tmp_path, text.replace(right, wrong))
    args = rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), PAIRS
    found = al.review(m.loss, m.gradients, *args, wrt=["center_vecs", "context_vecs"])
    assert [*found.mended.values()] == [text], found


def test_a_result_that_is_lost(tmp_path):
    text = "def loss(w, x):\n    return ((x @ w) ** 2).sum() + (w ** 2).sum()\n\n\n"
    text += "def decay(w):\n    return 2 * w\n\n\n"
    text += "def gradients(w, x):\n    dw = 2 * x.T @ (x @ w)\n    dw += decay(w)\n    return dw\n"
    rng = np.random.default_rng(6)
    m = module(tmp_path, text.replace("dw += decay(w)", "decay(w)"))
    found = al.review(m.loss, m.gradients, rng.normal(size=3), rng.normal(size=(5, 3)), wrt="w")
    assert [*found.mended.values()] == [text], found


def test_what_is_added_at_one_index_and_not_at_another(texts_of):
    text = "import numpy as np\n\n\ndef loss(W, b):\n    return (W.sum(1) * b).sum()\n\n\n"
    text += "def gradients(W, b):\n    gW, gb = np.zeros(W.shape), np.zeros(b.shape)\n"
    text += "    gW[-1] += b[-1]\n    for i in range(len(b) - 1):\n        gW[i] += b[i]\n"
    text += "        gb[i] += W[i].sum()\n    return {'W': gW, 'b': gb}\n"
    args = np.ones((3, 2)), np.arange(3.0)
    new = "gW[-1] += b[-1]\ngb[-1] += W[i].sum()"
    assert new in texts_of(text, "gb[i] += W[i].sum()", args)


CHAIN = """
import numpy as np


class Scale:
    def __init__(self, w):
        self.w = w

    def call(self, x):
        self.x = x
        return np.tanh(self.w * x)

    def backward(self, d):
        d = d * (1 - np.tanh(self.w * self.x) ** 2)
        self.dw = (d * self.x).sum(axis=0)
        return d * self.w


class Net:
    def __init__(self, *ws):
        self.layers = [Scale(w) for w in ws]
        self.first, self.last = self.layers

    def loss(self, x):
        for layer in self.layers:
            x = layer.call(x)
        return x.sum()

    def gradients(self, x):
        for layer in self.layers:
            x = layer.call(x)
        d = np.ones_like(x)
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return self.first.dw, self.last.dw
"""


def test_the_result_of_a_call_is_lost(tmp_path):
    right, wrong = "d = layer.backward(d)", "layer.backward(d)"
    net = module(tmp_path, CHAIN.replace(right, wrong)).Net(np.ones(3), np.arange(3) / 2)
    x = np.random.default_rng(1).normal(size=(4, 3))
    found = al.review(net.loss, net.gradients, x, wrt=["self.first.w", "self.last.w"])
    assert [*found.mended.values()] == [CHAIN]


BIASED = """
import numpy as np


def loss(T, U, X, lam):
    penalty = (T[1:] ** 2).sum() + (U[:, 1:] ** 2).sum()
    return ((X @ T) ** 2).sum() + np.sin(X @ U).sum() + lam * penalty


def gradients(T, U, X, lam):
    dT = 2 * X.T @ (X @ T)
    dU = X.T @ np.cos(X @ U)
    dT[1:] += 2 * lam * T[1:]
    dU[:, 1:] += 2 * lam * U[:, 1:]
    return {"T": dT, "U": dU}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dT[1:] += 2 * lam * T[1:]", "dT += 2 * lam * T"),
        ("dU[:, 1:] += 2 * lam * U[:, 1:]", "dU += 2 * lam * U"),
        ("    dU[:, 1:] += 2 * lam * U[:, 1:]\n", ""),
        ("    dT[1:] += 2 * lam * T[1:]\n", ""),
        ("    dU[:, 1:] += 2 * lam * U[:, 1:]\n", "    for k in range(1):\n        T = 1 * T\n"),
    ],
)
def test_a_penalty_of_all_but_the_bias(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = *(rng.normal(size=s) for s in ((4, 2), (4, 3), (5, 4))), 0.3
    found, off, mended, its = reviewed(tmp_path, BIASED, right, wrong, args, wrt=["T", "U"])
    assert -1 <= off <= 1 + wrong.count("\n")
    assert "for" not in wrong or wrong in next(iter(found.mended.values()))
    for g, expected in zip(mended.gradients(*args).values(), its.gradients(*args).values()):
        np.testing.assert_allclose(g, expected, rtol=1e-12)


MEANS = """
import numpy as np


def loss(w, b, c, X):
    return sum(np.sin(x @ w + b[0]) * c[0] for x in X) / len(X)


def gradients(w, b, c, X):
    gw, gb, gc = np.zeros_like(w), np.zeros_like(b), np.zeros_like(c)
    for x in X:
        d = np.cos(x @ w + b) * c
        gw += d * x
        gb += d
        gc += np.sin(x @ w + b)
    for g in (gw, gb, gc):
        g /= len(X)
    return {"w": gw, "b": gb, "c": gc}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("for g in (gw, gb, gc):", "for g in (gw,):"), ("g /= len(X)", "g = g / len(X)")],
)
def test_a_loop_that_does_not_change_all(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = rng.normal(size=3), np.array([0.3]), np.array([1.4]), rng.normal(size=(5, 3))
    found, off, *_ = reviewed(tmp_path, MEANS, right, wrong, args, wrt=["w", "b", "c"])
    assert off == 0
    assert [*found.mended.values()] == [MEANS]


STEPS = """
import numpy as np


def loss(W, V, xs):
    total, h = 0.0, np.zeros(len(W))
    for x in xs:
        h = np.tanh(W @ h + V @ x)
        total = total + h.sum()
    return total


def gradients(W, V, xs):
    hs = [np.zeros(len(W))]
    for x in xs:
        hs.append(np.tanh(W @ hs[-1] + V @ x))
    g = {name: np.zeros_like(p) for name, p in {"W": W, "V": V}.items()}
    later = np.zeros(len(W))
    for t in reversed(range(len(xs))):
        x, before = xs[t], hs[t]
        d = (1 + later) * (1 - hs[t + 1] ** 2)
        g["W"] += np.outer(d, before)
        g["V"] += np.outer(d, x)
        later = W.T @ d
    return g
"""


@pytest.mark.parametrize(
    "line", ['        g["W"] += np.outer(d, before)\n', '        g["V"] += np.outer(d, x)\n']
)
def test_nothing_is_added_to_what_a_dict_keeps(tmp_path, line):
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((4, 4), (4, 3), (5, 3)))
    _, off, mended, its = reviewed(tmp_path, STEPS, line, "", args, wrt=["W", "V"])
    assert -1 <= off <= 1
    for g, expected in zip(mended.gradients(*args).values(), its.gradients(*args).values()):
        np.testing.assert_allclose(g, expected, rtol=1e-12)


ROWS = """
import numpy as np


def loss(w, v, X):
    h = np.tanh(X @ w[:, :-1].T + w[:, -1])
    return np.sin(h @ v[:, :-1].T + v[:, -1]).sum()


def gradients(w, v, X):
    gw = [[0.0] * len(w[0]) for _ in range(len(w))]
    gv = [[0.0] * len(v[0]) for _ in range(len(v))]
    for x in X:
        h = [np.tanh(sum(w[j][i] * x[i] for i in range(len(x))) + w[j][-1]) for j in range(len(w))]
        dv = []
        for k in range(len(v)):
            dv.append(np.cos(sum(v[k][j] * h[j] for j in range(len(h))) + v[k][-1]))
        dw = []
        for j in range(len(w)):
            back = sum(dv[k] * v[k][j] for k in range(len(v)))
            dw.append(back * (1 - h[j] ** 2))
        for k in range(len(v)):
            for j in range(len(h)):
                gv[k][j] += dv[k] * h[j]
            gv[k][-1] += dv[k]
        for j in range(len(w)):
            for i in range(len(x)):
                gw[j][i] += dw[j] * x[i]
            gw[j][-1] += dw[j]
    return np.array(gw), np.array(gv)
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("[[0.0] * len(w[0]) for _ in range(len(w))]", "[[0.0] * len(w[0])] * len(w)"),
        ("            gv[k][-1] += dv[k]\n", ""),
    ],
)
def test_lists_of_lists(tmp_path, right, wrong):
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((3, 3), (2, 4), (4, 2)))
    _, off, mended, its = reviewed(tmp_path, ROWS, right, wrong, args, wrt=["w", "v"])
    assert -1 <= off <= 1
    for g, expected in zip(mended.gradients(*args), its.gradients(*args)):
        np.testing.assert_allclose(g, expected, rtol=1e-12)


WINDOWS = """
import numpy as np


def loss(w, X):
    return sum(np.sin(w @ X[:, t : t + 2].T).sum() for t in range(X.shape[1] - 1))


def gradients(w, X):
    t = np.arange(X.shape[1] - 1)[:, None] + np.arange(2)
    slope = np.cos(X[:, t] @ w)
    dX = np.zeros(X.shape)
    np.add.at(dX, (slice(None), t), slope[:, :, None] * w)
    return {"X": dX}
"""


@pytest.mark.parametrize("sign", ["+", ""])
def test_windows_that_overlap(tmp_path, sign):
    args = tuple(np.random.default_rng(1).normal(size=s) for s in ((2,), (3, 5)))
    right = "np.add.at(dX, (slice(None), t), slope[:, :, None] * w)"
    wrong = f"dX[:, t] {sign}= slope[:, :, None] * w"
    found, off, *_ = reviewed(tmp_path, WINDOWS, right, wrong, args, wrt="X")
    assert off == 0
    assert [*found.mended.values()] == [WINDOWS]


NEURONS = """
import numpy as np

RATE = 0.1


def loss(w_hid, w_out, x, y):
    return 0.5 * ((w_out @ np.tanh(w_hid @ x) - y) ** 2).sum() + 0.2 * (
        (w_hid ** 2).sum() + (w_out ** 2).sum()
    )


def gradients(w_hid, w_out, x, y):
    hid = np.tanh(w_hid @ x)
    err_out = w_out @ hid - y
    err_hid = w_out.T @ err_out * (1 - hid ** 2)
    new_wh = w_hid.copy()
    new_wo = w_out.copy()
    for k in range(len(y)):
        new_wo[k] -= RATE * err_out[k] * hid
    for j in range(len(hid)):
        new_wh[j] -= RATE * err_hid[j] * x
    new_wh -= RATE * 0.4 * w_hid
    new_wo -= RATE * 0.4 * w_out
    return new_wh, new_wo
"""


@pytest.mark.parametrize(
    ("right", "below"),
    [
        ("    new_wo -= RATE * 0.4 * w_out\n", (-1, 0)),
        ("    new_wh -= RATE * 0.4 * w_hid\n", (-1, 0, 1)),
    ],
)
def test_a_line_that_another_has(tmp_path, right, below):
    """With other names in several places."""
    rng = np.random.default_rng(2)
    args = tuple(rng.normal(size=s) for s in ((4, 3), (2, 4), (3,), (2,)))
    options = {"wrt": ["w_hid", "w_out"], "returns": "updated", "lr": 0.1}
    found, at, mended, true = reviewed(tmp_path, NEURONS, right, "", args, **options)
    assert at in below, found
    for new, old in zip(mended.gradients(*args), true.gradients(*args)):
        np.testing.assert_allclose(new, old, rtol=1e-12)


def test_a_line_that_another_has_in_another_loop(texts_of):
    """With the variable of that loop, at its end."""
    text = NEURONS.replace("        new_wh[j] -= RATE * err_hid[j] * x\n", "        pass\n")
    text = text.replace("new_wh -= RATE * 0.4 * w_hid\n", "new_wh[0] -= 0\n")
    text = text.replace(
        "        new_wo[k] -= RATE * err_out[k] * hid\n", "        new_wo[k] -= err_out[k]\n"
    )
    rng = np.random.default_rng(2)
    args = tuple(rng.normal(size=s) for s in ((4, 3), (2, 4), (3,), (2,)))
    its = texts_of(text, "new_wo[k] -= err_out[k]", args)
    assert "pass\nnew_wh[j] -= err_hid[j]" in its
    assert not any("new_wo[k] -= err_out[k]\nnew_wo[k] -= err_out[k]" in x for x in its)


def test_a_division_after_a_loop_beside_its_like(tmp_path):
    text = SUMS.replace("gW = gW / len(X)", "gW /= len(X)").replace(
        "gb = gb / len(X)", "gb /= len(X)"
    )
    rng = np.random.default_rng(3)
    args = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(4, 2)), OF_SUMS[3]
    found, at, *_ = reviewed(tmp_path, text, "    gW /= len(X)\n", "", args, wrt=["W", "b"])
    assert at in (0, 1), found
    assert found.mistakes[0].mended.strip() == "gW /= len(X)"


GROUPS = """
import numpy as np


def loss(W1, b1, W2, b2, x):
    h = np.tanh(x @ W1 + b1)
    return ((h @ W2 + b2) ** 2).sum() + 0.1 * (W2 ** 2).sum()


def gradients(W1, b1, W2, b2, x):
    h = np.tanh(x @ W1 + b1)
    d2 = 2 * (h @ W2 + b2)
    gW2 = h.T @ d2
    gW2 += 0.2 * W2
    gb2 = d2.sum(axis=0)
    d1 = d2 @ W2.T * (1 - h ** 2)
    step = x.T @ d1
    gW1 = 1 * step
    gb1 = d1.sum(axis=0)
    return gW1, gb1, gW2, gb2
"""


def test_a_line_stands_in_its_group(tmp_path):
    """Below what stores gW2 last, as the line for b1 does below gW1's."""
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((3, 4), 4, (4, 2), 2, (5, 3)))
    line = "    gb2 = d2.sum(axis=0)\n"
    m = module(tmp_path, GROUPS.replace(line, ""))
    found = al.review(m.loss, m.gradients, *args, wrt=["W1", "b1", "W2", "b2"])
    assert [*found.mended.values()] == [GROUPS], found
