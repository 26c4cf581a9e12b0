"""At a kink another choice is right, and the verdict says so; a mistake beside it is none."""

import numpy as np
import pytest
from rows import ROWS

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.comparing import kinks

BOTH = "both choices are defensible"
Z = np.array([-2.0, 0.0, 0.5, 0.0, 1.0])
ABOVE, FROM = Z > 0, Z >= 0  # relu', on either side of its kink
LEFT, RIGHT = np.sign(Z) - (Z == 0), np.sign(Z) + (Z == 0)  # |x|', on either side
WEIGHTS = np.array([1.0, 2.0, -3.0, 4.0, 5.0])


@al.primitive(lambda g, y, x: g * np.sign(x) * 3)
def mine(x):
    return 3 * np.abs(x)


# A function of Z, its derivatives on either side of each element, and the op whose kink it is.
FUNCTIONS = {
    "relu": (al.relu, ABOVE, FROM, "relu"),
    "abs": (abs, LEFT, RIGHT, "abs"),
    "an op of the user's": (mine, 3 * LEFT, 3 * RIGHT, "mine"),
    "maximum": (lambda z: np.maximum(z, 0), ABOVE, FROM, "maximum"),
    "minimum": (lambda z: np.minimum(0.5, z), Z < 0.5, Z <= 0.5, "minimum"),
    "clip": (lambda z: np.clip(z, 0, 7), ABOVE, FROM, "at_least"),
    "where": (lambda z: np.where(z > 0, z, z / 10), 0.1 + 0.9 * ABOVE, 0.1 + 0.9 * FROM, "where"),
    "a mask": (lambda z: z * (z > 0), ABOVE, FROM, "multiply"),
    "a mask of floats": (lambda z: (z > 0).astype(float) * z, ABOVE, FROM, "multiply"),
    "two masks": (lambda z: z * ((z > 0) | (z > 9)), ABOVE, FROM, "multiply"),
    "the sign": (lambda z: np.sign(z) * z, LEFT, RIGHT, "multiply"),
    "a part": (lambda z: (abs(z) - z) / 2, (LEFT - 1) / 2, (RIGHT - 1) / 2, "abs"),
}


@pytest.mark.parametrize("what", FUNCTIONS)
def test_what_is_between_the_sides_is_right_and_nothing_else(what):
    f, left, right, op = FUNCTIONS[what]
    z = Tensor(Z, name="z")
    loss = (f(z) * WEIGHTS).sum()
    derived, at = al.grad(loss, z), np.flatnonzero(left != right)
    kink = f"{op}'s kink at z[{at[0]}]" + (f" and {len(at) - 1} more" if len(at) > 1 else "")
    for share, ok in ((0, True), (0.5, True), (1, True), (-1, False), (-0.01, False), (2, False)):
        given = WEIGHTS * (left + share * (1.0 * right - left))
        (row,) = al.compare(loss, {"z": given}).rows
        assert row.ok == ok, share
        if ok:
            is_derived = np.allclose(given, derived, rtol=0, atol=1e-9)
            assert row.verdict == ("equal" if is_derived else f"equal, but for {kink}: {BOTH}")
            assert row.absolute < 1e-9
        given[-1] += 1e-6  # where there is no kink
        assert not al.compare(loss, {"z": given}).ok


# A function of x, gradients that are right, one that is not, though each share is between 0 and 1.
TIES = {
    "max": (
        lambda x: x.max() * 6,
        ([0, 2, 2, 0, 2], [0, 6, 0, 0, 0], [0, 0, 0, 0, 6]),
        [0, 6, 6, 0, 6],
    ),
    "min": (lambda x: (-x).min() * -2, ([0, 2, 0, 0, 0], [0, 0, 0, 0, 2]), [0, 2, 2, 0, 2]),
    "argmax": (lambda x: x[x.argmax()], ([0, 1, 0, 0, 0], [0, 0, 0, 0, 1]), [0, 0.5, 0, 0, 0]),
    "sort": (
        lambda x: (np.sort(x) * [1.0, 2, 3, 4, 5]).sum(),
        ([1, 3, 4, 2, 5], [1, 5, 4, 2, 3]),
        [1, 3, 5, 2, 5],
    ),
    "rows": (
        lambda x: x[1:].reshape((2, 2)).max(axis=1).sum(),
        ([0, 1, 0, 0, 1], [0, 0, 1, 0, 1]),
        [0, 1, 1, 0, 1],
    ),
}


