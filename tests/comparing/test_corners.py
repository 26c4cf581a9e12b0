import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.comparing.corners import corner
from autograd_lite.comparing.replay import Replay

X = np.array([[0.5, -1.0, 2.0], [3.0, 1e-6, -2.0]])


def found(f, x=X, move=1e-4):
    leaf = Tensor(x, name="x")
    return corner(Replay(f(leaf)), leaf, lambda node: node.name, np.full(np.shape(x), move))


CORNERS = {
    "relu at x[1, 1]": al.relu,
    "abs at x[1, 1]": np.abs,
    "relu at z[1, 1]": lambda x: al.relu((x * 2).named("z")),
    "relu at its input[1, 1]": lambda x: al.relu(x * 2),
    "greater at x[1, 1]": lambda x: np.where(x > 0, x, 2 * x),
    "maximum at x[1, 1]": lambda x: np.maximum(x, 0),
    "at_least at x[1, 1]": lambda x: al.clip(x, 0, 1.5),
    "sign at x[1, 1]": lambda x: np.sign(x) * x,
}


@pytest.mark.parametrize("name", CORNERS)
def test_the_op_and_the_element_are_found(name):
    assert found(CORNERS[name]) == f"the corner of {name}"
    assert found(CORNERS[name], move=1e-7) is None


def test_of_several_the_first_is_named():
    assert found(al.relu, np.zeros(3)) == "the corner of relu at x[0] and 2 more"
    assert found(al.relu, np.zeros(())) == "the corner of relu at x"
    assert found(lambda x: al.relu(np.abs(x))) == "the corner of abs at x[1, 1]"


def test_order_and_the_largest():
    x = np.array([1.0, 1.0 + 1e-6, 0.5])
    move = np.array([1e-4, 0, 0])
    for f in (np.sort, lambda x: x.max(), np.argmax):
        leaf = Tensor(x, name="x")
        y = f(leaf) if f is not np.argmax else leaf * leaf.argmax()
        assert corner(Replay(y), leaf, lambda node: node.name, move).startswith("the corner of ")


@pytest.mark.parametrize(
    "f", [np.sin, np.square, al.sigmoid, al.softmax, np.exp, lambda x: x @ x.T, lambda x: 2 * x]
)
def test_a_smooth_op_has_none(f):
    assert found(f) is None
    assert found(f, np.zeros((2, 2))) is None


def test_a_mask_of_another_count():
    assert found(lambda x: x[x > 0]) in (None, "the corner of greater at x[1, 1]")
