"""Which statements of a pass look as if they had a mistake."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import Any

import numpy as np

from .code import Unit
from .flow import Flow
from .known import Known, Meaning, is_alias, made_by, result_of, values_of
from .pool import ATOMS, SCOPE, Pool, stored_in
from .rewrites import Edit

FIRST_WRONG = -0.7  # how innocent a line looks that makes a wrong value of right ones
GIVES_WRONG = 0.15  # that makes a right value of which only wrong ones are made
LESS = 0.2  # how much more innocent than what is made of it
EARLY = -0.4  # that makes a wrong value of what is right, or nearly
RIGHT = 0.5  # that makes what is right
UNKNOWN = 0.4  # that makes nothing that can be told


class Suspects:
    """How innocent statements look: the less, the more it is as if one had a mistake.

    raises: does the pass? `innocence`: of each statement; `blamed`: of what one stores in, in a
    function. `misplaced`: those whose value is right, while all that is made of it is wrong.
    `made`: the statements that make what is known; `present`: the values of the forward pass that
    the backward pass has.
    """

    def __init__(self, pool: Pool, known: Known, flow: Flow, raises: bool) -> None:
        self.pool, self.known, self.flow, self.raises = pool, known, flow, raises
        self.made = _made(pool, known)
        self.present = known.present(pool.notes)
        self.innocence: dict[Any, float] = {}
        self.blamed: dict[tuple[Any, str], float] = {}
        self.misplaced: set[Any] = set()
        for unit in pool.units:
            self._look(unit)
        self._look_at_helpers()

    def doubt(self, edit: Edit) -> float:
        """How innocent what an edit changes looks: the line, or what a new one changes."""
        statement = edit.file.above(edit.site, ast.stmt)
        own = self.innocence.get(statement, 0.0)
        if target := re.match(r"(?:\w+\.add\.at\()?([\w.]+)", edit.added):
            return self.blamed.get((edit.file.above(statement, SCOPE), target[1]), own)
        return own

    def is_own(self, meaning: Meaning, statement: Any) -> bool:
        """Is it what no other statement makes?"""
        return not self.made[meaning] or statement in self.made[meaning]

    def _look(self, unit: Unit) -> None:
        """How innocent the statements of a unit look, and what is stored there."""
        shared = 0.0 if self.pool.own[unit] else 4.0
        statements = [x for x in ast.walk(unit.statement) if isinstance(x, ast.stmt)]
        own = {x: self._innocence(unit.file, x) for x in statements}
        for x in statements:
            readers = [y for y in _readers(x, statements) if own[y] != UNKNOWN]
            looks = [own[y] for y in readers]
            if looks and max(looks) < 0 and self._makes_numbers(unit.file, x):
                own[x] = min(looks) + LESS  # a number of which nothing right is made
            if own[x] != UNKNOWN and looks and max(looks) < 0:  # all that is made of it is wrong
                first = is_alias(getattr(x, "value", None)) or self._are_usual(unit.file, readers)
                first = first and max(looks) <= FIRST_WRONG
                own[x] = min(own[x], FIRST_WRONG if first else GIVES_WRONG)
                if not shared:
                    self.misplaced.add(x)
            if any(own[y] <= FIRST_WRONG for y in _stale(x, statements)):
                own[x] = FIRST_WRONG
            for name in stored_in(x):
                key = unit.file.above(x, SCOPE), name
                self.blamed[key] = min(self.blamed.get(key, np.inf), shared + own[x])
        self.innocence.update((x, shared + look) for x, look in own.items())

    def _are_usual(self, file: Any, statements: list[Any]) -> bool:
        """Are these lines as others are?"""
        texts = map(file.segment, statements)
        return all(self.pool.is_like_others(text, text) for text in texts)

    def _makes_numbers(self, file: Any, statement: Any) -> bool:
        """Does a line give names to numbers, and to nothing else?"""
        value = getattr(statement, "value", None)
        notes = [x for node in values_of(statement) for x in self.pool.notes.at(file, node)]
        if isinstance(value, ast.Constant) or (
            isinstance(value, ast.Attribute) and value.attr == "shape"
        ):
            return True
        return bool(notes) and not any(x.shape or x.kind == "" for x in notes)

    def _look_at_helpers(self) -> None:
        """What helpers return looks as what is made of it alone does: wrong at first, where it is
        not known; or misplaced."""
        returned: dict[str, list[Any]] = defaultdict(list)
        for unit in self.pool.units:
            if self.pool.own[unit]:
                its = (x for x in ast.walk(unit.statement) if isinstance(x, ast.Return))
                returned[getattr(unit.statement, "name", "a lambda")] += its
        for unit in self.pool.units:
            for x in ast.walk(unit.statement):
                if self.innocence.get(x, 0.0) <= EARLY:
                    for y in (y for call in ast.walk(x) for y in returned[_called(call)]):
                        if self.innocence[y] == UNKNOWN:
                            self.innocence[y] = self.innocence[x]
        pending = [x for x in self.innocence if x in self.misplaced]
        for x in pending:
            for y in returned[_called(getattr(x, "value", None))]:
                if self.innocence[y] > GIVES_WRONG:
                    self.innocence[y] = GIVES_WRONG
                    self.misplaced.add(y)
                    pending.append(y)

    def _innocence(self, file: Any, statement: Any) -> float:
        """How little a line looks like one with a mistake: what it makes is right."""
        notes, known = self.pool.notes, self.known
        found = []
        result = result_of(statement)
        for node in made_by(statement):
            made = [
                (i, x)
                for i, x in enumerate(notes.at(file, node))
                if (x.kind == "f" and x.norm) or known.meaning(x) is not None
            ]
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
                found.append(FIRST_WRONG)
            if any(self._ends_early(m) for m in means):
                found.append(-0.8)
            elif steps := [n for n in far if n is not None]:
                found.append(min(FIRST_WRONG + 0.2 * min(steps), 0.2))
            elif again and (
                is_alias(node) or not all(self.flow.is_right(file, node, i) for i, _ in made)
            ):
                found.append(-0.3)  # what another line has made
            elif not wrong:
                partly = any(m is not None and m.is_cotangent and not m.name for m in means)
                partly = partly and isinstance(statement, ast.Assign)
                found.append(0.2 if partly or is_alias(node) else RIGHT)
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
                found.append(FIRST_WRONG if fresh else 0.2)  # what is wrong, from what is right
        if isinstance(statement, ast.Expr) and isinstance(
            statement.value, (ast.BinOp, ast.Compare)
        ):
            return FIRST_WRONG  # which is thrown away
        if not found:
            unknown = isinstance(statement, ast.Expr) or self.raises
            return 0.0 if unknown else UNKNOWN
        several = values_of(statement)
        hands_on = len(several) > 1 and all(isinstance(x, ATOMS) for x in several)
        return max(min(found), RIGHT) if hands_on else min(found)

    def _ends_early(self, meaning: Meaning | None) -> bool:
        """Does the forward pass add a parameter to it, and the backward pass never?"""
        if meaning is None or not meaning.is_value:
            return False
        further = self.known.goes_on.get(meaning.number)
        return further is not None and further not in self.present

    def _is_another(self, statement: Any, note: Any) -> bool:
        """Has it a name that belongs to another value?"""
        own = ast.unparse(getattr(statement, "targets", [ast.Constant("")])[0])
        return any(m.is_of(own) for m, _ in self.known.values(note.shape) if not self.made[m])


def _called(node: Any) -> str:
    """The name of the function that a node calls; nothing if it calls none."""
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def _readers(statement: Any, others: list[Any]) -> list[Any]:
    """The statements that read the name that one gives to something, and make or return a value."""
    names = {*stored_in(statement)} if isinstance(statement, ast.Assign) else set()
    return [
        y
        for y in (others if names else ())
        if y is not statement and isinstance(y, (ast.Assign, ast.AugAssign, ast.Return))
        if any(isinstance(x, ast.Name) and x.id in names for x in ast.walk(y.value or y))
    ]


def _stale(statement: Any, others: list[Any]) -> list[Any]:
    """The statements further down that read what one changes in place, such as updated weights."""
    if not isinstance(statement, ast.AugAssign):
        return []
    target = ast.unparse(statement.target)
    return [
        y
        for y in others
        if y.lineno > statement.lineno and isinstance(y, (ast.Assign, ast.Return))
        if any(isinstance(x, ATOMS) and ast.unparse(x) == target for x in ast.walk(y.value or y))
    ]


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
