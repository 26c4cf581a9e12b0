"""The search for edits that put gradients right."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import count, islice
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from .bench import Bench, Case
from .code import Code, lent
from .costs import Costs
from .flow import Flow
from .grammar import DEFINED
from .hits import gives_right_value
from .known import Known, result_of
from .mending import RAISED, Impossible, Steps, counted, grafted, mended
from .pool import Pool
from .rewrites import Edit, edits
from .solving import Solver
from .suspects import Suspects

SEVERAL = (ast.Dict, ast.Tuple, ast.List)
MOST = 9_000  # edits that are tried for one mistake
FEW = 1_200  # the same where another was made that puts nothing right by itself
FAR = 1.0  # edits that are no more far-fetched may put some gradients right, and not all
FIRST, PROBED = 300, 20_000  # edits that are tried at once; whose line alone is looked at, first
AT_ONCE, TURNS = 1_000, 3  # edits of which hits come first; that are tried for each worked out
SHAPE = 6  # tokens that a gradient costs that has another shape than what it is of
SIZED = 20  # of an edit by which a gradient is right at these sizes alone
SUSPECT = 0.3  # how innocent a line may look that is looked at alone
SMALL = 200  # numbers of an array
SOON, SHORT = 150, 4  # the same where it is as simple as this
LATER, LONG = 900, 8  # and where it is not
MUCH_LATER = 3_000  # and where it is so at these sizes alone
SHOWN = 8  # edits that are told apart, of those that would do
CASES = 12  # arguments that edits are tried on, at most
AFTER = 300  # edits that are tried when one puts all right, for there may be a simpler one


@dataclass(frozen=True)
class Mend:
    """An edit that puts gradients right. `right`: which then are; `text`: the file with it;
    `sizes`: at how many others they are so, too; None where not at all that were tried."""

    edit: Edit
    right: tuple[bool, ...]
    text: str
    cost: float
    sizes: int | None = 0
    others: tuple[Edit, ...] = ()


class Search:
    """Looks for edits, one after another, until all gradients are right or none helps.

    `cases`: what edits are tried on, last what was given. `more`: on how many more, if they do.
    """

    def __init__(
        self,
        bench: Bench,
        known: Known,
        cases: list[Case],
        seconds: float,
        shown: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> None:
        self.bench, self.known, self.cases, self.shown = bench, known, cases, shown
        self.more = 0
        self.larger: list[Case] | None = None
        self._checked: set[int] = set()
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
        for edit in self._ordered(self._looked_at(code, ())):
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

    def _looked_at(self, code: Code, now: Any) -> Pool:
        """What edits are made of; where gradients go wrong, and which lines look suspicious."""
        pool = Pool(code, self.bench.notes, self.bench.forward, self.bench.error is not None)
        self.flow = Flow(self.bench, code, self.known, now)
        self.suspects = Suspects(pool, self.known, self.flow, self.bench.error is not None)
        rate = self.bench.lr if self.bench.updates else None
        self.costs = Costs(pool, self.known, self.suspects, rate)
        return pool

    def mends(self, code: Code, now: list[bool], few: bool = False) -> list[Mend]:
        """The edits that put most gradients right and none wrong, the simplest first.

        now: which are right without. few: of those that come first alone.
        """
        pool = self._looked_at(code, now)
        self.steps.unbounded()
        with lent({unit: counted(unit, self.steps) for unit in code.units.values()}):
            with contextlib.suppress(Exception):
                self.bench.right(self.cases[0])
            self.most = self.steps.bound()
            return self._mends(code, now, pool, FEW if few else MOST)

    def _mends(self, code: Code, now: list[bool], pool: Pool, most: int) -> list[Mend]:
        found: list[tuple[int, float, Edit, tuple[bool, ...], int | None]] = []
        done = most
        self.done, self.doubted, self.larger = False, 1.0, None
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
            if all(both) and not self.done and not self._holds(code, edit):
                continue
            cost = self.costs.of(edit) + SHAPE * self._of_another_shape(code, edit)
            if self.larger is None:
                self.larger = [case for case in self._all_larger if self._stays(case, now)]
            holds = self._holds_at(self.larger, code, edit, both)
            cost += SIZED * (not holds)
            sizes = len(self.larger) if holds else None
            found.append((-sum(both), cost, edit, both, sizes))
            best = max(best, sum(both))
            if all(both):
                self.done = self.done or holds
                self.doubted = min(self.doubted, self.suspects.doubt(edit) + 0.2)
                more = SOON if cost <= SHORT else AFTER if cost <= LONG else LATER
                done = min(done, i + (more if holds else MUCH_LATER))
        mends: list[Mend] = []
        texts: set[str] = set()
        for wrong, cost, edit, both, sizes in sorted(found, key=lambda one: one[:2]):
            if mends and (len(mends) == SHOWN or wrong > -sum(mends[0].right)):
                break
            with contextlib.suppress(Impossible):
                text = mended(code, edit)
                if text not in texts and (not all(both) or self._holds(code, edit)):
                    mends.append(Mend(edit, both, text, cost, sizes))
                texts.add(text)
        return mends

    @cached_property
    def fresh(self) -> list[Case]:
        """More arguments, for what seems to be right: such as the pass runs on, if it runs."""
        self.steps.unbounded()
        found = self.bench.others(self.more, seed=1, check=False)
        return found if self.bench.error is not None else [*filter(self._runs, found)]

    @cached_property
    def _all_larger(self) -> list[Case]:
        return [] if self.bench.make is not None else self.bench.larger()

    def _stays(self, case: Case, now: list[bool]) -> bool:
        """Is what is right so there, too?"""
        self.steps.unbounded()
        try:
            right = self.bench.right(case)
        except RAISED:
            return self.bench.error is not None
        return all(r or not n for r, n in zip(right, now))

    def _runs(self, case: Case) -> bool:
        self.steps.unbounded()
        try:
            self.bench.gradients(case)
        except RAISED:
            return False
        return True

    def refuting(self, is_right: Callable[[Case], bool]) -> Iterator[Case]:
        """Those of the fresh arguments by which something is wrong, by more than rounding.

        What rounding does is found out only where it matters, and the case is then that one.
        """
        for i, case in enumerate(self.fresh):
            if is_right(case):
                continue
            if i not in self._checked:
                self._checked.add(i)
                with contextlib.suppress(Exception):
                    self.fresh[i] = self.bench.case(case.call, case.lr)
            if not is_right(self.fresh[i]):
                yield self.fresh[i]

    def _holds(self, code: Code, edit: Edit) -> bool:
        """Are all gradients right with an edit on more arguments, too?

        Arguments by which one is found wrong are among those that the next are tried on.
        """

        def is_right(case: Case) -> bool:
            rights = self.rights(code, edit, [case])
            return bool(rights) and all(rights[0])

        refuted = next(self.refuting(is_right), None)
        if refuted is not None and len(self.cases) < CASES:
            self.cases = [refuted, *(case for case in self.cases if case is not refuted)]
        return refuted is None

    def _of_another_shape(self, code: Code, edit: Edit) -> int:
        """How many gradients have another shape than what they are of, with an edit."""
        self.steps.left = self.most
        case = self.cases[-1]
        with contextlib.suppress(*RAISED), self._tried(code, edit):
            pairs = zip(self.bench.gradients(case), case.truth.gradients)
            return sum(g is not None and g.shape != derived.shape for g, derived in pairs)
        return 0

    def _holds_at(self, cases: list[Case], code: Code, edit: Edit, right: tuple[bool, ...]) -> bool:
        """Is what an edit puts right so on other arguments?"""
        rights = self.rights(code, edit, cases)
        return len(rights) == len(cases) and all(
            then or not now for its in rights for now, then in zip(right, its)
        )

    def _ordered(self, pool: Pool) -> Iterator[Edit]:
        """All edits, those first that are near at hand, in lines that look suspicious.

        Those of expressions are made when the turn of their line has come.
        """
        nodes: list[tuple[float, Any, Any]] = []
        for unit in pool.units:
            for node in ast.walk(unit.statement):
                if isinstance(node, ast.stmt):
                    nodes.append((-np.inf, unit.file, node))
                elif isinstance(node, ast.expr) and self._may_change(pool, unit.file, node):
                    own = self.suspects.innocence[unit.file.above(node, ast.stmt)]
                    nodes.append((own, unit.file, node))
        nodes.sort(key=lambda one: one[0])
        ranked = [(1.0, i, edit) for i, edit in enumerate(_other_numbers(pool))]
        numbers = count(len(ranked))
        seen = set()
        for turn, file, node in nodes:
            while ranked and ranked[0][0] <= turn:
                yield heappop(ranked)[2]
            for edit in edits(pool, file, node):
                if edit.key not in seen:
                    seen.add(edit.key)
                    doubt = turn if isinstance(node, ast.expr) else self.suspects.doubt(edit)
                    heappush(ranked, (edit.rank + doubt, next(numbers), edit))
        while ranked:
            yield heappop(ranked)[2]

    def _may_change(self, pool: Pool, file: Any, node: ast.expr) -> bool:
        """Has a run come to it?"""
        above: Any = file.parent[node]
        if isinstance(above, ast.Call) and above.func is node:
            node = above
        is_target = isinstance(getattr(node, "ctx", None), ast.Store)
        several = isinstance(node, SEVERAL) and file.above(node, DEFINED) is not None
        known = is_target or several or isinstance(node, (ast.Constant, ast.JoinedStr))
        return known or self.bench.error is not None or pool.is_reached(file, node)

    def _in_turn(self, ordered: Iterator[Edit], pool: Pool) -> Iterator[Edit]:
        """The first of the edits; then, by turns, what is worked out and the others."""
        yield from islice(ordered, FIRST)
        others = self._hits_first(ordered)
        for edit in self._solved(pool):
            yield edit
            yield from islice(others, TURNS)
        yield from others

    def _hits_first(self, ordered: Iterator[Edit]) -> Iterator[Edit]:
        """The same edits; of so many at a time those earlier that make a line's value right."""
        probed = 0.0
        self.hits = []
        while some := [*islice(ordered, AT_ONCE)]:
            rest: list[Edit] = []
            for edit in some:
                line = edit.file.above(edit.site, ast.stmt)
                suspect = self.suspects.innocence.get(line, 0.0) < SUSPECT
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


def _other_numbers(pool: Pool) -> Iterator[Edit]:
    """Others in the places of a module's numbers."""
    for file, node in pool.fixed_numbers():
        own: Any = node.value
        others = [*pool.constants, own * 2, own / 2, own * 10, own / 10, -own]
        for text in dict.fromkeys(repr(x) for x in others if x != own):
            said = f"{own!r} stands where {text} belongs"
            yield Edit(file, ((node, text),), "constant", said, 1)
