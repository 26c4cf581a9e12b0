"""What a review says: mistaken lines in their surroundings, and the pass, line by line."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ..graph import Node
from ..showing import SIGNS, paragraph
from .code import Code, File
from .known import Known, Meaning, values_of
from .notes import Notes
from .rewrites import Edit

MANY = 8  # names of gradients that are told
AROUND = 2  # lines above and below a mistaken one


@dataclass(frozen=True)
class Mistake:
    """A line with a mistake.

    `file`, `line`: where; `text`: the lines as they are, none where one is missing; `span`: what is
    mistaken, by the positions in the first line. `mended`: the lines as they should read. `kind`:
    one of `CAUSES`; `said`: a sentence. `verified`: where the mended pass was tried and is right;
    empty where other mistakes are left. `others`: other edits that would do, the simplest first.
    """

    file: str
    line: int
    text: str
    span: tuple[int, int]
    mended: str
    kind: str
    said: str
    verified: str
    others: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    @classmethod
    def of(cls, edit: Edit, text: str, others: tuple[Edit, ...], verified: str) -> Mistake:
        old, new = edit.file.text.split("\n"), text.split("\n")
        a = 0
        while a < min(len(old), len(new)) and old[a] == new[a]:
            a += 1
        b = 0
        while b < min(len(old), len(new)) - a and old[-1 - b] == new[-1 - b]:
            b += 1
        mistaken, right = old[a : len(old) - b], new[a : len(new) - b]
        first = mistaken[0] if mistaken else ""
        span = (len(first) - len(first.lstrip()), len(first.rstrip()))
        if isinstance(edit.site, ast.expr) and edit.site.lineno == edit.site.end_lineno == a + 1:
            raw = old[a].encode()
            span = tuple(  # type: ignore[assignment]
                len(raw[:i].decode()) for i in (edit.site.col_offset, edit.site.end_col_offset)
            )
        other = dict.fromkeys(_in_words(e) for e in others)
        return cls(
            edit.file.name,
            a + 1,
            "\n".join(mistaken),
            span,
            "\n".join(right),
            edit.kind,
            edit.said,
            verified,
            tuple(other),
            tuple(old[max(0, a - AROUND) : a]),
            tuple(old[len(old) - b :][:AROUND]),
        )

    @property
    def place(self) -> str:
        return f"{_short(self.file)}:{self.line}"

    def __str__(self) -> str:
        wide = len(str(self.line + AROUND + self.text.count("\n")))

        def row(sign: str, number: Any, text: str) -> str:
            return f"{sign} {number!s:>{wide}} | {text}".rstrip()

        lines = [f"{self.place}: {self.said} ({self.kind})"]
        start = self.line - len(self.above)
        lines += [row(" ", start + i, text) for i, text in enumerate(self.above)]
        if self.text:
            for i, text in enumerate(self.text.split("\n")):
                lines.append(row("-", self.line + i, text))
                if not i and "\n" not in self.text:
                    lines.append(
                        row(" ", "", " " * self.span[0] + "^" * max(1, self.span[1] - self.span[0]))
                    )
        lines += [row("+", "", text) for text in self.mended.split("\n")] if self.mended else []
        after = self.line + (self.text.count("\n") + 1 if self.text else 0)
        lines += [row(" ", after + i, text) for i, text in enumerate(self.below)]
        if self.others:
            lines.append("  or " + "\n  or ".join(self.others))
        return "\n".join(lines)


@dataclass(frozen=True)
class Line:
    """A line of the pass as it ran: its text, and what its value is. `status`: `right`; `wrong`,
    where a mistake is made; `follows`, from one; or nothing, where it is not known."""

    file: str
    number: int
    text: str
    status: str = ""
    meaning: str = ""


def _in_words(edit: Edit) -> str:
    node, text = edit.changes[0]
    own = edit.file.segment(node).split("\n")[0]
    at = f"line {node.lineno}: "
    if not text and len(edit.changes) > 1:
        other, both = edit.changes[1]
        where = "above" if both.startswith(f"{own}\n") else "below"
        return f"{at}`{own}` {where} `{edit.file.segment(other).split(chr(10))[0]}`"
    if isinstance(node, ast.stmt) and text.startswith(own + "\n"):
        return f"{at}`{text.split(chr(10))[-1].strip()}` below `{own}`"
    new = text.split("\n")[-1].strip() if isinstance(node, ast.stmt) and "\n" in text else text
    return at + (f"`{new}` for `{own}`" if text else f"without `{own}`")


def _short(name: str) -> str:
    """A file's name, as it is read from where one stands."""
    try:
        return str(Path(name).relative_to(Path.cwd()))
    except ValueError:
        return Path(name).name


