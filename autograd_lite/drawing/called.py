"""What a picture calls the values of a graph, and what the derivation says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..mode import in_mode
from ..names import Names
from ..reading import Told, lines

MOST = 500  # nodes up to which a graph is read as formulas, and as a derivation


class Called:
    """The names of nodes and of arrays, for a picture of the graph that ends in `outputs`.

    nodes: of the graph, in order. names: what the user calls them, as `draw` takes them. What has
    no name there has that of the derivation: z1, a1, h1, loss. `lines`: of the derivation, if there
    is one.
    """

    def __init__(
        self, outputs: Sequence[Node], nodes: Sequence[Node], names: Mapping[str, Any] | None
    ) -> None:
        self.names = names
        self._names = Names(names, nodes)
        self.lines = _lines(outputs, names) if len(nodes) <= MOST else []
        self._told = {
            node: line.name for line in self.lines if not line.back for node in line.nodes
        }

    def __call__(self, node: Node) -> str | None:
        """What a node is called; None if it has no name."""
        return self._names(node) or self._told.get(node)

    def constant(self, x: Any, value: Array) -> str | None:
        """What the user calls an array, or what it comes from: `x`, `x[2]`, `1 − t`."""
        if not hasattr(value, "shape"):
            return None
        path = self._names.path(x, value)
        return str(path) if path else self._names(x)


def _lines(outputs: Sequence[Node], names: Mapping[str, Any] | None) -> list[Told]:
    """The lines of the derivation of an output, or else, forward, of what several sum to.

    None where there is no derivation, as of a leaf that has changed since.
    """
    ends = [y for y in outputs if y.dtype.kind == "f" and not y.constant]
    if not any(y.op for y in ends):
        return []
    try:
        if len(outputs) == 1 and ends[0].size == 1:
            return lines(ends[0], None, names)
        with in_mode(recording=True), np.errstate(all="ignore"):
            total: Any = sum(y.sum() for y in ends)  # type: ignore[attr-defined]
        told = (line for line in lines(total, None, names) if not line.back)
        return [line for line in told if all(node is not total for node in line.nodes)]
    except (TypeError, ValueError, RuntimeError):
        return []
