"""Reading: a gradient as a derivation on paper, and as numpy that a person could have written."""

from .derivation import Derivation, derive, expressions
from .places import PUT
from .program import Source, source
from .steps import Pulled, Recorded, recorded

__all__ = [
    "PUT",
    "Derivation",
    "Pulled",
    "Recorded",
    "Source",
    "derive",
    "expressions",
    "recorded",
    "source",
]
