"""Which of two edits costs less."""

import ast
import inspect

import numpy as np
import pytest
from test_suspects import looks
from written import ARGS, NETWORK, reviewed

from autograd_lite.reviewing.costs import Costs
from autograd_lite.reviewing.rewrites import Edit

WRONG = NETWORK.replace("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - z1 ** 2)")


def node(suspects, source):
    """The file, and an expression or a line of the program that has some text."""
    found = [
        (unit.file, x)
        for unit in suspects.pool.units
        for x in ast.walk(unit.statement)
        if hasattr(x, "lineno") and unit.file.segment(x) == source
    ]
    return found[0]


def cost(suspects, old, new, rank=0.5, rate=None):
    file, site = node(suspects, old)
    edit = Edit(file, ((site, new),), "", "", rank)
    return Costs(suspects.pool, suspects.known, suspects, rate).of(edit)


@pytest.fixture
def suspects(tmp_path):
    return looks(tmp_path, WRONG, now=(False, False, True, True))[1]


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (("1 - z1 ** 2", "1 - a1 ** 2"), ("1 - z1 ** 2", "1 - a1 * a1 + 0")),  # the shorter
        (("1 - z1 ** 2", "1 - a1 ** 2"), ("dp @ W2.T", "dp @ W2.T * 2")),  # where it looks wrong
        (("da1 * (1 - z1 ** 2)", "da1 * z1"), ("da1 * (1 - z1 ** 2)", "dp * z1")),  # da1 is lost
    ],
)
def test_the_better_costs_less(suspects, less, more):
    assert cost(suspects, *less) < cost(suspects, *more)


def test_the_more_far_fetched_costs_more(suspects):
    assert cost(suspects, "z1", "a1", 0.1) < cost(suspects, "z1", "a1", 1)


def test_the_rate_of_an_update_belongs_in_no_gradient(suspects):
    text = "dz1 = da1 * (1 - z1 ** 2)"
    free = cost(suspects, text, text + " / N")
    assert cost(suspects, text, text + " / N", rate=float(len(ARGS[-1]))) > free + 5  # as N is


def test_lines_that_read_as_others_do(suspects):
    """`db2 = dp.sum(axis=0)` as db1, and no longer so."""
    line = "db1 = dz1.sum(axis=0)"
    assert cost(suspects, line, "db1 = da1.sum(axis=0)") < cost(
        suspects, line, "db1 = da1.sum(axis=1)"
    )


def test_a_line_that_is_copied_costs_half(suspects):
    line = "db1 = dz1.sum(axis=0)"
    copy = cost(suspects, line, f"{line}\ndb2 = dp.sum(axis=0)")
    assert copy < cost(suspects, line, f"{line}\ndb2 = dp.mean(axis=1)")


def test_what_is_moved_is_not_read_anew(suspects):
    line, other = "db1 = dz1.sum(axis=0)", "da1 = dp @ W2.T"
    (file, site), (_, to) = node(suspects, line), node(suspects, other)
    costs = [
        Costs(suspects.pool, suspects.known, suspects, None).of(
            Edit(file, ((site, ""), (to, f"{other}\n{text}")), "", "", 1)
        )
        for text in (line, "db1 = np.ones(3)")
    ]
    assert costs[0] < costs[1]


def test_a_line_that_stands_elsewhere(suspects):
    file, site = node(suspects, "dW1 = X.T @ dz1")
    _, other = node(suspects, "db1 = dz1.sum(axis=0)")
    new = "db1 = dz1.sum(axis=0)\ndW1 = X.T @ dz1"
    costs = Costs(suspects.pool, suspects.known, suspects, None)
    there = costs.of(Edit(file, ((site, ""), (other, new)), "", "", 0.5))
    here = costs.of(Edit(file, ((site, "dW1 = X.T @ dz1"),), "", "", 0.5))
    assert there > here


def test_a_name_that_is_read_at_last(tmp_path):
    text = WRONG.replace("    dz1 = ", "    other = da1 + 1\n    dz1 = ")
    suspects = looks(tmp_path, text, now=(False, False, True, True))[1]
    line = "dz1 = da1 * (1 - z1 ** 2)"
    assert cost(suspects, line, "dz1 = da1 * other") < cost(suspects, line, "dz1 = da1 * dz1")


def test_the_rate_belongs_where_other_lines_have_it(tmp_path):
    text = NETWORK.replace("dW2 = a1.T @ dp", "s1 = N * da1.sum(axis=0)\n    dW2 = a1.T @ dp")
    text = text.replace("    dW2 =", "    s2 = dp.sum(axis=0)\n    dW2 =").replace(
        "da1.sum", "p.sum"
    )
    _, suspects = looks(tmp_path, text)
    rate = float(len(ARGS[-1]))  # as N is
    line = "s2 = dp.sum(axis=0)"
    free, new = (cost(suspects, line, "s2 = N * dp.sum(axis=0)", rate=x) for x in (None, rate))
    assert new == free


