"""Names: what the user calls a value, and a free name where one is needed. One rule for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from .graph import Node, describe


def called(names: Mapping[str, Any] | None) -> Callable[[Any], str | None]:
    """What the user calls a value, as a function of it: None where it has no name.

    A Tensor's own name goes first, then its name in `names`, of several the first. Names that
    start with an underscore are left out, so that `names=locals()` will do. Raises TypeError if
    `names` is no dict of values by their names.
    """
    names_of = known(names)
    return lambda x: next(names_of(x), None)


def known(names: Mapping[str, Any] | None) -> Callable[[Any], Iterator[str]]:
    """Every name that a value has, as a function of it; the first is what it is `called`."""
    names = {} if names is None else names
    if not isinstance(names, Mapping) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"names is {describe(names)}; a dict of values by their names is needed; pass "
            "names=locals() or {'x': x}"
        )
    given: defaultdict[int, list[str]] = defaultdict(list)
    for name, x in names.items():
        if not name.startswith("_"):
            given[id(x)].append(name)

    def names_of(x: Any) -> Iterator[str]:
        if isinstance(x, Node) and x.name:
            yield x.name
        yield from given.get(id(x), ())

    return names_of


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
