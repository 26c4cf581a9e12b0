"""A loss and its gradients as numpy that a person could have written."""

from __future__ import annotations

import json
import keyword
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ..graph import Array
from ..names import Namespace
from ..showing import fenced
from ..terms import (
    ATOM,
    COMPARED,
    GETITEM,
    METHODS,
    MULTIPLIED,
    RAISED,
    SETITEM,
    SIGNED,
    SIGNS,
    InPlace,
    Method,
    Part,
    Script,
    Term,
    is_number,
    lower,
    needed,
    run,
    silenced_by,
    slice_text,
    within,
)
from .places import gathered
from .revision import plainly
from .steps import named, recorded

WIDTH = 88  # of a line, as formatters have it
INDENT = 12  # what is likely to stand around an expression that another line takes up
FUNCTION = "loss_and_gradients"
SUMMARY = "The loss and its gradients, as recorded."

SIMPLE = r"-?[\w.]+(e-\d+)?(\*\*-?[\w.]+(e-\d+)?)*"  # what powers have no spaces around
FRESH = {np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.full, METHODS["copy"]}
BY_NAME = {np.absolute: "np.abs"}


@dataclass(frozen=True, repr=False, eq=False)
class Source:
    """The text of a function of numpy alone, which returns a loss and its gradients.

    `str()` is the text. `constants`: by their names, the arrays (and generators) that the
    expression used and the user gave no name; they are the last parameters of the function.
    `function`: the text as a function, the constants bound. A notebook highlights the text.
    """

    text: str
    constants: Mapping[str, Any]

    @cached_property
    def function(self) -> Callable[..., tuple[Array, ...]]:
        return partial(run(self.text, FUNCTION), **self.constants)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return fenced(self.text)


def source(loss: Any, wrt: Any = None, names: Mapping[str, Any] | None = None) -> Source:
    """The numpy of a recorded loss and of its gradients, as the text of a function.

    loss: a Tensor of one element. wrt: the Tensors whose gradients are returned after the loss; by
    default all leaves, in the order in which they were made. names: what Tensors and arrays are
    called, as {name: value}; `names=locals()` will do. A Tensor's own name goes first; what has no
    name gets a short one. Names are changed where Python could not have them. Of what numpy made of
    a named array, `x[2]` or `1 - t`, the whole array is the parameter; see `derive`.

    The function takes the named arrays by these names, needs nothing but numpy, and gives what the
    engine gives. It is the recorded run: where Python branched on values, it took that branch.

    Values that are not computed yet, Dask's, are computed once; the graph then holds them.

    Raises TypeError for a `loss` or `wrt` that is no floating Tensor, and where an op's forward
    does what cannot be written as numpy calls; ValueError for a loss of several elements or one
    computed inside `no_grad`; RuntimeError for a leaf that was used with two values.

    >>> from autograd_lite import Tensor, source
    >>> x, w = np.array([1.0, 2.0]), Tensor([0.5, -0.5], name="w")
    >>> print(source(((x * w - 1) ** 2).sum(), names={"x": x}), end="")
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def loss_and_gradients(x, w):
        \"\"\"The loss and its gradients, as recorded.\"\"\"
        h1 = x * w - 1  # (2,)
        loss = (h1**2).sum()
        d_h1 = 2 * h1  # (2,)
        d_w = d_h1 * x  # (2,)
        return loss, d_w
    """
    r = gathered(plainly(recorded(loss, wrt, names)))
    steps = named(r)
    ends = [r.loss, *(slope for _, slope in r.gradients)]
    script, terms = lower(r.terms, [*steps.names, *ends], r.values)
    given = [*zip(terms, steps.names.values())]
    value, *slopes = terms[len(given) : len(given) + len(ends)]
    results = [Result("loss", value if isinstance(value, Term) else loss.dtype.type(value))]
    for (x, _), lowered in zip(r.gradients, slopes):
        name = steps.names[r.slope_of[x]] if x in steps.own_slope else f"d_{steps.names[x]}"
        if not isinstance(lowered, Term):
            lowered = x.dtype.type(lowered)
        results.append(Result(name, lowered))
    return _function(script, given, results, r.constants)


