"""Why: what is claimed, what is not, and how it is said."""

import numpy as np
import pytest
from mistakes import cases, networks

import autograd_lite as al
from autograd_lite import Tensor

rng = np.random.default_rng(7)
x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))


@pytest.fixture
def linear():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    W = al.Tensor(rng.standard_normal((3, 2)), name="W")
    b = al.Tensor(rng.standard_normal(2), name="b")
    z = (x @ W + b).named("z")
    return ((z - t) ** 2).sum() / 2, x, t, z


def test_two_mistakes_have_two_causes_from_parameters_alone(linear) -> None:
    """Both are in the gradient of the bias, which is the first; the weights tell one of them."""
    _, x, t, z = linear
    a = al.sigmoid(z)
    s = 1 / (1 + np.exp(-a.data))
    d = (a.data - t) * s * (1 - s)
    by_hand = {"W": x.T @ d, "b": d.mean(axis=0)}
    causes = al.compare(((a - t) ** 2).sum() / 2, by_hand, names={"x": x, "t": t, "a": a}).causes
    assert [(cause.kind, cause.name) for cause in causes] == [
        ("derivative-at-activation", "z"),
        ("mean-for-sum", "b"),
    ]


def test_what_no_slip_gives_is_unknown(linear) -> None:
    loss, *_ = linear
    report = al.compare(loss, {"b": np.array([0.123, 4.56])})
    assert report.causes == ()
    assert "b: unknown; " in str(report)
    assert " slips were tried, and none gives these numbers" in str(report)


def test_what_the_data_do_not_tell_apart_is_listed() -> None:
    """Of two equal rows, the sum is twice the last."""
    x, t = np.ones((2, 3)), np.zeros((2, 2))
    W, b = al.Tensor(np.ones((3, 2)), name="W"), al.Tensor(np.zeros(2), name="b")
    z = x @ W + b
    d = 2 * (z.data - t)
    report = al.compare(((z - t) ** 2).sum(), {"b": d.mean(axis=0)}, names={"x": x, "t": t})
    assert {cause.kind for cause in report.causes} >= {"mean-for-sum", "overwritten"}
    assert "give the same numbers here; other values of x tell them apart" in str(report)


def test_equal_for_any_data_is_one_cause(linear) -> None:
    """The negative of the line is the negative of its only factor with a sign."""
    loss, x, t, z = linear
    (cause,) = al.compare(loss, {"z": t - z.data}, names={"x": x, "t": t}).causes
    assert cause.kind == "sign"


def test_a_slip_in_each_step_is_said_once() -> None:
    rng = np.random.default_rng(0)
    W = al.Tensor(rng.standard_normal((3, 3)), name="W")
    h, zs, hs, loss = rng.standard_normal((2, 3)), [], [], 0.0
    for i, x in enumerate(rng.standard_normal((6, 2, 3))):
        zs.append((x + h @ W).named(f"z{i}"))
        h = np.tanh(zs[-1]).named(f"h{i}")
        hs.append(h)
        loss = loss + h.sum()
    gs = {h.name: g for h, g in zip(hs, al.grad(loss, hs))}
    report = al.compare(loss, {**gs, **{f"z{i}": gs[f"h{i}"] for i in range(6)}})
    (cause,) = report.causes
    assert cause.name == "z5"
    assert cause.detail == "the derivative of tanh is left out; and so at z4, z3, z2, 2 more"
    assert (cause.written, cause.formula) == ("d_z5 = d_h5", "d_z5 = d_h5 ⊙ (1 − h5²)")


def test_a_cause_in_text_and_in_a_notebook(linear) -> None:
    loss, x, t, z = linear
    report = al.compare(loss, {"z": 2 * (z.data - t)}, names={"<x>": x, "t": t})
    assert str(report.causes[0]) == (
        "z: it is 2 times what belongs there (factor)\n"
        "    these are the numbers of  d_z = 2 (z − t)\n"
        "    it should read            d_z = z − t"
    )
    html = report.causes[0]._repr_html_()
    assert "✗ d_z = 2 (z − t)" in html
    assert "✓ d_z = z − t" in html