@pytest.mark.parametrize("what", TIES)
def test_a_tie_goes_to_the_first_or_the_last_but_not_to_each_of_them(what):
    f, right, wrong = TIES[what]
    x = Tensor([1.0, 3.0, 3.0, 2.0, 3.0], name="x")
    loss = f(x)
    for given in right:
        assert al.compare(loss, {"x": given}).ok, given
    assert not al.compare(loss, {"x": wrong}).ok


@pytest.mark.parametrize("f", [np.maximum, lambda a, b: np.where(a > b, a, b)])
def test_a_tie_of_two_values_goes_to_one_in_both_rows(f):
    a, b = Tensor([1.0, 2.0, 0.0], name="a"), Tensor([1.0, 3.0, 0.0], name="b")
    loss = (f(a, b) * [1.0, 2.0, 3.0]).sum()
    assert al.compare(loss, {"a": [1, 0, 3], "b": [0, 2, 0]}).ok
    assert al.compare(loss, {"a": [0, 0, 0], "b": [1, 2, 3]}).ok
    assert not al.compare(loss, {"a": [1, 0, 3], "b": [1, 2, 3]}).ok


def test_what_is_smooth_or_jumps_has_no_kink():
    x = Tensor([0.0, 1.0, 1.0, -1.0], name="x")
    smooth = np.where(abs(x) <= 1, x * x / 2, abs(x) - 0.5).sum()  # Huber's
    for loss in (smooth, al.softmax(x).max(), np.exp(x).sum(), (x * x).sum()):
        derived = al.grad(loss, x)
        for i in range(4):
            wrong = derived + np.eye(4)[i] / 2
            assert not al.compare(loss, {"x": wrong}).ok
    jump = np.where(x > 0, x + 1, 0).sum()
    assert not al.compare(jump, {"x": [1, 1, 1, 0]}).ok


def test_only_what_is_exactly_at_a_kink_is_excused():
    for near in (1e-12, -1e-12):
        z = Tensor([near, 1.0], name="z")
        derived = [float(near > 0), 1.0]
        assert al.compare(al.relu(z).sum(), {"z": derived}).ok
        assert not al.compare(al.relu(z).sum(), {"z": [1 - derived[0], 1.0]}).ok
        assert not al.compare(al.relu(z + 1).sum(), {"z": [1.0, 0.0]}).ok
        assert not al.compare(al.maximum(z, z.data * (1 + 1e-9)).sum(), {"z": [1.0, 1.0]}).ok


def ops_at_kinks(row, value=None):
    """The ops at a kink in a row of the test table, at its inputs or at others, all equal."""
    xs = [x if value is None else np.full_like(x, value) for x in row.inputs]
    with np.errstate(all="ignore"):
        y = row.call(*(Tensor(x) if x.dtype.kind == "f" else x for x in xs))
        total = sum((p.sum() for p in y), Tensor(0.0)) if isinstance(y, tuple) else y.sum()
    return {node.op.name for choice in kinks._choices(total) for node in choice.beside}


@pytest.mark.parametrize("name", ROWS)
def test_no_op_is_at_a_kink_where_it_has_none(name):
    assert ops_at_kinks(ROWS[name]) == set()


def test_ops_are_at_a_kink_where_all_is_equal():
    ties = {"maximum", "minimum", "max", "min", "at_least", "at_most"}
    ties |= {"cross_entropy"}  # of the class that argmax has chosen
    at_zero = ties | {"abs", "relu", "hypot", "norm", "where", "power"}  # 0**0
    for value, expected in ((1.0, ties), (0.0, at_zero)):
        found = set()
        for row in ROWS.values():
            try:
                found |= ops_at_kinks(row, value)
            except np.linalg.LinAlgError:  # the forward of an inverse has no value there
                assert row.op in {"inv", "solve", "slogdet", "det"}
        assert found == expected


# In a network -----------------------------------------------------------------------------------

