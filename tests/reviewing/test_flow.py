"""The backward pass as a graph: what leads to right values, how far wrong ones are from them."""

import ast

import numpy as np
import pytest
from written import ARGS, NETWORK, module

from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside
from autograd_lite.reviewing.flow import Flow
from autograd_lite.reviewing.known import Known
from autograd_lite.reviewing.notes import seen

NORM = """
import numpy as np


def loss(g, b, x, y):
    m = x.mean(axis=1, keepdims=True)
    v = ((x - m) ** 2).mean(axis=1, keepdims=True)
    return ((g * (x - m) / np.sqrt(v + 1e-5) + b - y) ** 2).sum()


def gradients(g, b, x, y):
    inverse = 1 / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    centred = x - x.mean(axis=1, keepdims=True)
    hat = centred * inverse
    out = g * hat + b
    dout = 2 * (out - y)
    dhat = dout * g
    dx = inverse * (
        dhat - dhat.mean(axis=1, keepdims=True) - hat * (dhat * hat).mean(axis=1, keepdims=True)
    )
    return {"g": (dout * hat).sum(0), "b": dout.sum(0), "x": dx}
"""
rng = np.random.default_rng(2)
POINT = (
    rng.normal(size=4) + 2,
    rng.normal(size=4),
    rng.normal(size=(5, 4)),
    rng.normal(size=(5, 4)),
)


def flow(tmp_path, text, args, backward="gradients", now=(False,) * 4):
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, getattr(m, backward), args), None, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
        found = Flow(bench, bench.code, known, now)
    (file,) = bench.code.files.values()

    def value(start):
        line = next(
            n for n in file.nodes if hasattr(n, "targets") and file.segment(n).startswith(start)
        )
        return file, line.value, 0

    return found, known, value


def test_values_that_the_forward_pass_has_not_are_right_where_they_lead_there(tmp_path):
    found, known, value = flow(tmp_path, NORM, POINT)
    for start in ("inverse =", "hat =", "out ="):
        assert found.is_right(*value(start)), start
    g, b, x, y = POINT
    hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    dhat = 2 * (g * hat + b - y) * g
    assert str(known.meaning(seen(dhat))) == "∂loss/∂hat"  # which only the backward pass names


def test_how_far_a_wrong_value_is_from_what_is_right(tmp_path):
    wrong = NETWORK.replace("(1 - a1 ** 2)", "(1 - z1 ** 2)")
    found, _, value = flow(tmp_path, wrong, ARGS, now=(False, False, True, True))
    far = {start: found.far(*value(f"{start} =")) for start in ("dp", "da1", "dz1", "dW1", "db1")}
    assert far == {"dp": None, "da1": None, "dz1": 0, "dW1": 1, "db1": 1}
    assert [found.output(*value(f"{x} =")) for x in ("dW1", "db1", "dz1")] == [0, 1, None]


def test_a_wrong_value_does_not_lead_to_a_right_one_through_zeros(tmp_path):
    wrong = NORM.replace("2 * (out - y)", "2 * (out - y) + 0 * hat").replace(
        "inverse * (\n", "inverse ** 2 * (\n"
    )
    found, _, value = flow(tmp_path, wrong, POINT, now=(True, True, False))
    assert found.far(*value("dx =")) == 0


def test_gradients_that_are_divided_by_the_samples_at_the_end(tmp_path):
    course = (
        NETWORK.replace("dp = 2 * (p - Y) / N", "dp = 2 * (p - Y)")
        .replace("dW2 = a1.T @ dp", "dW2 = a1.T @ dp / N")
        .replace("db2 = dp.sum(axis=0)", "db2 = dp.sum(axis=0) / N")
    )
    found, known, value = flow(tmp_path, course, ARGS, now=(False, False, True, True))
    assert found.is_right(*value("dp ="))
    W1, b1, W2, b2, X, Y = ARGS
    a1 = np.tanh(X @ W1 + b1)
    dz1 = 2 * (a1 @ W2 + b2 - Y) @ W2.T * (1 - a1**2)  # not yet divided
    assert known.meaning(seen(dz1)) is not None


