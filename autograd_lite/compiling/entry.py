"""How a compiled function takes its arguments apart, refuses others, and returns its results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from dis import get_instructions
from functools import cache, partial
from inspect import signature
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ..graph import Node, ndarray
from ..mode import is_of_library
from ..trees import held
from .recording import Recording
from .scope import Scope

MISS = object()  # what a straight-line function returns for arguments that it is not for
PLAIN = (bool, int, float, str, np.generic, type(None))  # told apart by their value


@dataclass(frozen=True)
class Entry:
    """The `parameters` of a function, and the `lines` that take them apart and refuse others.

    `names` of the nodes that stand for arrays; `staying`, those of arguments whose arrays stay;
    `wholes`, by the name of such an argument in the lines, its position, where it is a tuple.
    """

    parameters: list[str]
    lines: list[str]
    names: dict[Node, str]
    staying: list[Node]
    wholes: dict[str, int]


def enter(scope: Scope, recording: Recording) -> Entry:
    """The entry of a function as it was recorded."""
    names = _parameters(recording.fn, len(recording.args))
    entry = Entry([scope.spelled(name) for name in names], [], {}, [], {})
    writer = _Writer(scope, entry)
    for i, (name, tree) in enumerate(zip(entry.parameters, recording.arguments)):
        if i in recording.in_place and _is_fixed(tree):
            writer.stays(name, tree, i)
        else:
            writer.apart(name, tree, i in recording.in_place)
    for place, key, value in surroundings(recording.fn):
        holder = scope.object(place)
        now = f"{holder}[{key!r}]" if isinstance(place, dict) else f"{holder}.cell_contents"
        if isinstance(value, PLAIN):
            writer.refuse_others(now, value)
        else:
            writer.refuse(f"{now} is not {scope.object(value)}")
    return entry


class _Writer:
    """Writes the lines of an entry."""

    def __init__(self, scope: Scope, entry: Entry) -> None:
        self.scope = scope
        self.entry = entry

    def refuse(self, condition: str) -> None:
        self.entry.lines.append(f"if {condition}: return {self.scope.object(MISS, 'MISS')}")

    def stays(self, name: str, tree: Any, position: int) -> None:
        """An argument that stays. Of a tuple it is enough to see that it is the same one."""
        if isinstance(tree, Node):
            self._same_array(name, tree)
            return
        before = self.scope.spelled(f"{name}_0")
        self.entry.wholes[before] = position
        self.refuse(f"{name} is not {before}")
        for part in held(tree):
            self.entry.names[part] = self.scope.spelled(f"{name}_part")
            self.entry.staying.append(part)

    def _same_array(self, name: str, node: Node) -> None:
        """An array that stays is known by a name of its own, which the views look at."""
        before = self.entry.names[node] = self.scope.spelled(f"{name}_0")
        self.entry.staying.append(node)
        self.refuse(f"{name} is not {before}")

    def apart(self, name: str, x: Any, stays: bool) -> None:
        """Take a value apart, and refuse one of another kind."""
        if isinstance(x, Node) and stays:
            self._same_array(name, x)
        elif isinstance(x, Node):
            self.entry.names[x] = name
            kind = f"type({name}) is not {self.scope.object(ndarray, 'ndarray')}"
            if not x.shape:
                kind += f" and type({name}) is not {self.scope.object(x.dtype.type)}"
            dtype = self.scope.object(x.dtype)
            other = f"{name}.dtype is not {dtype} and {name}.dtype != {dtype}"
            self.refuse(f"{kind} or {name}.shape != {x.shape} or {other}")
        elif isinstance(x, (dict, list, tuple)):
            self.refuse(f"type({name}) is not {self.scope.object(type(x))}")
            if isinstance(x, dict):
                self.refuse(f"[*{name}] != {self.scope.bind([*x])}")  # fn may go by the order
            else:
                self.refuse(f"len({name}) != {len(x)}")
            for key in x if isinstance(x, dict) else range(len(x)):
                inner = self.scope.spelled(f"{name}_{key}")
                self.entry.lines.append(f"{inner} = {name}[{self.scope.object(key)}]")
                self.apart(inner, x[key], stays)
        else:
            self.refuse_others(name, x)

    def refuse_others(self, name: str, x: Any) -> None:
        """Refuse what is not the same number, string or None."""
        kind = f"type({name}) is not {self.scope.object(type(x))}"
        if isinstance(x, float) and not (x < 0 or x > 0):  # 0.0 == -0.0, and NaN is not itself
            self.refuse(f"{kind} or {name}.hex() != {float(x).hex()!r}")
        elif isinstance(x, np.generic):
            self.refuse(f"{kind} or repr({name}) != {repr(x)!r}")
        else:
            self.refuse(f"{kind} or {name} != {self.scope.object(x)}")


def returned(scope: Scope, entry: Entry, recording: Recording, texts: Iterator[str]) -> str:
    """The expression for results of which each array is a text; updated arguments themselves."""
    result, in_place = recording.result, recording.in_place
    if not in_place:
        return _rebuilt(scope, result, texts)
    updated = [entry.parameters[i] for i in in_place]
    if not isinstance(result, tuple):
        return updated[0]
    for _ in held(result[: len(updated)]):
        next(texts)
    others = [_rebuilt(scope, x, texts) for x in result[len(updated) :]]
    return f"({', '.join([*updated, *others])},)"


def _rebuilt(scope: Scope, tree: Any, texts: Iterator[str]) -> str:
    if isinstance(tree, dict):
        pairs = (f"{scope.object(k)}: {_rebuilt(scope, x, texts)}" for k, x in tree.items())
        built = f"{{{', '.join(pairs)}}}"
        return built if type(tree) is dict else f"{scope.bind(_filler(tree))}({built})"
    if isinstance(tree, (list, tuple)):
        inner = ", ".join(_rebuilt(scope, x, texts) for x in tree)
        if type(tree) is list:
            return f"[{inner}]"
        if type(tree) is tuple:
            return f"({inner}{',' if len(tree) == 1 else ''})"
        made = f"{inner}" if hasattr(tree, "_fields") else f"[{inner}]"
        return f"{scope.object(type(tree))}({made})"
    return next(texts)


def _filler(like: dict[Any, Any]) -> Callable[[dict[Any, Any]], dict[Any, Any]]:
    """A function that fills dicts of a class of their own, such as a defaultdict."""
    empty = copy(like)
    empty.clear()
    return partial(_filled, empty)


def _filled(empty: dict[Any, Any], items: dict[Any, Any]) -> dict[Any, Any]:
    new = copy(empty)
    new.update(items)
    return new


def surroundings(fn: Callable[..., Any]) -> Iterator[tuple[Any, str, Any]]:
    """The plain values and arrays that a function itself, and what it wraps, name from outside.

    Each with where it is, a cell of a closure or a module's dict, and its name.
    """
    inner: Any = fn
    while inner is not None:
        f = getattr(inner, "func", inner)  # of a partial
        f = getattr(f, "__func__", f)  # of a method
        inner = getattr(f, "__wrapped__", None)
        if isinstance(f, FunctionType) and not is_of_library(f.__globals__):
            yield from (x for x in _read_by(f) if isinstance(x[2], (*PLAIN, ndarray, Node)))


def _read_by(f: FunctionType) -> Iterator[tuple[Any, str, Any]]:
    cells, names = zip(f.__code__.co_freevars, f.__closure__ or ()), f.__globals__
    yield from ((c, name, c.cell_contents) for name, c in cells if _is_set(c))
    yield from ((names, name, names[name]) for name in _named(f.__code__) if name in names)


@cache
def _named(code: CodeType) -> list[str]:
    """The global names that code reads, also in the functions within it."""
    names = [x.argval for x in get_instructions(code) if x.opname == "LOAD_GLOBAL"]
    within = (x for x in code.co_consts if isinstance(x, CodeType))
    return [*dict.fromkeys((*names, *(name for inner in within for name in _named(inner))))]


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _parameters(fn: Callable[..., Any], n: int) -> list[str]:
    """What a function calls its first n arguments."""
    try:
        given = signature(fn).parameters.values()
        known = [p.name for p in given if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        known = []
    return [*known[:n], *(f"arg{i}" for i in range(len(known), n))]


def _is_fixed(tree: Any) -> bool:
    """Is it an array, or tuples of arrays?"""
    return isinstance(tree, Node) or (type(tree) is tuple and all(map(_is_fixed, tree)))
