"""What a picture calls the values of a graph, and what the derivation says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..lazy import is_lazy
from ..mode import in_mode
from ..names import Names
from ..reading import Told, lines_and_names

MOST = 500  # nodes up to which a graph is read as formulas, and as a derivation


class Called:
    """The names of nodes and of arrays, for a picture of the graph that ends in `outputs`.

    nodes: of the graph, in order. names: what the user calls them, as `draw` takes them. What has
    no name there has that of the derivation: z1, a1, h1, loss. `lines`: of the derivation, if there
    is one: of values that are not computed yet there is none, for it would look at them.
    """

    def __init__(
        self, outputs: Sequence[Node], nodes: Sequence[Node], names: Mapping[str, Any] | None
    ) -> None:
        self._names = Names(names, nodes)
        self._times = Counter(filter(None, map(self._names, nodes)))  # a name may be of several
        self.lines: list[Told] = []
        self._told: dict[Any, str] = {}
        if len(nodes) <= MOST and not any(is_lazy(node._array) for node in nodes):
            self.lines, self._told = _lines(outputs, names)

    def __call__(self, node: Node) -> str | None:
        """What a node is called; None if it has no name."""
        name = self._names(node)
        return name if name and self._times[name] == 1 else self._told.get(node) or name

    def by_user(self, x: Any, value: Array) -> str | None:
        """What the user calls an input, or what it comes from: `x`, `x[2]`, `1 − t`."""
        if isinstance(x, Node):
            return self._names(x)
        if not hasattr(value, "shape"):
            return None
        path = self._names.path(x, value)
        return str(path) if path else self._names(x)

    def any(self, x: Any, value: Array) -> str | None:
        """What an input is called, by the user or, as `c1`, by the derivation alone."""
        return self(x) if isinstance(x, Node) else self.by_user(x, value) or self._told.get(id(x))


def _lines(
    outputs: Sequence[Node], names: Mapping[str, Any] | None
) -> tuple[list[Told], dict[Any, str]]:
    """The lines of the derivation of an output, or else, forward, of what several sum to; and what
    they call nodes, and arrays by their ids.

    None where there is no derivation, as of a leaf that has changed since.
    """
    ends = [y for y in outputs if y.dtype.kind == "f" and not y.constant]
    if not any(y.op for y in ends):
        return [], {}
    try:
        if len(outputs) == 1 and ends[0].size == 1:
            return lines_and_names(ends[0], None, names)
        with in_mode(recording=True), np.errstate(all="ignore"):
            total: Any = sum(y.sum() for y in ends)  # type: ignore[attr-defined]
        told, called = lines_and_names(total, None, names)
        called.pop(total, None)
        own = (line for line in told if not line.back)
        return [line for line in own if all(x is not total for x in line.nodes)], called
    except (TypeError, ValueError, RuntimeError):
        return [], {}
