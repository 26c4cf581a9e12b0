"""What passes keep outside of their arguments: it is found, and put back as it was."""

import numpy as np
from written import module

import autograd_lite as al
from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.world import World

TEXT = """
import numpy as np

W = np.ones(3)
cache = {"kept": [1, 2]}
count = 0
generator = np.random.default_rng(1)


class Store:
    shared = {"a": 1}

    def __init__(self):
        self.last = None


store = Store()


def closure():
    inner = []
    total = 0.0

    def use(x):
        nonlocal total
        total += x
        inner.append(x)
        return inner, total

    return use


use = closure()


def everything(x):
    global count, fresh
    count += 1
    fresh = x
    W[0] = x
    cache["kept"].append(x)
    cache["new"] = x
    store.last = x
    Store.shared["b"] = x
    use(x)
    return generator.random()
"""


def test_all_that_is_kept_is_put_back(tmp_path):
    m = module(tmp_path, TEXT)
    held = m.W, m.cache, m.cache["kept"], m.store, m.Store.shared
    world = World(Code.of(m.everything), [m.store])
    assert not world.changed
    drawn = m.everything(5.0)
    assert world.changed
    world.restore()
    assert not world.changed
    assert all(
        a is b
        for a, b in zip(held, (m.W, m.cache, m.cache["kept"], m.store, m.Store.shared), strict=True)
    )
    assert (m.W == 1).all()
    assert m.cache == {"kept": [1, 2]}
    assert m.count == 0
    assert not hasattr(m, "fresh")
    assert m.store.last is None
    assert m.Store.shared == {"a": 1}
    assert m.use(1.0) == ([1.0], 1.0)
    world.restore()
    assert m.everything(5.0) == drawn  # the generator is where it was


CACHED = """
import numpy as np

cache = {}


def loss(W, V, x, y):
    cache["h"] = np.tanh(x @ W)
    cache["o"] = cache["h"] @ V
    return ((cache["o"] - y) ** 2).sum()


def gradients(W, V, x, y):
    h, o = cache["h"], cache["o"]
    d = 2 * (o - y)
    return {"W": x.T @ ((d @ V.T) * (1 - h ** 2)), "V": h.T @ d}


def make_net():
    kept = {}

    def loss(W, V, x, y):
        kept["h"] = np.tanh(x @ W)
        kept["o"] = kept["h"] @ V
        return ((kept["o"] - y) ** 2).sum()

    def gradients(W, V, x, y):
        h, o = kept["h"], kept["o"]
        d = 2 * (o - y)
        return {"W": x.T @ ((d @ V.T) * (1 - h ** 2)), "V": h.T @ d}

    return loss, gradients, kept
"""


def test_a_cache_in_a_module_or_a_closure(tmp_path):
    rng = np.random.default_rng(3)
    args = [rng.normal(size=s) for s in ((3, 4), (4, 2), (5, 3), (5, 2))]
    m = module(tmp_path, CACHED)
    for loss, gradients, kept in ((m.loss, m.gradients, m.cache), m.make_net()):
        assert al.review(loss, gradients, *args, progress=False).ok
        assert kept == {}
        loss(*args)
        before = kept["h"]
        assert al.review(loss, gradients, *args, progress=False).ok
        assert kept["h"] is before
    wrong = module(tmp_path, CACHED.replace("(1 - h ** 2)", "(1 - h)"))
    found = al.review(wrong.loss, wrong.gradients, *args, progress=False)
    assert found.wrong == ("W",)
    assert found.left == ()


TRAINED = """
class Net:
    W = None

    def loss(self, x, y):
        return ((x @ self.W - y) ** 2).sum()

    def train(self, x, y):
        self.W -= 0.1 * 2 * x.T @ (x @ self.W - y)
"""


def test_weights_of_a_class_are_left_alone(tmp_path):
    rng = np.random.default_rng(4)
    m = module(tmp_path, TRAINED)
    m.Net.W = rng.normal(size=(3, 2))
    before, net = m.Net.W.copy(), m.Net()
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    found = al.review(net.loss, net.train, x, y, returns="updated", lr=0.1, wrt=["W"])
    assert found.ok, found
    np.testing.assert_array_equal(m.Net.W, before)
    assert vars(net) == {}
