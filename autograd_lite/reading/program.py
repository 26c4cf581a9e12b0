"""A loss and its gradients as numpy that a person could have written."""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from typing import Any

import numpy as np

from ..graph import Array
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
    Script,
    Term,
    is_number,
    lower,
    needed,
    run,
    silenced_by,
    within,
)
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
    `function`: the text as a function, the constants bound.
    """

    text: str
    constants: Mapping[str, Any]

    @cached_property
    def function(self) -> Callable[..., tuple[Array, ...]]:
        return partial(run(self.text, FUNCTION), **self.constants)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def source(loss: Any, wrt: Any = None, names: Mapping[str, Any] | None = None) -> Source:
    """The numpy of a recorded loss and of its gradients, as the text of a function.

    loss: a Tensor of one element. wrt: the Tensors whose gradients are returned after the loss; by
    default all leaves, in the order in which they were made. names: what Tensors and arrays are
    called, as {name: value}; `names=locals()` will do. A Tensor's own name goes first; what has no
    name gets a short one. Names are changed where Python could not have them.

    The function takes the named arrays by these names, needs nothing but numpy, and gives what the
    engine gives. It is the recorded run: where Python branched on values, it took that branch.

    Raises TypeError for a `loss` or `wrt` that is no floating Tensor, and where an op's forward
    does what cannot be written as numpy calls; ValueError for a loss of several elements;
    RuntimeError for a leaf that was used with two values.

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
    r = recorded(loss, wrt, names)
    steps = named(r)
    slopes = [slope for _, slope in r.gradients]
    script, terms = lower(r.terms, [*steps.names, r.loss, *slopes], r.values)
    lines = _Lines(script)
    for term, name in zip(terms, steps.names.values()):
        lines.name(term, name)
    value, *slopes = terms[len(steps.names) :]
    lines.give("loss", value, loss.dtype)
    for (x, _), slope in zip(r.gradients, slopes):
        own = x in steps.own_slope
        lines.give(steps.names[r.slope_of[x]] if own else f"d_{steps.names[x]}", slope, x.dtype)
    return lines.function(bound=r.constants)


