"""The lines of a derived pass: their values, what stands in the place of terms, what is alike."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite.comparing.lines import Lines, addends
from autograd_lite.terms import OPS


@pytest.fixture
def rnn():
    """Three steps with one weight, and the cotangents of the states."""
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((3, 2, 4))
    U = al.Tensor(rng.standard_normal((4, 3)), name="U")
    V = al.Tensor(rng.standard_normal((3, 3)), name="V")
    h = np.zeros((2, 3))
    hs, zs, loss = [], [], 0.0
    for x in xs:
        zs.append((x @ U + h @ V).named(f"z{len(zs)}"))
        h = np.tanh(zs[-1])
        hs.append(h.named(f"h{len(hs)}"))
        loss = loss + (h**2).sum()
    return loss, U, V, zs, hs


def test_lines_of_the_derived_pass_give_its_gradients(rnn) -> None:
    loss, *parameters, zs, hs = rnn
    nodes = [*parameters, *zs, *hs]
    lines = Lines(loss, dict.fromkeys(nodes, np.zeros(())), None)  # of no shape that fits
    for node, expected in zip(nodes, al.grad(loss, nodes)):
        np.testing.assert_allclose(lines.run({}, [lines.end[node]])[0], expected, atol=1e-12)


def test_a_line_goes_on_from_handwritten_values(rnn) -> None:
    loss, _, V, zs, hs = rnn
    rng = np.random.default_rng(1)
    given = {x: rng.standard_normal(x.shape) for x in (*zs, *hs)}
    lines = Lines(loss, {**given, V: np.zeros(V.shape)}, None)
    slope = given[hs[1]] * (1 - hs[1].data ** 2)
    np.testing.assert_allclose(lines.run({}, [lines.end[zs[1]]])[0], slope, atol=1e-12)
    gV = hs[0].data.T @ given[zs[1]] + hs[1].data.T @ given[zs[2]]
    np.testing.assert_allclose(lines.run({}, [lines.end[V]])[0], gV, atol=1e-12)


def test_a_change_is_followed_through_all_lines(rnn) -> None:
    """Without tanh's derivative at all steps, from parameters alone."""
    loss, U, V, zs, hs = rnn
    lines = Lines(loss, {U: np.zeros(U.shape), V: np.zeros(V.shape)}, None)
    changed = {}
    for z in zs:
        pull = next(
            p for p in lines.reading.pulls if p.op is OPS["tanh"] and p.xs[0] is _term(lines, z)
        )
        line = next(line for line in lines.lines.values() if line.target is pull.xs[0])
        changed[line.end] = {pull.gx: pull.g}
    g, gU, gV = np.zeros((2, 3)), np.zeros(U.shape), np.zeros(V.shape)
    xs = [next(v for x, v in zip(z.inputs[0].inputs, z.inputs[0].saved) if x is not U) for z in zs]
    for t in (2, 1, 0):
        g = g + 2 * hs[t].data
        gU += xs[t].T @ g
        gV += (hs[t - 1].data if t else np.zeros((2, 3))).T @ g
        g = g @ V.data.T
    for expected, found in zip((gU, gV), lines.run(changed, [lines.end[U], lines.end[V]])):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def _term(lines, node):
    (found,) = (t for t, name in lines.reading.called.items() if name == node.name)
    return found


def test_other_data_change_every_line(rnn) -> None:
    loss, U, V, *_ = rnn
    lines = Lines(loss, {U: np.zeros(U.shape), V: np.zeros(V.shape)}, None)
    ends = [lines.end[U], lines.end[V]]
    here = lines.run({}, ends)
    there = lines.run({}, ends, lines.elsewhere(np.random.default_rng(0)))
    assert all(np.all(a != b) for a, b in zip(here, there))


def test_steps_of_a_loop_are_kin_and_layers_are_not_the_same(rnn) -> None:
    loss, *_, zs, hs = rnn
    lines = Lines(loss, dict.fromkeys((*zs, *hs), np.zeros(())), None)
    states, sums = ([_term(lines, x) for x in some] for some in (hs, zs))
    assert len({lines.kin(t, same=True) for t in states}) == 1
    assert len({lines.kin(t, same=True) for t in (*states, *sums)}) == 2
    assert tuple(states) in lines.columns(3)
    assert tuple(states[::-1]) in lines.columns(3)


def test_layers_are_kin_with_parameters_of_their_own() -> None:
    rng = np.random.default_rng(0)
    W1, W2 = (al.Tensor(rng.standard_normal((3, 3)), name=name) for name in ("W1", "W2"))
    h1 = np.tanh(rng.standard_normal((2, 3)) @ W1).named("h1")
    h2 = np.tanh(h1 @ W2).named("h2")
    given = dict.fromkeys((h1, h2, W1, W2), np.zeros((3, 3)))
    lines = Lines((h2**2).sum(), given, None)
    a, b = (_term(lines, h) for h in (h1, h2))
    assert lines.kin(a) == lines.kin(b)
    assert lines.kin(a, same=True) != lines.kin(b, same=True)


def test_addends_of_a_sum() -> None:
    x = al.Tensor(np.arange(1.0, 4.0), name="x")
    y = al.sin(x) - (al.exp(x) - al.cos(x))
    lines = Lines((y * y).sum(), {y: np.zeros(3)}, None)
    term = next(t for t, v in lines.reading.path.items() if v is y._value)
    assert [(sign, part.op.name) for sign, part in addends(term)] == [
        (1, "sin"),
        (-1, "exp"),
        (1, "cos"),
    ]
