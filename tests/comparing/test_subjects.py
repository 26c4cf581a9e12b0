import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.comparing.replay import Replay
from autograd_lite.comparing.subjects import alone, first_derivatives, second_derivatives

X = np.random.default_rng(0).standard_normal(4)


def subjects(derivatives, y, targets):
    return derivatives(y, Replay(y), targets, np.random.default_rng(1), lambda x: None)


def test_first_derivatives_have_a_random_cotangent():
    x = Tensor(X)
    (s,) = subjects(first_derivatives, np.sin(x), [x])
    assert len(set(s.cotangent.tolist())) == 4
    np.testing.assert_allclose(s.derived, s.cotangent * np.cos(X))
    np.testing.assert_allclose(s.probe.f(X + 1), np.sin(X + 1))
    (s,) = subjects(first_derivatives, np.sin(x).sum(), [x])
    np.testing.assert_allclose(s.derived, -2 * np.cos(X))


def test_second_derivatives_are_those_of_a_random_projection():
    """∂/∂x w ∇φ of φ = g (y + y²/2), for y = sin x: φ'' = g (-y (1 + y) + cos² x)."""
    x = Tensor(X)
    (s,) = subjects(second_derivatives, np.sin(x), [x])
    w, y = s.probe.weights, np.sin(X)
    assert len(set(w.tolist())) == 4
    np.testing.assert_allclose(s.derived, w * s.cotangent * (np.cos(X) ** 2 - y * (1 + y)))
    np.testing.assert_allclose(s.probe.f(X), s.cotangent * np.cos(X) * (1 + y))


def test_second_derivatives_are_mixed():
    a, b = Tensor(X), Tensor(X + 1)
    of_a, of_b = subjects(second_derivatives, a * b, [a, b])
    assert of_a.probe.f(X).shape == (8,)
    z = a * 2
    (of_z,) = subjects(second_derivatives, z * b, [z])
    assert of_z.probe.f(X).shape == (4,)
    assert of_b.x.op is None


def test_an_op_alone():
    x = Tensor(X)
    node = al.where(x > 0, np.sin(x), 2.0)
    twin, inputs = alone(node)
    assert list(inputs) == [1]
    assert all(leaf.op is None for leaf in inputs.values())
    np.testing.assert_array_equal(twin.data, node.data)
    np.testing.assert_array_equal(al.grad(twin, inputs[1], np.ones(4)), X > 0)
    with pytest.raises(ValueError, match="cotangent"):
        al.grad(twin, inputs[1])
