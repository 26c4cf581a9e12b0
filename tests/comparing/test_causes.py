"""Why a handwritten gradient is wrong; the passes here are by hand, with one known mistake each."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor

rng = np.random.default_rng(7)
x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))


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
