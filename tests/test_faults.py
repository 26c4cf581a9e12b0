"""The laws notice what they are for: faults are planted, and every one must be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import pytest
from rows import ROWS, Row
from test_ops import (
    FLOATING,
    has_gradient,
    has_second_derivatives,
    has_value,
    keeps_dtypes,
    records_its_gradient,
    writes_to_nothing,
)

import autograd_lite as al
from autograd_lite import Op, Tensor, reverse

Rule = Callable[..., Any]
Law = Callable[[Row], None]


def noticed(law: Law, op: str) -> bool:
    """Does the law fail for one of the op's rows?"""
    for name in FLOATING:
        if ROWS[name].op == op:
            try:
                law(ROWS[name])
            except AssertionError:
                return True
    return False


@contextmanager
def planted(op: Op, i: int, fault: Callable[[Rule], Rule]) -> Iterator[None]:
    """The op with a fault in its rule for input `i`."""
    healthy = op.vjps
    rules = rules_of(op)
    rules[i] = fault(rules[i])
    op.vjps = tuple(rules)
    try:
        yield
    finally:
        op.vjps = healthy


def rules_of(op: Op) -> list[Rule]:
    """A rule for each input; of an op with any number of inputs, for its first 3."""
    return list(islice(op.vjps, 3))


PLACES = [
    (name, i)
    for name in al.ops.NAMES
    if hasattr(getattr(al, name), "op")
    for i, rule in enumerate(rules_of(getattr(al, name).op))
    if rule
]


def test_the_places_are_all_rules() -> None:
    assert len(PLACES) >= 60
    assert {"matmul", "where", "join", "getitem", "cross_entropy"} <= {name for name, _ in PLACES}


# Faults in one rule -----------------------------------------------------------------------------


def changed(change: Callable[[Any], Any]) -> Callable[[Rule], Rule]:
    """A fault in what a rule returns."""
    return lambda rule: lambda *args, **params: change(rule(*args, **params))


def ignore_cotangent(rule: Rule) -> Rule:
    """What a test with `.sum()` as the loss cannot see."""

    def wrong(*args: Any, **params: Any) -> Any:
        place = int(isinstance(args[0], int))  # a rule for any number of inputs is told which
        g = np.ones_like(args[place])
        return rule(*args[:place], g, *args[place + 1 :], **params)

    return wrong


FAULTS: dict[str, Callable[[Rule], Rule]] = {
    "zero": changed(lambda g: g * 0),
    "sign": changed(lambda g: -g),
    "factor 1.001": changed(lambda g: g * 1.001),
    "off by 1e-7": changed(lambda g: g + 1e-7),
    "rounded through float32": changed(lambda g: g.astype(np.float32).astype(g.dtype)),
    "ignores its cotangent": ignore_cotangent,
}