# The function -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Result:
    """What the function returns: a term, or a number, and the name that it should have."""

    name: str
    value: Any


def _function(
    script: Script, given: list[tuple[Term, str]], results: list[Result], bound: list[Term]
) -> Source:
    """The function of results, with lines for what is `given` a name.

    The `bound` leaves are constants, and so are those without a name.
    """
    asked: dict[Term, str] = {}
    for term, name in (*given, *((x.value, x.name) for x in results if is_term(x.value))):
        asked.setdefault(term, name)
    space = Namespace({"np", FUNCTION, "__debug__", *keyword.kwlist})
    names = {term: space.free(_python_name(name)) for term, name in asked.items()}

    terms = needed([*(x.value for x in results), *script.effects])
    leaves = [term for term in terms if term.op is None]
    unnamed = [term for term in leaves if term not in names]
    for term in unnamed:
        names[term] = space.numbered("rng" if term.dtype == object else "c")
    for term in script.varying:
        if term not in names:
            names[term] = space.numbered("u")
    writer = _Writer(names, script.terms.ratios)
    _write(writer, terms, space)

    body = []
    for term in _in_order(terms, names, results, script.guards):
        body += writer.statements(term)
        if term in script.varying:  # with another shape the recorded counts would be wrong
            body.append(f"assert {names[term]}.shape == {term.shape}")
        if term in script.guards:
            body.append(f"assert {writer.text(term)}")
    returned = []
    for result in results:
        if is_term(result.value) and result.name in (asked[result.value], "loss"):
            returned.append(names[result.value])
        else:  # the same as another, or a number
            returned.append(space.free(_python_name(result.name)))
            body.append(f"{returned[-1]} = {writer.text(result.value)}")

    constants = [term for term in leaves if term in (*bound, *unnamed)]
    parameters = [*(t for t in leaves if t not in constants), *constants]
    text = "import numpy as np\n\n\n"
    text += "".join(f"@{x}\n" for x in silenced_by(script.silenced))
    text += _wrapped(f"def {FUNCTION}(", [names[t] for t in parameters], "):\n")
    text += f'    """{SUMMARY}"""\n'
    text += "".join(f"    {line}{_kept_long(line)}\n" for line in body)
    text += _wrapped("    return ", returned, "\n", "(", ")")
    return Source(text, {names[t]: script.values[t] for t in constants})


def _in_order(
    terms: list[Term], names: Mapping[Term, str], results: list[Result], guards: list[Term]
) -> list[Term]:
    """The terms with lines, and the conditions; what is only returned comes last."""
    used = {x for term in terms for x in within(term.inputs)}
    slopes = dict.fromkeys(x.value for x in results[1:] if is_term(x.value))
    last = [term for term in slopes if term not in used and term.op is not None]
    lines = {t for t in terms if t in names and t.op is not None} - set(last)
    return [*sorted(lines | set(guards), key=lambda term: term.number), *last]


def _write(writer: _Writer, terms: list[Term], space: Namespace) -> None:
    """Write out terms, each after its inputs, and give what needs it a line of its own."""
    names = writer.names
    uses = Counter(x for term in terms for x in _read_by(term))
    inner = writer.find_changes(terms)
    for term in terms:
        if term.op is None or term in inner:
            continue
        again = _is_part(term, names)
        several = uses[term] > 1 and not again
        if term not in names and (several or isinstance(term.op, InPlace) or _is_drawn(term)):
            names[term] = space.numbered("u")
        room = WIDTH - 4 - (len(f"{names[term]} = ") if term in names else INDENT)
        parts = [x for x in within(term.inputs) if x not in names and x not in inner]
        parts.sort(key=lambda x: len(writer.written[x][0]))
        while len(writer.expression(term)[0]) > room and parts:
            names[parts.pop()] = space.numbered("u")
        writer.written[term] = writer.expression(term)
        for change in writer.changes.get(term, ()):
            x = change.value
            if (
                len(writer.change(names[term], change)) > WIDTH - 4
                and is_term(x)
                and x not in names
            ):
                names[x] = space.numbered("u")


