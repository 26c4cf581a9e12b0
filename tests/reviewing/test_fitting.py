"""The shapes that values had."""

import numpy as np

from autograd_lite.reviewing.fitting import Atom, are_alike, broadcasts, fits, shapes_of


def test_shapes_of_products():
    for a, b in (
        ((2, 3), (3, 4)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3, 4)),
        ((3,), (3,)),
    ):
        assert fits(a, b) == (np.ones(a) @ np.ones(b)).shape
    assert fits((2, 3), (2, 3)) is None
    assert fits((), (3,)) is None
    assert fits((2, 2, 3), (3, 3, 4)) is None


def test_which_shape_broadcasts_to_another():
    for a in ((), (3,), (1, 3), (2, 1), (2, 3), (2,)):
        try:
            expected = np.broadcast_shapes(a, (2, 3)) == (2, 3) != a
        except ValueError:
            expected = False
        assert broadcasts(a, (2, 3)) == expected


def test_what_a_name_stood_for():
    count = Atom("n", frozenset({("i", ())}))
    several = Atom("x", frozenset({("f", (2, 3)), ("f", ()), ("", ())}))
    assert count.is_count
    assert not count.is_array
    assert several.is_array
    assert not several.is_count
    assert shapes_of(several.shapes) == {(2, 3), ()}
    assert are_alike(count.shapes, frozenset({("f", ())}))
    assert not are_alike(count.shapes, several.shapes)
