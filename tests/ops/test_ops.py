"""Laws that every op keeps, over the rows of `rows.py`; then what concerns several of them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rows
from rows import ROWS, Row, differences

import autograd_lite as al
from autograd_lite import Tensor, grad

Array = np.ndarray


def test_every_op_has_a_row() -> None:
    assert {row.op for row in ROWS.values()} == set(al.ops.NAMES)


# The laws ---------------------------------------------------------------------------------------


def close(got: Array, wanted: Array, tolerance: float) -> None:
    """Equal shapes, and elements equal to `tolerance`, relative to the largest or to 1."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    scale = 1 + np.max(np.abs(wanted), initial=0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale)


def cotangent(shape: tuple[int, ...], seed: int = 1) -> Array:
    """Random: the cotangent of a sum, all ones, would hide a rule that ignores it."""
    return np.asarray(np.random.default_rng(seed).standard_normal(shape))


def gradients(y: Tensor, *leaves: Tensor, g: Array | None = None) -> list[list[float]]:
    """As lists; recorded or not, they must be the same."""
    plain = grad(y, leaves, g)
    for gx, recorded in zip(plain, grad(y, leaves, g, create_graph=True)):
        np.testing.assert_allclose(recorded.data, gx, rtol=1e-14, atol=0)
    return [gx.tolist() for gx in plain]


def evaluate(row: Row, *xs: Array) -> tuple[Tensor, list[Tensor], Array]:
    """The recorded result, its leaves and a cotangent."""
    leaves = [Tensor(x) for x in xs or row.inputs]
    y = row.call(*leaves)
    return y, leaves, cotangent(y.shape)


def has_value(row: Row) -> None:
    """The value is the formula's, recorded or not."""
    y, _, _ = evaluate(row)
    plain = row.call(*row.inputs)
    close(y.data, row.formula(*row.inputs), 1e-12)
    np.testing.assert_array_equal(y.data, plain, strict=isinstance(plain, np.ndarray))
    assert y.op is not None
    assert not isinstance(plain, Tensor)


def has_gradient(row: Row) -> None:
    """The gradient is the formula's numerical one."""
    y, leaves, g = evaluate(row)
    for got, wanted in zip(grad(y, leaves, g), differences(row.formula, row.inputs, g)):
        assert type(got) is np.ndarray
        close(got, wanted, 1e-9)


def has_gradient_beside_constants(row: Row) -> None:
    """The gradient of one input is the same with the others handed over as arrays."""
    y, leaves, g = evaluate(row)
    for i, wanted in enumerate(grad(y, leaves, g)):
        x = Tensor(row.inputs[i])
        alone = row.call(*row.inputs[:i], x, *row.inputs[i + 1 :])
        np.testing.assert_array_equal(grad(alone, x, g), wanted, strict=True)


def records_its_gradient(row: Row) -> None:
    """A rule means the same on Tensors as on arrays."""
    y, leaves, g = evaluate(row)
    for plain, recorded in zip(grad(y, leaves, g), grad(y, leaves, g, create_graph=True)):
        assert isinstance(recorded, Tensor)
        assert recorded.dtype == plain.dtype
        close(recorded.data, plain, 1e-14)


def has_second_derivatives(row: Row) -> None:
    """The recorded gradient's own gradient, in the inputs and the cotangent, is a numerical one."""
    y, leaves, g = evaluate(row)
    weights = [cotangent(x.shape, seed=i + 2) for i, x in enumerate(row.inputs)]

    def projected(g: Array, *xs: Array) -> Array:
        y, leaves, _ = evaluate(row, *xs)
        return sum(np.sum(w * gx) for w, gx in zip(weights, grad(y, leaves, g)))

    variable = Tensor(g)
    recorded = grad(y, leaves, variable, create_graph=True)
    total = sum((w * gx).sum() for w, gx in zip(weights, recorded))
    got = grad(total, [variable, *leaves])
    for gx, wanted in zip(got, differences(projected, [g, *row.inputs], np.ones(()))):
        close(gx, wanted, 1e-9)


def keeps_dtypes(row: Row) -> None:
    """float32 in, float32 out; each gradient has the dtype of its leaf, also among mixed ones."""
    narrow = [x.astype(np.float32) for x in row.inputs]
    y, leaves, g = evaluate(row)
    z, narrow_leaves, _ = evaluate(row, *narrow)
    if y.dtype == np.float64 and row.op != "astype":
        assert z.dtype == np.float32
        assert np.asarray(row.call(*narrow)).dtype == np.float32
    if y.dtype.kind != "f":
        return
    wide = grad(y, leaves, g)
    for gx, wanted in zip(grad(z, narrow_leaves, g), wide):
        assert gx.dtype == np.float32
        close(gx, wanted, 2e-5)
    for i in range(len(narrow)):
        mixed = [*row.inputs[:i], narrow[i], *row.inputs[i + 1 :]]
        y, leaves, _ = evaluate(row, *mixed)
        for x, gx, wanted in zip(leaves, grad(y, leaves, g), wide):
            assert gx.dtype == x.dtype
            close(gx, wanted, 2e-5)


