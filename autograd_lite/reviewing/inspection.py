"""A handwritten backward pass against the derivation: which line is wrong, how should it read?"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ..graph import Node, describe
from ..showing import with_bar
from .alike import together
from .arguments import Call, Place
from .bench import Bench, Case, aside
from .code import Code
from .known import Known
from .mending import Impossible, mended
from .report import Line, Mistake, Passes, annotated, marks, page, told
from .rewrites import Edit
from .search import Mend, Search

RARE = 0.25  # of these on which a pass may be wrong that is right on the others
FRESH = 20  # other arguments that a mended pass is tried on
SEARCHED = 3  # of these, while it is looked for
SLOW = 0.5  # seconds for differences at one of them, from which on there is one of each
PAIRS = 3  # edits that make a line right and no gradient, that another is looked for beside
MANY = 6  # mistakes
LISTED = 6  # names in a note
SAID, SIMILAR = 2, 2  # other edits that would do, and how much longer they may be


@dataclass(frozen=True)
class Review:
    """What `review` found.

    `names`: of what gradients are given of; `wrong`: those that are not the derived ones, on these
    arguments or on others. `mistakes`: the lines that make them wrong, as far as an edit of them
    puts gradients right. `mended`: the texts of the files with these edits, by their names; `left`:
    what they leave wrong. `lines`: the pass as it ran, each line with what its value is. `loss`:
    the forward pass as it was recorded, or None; `marks`: what was found of its values, for
    `draw(found.loss, backward=True, marks=found.marks)`. `notes`: what else there is to say.
    `str()` is all of it, as a compiler prints it, and so a notebook shows it.
    """

    names: tuple[str, ...]
    wrong: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    mended: dict[str, str] = field(default_factory=dict, repr=False)
    left: tuple[str, ...] = ()
    lines: tuple[Line, ...] = field(default=(), repr=False)
    loss: Any = field(default=None, repr=False)
    marks: dict[Node, tuple[str, str]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    _texts: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Are all gradients the derived ones, here and on the other arguments that were tried?"""
        return not self.wrong

    def diff(self) -> str:
        """What mends the files, as `git apply` takes it."""
        found: list[str] = []
        for name, text in self.mended.items():
            old, new = (t.splitlines(keepends=True) for t in (self._texts[name], text))
            place = name.lstrip("/")
            found += difflib.unified_diff(old, new, f"a/{place}", f"b/{place}")
        return "".join(
            line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
            for line in found
        )

    def raise_if_wrong(self) -> None:
        """Raise AssertionError, with all that was found, unless all gradients are right."""
        if not self.ok:
            raise AssertionError(f"the handwritten backward pass is wrong\n{self}")

    def __str__(self) -> str:
        return told(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return page(self)


def review(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *args: Any,
    wrt: Any = None,
    make: Callable[..., Any] | None = None,
    returns: str = "gradients",
    lr: float | None = None,
    seconds: float = 30.0,
    progress: bool = True,
) -> Review:
    """Hold the code of a handwritten backward pass against the derivation of its loss.

    forward: forward(*args) is the loss, one number, in numpy functions or ops. backward:
    backward(*args) is the handwritten pass, with its own forward pass inside, or after that of
    `forward` where both are methods of one object. It returns gradients as a dict by the names of
    arguments (`dW1` is that of W1), as a tuple or list in the order of `wrt`, or nested as the
    arguments are. wrt: names or positions of arguments, `"self.W1"` for attributes; by default what
    the result names. returns: `"updated"`, where W - lr * dW is returned, or stored in place of
    W; lr is then the rate. make: make(rng) gives other arguments, of other sizes, for a
    `numpy.random.Generator`. seconds: after which the search is stopped. progress: show a bar
    (tqdm's, where it is installed) on stderr for what takes longer.

    **The code is executed**, as it is and, edited in small ways, thousands of times, each time on
    copies of the arguments and of the objects that the passes are methods of. What it prints is
    dropped; the random states are restored, and so is what the passes keep in variables of their
    module, closures and classes. What it does to other things, as to files, it does each time.
    While it is edited, other threads that call the same functions run the edited code.

    Gradients are compared on these arguments and on others near them: parameters are moved, and
    samples drawn again. A mistake is claimed where an edit of the line puts gradients right, and
    makes none wrong, on all of them. Of such edits those are preferred that hold with one number
    more along an axis, too, where the loss takes that; the report says whether it does. A pass that
    clips, as by `np.clip(dW, -5, 5)`, is right where it gives the derived gradient clipped so. What
    objects keep of an earlier call, and neither pass works out, is on other arguments as the loss
    computes it; where nothing tells what it would be, these arguments alone are tried.

    Raises ValueError for functions without a text, a result that does not tell what it is of, or a
    loss that no parameter moves; TypeError for arguments that cannot be copied, or are no numbers;
    `NotRecorded`, a RuntimeError, if the loss can be neither recorded nor differentiated
    numerically.

    >>> import numpy as np
    >>> def loss(W, x, y):
    ...     return ((x @ W - y) ** 2).sum()
    >>> def gradient(W, x, y):
    ...     return {"W": x.T @ (x @ W - y)}
    >>> W, x, y = np.ones((2, 1)), np.array([[1.0, 2.0], [0.5, -1.0]]), np.zeros((2, 1))
    >>> found = review(loss, gradient, W, x, y)
    >>> found.mistakes[0].mended.strip()
    'return {"W": 2 * x.T @ (x @ W - y)}'
    """
    if returns not in ("gradients", "updated"):
        raise ValueError(f"returns is {returns!r}; 'gradients' or 'updated' is needed")
    if returns == "updated" and not (isinstance(lr, (int, float)) and lr):
        raise ValueError(
            f"lr is {describe(lr)}; the rate of the update is needed, for the gradient is what was "
            "taken from a parameter, over it; give lr=0.1"
        )
    for name, f in (("forward", forward), ("backward", backward)):
        if not callable(f):
            raise TypeError(f"{name} is {describe(f)}; a function is needed; give it without ()")
    if not isinstance(seconds, (int, float)):
        raise TypeError(
            f"seconds is {describe(seconds)}; a number is needed, of seconds that the search may "
            "take; leave it out for 30"
        )
    call = Call(_bound(forward), _bound(backward), args)
    shown = partial(with_bar, "reviewing", progress, stream=sys.stderr, delay=1)
    with aside(), Bench(call, wrt, returns, float(lr or 1.0), make) as bench:
        bench.check_make()
        return _reviewed(bench, seconds, shown)


def _bound(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function; of an object that is called, its method."""
    plain = isinstance(f, (FunctionType, MethodType, partial)) or hasattr(f, "__wrapped__")
    return f if plain or isinstance(f, type) else f.__call__  # type: ignore[operator]


def _reviewed(bench: Bench, seconds: float, shown: Callable[..., Any]) -> Review:
    started = perf_counter()
    given = bench.case(bench.given)
    _check_loss_moves(bench, given)
    search = Search(bench, Known(given.truth, bench.forward), [], seconds, shown)
    original = {name: f.text for name, f in bench.code.files.items()}
    if bench.error is not None and bench.wrt is None:
        if not search.first_that_runs(bench.code):
            return _raising(bench, original)
        given = bench.case(bench.given)
        search.known = Known(given.truth, bench.forward)
    slow = given.truth.graph is None and perf_counter() - started > SLOW
    search.more = 1 if slow else FRESH
    others = bench.others(1 if slow else SEARCHED)
    names = tuple(p.name for p in bench.targets.places)
    here = _right(bench, [given], len(names))
    there = _right(bench, others, len(names)) if others else here
    if bench.kept.unknown and not all(there):  # what is kept may be wrong on others
        search.more, others, there = 0, [], here
    refuted: list[Case] = []
    if all(here) and all(there):  # a mistake may be rare
        refuted += search.refuting(lambda case: all(_right(bench, [case], len(names))))
        if len(refuted) > RARE * len(search.fresh):
            there = _right(bench, refuted, len(names))
    search.cases = [*refuted[:SEARCHED], *others, given]
    now = [a and b for a, b in zip(here, there)]
    wrong = tuple(name for name, right in zip(names, now) if not right)
    gradients = _gradients(bench, given)
    notes = _notes(bench, given, names, here, there)
    notes += _shapes(gradients, given, names)
    if not others and bench.kept.unknown:
        notes.append(
            f"{_listed(bench.kept.unknown)}: of an earlier call, and nothing tells what it would be"
            " for others: tried on these arguments alone; let both passes begin with that call"
        )
    elif not others:
        notes.append(
            "no other arguments were found that the loss takes: tried on these alone; give make="
        )
    if bench.kept.values:
        notes.append(
            f"{_listed(bench.kept.values)}: of an earlier call; on other arguments as the loss "
            "computes it"
        )
    for limit in sorted(bench.clips([given, *others])):
        notes.append(
            f"it clips to ±{limit:g}: where a derived gradient is larger, what it gives is held "
            "against that gradient clipped so, too"
        )
    if refuted and not wrong:
        notes.append(
            f"on {len(refuted)} of {len(search.fresh)} more inputs it gives other gradients: these "
            "meet a kink or a clip, or a mistake that is rare"
        )
    before, seen = bench.code, bench.notes
    if not wrong:
        passes = Passes(before, seen, before, seen, search.known, ())
        lines, found_so, graph = annotated(passes), marks(passes), given.truth.graph
        return Review(names, (), (), {}, (), lines, graph, found_so, tuple(notes), original)
    notes += _how_wrong(gradients, given, names, here)
    code, found = _mended(search, bench, now)
    now = list(found[-1].right) if found else now
    verified = ""
    if found and all(now):
        sizes = found[-1].sizes
        tried = len(search.fresh) + len(others) + (sizes or 0)
        verified = f"here and on {tried} fresh input{'s' * (tried != 1)}" if tried else "here"
        if sizes:
            verified += f", {sizes} of other sizes"
        elif sizes is None:
            verified += ", all of these sizes; at others that were tried it is not right"
        elif tried and not bench.make:
            verified += ", all of these sizes (make= tries others)"
    mistakes = _located(found, verified)
    left = tuple(name for name, right in zip(names, now) if not right)
    if bench.misfit is not None and not found:
        raise bench.misfit
    if left:
        how = "stopped" if search.stopped else "ended"
        notes.append(
            f"{', '.join(left)}: no edit that was tried puts {'it' if len(left) == 1 else 'them'} "
            f"right; the search {how} after {search.tried:,}"
        )
    if found:
        bench.renew(code)
    passes = Passes(before, seen, code, bench.notes, search.known, mistakes)
    lines, found_so, graph = annotated(passes), marks(passes), given.truth.graph
    texts = {n: f.text for n, f in code.files.items() if f.text != original[n]}
    return Review(
        names, wrong, mistakes, texts, left, lines, graph, found_so, tuple(notes), original
    )


def _listed(places: Iterable[Place]) -> str:
    """The names of some places."""
    names = [place.name for place in places]
    more = f" and {len(names) - LISTED} more" * (len(names) > LISTED)
    return ", ".join(names[:LISTED]) + more


def _check_loss_moves(bench: Bench, given: Case) -> None:
    """Raise what says why a loss has no gradients, where the backward pass gives some."""
    if given.truth.graph is None and not any(g.any() for g in given.truth.gradients):
        gives = any(g is not None and g.any() for g in _gradients(bench, given))
        if gives and not bench.moves():
            raise ValueError(
                f"forward gives the same loss, whatever {', '.join(given.truth.names)} may be; one "
                "that is computed from them is needed, and this may be from what an earlier call "
                "kept; let both functions begin with that call, as `def loss(net, x, y): "
                "net.forward(x); return net.loss(y)`, and name the parameters: wrt=['net.W1']"
            )


def _raising(bench: Bench, original: dict[str, str]) -> Review:
    error = bench.error
    note = (
        f"backward raises {type(error).__name__}: {error}; no edit that was tried lets it run; "
        "what it returns is not known, so give wrt=, the names of what gradients are given of"
    )
    return Review((), ("all",), (), {}, ("all",), notes=(note,), _texts=original)


def _right(bench: Bench, cases: Iterable[Case], count: int) -> list[bool]:
    """Which gradients are right on all of some cases; none where the pass raises."""
    now = [True] * count
    for case in cases:
        try:
            now = [a and b for a, b in zip(now, bench.right(case))]
        except Exception:
            return [False] * count
    return now


def _notes(
    bench: Bench, given: Case, names: tuple[str, ...], here: list[bool], there: list[bool]
) -> list[str]:
    notes = []
    if bench.misfit is not None:
        notes.append(str(bench.misfit))
    elif bench.error is not None:
        notes.append(f"backward raises {type(bench.error).__name__}: {bench.error}")
    if given.truth.why:
        notes.append(
            f"forward cannot be recorded ({given.truth.why}); its gradients are differences of it"
        )
    hidden = [name for name, a, b in zip(names, here, there) if a and not b]
    if hidden:
        notes.append(f"{', '.join(hidden)}: right on these arguments, wrong on others")
    odd = [name for name, a, b in zip(names, here, there) if b and not a]
    if odd:
        notes.append(
            f"{', '.join(odd)}: wrong on these arguments, right on others; a kink or a tie that "
            "these meet, such as relu at exactly 0, would do that"
        )
    notes += bench.targets.notes
    return notes


def _gradients(bench: Bench, given: Case) -> list[Any]:
    """What the pass gives; nothing where it raises."""
    try:
        return bench.gradients(given)
    except Exception:
        return []


def _shapes(gradients: list[Any], given: Case, names: tuple[str, ...]) -> Iterator[str]:
    """Which gradients have a shape that an update would give to the parameter."""
    for name, g, derived in zip(names, gradients, given.truth.gradients):
        if g is not None and g.size == derived.size and g.shape != derived.shape:
            both = together(g.shape, derived.shape)
            if both != derived.shape:
                yield (
                    f"{name}: its gradient has shape {g.shape}, and it has {derived.shape}: "
                    f"{name} - lr * gradient {f'would have {both}' if both else 'raises'}"
                )


def _how_wrong(
    gradients: list[Any], given: Case, names: tuple[str, ...], here: list[bool]
) -> Iterator[str]:
    """How far wrong gradients are from the derived ones."""
    truth = given.truth.gradients
    for name, g, derived, right, room in zip(names, gradients, truth, here, given.room):
        if g is None:
            yield f"{name}: no gradient is given of it"
        elif g.size != derived.size:
            yield f"{name}: its gradient has shape {g.shape}; {derived.shape} is needed"
        elif not right and g.size:
            with np.errstate(all="ignore"):
                off = float(np.abs(g.reshape(derived.shape) - derived).max())
                part = off / max(float(np.abs(derived).max()), 1e-300)
            if off > room and part < 1e-3:  # else its shape alone is another
                yield f"{name}: off by at most {part:.0e} of its largest number, more than rounding"


def _mended(search: Search, bench: Bench, now: list[bool]) -> tuple[Code, list[Mend]]:
    """The code with edits that put gradients right, one after another, and these."""
    code = bench.code
    found: list[Mend] = []
    while not all(now) and len(found) < MANY:
        mends = search.mends(code, now)
        if not mends:
            two = _two(search, bench, code, now) if not found else None
            if two is None:
                break
            return two
        best = replace(mends[0], others=_others(mends))
        found.append(best)
        now = list(best.right)
        code = code.with_text(best.edit.file.name, best.text)
        if not all(now):
            bench.renew(code)
    return code, found


def _others(mends: list[Mend]) -> tuple[Edit, ...]:
    """The edits after the first that make other programs."""
    known = {ast.dump(ast.parse(mends[0].text))}
    found = []
    for mend in mends[1:]:
        tree = ast.dump(ast.parse(mend.text))
        if tree not in known and mend.cost <= mends[0].cost + SIMILAR:
            known.add(tree)
            found.append(mend.edit)
    return tuple(found[:SAID])


def _two(
    search: Search, bench: Bench, code: Code, now: list[bool]
) -> tuple[Code, list[Mend]] | None:
    """Two edits, of which one makes a line right and no gradient yet."""
    for edit in search.hits[:PAIRS]:
        try:
            text = mended(code, edit)
            new = code.with_text(edit.file.name, text)
            bench.renew(new)
        except (Impossible, ValueError):  # without `super()`, a method is of another kind
            continue
        first = Mend(edit, tuple(now), text, 0.0)
        mends = search.mends(new, now, few=True)
        if mends and all(mends[0].right):
            return new.with_text(mends[0].edit.file.name, mends[0].text), [first, mends[0]]
    return None


def _located(found: list[Mend], verified: str) -> tuple[Mistake, ...]:
    """The mistakes, with their lines in the files as they were given."""
    mistakes: list[Mistake] = []
    added: list[tuple[str, int, int]] = []  # of edits before: a file, a line, and lines more
    for mend in found:
        mistake = Mistake.of(mend.edit, mend.text, mend.others, verified)
        line = mistake.line
        for name, at, more in reversed(added):
            if name == mistake.file and at < line:
                line -= more
        mistakes.append(replace(mistake, line=line))
        more = mend.text.count("\n") - mend.edit.file.text.count("\n")
        added.append((mistake.file, mistake.line, more))
    return tuple(mistakes)
