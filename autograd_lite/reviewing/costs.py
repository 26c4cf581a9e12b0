"""How much there is to read in an edit, and how unlikely it is: the one that costs least is meant.

The unit is a word or a sign.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .code import File
from .grammar import stored_in
from .hits import values_with
from .known import Known, Meaning, is_alias, result_of
from .pool import Pool
from .rewrites import Edit
from .suspects import Suspects

RANK = 4  # of an edit that is as far-fetched as 1
LEFT_OUT = 0.1  # of a word that is left out
MOVED = 2  # of a line that stands elsewhere then
DOUBT = 12  # of a line that looks innocent
HELPER = 8  # of a line that others call, too
HIT = -3  # of a line that comes to a right value then
UNDONE = 3  # of one that came to a value of the forward pass, and does no more
RATE = 10  # of a gradient with the rate of the update, which makes good another line
LIKE = -3  # of lines that read as others do then
UNLIKE = 6  # of a line that did
ALIAS = 3  # of a line that hands on what another makes
TWICE = 4  # of what has another name already
IDLE = 6  # of a name, or a function, that is read no more then
READ = -3  # of a name that was never read, and is then
NOTHING = 20  # of `x = x`: the line had better be left out


class Costs:
    """What edits cost. rate: of the update, if the pass gives one."""

    def __init__(self, pool: Pool, known: Known, suspects: Suspects, rate: float | None) -> None:
        self.pool, self.known, self.suspects, self.rate = pool, known, suspects, rate

    def of(self, edit: Edit) -> float:
        pool, statement = self.pool, edit.file.above(edit.site, ast.stmt)
        cost = _length(edit) + DOUBT * self.suspects.doubt(edit)
        cost += 0.1 * self.suspects.innocence.get(statement, 0.0)  # of two that add one line
        cost += HELPER * pool.is_shared(edit.file, edit.site)
        means = [*values_with(edit, self.pool.notes, self.known)]
        hit = any(m is not None and self._may_be(m, statement) for m in means)
        cost += HIT * hit
        cost += UNDONE * (means != [] and not any(means) and self._is_value(edit.file, statement))
        cost += ALIAS * (isinstance(statement, ast.Return) and is_alias(statement.value))
        new, old = _new_lines(edit), edit.file.segment(statement)
        alike = all(pool.style.is_like_others(x, "" if edit.added else old) for x in new)
        if new and alike:
            cost += LIKE - _written(edit) / 2  # there is one to copy
        elif self._brings_rate(edit):
            cost += RATE
        elif new and not (edit.added or hit) and pool.style.is_like_others(old, old):
            cost += UNLIKE
        cost += UNLIKE * (not edit.added and any(_cancels(x) and not _cancels(old) for x in new))
        cost += TWICE * any(self._is_another(edit, statement, x) for x in new)
        unread = {x.split("[")[0] for x in pool.unused(edit.file, edit.site)}
        cost += READ * bool(unread & _new_words(edit))
        idle = any(pool.is_idle_without(edit.file, *name) for name in _lost_names(edit))
        return cost + IDLE * (idle or _loses_beginning(edit))

    def _is_value(self, file: File, statement: Any) -> bool:
        """Is what a line makes a value of the forward pass?"""
        result = result_of(statement)
        its = [x for x in self.pool.notes.at(file, result) if x.shape] if result else []
        means = (self.known.meaning(x) for x in its if self.known.is_given(x))
        values = [m for m in means if m is None or m.is_value]
        return bool(its) and len(values) == len(its)

    def _may_be(self, meaning: Meaning, statement: Any) -> bool:
        """May a line make that, in loops the first time, for what comes later follows: is it what
        no other makes, and not another than its name says?"""
        if meaning.is_part:
            return False
        alike = self.known.nodes.get(meaning.number, ())
        if meaning.is_cotangent and alike and len(own := stored_in(statement)) == 1:
            named = {m.number for m, _ in self.known.of(own[0], alike[0].shape)}
            if named and not named & {x.number for x in alike}:
                return False
        return self.suspects.is_own(meaning, statement)

    def _is_another(self, edit: Edit, statement: Any, line: str) -> bool:
        """Does a line compute anew what the function has a name for?"""
        _, found, value = line.partition("= ")
        lines = (x for x in self.pool.scope(edit.file, statement) if isinstance(x, ast.Assign))
        its = (x.value for x in lines if x is not statement and edit.file.segment(x.value) == value)
        notes = self.pool.notes
        return bool(found) and any(n.norm for x in its for n in notes.at(edit.file, x))

    def _brings_rate(self, edit: Edit) -> bool:
        """Is a number that an edit writes anew the rate of an update, or what has a name there?"""
        if self.rate is None:
            return False
        words = _new_words(edit)
        if repr(self.rate) in words:
            return True
        nodes = (x for x in self.pool.scope(edit.file, edit.site) if getattr(x, "ctx", None))
        its = (self.pool.notes.at(edit.file, x)[:1] for x in nodes if ast.unparse(x) in words)
        return any(note.sum == self.rate and not note.shape for some in its for note in some)


def _length(edit: Edit) -> float:
    """How much an edit writes and leaves out, and how far-fetched it is."""
    cost = RANK * edit.rank + _written(edit)
    for node, text in edit.changes:
        own, new = Counter(_words(edit.file.segment(node))), Counter(_words(text))
        above = edit.file.parent[node]
        if isinstance(above, ast.Assign) and [text] == [ast.unparse(t) for t in above.targets]:
            cost += NOTHING
        cost += LEFT_OUT * (own - new).total()
    return cost + MOVED * (len(edit.changes) > 1 and not edit.changes[0][1])


def _written(edit: Edit) -> int:
    """How many words an edit writes that did not stand there, or elsewhere."""
    count = 0
    moved: Counter[str] = Counter()
    for node, text in edit.changes:
        own, new = Counter(_words(edit.file.segment(node))), Counter(_words(text))
        if not text:
            moved += own
        count += (new - own - moved).total()
    return count


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


def _lost_names(edit: Edit) -> Iterator[tuple[Any, str]]:
    """The names that an expression no longer reads, with it."""
    for node, text in edit.changes:
        if isinstance(node, ast.expr):
            kept = {*re.findall(r"\w+", text)}
            yield from (
                (node, x.id)
                for x in ast.walk(node)
                if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Load) and x.id not in kept
            )


def _cancels(line: str) -> bool:
    """Does a line multiply with what it divides by?"""
    divisors = re.findall(r"/ ([\w.]+)", line)
    return any(re.search(rf"\b{re.escape(x)} \*|\* {re.escape(x)}\b", line) for x in divisors)


def _loses_beginning(edit: Edit) -> bool:
    """Is an attribute set where it was added to, that its class begins, as with zeros?"""
    node, text = edit.changes[0]
    if not isinstance(node, ast.AugAssign) or not isinstance(node.target, ast.Attribute):
        return False
    own, owner = ast.unparse(node.target), edit.file.above(node, ast.ClassDef)
    if owner is None or not text.startswith(f"{own} = "):
        return False
    assigned = (x for x in ast.walk(owner) if isinstance(x, ast.Assign))
    return any(own in map(ast.unparse, x.targets) for x in assigned)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\*\*|[^\w\s]", text)
