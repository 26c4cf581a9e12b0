"""Where the passes are run: in silence, on copies, and on other data."""

import random
import warnings

import numpy as np
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
