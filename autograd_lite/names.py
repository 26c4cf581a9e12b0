"""Names: what the user calls a value, and a free name where one is needed. One rule for all."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import count, islice
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from .graph import REAL, Array, Node, describe
from .views import Step, after, steps_to

MOST = 1000  # what is looked at of one container
FEW = 30  # the arrays of one shape that are tried for an explanation
DEEPEST = 4  # of containers within containers
WEAK, WEAKEST = 3, 6  # the fewest elements from which a function of an array, or a mask, is told

# A name and the way on from there: ("P", '["W"]'), ("layers", 0, ".W").
Route = tuple[str | int, ...]

# What numpy makes of an array, where it records nothing.
FUNCTIONS = (
    Step("{}", lambda x: x),
    Step("1 − {}", lambda x: 1 - x),
    Step("−{}", lambda x: -x),
    Step("{}²", lambda x: x**2),
    Step("{}³", lambda x: x**3),
)
COMPARISONS = (
    Step("[{} > 0]", lambda x: x > 0),
    Step("[{} < 0]", lambda x: x < 0),
    Step("[{} = 0]", lambda x: x == 0),
)


class Path(NamedTuple):
    """How a value comes from an array that the user named: `x[2]`, `xᵀ`, `1 − t`.

    `name` and `base`: of that array; `value`: the value of it that the graph saw; `steps`: what
    was done to it.
    """

    name: str
    base: np.ndarray
    value: Array
    steps: tuple[Step, ...]

    def of(self, x: Any) -> Any:
        """The same of another array, or of a Tensor, which records it."""
        return after(self.steps, x)

    def __str__(self) -> str:
        text = self.name
        for step in self.steps:
            text = step.text.format(text)
        return text


class Names:
    """What the user calls the values of a graph.

    names: a dict of values by their names, or None; names that start with an underscore are left
    out, so that `names=locals()` will do. What is within lists, dicts and objects in it is called
    `Ws[0]`, `P["W"]`, `net.W`. nodes: those of the graph, in order.

    A Tensor's own name goes first, then its name in `names`, the one that a module has for a
    parameter, and that within a container: of these the first that no other value of the graph has.
    The variable of a loop has the value of its last pass; so a name does not count for one of
    several that came about alike, but these are told apart: as `Ws[2]`, `x[2]`, or `h3`.

    Raises TypeError if `names` is no dict of values by their names.

    >>> x = np.zeros((3, 2))
    >>> called = Names({"x": x, "pairs": [x[0], x[1]]})
    >>> called(x), called(np.zeros(2)), str(called.path(x[2], x[2]))
    ('x', None, 'x[2]')
    """

    def __init__(self, names: Mapping[str, Any] | None, nodes: Sequence[Node] = ()) -> None:
        names = {} if names is None else names
        if not isinstance(names, Mapping) or not all(isinstance(name, str) for name in names):
            raise TypeError(
                f"names is {describe(names)}; a dict of values by their names is needed; pass "
                "names=locals() or {'x': x}"
            )
        self._held = [*_walk(names)]  # whose ids are the values' as long as they are held
        self._routes: defaultdict[int, list[Route]] = defaultdict(list)
        for route, x in self._held:
            self._routes[id(x)].append(route)
        self._of_modules = _of_modules(nodes)
        self._seen: dict[int, tuple[Any, Array]] = {}  # the constants of the graph
        for node in nodes:
            for x, value in zip(node.inputs, node.saved):
                if not isinstance(x, Node) and hasattr(value, "shape"):
                    self._seen.setdefault(id(x), (x, value))

        loops = _alike(nodes)
        self._passes = {id(x): name for group in loops for x, name in _numbered(group, self._top)}
        self._places: dict[int, Path | None] = {}
        columns = [column for group in loops for column in zip(*(x.inputs for x in group.all))]
        self._scalars = [xs for xs in columns if all(isinstance(x, np.generic) for x in xs)]
        for xs in self._scalars:
            self._place_in_order(xs)
        self._last = self._last_passes(nodes)
        self._taken: defaultdict[str, set[int]] = defaultdict(set)
        for x in (*nodes, *(x for x, _ in self._seen.values())):
            for name in self._choices(x):
                self._taken[name].add(id(x))

    def __call__(self, x: Any) -> str | None:
        """What a value is called; None if it has no name of its own."""
        choices = [*self._choices(x)]
        free = (name for name in choices if self._taken.get(name, set()) <= {id(x)})
        shared = choices[0] if choices and id(x) not in self._passes else None
        return next(free, shared)

    def all(self, x: Any) -> list[str]:
        """Every name that a value has, what it is called first."""
        first = self(x)
        return [*dict.fromkeys([*([first] if first else ()), *self._choices(x), *self._top(x)])]

    def path(self, x: Any, value: Array) -> Path | None:
        """How a constant without a name comes from an array that has one, if that is known.

        value: that of x which the graph saw. A view is known by its memory; a scalar where it is
        one element of the named arrays only; another array, which plain numpy made, where it is one
        of a few simple functions of one of them only, and has not too few elements to tell.
        """
        if self(x) is not None:
            return None
        found = self._place(x, value)
        if found is None and type(value) is np.ndarray and value.size >= WEAK:
            found = self._function(value)
        if found is None or not _is_equal(found.of(found.value), value):
            return None
        if str(found) in self._taken:
            return None  # the name of another
        return found._replace(name=self(found.base) or found.name)

    # The names of a value

    def _choices(self, x: Any) -> Iterator[str]:
        """The names that a value may be called by, in the order of preference."""
        own = x.name if isinstance(x, Node) else None
        dotted = self._of_modules.get(id(x))
        if dotted and own and dotted.endswith(f".{own}"):
            yield dotted  # which says more
        if own:
            yield own
        if id(x) in self._passes:
            yield self._passes[id(x)]
        elif id(x) not in self._last:
            yield from self._top(x)
        if dotted:
            yield dotted
        yield from (_written(route) for route in self._routes.get(id(x), ()) if len(route) > 1)

    def _top(self, x: Any) -> list[str]:
        return [_written(route) for route in self._routes.get(id(x), ()) if len(route) == 1]

    def _last_passes(self, nodes: Sequence[Node]) -> set[int]:
        """The values whose name is that of a loop's last pass.

        Other parts of the same array, of the same shape, or earlier items of the same list, have
        no name of their own there.
        """
        inputs = [(x, x) for node in nodes for x in node.inputs if isinstance(x, Node)]
        families: defaultdict[Any, dict[int, int]] = defaultdict(dict)
        for x, value in (*inputs, *self._seen.values()):
            place = None if isinstance(x, Node) else self._place(x, value)
            if place is not None and place.steps:
                families[id(place.base), value.shape][id(x)] = 0
            for route in self._routes.get(id(x), ()):
                for i, part in enumerate(route):
                    if isinstance(part, int):
                        families[route[:i], route[i + 1 :]][id(x)] = part
        for xs in self._scalars:
            if len(xs) >= WEAK:
                families[xs].update((id(x), i) for i, x in enumerate(xs))
        last: set[int] = set()
        for items in families.values():
            named = {x: i for x, i in items.items() if self._named(x)}
            if len(named) < len(items):
                last |= {x for x, i in named.items() if i == max(items.values())}
        return last

    def _named(self, x: int) -> bool:
        return any(len(route) == 1 for route in self._routes.get(x, ()))

    # Values that came from a named array

    def _place(self, x: Any, value: Array) -> Path | None:
        """The part of a named array, another than x itself, that a constant is."""
        if id(x) not in self._seen:
            return self._part(x, value)
        if id(x) not in self._places:
            self._places[id(x)] = self._part(x, value)
        return self._places[id(x)]

    def _part(self, x: Any, value: Array) -> Path | None:
        found = []
        if type(x) is np.ndarray:
            for name, base in self._bases:
                if base is not x and (steps := steps_to(x, base)) is not None:
                    found.append(self._path(name, base, steps))
        return min(found, key=lambda p: (len(p.steps), -p.base.size, len(str(p))), default=None)

    def _place_in_order(self, xs: tuple[np.generic, ...]) -> None:
        """Scalars of the passes of a loop that are, in order, those of one vector, or 1 − these.

        That is told if no two are equal, or if rows of another array are used in order, too.
        """
        values = np.array(xs)
        told = np.unique(values).size == len(xs) or ((values != values[0]).any() and self._in_order)
        if len(xs) < WEAK or not told:
            return
        vectors = [(name, base) for name, base in self._bases if base.shape == values.shape]
        found = [
            (name, base, step)
            for step in FUNCTIONS[:2]
            for name, base in vectors
            if _gives(step, self._value(base), values)
        ]
        for i, x in enumerate(xs):
            if len(found) == 1 and self._place(x, x) is None:
                (name, base, step) = found[0]
                steps = steps_to(base[i, ...], base) or ()
                self._places[id(x)] = self._path(name, base, (*steps, step))

    @cached_property
    def _in_order(self) -> bool:
        """Are the rows of named arrays used one after the other, from the first to the last?"""
        rows: defaultdict[int, list[int]] = defaultdict(list)
        for x, value in self._seen.values():
            place = self._place(x, value) if type(x) is np.ndarray else None
            if place and place.steps and (row := re.match(r"\{\}\[(\d+)", place.steps[0].text)):
                rows[id(place.base)].append(int(row[1]))
        return bool(rows) and all(
            [*dict.fromkeys(its)] == [*range(max(its) + 1)] for its in rows.values()
        )

    def _function(self, value: np.ndarray) -> Path | None:
        """The one simple function of one named array that gives this value."""
        if value.dtype.kind not in REAL or (value == value.flat[0]).all():
            return None  # one number explains it
        found = [
            Path(path.name, path.base, path.value, (*path.steps, step))
            for path, x in self._arguments.get(value.shape, {}).values()
            for step in _explaining(x, value)
        ]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _arguments(self) -> dict[tuple[int, ...], dict[Any, tuple[Path, Array]]]:
        """By their shapes, the named arrays, and the parts of them that the graph has."""
        whole = (self._path(name, base, ()) for name, base in self._bases)
        found: defaultdict[tuple[int, ...], dict[Any, tuple[Path, Array]]] = defaultdict(dict)
        for path in (*whole, *filter(None, self._places.values())):
            x = path.of(path.value)
            if len(found[x.shape]) < FEW:
                found[x.shape].setdefault((id(path.base), str(path)), (path, x))
        return found

    @cached_property
    def _bases(self) -> list[tuple[str, np.ndarray]]:
        """The named arrays."""
        bases = {id(x): x for _, x in self._held if type(x) is np.ndarray and x.dtype.kind in REAL}
        return [(_written(self._routes[i][0]), x) for i, x in bases.items()]

    def _path(self, name: str, base: np.ndarray, steps: tuple[Step, ...]) -> Path:
        return Path(name, base, self._value(base), steps)

    def _value(self, base: np.ndarray) -> Array:
        """The value of an array that the graph saw; its present one where it did not see it."""
        return self._seen[id(base)][1] if id(base) in self._seen else base


def _walk(names: Mapping[str, Any]) -> list[tuple[Route, Any]]:
    """What has a name, and what is within it, with the way to it; nearer things first."""
    found: list[tuple[Route, Any]] = []
    given = {k: x for k, x in names.items() if not k.startswith("_")}
    last = _last_items(given.values())
    ways: list[tuple[Route, Any]] = [
        ((k,), x) for k, x in given.items() if id(x) not in last or _is_value(x)
    ]
    seen: set[int] = set()
    for route, x in ways:  # which grows meanwhile
        if _is_value(x):
            found.append((route, x))
        if len(route) < DEEPEST and len(ways) < 10 * MOST and id(x) not in seen:
            seen.add(id(x))
            with suppress(Exception):  # of a container that does not let itself be looked into
                ways += [((*route, part), child) for part, child in islice(_parts(x), MOST)]
    return found


def _is_value(x: Any) -> bool:
    """Can it be an input of an op, other than a number that stands for itself?"""
    return isinstance(x, (Node, list, tuple)) or hasattr(type(x), "dtype")


def _last_items(values: Collection[Any]) -> set[int]:
    """The last items of lists whose others have no name: what is left of a loop over them."""
    named = {id(x) for x in values}
    lists = (x for x in values if isinstance(x, (list, tuple)) and len(x) > 1)
    return {id(x[-1]) for x in lists if not named.issuperset(map(id, x))}


def _parts(x: Any) -> Iterator[tuple[str | int, Any]]:
    """What a container or an object of the user's holds, with the text that gets it."""
    if isinstance(x, dict):
        for key, child in x.items():
            if isinstance(key, str):
                yield f'["{key}"]', child
            elif isinstance(key, int):
                yield key, child
    elif isinstance(x, (list, tuple)):
        fields = getattr(x, "_fields", None)
        yield from zip([f".{field}" for field in fields], x) if fields else enumerate(x)
    elif not isinstance(x, (type, ModuleType)) and not _is_value(x):
        if hasattr(type(x), "named_parameters"):
            yield from ((f".{path}", parameter) for path, parameter in x.named_parameters())
        attributes = getattr(x, "__dict__", {})
        yield from ((f".{k}", v) for k, v in [*attributes.items()] if not k.startswith("_"))


