import numpy as np
import pytest

import nn

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


def test_bad_input():
    with pytest.raises(ValueError, match="7 samples and y 6"):
        nn.batches(X, Y[:6], 2)
    with pytest.raises(ValueError, match="at least one"):
        nn.batches(X, Y, 0)
