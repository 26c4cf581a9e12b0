"""Is what an edit makes of a line a right value? That is tried before whole programs are run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from .code import File
from .known import Known, Meaning, result_of
from .mending import grafted
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


def gives_right_value(edit: Edit, notes: Notes, known: Known, made: Mapping[Meaning, Any]) -> bool:
    """Has a line, with an edit of one of its expressions, a right value that no other line has?"""
    file: File = edit.file
    statement = file.above(edit.site, ast.stmt)
    result = result_of(statement)
    frames = notes.frames.get((file, getattr(result, "at", -1)))
    if not frames or not isinstance(edit.site, ast.expr):
        return False
    try:
        with grafted(edit):
            expression = probed(statement)
            if expression is None:
                return False
            code = compile(ast.Expression(expression), "", "eval", dont_inherit=True)
        for names, values in frames:
            meaning = known.meaning(seen(eval(code, names, dict(values))))
            if meaning is None or (
                meaning.name and statement not in made[meaning] and made[meaning]
            ):
                return False
    except Exception:  # whatever an edited line raises
        return False
    return True
