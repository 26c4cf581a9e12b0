"""Compiling: the numpy of a recorded function on planned buffers."""

from .compiled import Compiled, compile
from .memory import aligned

__all__ = ["Compiled", "aligned", "compile"]