@dataclass(frozen=True, eq=False)
class _Change:
    """A change of an array at a key, in place: a value is put there, or `added`."""

    op: InPlace
    key: Any
    value: Any
    added: bool


def _is_view(term: Term, names: Mapping[Term, str]) -> bool:
    """Is it the transpose of what has a name, or a part of a parameter, and as good as one?"""
    if term.op is METHODS["transpose"]:
        return term.inputs[0] in names or _is_view(term.inputs[0], names)
    return term.op is GETITEM and term.inputs[0].op is None and not [*within(term.inputs[1])]


class _Writer:
    """Writes terms of numpy calls as Python.

    `names`, of the terms with a line of their own; `written`, how others stand within the lines
    that use them, and how tightly they bind; `changes`, of arrays that are changed in place, what
    is done to them one after another, and `starts`, what they are before.
    """

    def __init__(self, names: dict[Term, str], ratios: Mapping[float, tuple[int, int]]) -> None:
        self.names = names
        self.written: dict[Term, tuple[str, int]] = {}
        self.ratios = ratios
        self.changes: dict[Term, list[_Change]] = {}
        self.starts: dict[Term, Term] = {}

    def find_changes(self, terms: list[Term]) -> set[Term]:
        """Find the changes; the terms that are no values of their own, but stand between them."""
        uses = Counter(x for term in terms for x in within(term.inputs))
        inner: set[Term] = set()
        for term in terms:
            if not isinstance(term.op, InPlace):
                continue
            x, key, value = term.inputs
            steps = [value, value.inputs[0]] if is_term(value) and value.op is np.add else []
            added = bool(steps) and is_term(steps[1]) and steps[1].op is GETITEM
            added = added and steps[1].inputs == (x, key)
            added = added and all(uses[t] == 1 and t not in self.names for t in steps)
            if added:
                inner.update(steps)
                value = value.inputs[1]
            change = _Change(term.op, key, value, added)
            if x in self.changes and x not in self.names and uses[x] == 1 + added:
                inner.add(x)
                self.changes[term] = [*self.changes.pop(x), change]
                self.starts[term] = self.starts.pop(x)
            else:
                self.changes[term], self.starts[term] = [change], x
        return inner

    def statements(self, term: Term) -> list[str]:
        """The lines for a term with a name."""
        if term not in self.names:
            return []
        name, (text, _) = self.names[term], self.written[term]
        shape = f"  # {term.shape}" if term.shape else ""
        line = f"{name} = {text}"
        lines = [line + shape if len(line + shape) <= WIDTH - 4 else line]
        return lines + [self.change(name, change) for change in self.changes.get(term, ())]

    def change(self, name: str, change: _Change) -> str:
        """The line for a change of the array of that name."""
        if change.op is SETITEM:
            sign = "+=" if change.added else "="
            return f"{name}[{self.key(change.key)}] {sign} {self.text(change.value)}"
        return f"np.add.at({name}, {self.text(change.key)}, {self.text(change.value)})"

    def text(self, x: Any, tight: int = COMPARED) -> str:
        """An input as it is written where what binds less tightly needs brackets."""
        if isinstance(x, Term):
            text, binding = (self.names[x], ATOM) if x in self.names else self.written[x]
        elif is_number(x):
            text, binding = self.number(x)
        elif isinstance(x, list):
            text, binding = f"[{', '.join(map(self.text, x))}]", ATOM
        elif isinstance(x, tuple):
            inner = ", ".join(map(self.text, x))
            text, binding = f"({inner},)" if len(x) == 1 else f"({inner})", ATOM
        elif isinstance(x, (type, np.dtype)):
            text, binding = f"np.{_dtype_name(np.dtype(x))}", ATOM
        elif isinstance(x, slice) or x is ...:
            text, binding = f"np.s_[{self.key(x)}]", ATOM
        elif isinstance(x, str):
            text, binding = json.dumps(x), ATOM
        else:
            text, binding = repr(x), ATOM
        return text if binding >= tight else f"({text})"

    def expression(self, term: Term) -> tuple[str, int]:
        """A term written out, and how tightly it binds."""
        op, inputs = term.op, term.inputs
        if isinstance(op, InPlace):  # starts as what is changed
            x = self.starts[term]
            while x.op is METHODS["copy"] and x not in self.names:
                (x,) = x.inputs
            fresh = x.op in FRESH or isinstance(x.op, np.ufunc)
            return self.written[x] if fresh else (f"{self.text(x, ATOM)}.copy()", ATOM)
        inputs = _shortened(op, inputs)
        if op in SIGNS and not term.params:
            sign, tight = SIGNS[op]
            left = self.text(inputs[0], tight + (tight == COMPARED))
            right = self.text(inputs[1], tight + 1)
            return f"{left} {sign} {right}", tight
        if op is np.negative and not term.params:
            return self._negative(inputs[0])
        if op is np.power and not term.params:
            base, exponent = (
                self.text(inputs[0], ATOM),
                self.text(inputs[1], SIGNED),
            )
            simple = all(re.fullmatch(SIMPLE, x) for x in (base, exponent))
            return f"{base}**{exponent}" if simple else f"{base} ** {exponent}", RAISED
        if op is GETITEM:
            return f"{self.text(inputs[0], ATOM)}[{self.key(inputs[1])}]", ATOM
        if op is np.full and _is_zero(inputs[1]):
            dtype = "" if term.dtype == float else f", {self.text(term.dtype)}"
            shape = inputs[0] if len(inputs[0]) != 1 else inputs[0][0]
            return f"np.zeros({self.text(shape)}{dtype})", ATOM
        op, taken = (op.whole, f"[{op.i}]") if isinstance(op, Part) else (op, "")
        name = "" if isinstance(op, Method) else _numpy_name(op)
        params = [f"{key}={self.text(x)}" for key, x in term.params.items()]
        if isinstance(op, Method):
            x, *others = inputs
            if op is METHODS["transpose"] and not others:
                return f"{self.text(x, ATOM)}.T", ATOM
            if op is METHODS["reshape"] and term.shape == x.shape + (1,) * (term.ndim - x.ndim):
                places = ", ".join([*":" * x.ndim, *["None"] * (term.ndim - x.ndim)])
                return f"{self.text(x, ATOM)}[{places}]", ATOM
            if op is METHODS["sum"] and x.op is np.negative and x not in self.names:
                (x,) = x.inputs  # the sign of the sum
                sign, tight = "-", SIGNED
            else:
                sign, tight = "", ATOM
            arguments = ", ".join([*map(self.text, others), *params])
            return f"{sign}{self.text(x, ATOM)}.{op.name}({arguments})", tight
        return f"{name}({', '.join([*map(self.text, inputs), *params])}){taken}", ATOM

    def _negative(self, x: Any) -> tuple[str, int]:
        """The sign of a product stands at its first factor."""
        if is_term(x) and x not in self.names:
            text, tight = self.written[x]
            if x.op in (np.multiply, np.divide, np.matmul) and text[0] != "-":
                return f"-{text}", MULTIPLIED
            if tight == RAISED:
                return f"-({text})", SIGNED
        return f"-{self.text(x, SIGNED)}", SIGNED

    def key(self, key: Any) -> str:
        """What stands in the brackets of an index."""
        if isinstance(key, tuple) and key:
            return ", ".join(map(self.key, key))
        if isinstance(key, slice):
            return slice_text(key)
        key = int(key) if isinstance(key, np.integer) else key
        return "..." if key is ... else self.text(key)

    def number(self, x: Any) -> tuple[str, int]:
        if isinstance(x, np.generic):
            number = x.item() if isinstance(x.item(), (bool, int, float)) else float(x)
            return f"np.{_dtype_name(x.dtype)}({self.number(number)[0]})", ATOM
        if x in self.ratios and isinstance(x, float):
            over, under = self.ratios[x]
            return f"{over} / {under}", MULTIPLIED
        if not math.isfinite(x):
            return (
                f"{'-' if x < 0 else ''}np.{'nan' if x != x else 'inf'}",
                SIGNED if x < 0 else ATOM,
            )
        return repr(x).replace("e+", "e"), SIGNED if x < 0 else ATOM


