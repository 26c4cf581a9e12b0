"""Reverse-mode automatic differentiation on numpy: write a model as an expression of Tensors."""

from . import ops
from .compare import Comparison, compare
from .op import Node, Op, no_grad, primitive
from .ops import *  # noqa: F403
from .reverse import grad, order, pullback
from .tensor import Tensor

__all__ = [
    "Comparison",
    "Node",
    "Op",
    "Tensor",
    "compare",
    "grad",
    "no_grad",
    "order",
    "primitive",
    "pullback",
]
__all__ += ops.NAMES