def _written(route: Route) -> str:
    return "".join(part if isinstance(part, str) else f"[{part}]" for part in route)


def _of_modules(nodes: Iterable[Node]) -> dict[int, str]:
    """The names that modules in a graph have for their parameters, the outer module's first."""
    modules: dict[int, Any] = {}
    for node in nodes:
        spans = node.spans
        while spans:
            label, _, spans = spans
            modules[id(label)] = label
    found: dict[int, str] = {}
    for module in modules.values():
        if hasattr(type(module), "named_parameters"):
            for path, parameter in module.named_parameters():
                if len(path) > len(found.get(id(parameter), "")):
                    found[id(parameter)] = path
    return found


class Passes(NamedTuple):
    """What the passes of a loop computed alike; `ends`: less what only the next pass takes up."""

    all: list[Node]
    ends: list[Node]


def _alike(nodes: Sequence[Node]) -> list[Passes]:
    """Several results of one op, of one shape, that come from the same parameters.

    What only the next pass takes up is a running total.
    """
    alike: defaultdict[Any, list[Node]] = defaultdict(list)
    users: defaultdict[Node, set[Node]] = defaultdict(set)
    nearest: dict[Any, frozenset[int]] = {}  # the parameters that a value comes from directly
    for node in nodes:
        inputs = [x for x in node.inputs if isinstance(x, Node)]
        for x in inputs:
            users[x].add(node)
        leaves = frozenset(id(x) for x in inputs if x.op is None)
        nearest[node] = leaves or frozenset().union(*(nearest.get(x, leaves) for x in inputs))
        if node.op is not None:
            kinds = tuple(map(_kind, node.inputs, node.saved))
            params = {**node.params, "key": _kind_of_key(node.params.get("key"))}
            alike[node.op, repr(params), kinds, nearest[node], node.shape].append(node)
    groups = ((group, {*group}) for group in alike.values() if len(group) > 1)
    return [Passes(all, [x for x in all if not users[x] <= within]) for all, within in groups]