# Line by line -----------------------------------------------------------------------------------


class Passes(NamedTuple):
    """The code of a pass as it was given, and mended, with what was noted of each."""

    before: Code
    notes: Notes
    after: Code
    mended_notes: Notes
    known: Known
    mistakes: tuple[Mistake, ...]


def annotated(passes: Passes) -> tuple[Line, ...]:
    """The lines of the pass, each with what its value is."""
    before, notes, after, mended_notes, known, mistakes = passes
    own = {(m.file, m.line + i): m.text for m in mistakes for i in range(m.text.count("\n") + 1)}
    found = []
    for unit in before.units.values():
        file = unit.file
        new = after.files[file.name]
        moved = _moved(file, new)
        seen: set[int] = set()
        for statement in _statements(unit.statement):
            nodes = values_of(statement)
            if statement.lineno in seen:
                continue  # the first statement of a line stands for it
            if not nodes or not any(notes.at(file, node) for node in nodes):
                continue
            number = statement.lineno
            seen.add(number)
            text = file.text.split("\n")[number - 1].strip()
            if (file.name, number) in own:
                above = "" if own[file.name, number] else "a line is missing above"
                found.append(Line(file.name, number, text, "wrong", above))
                continue
            twin = moved.get(number)
            others = values_of(twin) if twin is not None else []
            status, meaning = "", ""
            for node, other in zip(nodes, others or nodes):
                mine = notes.at(file, node)
                its = (mended_notes.at(new, other) or mine) if others else mine
                means = known.means(notes, file, node)
                same = len(mine) == len(its) and all(_near(a, b) for a, b in zip(mine, its))
                if not same and mistakes:
                    status = "follows"
                named = [m for m in means if m is not None and m.name]
                if same and named and len(named) == len(means) and status != "follows":
                    status, meaning = "right", str(named[-1])
            found.append(Line(file.name, number, text, status, meaning))
    return tuple(sorted(found, key=lambda line: (line.file, line.number)))


def marks(passes: Passes) -> dict[Node, tuple[str, str]]:
    """What was found of the gradients of values that lines compute, by their nodes."""
    before, notes, after, mended_notes, known, mistakes = passes
    right = {x for _, _, x in _cotangents(before, notes, known)}
    found = {node: ("right", "") for x in right for node in known.nodes[x]}
    why = {m.file: m.said for m in reversed(mistakes)}
    same = {
        (name, j)
        for name, file in after.files.items()
        for _, j in _unchanged(before.files[name].text, file.text)
    }
    for file, line, x in _cotangents(after, mended_notes, known):
        follows = (file.name, line) in same
        for node in known.nodes[x]:
            found.setdefault(node, ("follows", "") if follows else ("wrong", why[file.name]))
    return found


def _cotangents(code: Code, notes: Notes, known: Known) -> Iterator[tuple[File, int, int]]:
    """The gradients of values that lines compute: the file, the line, the number of the value."""
    for unit in code.units.values():
        for statement in _statements(unit.statement):
            for node in values_of(statement):
                means = known.means(notes, unit.file, node)
                yield from (
                    (unit.file, statement.lineno, m.number)
                    for m in means
                    if m is not None and m.is_cotangent and _is_whole(m, known)
                )


def _is_whole(meaning: Meaning, known: Known) -> bool:
    return meaning.number in known.nodes and not meaning.part and meaning.times == 1


def _statements(node: Any) -> Iterator[Any]:
    return (x for x in ast.walk(node) if isinstance(x, ast.stmt))


def _near(a: Any, b: Any) -> bool:
    return bool(a[:2] == b[:2] and abs(a.sum - b.sum) <= a.room + b.room)


