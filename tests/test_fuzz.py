"""The fuzzer finds nothing, can draw every op, and notices what is planted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import random_programs as programs
import rows
from fuzz import CHECKS, failures, fuzz, quiet, shrunk
from random_programs import IDIOMS, RECIPES, Program, generate

import autograd_lite as al

SECONDS = 8


def told(report: Any) -> str:
    return "\n\n".join(str(alike[0]) for alike in report.failures.values())


def test_programs_that_nobody_has_seen() -> None:
    seed = time.time_ns() % 10**9
    print(f"seed {seed}")
    report = fuzz(seed, SECONDS)
    assert not report.failures, f"seed {seed}\n{told(report)}"


def test_programs_that_are_always_the_same() -> None:
    report = fuzz(0, programs=15)
    assert report.programs == 15
    assert not report.failures, told(report)


def test_a_seed_makes_one_program() -> None:
    with quiet():
        assert [str(generate(seed)) for seed in range(9)] == [
            str(generate(seed)) for seed in range(9)
        ]


# What is drawn ----------------------------------------------------------------------------------


@pytest.mark.parametrize("op", al.ops.NAMES)
def test_every_op_is_drawn(op: str) -> None:
    with quiet():
        assert generate(1, op).steps


@pytest.mark.parametrize("template", [*IDIOMS, *(t for ts in RECIPES.values() for t in ts)])
def test_every_recipe_fits_something(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "IDIOMS", [template])
    monkeypatch.setattr(al.ops, "NAMES", ["sin"])
    with quiet():
        assert any(_steps(seed, template) for seed in range(30))


def _steps(seed: int, template: str) -> Any:
    try:
        return generate(seed, template).steps
    except LookupError:  # with these arguments
        return ()


def test_an_op_that_is_added_to_the_catalogue_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    row = rows.Row("arcsinh", np.arcsinh, (np.ones((2, 3)),), np.arcsinh)
    monkeypatch.setitem(rows.ROWS, "arcsinh-0", row)
    monkeypatch.setattr(al.ops, "NAMES", [*al.ops.NAMES, "arcsinh"])
    with quiet():
        assert "ROWS['arcsinh-0']" in generate(2, "arcsinh").steps[0][1]


def test_a_program_runs_by_itself() -> None:
    with quiet():
        for seed in range(20):
            exec(generate(seed).text(1, "f(*args), loss(*args)", "f(*args), loss(*args)"), {})


# What is planted --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def healthy() -> list[Program]:
    """Programs that nothing is wrong with."""
    with quiet():
        drawn = [generate(seed) for seed in range(100, 130)]
    return [program for program in drawn if not failures(program)]


def noticed(found_by: str, drawn: list[Program]) -> bool:
    return any(failures(program, [found_by]) for program in drawn)


def compiled_with(change: Callable[[Any, Any], Any]) -> Any:
    """A compile whose calls are changed, given the call and its arguments."""
    healthy = al.compile

    return lambda fn: change(healthy(fn), {})


def each(change: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: each(change, x) for key, x in tree.items()}
    return (
        type(tree)(each(change, x) for x in tree) if type(tree) in (list, tuple) else change(tree)
    )


def floating(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"


def perturbed(call: Any, _: Any) -> Any:
    return lambda *args: each(lambda x: x * (1 + 1e-9) if floating(x) else x, call(*args))


def narrowed(call: Any, _: Any) -> Any:
    return lambda *args: each(lambda x: x.astype("f4") if floating(x) else x, call(*args))


def stale(call: Any, first: Any) -> Any:
    """Conditions as they were at the first call: the signs of its arguments."""

    def later(*args: Any) -> Any:
        signs = first.setdefault("args", args)
        return call(*(_signed(x, s) for x, s in zip(args, signs)))

    return later


def _signed(x: Any, s: Any) -> Any:
    return np.copysign(x, s) if floating(x) else x


def reused(call: Any, kept: Any) -> Any:
    """Results in the memory of those of the first call."""

    def later(*args: Any) -> Any:
        result = call(*args)
        if type(result) is np.ndarray and result.shape:
            memory = kept.setdefault("memory", result)
            if memory.shape == result.shape:
                memory[...] = result
                return memory
        return result

    return later


def overwriting(call: Any, _: Any) -> Any:
    def later(*args: Any) -> Any:
        result = call(*args)
        for x in args:
            if floating(x) and x.shape:
                x += 1.0
        return result

    return later


def silent(call: Any, _: Any) -> Any:
    """Numbers where there should be an error."""

    def later(*args: Any) -> Any:
        try:
            return call(*args)
        except Exception:
            return 0.0

    return later


def test_numbers_in_the_place_of_an_error_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"x0": "np.array([1.0])"}, {"x0": "np.array([-1.0])"}
    program = Program(0, ("x0",), points, (("v0", "x0[x0 > 0].max()"),), "v0")
    assert not failures(program, ["compiled"])
    monkeypatch.setattr(al, "compile", compiled_with(silent))
    assert noticed("compiled", [program])


PLANTED = {"perturbed": perturbed, "narrowed": narrowed, "stale": stale}
PLANTED |= {"reused": reused, "overwriting": overwriting}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_wrong_compile_is_noticed(
    fault: str, healthy: list[Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(al, "compile", compiled_with(PLANTED[fault]))
    assert noticed("compiled", healthy)


@pytest.mark.parametrize("fault", ["perturbed", "narrowed", "stale"])
def test_wrong_compiled_gradients_are_noticed(
    fault: str, healthy: list[Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(al, "compile", compiled_with(PLANTED[fault]))
    assert noticed("compiled gradients", healthy)


@contextmanager
def factor(op: al.Op, i: int, by: float) -> Iterator[None]:
    """The op with a factor in its VJP for input i."""
    rules = op.vjps
    op.vjps = tuple(
        (lambda *a, r=r, **p: r(*a, **p) * by) if k == i else r for k, r in enumerate(rules)
    )
    try:
        yield
    finally:
        op.vjps = rules


@pytest.mark.parametrize("name", ["multiply", "sum", "tanh", "matmul", "mean"])
def test_a_wrong_rule_is_noticed(name: str) -> None:
    with quiet():
        drawn = [generate(seed, name) for seed in range(200, 212)]
    drawn = [program for program in drawn if not failures(program, ["differences"])]
    with factor(getattr(al, name).op, 0, 1.001):
        assert noticed("differences", drawn)


def test_a_rule_that_is_wrong_on_tensors_only_is_noticed() -> None:
    rules = al.sin.op.vjps
    with quiet():
        drawn = [generate(seed, "sin") for seed in range(0, 90, 3)]
    drawn = [program for program in drawn if not failures(program, ["second differences"])]
    al.sin.op.vjps = (lambda g, y, x: g * np.cos(getattr(x, "value", x)),)
    try:
        assert noticed("second differences", drawn)
    finally:
        al.sin.op.vjps = rules


def test_a_wrong_source_is_noticed(healthy: list[Program], monkeypatch: pytest.MonkeyPatch) -> None:
    right = al.source

    def wrong(*args: Any) -> Any:
        found = right(*args)
        return type(found)(found.text.replace("return (", "return 2 * (").replace(
            "return loss", "return loss + 1e-6"), found.constants)  # fmt: skip

    monkeypatch.setattr(al, "source", wrong)
    assert noticed("source", healthy)


@pytest.mark.parametrize("reading", ["derive", "draw"])
def test_a_reading_that_raises_is_noticed(
    reading: str, healthy: list[Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("planted")

    monkeypatch.setattr(al, reading, broken)
    assert noticed("readings", healthy)


def test_a_wrong_value_on_tensors_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = al.abs.op.forward
    with quiet():
        drawn = [generate(seed, "abs") for seed in range(20)]
    drawn = [program for program in drawn if not failures(program, ["eager"])]
    right = al.Tensor.__abs__
    monkeypatch.setattr(al.Tensor, "__abs__", lambda x: right(x) * 1.0000001)
    monkeypatch.setattr(al, "abs", lambda x: abs(x) if isinstance(x, al.Tensor) else forward(x))
    assert noticed("eager", drawn)


def test_a_failure_is_shrunk_to_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(al, "compile", compiled_with(perturbed))
    with quiet():
        drawn = [generate(seed) for seed in range(300, 306)]
    for program in drawn:
        for failure in failures(program, ["compiled"]):
            short = shrunk(failure)
            assert len(short.program.steps) <= 2
            assert short.check in CHECKS
            assert "g = al.compile(f)" in str(short)
