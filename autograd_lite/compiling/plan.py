"""Planning: terms of numpy calls as a straight-line function on buffers.

The calls stay those of the source, but each writes into memory that is set aside once: a buffer is
used again after the last use of what was in it, elementwise results overwrite an input that nobody
needs any more, and what only looks at memory in another way (a transpose, a slice) is made once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Array
from ..terms import (
    ADD_AT,
    GETITEM,
    METHODS,
    SIGNS,
    InPlace,
    Method,
    Script,
    Term,
    is_number,
    needed,
    within,
)
from .faster import Faster, is_elementwise
from .layout import STRIP, Layout, is_own, may_vary
from .memory import aligned

BY_NAME_ONLY = {np.maximum, np.minimum}  # take `out` by name; others are faster by position


@dataclass
class Plan:
    """What a function for the terms consists of.

    `bound`: objects by name, such as buffers and constants, without the leaves. `views`: lines that
    look at these and at bound leaves in other ways. `body`: the lines that compute. `results`: an
    expression for each result.
    """

    bound: dict[str, Any] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


def plan(
    script: Script,
    leaves: Mapping[Term, str],
    arrays: Mapping[Term, Array],
    results: Sequence[Any],
    targets: Mapping[int, Term],
) -> Plan:
    """A plan for `results`, terms or numbers, of a script.

    leaves: the names of the leaves. arrays: of those leaves whose array is known, and stays.
    targets: by the position of a result, the leaf whose array it is to be written into.
    """
    faster = Faster(script, needed([*results, *script.guards]))
    results = list(map(faster.of, results))
    guards = list(map(faster.of, script.guards))
    layout = Layout({**arrays, **faster.ones}, results, guards, targets)
    return _Lines(layout, dict(leaves), set(guards), targets).made()


class _Lines:
    """The lines that compute the terms of a layout, each value into its memory."""

    def __init__(
        self,
        layout: Layout,
        names: dict[Term, str],
        guards: set[Term],
        targets: Mapping[int, Term],
    ) -> None:
        self.layout = layout
        self.names = names
        self.guards = guards
        self.targets = targets
        self.plan = Plan()
        self.free: dict[int, list[Array]] = defaultdict(list)  # by their size
        self.storage: dict[Term, Array] = {}
        self.numbers: dict[Any, str] = {}
        self.handed: set[Term] = set()
        for term, array in layout.looks.items():
            if term.op is None and term not in names:
                names[term] = self._bind("c", array, alone=True)

    def made(self) -> Plan:
        for i, term in enumerate(self.layout.terms):
            if term.op is not None:
                self._emit(i, term)
            if term in self.guards:
                self.plan.body.append(f"if not {self.names[term]}: raise Unmet")
            if may_vary(term):
                self.plan.body.append(f"if {self.names[term]}.shape != {term.shape}: raise Unmet")
            for x in {self.layout.root[x] for x in within(term.inputs)}:
                if self.layout.last[x] == i and x in self.storage:
                    memory = self.storage.pop(x)
                    self.free[memory.size].append(memory)
        self._keep()
        self._deliver()
        self.plan.results = [self._result(i, x) for i, x in enumerate(self.layout.results)]
        return self.plan

    def _keep(self) -> None:
        """Copy the results that are looked at in arrays which are to be written to."""
        self.kept: dict[int, str] = {}
        for i, x in enumerate(self.layout.results):
            written = isinstance(x, Term) and self.layout.memory(x) in self.targets.values()
            if written and i not in self.targets:
                self.kept[i] = f"r{i}"
                self.plan.body.append(f"r{i} = {self._text(x)}.copy()")

    def _deliver(self) -> None:
        """Copy the results that are not where they are to go yet; all are read before a write."""
        late = {
            i: x
            for i, x in enumerate(self.layout.results)
            if i in self.targets and not self._is_home(x, self.targets[i])
        }
        lines = []
        for i, x in late.items():
            name = self._text(x)
            if isinstance(x, Term) and self.layout.memory(x) in self.targets.values():
                self.plan.body.append(f"t{i} = {name}.copy()")
                name = f"t{i}"
            lines.append(f"{self._function(np.copyto)}({self.names[self.targets[i]]}, {name})")
        self.plan.body += lines

    def _is_home(self, x: Any, target: Term) -> bool:
        return isinstance(x, Term) and (x is target or self.layout.home.get(x) is target)

    def _emit(self, i: int, term: Term) -> None:
        if term.op in (np.full, np.zeros_like):
            self.names[term] = self._bind("c", self.layout.looks[term])
        elif term in self.layout.buffers:
            self.names[term] = self._buffer(i, term)
            if term in self.layout.strips:
                self._emit_strip(term)
            elif line := self._into(term):
                self.plan.body.append(line + _comment(term))
        elif term in self.layout.looks:
            self.names[term] = f"v{i}"
            self.plan.views.append(f"v{i} = {self._expression(term)}")
        else:
            self.names[term] = f"v{i}"
            self.plan.body.append(f"v{i} = {self._expression(term)}{_comment(term)}")

    def _emit_strip(self, term: Term) -> None:
        """At the end of a run, the loop over strips of all of its calls."""
        run = self.layout.strips[term]
        if term is not run[-1]:
            return
        arrays = dict.fromkeys(x for t in run for x in (*within(t.inputs), t) if x.shape)
        whole = {x: self.names[x] for x in arrays}
        ends = {True: "[:stop - start]", False: "[start:stop]"}
        parts = ", ".join(name + ends[self.layout.is_passing(x)] for x, name in whole.items())
        n, strips = term.shape[0], f"strips{self.layout.position[term]}"
        self.plan.views.append(
            f"{strips} = [({parts}) for start in range(0, {n}, {STRIP}) "
            f"for stop in [min(start + {STRIP}, {n})]]"
        )
        self.names.update((x, f"{name}_part") for x, name in whole.items())
        calls = "; ".join(map(self._into, run))
        names = ", ".join(self.names[x] for x in arrays)
        self.names.update(whole)
        self.plan.body.append(f"for {names} in {strips}: {calls}{_comment(term)}")

    def _buffer(self, i: int, term: Term) -> str:
        """The name of the memory for a value: a leaf's, a part of a whole, or a buffer."""
        if term in self.layout.pieces and term in self.names:  # by a part of its own
            return self.names[term]
        if term in self.layout.pieces:
            whole, (start, stop) = self.layout.home[term], self.layout.pieces[term]
            if whole not in self.names:
                self.names[whole] = self._buffer(self.layout.position[whole], whole)
            shape = "" if len(term.shape) == 1 else f".reshape({term.shape})"
            self.plan.views.append(f"v{i} = {self.names[whole]}.reshape(-1)[{start}:{stop}]{shape}")
            return f"v{i}"
        if term in self.layout.home:
            return self.names[self.layout.home[term]]
        if term in self.names:  # by one of its parts
            return self.names[term]
        if self.layout.is_passing(term):
            return self._bind(f"v{i}_", aligned(STRIP, term.dtype), exact=True)
        storage = None
        for x in dict.fromkeys(within(term.inputs)):
            if x in self.storage and self.layout.last[x] == i and self.layout.overwrites(term, x):
                storage = self.storage.pop(x)
                break
        self.storage[term] = storage = self._stored(term) if storage is None else storage
        size = term.size * term.dtype.itemsize
        return self._bind(f"v{i}_", storage[:size].view(term.dtype).reshape(term.shape), exact=True)

    def _stored(self, term: Term) -> Array:
        """Free memory of about the size that is needed, or new."""
        size = term.size * term.dtype.itemsize
        fitting = [n for n, known in self.free.items() if known and size <= n <= 2 * size + 4096]
        if fitting:
            return self.free[min(fitting)].pop()
        return aligned(size, np.uint8)

    def _into(self, term: Term) -> str:
        """The line that computes a value into its memory."""
        op, inputs, out = term.op, term.inputs, self.names[term]
        if isinstance(op, InPlace):
            key, value = (self._text(x) for x in inputs[1:])
            start = f"{self._function(np.copyto)}({out}, {self._text(inputs[0])}); "
            if op is ADD_AT:
                return f"{start}{self._function(np.add.at, 'add_at')}({out}, {key}, {value})"
            return f"{start}{out}[{key}] = {value}"
        if op is METHODS["astype"]:
            return f"{self._function(np.copyto)}({out}, {self._text(inputs[0])}, 'unsafe')"
        if op is np.concatenate and self._placed(term):
            return self._join(term)
        if is_elementwise(op) and not term.params:
            inputs = tuple(self._array(x, term) if is_number(x) else self._text(x) for x in inputs)
            into = f"out={out}" if op in BY_NAME_ONLY else out
            return f"{self._function(op)}({', '.join([*inputs, into])})"
        if op in (np.matmul, np.dot) and not term.params:
            return f"{self._function(op)}({', '.join(map(self._text, inputs))}, {out})"
        return self._call(term, out)

    def _placed(self, whole: Term) -> bool:
        return any(
            self.layout.home.get(self.layout.root[part]) is whole for part in whole.inputs[0]
        )

    def _join(self, whole: Term) -> str:
        """What is to be copied into a whole whose other parts are there already."""
        lines, start, before = [], 0, 0
        for part in whole.inputs[0]:
            stop, root = start + part.shape[0], self.layout.root[part]
            # it may be there as another part only
            there = self.layout.home.get(root) is whole and self.layout.pieces[root][0] == before
            if not there:
                place = f"{self.names[whole]}[{start}:{stop}]"
                lines.append(f"{self._function(np.copyto)}({place}, {self._text(part)})")
            start, before = stop, before + part.size
        return "; ".join(lines)

    def _expression(self, term: Term) -> str:
        """A value as what a line assigns."""
        op = term.op
        if op in SIGNS and not term.shape and not term.params:
            return f"{self._text(term.inputs[0])} {SIGNS[op][0]} {self._text(term.inputs[1])}"
        if op is GETITEM:
            return f"{self._text(term.inputs[0])}[{self._text(term.inputs[1])}]"
        if isinstance(op, InPlace):
            return f"{self._function(op, 'changed')}({', '.join(map(self._text, term.inputs))})"
        return self._call(term)

    def _call(self, term: Term, out: str = "") -> str:
        arguments = [self._text(x) for x in term.inputs]
        named = [f"{key}={self._text(x)}" for key, x in term.params.items()]
        named += [f"out={out}"] if out else []
        if isinstance(term.op, Method):
            return f"{arguments[0]}.{term.op.name}({', '.join([*arguments[1:], *named])})"
        return f"{self._function(term.op)}({', '.join([*arguments, *named])})"

    def _result(self, i: int, x: Any) -> str:
        """A result as it is returned: not in memory that the next call writes to."""
        if i in self.targets:
            return self.names[self.targets[i]]
        if i in self.kept:
            return self.kept[i]
        if not isinstance(x, Term):
            return self._bind("c", x)
        memory = self.layout.memory(x)
        kept = (
            memory in self.layout.buffers | self.handed
            or memory.op is None
            or x in self.layout.looks
        )
        self.handed.add(memory)
        return f"{self.names[x]}.copy()" if kept else self.names[x]

    # Names --------------------------------------------------------------------------------------

    def _text(self, x: Any) -> str:
        if isinstance(x, Term):
            return self.names[x]
        if isinstance(x, tuple):
            return f"({', '.join(map(self._text, x))}{',' if len(x) == 1 else ''})"
        if isinstance(x, list):
            return f"[{', '.join(map(self._text, x))}]"
        if isinstance(x, (bool, int, str, slice, type(None), type(...))):
            return repr(x) if x is not ... else "..."
        if isinstance(x, float) and np.isfinite(x):
            return repr(float(x))
        return self._bind("c", x)

    def _array(self, x: Any, term: Term) -> str:
        """A number as an array, which numpy takes in faster, in the dtype that it is used in."""
        others = [y.dtype for y in within(term.inputs)]
        return self._bind("c", np.array(x, np.result_type(*others, x)))

    def _bind(self, name: str, value: Any, exact: bool = False, alone: bool = False) -> str:
        """A name for an object; equal numbers share one, unless they may change."""
        is_number = isinstance(value, np.ndarray) and not value.shape and not alone
        key = (value.dtype, repr(value.item())) if is_number else None
        if key in self.numbers:
            return self.numbers[key]
        name = name.rstrip("_") if exact else f"{name}{len(self.plan.bound) + 1}"
        self.plan.bound[name] = value
        if is_number:
            self.numbers[key] = name
        return name

    def _function(self, op: Any, name: str | None = None) -> str:
        if is_own(op):  # which may be called as anything else is
            name = "call_" + re.sub(r"\W", "", str(getattr(op, "__name__", "")))
        name = name or str(op.__name__)
        if self.plan.bound.setdefault(name, op) is op:
            return name
        return self._bind(name, op)


def _comment(term: Term) -> str:
    return f"  # {term.shape}" if term.shape else ""
