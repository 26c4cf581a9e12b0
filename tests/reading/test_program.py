"""al.source: the text, executed, is the engine; and it is what a person would have written."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from rows import ROWS, real
from test_random_expressions import expression, graphs, recorded

import autograd_lite as al
import nn
from autograd_lite import Source, Tensor, grad, source
from autograd_lite.reading import program as writing
from autograd_lite.terms import lowering, python
from autograd_lite.terms import term as terms

Array = np.ndarray

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def importing(name: str, *rest: Any) -> Any:
    assert name == "numpy"
    return np


def executed(s: Source) -> Callable[..., Any]:
    """The function of the text, where nothing but numpy can be had, not even Python's builtins."""
    namespace: dict[str, Any] = {"__builtins__": {"__import__": importing}}
    exec(str(s), namespace)
    return namespace["loss_and_gradients"]


def agree(got: Any, wanted: list[Any], tolerance: float) -> None:
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted):
        assert np.shape(a) == np.shape(b)
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 100)


def reproduces(f: Callable[..., Any], *xs: Array, tolerance: float | None = None) -> Source:
    """The law: `f` is recorded at `xs`; its source must give what the engine gives, there and at
    other arrays. `f`, of Tensors, returns a loss. The Tensors are named x0, x1, ..."""
    xs = tuple(map(np.asarray, xs))
    tolerance = tolerance or max(TOLERANCE[x.dtype.name] for x in xs)
    names = [f"x{i}" for i in range(len(xs))]
    leaves = [Tensor(x, name) for x, name in zip(xs, names)]
    s = source(f(*leaves), leaves)
    alone = source(f(*leaves), [])  # with fewer names, and so with more brackets
    function = executed(s)
    parameters = inspect.signature(function).parameters
    assert set(parameters) <= {*names, *s.constants}
    for arrays in (xs, [(1.01 * x).astype(x.dtype) for x in xs]):
        given = {name: x for name, x in zip(names, arrays) if name in parameters}
        for value in s.constants.values():
            if isinstance(value, np.random.Generator):  # as all rows with chance have it
                value.bit_generator.state = np.random.default_rng(5).bit_generator.state
        got = function(**given, **s.constants)
        again = [Tensor(x) for x in arrays]
        loss = f(*again)
        agree(got, [loss.data, *grad(loss, again)], tolerance)
        if not any(isinstance(value, np.random.Generator) for value in s.constants.values()):
            given = {name: x for name, x in given.items() if name in parameters_of(alone)}
            got = alone.function(**given)
            agree(got if isinstance(got, tuple) else (got,), [loss.data], tolerance)
    return s


def parameters_of(s: Source) -> list[str]:
    """The names of the arrays that the function takes, but for the constants."""
    return [name for name in inspect.signature(executed(s)).parameters if name not in s.constants]


def lines(s: Source) -> list[str]:
    """The lines of the function between its docstring and its return, without comments."""
    body = str(s).split('"""\n')[1].splitlines()[:-1]
    return [line.strip().split("  #")[0] for line in body]


# The law ----------------------------------------------------------------------------------------


def loss_of(name: str, dtype: Any) -> Callable[..., Any]:
    """A row's call, each element of its result weighted."""

    def f(*xs: Any) -> Any:
        y = ROWS[name].call(*xs)
        g = np.asarray(np.random.default_rng(1).standard_normal(y.shape), dtype)
        return (y * g).sum() if y.dtype.kind == "f" else (y * xs[0].sum() * g).sum()

    return f


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ROWS)
def test_the_source_of_every_op_gives_what_the_engine_gives(name: str, dtype: str) -> None:
    reproduces(loss_of(name, dtype), *(x.astype(dtype) for x in ROWS[name].inputs))


def test_float32_is_kept_where_it_is_the_dtype_of_the_parameters() -> None:
    x = np.float32([[1, 2], [3, 4]])
    s = reproduces(lambda x: al.mse(al.sigmoid(x @ x), x) + (x * (x > 1)).mean(), x)
    assert {a.dtype.name for a in s.function(x)} == {"float32"}


def test_dtypes_may_be_mixed() -> None:
    x, y = real(3).astype("f4"), real(3)
    reproduces(lambda x, y: (x * y).sum(), x, y)
    reproduces(lambda x, y: (x.sum() * y).sum() + (2 * x).sum(), x, y)
    reproduces(lambda x: (al.astype(x, dtype=np.float32) ** 2).sum(), y, tolerance=1e-6)
    reproduces(lambda x: (al.astype(5 * x, dtype=int) * x).sum(), y)


def test_a_numpy_number_that_decides_the_dtype_is_kept() -> None:
    x = real(3).astype("f4")
    for number in (np.float64(1), np.float64(2), np.float64(0.1)):
        s = reproduces(lambda x, n=number: (n * x).sum(), x)
        assert s.function(x)[0].dtype == np.float64


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(graphs)
def test_the_source_of_a_random_expression(graph: Any) -> None:
    _, program, _ = graph
    _, xs, _, y, rng = recorded(graph)
    g = np.asarray(rng.standard_normal(y.shape))
    reproduces(lambda *leaves: (expression(program)(*leaves) * g).sum(), *xs)


def test_second_derivatives_have_a_source() -> None:
    def penalty(x: Any) -> Any:
        (slope,) = grad(al.tanh(x).sum(), [x], create_graph=True)
        return (slope * slope).sum() + x.sum()

    reproduces(penalty, real(2, 3))


