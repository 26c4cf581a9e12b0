"""Comparing: is a handwritten gradient right?"""

from .comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