def test_the_message_of_an_assertion_explains(linear) -> None:
    loss, _, t, z = linear
    with pytest.raises(AssertionError, match="the sum over axis 0 is missing"):
        al.compare(loss, {"b": z.data - t}, names={"t": t}).raise_if_wrong()


@pytest.mark.parametrize("network", networks("open"))
@pytest.mark.filterwarnings("error")
def test_what_is_claimed_of_single_mistakes(network) -> None:
    """Of passes that others wrote: nothing of what is right, and hardly anything is unknown."""
    count = unknown = 0
    for case in cases("open", network):
        if case.group in ("right", "different", "single"):
            loss, names, handwritten = case.run(seed=0)
            with np.errstate(all="ignore"):
                report = al.compare(loss, handwritten, names=names)
            if case.group == "single":
                count += 1
                unknown += not report.causes
            elif report.ok:
                assert report.causes == (), case
    assert unknown <= max(1, 0.21 * count), unknown


@pytest.mark.parametrize("network", ["article_a", "article_d", "softmax_labels", "tied"])
def test_a_claim_does_not_hang_on_the_data(network) -> None:
    for case in cases("open", network):
        if case.group == "single":
            kinds = []
            for seed in (0, 1):
                loss, names, handwritten = case.run(seed)
                causes = al.compare(loss, handwritten, names=names).causes
                kinds.append({(cause.kind, cause.name) for cause in causes})
            assert kinds[0] == kinds[1], case


def test_the_derivation_shows_where_it_is_wrong(linear) -> None:
    loss, x, t, z = linear
    d = z.data - t
    names = {"x": x, "t": t}
    report = al.compare(loss, {"z": d, "W": x.T @ d, "b": d.mean(axis=0)}, names=names)
    lines = str(al.derive(loss, names=names, marks=report.marks)).splitlines()
    marked = {line[0]: line for line in lines if line[0] in "✓✗↳"}
    assert marked.keys() == {"✓", "✗"}
    assert "∂loss/∂b = Σ over axis 0 of" in marked["✗"]
    assert marked["✗"].endswith("← it is the mean over 6, where the sum belongs")
    assert r"\boldsymbol{\times}\; \frac{" in al.derive(loss, marks=report.marks).latex()


def one_layer():
    """A recorded loss, its values, and the right gradients by hand, from the loss back."""
    W, b = Tensor(rng.normal(size=(3, 2)), name="W"), Tensor(rng.normal(size=2), name="b")
    z = x @ W + b
    h = al.tanh(z)
    e = h - y
    loss = (e * e).sum()
    de = 2 * e.data
    dz = de * (1 - h.data**2)
    right = {"e": de, "h": de, "z": dz, "W": x.T @ dz, "b": dz.sum(0)}
    return loss, {"z": z, "h": h, "e": e, "x": x, "y": y}, right


def told(loss, given, names):
    """The causes, after all that may be shown of them was."""
    report = al.compare(loss, given, names=names)
    assert str(report)
    assert report._repr_html_()
    return report.causes


def test_a_right_pass_has_no_causes():
    loss, names, right = one_layer()
    assert told(loss, right, names) == ()


@pytest.mark.parametrize(
    ("times", "kind"), [(0.0, "missing-term"), (-1.0, "sign"), (2.0, "factor")]
)
def test_a_cotangent_that_is_a_number_or_that_of_another_has_causes(times, kind):
    a = Tensor(np.array([1.0, -2.0]), name="a")
    s = (a * a).sum()
    (cause,) = told(s * 3.0, {"s": 3.0 * times, "a": 2 * 3.0 * times * a.data}, {"s": s})
    assert (cause.kind, cause.name, cause.formula) == (kind, "s", "d_s = 3")
    loss, names, right = one_layer()
    (cause,) = told(loss, {"e": right["e"], "h": times * right["h"]}, names)
    assert (cause.kind, cause.name, cause.formula) == (kind, "h", "d_h = d_e")


def test_a_cotangent_that_has_no_line_may_be_unknown():
    loss, names, right = one_layer()
    report = al.compare(loss, {"e": right["e"], "h": right["h"] ** 2}, names=names)
    assert report.causes == ()
    assert "h: unknown" in str(report)


