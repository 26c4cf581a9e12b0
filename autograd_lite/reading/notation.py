"""How terms are written on paper, in text and in LaTeX: with ink, which computes as arrays do.

An op's block says how it is written as an expression, `paper=lambda p, x: p.exp(x) - 1`. Handed
`Ink`, what its inputs are written as, the same expression comes out written. `p`, the `Page`, has
what is no operator: the names of functions, indicators, choices.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..graph import Op
from ..op import GENERATORS
from ..ops.reductions import axes_of
from ..terms import Shape, Term, is_number, slice_text, within
from .letters import Index, escaped, in_latex, in_text, on_one_line, upright

# How tightly an expression binds.
JOINED, ADDED, SUMMED, DIVIDED, VECTOR, MATRIX, MULTIPLIED, RAISED, ATOM = range(9)

# What stands between values, or around them: in text, and in LaTeX.
# Markdown takes the backslash from punctuation, also in formulas: hence \thinspace.
SIGNS = {
    "minus": ("−%s", "-%s"),
    "plus": ("%s + %s", "%s + %s"),
    "less": ("%s − %s", "%s - %s"),
    "scaled": ("%s %s", r"%s \thinspace %s"),
    "dot": ("%s · %s", r"%s \cdot %s"),
    "hadamard": ("%s ⊙ %s", r"%s \odot %s"),
    "beside": ("%s %s", r"%s \thinspace %s"),
    "ratio": ("%s/%s", r"\frac{%s}{%s}"),
    "over": ("%s / %s", r"\frac{%s}{%s}"),
    "power": ("%s^%s", "%s^{%s}"),
    "transpose": ("%sᵀ", r"%s^{\top}"),
    "sum": ("Σ %s", r"\sum %s"),
    "total": ("Σ_%s %s", r"\sum_{%s} %s"),
    "total from": ("Σ_{%s=%s…%s} %s", r"\sum_{%s=%s}^{%s} %s"),
    "steps": ("%s = %s … %s", r"%s = %s, \ldots, %s"),
    "prod": ("Π %s", r"\prod %s"),
    "along": ("%s over %s of %s", r"%s_{\text{%s}} %s"),
    "norm": ("‖%s‖", r"\left\lVert %s \right\rVert"),
    "abs": ("|%s|", r"\left\lvert %s \right\rvert"),
    "sqrt": ("√(%s)", r"\sqrt{%s}"),
    "exp": ("exp(%s)", "e^{%s}"),
    "truth": ("[%s]", r"\mathbf{1}[%s]"),
    "ones": ("ones(%s)", r"\mathbf{1}_{%s}"),
    "by": ("×", r" \times "),
    "index": ("%s[%s]", "%s[%s]"),
    "slice": (":", "{:}"),
    "comma": (", ", ", "),
    "dots": ("…", r"\ldots"),
    "new": ("new", r"\mathrm{new}"),
    "infinity": ("∞", r"\infty"),
    "NaN": ("NaN", r"\mathrm{NaN}"),
    "param": ("%s=%s", "%s = %s"),
    "elsewhere": ("0 elsewhere", r"0 \text{ elsewhere}"),
    "inverse": ("%s⁻¹", "%s^{-1}"),
    "placed": ("%s at [%s], else 0", r"%s \text{ at } [%s] \text{, else } 0"),
    "slope": ("∂%s/∂%s", r"\frac{\partial %s}{\partial %s}"),
    "cotangent": ("d_%s", "d_{%s}"),
}
# The LaTeX of the signs that ops are written with.
LATEX = {
    **{"≥": r"\ge", "≤": r"\le", "≠": r"\ne", "<": r"\lt", ">": ">", "=": "="},
    **{"and": r"\land", "or": r"\lor", "not": r"\lnot", "|": r"\mid", "~": r"\sim"},
}
# The functions that are no upright words there.
UPRIGHT = ("exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh")
FUNCTIONS = {name: f"\\{name}" for name in (*UPRIGHT, "max", "min", "det")}
FUNCTIONS |= {"Σ": r"\sum", "Π": r"\prod"}
FUNCTIONS |= {"log₂": r"\log_{2}", "log₁₀": r"\log_{10}"}
FUNCTIONS |= {"σ": r"\sigma", "log softmax": r"\log \operatorname{softmax}"}
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
FLOAT, TRUTH = np.dtype(float), np.dtype(bool)
TALL = re.compile(r"\\(frac|sum|prod|left)")


@dataclass(frozen=True, eq=False)
class Page:
    """What is written on: in text or in LaTeX, with ink or, by its methods, what is no operator.

    `shape` and `dtype`: of the result of the op that is being written. `loose`: whether it need not
    be said which of its axes have length 1.
    """

    latex: bool
    shape: Shape = ()
    dtype: np.dtype = FLOAT
    loose: bool = False

    # What blocks of the catalogue write with

    def function(self, name: str, *inputs: Ink, **params: Any) -> Ink:
        """name(inputs, params)."""
        arguments = [x.whole() for x in inputs]
        arguments += [
            self.sign("param", self.symbol(key), self.param(value))
            for key, value in params.items()
            if not isinstance(value, GENERATORS)
        ]
        body = self.operator(name) + self.brackets(self.sign("comma").join(arguments))
        shape = inputs[0].shape if inputs else ()
        return Ink(self, body, RAISED if " " in name else ATOM, shape=shape)

    def exp(self, x: Ink) -> Ink:
        return replace(self.enclosed("exp", x), tight=RAISED)

    def log(self, x: Ink) -> Ink:
        return self.function("log", x)

    def sigmoid(self, x: Ink) -> Ink:
        return self.function("σ", x)

    def onehot(self, classes: Ink, n: int) -> Ink:
        """The rows of 0 and 1 of class numbers up to n."""
        return replace(self.function("onehot", classes), shape=(*classes.shape, n))

    def over(self, name: str, x: Ink, axis: Any, keepdims: bool) -> Ink:
        """name over axes of x, a reduction; keepdims: whether to say that they are kept."""
        axes = sorted(axes_of(x, axis))
        if not axes and x.ndim:
            return self.function(name, x, axis=axis)
        if len(axes) == x.ndim and not keepdims:
            return self.function(name, x)
        where = f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
        if keepdims:
            where += ", kept" if self.latex else ", kept,"
        where = "each row" if keepdims and x.ndim == 2 and axes == [1] else where
        body = self.sign("along", self.operator(name), where, x.whole(DIVIDED))
        return Ink(self, body, SUMMED, shape=reduced(x.shape, axes))

    def inverse(self, x: Ink) -> Ink:
        """The inverse of a matrix."""
        return replace(x, body=self.sign("inverse", x.whole(ATOM)), tight=RAISED, over=1, under=1)

    def reshaped(self, x: Ink) -> Ink:
        """x in the result's shape; an index where that only adds or drops axes of length 1."""
        axes = more_axes(x.shape, self.shape)
        if axes and self.loose:
            return replace(x, shape=self.shape)
        which: Any = None
        if axes is None:
            axes, which = more_axes(self.shape, x.shape), 0
        if axes is None:
            return self.arranged("reshape", x)
        if not axes:
            return x
        return x[tuple(which if i in axes else slice(None) for i in range(max(axes) + 1))]

    def enclosed(self, sign: str, x: Ink) -> Ink:
        """Within the sign that encloses x: its abs, norm or sqrt."""
        return Ink(self, self.sign(sign, x.whole()), shape=x.shape)

    def indicator(self, *parts: Any) -> Ink:
        """[parts], which is 1 where that holds and else 0: `p.indicator(a, ">", b)`."""
        ink = self._in_a_row(parts, ADDED)
        return replace(ink, body=self.sign("truth", ink.body), tight=ATOM, dtype=TRUTH)

    def joined(self, *parts: Any) -> Ink:
        """Values and the signs between them, as they stand: `p.joined(a, "&", b)`."""
        return self._in_a_row(parts, RAISED)

    def _in_a_row(self, parts: tuple[Any, ...], tight: int) -> Ink:
        def written(x: Any) -> str:
            if not isinstance(x, str):
                return self.ink(x).whole(tight)
            latex = LATEX.get(x) or rf"\mathbin{{{escaped(x)}}}"
            return latex if self.latex else on_one_line(x)

        shapes = (x.shape for x in parts if isinstance(x, Ink))
        return Ink(self, " ".join(map(written, parts)), JOINED, shape=np.broadcast_shapes(*shapes))

    def choice(self, condition: Ink, a: Ink, b: Ink) -> Ink | None:
        """A choice by a truth between something and 0 is a product with it; another no formula."""
        if condition.dtype != TRUTH or condition.is_number:
            return None
        if b.is_number and b.over == 0:
            return a * condition
        if a.is_number and a.over == 0:
            return b * (1 - condition)
        return None

    def transposed(self, x: Ink, axes: tuple[int, ...] | None) -> Ink | None:
        """xᵀ, where the last two axes change places; another order of axes is no sign."""
        n = x.ndim
        order = axes or tuple(range(n))[::-1]
        return x.T if n > 1 and order == (*range(n - 2), n - 1, n - 2) else None

    def repeated(self, x: Ink) -> Ink:
        """x in all places of the result's shape."""
        if x.is_number:
            return replace(x, body=self.ones(self.shape))
        return self.arranged("broadcast", x)

    def placed(self, x: Ink, key: Any) -> Ink:
        """x in a place of zeros."""
        return Ink(self, self.sign("placed", x.whole(), self.key(key)), JOINED)

    def arranged(self, name: str, x: Ink) -> Ink:
        """name(x, the result's shape)."""
        arguments = [x.whole(), self.lengths(self.shape)]
        body = self.brackets(self.sign("comma").join(arguments))
        return Ink(self, self.operator(name) + body)

    # Signs, numbers and names

    def ink(self, x: Any, ratios: Mapping[float, tuple[int, int]] | None = None) -> Ink:
        """A number as ink, where it is known as the ratio of two as that; ink as it is."""
        if isinstance(x, Ink):
            return x
        if isinstance(x, float) and ratios and x in ratios:
            over, under = ratios[x]
            return Ink(self, over=over, under=under)
        x = float(str(x)) if isinstance(x, np.floating) else x.item() if hasattr(x, "item") else x
        return Ink(self, over=int(x) if float(x).is_integer() else x)

    def sign(self, name: str, *parts: str) -> str:
        """A sign, or what it stands between."""
        text = SIGNS[name][self.latex]
        return text % parts if parts else text

    def brackets(self, text: str) -> str:
        tall = self.latex and TALL.search(text)
        return rf"\left({text}\right)" if tall else f"({text})"

    def number(self, over: Any, under: int = 1) -> str:
        """A number that is not negative, or a ratio; as short as its precision allows."""
        if under != 1:
            return self.sign("ratio", self.number(over), str(under))
        if isinstance(over, int):
            return str(over)
        if not math.isfinite(over):
            return self.sign("infinity" if over == over else "NaN")
        if (root := round(over * over)) < 1000 and math.sqrt(root) == over:
            return self.sign("sqrt", str(root))
        short = np.float32(over) if abs(over) < 1e30 else over
        text = str(short) if float(short) == over else f"{over:.15g}"
        if self.latex and "e" in text:
            digits, exponent = text.split("e")
            power = f"10^{{{int(exponent)}}}"
            return power if digits == "1" else rf"{digits} \cdot {power}"
        return text

    def lengths(self, shape: Iterable[int]) -> str:
        return self.sign("by").join(map(str, shape)) or "()"

    def steps(self, steps: tuple[str, int, int]) -> str:
        """An index, and from where to where it goes."""
        return self.sign("steps", steps[0], *(self.ink(n).whole() for n in steps[1:]))

    def ones(self, shape: Iterable[int]) -> str:
        """An array of ones."""
        return self.sign("ones", self.lengths(shape))

    def key(self, key: Any) -> str:
        """What stands in the brackets of an index."""
        if isinstance(key, tuple):
            return self.sign("comma").join(map(self.key, key))
        if isinstance(key, slice):
            ends = (key.start, key.stop, key.step)
            texts = (self.key(x) if isinstance(x, Index) else x for x in ends)
            return slice_text(slice(*texts)).replace(":", self.sign("slice"))
        if isinstance(key, Index):
            return str(key) if self.latex else str(key).replace("-", "−")
        if key is None or key is ...:
            return self.sign("dots") if key else self.sign("new")
        return key.whole() if isinstance(key, Ink) else str(key)

    def param(self, value: Any) -> str:
        """A static parameter."""
        if isinstance(value, np.ndarray):
            return self.literal(f"array {value.shape}")
        if isinstance(value, tuple):
            return f"({self.sign('comma').join(map(self.param, value))})"
        if isinstance(value, slice) or value is ...:
            return self.key(value)
        if is_number(value) and not isinstance(value, (bool, np.bool_)):
            return self.ink(value).whole()
        return self.literal(getattr(value, "__name__", None) or str(value))

    def literal(self, text: str) -> str:
        return escaped(text) if self.latex else on_one_line(text)

    def operator(self, name: str) -> str:
        """The name of a function."""
        return (FUNCTIONS.get(name) or upright(name)) if self.latex else on_one_line(name)

    def symbol(self, name: str) -> str:
        """The name of a value."""
        return in_latex(name) if self.latex else in_text(name)