@pytest.mark.parametrize(("name", "i"), PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_rule_is_noticed(fault: str, name: str, i: int) -> None:
    with planted(getattr(al, name).op, i, FAULTS[fault]):
        assert noticed(has_gradient, name)


@pytest.mark.parametrize(("name", "i"), PLACES)
def test_a_rule_that_is_wrong_on_tensors_only_is_noticed(name: str, i: int) -> None:
    fault = changed(lambda g: g * 1.001 if isinstance(g, Tensor) else g)
    with planted(getattr(al, name).op, i, fault):
        assert noticed(records_its_gradient, name) or noticed(has_second_derivatives, name)


def detached(rule: Rule) -> Rule:
    """The right value, of which the graph does not know how it depends on the inputs."""

    def wrong(g: Any, *args: Any, **params: Any) -> Any:
        return rule(g, *(a.value if isinstance(a, Tensor) else a for a in args), **params)

    return wrong


def is_curved(op: str) -> bool:
    """Does a formula of the op's rows bend? Then its rule hangs on the inputs."""
    rng = np.random.default_rng(0)
    for row in (ROWS[name] for name in FLOATING if ROWS[name].op == op):
        step = [1e-3 * rng.standard_normal(x.shape) for x in row.inputs]
        ahead, here, behind = (
            np.asarray(row.formula(*(x + k * d for x, d in zip(row.inputs, step))), float)
            for k in (1, 0, -1)
        )
        if np.abs(ahead - 2 * here + behind).max(initial=0) > 1e-9:
            return True
    return False


CURVED = sorted(name for name in {name for name, _ in PLACES} if is_curved(name))


def test_the_curved_ones_are_many() -> None:
    assert {"multiply", "matmul", "sigmoid", "logsumexp", "mse", "var"} <= {*CURVED}
    assert not {"add", "where", "getitem", "sum"} & {*CURVED}


@pytest.mark.parametrize("name", CURVED)
def test_a_wrong_second_derivative_is_noticed(name: str) -> None:
    with planted(getattr(al, name).op, 0, detached):
        assert not noticed(has_gradient, name)
        assert noticed(has_second_derivatives, name)


# Faults between the rules -----------------------------------------------------------------------


def test_a_lost_fan_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later cotangent of a node overwrites the earlier ones."""
    arguments = reverse.sweep.__kwdefaults__
    monkeypatch.setitem(arguments, "accumulate", lambda x, before, gx: gx)
    assert noticed(has_gradient, "matmul")  # a @ a
    assert noticed(has_gradient, "power")  # x ** x
    assert noticed(has_gradient, "concatenate")  # [a, a, b]
    assert noticed(has_gradient, "where")  # x and x / 2


def test_an_overwritten_index_is_noticed() -> None:
    def overwriting(rule: Rule) -> Rule:
        def wrong(g: Any, y: Any, x: Any, *arrays: Any, key: Any) -> Any:
            gx = np.zeros(x.shape)
            places = np.arange(x.size).reshape(x.shape)
            gx.flat[al.getitem(places, *arrays, key=key)] = g
            return gx

        return wrong

    with planted(al.getitem.op, 0, overwriting):
        assert noticed(has_gradient, "index")
        assert noticed(has_gradient, "getitem")


BROADCASTING = ["add", "subtract", "multiply", "divide", "power", "maximum", "where", "matmul"]


@pytest.mark.parametrize("name", BROADCASTING)
@pytest.mark.parametrize("fault", ["averaged", "the first only", "widened"])
def test_a_wrong_sum_over_broadcast_axes_is_noticed(
    fault: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = reverse.unbroadcast

    def wrong(g: Any, value: Any, op: Op) -> Any:
        fitted = healthy(g, value, op)
        if g.size == value.size or not value.size:
            return fitted
        if fault == "averaged":
            return fitted * (value.size / g.size)
        if fault == "the first only":
            return np.ravel(g)[: value.size].reshape(value.shape)
        return g

    monkeypatch.setattr(reverse, "unbroadcast", wrong)
    assert noticed(has_gradient, name)


@pytest.mark.parametrize("name", BROADCASTING)
def test_a_wrong_dtype_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = reverse.unbroadcast
    monkeypatch.setattr(reverse, "unbroadcast", lambda g, *rest: healthy(g, *rest).astype(g.dtype))
    assert noticed(keeps_dtypes, name)


def test_a_rule_that_writes_to_its_cotangent_is_noticed() -> None:
    def in_place(rule: Rule) -> Rule:
        def wrong(g: Any, y: Any, a: Any, b: Any) -> Any:
            if np.ndim(g) == 0:
                return g * b
            g *= b
            return g

        return wrong

    with planted(al.multiply.op, 0, in_place):
        assert noticed(has_gradient, "multiply")


# Faults in a value ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FLOATING if name.endswith("-0")])
def test_a_wrong_value_is_noticed(name: str) -> None:
    row = ROWS[name]
    for wrong in (
        lambda *xs: row.call(*xs) + 1e-9,
        lambda *xs: row.call(*xs) * np.float64(1.001),
        lambda *xs: row.call(*xs).reshape(1, *row.call(*xs).shape),
    ):
        with pytest.raises(AssertionError):
            has_value(row._replace(call=wrong))


def test_writing_to_an_input_is_noticed() -> None:
    def call(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            x *= 2
        return x * 1.0

    with pytest.raises(AssertionError):
        writes_to_nothing(Row("writes", call, (np.ones(2),), lambda x: x))
