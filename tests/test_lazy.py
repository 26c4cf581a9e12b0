"""Dask's arrays: through every op of the table, and in every reading of an expression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import ROWS
from told import tells

import autograd_lite as al
from autograd_lite import Tensor, grad
from autograd_lite.lazy import computed, is_lazy, settle

da = pytest.importorskip("dask.array", reason="Dask is not installed")


def chunked(x: Any) -> Any:
    """In two parts along each axis, where it has two elements."""
    return da.from_array(np.array(x), chunks=tuple((n + 1) // 2 or 1 for n in x.shape))


def close(got: Any, wanted: Any) -> None:
    assert np.shape(got) == np.shape(wanted)
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


# Every op ---------------------------------------------------------------------------------------

# What numpy's protocol does not carry there, or Dask has in a part only, and how that is told.
NOT_CARRIED = {
    "np.add.at is needed": "where-0 getitem-1 scatter-0 "
    "index-1 index-5 index-6 index-7 index-10 index-14",
    "nd fancy indexing": "index-8 index-9",  # two integer arrays in one key
    "broadcast": "index-3 index-4",  # assigned to through a key with None or an integer
    "cannot be interpreted as an integer": "index-12",  # a key that has no element
    "Dask's reshape only supports": "reshape-0 reshape-3",
    "Chunks and shape must be of the same": "tril-4 triu-4",  # of one axis
    "out of bounds for array of dimension 0": "cumsum-1 cumprod-1",
    "`numpy.argsort` function is not implemented": "argsort",
    "`numpy.take_along_axis` function is not": "cross_entropy-1 cross_entropy-3 "
    "cross_entropy-4 cross_entropy-5",
    "`numpy.linalg.det` function is not": "det",
    "`numpy.linalg.slogdet` function is not": "sign_of_det log_of_det",
    "lu decomposition": "inv-0 inv-1 solve-0 solve-1 solve-2 solve-3 solve-5",  # chunks, stacks
    "b must be 1 or 2": "solve-4",
    "singular matrix": "solve-6",  # its first element is 0, and Dask does not exchange rows
}  # fmt: skip
WHY = {name: why for why, names in NOT_CARRIED.items() for name in names.split()}
COMPUTED_AT_ONCE = {"dropout_mask"}  # of the shape alone


@pytest.mark.parametrize("name", ROWS)
def test_a_dask_array_flows_through_every_op(name: str) -> None:
    row = ROWS[name]
    if why := WHY.get(name) or WHY.get(row.op):
        with pytest.raises(Exception, match=why):
            flows_through(row)
    else:
        flows_through(row)


def flows_through(row: Any) -> None:
    """Values and gradients are those of numpy's arrays, and nothing is computed before its time."""
    leaves, plain = ([Tensor(f(x)) for x in row.inputs] for f in (chunked, np.array))
    y, wanted = row.call(*leaves), row.call(*plain)
    assert is_lazy(y.value) == (row.op not in COMPUTED_AT_ONCE)
    close(*computed([y.value]), wanted.value)
    if y.dtype.kind == "f":
        g = np.random.default_rng(1).standard_normal(y.shape)
        gradients = grad(y, leaves, chunked(g))
        for got, gx in zip(computed(gradients), grad(wanted, plain, g)):
            close(got, gx)


# Every reading ----------------------------------------------------------------------------------


class Counted:
    """Rows of numbers, and how often they were asked for."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.shape, self.dtype, self.ndim = x, x.shape, x.dtype, x.ndim
        self.times = 0

    def __getitem__(self, key: Any) -> np.ndarray:
        self.times += 1
        return self.x[key]


@pytest.fixture
def network() -> dict[str, Any]:
    """A loss of chunked data, the same of plain ones, and what they are made of."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    W, V = rng.standard_normal((4, 3)), rng.standard_normal((3, 2))

    def loss(x: Any, t: Any) -> dict[str, Any]:
        leaves = [Tensor(W, name="W"), Tensor(V, name="V")]
        z = (x @ leaves[0]).named("z")
        y = 1 / (1 + np.exp(-(al.relu(z) @ leaves[1])))
        return {"loss": al.mse(y, t), "leaves": leaves, "names": {"x": x, "t": t}}

    source = Counted(x)
    lazy = loss(da.from_array(source, chunks=(3, 4)), chunked(t))
    source.times = 0
    return {"lazy": lazy, "plain": loss(x, t), "source": source}


