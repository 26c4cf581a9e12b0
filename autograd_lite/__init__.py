"""Reverse-mode automatic differentiation on numpy: write a model as an expression of Tensors."""

from . import func, ops
from .compare import Comparison, compare
from .compiled import Compiled, compile
from .derive import Derivation, derive
from .draw import Graph, draw
from .memory import aligned
from .node import Node, Op
from .op import no_grad, primitive
from .ops import *  # noqa: F403
from .reverse import grad, order, pullback
from .source import Source, source
from .tensor import Tensor

__all__ = [
    "Comparison",
    "Compiled",
    "Derivation",
    "Graph",
    "Node",
    "Op",
    "Source",
    "Tensor",
    "aligned",
    "compare",
    "compile",
    "derive",
    "draw",
    "func",
    "grad",
    "no_grad",
    "order",
    "primitive",
    "pullback",
    "source",
]
__all__ += ops.NAMES
