"""What the passes keep outside of their arguments, in modules, closures and classes: put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..op import GENERATORS, rewind, state_of
from .code import Code, names_in

MOST = 1_000_000  # numbers of an array that is put back
PLAIN = (str, bytes, int, float, complex, bool, type(None), np.generic, ModuleType, FunctionType)
ABSENT = object()


class World:
    """The variables that some code names and that are none of its own, and what they hold.

    `restore` puts them back, and all that they hold: dicts, lists, arrays, random generators, and
    objects of the user's classes; so does the end of a block `with` it. `changed` tells whether
    anything but a generator is otherwise.
    """

    def __init__(self, code: Code, others: Iterable[Any]) -> None:
        functions = [f for unit in code.units.values() for f, _ in unit.live]
        classes = dict.fromkeys(x if isinstance(x, type) else type(x) for x in others)
        self._bound = [*_variables(functions), *_attributes(classes)]
        self._theirs = {f.__module__ for f in functions}
        self._values = [_get(holder, name) for holder, name in self._bound]
        self._held = [*self._reached(self._values)]
        self._contents = [_content(x) for x in self._held]

    def __enter__(self) -> World:
        return self

    def __exit__(self, *error: Any) -> None:
        self.restore()

    @property
    def changed(self) -> bool:
        """Is anything otherwise than at first?"""
        return any(
            _get(holder, name) is not value
            for (holder, name), value in zip(self._bound, self._values)
        ) or any(
            not _same(_content(x), before)
            for x, before in zip(self._held, self._contents)
            if not isinstance(x, GENERATORS)
        )

    def restore(self) -> None:
        """Put everything back."""
        for (holder, name), value in zip(self._bound, self._values):
            if _get(holder, name) is not value:
                _put(holder, name, value)
        for x, before in zip(self._held, self._contents):
            _refill(x, before)

    def _reached(self, values: Iterable[Any]) -> Iterator[Any]:
        """What holds something, from these values on, each once."""
        pending, known = [*values], set()
        for x in pending:
            if id(x) in known or isinstance(x, PLAIN) or x is ABSENT:
                continue
            known.add(id(x))
            content = _content(x) if self._is_held(x) else None
            if content is None:
                continue
            yield x
            if isinstance(content, (dict, list, set)):
                pending += content.values() if isinstance(content, dict) else content

    def _is_held(self, x: Any) -> bool:
        if isinstance(x, np.ndarray):
            return x.size <= MOST and x.flags.writeable
        known = isinstance(x, (dict, list, set, *GENERATORS))
        return known or (hasattr(x, "__dict__") and type(x).__module__ in self._theirs)


def _variables(functions: Iterable[FunctionType]) -> Iterator[tuple[Any, str]]:
    """The globals and the cells that functions name, where they are no functions or modules."""
    known: set[Any] = set()
    for f in functions:
        for name in dict.fromkeys(names_in(f.__code__)):
            value = f.__globals__.get(name, ABSENT)
            key = id(f.__globals__), name
            if key not in known and not (callable(value) or isinstance(value, ModuleType)):
                known.add(key)
                yield f.__globals__, name
        for cell in f.__closure__ or ():
            if id(cell) not in known and not callable(_get(cell, "")):
                known.add(id(cell))
                yield cell, ""


def _attributes(classes: Iterable[type]) -> Iterator[tuple[Any, str]]:
    """The data of classes, and of those above them."""
    for kind in classes:
        for owner in kind.__mro__[:-1]:
            for name, value in vars(owner).items():
                is_data = not callable(value) and not hasattr(value, "__get__")
                if is_data and not name.startswith("__"):
                    yield owner, name


def _get(holder: Any, name: str) -> Any:
    if isinstance(holder, CellType):
        try:
            return holder.cell_contents
        except ValueError:  # not bound yet
            return ABSENT
    return holder.get(name, ABSENT) if isinstance(holder, dict) else vars(holder).get(name, ABSENT)


def _put(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, CellType):
        if value is ABSENT:
            del holder.cell_contents
        else:
            holder.cell_contents = value
    elif isinstance(holder, dict):
        if value is ABSENT:
            del holder[name]
        else:
            holder[name] = value
    elif value is ABSENT:
        delattr(holder, name)
    else:
        setattr(holder, name, value)


def _content(x: Any) -> Any:
    """What something holds, apart from it."""
    if isinstance(x, (dict, list, set, np.ndarray)):
        return x.copy()
    return state_of(x) if isinstance(x, GENERATORS) else dict(vars(x))


def _refill(x: Any, before: Any) -> None:
    if isinstance(x, np.ndarray):
        if not _same(x, before):
            x[...] = before
    elif isinstance(x, GENERATORS):
        rewind(x, before)
    elif isinstance(x, list):
        x[:] = before
    else:
        held = x if isinstance(x, (dict, set)) else vars(x)
        if not _same(held, before):
            held.clear()
            held.update(before)


def _same(a: Any, b: Any) -> bool:
    """Do they hold the same objects, or numbers?"""
    if isinstance(a, np.ndarray):
        return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
    if isinstance(a, dict) and a.keys() == b.keys():
        return all(x is b[key] for key, x in a.items())
    if isinstance(a, list) and len(a) == len(b):
        return all(x is y for x, y in zip(a, b))
    return isinstance(a, set) and a == b
