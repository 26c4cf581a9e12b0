"""Which lines look suspicious, and which do not."""

import ast
import inspect

import numpy as np
import pytest
from test_flow import flow
from test_pool import pool
from written import ARGS, NETWORK, module, reviewed

import autograd_lite as al
from autograd_lite.reviewing.suspects import Suspects


def looks(tmp_path, text, args=ARGS, now=(False,) * 4):
    """How innocent each line of the pass looks, by how it begins."""
    found, known, _ = flow(tmp_path, text, args, now=now)
    program, _, _ = pool(tmp_path, text, args)
    # the same text in another file, as what `flow` gives tells its own
    found._places = {
        (file, at): its
        for (_, at), its in found._places.items()
        for file in program.code.files.values()
    }
    suspects = Suspects(program, known, found, raises=False)
    return {
        ast.unparse(x.targets[0]): value
        for x, value in suspects.innocence.items()
        if hasattr(x, "targets")
    }, suspects


@pytest.mark.parametrize(
    ("right", "wrong", "first"),
    [
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - z1 ** 2)", "dz1"),
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1", "dz1"),  # another name of a right value
        ("da1 = dp @ W2.T", "da1 = dp @ (W2.T + 1)", "da1"),
        ("z1 = X @ W1 + b1", "z1 = X @ W1", "z1"),  # the forward pass goes on
        ("dp = 2 * (p - Y) / N", "dp = 3 * (p - Y) ** 3 / N", "dp"),
    ],
)
def test_the_wrong_line_looks_worst(tmp_path, right, wrong, first):
    now = (False, False, first in ("dz1", "da1"), first in ("dz1", "da1"))
    found, _ = looks(tmp_path, NETWORK.replace(right, wrong), now=now)
    assert found[first] == min(found.values()) < 0
    before = ["z1", "a1", "p", "dp", "da1", "dz1"]
    for name in before[: before.index(first)]:
        assert found[name] > 0.1, name


def test_what_only_wrong_values_are_made_of(tmp_path):
    """The value is right; what is made of it is not, for it is the value itself, no gradient."""
    text = NETWORK.replace("dp = 2 * (p - Y) / N", "dp = p - Y")
    found, _ = looks(tmp_path, text)
    assert found["dp"] < 0.3 < found["p"]


def test_what_a_missing_line_would_change(tmp_path):
    text = NETWORK.replace("dp = 2 * (p - Y) / N", "dp = p ** 2")
    found, suspects = looks(tmp_path, text)
    blamed = {name: value for (_, name), value in suspects.blamed.items()}
    assert blamed["dp"] == found["dp"]
    assert np.isfinite([*blamed.values()]).all()


@pytest.mark.parametrize(("right", "wrong"), [("slope(z1)", "slope(a1)"), ("1 - t ** 2", "1 - t")])
def test_a_helper_or_what_it_is_given(tmp_path, right, wrong):
    """One that gives the slope of tanh is right, and called with something else."""
    text = NETWORK.replace("da1 * (1 - a1 ** 2)", "da1 * slope(z1)")
    text += "\n\ndef slope(v):\n    t = np.tanh(v)\n    return 1 - t ** 2\n"
    *_, mended, true = reviewed(tmp_path, text, right, wrong, ARGS)
    assert inspect.getsource(mended) == inspect.getsource(true)


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("dW1 = X.T @ dz1", "dW1 = X.T @ z1\n    dW1 = X.T @ dz1", "dW1"),  # what was there is lost
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p - Y)", "dp"),  # but for a number
    ],
)
def test_what_is_suspicious_for_itself(tmp_path, right, wrong, name):
    found, _ = looks(tmp_path, NETWORK.replace(right, wrong))
    assert found[name] == min(found.values()) < 0


def test_gradients_that_are_given_for_each_other(tmp_path):
    """Two of one shape the other way round: what is returned is wrong, and nothing before."""
    text = "def loss(a, b, x):\n    return ((a + 2 * b) ** 2 * x).sum() / 2\n\n\n"
    text += "def gradients(a, b, x):\n    da = (a + 2 * b) * x\n    db = 2 * da\n"
    text += "    return {'a': db, 'b': da}\n"
    args = tuple(np.arange(3.0) + i for i in (1, 2, 5))
    _, suspects = looks(tmp_path, text, args, now=(False, False))
    its = {x.lineno: value for x, value in suspects.innocence.items()}
    assert its[max(its)] == min(its.values()) < 0


def test_a_loop_looks_as_what_is_in_it(tmp_path):
    text = NETWORK.replace(
        "dz1 = da1 * (1 - a1 ** 2)", "for _ in range(1):\n        dz1 = da1 * (1 - z1)"
    )
    _, suspects = looks(tmp_path, text, now=(False, False, True, True))
    (loop,) = [value for x, value in suspects.innocence.items() if hasattr(x, "iter")]
    assert -0.7 < loop < 0


