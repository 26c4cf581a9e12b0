"""How terms are written on paper: in text and in LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph import Op
from ..op import GENERATORS
from ..terms import OPS, Term, is_number

TEXT, LATEX = 0, 1  # the columns of the tables below

# How tightly an expression binds.
ADDED, SUMMED, DIVIDED, VECTOR, MATRIX, MULTIPLIED, RAISED, ATOM = range(8)


class Notation(NamedTuple):
    """How an op is written, %s for its inputs; without any, as a function of this name."""

    text: str
    latex: str
    tight: int = ATOM


# Ops that FORMS, below, does not put together of signs. One that is in neither is a function.
NOTATION = {
    "sigmoid": Notation("σ", r"\sigma"),
    "log": Notation("log", r"\log"),
    "sin": Notation("sin", r"\sin"),
    "cos": Notation("cos", r"\cos"),
    "tanh": Notation("tanh", r"\tanh"),
    "max": Notation("max", r"\max"),
    "min": Notation("min", r"\min"),
    "maximum": Notation("max", r"\max"),
    "minimum": Notation("min", r"\min"),
    "log_softmax": Notation("log softmax", r"\log \operatorname{softmax}", RAISED),
    "exp": Notation("exp(%s)", "e^{%s}", RAISED),
    "sqrt": Notation("√(%s)", r"\sqrt{%s}"),
    "abs": Notation("|%s|", r"\left\lvert %s \right\rvert"),
    "greater": Notation("[%s > %s]", r"\mathbf{1}[%s > %s]"),
    "greater_equal": Notation("[%s ≥ %s]", r"\mathbf{1}[%s \ge %s]"),
    "less": Notation("[%s < %s]", r"\mathbf{1}[%s \lt %s]"),
    "less_equal": Notation("[%s ≤ %s]", r"\mathbf{1}[%s \le %s]"),
    "equal": Notation("[%s = %s]", r"\mathbf{1}[%s = %s]"),
    "not_equal": Notation("[%s ≠ %s]", r"\mathbf{1}[%s \ne %s]"),
    "logical_and": Notation("[%s and %s]", r"\mathbf{1}[%s \land %s]"),
    "logical_or": Notation("[%s or %s]", r"\mathbf{1}[%s \lor %s]"),
    "logical_not": Notation("[not %s]", r"\mathbf{1}[\lnot %s]"),
    "bitwise_and": Notation("[%s and %s]", r"\mathbf{1}[%s \land %s]"),
    "bitwise_or": Notation("[%s or %s]", r"\mathbf{1}[%s \lor %s]"),
    "invert": Notation("[not %s]", r"\mathbf{1}[\lnot %s]"),
}
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
    "sum over": ("Σ over %s of %s", r"\sum_{\text{%s}} %s"),
    "prod": ("Π %s", r"\prod %s"),
    "prod over": ("Π over %s of %s", r"\prod_{\text{%s}} %s"),
    "norm": ("‖%s‖", r"\left\lVert %s \right\rVert"),
    "ones": ("ones(%s)", r"\mathbf{1}_{%s}"),
    "by": ("×", r" \times "),
    "index": ("%s[%s]", r"%s\left[%s\right]"),
    "slice": (":", "{:}"),
    "comma": (", ", ", "),
    "dots": ("…", r"\ldots"),
    "new": ("new", r"\mathrm{new}"),
    "infinity": ("∞", r"\infty"),
    "param": ("%s=%s", "%s = %s"),
    "slope": ("∂%s/∂%s", r"\frac{\partial %s}{\partial %s}"),
    "cotangent": ("d_%s", "d_{%s}"),
}
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
TALL = re.compile(r"\\(frac|sum|prod|left)")

# Formulas ---------------------------------------------------------------------------------------


class Formula(NamedTuple):
    """over / under · body: how a term is written. Without a body it is a number.

    What is linear hands the number on, so that there is one, and one sign, at the front.
    """

    over: Any = 1
    under: int = 1
    body: str = ""
    tight: int = ATOM


class Writer:
    """Writes formulas in the notation of a column of the tables: TEXT or LATEX."""

    def __init__(
        self, column: int, values: Mapping[Term, Any], ratios: Mapping[float, tuple[int, int]]
    ) -> None:
        self.column = column
        self.names: dict[Term, str] = {}
        self.written: dict[Term, Formula] = {}
        self._ratios = ratios
        self._taken: set[str] = set()

    def name(self, term: Term, name: str, x: Term | None) -> None:
        """Call a term by this name. x: what it is the cotangent of."""
        if x in self.names:
            text = self.sign("cotangent", self.names[x])
        else:
            text = self.symbol(name)
        if text in self._taken and self.column == LATEX:
            text = _escaped(name)
        while text in self._taken:
            text += "′" if self.column == TEXT else r"{}^{\prime}"
        self._taken.add(text)
        self.names[term] = text

    def formula(self, term: Term) -> Formula:
        """A term written out, its inputs by their names or as they are `written`."""
        if term.op in FORMS and (found := FORMS[term.op](self, term, *term.inputs)):
            return found
        return self.called(term.op.name, term.inputs, *self.params(term))

    def of(self, x: Any) -> Formula:
        """An input: by its name, as it is written, or as a number."""
        if isinstance(x, Term):
            return Formula(body=self.names[x]) if x in self.names else self.written[x]
        if isinstance(x, float) and x in self._ratios:
            return Formula(*self._ratios[x])
        x = float(str(x)) if isinstance(x, np.floating) else x.item() if hasattr(x, "item") else x
        return Formula(int(x) if float(x).is_integer() else x)

    def sign(self, name: str, *parts: str) -> str:
        """A sign, or what it stands between."""
        text = SIGNS[name][self.column]
        return text % parts if parts else text

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)" if TALL.search(text) else f"({text})"

    def body(self, f: Formula, tight: int) -> str:
        """The body of a formula where what binds less tightly needs brackets."""
        return f.body if f.tight >= tight else self.brackets(f.body)

    def whole(self, f: Formula, tight: int = ADDED) -> str:
        """A formula with its number."""
        over, under, binding = abs(f.over), f.under, f.tight
        if not f.body:
            text = self.number(over, under)
            binding = ATOM if under == 1 else DIVIDED
        elif over == under == 1:
            text = f.body if f.over > 0 else self.body(f, SUMMED)
        else:
            text = self.body(f, SUMMED)
            text = self.sign(
                "dot" if text[0].isdigit() else "scaled", self.number(over, under), text
            )
            binding = min(binding, MULTIPLIED)
        if f.over < 0:
            text, binding = self.sign("minus", text), ADDED
        return text if binding >= tight else self.brackets(text)

    def number(self, over: Any, under: int = 1) -> str:
        """A number that is not negative, or a ratio; as short as its precision allows."""
        if under != 1:
            return self.sign("ratio", self.number(over), str(under))
        if isinstance(over, int):
            return str(over)
        if not math.isfinite(over):
            return "NaN" if over != over else self.sign("infinity")
        short = np.float32(over) if abs(over) < 1e30 else over
        text = str(short) if float(short) == over else f"{over:.15g}"
        if self.column == LATEX and "e" in text:
            digits, exponent = text.split("e")
            power = f"10^{{{int(exponent)}}}"
            return power if digits == "1" else rf"{digits} \cdot {power}"
        return text

    def plus(self, a: Formula, b: Formula) -> Formula:
        """a + b, or b - a or a - b where a number is negative."""
        if a.over < 0 <= b.over:
            a, b = b, a
        left = self.whole(a)
        if b.over < 0:
            return Formula(body=self.sign("less", left, self.whole(_minus(b), SUMMED)), tight=ADDED)
        return Formula(body=self.sign("plus", left, self.whole(b)), tight=ADDED)

    def times(self, a: Formula, b: Formula, sign: str = "hadamard") -> Formula:
        """The product element by element; `sign` is another between numbers."""
        if not (a.body and b.body):
            return _scaled(a if a.body else b, *((b if a.body else a)[:2]))
        body = self.sign(sign, self.body(a, MULTIPLIED), self.body(b, MULTIPLIED))
        return _scaled(Formula(a.over, a.under, body, MULTIPLIED), b.over, b.under)

    def total(self, sign: str, f: Formula, x: Any, axis: Any) -> Formula:
        """A sum, or a product, over axes of x."""
        n = len(getattr(x, "shape", ()))
        given = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = sorted(i % n for i in given)
        if not axes:
            return f
        body = self.body(f, DIVIDED) if f.body else "1"
        if len(axes) == n:
            return f._replace(body=self.sign(sign, body), tight=SUMMED)
        where = f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
        return f._replace(body=self.sign(f"{sign} over", where, body), tight=SUMMED)

    def function(self, name: str, *arguments: str) -> Formula:
        """name(...)."""
        return Formula(body=name + self.brackets(self.sign("comma").join(arguments)))

    def noted(self, notation: Notation, *inputs: Formula) -> Formula:
        """A formula in the notation of the table."""
        text = notation.text if self.column == TEXT else notation.latex
        arguments = tuple(map(self.whole, inputs))
        if "%s" in text:
            return Formula(body=text % arguments, tight=notation.tight)
        return self.function(text, *arguments)._replace(tight=notation.tight)

    def called(self, name: str, inputs: Iterable[Any], *others: str) -> Formula:
        """name(inputs, others), of whatever name."""
        return self.function(
            self.operator(name), *(self.whole(self.of(x)) for x in inputs), *others
        )

    def operator(self, name: str) -> str:
        """The name of a function that is not in the tables."""
        if self.column == TEXT:
            return _on_one_line(name)
        plain = re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
        latex = name.replace("_", r"\_") if plain else _escaped(name)
        return rf"\operatorname{{{latex}}}"

    def params(self, term: Term) -> list[str]:
        """The static parameters that are not as by default, and worth writing."""
        defaults = getattr(term.op.forward, "__kwdefaults__", None) or {}
        return [
            self.sign("param", self.symbol(key), self.param(value))
            for key, value in term.params.items()
            if not (key in defaults and _same(defaults[key], value))
            and key != "keepdims"  # the shape says it
            and not isinstance(value, GENERATORS)
        ]

    def param(self, value: Any) -> str:
        if isinstance(value, np.ndarray):
            return self.literal(f"array {value.shape}")
        if isinstance(value, tuple):
            return f"({self.sign('comma').join(map(self.param, value))})"
        if is_number(value) and not isinstance(value, (bool, np.bool_)):
            return self.whole(self.of(value))
        return self.literal(getattr(value, "__name__", None) or str(value))

    def literal(self, text: str) -> str:
        return _escaped(text) if self.column == LATEX else _on_one_line(text)

    def ones(self, shape: Iterable[int]) -> str:
        """An array of ones."""
        return self.sign("ones", self.lengths(shape))

    def lengths(self, shape: Iterable[int]) -> str:
        return self.sign("by").join(map(str, shape)) or "()"

    def key(self, key: tuple[Any, ...], arrays: tuple[Any, ...]) -> str:
        """What stands in the brackets of an index."""
        remaining = iter(arrays)
        parts = []
        for part in key:
            if isinstance(part, slice):
                ends = [part.start, part.stop] + ([] if part.step is None else [part.step])
                parts.append(self.sign("slice").join("" if e is None else str(e) for e in ends))
            elif part is None or part is ...:
                parts.append(self.sign("dots") if part else self.sign("new"))
            elif is_number(part):
                parts.append(str(part))
            else:
                parts.append(self.whole(self.of(next(remaining))))
        return self.sign("comma").join(parts)

    def symbol(self, name: str) -> str:
        """A name: in LaTeX with its digits, and what follows a _, as subscripts."""
        if self.column == TEXT:
            name = _on_one_line(name)
            return name if re.fullmatch(r"[^\W\d][\w.]*", name) else f'"{name}"'
        parts = [part for part in name.split("_") if part]
        first = re.fullmatch(r"([^\W\d]+)(\d*)", parts[0]) if parts else None
        if not first or not all(map(str.isalnum, parts)):
            return _escaped(name)
        below = [part if part.isascii() and part.isdigit() else _word(part) for part in parts[1:]]
        below = [first[2], *below] if first[2] else below
        return _word(first[1]) + (f"_{{{','.join(below)}}}" if below else "")


def _scaled(f: Formula, over: Any, under: int = 1) -> Formula:
    """A formula times a number. A ratio stays as it was given, unless there are two."""
    if f.under == 1 and abs(f.over) == 1:
        over, under = f.over * over, under
    elif under == 1 and abs(over) == 1:
        over, under = f.over * over, f.under
    else:
        over, under = f.over * over, f.under * under
        shared = math.gcd(over, under) if isinstance(over, int) else 1
        over, under = (over // shared, under // shared) if shared > 1 else (over, under)
    if isinstance(over, float):
        over, under = over / under, 1
    return f._replace(over=over, under=under)


def _minus(f: Formula) -> Formula:
    return f._replace(over=-f.over)


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and not isinstance(a, np.ndarray) and a == b)


def _is_scalar(x: Any) -> bool:
    return not getattr(x, "shape", ())


def _size(x: Any) -> int:
    return math.prod(getattr(x, "shape", ()))


# How each op is written -------------------------------------------------------------------------

FORMS: dict[Op, Callable[..., Formula | None]] = {}


def _form(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `form(writer, term, *inputs)` for ops; None from it is a function by its name."""

    def register(form: Callable[..., Any]) -> Callable[..., Any]:
        FORMS.update((OPS[name], form) for name in names)
        return form

    return register


