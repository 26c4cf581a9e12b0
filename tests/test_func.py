from collections import namedtuple
from functools import partial
from typing import Any

import numpy as np
import pytest
from told import tells

import autograd_lite as al
from autograd_lite import Tensor, func

RNG = np.random.default_rng(0)
A = RNG.standard_normal((3, 3))
X, V = RNG.standard_normal(3), RNG.standard_normal(3)
TIGHT = {"rtol": 1e-13, "atol": 1e-13}


def quartic(x):
    """Σ x⁴ + (xᵀAx)², with gradient 4x³ + 2 xᵀAx (A + Aᵀ)x."""
    return (x**4).sum() + (x @ A @ x) ** 2


def quartic_gradient(x):
    return 4 * x**3 + 2 * (x @ A @ x) * (A + A.T) @ x


def quartic_hessian(x):
    slope = (A + A.T) @ x
    return np.diag(12 * x**2) + 2 * np.outer(slope, slope) + 2 * (x @ A @ x) * (A + A.T)


def rotation(x):
    """A function of two numbers with two results, whose Jacobian is known."""
    return al.stack([x[0] * al.cos(x[1]), x[0] * al.sin(x[1])])


def test_grad_and_value():
    value, gradient = func.value_and_grad(quartic)(X)
    assert value == pytest.approx(quartic(X), rel=1e-14)
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, quartic_gradient(X), **TIGHT)
    np.testing.assert_array_equal(func.grad(quartic)(X), gradient)


def test_hessian_and_its_products():
    np.testing.assert_allclose(func.hessian(quartic)(X), quartic_hessian(X), **TIGHT)
    (product,) = func.hvp(quartic, [X], [V])
    np.testing.assert_allclose(product, quartic_hessian(X) @ V, **TIGHT)


def test_jacobian_and_its_products():
    r, angle = point = np.array([2.0, 0.5])
    J = np.array([[np.cos(angle), -r * np.sin(angle)], [np.sin(angle), r * np.cos(angle)]])
    np.testing.assert_allclose(func.jacobian(rotation)(point), J, **TIGHT)
    y, dy = func.jvp(rotation, [point], [V[:2]])
    np.testing.assert_allclose(y, [r * np.cos(angle), r * np.sin(angle)], **TIGHT)
    np.testing.assert_allclose(dy, J @ V[:2], **TIGHT)
    y, pullback = func.vjp(rotation, point)
    np.testing.assert_allclose(pullback(V[:2])[0], V[:2] @ J, **TIGHT)
    np.testing.assert_allclose(pullback(2 * V[:2])[0], 2 * V[:2] @ J, **TIGHT)


def test_jacobians_have_the_shape_of_the_result_and_the_argument():
    x = RNG.standard_normal((2, 3))
    J = func.jacobian(lambda x: x.T * 2)(x)
    assert J.shape == (3, 2, 2, 3)
    for i, j in np.ndindex(2, 3):
        expected = np.zeros((3, 2))
        expected[j, i] = 2
        np.testing.assert_array_equal(J[:, :, i, j], expected)
    assert func.jacobian(lambda x: x[:0] * 2)(X).shape == (0, 3)


def test_derivatives_against_differences():
    def f(x, W):
        return al.logsumexp(al.tanh(x @ W), axis=None)

    W, step = RNG.standard_normal((3, 2)), 1e-6
    _, slope = func.jvp(f, [X, W], [V, 2 * W])
    numeric = f(X + step * V, W * (1 + 2 * step)) - f(X - step * V, W * (1 - 2 * step))
    assert slope == pytest.approx(numeric / (2 * step), rel=1e-8)


def test_grad_nests():
    third = func.grad(func.grad(func.grad(lambda x: x**5)))
    assert third(2.0) == pytest.approx(60 * 2.0**2, rel=1e-14)


def test_an_inner_derivative_is_not_confused_with_the_outer_variable():
    # d/dx (x · d/dy (x + y)) = 1, and d/dx (x · d/dy (x y)) = 2x
    assert func.grad(lambda x: x * func.grad(lambda y: x + y)(x))(1.0) == 1
    assert func.grad(lambda x: x * func.grad(lambda y: x * y)(5.0))(3.0) == 6
    assert func.grad(lambda x: func.jvp(lambda y: x * y**2, [2.0], [1.0])[1])(3.0) == 4
    J = func.jacobian(lambda x: func.jacobian(lambda y: x * y)(x))(X)  # diag(x), again in x
    np.testing.assert_array_equal(J, [np.diag(row) for row in np.eye(3)])