def _numbered(passes: Passes, top: Callable[[Any], list[str]]) -> Iterator[tuple[Node, str]]:
    """Numbered names for what a loop computed, if the last alone has a name in `names`."""
    named = [x for x in passes.ends if x.name or top(x)]
    if len(named) == 1 < len(passes.ends) and named[0] is passes.ends[-1] and not named[0].name:
        (name, *_) = top(named[0])
        between = "_" if name[-1].isdigit() else ""
        yield from ((x, f"{name}{between}{i}") for i, x in enumerate(passes.ends, 1))


def _kind(x: Any, value: Array) -> Any:
    """What the inputs of one op have in common in each pass of a loop."""
    if isinstance(x, Node) and x.op is None:
        return id(x)
    return np.shape(value) if isinstance(x, Node) or hasattr(value, "shape") else repr(value)


def _kind_of_key(key: Any) -> Any:
    """An index, but for the integers in it, which count."""
    return tuple("i" if isinstance(k, int) else repr(k) for k in key) if key else key


def _explaining(x: Array, y: np.ndarray) -> Iterator[Step]:
    """The simple functions that give y of an array of its shape, where nothing else may have.

    A copy may as well be |x|, or x sorted or clipped, unless x has both signs and no order; a mask
    may be of another limit, unless x has both signs and is not of whole numbers; and a multiple may
    be by the largest, or the sum, or the like.
    """
    if x.dtype.kind not in "fiu":
        return
    mixed = bool((x > 0).any() and (x < 0).any())
    if y.dtype == bool:
        if y.size >= WEAKEST and mixed and not (x == np.round(x)).any():
            yield from (step for step in COMPARISONS if _gives(step, x, y))
        return
    rises = np.diff(np.ravel(x))
    copied = mixed and (rises < 0).any() and (rises > 0).any()
    found = [step for step in FUNCTIONS[not copied :] if _gives(step, x, y)]
    yield from found
    (a, b), (c, d) = x.flat[[0, -1]].tolist(), y.flat[[0, -1]].tolist()
    likely = x.dtype.kind == "f" and math.isclose(a * d, b * c, rel_tol=1e-3)
    if likely and not found and np.unique(np.abs(x[x != 0])).size >= WEAK:
        yield from islice((step for step in _multiples(x, y) if _gives(step, x, y)), 1)