def _is_part(term: Term, names: Container[Term]) -> bool:
    """Is it what has a name, transposed or at a key that is written down: no more than a name?"""
    while term.op is METHODS["transpose"] or (
        term.op is GETITEM and not [*within(term.inputs[1:])]
    ):
        (term,) = within(term.inputs)
        if term in names:
            return True
    return False


def _is_zero(x: Any) -> bool:
    return bool(x == 0) and not np.signbit(x)


def is_term(x: Any) -> bool:
    return isinstance(x, Term)


def _python_name(name: str) -> str:
    """A name as Python can have it."""
    name = unicodedata.normalize("NFKC", name)  # as Python reads names
    name = re.sub(r'"?\]', "", re.sub(r'\["?', "_", name))  # W[0] is W_0
    name = "".join(c if f"_{c}".isidentifier() else "_" for c in name)
    return name if name.isidentifier() else f"_{name}"


def _shortened(op: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Whole floats as ints, where numpy's promotion gives the result the same dtype."""
    short = tuple(int(x) if _is_whole(x) else x for x in inputs)
    return short if isinstance(op, np.ufunc) and _promoted(short) == _promoted(inputs) else inputs


def _promoted(inputs: tuple[Any, ...]) -> np.dtype:
    return np.result_type(*(x.dtype if isinstance(x, Term) else x for x in inputs))


def _is_drawn(term: Term) -> bool:
    """Does it come from a generator? The order of draws is that of the lines."""
    return any(x.dtype == object for x in within(term.inputs))


def _dtype_name(dtype: Any) -> str:
    return "longdouble" if dtype == np.longdouble else dtype.name


def _is_whole(x: Any) -> bool:
    return type(x) is float and x.is_integer() and abs(x) < 1e6 and repr(x) != "-0.0"


def _read_by(term: Term) -> Iterator[Term]:
    """The inputs of a term. What is changed in place is made for that, and written with it."""
    inputs = term.inputs[1:] if isinstance(term.op, InPlace) else term.inputs
    return within(inputs)


def _numpy_name(op: Any) -> str:
    """How a person calls a function of numpy."""
    if op in BY_NAME:
        return BY_NAME[op]
    name = getattr(op, "__name__", str(op))
    for prefix, module in (("np", np), ("np.linalg", np.linalg)):
        if getattr(module, name, None) is op:
            return f"{prefix}.{name}"
    raise TypeError(
        f"source got a graph that calls {name}, which is not numpy's; a forward of numpy calls "
        "alone can be written down; write the op with these, or use compile, which runs any"
    )


def _kept_long(line: str) -> str:
    """Has formatters leave a line alone that names alone make too long."""
    return "  # fmt: skip" if len(line) > WIDTH - 4 else ""


def _wrapped(start: str, parts: list[str], end: str, opened: str = "", closed: str = "") -> str:
    """A list on one line, or, where it is too long, one part a line."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line.rstrip("\n")) <= WIDTH:
        return line
    indent = " " * (len(start) - len(start.lstrip()))
    inner = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{start}{opened}\n{inner}{indent}{closed}{end}"
