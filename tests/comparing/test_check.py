"""Right gradients are called right, wrong ones wrong, and what is at fault is named."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from rows import ROWS
from test_faults import CURVED, FAULTS, PLACES, changed, detached, planted
from test_ops import FLOATING
from told import tells

import autograd_lite as al
import nn
from autograd_lite import Tensor, primitive, reverse
from autograd_lite.comparing import check, verdict

RNG = np.random.default_rng(0)
V = RNG.standard_normal(5)
M = RNG.standard_normal((3, 3))


def checked(f, *args, **how):
    return al.check_grad(f, *args, progress=False, **how)


def op(rule, forward, *rules):
    """An op of the user's own."""
    forward.__name__ = "mine"
    return primitive(rule, *rules)(forward)


# The catalogue: none of its gradients is called wrong ---------------------------------------------


@pytest.mark.parametrize("name", FLOATING)
@pytest.mark.parametrize(("dtype", "order"), [("f8", 2), ("f4", 1)])
def test_a_right_gradient_is_called_right(name, dtype, order):
    row = ROWS[name]
    report = checked(row.call, *(x.astype(dtype) for x in row.inputs), order=order)
    assert report.ok, report
    assert len(report.rows) == order * len(row.inputs)
    assert not report.findings


def noticed(name, order=1):
    """The first report that calls a gradient of an op's rows wrong."""
    reports = (checked(r.call, *r.inputs, order=order) for r in ROWS.values() if r.op == name)
    return next((report for report in reports if not report.ok), None)


def names_it(report, name, i):
    of = getattr(al, name).op.name
    return any(f"VJP of {of}" in told and f"input {i}" in told for told in report.findings)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_rule_is_noticed_and_named(fault):
    for name, i in PLACES[[*FAULTS].index(fault) % 2 :: 2]:  # half of them for each fault
        with planted(getattr(al, name).op, i, FAULTS[fault]):
            report = noticed(name)
            assert report is not None, name
            assert names_it(report, name, i), report


def test_a_wrong_second_derivative_is_noticed_and_named():
    for name in CURVED[::2]:
        with planted(getattr(al, name).op, 0, detached):
            assert noticed(name) is None
            report = noticed(name, order=2)
            assert report is not None, name
            assert any("a VJP of" in told for told in report.findings), report


@pytest.mark.parametrize(("name", "i"), PLACES[::6])
def test_a_rule_that_is_wrong_on_tensors_only_is_noticed(name, i):
    fault = changed(lambda g: g * 1.001 if isinstance(g, Tensor) else g)
    with planted(getattr(al, name).op, i, fault):
        assert noticed(name, order=2) is not None


# Faults in an op of the user's own, and what the report says of them ------------------------------

STALE = V + 1
QUOTIENT = "the difference quotient"
USERS = {
    f"is 2 times {QUOTIENT}": op(lambda g, y, x: g * 6 * x**2, lambda x: x**3),
    f"is 1/3 times {QUOTIENT}": op(lambda g, y, x: g * x**2, lambda x: x**3),
    f"is 1.000001 times {QUOTIENT}": op(lambda g, y, x: g * x * 2.000002, lambda x: x**2),
    f"is the negative of {QUOTIENT}": op(lambda g, y, x: -g * 2 * x, lambda x: x**2),
    f"is 0, where {QUOTIENT} is not": op(lambda g, y, x: 0 * g, lambda x: x**2),
    "is 0, where": op(None, lambda x: x * 1.0),  # no rule at all
    "ignores its cotangent": op(lambda g, y, x: 2 * x, lambda x: x**2),
    # a term is missing; stale values; right for x > 0 only
    f", where {QUOTIENT} is": op(lambda g, y, x: g * 2 * x, lambda x: x**2 + np.sin(x)),
    ", where the difference quotient": op(lambda g, y, x: g * 2 * STALE, lambda x: x**2),
    "and right at": op(lambda g, y, x: g, lambda x: np.abs(x)),
    # forwards that are not what they seem to a complex step
    "is 0, where the difference": op(lambda g, y, x: 0 * g, lambda x: np.real(x) ** 2),
    "is the negative of": op(lambda g, y, x: -2 * g * x, lambda x: np.conj(x) ** 2),
}


