"""Handwritten gradients against derived ones: a verdict and the differences, name by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array, Node, describe
from ..lazy import settle
from ..reverse import check_loss, order, pullback, sweep
from ..showing import Table, paragraph
from .causes import Cause, Found, explained
from .keys import find, numbers
from .kinks import Pull, settled
from .relations import related
from .rounding import tolerances


@dataclass(frozen=True)
class Row:
    """One name: the shapes, the differences, the verdict, and where a mistake is made.

    `absolute` is the largest difference, `relative` the same over the largest magnitude. `verdict`:
    `equal`, or how the handwritten gradient is related to the derived one: `2 times the derived
    one`, `its transpose`, or just `differs`. Where a pass by another choice at kinks is meant, it
    is that which the derived one stands for: `equal, but for relu's kink at z1[3, 1]: both choices
    are defensible`. `step`: `right`; `wrong`, where a mistake is made; or `follows`, where none is
    made, but one came in with the handwritten values before it.
    """

    name: str
    shape: tuple[int, ...]
    absolute: float
    relative: float
    verdict: str
    step: str

    @property
    def ok(self) -> bool:
        return self.step == "right"


@dataclass(frozen=True)
class Comparison:
    """What `compare` found: `rows`, from the loss back, and `notes`, what these say together.

    `nodes`: what the rows are of; `arrays`: the handwritten gradients. `causes`: slips that give
    the numbers of the wrong rows, in the order of these; they are looked for when they are asked
    for. `marks`: what was found, for `derive(..., marks=)` and `draw(..., marks=)`. `str()` is a
    table with notes and causes below, and so it is shown in a notebook.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = field(default=(), repr=False)
    arrays: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)
    _explain: Callable[[], Found] = field(default=lambda: Found((), ()), repr=False, compare=False)

    @cached_property
    def _found(self) -> Found:
        return self._explain()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why the wrong rows are wrong, as far as a slip is known that gives their numbers."""
        return self._found.causes

    @property
    def ok(self) -> bool:
        """Is every handwritten gradient equal to the derived one?"""
        return all(row.ok for row in self.rows)

    @property
    def first_wrong(self) -> Row | None:
        """The row where the first mistake is made, counted from the loss."""
        return next((row for row in self.rows if row.step == "wrong"), None)

    @property
    def marks(self) -> dict[Node, tuple[str, str, np.ndarray]]:
        """What was found, for derivations and drawings: of each value its step, why it is wrong,
        and the handwritten gradient."""
        why = {cause.name: cause.detail for cause in reversed(self.causes)}
        return {
            x: (row.step, why.get(row.name, row.verdict) if row.step == "wrong" else "", array)
            for x, row, array in zip(self.nodes, self.rows, self.arrays)
        }

    def raise_if_wrong(self) -> None:
        """Raise AssertionError, with all that was found, unless all gradients are equal."""
        if not self.ok:
            raise AssertionError(f"handwritten gradients differ from the derived ones\n{self}")

    @property
    def _table(self) -> Table:
        head = ["name", "shape", "absolute", "relative", "verdict"]
        cells = [
            [r.name, str(r.shape), f"{r.absolute:.1e}", f"{r.relative:.1e}", r.verdict]
            for r in self.rows
        ]
        if not self.ok:
            head.append("step")
            cells = [[*cell, row.step] for cell, row in zip(cells, self.rows)]
        return Table(head, cells, verdicts=[row.ok for row in self.rows])

    def __str__(self) -> str:
        said = [str(self._table), *self.notes]
        for i, cause in enumerate(self.causes):
            same = i + 1 < len(self.causes) and self.causes[i + 1].written == cause.written != ""
            said.append(f"{cause.sentence}, or" if same else str(cause))
        return "\n".join([*said, *self._found.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        causes = "".join(cause._repr_html_() for cause in self.causes)
        notes, more = ("".join(map(paragraph, some)) for some in (self.notes, self._found.notes))
        return self._table._repr_html_() + notes + causes + more


def compare(
    loss: Node,
    handwritten: Mapping[Any, Any],
    names: Mapping[str, Any] | None = None,
    rtol: float | None = None,
) -> Comparison:
    """Compare handwritten gradients of `loss` with the derived ones.

    handwritten: ∂loss/∂x as an array, a nested list or a Tensor, under x itself or a name of it: a
    parameter's, one given by `.named`, one in `names`, such as `locals()` (`P["W"]` of what a dict
    P holds), or the one that its module has for it, `layers.0.W`. Give those of intermediates, too:
    each is held against what the derived pass makes of your own values before it, so that a mistake
    is told from what follows from one. rtol: how much two gradients may differ, relative to the
    largest magnitude in either, so that a small element is judged by the large ones beside it; by
    default some 30 times what rounding moves the gradient by, which is tried.

    Exactly at a kink, as at relu'(0), |x|'(0) or a tie of a maximum, the derivative of either side
    is right, or the mean of both, and so is all that follows from it; the verdict says so. A pass
    makes one choice in each place of an expression, or for each op where there are many.

    Values that are not computed yet, Dask's, are computed once; the graph then holds them.

    A wrong shape or a NaN is a verdict, not an error. Raises TypeError if `handwritten` is no dict,
    or a value in it no array of numbers; ValueError if it is empty, or has a name that the graph of
    `loss` does not have, has twice, or has for a constant, and for a loss of several elements.

    >>> from autograd_lite import Tensor, compare
    >>> x, W = np.array([[1.0, 2.0]]), Tensor([[3.0], [4.0]], name="W")
    >>> loss = ((x @ W) ** 2).sum()
    >>> print(compare(loss, {"W": 2 * x.T * 11}))
    name  shape   absolute  relative  verdict
    W     (2, 1)  0.0e+00   0.0e+00   equal
    >>> print(compare(loss, {"W": x.T * 11}, names={"x": x}))
    name  shape   absolute  relative  verdict                    step
    W     (2, 1)  2.2e+01   5.0e-01   1/2 times the derived one  wrong
    pass the gradients of intermediates, too, {'z': dz}, to see where it is made
    W: it is 1/2 times what belongs there (factor)
        these are the numbers of  d_W = xᵀ x W
        it should read            d_W = 2 xᵀ x W
    """
    check_loss(loss)
    if not isinstance(handwritten, Mapping):
        raise TypeError(
            f"compare got {describe(handwritten)} for handwritten gradients; a dict of arrays by "
            "the names of what they belong to is needed; pass {'W': dW}"
        )
    if not handwritten:
        raise ValueError(
            "compare got no handwritten gradients; one at least is needed, for nothing is right "
            "about none; pass {'W': dW}"
        )
    if rtol is not None and not (isinstance(rtol, (int, float, np.number)) and rtol >= 0):
        raise ValueError(
            f"rtol is {describe(rtol)}; a number of at least 0 is needed; leave it out for what "
            "rounding allows"
        )
    found = find(loss, handwritten, names)
    gradients = settle(loss, handwritten.values())
    given = [(x, name, numbers(name, x, g)) for (name, x), g in zip(found, gradients)]
    place = _backwards(loss)
    given.sort(key=lambda one: place[one[0]])
    apart = tolerances(loss, [x for x, *_ in given], float(np.finfo(loss.dtype).eps))
    judged = settled(loss, partial(_all_judged, loss, given, apart, rtol), names)
    rows, nodes = (tuple(some) for some in zip(*((one.row, one.node) for one in judged)))
    by_node = {x: array for x, _, array in given}
    arrays = tuple(by_node[x] for x in nodes)
    if all(row.step != "wrong" for row in rows):
        return Comparison(rows, _notes(loss, judged), nodes, arrays)
    why = partial(_explained, loss, given, judged, apart, rtol, names)
    return Comparison(rows, _notes(loss, judged), nodes, arrays, why)


def _explained(
    loss: Node,
    given: Sequence[tuple[Node, str, np.ndarray]],
    judged: list[Judged],
    apart: Mapping[Node, float],
    rtol: float | None,
    names: Mapping[str, Any] | None,
) -> Found:
    """Why the wrong rows are wrong."""
    arrays = {x: (name, array) for x, name, array in given if np.isfinite(array).all()}
    local = _cotangents(loss, [*arrays], {x: g for x, (_, g) in arrays.items()}, pullback)
    close = {}
    for x, (_, array) in arrays.items():
        largest = max(_largest(array), _largest(local[x]))
        coarse = _coarser(array, float(np.finfo(loss.dtype).eps))
        close[x] = (apart[x] * coarse / largest if largest else 0.0) if rtol is None else rtol
    return explained(
        loss,
        {x: (name, array, close[x]) for x, (name, array) in arrays.items()},
        [one.node for one in judged if one.row.step == "wrong" and one.node in arrays],
        local,
        names,
    )


def _largest(x: np.ndarray) -> float:
    return float(np.abs(x).max(initial=0))


def _all_judged(
    loss: Node,
    given: Sequence[tuple[Node, str, np.ndarray]],
    apart: Mapping[Node, float],
    rtol: float | None,
    pull: Pull,
) -> list[Judged]:
    """The rows, from the loss back, where the derived pass is that by a pullback."""
    nodes, _, arrays = zip(*given)
    derived = _cotangents(loss, nodes, {}, pull)
    local = _cotangents(loss, nodes, dict(zip(nodes, arrays)), pull)
    exactly = float(np.finfo(loss.dtype).eps)
    handed = 1.0  # by how much the values that a step goes on from are coarser
    if all(x.op is None for x in nodes):  # it is not known which
        handed = max(_coarser(a, exactly) for a in arrays)
    judged = []
    for x, name, array in given:
        own = max(_coarser(array, exactly), handed)
        row, factor = _judged(name, array, derived[x], local[x], apart[x] * own, rtol)
        judged.append(Judged(x, row, factor))
        handed = own if x.op is not None else handed
    return judged


def _coarser(array: np.ndarray, eps: float) -> float:
    """How many times coarser an array's rounding is than that of the graph."""
    return max(float(np.finfo(array.dtype).eps) / eps, 1.0) if array.dtype.kind == "f" else 1.0