METHODS = """
import numpy as np


def loss(w, x):
    return ((x @ w) ** 2).sum()


class Layer:
    def __init__(self, w):
        self.dw = np.zeros(w.shape)

    def back(self, x, e):
        self.dw += x.T @ e
        self.db = e.sum(axis=0)
        self.db += e.sum(axis=0)
        return self.dw


def gradients(w, x):
    return {"w": Layer(w).back(x, 3 * (x @ w))}
"""


def test_what_begins_elsewhere_is_added_to(tmp_path):
    """To set it would leave the zeros for nothing."""
    args = np.ones((3, 2)), np.arange(15.0).reshape(5, 3)
    _, suspects = looks(tmp_path, METHODS, args, now=(False,))
    added = cost(suspects, "self.dw += x.T @ e", "self.dw -= x.T @ e")
    assert cost(suspects, "self.dw += x.T @ e", "self.dw = x.T @ e") > added + 4


STATE = """
import numpy as np


def loss(W, V, x):
    return (np.tanh(x @ W) @ V).sum()


def gradients(W, V, x):
    kept = {"z1": x @ W, "a1": np.tanh(x @ W)}
    z = kept["z" + str(1)]
    a = kept["a" + str(1)]
    d = np.ones((len(x), V.shape[1])) @ V.T * (1 - a ** 2)
    return {"W": x.T @ d, "V": a.T @ np.ones((len(x), V.shape[1])) + 0 * z[0, 0]}
"""


def test_what_has_a_name_gets_no_other(tmp_path):
    """`z = kept["a" + str(1)]` would do, too."""
    rng = np.random.default_rng(1)
    args = tuple(rng.normal(size=s) for s in ((3, 4), (4, 2), (5, 3)))
    found, off, *_ = reviewed(tmp_path, STATE, "a ** 2", "z ** 2", args, wrt=["W", "V"])
    assert off == 0
    assert [*found.mended.values()] == [STATE]


def test_a_second_name_costs_more(tmp_path):
    args = tuple(np.random.default_rng(1).normal(size=s) for s in ((3, 4), (4, 2), (5, 3)))
    _, suspects = looks(tmp_path, STATE, args, now=(False, True))
    own = 'z = kept["z" + str(1)]'
    second = cost(suspects, own, 'z = kept["a" + str(1)]')
    assert second > cost(suspects, own, 'z = kept["b" + str(1)]') + 3


def test_what_undoes_a_right_line_costs_more(tmp_path):
    """`h = a1 / N` would do, and be no value of the forward pass."""
    text = NETWORK.replace("2 * (p - Y) / N", "2 * (p - Y)")
    text = text.replace("dW2 = a1.T @ dp", "h = a1 * 1\n    dW2 = h.T @ dp / N")
    text = text.replace("db2 = dp.sum(axis=0)", "db2 = dp.sum(axis=0) / N")
    text = text.replace("dW1 = X.T @ dz1", "dW1 = X.T @ dz1 / N")
    text = text.replace("db1 = dz1.sum(axis=0)", "db1 = dz1.sum(axis=0) / N")
    _, below, mended, true = reviewed(tmp_path, text, "h.T @ dp / N", "h.T @ dp", ARGS)
    assert below == 0
    assert inspect.getsource(mended) == inspect.getsource(true)


def test_to_multiply_and_divide_by_one_thing_costs_more(tmp_path):
    wrong = NETWORK.replace("dp = 2 * (p - Y) / N", "k = len(b2)\n    dp = 2 * (p - Y) / k")
    wrong = wrong.replace("dp.sum(axis=0)", "dp.sum(axis=0) * k ** 0")
    found = looks(tmp_path, wrong)[1]
    right = cost(found, "2 * (p - Y) / k", "2 * (p - Y) / N")
    assert cost(found, "2 * (p - Y) / k", "k * 2 * (p - Y) / k / N") > right + 6


def test_what_comes_of_a_shape_may_be_idle(tmp_path):
    def of_idle(line):
        text = NETWORK.replace("N = len(X)", f"N = len(X)\n    {line}")
        text = text.replace("dp = 2 * (p - Y) / N", "dp = 2 * (p - Y) / k")
        found = looks(tmp_path, text)[1]
        return cost(found, "2 * (p - Y) / k", "2 * (p - Y) / N")

    assert of_idle("k = len(b2)") > of_idle("_, k = W2.shape") + 3


def test_the_rate_as_a_number(suspects):
    """`lr * g` that is added makes good an update that came too early."""
    text = "dz1 = da1 * (1 - z1 ** 2)"
    free = cost(suspects, text, text + " + 0.125 * da1", rate=0.5)
    assert cost(suspects, text, text + " + 0.125 * da1", rate=0.125) > free + 5