@pytest.mark.parametrize("told", USERS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_the_vjp_at_fault_is_named_and_what_it_is(told, dtype):
    mine = USERS[told]
    report = checked(lambda x: np.tanh(mine(x * 0.5) * 2), V.astype(dtype))
    assert [row.verdict for row in report.rows] == ["wrong"]
    found = report.findings[-1]
    assert found.startswith("the VJP of mine for x (input 0) "), report
    assert told in found
    with pytest.raises(AssertionError, match="derived gradients differ"):
        report.raise_if_wrong()


def test_a_transposed_gradient_is_named():
    mine = op(lambda g, y, x: (g * 2 * x).T, lambda x: x * x)
    report = checked(lambda x: mine(x), M)
    assert report.findings[-1].endswith("(input 0) is the transpose of the difference quotient")


def test_the_input_at_fault_is_named():
    mine = op(lambda g, y, a, b: g * b, lambda a, b: a * b, lambda g, y, a, b: (g * a).mean(axis=0))
    report = checked(lambda a, b: mine(a, b).sum(), RNG.standard_normal((4, 3)), V[:3])
    assert [row.verdict for row in report.rows] == ["right", "wrong"]
    assert report.findings[-1] == f"the VJP of mine for b (input 1) is 1/4 times {QUOTIENT}"


def test_the_last_of_two_faults_is_named_first():
    one, two = (op(lambda g, y, x, k=k: g * k * x, lambda x: x * x) for k in (4, 6))
    assert "is 3 times" in checked(lambda x: two(one(x)), V).findings[-1]
    assert "is 2 times" in checked(lambda x: one(two(x)), V).findings[-1]


def test_a_fault_between_the_ops_is_no_op_s(monkeypatch):
    monkeypatch.setitem(reverse.sweep.__kwdefaults__, "accumulate", lambda x, before, gx: gx)
    report = checked(lambda x: x * np.sin(x), V)
    assert report.findings[-1].startswith("each op's own derivative is right")


def test_a_gradient_that_is_wrong_in_float32_only():
    mine = op(lambda g, y, x: g * x * (2.02 if x.dtype == "f4" else 2), lambda x: x * x)
    assert checked(mine, V).ok
    (row,) = checked(mine, V.astype("f4")).rows
    assert row.verdict == "is right, but not in float32"


@pytest.mark.parametrize(
    "f",
    [lambda x: (x * x.data).sum(), lambda x: float((x * x).sum()), lambda x: x * x.sum().item()],
)
def test_a_dependence_that_is_not_recorded_is_told(f):
    report = checked(f, V)
    assert not report.ok
    assert "in a way that is not recorded" in report.findings[0]


# Corners ------------------------------------------------------------------------------------------

CORNERS = {
    "relu": al.relu,
    "abs": np.abs,
    "maximum": lambda x: np.maximum(x, 0),
    "where": lambda x: np.where(x > 0, x, 3 * x),
    "clip": lambda x: al.clip(x, 0, 9),
    "max": lambda x: al.concatenate([x, np.zeros(1)]).max(),
    "sort": lambda x: np.sort(al.concatenate([x, np.zeros(1)])),
    "mask": lambda x: x[x > 0],
    "product with a mask": lambda x: (x > 0) * x,
}
DISTANCES = [0.0, 1e-13, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3]


@pytest.mark.parametrize("name", CORNERS)
@pytest.mark.parametrize("at", [*DISTANCES, *(-d for d in DISTANCES[1:])])
@pytest.mark.parametrize("order", [1, 2])
def test_a_corner_is_no_error(name, at, order):
    x = np.array([-1.5, at, 2.0, -0.7])
    report = checked(lambda x: CORNERS[name](x) ** 2 + 0.5 * CORNERS[name](x), x, order=order)
    assert report.ok, report


@pytest.mark.parametrize("at", [*DISTANCES, *(-d for d in DISTANCES[1:])])
@pytest.mark.parametrize("wrong", [lambda x: 2.0 * (x > 0), lambda x: (x > 0) - 1.0])
def test_a_wrong_gradient_near_a_corner_is_found(at, wrong):
    mine = op(lambda g, y, x: g * wrong(x), lambda x: np.maximum(x, 0))
    report = checked(lambda x: mine(x * 1.0), np.array([-1.5, at, 2.0]))
    assert not report.ok
    assert "the VJP of mine" in report.findings[-1]


def test_the_corner_is_named():
    z1 = Tensor(RNG.standard_normal((4, 2)) + 3, name="z1")
    z1.data[3, 1] = 0.0
    report = checked(al.relu(z1))
    assert report.rows[0].verdict == "corner"
    assert report.findings == (
        "the difference crosses the corner of relu at z1[3, 1]; not an error",
    )


def test_a_corner_that_only_the_usual_step_crosses_is_told():
    mine = op(lambda g, y, x: g * (x > 0), lambda x: np.maximum(x.real, 0))
    report = checked(mine, np.array([1.0, 1e-5]))
    assert report.rows[0].verdict == "right"
    assert report.findings == (
        "the difference crosses the corner of mine at x[1]; not an error: a shorter one does not",
    )


# Values -------------------------------------------------------------------------------------------

FAR = np.array([-1000.0, -800, 0.5, 1, 800, 1000])


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize(
    "f",
    [
        *(al.sigmoid, al.tanh, al.softplus, al.softmax, al.logsumexp, al.log_softmax, al.relu),
        *(np.square, np.sin, lambda x: np.sqrt(1 + x * x)),
        lambda x: al.bce_with_logits(x, np.ones(6, x.dtype)),
    ],
)
def test_far_from_zero(f, dtype):
    report = checked(f, FAR.astype(dtype), order=2)
    assert report.ok, report


def test_no_axes_no_elements_and_small_values():
    assert checked(np.sin, 0.5, order=2).ok
    assert checked(lambda x: x * 2, np.zeros((0, 3)), order=2).ok
    assert checked(lambda x: x.sum(), np.zeros((0, 3))).ok
    assert checked(np.log, np.array([1e-6, 1e-3, 1.0]), order=2).ok
    assert checked(lambda x, unused: x * 1.0, V, V).ok


def test_what_is_not_finite_is_told():
    for x in (np.nan, np.inf):
        (row,) = checked(np.square, np.array([1.0, x])).rows
        assert (row.verdict, row.place) == ("is not finite", "[1]")
    assert checked(np.sqrt, np.array([1.0, 0.0])).rows[0].verdict == "is not finite"
    masked = checked(lambda x: al.softmax(x + np.array([0.0, 0.0, -np.inf])), V[:3])
    assert masked.ok
    assert not checked(lambda x: x * np.nan, V).ok


def test_chance_is_drawn_again():
    rng = np.random.default_rng(3)
    X = Tensor(RNG.standard_normal(20))
    assert checked(lambda x: al.dropout(x * x, p=0.5, rng=rng), X.data).ok
    assert checked(lambda x, rng: al.dropout(x * x, p=0.5, rng=rng), X.data, rng).ok
    assert checked(al.dropout(X * X, p=0.5, rng=rng), order=2).ok


def test_models_trees_and_intermediates():
    x = RNG.standard_normal((5, 4))
    model = nn.MLP([4, 6, 3], rng=0)
    loss = nn.cross_entropy(model(x), np.array([0, 1, 2, 1, 0]))
    report = checked(loss, model.parameters(), order=2)
    assert report.ok
    assert {row.method for row in report.rows[:4]} == {"complex step"}
    assert [row.slope for row in report.rows[:4]] == pytest.approx([2] * 4, abs=0.6)
    tree = {"W": np.ones((2, 2)), "b": [np.ones(2)]}
    report = checked(lambda p, n: (p["W"] @ p["b"][0]) ** n, tree, 3)
    assert [row.name for row in report.rows] == ['p["W"]', 'p["b"][0]']
    W = Tensor(V, name="W")
    z = (W * 3).named("z")
    for wrt in ([W, z], ["W", "z"], [W, "z"]):
        report = checked((z * z).sum(), wrt, order=2)
        assert report.ok
        assert [row.name for row in report.rows][:2] == ["W", "z"]


def test_of_many_elements_random_directions_are_checked(monkeypatch):
    monkeypatch.setattr(verdict, "SECONDS", 600.0)  # what fits in less hangs on the machine
    x = RNG.standard_normal(10**5)
    report = checked(lambda x: al.relu(x * x - 0.3), x)
    assert report.ok
    assert (report.rows[0].method, report.rows[0].checked) == ("directions", "8, and 4 elements")
    mine = op(
        lambda g, y, x: g * 2 * x * (1 + 1e-3 * (np.arange(x.size) % 7 == 3)), lambda x: x * x
    )
    assert not checked(lambda x: mine(x) * 1.0, x).ok


def test_one_wrong_element_of_many_is_noticed():
    mine = op(lambda g, y, x: g * 2 * x * (1 + (np.arange(x.size) == 77)), lambda x: x * x)
    x = RNG.standard_normal(10**5)
    x[77] = 0.5
    assert not checked(lambda x: mine(x), x).ok


def test_a_deep_chain_is_checked():
    y = Tensor(0.5)
    for i in range(20_000):
        y = al.sin(y) if i % 2 else y * 1.0001
    assert checked(y).ok


# The report, and what is refused ------------------------------------------------------------------


def test_the_report_shows_itself():
    report = checked(lambda x: USERS[f"is 2 times {QUOTIENT}"](x), V)
    assert "of mine for x (input 0) is 2 times" in str(report)
    assert str(report).startswith("name  shape")
    html = report._repr_html_()
    assert "✗" in html
    assert "is 2 times" in html
    assert "✓" in checked(np.sin, V)._repr_html_()


def test_the_same_seed_gives_the_same_report():
    assert str(checked(np.sin, V, rng=1)) == str(checked(np.sin, V, rng=1))
    assert str(checked(np.sin, V, rng=1)) != str(checked(np.sin, V, rng=2))


def test_a_bar_is_shown_if_it_is_wanted(monkeypatch):
    seen = []

    def tqdm(items, *args, **how):
        seen.append(how)
        return items

    monkeypatch.setattr(pytest.importorskip("tqdm"), "tqdm", tqdm)
    assert al.check_grad(np.sin, V).ok
    assert seen == [{"leave": False, "delay": 2, "file": None}]
    checked(np.sin, V)
    assert len(seen) == 1
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert al.check_grad(np.sin, V).ok


def test_what_is_refused():
    W = Tensor(V, name="W")
    loss = (W * W).sum()
    tells(lambda: checked(V), TypeError, "an array", "a function is needed", "the Tensor")
    tells(lambda: checked(loss, order=3), ValueError, "3", "1 or 2", "leave it out")
    tells(lambda: checked(loss, W, W), TypeError, "2 arguments", "one list", "[W, b]")
    tells(
        lambda: checked(loss, "V"),
        ValueError,
        "'V' names 0 values",
        "one is needed",
        ".named",
    )
    tells(lambda: checked(loss, [V]), TypeError, "an array", "a Tensor is needed", "pass those")
    tells(
        lambda: checked(lambda x: x, 3), ValueError, "0 floating", "others have no", "pass arrays"
    )
    tells(lambda: checked(np.sin, V, wrt=W), ValueError, "wrt=W", "arguments say", "pass")
    tells(lambda: checked(lambda x: (x, x), V), TypeError, "returned", "a Tensor", "hand over")
    tells(lambda: checked(lambda x: x.argmax(), V), TypeError, "int64", "floating", "differentiate")
    rng = np.random.default_rng(0)
    tells(
        lambda: checked(lambda x: x * rng.random(), V), ValueError, "two results", "one", "dropout"
    )


def test_the_search_for_a_fault_ends(monkeypatch):
    monkeypatch.setattr(check, "SECONDS", 0)
    report = checked(lambda x: np.sin(USERS[f"is 2 times {QUOTIENT}"](x)), V)
    assert report.findings[-1] == "no op was found at fault within 0 seconds"
