"""The search for edits that put gradients right."""

from __future__ import annotations

import ast
import contextlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from .bench import Bench, Case
from .code import Code, lent
from .flow import Flow
from .hits import gives_right_value, values_with
from .known import Known, Meaning, is_alias, made_by, result_of, values_of
from .mending import Impossible, Steps, TooLong, counted, grafted, mended
from .pool import ATOMS, Pool
from .rewrites import Edit, edits
from .solving import Solver

RAISED = (Exception, TooLong, SystemExit)  # what an edited program may raise
MOST = 9_000  # edits that are tried for one mistake
FEW = 1_200  # the same where another was made that puts nothing right by itself
FAR = 1.0  # edits that are no more far-fetched may put some gradients right, and not all
FIRST, PROBED = 300, 20_000  # edits that are tried at once; whose line alone is looked at, first
NOTHING = 20  # tokens more that `x = x` costs: the line had better be left out
HELPER = 4  # tokens more that a line costs that others call, too, and are right
DOUBT = 12  # tokens that a line costs which looks innocent
HIT = 3  # tokens less that a line costs that comes to a right value then
SUSPECT = 0.3  # how innocent a line may look that is looked at alone
SMALL = 200  # numbers of an array
SOON, SHORT = 150, 4  # the same where it is as simple as this
AFTER = 400  # edits that are tried when one puts all right, for there may be a simpler one


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
        found: list[Mend] = []
        done = most
        self.done, self.doubted = False, 1.0
        best = sum(now)
        ordered = self._hits_first(self._ordered(pool), pool)
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
            try:
                text = mended(code, edit)
            except Impossible:
                continue
            statement = edit.file.above(edit.site, ast.stmt)
            cost = _cost(edit) + DOUBT * self.innocence.get(statement, 0.0)
            cost += HELPER * pool.is_shared(edit.file, edit.site)
            its = values_with(edit, self.bench.notes, self.known)
            if any(m is not None and not m.is_part and self._is_own(m, statement) for m in its):
                cost -= HIT  # in loops, what comes later follows
            if not all(both) and (edit.rank > FAR or not edit.changes[0][1]):
                continue
            found.append(Mend(edit, both, text, cost))
            best = max(best, sum(both))
            if all(both):
                self.done = True
                self.doubted = min(self.doubted, self.innocence.get(statement, 0.0) + 0.2)
                done = min(done, i + (AFTER if cost > SHORT else SOON))
        most = max((sum(m.right) for m in found), default=0)
        return sorted((m for m in found if sum(m.right) == most), key=lambda m: m.cost)

    def _ordered(self, pool: Pool) -> list[Edit]:
        """All edits, those first that are near at hand, in lines that look suspicious."""
        ranked: list[tuple[float, int, Edit]] = []
        self.innocence: dict[Any, float] = {}
        self.made = _made(pool, self.known)
        seen = set()
        for unit in pool.units:
            file = unit.file
            shared = 0.0 if pool.own[unit] else 4.0
            for node in ast.walk(unit.statement):
                if not isinstance(node, (ast.expr, ast.stmt)):
                    continue
                statement = file.above(node, ast.stmt)
                is_target = isinstance(getattr(node, "ctx", None), ast.Store)
                reached = pool.is_reached(file, node) or is_target
                reached = reached or isinstance(node, (ast.stmt, ast.Constant))
                if self.bench.error is None and not reached:
                    continue
                if statement not in self.innocence:
                    own = self._innocence(pool, file, statement)
                    self.innocence[statement] = shared + own
                rank = self.innocence[statement]
                for edit in edits(pool, file, node):
                    key = tuple((id(n), text) for n, text in edit.changes)
                    if key not in seen:
                        seen.add(key)
                        ranked.append((edit.rank + rank, len(ranked), edit))
        for file, node in pool.fixed_numbers():
            for i, text in enumerate(_numbers(pool, node)):
                said = f"{node.value!r} stands where {text} belongs"
                ranked.append(
                    (1.0, len(ranked) + i, Edit(file, ((node, text),), "constant", said, 1))
                )
                self.innocence[file.above(node, ast.stmt)] = 0.0
        ranked.sort(key=lambda one: one[:2])
        return [edit for _, _, edit in ranked]

    def _hits_first(self, ordered: list[Edit], pool: Pool) -> Iterator[Edit]:
        """The same edits; after the first, those come earlier that make a line's value right."""
        yield from ordered[:FIRST]
        yield from self._solved(pool)
        rest: list[Edit] = []
        probed = 0.0
        self.hits = []
        for edit in ordered[FIRST:]:
            suspect = self.innocence[edit.file.above(edit.site, ast.stmt)] < SUSPECT
            if suspect and probed < PROBED and edit.rank < 2 and not self.done:
                probed += self._effort(edit)
                if gives_right_value(edit, self.bench.notes, self.known, self.made):
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
            self.made,
            [*zip(values, given.truth.gradients)],
            bench.lr if bench.updates else None,
        )
        suspects = [
            (self.innocence[x], unit.file, x)
            for unit in pool.units
            for x in ast.walk(unit.statement)
            if self.innocence.get(x, 1) < SUSPECT
        ]
        found: set[tuple[tuple[int, str], ...]] = set()
        suspects.sort(key=lambda one: one[0])
        likely = (
            (file, statement)
            for value, file, statement in suspects
            if not self.done or value <= self.doubted
        )
        for edit in solver.edits(likely):
            self.steps.left = self.most
            key = tuple((id(node), text) for node, text in edit.changes)
            if key not in found:
                found.add(key)
                yield edit

    def _effort(self, edit: Edit) -> float:
        """What it costs to look at an edit's line alone, where it costs 1 with small arrays."""
        node = result_of(edit.file.above(edit.site, ast.stmt))
        seen = self.bench.notes.at(edit.file, node) if node is not None else ()
        return 1 + max((prod(note.shape) for note in seen), default=0) / SMALL

    def _innocence(self, pool: Pool, file: Any, statement: Any) -> float:
        """How little a line looks like one with a mistake: what it makes is right."""
        notes, known = pool.notes, self.known
        found = []
        result = result_of(statement)
        for node in made_by(statement):
            made = [(i, x) for i, x in enumerate(notes.at(file, node)) if x.kind == "f" and x.norm]
            if not made:
                continue
            wrong = [
                i
                for i, note in made
                if not known.is_given(note) and not self.flow.is_right(file, node, i)
            ]
            means = [known.meaning(note) for _, note in made]
            cotangents = [m for m in means if m is not None and m.is_cotangent]
            far = [self.flow.far(file, node, i) for i, _ in made]
            far += [self.flow.far(file, result, i) for i, _ in made]
            again = any(self.made[m][0] is not statement for m in cotangents)
            if again and is_alias(node) and self._is_another(statement, made[0][1]):
                found.append(-0.7)
            if steps := [n for n in far if n is not None]:
                found.append(min(-0.7 + 0.2 * min(steps), 0.2))
            elif again and (
                is_alias(node) or not all(self.flow.is_right(file, node, i) for i, _ in made)
            ):
                found.append(-0.3)  # what another line has made
            elif not wrong:
                partly = any(m is not None and m.is_cotangent and not m.name for m in means)
                partly = partly and isinstance(statement, ast.Assign)
                found.append(0.2 if partly or is_alias(node) else 0.5)
            else:
                read = [
                    its
                    for x in ast.walk(node)
                    if isinstance(x, ATOMS)
                    and (its := notes.at(file, x))
                    and isinstance(x.ctx, ast.Load)
                    and its[0].shape
                ]
                fresh = any(all(known.is_given(n[min(i, len(n) - 1)]) for n in read) for i in wrong)
                found.append(-0.7 if fresh else 0.2)  # what is wrong, from what is right
        if not found:
            unknown = isinstance(statement, ast.Expr) or self.bench.error is not None
            return 0.0 if unknown else 0.4
        several = values_of(statement)
        hands_on = len(several) > 1 and all(isinstance(x, ATOMS) for x in several)
        return max(min(found), 0.5) if hands_on else min(found)

    def _is_own(self, meaning: Meaning, statement: Any) -> bool:
        """Is it what no other statement makes?"""
        return not self.made[meaning] or statement in self.made[meaning]

    def _is_another(self, statement: Any, note: Any) -> bool:
        """Has it a name that belongs to another value?"""
        own = ast.unparse(getattr(statement, "targets", [ast.Constant("")])[0])
        return any(m.is_of(own) for m, _ in self.known.values(note.shape) if not self.made[m])


