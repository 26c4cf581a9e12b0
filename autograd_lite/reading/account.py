"""What a derivation says: its lines, and what is called by a name in them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..terms import Shape, Term, within


class Steps(NamedTuple):
    """Of what stands for several steps: the letter of its index, and the first and last number."""

    letter: str
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Line:
    """`name = ∂loss/∂x = ... = value`, for each x of `xs`; the name may be missing.

    place: where in these the value stands, or is `added`; None is everywhere. Where there is no
    value for a place, it is 0. of: what several lines tell of. steps: those that it stands for, if
    it has an index.
    """

    name: Term | None
    xs: tuple[Term, ...]
    value: Any
    shape: Shape
    place: Any = None
    added: bool = False
    of: Term | None = None
    steps: Steps | None = None

    @property
    def parts(self) -> tuple[Any, ...]:
        """What it is written with."""
        return (self.of,) if self.of else (self.value, *within(self.place))


@dataclass(frozen=True, eq=False)
class Account:
    """What a derivation says: sections of lines, each after the lines that it needs.

    `names`, of the leaves and of what has a line of its own; other terms stand within the lines
    that use them. `origin`, of a cotangent: the term that it has its name from. `units`, the data
    whose rows were taken to sum to 1. `ratios`, the numbers that are written as one. `indexed`, the
    terms that are others at each step. `terms`, those of the lines, in order; `kept`, the
    reductions that have to say that they keep their axes. `marks`: of terms, what was found of
    their cotangent, a status and a note.
    """

    loss: Term
    sections: Mapping[str, tuple[Line, ...]]
    names: Mapping[Term, str]
    origin: Mapping[Term, Term]
    units: tuple[Term, ...]
    ratios: Mapping[float, tuple[int, int]]
    indexed: frozenset[Term] = frozenset()
    terms: tuple[Term, ...] = ()
    kept: frozenset[Term] = frozenset()
    marks: Mapping[Term, tuple[Any, ...]] = field(default_factory=dict)


def written_in(
    ends: Iterable[Any], names: Container[Term], shown: set[Term] | None = None
) -> list[Term]:
    """What stands in expressions, in order, down to what has a name, unless `shown` has it.

    Now it does.
    """
    shown = set() if shown is None else shown
    found = [t for t in dict.fromkeys(ends) if isinstance(t, Term) and t not in shown]
    shown.update(found)
    for t in found:  # which grows meanwhile
        for x in within(t.inputs):
            if x not in shown and x not in names:
                shown.add(x)
                found.append(x)
    return sorted(found, key=lambda t: t.number)
