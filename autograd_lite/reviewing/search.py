"""The search for edits that put gradients right."""

from __future__ import annotations

import ast
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from .bench import Bench, Case
from .code import Code, lent
from .flow import Flow
from .hits import gives_right_value, values_with
from .known import Known, result_of
from .mending import Impossible, Steps, TooLong, counted, grafted, mended
from .pool import Pool
from .rewrites import Edit, edits
from .solving import Solver
from .suspects import Suspects

RAISED = (Exception, TooLong, SystemExit)  # what an edited program may raise
MOST = 9_000  # edits that are tried for one mistake
FEW = 1_200  # the same where another was made that puts nothing right by itself
FAR = 1.0  # edits that are no more far-fetched may put some gradients right, and not all
FIRST, PROBED = 300, 20_000  # edits that are tried at once; whose line alone is looked at, first
AT_ONCE, TURNS = 1_000, 3  # edits of which hits come first; that are tried for each worked out
NOTHING = 20  # tokens more that `x = x` costs: the line had better be left out
HELPER = 4  # tokens more that a line costs that others call, too, and are right
DOUBT = 12  # tokens that a line costs which looks innocent
HIT = 3  # tokens less that a line costs that comes to a right value then
RATE = 10  # tokens that a gradient costs with the rate of the update, which makes good another line
LIKE = 3  # tokens less that lines cost that read as others do
SHAPE = 6  # tokens that a gradient costs that has another shape than what it is of
SUSPECT = 0.3  # how innocent a line may look that is looked at alone
SMALL = 200  # numbers of an array
SOON, SHORT = 150, 4  # the same where it is as simple as this
SHOWN = 20  # edits that are told apart, of those that would do
AFTER = 800  # edits that are tried when one puts all right, for there may be a simpler one


@dataclass(frozen=True)
class Mend:
    """An edit that puts gradients right. `right`: which then are; `text`: the file with it."""

    edit: Edit
    right: tuple[bool, ...]
    text: str
    cost: float
    others: tuple[Edit, ...] = ()


