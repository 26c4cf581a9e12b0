"""Whose gradient is meant by a key, and its numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..graph import REAL, Node, describe
from ..names import Names, Namespace
from ..reverse import order


def find(
    loss: Node, wanted: Iterable[Any], names: Mapping[str, Any] | None
) -> list[tuple[str, Node]]:
    """The nodes of the graph of `loss` that are wanted, by their names or themselves."""
    nodes = order(loss)
    called = Names(names, nodes)
    named: defaultdict[str, dict[Node, None]] = defaultdict(dict)
    for node in nodes:
        for name in called.all(node):
            named[name][node] = None
    space = Namespace(key for key in wanted if isinstance(key, str))
    found = []
    within = set(nodes)
    for key in wanted:
        if isinstance(key, Node) and key in within:
            name = called(key) or describe(key)
            found.append((space.free(name), key))
        elif isinstance(key, str) and len(named[key]) == 1:
            found.append((key, next(iter(named[key]))))
        else:
            raise _not_found(key, nodes, named, called)
    return found


def _not_found(
    key: Any,
    nodes: list[Node],
    named: Mapping[str, Any],
    called: Names,
) -> Exception:
    """Why no one node of the graph is meant by `key`, and what may have been meant."""
    names = sorted(name for name in named if named[name])
    has = f"the graph of the loss, which has {', '.join(names) or 'no names'}"
    if isinstance(key, Node):
        return ValueError(
            f"{describe(key)} is not in {has}; a value that the loss depends on is needed; compute "
            "the loss from it"
        )
    if not isinstance(key, str):
        return TypeError(
            f"compare got a gradient of {describe(key)}; a name is needed, or a Tensor itself; "
            "pass {'W': dW}"
        )
    count = len(named.get(key, ()))
    remedy = "name values with .named, or pass names=locals()"
    if count:
        remedy = "pass the Tensor itself in the place of its name, or give it another with .named"
    else:
        for x in (x for node in nodes for x in node.inputs if not isinstance(x, Node)):
            if key in called.all(x):
                return ValueError(
                    f"{key!r} is {describe(x)}, a constant in the graph of the loss; a Tensor is "
                    f"needed, for only Tensors are differentiable; write {key} = Tensor({key}) "
                    "before the expression"
                )
        if meant := _meant(key, names):
            remedy = f"did you mean {meant!r}?"
    return ValueError(f"{key!r} names {count} values in {has}; one is needed; {remedy}")


def _meant(name: str, names: list[str]) -> str | None:
    """The one name that `name` is a slip for: in its case, of a letter or two, or dW for W.

    With another number it is another name: W3 is no slip for W2.
    """
    letters, number = _parts(name)
    others = {other: _parts(other)[0] for other in names if _parts(other)[1] == number}
    slips = get_close_matches(letters, others.values(), cutoff=0.8)
    for close in ([letters], [letters.removeprefix("d")], slips):
        if meant := [other for other in others if others[other] in close]:
            return meant[0] if len(meant) == 1 else None
    return None


def _parts(name: str) -> tuple[str, str]:
    """The letters of a name, all of one case, and its digits."""
    plain = "".join(filter(str.isalnum, name)).casefold()
    return "".join(c for c in plain if not c.isdigit()), "".join(filter(str.isdigit, plain))


def numbers(name: str, x: Node, given: Any) -> np.ndarray:
    """A handwritten gradient as an array."""
    try:
        array = np.asarray(given.value if isinstance(given, Node) else given)
    except (TypeError, ValueError):  # a list of lists of several lengths, or of Tensors
        array = np.asarray(None)
    if array.dtype.kind not in REAL:
        raise TypeError(
            f"the gradient of {name!r} is {describe(given)}; real numbers are needed; pass an "
            f"array of shape {x.shape}"
        )
    return array
