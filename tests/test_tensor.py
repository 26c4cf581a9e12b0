"""Tensor: Python's operators, numpy's functions and protocols, values, copies."""

from __future__ import annotations

import copy
import operator
import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from told import tells

import autograd_lite as al
from autograd_lite import Tensor, grad

Array = np.ndarray
VALUES = np.array([[1.5, 2.0, 3.0], [0.5, 4.0, 1.0]])


@pytest.fixture
def x() -> Tensor:
    return Tensor(VALUES, name="x")


# Operators --------------------------------------------------------------------------------------

SLOPES = {  # ∂/∂a and ∂/∂b
    operator.add: lambda a, b: (np.ones_like(a + b), np.ones_like(a + b)),
    operator.sub: lambda a, b: (np.ones_like(a + b), -np.ones_like(a + b)),
    operator.mul: lambda a, b: (b, a),
    operator.truediv: lambda a, b: (1 / b, -a / b**2),
    operator.pow: lambda a, b: (b * a ** (b - 1), a**b * np.log(a)),
}
CONSTANTS = {
    "float": 2.0,
    "int": 2,
    "bool": True,
    "numpy float": np.float64(2.0),
    "numpy float32": np.float32(2.0),
    "numpy int": np.int64(2),
    "0-d array": np.array(2.0),
    "array": np.array([2.0, 0.5, 3.0]),
    "int array": np.array([2, 1, 3]),
    "larger array": np.stack([VALUES + 1, VALUES + 2]),
    "list": [2.0, 0.5, 3.0],
}


@pytest.mark.parametrize("kind", CONSTANTS)
@pytest.mark.parametrize("op", SLOPES)
def test_operators_with_a_constant_on_either_side(op: Callable, kind: str, x: Tensor) -> None:
    given = CONSTANTS[kind]
    constant = np.asarray(given, dtype=float)
    shape = np.broadcast_shapes(x.shape, constant.shape)
    for y, pair, side in (
        (op(x, given), (VALUES, constant), 0),
        (op(given, x), (constant, VALUES), 1),
    ):
        assert type(y) is Tensor
        np.testing.assert_allclose(y.data, op(*pair), rtol=1e-15, strict=True)
        slope = np.broadcast_to(SLOPES[op](*pair)[side], shape)
        wanted = slope if slope.ndim == 2 else slope.sum(axis=0)
        np.testing.assert_allclose(grad(y, x, np.ones(shape)), wanted, rtol=1e-12)


def test_matrix_products_with_an_array_on_either_side(x: Tensor) -> None:
    left, right = np.arange(4.0).reshape(2, 2), np.arange(6.0).reshape(3, 2)
    for y in (left @ x, np.matmul(left, x), np.dot(left, x), left.tolist() @ x):
        assert y.data.tolist() == (left @ VALUES).tolist()
        assert grad(y, x, np.ones((2, 3))).tolist() == (left.T @ np.ones((2, 3))).tolist()
    for y in (x @ right, np.matmul(x, right), np.dot(x, right), x.dot(right)):
        assert y.data.tolist() == (VALUES @ right).tolist()
        assert grad(y, x, np.ones((2, 2))).tolist() == (np.ones((2, 2)) @ right.T).tolist()


def test_unary_operators(x: Tensor) -> None:
    y = x - 2.0
    np.testing.assert_array_equal((-y).data, 2 - VALUES)
    np.testing.assert_array_equal(abs(y).data, np.abs(VALUES - 2))
    assert grad((-y).sum(), x).tolist() == [[-1] * 3] * 2
    assert grad(abs(y).sum(), x).tolist() == [[-1, 0, 1], [-1, 1, -1]]


@pytest.mark.parametrize(
    "compare", [operator.gt, operator.ge, operator.lt, operator.le, operator.eq, operator.ne]
)
def test_comparisons(compare: Callable, x: Tensor) -> None:
    row = VALUES[0]
    for other in (2.0, row, np.float64(2.0), Tensor(row)):
        plain = other.data if isinstance(other, Tensor) else other
        for y, wanted in (
            (compare(x, other), compare(VALUES, plain)),
            (compare(other, x), compare(plain, VALUES)),
        ):
            assert type(y) is Tensor
            np.testing.assert_array_equal(y.data, wanted, strict=True)


