"""Planning: terms of numpy calls as a straight-line function on buffers.

The calls stay those of the source, but each writes into memory that is set aside once: a buffer is
used again after the last use of what was in it, elementwise results overwrite an input that nobody
needs any more, and what only looks at memory in another way (a transpose, a slice) is made once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .lower import ADD_AT, GETITEM, METHODS, InPlace, Method, Script
from .memory import aligned
from .node import Array
from .source import SIGNS
from .terms import Term, is_number, needed, within

SMALL = 1 << 14  # elements of a product up to which np.dot is faster than np.matmul
STRIP = 1 << 14  # elements that elementwise calls go through together, to find them in the cache

VIEWS = {np.expand_dims, np.broadcast_to, GETITEM} | {
    METHODS[name] for name in ("transpose", "swapaxes", "squeeze", "reshape", "ravel")
}
WITH_OUT = {METHODS[name] for name in ("sum", "mean", "var", "std", "max", "min", "prod")}
BY_NAME_ONLY = {np.maximum, np.minimum}  # take `out` by name; others are faster by position
FUNCTIONS_WITH_OUT = {np.dot, np.concatenate}


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
    faster = _Faster(script, needed([*results, *script.guards]))
    results = list(map(faster.of, results))
    guards = list(map(faster.of, script.guards))
    planner = _Planner(dict(leaves), {**arrays, **faster.ones}, results, guards, targets)
    return planner.made()


class _Faster:
    """Terms again, with calls that take less time in the place of others that mean the same."""

    def __init__(self, script: Script, terms: list[Term]) -> None:
        self.terms = script.terms
        self.ones: dict[Term, Array] = {}
        self._found: dict[Term, Any] = {}
        for term in terms:
            self._found[term] = term if term.op is None else self._faster(term)

    def of(self, x: Any) -> Any:
        """The term, or the terms within, in the place of x."""
        if isinstance(x, Term):
            return self._found[x]
        return type(x)(map(self.of, x)) if isinstance(x, (tuple, list)) else x

    def _faster(self, term: Term) -> Term:
        op, params = term.op, term.params
        inputs = self.of(term.inputs)
        shape, dtype = term.shape, term.dtype
        x = inputs[0]
        if _is_elementwise(op) and shape:
            if op is np.power and is_number(inputs[1]) and inputs[1] == 2:
                op, inputs = np.square, (x,)
            inputs = tuple(self._in_shape(y, shape) for y in inputs)
        elif op is np.matmul and all(isinstance(y, Term) and len(y.shape) == 2 for y in inputs):
            if shape[0] * shape[1] <= SMALL or inputs[1].shape[0] == 1:
                op = np.dot
        elif op is METHODS["sum"] and dtype.kind == "f" and x.dtype == dtype and len(inputs) == 1:
            axis = params.get("axis")
            if axis is None and not shape and x.op is np.multiply and _alike(*x.inputs):
                op, inputs = np.vdot, x.inputs
            elif len(x.shape) == 2 and axis is not None and not isinstance(axis, tuple):
                axis %= 2
                if x.shape[axis] == 1:
                    op, inputs, params = METHODS["reshape"], (x, shape), {}
                else:
                    ones = self._ones((x.shape[axis],), dtype)
                    if len(shape) == 2:
                        side = (1, -1) if axis == 0 else (-1, 1)
                        ones = self._ones(tuple(x.shape[axis] if n < 0 else 1 for n in side), dtype)
                    op, inputs, params = np.dot, (ones, x) if axis == 0 else (x, ones), {}
        return self.terms.make(op, inputs, params, shape, dtype)

    def _in_shape(self, x: Any, shape: tuple[int, ...]) -> Any:
        """An elementwise input that lacks nothing but axes of length 1, with these."""
        if not isinstance(x, Term) or x.shape == shape or _size(x) != math.prod(shape):
            return x
        return self.terms.make(METHODS["reshape"], (x, shape), {}, shape, x.dtype)

    def _ones(self, shape: tuple[int, ...], dtype: np.dtype) -> Term:
        for term in self.ones:
            if term.shape == shape and term.dtype == dtype:
                return term
        term = self.terms.leaf(shape, dtype)
        self.ones[term] = np.ones(shape, dtype)
        return term


def _alike(a: Any, b: Any) -> bool:
    return isinstance(a, Term) and isinstance(b, Term) and a.shape == b.shape


class _Planner:
    """Where every value lives, and the line that computes it.

    A value is a leaf; a view of another; in a buffer; or fresh, made anew by each call. `looks`
    has an array for each value whose memory is known beforehand, laid out as the value will be.
    """

    def __init__(
        self,
        names: dict[Term, str],
        arrays: Mapping[Term, Array],
        results: list[Any],
        guards: list[Term],
        targets: Mapping[int, Term],
    ) -> None:
        self.names = names
        self.results = results
        self.guards = set(guards)
        self.terms = needed([*results, *guards])
        self.position = {term: i for i, term in enumerate(self.terms)}
        self.uses = Counter(x for term in self.terms for x in set(within(term.inputs)))
        self.looks: dict[Term, Array] = dict(arrays)
        self.root: dict[Term, Term] = {}
        self.buffers: set[Term] = set()
        self.plan = Plan()
        for term, array in arrays.items():
            if term not in names:
                names[term] = self._bind("ones", array)
        self._classify({x for i, x in enumerate(results) if i not in targets})
        self._find_last_uses()
        self.home: dict[Term, Term] = {}  # a buffer that is part of another's, or of a leaf's
        self.pieces: dict[Term, tuple[int, int]] = {}
        self._place(targets)
        self.targets = targets
        self.strips: dict[Term, list[Term]] = {}
        for run in self._runs():
            self.strips.update(dict.fromkeys(run, run))
        self.free: list[Array] = []
        self.storage: dict[Term, Array] = {}

    # Where values live --------------------------------------------------------------------------

    def _classify(self, returned: set[Any]) -> None:
        for term in self.terms:
            self.root[term] = term
            if term.op is None:
                continue
            if self._is_view(term):
                base = term.inputs[0]
                self.root[term] = self.root[base]
                if base in self.looks:
                    view = term.op(*self._looked(term.inputs), **term.params)
                    if np.may_share_memory(view, self.looks[base]):
                        self.looks[term] = view
                    else:
                        self.root[term] = term  # a copy, to be made by each call
            elif term.op in (np.full, np.zeros_like):
                self.looks[term] = np.full(term.shape, self._filler(term), term.dtype)
            elif term.shape and term not in returned and _has_out(term.op) and _size(term):
                self.buffers.add(term)
                self.looks[term] = np.empty(term.shape, term.dtype)

    @staticmethod
    def _is_view(term: Term) -> bool:
        if term.op is GETITEM:
            key = term.inputs[1] if isinstance(term.inputs[1], tuple) else (term.inputs[1],)
            return bool(term.shape) and not any(isinstance(k, (Term, np.bool_, bool)) for k in key)
        return term.op in VIEWS and isinstance(term.inputs[0], Term)

    @staticmethod
    def _filler(term: Term) -> Any:
        return term.inputs[1] if term.op is np.full else 0

    def _looked(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.looks[x] if isinstance(x, Term) else x for x in inputs)

    def _find_last_uses(self) -> None:
        self.last: dict[Term, int] = {}
        for i, term in enumerate(self.terms):
            for x in within(term.inputs):
                self.last[self.root[x]] = i
        for x in self.results:
            if isinstance(x, Term):
                self.last[self.root[x]] = len(self.terms)

    def _place(self, targets: Mapping[int, Term]) -> None:
        """Have results written where they are to go, and parts of a whole into the whole."""
        for term in self.terms:
            if term.op is np.concatenate and term in self.buffers and self._axis(term) == 0:
                self._place_parts(term)
        for i, leaf in targets.items():
            term = self.results[i]
            if isinstance(term, Term) and term in self.buffers and term not in self.home:
                parts = [part for part, whole in self.home.items() if whole is term]
                first = min((self.position[x] for x in (term, *parts)), default=0)
                if any(self._memory(x) is leaf for x in self.results if isinstance(x, Term)):
                    continue
                readers = [
                    t for t in self.terms if any(self._memory(x) is leaf for x in within(t.inputs))
                ]
                if all(
                    self.position[t] < first or (t is term and self._overwrites(t, leaf))
                    for t in readers
                ):
                    self.home[term] = leaf

    @staticmethod
    def _axis(term: Term) -> int:
        axis = term.params.get("axis", term.inputs[1] if len(term.inputs) > 1 else 0)
        return 0 if axis is not None and len(term.shape) == 1 else -1 if axis is None else axis

    def _place_parts(self, whole: Term) -> None:
        start = 0
        for part in whole.inputs[0]:
            root, size = self.root[part], _size(part)
            if (
                root in self.buffers
                and root not in self.home
                and root is not whole
                and _size(root) == size
                and self.looks[part].flags.c_contiguous
            ):
                self.home[root] = whole
                self.pieces[root] = (start, start + size)
                self.last[whole] = max(self.last.get(whole, 0), self.last[root])
            start += size

    def _overwrites(self, term: Term, x: Term) -> bool:
        """May an elementwise result be written over its input x?"""
        return (
            _is_elementwise(term.op)
            and x.shape == term.shape
            and x.dtype == term.dtype
            and all(y is x or self._memory(y) is not x for y in within(term.inputs))
        )

    def _memory(self, term: Term) -> Term:
        """The leaf, buffer or fresh value whose memory a value is in."""
        term = self.root[term]
        while term in self.home:
            term = self.root.get(self.home[term], self.home[term])
        return term

    def _runs(self) -> list[list[Term]]:
        """Runs of elementwise calls on long arrays, that can go through them strip by strip."""
        runs: list[list[Term]] = [[]]
        for term in self.terms:
            if self._is_strip(term) and (not runs[-1] or term.shape == runs[-1][0].shape):
                runs[-1].append(term)
            elif term.shape:
                runs.append([])
        return [run for run in runs if len(run) > 1]

    def _is_strip(self, term: Term) -> bool:
        whole = (
            not isinstance(x, Term)
            or not x.shape
            or (x.shape == term.shape and self.root[x] is x and x in self.looks)
            for x in term.inputs
        )
        return (
            term in self.buffers
            and len(term.shape) == 1
            and term.shape[0] > 4 * STRIP
            and _is_elementwise(term.op)
            and term not in self.pieces
            and all(whole)
        )

    def _is_passing(self, term: Term) -> bool:
        """Is a value in a strip needed nowhere else?"""
        run = self.strips.get(term)
        return (
            run is not None and term not in self.home and self.last[term] <= self.position[run[-1]]
        )

    # Lines --------------------------------------------------------------------------------------

    def made(self) -> Plan:
        for i, term in enumerate(self.terms):
            if term.op is not None:
                self._emit(i, term)
            if term in self.guards:
                self.plan.body.append(f"if not {self.names[term]}: raise Unmet")
            for x in {self.root[x] for x in within(term.inputs)}:
                if self.last[x] == i and x in self.storage:
                    self.free.append(self.storage.pop(x))
        self._deliver()
        self.plan.results = [self._result(i, x) for i, x in enumerate(self.results)]
        return self.plan

    def _deliver(self) -> None:
        """Copy the results that are not where they are to go yet; all are read before a write."""
        late = {
            i: x
            for i, x in enumerate(self.results)
            if i in self.targets and not self._is_home(x, self.targets[i])
        }
        lines = []
        for i, x in late.items():
            name = self._text(x)
            if isinstance(x, Term) and self._memory(x) in self.targets.values():
                self.plan.body.append(f"t{i} = {name}.copy()")
                name = f"t{i}"
            lines.append(f"{self._function(np.copyto)}({self.names[self.targets[i]]}, {name})")
        self.plan.body += lines

    def _is_home(self, x: Any, target: Term) -> bool:
        return isinstance(x, Term) and (x is target or self.home.get(x) is target)

    def _emit(self, i: int, term: Term) -> None:
        if term.op in (np.full, np.zeros_like):
            self.names[term] = self._bind("c", self.looks[term])
        elif term in self.buffers:
            self.names[term] = self._buffer(i, term)
            if term in self.strips:
                self._emit_strip(term)
            elif line := self._into(term):
                self.plan.body.append(line + _comment(term))
        elif term in self.looks:
            self.names[term] = f"v{i}"
            self.plan.views.append(f"v{i} = {self._expression(term)}")
        else:
            self.names[term] = f"v{i}"
            self.plan.body.append(f"v{i} = {self._expression(term)}{_comment(term)}")

    def _emit_strip(self, term: Term) -> None:
        """At the end of a run, the loop over strips of all of its calls."""
        run = self.strips[term]
        if term is not run[-1]:
            return
        arrays = dict.fromkeys(x for t in run for x in (*within(t.inputs), t) if x.shape)
        whole = {x: self.names[x] for x in arrays}
        ends = {True: "[:stop - start]", False: "[start:stop]"}
        parts = ", ".join(name + ends[self._is_passing(x)] for x, name in whole.items())
        n, strips = term.shape[0], f"strips{self.position[term]}"
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
        if term in self.pieces:
            whole, (start, stop) = self.home[term], self.pieces[term]
            if whole not in self.names:
                self.names[whole] = self._buffer(self.position[whole], whole)
            shape = "" if len(term.shape) == 1 else f".reshape({term.shape})"
            self.plan.views.append(f"v{i} = {self.names[whole]}.reshape(-1)[{start}:{stop}]{shape}")
            return f"v{i}"
        if term in self.home:
            return self.names[self.home[term]]
        if term in self.names:  # by one of its parts
            return self.names[term]
        if self._is_passing(term):
            return self._bind(f"v{i}_", aligned(STRIP, term.dtype), exact=True)
        storage = None
        for x in dict.fromkeys(within(term.inputs)):
            if x in self.storage and self.last[x] == i and self._overwrites(term, x):
                storage = self.storage.pop(x)
                break
        self.storage[term] = storage = self._stored(term) if storage is None else storage
        size = _size(term) * term.dtype.itemsize
        return self._bind(f"v{i}_", storage[:size].view(term.dtype).reshape(term.shape), exact=True)

    def _stored(self, term: Term) -> Array:
        """Free memory of about the size that is needed, or new."""
        size = _size(term) * term.dtype.itemsize
        fitting = [x for x in self.free if size <= x.size <= 2 * size + 4096]
        if fitting:
            best = min(fitting, key=len)
            self.free = [x for x in self.free if x is not best]
            return best
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
        if _is_elementwise(op):
            inputs = tuple(self._array(x, term) if is_number(x) else self._text(x) for x in inputs)
            into = f"out={out}" if op in BY_NAME_ONLY else out
            return f"{self._function(op)}({', '.join([*inputs, into])})"
        if op in (np.matmul, np.dot):
            return f"{self._function(op)}({', '.join(map(self._text, inputs))}, {out})"
        return self._call(term, out)

    def _placed(self, whole: Term) -> bool:
        return any(self.home.get(self.root[part]) is whole for part in whole.inputs[0])

    def _join(self, whole: Term) -> str:
        """What is to be copied into a whole whose other parts are there already."""
        lines, start = [], 0
        for part in whole.inputs[0]:
            stop = start + part.shape[0]
            if self.home.get(self.root[part]) is not whole:
                place = f"{self.names[whole]}[{start}:{stop}]"
                lines.append(f"{self._function(np.copyto)}({place}, {self._text(part)})")
            start = stop
        return "; ".join(lines)

    def _expression(self, term: Term) -> str:
        """A value as what a line assigns."""
        op = term.op
        if op in SIGNS and not term.shape:
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
        if not isinstance(x, Term):
            return self._bind("c", x)
        kept = self._memory(x) in self.buffers or self._memory(x).op is None or x in self.looks
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

    def _bind(self, name: str, value: Any, exact: bool = False) -> str:
        """A name for an object; equal numbers share one."""
        if isinstance(value, np.ndarray) and not value.shape:
            for known, other in self.plan.bound.items():
                same = isinstance(other, np.ndarray) and not other.shape
                if same and other.dtype == value.dtype and repr(other.item()) == repr(value.item()):
                    return known
        name = name.rstrip("_") if exact else f"{name}{len(self.plan.bound) + 1}"
        self.plan.bound[name] = value
        return name

    def _function(self, op: Any, name: str | None = None) -> str:
        name = name or str(getattr(op, "__name__", "f"))
        if self.plan.bound.setdefault(name, op) is op:
            return name
        return self._bind(name, op)


def _size(term: Term) -> int:
    return math.prod(term.shape)


def _is_elementwise(op: Any) -> bool:
    return isinstance(op, np.ufunc) and op.signature is None and op.nout == 1


def _has_out(op: Any) -> bool:
    return (
        isinstance(op, (np.ufunc, InPlace))
        or op in WITH_OUT
        or op in FUNCTIONS_WITH_OUT
        or op is METHODS["astype"]
    )


def _comment(term: Term) -> str:
    return f"  # {term.shape}" if term.shape else ""
