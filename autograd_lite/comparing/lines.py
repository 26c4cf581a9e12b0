"""The derived backward pass, line by line, each from the handwritten values before it.

A line is how one cotangent comes about, as a derivation has it. Other terms may stand in the places
of some of its own: what all lines come to then is computed from there on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..op import GENERATORS
from ..reading import Pulled, expressions, recorded
from ..terms import OPS, Term, is_number, key_of, needed, within

ADD, SUBTRACT, NEGATIVE = OPS["add"], OPS["subtract"], OPS["negative"]
# What does not fit raises one, or is deeper than a person writes.
IMPOSSIBLE = (ValueError, TypeError, IndexError, ArithmeticError, RecursionError)
MAKING = 20_000  # what it costs to make a term; see `Lines.work`

Changed = Mapping[Term, Any]  # what stands in the place of terms


class Values(dict[Term, Array]):
    """The values of terms, computed when they are asked for."""

    def __missing__(self, t: Term) -> Array:
        self[t] = computed(t, map(self.of, t.inputs))
        return self[t]

    def of(self, x: Any) -> Any:
        """The value of a term, or of what is none."""
        if isinstance(x, (tuple, list)):
            return tuple(map(self.of, x))
        return self[x] if isinstance(x, Term) else x


def computed(t: Term, xs: Iterable[Any]) -> Array:
    """What a term comes to; a number stands for an array where that is needed, as for a shape."""
    if not t.op.elementwise:
        xs = (np.asarray(x, t.dtype) if is_number(x) else x for x in xs)
    return t.op.forward(*xs, **t.params)


class Line:
    """How a cotangent, its `end`, is written with values and with other cotangents, `uses`.

    `inside`: the terms that it is written with, in order; `users`: of one, those among them;
    `target`: what it is the cotangent of.
    """

    def __init__(self, lines: Lines, end: Term, target: Term) -> None:
        self.lines, self.end, self.target = lines, end, target
        found: set[Term] = set()
        self.uses: set[Term] = set()
        pending = [end]
        while pending:
            t = pending.pop()
            if t is not end and t in lines.ends:
                self.uses.add(t)
            elif t not in found and t.op is not None and t not in lines.atoms:
                found.add(t)
                pending += within(t.inputs)
        self.inside = sorted(found, key=lambda t: t.number)
        self._steps = [(t, tuple(within(t.inputs)), _work(t)) for t in self.inside]
        self.users: dict[Term, list[Term]] = {}
        for t in self.inside:
            for x in set(within(t.inputs)):
                self.users.setdefault(x, []).append(t)

    @property
    def at_loss(self) -> bool:
        """Does no other cotangent come in?"""
        return not self.uses

    def addends(self, t: Term) -> list[tuple[int, Any]]:
        """What a sum adds up, each with its sign; itself if it is none."""
        return addends(t, self.lines.atoms.keys() | self.uses)

    def is_sum(self, t: Term) -> bool:
        """Is it a sum, and none that is a part of another?"""
        users = self.users.get(t, [])
        inner = users and all(u.op in (ADD, SUBTRACT, NEGATIVE) for u in users)
        return t.op in (ADD, SUBTRACT) and not inner

    def is_addend(self, t: Term) -> bool:
        return any(u.op in (ADD, SUBTRACT) for u in self.users.get(t, ()))

    def value(self, changed: Changed, ends: Mapping[Term, Array], values: Values) -> Array:
        """What the end comes to where others stand in the places of terms.

        ends: of other lines that have changed.
        """
        found: dict[Term, Array] = {**ends}
        lines = self.lines

        def get(x: Any) -> Any:
            if isinstance(x, Term):
                return found[x] if x in found else values[x]
            return tuple(map(get, x)) if isinstance(x, (tuple, list)) else x

        def instead(x: Any, site: Term) -> Any:
            """What stands in the place of the site, of changed cotangents."""
            if x is site:
                return computed(x, map(get, x.inputs))
            if not isinstance(x, Term) or x.op is None:
                return get(x)
            if x in lines.closed:  # as it is known, and not as it is written in its place
                return values[x]
            end = lines.ends.get(x)
            leaf = end is not None and end.op is None  # its gradient may be wrong for itself
            if not leaf and (x in found or (end is not None and x.number < self.end.number)):
                return get(x)
            lines.work += _work(x)
            return computed(x, (instead(y, site) for y in x.inputs))

        for t, reads, work in self._steps:
            if t in changed:
                value = instead(changed[t], t) if ends else values.of(changed[t])
                found[t] = value if hasattr(value, "dtype") else t.dtype.type(value)
            elif not found.keys().isdisjoint(reads):
                lines.work += work
                found[t] = computed(t, map(get, t.inputs))
        return np.asarray(get(self.end))


def _work(t: Term) -> float:
    """What it costs to compute a term: about that of a call and so many elements."""
    inner = t.inputs[0].shape[-1] if t.op is OPS["matmul"] and t.inputs[0].shape else 0
    return 3000 + t.size * (1 + inner / 50)


class Lines:
    """The lines of a backward pass that goes on from handwritten values where these are given.

    `end`: of each node with a handwritten cotangent, that of its line; `target`: its own term.
    `lines`: all, by their ends, in order. `handed`: the leaves that stand for handwritten values,
    and of what. `ends`: these, and the cotangents that have a line. `atoms`: the values that are
    written by a name. `known`: the terms of the derived pass; `forward`: those of the loss;
    `closed`: those that come without a cotangent. `pulls`: of each term, the pullbacks that end
    there; `pulls_of`: of each value, those to it; `role`: of what a pullback writes, it.
    `parameters`: the leaves that are Tensors; `gradients`: their handwritten ones. `work`: what was
    computed so far, in elements, about.
    """

    def __init__(
        self, loss: Node, given: Mapping[Node, np.ndarray], names: Mapping[str, Any] | None
    ) -> None:
        self.kind = type(loss)
        fitting = {x: g.astype(x.dtype) for x, g in given.items() if g.shape == x.shape}
        handed = {x: g for x, g in fitting.items() if x.op is not None}
        r = self.reading = recorded(loss, [*given], names, on_paper=True, handed=handed)
        self.terms = r.terms
        self.end = {x: slope for x, (_, slope) in zip(given, r.gradients)}
        self.target = {x: term for x, (term, _) in zip(given, r.gradients)}
        self.parameters = {*r.parameters}
        self.handed = {leaf: x for x, leaf in r.handed.items()}
        forward = self.forward = set(needed([r.loss, *r.path]))
        activations = [t for t in r.path if isinstance(t, Term) and t.op and t.op.activation]
        pairs = [x for t in activations for x in (t, *within(t.inputs))]
        self.atoms = dict.fromkeys(
            t
            for t in (*r.values, *r.called, *pairs)
            if (t in forward or t.op is None) and t not in self.handed
        )
        slopes = {s: x for x, s in r.slope_of.items() if isinstance(s, Term) and s not in forward}
        elsewhere = set(self.handed.values())
        plain = {t for t in r.values if t not in self.handed} - self.parameters
        for t in needed(slopes):  # of data alone, as the gradient of a sum
            if t.op and t not in forward and all(y in plain for y in within(t.inputs)):
                plain.add(t)
        targets = {
            s: x
            for x, s in r.slope_of.items()
            if s in slopes and s not in plain and x in self.atoms and x not in elsewhere
        }
        roots = {t: self.target[x] for x, t in self.end.items() if isinstance(t, Term)}
        self.ends = {**targets, **self.handed}

        everything = needed([*roots, *r.path])
        self.known = set(everything)
        opened = {*slopes, *self.handed} - plain
        self.closed: dict[Term, None] = {}
        for t in everything:
            if t in opened or any(x in opened for x in within(t.inputs)):
                opened.add(t)
            elif t.shape:
                self.closed[t] = None
        self.values = Values({**r.values, **r.path})
        for t in everything:
            self.values.of(t)
        self.lines = {
            t: Line(self, t, x)
            for t, x in sorted((targets | roots).items(), key=lambda pair: pair[0].number)
            if t.op is not None
        }
        self.pulls: dict[Term, list[Pulled]] = {}
        self.pulls_of: dict[Any, list[Pulled]] = {}
        self.role: dict[Term, Pulled] = {}
        for pull in r.pulls:
            self.pulls_of.setdefault(pull.xs[pull.i], []).append(pull)
            if isinstance(pull.gx, Term):
                self.pulls.setdefault(pull.gx, []).append(pull)
                for t in self._between(pull, forward):
                    self.role.setdefault(t, pull)
        self.work = 0.0
        self._called: dict[Term, str] = {}
        self.gradients = {
            self.target[x]: self.entered(g, f"d_{r.called.get(self.target[x], '')}")
            for x, g in fitting.items()
            if not x.op
        }
        self._columns: dict[int, list[tuple[Term, ...]]] = {}
        self._kin: dict[tuple[Term, bool, int], Any] = {}
        self._way: dict[tuple[Term, bool], str] = {}
        self._ways: dict[Any, str] = {}
        for line in self.lines.values():
            for t in line.inside:  # each after its inputs: none is looked for deeper than there
                self.way(t), self.way(t, same=True)

    def _between(self, pull: Pulled, forward: Collection[Term]) -> list[Term]:
        """What a pullback writes, from a cotangent to the next one."""
        found: dict[Term, None] = {}
        pending = [pull.gx]
        while pending:
            t = pending.pop()
            if t is not pull.g and t not in forward and t.op is not None and t not in found:
                found[t] = None
                pending += within(t.inputs)
        return [*found]

    def before(self, end: Term) -> list[Line]:
        """The lines that an end comes from, and its own, the last first."""
        found, pending, seen = [], [end], {end}
        while pending:
            t = pending.pop()
            if t in self.lines:
                found.append(self.lines[t])
                new = self.lines[t].uses - seen
                seen |= new
                pending += new
        return sorted(found, key=lambda line: -line.end.number)

    def is_before(self, end: Term, line: Line) -> bool:
        """Is a cotangent known before a line is computed, for it belongs to a later value?"""
        later = self.ends[end].number > line.target.number
        return later and (end in self.handed or end.number < line.end.number)

    # Values -------------------------------------------------------------------------------------

    def run(
        self,
        changed: Mapping[Term, Changed],
        outputs: Sequence[Any],
        values: Values | None = None,
    ) -> list[Array]:
        """What outputs come to. changed: for ends, what stands in the place of terms of the line.

        Raises one of `IMPOSSIBLE` where that does not fit.
        """
        values = self.values if values is None else values
        self.work += 200 * len(self.lines)
        ends: dict[Term, Array] = {}
        last = max((t.number for t in outputs if isinstance(t, Term)), default=0)
        for end, line in self.lines.items():
            if end.number > last:
                break
            if end in changed or not line.uses.isdisjoint(ends):
                ends[end] = line.value(changed.get(end, {}), ends, values)
        return [np.asarray(ends[t] if t in ends else values.of(t)) for t in outputs]

    def elsewhere(
        self, rng: np.random.Generator, only: Term | None = None, far: bool = False
    ) -> Values:
        """The values of a right pass at other values of its leaves, near these, or of one of them.

        far: not near, so that what is 0 here, as a dead unit, is not there.
        """
        values = Values()
        drawn = {t for t in self.known if any(isinstance(p, GENERATORS) for p in t.params.values())}
        for t, value in self.values.items():
            if t in self.handed:
                continue
            if t in drawn or (t.op is None and (value.dtype.kind != "f" or only not in (None, t))):
                values[t] = value
            elif t.op is None:
                off = 1 + 0.3 * rng.uniform(-1, 1, value.shape)
                values[t] = value * off + (value == 0) * (t in self.parameters) * (off - 1)
                if far and (value.any() or t in self.reading.called):  # else a loop's start
                    largest = float(np.abs(value).max(initial=0)) or 1.0
                    values[t] = value + largest * rng.normal(size=value.shape)
        handed = {target: leaf for leaf, target in self.handed.items()}
        for x, end in self.end.items():
            if self.target[x] in handed:
                for t in needed([end]):
                    values.of(t)
                values[handed[self.target[x]]] = np.asarray(values.of(end))
        for t in needed(self.known):
            values.of(t)
        return values

    def made(self, op: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """A term of an op; raises one of `IMPOSSIBLE` if its inputs do not fit."""
        params = {**(op.forward.__kwdefaults__ or {}), **params}
        value = np.asarray(op.forward(*map(self.values.of, inputs), **params))
        term = self.terms.simple(op, inputs, params, value.shape, value.dtype)
        if isinstance(term, Term):
            self.work += MAKING + _work(term)
            self.values.setdefault(term, value)
        return term

    def make(self, name: str, *inputs: Any, **params: Any) -> Any:
        """A term of the op of that name."""
        return self.made(OPS[name], inputs, params)

    def entered(self, array: Array, name: str = "array") -> Term:
        """A term for an array, and what it is called."""
        term = self.terms.leaf(array.shape, array.dtype)
        self.values[term] = array
        self._called[term] = name
        return term

    def total(self, parts: Iterable[tuple[int, Any]]) -> Any:
        """The sum of parts with signs."""
        (sign, found), *rest = sorted(parts, key=lambda part: -part[0])
        found = found if sign > 0 else self.make("negative", found)
        for sign, x in rest:
            found = self.make("add" if sign > 0 else "subtract", found, x)
        return found

    # What is alike ------------------------------------------------------------------------------

    def kin(self, x: Term, same: bool = False, deep: int = 4) -> Any:
        """What is equal for values, or cotangents, of other layers or steps.

        It is the op, and which parameters and activations the value comes from. same: for those of
        other steps of one loop, which use the same parameters.
        """
        if x in self.ends:
            return "cotangent", self.kin(self.ends[x], same, deep)
        if x.op is None:
            return self._leaf(x, same)
        if (x, same, deep) not in self._kin:
            parameters, values = set(), []
            pending = [*within(x.inputs)]
            while pending:
                t = pending.pop()
                if t in self.parameters:
                    parameters.add(self._leaf(t, same))
                elif t in self.atoms and t.op and (t.op.activation or x.op.activation):
                    values.append(t)
                elif t not in self.atoms:
                    pending += within(t.inputs)
            by: Any = parameters
            if not by and deep:
                by = (self.kin(t, same, deep - 1) for t in values)
            kin = x.op.name, _key(x.params), frozenset(by)
            self._kin[x, same, deep] = self._ways.setdefault(kin, f"kin {len(self._ways)}")
        return self._kin[x, same, deep]

    def way(self, t: Term, same: bool = False) -> str:
        """What is equal for terms that are written alike."""
        if (t, same) not in self._way:
            inputs = tuple(self.form(y, same) for y in t.inputs)
            way = t.op.name, t.ndim, _key(t.params), inputs
            self._way[t, same] = self._ways.setdefault(way, f"way {len(self._ways)}")
        return self._way[t, same]

    def form(self, x: Any, same: bool = False) -> Any:
        """What is equal for what is alike within another term."""
        if not isinstance(x, Term):
            return x if is_number(x) else None
        if x in self.ends:
            return "cotangent", x.ndim
        if x.op is None:
            return self._leaf(x, same)
        return ("value", x.ndim) if x in self.atoms else self.way(x, same)

    def _leaf(self, x: Term, same: bool) -> Any:
        return x if same and x in self.parameters else ("value", x.ndim)

    def columns(self, length: int) -> list[tuple[Term, ...]]:
        """What differs between so many alike steps: a value, or cotangent, for each of them."""
        if length not in self._columns:
            families: dict[Any, list[Term]] = {}
            places = [t for t in self.closed if t.op in PLACES]
            for t in (*self.atoms, *self.ends, *places):
                families.setdefault(self.kin(t, same=True), []).append(t)
            found: dict[tuple[Term, ...], None] = {}
            for ts in families.values():
                ts.sort(key=lambda t: getattr(self.ends.get(t, t), "number", 0))
                for start in {0, len(ts) - length}:
                    if 0 <= start <= len(ts) - length:
                        found[tuple(ts[start : start + length])] = None
            for end in self.lines:
                parts = [x for _, x in addends(end)]
                if len(parts) == length:
                    found |= dict.fromkeys(_columns(parts, {*self.atoms, *self.ends}))
            self._columns[length] = [*dict.fromkeys((*found, *(c[::-1] for c in found)))]
        return self._columns[length]

    # Words --------------------------------------------------------------------------------------

    def text(self, *terms: Any) -> list[str]:
        """How terms are written, down to what has a name, which cotangents have."""
        return expressions(self.reading, terms, self._names())

    def written(self, end: Term, *values: Any) -> list[str]:
        """How an end, or what stands in its place, is written out."""
        names = {t: name for t, name in self._names().items() if t is not end}
        return expressions(self.reading, values, names)

    def _names(self) -> dict[Term, str]:
        """The names of cotangents of what the user gave a name."""
        called = self.reading.called
        own = {
            s: f"d_{called[x]}"
            for s, x in self.ends.items()
            if x in called and s not in called and x.op  # that of a parameter may be a wrong one
        }
        return self._called | own

    def with_changes(self, end: Term, changed: Changed) -> Any:
        """An end as it is written where other terms stand in the places of some."""
        new: dict[Any, Any] = {}
        for t in self.lines[end].inside:
            if t in changed:
                new[t] = changed[t]
            elif any(x in new for x in within(t.inputs)):
                new[t] = self.made(t.op, tuple(_exchanged(x, new) for x in t.inputs), t.params)
        return new.get(end, end)


def _exchanged(x: Any, new: Mapping[Any, Any]) -> Any:
    if isinstance(x, (tuple, list)):
        return tuple(_exchanged(y, new) for y in x)
    return new.get(x, x) if isinstance(x, Term) else x


PLACES = {OPS["scatter"], OPS["one_hot"]}


def _key(params: Mapping[str, Any]) -> Any:
    """What tells parameters apart; the numbers of a step do not."""
    plain = (
        (
            k,
            tuple(0 if isinstance(i, (int, np.integer)) else i for i in v)
            if isinstance(v, tuple)
            else v,
        )
        if k != "shape"
        else (k, len(v))
        for k, v in params.items()
    )
    return key_of(tuple(plain))


def addends(t: Term, whole: Collection[Term] = ()) -> list[tuple[int, Any]]:
    """What a sum adds up, each with its sign; itself if it is none. whole: what stays together."""
    found: list[tuple[int, Any]] = []
    pending: list[tuple[int, Any]] = [(1, t)]
    while pending:
        sign, x = pending.pop()
        apart = isinstance(x, Term) and (x is t or x not in whole) and x.shape == t.shape
        if apart and x.op in (ADD, SUBTRACT):
            a, b = x.inputs
            pending += [(-sign if x.op is SUBTRACT else sign, b), (sign, a)]
        elif apart and x.op is NEGATIVE:
            pending.append((-sign, x.inputs[0]))
        else:
            found.append((sign, x))
    return found


def _columns(parts: Sequence[Any], ends: Collection[Term]) -> Iterator[tuple[Term, ...]]:
    """What stands at the same places of alike expressions, where it differs."""
    if not all(isinstance(x, Term) for x in parts) or len(set(parts)) == 1:
        return
    if all(x in ends or x.op is None for x in parts):
        yield tuple(parts)
    elif all(x.op is parts[0].op and len(x.inputs) == len(parts[0].inputs) for x in parts):
        for inputs in zip(*(x.inputs for x in parts)):
            yield from _columns(inputs, ends)
