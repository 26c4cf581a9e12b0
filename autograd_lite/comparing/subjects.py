"""What is held against differences: derived gradients, of first and of second order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..graph import Array, Node, leaf
from ..ops import where
from ..reverse import grad
from .corners import corner
from .probing import Probe
from .replay import Replay

Called = Callable[[Any], str | None]


@dataclass(frozen=True)
class Subject:
    """A node `x` of a graph, the `derived` derivative of φ in it, and `probe`, φ itself.

    `locate` finds the corner that a move of x crosses. `cotangent`: that of the graph's result.
    """

    x: Any
    derived: Array
    probe: Probe
    locate: Callable[[Array], str | None]
    cotangent: Array


def first_derivatives(
    y: Any, replay: Replay, targets: Sequence[Any], rng: np.random.Generator, called: Called
) -> list[Subject]:
    """gᵀ ∂y/∂x for each target, with a random cotangent g: a sum's, all ones, would hide a rule
    that ignores it. Of one number it is -2, which scales without rounding."""
    values = replay.values
    g = rng.standard_normal(y.shape) if y.shape else np.float64(-2.0)
    g = np.where(np.isfinite(values[y]), g, 0.0)[()]
    twins = replay.twin(values)
    derived = grad(twins[y], [twins[x] for x in targets], g)

    def subject(x: Any, gx: Array) -> Subject:
        probe = Probe(lambda v: replay.run({x: v})[y], values[x], g, replay.eps)
        return Subject(x, gx, probe, partial(corner, replay, x, called), g)

    return [subject(x, gx) for x, gx in zip(targets, derived)]


def second_derivatives(
    y: Any, replay: Replay, targets: Sequence[Any], rng: np.random.Generator, called: Called
) -> list[Subject]:
    """∂/∂x Σ w ⊙ ∇φ for each target, with random w, of φ = gᵀ(y + y²/2).

    By the square, the cotangent that reaches y hangs on x, too. ∇φ is that in all leaves among the
    targets, or in x alone if x is no leaf. The derived one is that of the recorded gradient; φ' is
    that of gradients that are computed on arrays.
    """
    twins = replay.twin(replay.values)
    value = where(np.isfinite(replay.values[y]), twins[y], 0.0)
    g = rng.standard_normal(y.shape)
    total = (g * (value + value * value / 2)).sum()
    size = float(np.linalg.norm(g * value.value))
    names = {twin: called(node) for node, twin in twins.items()}
    again = Replay(total, *twins.values())
    leaves = [twins[x] for x in targets if x.op is None]

    def subject(x: Any) -> Subject:
        inputs = leaves if x.op is None else [x]
        w = [rng.standard_normal(z.shape) for z in inputs]

        def slopes(v: Array) -> Array:
            moved = again.twin(again.run({x: v}), leaves={x})
            found = grad(moved[total], [moved[z] for z in inputs])
            return np.concatenate([gz.ravel() for gz in found])

        recorded = grad(total, inputs, create_graph=True)
        projected: Any = sum((a * gz).sum() for a, gz in zip(w, recorded))
        flat = np.concatenate([a.ravel() for a in w])
        probe = Probe(slopes, again.values[x], flat, again.eps, size)
        return Subject(x, grad(projected, x), probe, partial(corner, again, x, names.get), g)

    return [subject(twins[x]) for x in targets]


def alone(node: Any) -> tuple[Any, dict[int, Any]]:
    """An op's result recorded from leaves of its own, and the floating ones by their places."""
    inputs = [
        leaf(type(node), v, constant=x.constant) if isinstance(x, Node) else x
        for x, v in zip(node.inputs, node.saved)
    ]
    twin = leaf(type(node), node._value)
    twin.op, twin.params, twin.inputs, twin.saved = node.op, node.params, tuple(inputs), node.saved
    return twin, {i: x for i, x in enumerate(inputs) if isinstance(x, Node) and not x.constant}
