"""A loss and its gradients as a derivation: the lines of a person who works them out on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..graph import Op
from ..terms import OPS, Shape, Term, is_number, needed, within
from .notation import LATEX, TEXT, Writer
from .steps import Reading

WIDTH = 88  # of a line of text
LEFT, RIGHT = 40, 72  # up to where the lines are aligned
NOTE = "As recorded: where Python branched on values, this is the branch that it took."


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
    {name: value}; `names=locals()` will do. A Tensor's own name goes first; what has no name gets a
    short one.

    First come the lines of the loss; then those of the cotangents from the loss back, `d_z` for
    ∂loss/∂z; then the gradients. Two arrays side by side are a matrix product, ⊙ is the elementwise
    one, and [z > 0] is 1 where that holds and else 0. It is the recorded run: where Python branched
    on values, it took that branch.

    Raises TypeError for a `loss` or `wrt` that is no floating Tensor, ValueError for a loss of
    several elements, RuntimeError for a leaf that was used with two values.

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
    page = _Page(Reading(loss, wrt, names))
    sections = page.sections()
    text, latex = page.writers
    return Derivation(_as_text(sections, page.loss, text), _as_latex(sections, page.loss, latex))


# The lines --------------------------------------------------------------------------------------


class Line(NamedTuple):
    """`name = ∂loss/∂x = ... = value`, for each x of `xs`; the name may be missing."""

    name: Term | None
    xs: list[Term]
    value: Any
    shape: tuple[int, ...]


Sections = dict[str, list[Line]]


class _Page:
    """What a reading says, line by line, and the `writers` of it: as text, as LaTeX.

    A term with a name has a line of its own, others stand within the lines that use them.
    """

    def __init__(self, reading: Reading) -> None:
        paper = _on_paper(reading)

        def new(x: Any) -> Any:
            return paper[x] if isinstance(x, Term) else x

        self.loss = new(reading.loss)
        self.gradients = [(new(x), new(slope)) for x, slope in reading.gradients]
        self.xs: dict[Any, list[Term]] = {}  # of a cotangent: what it is the cotangent of
        for x, slope in reading.slope_of.items():
            if x in reading.names and x is not reading.loss:
                self.xs.setdefault(new(slope), []).append(new(x))

        self.forward = [t for t in map(new, reading.forward) if _is_computed(t)]
        backward = [t for t in map(new, reading.backward) if _is_computed(t)]
        self.slopes = [slope for _, slope in self.gradients if _is_computed(slope)]
        terms = needed([*self.forward, *backward, *self.slopes])
        uses = Counter(x for t in terms for x in within(t.inputs))
        apart = {s for s in self.slopes if not uses[s] and len(self.xs.get(s, ())) == 1}
        apart.update(self.forward)
        self.backward = dict.fromkeys(t for t in backward if t not in apart)

        lines = {*self.forward, *self.backward}
        called = {f"d_{reading.names[x]}": x for x in reading.slope_of if x in reading.names}
        self._origin: dict[Term, Term] = {}  # of a cotangent: what it has its name from
        self.writers = [Writer(i, reading.values, reading.terms.ratios) for i in (TEXT, LATEX)]
        for t, name in reading.names.items():
            if name in called and new(t) in self.backward:
                self._origin[new(t)] = new(called[name])
            if t.op is None or new(t) in lines:
                self._name(new(t), name)
        taken = set(reading.names.values())
        self._steps = (name for i in count(1) if (name := f"u{i}") not in taken)
        for t in terms:
            if t.op is not None:
                self._write(t, uses[t] > 1)

    def _name(self, term: Term, name: str) -> None:
        for writer in self.writers:
            writer.name(term, name, self._origin.get(term))

    def _write(self, term: Term, several: bool) -> None:
        """Write out a term whose inputs have been, and give what needs it a line of its own."""
        text = self.writers[TEXT]
        if several and term not in text.names and not _is_light(term, text.names):
            self._name(term, next(self._steps))
        room = WIDTH - 24 - 2 * len(text.names.get(term, ""))
        parts = {x for x in within(term.inputs) if x not in text.names}
        by_length = sorted(parts, key=lambda x: len(text.written[x].body))
        while by_length and (excess := len(text.formula(term).body) - room) > 0:
            while by_length and excess > 0:
                part = by_length.pop()
                excess -= len(text.written[part].body)
                self._name(part, next(self._steps))
        for writer in self.writers:
            writer.written[term] = writer.formula(term)

    def sections(self) -> Sections:
        """The lines under their headings."""
        targets = {x for x, _ in self.gradients}
        known = [
            Line(None, xs, slope, xs[0].shape)
            for slope, found in self.xs.items()
            if slope not in self.backward and (xs := [x for x in found if x not in targets])
        ]
        shown: set[Term] = set()
        sections = {
            "Forward": list(self._lines(self.forward, shown)),
            "Backward": [*known, *self._lines([*self.backward, *self.slopes], shown)],
            "Gradients": [Line(None, [x], slope, x.shape) for x, slope in self.gradients],
        }
        return {title: lines for title, lines in sections.items() if lines}

    def _lines(self, terms: list[Term], shown: set[Term]) -> Iterator[Line]:
        """The lines of these, each after the lines that it needs and that were not `shown` yet."""
        names = self.writers[TEXT].names
        for term in terms:
            found = [] if term in shown else [term]
            shown.add(term)
            for t in found:  # which grows meanwhile
                for x in within(t.inputs):
                    if x not in shown:
                        shown.add(x)
                        found.append(x)
            for t in sorted(found, key=lambda t: t.number):
                if t in names and t.op is not None:
                    yield Line(t, self._cotangent_of(t), t, t.shape)

    def _cotangent_of(self, term: Term) -> list[Term]:
        """What a line of the backward pass is about; first what it has its name from.

        Leaves have lines of their own, the gradients.
        """
        if term not in self._origin:
            return []
        own = self._origin[term]
        return [own, *(x for x in self.xs[term] if x.op is not None and x is not own)]


def _is_computed(x: Any) -> bool:
    return isinstance(x, Term) and x.op is not None


def _is_light(term: Term, names: Container[Term]) -> bool:
    """Is this hardly more than a name, and not worth one of its own?"""
    while term not in names:
        if term.op not in LIGHT:
            return False
        if is_number(term.inputs[0]):
            return True
        term = term.inputs[0]
    return True


LIGHT = {OPS[name] for name in ("transpose", "negative", "astype", "broadcast_to")}

# As on paper ------------------------------------------------------------------------------------

PAPER: dict[Op, Callable[..., Any]] = {}


def _on_paper(reading: Reading) -> dict[Term, Any]:
    """What a person would put in the place of the terms of a reading: other terms, or numbers.

    Left out is what only numpy needs: axes of length 1, and in the backward pass what guards an op
    against 0 / 0 and the like.
    """
    ends = [reading.loss, *reading.slope_of, *reading.slope_of.values(), *reading.names]
    forward = set(needed([reading.loss, *reading.forward]))
    found: dict[Term, Any] = {}
    for term in needed([*ends, *(x for pair in reading.gradients for x in pair)]):
        inputs = tuple(found[x] if isinstance(x, Term) else x for x in term.inputs)
        if term.op is not None and term.op.elementwise:
            inputs = _unpadded(inputs, (), term.shape)
        elif term.op is OPS["broadcast_to"]:
            inputs = _unpadded(inputs, term.shape, term.shape)
        rule = PAPER.get(term.op) if term not in forward else None
        new = rule(reading, term, *inputs) if rule else None
        if new is None and inputs != term.inputs:
            new = reading.terms.simple(term.op, inputs, term.params, term.shape, term.dtype)
        found[term] = term if new is None else new
    return found


def _unpadded(inputs: tuple[Any, ...], given: Shape, shape: Shape) -> tuple[Any, ...]:
    """Inputs that broadcast to a shape, less the axes of length 1 that this adds at the front."""
    for i, x in enumerate(inputs):
        if isinstance(x, Term) and x.op is OPS["reshape"] and isinstance(x.inputs[0], Term):
            plain = x.inputs[0]
            others = (*inputs[:i], plain, *inputs[i + 1 :])
            shapes = (getattr(y, "shape", ()) for y in others)
            padding = (1,) * (len(x.shape) - len(plain.shape))
            if x.shape == padding + plain.shape and np.broadcast_shapes(given, *shapes) == shape:
                inputs = others
    return inputs


def _paper(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `rule(reading, term, *inputs)` for ops: a new term, or None for no change."""

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        PAPER.update((OPS[name], rule) for name in names)
        return rule

    return register


