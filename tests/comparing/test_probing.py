import numpy as np
import pytest

from autograd_lite.comparing.probing import Estimate, Probe

EPS = np.finfo(float).eps
ONE = np.ones(())


def probe(f, x=0.7, weights=1.0):
    return Probe(f, np.asarray(x, float), np.asarray(weights), EPS)


SMOOTH = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "a fast one": (lambda x: np.sin(1000 * x), lambda x: 1000 * np.cos(1000 * x)),
    "beside a large number": (lambda x: 1e6 + np.sin(x), np.cos),
    "small": (lambda x: 1e-9 * np.exp(x), lambda x: 1e-9 * np.exp(x)),
    "a root": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [1e-3, 0.3, 7.0, 300.0])
@pytest.mark.parametrize("side", [0, 1, -1])
def test_the_error_is_estimated(name, x, side):
    """The true derivative is within it; and one that is off by more is not."""
    f, slope = SMOOTH[name]
    if name == "exp" and x > 9:
        x = 9.0
    with np.errstate(invalid="ignore"):
        p = probe(f, x)
        noise = p.noise(ONE)
        found = p.quotient(ONE, slope(x), noise, abs(slope(x)), side)
    assert found.is_near(slope(x), p.least(abs(slope(x)))), found
    assert not found.is_near(slope(x) * (1 + 1e-2), p.least(abs(slope(x))))


def test_noise_is_that_of_rounding():
    rng = np.random.default_rng(0)
    exact = probe(np.sin).noise(ONE)
    assert EPS / 4 < exact < 64 * EPS
    rough = probe(lambda x: np.sin(x) + 1e-9 * rng.standard_normal()).noise(ONE)
    assert 3e-10 < rough < 1e-8
    assert probe(np.abs, 0.0).noise(ONE) < 64 * EPS  # a corner is none
    with np.errstate(invalid="ignore"):
        assert np.isfinite(probe(np.sqrt, 0.0).noise(-ONE))


@pytest.mark.parametrize("distance", [1e-4, 1e-6, 1e-8])
def test_a_shorter_step_that_disagrees_is_believed(distance):
    p = probe(np.abs, distance)
    found = p.quotient(ONE, 5.0, p.noise(ONE), 1.0)
    assert found.is_near(1.0, 1e-12)
    assert found.crossed
    assert found.crossed > distance / 8
    assert found.step < distance
    smooth = probe(np.sin).quotient(ONE, 5.0, EPS, 1.0)
    assert smooth.crossed is None


def test_sides_of_a_corner():
    p = probe(np.abs, 0.0)
    for side in (1, -1):
        assert p.quotient(ONE, 0.0, EPS, 1.0, side).is_near(side, 1e-12)


def test_the_complex_step():
    assert probe(np.exp).complex_step(ONE) == pytest.approx(np.exp(0.7), rel=1e-15)
    for f in (
        lambda x: np.hypot(x, 1),
        lambda x: float(x),
        lambda x: x.real,
        lambda x: x.astype(float),
    ):
        assert np.isnan(probe(f).complex_step(ONE))
    assert probe(lambda x: np.conj(x) ** 2).complex_step(ONE) == pytest.approx(-1.4)  # it lies


def test_the_slope_of_the_taylor_remainder():
    p = probe(np.sin)
    right = np.cos(0.7)
    assert p.taylor(ONE, right, EPS) == pytest.approx(2, abs=0.05)
    assert p.taylor(ONE, right * 1.5, EPS) == pytest.approx(1, abs=0.05)
    assert p.taylor(ONE, right, EPS) != pytest.approx(1, abs=0.5)
    assert np.isnan(probe(lambda x: 3 * x).taylor(ONE, 3.0, EPS))


def test_what_is_not_finite_does_not_count():
    p = probe(lambda x: np.stack([x, np.inf * (1 + x)]), weights=[2.0, 1.0])
    with np.errstate(invalid="ignore"):
        assert p.quotient(ONE, 2.0, EPS, 2.0).is_near(2.0, 1e-12)
    p = probe(lambda x: x[x > 0.7], np.array([0.7, 1.0]), np.ones(1))
    assert np.isnan(p.rise(np.array([1.0, 0.0]), 1e-3))  # another count
    assert p.rise(np.array([1.0, 0.0]), -1e-3) == 0
    assert probe(np.negative, np.inf).scale == 0


def test_numbers_of_fewer_digits_within():
    stepped = probe(lambda x: x.astype(np.float32).astype(float))
    assert stepped.is_stepped(ONE, 1.0, EPS)
    assert not stepped.is_stepped(ONE, 0.0, EPS)
    assert not probe(np.sin).is_stepped(ONE, 1.0, EPS)


def test_an_estimate():
    assert Estimate(1.0, 0.1).is_near(1.7)
    assert not Estimate(1.0, 0.1).is_near(1.9)
    assert Estimate(1.0, 0.1).is_near(1.9, 0.2)
    assert not Estimate(np.nan).is_near(1.0)