class Judged(NamedTuple):
    """A row, what it is of, and the factor that is all that differs, if so it is."""

    node: Node
    row: Row
    factor: Fraction | None


def _backwards(loss: Node) -> dict[Node, tuple[int, bool]]:
    """What sorts nodes as a backward pass has their cotangents complete, leaves after others."""
    first = {loss: loss.number}  # the number of what first used it
    for node in order(loss):
        for x in node.inputs:
            if isinstance(x, Node):
                first.setdefault(x, node.number)
    return {x: (-number, x.op is None) for x, number in first.items()}


def _cotangents(
    loss: Node, nodes: Sequence[Node], given: Mapping[Node, np.ndarray], pull: Pull
) -> dict[Node, np.ndarray]:
    """The cotangents of nodes, each of what the pass goes on from replaced by the given one."""

    def goes_on(node: Node, g: Array, *args: Any) -> list[tuple[Node, Array]]:
        own = given.get(node)
        if own is not None and own.shape == node.shape:
            g = own.astype(node.dtype)
        return pull(node, g, *args)

    with np.errstate(all="ignore"):
        found = sweep(loss, np.ones_like(loss._array), nodes, pull=goes_on)
    return {x: np.asarray(found.get(x, np.zeros_like(x._array))) for x in nodes}


def _judged(
    name: str,
    given: np.ndarray,
    derived: np.ndarray,
    local: np.ndarray,
    tolerance: float,
    rtol: float | None,
) -> tuple[Row, Fraction | None]:
    """A row, and the factor that is all that differs, if so it is.

    local: what the derived pass makes of the handwritten values before.
    """
    unknown = not np.isfinite(local).all()  # something before it is not finite
    if not (np.isfinite(given).all() and np.isfinite(derived).all()):
        whose = "handwritten" if np.isfinite(derived).all() else "derived"
        step = "follows" if unknown or whose == "derived" else "wrong"
        return Row(name, derived.shape, np.nan, np.nan, f"{whose} is not finite", step), None
    if given.shape != derived.shape:
        verdict, factor = related(given, derived, tolerance)
        return Row(name, derived.shape, np.nan, np.nan, verdict, "wrong"), factor
    absolute, largest = _apart(given, derived)
    relative = absolute / largest if largest else 0.0
    if rtol is not None:
        tolerance = rtol * largest
    if absolute <= tolerance:
        return Row(name, derived.shape, absolute, relative, "equal", "right"), Fraction(1)
    verdict, factor = related(given, derived, tolerance)
    beside, scale = _apart(given, local)
    share = tolerance / largest if rtol is None else rtol
    follows = unknown or beside <= max(share * scale, tolerance)
    return (
        Row(name, derived.shape, absolute, relative, verdict, "follows" if follows else "wrong"),
        factor,
    )