A, B, V = real(3, 3), real(3, 3), real(3)

OPERATORS: dict[str, Callable[..., Any]] = {
    "a - (b - c)": lambda a, b: a - (b - 3 * a),
    "a - (b + c)": lambda a, b: a - (b + 3 * a),
    "(a - b) * c": lambda a, b: (a - b) * a,
    "a / (b * c)": lambda a, b: a / (b * (a * b)),
    "a / (b / c)": lambda a, b: a / (b / a),
    "a * (b / c)": lambda a, b: a * (b / a),
    "(-a)**2": lambda a, b: (-a) ** 2,
    "-(a**2)": lambda a, b: -(a**2),
    "a**-1": lambda a, b: a**-1 + a**-2.0,
    "2**-a": lambda a, b: 2**-a,
    "(a**2)**3": lambda a, b: (a**2) ** 3,
    "2**(a**2)": lambda a, b: 2 ** (a**2),
    "a @ (b @ c)": lambda a, b: a @ (b @ a),
    "a @ (b * c)": lambda a, b: a @ (b * a),
    "(a * b) @ c": lambda a, b: (a * b) @ a,
    "a * (b @ c)": lambda a, b: a * (b @ a),
    "a @ -b": lambda a, b: a @ -b,
    "-a @ b": lambda a, b: (-a) @ b,
    "(a + b).T": lambda a, b: (a + b).T * a,
    "(-a)[0]": lambda a, b: (-a)[0] + (a @ b)[1],
    "a * -2.5 - -3": lambda a, b: a * -2.5 - -3 + -b,
    "a * 1/3": lambda a, b: a / 3 / 4 + a * (1 / 3),
    "(a > b) * a": lambda a, b: (a > b) * a + (a - b > a * b) * b,
    "(a > b) == (b > 0)": lambda a, b: a * ((a > b) == (b > 0)),
    "a > (b > 0)": lambda a, b: a * (a > (b > 0)),
    "(a > b) & ~(b > 0)": lambda a, b: a * ((a > b) & ~(b > 0)) + a * ((a > 0) | (b > 1)),
    "masks that add up": lambda a, b: a * ((a > b).sum() + (b > 0).sum(axis=0)),
    "a mask twice": lambda a, b: a * ((a > 0) + (a > 0)),
    "a - True": lambda a, b: (a - True) * True + b,
    "infinities": lambda a, b: al.maximum(a, -np.inf) + al.minimum(b, np.inf),
    "NaN where it is not taken": lambda a, b: al.where(a * a >= 0, b, np.nan),
    "zeros": lambda a, b: (a * 0.0) + (b - 0.0) + (a + 0),
    "large and small": lambda a, b: a * 1e30 * 1e-30 + (b + 1e6) * 1e-7,
    "whole numbers in arrays": lambda a, b: a * np.arange(3) - a / np.arange(1, 4) + b,
    "whole powers": lambda a, b: a ** np.arange(3) + a ** np.int64(2) + np.float32(2) * b,
    "0-d arrays": lambda a, b: a * np.array(0.3) + np.array(2) * b,
    "slices": lambda a, b: a[::-1, 1:] * a[:2].sum() + b[-1:, ..., ::2] - a[0, 0],
    "new axes": lambda a, b: a[None, :, None] * b[:, None, None],
    "masks as keys": lambda a, b: a[a > 0].sum() * b[np.array([True, False, True])],
    "arrays as keys": lambda a, b: a[np.array([0, 0, -1]), [1, 1, 2]] + b[:, [2, 2, 2]][[0]],
    "a key that is computed": lambda a, b: a[np.arange(3), b.argmax(axis=1)],
    "empty": lambda a, b: a[:0].sum() + a[np.array([], int)].sum() + b,
    "tuples of axes": lambda a, b: a.sum(axis=(0, 1)) ** 2 + b.mean(axis=(0, 1), keepdims=True),
    "clip with arrays": lambda a, b: al.clip(a, np.array([-0.5, 0, 0.1]), 1.0) + al.clip(b, -1, 0),
    "joined": lambda a, b: al.concatenate([a, b, V, a[0, 0]], axis=None) ** 2,
    "stacked": lambda a, b: al.stack([a, b, a], axis=1) ** 2,
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_brackets_numbers_and_keys(name: str) -> None:
    def f(a: Any, b: Any) -> Any:
        y = OPERATORS[name](a, b)
        return (y * (np.arange(y.size).reshape(y.shape) + 1.5)).sum()

    reproduces(f, A, B)
    reproduces(f, A.astype("f4"), B.astype("f4"), tolerance=1e-4)


def test_the_sign_of_zero_is_kept() -> None:
    x = np.abs(V)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = source(al.maximum(1 / (Tensor(x, "x") * -0.0), -5.0).sum())
        assert s.function(x)[0] == -15


def test_a_division_by_a_whole_zero() -> None:
    x = Tensor(np.ones(3), "x")
    with np.errstate(divide="ignore"):
        loss, slope = source((x * x).sum() / 0).function(np.ones(3))
    assert loss == np.inf
    assert slope.tolist() == [np.inf] * 3


def test_other_precisions() -> None:
    for dtype, tolerance in ((np.float16, 1e-2), (np.longdouble, 1e-12)):
        x = np.array([0.5, 1.5], dtype)
        s = source((Tensor(x, "x") * 2.5).mean())
        loss, slope = s.function(x)
        assert loss.dtype == slope.dtype == dtype
        np.testing.assert_allclose(slope, 1.25, rtol=tolerance)


def test_losses_of_one_element_keep_their_shape() -> None:
    reproduces(lambda x: x.sum(keepdims=True), A)
    reproduces(lambda x: x[:1] @ x[:, :1], A)
    reproduces(lambda x: x.mean().reshape(1), A)
    reproduces(lambda x: x, np.array(0.7))
    reproduces(lambda x: x * 1, np.array([[0.7]]))
    reproduces(lambda x, y: x * x * y, np.array(0.7), np.array(-0.2))


# A function of its parameters -------------------------------------------------------------------


def test_new_data_of_another_batch_size_pass_where_the_formula_does_not_name_the_size() -> None:
    W = Tensor(A, "W")
    x = real(4, 3)
    s = source(((x @ W) ** 2).sum(), names={"x": x})
    other = real(2, 3)
    loss, slope = s.function(other, A)
    assert loss == pytest.approx(((other @ A) ** 2).sum(), rel=1e-14)
    np.testing.assert_allclose(slope, 2 * other.T @ other @ A, rtol=1e-13)


def test_class_numbers_are_checked_again() -> None:
    logits, y = real(2, 3), np.array([0, 2])
    s = source(al.cross_entropy(Tensor(logits, "logits"), y), names={"y": y})
    for good in ([1, 1], [2, 0]):
        wanted = -np.log([np.exp(r[k]) / np.exp(r).sum() for r, k in zip(logits, good)]).mean()
        assert s.function(logits, np.array(good))[0] == pytest.approx(wanted, rel=1e-13)
    for bad in ([0, 3], [-1, 0]):
        with pytest.raises(AssertionError):
            s.function(logits, np.array(bad))


def test_new_masks_of_another_count_are_refused() -> None:
    x, m = Tensor(real(4), "x"), np.array([True, False, True, True])
    for loss in ((x[m] ** 2).mean(), al.mse(x[m], np.ones(3)), x[m].mean() * x.sum()):
        s = source(loss, names={"m": m})
        agree(s.function(x=x.data, m=m), [loss.data, grad(loss, x)], 1e-14)
        fewer = m & np.array([True, False, False, True])
        with pytest.raises(AssertionError):
            s.function(x=x.data, m=fewer)
    text = lines(source(x[x > 0].sum(), []))
    assert text[1].startswith("assert u1.shape == (")


def test_a_mask_of_which_only_the_count_is_used_is_checked_too() -> None:
    @al.primitive(lambda g, y, x: g / x[x > 0].size * np.ones(3))
    def share(x: Any) -> Any:
        return x.sum() / x[x > 0].size

    s = source(share(Tensor(np.array([1.0, -1.0, 2.0]), "x")))
    assert s.function(x=np.array([4.0, 1.0, -1.0]))[0] == 2
    with pytest.raises(AssertionError):
        s.function(x=np.array([4.0, 1.0, 1.0]))


def test_a_whole_float_that_decides_the_dtype_is_no_int() -> None:
    x, c = Tensor(V, "x"), np.array([0.5, 0.0, 2.0])
    loss = al.where(c, x, 0).sum()
    agree(source(loss, names={"c": c}).function(x=V, c=c), [loss.data, grad(loss, x)], 0)
    loss = (x * (al.astype(x, dtype=int) * 2.0)).sum()
    s = source(loss)
    agree(s.function(V), [loss.data, grad(loss, x)], 1e-15)
    assert "2.0" in str(s)


def test_the_difference_of_equals_keeps_its_sign() -> None:
    x, y = Tensor(np.ones(2), "x"), Tensor(np.ones(2), "y")
    s = source((-(x - y)).sum(keepdims=True).named("loss"), [])
    assert np.signbit(-(np.ones(2) - np.ones(2))).all()
    assert "-(x - y)" in str(s)


def test_the_formula_is_the_recorded_one_after_an_update() -> None:
    W = Tensor(A, "W")
    loss = (W * W).sum()
    W.data -= 1
    for s in (source(loss), source(loss, [W]), source(loss, W)):
        np.testing.assert_allclose(s.function(A)[1], 2 * A, rtol=1e-15)
    c = np.ones(3)
    s = source((Tensor(V, "x") * c).sum())
    c[:] = 7
    assert s.constants["c1"].tolist() == [1, 1, 1]


def test_a_leaf_with_two_values_has_no_formula() -> None:
    W = Tensor(A, "W")
    y = W * 2
    W.data += 1
    with pytest.raises(RuntimeError, match=r"W \(3, 3\) float64 had two values.*;.*needs one; rec"):
        source((W * y).sum())
    c = np.ones(3)
    y = W * c
    c += 1
    with pytest.raises(RuntimeError, match="two values"):
        source((y * c).sum())


def test_what_is_returned_may_be_used_inside_no_grad_and_changes_no_gradient() -> None:
    W = Tensor(A, "W")
    loss = (W * W).sum()
    with al.no_grad():
        s = source(loss)
    assert W.grad is None
    np.testing.assert_array_equal(s.function(A)[1], 2 * A)


# wrt --------------------------------------------------------------------------------------------


def test_gradients_come_in_the_order_of_wrt() -> None:
    a, b, unused = Tensor(A, "a"), Tensor(B, "b"), Tensor(V, "unused")
    loss = (a @ b).sum()
    ones = np.ones((3, 3))
    da, db = ones @ B.T, A.T @ ones
    for wrt, wanted in (
        (None, [da, db]),
        (b, [db]),
        ([b, a], [db, da]),
        ([unused, b, b], [np.zeros(3), db, db]),
        ([], []),
    ):
        got = source(loss, wrt).function(A, B)
        loss_value, *slopes = got if isinstance(got, tuple) else [got]
        assert loss_value == pytest.approx((A @ B).sum(), rel=1e-14)
        agree(slopes, wanted, 1e-14)


def test_wrt_of_intermediate_values_and_of_the_loss() -> None:
    W = Tensor(A, "W")
    h = (W * W).named("h")
    loss = (h * h).sum()
    s = source(loss, [h, W, loss])
    agree(s.function(A), [np.sum(A**4), 2 * A * A, 4 * A**3, np.float64(1)], 1e-13)
    assert lines(s)[0] == "h = W * W"
    zero = Tensor(0.0, "zero")
    h = zero * 3
    agree(source(h * 5, [h, zero]).function(0.0)[1:], [np.float64(5), np.float64(15)], 0)


def test_constants_get_a_gradient_only_when_asked() -> None:
    with al.no_grad():
        c = Tensor(A, "c") * 2
    W = Tensor(B, "W")
    s = source((W * c).sum())
    assert list(s.constants) == ["c1"]
    agree(s.function(B)[1:], [2 * A], 0)


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("W", "W"),
        ("σ", "σ"),
        ("_private", "_private"),
        ("match", "match"),
        ("self", "self"),
        ("print", "print"),
        ("layer.W", "layer_W"),
        ("the weights", "the_weights"),
        ("W[0]", "W_0"),
        ('P["W1"]', "P_W1"),
        ("layers[0].W", "layers_0_W"),
        ("W[0", "W_0"),
        ("1st", "_1st"),
    ],
)
def test_a_name_becomes_the_parameter(name: str, wanted: str) -> None:
    s = source((Tensor(A, name) ** 2).sum())
    assert parameters_of(s) == [wanted]
    assert str(s).splitlines()[-1] == f"    return loss, d_{wanted.lstrip('_')}" or wanted[0] == "_"
    agree(s.function(**{wanted: A}), [np.sum(A**2), 2 * A], 1e-14)


