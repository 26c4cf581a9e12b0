import numpy as np
import pytest
from told import tells

import autograd_lite as al
from autograd_lite import Tensor

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 2))


@pytest.fixture
def problem():
    W, b = Tensor(RNG.standard_normal((3, 2)), name="W"), Tensor(np.zeros(2), name="b")
    z = (X @ W + b).named("z")
    loss = al.mse(al.sigmoid(z), T)
    y = 1 / (1 + np.exp(-z.data))
    dz = 2 / y.size * (y - T) * y * (1 - y)
    return loss, {"W": X.T @ dz, "b": dz.sum(axis=0), "z": dz}


def test_right_gradients_are_equal(problem):
    loss, by_hand = problem
    report = al.compare(loss, by_hand, rtol=1e-12)
    assert report.ok
    assert [row.name for row in report.rows] == ["W", "b", "z"]
    report.raise_if_wrong()


@pytest.mark.parametrize(
    ("name", "change", "verdict"),
    [
        ("W", lambda g: 2 * g, "differs"),
        ("W", lambda g: g * (1 + 1e-6), "differs"),
        ("W", lambda g: -g, "differs"),
        ("W", lambda g: g.T, "has shape (2, 3), not (3, 2)"),
        ("b", lambda g: g / 6, "differs"),
        ("b", lambda g: g[None], "has shape (1, 2), not (2,)"),
        ("z", lambda g: g * np.nan, "handwritten is not finite"),
        ("z", lambda g: 0 * g, "differs"),
    ],
)
def test_a_wrong_gradient_is_told_and_only_that_one(problem, name, change, verdict):
    loss, by_hand = problem
    report = al.compare(loss, by_hand | {name: change(by_hand[name])})
    assert not report.ok
    assert {row.name: row.verdict for row in report.rows if not row.ok} == {name: verdict}
    with pytest.raises(AssertionError, match=f"{name} .*"):
        report.raise_if_wrong()


def test_the_differences_are_the_largest(problem):
    loss, by_hand = problem
    wrong = by_hand["W"].copy()
    wrong[1, 1] += 1e-3
    (row,) = al.compare(loss, {"W": wrong}).rows
    assert row.absolute == pytest.approx(1e-3, rel=1e-9)
    scale = max(np.abs(wrong).max(), np.abs(by_hand["W"]).max())
    assert row.relative == pytest.approx(1e-3 / scale, rel=1e-9)


def test_float32_is_held_to_half_of_its_digits():
    W = Tensor(np.ones((3, 2), "f4"), name="W")
    loss = (X.astype("f4") @ W).sum()
    g = np.repeat(X.sum(axis=0)[:, None], 2, axis=1)
    assert al.compare(loss, {"W": g}).ok
    assert not al.compare(loss, {"W": g * 1.01}).ok


def test_names_can_come_from_a_mapping(problem):
    W = Tensor(np.ones((3, 2)))
    loss = (X @ W).sum()
    g = np.repeat(X.sum(axis=0)[:, None], 2, axis=1)
    assert al.compare(loss, {"W": g}, names=locals()).ok


def test_a_value_is_known_by_each_of_its_names(problem):
    loss, by_hand = problem
    W = next(node for node in al.order(loss) if node.name == "W")
    names = {"layers.0.W": W, "weights": W}
    for name in ("W", "layers.0.W", "weights"):
        report = al.compare(loss, {name: by_hand["W"]}, names=names)
        assert [(row.name, row.verdict) for row in report.rows] == [(name, "equal")]
    both = al.compare(loss, {"weights": by_hand["W"], "W": 2 * by_hand["W"]}, names=names)
    assert [row.verdict for row in both.rows] == ["equal", "differs"]


def test_a_name_of_two_values_is_ambiguous_however_they_came_by_it(problem):
    loss, by_hand = problem
    other = al.order(loss)[0]
    assert other.name != "z"
    with pytest.raises(ValueError, match="'z' names 2 values"):
        al.compare(loss, {"z": by_hand["z"]}, names={"z": other})


def test_names_are_those_of_the_other_readings():
    """Without those that start with an underscore; and no other mapping of names will do."""
    W = Tensor(np.ones((3, 2)))
    loss = (X @ W).sum()
    with pytest.raises(ValueError, match=r"'_W' names 0 values .* no names; one is needed; name"):
        al.compare(loss, {"_W": np.ones((3, 2))}, names={"_W": W})
    for names in ([1], [], {1: W}):
        with pytest.raises(TypeError) as told:
            al.compare(loss, {"W": np.ones((3, 2))}, names=names)
        with pytest.raises(TypeError) as drawn:
            al.draw(loss, names=names)
        assert str(told.value) == str(drawn.value)
        assert len(str(told.value).split("; ")) == 3


def test_gradients_without_names_are_refused(problem):
    with pytest.raises(TypeError, match=r"an array \(3, 2\) float64 .*; a dict .*; pass "):
        al.compare(problem[0], problem[1]["W"])


