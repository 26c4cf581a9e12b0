"""How a compiled function takes its arguments apart and puts its results together."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..graph import Node
from ..terms import silenced_by
from ..trees import held
from .plan import Plan

MISS = object()  # what a straight-line function returns for arguments that it is not for
PLAIN = (bool, int, float, str, np.generic, type(None))  # told apart by their value


class Unmet(Exception):
    """A condition that an op checks, and that held when the function was traced, does not."""


class Entry:
    """The lines by which a function takes its arguments apart, and refuses those it is not for.

    `names` of the nodes that stand for arrays; `staying`, those of arguments whose arrays stay;
    `wholes`, the names and positions of such arguments, where they are tuples; `objects` that the
    lines mention, by name.
    """

    def __init__(self) -> None:
        self.names: dict[Node, str] = {}
        self.staying: list[Node] = []
        self.wholes: dict[str, int] = {}
        self.objects: dict[str, Any] = {"MISS": MISS, "Unmet": Unmet, "ndarray": np.ndarray}
        self._parameters: list[str] = []
        self._lines: list[str] = []
        self._taken = {
            *keyword.kwlist,
            *dir(np),
            *self.objects,
            *("np", "copyto", "add_at", "changed", "pow", "start", "stop", "step", "make"),
        }

    def free(self, name: str) -> str:
        """The name, or one like it that nothing else has."""
        name = re.sub(r"\W", "_", name)
        while name in self._taken or re.match(r"\d|([cortv]|ones|strips)\d+$|call_|$", name):
            name = f"_{name}" if re.match(r"\d|call_|$", name) else f"{name}_"
        self._taken |= {name, f"{name}_0", f"{name}_of", f"{name}_part"}
        return name

    def take(self, name: str, tree: Any, stays: bool) -> None:
        """A parameter. Of a tuple that stays it is enough to see that it is the same one."""
        self._parameters.append(self.free(name))
        if stays and _is_fixed(tree):
            self._refuse(f"{self._parameters[-1]} is not {self._parameters[-1]}_0")
            self._name_parts(self._parameters[-1], tree)
            if isinstance(tree, tuple):
                self.wholes[self._parameters[-1]] = len(self._parameters) - 1
        else:
            self._apart(self._parameters[-1], tree, stays)

    def _name_parts(self, name: str, tree: Any) -> None:
        if isinstance(tree, Node):
            self.names[tree] = name
            self.staying.append(tree)
        else:
            for i, part in enumerate(tree):
                self._name_parts(self.free(f"{name}_{i}"), part)

    def watch(self, fn: Callable[..., Any]) -> None:
        """Refuse to run once what `fn` reads from around it is another."""
        for place, key, value in surroundings(fn):
            holder = self._object(place)
            now = f"{holder}[{key!r}]" if isinstance(place, dict) else f"{holder}.cell_contents"
            if isinstance(value, PLAIN):
                self._refuse_others(now, value)
            else:
                self._refuse(f"{now} is not {self._object(value)}")

    def _apart(self, name: str, x: Any, stays: bool) -> None:
        if isinstance(x, Node):
            self.names[x] = name
            if stays:
                self.staying.append(x)
                self._refuse(f"{name} is not {name}_0")
                return
            kind = f"type({name}) is not ndarray"
            if not x.shape:
                kind += f" and type({name}) is not {self._object(x.dtype.type)}"
            dtype = self._object(x.dtype)
            self._refuse(f"{kind} or {name}.shape != {x.shape} or {name}.dtype is not {dtype}")
            return
        if isinstance(x, (dict, list, tuple)):
            self._refuse(f"type({name}) is not {self._object(type(x))}")
            if isinstance(x, dict):
                self._refuse(f"[*{name}] != {self._object(list(x))}")  # fn may go by the order
            else:
                self._refuse(f"len({name}) != {len(x)}")
            for key in x if isinstance(x, dict) else range(len(x)):
                inner = self.free(f"{name}_{key}")
                self._lines.append(f"{inner} = {name}[{self._object(key)}]")
                self._apart(inner, x[key], stays)
        else:
            self._refuse_others(name, x)

    def _refuse_others(self, name: str, x: Any) -> None:
        """Refuse what is not the same number, string or None."""
        kind = f"type({name}) is not {self._object(type(x))}"
        if isinstance(x, float) and not (x < 0 or x > 0):  # 0.0 == -0.0, and NaN is not itself
            self._refuse(f"{kind} or {name}.hex() != {x.hex()!r}")
        else:
            self._refuse(f"{kind} or {name} != {self._object(x)}")

    def _refuse(self, condition: str) -> None:
        self._lines.append(f"if {condition}: return MISS")

    def _object(self, x: Any) -> str:
        """How a line mentions an object."""
        if x is None or type(x) in (bool, int, str):
            return repr(x)
        name = next((name for name, known in self.objects.items() if known is x), None)
        if name is None:
            name = f"o{len(self.objects)}"
            self.objects[name] = x
        return name

    def text(
        self,
        made: Plan,
        result: Any,
        in_place: Sequence[int],
        captured: list[tuple[str, Node]],
        silenced: Iterable[str],
    ) -> str:
        """The whole: `make`, given what stays from call to call, returns the function."""
        for name, node in captured:
            place = "_live" if node._value is None else "_value"
            self._refuse(f"{name}_of.{place} is not {name}")
        returned = self._returned(result, iter(made.results), in_place)
        staying = [self.names[node] for node in self.staying]
        parts = [name for name in staying if name not in self._parameters]
        given = [*made.bound, *self.objects, *(f"{name}_0" for name in self.wholes)]
        given += [x for name, _ in captured for x in (name, f"{name}_of")]
        views = [line.split(" = ")[0] for line in made.views]
        inner = [*self._lines, *made.body, f"return {returned}"]
        used = set(re.findall(r"\w+", " ".join(inner)))
        defaults = [f"{name}={name}" for name in (*given, *views, *parts) if name in used]
        defaults += [f"{name}_0={name}" for name in staying]
        lines = [
            f"def make({', '.join([*given, *staying])}):",
            *(f"    {line}" for line in made.views),
            *(f"    @{x}" for x in silenced_by(silenced)),
            f"    def step({', '.join([*self._parameters, *defaults])}):",
            *(f"        {line}" for line in inner),
            "    return step",
        ]
        return "import numpy as np\n\n" + "\n".join(lines) + "\n"

    def _returned(self, result: Any, results: Iterator[str], in_place: Sequence[int]) -> str:
        """The expression for the results, the arguments themselves where they were updated."""
        if not in_place:
            return self._rebuilt(result, results)
        updated = [self._parameters[i] for i in in_place]
        if not isinstance(result, tuple):
            return updated[0]
        for _ in held(result[: len(updated)]):
            next(results)
        others = [self._rebuilt(x, results) for x in result[len(updated) :]]
        return f"({', '.join([*updated, *others])},)"

    def _rebuilt(self, tree: Any, results: Iterator[str]) -> str:
        """The expression for nested results."""
        if isinstance(tree, dict):
            pairs = (f"{self._object(k)}: {self._rebuilt(x, results)}" for k, x in tree.items())
            built = f"{{{', '.join(pairs)}}}"
            return built if type(tree) is dict else f"{self._object(type(tree))}({built})"
        if isinstance(tree, (list, tuple)):
            inner = ", ".join(self._rebuilt(x, results) for x in tree)
            if type(tree) is list:
                return f"[{inner}]"
            if type(tree) is tuple:
                return f"({inner}{',' if len(tree) == 1 else ''})"
            fields = hasattr(tree, "_fields")
            return f"{self._object(type(tree))}({inner if fields else f'[{inner}]'})"
        return next(results)


def surroundings(fn: Callable[..., Any]) -> Iterator[tuple[Any, str, Any]]:
    """What a function, and the functions that it wraps or refers to, read by name from outside.

    Each with its name and where it is: a cell of a closure, or a module's dict.
    """
    found, seen = [fn], set()
    for f in found:  # which grows meanwhile
        f = getattr(f, "func", f)  # of a partial
        f = getattr(f, "__func__", f)  # of a method
        if id(f) in seen:
            continue
        seen.add(id(f))
        if hasattr(f, "__wrapped__"):
            found.append(f.__wrapped__)
        if not isinstance(f, FunctionType):
            continue
        cells = zip(f.__code__.co_freevars, f.__closure__ or ())
        places: list[Any] = [(c, name, c.cell_contents) for name, c in cells if _is_set(c)]
        if f.__module__.split(".")[0] in {"autograd_lite", "nn"}:  # where nothing is bound anew
            found += [x for _, _, x in places]
            continue
        names = f.__globals__
        places += [(names, name, names[name]) for name in _read(f.__code__) if name in names]
        for place in places:
            if not isinstance(place[2], (ModuleType, type, BuiltinFunctionType)):
                yield place
                found.append(place[2])


def _read(code: CodeType) -> Iterator[str]:
    """The names that code reads, also in the functions within it."""
    yield from code.co_names
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield from _read(x)


def _is_set(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _is_fixed(tree: Any) -> bool:
    """Is it an array, or tuples of arrays?"""
    return isinstance(tree, Node) or (type(tree) is tuple and all(map(_is_fixed, tree)))
