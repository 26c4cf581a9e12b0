"""The user's functions as text and syntax trees, and other code that is lent to them for a while.

A unit is an outermost function, or a top-level statement that has lambdas. It is edited as a tree,
compiled by itself, and what comes of it is lent to the live functions: these are found by their
place in the order of all code of their unit, which no edit changes. So no module is run again, and
closures, methods and decorated functions are followed as they are; each gets its own code back,
whatever happens. While code is lent, other threads that call these functions run it, too.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import gc
import linecache
import site
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from inspect import CO_OPTIMIZED, unwrap
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..graph import describe

FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LIBRARIES = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
LIBRARIES += [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
LIBRARIES += [site.getusersitepackages(), str(Path(__file__).parent.parent)]

LOOPS = (ast.For, ast.While)


class NoSource(ValueError):
    """A function whose text is not known."""


@dataclass(eq=False)
class File:
    """A text and its tree. `nodes`: all of the tree, in order; each has its number as `at`."""

    name: str
    text: str

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text)
        self.nodes: list[ast.AST] = []
        self.parent: dict[ast.AST, ast.AST] = {}
        self._number(self.tree)
        self._lines = self.text.encode().splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def _number(self, node: Any) -> None:
        pending = [node]
        while pending:
            node = pending.pop()
            node.at = len(self.nodes)
            self.nodes.append(node)
            children = [*ast.iter_child_nodes(node)]
            self.parent.update((child, node) for child in children)
            pending += reversed(children)

    def span(self, node: Any) -> tuple[int, int]:
        """Where the text of a node begins and ends, in bytes."""
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def segment(self, node: Any) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self._bytes[start:end].decode()

    @cached_property
    def _bytes(self) -> bytes:
        return self.text.encode()

    def replaced(self, start: int, end: int, text: str) -> str:
        """The whole text with other text in a span, in bytes."""
        return (self._bytes[:start] + text.encode() + self._bytes[end:]).decode()

    def lines(self, first: int, last: int) -> tuple[int, int]:
        """The span of whole lines, counted from 1."""
        return self._starts[first - 1], self._starts[min(last, len(self._lines))]

    def stored_as(self, at: int) -> list[str]:
        """The names that the value of a node is assigned to, alone or as one of several."""
        node: Any = self.nodes[at]
        above: Any = self.parent.get(node)
        elements: list[Any] = getattr(above, "elts", [])
        if elements:
            node, above = above, self.parent.get(above)
        if not isinstance(above, ast.Assign) or above.value is not node:
            return []
        targets = above.targets
        if elements:
            i = elements.index(self.nodes[at])
            several = (getattr(x, "elts", ()) for x in targets)
            targets = [its[i] for its in several if len(its) == len(elements)]
        return [ast.unparse(x) for x in targets if isinstance(x, (ast.Name, ast.Attribute))]

    def block(self, statement: Any) -> list[Any]:
        """The statements among which one stands."""
        lists = (value for _, value in ast.iter_fields(self.parent[statement]))
        return next(x for x in lists if isinstance(x, list) and statement in x)

    def above(self, node: ast.AST, kinds: Any) -> Any:
        """The innermost node of some kinds that holds a node, or is it; None if there is none."""
        found: ast.AST | None = node
        while found is not None and not isinstance(found, kinds):
            found = self.parent.get(found)
        return found


@dataclass(eq=False)
class Unit:
    """What is edited and compiled by itself. `live`: its functions, with their places in order."""

    file: File
    statement: Any
    flags: int = 0
    live: list[tuple[FunctionType, int]] = field(default_factory=list)

    @cached_property
    def codes(self) -> list[CodeType]:
        return self.compiled(self.statement)

    @cached_property
    def loops(self) -> list[Any]:
        return [x for x in ast.walk(self.statement) if isinstance(x, LOOPS)]

    def compiled(self, statement: Any, given: Mapping[str, Any] | None = None) -> list[CodeType]:
        """All code of functions in a statement that stands in this unit's place.

        given: objects that stand for constants of the tree, which are their names. Raises
        SyntaxError or ValueError if it is no code, or has other functions.
        """
        above = self.file.parent[self.statement]
        while isinstance(above, ast.ClassDef):  # for its name, and for `super()`
            shell = ast.ClassDef(above.name, [], [], [statement], [])
            statement = ast.copy_location(shell, above)
            above = self.file.parent[above]
        module = ast.Module([statement], [])
        with warnings.catch_warnings(action="ignore"):  # of constants that are called, say
            code = compile(module, self.file.name, "exec", self.flags, dont_inherit=True)
        return [*_functions(_with_objects(code, given) if given else code)]


def _functions(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions and lambdas in some code, in order."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            named = inner.co_name == "<lambda>" or not inner.co_name.startswith("<")
            if named and inner.co_flags & CO_OPTIMIZED:
                yield inner
            yield from _functions(inner)


def _with_objects(code: CodeType, given: Mapping[str, Any]) -> CodeType:
    """The same code with objects in the places of strings that name them."""

    def instead(x: Any) -> Any:
        if isinstance(x, CodeType):
            return _with_objects(x, given)
        return given.get(x, x) if isinstance(x, str) else x

    return code.replace(co_consts=tuple(map(instead, code.co_consts)))


class Code:
    """The code of some functions, and of what they call that is the user's own.

    `units`: by their statements; `around`: these, and those that a run did not reach. `files`: by
    their names.
    """

    def __init__(self, files: dict[str, File], live: list[FunctionType]) -> None:
        self.files, self._live = files, live
        self.around: dict[ast.AST, Unit] = {}
        for function in live:
            self._place(function)
        self.units = self.around

    @classmethod
    def of(cls, *functions: Any) -> Code:
        """The code of functions, bound methods or callable objects.

        Raises NoSource if the text of one is not known.
        """
        files: dict[str, File] = {}
        live: list[FunctionType] = []
        owned: dict[str, list[FunctionType]] = {}
        for one in gc.get_objects():
            if type(one) is FunctionType:
                owned.setdefault(one.__code__.co_filename, []).append(one)
        pending = [function_of(f) for f in functions]
        for function in pending:
            _file(function, files)
        while pending:
            name = pending.pop().__code__.co_filename
            if name in files and not any(f.__code__.co_filename == name for f in live):
                live += owned[name]
                for called in _called(owned[name]):
                    other = called.__code__.co_filename
                    if other not in files and _is_theirs(other):
                        try:
                            _file(called, files)
                        except NoSource:
                            continue
                        pending.append(called)
        return cls(files, live)

    def _place(self, function: FunctionType) -> None:
        """Find the unit of a live function, and its place there."""
        code = function.__code__
        file = self.files[code.co_filename]
        for node in _beginning(file, code.co_firstlineno):
            unit = self.around.get(statement := _outermost(file, node))
            unit = unit or Unit(file, statement, code.co_flags & FUTURE)
            alike = [i for i, c in enumerate(unit.codes) if _is_same(c, code)]
            if alike:
                places = [tuple(unit.codes[i].co_positions()) for i in alike]
                own = tuple(code.co_positions())
                best = alike[places.index(own)] if own in places else alike[0]
                unit.live.append((function, best))
                self.around[statement] = unit
                return

    def with_text(self, name: str, text: str) -> Code:
        """The same with another text of a file, which has the same functions in the same order."""
        old, new = self.files[name], File(name, text)
        code = Code(self.files | {name: new}, [])
        code._live, code.units = self._live, {}
        before = [node for node in old.nodes if _is_unit(old, node)]
        after = [node for node in new.nodes if _is_unit(new, node)]
        places = {node: i for i, node in enumerate(before)}
        for unit in self.around.values():
            statement = unit.statement
            if unit.file is old:
                unit = Unit(new, after[places[statement]], unit.flags, unit.live)
            code.around[unit.statement] = unit
            if statement in self.units:
                code.units[unit.statement] = unit
        return code

    def reached_by(self, run: Callable[[], Any]) -> Code:
        """The same, of the units alone that a run reaches; it may raise.

        Where the program is profiled, that is not disturbed, and all are taken.
        """
        if sys.getprofile() is not None:
            return self
        reached: set[CodeType] = set()

        def note(frame: Any, event: str, arg: Any) -> None:
            reached.add(frame.f_code)

        sys.setprofile(note)
        try:
            with contextlib.suppress(Exception):
                run()
        finally:
            sys.setprofile(None)
        found = Code(self.files, [])
        found._live, found.around = self._live, self.around
        found.units = {
            statement: unit
            for statement, unit in self.units.items()
            if any(f.__code__ in reached for f, _ in unit.live) or _lies_in(unit, reached)
        }
        return found

    def unit_above(self, file: File, node: Any) -> Unit | None:
        """The unit that holds a node, if one does."""
        while node is not None and node not in self.units:
            node = file.parent.get(node)
        return self.units.get(node)

    def space(self, name: str) -> dict[str, Any]:
        """The names of the module that a file is of."""
        return next(f.__globals__ for f in self._live if f.__code__.co_filename == name)

    def compiled(self) -> dict[Unit, list[CodeType]]:
        """All units with the code of their texts, which may not be that of the live functions."""
        return {unit: unit.codes for unit in self.units.values()}


@contextmanager
def lent(changed: Mapping[Unit, list[CodeType]]) -> Iterator[None]:
    """Other code in the live functions of units; each gets its own back.

    Raises ValueError if the code of a unit has other functions, or these other free variables.
    """
    own = [(f, f.__code__) for unit in changed for f, _ in unit.live]
    try:
        for unit, codes in changed.items():
            if len(codes) != len(unit.codes):
                raise ValueError("other functions")
            for function, i in unit.live:
                function.__code__ = codes[i]
        yield
    finally:
        for function, code in own:
            function.__code__ = code


def _lies_in(unit: Unit, reached: set[CodeType]) -> bool:
    """Is code of a function that was made meanwhile that of a unit?"""
    lines = range(unit.statement.lineno, unit.statement.end_lineno + 1)
    return any(c.co_filename == unit.file.name and c.co_firstlineno in lines for c in reached)


def function_of(f: Any) -> FunctionType:
    """The function behind a bound method, a partial or a decorated one; NoSource if there is none.

    >>> function_of(partial(describe, 1)) is describe
    True
    """
    given = f
    while not isinstance(f, FunctionType):
        if isinstance(f, MethodType):
            f = f.__func__
        elif isinstance(f, partial):
            f = f.func
        elif hasattr(f, "__wrapped__"):
            f = f.__wrapped__
        elif isinstance(call := vars(type(f)).get("__call__"), FunctionType):
            f = call
        else:
            raise NoSource(
                f"{describe(given)} is no function that is written in Python; its text is needed; "
                "give a function of yours that calls it"
            )
    plain: FunctionType = unwrap(f)
    return plain


def _called(functions: list[FunctionType]) -> Iterator[FunctionType]:
    """The functions that some name, and the methods of classes that they name or belong to."""
    for f in functions:
        reached = [f.__globals__.get(name) for name in names_in(f.__code__)]
        for cell in f.__closure__ or ():
            try:
                reached.append(cell.cell_contents)
            except ValueError:  # not bound yet
                continue
        for x in reached:
            if isinstance(x, ModuleType) and _is_theirs(getattr(x, "__file__", None) or ""):
                reached += [v for v in vars(x).values() if isinstance(v, (FunctionType, type))]
            if isinstance(x, MethodType):
                x = x.__func__
            if isinstance(x, FunctionType):
                yield unwrap(x)
            for owner in (x if isinstance(x, type) else type(x)).__mro__:
                yield from (m for m in vars(owner).values() if isinstance(m, FunctionType))


def names_in(code: CodeType) -> Iterator[str]:
    """The globals and attributes that some code names."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from names_in(inner)


