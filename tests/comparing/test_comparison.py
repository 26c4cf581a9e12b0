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
    assert [row.name for row in report.rows] == ["z", "b", "W"]  # from the loss back
    assert {row.step for row in report.rows} == {"right"}
    report.raise_if_wrong()


@pytest.mark.parametrize(
    ("name", "change", "verdict"),
    [
        ("W", lambda g: 2 * g, "2 times the derived one"),
        ("W", lambda g: g * (1 + 1e-6), "1.000001 times the derived one"),
        ("W", lambda g: g + 1e-6, "differs"),
        ("W", lambda g: -g, "its negative"),
        ("W", lambda g: g.T, "has shape (2, 3), not (3, 2); its transpose"),
        ("b", lambda g: g / 6, "1/6 times the derived one"),
        ("b", lambda g: g[None], "has shape (1, 2), not (2,); the values are right"),
        ("z", lambda g: g * np.nan, "handwritten is not finite"),
        ("z", lambda g: 0 * g, "is 0"),
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


def test_float32_is_held_to_its_digits():
    W = Tensor(np.ones((3, 2), "f4"), name="W")
    loss = (X.astype("f4") @ W).sum()
    g = np.repeat(X.sum(axis=0)[:, None], 2, axis=1)
    assert al.compare(loss, {"W": g}).ok
    assert not al.compare(loss, {"W": g * (1 + 2e-5)}).ok


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
    assert {row.name: row.ok for row in both.rows} == {"weights": True, "W": False}


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
    found = {row.name: row.ok for row in report.rows}
    assert found == {"W": True, "W_2": True, "a Tensor (1,) float64": False}
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
    html = report._repr_html_()
    rows = html.split("</table>")[0].split("<tr")[2:]
    assert ["✓" in row for row in rows] == ["✗" not in row for row in rows] == [False, False, True]
    assert "its negative" in rows[0]
    assert "handwritten is not finite" in rows[1]
    assert "&lt;b&gt;&amp;&quot;" in rows[2]
    assert "<b>" not in rows[2]
    assert "<p>2 mistakes are made: at z, b</p><p>z: its sign is the wrong one (sign)</p>" in html
    assert "✓" not in str(report)


def test_a_comparison_of_nothing_shows_itself():
    assert "verdict" in al.Comparison(())._repr_html_()


# Where first ------------------------------------------------------------------------------------


@pytest.fixture
def network():
    """Two layers and all that a handwritten pass has of them, right."""
    W1, W2 = Tensor(RNG.standard_normal((3, 4)), name="W1"), Tensor(RNG.standard_normal((4, 2)))
    b1 = Tensor(RNG.standard_normal(4), name="b1")
    W2.name = "W2"
    z1 = (X @ W1 + b1).named("z1")
    a1 = np.tanh(z1).named("a1")
    y = (a1 @ W2).named("y")
    loss = ((y - T) ** 2).mean()

    def backward(dy=lambda g: g, da1=lambda g: g, dz1=lambda g: g, db1=lambda g: g):
        """Each step of the pass, with something done to it."""
        by_hand = {"y": dy(2 / T.size * (y.data - T))}
        by_hand["W2"] = a1.data.T @ by_hand["y"]
        by_hand["a1"] = da1(by_hand["y"] @ W2.data.T)
        by_hand["z1"] = dz1(by_hand["a1"] * (1 - a1.data**2))
        by_hand["W1"] = X.T @ by_hand["z1"]
        by_hand["b1"] = db1(by_hand["z1"].sum(axis=0))
        return by_hand

    return loss, backward


def steps(report):
    return {row.name: row.step for row in report.rows}


def test_a_mistake_is_told_from_what_follows(network):
    loss, backward = network
    report = al.compare(loss, backward(da1=lambda g: g[:, ::-1]))
    assert steps(report) == {
        **{"y": "right", "W2": "right", "a1": "wrong"},
        **{"z1": "follows", "W1": "follows", "b1": "follows"},
    }
    assert report.first_wrong.name == "a1"
    assert report.notes == ("one mistake is made: at a1",)
    assert str(report).splitlines()[0].split()[-1] == "step"


def test_two_mistakes_are_both_found(network):
    loss, backward = network
    report = al.compare(loss, backward(dy=lambda g: g * 3, db1=lambda g: g[::-1]))
    wrong = {row.name for row in report.rows if row.step == "wrong"}
    assert wrong == {"y", "b1"}
    assert report.first_wrong.name == "y"
    assert steps(report)["W1"] == "follows"


def test_a_mistake_that_another_takes_back_is_not_wrong_where_the_values_are_right(network):
    loss, backward = network
    report = al.compare(loss, backward(da1=lambda g: 2 * g, dz1=lambda g: g / 2))
    assert steps(report) == {
        **{"y": "right", "W2": "right", "a1": "wrong"},
        **{"z1": "right", "W1": "right", "b1": "right"},
    }


def test_all_gradients_of_one_factor_are_said_to_be_those_of_another_loss(network):
    loss, backward = network
    by_hand = {name: g / 6 for name, g in backward().items()}
    report = al.compare(loss, by_hand)
    (note,) = report.notes
    assert note.startswith("all are 1/6 times the derived ones")
    assert "of a mean, where the loss is a sum" in note
    assert steps(report)["y"] == "wrong"
    (note,) = al.compare(loss, {name: 5 * g for name, g in backward().items()}).notes
    assert "length" not in note


def test_parameters_alone_say_what_they_clear(network):
    loss, backward = network
    by_hand = backward(dz1=lambda g: g * 1.5)
    report = al.compare(loss, {name: by_hand[name] for name in ("W1", "b1", "W2")})
    assert steps(report) == {"W2": "right", "b1": "wrong", "W1": "wrong"}
    (note,) = report.notes
    assert note.startswith("W2 right: so is what reaches the ops that use them")
    assert "look between these and b1, W1" in note
    by_hand = backward(dy=lambda g: g * 1.5 + 0.1)
    (note,) = al.compare(loss, {name: by_hand[name] for name in ("W1", "W2")}).notes
    assert note.startswith("pass the gradients of intermediates")


def test_a_value_of_another_shape_or_that_is_not_finite_passes_nothing_on(network):
    loss, backward = network
    by_hand = backward()
    report = al.compare(loss, by_hand | {"a1": by_hand["a1"][0]})
    assert steps(report)["a1"] == "wrong"
    assert steps(report)["z1"] == "right"
    report = al.compare(loss, by_hand | {"a1": by_hand["a1"] * np.nan})
    assert steps(report)["a1"] == "wrong"
    assert steps(report)["z1"] == "right"


def test_what_is_0_but_for_rounding_is_equal_to_0():
    """The shift of a softmax, a bias before a normalisation, the gradient at a minimum."""
    z = RNG.standard_normal((5, 3))
    c = Tensor([0.3], name="c")
    loss = al.cross_entropy(c + z, np.eye(3)[[0, 1, 2, 0, 1]])
    assert al.compare(loss, {"c": [0.0]}).ok
    w = Tensor(np.linalg.lstsq(X, T[:, 0], rcond=None)[0], name="w")
    loss = ((X @ w - T[:, 0]) ** 2).mean()
    assert al.compare(loss, {"w": 2 / 6 * X.T @ (X @ w.data - T[:, 0])}).ok
    tiny = loss * 1e-12
    assert not al.compare(tiny + (w * w).sum() * 1e-14, {"w": 2.1e-14 * w.data}).ok


def test_data_far_from_zero_are_known_to_fewer_digits():
    u = Tensor(RNG.standard_normal(50) + 1e6, name="u")
    loss = ((u - u.mean()) ** 2).mean()
    g = 2 / 50 * (u.data - u.data.mean())
    assert al.compare(loss, {"u": g}).ok
    assert not al.compare(loss, {"u": g * (1 + 1e-6)}).ok


def test_an_array_of_less_precision_excuses_itself_alone(network):
    loss, backward = network
    by_hand = backward()
    by_hand["b1"] = by_hand["b1"].astype(np.float32)
    assert al.compare(loss, by_hand).ok
    by_hand["W2"] = by_hand["W2"] * (1 + 2e-6)
    assert [row.name for row in al.compare(loss, by_hand).rows if not row.ok] == ["W2"]


def test_one_value_that_is_not_finite_is_one_mistake(network):
    loss, backward = network
    report = al.compare(loss, backward(da1=lambda g: g * np.nan))
    assert [name for name, step in steps(report).items() if step == "wrong"] == ["a1"]
    z = Tensor([-800.0, 1.0], name="z")
    with np.errstate(all="ignore"):
        report = al.compare((1 / (1 + np.exp(-z))).sum(), {"z": [0, 0.19661193324148185]})
    assert report.first_wrong is None
    assert "not finite there" in report.notes[0]
