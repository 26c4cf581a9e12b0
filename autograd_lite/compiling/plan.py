"""Planning: terms of numpy calls as a straight-line function on buffers.

The calls stay those of the source, but each writes into memory that is set aside once: a buffer is
used again after the last use of what was in it, elementwise results overwrite an input that nobody
needs any more, and what only looks at memory in another way (a transpose, a slice) is made once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    key_text,
    needed,
    within,
)
from .faster import Faster, is_elementwise
from .layout import Layout, lay_out
from .memory import aligned
from .scope import Scope

BY_NAME_ONLY = {np.maximum, np.minimum}  # take `out` by name; others are faster by position


class Unmet(Exception):
    """A condition that an op checks, and that held when the function was traced, does not."""


@dataclass(frozen=True)
class Plan:
    """What a function for the terms consists of.

    `views`: lines that look at known memory in other ways, once. `body`: the lines that compute.
    `results`: an expression for each result.
    """

    views: list[str]
    body: list[str]
    results: list[str]


def plan(
    script: Script,
    scope: Scope,
    leaves: Mapping[Term, str],
    arrays: Mapping[Term, Array],
    results: Sequence[Any],
    targets: Mapping[int, Term],
) -> Plan:
    """A plan for `results`, terms or numbers, of a script.

    scope: of the names in the text, which gets those of the plan. leaves: the names of the leaves
    that have one. arrays: of those leaves whose array is known, and stays. targets: by the position
    of a result, the leaf whose array it is to be written into.
    """
    faster = Faster(script.terms, needed([*results, *script.effects]))
    results, guards, varying, effects = (
        [faster.of(x) for x in given]
        for given in (results, script.guards, script.varying, script.effects)
    )
    layout = lay_out({**arrays, **faster.ones}, results, effects, {*guards, *varying}, targets)
    lines = _Lines(layout, scope, leaves, targets)
    for i, term in enumerate(layout.terms):
        lines.compute(i, term)
        if term in guards:
            lines.body.append(f"if not {lines.names[term]}: raise {scope.object(Unmet, 'Unmet')}")
        if term in varying:
            unmet = f"{lines.names[term]}.shape != {term.shape}"
            lines.body.append(f"if {unmet}: raise {scope.object(Unmet, 'Unmet')}")
        lines.let_go(i, term)
    return Plan(lines.views, lines.body, lines.delivered())


class _Lines:
    """The lines that compute the terms of a layout, each value into its memory."""

    def __init__(
        self,
        layout: Layout,
        scope: Scope,
        leaves: Mapping[Term, str],
        targets: Mapping[int, Term],
    ) -> None:
        self.layout = layout
        self.scope = scope
        self.targets = targets
        self.names = dict(leaves)
        self.views: list[str] = []
        self.body: list[str] = []
        self._free: dict[int, list[Array]] = defaultdict(list)  # memory that is free, by its size
        self._storage: dict[Term, Array] = {}
        self._numbers: dict[Any, str] = {}
        for term, array in layout.looks.items():
            if term.op is None and term not in self.names:
                self.names[term] = scope.bind(array)

    def compute(self, i: int, term: Term) -> None:
        """The line of a value, if it needs one."""
        layout, comment = self.layout, f"  # {term.shape}" if term.shape else ""
        if term.op is None:
            return
        if term.op in (np.full, np.zeros_like):
            self.names[term] = self._array(layout.looks[term])
        elif term in layout.buffers:
            self.names[term] = self._buffer(i, term)
            if line := self._into(term):
                self.body.append(line + comment)
        else:
            name = self.names[term] = self.scope.numbered("v")
            line = f"{name} = {self._expression(term)}"
            if term in layout.looks:
                self.views.append(line)
            else:
                self.body.append(line + comment)

    def let_go(self, i: int, term: Term) -> None:
        """Let the memory be used again of what has its last use here."""
        for x in {self.layout.root[x] for x in within(term.inputs)}:
            if self.layout.last[x] == i and x in self._storage:
                memory = self._storage.pop(x)
                self._free[memory.size].append(memory)

    def delivered(self) -> list[str]:
        """The expressions for the results, once they are where they are to go.

        What is looked at in arrays that are to be written to is copied before a write.
        """
        results, targets, written = self.layout.results, self.targets, set(self.targets.values())
        handed: set[Term] = set()
        texts = []
        copies = []
        for i, x in enumerate(results):
            memory = self.layout.memory(x) if isinstance(x, Term) else None
            if i in targets:
                texts.append(self.names[targets[i]])
                if memory is None or not (x is targets[i] or self.layout.home.get(x) is targets[i]):
                    copies.append(
                        (targets[i], self._kept(x) if memory in written else self._text(x))
                    )
            elif memory is None:
                texts.append(self._array(x))
            elif memory in written:
                texts.append(self._kept(x))
            else:
                texts.append(self._own(x, memory, memory in handed))
                handed.add(memory)
        for target, text in copies:
            self.body.append(f"{self.scope.function(np.copyto)}({self.names[target]}, {text})")
        return texts

    def _kept(self, x: Term) -> str:
        name = self.scope.numbered("r")
        self.body.append(f"{name} = {self.names[x]}.copy(){'' if x.shape else '[()]'}")
        return name

    def _own(self, x: Term, memory: Term, is_handed: bool) -> str:
        """A result as it is returned: not in memory that the next call writes to."""
        if not x.shape:
            return f"{self.names[x]}[()]"  # a number of its own, also of a 0-d array
        layout = self.layout
        shared = memory in layout.buffers or memory.op is None or x in layout.looks or is_handed
        return f"{self.names[x]}.copy()" if shared else self.names[x]

    # Memory -------------------------------------------------------------------------------------

    def _buffer(self, i: int, term: Term) -> str:
        """The name of the memory for a value: a leaf's, a part of a whole, or a buffer."""
        layout = self.layout
        if term in layout.pieces and term not in self.names:
            whole, (start, stop) = layout.home[term], layout.pieces[term]
            if whole not in self.names:
                self.names[whole] = self._buffer(layout.terms.index(whole), whole)
            name = self.scope.numbered("v")
            shape = "" if len(term.shape) == 1 else f".reshape({term.shape})"
            self.views.append(f"{name} = {self.names[whole]}.reshape(-1)[{start}:{stop}]{shape}")
            return name
        if term in self.names:  # by a part of its own
            return self.names[term]
        if term in layout.home:
            return self.names[layout.home[term]]
        for x in dict.fromkeys(within(term.inputs)):
            if x in self._storage and layout.last[x] == i and layout.overwrites(term, x):
                storage = self._storage.pop(x)
                break
        else:
            storage = self._set_aside(term)
        self._storage[term] = storage
        size = term.size * term.dtype.itemsize
        return self.scope.bind(storage[:size].view(term.dtype).reshape(term.shape), f"v{i}")

    def _set_aside(self, term: Term) -> Array:
        """Free memory of about the size that is needed, or new."""
        size = term.size * term.dtype.itemsize
        fitting = [n for n, known in self._free.items() if known and size <= n <= 2 * size + 4096]
        return self._free[min(fitting)].pop() if fitting else aligned(size, np.uint8)

    # Expressions --------------------------------------------------------------------------------

    def _into(self, term: Term) -> str:
        """The line that computes a value into its memory."""
        op, inputs, out, function = term.op, term.inputs, self.names[term], self.scope.function
        if isinstance(op, InPlace):
            key, value = (self._text(x) for x in inputs[1:])
            start = f"{function(np.copyto)}({out}, {self._text(inputs[0])}); "
            if op is ADD_AT:
                return f"{start}{self.scope.object(np.add.at, 'add_at')}({out}, {key}, {value})"
            return f"{start}{out}[{key}] = {value}"
        if op is METHODS["astype"]:
            return f"{function(np.copyto)}({out}, {self._text(inputs[0])}, 'unsafe')"
        if op is np.concatenate and term in self.layout.home.values():
            return self._join(term)
        if is_elementwise(op) and not term.params:
            inputs = tuple(self._number(x, term) if is_number(x) else self._text(x) for x in inputs)
            into = f"out={out}" if op in BY_NAME_ONLY else out
            return f"{function(op)}({', '.join([*inputs, into])})"
        if op in (np.matmul, np.dot) and not term.params:
            return f"{function(op)}({', '.join(map(self._text, inputs))}, {out})"
        return self._call(term, out)

    def _join(self, whole: Term) -> str:
        """What is to be copied into a whole whose other parts are there already."""
        lines, start, before = [], 0, 0
        for part in whole.inputs[0]:
            stop, root = start + part.shape[0], self.layout.root[part]
            # it may be there as another part only
            there = self.layout.home.get(root) is whole and self.layout.pieces[root][0] == before
            if not there:
                place = f"{self.names[whole]}[{start}:{stop}]"
                lines.append(f"{self.scope.function(np.copyto)}({place}, {self._text(part)})")
            start, before = stop, before + part.size
        return "; ".join(lines)

    def _expression(self, term: Term) -> str:
        """A value as what a line assigns."""
        op = term.op
        if term in self.layout.doubtful:
            copied = self.scope.bind(apart(op), f"call_{getattr(op, '__name__', 'function')}")
            return self._call(term, name=copied)
        if op in SIGNS and not term.shape and not term.params:
            return f"{self._text(term.inputs[0])} {SIGNS[op][0]} {self._text(term.inputs[1])}"
        if op is GETITEM:
            return f"{self._text(term.inputs[0])}[{key_text(term.inputs[1], self._text)}]"
        if isinstance(op, InPlace):
            return self._call(term, name=self.scope.object(op, "changed"))
        return self._call(term)

    def _call(self, term: Term, out: str = "", name: str = "") -> str:
        arguments = [self._text(x) for x in term.inputs]
        named = [f"{key}={self._text(x)}" for key, x in term.params.items()]
        named += [f"out={out}"] if out else []
        if isinstance(term.op, Method) and not name:
            return f"{arguments[0]}.{term.op.name}({', '.join([*arguments[1:], *named])})"
        return f"{name or self.scope.function(term.op)}({', '.join([*arguments, *named])})"

    def _text(self, x: Any) -> str:
        if isinstance(x, Term):
            return self.names[x]
        if isinstance(x, tuple):
            return f"({', '.join(map(self._text, x))}{',' if len(x) == 1 else ''})"
        if isinstance(x, list):
            return f"[{', '.join(map(self._text, x))}]"
        if isinstance(x, (bool, int, str, slice, type(None), type(...))):
            return repr(x) if x is not ... else "..."
        if type(x) is float and np.isfinite(x):
            return repr(x)
        return self._array(x)

    def _number(self, x: Any, term: Term) -> str:
        """A number as an array, which numpy takes in faster, in the dtype that it is used in."""
        others = [y.dtype for y in within(term.inputs)]
        return self._array(np.array(x, np.result_type(*others, x)))

    def _array(self, x: Any) -> str:
        """The name of a number or array that stays as it is; equal numbers share one."""
        if np.shape(x):
            return self.scope.bind(x)
        known = hasattr(x, "dtype")  # whose repr may show some of the digits only
        key = type(x), getattr(x, "dtype", None), np.asarray(x).tobytes() if known else repr(x)
        if key not in self._numbers:
            self._numbers[key] = self.scope.bind(x, f"c{len(self._numbers) + 1}")
        return self._numbers[key]


def apart(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose result shares memory with none of its arguments."""

    def call(*args: Any, **params: Any) -> Any:
        y = np.asarray(f(*args, **params))
        shared = any(np.may_share_memory(y, x) for x in args if isinstance(x, np.ndarray))
        return (y.copy() if shared else y) if y.ndim else y[()]

    return call