def writes_to_nothing(row: Row) -> None:
    """Neither the inputs nor the cotangent change."""
    inputs = [x.copy() for x in row.inputs]
    y, leaves, g = evaluate(row, *inputs)
    before = g.copy()
    row.call(*inputs)
    if y.dtype.kind == "f":
        grad(y, leaves, g)
        y.backward(g)
    for x, leaf, wanted in zip(inputs, leaves, row.inputs):
        np.testing.assert_array_equal(x, wanted, strict=True)
        np.testing.assert_array_equal(leaf.data, wanted, strict=True)
    np.testing.assert_array_equal(g, before, strict=True)


FLOATING = [n for n, row in ROWS.items() if np.asarray(row.formula(*row.inputs)).dtype.kind == "f"]
GRADIENT_LAWS = [
    has_gradient,
    has_gradient_beside_constants,
    records_its_gradient,
    has_second_derivatives,
]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("law", [has_value, keeps_dtypes, writes_to_nothing])
def test_law(law: Callable[[Row], None], name: str) -> None:
    law(ROWS[name])


@pytest.mark.parametrize("name", FLOATING)
@pytest.mark.parametrize("law", GRADIENT_LAWS)
def test_gradient_law(law: Callable[[Row], None], name: str) -> None:
    law(ROWS[name])


# An op with a numpy namesake --------------------------------------------------------------------

NAMESAKES = {
    name: getattr(module, name)
    for module in (np.linalg, np)
    for name in al.ops.NAMES
    if hasattr(module, name)
}
Call = tuple[tuple[Any, ...], dict[str, Any]]


class Watched:
    """The package, in which the calls of one op are noted down."""

    def __init__(self, op: str) -> None:
        self.op, self.calls = op, list[Call]()

    def __getattr__(self, name: str) -> Any:
        function = getattr(al, name)

        def noted(*args: Any, **params: Any) -> Any:
            self.calls.append((args, params))
            return function(*args, **params)

        return noted if name == self.op else function


def calls_of(op: str) -> list[Call]:
    """The arguments that the rows of an op call it with."""
    watched = Watched(op)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "al", watched)
        for row in ROWS.values():
            if row.op == op:
                row.call(*row.inputs)
    return watched.calls


def variants(namesake: Any, inputs: int, params: dict[str, Any]) -> Iterator[Call]:
    """The static arguments by name, each alone, none, and the first ones by position."""
    yield from (((), given) for given in (params, *({k: v} for k, v in params.items()), {}))
    if not isinstance(namesake, np.ufunc):
        places = list(inspect.signature(namesake).parameters.values())[inputs:]
        for i, place in enumerate(places, 1):
            if place.name in params:
                yield tuple(params.get(p.name, p.default) for p in places[:i]), {}


def with_default(namesake: Any, calls: list[Call]) -> set[str]:
    """The static arguments among those given that numpy has a default for."""
    if isinstance(namesake, np.ufunc):
        return set()
    places = inspect.signature(namesake).parameters
    given = {name for _, params in calls for name in params}
    return {name for name in given if places[name].default is not inspect.Parameter.empty}


def each_array(f: Callable[[Array], Any], x: Any) -> Any:
    """An argument, an array or a list of arrays or a number, with f applied to its arrays."""
    if isinstance(x, (list, tuple)):
        return type(x)(each_array(f, v) for v in x)
    return f(x) if isinstance(x, np.ndarray) else x


def as_tensor(x: Array) -> Tensor:
    """What is not floating is computed from what is."""
    return Tensor(x) if x.dtype.kind == "f" else Tensor(x.astype(float)).astype(x.dtype)


def outcome(f: Callable[..., Any], *args: Any, **params: Any) -> Any:
    """What it returns or raises; numpy warns of such things as logarithms of 0."""
    try:
        with np.errstate(all="ignore"):
            return f(*args, **params)
    except (TypeError, ValueError, IndexError) as error:
        return error