X = np.array([[1.0, -1.0], [2.0, 1.0], [0.0, 0.0], [1.0, 2.0]])
T = np.array([[1.0], [0.5], [-1.0], [2.0]])
W1 = np.array([[1.0, -1.0, 0.0], [1.0, 2.0, 0.0]])  # the last unit is dead
W2, W3 = np.array([[1.0, 0.5], [-1.0, 1.0], [2.0, 3.0]]), np.array([[1.0], [-2.0]])


def network(relu1, relu2=None, f=al.relu, dz1=lambda g: g):
    """Two hidden layers, and a backward pass by hand with other derivatives of relu.

    z1 = [[0, -3, 0], [3, 0, 0], [0, 0, 0], [3, 3, 0]], z2 = [[0, 0], [3, 1.5], [0, 0], [0, 4.5]].
    """
    parameters = {n: Tensor(v, name=n) for n, v in (("W1", W1), ("W2", W2), ("W3", W3))}
    parameters |= {"b1": Tensor(np.zeros(3), name="b1"), "b2": Tensor(np.zeros(2), name="b2")}
    z1 = (X @ parameters["W1"] + parameters["b1"]).named("z1")
    a1 = f(z1).named("a1")
    z2 = (a1 @ parameters["W2"] + parameters["b2"]).named("z2")
    a2 = f(z2).named("a2")
    y = (a2 @ parameters["W3"]).named("y")
    by_hand = {"y": y.data - T}
    by_hand["W3"] = a2.data.T @ by_hand["y"]
    by_hand["a2"] = by_hand["y"] @ W3.T
    by_hand["z2"] = by_hand["a2"] * (relu2 or relu1)(z2.data)
    by_hand["W2"], by_hand["b2"] = a1.data.T @ by_hand["z2"], by_hand["z2"].sum(axis=0)
    by_hand["a1"] = by_hand["z2"] @ W2.T
    by_hand["z1"] = dz1(by_hand["a1"] * relu1(z1.data))
    by_hand["W1"], by_hand["b1"] = X.T @ by_hand["z1"], by_hand["z1"].sum(axis=0)
    return ((y - T) ** 2).sum() / 2, by_hand


def strict(z):
    return z > 0


def generous(z):
    return z >= 0


def half(z):
    return np.heaviside(z, 0.5)


def parameters_of(by_hand):
    return {name: g for name, g in by_hand.items() if name[0] in "Wb"}


PASSES = [(strict, strict), (generous, generous), (half, half), (strict, generous)]
PASSES += [(generous, strict), (half, generous)]


@pytest.mark.parametrize("relus", PASSES)
@pytest.mark.parametrize("f", [al.relu, lambda z: z * (z > 0)])
def test_a_pass_by_another_choice_is_right_with_intermediates_or_without(relus, f):
    loss, by_hand = network(*relus, f=f)
    for given in (by_hand, parameters_of(by_hand), {"W1": by_hand["W1"]}):
        report = al.compare(loss, given)
        assert report.ok, report
        assert report.notes == ()
        told = {row.name: row.verdict for row in report.rows}
        for name in told.keys() & {"y", "W3", "a2"}:
            assert told[name] == "equal"
        if relus[0] is relus[1] is not strict:
            assert told["W1"].endswith(BOTH)


def test_what_is_said_is_what_lies_between_the_loss_and_the_value():
    loss, by_hand = network(generous)
    told = {row.name: row.verdict for row in al.compare(loss, by_hand).rows}
    at_z2 = f"equal, but for relu's kink at z2[0, 0] and 4 more: {BOTH}"
    assert told["z2"] == told["b2"] == told["W2"] == told["a1"] == at_z2
    assert told["z1"] == at_z2.replace("4 more", "10 more")  # of z1 all 8 but those whose g is 0
    loss, by_hand = network(generous, strict)
    told = {row.name: row.verdict for row in al.compare(loss, by_hand).rows}
    assert told["z2"] == told["a1"] == "equal"
    assert told["z1"] == f"equal, but for relu's kink at z1[1, 1] and 2 more: {BOTH}"


