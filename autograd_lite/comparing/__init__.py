"""Comparing: is a gradient right, a handwritten one or a derived one?"""

from .check import GradientCheck, check_grad
from .comparison import Comparison, compare

__all__ = ["Comparison", "GradientCheck", "check_grad", "compare"]
