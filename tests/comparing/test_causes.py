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