@pytest.mark.parametrize(
    "name", ["np", "lambda", "None", "loss_and_gradients", "", "∂", "x²", "__debug__", "ﬁ", "½"]
)
def test_a_name_that_python_cannot_have_is_changed(name: str) -> None:
    s = source((Tensor(A, name) ** 2).sum())
    (parameter,) = parameters_of(s)
    assert parameter.isidentifier()
    agree(s.function(**{parameter: A}), [np.sum(A**2), 2 * A], 1e-14)


@pytest.mark.parametrize(
    "names",
    [
        ("W", "W", "W_2", "W_2_2"),
        ("a.b", "a_b", "a b", "a_b_2"),
        ("loss", "d_loss", "d_W", "W"),
        ("W", "d_W", "d_d_W", "d_W_2"),
        ("z1", "a1", "h1", "u1"),
        ("c1", "p1", "rng1", "d_h1"),
        ("µ", "μ", "u", "m"),
        ("np", "np_2", "z2", "a2"),
    ],
)
def test_names_never_clash(names: tuple[str, ...]) -> None:
    xs = [real(3, 3) for _ in names]

    def f(*leaves: Any) -> Any:
        a, b, c, d = leaves
        h = al.sigmoid(a * b @ c + 1)
        return (h * h * a * al.tanh(h @ d + np.ones(3))).sum() + (d[[0, 0, 1]] ** 2).sum()

    leaves = [Tensor(x, name) for x, name in zip(xs, names)]
    loss = f(*leaves)
    s = source(loss)
    assert len(set(parameters_of(s))) == 4
    agree(s.function(*xs), [loss.data, *grad(loss, leaves)], 1e-12)


