"""Whose gradient a key means is tested with `compare`, which asks; here, what it gives."""

import numpy as np

from autograd_lite import Tensor
from autograd_lite.comparing.keys import find, numbers


def test_nodes_are_found_in_the_order_in_which_they_are_asked_for():
    a, b = Tensor([1.0], name="a"), Tensor([2.0])
    loss = ((a * b).named("z")).sum()
    assert find(loss, ["z", b, "a"], {"b": b}) == [("z", loss.inputs[0]), ("b", b), ("a", a)]


def test_numbers_are_arrays():
    x = Tensor([1.0, 2.0])
    assert numbers("x", x, [1, 2]).tolist() == [1, 2]
    assert numbers("x", x, Tensor([3.0])).tolist() == [3.0]
    assert isinstance(numbers("x", x, 1.5), np.ndarray)
