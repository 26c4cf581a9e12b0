import numpy as np
import pytest
from told import tells

import autograd_lite as al
from autograd_lite import Tensor, grad, primitive
from autograd_lite.comparing.replay import Replay

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3))


def test_a_graph_runs_again_with_other_values():
    W, b = Tensor(np.ones((3, 2))), Tensor(np.zeros(2))
    z = X @ W + b
    y = al.mse(al.sigmoid(z), np.ones((4, 2)))
    replay = Replay(y)
    new = RNG.standard_normal((3, 2))
    wanted = np.mean((1 / (1 + np.exp(-X @ new)) - 1) ** 2)
    assert replay.run({W: new})[y] == pytest.approx(wanted, rel=1e-14)
    assert replay.run({z: X @ new})[y] == pytest.approx(wanted, rel=1e-14)
    assert replay.run({})[y] == y.item()
    assert [node.op.name for node, *_ in replay.after({z})] == ["sigmoid", "mse"]


def test_only_what_hangs_on_a_value_is_run():
    calls = []

    @primitive(lambda g, y, x: g)
    def noted(x):
        calls.append(1)
        return x * 1.0

    a, b = Tensor(X), Tensor(X)
    replay = Replay(noted(a) * b)
    calls.clear()
    replay.run({b: X})
    assert not calls
    replay.run({a: X})
    assert calls


def test_float32_is_run_in_double_precision():
    x = Tensor(np.array([0.1, 0.2], "f4"))
    y = (al.astype(x * x, dtype=np.float32) + al.one_hot(np.array(1), n=2, dtype="f4")).sum()
    replay = Replay(y)
    assert replay.narrow
    assert replay.eps == np.finfo(float).eps
    assert replay.run({x: np.array([0.1, 0.2])})[y] == pytest.approx(1.05, rel=1e-15)
    assert not Replay(al.sin(Tensor(0.5))).narrow

    @primitive(lambda g, y, x: g)
    def narrowing(x):
        return x.astype(np.float32)

    assert Replay(narrowing(Tensor(X))).eps == np.finfo(np.float32).eps


def test_complex_numbers_pass():
    x = Tensor(X)
    y = al.exp(x @ X.T).sum()
    found = Replay(y).run({x: X + 1e-20j * np.ones(X.shape)})[y].imag / 1e-20
    assert found == pytest.approx(float(np.sum(grad(y, x))), rel=1e-13)


def test_the_twin_is_a_graph_of_other_values():
    x = Tensor(X, name="x")
    z = (x * x).named("z")
    y = al.sin(z).sum()
    replay = Replay(y)
    twins = replay.twin(replay.run({x: X + 1}))
    np.testing.assert_allclose(grad(twins[y], twins[x]), 2 * (X + 1) * np.cos((X + 1) ** 2))
    assert [twins[n].name for n in (x, z, y)] == ["x", "z", None]
    twins = replay.twin(replay.run({z: X}), leaves={z})
    assert twins[z].op is None
    np.testing.assert_allclose(grad(twins[y], twins[z]), np.cos(X))


def test_chance():
    """What has no VJP keeps its draw; another op draws the same again, and moves no generator."""
    rng = np.random.default_rng(0)
    x = Tensor(X)
    y = al.dropout(x, p=0.5, rng=rng)
    np.testing.assert_array_equal(Replay(y).run({x: X})[y], y.data)

    @primitive(lambda g, y, x, *, rng: g)
    def noisy(x, *, rng):
        return x + rng.standard_normal(x.shape)

    y = noisy(x, rng=rng)
    state = rng.bit_generator.state
    replay = Replay(y)
    first, second = replay.run({x: X})[y], replay.run({x: X + 1})[y]
    np.testing.assert_allclose(second - first, 1)
    assert replay.random
    assert rng.bit_generator.state == state


def test_what_cannot_be_run_again():
    x = Tensor(X, name="x")
    y = x * 2
    x.data[0, 0] += 1
    y = y + x
    tells(lambda: Replay(y), RuntimeError, "x (4, 3) float64 has two values", "one is", "again")

    count = iter(range(9))

    @primitive(lambda g, y, x: g)
    def impure(x):
        return x + next(count)

    y = impure(x)
    tells(lambda: Replay(y), RuntimeError, "another value", "the same is needed", "inputs alone")
