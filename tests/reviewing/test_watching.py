"""What is watched computes what it did, and each step is seen."""

import copy

import numpy as np
import pytest
from habits import HABITS, program
from written import module

from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.watching import Watcher, watched

rng = np.random.default_rng(3)
ARGS = [rng.normal(size=s) for s in ((3, 2), (2,), (5, 3), (5, 2))]


class Counting(Watcher):
    count = 0

    def value(self, where, value):
        self.count += 1
        return value


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_watched_program_is_the_same(tmp_path, habit):
    m = module(tmp_path, program(habit))
    expected = m.gradient(*copy.deepcopy(ARGS))
    watcher = Counting()
    with watched(Code.of(m.gradient), watcher):
        found = m.gradient(*copy.deepcopy(ARGS))
    assert watcher.count > 10
    for a, b in zip(expected, found):
        np.testing.assert_array_equal(a, b)


def test_stores_and_calls_are_seen(tmp_path):
    text = "def f(a, i):\n    a[i] = 1\n    a[i] += 2\n    a += 3\n    return max(a[0], 0)\n"
    m = module(tmp_path, text)
    said = []

    class Telling(Watcher):
        def store(self, where, value, base, key):
            said.append(("store", value, key))
            super().store(where, value, base, key)

        def augment(self, where, op, target, value):
            said.append(("augment", op.__name__, value))
            return super().augment(where, op, target, value)

        def augment_item(self, where, op, base, key, value):
            said.append(("item", key, value))
            super().augment_item(where, op, base, key, value)

        def call(self, where, function, *args, **kwargs):
            said.append(("call", function))
            return function(*args, **kwargs)

    a = np.zeros(2)
    with watched(Code.of(m.f), Telling()):
        assert m.f(a, 0) == 6
    assert said == [("store", 1, 0), ("item", 0, 2), ("augment", "iadd", 3), ("call", max)]
