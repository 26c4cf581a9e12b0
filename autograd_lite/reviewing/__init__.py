"""Reviewing: which line of a handwritten backward pass is wrong, and how should it read?"""

from .inspection import Review, review
from .report import Line, Mistake

__all__ = ["Line", "Mistake", "Review", "review"]