def test_a_name_whose_value_is_given_and_wrong(tmp_path):
    """What makes it looks right: a line is missing that changes it."""
    text = NETWORK.replace("db1 = dz1.sum(axis=0)", "db1 = np.zeros(b1.shape)")
    _, suspects = looks(tmp_path, text, now=(True, False, True, True))
    blamed = {name: value for (_, name), value in suspects.blamed.items()}
    assert blamed["db1"] < 0 < blamed["dW1"]


def test_a_value_of_the_forward_pass_that_is_called_as_gradients_are(tmp_path):
    line = "    dz1 = da1"
    text = NETWORK.replace(line, f"    e = z1 * 1\n    dz = z1 * 1\n{line}")
    found, suspects = looks(tmp_path, text)
    assert found["dz"] < 0.3 < found["e"]
    assert "dz" in [x.targets[0].id for x in suspects.misplaced]


HELPER = """
import numpy as np


def loss(W, V, x):
    return (np.maximum(x @ W, 0) @ V).sum() ** 2 / 2


def slope(v):
    g = np.zeros(v.shape)
    g[v > 0] = 1
    return g


def gradients(W, V, x):
    z = x @ W
    a = np.maximum(z, 0)
    e = (a @ V).sum() * np.ones((len(x), V.shape[1]))
    dV = a.T @ e
    dz = e @ V.T * slope(z)
    dW = x.T @ dz
    return dW, dV
"""


@pytest.mark.parametrize(
    ("right", "slip"),
    [
        ("np.zeros(v.shape)", "np.ones(v.shape)"),  # what is stored in it is right
        ("g[v > 0] = 1", "g[v < 0] = 1"),
    ],
)
def test_where_a_helper_begins_what_it_stores_in(tmp_path, right, slip):
    rng = np.random.default_rng(3)
    args = tuple(rng.normal(size=s) for s in ((3, 4), (4, 2), (5, 3)))
    options = {"wrt": ["W", "V"]}
    _, below, mended, true = reviewed(tmp_path, HELPER, right, slip, args, **options)
    assert below == 0
    assert inspect.getsource(mended) == inspect.getsource(true)


PAIR = """
def loss(v, u):
    return (v @ u) ** 3


def both(v, u):
    g = 3 * (v @ u) ** 2
    return g * u, g * v


def gradients(v, u):
    dv, du = both(v, u)
    v_grad = dv * 1
    u_grad = du * 1
    return v_grad, u_grad
"""


@pytest.mark.parametrize(
    ("right", "slip"),
    [
        ("g * u, g * v", "g * u, g * u"),  # one value twice
        ("return v_grad, u_grad", "return u_grad, v_grad"),  # the names say whose they are
    ],
)
def test_what_is_returned_looks_wrong_by_its_text(tmp_path, right, slip):
    args = np.array([0.5, -1.5, 2.0]), np.array([1.0, 0.25, 3.0])
    alone = PAIR.replace("= both(v, u)", "= 3 * (v @ u) ** 2 * u, 3 * (v @ u) ** 2 * v")
    text = PAIR if "*" in right else alone
    found, below, mended, true = reviewed(tmp_path, text, right, slip, args, wrt=["v", "u"])
    assert below == 0, found
    assert inspect.getsource(mended) == inspect.getsource(true)


def test_zeros_that_nothing_is_stored_in(tmp_path):
    line = "    dW1 = X.T @ dz1"
    new = "    s = np.zeros((2, 3))\n    q = np.zeros((2, 3))\n    q += 1"
    text = NETWORK.replace(line, f"{new}\n{line}")
    found, _ = looks(tmp_path, text, now=(True,) * 4)
    assert found["s"] < 0 <= found["q"]


def test_a_new_line_is_not_better_where_the_line_before_looks_wrong(tmp_path):
    from autograd_lite.reviewing.rewrites import Edit

    text = NETWORK.replace("(1 - a1 ** 2)", "(1 - z1 ** 2)")
    _, suspects = looks(tmp_path, text, now=(False, False, True, True))
    lines = {
        x.targets[0].id: (unit.file, x)
        for unit in suspects.pool.units
        for x in ast.walk(unit.statement)
        if isinstance(x, ast.Assign)
    }

    def doubt(after):
        file, line = lines[after]
        new = f"{file.segment(line)}\nother = 1"
        return suspects.doubt(Edit(file, ((line, new),), "", "", 0.5))

    assert doubt("dz1") == doubt("dp")


def test_a_value_that_the_loss_calls_so_is_not_wrong(tmp_path):
    """What is made of it is; a mistake there would have another value."""
    text = NETWORK.replace("p = np.tanh(X @ W1 + b1)", "a1 = np.tanh(X @ W1 + b1)\n    p = a1")
    text = text.replace("a1 = np.tanh(z1)", "a1 = np.tanh(z1)\n    c1 = a1.copy()")
    text = text.replace("da1 * (1 - a1 ** 2)", "da1 * (1 - c1 ** 3)").replace("a1.T @", "c1.T @")
    found, _ = looks(tmp_path, text, now=(False, False, True, True))
    assert found["dz1"] == min(found.values())