def _from_table(notation: Notation) -> Callable[..., Formula | None]:
    def form(w: Writer, term: Term, *inputs: Any) -> Formula | None:
        return None if w.params(term) else w.noted(notation, *map(w.of, inputs))

    return form


FORMS.update((OPS[name], _from_table(notation)) for name, notation in NOTATION.items())


@_form("add")
def _add(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    return w.plus(w.of(a), w.of(b))


@_form("subtract")
def _subtract(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    return w.plus(w.of(a), _minus(w.of(b)))


@_form("negative")
def _negative(w: Writer, term: Term, x: Any) -> Formula:
    return _minus(w.of(x))


@_form("multiply")
def _multiply(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    if a is b:
        return _raised(w, w.of(a), Formula(2))
    return w.times(w.of(a), w.of(b), "dot" if _is_scalar(a) or _is_scalar(b) else "hadamard")


@_form("divide")
def _divide(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    return _quotient(w, w.of(a), w.of(b))


@_form("reciprocal")
def _reciprocal(w: Writer, term: Term, x: Any) -> Formula:
    return _quotient(w, Formula(), w.of(x))


def _quotient(w: Writer, a: Formula, b: Formula) -> Formula:
    if not b.body and isinstance(b.over, int) and b.over:
        return _scaled(a, b.under if b.over > 0 else -b.under, abs(b.over))
    sign = 1 if b.over >= 0 else -1
    tight = (VECTOR, RAISED) if w.column == TEXT else (ADDED, ADDED)
    under = w.whole(b._replace(over=abs(b.over)), tight[1])
    if a.body:
        body = w.sign("over", w.body(a, tight[0]), under)
        a = a._replace(body=body, tight=DIVIDED if w.column == TEXT else MULTIPLIED)
    else:
        body = w.sign("over", w.number(abs(a.over)), under)
        a = Formula(
            1 if a.over >= 0 else -1, a.under, body, DIVIDED if w.column == TEXT else MULTIPLIED
        )
    return a._replace(over=sign * a.over)


@_form("power")
def _power(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    return _raised(w, w.of(a), w.of(b))


@_form("square")
def _square(w: Writer, term: Term, x: Any) -> Formula:
    return _raised(w, w.of(x), Formula(2))


def _raised(w: Writer, a: Formula, b: Formula) -> Formula:
    base = w.whole(a, ATOM)
    if w.column == LATEX:
        body = w.sign("power", base, w.whole(b))
    elif not b.body and b.under == 1 and isinstance(b.over, int):
        body = base + str(b.over).translate(SUPERSCRIPTS)
    else:
        body = w.sign("power", base, w.whole(b, ATOM))
    return Formula(body=body, tight=RAISED)


@_form("expm1")
def _expm1(w: Writer, term: Term, x: Any) -> Formula:
    return w.plus(w.noted(NOTATION["exp"], w.of(x)), Formula(-1))


@_form("log1p")
def _log1p(w: Writer, term: Term, x: Any) -> Formula:
    return w.noted(NOTATION["log"], w.plus(Formula(1), w.of(x)))


@_form("copy", "astype")
def _itself(w: Writer, term: Term, x: Any) -> Formula:
    return w.of(x)


@_form("where")
def _where(w: Writer, term: Term, condition: Any, a: Any, b: Any) -> Formula | None:
    """A choice between something and 0 is a product with an indicator."""
    if not isinstance(condition, Term) or condition.dtype.kind != "b":
        return None
    chosen = w.of(condition)
    if is_number(b) and b == 0:
        return w.times(w.of(a), chosen)
    if is_number(a) and a == 0:
        return w.times(w.of(b), w.plus(Formula(1), _minus(chosen)))
    return None


@_form("sum")
def _sum(w: Writer, term: Term, x: Any) -> Formula:
    return w.total("sum", w.of(x), x, term.params["axis"])


@_form("prod")
def _prod(w: Writer, term: Term, x: Any) -> Formula:
    return w.total("prod", Formula(body=w.whole(w.of(x), DIVIDED)), x, term.params["axis"])


@_form("mean")
def _mean(w: Writer, term: Term, x: Any) -> Formula | None:
    n = _size(x) // max(_size(term), 1)
    return _scaled(w.total("sum", w.of(x), x, term.params["axis"]), 1, n) if n else None


@_form("norm")
def _norm(w: Writer, term: Term, x: Any) -> Formula | None:
    return Formula(body=w.sign("norm", w.whole(w.of(x)))) if term.params["axis"] is None else None


@_form("transpose")
def _transpose(w: Writer, term: Term, x: Any) -> Formula | None:
    n, axes = len(term.shape), term.params["axes"]
    if (axes or (*range(n),)[::-1]) != (*range(n - 2), n - 1, n - 2):
        return None
    f = w.of(x)
    return f._replace(body=w.sign("transpose", w.body(f, ATOM)), tight=RAISED)


@_form("matmul")
def _matmul(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    vectors = len(a.shape) == len(b.shape) == 1
    return _beside(w, w.of(a), w.of(b), "dot" if vectors else "beside", len(term.shape))


@_form("outer")
def _outer_product(w: Writer, term: Term, a: Any, b: Any) -> Formula:
    turned = Formula(body=w.sign("transpose", w.whole(w.of(b), ATOM)), tight=RAISED)
    return _beside(w, w.of(a), turned, "beside", 2)


def _beside(w: Writer, a: Formula, b: Formula, sign: str, ndim: int) -> Formula:
    left, right = (w.body(f, RAISED if f.tight == MULTIPLIED else MATRIX) for f in (a, b))
    f = Formula(a.over, a.under, w.sign(sign, left, right), MATRIX if ndim > 1 else VECTOR)
    return _scaled(f, b.over, b.under)


@_form("one_hot")
def _one_hot(w: Writer, term: Term, classes: Any) -> Formula:
    return w.called("onehot", [classes])


@_form("reshape", "squeeze", "expand_dims")
def _reshape(w: Writer, term: Term, x: Any) -> Formula:
    return w.called("reshape", [x], w.lengths(term.shape))


@_form("broadcast_to")
def _broadcast(w: Writer, term: Term, x: Any) -> Formula:
    if is_number(x):
        return w.of(x)._replace(body=w.ones(term.shape))
    return w.called("broadcast", [x], w.lengths(term.shape))


@_form("getitem")
def _getitem(w: Writer, term: Term, x: Any, *arrays: Any) -> Formula:
    key = w.key(term.params["key"], arrays)
    return Formula(body=w.sign("index", w.whole(w.of(x), ATOM), key))


@_form("scatter")
def _scatter(w: Writer, term: Term, x: Any, *arrays: Any) -> Formula:
    places = f"[{w.key(term.params['key'], arrays)}]"
    return w.called("scatter", [x], places, w.lengths(term.shape))


def _squared_error(w: Writer, prediction: Any, target: Any) -> Formula:
    error = w.plus(w.of(prediction), _minus(w.of(target)))
    return w.total("sum", _raised(w, error, Formula(2)), prediction, None)


@_form("mse")
def _mse(w: Writer, term: Term, prediction: Any, target: Any) -> Formula:
    return _scaled(_squared_error(w, prediction, target), 1, _size(prediction))


@_form("half_squared_error")
def _half_squared_error(w: Writer, term: Term, prediction: Any, target: Any) -> Formula:
    return _scaled(_squared_error(w, prediction, target), 1, 2)


@_form("cross_entropy")
def _cross_entropy(w: Writer, term: Term, logits: Any, target: Any) -> Formula:
    """-1/n Σ t log softmax(z)."""
    known = getattr(target, "shape", ()) == logits.shape
    t = w.of(target) if known else w.called("onehot", [target])
    products = w.times(t, w.noted(NOTATION["log_softmax"], w.of(logits)))
    return _scaled(w.total("sum", products, logits, None), -1, _size(logits) // logits.shape[-1])


@_form("bce_with_logits")
def _bce_with_logits(w: Writer, term: Term, logits: Any, target: Any) -> Formula:
    """-1/n Σ(t log σ(z) + (1 - t) log(1 - σ(z)))."""
    t, s = w.of(target), w.noted(NOTATION["sigmoid"], w.of(logits))
    sign = "dot" if _is_scalar(logits) else "hadamard"

    def part(t: Formula, s: Formula) -> Formula:
        return w.times(t, w.noted(NOTATION["log"], s), sign)

    one = Formula()
    likelihood = w.plus(part(t, s), part(w.plus(one, _minus(t)), w.plus(one, _minus(s))))
    return _scaled(w.total("sum", likelihood, logits, None), -1, _size(logits))


# Names ------------------------------------------------------------------------------------------

GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
}
SPECIAL = {c: f"\\{c}" for c in "_$%&#{}"} | {
    "\\": r"{\backslash}",
    "^": r"\hat{\ }",
    "~": r"{\sim}",
    "<": r"{\lt}",
    ">": r"{\gt}",
}


def _on_one_line(name: str) -> str:
    """A name without line breaks and what else does not print, and not too long."""
    name = "".join(c if c.isprintable() else " " for c in name)
    name = " ".join(name.split()) or "_"
    return name if len(name) <= 40 else f"{name[:39]}…"


def _escaped(name: str) -> str:
    """A name as LaTeX takes it in mathematics, whatever its characters."""
    parts = re.split(r"([_$%&#{}\\^~<>])", _on_one_line(name))
    return "".join(SPECIAL.get(part, rf"\text{{{part}}}") for part in parts if part)


def _word(word: str) -> str:
    """A word of letters and digits: a letter stands as it is, Greek as Greek, others upright."""
    if word in GREEK:
        return f"\\{word}"
    if not re.fullmatch(r"[\dA-Za-zΑ-ω]+", word):
        return _escaped(word)
    return word if len(word) == 1 else rf"\mathrm{{{word}}}"
