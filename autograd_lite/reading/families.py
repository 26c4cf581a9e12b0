"""Which lines of a derivation belong together: those at the same place of each round of a loop.

That is a guess, from the forms of the lines and from the order in which they come.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..terms import OPS, Term, key_of, within
from .account import Account, written_in
from .letters import Index

FEW = 3  # what is alike less often stays written out
LONG = 60  # parts of an expression that is not one to look for among the others
NUMBERED = re.compile(r"(.*?)(?:_?(\d+)|\[(\d+)\])")


@dataclass(eq=False)
class Family:
    """Terms by the number of their step; of cotangents, `of` the family that they are those of.

    `before`, what stands for the one before the first. `leaves`: whether they are leaves that the
    user numbered, `Ws[0]`, `Ws[1]`, ..., and have their names.
    """

    of: Family | None = None
    leaves: bool = False
    members: dict[int, Term] = field(default_factory=dict)
    before: dict[int, Term] = field(default_factory=dict)

    def at(self, number: int) -> Term | None:
        return self.members.get(number) or self.before.get(number)


class Families:
    """The lines of an account, and which of them belong together.

    `place`, of a term: its family and its number. `forms` and `sizes` of expressions. `forward`,
    the terms whose lines may be alike.
    """

    def __init__(self, account: Account, called: Mapping[Term, str]) -> None:
        self.account, self.called = account, called
        self.place: dict[Term, tuple[Family, int]] = {}
        self.forms: dict[Term, Hashable] = {}
        self.sizes: dict[Term, int] = {}
        self._read_forms()
        forward = (line.name for line in account.sections["Forward"] if not line.of)
        terms = dict.fromkeys(t for t in forward if t and t is not account.loss)
        self.forward = [t for t in terms if self.sizes[t] <= LONG]
        self._number_leaves()

    def _number_leaves(self) -> None:
        leaves: defaultdict[Hashable, Family] = defaultdict(lambda: Family(leaves=True))
        for t, name in self.account.names.items():
            numbered = NUMBERED.fullmatch(name)
            if t.op is None and numbered and numbered[3]:
                family = leaves[numbered[1], t.shape, t.dtype]
                family.members[int(numbered[3])] = t
                self.place[t] = family, int(numbered[3])

    def loops(self) -> Iterator[tuple[list[Term], list[Family]]]:
        """Guess the lines of each loop, and their families."""
        kinds = self._kinds()
        for loop in _loops(self.forward, kinds):
            yield loop, self._rounds(loop, kinds)

    def add_slopes(self) -> None:
        """The cotangents of families are families."""
        slopes: defaultdict[Family, Family] = defaultdict(Family)
        for t, x in self.account.origin.items():
            if x in self.place and not self.place[x][0].leaves:
                family, n = self.place[x]
                slope = slopes[family]
                slope.of, slope.members[n] = family, t
                self.place[t] = slope, n

    def _kinds(self) -> dict[Term, Hashable]:
        """The kind of each line forward: its form, what the user calls it, but for a number, and
        the leaves that stand in all lines of that form, such as the weights of a gate."""
        groups: defaultdict[Hashable, list[Term]] = defaultdict(list)
        for t in self.forward:
            groups[self.forms[t], self.stem(t)].append(t)
        kinds: dict[Term, Hashable] = {}
        for form, group in groups.items():
            columns = zip(*(self.references(*parts_of(t)) for t in group))
            fixed = [
                [self.place[x][0] if x in self.place else x for x in column]
                for column in columns
                if all(isinstance(x, Term) and x.op is None for x in column)
            ]
            for t, *leaves in zip(group, *fixed) if fixed else zip(group):
                kinds[t] = form, *leaves
        return kinds

    def stem(self, t: Term) -> str | None:
        """What the user calls a term that has a number."""
        numbered = NUMBERED.fullmatch(self.called.get(t, ""))
        return numbered[1] if numbered else None

    def _rounds(self, loop: list[Term], kinds: Mapping[Term, Hashable]) -> list[Family]:
        """The families of a loop: a round begins with the first of the lines that all rounds have.

        Of several lines of a kind in a round, each has its family.
        """
        counts = Counter(kinds[t] for t in loop)
        usual = Counter(n for n in counts.values() if n >= FEW).most_common(1)[0][0]
        head = next(kinds[t] for t in loop if counts[kinds[t]] in (usual, usual + 1))
        found: defaultdict[Hashable, Family] = defaultdict(Family)
        n, seen = -1, Counter[Hashable]()
        for t in loop:
            if kinds[t] == head:
                n, seen = n + 1, Counter()
            found[kinds[t], seen[kinds[t]]].members[n] = t
            seen[kinds[t]] += 1
        for family in found.values():
            if n not in family.members and self._is_early(family, n):
                family.members = {i + 1: t for i, t in family.members.items()}
            users = [i for i, t in family.members.items() if t in self.called and not self.stem(t)]
            for i in users if users != [n] else ():  # only the last has the name of all
                del family.members[i]
        first = self._first_number([*found.values()])
        for family in found.values():
            family.members = {i + first: t for i, t in family.members.items()}
            self.place |= {t: (family, i) for i, t in family.members.items()}
        return [*found.values()]

    def _is_early(self, family: Family, last: int) -> bool:
        """Does it begin each round, before what all rounds have, and lacks its first, not its last?

        It is if it reads data.
        """
        numbers = [*family.members]
        if numbers[0] == 0:
            ends = self.references(parts_of(family.members[0]))
            return numbers == [*range(last)] and any(isinstance(x, int) for x in ends)
        return numbers[0] == -1

    def _first_number(self, families: list[Family]) -> int:
        """That of the first round: so that keys have the index t, or names the user's numbers."""
        keys, names, some = Counter[int](), Counter[int](), False
        for family in families:
            for n, t in family.members.items():
                if numbered := NUMBERED.fullmatch(self.called.get(t, "")):
                    names[int(numbered[2] or numbered[3]) - n] += 1
                if n + 1 in family.members:
                    one, other = parts_of(t), parts_of(family.members[n + 1])
                    for a, b in zip(*(map(self.number, self.references(*x)) for x in (one, other))):
                        if a is not None and b is not None and a != b:
                            some = True
                            if b > a and a % (b - a) == 0:
                                keys[a // (b - a) - n] += 1
        votes = keys or names
        return votes.most_common(1)[0][0] if votes and not (some and not keys) else int(not some)

    # What expressions are

    def _read_forms(self) -> None:
        """The form of each term: what it is but for names and for numbers in keys."""
        known: dict[Hashable, int] = {}
        names = self.account.names

        def form(x: Any) -> Hashable:
            if isinstance(x, Term):
                return (x.shape, x.dtype) if x in names else self.forms[x]
            return tuple(map(form, x)) if isinstance(x, (tuple, list)) else key_of(x)

        def of_key(x: Any) -> Any:
            if isinstance(x, tuple):
                return tuple(map(of_key, x))
            return type(x) if isinstance(x, (int, slice)) else form(x)

        lines = [line for lines in self.account.sections.values() for line in lines]
        ends = [x for line in lines for x in line.parts if x is line.name or x not in names]
        for t in written_in(ends, names):
            params = [(k, of_key(v) if k == "key" else key_of(v)) for k, v in t.params.items()]
            whole = t.op, form(t.inputs), tuple(params), t.shape, t.dtype
            self.forms[t] = known.setdefault(whole, len(known))
            inner = (x for x in within(t.inputs) if x not in names)
            self.sizes[t] = 1 + len(t.inputs) + sum(self.sizes[x] for x in inner)

    def references(self, *ends: Any) -> list[Any]:
        """What expressions refer to, in order: leaves, terms with names, and numbers in keys."""
        found: list[Any] = []
        waiting = [*ends[::-1]]
        while waiting:
            x = waiting.pop()
            if isinstance(x, Term) and x.op and x not in self.account.names:
                waiting += parts_of(x)[::-1]
            elif isinstance(x, (tuple, list)):
                waiting += x[::-1]
            elif isinstance(x, Term) or type(x) is int:
                found.append(x)
        return found

    def number(self, x: Any) -> int | None:
        """A number in a key, or that of a member of a family."""
        return x if isinstance(x, int) else self.place[x][1] if x in self.place else None


def indexed_by(t: Term) -> Sequence[int]:
    """The lengths of what the key of a term is one into."""
    return t.shape if t.op is OPS["scatter"] else getattr(t.inputs[0], "shape", ())


def parts_of(t: Term) -> list[Any]:
    """What a term is made of, in the order in which it is read; of a slice, where it ends."""
    key = t.params.get("key")
    if isinstance(key, tuple) and all(isinstance(k, (int, slice)) for k in key):
        lengths = indexed_by(t)
        key = [
            k.indices(n) if isinstance(k, slice) and not isinstance(k.start, Index) else k
            for k, n in zip(key, lengths)
        ]
    return [key, *t.inputs]


def _loops(lines: list[Term], kinds: Mapping[Term, Hashable]) -> list[list[Term]]:
    """The lines of each loop: kinds that come in turns, `FEW` times or more, are of one."""
    counts = Counter(kinds.values())
    last = {kinds[t]: i for i, t in enumerate(lines) if counts[kinds[t]] >= FEW}
    loops: list[list[Term]] = []
    end = -1
    for i, t in enumerate(lines):
        if i > end and kinds[t] in last:
            loops.append([])
        end = max(end, last.get(kinds[t], -1))
        if i <= end:
            loops[-1].append(t)
    return loops
