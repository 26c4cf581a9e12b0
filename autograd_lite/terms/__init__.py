"""A graph as expressions, merged, simplified and lowered to numpy calls.

What reading and compiling share.
"""

from ..views import key_text, slice_text
from .lowering import ADD_AT, GETITEM, METHODS, SETITEM, InPlace, Method, Part, Script, lower
from .python import (
    ADDED,
    ATOM,
    COMPARED,
    MULTIPLIED,
    RAISED,
    SIGNED,
    SIGNS,
    run,
    silenced_by,
)
from .recognition import Passed, Pull, Rules, formulas, read_formulas
from .term import OPS, Shape, Term, Terms, adds_axes, is_number, key_of, needed, read, within

__all__ = [
    "ADDED",
    "ATOM",
    "COMPARED",
    "MULTIPLIED",
    "RAISED",
    "SIGNED",
    "ADD_AT",
    "GETITEM",
    "METHODS",
    "OPS",
    "SETITEM",
    "SIGNS",
    "InPlace",
    "Method",
    "Part",
    "Passed",
    "Pull",
    "Rules",
    "Script",
    "Shape",
    "Term",
    "Terms",
    "adds_axes",
    "formulas",
    "is_number",
    "key_of",
    "key_text",
    "lower",
    "needed",
    "read",
    "read_formulas",
    "run",
    "silenced_by",
    "slice_text",
    "within",
]