def test_a_gradient_is_named_once() -> None:
    for names in (("layer.W", "b"), ("W", "d_W"), ("loss", "d_loss")):
        a, b = (Tensor(A, name) for name in names)
        s = source((al.sin(a) @ b).sum())
        assert not [line for line in lines(s) if line.split(" = ")[1].isidentifier()], str(s)


def test_names_of_locals() -> None:
    x, y = real(4, 3), real(4, 3)
    W, _hidden = Tensor(A), np.ones(3)
    h = x @ W * _hidden
    loss = al.mse(h, y)
    s = source(loss, names=locals())
    assert parameters_of(s) == ["x", "W", "y"]
    assert list(s.constants) == ["c1"]
    assert s.constants["c1"].tolist() == [1, 1, 1]
    assert any(line.startswith("h = ") for line in lines(s))
    agree(s.function(x, A, y), [loss.data, grad(loss, W)], 1e-13)


def test_a_tensors_own_name_goes_first_and_a_list_may_be_named() -> None:
    W, c = Tensor(V, "W"), [1.0, 2.0, 3.0]
    assert parameters_of(source((W * c).sum(), names={"V": W, "c": c})) == ["W", "c"]
    limit = np.zeros(3)
    assert (
        parameters_of(source((W * c).sum(), names={"c": c, "again": c, "other": limit}))[1] == "c"
    )