def _multiples(x: np.ndarray, y: np.ndarray) -> Iterator[Step]:
    """A number of a few digits times x, or x divided by a whole one, as the largest element has.

    Not a number that x itself may have given.
    """
    largest = np.abs(x).argmax()
    with np.errstate(all="ignore"):
        factor = float(f"{y.flat[largest] / x.flat[largest]:.6g}")
        divisor = float(f"{x.flat[largest] / y.flat[largest]:.6g}")
    size = np.abs(x)
    its = [x.sum(), size.sum(), x.max(), size.max(), size.min(), x.min(), np.ptp(x)]
    its += [x.mean(), x.std(), x.var(), (x * x).sum(), np.sqrt((x * x).sum())]
    its.append(1.0)
    if any(np.isclose(abs(number), np.abs(its), 1e-5).any() for number in (factor, divisor)):
        return
    if divisor.is_integer():
        yield Step(f"{{}} / {divisor:g}", lambda x: x / divisor)
    if np.isfinite(factor):
        yield Step(f"{factor:g} {{}}", lambda x: factor * x)


def _gives(step: Step, x: np.ndarray, y: np.ndarray) -> bool:
    """Does it give y of x? The first and last element are asked first."""
    with np.errstate(all="ignore"):
        likely = all(step.apply(x.flat[i]) == y.flat[i] for i in (0, -1))
        return likely and _is_equal(step.apply(x), y)


def _is_equal(a: Any, b: Any) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


class Namespace:
    """Names that are in use: no two alike. `taken`: those that are not to be had."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
        self._others: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(2))

    def free(self, name: str) -> str:
        """The name, or the first of name_2, name_3, ... that nothing else has."""
        base = name
        while name in self.taken:
            name = f"{base}_{next(self._others[base])}"
        self.taken.add(name)
        return name

    def numbered(self, letter: str) -> str:
        """The first of letter1, letter2, ... that nothing else has."""
        name = next(
            name for n in self._numbers[letter] if (name := f"{letter}{n}") not in self.taken
        )
        self.taken.add(name)
        return name
