"""Edits of a derived pass: one slip, that at all alike places, other values in all alike steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..terms import Term
from .lines import IMPOSSIBLE, Line, Lines
from .slips import Said, Slip, slips


class Edit(NamedTuple):
    """What stands in the place of terms of lines, by their ends, and what is said of it."""

    kind: str
    said: str
    parts: tuple[Any, ...]
    changed: dict[Term, dict[Term, Any]]
    also: Said | None = None
    between: Callable[[Any], Said | None] | None = None
    times: Callable[[Any], Said] | None = None


def edits(lines: Lines, end: Term, ends: Iterable[Term], odd: bool) -> Iterator[Edit]:
    """The edits that change an end; what is commoner comes first.

    They may change others of `ends`, too. odd: has the handwritten cotangent another shape?
    """
    near = {line.end for line in lines.before(end)}
    everywhere = {line.end: line for other in (end, *ends) for line in lines.before(other)}
    before = [everywhere[t] for t in sorted(everywhere, key=lambda t: -t.number)]
    for edit in _edits(lines, before, end if odd else None, end):
        if not near.isdisjoint(edit.changed):
            yield edit


def _edits(lines: Lines, before: list[Line], odd: Term | None, end: Term) -> Iterator[Edit]:
    steps = Counter(lines.kin(line.target, same=True) for line in before)
    found = []
    for line in before:
        alone = line.end is end or steps[lines.kin(line.target, same=True)] < 3
        found += [(line, slip) for slip in slips(line, line.end is odd, alone)]
    found.sort(key=lambda pair: pair[1].rank)
    groups: dict[Any, list[tuple[Line, Slip]]] = {}
    for pair in found:
        line, slip = pair
        for i, kind in enumerate(_kinds(lines, line, slip.site)):
            groups.setdefault((i, kind, slip.tag), []).append(pair)
    together: dict[int, list[list[tuple[Line, Slip]]]] = {}  # by the first of each
    crowded: set[int] = set()  # those within a loop, which people do not write for one step alone
    for (i, *_), pairs in groups.items():
        if len(pairs) > 1:
            for some in (pairs, pairs[1:], pairs[:-1]) if len(pairs) > 2 else (pairs,):
                known = together.setdefault(id(some[0][1]), [])
                if some not in known:
                    known.append(some)
            crowded.update(id(slip) for _, slip in pairs[1:-1] if i == 2)
    for pair in found:
        single = [] if id(pair[1]) in crowded else [[pair]]
        for pairs in together.get(id(pair[1]), []) + single:
            changed: dict[Term, dict[Term, Any]] = {}
            try:
                for line, slip in pairs:
                    changed.setdefault(line.end, {})[slip.site] = slip.instead()
            except IMPOSSIBLE:
                continue
            _, slip = min(pairs, key=lambda one: one[0].end.number)
            said = slip.kind, slip.said, slip.parts
            yield Edit(*said, changed, slip.also, slip.between, slip.times)
    yield from _shifted(lines, before)


def _kinds(lines: Lines, line: Line, site: Term) -> Iterator[Any]:
    """What alike sites have in common: how they are written, and more and more of where."""
    way, target = lines.way(site), line.target
    yield way
    yield way, lines.kin(target)
    yield lines.way(site, same=True), lines.kin(target, same=True)


def _shifted(lines: Lines, before: list[Line]) -> Iterator[Edit]:
    """Other values in alike steps, in all of them: those of other steps, or of other kind."""
    groups: dict[Any, list[tuple[Line, Term]]] = {}
    for line in before:
        for t in reversed(line.inside):
            for place in (line.end, lines.kin(line.target, same=True)):
                key = lines.way(t, same=True), t.shape, place
                groups.setdefault(key, []).append((line, t))
            if line.is_sum(t):
                parts = line.addends(t)
                for old, new in _columns(lines, tuple(x for _, x in parts)):
                    total = [(sign, x) for (sign, _), x in zip(parts, new)]
                    yield from _put(lines, old, new, [(line, t, lambda t=total: lines.total(t))])
    tried = set()
    for sites in groups.values():
        if len(sites) > 1 and tuple(t for _, t in sites) not in tried:
            tried.add(tuple(t for _, t in sites))
            for i in range(len(sites[0][1].inputs)):
                for old, new in _columns(lines, tuple(t.inputs[i] for _, t in sites)):
                    yield from _put(
                        lines,
                        old,
                        new,
                        [
                            (line, t, _with(lines, t, x, y))
                            for (line, t), x, y in zip(sites, old, new)
                        ],
                    )


def _with(lines: Lines, t: Term, old: Any, new: Any) -> Callable[[], Any]:
    inputs = tuple(new if x is old else x for x in t.inputs)
    return lambda: lines.made(t.op, inputs, t.params)


def _put(lines: Lines, old: Any, new: Any, places: list[Any]) -> Iterator[Edit]:
    changed: dict[Term, dict[Term, Any]] = {}
    try:
        for line, t, instead in places:
            changed.setdefault(line.end, {})[t] = instead()
    except IMPOSSIBLE:
        return
    alike = {lines.kin(x) for x in old} & {lines.kin(x) for x in new}
    pair = next((y, x) for x, y in zip(old, new) if x is not y)
    said = "{} stands where {} belongs, and so on in each step"
    yield Edit("index" if alike else "operands", said, pair, changed)


def _columns(lines: Lines, column: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    """What may stand in the places of values, or cotangents, of the steps of a loop."""
    if not all(
        isinstance(x, Term) and (x.op is None or x in lines.closed or x in lines.ends)
        for x in column
    ):
        return
    shapes = [x.shape for x in column]
    for other in lines.columns(len(column)):
        if [x.shape for x in other] == shapes and any(x is not y for x, y in zip(column, other)):
            yield column, other
    if len(set(column)) > 1 and column[0] not in lines.ends:
        for x in lines.atoms:
            if {*shapes} == {x.shape} and x.dtype.kind == "f":
                yield column, (x,) * len(column)
