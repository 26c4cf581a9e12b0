"""The slips that people make in a backward pass: what stands in the place of a term of a line.

Each way to go wrong is a function of a line and one of its terms; it yields what may stand there.
The kinds are those of 48 wrong ones among 101 public backward passes, and of courses' exercises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations
from typing import Any

import numpy as np

from ..graph import leaf
from ..mode import in_mode
from ..ops.reductions import axes_of
from ..reading import PUT, Pulled
from ..reverse import order, unbroadcast
from ..terms import OPS, Term, is_number, read, within
from .lines import ADD, IMPOSSIBLE, NEGATIVE, SUBTRACT, Line, Lines

CAUSES = (
    *("factor", "sign", "transposed", "operands", "missing-derivative", "doubled-derivative"),
    *("derivative-at-activation", "derivative-at-input", "unsummed", "axis", "mean-for-sum"),
    *("overwritten", "missing-term", "loss-derivative-skipped", "stale", "index", "constant"),
)
ACTIVATIONS = [op for op in OPS.values() if op.activation and op.elementwise]
MULTIPLY, DIVIDE, MATMUL, SUM = (OPS[name] for name in ("multiply", "divide", "matmul", "sum"))
OPPOSITE = {"greater": "less", "less": "greater"}
OPPOSITE |= {"greater_equal": "less_equal", "less_equal": "greater_equal"}
SMALL = (0.0, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
KEPT = {
    "last": slice(-1, None),
    "first": slice(None, 1),
    "but the last": slice(None, -1),
    "but the first": slice(1, None),
}

Said = tuple[str, str]  # a kind, and a sentence


@dataclass(frozen=True, eq=False)
class Slip:
    """What stands in the place of `site`, a kind of mistake, and what is `said`, with `parts`.

    `rank`: of two that give the same numbers for any data, that of the lower one is said. Those of
    alike sites with the same `tag` are made together, for people write loops. `also`: another kind
    that this may as well be. `between`: what is said of a pass that is between this one, at 0, and
    the derived one, at 1, or beyond; `times`: of one that is this one times a number.
    """

    rank: int
    tag: Any
    site: Term
    kind: str
    said: str
    parts: tuple[Any, ...]
    instead: Callable[[], Any]
    also: Said | None = None
    between: Callable[[Any], Said | None] | None = None
    times: Callable[[Any], Said] | None = None

    @cached_property
    def term(self) -> Any:
        """What stands there; None if that does not fit."""
        try:
            return self.instead()
        except IMPOSSIBLE:
            return None


def slips(line: Line, odd: bool, alone: bool) -> Iterator[Slip]:
    """All slips of a line. odd: has the handwritten cotangent another shape?

    alone: is it none of the steps of a loop? In these, other values stand in all of them.
    """
    count = Counter(line.lines.way(t, same=True) for t in line.inside)
    for t in reversed(line.inside):
        once = alone and count[line.lines.way(t, same=True)] < 3
        for way in WAYS if once else IN_LOOPS:
            yield from way(line, t)
        if odd:
            yield from operands(line, t, odd=True)


def in_words(c: Any) -> str:
    return str(c) if isinstance(c, Fraction) else f"{c:.6g}"


# The whole line ---------------------------------------------------------------------------------


def scaled(line: Line, t: Term) -> Iterator[Slip]:
    """The line times a number; nothing in its place; another cotangent; a regularizer more."""
    if t is not line.end:
        return
    lengths = {n for _, x in line.addends(t) for n in _summed(x)}
    parts = [x for _, x in line.addends(t)]
    if len(parts) > 1 and _alike(line, parts):
        lengths |= {len(parts)} | {len(parts) * n for n in lengths}
    is_parameter = line.target in line.lines.parameters

    def between(c: Any) -> Said | None:
        if c == 0 and is_parameter:
            return "overwritten", "it stays 0: what belongs to it is never added"
        if c == 0:
            return "missing-term", "it is 0: what belongs to it is left out"
        if c == -1:
            return "sign", "its sign is the wrong one"
        if any(abs(c * n - 1) < 1e-12 for n in lengths if n > 1):
            return "mean-for-sum", f"it is the mean over {round(1 / c)}, where the sum belongs"
        return "factor", f"it is {in_words(c)} times what belongs there"

    zero = partial(line.lines.terms.full, 0.0, t.shape, t.dtype)
    rank = 0 if lengths - {1} else 1
    yield Slip(rank, "scaled", t, "missing-term", "", (), zero, between=between)
    if is_parameter and t.size > 1:  # of one element, anything is some number times it
        x = line.target

        def more(c: Any) -> Said:
            return "constant", f"{in_words(c - 1)} {{}} is added, a regularizer that the loss lacks"

        without = partial(line.lines.make, "subtract", t, x)
        yield Slip(8, "more", t, "constant", "", (x,), without, between=more)
    same, after = _the_same(line), _after(line)
    for other, target in line.lines.handed.items():
        if other.shape == t.shape and target not in same:
            kind = "overwritten" if target in after else "index"
            said = "that of {} stands in its place"
            said += ": one array under two names, changed in place?" if target in after else ""

            def just(c: Any, kind: str = kind, said: str = said) -> Said | None:
                return None if c else (kind, said)  # times a number, it is no other's

            own = partial(_itself, other)
            yield Slip(9, ("other", target), t, kind, said, (target,), own, between=just)


def _itself(x: Any) -> Any:
    return x


def _the_same(line: Line) -> set[Term]:
    """The targets whose cotangents are equal to the handwritten one of a line, whatever that is."""
    lines, same = line.lines, {line.target}
    values = {s: lines.values.of(line.end) for s, x in lines.handed.items() if x is line.target}
    for x, end in lines.end.items():
        passed = lines.handed.get(end) in same  # it is the other's
        if end in lines.lines and not lines.lines[end].uses.isdisjoint(values):
            now = lines.lines[end].value({}, values, lines.values)
            passed = any(np.array_equal(now, g) for g in values.values())
        if passed:
            same.add(lines.target[x])
    return same


def _after(line: Line) -> set[Term]:
    """The targets whose cotangents are computed from the handwritten one of a line."""
    own = {s for s, target in line.lines.handed.items() if target is line.target}
    return {other.target for other in line.lines.lines.values() if not own.isdisjoint(other.uses)}


def _alike(line: Line, parts: Iterable[Any]) -> bool:
    return len({line.lines.form(x, same=True) for x in parts}) == 1


def _summed(x: Any) -> set[int]:
    """How many a term adds up, within what only multiplies or arranges that."""
    while isinstance(x, Term) and x.op is not SUM:
        parts = [y for y in within(x.inputs) if y.shape or y.op is SUM]
        if len(parts) != 1 or x.op is MATMUL:
            return set()
        (x,) = parts
    return {x.inputs[0].size // x.size} if isinstance(x, Term) and x.size else set()


# Derivatives of functions of one value ----------------------------------------------------------


def is_unary(pull: Pulled) -> bool:
    """Is it the pullback of an elementwise function of one value?"""
    shaped = [x for x in pull.xs if isinstance(x, Term)]
    return bool(pull.op.elementwise and len(shaped) == 1 and isinstance(pull.y, Term))


def derivatives(line: Line, t: Term) -> Iterator[Slip]:
    """The derivative of a function: left out, twice, taken elsewhere, that of another one."""
    for pull in line.lines.pulls.get(t, ()):
        shaped = [x for x in pull.xs if isinstance(x, Term)]
        if getattr(pull.g, "shape", None) == t.shape and len(shaped) == 1:
            name = pull.op.name
            kind = "missing-derivative"
            if line.at_loss and not pull.op.activation:
                kind = "loss-derivative-skipped"

            def times(c: Any, name: str = name) -> Said:
                return "constant", f"the number {in_words(c)} stands for the derivative of {name}"

            said = f"the derivative of {name} is left out"
            rank = 2 if pull.op.activation else 5
            yield Slip(rank, "skipped", t, kind, said, (), partial(_itself, pull.g), times=times)
        if is_unary(pull) and pull.op.activation:
            yield from _elsewhere(line, t, pull)


def _elsewhere(line: Line, t: Term, pull: Pulled) -> Iterator[Slip]:
    lines, op, g, y = line.lines, pull.op, pull.g, pull.y
    name, x = op.name, pull.xs[pull.i]

    def by(rule: Any, g: Any, y: Any, x: Any, params: Any = pull.params) -> Any:
        xs = [x if isinstance(z, Term) else z for z in pull.xs]
        return ruled(lines, rule, g, y, xs, params, t)

    rule = _rule(op, pull.i)
    said = f"the derivative of {name} is there twice"
    yield Slip(3, "twice", t, "doubled-derivative", said, (), lambda: by(rule, t, y, x))

    def at_y() -> Any:
        return by(
            rule, g, lines.made(op, tuple(y if z is x else z for z in pull.xs), pull.params), y
        )

    said = f"the derivative of {name} is taken at {{}}, its result, where it belongs at {{}}"
    yield Slip(2, "at y", t, "derivative-at-activation", said, (y, x), at_y)
    said = f"the derivative of {name} is written with {{}}, where its result {{}} belongs"
    yield Slip(2, "at x", t, "derivative-at-input", said, (x, y), lambda: by(rule, g, x, x))
    said = f"the derivative of {name} is added, where it belongs multiplied"
    yield Slip(
        6, "added", t, "operands", said, (), lambda: lines.make("add", g, by(rule, 1.0, y, x))
    )
    said = f"the derivative of {name} is taken at the cotangent {{}}, where it belongs at {{}}"
    yield Slip(3, "at g", t, "operands", said, (g, x), lambda: by(rule, g, y, g))

    def mirrored() -> Any:
        return by(rule, g, lines.make("negative", y), lines.make("negative", x))

    said = f"the derivative of {name} is taken at −{{}}"
    yield Slip(3, "at −x", t, "sign", said, (x,), mirrored)
    said = f"{{}}, the value of {name}, stands in the place of its derivative"
    yield Slip(5, "value", t, "constant", said, (y,), lambda: lines.make("multiply", g, y))
    for other in ACTIVATIONS:
        if other is not op:
            their, params = _rule(other, 0), other.forward.__kwdefaults__ or {}
            said = f"the derivative is that of {other.name}, where the activation is {name}"
            with_y = partial(by, their, g, y, x, params)
            yield Slip(5, (other, "y"), t, "constant", said, (), with_y)

            def with_x(other: Any = other, their: Any = their, params: Any = params) -> Any:
                return by(their, g, lines.made(other, (x,), params), x, params)

            yield Slip(5, (other, "x"), t, "constant", said, (), with_x)
    if np.any((lines.values.of(y) == 0) & (lines.values.of(t) == 0)):

        def least(c: Any) -> Said | None:
            said = f"the derivative of {name} is {in_words(1 - c)}, where it is 0"
            return ("constant", said) if c else None

        yield Slip(6, "least", t, "missing-derivative", "", (), lambda: g, between=least)


def _rule(op: Any, i: int) -> Any:
    return next(rule for j, rule in enumerate(op.vjps) if j == i)


def ruled(lines: Lines, rule: Any, g: Any, y: Any, xs: list[Any], params: Any, like: Term) -> Any:
    """The term that a rule makes of terms, in the shape of another."""
    nodes: dict[Any, Any] = {}

    def node(x: Any) -> Any:
        if not isinstance(x, Term):
            return x
        if x not in nodes:
            nodes[x] = leaf(lines.kind, np.asarray(lines.values.of(x))[()])
        return nodes[x]

    with in_mode(recording=True):
        made = rule(node(g), node(y), *map(node, xs), **params)
        found: Any = unbroadcast(made, node(like), ADD)
    lines.work += 50_000
    terms = {n: x for x, n in nodes.items()}
    return read(lines.terms, order(found), terms, lines.entered)[found]


# Sums -------------------------------------------------------------------------------------------


def sums(line: Line, t: Term) -> Iterator[Slip]:
    """A sum over axes: missing, along others, of one of its elements only."""
    make, end = line.lines.make, line.end
    if t.op is not SUM or not isinstance(t.inputs[0], Term):
        return
    (x,) = t.inputs
    every = sorted(axes_of(x, t.params["axis"]))
    axes = [i for i in every if x.shape[i] > 1] or every
    over = f"ax{'i' if len(axes) == 1 else 'e'}s {', '.join(map(str, axes))}"
    sites = [t, end] if end.op is OPS["reshape"] and end.inputs[0] is t else [t]
    for site in sites:
        said = f"the sum over {over} is missing"
        yield Slip(2, "unsummed", site, "unsummed", said, (), lambda: x)
        for n in range(1, x.ndim + 1):
            for other in combinations(range(x.ndim), n):
                if [*other] == axes:
                    continue
                where = f"ax{'i' if n == 1 else 'e'}s {', '.join(map(str, other))}"
                said = f"it is summed over {where}, not over {over}"
                kind = "unsummed" if {*other} < {*axes} else "axis"
                along = partial(make, "sum", x, axis=other)
                yield Slip(2, ("axis", other), site, kind, said, (), along)
                if site is not end:
                    whole = lambda a=along: make("broadcast_to", a(), shape=t.shape)  # noqa: E731
                    yield Slip(2, ("axis", other, "whole"), site, kind, said, (), whole)
    for which, some in KEPT.items():
        yield _kept(which, t, partial(_only, line, t, some))
        for axis in axes if len(axes) > 1 else ():
            yield _kept(which, t, partial(_only, line, t, some, axis), axis)


def _only(line: Line, x: Term, some: slice, axis: int | None = None) -> Any:
    """A term of which only some of what it adds up is left; raises ValueError if it does not.

    axis: of several, the one along which that is; None: all.
    """
    make = line.lines.make
    if x.op is SUM:
        (y,) = x.inputs
        axes = axes_of(y, x.params["axis"]) if axis is None else (axis,)
        key = tuple(some if i in axes else slice(None) for i in range(y.ndim))
        return make("sum", make("getitem", y, key=key), **x.params)
    if x.op is MATMUL and x.inputs[0].shape[-1] > 1:
        a, b = x.inputs
        rows = (..., some, slice(None)) if b.ndim > 1 else (some,)
        return make("matmul", make("getitem", a, key=(..., some)), make("getitem", b, key=rows))
    if x.op in (OPS["reshape"], OPS["transpose"]):
        return line.lines.made(x.op, (_only(line, x.inputs[0], some),), x.params)
    raise ValueError(f"{x} is no sum")


def _kept(which: str, t: Term, some: Callable[[], Any], axis: int | None = None) -> Slip:
    added, tag = (
        f"of what is added up{'' if axis is None else f' along axis {axis}'}",
        (which, axis),
    )
    if "but" in which:
        said = f"{added}, the {which[8:]} is left out"
        return Slip(5, tag, t, "missing-term", said, (), some)
    said = f"{added}, only the {which} is left: each overwrites the one before"
    return Slip(4, tag, t, "overwritten", said, (), some)


def products(line: Line, t: Term) -> Iterator[Slip]:
    """A matrix product: of some of the samples, not summed, with something transposed."""
    make = line.lines.make
    if t.ndim > 1 and (t is line.end or (t.op is MATMUL and t.shape[-1] == t.shape[-2])):
        last = (*range(t.ndim - 2), t.ndim - 1, t.ndim - 2)
        for axes in dict.fromkeys([last, tuple(range(t.ndim))[::-1], (1, 0, *range(2, t.ndim))]):
            said = "it is the transpose of what belongs there"
            turned = partial(make, "transpose", t, axes=axes)
            yield Slip(1, ("transposed", axes), t, "transposed", said, (), turned)
    if t.op is not MATMUL:
        return
    for i, x in enumerate(t.inputs):
        if x.ndim == 2 and x.shape[0] == x.shape[1]:

            def other(i: int = i, x: Term = x) -> Any:
                inputs = (*t.inputs[:i], make("transpose", x), *t.inputs[i + 1 :])
                return line.lines.made(t.op, inputs, t.params)

            plain = x.inputs[0] if x.op is OPS["transpose"] else x
            said = "{} stands without its transpose" if plain is not x else "{} is transposed"
            yield Slip(1, ("factor", i), t, "transposed", said, (plain,), other)
    for which, some in KEPT.items():
        yield _kept(which, t, partial(_only, line, t, some))
    a, b = t.inputs
    if a.ndim == b.ndim == 2 and (t is line.end or line.is_addend(t)):

        def each() -> Any:
            return make("multiply", a, make("transpose", b))

        def whole() -> Any:
            return make("broadcast_to", make("sum", each()), shape=t.shape)

        said = "the products stand element by element, not summed"
        yield Slip(6, "each", t, "unsummed", said, (), each)
        yield Slip(6, "whole", t, "axis", "the products are summed over all axes", (), whole)


def totals(line: Line, t: Term) -> Iterator[Slip]:
    """A total in the place of what is no sum."""
    if t.size > 1 and t.op is not SUM and (t is line.end or line.is_addend(t)):
        make = line.lines.make
        said = "it is summed over all axes, where it needs no sum"
        whole = lambda: make("broadcast_to", make("sum", t), shape=t.shape)  # noqa: E731
        yield Slip(6, "total", t, "axis", said, (), whole)
    if t.op is not SUM and "axis" in t.params and t in line.lines.closed:
        for axis in (None, *range(t.ndim)):
            made = partial(line.lines.made, t.op, t.inputs, {**t.params, "axis": axis})
            where = "all axes" if axis is None else f"axis {axis}"
            said = f"{t.op.name} goes along {where}"
            yield Slip(7, ("along", axis), t, "axis", said, (), made)


# Parts of a sum ---------------------------------------------------------------------------------


def parts(line: Line, t: Term) -> Iterator[Slip]:
    """Parts of a sum: left out, overwritten, of the wrong sign, times a number."""
    if not line.is_sum(t):
        return
    lines, addends = line.lines, line.addends(t)
    alike = _alike(line, (x for _, x in addends)) and not any(x in lines.closed for _, x in addends)
    role = lines.role.get(t)
    inner = role is not None and is_unary(role)  # a part of a derivative, such as 1 − a²
    for i, (_, x) in enumerate(addends):
        worked_out = isinstance(x, Term) and x.op and not (x in lines.atoms or _is_data(line, x))
        if worked_out and t in lines.closed and not inner:
            continue  # a part of a value that nobody works out again
        rest = [*addends[:i], *addends[i + 1 :]]

        def between(c: Any, x: Any = x) -> Said | None:
            if c == -1:
                return "sign", "{} has the wrong sign"
            if c == 0 and inner:
                return "constant", "{} is left out of the derivative"
            if c == 0 and line.at_loss and _is_data(line, x):
                return "loss-derivative-skipped", "{} is left out of the derivative of the loss"
            if c == 0:
                return "missing-term", "{} is left out"
            if inner:
                return "constant", f"{in_words(c)} times {{}} stands where {{}} belongs"
            if is_number(x):
                return None
            if any(abs(c * n - 1) < 1e-12 for n in _summed(x) if n > 1):
                return "mean-for-sum", "{} has a mean where a sum belongs"
            return "factor", f"{{}} is there {in_words(c)} times"

        also = None
        if len(addends) == 2 and not (alike or inner or line.at_loss or is_number(x)):
            also = "overwritten", "{} is overwritten by the other part"
        left = partial(lines.total, rest)
        times = None
        if line.at_loss and _is_data(line, x):

            def times(c: Any) -> Said:
                said = "{} is left out of the derivative of the loss"
                return "loss-derivative-skipped", f"{said}, which is {in_words(c)} times the rest"

        rank = 5 if inner else 3
        yield Slip(rank, ("part", i), t, "missing-term", "", (x, x), left, also, between, times)
        if (alike or len(addends) > 2) and not inner and t not in lines.closed:
            alone = partial(lines.total, [addends[i]])
            said = "only {} is left of the sum: it overwrites the others"
            yield Slip(2, ("only", i), t, "overwritten", said, (x,), alone)
    if alike and len(addends) > 2:
        for i in (0, len(addends) - 1):
            for which in ("last", "first"):
                x = addends[i][1]
                said = f"only {{}} is left of the sum, and of it only the {which}"
                some = partial(_only, line, x, KEPT[which])
                yield Slip(5, ("corner", i, which), t, "overwritten", said, (x,), some)
    if len(addends) == 2 and not inner and all(isinstance(x, Term) for _, x in addends):
        (_, a), (_, b) = addends
        for same, gone in (addends, addends[::-1]):
            said = "{} stands in the place of {}, too"
            twice = partial(lines.total, [same, same])
            yield Slip(4, ("twice", same), t, "overwritten", said, (same[1], gone[1]), twice)
        said = "{} and {} are multiplied, where they belong added"
        product = partial(lines.make, "multiply", a, b)
        yield Slip(8, "multiplied", t, "operands", said, (a, b), product)


def _is_data(line: Line, x: Any) -> bool:
    """Is it made of data alone, such as targets?"""
    pending = [*within((x,))]
    while pending:
        t = pending.pop()
        if t in line.lines.parameters or t in line.lines.ends or (t in line.lines.atoms and t.op):
            return False
        pending += [y for y in within(t.inputs) if y.dtype.kind != "b"]  # but for what guards it
    return True


# Factors ----------------------------------------------------------------------------------------


def factors(line: Line, t: Term) -> Iterator[Slip]:
    """A factor that is left out, or there once more; a sum for a product; a quotient turned."""
    make, lines = line.lines.make, line.lines
    if t.op in (MULTIPLY, DIVIDE):
        a, b = t.inputs
        role = lines.role.get(t)
        for kept, left in ((a, b), (b, a)):
            if is_number(left) or not isinstance(kept, Term) or (t.op is DIVIDE and kept is b):
                continue
            kind, said = "missing-term", "the factor {} is left out"
            if left not in lines.closed:
                said = "{} is left out"
            elif a is b:
                kind, said = "constant", "the square of {} is left out"
            elif role and is_unary(role) and role.op.activation:
                kind, said = "missing-derivative", "the factor {} of the derivative is left out"
            elif line.at_loss:
                kind, said = (
                    "loss-derivative-skipped",
                    "{} is left out of the derivative of the loss",
                )
            alone = partial(_itself, kept)
            if kept.shape != t.shape:
                alone = partial(make, "broadcast_to", kept, shape=t.shape)
            yield Slip(4, ("without", left is b), t, kind, said, (left,), alone)
        if t.op is MULTIPLY and isinstance(a, Term) and isinstance(b, Term) and a is not b:
            said = "{} and {} are added, where they belong multiplied"
            yield Slip(7, "added", t, "operands", said, (a, b), partial(make, "add", a, b))
        if t.op is DIVIDE:
            said = "it is multiplied by {}, where it belongs divided by it"
            turned = partial(make, "multiply", a, b)
            yield Slip(6, "turned", t, "constant", said, (b,), turned)
    if t is line.end:
        near = {y for s in line.inside for y in within(s.inputs)}
        for x in (x for x in lines.closed if x in near and x.dtype.kind == "f"):
            if _spreads(x, t) and not _is_data(line, x):
                said = "{} is there once more as a factor"
                yield Slip(
                    8, ("times", x), t, "constant", said, (x,), partial(make, "multiply", t, x)
                )
                said = "it is divided by {} once more"
                yield Slip(8, ("over", x), t, "constant", said, (x,), partial(make, "divide", t, x))


def _spreads(x: Term, t: Term) -> bool:
    try:
        return np.broadcast_shapes(x.shape, t.shape) == t.shape
    except ValueError:
        return False


def functions(line: Line, t: Term) -> Iterator[Slip]:
    """A function that is left out, or there twice; another number in it; a mask turned round."""
    lines = line.lines
    shaped = [*within(t.inputs)]
    plain = (ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATIVE)
    if t.op.elementwise and len(shaped) == 1 and shaped[0].shape == t.shape:
        (x,) = shaped
        if t.op not in plain and t.dtype == x.dtype and t in lines.closed:
            said = f"{t.op.name} of {{}} is left out"
            yield Slip(5, "plain", t, "constant", said, (x,), lambda: x)
            again = tuple(t if y is x else y for y in t.inputs)
            said = f"{t.op.name} of {{}} is there twice"
            twice = partial(lines.made, t.op, again, t.params)
            yield Slip(6, "again", t, "constant", said, (x,), twice)
        for k in filter(is_number, t.inputs):
            others: Iterable[float] = ()
            if t.op is OPS["power"]:
                others = (k - 1, k + 1, k - 0.5, k + 0.5, -k)
            elif t.op is ADD and abs(k) < 0.1:
                others = SMALL
            for other in others:
                if other != k:
                    inputs = tuple(other if y is k else y for y in t.inputs)
                    said = f"{in_words(other)} stands where {in_words(k)} belongs"
                    made = partial(lines.made, t.op, inputs, t.params)
                    yield Slip(5, ("number", other), t, "constant", said, (), made)
    if t.op.name in OPPOSITE and t in lines.closed:
        opposite = OPS[OPPOSITE[t.op.name]]
        said = f"{opposite.symbol} stands where {t.op.symbol} belongs"
        turned = partial(lines.made, opposite, t.inputs, {})
        yield Slip(4, "opposite", t, "sign", said, (), turned)


# Operands ---------------------------------------------------------------------------------------


def operands(line: Line, t: Term, odd: bool = False) -> Iterator[Slip]:
    """Another value in the place of one; a cotangent with a derivative once more, or none."""
    lines = line.lines
    if t.op.name in ("equal", "not_equal"):  # a guard, which nobody writes
        return
    for x in dict.fromkeys(within(t.inputs)):
        if x.dtype.kind not in "fb" or not (x in lines.closed or x in lines.ends):
            continue

        def put(other: Any, x: Term = x) -> Any:
            return lines.made(t.op, tuple(other if y is x else y for y in t.inputs), t.params)

        i = t.inputs.index(x) if x in t.inputs else 0
        for other in _candidates(line, x, t, odd):
            kind = "index" if lines.kin(other) == lines.kin(x) else "operands"
            said = "{} stands where {} belongs"
            yield Slip(6, ("operand", i, other), t, kind, said, (other, x), partial(put, other))
        if x.op and "axis" in x.params and x in lines.atoms:
            for axis in (None, *range(x.ndim)):
                where = "all axes" if axis is None else f"axis {axis}"
                said = f"{x.op.name} goes along {where} in {{}}"

                def along(axis: Any = axis, x: Term = x, put: Any = put) -> Any:
                    return put(lines.made(x.op, x.inputs, {**x.params, "axis": axis}))

                yield Slip(7, ("along", i, axis), t, "axis", said, (x,), along)
        if x not in lines.ends:
            continue
        if t.op in (MULTIPLY, OPS["where"]):
            ones = lambda put=put: lines.make("broadcast_to", put(1.0), shape=t.shape)  # noqa: E731
            yield Slip(7, ("ones", i), t, "missing-term", "{} is left out", (x,), ones)


def derived(line: Line, t: Term) -> Iterator[Slip]:
    """A cotangent with the derivative of the activation, which it has, once more."""
    lines = line.lines
    for i, x in enumerate(within(t.inputs)):
        for pull in lines.pulls_of.get(lines.ends.get(x), ()):
            if is_unary(pull) and pull.op.activation:

                def twice(x: Term = x, pull: Pulled = pull) -> Any:
                    rule = _rule(pull.op, pull.i)
                    again = ruled(lines, rule, x, pull.y, [*pull.xs], pull.params, x)
                    inputs = tuple(again if y is x else y for y in t.inputs)
                    return lines.made(t.op, inputs, t.params)

                said = f"the derivative of {pull.op.name}, which {{}} has, is there once more"
                yield Slip(5, ("derived", i), t, "doubled-derivative", said, (x,), twice)


def _candidates(line: Line, x: Term, t: Term, odd: bool) -> list[Term]:
    """What may stand in the place of a value: others of its shape, that are known before."""
    lines = line.lines

    def fits(s: Term) -> bool:
        like = s.ndim == x.ndim if odd else s.shape == x.shape
        return like and s is not x and s is not t and s.dtype.kind == "f"

    before = [s for s in lines.ends if fits(s) and lines.is_before(s, line)]
    values = [s for s in dict.fromkeys([*lines.atoms, *lines.closed]) if fits(s)]
    if x in lines.ends:
        return before + [s for s in values if s.op is not None]
    return values + (before if t.dtype.kind == "b" else [])


def stale(line: Line, t: Term) -> Iterator[Slip]:
    """A parameter that was updated before it is used: by all of its gradient, or a part so far."""
    lines = line.lines
    for k, x in enumerate(within(t.inputs) if t not in lines.forward else ()):
        if x not in lines.gradients:
            continue

        def between(c: Any) -> Said | None:
            said = f"{{}} is updated before it is used here, by −{in_words(1 - c)} of its gradient"
            return ("stale", said) if c < 1 else None

        def updated(steps: list[tuple[int, Any]], x: Term = x) -> Any:
            after = lines.total([(1, x), *((-sign, g) for sign, g in steps)])
            return lines.made(t.op, tuple(after if y is x else y for y in t.inputs), t.params)

        steps = [[(1, lines.gradients[x])]]
        own = next(node for node, target in lines.target.items() if target is x)
        if isinstance(lines.end[own], Term):
            added = addends_of(lines, lines.end[own])
            steps += [[part] for part in added] if len(added) > 1 else []
        for i, step in enumerate(steps):
            after = partial(updated, step)
            yield Slip(7, ("stale", k, i), t, "stale", "", (x,), after, between=between)


def addends_of(lines: Lines, end: Term) -> list[tuple[int, Any]]:
    return lines.lines[end].addends(end) if end in lines.lines else [(1, end)]


# The derivative of the loss ---------------------------------------------------------------------


def losses(line: Line, t: Term) -> Iterator[Slip]:
    """The derivative of the loss itself: that of another, or of none."""
    if not line.at_loss:
        return
    make, terms = line.lines.make, line.lines.terms
    kind = "loss-derivative-skipped"
    if t.op is SUBTRACT and all(isinstance(x, Term) for x in t.inputs):
        a, b = t.inputs
        said = "{} is left out of the derivative of the loss"
        ones = partial(terms.full, 1.0, t.shape, t.dtype)
        yield Slip(3, "ones", t, kind, said, (t,), ones)
        square = partial(make, "multiply", t, t)
        yield Slip(4, "square", t, kind, "{} stands squared", (t,), square)
        size = partial(make, "abs", t)
        yield Slip(4, "size", t, kind, "{} stands without its sign", (t,), size)
        said = "−{} / {} stands where {} belongs"
        ratio = lambda: make("negative", make("divide", b, a))  # noqa: E731
        yield Slip(6, "ratio", t, kind, said, (b, a, t), ratio)
        said = "the derivative of an activation, {0} (1 − {0}), is there, too"

        def twice() -> Any:
            return make("multiply", t, make("multiply", a, make("subtract", 1.0, a)))

        yield Slip(4, "twice", t, "doubled-derivative", said, (a,), twice)
        for sign in (-1.0, 1.0) if _is_data(line, b) else ():
            stored = lambda sign=sign: make(  # noqa: E731
                "where", make("not_equal", b, 0.0), make("multiply", sign, b), a
            )
            said = "{} is stored, where it belongs subtracted"
            yield Slip(8, ("stored", sign), t, "overwritten", said, (b,), stored)
    if t is line.end:
        for data in line.lines.atoms:
            if data.op is None and data.shape == t.shape and data is not line.target:
                said = "the derivative is that of a squared error, of {} − {}"
                error = partial(make, "subtract", line.target, data)
                yield Slip(2, ("error", data), t, kind, said, (line.target, data), error)


# Places -----------------------------------------------------------------------------------------


def classes(line: Line, t: Term) -> Iterator[Slip]:
    """Other class numbers, or indices."""
    lines, make = line.lines, line.lines.make
    shape: Any = t.params.get("shape") or getattr(t.inputs[0], "shape", None) or (0,)
    found = [x for x in within(t.inputs) if x.dtype.kind in "iu"]
    for i, x in enumerate(found):
        n = t.params.get("n", shape[i] if len(found) <= len(shape) else shape[0])

        def put(other: Any, x: Term = x) -> Any:
            return lines.made(t.op, tuple(other if y is x else y for y in t.inputs), t.params)

        for other in lines.atoms:
            if other is not x and other.dtype.kind in "iu" and other.shape == x.shape:
                said = "{} stands where {} belongs"
                made = partial(put, other)
                yield Slip(7, ("number", i, other), t, "index", said, (other, x), made)
        for shift in (-1, 1) if n else ():

            def shifted(shift: int = shift, x: Term = x, n: int = n, put: Any = put) -> Any:
                name = f"{lines.text(x)[0]} {'−' if shift < 0 else '+'} 1"
                return put(lines.entered((lines.values[x] + shift) % n, name))

            said = f"{{0}} {'−' if shift < 0 else '+'} 1 stands where {{0}} belongs"
            yield Slip(7, ("shift", i, shift), t, "index", said, (x,), shifted)
    if t.op is OPS["one_hot"]:

        def every() -> Any:
            return make("broadcast_to", make("max", t, axis=0, keepdims=True), shape=t.shape)

        said = "the classes of all samples are meant in each row"
        yield Slip(7, "every", t, "index", said, (), every)


def places(line: Line, t: Term) -> Iterator[Slip]:
    """What is added at places of an array: stored, at other ones, not added up."""
    lines, make = line.lines, line.lines.make
    if t.op is not OPS["scatter"] or len(t.inputs) < 2:
        return
    value, *arrays = t.inputs
    first = arrays[0]

    def at(value: Any, arrays: Any) -> Any:
        return lines.made(t.op, (value, *arrays), t.params)

    zero = lines.terms.full(0.0, t.shape, t.dtype)
    params = {"pieces": ((t.params["key"], len(arrays), None),), "added": False}
    said = "what is added at the same place overwrites what was there"
    last = partial(lines.made, PUT, (zero, value, *arrays), params)
    yield Slip(3, "put", t, "overwritten", said, (), last)
    if t is line.end and isinstance(value, Term):
        said = "what belongs at the same place is not added up"
        yield Slip(5, "value", t, "unsummed", said, (), lambda: value)
    for axis in range(first.ndim):
        for which, kept in KEPT.items():
            key = (*(slice(None),) * axis, kept)

            def some(key: Any = key) -> Any:
                return at(
                    make("getitem", value, key=key), [make("getitem", x, key=key) for x in arrays]
                )

            yield _kept(which, t, some)
            if "but" not in which:

                def same(key: Any = key) -> Any:
                    ones = (make("getitem", x, key=key) for x in arrays)
                    return at(value, [make("broadcast_to", x, shape=first.shape) for x in ones])

                said = f"the {which} of {{}} along axis {axis} stands for all"
                yield Slip(7, ("same", axis, which), t, "index", said, (first,), same)
    for other in lines.atoms:
        if other.dtype.kind in "iu" and other.shape != first.shape and len(arrays) == 1:

            def spread(other: Term = other) -> Any:
                column = make(
                    "reshape", other, shape=other.shape + (1,) * (first.ndim - other.ndim)
                )
                return at(value, [make("broadcast_to", column, shape=first.shape)])

            said = "{} stands where {} belongs"
            yield Slip(7, ("spread", other), t, "index", said, (other, first), spread)


def slices(line: Line, t: Term) -> Iterator[Slip]:
    """Another slice of a value; two slices that have changed places."""
    lines = line.lines
    if t.op is OPS["getitem"] and isinstance(t.inputs[0], Term):
        x = t.inputs[0]
        for axis, k in enumerate(t.params["key"][: t.ndim]):
            if not isinstance(k, slice) or k == slice(None) or k.step not in (None, 1):
                continue
            length, n = t.shape[axis], x.shape[axis]
            for start in sorted({0, length, n - length, n - 2 * length}):
                if 0 <= start <= n - length and start != range(n)[k].start:
                    key = list(t.params["key"])
                    key[axis] = slice(start, start + length)
                    made = partial(lines.make, "getitem", x, key=tuple(key))
                    said = f"elements {start} to {start + length - 1} of {{}} stand for these"
                    yield Slip(7, ("slice", axis, start), t, "index", said, (x,), made)
    if line.is_sum(t):
        addends = line.addends(t)
        spread = [
            i
            for i, (_, x) in enumerate(addends)
            if isinstance(x, Term) and x.op is OPS["scatter"] and isinstance(x.inputs[0], Term)
        ]
        for i, j in combinations(spread, 2):
            a, b = addends[i][1], addends[j][1]
            if a.inputs[0].shape == b.inputs[0].shape:

                def swapped(i: int = i, j: int = j, a: Term = a, b: Term = b) -> Any:
                    new = [*addends]
                    for k, x, y in ((i, a, b), (j, b, a)):
                        inputs = (y.inputs[0], *x.inputs[1:])
                        new[k] = new[k][0], lines.made(x.op, inputs, x.params)
                    return lines.total(new)

                said = "{} and {} have changed places"
                parts = a.inputs[0], b.inputs[0]
                yield Slip(7, ("swap", i, j), t, "index", said, parts, swapped)


IN_LOOPS = (
    *(scaled, derivatives, derived, sums, products, totals, parts, factors, functions, stale),
    *(losses, classes, places, slices),
)
WAYS = (*IN_LOOPS, operands)