def test_what_is_computed_from_a_wrong_one_does_not_explain_it():
    """That of h is that of e, and so it is equal to that, however wrong that is."""
    loss, names, right = one_layer()
    wrong = dict.fromkeys("eh", np.exp(right["e"]))
    assert told(loss, wrong, names) == ()
    (cause,) = told(loss, {"e": -right["e"], "h": -right["e"]}, names)
    assert cause.kind == "sign"


def test_a_sign_on_the_way_does_not_make_a_name_for_another():
    a = Tensor(rng.normal(size=3), name="a")
    m = a * x[0]
    e = x[1] - m
    loss = (e * e * e).sum()
    wrong = np.exp(e.data)
    assert told(loss, {"e": wrong, "m": -wrong}, {"m": m, "e": e}) == ()


def test_one_array_under_two_names_that_is_changed_in_place():
    W = Tensor(rng.normal(size=(3, 4)), name="W")
    z = x @ W
    h = al.relu(z)
    loss = (h * np.arange(1.0, 5.0)).sum()
    dz = np.arange(1.0, 5.0) * (z.data > 0)
    (cause,) = told(loss, {"h": dz, "z": dz, "W": x.T @ dz}, {"z": z, "h": h})
    assert (cause.kind, cause.name, cause.written) == ("overwritten", "h", "d_h = d_z")


def test_right_values_in_another_shape_have_no_cause():
    """Whatever changes nothing, such as the cotangent of e in the place of that of h, is none."""
    loss, names, right = one_layer()
    right["b"] = right["z"].sum(0, keepdims=True)
    assert told(loss, right, names) == ()
    assert told(loss, {"b": right["b"], "W": right["W"]}, names) == ()
    assert "unknown" not in str(al.compare(loss, right, names=names))
    (cause,) = told(loss, right | {"b": 3 * right["b"]}, names)
    assert (cause.kind, cause.name) == ("factor", "b")


def test_a_sum_over_one_sample_that_is_missing():
    b = Tensor(rng.normal(size=2), name="b")
    z = x[:1, :2] + b
    loss = (z**3).sum()
    (cause,) = told(loss, {"b": 3 * z.data**2}, {"z": z})
    assert (cause.kind, cause.detail) == ("unsummed", "the sum over axis 0 is missing")


def test_an_index_that_is_one_off_is_told_from_another():
    z = Tensor(rng.normal(size=(4, 3)), name="z")
    i, k = np.arange(4), np.array([2, 1, 1, 2])
    loss = z[i, k].sum()
    wrong = np.zeros((4, 3))
    wrong[i, k - 1] = 1
    (cause,) = told(loss, {"z": wrong}, {"rows": i, "k": k})
    assert (cause.kind, cause.detail) == ("index", "k − 1 stands where k belongs")


@pytest.mark.parametrize("axis", [0, 1])
def test_one_of_what_a_sum_over_two_axes_adds_up(axis):
    b = Tensor(0.5, name="b")
    z = x + b
    loss = (z**3).sum()
    dz = 3 * z.data**2
    first = {"z": dz, "b": dz.take(0, axis).sum()}
    (cause,) = told(loss, first, {"z": z})
    assert (cause.kind, cause.name) == ("overwritten", "b")
    assert f"along axis {axis}, only the first" in cause.detail


def test_what_only_these_data_do_not_tell_apart_is_all_said():
    b = Tensor(0.5, name="b")
    z = x[:2] + b
    loss = ((z * np.array([[1.0, 1, 0], [1, 1, 1]])) ** 2).sum()
    dz = 2 * z.data * np.array([[1, 1, 0], [1, 1, 1]])
    causes = told(loss, {"z": dz, "b": dz[0].sum()}, {"z": z})
    assert len(causes) > 1
    assert any("along axis 0, only the first" in c.detail for c in causes)


