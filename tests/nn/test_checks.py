import numpy as np
import pytest
from told import tells

from autograd_lite import Tensor
from nn.checks import check_has, number, whole


def test_what_fits_is_given_back_as_pythons_own():
    for x in (3, np.int8(3), np.uint64(3)):
        assert whole(x, "n") == 3
        assert type(whole(x, "n")) is int
    assert whole(0, "n", least=0) == 0
    for x in (0, 0.5, np.float32(0.5), np.array(0.5), Tensor(0.5)):
        assert number(x, "p", below=1) == float(x)
        assert type(number(x, "p")) is float
    check_has([], "append", "x", "a list", "pass one")


@pytest.mark.parametrize("x", [0, -1, 1.0, np.float64(1), "1", None, True, [1], np.array([1])])
def test_what_is_no_count(x):
    tells(lambda: whole(x, "n"), ValueError, "n is ", "an integer of at least 1", "choose one")


@pytest.mark.parametrize("x", [-1e-9, np.nan, np.inf, "1", b"1", None, [0.1], np.ones(2), 1j])
def test_what_is_no_number(x):
    tells(lambda: number(x, "p"), ValueError, "p is ", "of at least 0, finite", "choose one")


def test_a_number_has_a_limit():
    tells(lambda: number(1, "p", below=1), ValueError, "p is 1", "below 1", "choose one")


def test_a_class_is_no_instance():
    for x, given in ((list, "the class list"), (3, "3"), (None, "None")):
        call = (x, "append", "x", "a list", "pass one")
        tells(lambda call=call: check_has(*call), TypeError, f"x is {given}", "a list", "pass one")
