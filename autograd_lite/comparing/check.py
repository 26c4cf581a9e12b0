"""Derived gradients against numerical ones, to second order, for ops of the user's own too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from math import isfinite, nan
from time import perf_counter
from typing import Any

import numpy as np

from ..graph import Node, check_function, describe
from ..lazy import settle
from ..mode import in_mode
from ..names import Names, Namespace
from ..op import GENERATORS, rewind, state_of
from ..reverse import check_recorded, grad, listed
from ..reverse import order as in_order
from ..showing import Table, with_bar
from ..tensor import Tensor
from ..trees import held, mapped
from .keys import find
from .replay import Replay
from .subjects import Subject, alone, first_derivatives, second_derivatives
from .verdict import SECONDS, Verdict, judge, relation

OFTEN = 20  # the nodes of one op that are looked at before others, in search of a fault


@dataclass(frozen=True)
class Row:
    """One gradient: where it is furthest from the numerical one, and what that tells.

    `absolute` is the largest difference, at `place`, `relative` the same over the largest
    magnitude; `method` is "complex step", "differences" or "directions", and `checked` says how
    many; `slope` is that of the Taylor test, NaN where there is no remainder; `verdict` is "right",
    "corner" (the slope of one side of a corner, or between: not an error), or what is wrong.
    """

    name: str
    shape: tuple[int, ...]
    absolute: float
    relative: float
    place: str
    method: str
    checked: str
    slope: float
    verdict: str

    @property
    def ok(self) -> bool:
        return self.verdict in ("right", "corner")


@dataclass(frozen=True)
class GradientCheck:
    """What `check_grad` found: a row for each gradient, and a sentence for each finding."""

    rows: tuple[Row, ...]
    findings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Is every derived gradient right?"""
        return all(row.ok for row in self.rows)

    def raise_if_wrong(self) -> None:
        """Raise AssertionError, with the report, unless all gradients are right."""
        if not self.ok:
            raise AssertionError(f"derived gradients differ from numerical ones\n{self}")

    @property
    def _table(self) -> Table:
        head = "name", "shape", "absolute", "relative", "at", "method", "of", "slope", "verdict"
        lines = [
            (
                *(r.name, str(r.shape), f"{r.absolute:.1e}", f"{r.relative:.1e}", r.place),
                *(r.method, r.checked, f"{r.slope:.1f}" if isfinite(r.slope) else "", r.verdict),
            )
            for r in self.rows
        ]
        return Table(head, lines, right=[7], verdicts=[row.ok for row in self.rows])

    def __str__(self) -> str:
        return "\n".join([str(self._table), *self.findings])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        told = Table(("findings",), [(finding,) for finding in self.findings])
        return self._table._repr_html_() + (told._repr_html_() if self.findings else "")


