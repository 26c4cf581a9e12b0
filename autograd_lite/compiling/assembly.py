"""Assembling: from what a function recorded to the text that runs in its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node, describe, ndarray
from ..op import GENERATORS, rewind, state_of
from ..reverse import order
from ..terms import Term, Terms, lower, read, run, silenced_by
from ..trees import beside, held
from .entry import MISS, Entry, enter, returned
from .plan import Unmet, plan
from .recording import Recording, agree, eps, largest, name_of, staying
from .scope import Scope


class Differs(RuntimeError):
    """A compiled function does not give what the function itself gives."""


@dataclass(frozen=True)
class Program:
    """A function as text, for arguments of certain shapes.

    `text` defines `make`, which is called with `needs`: `objects` by name, the arrays of arguments
    that stay from call to call, `staying`, or `wholes` of such, and those of `captured` Tensors. It
    returns the function that a call runs. `generators`: those that it draws from. `eps`: the
    coarsest rounding on the way.
    """

    text: str
    make: Callable[..., Callable[..., Any]]
    needs: list[str]
    objects: dict[str, Any]
    staying: list[str]
    wholes: dict[str, int]
    captured: dict[str, Node]
    generators: list[Any]
    in_place: tuple[int, ...]
    eps: float

    def bound(self, args: tuple[Any, ...]) -> Callable[..., Any]:
        """The function, with the arrays of these arguments and the captured Tensors at hand."""
        arrays = staying(args, self.in_place)
        captured = {name: node._array for name, node in self.captured.items()}
        self._check_memory(arrays, [*held(args), *self.objects.values(), *captured.values()])
        known = self.objects | captured | dict(zip(self.staying, arrays))
        known |= {name: args[i] for name, i in self.wholes.items()}
        step = self.make(*map(known.__getitem__, self.needs))
        return self._rewinding(step) if self.generators else step

    def _rewinding(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """A step that has drawn nothing where the function is then run op by op."""

        def call(*args: Any) -> Any:
            states = self.states()
            try:
                return step(*args)
            except (Unmet, IndexError):
                self.rewind(states)
                raise

        return call

    def states(self) -> list[Any]:
        """Where the generators are that the function draws from."""
        return [state_of(x) for x in self.generators]

    def rewind(self, states: list[Any]) -> None:
        """Let the generators draw again what they drew since."""
        for generator, state in zip(self.generators, states):
            rewind(generator, state)

    def _check_memory(self, arrays: list[Any], read: list[Any]) -> None:
        """ValueError for an array that cannot be written to, or is read elsewhere too."""
        for x in arrays:
            if not (isinstance(x, ndarray) and x.flags.c_contiguous and x.flags.writeable):
                raise ValueError(
                    f"in_place got {describe(x)}; a writable array in C order is needed, for it is "
                    "written to; pass a copy, or leave it out of in_place"
                )
            if sum(isinstance(y, ndarray) and np.may_share_memory(x, y) for y in read) > 1:
                raise ValueError(
                    f"in_place got {describe(x)}, which shares memory with another argument or an "
                    "array that the function captured; memory of its own is needed, for it is "
                    "written to; pass a copy"
                )

    def checked(
        self, step: Callable[..., Any], args: tuple[Any, ...], expected: list[Any], strict: bool
    ) -> Any:
        """The result of `step`, if it is as `expected`; else Differs, and all undone.

        strict: to a few digits less than all; else to half of the digits, and what rounding of the
        largest number in sight may come to.
        """
        arrays = staying(args, self.in_place)
        before = [x.copy() for x in arrays]
        states = self.states()
        noise = 1e3 * self.eps * max(map(largest, [*held(args), *expected]), default=0.0)
        result = step(*args)
        if result is MISS:
            return MISS

        def alike(x: Any, wanted: Any) -> bool:
            digits = max(self.eps, eps(wanted))
            share = min(np.sqrt(digits), 1e3 * digits) if strict else np.sqrt(digits)
            return agree(x, wanted, share, 0 if strict else noise)

        results = list(held(result))
        same = list(map(alike, results, expected))
        if all(same) and len(results) == len(expected):
            return result
        for array, old in zip(arrays, before):
            array[...] = old
        self.rewind(states)
        raise Differs(
            f"result {[*same, False].index(False)} of a compiled function is not what the function "
            "itself gives; the same is needed, to half of its digits; do not change arrays inside "
            "the function, and if it does not, call it uncompiled"
        )


class Captured(NamedTuple):
    """A Tensor that a function captured: the names of its array and of itself."""

    array: str
    tensor: str
    node: Node


def assemble(recording: Recording) -> Program:
    """The program of a recorded function."""
    scope, terms = Scope(), Terms()
    entry = enter(scope, recording)
    outputs = list(held(recording.result))
    nodes = order(*(x for x in (*outputs, *recording.trace.nodes) if isinstance(x, Node)))
    leaves, arrays = _leaves(terms, nodes, entry, recording)
    captured = _captured(scope, nodes, entry, recording)
    values = {term: node._array for node, term in leaves.items()}

    def constant(value: Array) -> Term:
        term = terms.leaf(value.shape, value.dtype)
        values[term] = arrays[term] = value
        return term

    found = read(terms, nodes, leaves, constant)
    wanted = [
        found[x] if isinstance(x, Node) else constant(x) if isinstance(x, ndarray) else x
        for x in outputs
    ]
    # all that was recorded, for a condition holds also where its value is not needed
    script, results = lower(terms, [*wanted, *found.values()], values)
    results = [
        x.dtype.type(y) if isinstance(x, Node) and not isinstance(y, Term) else y
        for x, y in zip(outputs, results)
    ]
    arrays.update((term, x) for term, x in script.values.items() if term not in values)
    names = {leaves[node]: name for node, name in entry.names.items()}
    names |= {leaves[x.node]: x.array for x in captured}
    targets = {i: leaves[x] for i, x in enumerate(_targets(recording))}
    made = plan(script, scope, names, arrays, results, targets)

    lines = list(entry.lines)
    for x in captured:
        place = "_live" if x.node._value is None else "_value"
        lines.append(f"if {x.tensor}.{place} is not {x.array}: return {scope.object(MISS)}")
    lines += [*made.body, f"return {returned(scope, entry, recording, iter(made.results))}"]
    fixed = [entry.names[node] for node in entry.staying]
    needs = [*scope.objects, *fixed, *entry.wholes, *(x.array for x in captured)]
    text = "\n".join(
        [
            "import numpy as np",
            "",
            f"def make({', '.join(needs)}):",
            *(f"    {line}" for line in made.views),
            *(f"    @{x}" for x in silenced_by(script.silenced)),
            f"    def step({', '.join(entry.parameters)}):",
            *(f"        {line}" for line in lines),
            "    return step",
            "",
        ]
    )
    return Program(
        text=text,
        make=run(text, "make"),
        needs=needs,
        objects=scope.objects,
        staying=fixed,
        wholes=entry.wholes,
        captured={x.array: x.node for x in captured},
        generators=[x for x in scope.objects.values() if isinstance(x, GENERATORS)],
        in_place=recording.in_place,
        eps=max((eps(node._array) for node in nodes), default=0.0),
    )


def _leaves(
    terms: Terms, nodes: list[Node], entry: Entry, recording: Recording
) -> tuple[dict[Node, Term], dict[Term, Array]]:
    """The terms of leaves, and of what was recorded before; the arrays of those that stay."""
    leaves = {node: terms.leaf(node.shape, node.dtype) for node in entry.names}
    fixed = staying(recording.args, recording.in_place)
    arrays = {leaves[x]: array for x, array in zip(entry.staying, fixed)}
    taken = recording.trace.stand_for
    for node in nodes:
        if node not in leaves and (node.op is None or node.number < recording.start):
            term = leaves[node] = terms.leaf(node.shape, node.dtype)
            array = taken.get(node)
            arrays[term] = array if isinstance(array, ndarray) else np.asarray(node._array)
    return leaves, arrays


def _captured(
    scope: Scope, nodes: list[Node], entry: Entry, recording: Recording
) -> list[Captured]:
    """The Tensors that the function captured, whose arrays may be others at a later call."""
    known = {*entry.names, *recording.trace.stand_for}
    found = []
    for node in nodes:
        if node.op is None and node not in known:
            name = scope.spelled(node.name or "tensor")
            found.append(Captured(name, scope.bind(node, f"{name}_of"), node))
    return found


def _targets(recording: Recording) -> list[Node]:
    """The nodes of the arrays that the first results are to be written into."""
    in_place, result = recording.in_place, recording.result
    if not in_place:
        return []
    firsts = result if isinstance(result, tuple) else (result,)
    if len(firsts) < len(in_place):
        raise ValueError(
            f"in_place names {len(in_place)} arguments and the function returns {len(firsts)} "
            "results; each of them needs a new value, first; return a tuple that starts with them"
        )
    nodes: list[Any] = []
    fresh: list[Any] = []
    for i, new in zip(in_place, firsts):
        nodes += held(recording.arguments[i])
        fresh += beside(recording.arguments[i], new, "the results")
    for node, new in zip(nodes, fresh):
        if not hasattr(new, "dtype") or (new.shape, new.dtype) != (node.shape, node.dtype):
            raise ValueError(
                f"in_place got {describe(new)} for {describe(node)}; the same shape and dtype are "
                "needed; return such an array"
            )
    return nodes


def by_position(fn: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The arguments, also those given by name, by position."""
    bound = inspect.signature(fn).bind(*args, **kwargs)
    if bound.kwargs:
        raise TypeError(
            f"{name_of(fn)} got {', '.join(bound.kwargs)} by name; arguments that have a position "
            "are needed; let a compiled function have no others"
        )
    return bound.args
