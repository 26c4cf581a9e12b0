"""Where the passes are run: in silence, on copies, and on other data."""

import random
import warnings

import numpy as np
import pytest
from written import ARGS, NETWORK, make, module

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