def test_a_captured_tensor_keeps_its_gradient():
    W = Tensor([1.0, 2.0, 3.0], name="W")
    slope = func.grad(lambda x: (W * x**2).sum())(X)
    assert isinstance(slope, Tensor)
    np.testing.assert_allclose(al.grad((slope * slope).sum(), W), 8 * W.data * X**2, **TIGHT)


def test_a_tensor_that_the_function_makes_is_a_constant():
    assert type(func.grad(lambda x: (Tensor(V) * x).sum())(X)) is np.ndarray


Point = namedtuple("Point", "x y")


def test_arguments_nest_and_gradients_have_their_structure():
    def f(p, q, scale=1.0):
        return scale * ((p["w"] * q[0]).sum() + p["b"][1] ** 2 + (q[1].x * q[1].y).sum())

    p = {"w": X, "b": [np.ones(()), np.full((), 3.0)]}
    q = (V, Point(X, V))
    gp, gq = func.grad(f, argnums=(0, 1))(p, q, scale=2.0)
    assert (type(gp), type(gp["b"]), type(gq), type(gq[1])) == (dict, list, tuple, Point)
    np.testing.assert_allclose(gp["w"], 2 * V)
    assert (gp["b"][0], gp["b"][1]) == (0, 12)
    np.testing.assert_allclose(gq[0], 2 * X)
    np.testing.assert_allclose(gq[1].x, 2 * V)
    (only,) = func.grad(f, argnums=[1])(p, q)
    np.testing.assert_allclose(only[0], X)


def test_dtypes_are_those_of_the_arguments():
    x = X.astype(np.float32)
    assert func.grad(quartic)(x).dtype == np.float32
    assert func.hessian(lambda x: (x**3).sum())(x).dtype == np.float32


def test_a_function_that_ignores_its_argument():
    np.testing.assert_array_equal(func.grad(lambda x: 5.0)(X), np.zeros(3))
    np.testing.assert_array_equal(func.hessian(lambda x: x.sum())(X), np.zeros((3, 3)))


def test_bad_input():
    with pytest.raises(ValueError, match=r"\(3,\).*one element"):
        func.grad(lambda x: x * 2)(X)
    with pytest.raises(TypeError, match="floating numbers are needed"):
        func.grad(quartic)(np.arange(3))
    with pytest.raises(ValueError, match=r"tangent has shape \(2,\)"):
        func.jvp(quartic, [X], [V[:2]])
    with pytest.raises(ValueError, match=r"cotangent has shape \(2,\)"):
        func.vjp(lambda x: x, X)[1](V[:2])


def test_arguments_and_results_share_no_memory():
    y, pullback = func.vjp(lambda x: x, X)
    g = V.copy()
    (gx,) = pullback(g)
    for result in (y, gx):
        result += 1
    np.testing.assert_array_equal(g, V)
    np.testing.assert_array_equal(pullback(V)[0], V)


def test_derivatives_inside_no_grad_are_right_and_constants():
    W = Tensor(3.0)
    with al.no_grad():
        assert func.grad(lambda x: x * x)(2.0) == 4
        assert func.grad(func.grad(lambda x: x**3))(2.0) == 12
        assert func.jvp(lambda x: x * x, [2.0], [1.0])[1] == 4
        assert func.hvp(lambda x: x**3, [2.0], [1.0])[0] == 12
        slope = func.grad(lambda x: W * x * x)(2.0)
    assert slope.item() == 12
    assert slope.constant


def test_a_tensor_as_cotangent_or_tangent_keeps_its_derivative():
    assert func.grad(lambda v: func.jvp(lambda x: x * x, [2.0], [v])[1])(1.0) == 4
    assert func.grad(lambda g: func.vjp(lambda x: x * x, 2.0)[1](g)[0])(1.0) == 4
    assert func.grad(lambda v: func.hvp(lambda x: x**3, [2.0], [v])[0])(1.0) == 12