def _apart(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The largest difference, and the largest magnitude."""
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return float(np.abs(a - b).max(initial=0)), float(largest)


# What the rows say together ---------------------------------------------------------------------


def _notes(loss: Node, judged: list[Judged]) -> tuple[str, ...]:
    rows = [one.row for one in judged]
    if all(row.ok for row in rows):
        return ()
    if all(row.ok or row.verdict == "derived is not finite" for row in rows):
        return ("the derivative of the loss is not finite there, as it was recorded",)
    common = judged[0].factor
    if len(rows) > 1 and common is not None and all(one.factor == common for one in judged):
        return (_in_common(loss, common),)
    if all(one.node.op is None for one in judged):
        return (_cleared(loss, judged),)
    wrong = [row.name for row in rows if row.step == "wrong"]
    if not wrong:
        return ("no mistake is made in these steps; what they come from is not known so well",)
    count = "one mistake is" if len(wrong) == 1 else f"{len(wrong)} mistakes are"
    return (f"{count} made: at {', '.join(wrong)}",)


def _in_common(loss: Node, factor: Fraction) -> str:
    """What a factor says that all gradients have."""
    text = f"all are {factor} times the derived ones: right gradients, of {factor} times this loss"
    lengths = {n for x in order(loss) for n in x.shape}
    if factor.numerator == 1 and factor.denominator in lengths:
        text += f"; {factor.denominator} is a length here: of a mean, where the loss is a sum?"
    elif factor.denominator == 1 and factor.numerator in lengths:
        text += f"; {factor.numerator} is a length here: of a sum, where the loss is a mean?"
    return text


def _cleared(loss: Node, judged: list[Judged]) -> str:
    """What right gradients of parameters say of where to look for what made others wrong."""
    right = {one.node: one.row.name for one in judged if one.row.ok}
    wrong = {one.node: one.row.name for one in judged if not one.row.ok}
    behind: dict[Any, set[Node]] = {}  # the wrong ones that a node is computed from
    reached: dict[Node, str] = {}  # the right ones that are used on the way to these
    for node in order(loss):
        inputs = [x for x in node.inputs if isinstance(x, Node)]
        behind[node] = {node} & wrong.keys()
        behind[node].update(*(behind[x] for x in inputs))
        if behind[node]:
            reached |= {x: right[x] for x in inputs if x in right}
    advice = "pass the gradients of intermediates, too, {'z': dz}, to see where it is made"
    if not reached:
        return advice
    return (
        f"{', '.join(reached.values())} right: so is what reaches the ops that use them from the "
        f"loss; look between these and {', '.join(wrong.values())}, or {advice}"
    )