@pytest.mark.parametrize("name", NAMESAKES)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "?"])
def test_an_op_gives_what_its_namesake_gives(name: str, dtype: str) -> None:
    """Value, dtype and shape, of arrays and Tensors, defaults included. Where numpy raises an error
    an op may do more: norm takes three axes.
    """
    op, namesake = getattr(al, name), NAMESAKES[name]
    calls = calls_of(name)
    assert calls, "a row needs to call the op by its name"
    optional, left_out, compared = with_default(namesake, calls), set[str](), 0
    for args, params in calls:
        xs = each_array(lambda x: x.astype(dtype) if x.dtype.kind == "f" else x, args)
        tensors = each_array(as_tensor, xs)
        for static, named in variants(namesake, len(args), params):
            wanted = outcome(namesake, *xs, *static, **named)
            if isinstance(wanted, TypeError):  # numpy takes the dtype of astype by position only
                static, named = (*static, *named.values()), {}
                wanted = outcome(namesake, *xs, *static)
            if isinstance(wanted, Exception):
                continue
            for function, inputs in ((op, xs), (op, tensors), (namesake, tensors)):
                got = outcome(function, *inputs, *static, **named)
                if isinstance(got, TypeError) and len(static) > 1:
                    continue  # ops take the first by position, and say so: see op.py
                assert not isinstance(got, Exception), got
                got = got.value if isinstance(got, Tensor) else got
                assert (np.shape(got), got.dtype) == (np.shape(wanted), np.asarray(wanted).dtype)
                tolerance = 1e-6 if got.dtype == np.float32 else 1e-14
                np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)
                left_out |= set() if static else optional - named.keys()
                compared += 1
    assert compared
    assert left_out == optional, "a row needs to show its default"


# Dtypes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.0,
        lambda x: 2 * x,
        lambda x: x + 1.5,
        lambda x: 1 - x,
        lambda x: x / 3,
        lambda x: 3 / x,
        lambda x: x**2,
        lambda x: x**0.5,
        lambda x: 2.0**x,
        lambda x: al.where(x > 1, x, 0.0),
        lambda x: al.maximum(x, 0.5),
        lambda x: al.clip(x, 0.5, 1.5),
        lambda x: al.mse(x.sum(), 2.0),
        lambda x: (x > 1) * x,
    ],
)
def test_python_numbers_do_not_widen(f: Callable) -> None:
    x = Tensor(np.array([1.0, 2.0, 3.0], np.float32))
    y = f(x)
    assert y.dtype == np.float32
    assert f(x[0]).dtype == np.float32
    assert grad(y.sum(), x).dtype == np.float32
    (gx,) = grad(y.sum(), [x], create_graph=True)
    assert gx.dtype == np.float32
    assert grad(gx.sum(), x).dtype == np.float32


# Large values, and small ones ---------------------------------------------------------------------

FAR = np.array([-1000.0, -800.0, 0.0, 800.0, 1000.0])


