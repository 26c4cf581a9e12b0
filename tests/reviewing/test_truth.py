"""The gradients of losses as people write them, against central differences."""

import numpy as np
import pytest
from written import module

from autograd_lite.reviewing.arguments import Call, Targets
from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.truth import NotRecorded, Oracle

rng = np.random.default_rng(1)
W, b, x = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(4, 3))
BODIES = {
    "dot of an array": "return np.sum(np.tanh(x.dot(W) + b) ** 2)",
    "stores into zeros": """
    h = np.zeros((4, 2))
    for i in range(4):
        h[i] = np.tanh(x[i] @ W + b)
    return np.sum(h * h)""",
    "parts of three axes": """
    h = np.zeros((3, 4, 2))
    for t in range(2):
        h[t + 1, :, :] = np.tanh(x @ W + h[t, :, :] + b)
    return np.sum(h ** 2)""",
    "masks stored into": """
    z = x @ W + b
    z[z < 0] = 0
    z[z > 1] *= 0.5
    return np.sum(z * z)""",
    "in place": """
    z = x @ W
    z += b
    z **= 2
    return z.sum()""",
    "out=": """
    z = x @ W + b
    np.maximum(z, 0, out=z)
    return np.sum(z ** 2)""",
    "accumulated in an array": """
    total = np.zeros(2)
    for row in x:
        total += np.tanh(row @ W + b)
    return float(np.sum(total ** 2))""",
    "a list that is reduced": """
    rows = [np.tanh(row @ W + b) for row in x]
    return np.sum(np.mean(rows, axis=0) ** 2) + np.max(rows)""",
    "in a list": """
    parts = [0.0, 0.0]
    parts[0] += np.sum(np.tanh(x @ W))
    parts[1] = np.sum(b ** 2)
    return np.array(parts).sum()""",
    "copied": """
    z = x @ W
    h = z.copy()
    h[h < 0] = 0
    return np.sum(h * z) + np.array(b, copy=True).sum() ** 2""",
    "aliases": """
    z = x @ W
    h = z
    h += b
    return np.sum(z ** 2)""",
    "isinstance": """
    z = x @ W + b if isinstance(W, np.ndarray) else None
    return np.squeeze(np.sum(z ** 2)).item()""",
    "np.c_ and np.r_": """
    h = np.c_[np.ones(4), np.tanh(x @ W)]
    h = np.c_[h[None], h[None]][0, :, 3:]
    v = np.r_[1, b, 0:2]
    return np.sum((h @ np.arange(3.0)) ** 2) * np.sum(v ** 3) + np.c_[1:3].sum()""",
    "np.add.at": """
    total = np.zeros((3, 2))
    np.add.at(total, np.array([0, 1, 1, 2]), np.tanh(x @ W + b))
    return np.sum(total ** 2)""",
    "math": """
    import math
    return sum(math.log1p(math.exp(s)) * math.pow(s, 2) for row in x @ W + b for s in row)""",
}


def oracle(folder, body):
    m = module(folder, f"import numpy as np\n\ndef loss(W, b, x):\n    {body.strip()}\n")
    call = Call(m.loss, m.loss, (W, b, x))
    places = Targets(call, ["W", "b"], (W, b), False).places
    return Oracle(Code.of(m.loss), lambda call: call.forward(*call.args)), call, places


def differences(f, at, i):
    found = np.zeros(at[i].shape)
    for place in np.ndindex(found.shape):
        ends = []
        for h in (1e-6, -1e-6):
            now = [a.copy() for a in at]
            now[i][place] += h
            ends.append(f(*now))
        found[place] = (ends[0] - ends[1]) / 2e-6
    return found


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_loss_runs_as_it_stands(tmp_path, body):
    asked, call, places = oracle(tmp_path, body)
    found = asked.truth(call, places, check=True)
    assert not found.why
    for i, g in enumerate(found.gradients):
        expected = differences(call.forward, [W, b, x], i)
        np.testing.assert_allclose(g, expected, rtol=1e-6, atol=1e-6)


def test_what_cannot_be_recorded_is_differentiated_numerically(tmp_path):
    asked, call, places = oracle(tmp_path, "return float(str(float((x @ W + b).sum() ** 2)))")
    found = asked.truth(call, places, check=True)
    assert found.why
    expected = 2 * (x @ W + b).sum() * np.broadcast_to(x.sum(0)[:, None], W.shape)
    np.testing.assert_allclose(found.gradients[0], expected, rtol=1e-7)


def test_data_that_the_loss_does_not_take_keep_nothing_from_being_recorded(tmp_path):
    asked, call, places = oracle(tmp_path, "return np.sum((x @ W - np.ones((4, 2)) + b) ** 2)")
    other = call._replace(args=(*call.args[:2], rng.normal(size=(5, 3))))
    with pytest.raises(ValueError, match="broadcast"):
        asked.truth(other, places, check=False)
    assert asked.truth(call, places, check=False).graph is not None


def test_a_lost_gradient_is_noticed(tmp_path):
    body = "return np.sum((x @ np.asarray(W.tolist()) + b) ** 2)"
    asked, call, places = oracle(tmp_path, body)
    expected = differences(call.forward, [W, b, x], 0)
    for check in (True, False):  # it is not trusted again
        found = asked.truth(call, places, check=check)
        np.testing.assert_allclose(found.gradients[0], expected, rtol=1e-6)


def test_what_is_too_large_for_differences(tmp_path):
    m = module(tmp_path, "def loss(W):\n    return float(str(float((W ** 2).sum())))\n")
    V = np.ones((100, 100))
    call = Call(m.loss, m.loss, (V,))
    asked = Oracle(Code.of(m.loss), lambda call: call.forward(*call.args))
    with pytest.raises(NotRecorded):
        asked.truth(call, Targets(call, ["W"], V, False).places, check=True)


@pytest.mark.parametrize("value", [0.7, np.float32(0.7), np.array(0.7)])
def test_a_parameter_of_no_axes(tmp_path, value):
    m = module(tmp_path, "def loss(k):\n    return k * k * k\n")
    call = Call(m.loss, m.loss, (value,))
    asked = Oracle(Code.of(m.loss), lambda call: call.forward(*call.args))
    found = asked.truth(call, Targets(call, ["k"], value, False).places, check=True)
    assert not found.why
    np.testing.assert_allclose(found.gradients[0], 3 * 0.7**2, rtol=1e-6)
