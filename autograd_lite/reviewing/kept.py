"""What is kept of an earlier call of the forward pass, for a backward pass that reads it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..reverse import order
from .alike import same
from .arguments import Call, Dot, Place

MOST = 200  # arrays that are looked at
PLAIN = (str, bytes, int, float, complex, bool, type(None), np.generic)  # hold none


@dataclass(frozen=True)
class Kept:
    """The arrays that the backward pass hangs on, and neither pass works out, nor the loss reads.

    Where parameters are moved, these would still be of the parameters before. `values`: with each
    place, which of the loss's values, in their order, it is; `count`: how many the loss has.
    `unknown`: the places of others, which may be made of such values.
    """

    values: dict[Place, int] = field(default_factory=dict)
    count: int = 0
    unknown: tuple[Place, ...] = ()

    def anew(self, call: Call, graph: Any) -> Call:
        """A copy of a call where what is kept is as it is for its arguments; graph: of its loss.

        Raises ValueError if the loss is another expression then.
        """
        if not self.values:
            return call
        nodes, now = order(graph), call.copied()
        if len(nodes) != self.count:
            raise ValueError("the loss has other values")
        for place, k in self.values.items():
            x = place.get(now).copy()  # as it is, as a matrix is one
            x[...] = nodes[k].value
            now = place.put(now, x)
        return now


def unchanged(before: Call, after: Call, names: list[str]) -> Iterator[Place]:
    """The places of the arrays, the arguments aside, that are after the passes as before.

    names: of the arguments.
    """
    for place in islice(_held(before, names), MOST):
        with contextlib.suppress(LookupError, AttributeError, TypeError):
            x, now = place.get(before), place.get(after)
            if x.dtype == now.dtype and np.array_equal(x, now, equal_nan=x.dtype.kind == "f"):
                yield place


def disturbed(x: Array) -> Array:
    """Other numbers, or truth values."""
    if x.dtype.kind == "b":
        return ~x
    return x + 1 if x.dtype.kind in "iu" else np.cos(np.arange(x.size).reshape(x.shape)) - 2 * x


def kept(call: Call, after: Call, graphs: tuple[Any, Any], places: list[Place]) -> Kept:
    """What of some places is a value of the loss.

    after: a call with other parameters when the passes have run. graphs: of the loss for the
    parameters of both. What the passes work out, and keep elsewhere, is meant to be read there.
    """
    nodes, others = map(order, graphs)
    if len(nodes) != len(others):
        return Kept(unknown=tuple(places))
    made = [k for k, node in enumerate(nodes) if node.op is not None and not node.constant]
    inputs = (x for node in nodes for x in node.inputs)
    data = [_value(x) for x in inputs if getattr(x, "op", None) is None]
    fresh = [place.get(after) for place in islice(_held(after, []), MOST)]
    values: dict[Place, int] = {}
    unknown = []
    for place in places:
        x = place.get(call)
        its = [k for k in made if _is(x, nodes[k].value) and not _is(x, others[k].value)]
        if its and all(_is(others[its[0]].value, others[k].value) for k in its):
            if any(_is(y, others[its[0]].value) for y in fresh):
                continue
            with contextlib.suppress(Exception):  # it may not be set, as in a frozen dataclass
                place.put(call.copied(), x)
                values[place] = its[0]
                continue
        if its or not any(_is(x, y) for y in data):
            unknown.append(place)
    return Kept(values, len(nodes), tuple(unknown))


def _is(x: Array, value: Any) -> bool:
    """Is it that value, to rounding?"""
    if x.shape != np.shape(value) or x.dtype.kind not in "fb":
        return False
    return bool(same(np.asarray(x, float), np.asarray(value, float)))


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Node) else x


def _held(call: Call, names: list[str]) -> Iterator[Place]:
    """The places of the arrays that objects have, and those that arguments hold."""
    known: set[int] = set()
    own = {name for owner in call.owners for name in getattr(owner, "__dict__", ())}
    for name in sorted(own):
        root = Place(name, (), f"self.{name}")
        yield from _arrays(root.get(call), root, known)
    for i, x in enumerate(call.args):
        if not isinstance(x, np.ndarray):
            yield from _arrays(x, Place(i, (), names[i] if i < len(names) else ""), known)


def _arrays(x: Any, place: Place, known: set[int]) -> Iterator[Place]:
    """The places of the arrays in lists, tuples, dicts and objects; of what is known none."""
    if isinstance(x, np.ndarray):
        if x.size and x.dtype.kind in "fbiu":
            yield place
        return
    if id(x) in known and not isinstance(x, tuple):
        return
    known.add(id(x))
    for key, y in _items(x):
        if not isinstance(y, PLAIN):
            way = f".{key}" if isinstance(key, Dot) else f"[{key!r}]"
            inner = Place(place.root, (*place.path, key), place.name + way)
            yield from _arrays(y, inner, known)


def _items(x: Any) -> Iterable[tuple[Any, Any]]:
    """What something holds, with its keys, or the names of attributes."""
    if isinstance(x, Mapping):
        return x.items()
    if isinstance(x, Sequence):
        return enumerate(x)
    if isinstance(x, (type, ModuleType)) or hasattr(x, "__code__"):
        return ()
    slots = [name for kind in type(x).__mro__ for name in getattr(kind, "__slots__", ())]
    names = [*getattr(x, "__dict__", ()), *(name for name in slots if hasattr(x, name))]
    return ((Dot(name), getattr(x, name)) for name in names)