@pytest.mark.parametrize("relu", [strict, generous, half])
@pytest.mark.parametrize("name", ["y", "W3", "a2", "z2", "W2", "b2", "a1", "z1", "W1", "b1"])
@pytest.mark.parametrize("wrong", ["factor", "element", "negative"])
def test_zeros_do_not_excuse_a_mistake(relu, name, wrong):
    loss, by_hand = network(relu)
    given = by_hand[name].astype(float)
    if wrong == "factor":
        given = given * 2
    elif wrong == "negative":
        given = -given
    else:
        given[np.unravel_index(np.abs(given).argmax(), given.shape)] += 0.01
    report = al.compare(loss, by_hand | {name: given})
    assert [row.name for row in report.rows if row.step == "wrong"] == [name]
    assert {row.name for row in report.rows if row.step == "right"} == by_hand.keys() - {name}
    if relu is strict:
        (row,) = al.compare(loss, {name: given}).rows  # held against the derived pass
        assert row.absolute == pytest.approx(np.abs(given - by_hand[name]).max(), rel=1e-9)
    if name in parameters_of(by_hand):
        report = al.compare(loss, parameters_of(by_hand) | {name: given})
        assert [row.name for row in report.rows if not row.ok] == [name]


def test_what_follows_from_a_mistake_follows_by_the_users_choice():
    loss, by_hand = network(generous, dz1=lambda g: g * 3)
    steps = {row.name: row.step for row in al.compare(loss, by_hand).rows}
    assert steps == dict.fromkeys(by_hand, "right") | {
        **{"z1": "wrong", "W1": "follows", "b1": "follows"}
    }


def test_a_wrong_value_hides_no_kink():
    loss, by_hand = network(generous)
    told = {row.name: row.verdict for row in al.compare(loss, by_hand).rows}
    report = al.compare(loss, by_hand | {"a1": 0 * by_hand["a1"]})
    assert {row.name: row.verdict for row in report.rows} == told | {"a1": "is 0"}
    assert [row.name for row in report.rows if not row.ok] == ["a1"]


def test_derivatives_outside_of_the_sides_are_wrong_in_all_that_follows():
    for value in (-0.5, 1.5, 2):
        loss, by_hand = network(lambda z: np.heaviside(z, value), strict)
        report = al.compare(loss, by_hand)
        assert report.first_wrong.name == "z1"
        assert not al.compare(loss, parameters_of(by_hand)).ok


def test_two_rows_of_one_pass_make_the_same_choice():
    """One of them is not right: which, nobody knows, and so it is held against the derived pass."""
    loss, by_hand = network(generous, strict)
    _, other = network(strict)
    report = al.compare(loss, {"W1": by_hand["W1"], "b1": other["b1"]})
    assert {row.name: row.ok for row in report.rows} == {"W1": False, "b1": True}


def test_ops_choose_by_themselves():
    w = Tensor([-1.0, 0.0, 2.0, 0.0], name="w")
    loss = sum(((al.relu(w * k) + abs(w)).sum() for k in range(1, 4)), Tensor(0.0))
    smooth = np.array([-3.0, 0.0, 9.0, 0.0])  # Σ k for relu where w > 0, and 3 for |w|
    kink = np.array([0.0, 1.0, 0.0, 1.0])
    for relu, one in ((0, 0), (6, 0), (0, 3), (6, 3), (6, -3), (3, 3), (3, -3)):
        assert al.compare(loss, {"w": smooth + kink * (relu + one)}).ok, (relu, one)
    for wrong in (10, -4, 2):
        assert not al.compare(loss, {"w": smooth + kink * wrong}).ok, wrong


def test_the_number_of_passes_is_bounded():
    x = Tensor(np.zeros(3), name="x")
    loss, ops = x.sum(), (al.relu, abs, lambda z: np.maximum(z, 0), lambda z: np.minimum(z, 0))
    for f in ops:
        for _ in range(10):
            loss = loss + f(x).sum()
    assert len(list(kinks._choices(loss))) == 3
    two = al.relu(x).sum() + abs(x).sum() + al.relu(x * 2).sum() + abs(x * 2).sum()
    assert len(list(kinks._choices(two))) == 15
    three = abs(x).sum() + abs(x * 2).sum() + abs(x * 3).sum()
    assert len(list(kinks._choices(three))) == 63
    assert len(list(kinks._choices((x * x).sum()))) == 0


