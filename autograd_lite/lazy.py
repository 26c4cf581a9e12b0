"""Values that are not computed yet, as Dask's arrays are: told from others, and computed once."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .graph import Node, frozen
from .reverse import order


def is_lazy(x: Any) -> bool:
    """Does it say how a value is computed, and not the value? All of Dask's collections do."""
    return hasattr(type(x), "__dask_graph__")


def computed(arrays: Iterable[Any], progress: bool = True) -> list[Any]:
    """Arrays, with the values of the lazy ones, which are computed together, so each step once.

    progress: show Dask's bar on stderr for what takes more than 2 seconds; of what a cluster
    computes, its dashboard shows it.

    >>> computed([1.0, "text"])
    [1.0, 'text']
    """
    arrays = list(arrays)
    if not any(map(is_lazy, arrays)):
        return arrays
    import dask
    from dask.diagnostics import ProgressBar

    with ProgressBar(minimum=2, dt=0.01, out=sys.stderr) if progress else nullcontext():
        return list(dask.compute(*arrays))


def settle(y: Node, arrays: Iterable[Any] = ()) -> list[Any]:
    """Compute the values of the graph of `y` that are lazy, once: from then on it has numpy arrays.

    A reading that looks at values calls it first. All of them are in memory then: of an expression
    of data that do not fit there, one of fewer rows is to be read. arrays: what is to be computed
    along with them, and is returned.
    """
    nodes, arrays = order(y), list(arrays)
    found = {id(x): x for node in nodes for x in (node._value, node._live, *node.saved)}
    found = {i: x for i, x in found.items() if is_lazy(x)}
    results = computed([*arrays, *found.values()])
    values = dict(zip(found, results[len(arrays) :]))
    for node in nodes:
        if id(node._value) in values:
            node._value = frozen(values[id(node._value)])
        if id(node._live) in values:
            node._live = np.array(values[id(node._live)])
        node.saved = [frozen(values[id(x)]) if id(x) in values else x for x in node.saved]
    return results[: len(arrays)]