def test_unknown_and_ambiguous_names(problem):
    loss, by_hand = problem
    with pytest.raises(ValueError, match=r"'V' names 0 values .* has W, b, z"):
        al.compare(loss, {"V": by_hand["W"]})
    twice = al.mse(loss.named("z"), np.array(0.0))
    with pytest.raises(ValueError, match="'z' names 2 values"):
        al.compare(twice, {"z": by_hand["z"]})


@pytest.mark.parametrize(
    "given",
    [None, "dW", [[1, 2], [3]], [[Tensor(1.0)]], np.ones((3, 2), complex), np.sum, {"W": 1}],
)
def test_what_is_no_gradient(problem, given):
    tells(
        lambda: al.compare(problem[0], {"W": given}),
        TypeError, "the gradient of 'W' is ", "real numbers", "an array of shape (3, 2)",
    )  # fmt: skip


def test_gradients_may_be_lists_integers_and_tensors(problem):
    W = Tensor(np.ones((2, 2)), name="W")
    loss = (W * 3).sum()
    for given in (
        [[3, 3], [3.0, 3]],
        ((3, 3), (3, 3)),
        np.full((2, 2), 3),
        Tensor([[3.0] * 2] * 2),
    ):
        assert al.compare(loss, {"W": given}).ok
        assert not al.compare(loss * 2, {"W": given}).ok


def test_a_tensor_can_be_meant_by_itself(problem):
    """Under its name, or what it is called in `names`, or its shape; and no two alike."""
    a, b, c = Tensor([1.0], name="W"), Tensor([2.0], name="W"), Tensor([3.0])
    loss = (a + b * 2 + c * 3).sum()
    report = al.compare(loss, {a: [1], b: [2], c: [4]})
    assert [row.name for row in report.rows] == ["W", "W_2", "a Tensor (1,) float64"]
    assert [row.ok for row in report.rows] == [True, True, False]
    assert al.compare(loss, {c: [3]}, names={"c": c}).rows[0].name == "c"
    tells(
        lambda: al.compare(loss, {Tensor([1.0], name="V"): [1]}),
        ValueError, "V (1,) float64 is not in the graph", "depends on", "compute the loss from it",
    )  # fmt: skip
    tells(lambda: al.compare(loss, {3: [1]}), TypeError, "of 3", "a name", "pass {'W': dW}")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("w1", "W1"), ("W_1", "W1"), ("dW1", "W1"), ("d_w1", "W1"), ("dz", "z"), ("Z", "z"),
        ("hiden", "hidden"), ("hiddne", "hidden"),
        # another number or letter is another name, and one of two is none
        ("W3", None), ("W", None), ("W11", None), ("a1", None), ("a", None), ("wk", None),
        ("W_V", None), ("dx", None),
    ],
)  # fmt: skip
def test_a_slip_is_told_from_another_name(key, meant):
    values = {n: Tensor(1.0, name=n) for n in ("W1", "W2", "b1", "z", "hidden", "wK", "WK", "W_q")}
    loss = sum(values.values(), Tensor(0.0))
    tells(
        lambda: al.compare(loss, {key: 1.0}),
        ValueError,
        f"{key!r} names 0 values in the graph of the loss, which has W1, W2, WK, W_q, b1",
        "one is needed",
        f"did you mean {meant!r}?" if meant else "name values with .named",
    )


def test_a_constant_has_no_gradient(problem):
    """Asked for by the name of an array that went in; one that did not is unknown."""
    loss, _ = problem
    for names in ({"x": X}, {"T": T, "x": X}):
        tells(
            lambda: al.compare(loss, {"x": X}, names=names),
            ValueError, "'x' is an array (6, 3) float64, a constant", "a Tensor", "x = Tensor(x)",
        )  # fmt: skip
    with pytest.raises(ValueError, match="'x' names 0 values"):
        al.compare(loss, {"x": X}, names={"x": X.copy()})


def test_nothing_to_compare(problem):
    tells(lambda: al.compare(problem[0], {}), ValueError, "no hand", "one at least", "{'W': dW}")


@pytest.mark.parametrize("rtol", [-1, np.nan, "1e-3", [0.1]])
def test_another_tolerance(problem, rtol):
    tells(lambda: al.compare(*problem, rtol=rtol), ValueError, "rtol is", "at least 0", "leave")


def test_zero_against_zero_is_equal():
    W = Tensor(np.ones(3), name="W")
    assert al.compare((W * 0).sum(), {"W": np.zeros(3)}).ok


def test_a_notebook_shows_each_verdict_by_its_sign(problem):
    loss, by_hand = problem
    report = al.compare(
        loss,
        {'<b>&"': by_hand["W"], "b": by_hand["b"] * np.nan, "z": -by_hand["z"]},
        names={'<b>&"': next(node for node in al.order(loss) if node.name == "W")},
    )
    rows = report._repr_html_().split("<tr")[2:]
    assert ["✓" in row for row in rows] == ["✗" not in row for row in rows] == [True, False, False]
    assert "&lt;b&gt;&amp;&quot;" in rows[0]
    assert "<b>" not in rows[0]
    assert "handwritten is not finite" in rows[1]
    assert "differs" in rows[2]
    assert "✓" not in str(report)


def test_a_comparison_of_nothing_shows_itself():
    assert "verdict" in al.Comparison(())._repr_html_()