class Search:
    """Looks for edits, one after another, until all gradients are right or none helps."""

    def __init__(
        self,
        bench: Bench,
        known: Known,
        cases: list[Case],
        seconds: float,
        shown: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> None:
        self.bench, self.known, self.cases, self.shown = bench, known, cases, shown
        self.until = perf_counter() + seconds
        self.tried, self.most = 0, 0
        self.steps = Steps()
        self.hits: list[Edit] = []
        self.stopped = False

    def rights(self, code: Code, edit: Edit, cases: list[Case]) -> list[list[bool]]:
        """Which gradients are right with an edit, for each case, as far as it runs."""
        found: list[list[bool]] = []
        with contextlib.suppress(*RAISED), self._tried(code, edit):
            for case in cases:
                self.steps.left = self.most
                found.append(self.bench.right(case))
        return found

    def first_that_runs(self, code: Code) -> bool:
        """Find what gradients are of from the first edit by which the pass does not raise."""
        pool = Pool(code, self.bench.notes, self.bench.forward)
        self.flow = Flow(self.bench, code, self.known, ())
        for edit in self._ordered(pool):
            if perf_counter() > self.until:
                return False
            self.steps.left = 10**6
            with contextlib.suppress(*RAISED), self._tried(code, edit):
                self.bench.find_targets()
                return True
        return False

    @contextlib.contextmanager
    def _tried(self, code: Code, edit: Edit) -> Iterator[None]:
        """The program with an edit, while it is tried."""
        unit = code.unit_above(edit.file, edit.site)
        if unit is None:
            with self._constant(edit):
                yield
            return
        with grafted(edit) as loops:
            codes = counted(unit, self.steps, loops)
        with lent({unit: codes}):
            yield

    @contextlib.contextmanager
    def _constant(self, edit: Edit) -> Iterator[None]:
        """Another number that a name of the module stands for."""
        (name,) = edit.file.above(edit.site, ast.Assign).targets
        space = self.bench.code.space(edit.file.name)
        own = space[name.id]
        try:
            space[name.id] = ast.literal_eval(edit.changes[0][1])
            yield
        finally:
            space[name.id] = own

    def mends(self, code: Code, now: list[bool], few: bool = False) -> list[Mend]:
        """The edits that put most gradients right and none wrong, the simplest first.

        now: which are right without. few: of those that come first alone.
        """
        pool = Pool(code, self.bench.notes, self.bench.forward)
        self.flow = Flow(self.bench, code, self.known, now)
        self.steps.left = 10**9
        with lent({unit: counted(unit, self.steps) for unit in code.units.values()}):
            with contextlib.suppress(Exception):
                self.bench.right(self.cases[0])
            self.most = 10_000 + 20 * (10**9 - self.steps.left)
            return self._mends(code, now, pool, FEW if few else MOST)

    def _mends(self, code: Code, now: list[bool], pool: Pool, most: int) -> list[Mend]:
        found: list[tuple[int, float, Edit, tuple[bool, ...]]] = []
        done = most
        self.done, self.doubted = False, 1.0
        best = sum(now)
        ordered = self._in_turn(self._ordered(pool), pool)
        for i, edit in enumerate(self.shown(ordered)):
            if i >= done or perf_counter() > self.until:
                self.stopped = i < done
                break
            self.tried += 1
            first = self.rights(code, edit, self.cases[:1])
            right = first[0] if first else now
            if sum(right) < max(best, sum(now) + 1):
                continue
            if not all(r or not n for r, n in zip(right, now)):
                continue
            others = self.rights(code, edit, self.cases[1:])
            if len(others) < len(self.cases) - 1:
                continue
            both = tuple(all(some) for some in zip(right, *others))
            if sum(both) <= sum(now) or not all(r or not n for r, n in zip(both, now)):
                continue
            if not all(both) and (edit.rank > FAR or not edit.changes[0][1]):
                continue
            cost = self._cost(code, edit, pool)
            found.append((-sum(both), cost, edit, both))
            best = max(best, sum(both))
            if all(both):
                self.done = True
                self.doubted = min(self.doubted, self.suspects.doubt(edit) + 0.2)
                done = min(done, i + (AFTER if cost > SHORT else SOON))
        mends: list[Mend] = []
        for wrong, cost, edit, both in sorted(found, key=lambda one: one[:2]):
            if mends and (len(mends) == SHOWN or wrong > -sum(mends[0].right)):
                break
            with contextlib.suppress(Impossible):
                mends.append(Mend(edit, both, mended(code, edit), cost))
        return mends

    def _cost(self, code: Code, edit: Edit, pool: Pool) -> float:
        """How much there is to read in an edit, and how unlikely it is."""
        statement = edit.file.above(edit.site, ast.stmt)
        cost = _length(edit) + DOUBT * self.suspects.doubt(edit)
        cost += HELPER * pool.is_shared(edit.file, edit.site)
        its = values_with(edit, self.bench.notes, self.known)
        if any(m is not None and not m.is_part and self.suspects.is_own(m, statement) for m in its):
            cost -= HIT  # in loops, what comes later follows
        cost += RATE * self._brings_rate(pool, edit)
        new = _new_lines(edit)
        if new and all(pool.is_like_others(x, edit.file, statement) for x in new):
            cost -= LIKE
        return cost + SHAPE * self._of_another_shape(code, edit)

    def _brings_rate(self, pool: Pool, edit: Edit) -> bool:
        """Has a name that an edit writes anew the value of the rate of an update?"""
        if not self.bench.updates:
            return False
        words = _new_words(edit)
        nodes = (x for x in pool.scope(edit.file, edit.site) if getattr(x, "ctx", None))
        its = (pool.notes.at(edit.file, x)[:1] for x in nodes if ast.unparse(x) in words)
        return any(note.sum == self.bench.lr and not note.shape for some in its for note in some)

    def _of_another_shape(self, code: Code, edit: Edit) -> int:
        """How many gradients have another shape than what they are of, with an edit."""
        self.steps.left = self.most
        case = self.cases[-1]
        with contextlib.suppress(*RAISED), self._tried(code, edit):
            pairs = zip(self.bench.gradients(case), case.truth.gradients)
            return sum(g is not None and g.shape != derived.shape for g, derived in pairs)
        return 0

    def _ordered(self, pool: Pool) -> list[Edit]:
        """All edits, those first that are near at hand, in lines that look suspicious."""
        ranked: list[tuple[float, int, Edit]] = []
        raises = self.bench.error is not None
        self.suspects = Suspects(pool, self.known, self.flow, raises)
        innocence = self.suspects.innocence
        seen = set()
        for unit in pool.units:
            file = unit.file
            for node in ast.walk(unit.statement):
                if not isinstance(node, (ast.expr, ast.stmt)):
                    continue
                is_target = isinstance(getattr(node, "ctx", None), ast.Store)
                reached = pool.is_reached(file, node) or is_target
                reached = reached or isinstance(node, (ast.stmt, ast.Constant))
                if not raises and not reached:
                    continue
                own = innocence[file.above(node, ast.stmt)]
                for edit in edits(pool, file, node):
                    if edit.key not in seen:
                        seen.add(edit.key)
                        doubt = own if isinstance(node, ast.expr) else self.suspects.doubt(edit)
                        ranked.append((edit.rank + doubt, len(ranked), edit))
        for file, node in pool.fixed_numbers():
            for i, text in enumerate(_numbers(pool, node)):
                said = f"{node.value!r} stands where {text} belongs"
                ranked.append(
                    (1.0, len(ranked) + i, Edit(file, ((node, text),), "constant", said, 1))
                )
                innocence[file.above(node, ast.stmt)] = 0.0
        ranked.sort(key=lambda one: one[:2])
        return [edit for _, _, edit in ranked]

    def _in_turn(self, ordered: list[Edit], pool: Pool) -> Iterator[Edit]:
        """The first of the edits; then, by turns, what is worked out and the others."""
        yield from ordered[:FIRST]
        others = self._hits_first(ordered[FIRST:])
        for edit in self._solved(pool):
            yield edit
            yield from islice(others, TURNS)
        yield from others

    def _hits_first(self, ordered: list[Edit]) -> Iterator[Edit]:
        """The same edits; of so many at a time those earlier that make a line's value right."""
        probed = 0.0
        self.hits = []
        for i in range(0, len(ordered), AT_ONCE):
            rest: list[Edit] = []
            for edit in ordered[i : i + AT_ONCE]:
                suspect = self.suspects.innocence[edit.file.above(edit.site, ast.stmt)] < SUSPECT
                if suspect and probed < PROBED and edit.rank < 2 and not self.done:
                    probed += self._effort(edit)
                    if gives_right_value(edit, self.bench.notes, self.known, self.suspects.made):
                        self.hits.append(edit)
                        yield edit
                        continue
                rest.append(edit)
            yield from rest

    def _solved(self, pool: Pool) -> Iterator[Edit]:
        """What is worked out from the values that suspicious lines should have."""
        bench, given = self.bench, self.cases[-1]
        values = [np.asarray(place.get(given.call)) for place in bench.targets.places]
        solver = Solver(
            pool,
            self.known,
            self.flow,
            self.suspects.made,
            [*zip(values, given.truth.gradients)],
            bench.lr if bench.updates else None,
        )
        suspects = [
            (self.suspects.innocence[x], unit.file, x)
            for unit in pool.units
            for x in ast.walk(unit.statement)
            if self.suspects.innocence.get(x, 1) < SUSPECT
        ]
        found: set[tuple[tuple[int, str], ...]] = set()
        suspects.sort(key=lambda one: one[0])
        likely = (
            (file, statement, statement in self.suspects.misplaced)
            for value, file, statement in suspects
            if not self.done or value <= self.doubted
        )
        for edit in solver.edits(likely):
            self.steps.left = self.most
            if edit.key not in found:
                found.add(edit.key)
                yield edit

    def _effort(self, edit: Edit) -> float:
        """What it costs to look at an edit's line alone, where it costs 1 with small arrays."""
        node = result_of(edit.file.above(edit.site, ast.stmt))
        seen = self.bench.notes.at(edit.file, node) if node is not None else ()
        return 1 + max((prod(note.shape) for note in seen), default=0) / SMALL


def _numbers(pool: Pool, node: ast.Constant) -> list[str]:
    own: Any = node.value
    found = [*pool.constants, own * 2, own / 2, own * 10, own / 10, -own]
    return [*dict.fromkeys(repr(x) for x in found if x != own)]


def _length(edit: Edit) -> float:
    """How much there is to read in an edit: the tokens that it writes, and what is far-fetched."""
    cost = 4 * edit.rank
    for node, text in edit.changes:
        own, new = Counter(_tokens(edit.file.segment(node))), Counter(_tokens(text))
        above = edit.file.parent[node]
        if isinstance(above, ast.Assign) and [text] == [ast.unparse(t) for t in above.targets]:
            cost += NOTHING
        cost += (new - own).total() + 0.1 * (own - new).total()
    return cost


def _new_lines(edit: Edit) -> list[str]:
    """The lines that an edit writes."""
    file = edit.file
    texts: dict[Any, bytes] = {}
    for node, text in sorted(edit.changes, key=lambda change: -file.span(change[0])[0]):
        statement = file.above(node, ast.stmt)
        raw = texts.get(statement, file.segment(statement).encode())
        a, b = (i - file.span(statement)[0] for i in file.span(node))
        texts[statement] = raw[:a] + text.encode() + raw[b:]
    found: Counter[str] = Counter()
    for statement, raw in texts.items():
        found.update(x.strip() for x in raw.decode().split("\n") if x.strip())
        found.subtract(x.strip() for x in file.segment(statement).split("\n"))
    return [*found.elements()]


def _new_words(edit: Edit) -> set[str]:
    """The names that an edit writes, and that did not stand there."""
    pairs = [(edit.file.segment(node), text) for node, text in edit.changes]
    old, new = ({x for t in some for x in re.findall(r"[\w.]+", t)} for some in zip(*pairs))
    return new - old


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+|\*\*|[^\w\s]", text)