class _Lines:
    """The lines of a function that computes terms of numpy calls.

    A term with a name has a line of its own, others stand within the lines that use them.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.names: dict[Term, str] = {}
        self._asked: dict[Term, str] = {}
        self._written: dict[Term, tuple[str, int]] = {}
        self.given: list[tuple[str, Any]] = []
        self._counts: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
        self._taken = {"np", FUNCTION, "__debug__", *keyword.kwlist}

    def name(self, term: Term, name: str) -> None:
        """Give a term a line of its own, and this name, or one like it that Python can have."""
        if term not in self.names:
            self.names[term] = self._free(name)
            self._asked[term] = name

    def _letter(self, letter: str, term: Term) -> None:
        """Name a term by the letter and the first number that is free."""
        if term not in self.names:
            names = (f"{letter}{n}" for n in self._counts[letter])
            self.name(term, next(name for name in names if name not in self._taken))

    def give(self, name: str, term: Any, dtype: np.dtype) -> None:
        """Return a term, or a number of that dtype, from the function."""
        if isinstance(term, Term):
            self.name(term, name)
        self.given.append((name, term if isinstance(term, Term) else dtype.type(term)))

    def _free(self, name: str) -> str:
        base = unicodedata.normalize("NFKC", name)  # as Python reads names
        base = "".join(c if f"_{c}".isidentifier() else "_" for c in base)
        base = base if base.isidentifier() else f"_{base}"
        name, n = base, 2
        while name in self._taken:
            name, n = f"{base}_{n}", n + 1
        self._taken.add(name)
        return name

    def function(self, bound: Iterable[Term]) -> Source:
        """The whole function; the `bound` leaves are constants, and so are those without a name."""
        terms = needed([*(term for _, term in self.given), *self.script.guards])
        leaves = [term for term in terms if term.op is None]
        unnamed = [term for term in leaves if term not in self.names]
        constants = [term for term in leaves if term in (*bound, *unnamed)]
        for term in unnamed:
            self._letter("rng" if term.dtype == object else "c", term)
        uses = Counter(x for term in terms for x in _read_by(term))
        for term in terms:
            if term.op is not None:
                self._write(term, uses[term] > 1)

        parameters = [*(t for t in leaves if t not in constants), *constants]
        body = [line for term in self._in_order(terms) for line in self._statements(term)]
        results = []
        for name, term in self.given:
            if isinstance(term, Term) and (self._asked[term] == name or name == "loss"):
                results.append(self.names[term])
            else:  # the same as another, or a number
                results.append(self._free(name))
                body.append(f"{results[-1]} = {self._text(term)}")
        text = "import numpy as np\n\n\n"
        text += "".join(f"@{x}\n" for x in silenced_by(self.script.silenced))
        text += _wrapped(f"def {FUNCTION}(", [self.names[t] for t in parameters], "):\n")
        text += f'    """{SUMMARY}"""\n'
        text += "".join(f"    {line}{_kept_long(line)}\n" for line in body)
        text += _wrapped("    return ", results, "\n", "(", ")")
        return Source(text, {self.names[t]: self.script.values[t] for t in constants})

    def _in_order(self, terms: list[Term]) -> list[Term]:
        """The terms with lines, and the conditions; what is only returned comes last."""
        last = [term for _, term in self.given[1:] if isinstance(term, Term)]
        used = {x for term in terms for x in within(term.inputs)}
        last = [term for term in dict.fromkeys(last) if term not in used and term.op is not None]
        lines = {t for t in terms if t in self.names and t.op is not None} - set(last)
        lines |= set(self.script.guards)
        return [*sorted(lines, key=lambda term: term.number), *last]

    def _write(self, term: Term, several: bool) -> None:
        """Write out a term whose inputs have been, and give what needs it a line of its own."""
        again = term.op is METHODS["transpose"] and term.inputs[0] in self.names
        if (several and not again) or isinstance(term.op, InPlace) or _is_drawn(term):
            self._letter("u", term)
        room = WIDTH - 4 - (len(f"{self.names[term]} = ") if term in self.names else INDENT)
        parts = [x for x in within(term.inputs) if x not in self.names]
        parts.sort(key=lambda x: len(self._written[x][0]))
        while len(self._expression(term)[0]) > room and parts:
            self._letter("u", parts.pop())
        self._written[term] = self._expression(term)

    def _statements(self, term: Term) -> list[str]:
        """The lines for a term with a name, or a condition."""
        if term in self.script.guards and term not in self.names:
            return [f"assert {self._written[term][0]}"]
        name, (text, _) = self.names[term], self._written[term]
        shape = f"  # {term.shape}" if term.shape else ""
        line = f"{name} = {text}"
        lines = [line + shape if len(line + shape) <= WIDTH - 4 else line]
        if isinstance(term.op, InPlace):
            _, key, value = term.inputs
            if term.op is SETITEM:
                lines.append(f"{name}[{self._key(key)}] = {self._text(value)}")
            else:
                lines.append(f"np.add.at({name}, {self._text(key)}, {self._text(value)})")
        return [*lines, f"assert {name}"] if term in self.script.guards else lines

    # Expressions --------------------------------------------------------------------------------

    def _text(self, x: Any, tight: int = COMPARED) -> str:
        """An input as it is written where what binds less tightly needs brackets."""
        if isinstance(x, Term):
            text, binding = (self.names[x], ATOM) if x in self.names else self._written[x]
        elif is_number(x):
            text, binding = self._number(x)
        elif isinstance(x, list):
            text, binding = f"[{', '.join(map(self._text, x))}]", ATOM
        elif isinstance(x, tuple):
            inner = ", ".join(map(self._text, x))
            text, binding = f"({inner},)" if len(x) == 1 else f"({inner})", ATOM
        elif isinstance(x, (type, np.dtype)):
            text, binding = f"np.{_dtype_name(np.dtype(x))}", ATOM
        elif isinstance(x, slice) or x is ...:
            text, binding = f"np.s_[{self._key(x)}]", ATOM
        else:
            text, binding = repr(x), ATOM
        return text if binding >= tight else f"({text})"

    def _expression(self, term: Term) -> tuple[str, int]:
        """A term written out, and how tightly it binds."""
        op, inputs = term.op, term.inputs
        if isinstance(op, InPlace):  # starts as what is changed
            x = inputs[0]
            fresh = x.op in FRESH or isinstance(x.op, np.ufunc)
            return self._written[x] if fresh else (f"{self._text(x, ATOM)}.copy()", ATOM)
        floating = any(x.dtype.kind == "f" for x in within(inputs))
        inputs = tuple(int(x) if floating and _is_whole(x) else x for x in inputs)
        if op in SIGNS and not term.params:
            sign, tight = SIGNS[op]
            left = self._text(inputs[0], tight + (tight == COMPARED))
            right = self._text(inputs[1], tight + 1)
            return f"{left} {sign} {right}", tight
        if op is np.negative and not term.params:
            x = self._text(inputs[0], SIGNED)
            return (f"-({x})" if self._is_power(inputs[0]) else f"-{x}"), SIGNED
        if op is np.power and not term.params:
            base, exponent = (
                self._text(inputs[0], ATOM),
                self._text(inputs[1], SIGNED),
            )
            simple = all(re.fullmatch(SIMPLE, x) for x in (base, exponent))
            return f"{base}**{exponent}" if simple else f"{base} ** {exponent}", RAISED
        if op is GETITEM:
            return f"{self._text(inputs[0], ATOM)}[{self._key(inputs[1])}]", ATOM
        name = "" if isinstance(op, Method) else _numpy_name(op)
        params = [f"{key}={self._text(x)}" for key, x in term.params.items()]
        if isinstance(op, Method):
            x, *others = inputs
            if op is METHODS["transpose"] and not others:
                return f"{self._text(x, ATOM)}.T", ATOM
            arguments = ", ".join([*map(self._text, others), *params])
            return f"{self._text(x, ATOM)}.{op.name}({arguments})", ATOM
        return f"{name}({', '.join([*map(self._text, inputs), *params])})", ATOM

    def _is_power(self, x: Any) -> bool:
        return isinstance(x, Term) and x not in self.names and self._written[x][1] == RAISED

    def _key(self, key: Any) -> str:
        """What stands in the brackets of an index."""
        if isinstance(key, tuple) and key:
            return ", ".join(map(self._key, key))
        if isinstance(key, slice):
            ends = ["" if end is None else str(end) for end in (key.start, key.stop, key.step)]
            return ":".join(ends if ends[2] else ends[:2])
        return "..." if key is ... else self._text(key)

    def _number(self, x: Any) -> tuple[str, int]:
        if isinstance(x, np.generic):
            number = x.item() if isinstance(x.item(), (bool, int, float)) else float(x)
            return f"np.{_dtype_name(x.dtype)}({self._number(number)[0]})", ATOM
        if x in self.script.terms.ratios and isinstance(x, float):
            over, under = self.script.terms.ratios[x]
            return f"{over} / {under}", MULTIPLIED
        if not math.isfinite(x):
            return (
                f"{'-' if x < 0 else ''}np.{'nan' if x != x else 'inf'}",
                SIGNED if x < 0 else ATOM,
            )
        return repr(x).replace("e+", "e"), SIGNED if x < 0 else ATOM


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
