"""A loss and its gradients as a derivation: the lines of a person who works them out on paper.

First what to say, an `Account`: which lines, and which terms have a name. Then how to write it,
twice: in text and in LaTeX.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node
from ..names import Namespace
from ..op import GENERATORS
from ..ops.reductions import axes_of
from ..terms import OPS, Shape, Term, needed, within
from .account import Account, Line, written_in
from .folding import folded
from .letters import in_latex, in_text, on_one_line
from .notation import Page, form, more_axes, write
from .pages import PAGES
from .paper import on_paper
from .places import PUT, pieces_of
from .steps import Recorded, filling, is_computed, is_light, named, recorded

WIDTH = 88  # of a line of text
LEFT, RIGHT = 40, 72  # up to where the lines are aligned
WRONG = "wrong"
MARKS = {
    "right": ("✓", r"\checkmark"),
    WRONG: ("✗", r"\boldsymbol{\times}"),
    "follows": ("↳", r"\hookrightarrow"),
}
NOTE = "As recorded: where Python branched on values, this is the branch that it took."
LOSS = -1  # in the place of a line: the loss itself, whose gradient is 1
UNIT = "The %s of %s sum to 1."


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

    def save(self, path: str | Path) -> Path:
        """Write the lines to `path`, and return it: a .tex, .md or .html.

        These are a LaTeX document, Markdown with the formulas between $$, and a page that MathJax
        typesets where there is a network; the last two have the text as well. Raises ValueError for
        another suffix.
        """
        path = Path(path)
        page = PAGES.get(path.suffix.lower())
        if page is None:
            raise ValueError(
                f"save got {str(path)!r}; a name that ends in .tex, .md or .html is needed; change "
                "its ending, which chooses the format"
            )
        path.write_text(page(self._latex, self._text), encoding="utf-8")
        return path

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self._latex}\n$$"


def derive(
    loss: Any,
    wrt: Any = None,
    names: Mapping[str, Any] | None = None,
    marks: Mapping[Node, tuple[Any, ...]] | None = None,
) -> Derivation:
    """How the gradients of a recorded loss come about, step by step: ∂loss/∂x for each x of `wrt`.

    loss: a Tensor of one element. wrt: the Tensors whose gradients are asked for; by default all
    leaves, in the order in which they were made. names: what Tensors and arrays are called, as
    {name: value}; `names=locals()` will do. A Tensor's own name goes first; what lists, dicts and
    objects hold is called `Ws[0]`, `P["W"]`, `net.W`; what numpy made of a named array `x[2]`, `xᵀ`
    or `1 − t`, where that can be told; what has no name gets a short one.

    First come the lines of the loss; then those of the cotangents from the loss back, `d_z` for
    ∂loss/∂z; then the gradients. Two arrays side by side are a matrix product, ⊙ is the elementwise
    one, and [z > 0] is 1 where that holds and else 0. What is used by its places has a line for
    each, ∂loss/∂x[0]; where these are lines with +=, they add up. Of arrays that do not fit from
    the last axis on, the first axes are meant. Three or more steps of a loop that are alike are one
    line, `z_t = W x[t] + U h_{t−1}` with `t = 0 … 4` at its end, and Σ_t is the sum over all steps
    that lines forward are for. It is the recorded run: where Python branched on values, it took
    that branch.

    marks: what was found of the cotangents of values, as {value: (status, note)}, such as the
    `marks` of a comparison. A line begins with ✓ where that is right, with ✗, and the note at its
    end, where it is wrong, and with ↳ where what is wrong follows from another. No lines are put
    together then.

    Values that are not computed yet, Dask's, are computed once; the graph then holds them.

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
      d_a1 = ∂loss/∂a1 = 1/5 (a1 − t)          (5, 2)
      d_z1 = ∂loss/∂z1 = d_a1 ⊙ a1 ⊙ (1 − a1)  (5, 2)
    Gradients
      ∂loss/∂W = xᵀ d_z1                       (3, 2)
      ∂loss/∂b = Σ over axis 0 of d_z1         (2,)
    As recorded: where Python branched on values, this is the branch that it took.
    """
    r = on_paper(recorded(loss, wrt, names, on_paper=True))
    if marks:
        found = {r.term_of[x]: mark for x, mark in marks.items() if x in r.term_of}
        account = apart(replace(told(r), marks=found), r.parts)
    else:
        account = apart(folded(told(r), r), r.parts)
    return Derivation(_as_text(account), _as_latex(account))


# What to say ------------------------------------------------------------------------------------


def told(r: Recorded) -> Account:
    """What there is to say of a reading."""
    steps = named(r)
    slopes = [slope for _, slope in r.gradients if is_computed(slope)]
    filled = [s for s in (*r.slope_of.values(), *(s for _, s in r.gradients)) if not is_computed(s)]
    terms = needed([*steps.forward, *steps.backward, *slopes, *filled])
    uses = Counter(x for t in terms for x in within(t.inputs))
    xs: dict[Any, list[Term]] = {}  # of a cotangent: what it is the cotangent of
    for x, slope in r.slope_of.items():
        if x in steps.names and x is not r.loss:
            xs.setdefault(slope, []).append(x)
    alone = {s for s in slopes if not uses[s] and len(xs.get(s, ())) == 1}  # for the last section
    backward = dict.fromkeys(t for t in steps.backward if t not in alone)

    lines = {*steps.forward, *backward}
    forward = set(needed(steps.forward))
    space = Namespace()
    names = {
        t: space.free(on_one_line(name))
        for t, name in steps.names.items()
        if t.op is None or t in lines
    }
    origin = {r.slope_of[x]: x for x in steps.own_slope}

    def cotangent_of(t: Term) -> tuple[Term, ...]:
        """What a line is about, its own first. Leaves have lines of their own, the gradients."""
        own = origin.get(t)
        return (
            (own, *(x for x in xs[t] if is_computed(x) and x is not own and x in names))
            if own
            else ()
        )

    def lines_of(ends: Iterable[Term]) -> list[Line]:
        return [line for t in ends for line in _lines(t, cotangent_of(t), t, t.shape)]

    targets = {x for x, _ in r.gradients}
    known = [
        line
        for slope, found in xs.items()
        if slope not in backward and (not is_computed(slope) or slope in forward)
        if filling(slope) != 1
        if (others := [x for x in found if x not in targets and x in names])
        for line in _lines(None, tuple(others), slope, others[0].shape)
    ]
    sections = {
        "Forward": lines_of(steps.forward),
        "Backward": [*known, *lines_of(backward)],
        "Gradients": [
            line for x, slope in r.gradients for line in _lines(None, (x,), slope, x.shape)
        ],
    }
    return Account(
        r.loss,
        {title: tuple(found) for title, found in sections.items()},
        names,
        origin,
        tuple(x for x in dict.fromkeys(r.units) if x in names),
        r.terms.ratios,
    )


def _lines(name: Term | None, xs: tuple[Term, ...], value: Any, shape: Shape) -> list[Line]:
    """The line of a value, or one for each place of what was put together and has no other line."""
    if not isinstance(value, Term) or value.op is not PUT:
        return [Line(name, xs, value, shape)]
    base, pieces, whole = pieces_of(value)
    added = value.params["added"]
    found = [] if base is None else [Line(name, xs, base, shape, of=value)]
    found += [Line(name, xs, x.value, x.shape, x.key, added, value) for x in pieces]
    return found if whole else [*found, Line(name, xs, None, shape, of=value)]


def apart(account: Account, light: Container[Term]) -> Account:
    """An account with lines of their own for parts that are shared, drawn, or too long to stay.

    light: what is no such part, although it is shared.
    """

    def ends_of(line: Line) -> list[Any]:
        return [x for x in line.parts if x is line.name or x not in account.names]

    ends = [x for lines in account.sections.values() for line in lines for x in ends_of(line)]
    terms = written_in(ends, account.names)
    names = _with_parts(account, terms, light)
    parts = names.keys() - account.names.keys()
    shown: set[Term] = set()

    def parts_of(line: Line) -> list[Line]:
        found = written_in(ends_of(line), account.names, shown) if parts else []
        return [part for t in found if t in parts for part in _lines(t, (), t, t.shape)]

    sections: dict[str, list[Line]] = {}
    for title, lines in account.sections.items():
        found = sections[title] = []
        before = found if title != "Gradients" else sections["Backward"]
        for line in lines:
            before += parts_of(line)
            found.append(line)
    return replace(
        account,
        sections={title: tuple(lines) for title, lines in sections.items() if lines},
        names=names,
        terms=tuple(terms),
        kept=_that_say_so(terms, names),
    )


def _with_parts(account: Account, terms: list[Term], light: Container[Term]) -> dict[Term, str]:
    """Names also for what is used several times, is drawn, or makes a line too long: u1, u2, ..."""
    uses = Counter(x for t in terms for x in within(t.inputs))
    space = Namespace(account.names.values())
    ratios, indexed = account.ratios, account.indexed
    names = dict(account.names)
    lengths: dict[Term, int] = {}  # of what is written within the lines that use it

    def length(x: Term) -> int:
        return len(names[x]) if x in names else lengths[x]

    for term in terms:
        if term.op is None:
            continue
        if term.op is PUT:  # a line for each of its places
            if term not in names and uses[term]:
                names[term] = space.numbered("u")
            continue
        if filling(term) is not None:  # a number
            lengths[term] = form(term, length, ratios).length
            continue
        if term in indexed:  # its parts are others at each step
            lengths[term] = form(term, length, ratios).length
            continue
        drawn = any(isinstance(value, GENERATORS) for value in term.params.values())
        plain = is_light(term, names) or term in light
        if term not in names and (drawn or (uses[term] > 1 and not plain)):
            names[term] = space.numbered("u")
        room = WIDTH - 24 - 2 * len(names.get(term, ""))
        parts = [x for x in dict.fromkeys(within(term.inputs)) if x not in names and is_computed(x)]
        parts = [x for x in parts if x not in indexed]
        parts.sort(key=length)
        while (written := form(term, length, ratios).length) > room and parts:
            names[parts.pop()] = space.numbered("u")
        lengths[term] = written
    return names


def _that_say_so(terms: list[Term], names: Mapping[Term, str]) -> frozenset[Term]:
    """What has axes of length 1 and stands where it matters which: reductions that keep their axes,
    and what only has more of them than its input.

    It does not matter at the end of a line, which says its shape; in a total; or where broadcasting
    adds the axes again, because they are leading ones, or because no others would fit. What says so
    is no longer like what it stands beside.
    """
    found: set[Term] = set()
    while more := _saying_so(terms, names, found) - found:
        found |= more
    return frozenset(found)


def _saying_so(terms: list[Term], names: Mapping[Term, str], known: set[Term]) -> set[Term]:
    """Those that have to say so, given some that do."""
    found: set[Term] = set()
    loose: dict[Term, dict[Term, tuple[int, ...]]] = {}  # in a term: those that do not yet matter
    for term in terms:
        inputs = [x for x in within(term.inputs) if x.shape]
        parts = [loose[x] if x not in names else {} for x in inputs]
        loose[term] = {}
        for t, axes in [pair for part in parts for pair in part.items()]:
            leading = axes == tuple(range(len(axes)))
            if term.op.elementwise or term.op is OPS["broadcast_to"]:
                alike = leading or all(axes in part.values() for part in parts)
                if alike and term.shape == t.shape:
                    loose[term][t] = axes
                elif not leading:
                    others = [x.shape for x, part in zip(inputs, parts) if t not in part]
                    others += [] if term.op.elementwise else [term.shape]
                    if not t.params.get("shape") or not _fits_from_the_first(t.shape, axes, others):
                        found.add(t)
            elif not _is_total(term):
                found.add(t)
        if term in known:
            continue
        if term.params.get("keepdims"):
            axes = axes_of(term.inputs[0], term.params.get("axis"))
            loose[term] = {term: tuple(sorted(axes))}
        elif term.op is OPS["reshape"] and (more := more_axes(term.inputs[0].shape, term.shape)):
            loose[term] = {term: more}
    return found


def _fits_from_the_first(shape: Shape, axes: tuple[int, ...], others: list[Shape]) -> bool:
    """Is it clear that these axes of length 1 are the last ones, for without them nothing fits?"""
    n = len(shape) - len(axes)
    if axes != tuple(range(n, len(shape))) or len(shape) != max(map(len, others), default=0):
        return False
    try:
        np.broadcast_shapes(shape[:n], *others)
    except ValueError:
        return True
    return False


def _is_total(term: Term) -> bool:
    """Is it a reduction of one array over all of its axes?"""
    if "axis" not in term.params or len(term.inputs) > 1:
        return False
    (x,) = term.inputs
    return bool(x.ndim == len(axes_of(x, term.params["axis"])))


# How to write it --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Row:
    """A line as it is written: `name = slope = ... = value`, or += where that is added."""

    name: str
    slopes: list[str]
    value: str
    shape: Shape
    added: bool
    steps: str
    mark: tuple[Any, ...] | None


def _written(account: Account, page: Page) -> dict[str, list[Row]]:
    """The lines as they are written on a page."""
    symbols = _symbols(account, page)
    whole, part = write(account.terms, symbols, page, account.kept, account.ratios)

    def row(line: Line) -> Row:
        def placed(name: str) -> str:
            if line.place is None:
                return name
            key = [part(k) if isinstance(k, Term) else k for k in line.place]
            return page.sign("index", name, page.key(tuple(key)))

        value = line.value
        repeats = isinstance(value, Term) and value.op is OPS["broadcast_to"]
        if value is None:
            text = page.sign("elsewhere")
        elif repeats and (value is line.name or value not in symbols):
            text = part(value.inputs[0]).whole()  # the shape says how often
        elif line.name and value is line.name:
            text = whole[line.name].whole()
        else:
            text = part(value).whole()
        slopes = [page.sign("slope", symbols[account.loss], placed(symbols[x])) for x in line.xs]
        name = placed(symbols[line.name]) if line.name else ""
        steps = page.steps(line.steps) if line.steps else ""
        mark = next((account.marks[x] for x in line.xs if x in account.marks), None)
        return Row(name, slopes, text, line.shape, line.added, steps, mark)

    return {title: [*map(row, lines)] for title, lines in account.sections.items()}


def _symbols(account: Account, page: Page) -> dict[Term, str]:
    """What has a name, as it is written on a page."""
    symbols: dict[Term, str] = {}
    taken: set[str] = set()
    for t, name in account.names.items():
        x = account.origin.get(t)
        text = page.sign("cotangent", symbols[x]) if x in symbols else page.symbol(name)
        symbols[t] = text if text not in taken else page.literal(name)
        taken.add(symbols[t])
    return symbols


class Told(NamedTuple):
    """A line of a derivation, for who draws it: `text`, as it is printed.

    `nodes`: what it is about, the values that it computes, or, if `back`, those whose gradient it
    computes, which it calls `slopes`; `name`, what its result is called elsewhere; `value`, its
    right side. `sources`: the lines back that it is computed from, as their place in the list, or
    LOSS, each with the addends that come from there.
    """

    text: str
    nodes: tuple[Node, ...]
    back: bool
    name: str
    slopes: tuple[str, ...]
    value: str
    shape: Shape
    sources: tuple[tuple[int, str], ...] = ()


def lines_and_names(
    loss: Any, wrt: Any = None, names: Mapping[str, Any] | None = None
) -> tuple[list[Told], dict[Any, str]]:
    """The lines of `derive(loss, wrt, names)`, none of them put together, as data; and what these
    lines call nodes, and arrays by their ids."""
    r = on_paper(recorded(loss, wrt, names, on_paper=True))
    account = apart(told(r), r.parts)
    page = Page(latex=False)
    symbols = _symbols(account, page)
    _, part = write(account.terms, symbols, page, account.kept, account.ratios)
    nodes: dict[Any, list[Node]] = {}
    for node, t in r.term_of.items():
        nodes.setdefault(t, []).append(node)
    of: dict[Term, list[int]] = {}  # the lines of what has a name
    found: list[Told] = []
    for title, rows in _written(account, page).items():
        for row, line in zip(rows, account.sections[title]):
            back = title != "Forward"
            if line.name:
                of.setdefault(line.name, []).append(len(found))
            about = line.xs if back else (line.name,)
            sources: dict[int, list[str]] = {}
            for sign, x in _added(line.value, account.names, line.name) if back else ():
                said = row.value if x is line.value else sign + part(x).whole()
                uses = (i for t in _named_in(x, account.names, line.name) for i in of.get(t, ()))
                for i in dict.fromkeys(i for i in uses if found[i].back) or [LOSS]:
                    sources.setdefault(i, []).append(said)
            head = " = ".join([row.name] * bool(row.name) + row.slopes)
            found.append(
                Told(
                    f"{head} {'+=' if row.added else '='} {row.value}",
                    tuple(node for t in about for node in nodes.get(t, ())),
                    back,
                    row.name,
                    tuple(row.slopes),
                    row.value,
                    row.shape,
                    tuple((i, sum_of(x)) for i, x in sources.items()),
                )
            )
    return found, {x: account.names[t] for x, t in r.term_of.items() if t in account.names}


def sum_of(addends: Iterable[str]) -> str:
    """A sum, of addends that may begin with a minus."""
    return " + ".join(addends).replace("+ −", "− ")


def _added(value: Any, names: Container[Term], line: Term | None) -> list[tuple[str, Any]]:
    """The addends of the value of a line with their signs, down to what has a name."""
    found, waiting = [], [("", value)]
    while waiting:
        sign, x = waiting.pop()
        other = "" if sign else "−"
        inner = isinstance(x, Term) and (x is line or x not in names)
        if inner and x.op in (OPS["add"], OPS["subtract"]):
            first, second = x.inputs
            waiting += [(sign if x.op is OPS["add"] else other, second), (sign, first)]
        elif inner and x.op is OPS["negative"]:
            waiting.append((other, *x.inputs))
        else:
            found.append((sign, x))
    return found


def _named_in(value: Any, names: Container[Term], line: Term | None) -> list[Term]:
    """What has a name and stands in an expression, which is that of a line, or a part of it."""
    if not isinstance(value, Term) or (value in names and value is not line):
        return [value]
    inner = written_in([x for x in within(value.inputs) if x not in names], names)
    return [
        t for t in dict.fromkeys(x for t in (value, *inner) for x in within(t.inputs)) if t in names
    ]


def expressions(r: Recorded, values: Iterable[Any], names: Mapping[Term, str]) -> list[str]:
    """How values of a reading are written in text, down to what has a name.

    names: of terms that `r` does not call by one. Where a value is too long for a line, what gets
    a name in a derivation is written by it, too.
    """
    values = list(values)
    page = Page(latex=False)
    found = []
    called = named(r).names
    for value in values:
        for short in (False, True):
            symbols = {
                t: page.symbol(on_one_line(name))
                for t, name in {**called, **names}.items()
                if t.op is None or t in r.called or t in names or (short and t is not value)
            }
            terms = written_in([value], symbols)
            kept = _that_say_so(terms, symbols)
            _, part = write(terms, symbols, page, kept, r.terms.ratios)
            text = part(value).whole()
            if len(text) <= WIDTH:
                break
        found.append(text)
    return found


def _as_text(account: Account) -> str:
    page: list[tuple[str, str, str]] = []
    for title, rows in _written(account, Page(latex=False)).items():
        page.append((title, "", ""))
        width = max(len(row.name) for row in rows) if any(row.slopes for row in rows) else 0
        lefts = []
        for row in rows:
            joint = " = " if row.name and row.slopes else "   " if width else ""
            sign = " +" if row.added else ""
            lefts.append(f"{row.name:<{width}}{joint}{' = '.join(row.slopes)}{sign}")
        width = max(len(left) for left in lefts if len(left) <= LEFT or left == lefts[0])
        for left, row in zip(lefts, rows):
            left = f"{left.removesuffix(' +'):<{width - 1}}+" if row.added else f"{left:<{width}} "
            status, note, *_ = row.mark or ("", "")
            sign = f"{MARKS.get(status, ('•' if status else ' ',))[0]} " if account.marks else "  "
            end = f"← {note}" if note and status == WRONG else row.steps
            page.append((f"{sign}{left}= {row.value}", str(row.shape) if row.shape else "", end))
    texts = (text for text, *more in page if any(more))
    width = max((len(text) for text in texts if len(text) <= RIGHT), default=0)
    shapes = max(len(shape) for _, shape, _ in page)
    notes = [NOTE, *(UNIT % (_sums(x), in_text(account.names[x])) for x in account.units)]
    lines = (f"{text:<{width}}  {shape:<{shapes}}  {steps}".rstrip() for text, shape, steps in page)
    return "\n".join([*lines, *notes])


def _as_latex(account: Account) -> str:
    page = Page(latex=True)
    found = []
    for title, rows in _written(account, page).items():
        found.append(rf"\textbf{{{title}}}")
        for row in rows:
            left = " = ".join([row.name, *row.slopes] if row.name else row.slopes)
            if row.mark and row.mark[0] in MARKS:
                left = rf"{MARKS[row.mark[0]][1]}\; {left}"
            sign = r"\mathrel{+}=" if row.added else "="
            size = rf" && \in \mathbb{{R}}^{{{page.lengths(row.shape)}}}" if row.shape else ""
            steps = f"{'' if size else ' &&'} && {row.steps}" if row.steps else ""
            found.append(f"{left} &{sign} {row.value}{size}{steps}")
    lines = " \\\\\n".join(found)
    aligned = f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"
    notes = [NOTE, *(UNIT % (_sums(x), f"${in_latex(account.names[x])}$") for x in account.units)]
    noted = " \\\\\n".join(rf"\text{{{note}}}" for note in notes)
    return f"\\begin{{gathered}}\n{aligned} \\\\\n{noted}\n\\end{{gathered}}"


def _sums(x: Term) -> str:
    """What of data sums to 1."""
    return "rows" if x.ndim > 1 else "elements"
