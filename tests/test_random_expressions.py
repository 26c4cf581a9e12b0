"""Expressions that nobody thought of: random graphs with shared nodes and broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import differences

import autograd_lite as al
from autograd_lite import Tensor, grad

Array = np.ndarray
SHAPES = [(), (3,), (1,), (2, 1), (1, 3), (2, 3)]  # any two of them broadcast

UNARY: list[Callable[[Any], Any]] = [
    al.sin,
    al.tanh,
    al.sigmoid,
    al.softplus,
    lambda x: al.exp(-x * x),
    lambda x: al.sqrt(1 + x * x),
    lambda x: al.log(2 + al.cos(x)),
    lambda x: al.mean(x),
    lambda x: al.sum(x, axis=-1, keepdims=True) / 3 if x.ndim else x,
    lambda x: al.softmax(x) if x.ndim else -x,
    lambda x: al.index(x, (..., np.array([0, -1, 0]))) if x.ndim and x.shape[-1] == 3 else 1 - x,
    lambda x: x / (2 + x.T.T * x),
    lambda x: al.where(np.array([True, False, True]), x, x * x / 4),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b / 2,
    lambda a, b: al.tanh(a * b),
    lambda a, b: a / (1 + b * b),
    lambda a, b: (1 + al.sigmoid(a)) ** al.sin(b),
    lambda a, b: al.where(np.array([[True], [False]]), a, b),
    lambda a, b: al.mean(al.stack([a + 0 * b, b + 0 * a]), axis=0),
    lambda a, b: al.logsumexp(al.concatenate([a + 0 * b, b + 0 * a], axis=None)),
]

steps = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
graphs = st.tuples(
    st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    st.lists(steps, min_size=1, max_size=8),
    st.integers(0, 10**6),
)
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def expression(program: list[tuple[int, int, int]]) -> Callable[..., Any]:
    """A function of Tensors or arrays: each step takes two of the values before it."""

    def f(*xs: Any) -> Any:
        values = list(xs)
        for choice, i, j in program:
            # the second of them from the latest three: deep graphs, and shared nodes
            a, b = values[i % len(values)], values[-1 - j % min(3, len(values))]
            kind = choice % (len(UNARY) + len(BINARY))
            values.append(UNARY[kind](b) if kind < len(UNARY) else BINARY[kind - len(UNARY)](a, b))
        return values[-1] + al.sin(values[len(values) // 2])

    return f


def arrays(shapes: list[tuple[int, ...]], seed: int) -> tuple[list[Array], np.random.Generator]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape)) for shape in shapes], rng


def recorded(graph: Any) -> Any:
    """The function of a graph, its arguments as arrays and leaves, the result, a generator."""
    shapes, program, seed = graph
    f = expression(program)
    xs, rng = arrays(shapes, seed)
    leaves = [Tensor(x) for x in xs]
    return f, xs, leaves, f(*leaves), rng


@quick
@given(graphs)
def test_the_gradient_of_a_random_expression(graph: Any) -> None:
    f, xs, leaves, y, rng = recorded(graph)
    np.testing.assert_allclose(y.data, f(*xs), rtol=1e-15)
    g = np.asarray(rng.standard_normal(y.shape))
    gradients = grad(y, leaves, g)
    for x, gx, wanted in zip(xs, gradients, differences(f, xs, g)):
        assert gx.shape == x.shape
        # a composition of several steps bends more than one op, hence not 1e-9
        np.testing.assert_allclose(gx, wanted, rtol=1e-8, atol=1e-8)
    for gx, again in zip(gradients, grad(y, leaves, g, create_graph=True)):
        np.testing.assert_allclose(again.data, gx, rtol=1e-12, atol=1e-14)


@quick
@given(graphs)
def test_a_gradient_is_linear_in_its_cotangent(graph: Any) -> None:
    _, _, leaves, y, rng = recorded(graph)
    g, h = np.asarray(rng.standard_normal(y.shape)), np.asarray(rng.standard_normal(y.shape))
    for whole, first, second in zip(
        grad(y, leaves, 2 * g - 3 * h), grad(y, leaves, g), grad(y, leaves, h)
    ):
        np.testing.assert_allclose(whole, 2 * first - 3 * second, rtol=1e-11, atol=1e-13)


@quick
@given(graphs)
def test_backward_adds_what_grad_returns(graph: Any) -> None:
    _, _, leaves, y, rng = recorded(graph)
    g = np.asarray(rng.standard_normal(y.shape))
    gradients = grad(y, leaves, g)
    for _ in range(2):
        y.backward(g)
    for x, gx in zip(leaves, gradients):
        np.testing.assert_array_equal(np.zeros(x.shape) if x.grad is None else x.grad, gx + gx)
        assert grad(y, x, g).tolist() == gx.tolist()  # pruning changes nothing


@settings(quick, max_examples=25)
@given(graphs)
def test_the_second_derivative_of_a_random_expression(graph: Any) -> None:
    shapes, program, seed = graph
    f = expression(program)
    xs, rng = arrays(shapes, seed)
    weights = [np.asarray(rng.standard_normal(x.shape)) for x in xs]
    g = np.asarray(rng.standard_normal(np.shape(f(*xs))))

    def slope(*xs: Any, create_graph: bool = False) -> Any:
        leaves = [x if isinstance(x, Tensor) else Tensor(x) for x in xs]
        parts = grad(f(*leaves), leaves, g, create_graph)
        return sum((w * gx).sum() for w, gx in zip(weights, parts))

    leaves = [Tensor(x) for x in xs]
    got = grad(slope(*leaves, create_graph=True), leaves)
    for gx, wanted in zip(got, differences(slope, xs, np.ones(()))):
        np.testing.assert_allclose(gx, wanted, rtol=1e-7, atol=1e-7)  # five derivatives higher