def test_a_pass_that_raises_is_followed_as_far_as_it_goes(tmp_path):
    found, _, value = flow(tmp_path, NETWORK.replace("X.T @ dz1", "X @ dz1"), ARGS, now=())
    assert found.is_right(*value("dp ="))
    assert found.far(*value("db1 =")) is None


SLICES = """
import numpy as np


def loss(w, X, Y):
    return ((X @ w - Y) ** 2).sum()


def gradients(w, X, Y):
    g = np.zeros(w.shape)
    for k in range(w.shape[1]):
        g[:, k] += 3 * X.T @ (X @ w[:, k] - Y[:, k])
    return {"w": g}
"""


def test_parts_that_are_stored_one_after_another_are_of_one_gradient(tmp_path):
    rng = np.random.default_rng(4)
    args = tuple(rng.normal(size=s) for s in ((3, 2), (5, 3), (5, 2)))
    found, _, _ = flow(tmp_path, SLICES, args, now=(False,))
    (file,) = {file for file, _ in found._places}
    line = next(n for n in file.nodes if isinstance(n, ast.AugAssign))
    assert [found.output(file, line, i) for i in range(3)] == [0, 0, None]


def test_a_gradient_that_is_0_tells_nothing(tmp_path):
    """A bias before a mean is taken away has the gradient 0, however wrong the pass is."""
    text = NETWORK.replace("np.tanh(X @ W1 + b1)", "(X @ W1 + b1 - (X @ W1 + b1).mean(0))")
    text = text.replace("np.tanh(z1)", "z1 - z1.mean(0)").replace("a1 ** 2)", "0)")
    text = text.replace("(1 - 0)", "1 - (da1 * 1).mean(0)").replace("dp @ W2.T", "3 * dp @ W2.T")
    found, _, value = flow(tmp_path, text, ARGS, now=(False, True, True, True))
    assert found.is_right(*value("dp ="))
    assert not found.is_right(*value("dz1 ="))
    assert found.far(*value("da1 =")) == 0


def test_a_gradient_but_for_a_number(tmp_path):
    """It is that line, and what leads there is right."""
    text = NETWORK.replace("dp = 2 * (p - Y) / N", "q = 3 * p\n    dp = 2 * (q / 3 - Y)")
    found, _, value = flow(tmp_path, text, ARGS)
    assert found.is_scaled(*value("dp ="))
    assert not found.is_right(*value("dp ="))
    assert found.is_nearly(*value("q ="))
    assert not found.is_scaled(*value("dW2 ="))


def test_zeros_and_ones_lead_to_nothing(tmp_path):
    """Such as a row of a softmax, all of whose others are masked, which is right by chance."""
    text = NORM.replace(
        "hat = centred * inverse", "hat = centred * inverse * 2\n    one = hat[0] * 0 + b * 0"
    )
    found, _, value = flow(tmp_path, text.replace("+ b - y", "+ b * 0 - y"), POINT)
    assert not found.is_right(*value("hat ="))


def test_a_count_that_is_missing_after_what_is_right_is_no_convention(tmp_path):
    """What is divided later is another gradient's, or was divided before."""
    text = NETWORK.replace("(1 - a1 ** 2)", "(1 - a1 ** 2) * N")
    text = text.replace("X.T @ dz1", "X.T @ (dz1 / N) * 2")
    found, known, value = flow(tmp_path, text, ARGS, now=(False, False, True, True))
    assert known.times == 1
    assert found.far(*value("dz1 =")) == 0


def test_a_gradient_to_rounding_is_that(tmp_path):
    text = NETWORK.replace("2 * (p - Y) / N", "2 * (p - Y) / N * (1 + 1e-13)")
    found, _, value = flow(tmp_path, text, ARGS, now=(False, False, True, True))
    assert found.is_right(*value("dp ="))
    assert not found.is_scaled(*value("dp ="))


SOFTPLUS = """
import numpy as np


def loss(W, x):
    return np.log(1 + np.exp(x @ W)).sum()


def gradients(W, x):
    z = x @ W
    e = 1 + np.exp(z)
    dz = 1 / (1 + np.exp(z))
    dW = x.T @ dz
    return {"W": dW}
"""


