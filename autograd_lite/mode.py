"""What calling an op does, where that differs from the usual: in the current thread or task."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, NoReturn


class Trace:
    """What a function uses and computes while it is being compiled.

    `arrays`: by the ids of arrays of its surroundings that it handed to ops, the constants that
    stand for these; `stand_for`, the arrays of all leaves that stand for one. `generators`: by
    their ids, random generators with their states before the first draw. `nodes`: all that it
    recorded, in order, whether or not a result is computed from it. `rules`: give the pullback for
    a sweep, of its nodes and of what gradients are asked for; None: as usual.
    """

    def __init__(self, rules: Any = None) -> None:
        self.rules = rules
        self.arrays: dict[int, Any] = {}
        self.stand_for: dict[Any, Any] = {}
        self.generators: dict[int, tuple[Any, Any]] = {}
        self.nodes: list[Any] = []


class Mode(NamedTuple):
    """What calling an op does.

    `recording`: whether gradients are to pass. `trace`: of the function that is being compiled;
    None outside `compile`. `leaves`: for leaves, the nodes that are used in their place.
    """

    recording: bool = True
    trace: Trace | None = None
    leaves: Mapping[Any, Any] = {}


# None, the usual: ops record, and values may be looked at.
mode: ContextVar[Mode | None] = ContextVar("mode", default=None)


@contextmanager
def in_mode(**changes: Any) -> Iterator[None]:
    """The mode of the current thread or task with these changes, until the end of the block."""
    changed = (mode.get() or Mode())._replace(**changes)
    token = mode.set(None if changed == Mode() else changed)
    try:
        yield
    finally:
        mode.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: inside, the result of an op is a leaf, and a constant.

    A context manager and a decorator. It nests, survives exceptions, and holds for the current
    thread (or asyncio task) only.

    >>> from autograd_lite import Tensor, no_grad
    >>> W = Tensor([1.0, 2.0])
    >>> with no_grad():
    ...     y = W * 2
    >>> y.op is None, y.constant
    (True, True)
    """
    with in_mode(recording=False):
        yield


def tracing() -> bool:
    """Is this inside a function that is being compiled?"""
    return (now := mode.get()) is not None and now.trace is not None


def untraceable(given: str) -> NoReturn:
    """Raise TypeError for what a function that is being compiled cannot do, naming its line."""
    frame = sys._getframe(1)
    while frame.f_back and is_of_library(frame.f_globals):
        frame = frame.f_back
    raise TypeError(
        f"{given} at {frame.f_code.co_filename}:{frame.f_lineno}, inside a function that is being "
        "compiled; what it computes must not hang on values, for they change from call to call; "
        "write it with ops (where for a branch), return what is needed, or do it outside"
    )


def library(package: str) -> None:
    """Say that the lines of a package are not the user's: an error names the line that called it.

    >>> library("my_layers")
    """
    _libraries.add(package)


def is_of_library(names: Mapping[str, Any]) -> bool:
    """Are these the globals of a module whose lines are not the user's?"""
    return str(names.get("__name__", "")).split(".")[0] in _libraries


_libraries = {__package__}
