"""What the text of a program tells: how tightly it binds, what it stores, reads and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from .code import File

LEVELS: dict[type, int] = {
    ast.Add: 5,
    ast.Sub: 5,
    ast.Mult: 6,
    ast.Div: 6,
    ast.MatMult: 6,
    ast.FloorDiv: 6,
    ast.Mod: 6,
    ast.Pow: 8,
}
SIGNS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
ATOM = 9
ATOMS = (ast.Name, ast.Attribute, ast.Subscript)
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPE = (*DEFINED, ast.Module)
OF_SHAPES = {"len", "zeros_like", "ones_like", "empty_like", "full_like"}  # that read these alone


def level(node: Any) -> int:
    """How tightly an expression binds."""
    if isinstance(node, ast.BinOp):
        return LEVELS.get(type(node.op), 4)
    if isinstance(node, ast.UnaryOp):
        return 2 if isinstance(node.op, ast.Not) else 7
    if isinstance(node, ast.Compare):
        return 3
    if isinstance(node, ast.BoolOp):
        return 1
    return 0 if isinstance(node, (ast.IfExp, ast.Lambda, ast.Tuple, ast.NamedExpr)) else ATOM


def name_of(function: Any) -> str:
    """The name of a function, or of a lambda; nothing if it has none.

    >>> name_of(ast.parse("f = lambda x: x").body[0])
    'f'
    """
    if isinstance(getattr(function, "value", None), ast.Lambda):
        return next(iter(stored_in(function)), "")
    return getattr(function, "name", "")


def stored_in(statement: Any) -> list[str]:
    """What a statement stores in, without the index."""
    if isinstance(statement, ast.Delete):
        return []
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    several = [y for x in targets for y in getattr(x, "elts", [x])]
    names = (x.value if isinstance(x, ast.Subscript) else x for x in several)
    return [ast.unparse(x) for x in names if isinstance(x, (ast.Name, ast.Attribute))]


def appended_by(statement: Any) -> Any:
    """What a statement appends to a list, if it does."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "append":
        return call.args[0] if len(call.args) == 1 else None
    return None


def filling(file: File, node: ast.Name) -> Any:
    """What is stored in a list, or a dict, or appended to it, where that is all that is done."""
    above: Any = file.parent[node]
    line = file.above(node, ast.stmt)
    if isinstance(above, ast.Attribute) and file.parent[above] is getattr(line, "value", None):
        return appended_by(line)
    stores = isinstance(getattr(above, "ctx", None), ast.Store) and isinstance(line, ast.Assign)
    return line.value if stores else None


def expressions(statement: Any) -> Iterator[Any]:
    """The expressions of a statement that holds no others, in order."""
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr)):
        yield from (x for x in ast.walk(statement) if isinstance(x, ast.expr))


def given_to(scope: Any) -> dict[str, ast.arg]:
    """The arguments of a function."""
    args = ast.walk(scope.args) if isinstance(scope, DEFINED) else ()
    return {x.arg: x for x in args if isinstance(x, ast.arg)}


def names_read(file: File, scope: Any) -> set[str]:
    """The names that are read for what they stand for, and not its shape alone."""
    found, gone_through = set(), []
    for x in ast.walk(scope):
        if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Load):
            above: Any = file.parent[x]
            is_gone_through = isinstance(above, ast.comprehension) and above.iter is x
            if is_gone_through and isinstance(above.target, ast.Name):
                gone_through.append((x.id, above.target.id))
            elif not is_of_shape(file, x):
                found.add(x.id)
    return found.union(name for name, each in gone_through if each in found)


def is_of_shape(file: File, node: Any) -> bool:
    """Is only the shape of it asked for?"""
    above: Any = file.parent[node]
    func = ast.unparse(above.func) if isinstance(above, ast.Call) else ""
    return getattr(above, "attr", "") == "shape" or func.rpartition(".")[2] in OF_SHAPES


def gone_through(x: Any) -> Iterator[tuple[Any, str]]:
    """What is gone through, or has an item, and the name of the index."""
    if isinstance(x, ast.Subscript) and isinstance(x.slice, ast.Name):
        yield x.value, x.slice.id
    if isinstance(x, ast.For) and isinstance(x.iter, ast.Call) and isinstance(x.target, ast.Tuple):
        first = x.target.elts[0]
        if ast.unparse(x.iter.func) == "enumerate" and isinstance(first, ast.Name):
            yield from ((of, first.id) for of in x.iter.args[:1])


def within(scope: Any) -> Iterator[Any]:
    """The nodes of a function, without those of functions within that have names."""
    pending = [*ast.iter_child_nodes(scope)]
    if isinstance(scope, ast.Module):
        pending = [x for x in pending if not isinstance(x, (ast.FunctionDef, ast.ClassDef))]
    while pending:
        x = pending.pop()
        yield x
        if not isinstance(x, (ast.FunctionDef, ast.ClassDef)):
            pending += ast.iter_child_nodes(x)


def is_simple(x: ast.Subscript) -> bool:
    """Is it an item of something with a name?"""
    while isinstance(x, ast.Subscript):
        x = x.value  # type: ignore[assignment]
    return isinstance(x, (ast.Name, ast.Attribute))


def fixed_in(file: File) -> Iterator[tuple[str, ast.Constant]]:
    """The names that a module gives to a number, each by a statement of its own."""
    for node in file.tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            (target, *others), number = node.targets, node.value
            if isinstance(target, ast.Name) and not others and type(number.value) in (int, float):
                yield target.id, number


def numpy_in(file: File) -> str:
    """What numpy is called in a file; nothing where it has no name."""
    for node in file.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "numpy":
                    return alias.asname or alias.name
    return ""
