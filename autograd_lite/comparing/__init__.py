"""Comparing: is a gradient right, a handwritten one or a derived one?"""

from .causes import Cause
from .check import GradientCheck, check_grad
from .comparison import Comparison, compare
from .rounding import tolerances
from .slips import CAUSES

__all__ = ["CAUSES", "Cause", "Comparison", "GradientCheck"]
__all__ += ["check_grad", "compare", "tolerances"]
