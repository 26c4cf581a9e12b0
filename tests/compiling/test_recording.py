"""Recording: a function must only compute, and leaves no trace of having been run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import A

import autograd_lite as al
from autograd_lite import Tensor, no_grad

W = Tensor(np.ones(3), name="W")


LOOKING: list[Callable[[Any], Any]] = [
    lambda x: x if x.sum() > 0 else -x,
    lambda x: x * float(x.sum()),
    lambda x: x * int(x.sum()),
    lambda x: x * x.sum().item(),
    lambda x: x * x.data,
    lambda x: x.tolist(),
    lambda x: print(x),
    lambda x: f"{x.sum():.3f}",
    lambda x: max(x.sum(), x.mean()) * x,
    lambda x: list(range(x.argmax())),
    lambda x: (x * W).sum().backward(),
    lambda x: x * W.data,
    lambda x: W.assign(np.zeros(3)),
    lambda x: Tensor(x),
]


@pytest.mark.parametrize("f", LOOKING)
def test_what_looks_at_a_value_names_the_line(f: Callable[[Any], Any]) -> None:
    line = f"{__file__}:{inspect.getsourcelines(f)[1]}, inside a function that is being compiled"
    with pytest.raises(TypeError) as error:
        al.compile(f)(A)
    assert line in str(error.value)
    assert len(str(error.value).split("; ")) >= 3
    assert bool(Tensor(A).sum() > 0)  # values are visible again
    y = Tensor(A)
    assert al.grad((y * y).sum(), y).tolist() == (2 * A).tolist()


@pytest.mark.parametrize(
    "f", [lambda x: np.asarray(x), lambda x: np.array([x.sum(), 1]), lambda x: np.median(x)]
)
def test_numpy_that_would_lose_a_value_is_an_error(f: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="gradient"):
        al.compile(f)(A)


def test_what_is_no_function_of_its_arguments_is_an_error() -> None:
    rng, kept, counter = np.random.default_rng(0), [], iter(range(100))
    running: dict[str, Any] = {"mean": Tensor(0.0)}

    def changes(d: Any) -> Any:
        d["more"] = d["a"] * 2
        return d["more"]

    def keeps(x: Any) -> Any:
        kept.append(x * 2)
        return x

    def averages(x: Any) -> Any:
        with no_grad():
            running["mean"] = 0.9 * running["mean"] + 0.1 * x.mean()
        return x * 2

    for f in (
        lambda x: x + rng.standard_normal(x.shape),
        lambda x: x + 1e-11 * rng.standard_normal(x.shape),
        lambda x: x + np.random.standard_normal(x.shape),  # noqa: NPY002
        lambda x: x * next(counter),
    ):
        with pytest.raises(RuntimeError, match="two results for the same arguments"):
            al.compile(f)(A)
    for f in (keeps, averages):
        with pytest.raises(RuntimeError, match="keeps what it computed"):
            al.compile(f)(A)
    with pytest.raises(TypeError, match="changed a list or dict"):
        al.compile(changes)({"a": A})
    for f in (lambda x: {x}, lambda x: iter([x]), lambda x: (x, object())):
        with pytest.raises(TypeError, match="compiled function returned"):
            al.compile(f)(A)


def test_generators_are_as_they_were_after_an_error() -> None:
    rng = np.random.default_rng(0)

    def f(x: Any) -> Any:
        y = al.dropout(x, p=0.5, rng=rng)
        return y if y.sum() > 0 else x

    with pytest.raises(TypeError, match="asked for"):
        al.compile(f)(A)
    assert rng.random() == np.random.default_rng(0).random()
