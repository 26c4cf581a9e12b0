"""Reading: a gradient as a derivation on paper, and as numpy that a person could have written."""

from .derivation import Derivation, derive
from .program import Source, source

__all__ = ["Derivation", "Source", "derive", "source"]
