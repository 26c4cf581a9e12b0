import numpy as np
import pytest

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


def test_a_gradient_of_strings_is_refused(problem):
    with pytest.raises(TypeError, match="real numbers"):
        al.compare(problem[0], {"W": "dW"})


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


def test_a_comparison_of_nothing_shows_itself(problem):
    assert "verdict" in al.compare(problem[0], {})._repr_html_()
