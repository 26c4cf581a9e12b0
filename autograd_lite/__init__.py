"""Reverse-mode automatic differentiation on numpy: write a model as an expression of Tensors."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import func, ops
from .graph import Node, Op, Span, describe, next_number, plain, span
from .lazy import computed
from .mode import library, no_grad
from .op import primitive, rewind, state_of
from .ops import *  # noqa: F403
from .reverse import grad, order, pullback, spans_of, sweep
from .showing import Table
from .tensor import Tensor

if TYPE_CHECKING:
    from .comparing import CAUSES, Cause, Comparison, GradientCheck, check_grad, compare
    from .compiling import Compiled, aligned, compile
    from .drawing import Graph, draw
    from .reading import Derivation, Source, derive, source
    from .reviewing import Mistake, Review, review

# A reading of the graph is a room of its own, which is entered when it is first asked for.
_ROOMS = {
    "CAUSES": "comparing",
    "Cause": "comparing",
    "Comparison": "comparing",
    "GradientCheck": "comparing",
    "check_grad": "comparing",
    "compare": "comparing",
    "Compiled": "compiling",
    "aligned": "compiling",
    "compile": "compiling",
    "Graph": "drawing",
    "draw": "drawing",
    "Derivation": "reading",
    "Source": "reading",
    "derive": "reading",
    "source": "reading",
    "Mistake": "reviewing",
    "Review": "reviewing",
    "review": "reviewing",
}

__all__ = [
    "CAUSES",
    "Cause",
    "Comparison",
    "Compiled",
    "Derivation",
    "GradientCheck",
    "Graph",
    "Mistake",
    "Node",
    "Op",
    "Review",
    "Source",
    "Span",
    "Table",
    "Tensor",
    "aligned",
    "check_grad",
    "compare",
    "compile",
    "computed",
    "derive",
    "describe",
    "draw",
    "func",
    "grad",
    "library",
    "next_number",
    "no_grad",
    "order",
    "plain",
    "primitive",
    "pullback",
    "review",
    "rewind",
    "source",
    "span",
    "spans_of",
    "state_of",
    "sweep",
]
__all__ += ops.NAMES


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
