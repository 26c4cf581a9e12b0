"""What a line lacks, worked out from the value that it should have.

A right value of a line tells the right values of the parts of its sums and products; and a part's,
held against its own, tells the factor or the term that is missing, or what stands there instead.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import permutations, product
from typing import Any

import numpy as np

from ..graph import Array
from .alike import (
    CLOSE,
    alike,
    likeness,
    multiple,
    narrowed,
    near,
    nonzero,
    parallel,
    parallel_products,
    same,
    some_of,
    together,
)
from .at_hand import FEW, LARGEST, Frame
from .code import LOOPS, File
from .flow import Flow
from .grammar import ATOMS, LEVELS, stored_in
from .known import Known, Meaning, is_alias, result_of, values_of
from .pool import Pool
from .rewrites import Edit
from .rewrites.site import all_but_first, dedented, is_divisor

ADD, MULTIPLY = LEVELS[ast.Add], LEVELS[ast.Mult]
LIKELY, LIKELIEST = 12, 3  # values that a line may be meant to come to
WAYS = 4  # to write a number
DEEP = 2  # how far within what cannot be undone
HOLE = "_hole"


class Solver:
    """Works out edits of lines.

    given: the gradients that there should be, of the parameters' values before. made: the
    statements that make what is known to be a right value.
    """

    def __init__(
        self,
        pool: Pool,
        known: Known,
        flow: Flow,
        made: Mapping[Meaning, Any],
        given: Sequence[tuple[Array, Array]],
        rate: float | None,
    ) -> None:
        self.pool, self.known, self.flow, self.made = pool, known, flow, made
        self.given, self.rate = given, rate
        self._built: dict[Any, list[Frame]] = {}

    def edits(self, statements: Iterable[tuple[File, Any, bool]]) -> Iterator[Edit]:
        """Edits of statements, by which they come to what they may be meant to. With each: may it
        be wrong though it comes to a right value?

        What others read, and would have to be something else for a line to be right, is asked for
        where it is made.
        """
        asked: dict[tuple[Any, str], list[tuple[int, Array]]] = defaultdict(list)
        asking: dict[tuple[Any, str], Any] = {}
        for file, statement, anyhow in statements:
            for i, frame in enumerate(self._frames(file, statement)):
                for root in values_of(statement):
                    made = statement if isinstance(statement, ast.AugAssign) else root
                    may_be = anyhow or is_alias(root) or self._is_part(file, root, i)
                    if self.flow.is_right(file, made, i) and not may_be:
                        continue  # this time
                    for j, want in enumerate(self._wanted(frame, root, i)):
                        line = _Line(frame)
                        yield from line.edits(root, want)
                        if j < LIKELIEST or anyhow:
                            yield from line.anew(root, want)
                        for name, part in line.asked:
                            asked[file, name].append((j, part))
                            asking.setdefault((file, name), statement)
        for (file, name), parts in asked.items():
            parts.sort(key=lambda one: one[0])  # the likeliest of each time
            for statement in self._making(file, name):
                for frame in self._frames(file, statement):
                    for j, after in parts[:LIKELY]:
                        want = self._right_of(frame, after)
                        if want is not None:
                            yield from _Line(frame).edits(statement.value, want)
                            if j < LIKELIEST:
                                yield from _Line(frame).anew(statement.value, want)
            yield from self._carried(file, name, asking[file, name], [g for _, g in parts[:LIKELY]])

    def _carried(
        self, file: File, name: str, statement: Any, parts: Sequence[Array]
    ) -> Iterator[Edit]:
        """A line at the end of a loop that never binds a name, by which the next round reads there
        what it asks for."""
        loop = file.above(statement, LOOPS)
        if loop is None or any(name in stored_in(x) for x in _statements(loop)):
            return
        for frame, part in product(self._frames(file, loop.body[-1]), parts):
            yield from _Line(frame).below(name, part)

    def _frames(self, file: File, statement: Any) -> list[Frame]:
        if statement not in self._built:
            at = getattr(result_of(statement), "at", -1)
            frames = self.pool.notes.frames.get((file, at), ())
            self._built[statement] = [Frame(self.pool, file, statement, names) for names in frames]
        return self._built[statement]

    def _making(self, file: File, name: str) -> Iterator[Any]:
        """The statements that bind a name, or change what it stands for."""
        for unit in self.pool.units:
            for x in ast.walk(unit.statement) if unit.file is file else ():
                target = _target(x)
                whole = target.value if _is_item(target) else target
                if isinstance(whole, ast.Name) and whole.id == name:
                    yield x

    def _right_of(self, frame: Frame, after: Array) -> Array | None:
        """What stands to the right, for what a statement makes or changes to come to something."""
        statement = frame.site.node
        in_place = isinstance(statement, ast.AugAssign)
        target = _target(statement)
        base = frame.value(frame.site.text(target.value)) if _is_item(target) else None
        if isinstance(base, np.ndarray):  # and no list or dict of arrays
            if base.shape != after.shape:
                return None
            after = frame.value(f"{HOLE}[{frame.site.text(target.slice)}]", **{HOLE: after})
        if in_place:
            after = _operand(statement.op, frame.value(frame.site.text(target)), after)
        return None if after is None else np.asarray(after, dtype=float)

    def _wanted(self, frame: Frame, root: Any, i: int) -> Iterator[Array]:
        """What an expression of a line may be meant to come to."""
        file, statement = frame.site.file, frame.site.node
        now = frame.value(frame.site.text(root))
        if not _is_number(now):
            return
        target = _target(statement)
        base = frame.value(frame.site.text(target.value)) if _is_item(target) else None
        is_part = isinstance(base, np.ndarray) and base.dtype.kind in "fiub"
        in_place = isinstance(statement, ast.AugAssign)
        before = frame.value(frame.site.text(target)) if in_place else now
        if not (is_part or _is_number(before)):
            return
        shape = np.shape(base if is_part else before)  # type: ignore[arg-type]
        for after in self._after(file, statement, root, i, base if is_part else now, shape):
            want = self._right_of(frame, after)
            if want is not None:
                yield want

    def _after(
        self, file: File, statement: Any, root: Any, i: int, now: Any, shape: tuple[int, ...]
    ) -> Iterator[Array]:
        """What a line may be meant to make: of many, what is most like what it makes."""
        k = self.flow.output(file, root, i)
        k = self.flow.output(file, statement, i) if k is None else k
        if k is not None:
            value, g = self.given[k]
            new = g if self.rate is None else value - self.rate * g
            if new.size == np.prod(shape):
                yield new.reshape(shape)
            parts = self.known.ways[self.known.leaves[k]] if self.known.leaves else []
            if self.rate is None and 1 < len(parts) <= LIKELY:  # it is added up
                parts = [x for x in parts if x.shape == shape]
                yield from sorted(parts, key=lambda x: -likeness(now, x))
            return
        own = ast.unparse(_target(statement) or ast.Constant(""))
        read = self._read(file, root, i)
        if not read and self._read(file, root, 0):
            return  # it follows, this time
        near = self.known.behind(m.of for m in read)
        times = {m.times for m in read} or {self.known.times}
        found: list[Any] = [
            (*self._unlikely(meaning, own, near, times), -likeness(now, g), j, g)
            for j, (meaning, g) in enumerate(self.known.values(shape))
            if not self.made.get(meaning) or self.made[meaning] == [statement]
            if meaning.is_cotangent or not read
        ]
        some: dict[bytes, Array] = {}
        for *_, g in sorted(found):
            some.setdefault(g.tobytes(), g)  # one of what is the same
        yield from [*some.values()][:LIKELY]

    def _is_part(self, file: File, node: Any, i: int) -> bool:
        """Is what a node came to, the i-th time, known as a part of a gradient alone?"""
        its = self.known.means(self.pool.notes, file, node)[i : i + 1]
        return any(m is not None and m.is_part for m in its)

    def _read(self, file: File, node: Any, i: int) -> set[Meaning]:
        """The cotangents that a node reads the i-th time."""
        notes = (self.pool.notes.at(file, x) for x in ast.walk(node) if isinstance(x, ATOMS))
        means = (self.known.meaning(its[i]) for its in notes if i < len(its))
        return {m for m in means if m is not None and m.is_cotangent}

    def _unlikely(
        self, meaning: Meaning, own: str, near: set[int], times: set[float]
    ) -> tuple[bool, ...]:
        """How unlikely it is that something of a name is meant to be that, the worst first."""
        inner = meaning.number in self.known.inner
        return (
            not self.known.is_of(meaning, own),
            meaning.is_cotangent and meaning.times not in times,
            meaning.of not in near,
            inner,
            meaning.is_part,
        )


def _target(statement: Any) -> Any:
    """What a statement binds, or changes, if it is one thing."""
    if isinstance(statement, ast.Assign):
        return statement.targets[0] if len(statement.targets) == 1 else None
    return statement.target if isinstance(statement, ast.AugAssign) else None


def _statements(node: Any) -> Iterator[Any]:
    """The statements in a node."""
    return (x for x in ast.walk(node) if isinstance(x, ast.stmt))


def _is_item(target: Any) -> bool:
    return isinstance(target, ast.Subscript)


def _operand(op: Any, before: Any, after: Array) -> Any:
    """What stands to the right in `before += …`, for that to become what is wanted."""
    if not _is_number(before) or np.shape(before) != after.shape:
        return None
    with np.errstate(all="ignore"):
        if isinstance(op, ast.Add):
            return after - before
        if isinstance(op, ast.Sub):
            return before - after
        if isinstance(op, ast.Mult):
            return after / nonzero(before)
        return before / nonzero(after) if isinstance(op, ast.Div) else None


class _Line:
    """What an expression lacks for coming to what is wanted. `asked`: of names that it reads, what
    they would have to stand for."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.site = frame, frame.site
        self.asked: list[tuple[str, Array]] = []

    def edits(self, node: Any, want: Array) -> Iterator[Edit]:
        """Of a node that should come to what is wanted; nan, where that is not known."""
        text = self.site.text(node)
        now = self.frame.value(text)
        if not _is_number(now) or np.size(now) > LARGEST or not np.isfinite(want).any():
            return
        now = np.asarray(now, dtype=float)
        if now.shape != want.shape:
            want = narrowed(want, now.shape)
        if same(now, want) or _vanishes(want, now):
            return
        texts, rows = self.frame.table("factors", want.shape)
        for i, by in parallel(rows, want) if not isinstance(node, ast.Constant) else ():
            if texts[i] not in (text, f"({text})"):
                for pattern, _ in self._numbers(by):
                    yield self._instead(node, pattern.format(texts[i]))
        if together(now.shape, want.shape) != want.shape:
            return
        if now.shape == want.shape and np.isfinite(want).all():
            self._ask(node, want)
        yield from self._explained(node, now, want)
        if node is getattr(self.site.node, "value", None):
            yield from self._beside(want - now)
        if isinstance(node, ast.BinOp):
            yield from self._operands(node, want)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield from self.edits(node.operand, -want)
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            yield from self.edits(node.value, want.T)
        elif isinstance(node, ast.Call):
            yield from self._within(node, want, lambda x: x, DEEP)
        c = multiple(now, want)
        for x in _parts(node, self.site.numpy) if c is not None else ():
            part = self.frame.value(self.site.text(x))  # of a product, as it may be
            if isinstance(part, np.ndarray) and part.dtype.kind == "f":
                self._ask(x, c * part)

    def anew(self, node: Any, want: Array) -> Iterator[Edit]:
        """All of a line written anew: a product, a difference, or the derivative of the
        cross-entropy or the softmax."""
        texts, rows = self.frame.table("products", want.shape)
        for i, c in parallel(rows, want):
            for pattern, _ in self._numbers(c):
                text = pattern.format(texts[i])
                said = f"`{self.site.text(node)}` stands where `{text}` belongs"
                yield self._edit(node, text, "operands", said, 0.9)
        texts, rows = self.frame.table("alone", want.shape)
        factors, others = self.frame.table("factors", want.shape)
        for i, j, c in parallel_products(rows, others, want):
            for pattern, _ in self._numbers(c):
                text = pattern.format(f"{texts[i]} * {factors[j]}")
                said = f"`{self.site.text(node)}` stands where `{text}` belongs"
                yield self._edit(node, text, "operands", said, 0.9)
        # `y > 0` is no value to subtract, though it is the same as y where that is one-hot
        plain = ((t, x) for t, x in self.frame.arrays.items() if not {*"<>"} & {*t})
        its = [(t, x) for t, x in plain if x.shape == want.shape][:FEW]
        for (a, x), (b, y) in permutations(its, 2):
            if a < b and (by := multiple(x - y, want)) is not None:
                first, last = (a, b) if by > 0 else (b, a)
                difference = f"({first} - {last})"
                for pattern, _ in self._numbers(abs(by)):
                    text = pattern.format(difference)
                    said = f"`{text}` is its value"
                    yield self._edit(node, text, "loss-derivative-skipped", said, 1)
            if x.min() <= 0 or x.max() >= 1:
                continue
            with np.errstate(all="ignore"):
                slope = y / x - (1 - y) / (1 - x)
            if (by := multiple(slope, want)) is not None:
                whole = "-{}" if by < 0 else "{}"  # where what is left is divided later
                for pattern in dict.fromkeys([*(p for p, _ in self._numbers(by)), whole]):
                    text = pattern.format(f"({b} / {a} - (1 - {b}) / (1 - {a}))")
                    said = "the cross-entropy's derivative belongs here"
                    yield self._edit(node, text, "loss-derivative-skipped", said, 1)
            if np_ := self.site.numpy:
                for axis in range(want.ndim):
                    if same(x * (y - np.sum(x * y, axis=axis, keepdims=True)), want):
                        axis = axis - want.ndim
                        total = f"{np_}.sum({a} * {b}, axis={axis}, keepdims=True)"
                        said = "the softmax's derivative belongs here"
                        text = f"{a} * ({b} - {total})"
                        yield self._edit(node, text, "missing-derivative", said, 1)

    def below(self, name: str, want: Array) -> Iterator[Edit]:
        """A line below it, that gives a name to what is wanted."""
        texts, rows = self.frame.table("products", want.shape)
        for i, c in parallel(rows, want):
            for pattern, _ in self._numbers(c) if texts[i] != name else ():
                line = f"{name} = {pattern.format(texts[i])}"
                said = f"a line is missing: `{line}`"
                both = f"{dedented(self.site, self.site.node)}\n{line}"
                yield self._edit(self.site.node, both, "missing-term", said, 0.6)

    def _operands(self, node: ast.BinOp, want: Array) -> Iterator[Edit]:
        a, b = (self.frame.value(self.site.text(x)) for x in (node.left, node.right))
        if not (_is_number(a) and _is_number(b)):
            return
        is_product = together(np.shape(a), np.shape(b)) is None  # of matrices, as by `*`
        with np.errstate(all="ignore"):
            if isinstance(node.op, ast.Add):
                parts = (want - b, want - a)
            elif isinstance(node.op, ast.Sub):
                parts = (want + b, a - want)
            elif isinstance(node.op, ast.Mult) and not is_product:
                parts = (want / nonzero(b), want / nonzero(a))
            elif isinstance(node.op, ast.Div):
                parts = (want * b, a / nonzero(want))
            else:
                yield from self._within(node, want, lambda x: x, DEEP)
                return
        for x, now, part in ((node.left, a, parts[0]), (node.right, b, parts[1])):
            if together(np.shape(now), np.shape(part)) == np.shape(part):
                yield from self.edits(x, np.asarray(part))

    def _within(
        self, node: Any, want: Array, outer: Callable[[Any], Any], deep: int
    ) -> Iterator[Edit]:
        """Of the parts of what cannot be undone, such as a sum: other parts are tried."""
        whole = self.site.text(node)
        start = self.site.file.span(node)[0]
        for x in _parts(node, self.site.numpy):
            text = self.site.text(x)
            now = self.frame.value(text)
            if not isinstance(now, np.ndarray) or now.dtype.kind not in "fb" or not now.shape:
                continue
            a, b = (i - start for i in self.site.file.span(x))
            raw = whole.encode()
            open_ = (raw[:a] + HOLE.encode() + raw[b:]).decode()

            def put(value: Any, open_: str = open_) -> Any:
                made = self.frame.value(open_, **{HOLE: value})
                return None if made is None else outer(made)

            for other, value in self.frame.factors.items():
                if value.shape == now.shape and same(put(value), want):
                    yield self._instead(x, other)
                if together(now.shape, value.shape) == now.shape and same(put(now * value), want):
                    yield self._times(x, other)
                    self._ask(x, now * value)
            if deep == DEEP:
                yield from self._terms_within(x, now, want, put)
            if deep > 1:
                yield from self._within(x, want, put, deep - 1)

    def _ask(self, node: Any, value: Array) -> None:
        """What a name stands for would have to be another value."""
        if isinstance(node, ast.Name):
            self.asked.append((node.id, value))

    def _terms_within(
        self, x: Any, now: Array, want: Array, put: Callable[[Any], Any]
    ) -> Iterator[Edit]:
        """Terms that a part lacks: each is taken through what the part is in."""
        made = put(now)
        nothing = put(np.zeros(now.shape))
        if np.shape(made) != want.shape or np.shape(nothing) != want.shape:
            return  # such as the indices of what is not 0
        lack = want - made
        for text, value in self.frame.terms(now.shape):
            through = put(np.broadcast_to(value, now.shape))
            if np.shape(through) != want.shape:
                continue
            c = multiple(np.subtract(through, nothing, dtype=float), lack)  # of bools, too
            if c is not None:
                yield from self._plus(x, text, c)
                self._ask(x, now + c * value)

    def _explained(self, node: Any, now: Array, want: Array) -> Iterator[Edit]:
        """What stands there instead, or what is missing."""
        own = self.site.text(node, MULTIPLY)
        if not want.shape:
            for text, n in self.frame.numbers.items():
                if near(float(want), n):
                    yield self._instead(node, text)
        for power in (2, 3) if isinstance(node, (*ATOMS, ast.Call)) else ():
            if same(now**power, want):
                said = f"`** {power}` is missing"
                yield self._edit(node, f"{own} ** {power}", "constant", said, 0.6)
        for name in self.site.pool.callables(self.site.file, node):
            text = f"{name}({self.site.text(node)})"
            if name.startswith(f"{self.site.numpy}.") and same(self.frame.value(text), want):
                yield self._edit(node, text, "operands", f"`{name}` is missing", 0.6)
        c = multiple(now, want)
        if c is not None:
            above = self.site.file.parent.get(node)
            for pattern, named in self._numbers(c):
                if "/" in pattern and is_divisor(node, above):
                    continue  # what it divides may have the factor
                said = f"a factor is missing: `{named}`"
                yield self._edit(node, pattern.format(own), "factor", said, 0.6)
        texts, rows = self.frame.table("factors", want.shape)
        here = np.broadcast_to(now, want.shape)
        with np.errstate(all="ignore"):
            for i, by in parallel(rows * some_of(here), want):
                for pattern, named in self._numbers(by):
                    yield self._times(node, texts[i] if named == "1" else pattern.format(texts[i]))
            for i in alike(some_of(here) / rows, want):
                said = f"it is not divided by `{texts[i]}`"
                yield self._edit(node, f"{own} / {texts[i]}", "factor", said, 0.8)
        yield from self._terms(node, want - now)

    def _terms(self, node: Any, lack: Array) -> Iterator[Edit]:
        texts, rows = self.frame.table("products", lack.shape)
        for i, c in parallel(rows, lack):
            yield from self._plus(node, texts[i], c)
        texts, rows = self.frame.table("alone", lack.shape)
        factors, others = self.frame.table("factors", lack.shape)
        for i, j, c in parallel_products(rows, others, lack):
            yield from self._plus(node, f"{texts[i]} * {factors[j]}", c)

    def _beside(self, lack: Array) -> Iterator[Edit]:
        """A line at the end that adds to all but the first row, or column, what is missing there,
        as of a penalty that the bias has not."""
        statement = self.site.node
        target = _target(statement)
        for axis in range(lack.ndim if isinstance(target, ATOMS) else 0):
            first = (slice(None),) * axis + (0,)
            if not _vanishes(lack[first], lack):
                continue
            key = all_but_first(axis)
            for text, value in self.frame.arrays.items():
                if value.shape != lack.shape:
                    continue
                rest = value.copy()
                rest[first] = 0
                c = multiple(rest, lack)
                for pattern, _ in self._numbers(c) if c is not None else ():
                    line = f"{self.site.text(target)}{key} += {pattern.format(text + key)}"
                    said = f"a line is missing: `{line}`"
                    last = [x for x in self.site.block if not isinstance(x, ast.Return)][-1]
                    both = f"{dedented(self.site, last)}\n{line}"
                    yield self._edit(last, both, "missing-term", said, 0.6)

    def _plus(self, node: Any, text: str, c: float) -> Iterator[Edit]:
        own = self.site.text(node, ADD)
        if text == self.site.text(node):
            if near(c, -2):
                new = f"-{self.site.text(node, MULTIPLY)}"
                yield self._edit(node, new, "sign", "the sign is the wrong one", 0.8)
            return  # it is known as a multiple
        terms = [sorted(re.findall(r"\w+", term)) for term in self._terms_of_line]
        for pattern, _ in self._numbers(c):
            term = pattern.format(text)
            if sorted(re.findall(r"\w+", term)) in terms:
                continue  # that one has another factor
            new = f"{own} - {term[1:]}" if term[0] == "-" else f"{own} + {term}"
            said = f"a term is missing: `{term}`"
            yield self._edit(node, new, "missing-term", said, 0.8)

    def _numbers(self, c: float) -> Iterator[tuple[str, str]]:
        """How a number is written as a factor: with {} for what it is of, and what is said."""
        if near(c, 1):
            yield "{}", "1"
        elif near(c, -1):
            yield "-{}", "-1"
        else:
            numbers, told = self.frame.multiples
            yield from (told[i] for i in np.flatnonzero(near(c, numbers))[:WAYS])

    # Edits --------------------------------------------------------------------------------------

    @cached_property
    def _terms_of_line(self) -> list[str]:
        """What its line adds up, as it is written."""
        return re.split(r" [-+]?[-+=] ", self.site.text())

    def _edit(self, node: Any, text: str, kind: str, said: str, rank: float) -> Edit:
        return Edit(self.site.file, ((node, text),), kind, said, rank)

    def _instead(self, node: Any, text: str) -> Edit:
        said = f"`{self.site.text(node)}` stands where `{text}` belongs"
        return self._edit(node, text, "operands", said, 0.65)

    def _times(self, node: Any, text: str) -> Edit:
        own = self.site.text(node, MULTIPLY)
        factor = ast.parse(text, mode="eval").body
        if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult):
            text = ast.unparse(factor)  # without brackets
        said = f"a factor is missing: `{text}`"
        return self._edit(node, f"{own} * {text}", "missing-derivative", said, 0.7)


def _parts(node: Any, numpy: str) -> list[Any]:
    """The operands and arguments of an expression."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return [node.value]
    if not isinstance(node, ast.Call):
        return []
    parts = [x for x in node.args if not isinstance(x, ast.Starred)]
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        if not (isinstance(owner, ast.Name) and owner.id == numpy):
            parts.append(owner)
    return parts


def _vanishes(want: Array, now: Array) -> bool:
    """Is what is wanted 0, to rounding?"""
    return bool(np.nanmax(np.abs(want)) <= CLOSE * np.max(np.abs(now), initial=0))


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) or (
        isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fiub"
    )
