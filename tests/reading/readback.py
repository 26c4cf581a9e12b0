"""Derivations read back as mathematics: a reader of their text, and their LaTeX as such a text."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import numpy as np

import autograd_lite as al

Array = np.ndarray
NOTE = "As recorded: where Python branched on values, this is the branch that it took."


STEPS = re.compile(r" +(\w) = (−?\d+) … (−?\d+)$", re.M)  # at the end of a line


def lines(derivation: Any) -> list[str]:
    """The lines of the text but the last, without the shapes and the alignment."""
    *rows, note = str(derivation).splitlines()
    assert note == NOTE
    rows = [re.sub(rf"  \([\d, ]*\)(?=$|{STEPS.pattern})", "", row) for row in rows]
    return [re.sub(r" +", " ", row).strip() for row in rows]


def gradients(derivation: Any) -> list[str]:
    """The lines of the last section."""
    text = lines(derivation)
    return text[text.index("Gradients") + 1 :]


def joined(*xs: Any, axis: int | None) -> Array:
    return np.concatenate([np.ravel(x) for x in xs] if axis is None else xs, axis)


FUNCTIONS: dict[str, Any] = {
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "√": np.sqrt,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "max": lambda x, *y, **params: np.maximum(x, *y) if y else np.max(x, **params),
    "min": lambda x, *y, **params: np.minimum(x, *y) if y else np.min(x, **params),
    "norm": lambda x, **params: np.sqrt(np.sum(x**2, **params)),
    "softmax": lambda x, axis=-1: np.exp(x) / np.sum(np.exp(x), axis, keepdims=True),
    "log softmax": lambda x, axis=-1: x - np.log(np.sum(np.exp(x), axis, keepdims=True)),
    "logsumexp": lambda x, **params: np.log(np.sum(np.exp(x), **params)),
    "where": lambda condition, a, b: np.where(condition != 0, a, b),
    "reshape": np.reshape,
    "broadcast": np.broadcast_to,
    "ones": np.ones,
    "concatenate": joined,
    "stack": lambda *xs, axis: np.stack(xs, axis),
    "outer": np.outer,
    "log₂": np.log2,
    "log₁₀": np.log10,
    "int64": np.trunc,
    "bool": lambda x: (x != 0) * 1.0,
}
OVER = {"Σ": np.sum, "Π": np.prod, "max": np.max, "min": np.min, "var": np.var}
NUMPYS = ("tanh", "exp", "log", "sin", "cos", "sign", "var", "all", "any", "transpose")
FUNCTIONS |= {name: getattr(np, name) for name in (*NUMPYS, "argmax", "argmin")}
COMPARED = {
    **{">": np.greater, "≥": np.greater_equal, "<": np.less, "≤": np.less_equal},
    **{"=": np.equal, "≠": np.not_equal, "and": np.logical_and, "or": np.logical_or},
}
BITS = {"&": np.bitwise_and, "|": np.bitwise_or}
# What is not here is an op by its name, or its symbol.
OPS = [f for name in al.ops.NAMES if hasattr(f := getattr(al, name), "op")]
FUNCTIONS = {f.op.name: f for f in OPS} | FUNCTIONS
SYMBOLS = {f.op.symbol: f for f in OPS if f.op.paper is None} | COMPARED
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
TOKEN = re.compile(
    r" *(over axis|over axes|over each row|log softmax|Σ_(?:\{[^}]*\}|\w)"
    r"|\d+(?:×\d+)+|\d+(?:\.\d+)?(?:e[-+]\d+)?(?:/\d+)?"
    r"|[A-Za-z_]\w*?(?:_\{[^}]*\}|(?=[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ]|\b))|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|.)"
)
CLOSE = re.compile(r"(?<=[\w\])}ᵀ⁰¹²³⁴⁵⁶⁷⁸⁹])\[")  # an index, not a truth


def whole(text: str, at: dict[str, int] | None = None) -> int:
    """A whole number: `−1`, or at a step `2t+1`."""
    return int(eval(re.sub(r"(\d)([a-z])", r"\1*\2", text.replace("−", "-")), {}, at))


def at_steps(row: str) -> list[tuple[str, dict[str, int]]]:
    """A line at each of the steps that it is for."""
    steps = STEPS.search(row)
    if not steps:
        return [(row, {})]
    first, last = sorted((whole(steps[2]), whole(steps[3])))
    return [(STEPS.sub("", row), {steps[1]: n}) for n in range(first, last + 1)]


def called(name: str, at: dict[str, int]) -> str:
    """A name at a step: `h_{t−1}` is `h_3`."""
    parts = re.fullmatch(r"(.*)_(?:\{(.*)\}|(\w))", name)
    if not parts or (parts[3] and parts[3] not in at):
        return name
    return f"{parts[1]}_{whole(parts[2] or parts[3], at)}"


def heads(row: str) -> tuple[tuple[str, ...], str, str, str]:
    """The names of a line, the key at which they are taken, = or +=, and the value."""
    names, key, sign = [], "", ""
    while match := re.match(r" *([^ =[]+)", row):
        end = match.end()
        depth, start = 0, end + 1
        if row[end : end + 1] == "[":
            while True:
                depth += {"[": 1, "]": -1}.get(row[end], 0)
                end += 1
                if not depth:
                    break
        equals = re.match(r" *(\+?=) +", row[end:])
        if not equals:
            break
        names.append(match[1])
        key, sign = row[start : end - 1] if start <= end else "", equals[1]
        row = row[end + equals.end() :]
    return tuple(names), key, sign, row.strip()


def extent(key: str, shape: tuple[int, ...]) -> list[int]:
    """How large an array is at least, given the shape of what stands at a key."""
    rest, found = [*shape], []
    for part in key.split(", "):
        if part.isdigit():
            found.append(int(part) + 1)
        else:
            ends = part.split(":")
            found.append(max(int(ends[1] or 0), rest.pop(0)))
    return found + rest


def aligned(x: Any, y: Any) -> tuple[Any, Any]:
    """Two arrays of as many axes; what does not fit from the last one on does from the first."""
    shapes = np.shape(x), np.shape(y)
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        n = max(map(len, shapes))
        x, y = (np.reshape(z, np.shape(z) + (1,) * (n - np.ndim(z))) for z in (x, y))
    return x, y


class Reader:
    """Computes the lines of a derivation from the values of the leaves.

    By the usual rules: a sum takes the product that follows; what stands side by side is a matrix
    product, or scaled, and binds closer than ⊙, · and /. A sum over axes loses them, unless it says
    that they are kept, or is of each row, or the shape at the end of the line does. What does not
    fit from the last axis on is meant from the first one on. Lines may say what stands at places of
    an array, or is added there, and what stands elsewhere. `values`: of the lines.

    A line for t = 0 … 4 is read five times, and a sum over t without its limits is over all that
    such lines forward say. What comes first is not asked: a line is read when what it needs is
    there.
    """

    def __init__(self, text: str, values: dict[str, Any], classes: int = 3) -> None:
        self.values = dict(values)
        self.slopes: dict[str, Any] = {}
        self.classes = classes
        self.places: list[tuple[tuple[str, ...], str, str, Any]] = []
        self.at: dict[str, int] = {}  # the step
        ends = [x for _, *x in STEPS.findall(text.split("\nBackward")[0].split("\nGradients")[0])]
        numbers = [whole(x) for pair in ends for x in pair]
        self.all = range(min(numbers), max(numbers) + 1) if numbers else range(0)
        units: list[tuple[Any, list[Any]]] = []  # lines that tell of one value
        for row in text.splitlines()[:-1]:
            for line, at in at_steps(row) if row.startswith("  ") else ():
                names = tuple(called(name, at) for name in heads(line)[0])
                if not units or units[-1][0] != names:
                    units.append((names, []))
                units[-1][1].append((line, at))
        waiting = [unit for _, unit in units]
        while waiting:
            later = [unit for unit in waiting if not self.is_read(unit)]
            assert len(later) < len(waiting), (later[0], self.values.keys())
            waiting = later

    def is_read(self, unit: list[tuple[str, dict[str, int]]]) -> bool:
        """Are these lines read? They are not as long as something is missing."""
        try:
            for row, self.at in unit:
                self.read(row)
            self.put_together(())
        except KeyError:
            self.places = []
            return False
        return True

    def read(self, row: str) -> None:
        formula, shape = re.fullmatch(r"  (.*?)(?:  +\(([\d, ]+)\))?", row).groups()
        names, key, sign, formula = heads(formula)
        names = tuple(called(name, self.at) for name in names)
        for letter in self.at:
            key = re.sub(
                rf"[-−+\d]*\b\d*{letter}\b[-−+\d]*", lambda x: str(whole(x[0], self.at)), key
            )
        lengths = tuple(map(int, re.findall(r"\d+", shape or "")))
        if formula == "0 elsewhere":
            self.put_together(names, lengths)
            return
        if self.places and (self.places[0][0] != names or not key):
            self.put_together(())
        value = self.computed(formula)
        if value.ndim != len(lengths) and value.size == np.prod(lengths):
            value = value.reshape(lengths)
        value = np.broadcast_to(aligned(value, np.empty(lengths))[0], lengths)
        if key:
            self.places.append((names, key, sign, value))
        else:
            self.write_down(names, value)

    def write_down(self, names: tuple[str, ...], value: Array) -> None:
        for name in names:
            known = self.slopes if name.startswith("∂") else self.values
            known[name.split("/∂")[-1]] = value

    def put_together(self, names: tuple[str, ...], shape: tuple[int, ...] | None = None) -> None:
        """An array of the places that lines have told of."""
        if not self.places:
            assert not names, names
            return
        first = self.places[0][0]
        assert names in ((), first)
        slopes = [name.split("/∂")[1] for name in first if name.startswith("∂")]
        base = next((self.slopes[x] for x in slopes if x in self.slopes), None)
        base = next((self.values[x] for x in first if x in self.values), base)
        if base is None and shape is None:
            shape = next((np.shape(self.values[x]) for x in slopes), None)
        if base is None and shape is None:  # all of it has been said
            shape = tuple(map(max, zip(*(extent(key, x.shape) for _, key, _, x in self.places))))
        y = np.zeros(shape) if base is None else np.array(base)
        seen = np.zeros(y.shape, int)
        for _, key, sign, value in self.places:
            self.tokens, self.bars = TOKEN.findall(CLOSE.sub("⟦", key + "]")), 0
            place = self.key(y.shape)
            np.add.at(seen, place, 1)
            np.add.at(y, place, value)
            assert sign == "+=" or (base is None and seen.max() == 1), "a place has two values"
        assert names or base is not None or seen.all(), "a place has no value"
        self.places = []
        self.write_down(first, y)

    def computed(self, formula: str) -> Array:
        self.tokens = TOKEN.findall(CLOSE.sub("⟦", formula.strip()))
        self.bars = 0
        value = self.whole()
        assert not self.tokens, (formula, self.tokens)
        return np.asarray(value, float)

    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, *expected: str) -> str:
        return self.tokens.pop(0) if self.tokens and self.next() in expected else ""

    def need(self, token: str) -> None:
        assert self.take(token), (token, self.tokens)

    def whole(self) -> Any:
        value = self.sum()
        while not self.bars and (sign := self.take(*BITS, *SYMBOLS.keys() - COMPARED.keys())):
            if sign in BITS:
                value = BITS[sign](np.asarray(value, int), np.asarray(self.sum(), int))
            else:
                value = SYMBOLS[sign](value, self.sum())
        return value

    def sum(self) -> Any:
        value = -self.product() if self.take("−") else self.product()
        while sign := self.take("+", "−"):
            value, other = aligned(value, self.product())
            value = value + other if sign == "+" else value - other
        return value

    def product(self) -> Any:
        value = self.beside()
        while sign := self.take("⊙", "·", "/"):
            other = self.beside()
            if sign == "·" and np.ndim(value) == np.ndim(other) == 1:
                value = value @ other
                continue
            value, other = aligned(value, other)
            if sign == "/":
                value = value / other
            else:
                value = value * other
        return value

    def beside(self) -> Any:
        value = self.power()
        while re.match(r"[\wσ(\[√ΣΠ]" if self.bars else r"[\wσ(\[√ΣΠ|‖]", self.next()):
            if self.next() in ("and", "or", "of") or (self.next() == "|" and self.is_bit()):
                break
            scale, other = value, self.power()
            if np.ndim(scale) == 1 and np.ndim(other) == 2 and len(other) == 1:
                scale = scale[:, None]  # a column, for a row follows
            value = scale @ other if np.ndim(scale) else scale * other
        return value

    def is_bit(self) -> bool:
        """Is the bar that comes the "or" of bits, and not the start of an absolute value?"""
        return self.tokens.count("|") % 2 == 1

    def power(self) -> Any:
        value = self.atom()
        while self.next():
            if self.take("ᵀ"):
                value = value[None] if np.ndim(value) == 1 else np.swapaxes(value, -1, -2)
            elif self.take("⟦"):
                value = np.asarray(value)[self.key(np.shape(value))]
            elif self.take("^"):
                value = value ** self.atom()
            elif self.take("⁻¹"):
                value = np.linalg.inv(value)
            elif self.next()[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":
                value = value ** float(self.tokens.pop(0).translate(RAISED))
            else:
                break
        return value

    def atom(self) -> Any:
        token = self.tokens.pop(0)
        if token == "(":
            value = self.whole()
            self.need(")")
        elif token.startswith("Σ_"):
            value = self.steps(token)
        elif token in ("Σ", "Π") or (token in OVER and self.next().startswith("over")):
            axes, kept = self.axes()
            value = OVER[token](self.product(), axis=axes, keepdims=kept)
        elif token == "[":
            value = self.test()
            self.need("]")
        elif token == "~":
            value = ~np.asarray(self.power(), int)
        elif token in ("|", "‖"):
            self.bars += 1
            value = self.sum()
            self.bars -= 1
            self.need(token)
            value = np.abs(value) if token == "|" else np.sqrt(np.sum(value**2))
        elif token in FUNCTIONS or token == "onehot":
            value = self.call(token)
        elif token[0].isdigit():
            over, _, under = token.partition("/")
            value = float(over) / float(under or 1)
        elif token in ("∞", "NaN"):
            value = {"∞": np.inf, "NaN": np.nan}[token]
        else:
            value = self.values[called(token, self.at)]
        return value

    def steps(self, token: str) -> Any:
        """The sum over steps of the product that follows: `Σ_t`, or `Σ_{t=1…4}` with its limits."""
        letter, *ends = re.findall(r"[a-z]|−?\d+", token)
        numbers = range(whole(ends[0]), whole(ends[1]) + 1) if ends else self.all
        before, start, total = self.at, self.tokens, 0.0
        for n in numbers:
            self.at, self.tokens = before | {letter: n}, [*start]
            total = total + self.product()
        self.at = before
        return total

    def axes(self) -> tuple[tuple[int, ...] | None, bool]:
        if self.take("over each row"):
            self.need("of")
            return (1,), True
        if not self.take("over axis", "over axes"):
            return None, False
        axes, kept = [int(self.tokens.pop(0))], False
        while self.take(","):
            if self.take("kept"):
                kept = True
            elif self.next() != "of":
                axes.append(int(self.tokens.pop(0)))
        self.need("of")
        return tuple(axes), kept

    def test(self) -> Any:
        if self.take("not"):
            return np.logical_not(self.sum()) * 1.0
        left = self.sum()
        return SYMBOLS[self.tokens.pop(0)](*aligned(left, self.sum())) * 1.0

    def call(self, name: str) -> Any:
        self.need("(")
        given: list[Any] = []
        named: dict[str, Any] = {}
        while not self.take(")"):
            if self.tokens[1] == "=":
                key = self.tokens.pop(0)
                self.need("=")
                named[key] = self.parameter()
            elif name == "ones" or (given and name in ("reshape", "broadcast")):
                given.append(self.lengths())
            else:
                given.append(self.whole())
            self.take(",")
        if name == "onehot":
            return np.eye(self.classes)[np.asarray(given[0], int)]
        return FUNCTIONS[name](*given, **named)

    def key(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        """What stands in the brackets of an index into an array of that shape."""
        parts: list[Any] = []
        while not self.take("]"):
            parts.append(self.part())
            self.take(",")
        for i, part in enumerate(parts):
            if isinstance(part, np.ndarray) and part.dtype.kind == "f":
                is_mask = part.ndim and part.shape == shape[i : i + part.ndim]
                parts[i] = part != 0 if is_mask and {*part.flat} <= {0, 1} else part.astype(int)
        return tuple(parts)

    def part(self) -> Any:
        if self.take("…"):
            return ...
        if self.take("new"):
            return None
        ends: list[Any] = [None]
        while self.next() not in (",", "]"):
            end = next(i for i, x in enumerate(self.tokens) if x in (":", ",", "]"))
            number = "".join(self.tokens[:end])
            if self.take(":"):
                ends.append(None)
            elif re.fullmatch(rf"[-−+\d{''.join(self.at)}]+", number):
                ends[-1] = whole(number, self.at)
                del self.tokens[:end]
            else:
                return np.asarray(self.whole())
        return slice(*ends) if len(ends) > 1 else ends[0]

    def lengths(self) -> tuple[int, ...]:
        if self.take("("):
            self.need(")")
            return ()
        return tuple(map(int, self.tokens.pop(0).split("×")))

    def parameter(self) -> Any:
        if token := self.take("None", "True", "False"):
            return {"None": None, "True": True, "False": False}[token]
        if not self.take("("):
            value = self.sum()
            return int(value) if value == int(value) else value
        parts = []
        while not self.take(")"):
            parts.append(self.parameter())
            self.take(",")
        return tuple(parts)


# LaTeX ------------------------------------------------------------------------------------------

WORDS = {
    **{r"\left": "", r"\right": "", r"\lvert": "|", r"\rvert": "|", r"\lVert": "‖", r"\rVert": "‖"},
    **{
        r"\thinspace": " ",
        r"\qquad": " ",
        r"\odot": "⊙",
        r"\cdot": "·",
        r"\times": "×",
        r"\top": "ᵀ",
    },
    **{r"\ge": "≥", r"\le": "≤", r"\ne": "≠", r"\lt": "<", r"\land": "and", r"\lor": "or"},
    **{r"\lnot": "not", r"\mid": "|", r"\sim": "~", r"\&": "&", r"\ldots": "…", r"\infty": "∞"},
    **{r"\sigma": "σ", r"\sum": "Σ", r"\prod": "Π", r"\_": "_"},
    **{f"\\{name}": name for name in ("log", "exp", "sin", "cos", "tanh", "max", "min", "alpha")},
    **{f"\\{name}": name for name in ("tan", "sinh", "cosh", "arcsin", "arccos", "arctan", "det")},
}
BRACES = str.maketrans("⟨⟩", "{}")
GROUPS = [  # what an innermost pair of braces may belong to
    (r"Σ_\{(\w) *= *([-\d]+)\}\^\{([-\d]+)\}", r"Σ_⟨\1=\2…\3⟩"),
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1) / (\2))"),
    (r"\\sqrt\{([^{}]*)\}", r"√(\1)"),
    (r"\\mathbf\{1\}_\{([^{}]*)\}", r"ones(\1)"),
    (r"\\mathbf\{1\}\[", " ["),
    (r"\\(?:operatorname|mathrm|mathbin)\{([^{}]*)\}", r"\1"),
    (r"([ΣΠ]|\b(?:max|min|var))_\{\\text\{([^{}]*)\}\}", r"\1 over \2 of "),
    (r"\^\{ᵀ\}", "ᵀ"),
    (r"\be\^\{([^{}]*)\}", r"exp(\1)"),
    (r"\^\{-1\}", "⁻¹"),
    (r"\^\{([^{}]*)\}", r"^(\1)"),
    (r"_\{(\d+),([^{}]*)\}", r"‸\1_{\2}"),
    (r"_\{([-+\da-z]*[-+][-+\da-z]*)\}", r"_⟨\1⟩"),
    (r"_\{(\d+)\}", r"‸\1"),
    (r"_\{([^{}]*)\}", r"_\1"),
    (r"\\text\{([^{}]*)\}", r"\1"),
]


def plain(latex: str) -> str:
    """A formula of LaTeX as the text that says the same."""
    text = re.sub(r"\\[A-Za-z]+|\\[&_]", lambda m: WORDS.get(m[0], m[0]), latex)
    text = re.sub(r"\{([:~])\}", r"\1", text)
    before = ""
    while before != text:
        before = text
        for pattern, new in GROUPS:
            text = re.sub(pattern, new, text)
    return re.sub(r" +", " ", text.replace("-", "−").replace(" × ", "×").translate(BRACES))


def text_of(latex: str, known: Container[str] = ()) -> str:
    """The lines of a derivation in LaTeX as those of its text.

    known: names that are read there. An index below a letter is in text behind a _, or is not.
    """

    def name(found: Any) -> str:
        letter, *below = found[0].split("‸")
        full = f"{''.join([letter, *below[:-1]])}_{below[-1]}"
        return full if full in known else "".join([letter, *below])

    rows = []
    for row in latex.split(r"\begin{aligned}")[1].split(r"\end{aligned}")[0].split(r"\\" + "\n"):
        sign = "+=" if r"&\mathrel{+}=" in row else "="
        row = row.replace(r"&\mathrel{+}=", "&=")
        parts = [part.strip(" =") for part in re.split(r"(?<!\\)&", row)]
        if len(parts) == 1:
            rows.append(parts[0].removeprefix(r"\textbf{").removesuffix("}"))
            continue
        head = re.sub(
            r"\\frac\{\\partial (.*?)\}\{\\partial (.*?)\}(?= = |$)", r"∂\1/∂\2", parts[0]
        )
        shape = re.findall(r"\d+", parts[3]) if len(parts) > 2 else []
        size = f"  ({', '.join(shape)},)" if shape else ""
        steps = f"  {plain(parts[5]).replace(', …, ', ' … ')}" if len(parts) > 5 else ""
        rows.append(f"  {plain(head)} {sign} {plain(parts[1])}{size}{steps}")
    return re.sub(r"\w+(?:‸\d+)+", name, "\n".join([*rows, NOTE]))


def check_latex(latex: str) -> None:
    """What a renderer stumbles over: brackets, environments, bare special characters."""
    for row in latex.split(" \\\\\n"):
        bare = re.sub(r"\\([A-Za-z]+|.)", " ", row)
        assert not set("$%#~") & set(bare), row
        assert bare.count("&") in (0, 1, 3, 5), row
        assert not re.search(r"[_^](?!\{)", bare), row
        depth = 0
        for bracket in re.findall("[{}]", bare):
            depth += 1 if bracket == "{" else -1
            assert depth >= 0, row
        assert depth == 0, row
        assert row.count(r"\left") == row.count(r"\right"), row
    assert re.findall(r"\\(begin|end)\{(\w+)\}", latex) == [
        ("begin", "gathered"),
        ("begin", "aligned"),
        ("end", "aligned"),
        ("end", "gathered"),
    ]
