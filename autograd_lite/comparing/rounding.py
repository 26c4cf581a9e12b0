"""How far rounding may move a gradient: what its dtype and the conditioning of the loss allow.

A graph is computed again with every value off by as little as rounding may put it off, forward and
backward, a few times. What that moves a cotangent by is how well it is known; two ways to compute
it, both right, differ by about as much (stochastic arithmetic: La Porte and Vignes 1974).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..graph import Array, Node, leaf
from ..op import GENERATORS
from ..reverse import order, pullback, sweep

RUNS = 5
SAFETY = 32  # roundings: orders of summation differ by more than one


def tolerances(loss: Node, wanted: Iterable[Node], eps: float) -> dict[Node, float]:
    """How far two right values of the cotangent of each wanted node may be apart.

    eps: the rounding that was computed with. It is the median of some runs, for in one a value may
    be moved across a kink, and never more than half of the digits of what the cotangent is the sum
    of.
    """
    wanted = list(wanted)
    flow: dict[Node, float] = {}
    with np.errstate(all="ignore"):
        exact = _recomputed(loss, wanted, 0.0, None, flow)
        moves: dict[Node, list[float]] = {x: [] for x in wanted}
        for run in range(RUNS):
            moved = _recomputed(loss, wanted, eps, np.random.default_rng(run), {})
            for x in wanted:
                moves[x].append(_largest(moved[x] - exact[x]))
    found = {}
    for x in wanted:
        largest = _largest(exact[x])
        move = max(float(np.median(moves[x])), eps * largest)
        found[x] = min(SAFETY * move, eps**0.5 * max(largest, flow.get(x, 0.0)))
    return found


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0, where=np.isfinite(x)))


def _recomputed(
    loss: Node, wanted: list[Node], eps: float, rng: Any, flow: dict[Node, float]
) -> dict[Node, Array]:
    """The cotangents of the graph computed again, each value off by up to eps of itself.

    flow: gets for each node the largest product of a cotangent and a value that went into its own.
    """

    def off(x: Array) -> Array:
        if rng is None or x.dtype.kind != "f":
            return x
        return (x * (1 + eps * rng.uniform(-1, 1, x.shape))).astype(x.dtype)

    def pull(node: Node, g: Array, *args: Any) -> list[tuple[Node, Array]]:
        pairs = [(x, off(gx)) for x, gx in pullback(node, g, *args)]
        if rng is None:
            size = _largest(g) * max([1.0, *(_largest(np.asarray(x)) for x in node.saved)])
            for x, _ in pairs:
                flow[original[x]] = max(flow.get(original[x], 0.0), size)
        return pairs

    copies: dict[Node, Node] = {}
    for node in order(loss):
        if node.op is None:
            continue
        for x, value in zip(node.inputs, node.saved):
            if isinstance(x, Node) and x not in copies:
                value = np.asarray(off(np.asarray(value)))[()]
                copies[x] = leaf(type(x), value, constant=x.constant)
        inputs = tuple(copies.get(x, x) if isinstance(x, Node) else x for x in node.inputs)
        saved = [
            copies[x]._value if isinstance(x, Node) else value
            for x, value in zip(node.inputs, node.saved)
        ]
        drawn = any(isinstance(value, GENERATORS) for value in node.params.values())
        y = node._array if drawn else off(np.asarray(node.op.forward(*saved, **node.params)))
        copy = leaf(type(node), np.asarray(y)[()], constant=node.constant)
        copy.op, copy.inputs, copy.saved, copy.params = node.op, inputs, saved, node.params
        copies[node] = copy
    original = {copy: x for x, copy in copies.items()}
    end = copies.get(loss, loss)
    ends = {copies.get(x, x) for x in wanted}
    found = sweep(end, np.ones_like(end._array), ends, pull=pull)
    zeros = {x: np.zeros_like(x._array) for x in wanted}
    return {x: found.get(copies.get(x, x), zeros[x]) for x in wanted}
