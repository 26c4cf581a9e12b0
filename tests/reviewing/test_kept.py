"""What objects keep of an earlier call of the forward pass."""

import numpy as np
import pytest
from written import module

import autograd_lite as al

NET = """
import numpy as np


class Net:
    def __init__(self, rng):
        self.W = rng.normal(size=(3, 4))
        self.V = rng.normal(size=(4, 2))
        self.cache = {}

    def run(self, X):
        self.X = X
        self.cache["a"] = np.tanh(X @ self.W)
        self.out = self.cache["a"] @ self.V
        return self.out

    def loss(self, Y):
        p = np.tanh(self.X @ self.W) @ self.V
        return ((p - Y) ** 2).sum() / len(Y)

    def gradients(self, Y):
        d = 2 * (self.out - Y) / len(Y)
        dV = self.cache["a"].T @ d
        dW = self.X.T @ ((d @ self.V.T) * (1 - self.cache["a"] ** 2))
        return {"W": dW, "V": dV}
"""
WRT = ["self.W", "self.V"]


def net(folder, text=NET):
    rng = np.random.default_rng(0)
    found = module(folder, text).Net(rng)
    found.run(rng.normal(size=(6, 3)))
    return found, rng.normal(size=(6, 2))


def test_what_an_earlier_call_left_is_as_for_these_arguments_on_others(tmp_path):
    """With other parameters, what was kept of those before would be wrong."""
    own, Y = net(tmp_path)
    before = own.out.copy()
    found = al.review(own.loss, own.gradients, Y, wrt=WRT)
    assert found.ok, found
    (note,) = found.notes
    assert note.startswith("self.cache['a'], self.out: of an earlier call; on other")
    assert np.array_equal(own.out, before)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(1 - self.cache['a'] ** 2)", "(1 - self.cache['a'])"),
        ("2 * (self.out - Y)", "(self.out - Y)"),
        ("d @ self.V.T", "self.out @ self.V.T"),
    ],
)
def test_a_mistake_beside_what_is_kept(tmp_path, right, wrong):
    text = NET.replace('cache["a"]', "cache['a']")
    own, Y = net(tmp_path, text.replace(right, wrong))
    found = al.review(own.loss, own.gradients, Y, wrt=WRT)
    assert not found.ok
    assert found.left == ()
    assert [*found.mended.values()] == [text]


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("self.slope = (X @ self.W > 0) * 2.0", "* self.slope"),  # of no value of the loss
        ("self.a = np.tanh(X @ self.W)", "* self.a"),
    ],
)
def test_what_is_kept_and_not_known_is_tried_as_it_is(tmp_path, kept, read):
    """Whether it is wrong for other parameters cannot be told: no others are tried."""
    text = NET.replace("self.X = X", f"self.X = X\n        {kept}")
    text = text.replace("tanh(self.X @ self.W)", "maximum(self.X @ self.W, 0) ** 2")
    text = text.replace(
        "tanh(X @ self.W)\n        self.out", "maximum(X @ self.W, 0) ** 2\n        self.out"
    )
    text = text.replace('* (1 - self.cache["a"] ** 2)', f"* np.sqrt(self.cache['a']) {read}")
    own, Y = net(tmp_path, text)
    found = al.review(own.loss, own.gradients, Y, wrt=WRT)
    assert any("tried on these arguments alone" in note for note in found.notes), found
    assert found.ok == ("slope" in kept)


def test_two_values_that_are_the_same_here_alone(tmp_path):
    """Which of the two was kept is not told by its numbers."""
    text = NET.replace("np.tanh(", "np.maximum(0, ")
    text = text.replace('(1 - self.cache["a"] ** 2)', "(self.cache['a'] > 0)")
    rng = np.random.default_rng(0)
    own = module(tmp_path, text).Net(rng)
    own.W = rng.normal(size=(3, 4))
    own.W[0] = 2.0
    X = np.array([[1.0, 0.1, 0.1], [0.0, 0.0, 0.0]]).repeat(3, axis=0)
    own.run(X + 0.1)
    found = al.review(own.loss, own.gradients, rng.normal(size=(6, 2)), wrt=WRT)
    assert found.ok, found
    assert any("tried on these arguments alone" in note for note in found.notes)


def test_a_loss_that_hangs_on_what_was_kept_alone(tmp_path):
    text = NET.replace("p = np.tanh(self.X @ self.W) @ self.V", "p = self.out")
    own, Y = net(tmp_path, text)
    with pytest.raises(ValueError, match=r"the same loss, whatever self.W, self.V may be; .*wrt="):
        al.review(own.loss, own.gradients, Y, wrt=WRT)


def test_functions_that_begin_with_the_earlier_call(tmp_path):
    """As the error says."""
    text = NET.replace("p = np.tanh(self.X @ self.W) @ self.V", "p = self.out")
    text += (
        "\n\ndef loss(net, X, Y):\n    net.run(X)\n    return net.loss(Y)\n"
        "\n\ndef gradients(net, X, Y):\n    net.run(X)\n    return net.gradients(Y)\n"
    )
    m = module(tmp_path, text)
    rng = np.random.default_rng(0)
    data = m.Net(rng), rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    found = al.review(m.loss, m.gradients, *data, wrt=["net.W", "net.V"])
    assert found.ok, found
    assert found.notes == ()


