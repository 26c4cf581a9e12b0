"""A recorded graph, run again with other values for some of its nodes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Any

import numpy as np

from ..graph import Array, Node, describe, leaf
from ..op import GENERATORS, rewind, state_of
from ..reverse import order

Values = dict[Any, Array]


class Replay:
    """The graph of `y` as a function of the values of some of its nodes, leaves or not.

    `nodes`: those of the graph, in order; `values`: of each. Leaves and floating static
    dtypes are widened to double precision, so the forwards compute in it, unless they narrow what
    they are given: `eps` is the rounding of the narrowest value on the way. `narrow`: whether that
    was recorded in less. Where Python branched on values, this is the branch that it took. A random
    op that has no VJP keeps what it drew; another draws anew, the same at each run, and its
    generator is left where it was.

    Raises RuntimeError for a leaf that the graph holds with two values, and where the forwards do
    not give the recorded value again.

    >>> from autograd_lite import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> y = (x * x).sum()
    >>> Replay(y).run({x: np.array([3.0, 4.0])})[y]
    np.float64(25.0)
    """

    def __init__(self, y: Node, *others: Node) -> None:
        self.nodes = order(y, *others)
        self.values: Values = {}
        self._steps: list[Any] = []  # a node, its forward, the keys of its inputs, its params
        self._after: dict[Any, list[Any]] = {}
        self.random = False  # does an op draw anew?
        recorded: Values = {} if y.op is None else {y: y._array}
        for node in self.nodes:
            for i, (x, value) in enumerate(zip(node.inputs, node.saved)):
                if not isinstance(x, Node):
                    self.values[node, i] = value  # a constant
                elif recorded.setdefault(x, value) is not value and not _same(recorded[x], value):
                    raise RuntimeError(
                        f"{describe(x)} has two values in the graph, for it changed while that was "
                        "recorded; one is needed; record the expression again"
                    )
        for node in self.nodes:
            if node.op is None:
                self.values[node] = widened(recorded.setdefault(node, node._array))
                continue
            held = zip(node.inputs, range(len(node.inputs)))
            keys = tuple(x if isinstance(x, Node) else (node, i) for x, i in held)
            params = {key: _widened_dtype(value) for key, value in node.params.items()}
            generators = [p for p in params.values() if isinstance(p, GENERATORS)]
            if generators and not any(islice(node.op.vjps, len(keys))):
                self.values[node] = widened(recorded[node])
                continue
            self.random = self.random or bool(generators)
            forward = _redrawn(node.op.forward, generators) if generators else node.op.forward
            self._steps.append((node, forward, keys, params))
        self.values = self._run(self._steps, self.values)
        self.narrow = any(widened(value) is not value for value in recorded.values())
        if not (self.random or self.narrow or _near(self.values[y], y._array)):
            raise RuntimeError(
                f"{describe(y)} has another value when its ops compute again; the same is needed, "
                "for the graph is run with other values; let forwards depend on their inputs alone"
            )
        used = [self.values[node] for node, *_ in self._steps if not node.constant]
        kinds = [v.dtype for v in used if v.dtype.kind == "f"]
        self.eps = max((float(np.finfo(k).eps) for k in kinds), default=float(np.finfo(float).eps))

    def run(self, given: Mapping[Any, Array]) -> Values:
        """The values of all nodes, where those of some are given: the others follow from them.

        Complex ones are handed to the forwards as they are.
        """
        return self._run(self.after(given), {**self.values, **given})

    def after(self, given: Collection[Any]) -> list[Any]:
        """What hangs on some nodes: each node with its forward, the keys of its inputs in what
        `run` returns, and its params."""
        key = frozenset(given)
        if key not in self._after:
            moved, after = set(given), []
            for step in self._steps:
                if step[0] not in moved and any(x in moved for x in step[2]):
                    moved.add(step[0])
                    after.append(step)
            self._after = {key: after}  # the last one is asked for again and again
        return self._after[key]

    def twin(self, values: Values, leaves: Collection[Any] = ()) -> dict[Any, Any]:
        """The graph recorded with such values: each node's twin. `leaves`: nodes to be leaves."""
        twins: dict[Any, Any] = {}
        for node in self.nodes:
            twins[node] = leaf(type(node), values[node], node.name, node.constant)
        for node, _, keys, params in self._steps:
            if node not in leaves:
                twin = twins[node]
                twin.op, twin.params = node.op, params
                twin.inputs = tuple(twins.get(k, x) for k, x in zip(keys, node.inputs))
                twin.saved = [values[k] for k in keys]
        return twins

    @staticmethod
    def _run(steps: list[Any], values: Values) -> Values:
        for node, forward, keys, params in steps:
            y = forward(*[values[key] for key in keys], **params)
            values[node] = np.float64(y) if type(y) is float else y
        return values


def _redrawn(forward: Callable[..., Array], generators: list[Any]) -> Callable[..., Array]:
    """A forward that draws the same at each call, and leaves its generators where they are."""
    states = [state_of(rng) for rng in generators]

    def again(*xs: Array, **params: Any) -> Array:
        now = [state_of(rng) for rng in generators]
        for rng, state in zip(generators, states):
            rewind(rng, state)
        y = forward(*xs, **params)
        for rng, state in zip(generators, now):
            rewind(rng, state)
        return y

    return again


def widened(x: Array) -> Array:
    """Floating numbers in double precision, at least; others as they are."""
    narrow = x.dtype.kind == "f" and x.dtype.itemsize < 8
    return x.astype(np.float64) if narrow else x


def _widened_dtype(param: Any) -> Any:
    """A static parameter; the double dtype for a narrower floating one."""
    try:
        is_dtype = isinstance(param, (type, np.dtype)) and np.dtype(param).kind == "f"
    except TypeError:  # a class of something else
        return param
    return np.dtype(float) if is_dtype and np.dtype(param).itemsize < 8 else param


def _same(a: Array, b: Array) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _near(a: Array, b: Array) -> bool:
    """Are they the same to half of the digits?"""
    if a.shape != b.shape or b.dtype.kind != "f":
        return _same(a, b)
    scale = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    tolerance = np.sqrt(np.finfo(b.dtype).eps) * scale
    return bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True))
