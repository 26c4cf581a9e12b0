"""Arrays held against one another, where not all of them is known."""

import numpy as np
import pytest

from autograd_lite.reviewing.alike import (
    alike,
    likeness,
    multiple,
    narrowed,
    near,
    nonzero,
    parallel,
    parallel_products,
    same,
    some_of,
    together,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 4))


def test_what_is_the_same_where_it_is_known():
    holes = X.copy()
    holes[0, 0] = np.nan
    assert same(X, holes)
    assert same(X + 1e-12, X)
    assert not same(X + 1e-5, X)
    assert not same(X.T, X)
    assert not same(X, np.full(X.shape, np.nan))
    assert not same(None, X)


def test_multiples():
    holes = -3 * X
    holes[:, 1] = np.nan
    assert multiple(X, holes) == pytest.approx(-3, rel=1e-12)
    assert multiple(X, X**2) is None
    assert multiple(0 * X, X) is None
    assert multiple(X, 0 * X) is None  # that says nothing
    assert multiple(X[0], X) is None
    assert near(2.0, 2.0 + 1e-9)
    assert not near(2.0, 2.001)


def test_a_row_that_broadcasts():
    row = rng.normal(size=(1, 4))
    whole = np.repeat(row, 5, axis=0)
    np.testing.assert_allclose(narrowed(whole, (1, 4)), row)
    np.testing.assert_allclose(narrowed(whole, (4,)), row[0])
    np.testing.assert_allclose(narrowed(np.full((5, 4), 2.0), ()), 2.0)
    assert narrowed(X, (1, 4)) is X  # its rows differ
    assert narrowed(X, (3,)) is X
    assert together((5, 1), (4,)) == (5, 4)
    assert together((5,), (4,)) is None


@pytest.mark.parametrize("shape", [(5, 4), (40, 30)])  # the larger is told by some of its numbers
def test_which_rows_are_it(shape):
    want = rng.normal(size=shape)
    values = [rng.normal(size=shape), want, 2 * want]
    rows = np.array([some_of(x) for x in values])
    assert alike(rows, want) == [1]
    ((i, c), (j, d)) = parallel(rows, want)
    assert (i, j) == (1, 2)
    assert (c, d) == pytest.approx((1, 0.5))
    assert alike(rows[:0], want) == []
    assert parallel(rows[:0], want) == []
    assert parallel(rows, 0 * want) == []


def test_zeros_tell_nothing_and_likeness_has_no_sign():
    np.testing.assert_array_equal(nonzero(np.array([0.0, 2.0])), [np.nan, 2.0])
    assert likeness(X, -X) == pytest.approx(1)
    assert likeness(X, X.T) == 0
    assert likeness(0 * X, X) == 0


def test_products_of_which_it_is_a_multiple():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(5, 12)), rng.normal(size=(4, 12))
    want = -3 * a[2] * b[1]
    ((i, j, c),) = parallel_products(a, b, want)
    assert (i, j, round(c, 12)) == (2, 1, -3)
    want[:4] = np.nan  # which is not known
    assert [x[:2] for x in parallel_products(a, b, want)] == [(2, 1)]
    want[-1] += 1
    assert not [*parallel_products(a, b, want)]
    assert not [*parallel_products(a[:, :3], b[:, :3], a[0, :3] * b[0, :3])]  # too few to tell
    assert not [*parallel_products(a[:0], b, want)]