def other(*pairs):
    """The network with other texts in the places of some."""
    text = NET
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


A = 'self.cache["a"]'


@pytest.mark.parametrize(
    ("loss", "slope"),
    [  # of parameters that are, as yet, those of before: data all the same
        ("np.exp(p - self.out)", "np.exp(p - self.out)"),
        ("(p - Y - self.out / 2) ** 2 / 2", "(p - Y - self.out / 2)"),
    ],
)
def test_what_the_loss_reads_is_data(tmp_path, loss, slope):
    """Such as the probabilities of the policy before, or what another network said."""
    text = other(
        ("((p - Y) ** 2).sum() / len(Y)", f"({loss}).sum()"),
        ("d = 2 * (self.out - Y) / len(Y)", f"p = a @ self.V\n        d = {slope}"),
        ("        p = a", "        a = np.tanh(self.X @ self.W)\n        p = a"),
        (f"{A}.T @ d", "a.T @ d"),
        (f"(1 - {A}", "(1 - a"),
    )
    own, Y = net(tmp_path, text)
    found = al.review(own.loss, own.gradients, Y, wrt=WRT)
    assert found.ok, found
    assert found.notes == ()


def test_the_cache_of_another_call_where_the_loss_has_its_own(tmp_path):
    """It is mistaken for that."""
    text = other(
        ("p = np.tanh(self.X @ self.W)", "self.a = np.tanh(self.X @ self.W)\n        p = self.a"),
        ("self.out - Y", "self.a @ self.V - Y"),
        (f"(1 - {A} ** 2)", "(1 - self.a ** 2)"),
    )
    own, Y = net(tmp_path, text)
    found = al.review(own.loss, own.gradients, Y, wrt=WRT)
    assert found.wrong == ("self.V",)
    assert "self.a.T @ d" in found.mistakes[0].mended


def test_what_neither_pass_reads_hinders_nothing(tmp_path):
    """Momenta stand beside the parameters; the bias, 0 as yet, is left out."""
    text = other(
        ("self.cache = {}", "self.cache = {}\n        self.b = np.zeros(4)"),
        ("self.b =", "self.m = [np.zeros((3, 4))]\n        self.b ="),
        ("X @ self.W)", "X @ self.W + self.b)"),
        ('{"W"', '{"b": dz.sum(0), "W"'),
        ("dW = self.X.T @ ((d @ self.V.T)", "dz = ((d @ self.V.T)"),
        ("        dz =", "        a = np.tanh(self.X @ self.W)\n        dz ="),
        (f"(1 - {A} ** 2))", "(1 - a ** 2))\n        dW = self.X.T @ dz"),
    )
    own, Y = net(tmp_path, text)
    found = al.review(own.loss, own.gradients, Y, wrt=["self.b", *WRT])
    assert set(found.wrong) == {"self.W", "self.b"}
    assert found.left == ()


HOLDERS = {
    "slots": "class Cache:\n    __slots__ = ('a',)\n",
    "called": "class Cache:\n    def __call__(self):\n        return self.a\n",
    "deque": "from collections import deque\n\n\nclass Cache(deque):\n    pass\n",
}


@pytest.mark.parametrize("kind", HOLDERS)
def test_objects_that_keep(tmp_path, kind):
    pairs = [("class Net", f"{HOLDERS[kind]}\n\nclass Net"), ("{}", "Cache()")]
    if kind == "deque":
        pairs += [(f"{A} =", "self.cache.append(0)\n        self.cache[0] ="), (A, "self.cache[0]")]
    else:
        pairs += [(A, "self.cache.a")]
    own, Y = net(tmp_path, other(*pairs))
    found = al.review(own.loss, own.gradients, Y, wrt=WRT)
    assert found.ok, found
    assert any("self.cache" in note and "as the loss" in note for note in found.notes)


def test_what_a_function_is_given(tmp_path):
    """A net as an argument of plain functions."""
    text = NET + "\n\ndef loss(net, Y):\n    return net.loss(Y)\n"
    text += "\n\ndef gradients(net, Y):\n    return net.gradients(Y)\n"
    own, Y = net(tmp_path, text)
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradients, own, Y, wrt=["net.W", "net.V"])
    assert found.ok, found


def test_a_loss_that_cannot_be_recorded_and_is_at_its_lowest(tmp_path):
    """Its gradient is 0, and it is told so."""
    text = (
        "def loss(w, x, y):\n    return sum(max(0.0, float(1 - k * (v @ w))) for v, k in zip(x, y))"
        "\n\n\ndef gradients(w, x, y):\n    g = 0 * w\n    for v, k in zip(x, y):\n"
        "        if k * (v @ w) < 1:\n            g = g - k * v\n    return {'w': g}\n"
    )
    m = module(tmp_path, text)
    x, y = np.array([[3.0, 0.0], [-4.0, 1.0]]), np.array([1.0, -1.0])
    assert al.review(m.loss, m.gradients, np.array([2.0, 0.5]), x, y, wrt="w").ok