def _numbers(pool: Pool, node: ast.Constant) -> list[str]:
    own: Any = node.value
    found = [*pool.constants, own * 2, own / 2, own * 10, own / 10, -own]
    return [*dict.fromkeys(repr(x) for x in found if x != own)]


def _made(pool: Pool, known: Known) -> dict[Meaning, list[Any]]:
    """The statements that make what a cotangent is, in their order."""
    found: dict[Meaning, dict[Any, int]] = defaultdict(dict)
    for unit in pool.units:
        for statement in ast.walk(unit.statement):
            for node in made_by(statement):
                for meaning in known.means(pool.notes, unit.file, node):
                    if meaning is not None:
                        found[meaning][statement] = pool.notes.first[unit.file, node.at]
    ordered = defaultdict(list)
    for meaning, statements in found.items():
        ordered[meaning] = sorted(statements, key=lambda statement: statements[statement])
    return ordered


def _cost(edit: Edit) -> float:
    """How much there is to read in an edit: the tokens that it writes, and what is far-fetched."""
    cost = 4 * edit.rank
    for node, text in edit.changes:
        own, new = Counter(_tokens(edit.file.segment(node))), Counter(_tokens(text))
        above = edit.file.parent[node]
        if isinstance(above, ast.Assign) and [text] == [ast.unparse(t) for t in above.targets]:
            cost += NOTHING
        cost += (new - own).total() + 0.1 * (own - new).total()
    return cost


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+|\*\*|[^\w\s]", text)