def _is_theirs(name: str) -> bool:
    """Is a file one of the user's own, and none of a library?"""
    return (
        bool(name)
        and not name.startswith("<frozen")
        and not any(Path(name).is_relative_to(library) for library in LIBRARIES if library)
    )


def _file(function: FunctionType, files: dict[str, File]) -> None:
    """Read the file of a function."""
    name = function.__code__.co_filename
    if name in files:
        return
    linecache.checkcache(name)
    text = "".join(linecache.getlines(name, function.__globals__))
    said = f"the text of {function.__qualname__} ({name}) "
    if not text:
        raise NoSource(
            f"{said}is not known; what is reviewed must have been read from a file or a notebook's "
            "cell; save it to a file, and import it"
        )
    try:
        with warnings.catch_warnings(action="ignore"):
            files[name] = File(name, text)
    except SyntaxError as error:
        raise NoSource(
            f"{said}is no longer that of the function: {error}; import it again"
        ) from None
    if not any(True for _ in _beginning(files[name], function.__code__.co_firstlineno)):
        raise NoSource(f"{said}has changed since it was imported; import it again")


def _beginning(file: File, line: int) -> Iterator[Any]:
    """The functions and lambdas that begin at a line, with their decorators."""
    for node in file.nodes:
        if isinstance(node, SCOPES):
            decorators = getattr(node, "decorator_list", [])
            if min([node.lineno, *(d.lineno for d in decorators)]) == line:
                yield node


def _outermost(file: File, node: ast.AST) -> ast.AST:
    while not _is_unit(file, node):
        node = file.parent[node]
    return node


def _is_unit(file: File, node: ast.AST) -> bool:
    """Is it a statement of the module, or of a class that is, or of a class in that?"""
    if not isinstance(node, ast.stmt) or isinstance(node, ast.ClassDef):
        return False
    above = file.parent[node]
    while isinstance(above, ast.ClassDef):
        above = file.parent[above]
    if isinstance(above, ast.Module):
        return True
    # within `if TYPE_CHECKING:` or `try:` of a module, an outermost function is one, too
    return isinstance(node, SCOPES) and file.above(above, SCOPES) is None


def _is_same(a: CodeType, b: CodeType) -> bool:
    """Does it come of the same text, as far as code tells?"""

    def facts(code: CodeType) -> Any:
        numbers = [repr(x) for x in code.co_consts if not isinstance(x, CodeType)]
        names = code.co_names, code.co_varnames, code.co_freevars, code.co_argcount
        return code.co_name, code.co_firstlineno, names, numbers

    return bool(facts(a) == facts(b))
