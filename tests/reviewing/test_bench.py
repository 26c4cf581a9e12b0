"""Where the passes are run: in silence, on copies, and on other data."""

import random
import warnings

import numpy as np
import pytest
from written import ARGS, NETWORK, make, module, reviewed

import autograd_lite as al
from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside, is_right


def test_what_runs_aside_is_not_heard_of(capsys):
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    expected = np.random.RandomState(3).rand(), random.Random(3).random()
    with aside():
        print("heard")
        warnings.warn("heard", stacklevel=1)
        np.log(np.array([-1.0]))
        np.random.rand()  # noqa: NPY002
        random.random()
    assert capsys.readouterr().out == ""
    assert (np.random.rand(), random.random()) == expected  # noqa: NPY002


def test_right_is_right_on_other_data_too(tmp_path):
    m = module(tmp_path, NETWORK)
    for given in (None, make):
        with aside():
            bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, given)
            cases = [bench.case(bench.given), *bench.others(4), *bench.others(5, 1, check=False)]
            assert len(cases) == 10
            assert all(all(bench.right(case)) for case in cases)
            shapes = {case.call.args[0].shape for case in cases}
            assert (len(shapes) > 2) == (given is not None)
            rows = {len(case.call.args[4]) for case in cases}
            assert len(rows) > 1


def test_how_near_is_right():
    g = np.array([[1.0, 2.0]])
    assert is_right(g, g + 1e-12, 1e-11)
    assert not is_right(g, g + 1e-10, 1e-11)
    assert is_right(g[0], g, 1e-11)
    assert not is_right(g.repeat(2, 0), g, 1e-11)
    assert not is_right(None, g, 1.0)
    assert not is_right(g * np.nan, g, 1.0)


def test_a_rate_that_is_given_by_default_is_varied(tmp_path):
    text = "def loss(w):\n    return (w * w).sum()\n\n"
    text += "def step(w, lr=0.5):\n    return w - lr * 2 * w\n"
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.step, (np.ones(3),)), ["w"], "updated", 0.5, None)
        cases = bench.others(4)
        assert len({case.lr for case in cases}) == 4
        assert all(all(bench.right(case)) for case in cases)


@pytest.mark.parametrize(("used", "varied"), [("self.lr", 4), ("0.5", 1)])
def test_a_rate_that_an_object_keeps_is_varied_where_it_is_the_rate(tmp_path, used, varied):
    text = "class Net:\n    def __init__(self, w):\n        self.w, self.lr = w, 0.5\n\n"
    text += "    def loss(self):\n        return (self.w * self.w).sum()\n\n"
    text += f"    def step(self):\n        self.w = self.w - {used} * 2 * self.w\n"
    net = module(tmp_path, text).Net(np.ones(3))
    with aside():
        bench = Bench(Call(net.loss, net.step, ()), ["self.w"], "updated", 0.5, None)
        cases = bench.others(4)
        assert len({case.lr for case in cases}) == varied
        assert all(all(bench.right(case)) for case in cases)


def test_arguments_on_which_a_right_pass_overflows_tell_nothing(tmp_path):
    """In float32, 1 - p is 0 where it is 1e-9 in float64."""
    text = "import numpy as np\n\ndef loss(w, x):\n    return np.log(1 + np.exp(x * w)).sum()\n\n"
    text += "def gradient(w, x):\n    p = 1 / (1 + np.exp(-(x * w))).astype('f4')\n"
    text += "    return {'w': x * (p * (1 - p)) / (1 - p)}\n"
    m = module(tmp_path, text)
    with aside():
        args = np.full(3, 8.0), np.full(3, 1.2)
        bench = Bench(Call(m.loss, m.gradient, args), ["w"], "gradients", 1.0, None)
        cases = bench.others(12)
        assert len(cases) > 8
        assert all(np.isfinite(bench.gradients(case)[0]).all() for case in cases)


def test_a_number_that_the_loss_hangs_on_is_no_rate(tmp_path):
    text = "class Net:\n    def __init__(self, w, b):\n        self.w, self.b = w, b\n"
    text += "        self.alpha = 0.5\n\n    def loss(self):\n"
    text += "        return self.b.sum() + self.alpha * (self.w * self.w).sum()\n\n"
    text += "    def step(self, lr=0.5):\n        self.w = self.w - lr * 2 * lr * self.w\n"
    text += "        self.b = self.b - lr\n"
    net = module(tmp_path, text).Net(np.ones(3), np.ones(2))
    with aside():
        bench = Bench(Call(net.loss, net.step, ()), ["self.w", "self.b"], "updated", 0.5, None)
        assert bench._rates == []
        assert not all(all(bench.right(case)) for case in bench.others(4))