def test_one_sample_whose_cotangent_is_a_number():
    """The mean over it hands on 1, which is a number, and no array that has a shape."""
    w, k = Tensor(rng.normal(size=3), name="w"), Tensor([0.7], name="k")
    s = x[:1] @ w + k
    loss = al.maximum(0, 1 + s * s).mean()
    d_s = 2 * s.data
    (cause,) = told(loss, {"w": -x[:1].T @ d_s, "k": -d_s}, {"x": x[:1], "s": s})
    assert cause.kind == "sign"


def test_a_line_with_a_slip_does_not_name_itself():
    loss, names, right = one_layer()
    (cause,) = told(loss, right | {"b": 3 * right["b"], "W": right["W"]}, names)
    assert cause.formula == "d_b = Σ over axis 0 of d_z"
    assert cause.written.count("d_b") == 1
    assert cause.written.endswith("Σ over axis 0 of d_z")


def test_what_has_no_name_is_written_in_brackets():
    W, b = Tensor(rng.normal(size=(3, 2)), name="W"), Tensor(rng.normal(size=2), name="b")
    h = al.tanh(x @ W + b)
    loss = (h * y).sum()
    (cause,) = told(loss, {"h": y, "W": x.T @ y, "b": y.sum(0)}, {"h": h, "x": x, "y": y})
    assert cause.formula == "d_(x W + b) = d_h ⊙ (1 − h²)"
    assert cause.written == "d_(x W + b) = d_h"


def test_the_numbers_of_a_line_are_the_given_ones_where_another_is_wrong_too():
    Q, K = Tensor(rng.normal(size=(3, 2)), name="Q"), Tensor(rng.normal(size=(3, 2)), name="K")
    q, k = x @ Q, x @ K
    loss = (q * q * k * k).sum()
    dq, dk = 2 * q.data * k.data**2, 2 * q.data**2 * k.data
    wrong = {"q": dq, "k": dk, "Q": x.T @ dk, "K": 2 * x.T @ dk}
    of_q, of_k = told(loss, wrong, {"q": q, "k": k, "x": x})
    if of_q.name != "Q":
        of_q, of_k = of_k, of_q
    assert of_q.written == "d_Q = xᵀ d_k"
    assert of_k.kind == "factor"


def test_what_a_later_slip_explains_is_not_unknown():
    """A number says little of the factor that all have, and so the others say it."""
    s, b = Tensor(1.5, name="s"), Tensor(rng.normal(size=3), name="b")
    w = rng.uniform(1, 2, size=5)
    z = (x + b) * s
    loss = ((z * w[:, None]) ** 2).sum() / (w.sum() * np.pi)
    dz = 2 * z.data * w[:, None] ** 2
    wrong = {"s": (dz * (x + b.data)).sum(), "b": dz.sum(0) * s.data}
    report = al.compare(loss, wrong, names={"z": z})
    assert {cause.name for cause in report.causes} == {"z"}
    assert "unknown" not in str(report)


def test_coarse_numbers_are_not_some_quotient_times_others():
    loss, names, _ = one_layer()
    ones = np.ones((3, 2), np.float16)
    for rtol in (None, 0.1):
        causes = al.compare(loss, {"W": ones}, names=names, rtol=rtol).causes
        assert not any("times" in cause.detail for cause in causes)


def test_the_zeros_that_a_loop_starts_from_stand_for_nothing():
    W = Tensor(rng.normal(size=(2, 2)) / 2, name="W")
    h, hs, names = np.zeros((5, 2)), [], {}
    for i in range(4):
        hs.append(h.data if i else h)
        h = al.tanh(y + h @ W)
        names[f"h{i}"] = h
    loss = (h * h).sum()
    d_h, d_W = 2 * h.data, 0
    for before in hs[::-1]:
        d_W = d_W + before.T @ d_h  # the derivative of tanh is left out
        d_h = d_h @ W.data.T
    causes = told(loss, {"W": d_W}, names | {"y": y})
    assert {cause.kind for cause in causes} == {"missing-derivative"}


def test_one_number_is_no_regularizer():
    k = Tensor([0.7], name="k")
    s = y[:, 0] + k
    loss = (s * [1.0, -1, -1, 0, 0]).sum()
    assert told(loss, {"k": np.array([-0.37])}, {"s": s}) == ()