@pytest.mark.parametrize(
    ("op", "value", "slope"),
    [
        (al.sigmoid, [0, 0, 0.5, 1, 1], [0, 0, 0.25, 0, 0]),
        (al.tanh, [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]),
        (al.softplus, [0, 0, math.log(2), 800, 1000], [0, 0, 0.5, 1, 1]),
        (al.relu, [0, 0, 0, 800, 1000], [0, 0, 0, 1, 1]),
        (al.softmax, [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]),
        (al.logsumexp, 1000, [0, 0, 0, 0, 1]),
        (al.log_softmax, FAR - 1000, [1, 1, 1, 1, -4]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_far_from_zero_without_a_warning(op, value, slope, dtype) -> None:
    x = Tensor(FAR.astype(dtype))
    y = op(x)
    tolerance = 1e-6 if dtype is np.float32 else 1e-14
    np.testing.assert_allclose(y.data, value, rtol=tolerance, atol=1e-80)
    np.testing.assert_allclose(op(x.data), y.data)
    (gx,) = gradients(y, x, g=np.ones(y.shape, dtype))
    np.testing.assert_allclose(gx, slope, rtol=tolerance, atol=1e-80)


def test_small_results_keep_their_digits() -> None:
    assert al.sigmoid(np.array(-700.0)) == pytest.approx(math.exp(-700), rel=1e-13)
    assert al.softplus(np.array(-700.0)) == pytest.approx(math.exp(-700), rel=1e-13)
    assert al.expm1(np.array(1e-12)) == pytest.approx(1e-12 + 5e-25, rel=1e-15)
    assert al.log1p(np.array(1e-12)) == pytest.approx(1e-12 - 5e-25, rel=1e-15)
    x = Tensor(1000 + np.array([0.1, 0.2]))
    assert al.softmax(x).data[1] == pytest.approx(1 / (1 + math.exp(-0.1)), rel=1e-12)


# Formulas worked out by hand --------------------------------------------------------------------

_rng = np.random.default_rng(3)
X, T = _rng.standard_normal((5, 4)), _rng.standard_normal((5, 2))
W1, B1 = _rng.standard_normal((4, 3)), _rng.standard_normal(3)
W2, B2 = _rng.standard_normal((3, 2)), _rng.standard_normal((1, 2))


@pytest.mark.parametrize(
    ("activation", "value", "slope"),
    [
        (al.sigmoid, lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
        (al.tanh, np.tanh, lambda a: 1 - a**2),
        (al.relu, lambda z: z * (z > 0), lambda a: a > 0),
    ],
)
def test_the_gradient_of_a_network(activation, value, slope) -> None:
    leaves = [Tensor(p) for p in (W1, B1, W2, B2)]
    w1, b1, w2, b2 = leaves
    hidden = activation(X @ w1 + b1)
    loss = al.mse(activation(hidden @ w2 + b2), T)

    a1 = value(X @ W1 + B1)
    a2 = value(a1 @ W2 + B2)
    d2 = 2 * (a2 - T) / T.size * slope(a2)
    d1 = d2 @ W2.T * slope(a1)
    close(loss.item(), np.sum((a2 - T) ** 2) / 10, 1e-14)
    wanted = [X.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0, keepdims=True)]
    for got, formula in zip(grad(loss, leaves), wanted):
        close(got, formula, 1e-14)


def test_the_gradient_of_a_classifier() -> None:
    w, b = Tensor(W1), Tensor(B1)
    t = np.array([0, 2, 1, 1, 0])
    e = np.exp(X @ W1 + B1)
    p = e / e.sum(axis=1, keepdims=True)
    d = (p - np.eye(3)[t]) / 5
    for target in (t, np.eye(3)[t]):
        loss = al.cross_entropy(X @ w + b, target)
        close(loss.item(), -np.mean(np.log(p[np.arange(5), t])), 1e-14)
        gw, gb = grad(loss, [w, b])
        close(gw, X.T @ d, 1e-14)
        close(gb, d.sum(0), 1e-14)


SYMBOLIC = {
    "a quotient of sums": lambda np, A, b: sum(A) / (1 + b[0] ** 2 + b[1] ** 2),
    "exponentials": lambda np, A, b: np.exp(A[0] * b[0]) * np.sin(A[1] + b[1]) + np.cos(A[2]),
    "a logarithm": lambda np, A, b: np.log(1 + np.exp(A[0] + A[3] * b[0])) * np.tanh(b[1] * A[1]),
    "powers": lambda np, A, b: (1 + A[0] ** 2) ** b[0] + np.sqrt(2 + A[1] ** 2 * b[1] ** 2),
    "a product": lambda np, A, b: A[0] * A[1] * A[2] * A[3] * b[0] ** 2 * b[1] ** 3,
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_against_symbolic_derivatives(name: str) -> None:
    """First and second derivatives, from SymPy."""
    sympy = pytest.importorskip("sympy")
    symbols = sympy.symbols("a:4 b:2")
    formula = SYMBOLIC[name](sympy, symbols[:4], symbols[4:])
    values = [0.3, -0.7, 1.1, 0.4, 0.8, -0.6]

    def at(expression: object) -> float:
        return float(sympy.lambdify(symbols, expression, "math")(*values))

    x = Tensor(values)
    y = SYMBOLIC[name](np, x[:4], x[4:])
    assert y.item() == pytest.approx(at(formula), rel=1e-14)
    (first,) = grad(y, [x], create_graph=True)
    for i, a in enumerate(symbols):
        assert first.data[i] == pytest.approx(at(formula.diff(a)), rel=1e-12, abs=1e-14)
        second = grad(first[i], x)
        for j, b in enumerate(symbols):
            assert second[j] == pytest.approx(at(formula.diff(a, b)), rel=1e-12, abs=1e-14)


def test_matrices_against_symbolic_derivatives() -> None:
    """Σ tanh(A B)², with A and B of scalar symbols."""
    sympy = pytest.importorskip("sympy")
    a, b = sympy.symbols("a:4"), sympy.symbols("b:4")
    formula = sum(sympy.tanh(v) ** 2 for v in sympy.Matrix(2, 2, a) * sympy.Matrix(2, 2, b))
    values = [0.3, -0.7, 1.1, 0.4, 0.8, -0.6, 0.2, 0.9]
    A, B = Tensor(np.reshape(values[:4], (2, 2))), Tensor(np.reshape(values[4:], (2, 2)))
    got = grad(al.square(al.tanh(A @ B)).sum(), [A, B])
    wanted = [sympy.lambdify(a + b, formula.diff(v), "math")(*values) for v in a + b]
    np.testing.assert_allclose(np.ravel(got), wanted, rtol=1e-12)