def _moved(old: File, new: File) -> dict[int, Any]:
    """The statements of a new text by the lines in the old that they were."""
    lines = {s.lineno: s for s in reversed(new.nodes) if isinstance(s, ast.stmt) and values_of(s)}
    pairs = _unchanged(old.text, new.text)
    return {i: lines[j] for i, j in pairs if j in lines}


def _unchanged(old: str, new: str) -> Iterator[tuple[int, int]]:
    """The lines that two texts have in common, by their numbers in both."""
    a, b = old.split("\n"), new.split("\n")
    for block in difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
        yield from ((block.a + k + 1, block.b + k + 1) for k in range(block.size))


def line_by_line(review: Any) -> str:
    """The pass, with what each value is beside it."""
    lines = review.lines
    width = min(max((len(line.text) for line in lines), default=0), 64)
    wide = len(str(max((line.number for line in lines), default=0)))
    first = min((m.line for m in review.mistakes), default=0)
    rows = []
    for line in lines:
        wrong = f"✗ {line.meaning or 'mistaken'}"
        said = {"right": f"✓ {line.meaning}", "wrong": wrong}.get(line.status, "")
        if line.status == "follows":
            said = f"  follows from line {first}"
        rows.append(f"  {line.number:>{wide}} | {line.text:<{width}}  {said}".rstrip())
    return "\n".join(rows)


# The whole --------------------------------------------------------------------------------------


def headline(review: Any) -> str:
    """The line that sums up."""
    count = len(review.names)
    if review.ok:
        every = "its gradient is" if count == 1 else f"all {count} gradients are"
        names = f": {', '.join(review.names)}" if count <= MANY else ""
        return f"the backward pass is right: {every} the derived one{'s' * (count > 1)}{names}"
    if not count:
        return "the backward pass does not run"
    wrong = len(review.wrong)
    are = "is" if wrong == 1 else "are"
    said = f"{wrong} of {count} gradients {are} wrong: {', '.join(review.wrong)}"
    if count == 1:
        said = f"the gradient of {review.wrong[0]} is wrong"
    edits = len(review.mistakes)
    if not edits:
        return f"{said}; no edit mends {'it' if wrong == 1 else 'them'}"
    verb = "one edit mends" if edits == 1 else f"{edits} edits mend"
    if review.left:
        put = "one edit puts" if edits == 1 else f"{edits} edits put"
        return f"{said}; {put} some right, and {', '.join(review.left)} stays wrong"
    what = "it" if wrong == 1 else "them"
    return f"{said}; {verb} {what}, {review.mistakes[0].verified}"


def told(review: Any) -> str:
    parts = [headline(review), *review.notes]
    parts += [f"\n{mistake}" for mistake in review.mistakes]
    if review.lines:
        parts.append(f"\nthe pass, line by line\n{line_by_line(review)}")
    return "\n".join(parts)


def page(review: Any) -> str:
    """HTML of a review."""
    found = [f"<p><b>{escape(headline(review))}</b></p>", *map(paragraph, review.notes)]
    for mistake in review.mistakes:
        found.append(paragraph(f"{mistake.place}: {mistake.said} ({mistake.kind})"))
        rows: list[tuple[bool | None, str]] = [(None, text) for text in mistake.above]
        rows += [(False, text) for text in mistake.text.split("\n") if mistake.text]
        rows += [(True, text) for text in mistake.mended.split("\n") if mistake.mended]
        rows += [(None, text) for text in mistake.below]
        found.append(_rows(rows))
        found += [paragraph(f"or {other}") for other in mistake.others]
    if review.lines:
        table = _rows(
            [
                (
                    {"right": True, "wrong": False}.get(line.status),
                    f"{line.number:>4} | {line.text}"
                    + (f"   {line.meaning}" if line.meaning else "")
                    + ("   follows" if line.status == "follows" else ""),
                )
                for line in review.lines
            ]
        )
        found.append(f"<details><summary>the pass, line by line</summary>{table}</details>")
    return "".join(found)


def _rows(rows: list[tuple[bool | None, str]]) -> str:
    lines = []
    for well, text in rows:
        sign, tint = SIGNS[well] if well is not None else (" ", "")
        style = (
            f' style="background: {tint}; display: block"' if tint else ' style="display: block"'
        )
        lines.append(f"<span{style}>{sign} {escape(text)}</span>")
    return f'<pre style="margin: 0">{"".join(lines)}</pre>'
