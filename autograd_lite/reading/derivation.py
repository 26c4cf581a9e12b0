"""A loss and its gradients as a derivation: the lines of a person who works them out on paper.

First what to say, an `Account`: which lines, and which terms have a name. Then how to write it,
twice: in text and in LaTeX.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import ops
from ..graph import Op
from ..names import Namespace
from ..op import GENERATORS
from ..ops.reductions import axes_of
from ..terms import Shape, Term, needed, within
from .letters import in_latex, in_text, on_one_line
from .notation import Page, form, write
from .steps import Recorded, is_computed, is_element, named, recorded

WIDTH = 88  # of a line of text
LEFT, RIGHT = 40, 72  # up to where the lines are aligned
NOTE = "As recorded: where Python branched on values, this is the branch that it took."
UNIT = "The rows of %s sum to 1."

BROADCAST: Op = ops.broadcast_to.op
RESHAPE: Op = ops.reshape.op


@dataclass(frozen=True, repr=False, eq=False)
class Derivation:
    """The lines from the leaves to the loss and back: `str()` as text, `latex()` as LaTeX.

    A notebook shows it as formulas.
    """

    _text: str
    _latex: str

    def latex(self) -> str:
        """The lines as an `aligned` environment, to stand where LaTeX takes mathematics."""
        return self._latex

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self._latex}\n$$"


def derive(loss: Any, wrt: Any = None, names: Mapping[str, Any] | None = None) -> Derivation:
    """How the gradients of a recorded loss come about, step by step: ∂loss/∂x for each x of `wrt`.

    loss: a Tensor of one element. wrt: the Tensors whose gradients are asked for; by default all
    leaves, in the order in which they were made. names: what Tensors and arrays are called, as
    {name: value}; `names=locals()` will do. A Tensor's own name goes first; what lists, dicts and
    objects hold is called `Ws[0]`, `P["W"]`, `net.W`; what numpy made of a named array `x[2]`, `xᵀ`
    or `1 − t`, where that can be told; what has no name gets a short one.

    First come the lines of the loss; then those of the cotangents from the loss back, `d_z` for
    ∂loss/∂z; then the gradients. Two arrays side by side are a matrix product, ⊙ is the elementwise
    one, and [z > 0] is 1 where that holds and else 0. It is the recorded run: where Python branched
    on values, it took that branch.

    Raises TypeError for a `loss` or `wrt` that is no floating Tensor, ValueError for a loss of
    several elements or one computed inside `no_grad`, RuntimeError for a leaf that was used with
    two values.

    >>> from autograd_lite import Tensor, derive, mse, sigmoid
    >>> x, t = np.ones((5, 3)), np.zeros((5, 2))
    >>> W, b = Tensor(np.ones((3, 2)), name="W"), Tensor(np.zeros(2), name="b")
    >>> print(derive(mse(sigmoid(x @ W + b), t), names={"x": x, "t": t}))
    Forward
      z1   = x W + b                           (5, 2)
      a1   = σ(z1)                             (5, 2)
      loss = 1/10 Σ (a1 − t)²
    Backward
      d_a1 = ∂loss/∂a1 = 2/10 (a1 − t)         (5, 2)
      d_z1 = ∂loss/∂z1 = d_a1 ⊙ a1 ⊙ (1 − a1)  (5, 2)
    Gradients
      ∂loss/∂W = xᵀ d_z1                       (3, 2)
      ∂loss/∂b = Σ over axis 0 of d_z1         (2,)
    As recorded: where Python branched on values, this is the branch that it took.
    """
    account = told(on_paper(recorded(loss, wrt, names, on_paper=True)))
    return Derivation(_as_text(account), _as_latex(account))


# As on paper ------------------------------------------------------------------------------------


def on_paper(r: Recorded) -> Recorded:
    """A reading with what a person would put in the place of its terms: other terms, or numbers.

    Left out is what is written as nothing, such as what guards an op against 0 / 0, unless the user
    named it; and axes of length 1 that only numpy needs.
    """
    said = {r.loss, *r.called, *(x for x, _ in r.gradients)}
    ends = [*r.path, *r.slope_of, *r.slope_of.values(), *said, *(s for _, s in r.gradients)]
    found: dict[Any, Any] = {}
    passed: set[Term] = set()  # what is written as its input
    for term in needed(ends):
        inputs = tuple(found[x] if isinstance(x, Term) else x for x in term.inputs)
        if term.op is not None and term.op.elementwise:
            inputs = _unpadded(inputs, (), term.shape)
        elif term.op is BROADCAST:
            inputs = _unpadded(inputs, term.shape, term.shape)
        found[term] = term
        if inputs != term.inputs:
            found[term] = r.terms.simple(term.op, inputs, term.params, term.shape, term.dtype)
        if is_computed(found[term]) and not {term, found[term]} & said:
            same, _ = form(found[term])
            if same is not None:
                passed.add(term)
                found[term] = same
                if getattr(same, "shape", ()) != term.shape:
                    params = {"shape": term.shape}
                    found[term] = r.terms.simple(BROADCAST, (same,), params, term.shape, term.dtype)

    def new(x: Any) -> Any:
        return found[x] if isinstance(x, Term) else x

    owners = Counter(new(x) for x in r.slope_of if x not in passed)
    called: dict[Term, str] = {}
    for x, name in r.called.items():
        called.setdefault(new(x), name)
    return replace(
        r,
        loss=new(r.loss),
        path=[*map(new, r.path)],
        slope_of={
            new(x): new(slope)
            for x, slope in r.slope_of.items()
            if x not in passed and owners[new(x)] == 1 and isinstance(new(x), Term)
        },
        gradients=[(new(x), new(slope)) for x, slope in r.gradients],
        called=called,
        parts=frozenset(map(new, r.parts)),
    )


def _unpadded(inputs: tuple[Any, ...], given: Shape, shape: Shape) -> tuple[Any, ...]:
    """Inputs that broadcast to a shape, less the axes of length 1 that this adds at the front."""
    for i, x in enumerate(inputs):
        if isinstance(x, Term) and x.op is RESHAPE and isinstance(x.inputs[0], Term):
            plain = x.inputs[0]
            others = (*inputs[:i], plain, *inputs[i + 1 :])
            shapes = (getattr(y, "shape", ()) for y in others)
            padding = (1,) * (len(x.shape) - len(plain.shape))
            if x.shape == padding + plain.shape and np.broadcast_shapes(given, *shapes) == shape:
                inputs = others
    return inputs


# What to say ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Line:
    """`name = ∂loss/∂x = ... = value`, for each x of `xs`; the name may be missing."""

    name: Term | None
    xs: tuple[Term, ...]
    value: Any
    shape: Shape


@dataclass(frozen=True, eq=False)
class Account:
    """What a derivation says: sections of lines, each after the lines that it needs.

    `names`, of the leaves and of what has a line of its own; other terms stand within the lines
    that use them. `origin`, of a cotangent: the term that it has its name from. `kept`, the
    reductions that have to say that they keep their axes. `units`, the data whose rows were taken
    to sum to 1. `terms`, all of them, in order; `ratios`, the numbers that are written as one.
    """

    loss: Term
    sections: Mapping[str, tuple[Line, ...]]
    names: Mapping[Term, str]
    origin: Mapping[Term, Term]
    kept: frozenset[Term]
    units: tuple[Term, ...]
    terms: tuple[Term, ...]
    ratios: Mapping[float, tuple[int, int]]


def told(r: Recorded) -> Account:
    """What there is to say of a reading."""
    steps = named(r)
    slopes = [slope for _, slope in r.gradients if is_computed(slope)]
    terms = needed([*steps.forward, *steps.backward, *slopes])
    uses = Counter(x for t in terms for x in within(t.inputs))
    xs: dict[Any, list[Term]] = {}  # of a cotangent: what it is the cotangent of
    for x, slope in r.slope_of.items():
        if x in steps.names and x is not r.loss:
            xs.setdefault(slope, []).append(x)
    alone = {s for s in slopes if not uses[s] and len(xs.get(s, ())) == 1}  # for the last section
    backward = dict.fromkeys(t for t in steps.backward if t not in alone)

    lines = {*steps.forward, *backward}
    space = Namespace()
    names = {
        t: space.free(on_one_line(name))
        for t, name in steps.names.items()
        if t.op is None or t in lines
    }
    names = _with_parts(names, terms, space, uses, r.terms.ratios, r.parts)
    origin = {r.slope_of[x]: x for x in steps.own_slope}

    def cotangent_of(t: Term) -> tuple[Term, ...]:
        """What a line is about, its own first. Leaves have lines of their own, the gradients."""
        own = origin.get(t)
        return (own, *(x for x in xs[t] if is_computed(x) and x is not own)) if own else ()

    def lines_of(ends: Iterable[Term]) -> list[Line]:
        found = []
        for end in ends:
            for t in _not_yet([end], shown):
                if t in names and t.op is not None:
                    found.append(Line(t, cotangent_of(t), t, t.shape))
        return found

    shown: set[Term] = set()
    targets = {x for x, _ in r.gradients}
    known = [
        Line(None, tuple(others), slope, others[0].shape)
        for slope, found in xs.items()
        if slope not in backward and (others := [x for x in found if x not in targets])
    ]
    sections = {
        "Forward": lines_of(steps.forward),
        "Backward": [*known, *lines_of([*backward, *slopes])],
        "Gradients": [Line(None, (x,), slope, x.shape) for x, slope in r.gradients],
    }
    return Account(
        r.loss,
        {title: tuple(found) for title, found in sections.items() if found},
        names,
        origin,
        _that_say_so(terms, names),
        tuple(x for x in dict.fromkeys(r.units) if x in names),
        tuple(terms),
        r.terms.ratios,
    )


def _not_yet(ends: list[Term], shown: set[Term]) -> list[Term]:
    """These and what they need, in order, unless `shown` has them; now it does."""
    found = [t for t in ends if t not in shown]
    shown.update(found)
    for t in found:  # which grows meanwhile
        for x in within(t.inputs):
            if x not in shown:
                shown.add(x)
                found.append(x)
    return sorted(found, key=lambda t: t.number)


def _with_parts(
    names: Mapping[Term, str],
    terms: list[Term],
    space: Namespace,
    uses: Mapping[Term, int],
    ratios: Mapping[float, tuple[int, int]],
    light: Container[Term],
) -> dict[Term, str]:
    """Names also for what is used several times, is drawn, or makes a line too long: u1, u2, ..."""
    names = dict(names)
    lengths: dict[Term, int] = {}  # of what is written within the lines that use it

    def length(x: Term) -> int:
        return len(names[x]) if x in names else lengths[x]

    for term in terms:
        if term.op is None:
            continue
        drawn = any(isinstance(value, GENERATORS) for value in term.params.values())
        if term not in names and (drawn or (uses[term] > 1 and not _is_light(term, names, light))):
            names[term] = space.numbered("u")
        room = WIDTH - 24 - 2 * len(names.get(term, ""))
        parts = [x for x in dict.fromkeys(within(term.inputs)) if x not in names]
        parts.sort(key=length)
        while (written := form(term, length, ratios)[1]) > room and parts:
            names[parts.pop()] = space.numbered("u")
        lengths[term] = written
    return names


def _is_light(term: Term, names: Mapping[Term, str], light: Container[Term]) -> bool:
    """Is this hardly more than a name, a sign or index beside it, and not worth one of its own?"""
    while term not in names and term not in light and not is_element(term):
        parts = [*within(term.inputs)]
        if not parts:
            return True
        if len(parts) > 1 or form(term)[1] > 2:
            return False
        (term,) = parts
    return True


def _that_say_so(terms: list[Term], names: Mapping[Term, str]) -> frozenset[Term]:
    """The reductions that stand where it matters that they keep the axes that they reduce.

    It does not at the end of a line, which says its shape; in a total; or where broadcasting adds
    the axes again, because they are leading ones.
    """
    found: set[Term] = set()
    loose: dict[Term, dict[Term, tuple[int, ...]]] = {}  # in a term: those that do not yet matter
    for term in terms:
        parts = [loose[x] if x not in names else {} for x in within(term.inputs) if x.shape]
        loose[term] = {}
        for t, axes in [pair for part in parts for pair in part.items()]:
            leading = axes == tuple(range(len(axes)))
            if term.op.elementwise or term.op is BROADCAST:
                alike = leading or all(axes in part.values() for part in parts)
                if alike and term.shape == t.shape:
                    loose[term][t] = axes
                elif not leading:
                    found.add(t)
            elif not _is_total(term):
                found.add(t)
        if term.params.get("keepdims"):
            axes = axes_of(term.inputs[0], term.params.get("axis"))
            loose[term] = {term: tuple(sorted(axes))}
    return frozenset(found)


def _is_total(term: Term) -> bool:
    """Is it a reduction of one array over all of its axes?"""
    if "axis" not in term.params or len(term.inputs) > 1:
        return False
    (x,) = term.inputs
    return bool(x.ndim == len(axes_of(x, term.params["axis"])))


# How to write it --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Row:
    """A line as it is written: `name = slope = ... = value`."""

    name: str
    slopes: list[str]
    value: str
    shape: Shape


def _written(account: Account, page: Page) -> dict[str, list[Row]]:
    """The lines as they are written on a page."""
    symbols: dict[Term, str] = {}
    taken: set[str] = set()
    for t, name in account.names.items():
        x = account.origin.get(t)
        text = page.sign("cotangent", symbols[x]) if x in symbols else page.symbol(name)
        symbols[t] = text if text not in taken else page.literal(name)
        taken.add(symbols[t])
    whole, part = write(account.terms, symbols, page, account.kept, account.ratios)

    def row(line: Line) -> Row:
        ink = whole[line.name] if line.name else part(line.value)
        if ink.body == page.ones(line.shape):
            ink = replace(ink, body="")  # the shape says how often
        slopes = [page.sign("slope", symbols[account.loss], symbols[x]) for x in line.xs]
        return Row(symbols[line.name] if line.name else "", slopes, ink.whole(), line.shape)

    return {title: [*map(row, lines)] for title, lines in account.sections.items()}


def _as_text(account: Account) -> str:
    page: list[tuple[str, str]] = []
    for title, rows in _written(account, Page(latex=False)).items():
        page.append((title, ""))
        width = max(len(row.name) for row in rows) if any(row.slopes for row in rows) else 0
        lefts = []
        for row in rows:
            joint = " = " if row.name and row.slopes else "   " if width else ""
            lefts.append(f"{row.name:<{width}}{joint}{' = '.join(row.slopes)}")
        width = max(len(left) for left in lefts if len(left) <= LEFT or left == lefts[0])
        for left, row in zip(lefts, rows):
            page.append((f"  {left:<{width}} = {row.value}", str(row.shape) if row.shape else ""))
    width = max((len(text) for text, shape in page if shape and len(text) <= RIGHT), default=0)
    notes = [NOTE, *(UNIT % in_text(account.names[x]) for x in account.units)]
    return "\n".join([*(f"{text:<{width}}  {shape}".rstrip() for text, shape in page), *notes])


def _as_latex(account: Account) -> str:
    page = Page(latex=True)
    found = []
    for title, rows in _written(account, page).items():
        found.append(rf"\textbf{{{title}}}")
        for row in rows:
            left = " = ".join([row.name, *row.slopes] if row.name else row.slopes)
            size = rf" && \in \mathbb{{R}}^{{{page.lengths(row.shape)}}}" if row.shape else ""
            found.append(f"{left} &= {row.value}{size}")
    lines = " \\\\\n".join(found)
    aligned = f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"
    notes = [NOTE, *(UNIT % f"${in_latex(account.names[x])}$" for x in account.units)]
    noted = " \\\\\n".join(rf"\text{{{note}}}" for note in notes)
    return f"\\begin{{gathered}}\n{aligned} \\\\\n{noted}\n\\end{{gathered}}"