def test_a_named_array_is_a_parameter_wherever_it_stands() -> None:
    W, key = Tensor(V, "W"), np.array([0, 2])
    assert parameters_of(source(W[key].sum(), names={"key": key})) == ["W", "key"]


def test_constants_are_the_last_parameters_and_bound_in_the_function() -> None:
    W = Tensor(V, "W")
    s = source((np.arange(3.0) * W).sum() + (np.array([2.0, 0, 1]) / W).sum())
    assert list(inspect.signature(executed(s)).parameters) == ["W", "c1", "c2"]
    assert {name: c.tolist() for name, c in s.constants.items()} == {
        "c1": [0, 1, 2],
        "c2": [2, 0, 1],
    }
    agree(s.function(V), executed(s)(V, **s.constants), 0)
    other = s.function(V, c2=np.zeros(3))[0]
    assert other == pytest.approx((np.arange(3) * V).sum(), rel=1e-15)


# Errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: source(3.0), TypeError, "the loss is 3.0; a Tensor is needed"),
        (lambda: source(Tensor(1.0) > 0), TypeError, "floating numbers are needed"),
        (lambda: source(Tensor(A, "h")), ValueError, r"the loss is h \(3, 3\) float64; one number"),
        (lambda: source(Tensor(1.0), [A]), TypeError, r"wrt is an array \(3, 3\) float64; a Tens"),
        (lambda: source(Tensor(1.0), Tensor(1.0) > 0), TypeError, "wrt is .*floating numbers"),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match) as caught:
        call()
    assert len(str(caught.value).split("; ")) == 3


# Chance -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", [np.random.default_rng, np.random.RandomState])
def test_dropout_is_drawn_anew_at_each_call_and_not_by_reading(new: Any) -> None:
    rng, twin = new(3), new(3)
    x = Tensor(np.ones(100), "x")
    loss = al.dropout(x, p=0.5, rng=rng).sum()
    s = source(loss)
    assert list(s.constants) == ["rng1"]
    twin.random(100)  # what the recording drew
    for _ in range(2):
        kept = 2.0 * (twin.random(100) >= 0.5)
        agree(s.function(np.ones(100)), [kept.sum(), kept], 1e-14)


def test_two_draws_are_two() -> None:
    rng = np.random.default_rng(0)
    x = Tensor(np.ones(100), "x")
    s = source((al.dropout(x, p=0.5, rng=rng) * al.dropout(x, p=0.5, rng=rng)).sum())
    rng.bit_generator.state = np.random.default_rng(1).bit_generator.state
    twin = np.random.default_rng(1)
    first, second = twin.random(100) >= 0.5, twin.random(100) >= 0.5
    assert s.function(np.ones(100))[0] == 4 * (first & second).sum()


def test_draws_come_in_the_order_of_the_recording() -> None:
    rng = np.random.default_rng(0)
    a, long_name, W = Tensor(A, "a"), Tensor(B, "long_name"), Tensor(A, "W")
    first, second = al.dropout(a, p=0.5, rng=rng), al.dropout(long_name, p=0.5, rng=rng)
    loss = (W * (second - first)).sum()
    s = source(loss, [W])
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state
    agree(s.function(a=A, long_name=B, W=A), [loss.data, grad(loss, W)], 1e-14)


def test_a_model_with_dropout() -> None:
    rng = np.random.default_rng(5)
    layers = [nn.Linear(3, 8, rng=0), nn.Dropout(0.5, rng=rng), nn.Linear(8, 8, rng=1)]
    model = nn.Sequential(*layers, nn.ReLU, nn.Dropout(0.25, rng=rng), nn.Linear(8, 3, rng=2))
    loss = nn.mse(model(A), B)
    s = source(loss, model.parameters(), names={"x": A, "y": B})
    rng.bit_generator.state = np.random.default_rng(5).bit_generator.state
    values = {p.name: p.data for p in model.parameters()}
    agree(s.function(x=A, y=B, **values), [loss.data, *grad(loss, model.parameters())], 1e-13)


# How it reads -----------------------------------------------------------------------------------


def two_layers() -> Any:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    W1, b1 = Tensor(rng.standard_normal((3, 5))), Tensor(np.zeros(5))
    W2, b2 = Tensor(rng.standard_normal((5, 2))), Tensor(np.zeros(2))
    a1 = al.sigmoid(x @ W1 + b1)
    loss = ((a1 @ W2 + b2 - y) ** 2).sum() / 2
    return x, y, W1, b1, W2, b2, a1, loss


NETWORK = '''\
import numpy as np


@np.errstate(over="ignore")
def loss_and_gradients(x, W1, b1, W2, b2, y):
    """The loss and its gradients, as recorded."""
    z1 = x @ W1 + b1  # (4, 5)
    a1 = 1 / (1 + np.exp(-z1))  # (4, 5)
    h1 = a1 @ W2 + b2 - y  # (4, 2)
    loss = (h1**2).sum() / 2
    d_a1 = h1 @ W2.T  # (4, 5)
    d_z1 = d_a1 * a1 * (1 - a1)  # (4, 5)
    d_W1 = x.T @ d_z1  # (3, 5)
    d_b1 = d_z1.sum(axis=0)  # (5,)
    d_W2 = a1.T @ h1  # (5, 2)
    d_b2 = h1.sum(axis=0)  # (2,)
    return loss, d_W1, d_b1, d_W2, d_b2
'''


