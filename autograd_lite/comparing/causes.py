"""Why a handwritten gradient is wrong: which slip, made in the derived pass, gives its numbers.

A slip is claimed only where the derived pass with it gives the handwritten numbers to rounding, and
leaves right what is right. Two that give the same numbers for any data are one; of those that only
these data do not tell apart, all are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node
from ..showing import judged, paragraph
from ..terms import Term
from .edits import Edit, Edits
from .lines import IMPOSSIBLE, Lines, Values
from .relations import multiple
from .slips import in_words

WORK = 1e9  # of a search, at most, so that it ends in seconds; see `Lines.work`
SHARE = 0.6  # of that, at most, for one row
ALIKE = 40  # edits that explain a row, after which no more are looked for
COARSE = 1e-4  # numbers that are known no better are often some quotient times others, nearly
EDIT = 30_000  # what it costs to make one, and to hold it against the rows
WIDTH = 80  # of a line that is worth showing beside the right one


@dataclass(frozen=True)
class Cause:
    """A slip that gives the numbers of a handwritten gradient.

    `kind`: one of `CAUSES`. `detail`: what was done, in a sentence. `name`: of the value in whose
    cotangent it was done. `formula`: that line, as it should read; `written`: with the slip, where
    that is a line.
    """

    kind: str
    detail: str
    name: str
    formula: str
    written: str = ""

    def __str__(self) -> str:
        given = f"    these are the numbers of  {self.written}\n" if self.written else ""
        return f"{self.sentence}\n{given}    it should read            {self.formula}"

    @property
    def sentence(self) -> str:
        return f"{self.name}: {self.detail} ({self.kind})"

    def _repr_html_(self) -> str:
        given = judged(False, self.written) if self.written else ""
        return paragraph(self.sentence) + given + judged(True, self.formula)


class Found(NamedTuple):
    """What there is to say: the causes, and notes: what is not told apart, or not explained."""

    causes: tuple[Cause, ...]
    notes: tuple[str, ...]


class Match(NamedTuple):
    """An edit that gives the numbers of some rows, its kind, and what is said of it.

    number: None; where it is between the edit, at 0, and the derived pass, at 1; or times which, as
    a tuple of one.
    """

    edit: Edit
    kind: str
    said: str
    number: Any
    rows: frozenset[Term]
    missed: int  # wrong rows that it changes, too, and does not explain


def explained(
    loss: Node,
    given: Mapping[Node, tuple[str, np.ndarray, float]],
    wrong: list[Node],
    local: Mapping[Node, np.ndarray],
    names: Mapping[str, Any] | None,
) -> Found:
    """Why handwritten cotangents are wrong.

    given: for each its name, its numbers, and how far apart, relative to the largest, two right
    values of it may be. wrong: those with a mistake, from the loss back. local: what the derived
    pass makes of the handwritten values before each.
    """
    with np.errstate(all="ignore"):  # a slip may divide by 0
        return _explained(loss, given, wrong, local, names)


def _explained(
    loss: Node,
    given: Mapping[Node, tuple[str, np.ndarray, float]],
    wrong: list[Node],
    local: Mapping[Node, np.ndarray],
    names: Mapping[str, Any] | None,
) -> Found:
    lines = Lines(loss, {x: g for x, (_, g, _) in given.items()}, names)
    search = _Search(lines, given, wrong, local)
    alike: dict[Any, dict[str, Cause]] = {}  # by their names: those of the steps of a loop
    notes: list[str] = []
    for x in wrong:
        if lines.end[x] not in lines.lines:
            cause = _as_it_came(lines, x, *given[x], local[x])
            if cause:
                alike[x] = {cause.name: cause}
            else:
                notes.append(
                    f"{given[x][0]}: unknown; no slip that people make gives these numbers"
                )
    told: list[tuple[str, list[Match]]] = []
    pending = [(end, times) for times in (False, True) for end in search.left]
    while pending and lines.work < WORK:
        end, times = pending.pop(0)
        matches = search.matches(end, times)
        if not matches:
            continue
        note = search.not_told_apart(end, matches) if len(matches) > 1 else ""
        told.append((note, matches))
        search.settle(matches[0])
        # Of a pass with this slip, another may explain what none did.
        pending = [(end, times) for times in (False, True) for end in search.left]
    count = Counter(search.key(m, m.kind) for _, matches in told for m in matches)
    for note, matches in told:
        most = max(count[search.key(m, m.kind)] for m in matches)
        matches = [m for m in matches if count[search.key(m, m.kind)] == most]  # in all steps
        for match in matches:
            for cause in search.causes(match):
                alike.setdefault(search.key(match, cause.kind), {}).setdefault(cause.name, cause)
        if len(matches) > 1:
            notes.append(note)
    if set(search.left) - search.shaped:
        notes.append(search.unknown())
    return Found(tuple(_as_one([*causes.values()]) for causes in alike.values()), tuple(notes))


def _as_it_came(
    lines: Lines, x: Node, name: str, own: Array, close: float, base: Array
) -> Cause | None:
    """Why a cotangent is wrong that has no line, for it is a number, or that of another value."""
    c = _between(own, np.zeros_like(base), base, close) if own.shape == base.shape else None
    if c is None or c == 1:
        return None
    kind, said = "factor", f"it is {in_words(c)} times what belongs there"
    if c == 0:
        kind, said = "missing-term", "it is 0: what belongs to it is left out"
    if c == -1:
        kind, said = "sign", "its sign is the wrong one"
    return Cause(kind, said, name, f"{_cotangent(name)} = {lines.text(lines.end[x])[0]}")


def _cotangent(name: str) -> str:
    return f"d_({name})" if " " in name else f"d_{name}"


def _as_one(causes: list[Cause]) -> Cause:
    """The first of alike causes, which says where the others are."""
    first, *others = causes
    return replace(first, detail=first.detail + _and_so_at([cause.name for cause in others]))


def _and_so_at(names: list[str]) -> str:
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return f"; and so at {', '.join(names)}" if names else ""


class _Search:
    """Looks for what explains handwritten cotangents; `left` are those that nothing does so far."""

    def __init__(
        self,
        lines: Lines,
        given: Mapping[Node, tuple[str, np.ndarray, float]],
        wrong: list[Node],
        local: Mapping[Node, np.ndarray],
    ) -> None:
        self.lines, self.edits = lines, Edits(lines)
        self.given: dict[Term, np.ndarray] = {}
        self.close: dict[Term, float] = {}
        self.names: dict[Term, str] = {}
        for x, (name, g, close) in given.items():
            end = lines.end[x]
            if end in lines.lines:
                self.given[end], self.close[end] = g, max(close, 1e-12)
                self.names[lines.target[x]] = name
        ends = (
            lines.end[x]
            for x in wrong
            if _near(local[x], np.asarray(lines.values.of(lines.end[x])), 1e-6)
        )
        self.made: dict[Term, dict[Term, Any]] = {}  # the slips that are found
        self.left = [end for end in ends if end in lines.lines]
        self.shaped = {end for end in self.left if self._has_right_values(end)}
        self.tried = 0

    # What explains a row ------------------------------------------------------------------------

    def matches(self, end: Term, times: bool) -> list[Match]:
        """The edits that explain a row, and the most of others with it; or do so times a number."""
        own = self.given[end]
        (base,) = self.lines.run(self.made, [end])
        found: list[Match] = []
        until = self.lines.work + SHARE * WORK
        others = [] if self.lines.handed else self.left  # a line from handwritten values is alone
        for edit in self.edits.of(end, others, own.shape != base.shape):
            if self.lines.work > min(WORK, until) or len(found) >= ALIKE:
                break
            self.tried += 1
            self.lines.work += EDIT
            changed = _together(self.made, edit.changed)
            try:
                (value,) = self.lines.run(changed, [end])
            except IMPOSSIBLE:
                continue
            for kind, said, number in (self._times if times else self._said)(
                end, edit, value, base
            ):
                rows = self._explained(end, changed, number)
                if rows:
                    found.append(Match(edit, kind, said, number, *rows))
        most = max(((len(m.rows), -m.missed) for m in found), default=None)
        return self._distinct(end, [m for m in found if (len(m.rows), -m.missed) == most])

    def _has_right_values(self, end: Term) -> bool:
        """Has a row nothing but another shape, of axes of length 1?"""
        (base,) = self.lines.run(self.made, [end])
        fitting = _reshaped(self.given[end], base)
        return fitting is not None and _near(fitting, base, self.close[end])

    def _said(self, end: Term, edit: Edit, value: Array, base: Array) -> Iterator[Any]:
        """What may be said of an edit that gives this value: a kind, a sentence, a number."""
        own, close = self.given[end], self.close[end]
        if not np.isfinite(value).all() or _near(value, base, 1e-12):
            return
        fitting = _reshaped(own, base)
        if fitting is not None and _near(fitting, base, close):  # right, but for the shape
            if own.shape == value.shape and _near(own, value, close):
                yield edit.kind, edit.said, None
            return
        if edit.between is not None:
            if fitting is not None and value.shape == base.shape:
                c = _between(fitting, value, base, close)
                if c is not None and c != 1 and (said := edit.between(c)):
                    yield *said, c
        elif (shaped := _reshaped(value, own)) is not None and _near(own, shaped, close):
            yield edit.kind, edit.said, None

    def _times(self, end: Term, edit: Edit, value: Array, base: Array) -> Iterator[Any]:
        """The same of an edit that gives these numbers times one."""
        own, close = self.given[end], self.close[end]
        if (edit.between and not edit.times) or end in self.shaped or not np.isfinite(value).all():
            return
        shaped = _reshaped(value, own)
        if shaped is None or np.count_nonzero(shaped) < 2 or close > COARSE:
            return
        factor = multiple(own, shaped, close * float(np.abs(shaped).max()))
        if factor is not None and factor != 1 and _is_simple(factor):
            if edit.times:
                yield *edit.times(factor), (factor,)
            else:
                yield edit.kind, f"{edit.said}, times {factor}", (factor,)

    def _explained(self, end: Term, changed: Any, number: Any) -> Any:
        """The wrong rows that an edit explains, and how many it changes otherwise.

        None if it makes wrong what is right.
        """
        others = [t for t in self.given if t is not end]
        try:
            values = self.lines.run(changed, others)
        except IMPOSSIBLE:
            return None
        rows, missed = {end}, 0
        for t, value, base in zip(others, values, self.lines.run(self.made, others)):
            value = _at(number, value, base)
            if _near(value, base, self.close[t]):
                continue
            if t not in self.left:
                return None
            if _near(self.given[t], value, self.close[t]):
                rows.add(t)
            else:
                missed += 1
        return frozenset(rows), missed

    def _distinct(self, end: Term, found: list[Match]) -> list[Match]:
        """Of those that give the same numbers for other data, too, the first."""
        if len(found) < 2:
            return found
        rng = np.random.default_rng(0)
        near, far = self.lines.elsewhere(rng), self.lines.elsewhere(rng, far=True)
        kept: list[tuple[Match, list[Array], list[Array]]] = []
        for match in found:
            there = self._elsewhere(end, match, near)
            away = self._elsewhere(end, match, far) or []
            if there is not None and not any(
                _alike(there, others) and _alike(away, more, defined=True)
                for _, others, more in kept
            ):
                kept.append((match, there, away))
        own = self.given[end].shape
        fitting = [m for m, there, _ in kept if there[0].shape == own] or [m for m, *_ in kept]
        return [*{m.kind: m for m in reversed(fitting)}.values()][::-1]

    def _elsewhere(self, end: Term, match: Match, values: Values) -> list[Array] | None:
        """What the rows come to with an edit, for other data."""
        ends = [end, *(t for t in self.given if t is not end)]
        try:
            there = self.lines.run(_together(self.made, match.edit.changed), ends, values)
        except IMPOSSIBLE:
            return None
        base = self.lines.run(self.made, ends, values)
        return [_at(match.number, v, b) for v, b in zip(there, base)]

    def settle(self, match: Match) -> None:
        """Go on from a pass with this slip."""
        self.left = [t for t in self.left if t not in match.rows]
        number, make = match.number, self.lines.make
        if isinstance(number, tuple):  # which may be a number anywhere
            return
        changed = match.edit.changed
        if number:
            changed = {
                end: {
                    t: make("add", x, make("multiply", float(number), make("subtract", t, x)))
                    for t, x in terms.items()
                }
                for end, terms in changed.items()
            }
        self.made = _together(self.made, changed)

    # What is said of it -------------------------------------------------------------------------

    def line(self, match: Match) -> Any:
        """The line that a slip is made in, the first from the loss."""
        return self.lines.lines[min(match.edit.changed, key=lambda end: end.number)]

    def key(self, match: Match, kind: str) -> Any:
        """What is the same for a slip that is made in each step of a loop."""
        return kind, match.said, self.lines.kin(self.line(match).target)

    def called(self, ends: Iterable[Term]) -> list[str]:
        """The names of the values whose cotangents these are."""
        targets = [self.lines.lines[end].target for end in ends]
        texts = iter(self.lines.text(*(t for t in targets if t not in self.names)))
        return [self.names.get(t) or next(texts) for t in targets]

    def causes(self, match: Match) -> Iterator[Cause]:
        """An edit in words, and again if it may as well be of another kind."""
        line = self.line(match)
        (name,) = self.called([line.end])
        formula = f"{_cotangent(name)} = {self.lines.written(line.end, line.end)[0]}"
        written = self._written(match, name)
        parts = self.lines.text(*match.edit.parts)
        others = (end for end in match.edit.changed if end is not line.end)
        more = self.called(sorted(others, key=lambda end: end.number))
        also = [match.edit.also] if match.edit.also and match.number == 0 else []
        for kind, said in [(match.kind, match.said), *also]:
            yield Cause(kind, said.format(*parts) + _and_so_at(more), name, formula, written)

    def _written(self, match: Match, name: str) -> str:
        """The line with the slip, if that is a line."""
        lines, line = self.lines, self.line(match)
        number: Any = match.number[0] if isinstance(match.number, tuple) else match.number
        if number:
            lines.terms.ratios[float(number)] = Fraction(number).as_integer_ratio()
        try:
            wrong = lines.with_changes(line.end, match.edit.changed[line.end])
            if number and not isinstance(match.number, tuple):
                if lines.values.of(wrong).any() if isinstance(wrong, Term) else wrong:
                    return ""
                wrong = line.end
            if number:
                wrong = lines.make("multiply", float(number), wrong)
        except IMPOSSIBLE:
            return ""
        text = f"{_cotangent(name)} = {lines.written(line.end, wrong)[0]}"
        return text if len(text) <= WIDTH and wrong is not line.end else ""

    def unknown(self) -> str:
        """A note of what is not explained."""
        found = self.called(end for end in self.left if end not in self.shaped)
        names = ", ".join(found[:5] + [f"{len(found) - 5} more"] * (len(found) > 5))
        stopped = ", and then the search was stopped" if self.lines.work > WORK else ""
        return (
            f"{names}: unknown; {self.tried:,} slips were tried{stopped}, and none gives these "
            "numbers: several may be in one step, or one that is not looked for"
        )

    def not_told_apart(self, end: Term, matches: list[Match]) -> str:
        """A note that several edits give the same numbers, and which other data tell them apart."""
        rng = np.random.default_rng(1)
        telling: list[str] = []
        leaves = (x for x in self.lines.reading.values if x.op is None and x.dtype.kind == "f")
        for x in leaves:
            if x not in self.lines.handed and len(telling) < 3:
                values = self.lines.elsewhere(rng, x)
                there = [self._elsewhere(end, m, values) for m in matches]
                if all(a and b and not _alike(a, b) for a, b in combinations(there, 2)):
                    telling += self.lines.text(x)
        return (
            f"{self.called([end])[0]}: {len(matches)} slips give the same numbers here; other "
            f"values of {' or '.join(telling) or 'all of them'} tell them apart"
        )


# Numbers ----------------------------------------------------------------------------------------


def _at(number: Any, value: Array, base: Array) -> Array:
    """What a line comes to with an edit that has a number in it."""
    if number is None or value.shape != base.shape:
        return value
    if isinstance(number, tuple):
        return base if np.array_equal(value, base) else value * float(number[0])
    return value + float(number) * (base - value)


def _together(a: Mapping[Term, Any], b: Mapping[Term, Any]) -> dict[Term, dict[Term, Any]]:
    return {end: {**a.get(end, {}), **b.get(end, {})} for end in (*a, *b)}


def _reshaped(value: Array, own: Array) -> Array | None:
    """The value in the shape of the handwritten one, if only axes of length 1 differ."""
    if [n for n in value.shape if n > 1] != [n for n in own.shape if n > 1]:
        return None
    return value.reshape(own.shape)


def _is_simple(x: Fraction) -> bool:
    return 1 in (abs(x.numerator), x.denominator) or max(abs(x.numerator), x.denominator) <= 12


def _near(a: Array, b: Array, close: float) -> bool:
    if a.shape != b.shape:
        return False
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return bool(np.abs(a - b).max(initial=0) <= close * largest)


def _alike(a: list[Array], b: list[Array], defined: bool = False) -> bool:
    """Are all equal? defined: those that are finite."""
    pairs = list(zip(a, b))
    if defined:
        pairs = [(x, y) for x, y in pairs if np.isfinite(x).all() and np.isfinite(y).all()]
    return all(_near(*pair, 1e-8) for pair in pairs)


def _between(own: Array, start: Array, stop: Array, close: float) -> Fraction | None:
    """Where a value is on the line from start, 0, to stop, 1: at a number that a person may use."""
    way = stop - start
    if not way.any() or not np.isfinite(way).all() or not np.isfinite(own).all():
        return None
    i = np.unravel_index(np.abs(way).argmax(), way.shape)
    c = float((own[i] - start[i]) / way[i])
    if not abs(c) < 1e6:
        return None
    numbers = [Fraction(c).limit_denominator(12)]
    if np.count_nonzero(np.abs(way) > 1e-6 * np.abs(way[i])) > 1:  # else any number would do
        numbers += [Fraction(1, round(1 / c))] if 1e-5 < abs(c) < 0.75 else []
        numbers += [Fraction(f"{c:.1g}"), Fraction(f"{c:.2g}"), 1 - Fraction(f"{1 - c:.1g}")]
    for number in numbers:
        if _near(own, start + float(number) * way, close):
            return number
    return None
