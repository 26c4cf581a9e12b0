"""Is what an edit makes of a line a right value? That is tried before whole programs are run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from .code import File
from .known import Known, Meaning, result_of
from .mending import TooLong, grafted
from .notes import Notes, seen
from .rewrites import Edit


def probed(statement: Any) -> Any:
    """The expression of a statement whose value tells it, if it has one."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Mult, ast.Div)):
        target = statement.target
        if isinstance(target, ast.Name):
            now: Any = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            return ast.copy_location(ast.BinOp(now, statement.op, statement.value), statement)
        return None
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return)):
        return None if isinstance(statement.value, (ast.Tuple, ast.Dict)) else statement.value
    return None


def values_with(edit: Edit, notes: Notes, known: Known) -> Iterator[Meaning | None]:
    """What a line's value is, with an edit of it, the first times."""
    file: File = edit.file
    result = result_of(file.above(edit.site, ast.stmt))
    frames = notes.frames.get((file, getattr(result, "at", -1)))
    if not frames:
        return
    try:
        with grafted(edit):
            new = file.above(edit.site, ast.stmt)
            if new is edit.site:
                (new,) = ast.parse(edit.changes[0][1]).body
            expression = probed(new)
            if expression is None:
                return
            code = compile(ast.Expression(expression), "", "eval", dont_inherit=True)
        for names, values in frames:
            yield known.meaning(seen(eval(code, names, dict(values))))
    except (Exception, TooLong):  # whatever an edited line raises
        yield None


def gives_right_value(edit: Edit, notes: Notes, known: Known, made: Mapping[Meaning, Any]) -> bool:
    """Has a line, with an edit of one of its expressions, a right value that no other line has?"""
    statement = edit.file.above(edit.site, ast.stmt)
    found = False
    if statement is edit.site:
        return False
    for meaning in values_with(edit, notes, known):
        if meaning is None or (meaning.name and made[meaning] and statement not in made[meaning]):
            return False
        found = True
    return found