def check_grad(
    f: Any,
    *args: Any,
    wrt: Any = None,
    order: int = 1,
    names: Mapping[str, Any] | None = None,
    rng: Any = 0,
    progress: bool = True,
) -> GradientCheck:
    """Hold derived gradients against numerical ones: `check_grad(fn, *args)`, `check_grad(loss)`.

    fn, args: a function of arrays or Tensors, also in lists and dicts, that returns a Tensor of any
    shape; the gradient in each floating array among them is checked. loss, wrt: a recorded Tensor
    of any shape, and the Tensors whose gradients are checked, leaves, intermediates or names of
    them; by default all leaves. order: 2 checks second derivatives, too, in rows called `W, again`,
    if the first are right. names: what Tensors are called, as `locals()`. rng: a seed or Generator
    for directions and cotangents. progress: show a bar (tqdm's, where it is installed) for what
    takes more than 2 seconds.

    With a random cotangent g, the derivative of gᵀy along d is Im gᵀy(x + i h d) / h, the complex
    step with h = 1e-20, where the ops' forwards take complex numbers and that agrees with
    differences; else it is (gᵀy(x + h d) - gᵀy(x - h d)) / 2h, extrapolated to h = 0. A tolerance
    is a multiple of the error that is estimated, of truncation and rounding. Of up to 200 elements
    each is checked; of more, or where 5 seconds are not enough, the sums along random directions,
    and the elements of the largest gradients. What was recorded in float32 is run in double
    precision, and its own gradient must agree with that to half of its digits. The slope is that of
    the Taylor remainder. `Probe` gives the sources.

    Where one-sided differences differ, and the derived value lies between, the difference crosses a
    corner, which is no error. Where a gradient is wrong, each op on the way is checked by itself,
    the last first, and the finding names the first whose VJP departs.

    Raises TypeError for what is neither a function nor a floating Tensor, ValueError for an `order`
    that is not 1 or 2, for no floating argument, and for a function whose results differ from call
    to call.

    >>> from autograd_lite import Tensor, check_grad, primitive
    >>> @primitive(lambda g, y, x: g * 6 * x**2)
    ... def cube(x):
    ...     return x**3
    >>> report = check_grad(lambda x: np.sin(cube(x)), np.array([0.5, 1.0]))
    >>> report.ok
    False
    >>> print(*report.findings, sep="\\n")
    the gradient of x is 2 times the difference quotient
    the VJP of cube for x (input 0) is 2 times the difference quotient
    >>> W = Tensor([[0.5, -1.0]], name="W")
    >>> check_grad(np.tanh(W @ W.T)).rows[0].verdict
    'right'
    """
    if order not in (1, 2):
        raise ValueError(
            f"order is {describe(order)}; 1 or 2 is needed, for first or second derivatives; leave "
            "it out for 1"
        )
    rng, shown = np.random.default_rng(rng), partial(with_bar, "checking", progress)
    with in_mode(recording=True), np.errstate(all="ignore"):
        lost: list[Row] = []
        if isinstance(f, Node):
            y, called = f, Names(names, in_order(f))
            targets = _targets(y, args, wrt, names)
            settle(y)
            replay = Replay(y, *targets)
            first = first_derivatives(y, replay, targets, rng, called)
        else:
            y, targets, called, call = _called(f, args, wrt, names)
            replay = Replay(y, *targets)
            first = first_derivatives(y, replay, targets, rng, called)
            lost = _lost(getattr(f, "__name__", "the function"), y, replay, first, call, rng)
        rows, findings = lost, [f"{row.name} {row.verdict}" for row in lost]
        space = Namespace()
        labels = [space.free(called(x) or f"input {i}") for i, x in enumerate(targets)]
        off = _off_in_float32(y, replay, first, rng)
        for label, subject in zip(labels, first):
            found = judge(subject.probe, subject.derived, rng, subject.locate, shown)
            if found.ok and subject.x in off:
                found.verdict = f"is right, but not in {y.dtype}"
            rows.append(_row(label, subject, found))
            findings += _told(f"the gradient of {label}", subject, found)
        if all(row.ok for row in rows) and order == 2:
            for label, subject in zip(labels, second_derivatives(y, replay, targets, rng, called)):
                found = judge(subject.probe, subject.derived, rng, subject.locate, shown)
                rows.append(_row(f"{label}, again", subject, found))
                findings += _told(f"the second derivative of {label}", subject, found)
        if any(row.verdict == "wrong" for row in rows):
            findings += _at_fault(y, replay, targets, len(rows) > len(targets), rng, shown)
    return GradientCheck(tuple(rows), tuple(dict.fromkeys(findings)))


def _row(label: str, subject: Subject, found: Verdict) -> Row:
    unit = abs(float(subject.cotangent)) if not np.ndim(subject.cotangent) else 1.0
    place = "" if found.place is None else str(list(found.place)) if found.place else ""
    absolute = found.absolute / unit if unit else found.absolute
    facts = place, found.method, found.checked, found.slope, found.verdict
    return Row(label, np.shape(subject.derived), absolute, found.relative, *facts)


def _told(what: str, subject: Subject, found: Verdict) -> list[str]:
    if found.ok:
        return found.corners
    if found.verdict == "wrong":
        return [*found.corners, f"{what} {relation(subject.derived, found.numerical)}"]
    return [f"{what} {found.verdict}"]