@_paper("guarded")
def _unguarded(reading: Reading, term: Term, x: Any, bad: Any, instead: Any) -> Any:
    return x


# The page ---------------------------------------------------------------------------------------


def _as_text(sections: Sections, loss: Term, w: Writer) -> str:
    rows: list[tuple[str, str]] = []
    for title, lines in sections.items():
        rows.append((title, ""))
        slopes = [[w.sign("slope", w.names[loss], w.names[x]) for x in line.xs] for line in lines]
        names = [w.names[line.name] if line.name else "" for line in lines]
        width = max(map(len, names)) if any(map(any, slopes)) else 0
        lefts = []
        for name, found in zip(names, slopes):
            joint = " = " if name and found else "   " if width else ""
            lefts.append(f"{name:<{width}}{joint}{' = '.join(found)}")
        width = max(len(left) for left in lefts if len(left) <= LEFT or left == lefts[0])
        for left, line in zip(lefts, lines):
            rows.append((f"  {left:<{width}} = {_value(w, line)}", _shape(line)))
    width = max((len(text) for text, shape in rows if shape and len(text) <= RIGHT), default=0)
    return "\n".join([*(f"{text:<{width}}  {shape}".rstrip() for text, shape in rows), NOTE])


def _shape(line: Line) -> str:
    return str(line.shape) if line.shape else ""


def _value(w: Writer, line: Line) -> str:
    f = w.written[line.value] if line.name else w.of(line.value)
    if f.body == w.ones(line.shape):
        f = f._replace(body="")  # the shape says how often
    return w.whole(f)


def _as_latex(sections: Sections, loss: Term, w: Writer) -> str:
    rows = []
    for title, section in sections.items():
        rows.append(rf"\textbf{{{title}}}")
        for line in section:
            heads = [w.names[line.name]] if line.name else []
            heads += [w.sign("slope", w.names[loss], w.names[x]) for x in line.xs]
            left = " = ".join(heads)
            right = rf" && \in \mathbb{{R}}^{{{w.lengths(line.shape)}}}" if line.shape else ""
            rows.append(f"{left} &= {_value(w, line)}{right}")
    lines = " \\\\\n".join(rows)
    aligned = f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"
    return f"\\begin{{gathered}}\n{aligned} \\\\\n\\text{{{NOTE}}}\n\\end{{gathered}}"
