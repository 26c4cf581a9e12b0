"""Sums of arrays that are 0 but for some places: put together, in the text and in the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import array
from readback import gradients
from test_derivation import reads_back
from test_program import lines as source_lines
from test_program import reproduces

from autograd_lite import Tensor, derive, greater, scatter, source
from autograd_lite.reading.places import PUT, gathered, pieces_of
from autograd_lite.reading.steps import recorded

AGAIN, MASK = np.array([2, 0, 2]), np.array([True, False, True, False])

# What is written of the gradient of an expression of x, four rows of two.
WRITTEN: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "rows": (
        lambda x: (x[0] * x[1] - x[0] + x[1] ** 2).sum(),
        ["∂loss/∂x[0] = x[1] − 1", "∂loss/∂x[1] = x[0] + 2 x[1]", "∂loss/∂x = 0 elsewhere"],
    ),
    "all of them": (
        lambda x: (x[2:] * 3 + x[:2] * 5).sum(),
        ["∂loss/∂x[2:] = 3", "∂loss/∂x[:2] = 5"],
    ),
    "from the end": (
        lambda x: (x[-1] + 2 * x[3]).sum(),
        ["∂loss/∂x[3] = 3", "∂loss/∂x = 0 elsewhere"],
    ),
    "overlapping": (
        lambda x: (x[:3] * 2 + x[1:]).sum(),
        ["∂loss/∂x[:3] += 2", "∂loss/∂x[1:] += 1"],
    ),
    "and the whole": (
        lambda x: (x * x).sum() + x[1, 1],
        ["∂loss/∂x = 2 x", "∂loss/∂x[1, 1] += 1"],
    ),
    "and the whole, of numbers": (
        lambda x: 5 * x.sum() + x[1, 1],
        ["∂loss/∂x = 5", "∂loss/∂x[1, 1] += 1"],
    ),
    "a row that is taken again": (
        lambda x: (x[AGAIN] ** 2).sum(),
        ["∂loss/∂x[AGAIN] += d_h1", "∂loss/∂x = 0 elsewhere"],
    ),
    "a mask": (
        lambda x: (x[MASK] ** 2).sum(),
        ["∂loss/∂x[MASK] = d_h1", "∂loss/∂x = 0 elsewhere"],
    ),
    "one value in many places": (
        lambda x: x[1:].sum(axis=0) @ np.array([2.0, 3.0]),
        ["∂loss/∂x[1:] = c1", "∂loss/∂x = 0 elsewhere"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_stands_at_each_place_has_a_line(name: str) -> None:
    f, wanted = WRITTEN[name]
    x = Tensor(array(4, 2), name="x")
    names = {"x": x, "AGAIN": AGAIN, "MASK": MASK}
    assert gradients(derive(f(x), names=names)) == wanted
    reads_back(f(x), [x], names)
    reproduces(f, x.data)
    reproduces(f, x.data.astype("f4"))


def test_the_source_makes_one_array() -> None:
    k, image = Tensor(array(2), name="k"), array(3)
    y = k[0] * image[:2] + k[1] * image[1:]
    text = source_lines(source((y * y).sum()))
    assert text[-3:] == [
        "d_k = np.zeros(2)",
        "d_k[0] = (d_h1 * c1).sum()",
        "d_k[1] = (d_h1 * c2).sum()",
    ]


def test_the_source_adds_in_place() -> None:
    x = Tensor(array(4).astype("f4"), name="x")
    names = {"AGAIN": AGAIN}
    text = source_lines(source((x[:3] * x[1:] * x[AGAIN]).sum(), names=names))
    assert text[-4] == "d_x = np.zeros(4, np.float32)"
    assert [line.split("= ")[0] for line in text[-3:-1]] == ["d_x[:3] +", "d_x[1:] +"]
    assert text[-1].startswith("np.add.at(d_x, AGAIN, ")


def test_a_base_is_copied_before_it_is_added_to() -> None:
    def f(x: Any) -> Any:
        y = x * x
        return (y * x).sum() + y[0] * 3 + y[1]

    s = reproduces(f, array(3))
    assert "x0.copy()" in str(s)


def test_what_another_needs_is_not_taken_apart() -> None:
    """The cotangent of y is one array: x and z need it."""
    x, z = Tensor(array(3), name="x"), Tensor(array(3), name="z")
    y = (x * z).named("y")
    loss = y[0] * y[1] + y[1] ** 2
    text = derive(loss)
    assert gradients(text) == ["∂loss/∂x = d_y ⊙ z", "∂loss/∂z = d_y ⊙ x"]
    reads_back(loss, [x, z], {"x": x, "z": z})
    reproduces(lambda x, z: (lambda y: y[0] * y[1] + y[1] ** 2)(x * z), x.data, z.data)


def test_long_sums_are_put_together_in_linear_time() -> None:
    x = Tensor(array(2000), name="x")
    loss = sum(x[i] * x[i] for i in range(2000))
    text = gradients(derive(loss))
    assert text == ["∂loss/∂x[t] = 2 x[t] t = 0 … 1999"]


def test_the_pieces_of_a_term() -> None:
    x = Tensor(array(4, 2), name="x")
    r = gathered(recorded((x[1] * 2).sum() + x[:, 0].sum(), None, None))
    ((_, slope),) = r.gradients
    assert slope.op is PUT
    base, pieces, whole = pieces_of(slope)
    assert base is None
    assert not whole
    assert [(piece.key, piece.value, piece.shape) for piece in pieces] == [
        ((1,), 2.0, (2,)),
        ((slice(None), 0), 1.0, (4,)),
    ]
    assert slope.params["added"]


def test_a_value_without_axes_has_no_places() -> None:
    x = Tensor(np.array(1.5), name="x")
    loss = np.maximum(x, x) + (0.7 * x[x > 0]).sum()
    assert source(loss).function(x.data)[1] == 1.7
    assert "∂loss/∂x" in str(derive(loss))


def test_a_number_subtracted_from_places() -> None:
    """As in the exponent of a power's derivative."""
    x, t = Tensor(array(2, 3), name="x"), Tensor(array(2, 1) + 3, name="t")
    places = scatter(greater(x, 0), key=(..., slice(None, None, -1)), shape=(2, 3))
    loss = (t**places).sum()
    loss.backward()
    expected = (x.data > 0).sum(1, keepdims=True)  # t ** 1 or t ** 0
    np.testing.assert_allclose(t.grad, expected, rtol=1e-12)
    assert "∂loss/∂t" in str(derive(loss))