@pytest.mark.parametrize("combine", [operator.and_, operator.or_])
def test_masks_combine(combine: Callable, x: Tensor) -> None:
    plain = VALUES < 3
    wanted = combine(VALUES > 1, plain)
    for y in (combine(x > 1, x < 3), combine(x > 1, plain), combine(plain, x > 1)):
        np.testing.assert_array_equal(y.data, wanted, strict=True)
    np.testing.assert_array_equal((~(x > 1)).data, VALUES <= 1, strict=True)


def test_what_the_catalogue_lacks_is_an_error(x: Tensor) -> None:
    for compute in (lambda: x // 2, lambda: x % 2, lambda: VALUES // x, lambda: divmod(x, 2)):
        with pytest.raises(TypeError):
            compute()


def test_in_place_operators_make_a_new_tensor(x: Tensor) -> None:
    y = x
    y += 1
    y *= x
    assert y is not x
    assert x.data.tolist() == VALUES.tolist()
    np.testing.assert_array_equal(grad(y.sum(), x), 2 * VALUES + 1)


# numpy's functions and ndarray's methods ----------------------------------------------------------

MATRIX = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 1.5]])
FUNCTIONS = {
    "exp": lambda x: np.exp(x),
    "log": lambda x: np.log(x),
    "sqrt": lambda x: np.sqrt(x),
    "tanh": lambda x: np.tanh(x),
    "square": lambda x: np.square(x),
    "absolute": lambda x: np.absolute(-x),
    "add": lambda x: np.add(1.0, x),
    "power": lambda x: np.power(x, 3),
    "divide": lambda x: np.true_divide(1.0, x),
    "maximum": lambda x: np.maximum(x, 1.7),
    "minimum of an array": lambda x: np.minimum(VALUES[::-1], x),
    "matmul": lambda x: np.matmul(x, MATRIX),
    "dot": lambda x: np.dot(x, MATRIX),
    "method dot": lambda x: x.dot(MATRIX),
    "outer": lambda x: np.outer(x, [1.0, 2.0]),
    "outer of a list": lambda x: np.outer([1.0, 2.0], x),
    "where": lambda x: np.where(VALUES > 1, x, 0.0),
    "where of a comparison": lambda x: np.where(x > 1.2, 0.0, x),
    "sum": lambda x: np.sum(x),
    "sum over an axis": lambda x: np.sum(x, 0),
    "sum, keepdims": lambda x: np.sum(x, axis=1, keepdims=True),
    "sum of a name": lambda x: np.sum(a=x, axis=-1),
    "mean": lambda x: np.mean(x, axis=(0, 1)),
    "prod": lambda x: np.prod(x, axis=1),
    "var": lambda x: np.var(x, axis=0, ddof=1),
    "std": lambda x: np.std(x, axis=1, keepdims=True),
    "max": lambda x: np.max(x, axis=0),
    "min": lambda x: np.min(x),
    "clip": lambda x: np.clip(x, 0.7, 2.5),
    "clip by name": lambda x: np.clip(x, a_min=0.7, a_max=2.5),
    "clip by another": lambda x: np.clip(x, min=0.7),
    "reshape": lambda x: np.reshape(x, (3, -1)),
    "ravel": lambda x: np.ravel(x),
    "transpose": lambda x: np.transpose(x),
    "transpose of axes": lambda x: np.transpose(x[None], (1, 2, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "squeeze": lambda x: np.squeeze(x[None], axis=0),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "concatenate": lambda x: np.concatenate([x, VALUES, x], axis=1),
    "concatenate of rows": lambda x: np.concatenate((x[0], x[1])),
    "stack": lambda x: np.stack([x, VALUES], axis=-1),
    "norm": lambda x: np.linalg.norm(x),
    "norm over an axis": lambda x: np.linalg.norm(x, axis=1, keepdims=True),
    "method sum": lambda x: x.sum(0),
    "method mean": lambda x: x.mean(axis=1, keepdims=True),
    "method prod": lambda x: x.prod(),
    "method var": lambda x: x.var(),
    "method std": lambda x: x.std(axis=0),
    "method max": lambda x: x.max(1),
    "method min": lambda x: x.min(axis=0),
    "method clip": lambda x: x.clip(0.7, 2.5),
    "method reshape": lambda x: x.reshape(3, 2),
    "method reshape of a tuple": lambda x: x.reshape((3, 2)),
    "method reshape of -1": lambda x: x.reshape(-1),
    "method ravel": lambda x: x.ravel(),
    "method flatten": lambda x: x.flatten(),
    "method transpose": lambda x: x.transpose(),
    "method transpose of axes": lambda x: x.transpose(1, 0),
    "method transpose of a tuple": lambda x: x.transpose((1, 0)),
    "method squeeze": lambda x: x[:1].squeeze(),
    "method swapaxes": lambda x: x.swapaxes(0, 1),
    "method astype": lambda x: x.astype(np.float64),
    "T": lambda x: x.T,
    "mT": lambda x: x[None].mT,
    "index": lambda x: x[1, ::-1],
    "builtin sum": lambda x: sum(x),
    "rows": lambda x: [row * i for i, row in enumerate(x)][1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_functions_record(name: str, x: Tensor) -> None:
    """The line that computes on an array records on a Tensor, with numpy's own value."""
    f = FUNCTIONS[name]
    y, wanted = f(x), f(VALUES)
    assert type(y) is Tensor
    assert y.op is not None
    np.testing.assert_allclose(y.data, wanted, rtol=1e-14, strict=True)
    step, g = 1e-6, np.random.default_rng(0).standard_normal(y.shape)
    direction = np.random.default_rng(1).standard_normal(VALUES.shape)
    slope = (f(VALUES + step * direction) - f(VALUES - step * direction)) / (2 * step)
    # enough to see that nothing was lost; the digits are the laws' in test_ops.py
    assert np.sum(grad(y, x, g) * direction) == pytest.approx(np.sum(g * slope), rel=1e-6)


def test_a_function_written_for_arrays_runs_unchanged() -> None:
    def network(x, W1, b1, W2):
        h = np.maximum(np.dot(x, W1) + b1, 0)
        p = 1 / (1 + np.exp(-np.matmul(h, W2)))
        return np.mean(np.square(p - 1))

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in ((5, 3), (3, 4), (4,), (4, 2))]
    leaves = [Tensor(a) for a in arrays[1:]]
    loss = network(arrays[0], *leaves)
    assert loss.item() == network(*arrays)
    step = 1e-6
    for i, gx in enumerate(grad(loss, leaves)):
        moved = [[a.copy() for a in arrays] for _ in range(2)]
        moved[0][i + 1].flat[0] += step
        moved[1][i + 1].flat[0] -= step
        slope = (network(*moved[0]) - network(*moved[1])) / (2 * step)
        assert gx.flat[0] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_functions_of_the_shape_alone(x: Tensor) -> None:
    assert np.shape(x) == x.shape == (2, 3)
    assert np.ndim(x) == x.ndim == 2
    assert np.size(x) == x.size == 6
    assert x.dtype == np.float64
    assert type(np.zeros_like(x)) is np.ndarray
    assert np.ones_like(x).tolist() == [[1, 1, 1]] * 2


def test_arguments_by_place_mean_what_they_mean_in_numpy(x: Tensor) -> None:
    """np.linalg.norm(x, 1) is the largest sum of a column: to give another value is worse than
    to give none."""
    for compute in (
        lambda t: np.linalg.norm(t, 1),
        lambda t: np.linalg.norm(t, 2),
        lambda t: np.linalg.norm(t[0], 1),
        lambda t: np.linalg.norm(t, "fro"),
        lambda t: np.linalg.norm(t, np.inf, 1),
        lambda t: np.sum(t, 0, np.float32),
        lambda t: np.mean(t, 0, None),
        lambda t: np.var(t, 0, None, None, 1),
        lambda t: np.max(t, 0, None),
    ):
        try:
            y = compute(x)
        except (TypeError, ValueError):
            continue
        np.testing.assert_allclose(y.data, compute(VALUES))


# What would lose the gradient -------------------------------------------------------------------


def assign(array: Array, key: Any, value: Any) -> None:
    array[key] = value


ESCAPES = {
    "asarray": lambda t, n: np.asarray(t),
    "array": lambda t, n: np.array(t),
    "array of a list": lambda t, n: np.array([t, t]),
    "array of numbers": lambda t, n: np.array([n, n]),
    "array with a dtype": lambda t, n: np.array([n, n], dtype=float),
    "Tensor of Tensors": lambda t, n: Tensor([t, t]),
    "ndarray.dot": lambda t, n: np.ones((2, 2)).dot(t),
    "assign a row": lambda t, n: assign(np.zeros((2, 3)), 0, t[0]),
    "assign all": lambda t, n: assign(np.zeros((2, 3)), ..., t),
    "assign a number": lambda t, n: assign(np.zeros(3), 0, n),
    "assign a number in two dimensions": lambda t, n: assign(np.zeros((3, 2)), (0, 1), n),
    "assign a number to a slice": lambda t, n: assign(np.zeros(3), slice(None), n),
    "assign a number to float32": lambda t, n: assign(np.zeros(3, np.float32), 0, n),
    "assign a number to ints": lambda t, n: assign(np.zeros(3, int), 0, n),
    "assign a number to bools": lambda t, n: assign(np.zeros(3, bool), 0, n),
    "assign a list": lambda t, n: assign(np.zeros(2), slice(None), [n, n]),
    "put": lambda t, n: np.zeros(3).put(0, n),
    "full": lambda t, n: np.full(3, n),
    "copyto": lambda t, n: np.copyto(np.zeros((2, 3)), t),
    "linspace": lambda t, n: np.linspace(0, n, 3),
    "a function without an op": lambda t, n: np.unwrap(t),
    "the same by name": lambda t, n: np.partition(a=t, kth=0),
    "a ufunc without an op": lambda t, n: np.spacing(t),
    "nested lists": lambda t, n: np.block([[t, t]]),
    "reduce": lambda t, n: np.add.reduce(t),
    "accumulate": lambda t, n: np.multiply.accumulate(t),
    "ufunc.outer": lambda t, n: np.add.outer(t, t),
    "ufunc.at": lambda t, n: np.add.at(np.zeros(3), [0], n),
    "where=": lambda t, n: np.sum(VALUES, where=t > 1),
    "an index into an array": lambda t, n: VALUES[t > 1],
}


@pytest.mark.parametrize("name", ESCAPES)
def test_what_would_lose_the_gradient_raises(name: str, x: Tensor) -> None:
    """The error, or one that it was raised from, names `.data`."""
    with pytest.raises((TypeError, ValueError)) as caught:
        ESCAPES[name](x, x[0, 0])
    chain, error = "", caught.value
    while error is not None:
        chain, error = f"{chain} {error}", error.__cause__ or error.__context__
    assert ".data" in chain


OUT = {
    "out": lambda t: np.add(t, 1.0, out=np.zeros((2, 3))),
    "out is the Tensor": lambda t: np.add(VALUES, 1.0, out=t),
    "out without an op": lambda t: np.spacing(VALUES, out=t),
    "+=": lambda t: VALUES.copy().__iadd__(t),
    "out of sum": lambda t: np.sum(t, axis=0, out=np.zeros(3)),
    "dtype": lambda t: np.exp(t, dtype=np.float32),
    "where": lambda t: np.exp(t, where=VALUES > 1),
    "initial": lambda t: np.max(t, initial=0.0),
}


@pytest.mark.parametrize("name", OUT)
def test_arguments_that_no_op_has_raise(name: str, x: Tensor) -> None:
    with pytest.raises(TypeError):
        OUT[name](x)
    assert x.data.tolist() == VALUES.tolist()


def chain_of(error: BaseException | None) -> str:
    """What an error says, and those that it was raised from."""
    return f"{error} {chain_of(error.__cause__ or error.__context__)}" if error else ""


INSTEAD = {
    "a list": (lambda t: np.array([t, t]), "stack or concatenate for a list of Tensors"),
    "a row": (lambda t: assign(np.zeros((2, 3)), 0, t[0]), r"stack or concatenate .* H\[i\] = t"),
    "an element": (lambda t: assign(np.zeros(3), 0, t[0, 0]), r"stack or .* H\[i\] = t"),
    "array.dot": (lambda t: np.ones((2, 2)).dot(t), r"X @ t for X\.dot\(t\)"),
    "a copy": (lambda t: np.array(t, copy=True), r"copy for np\.array\(t\)"),
    "no op": (lambda t: np.spacing(t), r"np\.spacing got x .*; write it with the ops of auto"),
    "no op, by name": (lambda t: np.sort_complex(t), "write it with the ops of autograd_lite, or"),
}


@pytest.mark.parametrize("name", INSTEAD)
def test_an_error_says_what_to_write_instead(name: str, x: Tensor) -> None:
    compute, wanted = INSTEAD[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        compute(x)
    assert re.search(wanted, chain_of(caught.value))


def test_scipys_functions_record_or_say_what_does(x: Tensor) -> None:
    special = pytest.importorskip("scipy.special")
    y = special.expit(x)
    np.testing.assert_allclose(y.data, special.expit(VALUES), rtol=1e-14)
    assert y.op is al.sigmoid.op
    with pytest.raises(TypeError, match="softmax and logsumexp for those of scipy"):
        special.softmax(x)
    with pytest.raises(TypeError, match="write it with the ops of autograd_lite"):
        special.gamma(x)


def test_a_copy_is_recorded(x: Tensor) -> None:
    y = x.copy()
    assert y is not x
    assert grad((y * y).sum(), x).tolist() == (2 * VALUES).tolist()


def test_a_tensor_is_not_written_to(x: Tensor) -> None:
    with pytest.raises(TypeError, match=r"where.*maximum"):
        x[0] = 1.0
    with pytest.raises(TypeError, match=r"where.*maximum"):
        x[x < 0] = 0.0
    with pytest.raises(TypeError):
        np.put(x, 0, 1.0)
    assert x.data.tolist() == VALUES.tolist()


def test_floats_may_be_collected() -> None:
    """`history[i] = float(loss)` says what it wants."""
    history, loss = np.zeros(2), Tensor(2.5)
    history[0] = float(loss)
    history[1] = loss.item()
    assert history.tolist() == [2.5, 2.5]


# Values -----------------------------------------------------------------------------------------


def test_values_are_visible() -> None:
    loss = Tensor([0.25]).sum()
    assert float(loss) == 0.25
    assert int(Tensor(3.7)) == 3
    assert loss.item() == 0.25
    assert type(loss.item()) is float
    assert bool(loss < 0.3)
    assert not loss > 0.3
    assert f"{loss:.3f}" == "0.250"
    assert f"{Tensor([1.0]):8.2e}" == "1.00e+00"
    assert f"{loss}" == str(loss)
    assert float(Tensor([2.0])) == 2
    assert [10, 20, 30][Tensor([1.0, 3.0, 2.0]).argmax()] == 20
    for read in (float, int, Tensor.item, lambda t: f"{t:.2f}"):
        tells(
            lambda: read(Tensor([1.0, 2.0], name="W")),
            ValueError, "W (2,) float64", "one element", ".tolist()",
        )  # fmt: skip
    for read in (len, list):
        tells(lambda: read(loss), TypeError, "a Tensor () float64", "an axis", "use .item()")
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError):
        [10, 20][Tensor(1.0)]


def test_a_tensor_is_a_sequence_of_rows(x: Tensor) -> None:
    assert len(x) == 2
    first, second = x
    assert second.data.tolist() == VALUES[1].tolist()
    assert grad(first.sum(), x).tolist() == [[1, 1, 1], [0, 0, 0]]
    for number in (Tensor(1.0), x.sum()):
        with pytest.raises(TypeError):
            len(number)
        with pytest.raises(TypeError):
            iter(number)


def test_a_tensor_is_a_key() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    table = {a: "a", b: "b"}
    assert (table[a], table[b]) == ("a", "b")
    assert len({a, b, a}) == 2


def test_repr() -> None:
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert repr(Tensor(1.5)) == "Tensor(1.5)"
    assert repr(Tensor([[1.0], [2.0]])) == "Tensor([[1.],\n        [2.]])"
    assert repr(Tensor([1.0], name="b") * 2) == "Tensor([2.], op=multiply)"
    assert repr(Tensor(np.ones(1, np.float32), name="b")) == (
        "Tensor([1.], dtype=float32, name='b')"
    )
    assert repr(Tensor(np.zeros((0, 3)))) == "Tensor([], shape=(0, 3))"
    assert "bool" in repr(Tensor([1.0]) > 0)
    assert len(repr(Tensor(np.zeros(10**6)))) < 200


# Construction -----------------------------------------------------------------------------------


def test_numbers_and_lists_become_float64() -> None:
    for data in (1, True, [1, 2], [[1, 2], [3, 4]], [1, 2.5], (1, 2), [np.int64(1)], 1.5, []):
        leaf = Tensor(data)
        assert leaf.dtype == np.float64
        assert leaf.data.tolist() == np.asarray(data, float).tolist()
        assert leaf.grad is None
        assert leaf.name is None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_floating_dtype_is_kept(dtype: type) -> None:
    assert Tensor(np.ones(2, dtype)).dtype == dtype
    assert Tensor(dtype(1)).dtype == dtype


@pytest.mark.parametrize(
    "data",
    [
        np.array([1, 2]),
        np.int64(1),
        np.array([True]),
        np.array([1j]),
        1j,
        np.array(["a"]),
        "a",
        None,
        np.array([None]),
    ],
)
def test_what_is_not_floating_raises(data: Any) -> None:
    with pytest.raises(TypeError, match=r"Tensor got .*; floating numbers are needed"):
        Tensor(data)


def test_a_tensor_of_a_tensor_is_an_independent_leaf(x: Tensor) -> None:
    y = Tensor(x * 2)
    assert y.op is None
    y.data[0, 0] = 99
    assert x.data[0, 0] == 1.5
    assert grad(y.sum(), x).tolist() == [[0] * 3] * 2


# Subclasses of ndarray --------------------------------------------------------------------------


class Labelled(np.ndarray):
    """A subclass that computes as ndarray does."""

    label = "a"


MASKED = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    ROW = np.matrix([[1.0, 2.0, 3.0]])
USES = {
    "on the right": lambda x, a: x * a,
    "on the left": lambda x, a: a * x,
    "on the right of @": lambda x, a: x @ a.T,
    "on the left of @": lambda x, a: a @ x,
    "on the left of -": lambda x, a: a - x,
    "for numpy's function": lambda x, a: np.add(a, x),
    "as a condition": lambda x, a: al.where(a > 1, x, 0.0),
    "as numpy's condition": lambda x, a: np.where(a > 1, x, 0.0),
    "as an alternative": lambda x, a: al.where(np.array([True, False, True]), x, a),
    "as a key": lambda x, a: x[a > 1],
    "as a part of a key": lambda x, a: x[None, a.astype(int)],
    "in a list": lambda x, a: al.concatenate([x[None], a.reshape(1, 3)]),
    "as a target": lambda x, a: al.mse(x, a),
    "as a leaf": lambda x, a: Tensor(a),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("array", [MASKED, ROW], ids=lambda a: type(a).__name__)
def test_arrays_that_compute_in_a_way_of_their_own_are_refused(array: Array, use: str) -> None:
    """Their masks or products would be dropped without a word."""
    x = Tensor([1.0, 2.0, 3.0], name="x")
    with pytest.raises(TypeError) as error:
        USES[use](x, array)
    message = str(error.value)
    if array is MASKED and use in (
        "on the left",
        "on the left of -",
    ):  # it asks for data
        assert "which would lose its gradient; an op of autograd_lite is needed here" in message
    else:
        assert f"class {type(array).__name__}" in message
        assert "; a plain array is needed; convert it with np.asarray, or .filled()" in message


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", [Labelled, np.memmap, np.recarray])
def test_arrays_of_other_subclasses_are_plain_arrays(kind: type, use: str, tmp_path: Path) -> None:
    values = np.array([0.5, 2.0, 4.0])
    if kind is np.memmap:
        array = np.memmap(tmp_path / "values", float, "w+", shape=(3,))
        array[:] = values
    else:
        array = values.view(kind)
    x = Tensor([1.0, 2.0, 3.0], name="x")
    if use in ("as a key", "as a part of a key"):
        values, array = values.clip(0, 2), np.clip(array, 0, 2).view(kind)
    y, wanted = USES[use](x, array), USES[use](x, values)
    np.testing.assert_array_equal(y.data, wanted.data, strict=True)
    assert type(y.data) is np.ndarray
    assert not any(isinstance(v, kind) for v in y.saved)
    np.testing.assert_array_equal(grad(y.sum(), x), grad(wanted.sum(), x), strict=True)


# Copies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_copy_is_an_independent_leaf(duplicate: Callable, x: Tensor) -> None:
    (x * x).sum().backward()
    number = Tensor(np.float32(2.0), name="n")
    for original in (x, (x * 2).named("y"), x.T, number, x.sum()):
        other = duplicate(original)
        assert type(other) is Tensor
        assert other.op is None
        assert other.inputs == ()
        assert other.name == original.name
        assert other.grad is None
        assert other.dtype == original.dtype
        np.testing.assert_array_equal(other.data, original.data, strict=True)
        before = original.data.copy()
        other.data[...] = 99
        np.testing.assert_array_equal(original.data, before)
        assert grad(other.sum(), other).shape == other.shape


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_copy_of_a_constant_is_a_constant(duplicate: Callable, x: Tensor) -> None:
    """What was computed inside no_grad, and what is not floating; also a copy of a copy."""
    with al.no_grad():
        buffer = (x * 2).named("mean")
        number = buffer.sum()
    for original in (buffer, x > 1, x.astype(int), number):
        other = duplicate(duplicate(original))
        assert other.constant
        assert (other.op, other.name, other.dtype) == (None, original.name, original.dtype)
        np.testing.assert_array_equal(other.value, original.value)
    y = (duplicate(buffer) * x).sum()
    np.testing.assert_array_equal(grad(y, x), 2 * VALUES)
    y.backward()
    assert buffer.grad is None
    assert not duplicate(x).constant
    assert not duplicate(x * 2).constant


def test_copies_of_a_written_leaf_are_independent(x: Tensor) -> None:
    x.data[0, 0] = 7
    other = copy.deepcopy(x)
    x.data[0, 0] = 8
    assert other.data[0, 0] == 7
    model = copy.deepcopy({"W": x, "rows": [x]})
    model["W"].data[0, 0] = 9
    assert x.data[0, 0] == 8


# Arrays that follow numpy's protocols -----------------------------------------------------------


class Boxed(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that cannot become numpy's: what is computed of it is boxed as well."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        raise TypeError("a Boxed was about to become a plain array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        return boxed(getattr(ufunc, method)(*map(unboxed, inputs), **kwargs))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return boxed(func(*map(unboxed, args), **{k: unboxed(v) for k, v in kwargs.items()}))

    def __getitem__(self, key: Any) -> Any:
        return boxed(self.array[unboxed(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.array[unboxed(key)] = unboxed(value)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.array, name)
        if callable(found):
            return lambda *args, **kwargs: boxed(found(*map(unboxed, args), **kwargs))
        return boxed(found)


def unboxed(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(map(unboxed, x))
    return x.array if isinstance(x, Boxed) else x


def boxed(x: Any) -> Any:
    return Boxed(x) if isinstance(x, (np.ndarray, np.generic)) else x


def network(x: Any, t: Any, W: Tensor, b: Tensor) -> Tensor:
    z = x @ W + b
    h = al.relu(z) * al.tanh(z) + al.sigmoid(z) / (1 + al.exp(-z)) + al.abs(z) ** 2
    h = al.where(z > 0, h, z).reshape(-1).reshape(z.shape).T.T
    h = al.concatenate([h, al.softmax(z)], axis=1) - al.logsumexp(z, axis=1, keepdims=True)
    return al.mse(h[:, 1:3], t) + al.mean(al.maximum(h, 0.1)) + h.max() + al.norm(h)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_foreign_array_flows_through(create_graph: bool) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in ((4, 3), (4, 2), (3, 2), (2,))]
    x, t, W, b = arrays
    plain = [Tensor(W), Tensor(b)]
    wanted = network(x, t, *plain)
    leaves = [Tensor(Boxed(W)), Tensor(Boxed(b))]
    loss = network(Boxed(x), Boxed(t), *leaves)
    assert isinstance(loss.value, Boxed)
    np.testing.assert_allclose(loss.value.array, wanted.item(), rtol=1e-14)
    gradients = grad(loss, leaves, create_graph=create_graph)
    for got, gx in zip(gradients, grad(wanted, plain)):
        value = got.value if create_graph else got
        assert isinstance(value, Boxed)
        np.testing.assert_allclose(value.array, gx, rtol=1e-12)


def test_a_dask_array_flows_through() -> None:
    da = pytest.importorskip("dask.array")
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((4, 3)), rng.standard_normal((3, 2))
    plain, leaf = Tensor(W), Tensor(da.from_array(W))
    wanted = al.mse(al.sigmoid(x @ plain), np.ones((4, 2)))
    loss = al.mse(al.sigmoid(da.from_array(x, chunks=2) @ leaf), np.ones((4, 2)))
    assert isinstance(loss.value, da.Array)
    gradient = grad(loss, leaf)
    assert isinstance(gradient, da.Array)
    np.testing.assert_allclose(gradient.compute(), grad(wanted, plain), rtol=1e-13)


def test_sequences_of_any_kind_are_index_arrays(x: Tensor) -> None:
    from array import array

    for key in ([0, 0, 1], (0, 0, 1), range(2), array("i", [0, 0, 1]), memoryview(b"\0\0\1")):
        rows = x[key,]
        counts = np.bincount(np.asarray(key), minlength=2)
        assert grad(rows.sum(), x).tolist() == np.repeat(counts[:, None], 3, axis=1).tolist()


def test_arguments_by_name_of_functions_of_the_shape(x: Tensor) -> None:
    assert np.shape(a=x) == (2, 3)
    assert np.zeros_like(a=x).shape == (2, 3)


def test_plus_and_tolist(x: Tensor) -> None:
    assert (+x).tolist() == x.data.tolist()


def test_in_place_addition_to_an_array_says_what_to_write(x: Tensor) -> None:
    with pytest.raises(TypeError, match=r"write a = a \+ t"):
        np.zeros((2, 3)).__iadd__(x)


def test_looking_at_a_leaf_does_not_hand_its_array_out() -> None:
    W = Tensor([1.0, 2.0], name="W")
    looked = repr(W), f"{W}", W.shape, W.tolist(), len(W), W.value
    assert looked[0] == "Tensor([1., 2.], name='W')"
    with pytest.raises(ValueError, match="read-only"):
        W.value[0] = 1  # as it would not be, had .data been used


@pytest.mark.parametrize(
    ("data", "given", "remedy"),
    [
        (None, "None", "pass a number"),
        ("abc", "'abc'", "pass a number"),
        ([1.0, None], "[1.0, None]", "pass a number"),
        ([[1, 2], [3]], "[[1, 2], [3]]", "nested lists of one length"),
        (np.ones(2, int), "an array (2,) int64", ".astype(float)"),
        (np.ones(2, object), "an array (2,) object", ".astype(float)"),
    ],
)
def test_what_is_no_leaf(data: Any, given: str, remedy: str) -> None:
    tells(lambda: Tensor(data), TypeError, f"Tensor got {given}", "floating numbers", remedy)


@pytest.mark.parametrize(
    ("t", "title", "facts", "values"),
    [
        (Tensor(1.5), "Tensor", "() float64", "1.5"),
        (Tensor([1.0, np.nan], name='<b>&"'), "&lt;b&gt;&amp;&quot;", "(2,) float64", "[ 1., nan]"),
        (Tensor(np.zeros((0, 3), "f4"), name="W"), "W", "(0, 3) float32", "[]"),
        (Tensor([1.0]) * 2, "Tensor", "(1,) float64, computed by multiply", "[2.]"),
        (Tensor([1.0]) > 2, "Tensor", "(1,) bool, computed by greater", "[False]"),
    ],
)
def test_a_notebook_shows_name_shape_dtype_and_values(
    t: Tensor, title: str, facts: str, values: str
) -> None:
    html = t._repr_html_()
    assert f"<b>{title}</b> {facts}</div>" in html
    assert html.endswith(f">{values}</pre>")


def test_a_tensor_of_any_size_is_shown_at_once() -> None:
    for shape in ((10**6,), (1000, 1000), (2,) * 18):
        t = Tensor(np.zeros(shape, np.float32))
        for text in (t._repr_html_(), repr(t)):
            assert "..." in text
            assert len(text) < 25_000


def test_a_tensor_shows_itself_without_values_while_it_is_traced() -> None:
    seen = []

    def f(x: Tensor) -> Tensor:
        y = (x * 2).named("y")
        seen.append((y._repr_html_(), repr(y)))
        return y

    al.compile(f)(np.full(3, 0.125))
    html, text = seen[0]
    assert "<b>y</b> (3,) float64, computed by multiply" in html
    assert "not known" in html
    assert text == "Tensor(..., shape=(3,), name='y', op=multiply)"
    for look in (str, print, lambda y: f"{y}"):  # what would be shown once, and not at each call
        with pytest.raises(TypeError, match="was asked for"):
            al.compile(lambda x, look=look: look(x * 2) or x)(np.ones(3))