# What is checked --------------------------------------------------------------------------------


def _targets(y: Any, args: tuple[Any, ...], wrt: Any, names: Mapping[str, Any] | None) -> list[Any]:
    """The Tensors whose gradients are to be checked; names stand for Tensors of the graph."""
    check_recorded(y, "what is to be checked")
    if len(args) > 1 or (args and wrt is not None):
        raise TypeError(
            f"check_grad got {len(args)} arguments beside a Tensor; the Tensors to check are "
            "needed, as one list; pass check_grad(loss, [W, b])"
        )
    wrt = args[0] if args else wrt
    if wrt is None:
        return [x for x in in_order(y) if x.op is None and not x.constant]
    if isinstance(wrt, str):
        wrt = [wrt]
    if isinstance(wrt, Sequence):
        wrt = [find(y, [x], names)[0][1] if isinstance(x, str) else x for x in wrt]
    return listed(wrt, "wrt")


def _called(
    f: Any, args: tuple[Any, ...], wrt: Any, names: Mapping[str, Any] | None
) -> tuple[Any, list[Any], Names, Callable[[Iterable[Any]], Any]]:
    """What f records, its nodes for floating arguments, their names, and f of other such nodes."""
    check_function(f, "what is to be checked", ", or the Tensor that it returned")
    leaves = [Tensor(x) for x in held(args) if _is_floating(x)]
    if wrt is not None or not leaves:
        raise ValueError(
            f"check_grad got {len(leaves)} floating arguments and wrt={describe(wrt)} for "
            f"{describe(f)}; arguments say what is checked, and others have no gradient; pass "
            "arrays of floating numbers, or the Tensor that the function returns, and wrt"
        )

    def entered(nodes: Iterable[Any]) -> Any:
        following = iter(nodes)
        return mapped(lambda x: next(following) if _is_floating(x) else x, args)

    def call(nodes: Iterable[Any]) -> Any:
        for generator, state in states:
            rewind(generator, state)
        y = f(*entered(nodes))
        if isinstance(y, (int, float, np.ndarray, np.generic)):  # the gradient is 0, or lost
            y = Tensor(np.asarray(y, float))
        check_recorded(y, f"what {describe(f)} returned")
        settle(y)
        return y

    states = [(rng, state_of(rng)) for rng in held(args) if isinstance(rng, GENERATORS)]
    y = call(leaves)
    for node in in_order(y):  # those that it captured draw the same from here on
        known = [generator for generator, _ in states]
        drawing = [p for p in node.params.values() if isinstance(p, GENERATORS) and p not in known]
        states += [(rng, state_of(rng)) for rng in drawing]
    y = call(leaves)
    if not np.array_equal(call(leaves).value, y.value, equal_nan=True):
        raise ValueError(
            f"{describe(f)} gave two results for the same arguments; one is needed, to compare "
            "calls; draw random numbers with dropout, or pass the generator as an argument"
        )
    given, rest = dict(names or {}), list(entered(leaves))
    try:
        for name, parameter in signature(f).parameters.items():
            several = parameter.kind is Parameter.VAR_POSITIONAL
            given[name] = [rest.pop(0) for _ in rest[:]] if several else rest.pop(0)
    except (TypeError, ValueError, IndexError):  # of a function in C, or of fewer arguments
        pass
    return y, leaves, Names(given, in_order(y, *leaves)), call


def _is_floating(x: Any) -> bool:
    return isinstance(x, float) or (hasattr(x, "dtype") and x.dtype.kind == "f")


