"""Where parameters stand, and the forms in which gradients are returned."""

import numpy as np
import pytest

from autograd_lite.reviewing.arguments import UNKNOWN, Call, Targets

W, b, x = np.ones((3, 2)), np.zeros(2), np.arange(6.0).reshape(2, 3)


def forward(W, b, x):
    return 0.0


def of_dict(params, x):
    return 0.0


class Net:
    def __init__(self):
        self.W, self.b, self.n = W.copy(), b.copy(), 3

    def loss(self, x):
        return 0.0

    def back(self, x):
        return None


def names(f, args, wrt, result, updates=False, back=None):
    call = Call(f, back or f, args)
    return [place.name for place in Targets(call, wrt, result, updates).places]


def test_the_forms_of_results():
    args = (W, b, x)
    assert names(forward, args, None, {"dW": W, "db": b}) == ["W", "b"]
    assert names(forward, args, None, {"grad_W": W, "b_grad": b}) == ["W", "b"]
    assert names(forward, args, ["b", "W"], (b, W)) == ["b", "W"]
    assert names(forward, args, [0, 1], [W, b]) == ["W", "b"]
    assert names(forward, args, "W", W) == ["W"]
    assert names(forward, args, "W", (W,)) == ["W"]
    assert names(forward, args, None, (W, b, x)) == ["W", "b", "x"]
    layers = [(W, b), (W, b)]
    nested = ["params[0][0]", "params[0][1]", "params[1][0]", "params[1][1]"]
    assert names(of_dict, (layers, x), None, layers) == nested
    assert names(of_dict, ({"W": W, "b": b}, x), None, {"dW": W, "db": b}) == [
        "params['W']",
        "params['b']",
    ]


def test_attributes():
    net = Net()
    assert names(net.loss, (x,), ["self.W", "b"], {"W": W, "b": b}, back=net.back) == [
        "self.W",
        "self.b",
    ]
    assert names(net.loss, (x,), ["W", "b"], None, True, net.back) == ["self.W", "self.b"]
    call = Call(net.loss, net.back, (x,))
    copy = call.copied()
    assert copy.forward.__self__ is copy.backward.__self__ is not net
    place = Targets(call, ["self.W"], {"W": W}, False).places[0]
    place.put(copy, W + 1)
    assert (place.get(copy) == 2).all()
    assert (net.W == 1).all()


def test_gradients_of_updates():
    call = Call(forward, forward, (W, b, x))
    targets = Targets(call, ["W", "b"], (W, b), True)
    found = targets.gradients(call, call, (W - 0.1 * 3, b - 0.1 * 2), 0.1)
    np.testing.assert_allclose(found[0], np.full((3, 2), 3.0))
    np.testing.assert_allclose(found[1], np.full(2, 2.0))


def test_what_is_not_there_is_no_gradient():
    call = Call(forward, forward, (W, b, x))
    targets = Targets(call, ["W", "b"], {"W": W, "b": b}, False)
    assert targets.gradients(call, call, {"W": "text", "b": b}, 1.0)[0] is None
    assert targets.gradients(call, call, {"b": b}, 1.0)[0] is None


def test_of_a_pass_that_raises_the_result_comes_later():
    call = Call(forward, forward, (W, b, x))
    targets = Targets(call, ["W", "b"], UNKNOWN, False)
    assert [p.name for p in targets.places] == ["W", "b"]
    assert (targets.gradients(call, call, (W, b), 1.0)[0] == W).all()


@pytest.mark.parametrize(
    ("wrt", "result", "error", "said"),
    [
        (None, (W, b), ValueError, "name them"),
        (None, 3, ValueError, "name them"),
        (["V"], {"V": W}, ValueError, "here are W, b, x"),
        (["W", "b"], (W,), ValueError, "wrt has 2 names"),
        (None, {"Q": W}, ValueError, "a dict with 'Q'"),
    ],
)
def test_what_is_not_told(wrt, result, error, said):
    with pytest.raises(error, match=said):
        names(forward, (W, b, x), wrt, result)


def test_what_is_no_parameter():
    with pytest.raises(TypeError, match="floating numbers are needed"):
        names(forward, (np.arange(3), b, x), ["W"], {"W": W})
    with pytest.raises(TypeError, match="does not take 2 arguments"):
        names(forward, (W, b), ["W"], {"W": W})
    with pytest.raises(TypeError, match="cannot be copied"):
        Call(forward, forward, (W, b, (i for i in "x"))).copied()
