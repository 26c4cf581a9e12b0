"""Steps that are alike, written once with an index: `z_t = W x[t] + U h_{t−1}` for t = 0 … 4.

Which lines belong together is guessed: a *family* is lines of one form at the same place of each
round of a loop, and the round is their number. What is written is not: two neighbours are merged
into one line with an index, in which each value that differs is a member of a family, or a number
in a key, that goes with the step; and lines fold where all neighbours give the very same line.
A wrong guess is a line that stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count, groupby, pairwise
from typing import Any

import numpy as np

from ..graph import Op
from ..terms import OPS, Term, key_of, within
from .account import Account, Line, Steps, written_in
from .families import FEW, LONG, NUMBERED, Families, Family, indexed_by, parts_of
from .letters import Index, Indexed
from .notation import SUMMED, Ink, Page
from .steps import Recorded

ADD, SUBTRACT, NEGATIVE = OPS["add"], OPS["subtract"], OPS["negative"]
SIGNED = ADD, SUBTRACT, NEGATIVE
LETTERS = "tijkn"


class _Unlike(Exception):
    """Two expressions are not one at different steps."""


def _total(page: Page, x: Ink, steps: tuple[Any, ...]) -> Ink:
    """Σ over steps, which are those that all lines are for where it does not say which."""
    letter, *ends = steps
    sign = "total from" if ends else "total"
    ends = [page.ink(n).whole() for n in ends]
    return replace(x, body=page.sign(sign, letter, *ends, x.inner(SUMMED)), tight=SUMMED)


TOTAL = Op("total", lambda x, *, steps: x, (None,), paper=_total, elementwise=True)


def folded(account: Account, r: Recorded) -> Account:
    """The account of a reading, with what is alike at `FEW` steps or more written once."""
    fold = _Fold(account, r)
    sections = fold.sections()
    some = fold.totals or any(line.steps for lines in sections.values() for line in lines)
    return fold.named(sections) if some else account


class _Fold(Families):
    """What is alike in an account, and how it is written.

    `any`, by family, offset and letter: the member that is so much later than the step; `indexed`,
    the terms with an index; `totals`, over steps: of what, and which; `span`, the steps of all.
    """

    def __init__(self, account: Account, r: Recorded) -> None:
        super().__init__(account, r.called)
        self.terms = r.terms
        self.filled = {  # arrays without a name of one number, such as zeros to start with
            x: value.flat[0].item()
            for x in r.constants
            if (value := r.values[x]).size and (value == value.flat[0]).all()
        }
        self.any: dict[tuple[Family, int, str], Term] = {}
        self.indexed: set[Term] = set()
        self.used: set[Family] = set()
        self.totals: list[tuple[Any, Steps]] = []
        self.span: Steps | None = None
        words = {re.sub(r"[_\d\[].*", "", name) for name in account.names.values()}
        self.letter, *self.letters = [c for c in LETTERS if c not in words] or ["t"]

    def sections(self) -> dict[str, list[Line]]:
        """The lines, with those of a family that are alike as one, and with sums over steps."""
        known = {line.name: line for line in self.account.sections["Forward"]}
        new: dict[Line, Line | None] = {}
        for loop, families in self.loops():
            found = self._together([known[t] for t in loop])
            if 2 * len(found) > len(loop):
                new |= found
            else:  # it is no loop
                for family in families:
                    for t in family.members.values():
                        del self.place[t]
        self.add_slopes()
        sections = {}
        for title, lines in self.account.sections.items():
            split = [x for line in lines for x in _single(line)]
            if title != "Forward":
                new |= self._together(split)
            sections[title] = self._in_order(split, new)
        ends = [tuple(sorted(x.steps[1:])) for x in sections["Forward"] if x.steps]
        if ends:
            first, last = min(a for a, _ in ends), max(b for _, b in ends)
            self.span = Steps(self.letter, first, last) if (first, last) in ends else None
        return {title: [*map(self._with_totals, lines)] for title, lines in sections.items()}

    # Merging

    def _merged(self, a: Any, b: Any, n: int) -> Any:
        """What is `a` at step n and `b` at the next one; of two lines, what these say.

        Raises _Unlike where there is no such expression.
        """
        names = self.account.names

        def merged(a: Any, b: Any) -> Any:
            if a is b or (not isinstance(a, Term) and key_of(a) == key_of(b)):
                return a
            if isinstance(a, Term) and isinstance(b, Term):
                if a.shape != b.shape or a.dtype != b.dtype:
                    raise _Unlike
                named = a in names or b in names
                return self._member(a, b, n) if named else made(a, b)
            if type(a) is type(b) and isinstance(a, (tuple, list)) and len(a) == len(b):
                return type(a)(map(merged, a, b))
            raise _Unlike

        def made(a: Term, b: Term) -> Term:
            if a.op is not b.op or a.op is None or a.params.keys() != b.params.keys():
                raise _Unlike
            inputs = merged(a.inputs, b.inputs)
            params = {
                k: at(v, b.params[k], indexed_by(a)) if k == "key" else merged(v, b.params[k])
                for k, v in a.params.items()
            }
            term = self.terms.make(a.op, inputs, params, a.shape, a.dtype)
            self.indexed.add(term)
            return term

        def at(a: Any, b: Any, lengths: Sequence[int]) -> Any:
            """A key into an array of these lengths."""
            if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
                plain = all(isinstance(k, (int, slice)) for k in (*a, *b))  # one for each axis
                return tuple(map(at, a, b, [(i,) for i in lengths] if plain else [()] * len(a)))
            if isinstance(a, slice) and isinstance(b, slice) and key_of(a) != key_of(b):
                if not lengths or {a.step, b.step} != {None}:
                    raise _Unlike
                (start, stop), (start2, stop2) = (x.indices(lengths[0])[:2] for x in (a, b))
                return slice(at(start, start2, ()), at(stop, stop2, ()))
            if type(a) is type(b) is int and a != b:
                return Index(self.letter, b - a, a - (b - a) * n)
            return merged(a, b)

        if not isinstance(a, Line):
            return merged(a, b)
        own = a.name is not None and a.value is a.name
        if (a.name is None, own) != (b.name is None, b.value is b.name and b.name is not None):
            raise _Unlike
        if (a.shape, a.added) != (b.shape, b.added):
            raise _Unlike
        value = made(a.value, b.value) if own else merged(a.value, b.value)
        place = at(a.place, b.place, a.xs[0].shape if a.place else ())
        return merged(a.name, b.name), merged(a.xs, b.xs), value, a.shape, place, a.added

    def _member(self, a: Term, b: Term, n: int) -> Term:
        """The member of a family that is `a` at step n and `b` at the next one."""
        if a in self.place:
            family, number = self.place[a]
            if family.at(number + 1) is b or self._joins(b, family, number + 1):
                return self._member_at(family, number - n)
        if b in self.place:
            family, number = self.place[b]
            if family.at(number - 1) is a or self._joins(a, family, number - 1):
                return self._member_at(family, number - 1 - n)
            first = number == min(family.members) and number <= n + 1 and a not in self.place
            if first and not (family.before or family.leaves or family.of):
                family.before[number - 1] = a  # a loop starts with something else
                return self._member_at(family, number - 1 - n)
        raise _Unlike

    def _joins(self, t: Term, family: Family, number: int) -> bool:
        """Let a line that is unlike the others, as at an odd step, be a member where one lacks."""
        own, _ = self.place.get(t, (None, 0))
        if own is None or own is family or own.leaves or own.of or family.leaves or family.of:
            return False
        if len(own.members) >= min(FEW, len(family.members)) or own in self.used:
            return False
        if family.at(number):
            return False
        if self.stem(t) != self.stem(next(iter(family.members.values()))):
            return False
        own.members = {n: x for n, x in own.members.items() if x is not t}
        family.members[number] = t
        self.place[t] = family, number
        return True

    def _member_at(self, family: Family, offset: int, letter: str = "") -> Term:
        """The member of a family at any step, so much later."""
        key = family, offset, letter or self.letter
        if key not in self.any:
            like = next(iter(family.members.values()))
            self.any[key] = self.terms.leaf(like.shape, like.dtype)
            self.indexed.add(self.any[key])
            self.used.add(family)
        return self.any[key]

    # Lines

    def _in_order(self, lines: list[Line], new: Mapping[Line, Line | None]) -> list[Line]:
        """The new lines; what needs nothing of others comes with the others of its family."""
        slots: list[list[Line]] = []
        last: dict[Any, list[Line]] = {}  # where the lines of a family are
        for line in lines:
            about = self.place.get(line.name, (line,))[0] if line.name else line
            if (x := new.get(line, line)) is None:
                continue
            if about in last and x is line and not self._needs_lines(line):
                last[about].append(line)
            else:
                slots.append([x])
                last[about] = slots[-1]
        return [line for slot in slots for line in slot]

    def _needs_lines(self, line: Line) -> bool:
        """Does it need more than leaves?"""
        ends = self.references(parts_of(line.name) if line.value is line.name else line.parts)
        return any(isinstance(x, Term) and x.op is not None for x in ends)

    def _together(self, lines: list[Line]) -> dict[Line, Line | None]:
        """What stands for lines that are alike: one in the place of the first, and then nothing."""
        groups: defaultdict[Hashable, list[tuple[int, Line]]] = defaultdict(list)
        for line in lines:
            about = line.name or line.xs[0]
            if about in self.place and not line.of:
                family, n = self.place[about]
                groups[family, line.name is None].append((n, line))
        new: dict[Line, Line | None] = {}
        for group in groups.values():
            back = group[0][0] > group[-1][0]
            new |= self._as_one(sorted(group, key=lambda x: x[0], reverse=back))
        for (name, _, placed), of_one in groupby(lines, key=_about):
            same = [*of_one]
            if placed and not name:
                new |= self._as_one(self._numbered(same, [line.place for line in same]))
        return new

    def _as_one(self, numbered: list[tuple[int, Line]]) -> dict[Line, Line | None]:
        new: dict[Line, Line | None] = {}
        for (name, xs, value, shape, place, added), run in self._runs(numbered):
            (first, line), (last, _) = run[0], run[-1]
            new |= dict.fromkeys(x for _, x in run)
            steps = Steps(self.letter, first, last)
            new[line] = Line(name, xs, value, shape, place, added, None, steps)
        return new

    def _runs(self, numbered: list[tuple[int, Any]]) -> Iterator[tuple[Any, list[Any]]]:
        """What are alike, neighbour by neighbour, `FEW` or more: merged, with their numbers."""

        def like(pair: Any) -> Any:
            (n, a), (m, b) = pair
            try:
                if abs(m - n) == 1:
                    return m - n, self._merged(a, b, n) if n < m else self._merged(b, a, m)
            except _Unlike:
                pass
            return None

        i = free = 0
        for found, pairs in groupby(pairwise(numbered), key=like):
            count = len([*pairs])
            run = numbered[max(i, free) : i + count + 1]
            i += count
            if found and len(run) >= FEW:
                free = i + 1
                yield found[1], run

    def _numbered(self, xs: list[Any], expressions: list[Any]) -> list[tuple[int, Any]]:
        """These with the numbers of their steps: that in their expressions which counts most."""

        def counts(column: Sequence[int | None]) -> int:
            if None in column:
                return 0
            return sum(abs(b - a) == 1 for a, b in pairwise(column))  # type: ignore[operator]

        columns = zip(*(map(self.number, self.references(x)) for x in expressions))
        best = max(columns, key=counts, default=())
        return [*zip(best, xs)] if counts(best) else []

    # Sums

    def _with_totals(self, line: Line) -> Line:
        """A line in which addends that are alike are a sum over steps."""
        if line.steps or (line.of and line.name) or not isinstance(line.value, Term):
            return line
        if line.value in self.account.names and line.value is not line.name:
            return line
        inside = written_in([line.value], self.account.names)
        if sum(t.op in SIGNED for t in inside) < FEW - 1:
            return line
        uses = Counter(x for t in inside for x in within(t.inputs))
        ends = (x for t in inside if t.op in SIGNED for x in within(t.inputs) if x.op in SIGNED)
        inner = {x for x in ends if uses[x] == 1 and x not in self.account.names}
        new: dict[Term, Any] = {}
        for t in inside:
            inputs = tuple(new.get(x, x) if isinstance(x, Term) else x for x in t.inputs)
            if t.op in SIGNED and t not in inner:
                addends = _addends(t, inner, new)
                shorter = self._summed(addends)
                if shorter is not addends:
                    new[t] = self._added(shorter, t)
                    continue
            if inputs != t.inputs:
                new[t] = self.terms.make(t.op, inputs, t.params, t.shape, t.dtype)
        if line.value not in new:
            return line
        return replace(line, value=new[line.value], of=None)

    def _summed(self, addends: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Addends, with a sign each, of which those that are alike are a sum over steps."""
        groups: defaultdict[tuple[int, Hashable, Any], dict[Term, int]] = defaultdict(dict)
        for i, (sign, x) in enumerate(addends):
            if isinstance(x, Term) and self.sizes.get(x, 0) <= LONG:
                families = [self.place[y][0] for y in self.references(x) if y in self.place]
                form = (x.shape, x.dtype) if x in self.account.names else self.forms.get(x)
                slopes = [family for family in families if family.of]
                groups[sign, form, (*slopes, *families, None)[0]].setdefault(x, i)
        new: dict[int, Any] = {}  # by the place of an addend, for one may be there twice
        for (sign, form, _), group in groups.items():
            if len(group) >= FEW:
                for like, run in self._runs(self._numbered([*group], [*group])):
                    first, last = sorted((run[0][0], run[-1][0]))
                    steps = Steps(self.letter, first, last)
                    self.totals.append((like, steps))
                    given = steps[:1] if steps == self.span else steps
                    total = self.terms.make(
                        TOTAL, (like,), {"steps": given}, like.shape, like.dtype
                    )
                    self.forms[total] = form, first, last
                    new |= dict.fromkeys(group[x] for _, x in run)
                    new[group[run[0][1]]] = sign, total
        if not new:
            return addends
        shorter = [x for i, addend in enumerate(addends) if (x := new.get(i, addend))]
        if len(shorter) >= FEW and self.letters:  # the sums may be alike themselves
            before = self.letter, self.letters
            self.letter, *self.letters = self.letters
            shorter = self._summed(shorter)
            self.letter, self.letters = before
        return shorter

    def _added(self, addends: list[tuple[int, Any]], like: Term) -> Any:
        """A sum of addends with signs, those that are added first."""
        total: Any = None
        for sign, x in sorted(addends, key=lambda addend: -addend[0]):
            if total is None:
                total = x if sign > 0 else self.terms.make(NEGATIVE, (x,), {}, x.shape, x.dtype)
            else:
                shape = np.broadcast_shapes(*(getattr(y, "shape", ()) for y in (total, x)))
                op = ADD if sign > 0 else SUBTRACT
                total = self.terms.make(op, (total, x), {}, shape, like.dtype)
        return total

    # Names

    def named(self, sections: dict[str, list[Line]]) -> Account:
        """The account of these sections, where the members of families are called alike."""
        known = {t: key for key, t in self.any.items()}
        lines = [line for lines in sections.values() for line in lines]
        uses = [(self._of(line), steps) for line in lines if (steps := line.steps)] + self.totals
        used = [(known[t], steps) for x, steps in uses for t in self.references(x) if t in known]
        active = dict.fromkeys(family.of or family for (family, *_), _ in used)
        starts: dict[Family, Line] = {}
        own = {line.name for line in sections["Forward"] if not line.of} - {self.account.loss}
        for (family, offset, _), (_, *ends) in used:
            for n, x in [*family.before.items()]:
                if n != min(ends) + offset or family in starts:
                    continue
                if x in own and x not in self.place and x not in self.called:
                    del family.before[n]
                    family.members[n] = x
                    self.place[x] = family, n
                else:
                    start = self.terms.leaf(x.shape, x.dtype)
                    starts[family] = Line(start, (), self.filled.get(x, x), x.shape)

        forward: list[Line] = []
        for line in sections["Forward"]:
            for t in self.references(self._of(line)) if line.steps else ():
                first = starts.get(known[t][0]) if t in known else None
                forward += [first] if first and first not in forward else []
            forward.append(line)
        rest = [first for first in starts.values() if first not in forward]

        stems = self._stems(active)
        for family, _ in self.place.values():
            if family.of in stems:
                stems[family] = f"d_{stems[family.of]}"
        origin = dict(self.account.origin)
        for (family, offset, letter), t in [*self.any.items()]:
            if family.of in stems:
                origin[t] = self._member_at(family.of, offset, letter)
        numbered: list[tuple[Family, Index, Any]] = []
        numbered += [(f, Index("", 0, n), t) for f in stems for n, t in f.members.items()]
        numbered += [(f, Index("", 0, min(f.before)), line.name) for f, line in starts.items()]
        numbered += [(f, Index(letter, 1, n), t) for (f, n, letter), t in self.any.items()]
        names = {
            t: Indexed(stems[f], index, self._in_brackets(f))
            for f, index, t in sorted(numbered, key=lambda x: x[0].of is not None)
            if f in stems
        }
        others = {t: name for t, name in self.account.names.items() if t not in names}
        return replace(
            self.account,
            sections={k: tuple(x) for k, x in {**sections, "Forward": [*rest, *forward]}.items()},
            names=names | others,
            origin=origin,
            indexed=frozenset(self.indexed),
        )

    def _of(self, line: Line) -> tuple[Any, ...]:
        return line.name, *line.xs, line.value, line.place

    def _in_brackets(self, family: Family) -> bool:
        """Does the user number them so?"""
        first = next(iter((family.of or family).members.values()))
        numbered = NUMBERED.fullmatch(self.called.get(first, ""))
        return bool(numbered and numbered[3])

    def _stems(self, families: Iterable[Family]) -> dict[Family, str]:
        """The stems of families: what the user calls a member, or the letter of their names."""
        lines = {t for family in families for t in family.members.values() if not family.leaves}
        origin = self.account.origin
        taken = {x for t, x in self.account.names.items() if not {t, origin.get(t)} & lines}
        stems: dict[Family, str] = {}
        groups: defaultdict[tuple[bool, str], list[Family]] = defaultdict(list)
        for family in families:
            called = [t for t in family.members.values() if t in self.called]
            if called:
                stem = self.stem(called[-1]) or self.called[called[-1]]
            else:
                stem = self.account.names[next(iter(family.members.values()))]
                stem = re.sub(r"[_\d].*", "", stem) or "h"
            if family.leaves:
                stems[family] = stem
            else:
                groups[not called, stem].append(family)
        chosen: set[str] = set()

        def free(stem: str) -> bool:
            """Is neither this, nor that of its cotangents, the name or stem of anything else?"""
            own = {stem, f"d_{stem}"}
            name = re.escape(stem)
            clash = any(re.fullmatch(rf"{name}(_\w)?|d_{name}_\w", x) for x in taken)
            return not clash and not own & chosen and stem.removeprefix("d_") not in chosen

        for (ours, stem), found in sorted(groups.items(), key=lambda x: x[0][0]):
            others = ("e", "g", "q") if ours else ()
            for family in found:
                plain = (stem, *others) if len(found) == 1 else ()
                names = chain(plain, (f"{stem}{n}" for n in count(1)))
                stems[family] = next(name for name in names if free(name))
                chosen.add(stems[family])
        return stems


def _single(line: Line) -> list[Line]:
    """Lines for each x of many that have one cotangent."""
    own = line.name is not None
    if len(line.xs) - own < FEW or line.of:
        return [line]
    value = line.name or line.value
    first = [replace(line, xs=line.xs[:1])] if own else []
    return [*first, *(Line(None, (x,), value, line.shape) for x in line.xs[own:])]


def _about(line: Line) -> tuple[Any, ...]:
    return line.name, line.xs, line.place is not None


def _addends(t: Term, inner: set[Term], new: Mapping[Any, Any]) -> list[tuple[int, Any]]:
    """What is added, or is `new` in its place, each with its sign; `inner`: the sums within."""
    found: list[tuple[int, Any]] = []
    waiting: list[tuple[int, Any]] = [(1, t)]
    while waiting:
        sign, x = waiting.pop()
        if isinstance(x, Term) and (x is t or x in inner):
            first, *others = x.inputs
            waiting += [(sign if x.op is ADD else -sign, y) for y in others]
            waiting.append((-sign if x.op is NEGATIVE else sign, first))
        else:
            found.append((sign, new.get(x, x) if isinstance(x, Term) else x))
    return found
