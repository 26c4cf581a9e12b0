"""What is said of two arrays that differ; and what must not be."""

from fractions import Fraction

import numpy as np
import pytest

from autograd_lite.comparing.relations import multiple, related

RNG = np.random.default_rng(0)
G, SQUARE, ROW = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 3)), RNG.standard_normal(3)
TINY = 1e-13


@pytest.mark.parametrize(
    ("given", "derived", "text"),
    [
        (2 * G, G, "2 times the derived one"),
        (G / 60, G, "1/60 times the derived one"),
        (-G / 2, G, "-1/2 times the derived one"),
        (1.5 * G, G, "3/2 times the derived one"),
        (-G, G, "its negative"),
        (0 * G, G, "is 0"),
        (SQUARE.T, SQUARE, "its transpose"),
        (-2 * SQUARE.T, SQUARE, "its transpose, -2 times the derived one"),
        (G.T, G, "has shape (3, 4), not (4, 3); its transpose"),
        (ROW[:, None], ROW, "has shape (3, 1), not (3,); the values are right"),
        (
            ROW[None] / 4,
            ROW,
            "has shape (1, 3), not (3,); the values are right, 1/4 times the derived one",
        ),
        (ROW.sum(), ROW, "has shape (), not (3,); its sum over all axes"),
        (G.sum(axis=0), G, "has shape (3,), not (4, 3); its sum over axis 0"),
        (np.tile(ROW, (4, 1)), ROW, "has shape (4, 3), not (3,); its values, repeated"),
        (G[:2], G, "has shape (2, 3), not (4, 3)"),
        (G + 1e-9, G, "differs"),
        (np.cos(G), G, "differs"),
        (2.0001 * G, G, "2.0001 times the derived one"),
        (-np.pi * G, G, "-3.14159 times the derived one"),
        (G, 0 * G, "differs"),
        (0 * G, 0 * G + 1e-3, "is 0"),
        (np.zeros((0, 3)), np.zeros((0, 2)), "has shape (0, 3), not (0, 2)"),
    ],
)
def test_a_relation(given, derived, text):
    assert related(np.asarray(given), derived, TINY).text == text


def test_the_factor_of_all_elements_is_given():
    assert related(G / 60, G, TINY).factor == Fraction(1, 60)
    assert related(-G, G, TINY).factor == -1
    assert related(SQUARE.T, SQUARE, TINY).factor is None
    assert multiple(np.array([0.0, 2.0]), np.array([1e-30, 1.0]), TINY) == 2
    assert multiple(np.array([1.0, 2.0]), np.array([0.0, 1.0]), TINY) is None
