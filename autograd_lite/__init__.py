"""Reverse-mode automatic differentiation on numpy: write a model as an expression of Tensors."""

from . import func, ops
from .compare import Comparison, compare
from .draw import Graph, draw
from .node import Node, Op
from .op import no_grad, primitive
from .ops import *  # noqa: F403
from .reverse import grad, order, pullback
from .source import Source, source
from .tensor import Tensor

__all__ = [
    "Comparison",
    "Graph",
    "Node",
    "Op",
    "Source",
    "Tensor",
    "compare",
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