@dataclass(frozen=True, eq=False)
class Ink:
    """over / under · body: how a value is written. Without a body it is a number.

    It has the shape and dtype of the value and computes with the operators of arrays. What is
    linear hands the number on, so that there is one, and one sign, at the front. `light`: whether
    it is hardly more than a name.
    """

    page: Page
    body: str = ""
    tight: int = ATOM
    over: Any = 1
    under: int = 1
    shape: Shape = ()
    dtype: np.dtype = FLOAT
    light: bool = False

    __array_ufunc__ = None  # numpy's numbers leave operators to ink

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_number(self) -> bool:
        return not self.body

    def whole(self, tight: int = JOINED) -> str:
        """What is written, with its number, in brackets if it binds less than `tight`."""
        page, over, binding = self.page, abs(self.over), self.tight
        if not self.body:
            text = page.number(over, self.under)
            binding = ATOM if self.under == 1 else DIVIDED
        elif over == self.under == 1:
            text = self.body if self.over > 0 else self.inner(SUMMED)
        else:
            text = self.inner(SUMMED)
            sign = "dot" if text[0].isdigit() else "scaled"
            text = page.sign(sign, page.number(over, self.under), text)
            binding = min(binding, MULTIPLIED)
        if self.over < 0:
            text, binding = page.sign("minus", text), ADDED
        return text if binding >= tight else page.brackets(text)

    def inner(self, tight: int) -> str:
        """What is written but for its number, in brackets if it binds less than `tight`."""
        return self.body if self.tight >= tight else self.page.brackets(self.body)

    def __neg__(self) -> Ink:
        return replace(self, over=-self.over)

    def __add__(self, other: Any) -> Ink:
        """The sum, or a difference where a number is negative."""
        a, b = self, self.page.ink(other)
        if a.over < 0 <= b.over:
            a, b = b, a
        if b.over < 0:
            return self._new(a, b, "less", a.whole(ADDED), (-b).whole(SUMMED), tight=ADDED)
        text, minus = b.whole(ADDED), self.page.sign("minus", "")
        if text.startswith(minus):  # of its first addend
            rest = text.removeprefix(minus)
            return self._new(a, b, "less", a.whole(ADDED), rest, tight=ADDED)
        return self._new(a, b, "plus", a.whole(ADDED), text, tight=ADDED)

    def __sub__(self, other: Any) -> Ink:
        return self + -self.page.ink(other)

    def __mul__(self, other: Any) -> Ink:
        """The product element by element."""
        a, b = self, self.page.ink(other)
        if a.is_number or b.is_number:
            a, b = (b, a) if a.is_number else (a, b)
            return a.scaled(b.over, b.under)
        if (a.body, a.over, a.under) == (b.body, b.over, b.under):
            return a**2
        sign = "hadamard" if a.shape and b.shape else "dot"
        product = self._new(a, b, sign, a.inner(MULTIPLIED), b.inner(MULTIPLIED), tight=MULTIPLIED)
        return product.scaled(a.over, a.under).scaled(b.over, b.under)

    def __truediv__(self, other: Any) -> Ink:
        a, b = self, self.page.ink(other)
        if b.is_number and isinstance(b.over, int) and b.over:
            return a.scaled(b.under if b.over > 0 else -b.under, abs(b.over))
        latex = self.page.latex  # where the length of the line tells what is divided
        left, right, tight = (ADDED, ADDED, MULTIPLIED) if latex else (VECTOR, RAISED, DIVIDED)
        over = self.page.number(abs(a.over)) if a.is_number else a.inner(left)
        under = replace(b, over=abs(b.over)).scaled(a.under if a.is_number else 1).whole(right)
        quotient = self._new(a, b, "over", over, under, tight=tight)
        sign = 1 if b.over >= 0 else -1
        if a.is_number:
            return replace(quotient, over=sign if a.over >= 0 else -sign)
        return replace(quotient, over=sign * a.over, under=a.under)

    def __pow__(self, other: Any) -> Ink:
        a, b = self, self.page.ink(other)
        if b.is_number and (b.over, b.under) == (-1, 1):
            return 1 / a  # x⁻¹ is the inverse of a matrix
        base = a.whole(ATOM)
        if self.page.latex:
            return self._new(a, b, "power", base, b.whole(), tight=RAISED)
        if b.is_number and b.under == 1 and isinstance(b.over, int):
            body = base + str(b.over).translate(SUPERSCRIPTS)
            return Ink(self.page, body, RAISED, shape=a.shape)
        return self._new(a, b, "power", base, b.whole(ATOM), tight=RAISED)

    def __matmul__(self, other: Ink) -> Ink:
        """The matrix product. A vector is a column where a row follows."""
        a, b = self, other
        left, right = (x.inner(RAISED if x.tight == MULTIPLIED else MATRIX) for x in (a, b))
        shape = (*a.shape[:-1], *b.shape[-1:]) if b.ndim > 1 else a.shape[:-1]
        shape = (*a.shape, *b.shape[1:]) if a.ndim == 1 < b.ndim and b.shape[-2] == 1 else shape
        sign = "dot" if a.ndim == b.ndim == 1 else "beside"
        body = self.page.sign(sign, left, right)
        product = Ink(self.page, body, MATRIX if len(shape) > 1 else VECTOR, a.over, a.under, shape)
        return product.scaled(b.over, b.under)

    @property
    def T(self) -> Ink:
        """The transpose; that of a vector is a row."""
        shape = self.shape[::-1] if self.ndim > 1 else (1, *self.shape)
        body = self.page.sign("transpose", self.inner(ATOM))
        return replace(self, body=body, tight=RAISED, shape=shape, light=True)

    def __radd__(self, other: Any) -> Ink:
        return self.page.ink(other) + self

    def __rsub__(self, other: Any) -> Ink:
        return self.page.ink(other) - self

    def __rmul__(self, other: Any) -> Ink:
        return self.page.ink(other) * self

    def __rtruediv__(self, other: Any) -> Ink:
        return self.page.ink(other) / self

    def __rpow__(self, other: Any) -> Ink:
        return self.page.ink(other) ** self

    def __getitem__(self, key: Any) -> Ink:
        text = self.page.sign("index", self.whole(ATOM), self.page.key(key))
        parts = key if isinstance(key, tuple) else (key,)
        return Ink(self.page, text, light=not any(isinstance(k, Ink) for k in parts))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Ink:
        return self._total("Σ", "sum", self, axis, keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Ink:
        factor = replace(self, body=self.whole(DIVIDED), tight=ATOM, over=1, under=1)
        return self._total("Π", "prod", factor, axis, keepdims)

    def _total(self, name: str, sign: str, x: Ink, axis: Any, keepdims: bool) -> Ink:
        """A sum, or a product, over axes; keepdims: whether to say that they are kept."""
        axes = axes_of(self, axis)
        if not axes:
            return x
        if len(axes) < self.ndim or keepdims:
            over = self.page.over(name, replace(x, over=1, under=1), axis, keepdims)
            return replace(over, over=x.over, under=x.under)
        body = self.page.sign(sign, x.inner(DIVIDED))
        return replace(x, body=body, tight=SUMMED, shape=())

    def scaled(self, over: Any, under: int = 1) -> Ink:
        """This times a number; a ratio is reduced, and decimals become a part of it."""
        over, under = self.over * over, self.under * under
        if under != 1 and math.isfinite(over):
            exact = Fraction(str(over)) / under
            over, under = exact.numerator, exact.denominator
            if under > 10**6:
                over, under = over / under, 1
        if isinstance(over, float) and over.is_integer():
            over = int(over)
        return replace(self, over=over, under=under)

    def _new(self, a: Ink, b: Ink, sign: str, *parts: str, tight: int) -> Ink:
        shape = np.broadcast_shapes(a.shape, b.shape)
        return Ink(self.page, self.page.sign(sign, *parts), tight, shape=shape)


def more_axes(shape: Shape, longer: Shape) -> tuple[int, ...] | None:
    """The axes of length 1 that a shape has more than another, if that is all in which they differ.

    >>> more_axes((3, 2), (3, 1, 2))
    (1,)
    """
    found, rest = [], [*shape]
    for i, n in enumerate(longer):
        if rest and rest[0] == n:
            del rest[0]
        elif n == 1:
            found.append(i)
        else:
            return None
    return None if rest else tuple(found)


def reduced(shape: Shape, axes: Iterable[int]) -> Shape:
    return tuple(n for i, n in enumerate(shape) if i not in axes)


# Terms ------------------------------------------------------------------------------------------


def written(op: Op, page: Page, inputs: Iterable[Ink], params: Mapping[str, Any]) -> Ink:
    """An op of these inputs, given the static parameters that are worth writing.

    As its block says; else by its symbol, between two inputs; else as a function of its name.
    """
    inputs = tuple(inputs)
    found = op.paper(page, *inputs, **params) if op.paper else None
    if not op.paper and op.symbol and len(inputs) == 2 and not params:
        between = page.indicator if page.dtype == TRUTH else page.joined
        return between(inputs[0], op.symbol, inputs[1])
    return page.function(op.name, *inputs, **params) if found is None else found


class Form(NamedTuple):
    """How a term is written: the input that it is written as, if any; how long it is; if `light`,
    hardly more than a name."""

    same: Any
    length: int
    light: bool


def form(
    term: Term,
    length: Callable[[Term], int] = lambda x: 1,
    ratios: Mapping[float, tuple[int, int]] | None = None,
) -> Form:
    """How a term is written. length: that of an input, where it is no number."""
    page = Page(False, term.shape, term.dtype)
    parts = {x: chr(ord("a") + i % 26) for i, x in enumerate(within(term.inputs))}
    inks = [
        Ink(page, parts[x] * length(x), shape=x.shape, dtype=x.dtype)
        if isinstance(x, Term)
        else page.ink(x, ratios)
        for x in term.inputs
    ]
    given = term.op.given(term.params)
    given.pop("keepdims", None)
    ink = written(term.op, page, inks, given)
    same = next((x for x, entered in zip(term.inputs, inks) if ink is entered), None)
    text = ink.whole()
    return Form(same, len(text), ink.light or len(text) <= 2)


def write(
    terms: Iterable[Term],
    symbols: Mapping[Term, str],
    page: Page,
    kept: Iterable[Term],
    ratios: Mapping[float, tuple[int, int]],
) -> tuple[dict[Term, Ink], Callable[[Any], Ink]]:
    """How these terms, each after its inputs, are written out, and how as a part of another.

    symbols: what is written by a name where another term needs it. kept: the reductions that have
    to say that they keep their axes.
    """
    kept = set(kept)
    out: dict[Term, Ink] = {}

    def entered(x: Any) -> Ink:
        if not isinstance(x, Term):
            return page.ink(x, ratios)
        return Ink(page, symbols[x], shape=x.shape, dtype=x.dtype) if x in symbols else out[x]

    for term in terms:
        if term.op is not None:
            given = term.op.given(term.params)
            said = {k: v for k, v in given.items() if k != "keepdims" or term in kept}
            place = replace(page, shape=term.shape, dtype=term.dtype, loose=term not in kept)
            ink = written(term.op, place, map(entered, term.inputs), said)
            out[term] = replace(ink, shape=term.shape, dtype=term.dtype)
    return out, entered