def test_a_right_pass_looks_for_no_kinks(monkeypatch):
    monkeypatch.setattr(kinks, "_kinks", lambda loss: pytest.fail("looked"))
    loss, by_hand = network(strict)
    assert al.compare(loss, by_hand).ok


def test_names_are_those_given():
    z = Tensor([0.0, 1.0])
    assert al.compare(al.relu(z).sum(), {z: [1, 1]}, names={"hidden": z}).rows[0].verdict == (
        f"equal, but for relu's kink at hidden[0]: {BOTH}"
    )
    x = Tensor(0.0, name="x")
    assert al.compare(abs(x), {"x": 1}).rows[0].verdict == f"equal, but for abs's kink at x: {BOTH}"
    verdict = al.compare(abs(2 * z).sum(), {z: [-2, 2]}).rows[0].verdict
    assert verdict == f"equal, but for abs's kink at its input[0]: {BOTH}"


def test_float32_and_chance():
    z = Tensor(np.array([-1, 0, 1], "f4"), name="z")
    assert al.compare(al.relu(z).sum(), {"z": np.array([0, 1, 1], "f4")}).ok
    assert not al.compare(al.relu(z).sum(), {"z": np.array([0, 1, 1.001], "f4")}).ok
    rng = np.random.default_rng(0)
    kept = al.dropout(z, p=0.5, rng=rng)
    state = rng.bit_generator.state
    share = np.asarray(al.grad(kept.sum(), z))
    assert {*share} == {0.0, 2.0}
    assert al.compare(al.relu(kept).sum(), {"z": share * [0, 1, 1]}).ok
    assert not al.compare(al.relu(kept).sum(), {"z": share * [0, 1, 3] + 1}).ok
    assert rng.bit_generator.state == state


def test_what_is_not_finite_or_of_no_size_has_no_kinks():
    x = Tensor([0.0, 4.0], name="x")
    with np.errstate(all="ignore"):
        loss = np.sqrt(x).sum()
    assert al.compare(loss, {"x": [0, 0.25]}).rows[0].verdict == "derived is not finite"
    empty = Tensor(np.zeros((0, 2)), name="e")
    w = Tensor([1.0], name="w")
    assert not al.compare(al.relu(empty).sum() + w.sum(), {"e": np.zeros((0, 2)), "w": [2]}).ok


def test_a_side_without_a_value_is_no_choice():
    """A mask that takes another count of elements there, alone and against an array of as many."""
    x = Tensor([-1.0, 0.0, 2.0, 0.0, 0.0, 3.0], name="x")
    at = np.argwhere(x > 0) * np.array([[1], [1]])
    for loss in (x[x > 0].sum(), x[at[:, 0]].sum()):
        assert al.compare(loss, {"x": [0, 0, 1, 0, 0, 1]}).ok
        assert not al.compare(loss, {"x": [0, 1, 1, 1, 1, 1]}).ok


def test_what_is_at_no_kink_is_as_exact_as_the_derived_pass():
    """f = |x³| + |x|, f' = sign(x) (3x² + 1), with 1,000 equal elements."""
    f = al.primitive(lambda g, y, x: g * np.sign(x) * (3 * x * x + 1))(lambda x: abs(x**3) + abs(x))
    x = Tensor([0.0, *[0.7] * 1000], name="x")
    right = np.array([1.0, *[3 * 0.7**2 + 1] * 1000])
    assert al.compare(f(x).sum(), {"x": right}, rtol=1e-15).ok
    right[-1] += 1e-12
    assert not al.compare(f(x).sum(), {"x": right}).ok


def test_a_side_without_a_derivative_is_no_choice():
    def rule(g, y, x):
        if (x < 0).any():
            raise ValueError("undefined")
        return g * (x > 0)

    x = Tensor([0.0, 2.0], name="x")
    loss = al.primitive(rule)(lambda x: np.abs(x))(x).sum()
    assert al.compare(loss, {"x": [1, 1]}).ok
    assert not al.compare(loss, {"x": [2, 1]}).ok
