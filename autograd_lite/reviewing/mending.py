"""An edit made in a tree, and in its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

from .code import LOOPS, Code, File, Unit
from .rewrites import Edit
from .rewrites.site import plain


class Impossible(Exception):
    """An edit that gives no code."""


class TooLong(BaseException):
    """Loops that go on for much longer than they did; no program catches this."""


RAISED = (Exception, TooLong, SystemExit)  # what a program may raise where it was not meant to run
FURTHER = 10_000  # rounds of loops that a program may always take
TIMES = 20  # as many rounds as it took may be taken where it was not meant to run
UNBOUNDED = 10**9


class Steps:
    """Counts the rounds of loops. `left`: how many more there may be."""

    def __init__(self) -> None:
        self.left = 0

    def unbounded(self) -> None:
        """For what is known to come to an end."""
        self.left = UNBOUNDED

    def bound(self) -> int:
        """How many there may be where `unbounded` ones came to an end."""
        return FURTHER + TIMES * (UNBOUNDED - self.left)

    def _go(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooLong

    def of(self, items: Iterable[Any]) -> Iterator[Any]:
        for x in items:
            self._go()
            yield x

    def test(self, value: Any) -> Any:
        self._go()
        return value


def counted(unit: Unit, steps: Steps, more: Iterable[Any] = ()) -> list[CodeType]:
    """The code of a unit as its tree is now, with the rounds of its loops counted.

    more: loops that were grafted into it.
    """
    wrapped = []
    try:
        for loop in (*unit.loops, *more):
            name, method = ("iter", "of") if isinstance(loop, ast.For) else ("test", "test")
            inner = getattr(loop, name)
            call = ast.Call(ast.Constant(f"\0{method}"), [inner], [])
            setattr(loop, name, ast.fix_missing_locations(ast.copy_location(call, inner)))
            wrapped.append((loop, name, inner))
        given = {"\0of": steps.of, "\0test": steps.test}
        return unit.compiled(unit.statement, given if wrapped else None)
    finally:
        for loop, name, inner in wrapped:
            setattr(loop, name, inner)


@contextmanager
def grafted(edit: Edit) -> Iterator[list[Any]]:
    """The edit made in the file's tree, for a while; Impossible if its text is no code.

    Gives the loops in it.
    """
    undo: list[tuple[Any, str, Any]] = []
    loops: list[Any] = []
    try:
        for node, text in edit.changes:
            new = _parsed(node, text)
            parent = edit.file.parent[node]
            if isinstance(node, LOOPS):
                loops += [x for top in new for x in ast.walk(top) if isinstance(x, LOOPS)]
            for name, value in ast.iter_fields(parent):
                if value is node:
                    undo.append((parent, name, value))
                    setattr(parent, name, new[0])
                elif isinstance(value, list) and any(x is node for x in value):
                    i = next(i for i, x in enumerate(value) if x is node)
                    undo.append((parent, name, value))
                    body = [*value[:i], *new, *value[i + 1 :]]
                    setattr(parent, name, body or [ast.copy_location(ast.Pass(), node)])
        yield loops
    finally:
        for parent, name, value in reversed(undo):
            setattr(parent, name, value)


def _parsed(node: Any, text: str) -> list[Any]:
    """The nodes of some text that stands in the place of a node, at that place."""
    try:
        if isinstance(node, ast.stmt):
            new: list[Any] = ast.parse(text).body
        else:
            new = [ast.parse(f"({text}\n)", mode="eval").body]
    except SyntaxError as error:
        raise Impossible(text) from error
    if isinstance(getattr(node, "ctx", None), ast.Store):
        if not hasattr(new[0], "ctx"):
            raise Impossible(text)
        for target in (new[0], *getattr(new[0], "elts", ())):
            target.ctx = ast.Store()
    for top in new:
        for each in ast.walk(top):
            x: Any = each
            if hasattr(x, "lineno"):
                x.lineno, x.col_offset = node.lineno, node.col_offset
                x.end_lineno, x.end_col_offset = node.end_lineno, node.end_col_offset
    return new


def mended(code: Code, edit: Edit) -> str:
    """The text of the file with an edit, in brackets where it needs them, and without where not."""
    unit = code.unit_above(edit.file, edit.site)
    statement = unit.statement if unit else edit.file.above(edit.site, ast.stmt)
    with grafted(edit):
        meant = ast.dump(statement)
    for text in _texts(edit):
        try:
            file = File(edit.file.name, text)
        except SyntaxError:
            continue
        if ast.dump(_counterpart(edit.file, statement, file)) == meant:
            return text
    raise Impossible(str(edit.changes))


def _counterpart(file: File, statement: Any, other: File) -> Any:
    """The unit of another text of the file that stands in the same place."""
    path: list[int] = []
    while statement is not file.tree:
        parent: Any = file.parent[statement]
        path.append(
            parent.body.index(statement) if statement in getattr(parent, "body", ()) else -1
        )
        statement = parent
    found: Any = other.tree
    for i in reversed(path):
        if i < 0:
            raise SyntaxError
        found = found.body[i]
    return found


def _texts(edit: Edit) -> Iterator[str]:
    """The file with the edit, the shortest first."""
    file = edit.file
    if len(edit.changes) == 1 and isinstance(edit.site, ast.expr):
        start, end = file.span(edit.site)
        raw, text = file.text.encode(), edit.changes[0][1]
        outer = re.search(rb"\(\s*$", raw[:start]), re.match(rb"\s*\)", raw[end:])
        if outer[0] and outer[1] and not _is_call(raw[: outer[0].start()]):
            yield file.replaced(outer[0].start(), end + outer[1].end(), text)
        in_loop = isinstance(file.parent[edit.site], LOOPS)  # brackets are usual there
        yield file.replaced(start, end, text if in_loop else plain(text))
        yield file.replaced(start, end, text)
        yield file.replaced(start, end, f"({text})")
        return
    if isinstance(edit.site, ast.expr):
        whole = file.text
        for node, text in sorted(edit.changes, key=lambda change: -file.span(change[0])[0]):
            start, end = file.span(node)
            raw = whole.encode()
            whole = (raw[:start] + text.encode() + raw[end:]).decode()
        yield whole
        return
    whole = file.text
    for node, text in sorted(edit.changes, key=lambda change: -change[0].lineno):
        is_alone = len(file.block(node)) == 1
        whole = _with_statement(File(file.name, whole), node, text, is_alone)
    yield whole


def _is_call(before: bytes) -> bool:
    return bool(re.search(rb"[\w\])]\s*$", before)) and not re.search(
        rb"\b(return|in|and|or|not|if|else|lambda|yield)\s*$", before
    )


def _with_statement(file: File, node: Any, text: str, is_alone: bool) -> str:
    """A text with other lines in the place of a statement's. is_alone: is it all of its block?"""
    first, last = file.lines(node.lineno, node.end_lineno)
    raw = file.text.encode()[first:last].decode()
    indent = raw[: len(raw) - len(raw.lstrip())]
    own = file.segment(node)
    in_a_line = raw.strip().startswith(own) and not raw.strip()[len(own) :].lstrip().startswith(";")
    if not in_a_line:  # several in one
        start, end = file.span(node)
        return file.replaced(start, end, text or "pass")
    if not text:
        return file.replaced(first, last, f"{indent}pass\n" if is_alone else "")
    lines = [indent + line if line else line for line in text.split("\n")]
    comment = raw.rstrip("\n")[raw.rstrip("\n").index(own) + len(own) :]
    if "\n" not in text:
        lines[-1] += comment
    return file.replaced(first, last, "\n".join(lines) + "\n")