def test_a_small_network_word_for_word() -> None:
    x, y, W1, b1, W2, b2, _, loss = two_layers()
    names = {"x": x, "y": y, "W1": W1, "b1": b1, "W2": W2, "b2": b2}
    assert str(source(loss, names=names)) == NETWORK


def test_a_classifier_word_for_word() -> None:
    x, y = real(4, 3), np.array([0, 1, 1, 0])
    model = nn.MLP([3, 5, 2], rng=0)
    text = str(source(nn.cross_entropy(model(x), y), names=locals()))
    body = [line.strip() for line in text.splitlines()]
    for line in (
        "def loss_and_gradients(x, W1, b1, W2, b2, y, c1):",
        "z1 = x @ W1 + b1  # (4, 5)",
        "a1 = np.maximum(z1, 0)  # (4, 5)",
        "h1 = a1 @ W2 + b2  # (4, 2)",
        "assert y.min() >= 0",
        "assert y.max() < 2",
        "d_a1 = d_h1 @ W2.T  # (4, 5)",
        "d_z1 = d_a1 * (z1 > 0)  # (4, 5)",
        "d_W1 = x.T @ d_z1  # (3, 5)",
        "d_b2 = d_h1.sum(axis=0)  # (2,)",
        "return loss, d_W1, d_b1, d_W2, d_b2",
    ):
        assert body.count(line) == 1, line


def test_what_is_changed_in_place_is_copied_unless_it_is_new() -> None:
    @al.primitive(lambda g, y, x: al.scatter(g[1:], key=(slice(1, None),), shape=(3,)))
    def first_is_zero(x: Any) -> Any:
        y = np.concatenate([x, x])[:3]
        y[0] = 0.0
        return y

    text = str(source((first_is_zero(Tensor(V, "x")) ** 2).sum()))
    assert "= np.concatenate([x, x])[:3].copy()\n" in text.replace("  # (3,)", "")
    assert "d_x = np.zeros(3)\n    d_x[1:] = d_h1[1:]\n" in text.replace("  # (3,)", "")
    assert ").copy()" not in text
    reproduces(lambda x: (first_is_zero(x) * x).sum(), V)


def test_numbers_below_zero_stand_in_brackets_where_a_power_would_take_them() -> None:
    x = Tensor(np.array([1.0, 2.0, 3.0]), "x")
    for number, text in ((-2.0, "-2"), (-2.5, "-2.5"), (-np.inf, "-np.inf")):
        with np.errstate(invalid="ignore"):
            s = source(al.power(number, x).sum(), [])
        assert f"loss = (({text}) ** x).sum()" in str(s)
    assert "loss = (np.inf**x).sum()" in str(source(al.power(np.inf, x).sum(), []))
    assert "loss = (-2.5 * x).sum()" in str(source((x * -2.5).sum(), []))
    assert "loss = (x - -np.inf).sum()" in str(source((x - -np.inf).sum(), []))


def test_stable_forms() -> None:
    x = Tensor(np.array([[-1000.0, 1000.0, 0.0]]), "x")
    for f in (al.sigmoid, al.softplus, al.softmax, al.log_softmax, al.tanh):
        loss = (f(x) * np.array([1.0, 2.0, 3.0])).sum()
        agree(source(loss).function(x.data), [loss.data, grad(loss, x)], 1e-14)
    loss = al.bce_with_logits(x, np.array([[0.0, 1.0, 1.0]])) + al.logsumexp(x)
    agree(source(loss).function(x.data), [loss.data, grad(loss, x)], 1e-14)


def test_the_text_does_not_hang_on_numpys_error_state() -> None:
    x = Tensor(A, "x")
    loss = al.sigmoid(x).sum()
    usual = str(source(loss))
    for state in ("ignore", "warn", "raise"):
        with np.errstate(all=state):
            assert str(source(loss)) == usual


def test_reading_does_not_warn_again() -> None:
    with np.errstate(divide="ignore"):
        loss = al.log(Tensor(np.zeros(3), "x")).sum()
    s = source(loss)  # warnings are errors here
    with np.errstate(divide="ignore"):
        assert s.function(np.zeros(3))[0] == -np.inf


def test_a_long_chain_and_many_doublings() -> None:
    x = Tensor(V, "x")
    y = x
    for i in range(3000):
        y = al.sin(y) if i % 2 else y * 0.99 + 0.01
    loss = y.sum()
    agree(source(loss).function(V), [loss.data, grad(loss, x)], 1e-12)
    y = x
    for _ in range(60):
        y = y + y
    s = source(y.sum())
    agree(s.function(V), [2.0**60 * V.sum(), np.full(3, 2.0**60)], 1e-14)
    y = x
    for _ in range(60):
        y = al.sin(y) * y
    loss = y.sum()
    s = source(loss)
    assert len(str(s)) < 20_000
    agree(s.function(V), [loss.data, grad(loss, x)], 1e-11)


