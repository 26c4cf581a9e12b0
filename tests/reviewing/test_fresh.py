"""Other arguments: moved, reordered, and still what a loss takes."""

import numpy as np

from autograd_lite.reviewing.arguments import Call, Targets
from autograd_lite.reviewing.fresh import elsewhere

rng = np.random.default_rng(0)


def loss(W, gamma, b, X, y, lam):
    return 0.0


W, gamma, b = rng.normal(size=(3, 2)), np.ones(2), np.zeros(2)
X, y = rng.normal(size=(5, 3)), np.array([0, 1, 2, 3, 4])
CALL = Call(loss, loss, (W, gamma, b, X, y, 0.1))
TARGETS = Targets(CALL, ["W", "gamma", "b"], (W, gamma, b), False)
PLACES, WEIGHTS = TARGETS.places, [p for p in TARGETS.everything if p.name == "lam"]


def test_parameters_move_away_from_special_values():
    now = elsewhere(CALL, PLACES, WEIGHTS, np.random.default_rng(1), batch=False)
    assert (now.args[1] > 0).all()
    assert (np.abs(now.args[1] - 1) > 1e-3).all()
    assert (np.abs(now.args[2]) > 1e-3).all()
    assert now.args[5] != 0.1  # the weight of a penalty
    assert 0 < now.args[5] < 1
    assert (CALL.args[1] == 1).all()


def test_samples_and_labels_stay_together():
    for batch in (False, True):
        now = elsewhere(CALL, PLACES, WEIGHTS, np.random.default_rng(2), batch)
        np.testing.assert_array_equal(now.args[3], X[now.args[4]])
        assert batch or sorted(now.args[4]) == [0, 1, 2, 3, 4]
    sizes = {
        len(elsewhere(CALL, PLACES, WEIGHTS, np.random.default_rng(i), True).args[4])
        for i in range(8)
    }
    assert len(sizes) > 2


def test_columns_are_samples_where_they_are_alike():
    X, y = np.arange(6.0).reshape(2, 3), np.arange(3.0)[None]
    call = Call(loss, loss, (W, gamma, b, X, y, 0.1))
    now = elsewhere(call, PLACES, WEIGHTS, np.random.default_rng(1), batch=False)
    np.testing.assert_array_equal(now.args[3][0], now.args[4][0])