def test_arguments_are_counted_from_either_end():
    def f(x, y):
        return x * x * y

    assert func.grad(f, -1)(2.0, 3.0) == 4
    assert func.grad(f, np.int64(0))(2.0, 3.0) == 12
    both = func.grad(f, iter([0, -1]))
    assert both(2.0, 3.0) == both(2.0, 3.0) == (12, 4)
    with pytest.raises(IndexError, match="2 arguments by position"):
        func.grad(f, 2)(2.0, 3.0)
    with pytest.raises(IndexError, match="0 arguments by position"):
        func.grad(f)(x=2.0, y=3.0)


@pytest.mark.parametrize("result", [None, "3", {"a": 1.0}, (1.0, 2.0)])
def test_a_function_returns_one_array(result):
    with pytest.raises(TypeError, match="one array or number is needed"):
        func.grad(lambda x: result)(1.0)


def test_tangents_are_structured_as_the_primals():
    def f(p):
        return p["a"] ** 2 - 2 * p["b"] * p["a"]

    p, v = {"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 0.0}
    assert func.jvp(f, [p], [v])[1] == -2
    assert func.hvp(f, [p], [v])[0] == {"a": -2, "b": 0}
    for derivative in (func.jvp, func.hvp):
        with pytest.raises(ValueError, match="the same structure is needed"):
            derivative(f, [p], [{"a": 1.0}])
        with pytest.raises(ValueError, match="the same structure is needed"):
            derivative(f, [p], [])
        with pytest.raises(ValueError, match=r"tangent has shape \(3, 2\)"):
            derivative(lambda x: (x**3).sum(), [np.ones(2)], [np.ones((3, 2))])


def test_functions_of_nothing():
    assert func.jvp(lambda: 3.0, [], []) == (3, 0)
    assert func.jacobian(lambda x: x[:0])(X.astype("f4")).dtype == np.float32


def test_derivatives_of_a_function_of_a_number():
    def f(x):
        return 3 * x**4

    for x in (2.0, np.float32(2), np.array(2.0), Tensor(2.0)):
        assert func.jacobian(f)(x).shape == func.hessian(f)(x).shape == ()
        assert float(func.jacobian(f)(x)) == 12 * 2**3
        assert float(func.hessian(f)(x)) == 36 * 2**2
        assert float(func.jacobian(func.hessian(f))(x)) == 72 * 2
    assert func.hessian(f)(np.float32(2)).dtype == np.float32
    assert func.grad(lambda x: func.hessian(lambda y: x * y**3)(2.0))(5.0) == 12
    assert func.jacobian(lambda x: al.stack([x, x * x]))(3.0).tolist() == [1, 6]
    assert func.jacobian(lambda x: (x * x).sum())(X).tolist() == (2 * X).tolist()


@pytest.mark.parametrize(("left", "right"), [("f4", "f8"), ("f8", "f4"), ("f2", "f4")])
@pytest.mark.parametrize("shapes", [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((), (3,))])
def test_factors_of_two_dtypes(left, right, shapes):
    a, b = RNG.standard_normal(shapes[0]).astype(left), RNG.standard_normal(shapes[1]).astype(right)

    def f(a, b):
        return np.dot(a, b).sum()

    value, (ga, gb) = func.value_and_grad(f, (0, 1))(a, b)
    assert (value.dtype, ga.dtype, gb.dtype) == (np.result_type(a, b), a.dtype, b.dtype)
    np.testing.assert_allclose(value, np.dot(a.astype(float), b.astype(float)).sum(), rtol=1e-2)
    outer = np.broadcast_to(b.astype(float), np.broadcast_shapes(*shapes))
    np.testing.assert_allclose(ga, outer.sum() if a.ndim == 0 else outer, rtol=1e-2)
    _, slope = func.jvp(f, [a, b], [a, b])
    np.testing.assert_allclose(slope, 2 * value, rtol=1e-2)


class Cube:
    """A function that has no name."""

    def __call__(self, x, scale=1.0):
        return scale * (x**3).sum()


@pytest.mark.parametrize(
    "f", [Cube(), partial(Cube(), scale=1.0), partial(lambda n, x: (x**n).sum(), 3)]
)
def test_functions_without_a_name(f):
    assert not hasattr(f, "__name__")
    cubic, slope, curve = (X**3).sum(), 3 * X**2, np.diag(6 * X)
    np.testing.assert_allclose(func.grad(f)(X), slope, **TIGHT)
    np.testing.assert_allclose(func.value_and_grad(f)(X)[0], cubic, **TIGHT)
    np.testing.assert_allclose(func.jacobian(f)(X), slope, **TIGHT)
    np.testing.assert_allclose(func.hessian(f)(X), curve, **TIGHT)
    np.testing.assert_allclose(func.vjp(f, X)[1](2.0)[0], 2 * slope, **TIGHT)
    np.testing.assert_allclose(func.jvp(f, [X], [V])[1], slope @ V, **TIGHT)
    np.testing.assert_allclose(func.hvp(f, [X], [V])[0], curve @ V, **TIGHT)
    W = Tensor(X)
    at = func.at([W], partial(lambda n, x: n * (W * x).sum(), 2.0))
    np.testing.assert_allclose(func.grad(at)([X], V)[0], 2 * V, **TIGHT)
    np.testing.assert_allclose(al.compile(func.grad(f))(X), slope, **TIGHT)


def test_derivatives_that_are_constant():
    """Of a sum, of a product in its other factor, of what does not look at its argument."""
    d = func.grad
    assert d(d(lambda x: 3 * x))(2.0) == 0
    assert d(d(d(lambda x: x * x)))(2.0) == 0
    assert d(d(lambda x: 3.0))(2.0) == 0
    assert d(lambda x: d(lambda y: x)(2.0))(3.0) == 0
    assert d(lambda x: d(lambda y: x * y)(2.0))(3.0) == 1
    assert d(lambda x: d(lambda y: y * y)(2.0) * x)(3.0) == 4
    assert d(lambda x: d(lambda y: (y > 0) * 1.0)(x))(3.0) == 0
    assert func.hessian(lambda x: 3.0)(2.0) == 0
    assert func.jvp(d(lambda x: 3 * x), [2.0], [1.0]) == (3, 0)
    assert func.hvp(lambda x: 3 * x, [2.0], [1.0]) == (0,)
    assert func.vjp(d(lambda x: 3 * x), 2.0)[1](1.0) == (0,)
    np.testing.assert_array_equal(
        func.jacobian(lambda x: func.grad(np.sum)(x))(X), np.zeros((3, 3))
    )


def test_a_result_without_a_derivative() -> None:
    """A mask, a number of them, and what no_grad computed: a value, and a gradient of 0."""
    x = np.array([1.0, -2.0, 3.0])

    def unrecorded(x: Any) -> Any:
        with al.no_grad():
            return (x * x).sum()

    for f, wanted in ((lambda x: (x > 0).sum(), 2), (unrecorded, 14), (lambda x: 5.0, 5)):
        value, gradient = func.value_and_grad(f)(x)
        assert value == wanted
        assert gradient.tolist() == [0, 0, 0]
        value, gradient = al.compile(func.value_and_grad(f))(-x)
        assert value == f(-x) if not isinstance(f(-x), Tensor) else f(-x).item()
        assert gradient.tolist() == [0, 0, 0]


@pytest.mark.parametrize("result", ["text", np.array(["a"]), None, [1.0], np.array(1j)])
def test_a_result_that_is_no_number_is_an_error(result: Any) -> None:
    with pytest.raises(TypeError, match="one array or number is needed"):
        func.grad(lambda x: result)(1.0)


def test_what_is_no_function_and_no_list_of_arguments() -> None:
    loss = Tensor(2.0, name="loss") * 1
    for call in (func.grad(loss), func.jacobian(3), lambda x: func.vjp(loss, x)):
        tells(
            lambda: call(1.0), TypeError, "differentiated is ", "a function", "autograd_lite.grad"
        )
    tells(lambda: func.at([Tensor(1.0)], 3), TypeError, "is 3", "a function", "the function itself")
    tells(lambda: func.at(abs, abs), TypeError, "at's leaves is the function abs", "a Tensor", "W,")
    tells(lambda: al.compile(loss), TypeError, "compiled is a Tensor", "a function", "not what it")
    for take in (func.jvp, func.hvp):
        for wrong in (np.ones(2), 3.0):
            tells(lambda: take(np.sum, wrong, [1.0]), TypeError, "primals is", "a list", "pass [x]")
            tells(
                lambda: take(np.sum, [1.0], wrong), TypeError, "tangents is", "a list", "pass [x]"
            )
