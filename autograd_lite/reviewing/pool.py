"""What a program has to rearrange: its own expressions, where they can stand, what they were."""

from __future__ import annotations

import ast
import contextlib
import copy
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from inspect import getattr_static
from math import prod
from types import FunctionType
from typing import Any

import numpy as np

from .apart import families
from .code import Code, File, Unit
from .fitting import Atom, Shapes, are_alike, broadcasts, shapes_of
from .grammar import (
    ATOMS,
    DEFINED,
    LEVELS,
    SCOPE,
    expressions,
    filling,
    fixed_in,
    given_to,
    gone_through,
    is_of_shape,
    is_simple,
    level,
    name_of,
    names_read,
    numpy_in,
    within,
)
from .harmless import callables, computes
from .notes import Notes, seen
from .style import Style

CALLED = re.compile(r"(?<![\w.])(?:self\.)?(\w+)\(")  # a function, or a method of `self`
LARGEST = 10_000
NO_CHANGE = {"copy", "array", "asarray", "zeros_like", "ones_like", "empty_like", "squeeze"}
NO_CHANGE |= {"asanyarray", "ascontiguousarray", "matrix", "asmatrix"}
OF_CASES = {"where", "clip", "minimum", "abs", "absolute", "select", "piecewise"}


class Pool:
    """The program as it ran.

    notes: of the backward pass, to where it raised, if it `raises`. `units`: those that it reached.
    """

    def __init__(self, code: Code, notes: Notes, forward: Notes, raises: bool = False) -> None:
        self.code, self.notes, self.forward, self.raises = code, notes, forward, raises
        its = {code.unit_above(file, file.nodes[at]) for file, at in notes.seen}
        self.units = [unit for unit in code.units.values() if unit in its]
        reached = {*self._functions(notes)}
        self._names = {*map(name_of, reached)}
        self._own = reached.difference(self._functions(forward))
        self._atoms: dict[ast.AST, dict[str, Atom]] = {}
        self._counts: dict[ast.AST, list[str]] = {}
        self._scopes: dict[ast.AST, list[Any]] = {}
        self._families: dict[ast.AST, tuple[frozenset[str], list[tuple[str, str]]]] = {}
        self._callables: dict[ast.AST, list[str]] = {}
        self._transplants: dict[ast.AST, list[str]] = {}
        self._unused: dict[ast.AST, list[str]] = {}
        self._repeated: dict[ast.AST, dict[str, list[Any]]] = {}
        self.constants = [
            *dict.fromkeys(
                x.value
                for unit in code.around.values()
                for x in ast.walk(unit.statement)
                if isinstance(x, ast.Constant) and isinstance(x.value, (int, float))
                if type(x.value) is not bool and abs(x.value) <= LARGEST  # no seed, no length
            )
        ][:12]
        self.numpy = {name: numpy_in(file) for name, file in code.files.items()}
        self.style = Style(self.units, {*self.numpy.values()})

    def _functions(self, notes: Notes) -> Iterator[Any]:
        """The functions that a pass came to."""
        yield from (self.function(file, file.nodes[at]) for file, at in notes.seen)

    # One node -----------------------------------------------------------------------------------

    def shapes(self, file: File, node: Any) -> Shapes:
        return frozenset(self.notes.shapes(file, node))

    def is_reached(self, file: File, node: Any) -> bool:
        return (file, node.at) in self.notes.seen

    def text(self, file: File, node: Any, tight: int = 0) -> str:
        """The text of a node, in brackets if it binds less than that."""
        text = file.segment(node)
        if tight and (level(node) < tight or "\n" in text):
            return f"({text})"
        return text

    def function(self, file: File, node: Any) -> Any:
        """The innermost function around a node, or the statement of its module or class."""
        unit = self.code.unit_above(file, node)
        return file.above(node, DEFINED) or (unit and unit.statement)

    def is_own(self, file: File, node: Any) -> bool:
        """Is it in a function that the backward pass came to, and the forward pass did not?"""
        return self.function(file, node) in self._own

    def is_shared(self, file: File, node: Any) -> bool:
        """Does it stand in a function that is called in several places, or by the forward pass?"""
        function = self.function(file, node)
        if function not in self._own:
            return True
        name = name_of(function)
        last = getattr(function, "body", [node])[-1]
        times = len(self.notes.at(file, getattr(last, "value", None) or last))
        return self._calls[name] > 1 and times > 1

    @cached_property
    def _named(self) -> set[str]:
        """The names that the passes read."""
        its = (x for unit in self.units for x in ast.walk(unit.statement))
        return {x.id for x in its if isinstance(x, ast.Name)}

    @cached_property
    def _harmless(self) -> dict[str, set[str]]:
        """By the file, the functions that only compute, and Python's own."""
        return {name: callables(file, self.numpy[name]) for name, file in self.code.files.items()}

    def _is_harmless(self, file: File, function: Any) -> bool:
        return computes(function, self.numpy[file.name], self._harmless[file.name])

    def only_computes(self, file: File, node: Any) -> bool:
        """Does a call do nothing but compute something?"""
        function = node.func if isinstance(node, ast.Call) else None
        return isinstance(function, ast.Name) and function.id in self._harmless[file.name]

    def computes(self, unit: Unit) -> bool:
        """Is it a function of one argument, beside `self`, that does nothing but compute?"""
        node = unit.statement
        args = [x.arg for x in node.args.args] if isinstance(node, ast.FunctionDef) else []
        one = len(args) - (args[:1] == ["self"]) == 1
        return one and self._is_harmless(unit.file, node)

    def idle(self) -> list[str]:
        """The user's functions of one argument that no pass names, and that only compute."""
        return [n for n, count in self.functions() if count == 1 and n not in self._named]

    @cached_property
    def _calls(self) -> Counter[str]:
        """How often each function is called by its name."""
        return Counter(
            getattr(x.func, "id", getattr(x.func, "attr", ""))
            for unit in self.code.around.values()
            for x in ast.walk(unit.statement)
            if isinstance(x, ast.Call)
        )

    @cached_property
    def _callees(self) -> dict[str, set[str]]:
        """What functions call by name, or as methods of `self`, and what these call."""
        found: dict[str, set[str]] = defaultdict(set)
        for unit in self.code.around.values():
            for x in ast.walk(unit.statement):
                if isinstance(x, ast.Call):
                    called = re.findall(CALLED, f"{ast.unparse(x.func)}(")
                    found[name_of(self.function(unit.file, x))].update(called)
        for name in [*found]:
            pending = [*found[name]]
            for other in pending:
                pending += found.get(other, set()) - found[name]
                found[name] |= found.get(other, set())
        return found

    def calls_itself(self, file: File, node: Any, text: str) -> bool:
        """Would a function call itself, without end, with a text in the place of a node?"""
        own = name_of(self.function(file, node)) if "(" in text else ""
        old = re.findall(CALLED, file.segment(node))
        new = {*re.findall(CALLED, text)}.difference(old) if own else ()
        return any(own == name or own in self._callees.get(name, ()) for name in new)

    def is_idle_without(self, file: File, node: Any, name: str) -> bool:
        """Is a node all that reads what its function makes under a name, or calls a function?"""
        its = [x for x in self.scope(file, node) if isinstance(x, ast.Name) and x.id == name]
        kept = [x for x in its if isinstance(x.ctx, ast.Store)]
        lines = (file.above(x, ast.stmt) for x in kept)
        if any(getattr(getattr(line, "value", None), "attr", "") == "shape" for line in lines):
            return False  # it is one of several lengths
        inside = sum(isinstance(x, ast.Name) and x.id == name for x in ast.walk(node))
        if kept:
            return len(its) - len(kept) == inside
        return self._calls[name] == 1 and name in map(name_of, self._own)

    def is_only_compared(self, file: File, node: Any, name: str) -> bool:
        """Is what its function calls that read for its shape, and to be held against others, alone?

        To scale it changes hardly anything; a line that would be right then is so by chance.
        """
        reads = []
        for x in self.scope(file, node):
            if isinstance(x, ast.Name) and x.id == name and isinstance(x.ctx, ast.Load):
                above: Any = file.parent[x]
                is_changed = isinstance(getattr(above, "ctx", None), ast.Store)
                is_changed = is_changed and getattr(above, "value", None) is x
                if not is_changed and not is_of_shape(file, x):
                    reads.append(isinstance(file.above(x, (ast.Compare, ast.stmt)), ast.Compare))
        return bool(reads) and all(reads)

    def repeated(self, statement: Any) -> dict[str, list[Any]]:
        """What a line reads several times, each with its places in order, by the text."""
        if statement not in self._repeated:
            found: dict[str, list[Any]] = defaultdict(list)
            for x in expressions(statement):
                if isinstance(getattr(x, "ctx", ast.Load()), ast.Load):
                    found[ast.unparse(x)].append(x)
            several = {text: its for text, its in found.items() if len(its) > 1}
            self._repeated[statement] = several
        return self._repeated[statement]

    @cached_property
    def is_loss_of_cases(self) -> bool:
        """Does the forward pass compute something otherwise where a value is large?"""
        its = (file.nodes[at] for file, at in self.forward.seen)
        names = {getattr(x.func, "attr", "") for x in its if isinstance(x, ast.Call)}
        return bool(names & OF_CASES)

    # What stands in scope -----------------------------------------------------------------------

    def atoms(self, file: File, node: Any) -> dict[str, Atom]:
        """What can be read where a node stands, by its text; `_` is for what nothing reads."""
        scope = file.above(node, SCOPE)
        if scope not in self._atoms:
            outer = file.parent.get(scope)
            found = dict(self.atoms(file, outer)) if outer is not None else {}
            found |= self._of(file, scope, self.notes)
            if isinstance(outer, ast.ClassDef):
                found = self._attributes | found
            found.pop("_", None)
            self._atoms[scope] = found
        return self._atoms[scope]

    @cached_property
    def _attributes(self) -> dict[str, Atom]:
        """What classes keep as attributes, for the forward pass may leave some behind."""
        found: dict[str, Atom] = {}
        for unit in self.code.around.values():
            if isinstance(unit.file.parent[unit.statement], ast.ClassDef):
                for notes in (self.notes, self.forward):
                    for text, atom in self._of(unit.file, unit.statement, notes).items():
                        if text.startswith("self."):
                            known = found.get(text, atom)
                            found[text] = Atom(text, known.shapes | atom.shapes)
        for owner in self.objects:
            for name, value in vars(owner).items():
                note = seen(value)
                if note.kind:
                    found.setdefault(f"self.{name}", Atom(f"self.{name}", frozenset({note[:2]})))
        return found

    @cached_property
    def objects(self) -> list[Any]:
        """What `self` stood for in the backward pass."""
        frames = (names for its in self.notes.frames.values() for _, names in its[:1])
        found = {id(x): x for names in frames if hasattr(x := names.get("self"), "__dict__")}
        return [*found.values()]

    def is_list(self, file: File, statement: Any, node: Any) -> bool:
        """Is what a name stands for a list, where a statement changes an item of it?"""
        frames = self.notes.frames.get((file, statement.at), ())
        return any(isinstance(names.get(ast.unparse(node)), list) for _, names in frames)

    @cached_property
    def lists(self) -> set[str]:
        """The names that stood for lists, tuples or dicts wherever they were noted."""
        found: dict[str, bool] = {}
        for its in self.notes.frames.values():
            for name, x in (one for _, names in its for one in names.items()):
                found[name] = found.get(name, True) and isinstance(x, (list, tuple, dict))
        return {name for name, always in found.items() if always}

    def parts(self) -> list[str]:
        """The objects that objects keep, as layers of a network."""
        its = ((name, x) for owner in self.objects for name, x in vars(owner).items())
        kept = (f"self.{name}" for name, x in its if hasattr(x, "__dict__") and not callable(x))
        return [*dict.fromkeys(kept)]

    def unused(self, file: File, node: Any) -> list[str]:
        """The arrays and numbers that a function makes, or is given, and never reads; and items of
        those that it is given."""
        around = file.above(node, SCOPE)
        if around not in self._unused:
            scope = self.scope(file, node)
            names = (x for x in scope if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store))
            made = {x.id for x in names}.difference(names_read(file, around))
            some = [*made, *self.unread(file, node)]
            atoms = self.atoms(file, node).values()
            floats = [x.text for x in atoms if any(kind == "f" for kind, _ in x.shapes)]
            self._unused[around] = sorted(x for x in floats if x.split("[")[0] in some)
        return self._unused[around]

    @cached_property
    def unread_attributes(self) -> list[str]:
        """The attributes that objects have, and the backward pass never reads."""
        read = {
            ast.unparse(x)
            for unit in self.units
            for x in ast.walk(unit.statement)
            if isinstance(x, ast.Attribute) and isinstance(x.ctx, ast.Load)
            if self.is_own(unit.file, x) and not is_of_shape(unit.file, x)
        }
        return [text for text in self._attributes if text.partition("[")[0] not in read]

    def unread(self, file: File, node: Any) -> dict[str, Shapes]:
        """The arguments that a function never reads."""
        around = file.above(node, SCOPE)
        read = names_read(file, around)
        given = given_to(around)
        return {name: self.shapes(file, x) for name, x in given.items() if name not in read}

    def _unread_items(self, file: File, scope: Any, known: dict[str, Atom]) -> Iterator[Atom]:
        """Items of arguments that are never read, where another has one: `Y[i]`, as `X[i]`."""
        unread = self.unread(file, scope) if isinstance(scope, DEFINED) else {}
        given = given_to(scope)
        for x in within(scope) if unread else ():
            if isinstance(x, ast.Subscript) and getattr(x.value, "id", "") in given:
                its = known.get(ast.unparse(x))
                for name, whole in unread.items():
                    text = f"{name}[{ast.unparse(x.slice)}]"
                    if its is not None and whole and are_alike(whole, self.shapes(file, x.value)):
                        kinds = {kind for kind, _ in whole}
                        shapes = {
                            (k if "" in kinds else next(iter(kinds)), n) for k, n in its.shapes
                        }
                        yield Atom(text, frozenset(shapes))
            for of, key in gone_through(x):
                lengths = {shape[0] for shape in shapes_of(self.shapes(file, of)) if shape}
                for name, whole in unread.items():
                    items = {(k, n[1:]) for k, n in whole if k and n and n[0] in lengths}
                    if items:
                        yield Atom(f"{name}[{key}]", frozenset(items))

    def _unread_lists(self, file: File, scope: Any) -> Iterator[Atom]:
        """Items of lists, and of dicts by number, that are filled and never read, at indices that
        others have, or next to these."""
        held: dict[str, set[Any]] = defaultdict(set)
        keys: dict[str, None] = {}
        read = set()
        lists = self.lists if isinstance(scope, DEFINED) else ()
        for x in within(scope) if lists else ():
            if isinstance(x, ast.Name) and x.id in lists and isinstance(x.ctx, ast.Load):
                stored = filling(file, x)
                held[x.id].update(self.shapes(file, stored) if stored is not None else ())
                read |= {x.id} if stored is None else set()
                above = file.parent[x]
                if isinstance(above, ast.Subscript) and isinstance(above.slice, ast.Name):
                    key = above.slice.id
                    keys |= dict.fromkeys((key, f"{key} - 1", f"{key} + 1"))
        for name in sorted(held.keys() - read):
            shapes = frozenset(shape for shape in held[name] if shape[0])
            yield from (Atom(f"{name}[{key}]", shapes) for key in keys if shapes)

    def transplants(self, file: File, node: Any) -> list[str]:
        """What the forward pass computes, in the names that a function has for its values."""
        scope = file.above(node, SCOPE)
        if scope not in self._transplants:
            self._transplants[scope] = self._transplanted(file, node)
        return self._transplants[scope]

    def _transplanted(self, file: File, node: Any) -> list[str]:
        here: dict[Any, str] = {}
        for x in self.scope(file, node):
            if isinstance(x, (ast.Name, ast.Attribute)):
                for v in self.notes.at(file, x)[:1]:
                    here.setdefault((v.kind, v.shape, v.sum), ast.unparse(x))
        found = []
        for unit in self.code.around.values():
            for x in ast.walk(unit.statement):
                if not isinstance(x, (ast.Call, ast.BinOp)):
                    continue
                if not any(kind == "f" for kind, _ in self.forward.shapes(unit.file, x)):
                    continue
                with contextlib.suppress(LookupError):
                    renamed = _Renamed(self.forward, unit.file, here, x)
                    found.append(ast.unparse(renamed.visit(copy.deepcopy(x))))
        return [*dict.fromkeys(found)]

    def _of(self, file: File, scope: Any, notes: Notes) -> dict[str, Atom]:
        found: dict[str, set[Any]] = {}
        for x in within(scope):
            is_atom = isinstance(x, (*ATOMS, ast.arg))
            if is_atom and (file, x.at) in notes.seen:
                if isinstance(x, ast.Subscript) and not is_simple(x):
                    continue
                text = x.arg if isinstance(x, ast.arg) else ast.unparse(x)
                found.setdefault(text, set()).update(notes.shapes(file, x))
        atoms = {t: Atom(t, frozenset(s)) for t, s in found.items() if any(k for k, _ in s)}
        items = *self._unread_items(file, scope, atoms), *self._unread_lists(file, scope)
        return {a.text: a for a in items} | atoms

    def like(self, file: File, node: Any, shapes: Shapes) -> Iterator[Atom]:
        """The arrays in scope that had one of some shapes; of whole numbers, where these are."""
        wanted = {shape for _, shape in shapes}
        kinds = "i" if {kind for kind, shape in shapes if shape} == {"i"} else "fb"
        for atom in self.atoms(file, node).values():
            if any(shape in wanted for kind, shape in atom.shapes if kind in kinds):
                yield atom

    def within(self, file: File, node: Any, shapes: Shapes) -> Iterator[Atom]:
        """The smaller arrays in scope that broadcast to one of some shapes."""
        wanted = {shape for _, shape in shapes if shape}
        for atom in self.atoms(file, node).values():
            for kind, shape in atom.shapes:
                if kind in "fb" and shape and any(broadcasts(shape, w) for w in wanted):
                    yield atom
                    break

    def roots(self, file: File, node: Any) -> list[str]:
        """The numbers that a function computes of others by one of numpy's, as `np.sqrt(d)`, or
        of names, as `(hi - lo)`."""
        found = []
        for x in self.scope(file, node):
            if not isinstance(x, (ast.Call, ast.BinOp)) or self.shapes(file, x) != {("f", ())}:
                continue
            text = file.segment(x)
            if isinstance(x, ast.BinOp):
                names = isinstance(x.left, ast.Name) and isinstance(x.right, ast.Name)
                found += [f"({text})"] * (names and isinstance(x.op, (ast.Add, ast.Sub)))
            elif text.startswith(f"{self.numpy[file.name]}."):
                arrays = any(shape for y in x.args for _, shape in self.shapes(file, y))
                found += [text] * (not arrays)
        return [*dict.fromkeys(found)]

    def fixed(self, file: File) -> list[str]:
        """The names of floating numbers that are set in a file, once and for all."""
        space = self.code.space(file.name)
        own = (x for x in file.tree.body if isinstance(x, ast.Assign))
        names = (y.id for x in own for y in x.targets if isinstance(y, ast.Name))
        return [name for name in names if isinstance(space.get(name), float)]

    def written(self, file: File, x: Any) -> str:
        """How a number is written in a file: by its name there, if it has one, and is not whole."""
        names = self._names_of_numbers[file.name] if x != int(x) else {}
        return names.get(x, repr(x))

    @cached_property
    def _names_of_numbers(self) -> dict[str, dict[Any, str]]:
        """By the file, the names of its numbers."""
        files = self.code.files.items()
        return {key: {node.value: name for name, node in fixed_in(file)} for key, file in files}

    def fixed_numbers(self) -> Iterator[tuple[File, ast.Constant]]:
        """The numbers that names of a module stand for, where functions here read them."""
        read = {
            (unit.file, x.id)
            for unit in self.units
            for x in ast.walk(unit.statement)
            if isinstance(x, ast.Name)
        }
        for file in self.code.files.values():
            yield from ((file, node) for name, node in fixed_in(file) if (file, name) in read)

    def callables(self, file: File, node: Any) -> list[str]:
        """What is called with one argument where a node stands, and what could be."""
        owner = file.above(node, ast.ClassDef)
        scope = owner or file.above(node, SCOPE)
        if scope in self._callables:
            return self._callables[scope]
        found = [*self._one_argument]
        for x in ast.walk(owner) if owner is not None else self.scope(file, node):
            if isinstance(x, ast.Call) and len(x.args) == 1 and not x.keywords:
                is_named = isinstance(x.func, (ast.Name, ast.Attribute))
                gives = any(kind for kind, _ in self.shapes(file, x))
                own = is_named and not ast.unparse(x.func).startswith(f"{self.numpy[file.name]}.")
                if own and gives and not self._is_array(file, x.func):
                    found.append(ast.unparse(x.func))
            elif isinstance(x, ast.Attribute) and isinstance(x.ctx, ast.Store):
                found.append(ast.unparse(x))
        for x in owner.body if owner is not None else ():
            one = isinstance(x, ast.FunctionDef) and len(x.args.args) == 2
            if one and self._is_harmless(file, x):
                found.append(f"self.{x.name}")
        self._callables[scope] = [*dict.fromkeys(found)]
        return self._callables[scope]

    @cached_property
    def _one_argument(self) -> list[str]:
        """The user's functions of one argument, and numpy's that are called with one array."""
        found = [name for name, count in self.functions() if count == 1]
        for unit in self.code.around.values():
            for x in ast.walk(unit.statement):
                if isinstance(x, ast.Call) and len(x.args) == 1 and not x.keywords:
                    text = ast.unparse(x.func)
                    same = any(
                        notes.shapes(unit.file, x.args[0]) & notes.shapes(unit.file, x)
                        for notes in (self.notes, self.forward)
                    )
                    plain = text.rpartition(".")[2] in NO_CHANGE
                    if same and not plain and text.startswith(f"{self.numpy[unit.file.name]}."):
                        found.append(text)
                for arg in x.args if isinstance(x, ast.Call) else ():  # handed on
                    text = ast.unparse(arg)
                    if isinstance(arg, ast.Attribute) and text.startswith(
                        f"{self.numpy[unit.file.name]}."
                    ):
                        found.append(text)
        return [*dict.fromkeys(found)]

    def _is_array(self, file: File, function: Any) -> bool:
        """Is it a method of an array?"""
        return isinstance(function, ast.Attribute) and any(
            kind for kind, _ in self.notes.shapes(file, function.value)
        )

    @cached_property
    def _keys(self) -> list[str]:
        """The keys of several parts, of which one is computed."""
        return [
            ", ".join(ast.unparse(y) for y in x.slice.elts)
            for unit in self.code.around.values()
            for x in ast.walk(unit.statement)
            if isinstance(x, ast.Subscript) and isinstance(x.slice, ast.Tuple)
            if any(isinstance(y, (ast.Name, ast.Call)) for y in x.slice.elts)
        ]

    def keys(self, file: File, node: Any, shapes: Shapes) -> list[str]:
        """What picks an element of each row of an array, from a program's own keys and indices."""
        found = [*self._keys]
        lengths = {shape[0] for _, shape in shapes if len(shape) == 2}
        rows = [
            a.text
            for a in self.atoms(file, node).values()
            if a.shapes and all(k == "i" and len(s) == 1 and s[0] in lengths for k, s in a.shapes)
        ]
        found += [f"{a}, {b}" for a in rows for b in rows if a != b]
        if numpy := self.numpy[file.name]:
            found += [f"{numpy}.arange(len({x})), {x}" for x in rows]
        if any(len(shape) == 1 or shape[1:] == (1,) for _, shape in shapes):
            atoms = self.atoms(file, node).values()
            found += [a.text for a in atoms if a.is_count and "[" in a.text]
        return [*dict.fromkeys(found)]

    def counts(self, file: File, node: Any) -> list[str]:
        """What counts something, in scope: `N`, `X.shape[0]`, `len(X)`."""
        scope = file.above(node, SCOPE)
        if scope not in self._counts:
            self._counts[scope] = [*dict.fromkeys(self._counted(file, scope))]
        return self._counts[scope]

    def _counted(self, file: File, scope: Any) -> Iterator[str]:
        atoms = self.atoms(file, scope)
        values = {1.0}
        for x in self.scope(file, scope):
            if isinstance(x, ast.Name):
                values |= {v.sum for v in self.notes.at(file, x) if v.kind == "i"}
        yield from (a.text for a in atoms.values() if a.is_count)
        for x in self.scope(file, scope):
            if isinstance(x, ast.Call) and isinstance(x.func, ast.Name) and x.func.id == "len":
                yield file.segment(x)
            if isinstance(x, ast.Attribute) and x.attr == "size" and self.is_reached(file, x):
                yield file.segment(x)
        args = scope.args.args if isinstance(scope, ast.FunctionDef) else ()
        for arg in args:
            if arg.arg != "self" and {kind for kind, _ in self.shapes(file, arg)} == {""}:
                yield f"len({arg.arg})"
        here = self._of(file, scope, self.notes)  # and what other methods have
        own = [text for text in atoms if text.startswith("self.") and text.count(".") == 1]
        own.sort(key=lambda text: text not in here)
        for text in [*(arg.arg for arg in args), *own]:
            arrays = atoms.get(text)
            dims = max((len(s) for _, s in arrays.shapes), default=0) if arrays else 0
            for shape in sorted(shapes_of(arrays.shapes))[:1] if arrays and dims else ():
                names = [f"{text}.shape[{i}]" for i in range(dims)]
                for name, value in zip([*names, f"{text}.size"], [*shape, prod(shape)]):
                    if value not in values:
                        values.add(value)
                        yield name

    def scope(self, file: File, node: Any) -> list[Any]:
        """The nodes of the function around a node."""
        scope = file.above(node, SCOPE)
        if scope not in self._scopes:
            self._scopes[scope] = [*within(scope)]
        return self._scopes[scope]

    def items(self, file: File, node: Any, name: str) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays that a dict keeps by words, in the function around a node."""
        frames = (self.notes.frames.get((file, x.at), ()) for x in self.scope(file, node))
        for _, names in (frame for its in frames for frame in its):
            if isinstance(kept := names.get(name), dict):
                words = ((k, x) for k, x in kept.items() if isinstance(k, str))
                return {f"{name}[{k!r}]": x.shape for k, x in words if isinstance(x, np.ndarray)}
        return {}

    @cached_property
    def factors(self) -> list[str]:
        """The factors of products in the program, with one array of theirs left open, as \0."""
        found: dict[str, None] = {}
        for file, x in self._products():
            for part in (x.left, x.right):
                if isinstance(part, (ast.BinOp, ast.Compare, ast.Call)):
                    names = {
                        ast.unparse(y)
                        for y in ast.walk(part)
                        if isinstance(y, ATOMS) and shapes_of(self.shapes(file, y)) - {()}
                    }
                    text = ast.unparse(part)
                    text = text if isinstance(part, ast.Call) else f"({text})"
                    for name in sorted(names, key=len)[-1:]:
                        name = rf"(?<![\w.]){re.escape(name)}(?![\w\[])"
                        found[re.sub(name, "\0", text)] = None
        return [*found]

    @cached_property
    def terms(self) -> list[str]:
        """The products of a number and something in the program, with that left open."""
        return [
            *dict.fromkeys(
                f"{self.text(file, x.left, LEVELS[ast.Mult])} * \0"
                for file, x in self._products()
                if not shapes_of(self.shapes(file, x.left)) - {()}
            )
        ]

    def _products(self) -> Iterator[tuple[File, Any]]:
        for unit in self.units:
            for x in ast.walk(unit.statement):
                if isinstance(x, ast.BinOp) and isinstance(x.op, ast.Mult):
                    yield unit.file, x

    @cached_property
    def made_of_nothing(self) -> list[str]:
        """The user's classes that are called without arguments, or have no `__init__`."""
        found: dict[str, None] = {}
        for file in self.code.files.values():
            for x in ast.walk(file.tree):
                if isinstance(x, ast.ClassDef) and not any(
                    isinstance(y, ast.FunctionDef) and y.name == "__init__" for y in x.body
                ):
                    found[x.name] = None
        return [*found]

    @cached_property
    def given_attributes(self) -> list[str]:
        """The attributes that objects are given, and that are no functions, as properties are."""
        its = [x for unit in self.code.around.values() for x in ast.walk(unit.statement)]
        functions = {getattr(unit.statement, "name", "") for unit in self.code.around.values()}
        stored = (x for x in its if isinstance(getattr(x, "ctx", None), ast.Store))
        names = (x.attr for x in stored if isinstance(x, ast.Attribute))
        return [x for x in dict.fromkeys(names) if x not in functions]

    def calls_one(self, call: ast.Call) -> bool:
        """Does it call a function of the user's?"""
        return getattr(call.func, "attr", getattr(call.func, "id", "")) in self._names

    @cached_property
    def _live(self) -> set[Any]:
        """The functions that the backward pass comes to."""
        return {function for unit in self.units for function, _ in unit.live}

    def comes_to(self, owner: str, method: str) -> bool:
        """Is a method of what has a name one that the backward pass comes to, of any object?"""
        for its in self.notes.frames.values():
            first, *rest = owner.split(".")
            found = its[0][1].get(first) if its else None
            for name in (*rest, method):
                found = getattr_static(found, name, None)
            if isinstance(found, FunctionType) and found in self._live:
                return True
        return False

    @cached_property
    def methods_alone(self) -> list[str]:
        """The user's methods that take nothing but `self`: those that the passes call, and others
        that only compute."""
        return [
            *dict.fromkeys(
                unit.statement.name
                for unit in self.code.around.values()
                if isinstance(unit.file.parent[unit.statement], ast.ClassDef)
                and isinstance(unit.statement, ast.FunctionDef)
                and len(unit.statement.args.args) == 1
                and (unit in self.units or self._is_harmless(unit.file, unit.statement))
            )
        ]

    def families(self, file: File, node: Any) -> tuple[frozenset[str], list[tuple[str, str]]]:
        """The names in scope; and what tells them apart."""
        scope = file.above(node, SCOPE)
        if scope not in self._families:
            words: set[str] = set()
            for x in self.scope(file, node):
                word = getattr(x, "id", getattr(x, "attr", getattr(x, "value", "")))
                if isinstance(word, str) and word.isidentifier():
                    words.add(word)
            self._families[scope] = frozenset(words), families(words)
        return self._families[scope]

    def functions(self) -> Iterator[tuple[str, int]]:
        """The user's functions of the modules, with how many arguments they take: those that the
        passes name, and others that only compute."""
        for file in self.code.files.values():
            known = self._named | self._harmless[file.name]
            for node in file.tree.body:
                if isinstance(node, ast.FunctionDef):
                    yield from [(node.name, len(node.args.args))] * (node.name in known)
                elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                    names = [x.id for x in node.targets if isinstance(x, ast.Name)]
                    count = len(node.value.args.args)
                    yield from ((name, count) for name in names if name in known)


class _Renamed(ast.NodeTransformer):
    """An expression of the forward pass in the names that its values have elsewhere.

    Raises LookupError where one has none.
    """

    def __init__(self, forward: Notes, file: File, here: dict[Any, str], whole: Any) -> None:
        self.forward, self.file, self.here, self.whole = forward, file, here, whole.at

    def visit(self, node: Any) -> Any:
        its = self.forward.at(self.file, node)[:1] if hasattr(node, "at") else []
        if its and its[0].kind and node.at != self.whole and not isinstance(node, ast.Constant):
            name = self.here.get((its[0].kind, its[0].shape, its[0].sum))
            if name is not None:
                return ast.parse(name, mode="eval").body
            if isinstance(node, ast.Name):
                raise LookupError(node.id)
        return super().visit(node)
