"""Functions that only compute: an edit may call them, although the passes do not."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from .code import File

OF_PYTHON = {"len", "abs", "min", "max", "sum", "float", "int", "range"}
OF_NUMPY = {"ones", "zeros", "full", "eye", "diag", "tril", "triu", "arange", "where", "clip"}
OF_NUMPY |= {"ones_like", "zeros_like", "full_like", "outer", "dot", "sum", "mean", "max", "min"}
OF_ARRAYS = {"sum", "mean", "max", "min", "copy", "astype", "reshape", "dot", "clip"}
MATH = "math"
OTHER = (
    *(ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Delete, ast.With, ast.Try),
    *(ast.While, ast.For, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom, ast.Await),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.NamedExpr),
)


def callables(file: File, numpy: str) -> set[str]:
    """What functions that only compute may call by name: such, and Python's own; and `math`."""
    return harmless(file, numpy) | _given(file)


def harmless(file: File, numpy: str) -> set[str]:
    """The functions of a module that do nothing but compute. numpy: what it is called there."""
    functions, given = _functions(file), _given(file)
    found: set[str] = set()
    while more := {
        name
        for name, node in functions.items()
        if name not in found and computes(node, numpy, found | given)
    }:
        found |= more
    return found


def _given(file: File) -> set[str]:
    """The functions of Python's that a module may call by name, and `math`, where it has that."""
    imports = (x for node in file.tree.body if isinstance(node, ast.Import) for x in node.names)
    modules = {x.name for x in imports if x.asname is None}
    return OF_PYTHON.difference(_functions(file)) | modules & {MATH}


def _functions(file: File) -> dict[str, Any]:
    """The functions and lambdas of a module, by their names."""
    functions: dict[str, Any] = {}
    for node in file.tree.body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            functions |= {x.id: node.value for x in node.targets if isinstance(x, ast.Name)}
    return functions


def computes(function: Any, numpy: str, known: set[str]) -> bool:
    """Does a function nothing else than compute, with operators, numpy, and functions by name?

    It has no loops, which nobody would count.
    """
    if getattr(function, "decorator_list", ()):
        return False
    given = {x.arg for x in ast.walk(function.args) if isinstance(x, ast.arg)}
    inside = [x for part in _body(function) for x in ast.walk(part)]
    names = (x.id for x in inside if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store))
    own = {*names} - given
    roots = {numpy, "", *given, *own, *known & {MATH}}
    for x in inside:
        is_kept = isinstance(x, (ast.Attribute, ast.Subscript)) and isinstance(x.ctx, ast.Store)
        if isinstance(x, OTHER) or (is_kept and not _is_item(x, own)):
            return False
        if isinstance(x, ast.Attribute) and _root(x) not in roots:
            return False
        if isinstance(x, ast.Call) and not _is_known(x.func, numpy, known):
            return False
    is_lambda = isinstance(function, ast.Lambda)
    return is_lambda or any(isinstance(x, ast.Return) and x.value is not None for x in inside)


def _body(function: Any) -> list[Any]:
    return [function.body] if isinstance(function, ast.Lambda) else function.body


def _is_item(node: Any, names: set[str]) -> bool:
    return isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in names


def _root(node: Any) -> str:
    """The name that an attribute is taken of, by however many steps; nothing if it has none."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_known(function: Any, numpy: str, known: set[str]) -> bool:
    """Is what is called a function that only computes, or such a method of an array?"""
    if isinstance(function, ast.Name):
        return function.id in known
    if not isinstance(function, ast.Attribute):
        return False
    module = getattr(function.value, "id", "")
    is_ufunc = isinstance(getattr(np, function.attr, None), np.ufunc)
    if numpy and module == numpy:
        return is_ufunc or function.attr in OF_NUMPY
    if module == MATH and MATH in known:
        return is_ufunc  # there are functions of these names
    return function.attr in OF_ARRAYS
