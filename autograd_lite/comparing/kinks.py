"""Kinks: where values are exactly at one, and the backward passes that are defensible there.

relu'(0) may be 0, or 1, or a half, and a tie may go to the first or to the last. Which ops have
kinks is not listed: each is run again beside the recorded values, as near as can be, on one side
and on the other, and where its VJPs then give something else, there is one. What no gradient passes
through, such as a mask or an argmax, is run beside them first, so that a kink in an expression is
found as it is in an op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from ..graph import Array, Node, leaf
from ..names import Names
from ..op import GENERATORS
from ..reverse import order, pullback
from .corners import placed

Pull = Callable[..., list[tuple[Node, Array]]]

SIDES = 1, -1
PICKS = (), (0,), (1,), (0, 1)  # the derived pass's own, either side, the mean of both
MOST = 3  # how many choices are made each by itself: so there are no more than 4³ passes


class Choice:
    """A backward pass with other derivatives at kinks than the derived one has.

    beside: for nodes with another derivative, themselves on one side of the kink, or on both, of
    which the mean is taken. `pull` is its pullback.
    """

    def __init__(self, beside: Mapping[Node, Sequence[Node]]) -> None:
        self.beside = beside
        self.bent: dict[Node, list[tuple[Node, Array]]] = {}  # of which inputs, and at which places

    def pull(self, node: Node, g: Array, *args: Any) -> list[tuple[Node, Array]]:
        pairs = pullback(node, g, *args)
        if node not in self.beside:
            return pairs
        sides = [pullback(twin, g, *args) for twin in self.beside[node]]
        found, bent = [], []
        for (x, gx), *others in zip(pairs, *sides):
            other = sum(gy for _, gy in others) / len(others)
            mask = _apart(gx, other) > _most(gx.dtype) * np.maximum(np.abs(gx), np.abs(other))
            found.append((x, np.where(mask, other, gx)))
            if mask.any():
                bent.append((x, mask))
        self.bent.setdefault(node, bent)  # the first sweep's, which no handwritten value enters
        return found

    def told(self, x: Node, loss: Node, called: Callable[[Any], str | None]) -> str:
        """`relu's kink at z1[3, 1] and 2 more`: those between the loss and x."""
        after = {x}
        for node in order(loss):
            if any(isinstance(y, Node) and y in after for y in node.inputs):
                after.add(node)
        found = [
            (node, *max(bent, key=lambda one: called(one[0]) is not None))
            for node, bent in self.bent.items()
            if bent and node in after and node is not x
        ]
        count = sum(int(mask.sum()) for *_, mask in found)
        node, at, mask = found[0]
        op: Any = node.op
        return f"{op.name}'s kink{placed(called(at), np.argwhere(mask)[0], count)}"


def settled(loss: Node, judge: Callable[[Pull], list[Any]], names: Any) -> list[Any]:
    """What `judge` says by the pass, of those that are defensible at kinks, with fewest mistakes.

    judge: holds handwritten gradients against the pass that has a given pullback; each result has
    its `node` and `row`. It is the derived pass, unless another has fewer; where that matters, the
    verdict says so.
    """
    best = plain = judge(pullback)
    for choice in _choices(loss) if any(_mistakes(plain)) else ():
        judged = judge(choice.pull)
        if _mistakes(judged) < _mistakes(best):
            called = Names(names, order(loss))
            best = [
                _but_for(choice.told(one.node, loss, called), one)
                if one.row.ok and not derived.row.ok
                else one
                for one, derived in zip(judged, plain)
            ]
        if not any(_mistakes(best)):
            break
    return best


def _mistakes(judged: list[Any]) -> tuple[int, int]:
    """How many there are, and how many rows are not right."""
    steps = [one.row.step for one in judged]
    return steps.count("wrong"), len(steps) - steps.count("right")


def _but_for(kinks: str, one: Any) -> Any:
    verdict = f"equal, but for {kinks}: both choices are defensible"
    return one._replace(row=replace(one.row, verdict=verdict))


# The choices ------------------------------------------------------------------------------------


def _choices(loss: Node) -> Iterator[Choice]:
    """The backward passes that differ from the derived one at kinks, each after those in fewer.

    At a kink all elements take the same side, or half of each, as a line of code has them do. Where
    several nodes have kinks, each chooses by itself; where these are many, each op does, as a
    person has one way to write its derivative; and where these are many, too, all choose alike.
    """
    with np.errstate(all="ignore"):
        beside = _kinks(loss)
    parts = _together(beside)
    for picks in product(PICKS, repeat=len(parts)):
        if any(picks):
            chosen = [(node, pick) for part, pick in zip(parts, picks) for node in part if pick]
            yield Choice({node: [beside[node][i] for i in pick] for node, pick in chosen})


def _together(nodes: Mapping[Node, Any]) -> list[list[Node]]:
    """The nodes that choose alike."""
    parts: dict[Any, list[Node]] = {}
    for key in (lambda node: node, lambda node: node.op, lambda node: None):
        parts = {}
        for node in nodes:
            parts.setdefault(key(node), []).append(node)
        if len(parts) <= MOST:
            break
    return [*parts.values()]


# Where kinks are --------------------------------------------------------------------------------


def _kinks(loss: Node) -> dict[Node, list[Node]]:
    """The nodes that are at a kink, each as it is on either side of it."""
    rng = np.random.default_rng(0)
    live: set[Any] = set()  # nodes that a gradient passes through
    masks: list[dict[Any, Array]] = [{} for _ in SIDES]  # values of the others, on either side
    found = {}
    for node in order(loss):
        if node.op is None:
            if not node.constant:
                live.add(node)
            continue
        within = [x for x in node.inputs if isinstance(x, Node)]
        if not any(x in live or x in masks[0] for x in within):
            continue
        steps = _steps(node, live)
        twins = [_beside(node, side, steps, mask) for side, mask in zip(SIDES, masks)]
        passes = any(vjp and i in steps for i, vjp in zip(range(len(node.inputs)), node.op.vjps))
        if node.constant or not passes:
            for mask, twin in zip(masks, twins):
                mask[node] = twin._array
            continue
        live.add(node)
        twins = [twin if _is_near(twin._array, node._array) else node for twin in twins]
        g = rng.uniform(1, 2, node.shape).astype(node.dtype)[()]
        bent = [_is_bent(node, twin, g, live) for twin in twins]
        if any(bent):
            found[node] = [twin if is_bent else node for twin, is_bent in zip(twins, bent)]
    return found


def _steps(node: Node, live: set[Any]) -> dict[int, Array]:
    """By how much to move the inputs that are live: as little as can be, and of values that are
    equal the later ones by more."""
    at = [i for i, x in enumerate(node.inputs) if isinstance(x, Node) and x in live]
    if not at:
        return {}
    flat = np.concatenate([np.ravel(node.saved[i]) for i in at])
    info, size = np.finfo(flat.dtype), np.arange(flat.size)
    by_value = np.argsort(flat, kind="stable")
    is_new = np.diff(flat[by_value], prepend=np.nan) != 0
    rank = np.empty_like(size)
    rank[by_value] = size - np.maximum.accumulate(np.where(is_new, size, 0))  # among its equals
    steps = (1 + rank) * (2 * info.eps * np.abs(flat) + np.sqrt(info.tiny))
    parts = np.split(steps, np.cumsum([np.size(node.saved[i]) for i in at])[:-1])
    inputs = [(i, node.saved[i]) for i in at]
    return {i: part.reshape(x.shape).astype(x.dtype) for (i, x), part in zip(inputs, parts)}


def _beside(node: Node, side: int, steps: Mapping[int, Array], masks: Mapping[Any, Array]) -> Node:
    """A node of inputs that are beside the recorded ones; itself, if it has no value there."""
    op: Any = node.op
    if any(isinstance(value, GENERATORS) for value in node.params.values()):
        return node
    saved = [masks.get(x, v) if isinstance(x, Node) else v for x, v in zip(node.inputs, node.saved)]
    for i, step in steps.items():
        saved[i] = saved[i] + side * step
    try:
        y = np.asarray(op.forward(*saved, **node.params))[()]
    except (ArithmeticError, ValueError, IndexError):  # a mask has another count there
        return node
    twin: Node = leaf(type(node), y, constant=node.constant)
    twin.op, twin.inputs, twin.saved, twin.params = op, node.inputs, saved, node.params
    return twin


def _is_near(a: Array, b: Array) -> bool:
    """Is a value the same on the side as at the kink? If not, it is a jump."""
    if np.shape(a) != np.shape(b):
        return False
    return bool((_apart(a, b) <= _most(b.dtype) * np.abs(b).max(initial=1)).all())


def _is_bent(node: Node, twin: Node, g: Array, live: set[Any]) -> bool:
    """Is the pullback of g, of the size of 1, another one on the side?"""
    try:
        both = [*zip(pullback(node, g, live), pullback(twin, g, live))]
    except (ArithmeticError, ValueError, IndexError):  # there is no inverse
        return False
    return any(
        (_apart(a, b) > _most(a.dtype) * np.maximum(np.abs(a), np.abs(b)).max(initial=1)).any()
        for (_, a), (_, b) in both
    )


def _apart(a: Array, b: Array) -> Any:
    """How far apart they are; 0 where that is not known."""
    return np.nan_to_num(np.abs(a - b), nan=0, posinf=0)


def _most(dtype: Any) -> float:
    """The largest part of itself that a value changes by beside the recorded one, but at a kink."""
    return float(np.sqrt(np.finfo(dtype).eps))
