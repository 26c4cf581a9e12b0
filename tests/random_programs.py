"""Random programs over the whole catalogue, as text: what is printed is what runs.

A program is a function of arrays, and the points where it is called: the recorded one, and others
that take the other side of every condition. `generate(seed)` draws one, `Space` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rows import ROWS

import autograd_lite as al

Array = np.ndarray
Point = dict[str, str]  # of each argument and captured value, its name and its text
SHAPES = [(), (1,), (3,), (2, 3), (1, 3), (2, 1), (3, 3), (2, 3, 4), (0, 3), (2, 0, 0)]
NUMBERS = ["0.5", "2", "-1.5", "3.0", "1", "0", "np.float64(0.1)", "np.float32(0.5)", "np.int64(2)"]
STRUCTURES = ["{0}", "{0}", "{0}", "({0}, {1})", "({0}, {0})", "[{0}, {{'a': {1}, 'b': ({2},)}}]"]
PACKED = {  # two arguments in one, and how they are taken apart
    "[{0}, {1}]": "[{0}, {1}] = p",
    "{{'a': {0}, 'b': [{1}]}}": "{0}, {1} = p['a'], p['b'][0]",
    "({0}, {{'k': {1}}})": "{0}, {1} = p[0], p[1]['k']",
}
OWN = {  # ops that a user might write: their forwards return views, and by other calls
    "flip": "lambda g, y, x: g[::-1]|np.flip(x, 0)",
    "turn": "lambda g, y, x: g.T|np.einsum('ij->ji', x)",
    "diagonal": "lambda g, y, x: np.eye(len(x), len(g)) * g @ np.eye(len(g), x.shape[1])"
    "|np.diagonal(np.einsum('ij->ij', x))",
    "moved": "lambda g, y, x: al.swapaxes(g, 0, 1)|np.moveaxis(x, 0, 1)",
    "cube": "lambda g, y, x: g * 3 * x**2|x * x * x",
}
NAME = re.compile(r"\b[xvctk]\d+\b")
WEIGHTS = """def weights(y):
    return np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