def test_readings_are_those_of_the_same_values_in_memory(network: dict[str, Any]) -> None:
    lazy, plain = network["lazy"], network["plain"]
    assert is_lazy(lazy["loss"].value)

    def read(given: dict[str, Any], reading: Any) -> str:
        return str(reading(given["loss"], names=given["names"]))

    for reading in (al.derive, al.source):
        assert read(lazy, reading) == read(plain, reading)
    got, wanted = (al.check_grad(its["loss"], its["leaves"]) for its in (lazy, plain))
    assert [(row.name, row.verdict) for row in got.rows] == [
        (row.name, row.verdict) for row in wanted.rows
    ]


def test_the_source_runs(network: dict[str, Any]) -> None:
    lazy, plain = network["lazy"], network["plain"]
    function = al.source(lazy["loss"]).function
    found = function(*(leaf.data for leaf in lazy["leaves"]))
    for got, wanted in zip(found[1:], grad(plain["loss"], plain["leaves"])):
        close(got, wanted)


def test_a_comparison_of_lazy_gradients(network: dict[str, Any]) -> None:
    lazy = network["lazy"]
    W, V = grad(lazy["loss"], lazy["leaves"])
    assert is_lazy(W)
    assert al.compare(lazy["loss"], {"W": W, "V": V}).ok
    report = al.compare(lazy["loss"], {"W": W / 6, "V": V}, names=lazy["names"])
    assert [(row.name, row.step) for row in report.rows] == [("V", "right"), ("W", "wrong")]
    (cause,) = report.causes
    assert cause.name == "W"
    assert "1/6 xᵀ" in str(cause)


def test_values_are_computed_once_and_not_before_they_are_asked_for(
    network: dict[str, Any],
) -> None:
    lazy, source = network["lazy"], network["source"]
    loss = lazy["loss"]
    gradients = grad(loss, lazy["leaves"])
    picture = al.draw(loss, names=lazy["names"]).dot
    assert "(6, 4)" in picture
    assert "x" in picture
    assert "shape=(), op=mse" in repr(loss)
    assert "not computed yet" in loss._repr_html_()
    assert source.times == 0
    al.compare(loss, dict(zip(("W", "V"), gradients)), names=lazy["names"])
    assert source.times == 2  # one chunk after another, each once
    al.derive(loss, names=lazy["names"])
    al.source(loss)
    al.compare(loss, {"W": np.ones((4, 3))})
    assert float(loss) == loss.item() == loss.tolist()
    assert source.times == 2


def test_one_number_is_computed_where_it_is_asked_for(network: dict[str, Any]) -> None:
    loss, wanted = network["lazy"]["loss"], network["plain"]["loss"].item()
    assert loss.item() == pytest.approx(wanted, rel=1e-14)
    assert f"{loss:.6f}" == f"{wanted:.6f}"
    assert bool(loss < wanted + 1)
    assert is_lazy(loss.value)


def test_functions_are_checked_with_lazy_arguments_and_captured_ones() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3))
    captured = chunked(x)
    assert al.check_grad(lambda W: al.tanh(captured @ W).sum(), chunked(x.T)).ok
    hessian = al.func.hessian(lambda w: al.tanh(captured @ w).sum())(x[0])
    plain = al.func.hessian(lambda w: al.tanh(x @ w).sum())(x[0])
    close(*computed([hessian]), plain)


def test_what_a_reading_leaves_is_safe_from_the_source_of_the_data() -> None:
    """A chunk may be a view of the array that it was made of."""
    data = np.ones((2, 2))
    W = Tensor(np.ones((2, 1)))
    loss = (da.from_array(data, chunks=2) @ W).sum()
    settle(loss)
    data[:] = 5
    assert grad(loss, W).tolist() == [[2.0], [2.0]]
    leaf = Tensor(da.ones(3, chunks=2))
    live = leaf.data
    assert is_lazy(live)
    settle((leaf * leaf).sum())
    leaf.data[0] = 7.0
    assert leaf.tolist() == [7.0, 1.0, 1.0]


def test_a_compiled_function_says_what_it_needs() -> None:
    tells(
        lambda: al.compile(lambda x: x * 2)(da.ones(3)),
        TypeError,
        "an array (3,) float64",
        "numpy arrays",
        "convert it",
    )


def test_what_is_not_lazy_is_left_as_it_is() -> None:
    x = np.ones(3)
    assert not is_lazy(x)
    assert computed([x, 2.0])[0] is x
    y = (Tensor(x) * x).sum()
    before = y.saved
    assert settle(y, [x])[0] is x
    assert y.saved == before
