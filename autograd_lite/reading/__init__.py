"""Reading: a gradient as a derivation on paper, and as numpy that a person could have written."""

from .derivation import LOSS, Derivation, Told, derive, expressions, lines_and_names, sum_of
from .notation import Ink, Page, written
from .places import PUT
from .program import Source, source
from .rules import Rule, local_rule
from .steps import Pulled, Recorded, recorded

__all__ = [
    "LOSS",
    "PUT",
    "Derivation",
    "Ink",
    "Page",
    "Pulled",
    "Recorded",
    "Rule",
    "Source",
    "Told",
    "derive",
    "expressions",
    "lines_and_names",
    "local_rule",
    "recorded",
    "source",
    "sum_of",
    "written",
]