def long_ones() -> list[Any]:
    """Losses with more to write than fits on a line."""
    leaves = [Tensor(A, f"a_parameter_with_a_long_name_{i}") for i in range(25)]
    longest = Tensor(A, "a" * 60), Tensor(B, "b" * 60)
    key = (slice(1, None), np.array([0, 2]))
    return [
        sum((x * x for x in leaves[1:]), leaves[0]).sum(),
        al.concatenate(leaves).sum(),
        (al.concatenate(leaves[:4]) ** 2).sum() * al.mse(leaves[0] + 1, leaves[1]),
        (longest[0] @ longest[1] / longest[0]).sum(),
        *(Tensor(A, "b" * n).sum() for n in range(64, 76)),
        *((Tensor(A, "b" * n) * 2 + 1).sum() ** 2 for n in range(54, 70)),
        (longest[0][key] ** 2).sum() + al.exp(leaves[0][1:, :2] * longest[1][1:, :2]).sum(),
        (Tensor(A * A, "x") ** 1e-05 + 2 ** -Tensor(A, "y") + Tensor(A * A, "z") ** -2.5).sum(),
    ]


@pytest.mark.skipif(not importlib.util.find_spec("ruff"), reason="ruff is not installed")
def test_a_formatter_leaves_the_text_as_it_is(tmp_path: Path) -> None:
    texts = []
    for name, row in ROWS.items():
        leaves = [Tensor(x, f"x{i}") for i, x in enumerate(row.inputs)]
        texts.append(source(loss_of(name, float)(*leaves), leaves))
    for f in OPERATORS.values():
        texts.append(source(f(Tensor(A, "a"), Tensor(B, "b")).sum()))
    texts += [source(two_layers()[-1], names=locals()), *map(source, long_ones())]
    for i, text in enumerate(texts):
        (tmp_path / f"t{i}.py").write_text(str(text), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


def test_long_lines_are_broken() -> None:
    for loss in long_ones():
        for line in str(source(loss)).splitlines():  # names alone may be too long
            assert len(line) <= 88 or line.endswith("# fmt: skip")


def test_a_shape_is_said_where_there_is_room() -> None:
    for n in range(40, 77):
        y = (Tensor(A, "b" * n) * 2).named("y")
        text = str(source((y * y).sum(), [])).splitlines()
        (line,) = (line for line in text if line.startswith("    y = "))
        said = f"    y = 2 * {'b' * n}  # (3, 3)"
        assert line == (said if len(said) <= 88 else said.removesuffix("  # (3, 3)"))


def test_the_source_of_a_source_can_be_shown_and_traced() -> None:
    x = Tensor(V, "x")
    s = source((x * np.ones(3)).sum())
    assert repr(s) == str(s)
    with pytest.raises(ValueError, match="broadcast") as caught:
        s.function(np.ones(5))
    shown = caught.traceback[-1].statement
    assert "x * c1" in str(shown)


# Faults -----------------------------------------------------------------------------------------

TIES = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.5], [1.0, 1.0, 3.0]])


def everything() -> None:
    """The law over expressions that between them need each rule, sign and method."""
    for f in OPERATORS.values():
        y = f(Tensor(A), Tensor(B))
        g = np.arange(y.size).reshape(y.shape) + 1.5
        reproduces(lambda a, b, f=f, g=g: (f(a, b) * g).sum(), A, B)
    reproduces(lambda x: (al.relu(x) * (x > x.T) * (x >= x.T) * (x != 1)).sum(), TIES)
    reproduces(lambda x: ((x < x.T) * x + (x <= x.T) * x * (x == 1)).sum(), TIES)
    for name in ("prod-2", "matmul-12", "transpose-4", "transpose-5", "swapaxes-0", "norm-2"):
        reproduces(loss_of(name, float), *ROWS[name].inputs)
    for name in ("max-2", "var-10", "std-4", "mean-5", "scatter-0", "dropout-0", "logsumexp-3"):
        reproduces(loss_of(name, float), *ROWS[name].inputs)
    reproduces(lambda x: (al.negative(-x) + (-x) - x * -1 + 3 * (2 * x)).sum(), A.astype("f4"))
    reproduces(lambda x: (al.astype(x, dtype=np.float32) * x).sum(), A, tolerance=1e-6)
    reproduces(lambda x: (al.astype(3 * x, dtype=int) * x).sum(), A)
    reproduces(lambda x: ((2 * x.T).T @ x).sum(axis=0, keepdims=True).mean() + x[0].mean(), A)
    reproduces(lambda x: (x[:1] @ x[:, :1]) * np.full((1, 1), 3.0), A)
    reproduces(lambda a, b: (a + b).sum() * 2, A, V)
    reproduces(lambda x: ((al.broadcast_to(x, shape=(4, 3)) * 2.5) ** 2).sum(), V)
    reproduces(lambda x, c: al.where(c, x, 0).sum() + (x * c.astype(int) * 2.0).sum(), V, A[0])
    test_new_masks_of_another_count_are_refused()
    test_two_draws_are_two()
    test_class_numbers_are_checked_again()
    test_stable_forms()
    test_dropout_is_drawn_anew_at_each_call_and_not_by_reading(np.random.default_rng)


OP = {name: getattr(al, name).op for name in al.ops.NAMES if hasattr(getattr(al, name), "op")}


