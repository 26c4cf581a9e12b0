"""Recording what a function does with arguments of certain shapes, and what it gives."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import ref

import numpy as np

from ..graph import Node, describe, frozen, leaf, ndarray, next_number, plain
from ..mode import Trace, in_mode
from ..op import rewind
from ..tensor import Tensor
from ..terms import Passed, Rules
from ..trees import held, mapped

T = TypeVar("T")


@dataclass(frozen=True)
class Recording:
    """What `fn` did with `args`: its `result`, of `arguments`, trees with nodes in their place.

    `in_place`: the positions of arguments that are to be overwritten with the first results.
    `trace`: what it used and computed; the nodes with a larger number than `start` are its own.
    `values`: what it gave.
    """

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    in_place: tuple[int, ...]
    arguments: tuple[Any, ...]
    result: Any
    trace: Trace
    start: int
    values: list[Any]


def record(
    fn: Callable[..., Any], args: tuple[Any, ...], in_place: tuple[int, ...] = ()
) -> Recording:
    """Run `fn` on nodes in the place of its arguments; generators are set back to where they were.

    Raises RuntimeError if a second run shows that fn does not only compute, ValueError for a
    position that no argument has.
    """
    if in_place and max(in_place) >= len(args):
        raise ValueError(
            f"in_place is {in_place} and {len(args)} arguments were given; positions of "
            "arguments are needed; give them, by position"
        )
    return with_rules(lambda rules: _record(fn, args, in_place, rules))


def _record(
    fn: Callable[..., Any], args: tuple[Any, ...], in_place: tuple[int, ...], rules: Rules | None
) -> Recording:
    trace, start = Trace(rules), next_number()
    arguments = mapped(entered, args)
    try:
        result = run_on(fn, arguments, trace)
        _set_back(trace)
        values = [_checked(x) for x in held(result)]
        _check_pure(fn, args, values, rules is not None and rules.used)
    finally:
        _set_back(trace)
    return Recording(fn, args, in_place, arguments, result, trace, start, values)


def with_rules(run: Callable[[Rules | None], T]) -> T:
    """What is run with the rules of formulas; without, if one of them is in the way of another."""
    try:
        return run(Rules())
    except Passed:
        return run(None)


def given_by(fn: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """What `fn` gives, run op by op; generators are set back to where they were."""

    def run(rules: Rules | None) -> list[Any]:
        trace = Trace(rules)
        try:
            return [_checked(x) for x in held(run_on(fn, mapped(entered, args), trace))]
        finally:
            _set_back(trace)

    return with_rules(run)


def run_on(fn: Callable[..., Any], arguments: Any, trace: Trace) -> Any:
    """What `fn` gives when it is traced."""
    given = mapped(lambda x: x, arguments)  # lists and dicts of its own
    with in_mode(recording=True, trace=trace, leaves={}):
        result = fn(*given)
    if mapped(id, given) != mapped(id, arguments):
        raise TypeError(
            f"{name_of(fn)} changed a list or dict that it was given; a compiled function only "
            "computes results; copy it first, and return the copy"
        )
    return result


def _check_pure(
    fn: Callable[..., Any], args: tuple[Any, ...], values: list[Any], ruled: bool
) -> None:
    """Run it once more: RuntimeError if that shows that it does not only compute.

    ruled: whether formulas had other rules than those of what was written, which this run takes:
    then it must agree to half of the digits, wherever that comes to a finite number.
    """
    arguments = mapped(entered, args)
    again = run_on(fn, arguments, Trace())
    scale = max(map(largest, [1.0, *held(args), *values]))

    def alike(x: Any, y: Any) -> bool:
        if not ruled or not eps(x) or np.shape(x) != np.shape(y):
            return agree(x, y, 8 * eps(x))
        y = np.where(np.isfinite(y), y, x)
        return agree(x, y, np.sqrt(eps(x)), 1e3 * eps(x) * scale)

    if not all(alike(x, value_of(y)) for x, y in zip(values, held(again))):
        raise RuntimeError(
            f"{name_of(fn)} gave two results for the same arguments; one is needed, for it runs "
            "as it was traced; draw random numbers with dropout, or pass what changes"
        )
    alive = [ref(x) for x in held(arguments) if isinstance(x, Node)]
    del arguments, again
    if any(x() is not None for x in alive):
        gc.collect()
    if any(x() is not None for x in alive):
        raise RuntimeError(
            f"{name_of(fn)} keeps what it computed from its arguments; it is not run again by "
            "later calls, and would keep that for good; return it instead"
        )


def _set_back(trace: Trace) -> None:
    for generator, state in trace.generators.values():
        rewind(generator, state)


def entered(x: Any) -> Any:
    """A node for an array; what is part of the function as it is."""
    if isinstance(x, (ndarray, np.generic)) and x.dtype.kind in "fiub":
        return leaf(Tensor, frozen(x))
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    raise TypeError(
        f"a compiled function got {describe(x)}; numpy arrays of real numbers are needed, also in "
        "lists, tuples and dicts, or numbers and strings; convert it, or have it captured"
    )


def staying(args: tuple[Any, ...], in_place: tuple[int, ...]) -> list[Any]:
    """The arrays of the arguments that are updated in place, or the nodes in their place."""
    return [x for i in sorted(in_place) for x in held(args[i])]


def with_plain_arrays(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments with plain arrays for those of a subclass of ndarray; as they are if all are."""

    def is_other(x: Any) -> bool:
        return isinstance(x, ndarray) and type(x) is not ndarray

    if not any(map(is_other, held(args))):
        return args
    changed: tuple[Any, ...] = mapped(lambda x: plain(x) if is_other(x) else x, args)
    return changed


def _checked(x: Any) -> Any:
    """A result as an array or a number; TypeError for what may hide arrays."""
    if isinstance(x, (Node, ndarray, np.generic, bool, int, float, str, type(None))):
        return value_of(x)
    raise TypeError(
        f"a compiled function returned {describe(x)}; arrays are needed, also in lists, tuples and "
        "dicts, or numbers, strings and None; return these"
    )


def value_of(x: Any) -> Any:
    """A result as an array or a number."""
    return x._array if isinstance(x, Node) else x


def name_of(fn: Any) -> str:
    """What a function is called in errors."""
    return getattr(fn, "__name__", "the function")


def eps(x: Any) -> float:
    """The rounding of numbers of this dtype."""
    dtype = getattr(x, "dtype", None)
    return float(np.finfo(dtype).eps) if dtype is not None and dtype.kind == "f" else 0.0


def largest(x: Any) -> float:
    """The largest finite element."""
    if not isinstance(x, (ndarray, np.generic)) or x.dtype.kind != "f":
        return 0.0
    return float(np.max(np.abs(x), initial=0, where=np.isfinite(x)))


def agree(x: Any, expected: Any, share: float, noise: float = 0.0) -> bool:
    """Are two results the same, to a share of the largest element and some rounding?"""
    if not hasattr(expected, "dtype"):
        return bool(x == expected or (x != x and expected != expected))
    if np.shape(x) != expected.shape or getattr(x, "dtype", None) != expected.dtype:
        return False
    if expected.dtype.kind != "f":
        return bool(np.array_equal(x, expected))
    tolerance = share * largest(expected) + noise
    return bool(np.allclose(x, expected, rtol=0, atol=tolerance, equal_nan=True))
