"""What can be read where a line is computed, and what can be made of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import islice, product
from types import CodeType
from typing import Any

import numpy as np

from ..graph import Array
from .alike import some_of, together
from .code import File
from .fitting import fits
from .grammar import ATOMS
from .mending import TooLong
from .pool import Pool
from .rewrites.site import SLOPES, Site

LONGEST = 60  # letters of what is tried as a part
LARGEST = 20_000  # numbers of an array
MANY = 60  # arrays of which products are tried
FEW = 12  # the same, where it takes long
TERMS = 200  # products, there
SIGNED = ((1, ""), (-1, "-"))
REST = "(1 - {0})"  # of a share, as of a gate
Table = tuple[list[str], Array]
OPERATORS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.operator, ast.unaryop, ast.cmpop)
OPERANDS = (*ATOMS, ast.Constant, ast.expr_context, ast.keyword, ast.Tuple)


class Frame:
    """What expressions come to where a line is computed."""

    def __init__(self, pool: Pool, file: File, statement: Any, names: Any) -> None:
        self.outer, self.names = names
        self.site = Site(pool, file, statement)
        self.arrays: dict[str, Array] = {}
        self._tables: dict[tuple[str, tuple[int, ...]], Table] = {}
        self._terms: dict[tuple[int, ...], list[tuple[str, Array]]] = {}
        scope = pool.scope(file, statement)
        self.numbers: dict[str, float] = {"2": 2.0, "0.5": 0.5}
        lines: dict[str, int] = {}  # how far away the nearest is read or bound
        for x in scope:
            if isinstance(x, ATOMS):
                far = abs(x.lineno - statement.lineno)
                lines[ast.unparse(x)] = min(far, lines.get(ast.unparse(x), far))
        atoms = sorted(self.site.atoms(), key=lambda text: lines.get(text, len(file.text)))
        atoms += _others(atoms)
        own = [file.segment(statement.target)] if isinstance(statement, ast.AugAssign) else []
        plain = [*own, *atoms, *self.site.counts(), *self.site.scalars()]
        numpy = self.site.numpy
        parts = [
            file.segment(x) if isinstance(x, ast.Call) else f"({file.segment(x)})"
            for x in scope
            if isinstance(x, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)) and _is_pure(x, numpy)
        ]
        for text in dict.fromkeys([*pool.unused(file, statement), *plain, *parts]):
            if len(text) > LONGEST or "\n" in text:
                continue
            value = self.value(text)
            if type(value) is np.ndarray and value.shape and value.dtype.kind in "fb":
                if 1 < value.size <= LARGEST:
                    self.arrays[text] = value * 1.0
            elif isinstance(value, (int, float, np.number)) and np.isfinite(value) and value:
                self.numbers[text] = float(value)
        for x in filter(None, pool.constants):  # names come before them
            self.numbers.setdefault(pool.written(file, x), float(x))

    @cached_property
    def multiples(self) -> tuple[Array, list[tuple[str, str]]]:
        """The numbers that are made of one or two; how each is written as a factor, with {}
        for what it is of, and what is said of it."""
        found: list[tuple[float, str, str]] = []
        some = {text: n for text, n in self.numbers.items() if abs(n) != 1}
        numpy = self.site.numpy
        for text, n in some.items():
            for sign, minus in SIGNED:
                found.append((sign * n, f"{minus}{text} * {{}}", f"{minus}{text}"))
                found.append((sign / n, f"{minus}{{}} / {text}", f"{minus}1 / {text}"))
            if n > 0 and numpy:
                root = f"{numpy}.sqrt({text})"
                found.append((1 / n**0.5, f"{{}} / {root}", f"1 / {root}"))
        for (a, n), (b, m) in product(some.items(), repeat=2):
            for sign, minus in SIGNED:
                if a < b and n * m:
                    found.append((sign * n * m, f"{minus}{a} * {b} * {{}}", f"{minus}{a} * {b}"))
                    text = f"({a} * {b})"
                    found.append((sign / (n * m), f"{minus}{{}} / {text}", f"{minus}1 / {text}"))
                if n != m:
                    text = f"{minus}{a} * {{}} / {b}"
                    found.append((sign * n / m, text, f"{minus}{a} / {b}"))
        return np.array([n for n, _, _ in found]), [(pattern, said) for _, pattern, said in found]

    def value(self, text: str, **more: Any) -> Any:
        """What an expression comes to here, a matrix as an array; None where it raises."""
        try:
            x = eval(_code(text), self.outer, {**self.names, **more})
        except (Exception, TooLong):
            return None
        return x.view(np.ndarray) if isinstance(x, np.matrix) else x

    @cached_property
    def factors(self) -> dict[str, Array]:
        """Arrays; and of these the slopes of common activations, what is left of them to 1, and the
        user's functions."""
        found = dict(self.arrays)
        names = [name for name, count in self.site.pool.functions() if count == 1]
        for text, value in self.arrays.items():
            if isinstance(ast.parse(text, mode="eval").body, ATOMS):
                slopes = (1 - value**2, value * (1 - value), (value > 0) * 1.0, 1 - value)
                told = zip((p.format(text) for p in (*SLOPES, REST)), slopes)
                found |= {slope: its for slope, its in told if (its != 1).any()}
                for name in names:
                    its = self.value(f"{name}({text})")
                    if isinstance(its, np.ndarray) and its.shape == value.shape:
                        found[f"{name}({text})"] = its
        return found

    def products(self, shape: tuple[int, ...], many: int = MANY) -> Iterator[tuple[str, Array]]:
        """Arrays of a shape, sums along their axes, and products of two that have it."""
        yield from self.alone(shape, many)
        for text, value in [*self.arrays.items()][:FEW]:
            for axis in range(value.ndim) if value.shape == shape else ():
                total = value.sum(axis=axis, keepdims=True)
                for name, by in (("sum", 1), ("mean", value.shape[axis])):
                    yield f"{text}.{name}(axis={axis}, keepdims=True)", total / by
        some = [*self.arrays.items()][:many]
        for i, (a, x) in enumerate(some):
            for b, y in some[: i + 1]:
                if together(x.shape, y.shape) == shape:
                    yield f"{a} * {b}", x * y

    def alone(self, shape: tuple[int, ...], many: int = MANY) -> Iterator[tuple[str, Array]]:
        """Arrays that broadcast to a shape, and matrix products that have it."""
        for text, value in self.arrays.items():
            if together(value.shape, shape) == shape:
                yield text, value
        for (a, x), (b, y) in product([*self.arrays.items()][:many], repeat=2):
            for left, its in ((a, x), (f"{a}.T", x.T)) if x.ndim == 2 else ():
                for right, other in ((b, y), (f"{b}.T", y.T))[: y.ndim]:
                    if fits(its.shape, other.shape) == shape:
                        yield (
                            self.site.pool.style.product(self.site.numpy, left, right),
                            its @ other,
                        )

    def terms(self, shape: tuple[int, ...]) -> list[tuple[str, Array]]:
        """The first of the products."""
        if shape not in self._terms:
            self._terms[shape] = [*islice(self.products(shape, FEW), TERMS)]
        return self._terms[shape]

    def table(self, kind: str, shape: tuple[int, ...]) -> Table:
        """The factors, the products, or what is `alone`, that broadcast to a shape; of each some
        numbers, a row."""
        if (kind, shape) not in self._tables:
            if kind == "factors":
                its: Any = self.factors.items()
            else:
                its = self.products(shape) if kind == "products" else self.alone(shape)
            found = {
                text: some_of(np.broadcast_to(value, shape))
                for text, value in its
                if together(value.shape, shape) == shape
            }
            rows = np.array([*found.values(), some_of(np.zeros(shape))], dtype=float)[:-1]
            self._tables[kind, shape] = [*found], rows
        return self._tables[kind, shape]


@lru_cache(maxsize=10_000)
def _code(text: str) -> CodeType:
    return compile(f"({text}\n)", "", "eval", dont_inherit=True)


def _others(atoms: list[str]) -> Iterator[str]:
    """Items of the same things at each other's indices: `hs[t]` where there is `hs[t - 1]`."""
    items = [text.partition("[")[::2] for text in atoms if re.fullmatch(r"[\w.]+\[[^][]*\]", text)]
    for base, key in product(
        dict.fromkeys(b for b, _ in items), dict.fromkeys(k for _, k in items)
    ):
        yield f"{base}[{key}"


def _is_pure(node: Any, numpy: str) -> bool:
    """Is it made of operators and numpy's functions alone?"""
    return all(
        isinstance(x, (*OPERATORS, *OPERANDS)) or (isinstance(x, ast.Call) and _is_of(x, numpy))
        for x in ast.walk(node)
    )


def _is_of(call: ast.Call, numpy: str) -> bool:
    """Does it call one of numpy's functions, that changes nothing?"""
    owner = getattr(call.func, "value", None)
    is_numpy = isinstance(owner, ast.Name) and owner.id == numpy
    return is_numpy and all(k.arg != "out" for k in call.keywords)
