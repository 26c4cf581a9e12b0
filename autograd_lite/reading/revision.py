"""A reading of other terms: what is put in the place of each, made anew in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..ops.reductions import axes_of
from ..terms import OPS, Term, Terms, is_number, needed, within
from .steps import Recorded

Revise = Callable[[Terms, Term, tuple[Any, ...]], Any]


def revised(
    r: Recorded, revise: Revise, passed: Callable[[Term], bool] = lambda x: False
) -> Recorded:
    """The reading with `revise(terms, term, inputs)` in the place of each term of an op.

    `inputs` are what is in the place of the term's, and `terms` makes new ones. passed: whether
    what has this as its cotangent is written as something else, which has another.
    """
    terms = Terms(is_read=True)
    terms.ratios = r.terms.ratios
    found: dict[Any, Any] = {}

    def new(x: Any) -> Any:
        return found[x] if isinstance(x, Term) else x

    for term in needed(ends_of(r)):
        if term.op is None:
            found[term] = terms.leaf(term.shape, term.dtype)
        else:
            found[term] = revise(terms, term, tuple(map(new, term.inputs)))

    owners = Counter(new(x) for x in r.slope_of if not passed(x))
    called: dict[Term, str] = {}
    for x, name in r.called.items():
        called.setdefault(new(x), name)
    return replace(
        r,
        terms=terms,
        loss=new(r.loss),
        path={new(x): value for x, value in r.path.items()},
        slope_of={
            new(x): new(slope)
            for x, slope in r.slope_of.items()
            if not passed(x) and owners[new(x)] == 1 and isinstance(new(x), Term)
        },
        gradients=[(new(x), new(slope)) for x, slope in r.gradients],
        called=called,
        values={new(x): value for x, value in r.values.items() if x in found},
        constants=[new(x) for x in r.constants if x in found],
        parts=frozenset(new(x) for x in r.parts if x in found),
        units=[new(x) for x in r.units if x in found],
        term_of={x: new(t) for x, t in r.term_of.items() if not isinstance(t, Term) or t in found},
        parameters=[new(x) for x in r.parameters if x in found],
        pulls=[],
        handed={},
    )


def ends_of(r: Recorded) -> list[Any]:
    """What a reading is about, and needs."""
    slopes = (slope for _, slope in r.gradients)
    return [r.loss, *r.path, *r.slope_of, *r.slope_of.values(), *said(r), *slopes]


def said(r: Recorded) -> set[Any]:
    """The terms that stay, for the user named them, or asked for them."""
    return {r.loss, *r.called, *(x for x, _ in r.gradients)}


def of(terms: Terms, term: Term, inputs: tuple[Any, ...]) -> Any:
    """The same op of other inputs."""
    return terms.simple(term.op, inputs, term.params, term.shape, term.dtype)


def used_once(r: Recorded) -> set[Term]:
    """The terms that one other term needs, and nothing else; no line is likely to be theirs."""
    stay = lines_of(r)
    return {x for x, count in _uses(r).items() if count == 1 and x not in stay}


def lines_of(r: Recorded) -> set[Any]:
    """The terms that stay, and cotangents that are likely to have a line."""
    uses, found = _uses(r), said(r)
    with_lines = (x for x in r.slope_of if x in found or uses[x] > 1 or (x.op and x.op.activation))
    slopes = {r.slope_of[x] for x in with_lines}
    return found | slopes | {slope for _, slope in r.gradients}


def _uses(r: Recorded) -> Counter[Term]:
    return Counter(x for t in needed(ends_of(r)) for x in within(t.inputs))


# As a person writes arrays ----------------------------------------------------------------------

LINEAR = {OPS[name] for name in ("multiply", "divide", "matmul", "outer", "sum")}


def plainly(r: Recorded) -> Recorded:
    """A reading in which the sign of a factor is that of the product, and is added with it.

    And in which a sum keeps no axes that broadcasting adds by itself. All that only where nothing
    else needs what is changed: it would be computed twice.
    """
    single = used_once(r)

    def revise(terms: Terms, term: Term, inputs: tuple[Any, ...]) -> Any:
        pairs = [*zip(inputs, term.inputs)]
        if term.op.elementwise:
            for i, (x, old) in enumerate(pairs):
                if old in single:
                    others = (*inputs[:i], _without_axes(terms, x), *inputs[i + 1 :])
                    shapes = (getattr(y, "shape", ()) for y in others)
                    inputs = others if np.broadcast_shapes(*shapes) == term.shape else inputs
        if term.op is OPS["add"]:
            for (a, _), (b, old) in (pairs, pairs[::-1]):
                if old in single and _is_negative_product(b):
                    number = terms.simple(OPS["negative"], b.inputs[:1], {}, (), b.dtype)
                    b = of(terms, b, (number, *b.inputs[1:]))
                    return terms.simple(OPS["subtract"], (a, b), {}, term.shape, term.dtype)
        if term in single and term.op in LINEAR:
            plain = tuple(x.inputs[0] if old in single and _is_minus(x) else x for x, old in pairs)
            if sum(x is not y for (x, _), y in zip(pairs, plain)) == 1:
                product = of(terms, term, plain)
                return terms.simple(OPS["negative"], (product,), {}, term.shape, term.dtype)
        return of(terms, term, inputs)

    return revised(r, revise)


def _without_axes(terms: Terms, x: Any) -> Any:
    """A sum over leading axes, without them."""
    if not (isinstance(x, Term) and x.op is OPS["sum"] and x.params["keepdims"]):
        return x
    axes = sorted(axes_of(x.inputs[0], x.params["axis"]))
    if axes != [*range(len(axes))]:
        return x
    params = {**x.params, "keepdims": False}
    return terms.simple(x.op, x.inputs, params, x.shape[len(axes) :], x.dtype)


def _is_minus(x: Any) -> bool:
    return isinstance(x, Term) and x.op is OPS["negative"] and x.dtype.kind == "f"


def _is_negative_product(x: Any) -> bool:
    """Is it a product with a negative number?"""
    times = isinstance(x, Term) and x.op is OPS["multiply"] and x.dtype.kind == "f"
    return times and is_number(x.inputs[0]) and x.inputs[0] < 0
