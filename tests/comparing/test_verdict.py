import numpy as np
import pytest

from autograd_lite.comparing import verdict
from autograd_lite.comparing.probing import Probe
from autograd_lite.comparing.verdict import judge, relation

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 3))
W = RNG.standard_normal((3, 3))


def judged(f, derived, x=X, weights=W, **how):
    return judge(
        Probe(f, x, weights, np.finfo(float).eps), derived, np.random.default_rng(1), **how
    )


def test_a_right_gradient():
    found = judged(np.sin, W * np.cos(X))
    assert (found.verdict, found.method, found.checked) == ("right", "complex step", "each")
    assert found.slope == pytest.approx(2, abs=0.2)
    np.testing.assert_allclose(found.numerical, W * np.cos(X), rtol=1e-12)
    found = judged(lambda x: np.hypot(x, 1), W * X / np.hypot(X, 1))
    assert (found.verdict, found.method) == ("right", "differences")


def test_a_wrong_element_is_found_where_it_is():
    wrong = W * np.cos(X)
    wrong[1, 2] += 1e-3
    found = judged(np.sin, wrong)
    assert (found.verdict, found.place) == ("wrong", (1, 2))
    assert found.absolute == pytest.approx(1e-3, rel=1e-6)
    assert found.relative == pytest.approx(1e-3 / np.abs(wrong).max(), rel=1e-6)
    assert not found.ok


def test_a_complex_step_is_not_believed_by_itself():
    """A forward that drops the imaginary part, and a gradient that is 0: both are wrong."""
    assert judged(lambda x: x.real**2, 0 * X).verdict == "wrong"
    assert judged(lambda x: np.conj(x) ** 2, -W * 2 * X).verdict == "wrong"
    assert judged(lambda x: np.abs(x) ** 2, W * 2 * X).verdict == "right"


def test_what_is_between_the_sides_of_a_corner_is_right():
    x, w = np.array([0.0, 1.0]), np.array([1.0, 1.0])
    for slope, verdict_ in ((-1.0, "corner"), (0.3, "corner"), (1.0, "corner"), (1.1, "wrong")):
        assert judged(np.abs, np.array([slope, 1.0]), x, w).verdict == verdict_
    assert judged(np.abs, np.array([0.3, 1.1]), x, w).verdict == "wrong"


def test_many_elements():
    x = RNG.standard_normal(1000)
    found = judged(np.sin, np.cos(x), x, np.ones(1000))
    assert (found.method, found.checked) == ("directions", "8, and 4 elements")
    assert np.isfinite(found.numerical).sum() == 4
    wrong = np.cos(x)
    wrong[np.argmin(np.abs(wrong))] += 1e-3
    assert judged(np.sin, wrong, x, np.ones(1000)).verdict == "wrong"
    assert judged(np.sin, np.cos(x), x, np.ones(1000), directions=1).checked == "1, and 1 elements"


def test_time_is_bounded(monkeypatch):
    monkeypatch.setattr(verdict, "SECONDS", 0)
    assert judged(np.sin, W * np.cos(X)).checked == "1 of 2"


RELATIONS = {
    "is 2 times the difference quotient": 2 * X,
    "is 1/6 times the difference quotient": X / 6,
    "is 1.2345 times the difference quotient": 1.2345 * X,
    "is 1.999 times the difference quotient": 1.999 * X,
    "is 0.999999 times the difference quotient": X * (1 - 1e-6),
    "is the negative of the difference quotient": -X,
    "is -2 times the difference quotient": -2 * X,
    "is the transpose of the difference quotient": X.T,
    "is the transpose of the difference quotient, 3 times the difference quotient": 3 * X.T,
    "is 0, where the difference quotient is not": 0 * X,
    "is not the difference quotient along random directions": X,
}


@pytest.mark.parametrize("told", RELATIONS)
def test_relation(told):
    assert relation(RELATIONS[told], X) == told


def test_relation_of_one_element():
    wrong = X.copy()
    wrong[0, 1] = 7.0
    quotient = f"{X[0, 1]:.6g}"
    assert relation(wrong, X) == (
        f"is 7 at [0, 1], where the difference quotient is {quotient}, and right at 8 of 9 elements"
    )
    assert "is 7 at [0, 1]" in relation(wrong, np.where(X > 9, np.nan, X))
