"""Where a difference crosses a corner: the op and the element whose branch changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Array, Node
from .replay import Replay


def corner(replay: Replay, x: Node, called: Callable[[Any], str | None], move: Array) -> str | None:
    """`the corner of relu at z1[3, 1]`: the first between x - move and x + move, if there is one.

    A node that is not floating (a comparison, argmax) has one where its value changes. Another has
    one where its second difference s, along the straight line in its own inputs, is not a quarter
    of itself at half the length, as it is where the op is smooth. called: what a value is called.
    """
    here = replay.values
    try:
        ahead, behind = (replay.run({x: here[x] + sign * move}) for sign in (1, -1))
    except (ArithmeticError, ValueError, IndexError):  # a mask has another count there
        return None
    for node, forward, keys, params in replay.after({x}):
        if here[node].dtype.kind != "f":
            bent = _differ(here[node], ahead[node]) | _differ(here[node], behind[node])
        else:
            bent = _bent(forward, params, *([v[k] for k in keys] for v in (here, ahead, behind)))
        if np.any(bent):
            places = np.argwhere(bent)
            within = (k for k in keys if isinstance(k, Node) and _is_beside(here[k], here[node]))
            at = placed(called(next(within, node)), places[0], len(places))
            return f"the corner of {node.op.name}{at}"
    return None


def placed(name: str | None, place: Array, count: int) -> str:
    """` at z1[3, 1] and 2 more`: the first place of so many, in a value of that name."""
    name = name or ("its input" if len(place) else "")
    index = f"[{', '.join(map(str, place))}]" if len(place) else ""
    return (f" at {name}{index}" if name else "") + (f" and {count - 1} more" if count > 1 else "")


def _differ(a: Array, b: Array) -> Any:
    return a != b if np.shape(a) == np.shape(b) else np.True_


def _is_beside(x: Array, y: Array) -> bool:
    return x.dtype.kind == "f" and np.shape(x) == np.shape(y)


def _bent(forward: Callable[..., Array], params: Any, here: Any, ahead: Any, behind: Any) -> Any:
    """At which elements does an op have a corner between two values of its inputs?"""
    if any(np.shape(a) != np.shape(b) for a, b in zip(ahead, behind)):
        return np.False_
    halves = [
        (a - b) / 2 if a.dtype.kind == "f" else 0 for a, b in zip(map(np.asarray, ahead), behind)
    ]

    def at(t: float) -> Array:
        return forward(*(x + t * v if np.any(v) else x for x, v in zip(here, halves)), **params)

    y = at(0)
    whole, half = (at(t) + at(-t) - 2 * y for t in (1, 0.5))
    size = np.max(np.abs(at(1) - at(-1)), initial=0, where=np.isfinite(y))
    least = 1e-3 * size + 64 * np.finfo(y.dtype).eps * np.abs(y)
    return (np.abs(whole) > least) & (np.abs(whole - 4 * half) > 0.2 * np.abs(whole))
