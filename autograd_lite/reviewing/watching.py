"""Running the user's functions with each expression watched.

Their trees are rewritten so that each value, call and store in them goes through a watcher; what
they compute stays what it is. No array is wrapped, so that nothing a program may ask of its arrays
has another answer.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

from .code import Code, File, Unit, lent

IN_PLACE = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.Mult: operator.imul,
    ast.Div: operator.itruediv,
    ast.FloorDiv: operator.ifloordiv,
    ast.Mod: operator.imod,
    ast.Pow: operator.ipow,
    ast.MatMult: operator.imatmul,
    ast.BitAnd: operator.iand,
    ast.BitOr: operator.ior,
    ast.BitXor: operator.ixor,
    ast.LShift: operator.ilshift,
    ast.RShift: operator.irshift,
}
OF_THE_FRAME = {"super", "locals", "vars", "dir", "eval", "exec", "globals"}  # ask who calls them
Where = tuple[File, int]  # a node, by its number


class Watcher:
    """What a watched run does at each step: here, what Python does.

    A step is named by its node.
    """

    def clear(self) -> None:
        """Forget what was seen so far."""

    def value(self, where: Where, value: Any) -> Any:
        """Of an expression."""
        return value

    def call(self, where: Where, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    def store(self, where: Where, value: Any, base: Any, key: Any) -> None:
        """base[key] = value"""
        base[key] = value

    def augment(self, where: Where, op: Any, target: Any, value: Any) -> Any:
        """What is bound after `target += value`."""
        return op(target, value)

    def augment_item(self, where: Where, op: Any, base: Any, key: Any, value: Any) -> None:
        """base[key] += value"""
        base[key] = op(base[key], value)


def rewritten(code: Code, watcher: Watcher) -> dict[Unit, list[CodeType]]:
    """All functions of some code with a watcher put in, to be lent."""
    changed = {}
    for unit in code.units.values():
        rewriter = _Rewriter(unit.file, watcher)
        made = rewriter.visit(_twin(unit.statement))
        statement = made[0] if isinstance(made, list) else made  # of lambdas with a name
        changed[unit] = unit.compiled(ast.fix_missing_locations(statement), rewriter.given)
    return changed


def _twin(x: Any) -> Any:
    """A copy of a tree, or of what is in one; `copy.deepcopy` takes three times as long."""
    if isinstance(x, list):
        return [_twin(y) for y in x]
    if not isinstance(x, ast.AST):
        return x
    twin = type(x).__new__(type(x))
    vars(twin).update({name: _twin(value) for name, value in vars(x).items()})
    return twin


@contextmanager
def watched(code: Code, watcher: Watcher) -> Iterator[None]:
    """All functions of some code watched."""
    with lent(rewritten(code, watcher)):
        yield


class _Rewriter(ast.NodeTransformer):
    """Puts a watcher's methods, as constants, around what a tree does."""

    def __init__(self, file: File, watcher: Watcher) -> None:
        self.file = file
        self.given: dict[str, Any] = {f"\0{op.__name__}": f for op, f in IN_PLACE.items()}
        for name in ("value", "call", "store", "augment", "augment_item"):
            self.given[f"\0{name}"] = getattr(watcher, name)
        self.given["\0slice"] = slice

    def _constant(self, name: str) -> ast.Constant:
        return ast.Constant(f"\0{name}")

    def _where(self, node: Any) -> ast.Constant:
        name = f"at {node.at}"
        self.given[f"\0{name}"] = self.file, node.at
        return self._constant(name)

    def _to(self, method: str, node: Any, *args: Any) -> Any:
        call = ast.Call(self._constant(method), [self._where(node), *args], [])
        return ast.copy_location(call, node)

    def _key(self, key: Any) -> Any:
        """What stands in the brackets, as a value."""
        if isinstance(key, ast.Slice):
            ends = [
                self.visit(x) if x else ast.Constant(None) for x in (key.lower, key.upper, key.step)
            ]
            return ast.copy_location(ast.Call(self._constant("slice"), ends, []), key)
        if isinstance(key, ast.Tuple):
            return ast.copy_location(ast.Tuple([self._key(x) for x in key.elts], ast.Load()), key)
        return self.visit(key)

    def generic_visit(self, node: Any) -> Any:
        node = super().generic_visit(node)
        plain = (ast.Constant, ast.Slice, ast.Starred, ast.JoinedStr, ast.FormattedValue)
        if not isinstance(node, ast.expr) or isinstance(node, plain) or not hasattr(node, "at"):
            return node
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return node
        if isinstance(node, ast.Tuple) and any(isinstance(x, ast.Slice) for x in node.elts):
            return node
        return self._to("value", node, node)

    def visit_FunctionDef(self, node: Any) -> Any:
        a = node.args
        named = [*a.posonlyargs, *a.args, *a.kwonlyargs]
        doc = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = [y for x in node.body[doc:] for y in self._all(x)]
        node.body = [*node.body[:doc], *self._bound(named, node), *body]
        return node

    def _bound(self, targets: list[Any], at: Any) -> list[Any]:
        """Statements that watch what names were bound to."""
        found = []
        for target in targets:
            for x in ast.walk(target):
                if isinstance(getattr(x, "ctx", None), ast.Load):
                    continue
                if isinstance(x, (ast.Name, ast.arg, ast.Attribute)):
                    name: Any = ast.Name(getattr(x, "arg", getattr(x, "id", "")), ast.Load())
                    if isinstance(x, ast.Attribute):
                        if not isinstance(x.value, ast.Name):
                            continue
                        name = ast.Attribute(ast.Name(x.value.id, ast.Load()), x.attr, ast.Load())
                    seen = ast.Expr(self._to("value", x, name))
                    found.append(ast.copy_location(seen, at))
        return found

    def visit_For(self, node: Any) -> Any:
        node.iter = self.visit(node.iter)
        node.body = self._bound([node.target], node) + [y for x in node.body for y in self._all(x)]
        node.orelse = [y for x in node.orelse for y in self._all(x)]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def _all(self, statement: Any) -> list[Any]:
        made = self.visit(statement)
        return made if isinstance(made, list) else [made]

    def visit_Lambda(self, node: Any) -> Any:
        node.body = self.visit(node.body)
        return self._to("value", node, node)

    def visit_arguments(self, node: Any) -> Any:
        return node

    def visit_AnnAssign(self, node: Any) -> Any:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_JoinedStr(self, node: Any) -> Any:
        return node

    def visit_Match(self, node: Any) -> Any:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.body = [y for x in case.body for y in self._all(x)]
        return node

    def visit_Call(self, node: Any) -> Any:
        if isinstance(node.func, ast.Name):
            if node.func.id in OF_THE_FRAME:
                node.args = [self.visit(x) for x in node.args]
                return node
            function: Any = node.func
        elif isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
            function = node.func
        else:
            function = self.visit(node.func)
        args = [self.visit(x) for x in node.args]
        keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        call = self._to("call", node, function, *args)
        call.keywords = keywords
        return self._to("value", node, call)

    def visit_Assign(self, node: Any) -> Any:
        if len(node.targets) == 1 and isinstance(target := node.targets[0], ast.Subscript):
            base, key, value = self._raw(target.value), self._key(target.slice), node.value
            store = self._to("store", node, self.visit(value), base, key)
            return ast.copy_location(ast.Expr(store), node)
        bound = self._bound(node.targets, node)
        return [self.generic_visit(node), *bound]

    def visit_AugAssign(self, node: Any) -> Any:
        op, value, target = (
            self._constant(type(node.op).__name__),
            self.visit(node.value),
            node.target,
        )
        if isinstance(target, ast.Subscript):
            base, key = self._raw(target.value), self._key(target.slice)
            done = self._to("augment_item", node, op, base, key, value)
            return ast.copy_location(ast.Expr(done), node)
        if isinstance(target, ast.Attribute) and not isinstance(target.value, ast.Name):
            node.value = value
            return node
        now = _twin(target)
        now.ctx = ast.Load()
        done = self._to("augment", node, op, now, value)
        return [ast.copy_location(ast.Assign([target], done), node), *self._bound([target], node)]

    def _raw(self, node: Any) -> Any:
        """An expression that is not watched itself, but whose parts are."""
        made: Any = self.visit(node)
        name = getattr(getattr(made, "func", None), "value", None)
        return made.args[1] if name == "\0value" else made
