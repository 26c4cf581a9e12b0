"""Where parameters stand, and the forms in which gradients are returned."""

import numpy as np
import pytest
from written import module

import autograd_lite as al
from autograd_lite.reviewing.arguments import UNKNOWN, Call, Targets

W, b, x = np.ones((3, 2)), np.zeros(2), np.arange(6.0).reshape(2, 3)


def forward(W, b, x):
    return 0.0


def of_dict(params, x):
    return 0.0


class Net:
    def __init__(self):
        self.W, self.b, self.n = W.copy(), b.copy(), 3

    def loss(self, x):
        return 0.0

    def back(self, x):
        return None


def names(f, args, wrt, result, updates=False, back=None):
    call = Call(f, back or f, args)
    return [place.name for place in Targets(call, wrt, result, updates).places]


def test_the_forms_of_results():
    args = (W, b, x)
    assert names(forward, args, None, {"dW": W, "db": b}) == ["W", "b"]
    assert names(forward, args, None, {"grad_W": W, "b_grad": b}) == ["W", "b"]
    assert names(forward, args, ["b", "W"], (b, W)) == ["b", "W"]
    assert names(forward, args, [0, 1], [W, b]) == ["W", "b"]
    assert names(forward, args, "W", W) == ["W"]
    assert names(forward, args, "W", (W,)) == ["W"]
    assert names(forward, args, None, (W, b, x)) == ["W", "b", "x"]
    layers = [(W, b), (W, b)]
    nested = ["params[0][0]", "params[0][1]", "params[1][0]", "params[1][1]"]
    assert names(of_dict, (layers, x), None, layers) == nested
    assert names(of_dict, ({"W": W, "b": b}, x), None, {"dW": W, "db": b}) == [
        "params['W']",
        "params['b']",
    ]


def test_attributes():
    net = Net()
    assert names(net.loss, (x,), ["self.W", "b"], {"W": W, "b": b}, back=net.back) == [
        "self.W",
        "self.b",
    ]
    assert names(net.loss, (x,), ["W", "b"], None, True, net.back) == ["self.W", "self.b"]
    call = Call(net.loss, net.back, (x,))
    copy = call.copied()
    assert copy.forward.__self__ is copy.backward.__self__ is not net
    place = Targets(call, ["self.W"], {"W": W}, False).places[0]
    place.put(copy, W + 1)
    assert (place.get(copy) == 2).all()
    assert (net.W == 1).all()


def test_gradients_of_updates():
    call = Call(forward, forward, (W, b, x))
    targets = Targets(call, ["W", "b"], (W, b), True)
    found = targets.gradients(call, call, (W - 0.1 * 3, b - 0.1 * 2), 0.1)
    np.testing.assert_allclose(found[0], np.full((3, 2), 3.0))
    np.testing.assert_allclose(found[1], np.full(2, 2.0))


def test_what_is_not_there_is_no_gradient():
    call = Call(forward, forward, (W, b, x))
    targets = Targets(call, ["W", "b"], {"W": W, "b": b}, False)
    assert targets.gradients(call, call, {"W": "text", "b": b}, 1.0)[0] is None
    assert targets.gradients(call, call, {"b": b}, 1.0)[0] is None


def test_of_a_pass_that_raises_the_result_comes_later():
    call = Call(forward, forward, (W, b, x))
    targets = Targets(call, ["W", "b"], UNKNOWN, False)
    assert [p.name for p in targets.places] == ["W", "b"]
    assert (targets.gradients(call, call, (W, b), 1.0)[0] == W).all()


@pytest.mark.parametrize(
    ("wrt", "result", "error", "said"),
    [
        (None, (W, b), ValueError, "name them"),
        (None, 3, ValueError, "name them"),
        (["V"], {"V": W}, ValueError, "here are W, b, x"),
        (["W", "b"], (W,), ValueError, "wrt has 2 names"),
        (None, {"Q": W}, ValueError, "a dict with 'Q'"),
    ],
)
def test_what_is_not_told(wrt, result, error, said):
    with pytest.raises(error, match=said):
        names(forward, (W, b, x), wrt, result)


def test_what_is_no_parameter():
    with pytest.raises(TypeError, match="floating numbers are needed"):
        names(forward, (np.arange(3), b, x), ["W"], {"W": W})
    with pytest.raises(TypeError, match="does not take 2 arguments"):
        names(forward, (W, b), ["W"], {"W": W})
    with pytest.raises(TypeError, match="cannot be copied"):
        Call(forward, forward, (W, b, (i for i in "x"))).copied()


LAYERS = """
import numpy as np


class Dense:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, g):
        self.dW = self.x.T @ g
        return g @ self.W.T


class Net:
    def __init__(self, first, last):
        self.layers, self.head = [Dense(first)], Dense(last)

    def loss(self, x):
        return (self.head.forward(np.tanh(self.layers[0].forward(x))) ** 2).sum()

    def gradients(self, x):
        h = np.tanh(self.layers[0].forward(x))
        g = self.head.backward(2 * self.head.forward(h))
        self.layers[0].backward(g * (1 - h ** 2))
        return self.layers[0].dW, self.head.dW


def loss(net, x):
    return net.loss(x)


def gradients(net, x):
    return net.gradients(x)
"""