CLIPPED = """
import numpy as np


def loss(W, v, X):
    return (np.tanh(X @ W) @ v).sum()


def gradients(W, v, X, most=3.0):
    h = np.tanh(X @ W)
    g = {"W": X.T @ ((1 - h ** 2) * v), "v": h.sum(axis=0)}
    for d in g.values():
        np.clip(d, -3, 3, out=d)
    return g
"""


CLIPS = ["np.clip(d, -3, 3, out=d)", "np.clip(d, a_min=-3, a_max=3, out=d)"]


@pytest.mark.parametrize("clip", [*CLIPS, "d[:] = d.clip(-most, most)"])
@pytest.mark.parametrize(
    ("right", "wrong"), [("h ** 2", "h"), ("X.T @ (", "X @ ("), ("h.sum(axis=0)", "h.sum(axis=1)")]
)
def test_where_it_clips_nothing_is_told(tmp_path, clip, right, wrong):
    """Clipped gradients are others by intention, where they are large."""
    if wrong == "X @ (" and clip not in CLIPS:
        return  # it raises before that is known
    text = CLIPPED.replace(CLIPS[0], clip)
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((3, 2), (2,), (5, 3)))
    m = module(tmp_path, text)
    assert max(np.abs(g).max() for g in m.gradients(*args).values()) < 3
    review = al.review(m.loss, m.gradients, *args, wrt=["W", "v"])
    assert review.ok
    assert "more inputs" not in str(review)
    found, *_ = reviewed(tmp_path, text, right, wrong, args, wrt=["W", "v"])
    assert [*found.mended.values()] == [text]


def test_what_is_clipped_is_held_against_what_is_clipped(tmp_path):
    rng = np.random.default_rng(1)
    W, v, X = (rng.normal(size=s) for s in ((3, 2), (2,), (5, 3)))
    args = W, 30 * v, X
    m = module(tmp_path, CLIPPED)
    assert max(np.abs(g).max() for g in m.gradients(*args).values()) == 3
    review = al.review(m.loss, m.gradients, *args, wrt=["W", "v"])
    assert review.ok
    assert "it clips to ±3" in str(review)
    for right, wrong in (("h ** 2", "h"), ("-3, 3", "-3, 2"), ("X.T @ (", "0.5 * X.T @ (")):
        m = module(tmp_path, CLIPPED.replace(right, wrong))
        assert not al.review(m.loss, m.gradients, *args, wrt=["W", "v"]).ok


GUARDED = """
import numpy as np


def loss(W, x, y):
    e = np.log1p(np.exp(-y * (x @ W))).mean()
    return e + 20 * np.maximum(np.abs(W) - 0.5, 0).sum()


def gradients(W, x, y):
    z = np.clip(y * (x @ W), -15, 15)
    return {"W": -(x.T @ (y / (1 + np.exp(z)))) / len(y)}
"""


def test_a_value_that_is_clipped_hides_nothing(tmp_path):
    """A guard against overflow, and a penalty that only large weights have, and nobody derived."""
    m = module(tmp_path, GUARDED)
    rng = np.random.default_rng(0)
    args = np.full(3, 0.39), rng.uniform(0.5, 1, size=(6, 3)), np.sign(rng.normal(size=6))
    assert not al.review(m.loss, m.gradients, *args, wrt="W").ok


NUMBER = """
import numpy as np


def loss(w, x, y):
    return ((x * w - y) ** 2).mean()


def gradients(w, x, y):
    g = 2 * (x * (x * w - y)).mean()
    return {"w": np.clip(g, -1, 1)}
"""


@pytest.mark.parametrize("ends", ["-1, 1", "min=-1.0, max=np.array(1.0)", "a_max=1, a_min=-1"])
def test_a_number_that_is_clipped(tmp_path, ends):
    m = module(tmp_path, NUMBER.replace("-1, 1", ends))
    rng = np.random.default_rng(0)
    assert al.review(m.loss, m.gradients, 0.7, *rng.normal(size=(2, 6)), wrt="w").ok
    m = module(tmp_path, NUMBER.replace("-1, 1", "-1, 5"))  # that is no gradient any more
    assert not al.review(m.loss, m.gradients, -0.9, *rng.normal(size=(2, 6)), wrt="w").ok
