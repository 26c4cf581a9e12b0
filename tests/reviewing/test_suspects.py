"""Which lines look suspicious, and which do not."""

import inspect

import numpy as np
import pytest
from test_flow import flow
from test_pool import pool
from written import ARGS, NETWORK, reviewed

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
        x.targets[0].id: value for x, value in suspects.innocence.items() if hasattr(x, "targets")
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