def nets(folder, text=LAYERS):
    rng = np.random.default_rng(3)
    m = module(folder, text)
    return m, m.Net(rng.normal(size=(3, 4)), rng.normal(size=(4, 2))), rng.normal(size=(5, 3))


@pytest.mark.parametrize("root", ["self.", "net."])
def test_what_objects_keep_in_others(tmp_path, root):
    """Layers of a network, of which it is a method, or that is given."""
    wrong = LAYERS.replace("1 - h ** 2", "1 - h")
    for text in (LAYERS, wrong):
        m, net, x = nets(tmp_path, text)
        before = net.layers[0].W.copy(), net.head.W.copy()
        wrt = [f"{root}layers[0].W", f"{root}head.W"]
        passes = (net.loss, net.gradients, x) if root == "self." else (m.loss, m.gradients, net, x)
        found = al.review(*passes, wrt=wrt)
        assert found.names == tuple(wrt)
        assert found.ok == (text is LAYERS)
        assert [*found.mended.values()] == ([] if found.ok else [LAYERS])
        assert (before[0] == net.layers[0].W).all()
        assert (before[1] == net.head.W).all()


@pytest.mark.parametrize("wrt", ["self.layers[1].W", "self.head.V", "self.head", "head.W.b", "a b"])
def test_what_is_not_there(tmp_path, wrt):
    _, net, x = nets(tmp_path)
    with pytest.raises((ValueError, TypeError), match="wrt"):
        al.review(net.loss, net.gradients, x, wrt=[wrt])


def test_a_result_that_lacks_one(tmp_path):
    """It is missing in what is returned; and where nothing mends that, it does not fit."""
    text = "def loss(a, b):\n    return (a ** 2 * b).sum()\n\n\n"
    text += "def gradients(a, b):\n    da = 2 * a * b\n    db = a ** 2\n    return da, db\n\n\n"
    args = np.arange(1.0, 4.0), np.arange(2.0, 5.0)
    m = module(tmp_path, text.replace("return da, db", "return (da,)"))
    found = al.review(m.loss, m.gradients, *args, wrt=["a", "b"])
    assert [*found.mended.values()] == [text]
    assert any("returned a tuple of 1" in note for note in found.notes)
    dicts = text.replace("return da, db", 'return {"a": da, "b": db}')
    m = module(tmp_path, dicts.replace(', "b": db', ""))
    assert [*al.review(m.loss, m.gradients, *args, wrt=["a", "b"]).mended.values()] == [dicts]
    m = module(tmp_path, text.replace("return da, db", "return ()"))
    with pytest.raises(ValueError, match="returned a tuple of 0, and wrt has 2 names"):
        al.review(m.loss, m.gradients, *args, wrt=["a", "b"])


KEPT = """
from collections import namedtuple
from dataclasses import dataclass

Pair = namedtuple("Pair", "W b")


@dataclass(frozen=True)
class Frozen:
    W: object


class Shown:
    def __init__(self, W):
        self.kept = W

    @property
    def W(self):
        return self.kept


def loss(p, x):
    return ((x @ p.W) ** 2).sum()


def gradients(p, x):
    return {"W": 2 * x.T @ (x @ p.W)}
"""


def test_what_objects_keep_in_results_by_names(tmp_path):
    """By the last name, where that is one alone, or by all of it; in a named tuple, too."""
    m = module(tmp_path, KEPT)
    rng = np.random.default_rng(1)
    W, x = rng.normal(size=(3, 2)), rng.normal(size=(4, 3))
    assert al.review(m.loss, m.gradients, m.Pair(W, 1.0), x, wrt="p.W").ok
    for kept in (m.Frozen(W), m.Shown(W)):
        with pytest.raises(ValueError, match="cannot be set"):
            al.review(m.loss, m.gradients, kept, x, wrt="p.W")
    with pytest.raises(ValueError, match="wrt has 'x"):
        al.review(m.loss, m.gradients, m.Pair(W, 1.0), x, wrt="x[0]")  # a part of a parameter
    text = LAYERS.replace("return self.layers[0].dW, self.head.dW", "return {KEYS}")
    for keys in (
        '{"self.layers[0].W": self.layers[0].dW, "head.W": self.head.dW}',
        '{"layers[0].W": self.layers[0].dW, "self.head.W": self.head.dW}',
    ):
        _, net, x = nets(tmp_path, text.replace("{KEYS}", keys))
        wrt = ["self.layers[0].W", "self.head.W"]
        assert al.review(net.loss, net.gradients, x, wrt=wrt).ok
    _, net, x = nets(tmp_path, text.replace("{KEYS}", '{"W": self.head.dW}'))
    assert al.review(net.loss, net.gradients, x, wrt=["self.head.W"]).ok
    with pytest.raises(ValueError, match="a key by that name"):
        al.review(net.loss, net.gradients, x, wrt=["self.layers[0].W", "self.head.W"])
