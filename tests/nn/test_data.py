import warnings

import numpy as np
import pytest
from told import tells

import nn
from nn.data import samples

X = np.arange(14).reshape(7, 2)
Y = np.arange(7)


def test_every_sample_comes_once_with_its_target():
    pairs = list(nn.batches(X, Y, 3, rng=0))
    assert [len(x) for x, _ in pairs] == [3, 3, 1]
    x, y = (np.concatenate(part) for part in zip(*pairs, strict=True))
    np.testing.assert_array_equal(x, X[y])
    assert sorted(y) == list(Y)
    assert list(y) != list(Y)


def test_the_order_is_the_generators_or_as_given():
    def order(**settings):
        return [y for _, batch in nn.batches(X, Y, 2, **settings) for y in batch]

    assert order(shuffle=False) == list(Y)
    assert order(rng=1) == order(rng=1) != order(rng=2)
    rng = np.random.default_rng(1)
    assert order(rng=rng) != order(rng=rng)


def test_batches_share_no_memory_with_the_data():
    x, y = X.copy(), Y.copy()
    for xb, yb in nn.batches(x, y, 7, shuffle=False):
        xb[:] = -1
        yb[:] = -1
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_batches_of_one():
    assert [y.tolist() for _, y in nn.batches(X, Y, 1, shuffle=False)] == [[n] for n in Y]
    assert len(list(nn.batches(X, Y, np.int64(7)))) == 1


def test_bad_input():
    with pytest.raises(ValueError, match="7 samples and y 6"):
        nn.batches(X, Y[:6], 2)
    for size in (0, -1, 2.0, "2", True, None):
        tells(
            lambda: nn.batches(X, Y, size), ValueError, f"size is {size!r}", "at least 1", "choose"
        )
    for x in (None, 3.0, "abc", [[1, 2], [3]]):
        tells(lambda: nn.batches(x, Y, 2), TypeError, f"x is {x!r}", "rows of one length", "pass")
        tells(lambda: nn.batches(X, x, 2), TypeError, f"y is {x!r}", "rows of one length", "pass")
    with pytest.raises(ValueError, match="0 samples and y 0"):
        nn.batches(X[:0], Y[:0], 2)


class Labelled(np.ndarray):
    """A subclass that computes as ndarray does."""


def test_an_array_is_left_as_it_is():
    assert samples(X) is X
    part = X[::2]
    assert samples(part) is part


def test_a_subclass_becomes_a_plain_array_that_shares_its_memory(tmp_path):
    for x in (X.view(Labelled), X.view(np.recarray)):
        plain = samples(x)
        assert type(plain) is np.ndarray
        assert np.shares_memory(plain, x)
    on_disk = np.memmap(tmp_path / "x", float, "w+", shape=(7, 2))
    on_disk[:] = X
    assert samples(on_disk) is on_disk  # which is read by chunks
    for a, b in nn.batches(on_disk, Y.view(Labelled), 3, rng=0):
        assert type(a) is type(b) is np.ndarray
        np.testing.assert_array_equal(a, X[b])


def test_a_subclass_that_computes_in_its_own_way_is_refused():
    """Its mask, or its products, would be lost from the loss without a word."""
    masked = np.ma.masked_array(X, X > 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix(X)
    for x in (masked, matrix):
        for call in (samples, lambda x: nn.batches(x, Y, 2), lambda x: nn.batches(Y, x, 2)):
            with pytest.raises(TypeError, match=rf"{type(x).__name__}.*; .* needed; convert it"):
                call(x)


def test_what_is_no_array_is_made_one():
    assert samples([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]

    class Frame:
        def __array__(self, dtype=None, copy=None):
            return X.copy()

    np.testing.assert_array_equal(samples(Frame()), X)

    class Elsewhere:
        """An array that follows numpy's protocols, as one on a cluster does."""

        def __array_function__(self, func, types, args, kwargs):
            raise AssertionError

    far = Elsewhere()
    assert samples(far) is far