@pytest.mark.parametrize("name", ["dz", "de"])
def test_the_gradient_of_what_the_pass_has_not_is_one_by_chance(tmp_path, name):
    """1 / (1 + exp(z)) is that of 1 + exp(z), and no gradient of z."""
    text = SOFTPLUS if name == "de" else SOFTPLUS.replace("    e = 1 + np.exp(z)\n", "")
    args = rng.normal(size=(3, 2)), rng.normal(size=(5, 3))
    found, _, value = flow(tmp_path, text.replace("dz", name), args, now=(False,))
    assert found.is_right(*value(f"{name} =")) == (name == "de")


TWICE = """
import numpy as np


def loss(W, V, X):
    h = np.tanh(X @ W)
    return ((h @ V) ** 2).sum() + (h ** 2).sum()


def gradients(W, V, X):
    a = np.tanh(X @ W)
    da = 2 * (a @ V) @ V.T
    dW = X.T @ (da * (1 - a ** 2))
    return {"W": dW}
"""


@pytest.mark.parametrize("name", ["da", "first"])
def test_a_part_is_not_what_the_whole_is_called(tmp_path, name):
    """By the name that the backward pass has for the value; under another it may be one of two."""
    args = tuple(rng.normal(size=s) for s in ((3, 4), (4, 2), (5, 3)))
    found, _, value = flow(tmp_path, TWICE.replace("da", name), args, now=(False,))
    assert found.is_right(*value(f"{name} =")) == (name == "first")


CENTRED = """
def loss(w, k):
    m = w.mean(axis=0, keepdims=True)
    c = w - m
    return (c ** 2).sum() + (k * m).sum()


def gradients(w, k):
    m = w.mean(axis=0, keepdims=True)
    c = w - m
    dc = 5 * c
    dm = k - dc.sum(axis=0, keepdims=True)
    dw = dc + dm / len(w)
    return {"w": dw}
"""


def test_what_adds_up_to_nothing_leads_to_nothing(tmp_path):
    """The sum of wrong gradients is right, for it is 0 anyhow."""
    args = rng.normal(size=(5, 2)), rng.normal(size=(1, 2))
    found, _, value = flow(tmp_path, CENTRED, args, now=(False,))
    assert found.is_right(*value("dm ="))
    assert not found.is_right(*value("dc ="))
    assert found.far(*value("dc =")) == 0


def test_what_the_pass_calls_a_value_tells_which_gradient_is_meant_and_not_what_it_is(tmp_path):
    """Its name may be the mistake: of `a1 = X @ W1 + b1` nothing is said."""
    _, known, _ = flow(tmp_path, NETWORK, ARGS, now=(True,) * 4)
    W1, b1, W2, b2, X, Y = ARGS
    a1 = np.tanh(X @ W1 + b1)
    of = known.meaning(seen(2 * (a1 @ W2 + b2 - Y) / len(X) @ W2.T))
    assert known.is_of(of, "da1")
    assert known.called(of) == "a1"
    assert of.name == ""


METHODS = """
class Net:
    def __init__(self, w):
        self.w = w

    def loss(self, x):
        self.s = x @ self.w
        return (self.s ** 3).sum()

    def gradients(self, x):
        r = x @ self.w
        dr = 4 * self.s ** 2
        return {"self.w": x.T @ dr}
"""


def test_the_pass_is_followed_and_not_the_one_before(tmp_path):
    """Of methods, the forward pass runs first: its names are not those of the backward pass."""
    net = module(tmp_path, METHODS).Net(rng.normal(size=(3, 2)))
    with aside():
        call = Call(net.loss, net.gradients, (rng.normal(size=(5, 3)),))
        bench = Bench(call, ["self.w"], "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
        Flow(bench, bench.code, known, [False])
    its = [m for m, _ in known.values((5, 2)) if m.is_cotangent and m.name == "self.s"]
    assert its
    assert all(known.is_of(m, "dr") and known.is_of(m, "ds") for m in its)
