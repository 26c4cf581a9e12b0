"""A reading as a person would put it on paper, who knows nothing of what numpy needs."""

from __future__ import annotations

from typing import Any

from ..terms import OPS, Term, Terms, adds_axes, is_number
from .notation import form
from .places import gathered
from .revision import of, revised, said
from .steps import Recorded, is_computed


def on_paper(r: Recorded) -> Recorded:
    """A reading with what a person would put in the place of its terms: other terms, or numbers.

    Left out is what is written as nothing, such as what guards an op against 0 / 0, unless the user
    named it. What is 0 but for some places is put together.
    """
    r = gathered(r)
    stay = said(r)
    passed: set[Term] = set()  # what is written as its input

    def revise(terms: Terms, term: Term, inputs: tuple[Any, ...]) -> Any:
        found = of(terms, term, inputs)
        if adds_axes(found):
            found = terms.simple(
                OPS["reshape"], found.inputs[:1], {"shape": term.shape}, term.shape, term.dtype
            )
        found = _cancelled(terms, found)
        if term in stay or not is_computed(found):
            return found
        same = form(found).same
        if same is None:
            return found
        passed.add(term)
        if getattr(same, "shape", ()) == term.shape:
            return same
        params = {"shape": term.shape}
        return terms.simple(OPS["broadcast_to"], (same,), params, term.shape, term.dtype)

    return revised(r, revise, passed.__contains__)


def _cancelled(terms: Terms, x: Any) -> Any:
    """x without a factor that it is divided by."""
    if not (isinstance(x, Term) and x.op is OPS["multiply"]):
        return x
    for a, b in (x.inputs, x.inputs[::-1]):
        number, quotient = 1.0, a
        if isinstance(a, Term) and a.op is OPS["multiply"] and is_number(a.inputs[0]):
            number, quotient = a.inputs
        if isinstance(quotient, Term) and quotient.op is OPS["divide"] and quotient.inputs[1] is b:
            over = quotient.inputs[0]
            if not is_number(over) and over.shape != x.shape:
                continue
            rest = terms.full(number, x.shape, x.dtype)
            return terms.simple(OPS["multiply"], (rest, over), {}, x.shape, x.dtype)
    return x
