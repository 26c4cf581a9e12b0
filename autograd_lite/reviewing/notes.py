"""What the expressions of a run came to: their shapes, and enough to know the numbers again."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache
from types import BuiltinMethodType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array
from .code import File
from .watching import Watcher, Where

MANY = 64  # times that an expression is noted, at most
ENDS = ("a_min", "a_max", "min", "max")  # what numpy calls what it clips to
NUMBERS = (int, float, np.integer, np.floating, np.ndarray)
FRAMES = 2  # times that the names around a statement are kept


class Seen(NamedTuple):
    """A value: `kind` is "f", "i" or "b" of numbers and arrays of them, and of lists of whole
    numbers, else "". The two numbers are sums with random weights, of the array and of its
    transpose."""

    kind: str
    shape: tuple[int, ...] = ()
    sum: float = 0.0
    turned: float = 0.0
    norm: float = 0.0
    eps: float = 0.0

    @property
    def room(self) -> float:
        """How far apart the sums of two arrays may be that are the same, to rounding, where a
        derivative of log(1 - p) has lost digits, too."""
        return max(1000 * self.eps, 1e-10) * self.norm


@cache
def _weights(size: int) -> Array:
    return np.random.default_rng(size).normal(size=size)


def seen(x: Any) -> Seen:
    """What is noted of a value."""
    if isinstance(x, (bool, np.bool_)):
        return Seen("b", (), float(x), float(x), float(x), 1e-16)
    if isinstance(x, int):
        return Seen("i", (), float(x), float(x), abs(float(x)), 1e-16)
    if isinstance(x, float):
        return Seen("f", (), x, x, abs(x), 2e-16)
    if type(x) is list and x and all(type(y) is int for y in x):
        x = np.array(x)  # indices, or labels
    if not isinstance(x, (np.ndarray, np.generic)) or x.dtype.kind not in "fiub":
        return Seen("")
    x = np.asarray(x)  # of a matrix, or a masked array
    kind = {"u": "i"}.get(x.dtype.kind, x.dtype.kind)
    eps = float(np.finfo(x.dtype).eps) if kind == "f" else 1e-16
    w = _weights(x.size)
    flat = np.ravel(x)
    turned = float(np.ravel(x.T) @ w) if x.ndim > 1 else 0.0
    total = float(flat @ w) if flat.size else 0.0
    return Seen(kind, x.shape, total, turned if x.ndim > 1 else total, _norm(flat), eps)


def _norm(flat: Array) -> float:
    return float(np.sqrt(np.square(flat, dtype=float).sum()))


def both_sides(ends: Iterable[Any]) -> set[float]:
    """The number that two ends are away from 0, if they are as far."""
    its = [float(x) for x in ends if isinstance(x, NUMBERS) and np.ndim(x) == 0]
    return {abs(its[0])} if len(its) == 2 and its[0] == -its[1] else set()


def changed(base: Any, key: Any) -> Any:
    """What a store changes: an array, or the item of a dict or a list."""
    return base[key] if isinstance(base, (dict, list)) else base


def _copied(x: Any, inside: bool = False) -> Any:
    """A copy that what is done in place later leaves alone; of an object, with its arrays."""
    if isinstance(x, np.ndarray):
        return x.copy()
    if isinstance(x, dict):
        return {key: _copied(y, inside) for key, y in x.items()}
    if type(x) is list:
        return [_copied(y, inside) for y in x]
    its = getattr(x, "__dict__", None)
    if inside or not isinstance(its, dict) or isinstance(x, (type, ModuleType, FunctionType)):
        return x
    try:
        new = object.__new__(type(x))
        new.__dict__.update((name, _copied(y, inside=True)) for name, y in its.items())
    except Exception:  # it is made in another way
        return x
    return new


class Notes(Watcher):
    """Notes what each expression came to, each time, and when first.

    `seen`: by the nodes of expressions, of statements that change something in place, and of names
    that are bound. `coarse`: the largest rounding of the floating arrays. `matrices`: is there a
    `np.matrix`, of which `*` is the matrix product? `frames`: for some nodes,
    `results`, what names stood for the first times. `limits`: the numbers that arrays were
    clipped at, on both sides of 0.
    """

    def __init__(self, results: Collection[Where] = ()) -> None:
        self.results = {*results}
        self.frames: dict[Where, list[tuple[dict[str, Any], dict[str, Any]]]] = defaultdict(list)
        self.seen: dict[Where, list[Seen]] = defaultdict(list)
        self.first: dict[Where, int] = {}
        self.limits: set[float] = set()
        self.coarse = 0.0
        self.matrices = False

    def clear(self) -> None:
        self.seen.clear()
        self.frames.clear()
        self.first.clear()
        self.limits.clear()
        self.coarse = 0.0
        self.matrices = False

    def _keep(self, where: Where, frame: Any) -> None:
        """What the names stand for, where a statement's value is computed, the first times."""
        if where in self.results and len(self.frames[where]) < FRAMES:
            names = {name: _copied(x) for name, x in frame.f_locals.items()}
            self.frames[where].append((frame.f_globals, names))

    def value(self, where: Where, value: Any) -> Any:
        self._keep(where, sys._getframe(1))
        return self._note(where, value)

    def _note(self, where: Where, value: Any) -> Any:
        notes = self.seen[where]
        if not notes:
            self.first[where] = len(self.first)
        if len(notes) < MANY:
            notes.append(new := seen(value))
            self.matrices |= isinstance(value, np.matrix)
            if new.kind == "f" and isinstance(value, np.ndarray):
                self.coarse = max(self.coarse, new.eps)
        return value

    def call(self, where: Where, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if function is np.clip:
            self.limits |= both_sides([*args[1:3], *map(kwargs.get, ENDS)])
        elif isinstance(function, BuiltinMethodType) and function.__name__ == "clip":
            self.limits |= both_sides([*args[:2], *map(kwargs.get, ENDS)])
        return function(*args, **kwargs)

    def store(self, where: Where, value: Any, base: Any, key: Any) -> None:
        self._keep(where, sys._getframe(1))
        super().store(where, value, base, key)
        self._note(where, changed(base, key))

    def augment(self, where: Where, op: Any, target: Any, value: Any) -> Any:
        self._keep(where, sys._getframe(1))
        return self._note(where, super().augment(where, op, target, value))

    def augment_item(self, where: Where, op: Any, base: Any, key: Any, value: Any) -> None:
        self._keep(where, sys._getframe(1))
        super().augment_item(where, op, base, key, value)
        self._note(where, changed(base, key))

    def at(self, file: File, node: Any) -> list[Seen]:
        """What a node came to, each time that it was reached."""
        return self.seen.get((file, node.at), [])

    def shapes(self, file: File, node: Any) -> set[tuple[str, tuple[int, ...]]]:
        """The kinds and shapes that a node had; empty if it was not reached."""
        return {(s.kind, s.shape) for s in self.at(file, node)}