def rule(name: str, wrong: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """A way of simplifying that is wrong: `wrong(healthy, terms, inputs, params, shape, dtype)`."""
    healthy = terms.RULES.get(OP[name])
    return lambda patch: patch.setitem(terms.RULES, OP[name], lambda *args: wrong(healthy, *args))


def sign(ufunc: Any, text: str, binding: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(writing.SIGNS, ufunc, (text, getattr(python, binding)))


def attribute(where: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(where, name, value)


def first(healthy: Any, terms: Any, inputs: Any, *rest: Any) -> Any:
    return inputs[0]


def reversed_difference(healthy: Any, terms: Any, inputs: Any, *rest: Any) -> Any:
    return healthy(terms, inputs[::-1], *rest)


def tripled(healthy: Any, made: Any, inputs: Any, params: Any, shape: Any, dtype: Any) -> Any:
    if inputs[0] is inputs[1]:
        return made.make(OP["multiply"], (3.0, inputs[0]), {}, shape, dtype)
    return healthy(made, inputs, params, shape, dtype)


def wrong_order(healthy: Any, made: Any, inputs: Any, params: Any, *rest: Any) -> Any:
    axes = params["axes"]
    return healthy(made, inputs, {"axes": axes and axes[::-1]}, *rest)


def no_keepdims(healthy: Any, made: Any, inputs: Any, params: Any, shape: Any, dtype: Any) -> Any:
    return made.make(OP["sum"], inputs, {**params, "keepdims": True}, shape, dtype)


def count_forgotten(healthy: Any, made: Any, inputs: Any, params: Any, *rest: Any) -> Any:
    number = terms._filling(inputs[0])
    return made.full(number, *rest) if terms.is_number(number) else None


def of_any_count(*args: Any) -> Any:
    script, terms = lowering.lower(*args)
    script.varying.clear()
    return script, terms


PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "- for +": sign(np.add, "-", "ADDED"),
    "+ for -": sign(np.subtract, "+", "ADDED"),
    "* for @": sign(np.matmul, "*", "MULTIPLIED"),
    "/ for *": sign(np.multiply, "/", "MULTIPLIED"),
    ">= for >": sign(np.greater, ">=", "COMPARED"),
    "> for >=": sign(np.greater_equal, ">", "COMPARED"),
    "<= for <": sign(np.less, "<=", "COMPARED"),
    "== for !=": sign(np.not_equal, "==", "COMPARED"),
    "a sum without brackets": sign(np.add, "+", "MULTIPLIED"),
    "a difference without brackets": sign(np.subtract, "-", "ATOM"),
    "a product without brackets": sign(np.multiply, "*", "ATOM"),
    "a quotient without brackets": sign(np.divide, "/", "ATOM"),
    "a matrix product without brackets": sign(np.matmul, "@", "ATOM"),
    "a comparison without brackets": sign(np.greater, ">", "ADDED"),
    "signs without brackets": attribute(writing, "SIGNED", 5),
    "powers without brackets": attribute(writing, "RAISED", 5),
    "-x is x": rule("negative", first),
    "a + b is b + a, subtracted": rule("subtract", first),
    "a + a is 3 a": rule("add", tripled),
    "1 * x is 1": rule("multiply", lambda healthy, made, inputs, *rest: inputs[0]),
    "a / b is a": rule("divide", first),
    "a permutation backwards": rule("transpose", wrong_order),
    "no transpose": rule("transpose", first),
    "broadcasting dropped": rule("broadcast_to", first),
    "reshaping dropped": rule("reshape", first),
    "a cast dropped": rule("astype", first),
    "keepdims always": rule("sum", no_keepdims),
    "a filled array is summed without its count": rule("sum", count_forgotten),
    "an element for all": rule("getitem", first),
    "every repetition dropped": attribute(
        terms,
        "_unrepeated",
        lambda inputs, shape: tuple(
            x.inputs[0] if terms._is("broadcast_to", x) else x for x in inputs
        ),
    ),
    "equal numbers of any type are one": attribute(
        terms, "key_of", lambda x: x if x.__hash__ else id(x)
    ),
    "a cotangent of 2": attribute(
        terms.Terms,
        "full",
        lambda self, number, shape, dtype, full=terms.Terms.full: full(
            self, 2 * number if number == 1 else number, shape, dtype
        ),
    ),
    "an axis forgotten": lambda patch: patch.setitem(lowering.DEFAULTS, "axis", 0),
    "ddof forgotten": lambda patch: patch.setitem(lowering.DEFAULTS, "ddof", 1),
    "indices overwrite": attribute(writing, "SETITEM", lowering.ADD_AT),
    "conditions forgotten": attribute(lowering.StandIn, "__bool__", lambda self: True),
    "drawn while reading": attribute(lowering, "deepcopy", lambda x: x),
    "every float a whole number": attribute(
        writing, "_is_whole", lambda x: isinstance(x, float) and np.isfinite(x)
    ),
    "whole numbers of any dtype": attribute(writing, "_promoted", lambda inputs: None),
    "masks of any count": attribute(writing, "lower", of_any_count),
    "numbers without their sign": attribute(
        writing._Writer,
        "number",
        lambda self, x, number=writing._Writer.number: number(self, abs(x)),
    ),
}


def test_a_notebook_highlights_the_text() -> None:
    text = source((Tensor([1.0, 2.0], name="<b>") ** 2).sum())
    assert text._repr_markdown_() == f"```python\n{str(text).rstrip()}\n```\n"


def test_without_a_fault_the_laws_hold() -> None:
    everything()


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[fault](monkeypatch)
    with pytest.raises(BaseException):  # noqa: B017, PT011  # any: broken text is as good as a difference
        everything()
