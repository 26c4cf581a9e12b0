"""Edits of a derived pass: one slip, that at all alike places, other values in all alike steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from ..terms import Term
from .lines import IMPOSSIBLE, Line, Lines
from .slips import Said, Slip, slips

MOST = 300  # lines that are looked at for one row
MANY = 5_000  # slips of a line
LOOK = 3_000  # what it costs to look at a slip; see `Lines.work`
COMMON = 6  # up to that rank slips are commoner than other values in alike steps


class Edit(NamedTuple):
    """What stands in the place of terms of lines, by their ends, and what is said of it."""

    kind: str
    said: str
    parts: tuple[Any, ...]
    changed: dict[Term, dict[Term, Any]]
    also: Said | None = None
    between: Callable[[Any], Said | None] | None = None
    times: Callable[[Any], Said] | None = None


class Edits:
    """The edits of lines."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._slips: dict[Any, list[Made]] = {}

    def of(self, end: Term, ends: Iterable[Term], odd: bool) -> Iterator[Edit]:
        """Those that change an end; what is commoner comes first.

        They may change others of `ends`, too. odd: has the handwritten cotangent another shape?
        """
        near = {line.end for line in self.lines.before(end)}
        lines: dict[Term, Line] = {}
        for x in (end, *ends):
            if len(lines) < MOST:
                lines |= {line.end: line for line in self.lines.before(x)[:MOST]}
        steps = Counter(self.lines.kin(line.target, same=True) for line in lines.values())
        made = []
        last_first = sorted(lines.values(), key=lambda line: -line.end.number)
        for line in last_first:
            alone = line.end is end or steps[self.lines.kin(line.target, same=True)] < 3
            made += self._made(line, odd and line.end is end, alone)
        made.sort(key=lambda one: one.slip.rank)
        common = [one for one in made if one.slip.rank <= COMMON]
        yield from _made_of(common, near)
        yield from _shifted(self.lines, last_first, near)
        yield from _made_of([one for one in made if one.slip.rank > COMMON], near)

    def _made(self, line: Line, odd: bool, alone: bool) -> list[Made]:
        """The slips of a line, each with what alike ones have in common."""
        key = line.end, odd, alone
        if key not in self._slips:
            self._slips[key] = [
                Made(line, slip, tuple(_kinds(self.lines, line, slip.site)))
                for slip in islice(slips(line, odd, alone), MANY)
            ]
            self.lines.work += LOOK * len(self._slips[key])
        return self._slips[key]


class Made(NamedTuple):
    """A slip in a line, and how its place is like others: more and more of it."""

    line: Line
    slip: Slip
    kinds: tuple[Any, ...]


def _made_of(made: list[Made], near: Container[Term]) -> Iterator[Edit]:
    """The edits of slips that change one of some ends."""
    for some in _together(made):
        if any(one.line.end in near for one in some):
            changed: dict[Term, dict[Term, Any]] = {}
            for one in some:
                changed.setdefault(one.line.end, {})[one.slip.site] = one.slip.term
            if all(x is not None for terms in changed.values() for x in terms.values()):
                slip = min(some, key=lambda one: one.line.end.number).slip
                said = slip.kind, slip.said, slip.parts
                yield Edit(*said, changed, slip.also, slip.between, slip.times)


def _together(made: list[Made]) -> Iterator[list[Made]]:
    """Slips by themselves, and in all alike places, or all but the first or last of these."""
    groups: dict[Any, list[Made]] = {}
    for one in made:
        for i, kind in enumerate(one.kinds):
            groups.setdefault((i, kind, one.slip.tag), []).append(one)
    first: dict[int, list[list[Made]]] = {}
    crowded: set[int] = set()  # those within a loop, which people do not write for one step alone
    for (i, *_), alike in groups.items():
        if len(alike) > 1:
            for some in (alike, alike[1:], alike[:-1]) if len(alike) > 2 else (alike,):
                known = first.setdefault(id(some[0]), [])
                if some not in known:
                    known.append(some)
            if i == 2:
                crowded.update(map(id, alike[1:-1]))
    for one in made:
        yield from first.get(id(one), [])
        if id(one) not in crowded:
            yield [one]


def _kinds(lines: Lines, line: Line, site: Term) -> Iterator[Any]:
    """What alike sites have in common: how they are written, and more and more of where."""
    way, target = lines.way(site), line.target
    yield way
    yield way, lines.kin(target)
    yield lines.way(site, same=True), lines.kin(target, same=True)


def _shifted(lines: Lines, before: list[Line], near: Container[Term]) -> Iterator[Edit]:
    """Other values in alike steps, in all of them: those of other steps, or of other kind.

    near: the ends of which one is changed.
    """
    groups: dict[Any, list[tuple[Line, Term]]] = {}
    for line in before:
        for t in reversed(line.inside):
            for place in (line.end, lines.kin(line.target, same=True)):
                key = lines.way(t, same=True), t.shape, place
                groups.setdefault(key, []).append((line, t))
            if line.is_sum(t) and line.end in near:
                parts = line.addends(t)
                for old, new in _columns(lines, tuple(x for _, x in parts)):
                    total = [(sign, x) for (sign, _), x in zip(parts, new)]
                    yield from _put(lines, old, new, [(line, t, lambda t=total: lines.total(t))])
    tried = set()
    for sites in groups.values():
        here = any(line.end in near for line, _ in sites)
        if here and len(sites) > 1 and tuple(t for _, t in sites) not in tried:
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
        for (line, t, instead), x in zip(places, new):
            if x in lines.ends and not lines.is_before(x, line):
                return
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
    slopes = column[0] in lines.ends
    for other in lines.columns(len(column)):
        if (
            slopes is (other[0] in lines.ends)
            and [x.shape for x in other] == shapes
            and any(x is not y for x, y in zip(column, other))
        ):
            yield column, other
    if len(set(column)) > 1 and all(x in lines.atoms for x in column):
        for x in lines.atoms:
            if {*shapes} == {x.shape} and x.dtype.kind == "f":
                yield column, (x,) * len(column)
    if slopes and len(set(column)) == 1:
        for x in lines.ends:
            if x is not column[0] and x.shape == column[0].shape:
                yield column, (x,) * len(column)