"""

# Recipes ----------------------------------------------------------------------------------------
# What is in braces is drawn: see `Draw`. An op of the catalogue without a recipe has its rows.

RECIPES: dict[str, list[str]] = {
    "where": ["al.where({any}, {other}, {other})", "al.where({real} > {number}, {same}, {other})"],
    "copy": ["al.copy({any})"],
    "invert": ["~({any} > {number})", "~({any} & {other})"],
    "astype": ["al.astype({any}, {dtype})", "{any}.astype({dtype})"],
    "clip": ["al.clip({real}, -0.5, {number})", "{real}.clip({limit}, None)"],
    "dropout": ["al.dropout({real}, p=0.25, rng=rng)"],
    "dropout_mask": ["al.dropout_mask({real}, p=0.25, rng=rng)"],
    "matmul": ["{any} @ {factor}", "al.matmul({real}, {same}.T)"],
    "dot": ["al.dot({real}, {factor})", "al.dot({real}, {number})"],
    "outer": ["al.outer({real}, {real})"],
    "argmax": ["al.argmax({any}, axis={one})", "{any}.argmax()"],
    "argmin": ["al.argmin({any}, axis={one})"],
    "cross_entropy": [
        "al.cross_entropy({real}, al.softmax({same}))",
        "al.cross_entropy({real}, {same}.argmax(axis=-1))",
    ],
    "reshape": ["al.reshape({any}, {shape})", "{any}.reshape({shape})"],
    "ravel": ["al.ravel({any})", "{any}.flatten()"],
    "transpose": ["al.transpose({any}, {axes})", "{any}.T", "{any}.mT"],
    "swapaxes": ["al.swapaxes({any}, {one}, {one})"],
    "squeeze": ["al.squeeze({any})", "al.squeeze({any}, axis={one})"],
    "expand_dims": ["al.expand_dims({any}, axis={one})"],
    "broadcast_to": ["al.broadcast_to({any}, (2, *{same}.shape))"],
    "join": ["al.join({any}, {alike}, {same}, axis={one})"],
    "pile": ["al.pile({any}, {same}, axis={one})"],
    "concatenate": ["al.concatenate([{any}, {alike}], axis={one})"],
    "stack": ["al.stack([{any}, {alike}], axis={one})"],
    "index": ["al.index({any}, ({key},))"],
    "getitem": ["al.getitem({any}, key=(slice(None, None, -1),))"],
    "scatter": ["al.scatter({any}, key=(..., slice(None, None, -1)), shape={same}.shape)"],
}
RECIPES |= {
    op: [f"al.{op}({{any}})", f"al.{op}({{real}})"]
    for op in (
        *(
            "sign",
            "negative",
            "reciprocal",
            "square",
            "sqrt",
            "abs",
            "exp",
            "expm1",
            "log",
            "log1p",
        ),
        *("sin", "cos", "tanh", "sigmoid", "relu", "softplus", "logical_not"),
    )
}
RECIPES |= {
    op: [f"al.{op}({{any}}, {{other}})", f"{{any}} {sign} {{other}}", f"{{number}} {sign} {{any}}"]
    for op, sign in {
        **{"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "=="},
        **{"not_equal": "!=", "add": "+", "subtract": "-", "multiply": "*", "divide": "/"},
        **{"power": "**", "bitwise_and": "&", "bitwise_or": "|"},
    }.items()
}
RECIPES |= {
    op: [f"al.{op}({{any}}, {{other}})"]
    for op in ("maximum", "minimum", "logical_and", "logical_or")
}
RECIPES |= {
    op: [f"al.{op}({{any}}, axis={{axis}}, keepdims={{flag}})", f"al.{op}({{any}})"]
    for op in (
        *("sum", "mean", "var", "std", "max", "min", "all", "any", "prod", "logsumexp", "norm"),
    )
}
RECIPES |= {op: [f"al.{op}({{real}}, axis={{axis}})"] for op in ("softmax", "log_softmax")}
RECIPES |= {
    op: [f"al.{op}({{real}}, {{alike}})", f"al.{op}({{real}}, al.tanh({{same}}))"]
    for op in ("mse", "half_squared_error", "bce_with_logits")
}
IDIOMS = [
    *("{real}[{same} > {number}]", "{real}[{same} > 0].mean()", "{any}[{key}]", "{any}[{key}]"),
    *("({real} * 2)[..., 0]", "{real}[..., 0]", "{any}[()]", "{any}[::-1]", "{any}[None]"),
    *("~{whole}", "{whole} & {count}", "{whole} | {count}", "{whole} + {count}", "{whole} * 2"),
    *("al.where({real}, {same}, 0)", "al.where({real} > 0, {same}, 0)"),
    *("-({real} - {other})", "1 / -({real} - {count})", "{real} ** {count}", "{real} ** {count}"),
    *("{real} * np.float64(0.1)", "np.float64(0.1) * {real}", "{real} * {captured}", "abs({any})"),
    *("al.func.grad(lambda t: al.sum(t * {other}))({real})", "{real} * ({same} > {number})"),
    *("al.func.grad(lambda t: al.sum(al.sin(t) * {other}))({real})", "{real} - {same}.max()"),
    *(f"{own}({{real}})" for own in OWN),
    *("1 / (1 + np.exp(-{real}))", "np.exp({real}) / (1 + np.exp({same}))"),  # formulas by hand
    *("{real} * ({same} > 0)", "np.where({real} > 0, {same}, 0)", "np.log(1 + np.exp({real}))"),
    *("np.maximum({real}, 0)", "np.log1p(np.exp(-abs({real}))) + np.maximum({same}, 0)"),
    "np.exp({real} - np.max({same}, axis=-1, keepdims=True))",
    "np.exp({real}) / np.exp({same}).sum(axis=-1, keepdims=True)",
    "(lambda e: e / e.sum(axis={axis}, keepdims=True))"
    "(np.exp({real} - {same}.max(axis={axis}, keepdims=True)))",
    "np.log(np.exp({real}).sum(axis={axis}))",
]


class Unfit(Exception):
    """There is nothing of the kind that a recipe asks for."""


class Draw:
    """What stands in the place of a recipe's braces: `template.format_map(draw)`."""

    def __init__(self, rng: np.random.Generator, values: dict[str, Any]) -> None:
        self.rng = rng
        self.values = values  # at the recorded point, of plain numpy
        self.numbers = list(NUMBERS)
        self.last = ""

    def __getitem__(self, kind: str) -> str:
        return str(getattr(self, f"_{kind}")())

    def pick(self, options: Iterable[Any]) -> Any:
        options = list(options)
        if not options:
            raise Unfit
        return options[self.rng.integers(len(options))]

    def often(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def names(self, kinds: str, fits: Callable[[Any], bool] = lambda v: True) -> list[str]:
        """The values of these kinds of dtype, the latest four times: deep, and shared."""
        found = [n for n, v in self.values.items() if v.dtype.kind in kinds and fits(v)]
        return found + 3 * found[-2:]

    def first(self, kinds: str) -> str:
        """No captured array: what numpy alone computes of it stays as it was recorded."""
        self.last = self.pick(n for n in self.names(kinds) if n[0] != "c")
        return self.last

    def fitting(self, kinds: str) -> list[str]:
        """The values that broadcast with the last one."""
        return self.names(kinds, lambda v: _broadcast(v.shape, self.values[self.last].shape))

    def _any(self) -> str:
        return self.first("f" if self.often(0.6) else "fiub")

    def _real(self) -> str:
        return self.first("f")

    def _whole(self) -> str:
        return self.first("iub")

    def _same(self) -> str:
        return self.last

    def _other(self) -> str:
        return self._number() if self.often(0.3) else self.pick(self.fitting("fiub"))

    def _count(self) -> str:
        return self.pick([*self.fitting("iub"), "0", "1", "2", "6"])

    def _alike(self) -> str:
        shape = self.values[self.last].shape
        return self.pick(self.names("fib", lambda v: v.shape == shape))

    def _factor(self) -> str:
        n = (*self.values[self.last].shape, 0)[-2]
        return self.pick(self.names("fi", lambda v: v.ndim and v.shape[-2:][0] == n))

    def _captured(self) -> str:
        return self.pick(n for n in self.fitting("fi") if n[0] in "ct")

    def _limit(self) -> str:
        return self.pick(n for n in self.fitting("f") if n[0] == "c")

    def _number(self) -> str:
        return self.pick(self.numbers)

    def _dtype(self) -> str:
        return self.pick(["np.float32", "np.float64", "np.int64", "np.int32", "bool"])

    def _flag(self) -> str:
        return self.pick(["True", "False"])

    def _one(self) -> str:
        return self.pick(["0", "-1", "1"])

    def _axis(self) -> str:
        return self.pick(["None", "0", "-1", "1", "(0, 1)", "(-1, 0)", "(0, 2)", "()"])

    def _axes(self) -> str:
        return str(tuple(self.rng.permutation(self.values[self.last].ndim).tolist()))

    def _shape(self) -> str:
        x = self.values[self.last]
        return str(self.pick([(-1,), x.shape[::-1], (*x.shape, 1), (1, x.size), (x.size, 1)]))

    def _key(self) -> str:
        parts = ["0", "-1", ":", "1:", "::-1", "::2", "-2::-1", "np.array([0, -1, 0])", "None"]
        n = self.values[self.last].ndim
        key = [self.pick(parts) for _ in range(self.rng.integers(n + 1))]
        key.insert(self.rng.integers(len(key) + 1), "...")
        # an index function takes a slice by its name
        return ", ".join(re.sub(r"^(-?\d*):(-?\d*):?(-?\d*)$", _slice, part) for part in key)


def _slice(found: re.Match[str]) -> str:
    return f"slice({', '.join(end or 'None' for end in found.groups())})"


def _broadcast(*shapes: tuple[int, ...]) -> bool:
    try:
        return bool(np.broadcast_shapes(*shapes) is not None)
    except ValueError:
        return False


# Programs ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """A function as text, and the points where it is called, the recorded one first.

    `args`: the texts of its arguments. `terms`: the values that are summed in the loss, in this
    `form`. `varying`: values whose shapes hang on others. `numbers`: values without axes, which are
    `bare` in the loss, or in the form of the others. `in_place`: whether captured arrays are
    written to, or replaced.
    """

    seed: int
    args: tuple[str, ...]
    points: tuple[Point, ...]
    steps: tuple[tuple[str, str], ...] = ()
    result: str = ""
    terms: tuple[str, ...] = ()
    form: str = "al.sum(weights({0}) * {0})"
    varying: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    bare: bool = False
    in_place: bool = True

    @property
    def by_hand(self) -> bool:
        """Does it write out a formula that is an op?"""
        return any("np.exp(" in step or "> 0" in step for _, step in self.steps)

    def header(self) -> str:
        """The ops of the user's own that the program calls."""
        lines = []
        for name, code in OWN.items():
            if any(f"{name}(" in step for _, step in self.steps):
                rule, forward = code.split("|")
                lines += [f"@al.primitive({rule})", f"def {name}(x):", f"    return {forward}", ""]
        return "\n".join(lines)

    def function(self, name: str, result: str, hook: str = "{}") -> str:
        """The text of the function of that name and result; each value goes through the hook."""
        lines = [f"def {name}({', '.join(x if x in self.points[0] else 'p' for x in self.args)}):"]
        for x in self.args:
            if x not in self.points[0]:
                names = re.findall(r"\bx\d+", x)
                lines.append(next(v for k, v in PACKED.items() if k.format(*names) == x))
                lines[-1] = lines[-1].format(*names)
        if hook != "{}":
            lines += [f"{x} = {hook.format(x)}" for x in self.points[0] if x[0] == "x"]
        lines += [f"{name} = {hook.format(step)}" for name, step in self.needed(result)]
        return "\n    ".join([*lines, f"return {result}"]) + "\n"

    def needed(self, result: str) -> list[tuple[str, str]]:
        """The steps that a result needs."""
        names, steps = set(NAME.findall(result)), []
        for name, step in reversed(self.steps):
            if name in names:
                names |= set(NAME.findall(step))
                steps.append((name, step))
        return steps[::-1]

    def loss(self) -> str:
        """The weighted sum of the terms; where shapes vary the weights are all the same."""
        forms = {x: "al.sum(0.7 * {0})" if x in self.varying else self.form for x in self.terms}
        forms |= dict.fromkeys(self.numbers & {*self.terms}, "{0}" if self.bare else self.form)
        return " + ".join(form.format(x) for x, form in forms.items())

    def is_loss(self) -> bool:
        """Do all terms depend on arguments that have a gradient?"""
        known = set(NAME.findall(" ".join(self.args[i] for i in self.argnums())))
        for name, step in self.steps:
            if known & set(NAME.findall(step)):
                known.add(name)
        return bool(self.terms) and known >= set(self.terms)

    def argnums(self) -> tuple[int, ...]:
        """The positions of the arguments that are floating in all parts."""
        kinds = {x: np.asarray(evaluated(self.points[0])[x]).dtype.kind for x in self.points[0]}
        names = [re.findall(r"\bx\d+", x) for x in self.args]
        return tuple(i for i, xs in enumerate(names) if all(kinds[x] == "f" for x in xs))

    def text(self, at: int = 0, first: str = "", then: str = "") -> str:
        """The program as it can be run: with its loss, and the lines that call it at two points."""
        lines = ["import numpy as np", "import autograd_lite as al"]
        lines += ["from rows import ROWS  # in tests/"] if "ROWS" in str(self.steps) else []
        lines += ["", self.header()]
        outside = [x for x in self.points[0] if x[0] != "x"]
        for name in outside:
            value = self.points[0][name]
            lines.append(f"{name} = {f'al.Tensor({value})' if name[0] == 't' else value}")
        lines += ["rng = np.random.default_rng(5)"] if "rng" in str(self.steps) else []
        lines += [self.function("f", self.result)] if "f(" in first + then else []
        if "loss" in first + then:
            lines += [WEIGHTS] if "weights" in self.loss() + first + then else []
            lines += [self.function("loss", self.loss())]
        lines += [*self._arguments(0), first]
        for x in outside if at else []:
            to = {"t": ".data[...]", "c": "[...]" if self.in_place else ""}.get(x[0], "")
            lines.append(f"{x}{to} = {self.points[at][x]}")
        lines += [*(self._arguments(at) if at else []), then]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def _arguments(self, at: int) -> list[str]:
        lines = [f"{x} = {value}" for x, value in self.points[at].items() if x[0] == "x"]
        return [*lines, f"args = ({''.join(f'{x}, ' for x in self.args)})"]


def evaluated(point: Point) -> dict[str, Any]:
    """The values of a point. A text that is the name of an earlier one is the same array."""
    values: dict[str, Any] = {}
    for name, text in point.items():
        values[name] = eval(text, {"np": np, **values})
    return values


class Space:
    """The functions of a program with what they captured, moved from point to point."""

    def __init__(self, program: Program, plain: bool = False, hook: Any = None) -> None:
        self.program = program
        self.plain = plain
        generator = np.random.default_rng(5)
        self.names = {"np": np, "al": al, "ROWS": ROWS, "rng": generator, "hook": hook}
        self.names["__name__"] = "fuzzed"  # as a module has
        self.before = generator.bit_generator.state
        through = "hook({})" if hook else "{}"
        text = program.header() + WEIGHTS + program.function("f", program.result, through)
        exec(text + program.function("loss", program.loss() or "0.0", through), self.names)
        self.values: dict[str, Any] = {}
        self.move(program.points[0])

    def move(self, point: Point) -> Space:
        """Change what is captured, and take the arguments of this point."""
        self.values = evaluated(point)
        for name, value in self.values.items():
            now = self.names.get(name)
            if name[0] == "t" and not self.plain and now is None:
                self.names[name] = al.Tensor(value, name=name)
            elif name[0] == "t" and not self.plain:
                now.data[...] = value
            elif name[0] == "c" and self.program.in_place and now is not None:
                now[...] = value
            elif name[0] != "x":
                self.names[name] = value
        self.rewind()
        return self

    def rewind(self) -> None:
        """Have the generator draw again what it drew."""
        self.names["rng"].bit_generator.state = self.before

    def args(self, leaves: dict[str, Any] | None = None) -> tuple[Any, ...]:
        """The arguments of the point, with these in the places of some."""
        return tuple(eval(x, {**self.values, **(leaves or {})}) for x in self.program.args)

    def run(self, f: Any, *args: Any) -> Any:
        """The results of f in a list, with their places; or the error that it raised."""
        self.rewind()
        try:
            return list(flat(f(*args)))
        except Exception as error:
            return error


def flat(tree: Any, place: str = "result") -> Iterator[tuple[str, Any]]:
    """The arrays of nested results, with their places."""
    if isinstance(tree, (list, tuple, dict)):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from flat(value, f"{place}[{type(tree).__name__} {key!r}]")
    else:
        yield place, tree.data if isinstance(tree, al.Tensor) else tree


# Drawing programs -------------------------------------------------------------------------------


def generate(seed: int, first: str = "") -> Program:
    """The program of that seed; it begins with the op `first`, if one is given."""
    draw = Draw(np.random.default_rng(seed), {})
    point = _first_point(draw)
    values = {x: np.asarray(v) for x, v in evaluated(point).items()}
    draw.values = {x: v for x, v in values.items() if x[0] != "k"}
    draw.numbers += 3 * [x for x in values if x[0] == "k"]
    space = {"np": np, "al": al, "ROWS": ROWS, "rng": np.random.default_rng(5), **evaluated(point)}
    exec(Program(seed, (), (), steps=tuple((x, f"{x}(") for x in OWN)).header(), space)
    steps: list[tuple[str, str]] = []
    for i in range(draw.pick([1, *range(1, 9)])):
        added: Point = {}
        tries = (_step(draw, space, "" if steps else first, added) for _ in range(500))
        found = next((step for step in tries if step), None)
        if found is None:
            raise LookupError(f"no step could be drawn with {first or 'any op'}")
        point |= added
        space[f"v{i}"] = draw.values[f"v{i}"] = found[1]
        steps.append((f"v{i}", found[0]))
    return _with_results(draw, point, tuple(steps), seed)


def _first_point(draw: Draw) -> Point:
    """The texts of arguments, captured arrays, Tensors and numbers, many of which broadcast."""
    base = draw.pick(SHAPES)
    point: Point = {}
    mixed = draw.often(0.3)

    def array(dtype: str = "float64", odd: bool = False) -> str:
        shape = base if draw.often(0.5) else base[1:] if draw.often(0.4) else draw.pick(SHAPES)
        return literal(draw, np.asarray(draw.rng.standard_normal(shape)).round(2), dtype, odd)

    for i in range(draw.rng.integers(1, 5)):
        others = ["float64", "float32", "int64", "bool", "int32"] if mixed else ["float64"]
        point[f"x{i}"] = array(draw.pick(others) if i else "float64", odd=True)
    if draw.often(0.3):
        point["c0"] = array("float64" if draw.often(0.7) else "float32")
    if draw.often(0.2):
        point["t0"] = array()
    if draw.often(0.3):
        point["k0"] = draw.pick(["0.5", "2", "-0.7", "3"])
    return point


def literal(draw: Draw, x: Array, dtype: str, odd: bool) -> str:
    """An array as text; an odd one may be a scalar of numpy, or lie in memory in another order."""
    if dtype.startswith("int"):
        x = np.where(np.isfinite(x), np.clip(x, -9, 9) * 3, 0)
    if not x.size:
        return f"np.zeros({x.shape}, np.{dtype})"
    cast = np.asarray(x > 0 if dtype == "bool" else x.astype(dtype)).tolist()
    numbers = re.sub(r"\b(inf|nan)\b", r"np.\1", str(cast))
    if not x.shape and odd and draw.often(0.5):
        return f"np.{dtype}({numbers})".replace("np.bool(", "np.bool_(")
    text = f"np.array({numbers})" if dtype in ("float64", "bool") else ""
    text = text or f"np.array({numbers}, np.{dtype})"
    if x.ndim > 1 and odd and draw.often(0.2):
        return f"np.asfortranarray({text})"
    return f"{text}[::-1]" if x.ndim and odd and draw.often(0.1) else text


def _step(draw: Draw, space: dict[str, Any], op: str, added: Point) -> Any:
    """The text of a step and its value, or None if what was drawn does not fit."""
    kept = dict(draw.values)
    added.clear()
    op = op or draw.pick(IDIOMS if draw.often(0.45) else al.ops.NAMES)
    try:
        if op in IDIOMS or (op in RECIPES and not (draw.often(0.1) and "dropout" not in op)):
            step = draw.pick(RECIPES.get(op, [op])).format_map(draw)
            step = re.sub(r"^al\.(\w+)\(", lambda m: _spelled(draw, m), step)
        else:
            step = _from_row(draw, op, added)
        names = set(re.findall(r"\b[xv]\d+\b", step)) & {*draw.values, *added}
        value = eval(step, {**space, **evaluated(added)})
        if names and value.dtype.kind in "fiub" and value.size <= 100:
            tame = np.all(np.isfinite(value)) and np.all(np.abs(value.astype(float)) < 1e4)
            if tame or draw.often(0.05):
                space |= evaluated(added)
                return step, value
    except Exception:  # of whatever kind: numpy's word on what does not fit
        pass
    draw.values = kept
    return None


def _spelled(draw: Draw, found: re.Match[str]) -> str:
    """An op by its name here, or by numpy's."""
    op = found[1]
    module = "np.linalg" if op == "norm" else "np"
    known = op in al.ops.NAMES and hasattr(eval(module), op) and op != "dot"  # of 3 axes: differs
    return f"{module}.{op}(" if known and draw.often(0.3) else found[0]


def _from_row(draw: Draw, op: str, added: Point) -> str:
    """A call of a row of the op, with values of the row's shapes, or new arguments."""
    name = draw.pick(name for name, row in ROWS.items() if row.op == op)
    given = []
    for x in ROWS[name].inputs:
        x = np.asarray(x)
        alike = draw.names("f", lambda v, x=x: v.shape == x.shape and v.dtype == x.dtype)
        if alike and draw.often(0.4):
            given.append(draw.pick(alike))
        else:
            given.append(f"x{sum(n[0] == 'x' for n in draw.values)}")
            added[given[-1]] = literal(draw, x.round(2), x.dtype.name, odd=False)
            draw.values = {**draw.values, given[-1]: x}
    return f"ROWS[{name!r}].call({', '.join(given)})"


def _with_results(draw: Draw, point: Point, steps: Any, seed: int) -> Program:
    """The program of these steps: how it takes its arguments, what it returns, and where."""
    names = [x for x in point if x[0] == "x"]
    args = tuple(names)
    if len(names) > 1 and draw.often(0.3):
        args = (*names[:-2], draw.pick(PACKED).format(*names[-2:]))
    last = steps[-1][0]
    rest = [draw.pick(draw.values) for _ in range(2)]
    result = draw.pick(STRUCTURES).format(last, *rest)
    points = (
        point,
        *(_moved(draw, point, kind) for kind in (-1, 0, *draw.rng.integers(1, 6, 2), 6)),
    )
    program = Program(
        seed,
        args,
        points,
        steps,
        result,
        form=draw.pick([Program.form, Program.form, "al.sum({0})"]),  # what is 1 is simplified
        numbers=frozenset(x for x, v in draw.values.items() if not v.shape),
        bare=draw.often(0.5),
        in_place=draw.often(0.5),
    )
    computed = [x for x, _ in steps if draw.values[x].dtype.kind == "f"]
    used = [x for x in computed if re.search(rf"\b{x}\b", result)] or computed[-1:]
    return replace(program, terms=tuple(used), varying=frozenset(_varying(program)))


def _moved(draw: Draw, point: Point, kind: int) -> Point:
    """Another point: signs flipped, fresh, positive, negative, ties, zeros, large, not finite."""
    moved: Point = {}
    for name, x in evaluated(point).items():
        if name[0] == "k":
            moved[name] = draw.pick(["1", "2", "3"] if type(x) is int else ["0.5", "-1.25", "1.0"])
            continue
        x = np.asarray(x)
        fresh = np.asarray(draw.rng.standard_normal(x.shape))
        special = np.where(draw.rng.random(x.shape) < 0.3, draw.pick([np.inf, -np.inf, np.nan]), x)
        ways = [fresh, np.abs(fresh), -np.abs(fresh), np.round(2 * fresh) / 2, 0 * fresh]
        ways += [1000 * fresh, special, -x if x.dtype.kind != "b" else ~x]
        earlier = [n for n in moved if n[0] == name[0] == "x" and _like(point[n], x)]
        new = ways[kind] * (x.dtype != bool) if kind == 6 else np.asarray(ways[kind], float)
        same = bool(earlier) and draw.often(0.1)
        moved[name] = (
            earlier[0] if same else literal(draw, new.round(2), x.dtype.name, odd=name[0] == "x")
        )
    return moved


def _like(text: str, x: Array) -> bool:
    value = eval(text, {"np": np}) if text.startswith("np") else np.zeros(0)
    return bool((value.shape, value.dtype) == (x.shape, x.dtype))


def _varying(program: Program) -> Iterator[str]:
    """The values whose shapes differ from point to point, or that an error kept from being."""
    shapes: list[dict[str, Any]] = []
    for point in program.points:
        space = Space(program, plain=True).move(point)
        known = {**space.names, **space.values}
        try:
            for name, step in program.steps:
                known[name] = eval(step, known)
        except Exception:  # where a program raises is a part of what it does
            pass
        shapes.append({name: np.shape(known.get(name)) for name, _ in program.steps})
    for name in shapes[0]:
        if len({seen[name] for seen in shapes}) > 1:
            yield name
