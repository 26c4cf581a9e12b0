"""Other arguments: moved, reordered, and still what a loss takes."""

import numpy as np

from autograd_lite.reviewing.arguments import Call, Targets
from autograd_lite.reviewing.fresh import companions, elsewhere, larger

rng = np.random.default_rng(0)


def loss(W, gamma, b, X, y, lam):
    return 0.0


W, gamma, b = rng.normal(size=(3, 2)), np.ones(2), np.zeros(2)
X, y = rng.normal(size=(5, 3)), np.array([0, 1, 2, 3, 4])
CALL = Call(loss, loss, (W, gamma, b, X, y, 0.1))
TARGETS = Targets(CALL, ["W", "gamma", "b"], (W, gamma, b), False)
PLACES, WEIGHTS = TARGETS.places, [p for p in TARGETS.everything if p.name == "lam"]


def test_parameters_move_away_from_special_values():
    now = elsewhere(CALL, PLACES, WEIGHTS, np.random.default_rng(1))
    assert (now.args[1] > 0).all()
    assert (np.abs(now.args[1] - 1) > 1e-3).all()
    assert (np.abs(now.args[2]) > 1e-3).all()
    assert now.args[5] != 0.1  # the weight of a penalty
    assert 0 < now.args[5] < 1
    assert (CALL.args[1] == 1).all()


def test_samples_and_labels_stay_together():
    for rows in (None, []):
        now = elsewhere(CALL, PLACES, WEIGHTS, np.random.default_rng(2), rows)
        np.testing.assert_array_equal(now.args[3], X[now.args[4]])
        assert rows == [] or sorted(now.args[4]) == [0, 1, 2, 3, 4]
    sizes = {
        len(elsewhere(CALL, PLACES, WEIGHTS, np.random.default_rng(i), []).args[4])
        for i in range(8)
    }
    assert len(sizes) > 2


def test_what_has_as_many_rows_as_the_samples_may_be_drawn_with_them():
    """Where a loss goes through both, others would be left out, and nothing would be said."""
    call = CALL._replace(args=(*CALL.args[:5], [4, 3, 2, 1, 0]))
    places = Targets(call, ["W", "gamma", "b", "X"], (W, gamma, b, X), False).places
    every, *others = companions(call, places)
    assert every == [5, places[3]]
    assert others == [[5], [places[3], 5], []]
    counts = set()
    for i in range(8):
        now = elsewhere(call, places, [], np.random.default_rng(i), every)
        assert len(now.args[3]) == len(now.args[4]) == len(now.args[5])
        assert [4 - x for x in now.args[5]] == [*now.args[4]]
        assert now.args[0].shape == W.shape
        counts.add(len(now.args[4]))
    assert len(counts) > 2


def test_columns_are_samples_where_they_are_alike():
    X, y = np.arange(6.0).reshape(2, 3), np.arange(3.0)[None]
    call = Call(loss, loss, (W, gamma, b, X, y, 0.1))
    now = elsewhere(call, PLACES, WEIGHTS, np.random.default_rng(1))
    np.testing.assert_array_equal(now.args[3][0], now.args[4][0])


def test_all_axes_of_a_length_have_one_more():
    """Also in objects, and what is one array stays one."""

    class Net:
        def __init__(self):
            self.W, self.labels = np.ones((3, 2)), np.eye(2)[[0, 1, 1, 0, 0]]
            self.same = self.W

        def loss(self, X, names):
            return 0.0

    net = Net()
    found = [*larger(Call(net.loss, net.loss, (X, [y])))]
    assert len(found) == 3  # as many as there are lengths: 2, 3, 5
    shapes = []
    for call in found:
        its, (x, (labels,)) = call.forward.__self__, call.args
        assert its is call.backward.__self__ is not net
        assert its.W is its.same
        assert (its.labels.sum(1) == 1).all()
        shapes.append((its.W.shape, its.labels.shape, x.shape, labels.shape))
    assert shapes == [
        ((3, 3), (5, 3), (5, 3), (5,)),
        ((4, 2), (5, 2), (5, 4), (5,)),
        ((3, 2), (6, 2), (6, 3), (6,)),
    ]
    assert net.W.shape == (3, 2)