def by_line(tmp_path, text, args, now):
    """How innocent the lines look, by their texts."""
    _, suspects = looks(tmp_path, text, args, now=now)
    return {
        unit.file.segment(x): suspects.innocence[x]
        for unit in suspects.pool.units
        for x in ast.walk(unit.statement)
        if x in suspects.innocence
    }


def test_one_value_that_is_returned_twice(tmp_path):
    args = np.array([0.5, -1.5, 2.0]), np.array([1.0, 0.25, 3.0])
    lines = by_line(tmp_path, PAIR.replace("g * u, g * v", "g * u, g * u"), args, (True, False))
    assert lines["return g * u, g * u"] == min(lines.values()) < 0


def test_what_is_returned_by_the_name_of_another(tmp_path):
    args = np.array([0.5, -1.5, 2.0]), np.array([1.0, 0.25, 3.0])
    text = PAIR.replace("v_grad, u_grad", "u_grad, v_grad")
    lines = by_line(
        tmp_path, text.replace("return u_grad", "return u_grad * 1"), args, (False,) * 2
    )
    assert lines["return u_grad * 1, v_grad"] < 0


def test_what_begins_looks_as_what_is_stored_in_it(tmp_path):
    rng = np.random.default_rng(3)
    args = tuple(rng.normal(size=s) for s in ((3, 4), (4, 2), (5, 3)))
    text = HELPER.replace("return dW, dV", 'return {"W": dW, "V": dV}')
    text = text.replace("g[v > 0] = 1", "g[v > 0] = 3 * v[v > 0]")
    lines = by_line(tmp_path, text, args, (False, True))
    assert lines["g = np.zeros(v.shape)"] < 0.3


HANDED = """
import numpy as np


class Loss:
    def forward(self, p, y):
        self.p, self.y = p, y
        return ((p - y) ** 2).sum() / len(y)

    def backward(self):
        return 2 * (self.p - self.y) / self.y.shape[0]


class Net:
    def __init__(self, w):
        self.w, self.criterion = w, Loss()

    def loss(self, x, y):
        return self.criterion.forward(x @ self.w, y)

    def gradients(self, x, y):
        self.criterion.forward(x @ self.w, y)
        d = self.criterion.backward()
        return x.T @ d
"""


def test_a_call_that_hands_nothing_over_is_innocent(tmp_path):
    """`d = self.criterion.backward() / x.shape[0]` would do, too."""
    wrong = HANDED.replace(" / self.y.shape[0]", "")
    rng = np.random.default_rng(1)
    net = module(tmp_path, wrong).Net(rng.normal(size=(3, 2)))
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    found = al.review(net.loss, net.gradients, x, y, wrt="self.w")
    (mistake,) = found.mistakes
    assert "return" in wrong.split("\n")[mistake.line - 1]


LOOPS_OVER = """
def loss(w, b):
    return (w * w).sum() + (b * b).sum()


def gradients(w, b):
    gw, gb = w + w, 2 * b
    for g in (gw, gb):
        g = g / 1.0
    return {"w": gw, "b": gb * 3}
"""


def test_the_variable_of_a_loop_bound_anew(tmp_path):
    """Nothing reads it then; `g /= 1.0` may be meant."""
    args = np.ones(3), np.ones(2)
    found, _ = looks(tmp_path, LOOPS_OVER, args, now=(True, False))
    assert found["g"] < -0.5
    found, _ = looks(tmp_path, LOOPS_OVER.replace("1.0\n", "1.0\n        gw += 0 * g[0]\n"), args)
    assert found["g"] > -0.5


STEP = """
import numpy as np


class Tanh:
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, g):
        return g * (1 - self.a ** 2)


class Net:
    def __init__(self, W, V):
        self.W, self.V, self.act = W, V, Tanh()

    def loss(self, x, y):
        return ((self.act.forward(x @ self.W) @ self.V - y) ** 2).sum() / 2

    def gradients(self, x, y):
        d = self.act.forward(x @ self.W) @ self.V - y
        dV = self.act.a.T @ d
        dz = self.act.backward(d @ self.V.T)
        return x.T @ dz, dV
"""


def test_a_helper_that_returns_what_it_is_given(tmp_path):
    rng = np.random.default_rng(1)
    wrong = STEP.replace("return g * (1 - self.a ** 2)", "return g")
    net = module(tmp_path, wrong).Net(rng.normal(size=(3, 4)), rng.normal(size=(4, 2)))
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    found = al.review(net.loss, net.gradients, x, y, wrt=["self.W", "self.V"])
    assert found.mistakes[0].mended.strip() == "return g * (1 - self.a ** 2)"


def test_what_is_given_in_the_place_of_something_that_is_not_read(tmp_path):
    """It is larger than what it is the gradient of, and something else is not."""
    text = NETWORK.replace('return {"dW1": dW1, "db1": db1,', 'g = {"dW1": dW1, "db1": dz1,')
    assert "dz1," in text
    first = text.index('g = {"dW1"')
    text = text[:first] + text[first:].replace("}", "}\n    return g", 1)
    found, _ = looks(tmp_path, text, ARGS, now=(True, False, True, True))
    assert found["g"] < -0.5