def _lost(
    name: str, y: Any, replay: Replay, first: list[Subject], call: Any, rng: np.random.Generator
) -> list[Row]:
    """A row that says so if a function is not what it recorded, near its arguments."""
    eps = float(np.finfo(y.dtype).eps) if replay.narrow else replay.eps
    step = [eps ** (1 / 3) * s.probe.scale * rng.standard_normal(s.x.shape) for s in first]
    g, rises = first[0].cotangent, []
    for sign in (1, -1):
        moved = [s.probe.x + sign * d for s, d in zip(first, step)]
        again = replay.run({s.x: v for s, v in zip(first, moved)})[y]
        itself = call([Tensor(v) for v in moved]).value
        rises.append([sign * np.sum(g * v) for v in (itself, again)])
    itself, recorded = np.sum(rises, axis=0)
    noise = 64 * eps * float(np.linalg.norm(g * y.value))
    off = float(np.abs(itself - recorded))
    if not off > noise + np.sqrt(eps) * max(abs(itself), abs(recorded)):
        return []
    verdict = (
        "depends on its arguments in a way that is not recorded (.data, float(), a branch), and "
        "its gradient misses that"
    )
    size = max(abs(itself), abs(recorded))
    return [Row(name, y.shape, off, off / size, "", "directions", "1", nan, verdict)]


def _off_in_float32(
    y: Any, replay: Replay, first: list[Subject], rng: np.random.Generator
) -> set[Any]:
    """The nodes whose gradient, as it was recorded, is not what it is in double precision.

    To half of the digits, and what the rounding of each value on the way may come to.
    """
    if not replay.narrow or replay.random:
        return set()
    eps = float(np.finfo(np.float32).eps)
    shaken = {
        key: v * (1 + eps * rng.uniform(-1, 1, np.shape(v))) if _is_floating(v) else v
        for key, v in replay.values.items()
    }
    twins, targets = replay.twin(shaken), [s.x for s in first]
    g = first[0].cotangent
    other = grad(twins[y], [twins[x] for x in targets], g * (1 + eps * rng.uniform(-1, 1, g.shape)))
    off = set()
    for s, gx, near in zip(first, grad(y, targets, g.astype(y.dtype)), other):
        rounding = 16 * np.abs(near - s.derived).max(initial=0)
        least = np.sqrt(eps) * np.abs(s.derived).max(initial=0)
        if np.abs(gx - s.derived).max(initial=0) > least + rounding or not np.isfinite(gx).all():
            off.add(s.x)
    return off


# The op at fault --------------------------------------------------------------------------------


def _at_fault(
    y: Any, replay: Replay, targets: list[Any], again: bool, rng: np.random.Generator, shown: Any
) -> list[str]:
    """The op, the last first, whose own derivative is not that of its forward.

    again: the derivative of its VJPs. Of an op that is there often, a few nodes come first.
    """
    twins = replay.twin(replay.values)
    count = Counter[Any]()
    early: list[Any] = []
    late: list[Any] = []
    for node, *_ in reversed(replay.after(targets)):
        count[node.op] += 1
        (early if count[node.op] <= OFTEN else late).append(twins[node])
    deadline = perf_counter() + 2 * SECONDS
    for node in shown([*early, *late]):
        if node.dtype.kind != "f" or node.op is None:
            continue
        result, inputs = alone(node)
        derivatives = second_derivatives if again else first_derivatives
        own = Replay(result)
        for i, s in zip(inputs, derivatives(result, own, [*inputs.values()], rng, _nameless)):
            found = judge(s.probe, s.derived, rng, s.locate, directions=1)
            if found.verdict == "wrong":
                code = node.op.forward.__code__
                known = code.co_varnames[: code.co_argcount]
                place = f"{known[i]} (input {i})" if i < len(known) else f"input {i}"
                if again:
                    told = f"a VJP of {node.op.name}, differentiated in {place},"
                else:
                    told = f"the VJP of {node.op.name} for {place}"
                    doubled = grad(result, inputs[i], 2 * s.cotangent)
                    if s.derived.any() and np.array_equal(doubled, s.derived):
                        return [f"{told} ignores its cotangent"]
                return [f"{told} {relation(s.derived, found.numerical)}"]
        if perf_counter() > deadline:
            return [f"no op was found at fault within {2 * SECONDS:g} seconds"]
    return ["each op's own derivative is right; what is wrong lies between the ops"]


def _nameless(x: Any) -> None:
    return None
