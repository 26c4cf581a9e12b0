"""The slips that people make in code, undone: small edits that rearrange a program's expressions.

Each function is one way to go wrong. It gets an expression or a statement, and gives what may have
been meant, with what is said of it. An edit's `rank` is how far-fetched it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from itertools import combinations, product
from typing import Any, NamedTuple

from .code import File
from .pool import ATOM, ATOMS, LEVELS, SIGNS, Atom, Pool, fits, level, shapes_of

ADD, MULTIPLY, POWER = (LEVELS[op] for op in (ast.Add, ast.Mult, ast.Pow))
SLOPES = ("(1 - {0} ** 2)", "{0} * (1 - {0})", "({0} > 0)")  # of common activations
TURNED = {"+": "-", "-": "+", "*": "/", "/": "*"}


class Edit(NamedTuple):
    """Other text in the places of some nodes; none of a statement leaves it out."""

    file: File
    changes: tuple[tuple[Any, str], ...]
    kind: str
    said: str
    rank: float

    @property
    def site(self) -> Any:
        return self.changes[0][0]


class Site(NamedTuple):
    """An expression or statement, where it stands."""

    pool: Pool
    file: File
    node: Any

    def text(self, node: Any = None, tight: int = 0) -> str:
        return self.pool.text(self.file, self.node if node is None else node, tight)

    def shapes(self, node: Any = None) -> Any:
        return self.pool.shapes(self.file, self.node if node is None else node)

    def atoms(self) -> dict[str, Atom]:
        return self.pool.atoms(self.file, self.node)

    def like(self) -> Iterator[Atom]:
        """The arrays in scope of its shape."""
        return self.pool.like(self.file, self.node, self.shapes())

    def counts(self) -> list[str]:
        """What counts something, in scope."""
        return self.pool.counts(self.file, self.node)

    def scalars(self) -> list[str]:
        """The floating numbers in scope."""
        numbers = (a.text for a in self.atoms().values() if a.shapes == {("f", ())})
        roots = self.pool.roots(self.file, self.node)
        return [*dict.fromkeys([*numbers, *self.pool.fixed(self.file), *roots])]

    @property
    def numpy(self) -> str:
        """What numpy is called here; nothing where it has no name."""
        return self.pool.numpy[self.file.name]

    @property
    def block(self) -> list[Any]:
        """The statements among which it stands."""
        return self.file.block(self.node)

    def whole_lines(self) -> Iterator[Any]:
        """The expressions of its statement, in order."""
        statement = self.file.above(self.node, ast.stmt)
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr)):
            yield from (x for x in ast.walk(statement) if isinstance(x, ast.expr))

    @property
    def parent(self) -> Any:
        return self.file.parent[self.node]

    @property
    def is_whole(self) -> bool:
        """Is it all that a statement assigns or returns, or an element of that?"""
        above = self.parent
        while isinstance(above, (ast.Tuple, ast.Dict, ast.keyword, ast.List)):
            above = self.file.parent[above]
        return isinstance(above, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign, ast.Lambda))

    @property
    def is_term(self) -> bool:
        """Is it what is added or subtracted?"""
        return isinstance(self.parent, ast.BinOp) and isinstance(self.parent.op, (ast.Add, ast.Sub))

    def to(self, text: str, kind: str, said: str, rank: float) -> Edit:
        return Edit(self.file, ((self.node, text),), kind, said, rank)


def edits(pool: Pool, file: File, node: Any) -> Iterator[Edit]:
    """What may have been meant by a node.

    No whole numbers are multiplied: in a loop they might have no end of digits.
    """
    site = Site(pool, file, node)
    ways = EXPRESSIONS if isinstance(node, ast.expr) else STATEMENTS
    value = getattr(node, "value", None) if isinstance(node, ast.stmt) else node
    kinds = {kind for kind, _ in site.shapes(value)} if isinstance(value, ast.expr) else set()
    products = file.segment(node).count("*") if hasattr(node, "lineno") else 0
    for way in ways:
        for edit in way(site):
            if kinds != {"i"} or edit.changes[0][1].count("*") <= products:
                yield edit


# Values -----------------------------------------------------------------------------------------


def another(site: Site) -> Iterator[Edit]:
    """Another array stands there."""
    node = site.node
    if not _is_load(node) or _is_called(site):
        return
    own = ast.unparse(node)
    shapes = site.shapes()
    everywhere = [x for x in site.whole_lines() if _is_load(x) and ast.unparse(x) == own]
    for atom in site.like() if shapes else site.atoms().values():
        if atom.text == own or (not shapes and not atom.is_array):
            continue
        near = _stem(atom.text) == _stem(own)
        if near and isinstance(node, ast.Subscript):
            kind = "index"
        else:
            kind = _of_derivative(site) or "operands"
        said = f"`{own}` stands where `{atom.text}` belongs"
        yield site.to(atom.text, kind, said, 0 if near else 0.5)
        if len(everywhere) > 1 and everywhere[0] is node:
            changes = tuple((x, atom.text) for x in everywhere)
            yield Edit(site.file, changes, kind, said, 0.1 if near else 0.6)
    if shapes and all(kind == "i" and not shape for kind, shape in shapes):
        for text in site.counts():
            if text != own:
                yield site.to(text, "factor", f"`{own}` stands where `{text}` belongs", 1)


def miscounted(site: Site) -> Iterator[Edit]:
    """Another number of things: `Y.size` for `len(Y)`."""
    node = site.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        own = site.text()
        for text in site.counts():
            if text != own:
                yield site.to(text, "factor", f"`{own}` stands where `{text}` belongs", 0.7)


def _is_load(x: Any) -> bool:
    return isinstance(x, ATOMS) and isinstance(x.ctx, ast.Load)


def _stem(text: str) -> str:
    """A name without numbers and indices: `dW1` and `dW2` are alike, `hs[t]` and `hs[t - 1]`."""
    return re.sub(r"\d+|\[.*", "", text)


def _is_called(site: Site) -> bool:
    """Is it a function's name, or what an attribute is taken of, a module?"""
    above = site.parent
    if isinstance(above, ast.Call) and above.func is site.node:
        return True
    return not any(kind for kind, _ in site.shapes()) and site.pool.is_reached(site.file, site.node)


def _of_derivative(site: Site) -> str:
    """The kind of mistake, where it is in what is written as a derivative: 1 − a², a (1 − a)."""
    above: Any = site.node
    for _ in range(4):
        above = site.file.parent.get(above)
        one_less = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Sub)
        if one_less and isinstance(above.left, ast.Constant) and above.left.value == 1:
            return "derivative-at-input"
        if isinstance(above, ast.Compare):
            return "derivative-at-input"
    return ""


def shifted(site: Site) -> Iterator[Edit]:
    """Another index, or another bound of a slice."""
    node = site.node
    above = site.parent
    if isinstance(above, ast.Tuple):
        above = site.file.parent[above]
    in_slice = isinstance(above, ast.Slice)
    if isinstance(above, ast.Slice):
        above = site.file.parent[above]
        above = site.file.parent[above] if isinstance(above, ast.Tuple) else above
    if not isinstance(above, ast.Subscript) or node is above.value:
        return
    own = site.text()
    said = "`{}` stands where `{}` belongs"
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        others = [str(node.value + 1), str(node.value - 1)]
    elif isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        others = [site.text(node.left)]
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "-" if isinstance(node.op, ast.Add) else "+"
            others.append(f"{site.text(node.left)} {sign} {site.text(node.right)}")
    elif isinstance(node, ast.Name) and all(k == "i" and not s for k, s in site.shapes()):
        others = [f"{own} - 1", f"{own} + 1"]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not in_slice:
        others = ["0", site.text(node.operand)]
    else:
        return
    for other in others:
        text = site.text(above)
        start = site.file.span(node)[0] - site.file.span(above)[0]
        raw = text.encode()
        meant = (raw[:start] + other.encode() + raw[start + len(own.encode()) :]).decode()
        yield site.to(other, "index", said.format(text, meant), 0)


def sliced(site: Site) -> Iterator[Edit]:
    """Another slice that the function has, too."""
    node = site.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, (ast.Slice, ast.Tuple)):
        return
    own = site.text(node.slice)
    base = site.text(node.value)
    keys = {
        site.text(x.slice)
        for x in site.pool.scope(site.file, node)
        if isinstance(x, ast.Subscript) and isinstance(x.slice, type(node.slice))
    }
    said = f"`[{own}]` does not belong here"
    yield site.to(base, "index", said, 1)
    alike = [
        x
        for x in site.whole_lines()
        if isinstance(x, ast.Subscript) and x is not node and site.text(x.slice) == own
    ]
    if alike:
        changes = ((node, base), *((x, site.text(x.value)) for x in alike))
        yield Edit(site.file, changes, "index", said, 1)
    if isinstance(node.slice, ast.Tuple):
        rows = [
            a.text
            for a in site.atoms().values()
            if a.shapes and all(k == "i" and len(s) == 1 for k, s in a.shapes)
        ]
        for i, part in enumerate(node.slice.elts):
            if isinstance(part, ast.Slice):
                for row in rows:
                    parts = [site.text(x) for x in node.slice.elts]
                    keys.add(", ".join([*parts[:i], row, *parts[i + 1 :]]))
        base_shapes = site.shapes(node.value) or site.shapes(site.file.above(node, ast.stmt))
        keys.update(site.pool.keys(site.file, node, base_shapes))
    for key in sorted(keys - {own}):
        if key.count(",") == own.count(","):
            said = f"`{base}[{own}]` stands where `{base}[{key}]` belongs"
            yield site.to(f"{base}[{key}]", "index", said, 0.5)


def numbers(site: Site) -> Iterator[Edit]:
    """Another number."""
    node = site.node
    if not isinstance(node, ast.Constant) or isinstance(node.value, (str, bytes, bool)):
        return
    above = site.parent
    if not isinstance(node.value, (int, float)) or isinstance(
        above, (ast.Subscript, ast.Slice, ast.Index)
    ):
        return
    own = node.value
    others: list[Any] = [x for x in (0, 1, 2, 0.5) if x != own]
    others += [x for x in site.pool.constants if x != own]
    for x in dict.fromkeys(others):
        kind = "factor" if isinstance(above, ast.BinOp) and _is_factor(site) else "constant"
        rank = 1.0 if isinstance(above, ast.Call) else 0.5
        yield site.to(repr(x), kind, f"{own!r} stands where {x!r} belongs", rank)
    if not isinstance(above, ast.keyword):
        for text in [*site.scalars(), *site.counts()]:
            yield site.to(text, "constant", f"{own!r} stands where `{text}` belongs", 0.9)
    if isinstance(above, (ast.Call, ast.keyword)):
        yield site.to(f"-{own!r}", "axis", f"{own!r} stands where -{own!r} belongs", 1)


def _is_factor(site: Site) -> bool:
    return isinstance(site.parent.op, (ast.Mult, ast.Div))


# Products ---------------------------------------------------------------------------------------


def turned(site: Site) -> Iterator[Edit]:
    """The factors of a matrix product in another order, or transposed."""
    node = site.node
    if not (parts := _matrix_product(site)):
        return
    a, b, write = parts
    own_a, own_b = _bare(a), _bare(b)
    unknown: set[Any] = {None}
    pairs = [
        *product(shapes_of(site.shapes(own_a)) or unknown, shapes_of(site.shapes(own_b)) or unknown)
    ]
    result = shapes_of(site.shapes())
    now = site.text()
    for swapped in (False, True):
        x, y = (own_b, own_a) if swapped else (own_a, own_b)
        for turn_x, turn_y in product((False, True), repeat=2):
            text = write(
                site.text(x, ATOM) + ".T" * turn_x if turn_x else site.text(x, MULTIPLY),
                site.text(y, ATOM) + ".T" * turn_y if turn_y else site.text(y, MULTIPLY + 1),
            )
            if text == now or not _may_be(pairs, swapped, turn_x, turn_y, result):
                continue
            if swapped != (turn_x != _is_turned(b) and turn_y != _is_turned(a)):
                said = (
                    "the factors stand in the wrong order"
                    if swapped
                    else "a factor is the wrong way round"
                )
            else:
                said = "the product is the wrong way round"
            yield site.to(text, "transposed", said, 0.2 if not swapped else 0.4)
    if isinstance(node, ast.BinOp) and any(p[0] == p[1] for p in pairs):
        text = f"{site.text(a, MULTIPLY)} * {site.text(b, MULTIPLY + 1)}"
        said = "a matrix product stands where one by elements belongs"
        yield site.to(text, "operands", said, 1)


def _may_be(pairs: Any, swapped: bool, turn_x: bool, turn_y: bool, result: Any) -> bool:
    """Do the shapes fit, and give what it was, or its transpose, or nothing much larger?"""
    for a, b in pairs:
        if a is None or b is None:
            return True
        x, y = (b, a) if swapped else (a, b)
        x, y = (x[::-1] if turn_x else x), (y[::-1] if turn_y else y)
        shape = fits(x, y)
        if shape is not None and (not result or shape in result or shape[::-1] in result):
            return True
    return False


def _matrix_product(site: Site) -> Any:
    node = site.node
    if _is_product(node):
        return node.left, node.right, lambda x, y: f"{x} @ {y}"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
        return None
    name, func = node.func.attr, site.text(node.func)
    if name in ("dot", "matmul") and len(node.args) == 2:
        return *node.args, lambda x, y: f"{func}({_plain(x)}, {_plain(y)})"
    if name == "dot" and len(node.args) == 1:
        return node.func.value, node.args[0], lambda x, y: f"{_tight(x)}.dot({_plain(y)})"
    return None


def _plain(text: str) -> str:
    """Without brackets around all of it."""
    if text.startswith("(") and text.endswith(")"):
        try:
            ast.parse(text[1:-1], mode="eval")
            return text[1:-1]
        except SyntaxError:
            pass
    return text


def _tight(text: str) -> str:
    node = ast.parse(f"({text})", mode="eval").body
    return text if level(node) == ATOM else f"({_plain(text)})"


def _bare(node: Any) -> Any:
    return node.value if _is_turned(node) else node


def _is_turned(node: Any) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "T"


def transposed(site: Site) -> Iterator[Edit]:
    """With a transpose, or without."""
    node = site.node
    if _is_turned(node):
        yield site.to(
            site.text(node.value),
            "transposed",
            f"`{site.text()}` stands where `{site.text(node.value)}` belongs",
            0.3,
        )
    elif (
        (isinstance(node, ATOMS) or site.is_whole or _is_product(node))
        and not _is_called(site)
        and any(len(s) == 2 for s in shapes_of(site.shapes()))
    ):
        yield site.to(
            f"{site.text(tight=ATOM)}.T",
            "transposed",
            f"`{site.text()}` belongs transposed",
            0.6,
        )


def _is_product(node: Any) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)


def arranged(site: Site) -> Iterator[Edit]:
    """Another operator, the operands the other way round, or one of them alone."""
    node = site.node
    if not isinstance(node, ast.BinOp) or type(node.op) not in SIGNS:
        return
    sign = SIGNS[type(node.op)]
    a, b = node.left, node.right
    tight = LEVELS[type(node.op)]
    left, right = site.text(a, tight), site.text(b, tight + 1)
    alone = [(a, b), (b, a)]
    if sign in "+-":
        yield site.to(
            f"{left} {TURNED[sign]} {right}",
            "sign",
            f"`{sign}` stands where `{TURNED[sign]}` belongs",
            0,
        )
        if sign == "-":
            said = f"the difference is the wrong way round: `{site.text()}`"
            rank = 0.6 if isinstance(a, ast.Constant) else 0  # 1 - a is a part of many slopes
            yield site.to(f"{site.text(b, ADD)} - {site.text(a, ADD + 1)}", "sign", said, rank)
            yield site.to(f"-{site.text(b, 7)}", "constant", _too_much(site, a), 1)
        for kept, lost in alone:
            yield site.to(site.text(kept), "constant", _too_much(site, lost), 0.3)
        said = f"`{sign}` stands where `*` belongs"
        yield site.to(
            f"{site.text(a, MULTIPLY)} * {site.text(b, MULTIPLY + 1)}", "operands", said, 0.5
        )
    elif sign in "*/":
        other = TURNED[sign]
        if sign == "*":
            yield site.to(f"{left} + {right}", "operands", "`*` stands where `+` belongs", 1)
        yield site.to(
            f"{site.text(a, MULTIPLY)} {other} {site.text(b, MULTIPLY + 1)}",
            "factor",
            f"`{sign}` stands where `{other}` belongs",
            0.5,
        )
        for kept, lost in alone[: 1 if sign == "/" else 2]:
            kind = "doubled-derivative" if shapes_of(site.shapes(lost)) - {()} else "factor"
            yield site.to(site.text(kept), kind, _too_much(site, lost), 0)
        if sign == "/":
            yield site.to(
                f"{site.text(b, MULTIPLY)} / {site.text(a, MULTIPLY + 1)}",
                "factor",
                "the quotient is the wrong way round",
                1,
            )
        else:
            yield site.to(
                f"{site.text(a, MULTIPLY)} @ {site.text(b, MULTIPLY + 1)}",
                "operands",
                "a product by elements stands where a matrix product belongs",
                1,
            )
    elif sign == "**":
        yield site.to(site.text(a), "constant", f"`** {site.text(b)}` does not belong here", 0.3)
        said = "the square stands where its derivative belongs"
        yield site.to(f"2 * {site.text(a, MULTIPLY + 1)}", "loss-derivative-skipped", said, 0.6)


def bracketed(site: Site) -> Iterator[Edit]:
    """One pair of brackets more, or less, or elsewhere."""
    node = site.node
    if not isinstance(node, ast.BinOp) or isinstance(site.parent, ast.BinOp):
        return
    operands, signs, pairs = _flat(site, node)
    if not 3 <= len(operands) <= 8:
        return
    n = len(operands)
    others = [pairs - {pair} for pair in pairs]
    others += [
        rest | {(i, j)}
        for rest in (pairs, *others)
        for i in range(n)
        for j in range(i + 1, n)
        if (i, j) not in rest and (i, j) != (0, n - 1)
    ]
    for some in others:
        if any(a < i <= b < j for a, b in some for i, j in some):
            continue
        parts = [*operands]
        for i, j in some:
            parts[i], parts[j] = "(" + parts[i], parts[j] + ")"
        text = parts[0] + "".join(f" {sign} {part}" for sign, part in zip(signs, parts[1:]))
        yield site.to(text, "operands", "the brackets stand in the wrong place", 0.4)


def _flat(site: Site, node: Any) -> tuple[list[str], list[str], set[tuple[int, int]]]:
    """The operands and operators of a formula in a row, and which are within brackets."""
    if not isinstance(node, ast.BinOp) or type(node.op) not in SIGNS:
        return [site.text(node, POWER)], [], set()
    operands: list[str] = []
    signs: list[str] = []
    pairs: set[tuple[int, int]] = set()
    for x, needed in ((node.left, level(node)), (node.right, level(node) + 1)):
        inner, its, inside = _flat(site, x)
        start = len(operands)
        pairs |= {(i + start, j + start) for i, j in inside}
        if len(inner) > 1 and level(x) < needed:
            pairs.add((start, start + len(inner) - 1))
        signs += ([SIGNS[type(node.op)]] if operands else []) + its
        operands += inner
    return operands, signs, pairs


def derived(site: Site) -> Iterator[Edit]:
    """Another derivative of an activation: of one in the program, or of the common ones."""
    node = site.node
    if not isinstance(node, (ast.BinOp, ast.Call, ast.Compare)):
        return
    shapes = shapes_of(site.shapes()) - {()}
    if not shapes:
        return
    above = site.parent
    is_product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    inner = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult)
    said = "the derivative is another one: `{}`"
    names = {
        ast.unparse(x) for x in ast.walk(node) if _is_load(x) and shapes_of(site.shapes(x)) & shapes
    }
    near = [a.text for a in site.like() if a.text in names]
    calls = (x for x in ast.walk(node) if isinstance(x, ast.Call) and x is not node)
    near += dict.fromkeys(site.text(x) for x in calls if shapes_of(site.shapes(x)) & shapes)
    far = [a.text for a in site.like() if a.text not in names]
    if not is_product or not inner:
        for rank, texts in ((0.6, near), (1.5, far)):
            for text in texts:
                for other in _slopes(site, text):
                    yield site.to(other, "constant", said.format(other), rank)
    if is_product and not inner:
        factors = _factors_of(node)
        for k in range(1, len(factors)):
            kept = " * ".join(site.text(x, MULTIPLY + (i > 0)) for i, x in enumerate(factors[:k]))
            lost = {ast.unparse(x) for f in factors[k:] for x in ast.walk(f) if _is_load(x)}
            for rank, texts in ((0.6, near), (1.5, far)):
                for text in texts:
                    for other in _slopes(site, text):
                        if k == 1:
                            last = site.text(factors[-1], MULTIPLY + 1)
                            yield site.to(
                                f"{other} * {last}", "constant", said.format(other), rank + 0.1
                            )
                        yield site.to(
                            f"{kept} * {other}",
                            "constant",
                            said.format(other),
                            rank + 0.2 * (text not in lost),
                        )


def _factors_of(node: Any) -> list[Any]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors_of(node.left), node.right]
    return [node]


def _slopes(site: Site, text: str) -> list[str]:
    """Derivatives of activations, in terms of some array."""
    known = [pattern.format(text) for pattern in SLOPES]
    return known + [p.replace("\0", text) for p in site.pool.factors]


def raised(site: Site) -> Iterator[Edit]:
    """A square that is missing."""
    node = site.node
    if not isinstance(site.parent, ast.BinOp) or (_is_load(node) and _is_called(site)):
        return
    is_value = _is_load(node) or isinstance(node, ast.Call)
    if is_value and any(kind == "f" for kind, _ in site.shapes()):
        yield site.to(f"{site.text()} ** 2", "constant", "a square is missing", 0.8)


def _too_much(site: Site, lost: Any) -> str:
    return f"`{site.text(lost)}` does not belong here"


def negated(site: Site) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield site.to(site.text(node.operand), "sign", "the sign is the wrong one", 0)
    elif site.is_whole and any(kind == "f" for kind, _ in site.shapes()):
        yield site.to(f"-{site.text(tight=7)}", "sign", "the sign is the wrong one", 0.5)


# Sums -------------------------------------------------------------------------------------------

REDUCING = ("sum", "mean", "max", "min", "prod", "average")


def reduced(site: Site) -> Iterator[Edit]:
    """A sum over other axes, a sum for a mean, or none."""
    node = site.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if node.func.attr not in REDUCING:
        return
    is_method = not (isinstance(node.func.value, ast.Name) and node.func.value.id == site.numpy)
    inner = node.func.value if is_method else (node.args[0] if node.args else None)
    if inner is None:
        return
    given = node.args[0 if is_method else 1 :]
    axis = next((k.value for k in node.keywords if k.arg == "axis"), given[0] if given else None)
    keep = next((k.value for k in node.keywords if k.arg == "keepdims"), None)
    axis_text = site.text(axis) if axis is not None else None
    kept = keep is not None and site.text(keep) == "True"
    own = node.func.attr
    mean = {"sum": "mean", "mean": "sum"}.get(own)

    def written(name: str, axis: str | None, keepdims: bool) -> str:
        options = [f"axis={axis}"] if axis is not None else []
        options += ["keepdims=True"] if keepdims else []
        if is_method:
            return f"{site.text(inner, ATOM)}.{name}({', '.join(options)})"
        func = site.text(node.func)[: -len(own)] + name
        return f"{func}({', '.join([site.text(inner), *options])})"

    if mean:
        kind = "mean-for-sum" if own == "mean" else "factor"
        yield site.to(
            written(mean, axis_text, kept), kind, f"the {own} stands where the {mean} belongs", 0
        )
    ndim = max((len(s) for s in shapes_of(site.shapes(inner))), default=2)
    several = [*map(str, combinations(range(ndim), 2))] if ndim > 2 else []
    for other in [*map(str, range(ndim)), "-1", None, *several]:
        for keepdims in (kept, not kept):
            if (other, keepdims) != (axis_text, kept):
                where = f"over axis {other}" if other is not None else "over all axes"
                now = f"over axis {axis_text}" if axis_text else "over all axes"
                said = f"the {own} is {now}, where it belongs {where}"
                if other == axis_text:
                    said = f"it belongs {'with' if keepdims else 'without'} `keepdims=True`"
                yield site.to(
                    written(own, other, keepdims),
                    "axis",
                    said,
                    (0 if other != "-1" else 0.2) + 0.25 * (keepdims != kept),
                )
    yield site.to(site.text(inner), "unsummed", f"the {own} does not belong here", 0.3)


def summed(site: Site) -> Iterator[Edit]:
    """A sum that is missing."""
    node = site.node
    shapes = shapes_of(site.shapes())
    ndim = max((len(s) for s in shapes), default=0)
    if not ndim or isinstance(node, ast.Constant) or _is_called(site):
        return
    near = site.is_whole or isinstance(site.parent, ast.BinOp)
    np_ = site.numpy
    text = site.text()
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        text, ndim = site.text(node.value), ndim + 1  # of all, and not of one of them
    for axis in [*map(str, range(ndim)), None] if near else []:
        for keepdims in (False, True):
            options = ([f"axis={axis}"] if axis else []) + ["keepdims=True"] * keepdims
            call = (
                f"{np_}.sum({', '.join([text, *options])})"
                if np_
                else f"{_tight(text)}.sum({', '.join(options)})"
            )
            where = f"over axis {axis}" if axis else "over all axes"
            yield site.to(
                call, "unsummed", f"it is not summed {where}", 0.7 if site.is_whole else 1.5
            )


# What is missing --------------------------------------------------------------------------------


def scaled(site: Site) -> Iterator[Edit]:
    """A number as a factor that is missing."""
    node = site.node
    if not any(kind == "f" for kind, _ in site.shapes()) or isinstance(node, ast.Constant):
        return
    whole = site.is_whole
    if not whole and not _is_operand(site):
        return
    text = site.text(tight=MULTIPLY)
    for n in ["2", "0.5", *site.counts(), *site.scalars()]:
        missing = f"a factor is missing: `{n}`"
        rank = (0.6 if whole else 1.6) + 0.4 * (".s" in n)
        yield site.to(f"{n} * {text}", "factor", missing, rank)
        if n != "0.5":
            over = f"it is not divided by `{n}`"
            yield site.to(f"{text} / {n}", "factor", over, rank - 0.1 if n != "2" else rank)


def _is_operand(site: Site) -> bool:
    """Is it an operand of another kind of operation than a product by elements?"""
    above = site.parent
    if isinstance(above, ast.BinOp):
        return not isinstance(above.op, (ast.Mult, ast.Div, ast.Pow))
    return isinstance(above, (ast.Call, ast.Attribute))


def multiplied(site: Site) -> Iterator[Edit]:
    """An array as a factor that is missing, such as a derivative."""
    node = site.node
    shapes = shapes_of(site.shapes()) - {()}
    if not shapes or isinstance(node, ast.Constant) or _is_called(site):
        return
    if not site.is_whole and not _is_operand(site):
        return
    text = site.text(tight=MULTIPLY)
    far = 0 if site.is_whole else 0.3 if site.is_term else 0.6
    for factor, rank in _factors(site):
        said = f"a factor is missing: `{factor}`"
        yield site.to(f"{text} * {factor}", "missing-derivative", said, rank + far)


def _factors(site: Site) -> Iterator[tuple[str, float]]:
    """Arrays, and what is written of arrays in the program, with others in their places."""
    alike = [a.text for a in site.like() if any(kind in "fb" for kind, _ in a.shapes)]
    found: dict[str, float] = {}
    found.update((a.text, 1.0) for a in site.pool.within(site.file, site.node, site.shapes()))
    callables = site.pool.callables(site.file, site.node)
    for text in alike:
        found.setdefault(text, 0.9)
        found.update((f"{name}({text})", 1.2) for name in callables)
        for pattern in SLOPES:
            found.setdefault(pattern.format(text), 1.4)
    for pattern in site.pool.factors:
        for text in alike:
            found.setdefault(pattern.replace("\0", text), 1.2)
    yield from found.items()


def added(site: Site) -> Iterator[Edit]:
    """A term that is missing."""
    shapes = shapes_of(site.shapes()) - {()}
    if not shapes or not (site.is_whole or site.is_term) or isinstance(site.node, ast.Constant):
        return
    own = site.text(tight=ADD)
    for text, rank in _terms(site):
        said = f"a term is missing: `{text}`"
        rank += 0.3 * site.is_term
        yield site.to(f"{own} + {text}", "missing-term", said, rank)
        yield site.to(f"{own} - {text}", "missing-term", said, rank + 0.3)


def _terms(site: Site) -> Iterator[tuple[str, float]]:
    alike = [a.text for a in site.like()]
    yield from ((text, 1.0) for text in alike)
    for unused in site.pool.unused(site.file, site.node):
        for a in ("", *(f"{text} * " for text in alike)):
            yield f"{a}{unused}", 0.6
            yield from ((f"{a}{unused} / {n}", 0.8) for n in site.counts())
    for atom in site.pool.within(site.file, site.node, site.shapes()):
        yield atom.text, 1.2
        yield from ((f"{atom.text} / {n}", 1.6) for n in site.counts())
    patterns = dict.fromkeys(site.pool.terms)
    for n in site.scalars():
        patterns |= dict.fromkeys((f"{n} * \0", f"2 * {n} * \0"))
    for pattern in patterns:
        yield from ((pattern.replace("\0", text), 1.4) for text in alike)


def softened(site: Site) -> Iterator[Edit]:
    """The softmax's sum that its Jacobian takes away."""
    node = site.node
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return
    if not any(len(s) >= 1 for s in shapes_of(site.shapes())):
        return
    np_ = site.numpy
    for s, g in ((node.left, node.right), (node.right, node.left)):
        a, b = site.text(s, MULTIPLY), site.text(g, MULTIPLY + 1)
        for axis in ("-1", "0"):
            total = f"{np_}.sum({a} * {b}, axis={axis}, keepdims=True)"
            text = f"{a} * ({site.text(g, ADD)} - {total})"
            yield site.to(text, "missing-term", "the softmax's derivative lacks its sum", 1.3)


# Calls ------------------------------------------------------------------------------------------


def called(site: Site) -> Iterator[Edit]:
    """Another function, the arguments the other way round, or none."""
    node = site.node
    if not isinstance(node, ast.Call) or node.keywords:
        return
    func, args = site.text(node.func), node.args
    if len(args) == 1:
        if shapes_of(site.shapes(args[0])) & shapes_of(site.shapes()):
            kind = "derivative-at-activation" if _of_derivative(site) else "constant"
            yield site.to(site.text(args[0]), kind, f"`{func}` does not belong here", 0.5)
        for name in site.pool.callables(site.file, node):
            if name != func:
                text = f"{name}({site.text(args[0])})"
                yield site.to(text, "constant", f"`{func}` stands where `{name}` belongs", 0.3)
        for atom in site.like():
            if atom.text != site.text(args[0]):
                text = f"{site.text(args[0], MULTIPLY)} * {func}({atom.text})"
                said = f"`{func}` is taken of what it belongs multiplied with"
                yield site.to(text, "operands", said, 1)
    if len(args) == 2:
        a, b = args
        text = f"{func}({site.text(b)}, {site.text(a)})"
        yield site.to(text, "transposed", "the arguments stand the other way round", 0.2)
    if not args and isinstance(node.func, ast.Name):
        for name in site.pool.made_of_nothing:
            if name != func:
                said = f"`{func}()` stands where `{name}()` belongs"
                yield site.to(f"{name}()", "constant", said, 0.6)
    if isinstance(node.func, ast.Attribute) and not args:
        if not any(kind for kind, _ in site.shapes(node.func.value)):
            return
        if node.func.attr == "copy":
            return
        yield site.to(
            site.text(node.func.value),
            "constant",
            f"`.{node.func.attr}()` does not belong here",
            0.8,
        )


SIBLINGS = [("zeros", "ones"), ("zeros_like", "ones_like"), ("empty", "zeros")]
SIBLINGS += [("empty_like", "zeros_like"), ("maximum", "minimum"), ("hstack", "vstack")]
SIBLINGS += [("argmax", "argmin")]


def another_of_numpy(site: Site) -> Iterator[Edit]:
    """Another function of numpy."""
    node = site.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        for pair in SIBLINGS:
            if node.func.attr in pair:
                other = pair[1 - pair.index(node.func.attr)]
                new = site.text(node.func)[: -len(node.func.attr)] + other
                args = site.text()[len(site.text(node.func)) :]
                said = f"`{site.text(node.func)}` stands where `{new}` belongs"
                yield site.to(new + args, "constant", said, 0.5)
        if node.func.attr == "zeros_like" and len(node.args) == 1:
            said = f"zeros stand where `{site.text(node.args[0])}` belongs"
            text = f"{site.text(node.args[0], ATOM)}.copy()"
            yield site.to(text, "missing-term", said, 0.6)


def named(site: Site) -> Iterator[Edit]:
    """An array that is there already, in the place of what is computed."""
    node = site.node
    if isinstance(node, (ast.BinOp, ast.Compare, ast.Call)) and shapes_of(site.shapes()) - {()}:
        for atom in site.like():
            said = f"`{site.text()}` stands where `{atom.text}` belongs"
            yield site.to(atom.text, "operands", said, 1)


def of_the_forward_pass(site: Site) -> Iterator[Edit]:
    """What the forward pass computes from the same values."""
    node = site.node
    statement = site.parent
    if not isinstance(statement, ast.Assign) or statement.value is not node:
        return
    for text in site.pool.transplants(site.file, node):
        if text != site.text():
            said = "the forward pass computes another value from the same"
            yield site.to(text, "constant", said, 0.7)


def asked(site: Site) -> Iterator[Edit]:
    """A method without arguments, in the place of an attribute."""
    node = site.node
    if isinstance(node, ast.Attribute) and _is_load(node) and not _is_called(site):
        for name in site.pool.methods_alone:
            text = f"{site.text(node.value)}.{name}()"
            said = f"`{site.text()}` stands where `{text}` belongs"
            yield site.to(text, "operands", said, 1.2)


def applied(site: Site) -> Iterator[Edit]:
    """A function that is missing around an array."""
    node = site.node
    if not _is_load(node) or _is_called(site):
        return
    if any(kind == "f" and shape for kind, shape in site.shapes()):
        for name in site.pool.callables(site.file, node):
            said = f"`{site.text()}` stands where `{name}({site.text()})` belongs"
            yield site.to(f"{name}({site.text()})", "operands", said, 1)


def chosen(site: Site) -> Iterator[Edit]:
    """The other branch of a condition."""
    node = site.node
    said = "the condition is the wrong way round"
    if isinstance(node, ast.IfExp):
        test, a, b = site.text(node.test), site.text(node.body, 1), site.text(node.orelse, 1)
        yield site.to(f"{b} if {test} else {a}", "sign", said, 0.4)
        yield site.to(site.text(node.body), "constant", "there is no other case", 1)
        yield site.to(site.text(node.orelse), "constant", "there is no such case", 1)
    elif isinstance(site.parent, ast.If) and site.parent.test is node:
        yield site.to(f"not {site.text(tight=3)}", "sign", said, 0.6)


def copied(site: Site) -> Iterator[Edit]:
    """A copy, where one array has two names."""
    node = site.node
    if _is_load(node) and site.is_whole and any(shape for _, shape in site.shapes()):
        said = f"it is no copy: what is changed in place is `{site.text()}`, too"
        yield site.to(f"{site.text()}.copy()", "overwritten", said, 0.4)
        if site.numpy:
            zeros = f"{site.numpy}.zeros_like({site.text()})"
            said = f"`{site.text()}` stands where zeros of its shape belong"
            yield site.to(zeros, "overwritten", said, 1)


def spelled(site: Site) -> Iterator[Edit]:
    """Other letters of an einsum."""
    node = site.node
    above = site.parent
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return
    if not (
        isinstance(above, ast.Call) and "einsum" in site.text(above.func) and "->" in node.value
    ):
        return
    ins, out = node.value.split("->")
    parts = ins.split(",")
    quote = site.text()[0]
    options = [[p, p[::-1]] for p in parts]
    for some in product(*options):
        for o in (out, out[::-1]):
            text = f"{','.join(some)}->{o}"
            if text != node.value:
                yield site.to(
                    quote + text + quote,
                    "transposed",
                    f'"{node.value}" stands where "{text}" belongs',
                    0.5,
                )


def compared(site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    a, b = site.text(node.left, 4), site.text(node.comparators[0], 4)
    signs = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
    own = signs.get(type(node.ops[0]))
    if own:
        for other in signs.values():
            if other != own:
                yield site.to(
                    f"{a} {other} {b}", "sign", f"`{own}` stands where `{other}` belongs", 0.2
                )


def looped(site: Site) -> Iterator[Edit]:
    """Another range of a loop, or another order."""
    node = site.node
    above = site.parent
    if not isinstance(above, (ast.For, ast.comprehension)) or above.iter is not node:
        return
    text = site.text()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "reversed" and len(node.args) == 1:
            yield site.to(site.text(node.args[0]), "index", "the loop goes the other way", 0.5)
        elif node.func.id == "range":
            yield site.to(f"reversed({text})", "index", "the loop goes the other way", 0.5)
    elif isinstance(node, ATOMS):
        yield site.to(f"reversed({text})", "index", "the loop goes the other way", 0.5)
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "range"
        ):
            inner = Site(site.pool, site.file, call)
            args = [site.text(a) for a in call.args]
            ends = [0] if len(args) == 1 else [0, 1]
            if len(args) == 1:
                yield inner.to(f"range(1, {args[0]})", "index", "the loop has a step too many", 0.3)
            if len(args) == 2:
                yield inner.to(f"range({args[1]})", "index", "the loop leaves a step out", 0.3)
            for i in ends:
                for other in (f"{args[i]} - 1", f"{args[i]} + 1"):
                    new = ", ".join([*args[:i], _simpler(other), *args[i + 1 :]])
                    yield inner.to(
                        f"range({new})",
                        "index",
                        f"`range({', '.join(args)})` stands where `range({new})` belongs",
                        0.3,
                    )


def _simpler(text: str) -> str:
    """`T - 1 + 1` as `T`, and `0 + 1` as `1`."""
    text = re.sub(r"^(.*\S) - 1 \+ 1$|^(.*\S) \+ 1 - 1$", lambda m: m[1] or m[2], text)
    if re.fullmatch(r"-?\d+ [-+] \d+", text):
        a, sign, b = text.split()
        return str(int(a) + (int(b) if sign == "+" else -int(b)))
    return text


def swapped(site: Site) -> Iterator[Edit]:
    """Two elements of a tuple the other way round."""
    node = site.node
    if not isinstance(node, (ast.Tuple, ast.List)) or not 2 <= len(node.elts) <= 8:
        return
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return
    texts = [site.text(x) for x in node.elts]
    for i in range(len(texts)):
        for j in range(i + 1, len(texts)):
            new = [*texts]
            new[i], new[j] = new[j], new[i]
            text = ", ".join(new)
            whole = site.text()
            text = whole[0] + text + whole[-1] if whole[0] in "([" and whole[-1] in ")]" else text
            said = f"`{texts[i]}` and `{texts[j]}` stand the other way round"
            yield site.to(text, "index", said, 0.5 if len(texts) < 5 else 1)


# Statements -------------------------------------------------------------------------------------


def accumulated(site: Site) -> Iterator[Edit]:
    """`=` for `+=` and the other way, or another sign."""
    node = site.node
    if isinstance(node, ast.AugAssign) and type(node.op) in SIGNS:
        target, value = site.text(node.target), site.text(node.value)
        own = SIGNS[type(node.op)]
        yield site.to(
            f"{target} = {value}", "overwritten", f"`{own}=` stands where `=` belongs", 0.1
        )
        for other in "+-*/":
            if other != own:
                kind = "sign" if {own, other} == {"+", "-"} else "factor"
                yield site.to(
                    f"{target} {other}= {value}",
                    kind,
                    f"`{own}=` stands where `{other}=` belongs",
                    0.1 if kind == "sign" else 0.8,
                )
        if own == "*" and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Div):
            n = site.text(node.value.right)
            lost = site.text(node.value.left)
            text = f"{target} /= {n}"
            yield site.to(text, "doubled-derivative", f"`{lost}` does not belong here", 0.5)
        text = f"{target} = {target} {own} {site.text(node.value, LEVELS[type(node.op)] + 1)}"
        said = f"what `{own}=` changes in place is another value, too: it is no copy"
        yield site.to(text, "overwritten", said, 1.2)
        if isinstance(node.target, ast.Subscript) and own in "+-":
            yield from _added_at(site, node.target, own, value)
        for atom in site.atoms().values():
            alike = _stem(atom.text) == _stem(target) or isinstance(node.target, ast.Name)
            fits_in = shapes_of(atom.shapes) & shapes_of(site.shapes())
            if atom.text != target and alike and fits_in:
                said = f"`{target}` stands where `{atom.text}` belongs"
                yield site.to(f"{atom.text} {own}= {value}", "index", said, 1)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.BinOp):
        sign = SIGNS.get(type(node.value.op), "")
        if sign and isinstance(node.value.left, ATOMS):
            text = f"{site.text(node.value.left)} {sign}= {site.text(node.value.right)}"
            yield site.to(text, "overwritten", f"`{sign}=` is meant: the result is lost", 0.1)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = site.text(node.targets[0]), site.text(node.value)
        if not isinstance(node.value, (ast.Tuple, ast.Dict, ast.List)):
            if isinstance(node.targets[0], ast.Subscript):
                yield from _added_at(site, node.targets[0], "+", value)
                for n in site.scalars():
                    said = f"`= {value}` stands where `*= {n}` belongs"
                    yield site.to(f"{target} *= {n}", "overwritten", said, 1)
            said = "`=` stands where `{}=` belongs: what was there is lost"
            for sign, rank in (("+", 0.2), ("-", 0.5), ("*", 0.6)):
                yield site.to(f"{target} {sign}= {value}", "overwritten", said.format(sign), rank)


def _added_at(site: Site, target: Any, sign: str, value: str) -> Iterator[Edit]:
    """Stored through `np.add.at`, for an index may be there twice."""
    if np_ := site.numpy:
        key = site.text(target.slice)
        key = f"({_plain(key)})" if isinstance(target.slice, ast.Tuple) else key
        at = "add" if sign == "+" else "subtract"
        text = f"{np_}.{at}.at({site.text(target.value)}, {key}, {value})"
        yield site.to(text, "overwritten", "of an index that is there twice, one is lost", 0.9)


def exchanged(site: Site) -> Iterator[Edit]:
    """What this line and another assign stands the other way round."""
    node = site.node
    if not isinstance(node, ast.Assign):
        return
    block = site.block
    for other in block[block.index(node) + 1 :][:3]:
        if isinstance(other, ast.Assign):
            changes = ((node.value, site.text(other.value)), (other.value, site.text(node.value)))
            said = "what these lines assign stands the other way round"
            yield Edit(site.file, changes, "index", said, 0.9)


def left_out(site: Site) -> Iterator[Edit]:
    """The statement does not belong there."""
    node = site.node
    kind = "constant"
    if isinstance(node, ast.AugAssign):
        kind = "factor" if isinstance(node.op, (ast.Mult, ast.Div)) else "constant"
    said = "this line does not belong here"
    if isinstance(node, (ast.Assign, ast.AugAssign)) and (name := _given(site)):
        kind, said = "stale", f"`{name}` is changed before the gradients are worked out"
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
        yield site.to("", kind, said, 0.3)


def _given(site: Site) -> str:
    """The argument of its function that a statement changes, if it does."""
    function = site.file.above(site.node, (ast.FunctionDef, ast.AsyncFunctionDef))
    target = getattr(site.node, "target", None) or site.node.targets[0]
    names = {arg.arg for arg in function.args.args} if function is not None else set()
    return target.id if isinstance(target, ast.Name) and target.id in names else ""


def moved(site: Site) -> Iterator[Edit]:
    """The statement belongs later, or earlier, or out of the loop."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
        return
    block = site.block
    i = block.index(node)
    text = site.text()
    for j in range(len(block)):
        other = block[j]
        if j == i or (isinstance(other, ast.Return) and j > i):
            continue
        is_last = j + 1 == len(block) or isinstance(block[j + 1], ast.Return)
        if j - i > 3 and not is_last:
            continue
        theirs = _with_indent(site, other)
        new = f"{theirs}\n{text}" if j > i else f"{text}\n{theirs}"
        said = f"this line stands too {'early' if j > i else 'late'}"
        changes = ((node, ""), (other, new))
        yield Edit(site.file, changes, "stale", said, 1 + 0.01 * abs(j - i))
    loop = site.file.above(site.parent, (ast.For, ast.While))
    if loop is not None and loop is site.parent and len(block) > 1:
        theirs = _with_indent(site, loop).replace(_line(site, node), "", 1)
        for after in (False, True):
            new = f"{theirs}\n{text}" if after else f"{text}\n{theirs}"
            said = f"this line belongs {'after' if after else 'before'} the loop"
            yield Edit(site.file, ((loop, new),), "overwritten", said, 1.2)


def _line(site: Site, node: Any) -> str:
    """A statement as it stands in the text of the block around it, with its line's end."""
    loop = site.parent
    indent = " " * (node.col_offset - loop.col_offset)
    return f"{indent}{_with_indent(site, node)}\n".replace("\n", f"\n{indent}")[: -len(indent)]


def _with_indent(site: Site, node: Any) -> str:
    """A statement's text, dedented to stand at the beginning of a line."""
    lines = site.file.segment(node).split("\n")
    indent = " " * node.col_offset
    return "\n".join([lines[0], *(x.removeprefix(indent) for x in lines[1:])])


def unstored(site: Site) -> Iterator[Edit]:
    """What this line stores is missing at an index at which another line stores."""
    node = site.node
    if not isinstance(node, ast.Assign) or "\n" in site.text():
        return
    own: Any = node.targets[0]
    for x in _assignments(site) if isinstance(own, ast.Subscript) else ():
        target = x.targets[0] if isinstance(x, ast.Assign) else None
        if isinstance(target, ast.Subscript) and site.text(target.slice) != site.text(own.slice):
            line = f"{site.text(own.value)}[{site.text(target.slice)}] = {site.text(node.value)}"
            both, said = f"{line}\n{_with_indent(site, x)}", f"a line is missing: `{line}`"
            yield Edit(site.file, ((x, both),), "missing-term", said, 1.3)


def missing(site: Site) -> Iterator[Edit]:
    """A line like this one is missing, with what tells its names from others changed."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
        return
    text = site.text()
    if "\n" in text:
        return
    names, families = site.pool.families(site.file, node)
    lines = _assignments(site)
    texts = {site.file.segment(x) for x in lines}
    stored = {site.file.segment(x.targets[0]) for x in lines if isinstance(x, ast.Assign)}
    for old, new in families:
        if (other := _renamed(text, old, new, names)) not in (text, *texts):
            if isinstance(node, ast.Assign) and other.split(" = ")[0] in stored:
                continue  # then the line is not missing, but wrong
            said = f"a line is missing: `{other}`"
            for x in lines:
                far = 0.6 if x is not node else 0.0
                own = _with_indent(site, x)
                after, before = f"{own}\n{other}", f"{other}\n{own}"
                orders = (after, before) if old < new else (before, after)
                for i, both in enumerate(orders):
                    change = ((x, both),)
                    rank = (0.6 if isinstance(node, ast.AugAssign) else 1) + 0.05 * i + far
                    yield Edit(site.file, change, "missing-term", said, rank)


def rescaled(site: Site) -> Iterator[Edit]:
    """After a value is changed in place, or set, a line is missing that divides or masks it."""
    node = site.node
    if isinstance(node, ast.AugAssign):
        target: Any = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    else:
        return
    in_place = not isinstance(node, ast.Assign) or isinstance(target, ast.Subscript)
    if isinstance(target, ast.Subscript) and not isinstance(
        target.value, (ast.Name, ast.Attribute)
    ):
        return
    name = site.text(target.value if isinstance(target, ast.Subscript) else target)
    shapes = site.shapes() if in_place else site.shapes(node.value)
    if not shapes_of(shapes) - {()} or not any(kind == "f" for kind, _ in shapes):
        return
    own = _with_indent(site, node)

    def line(text: str, kind: str, rank: float) -> Edit:
        return site.to(f"{own}\n{text}", kind, f"a line is missing: `{text}`", rank)

    if in_place:
        for n in [*site.counts(), "2"]:
            yield line(f"{name} /= {n}", "factor", 0.7)
            yield line(f"{name} *= {n}", "factor", 0.9)
    scalars = site.scalars()
    for atom in site.pool.like(site.file, node, shapes):
        if atom.text != name:
            yield line(f"{name}[{atom.text} <= 0] = 0", "missing-derivative", 1)
            for n in scalars:
                yield line(f"{name}[{atom.text} < 0] *= {n}", "missing-derivative", 1)
        if in_place:
            for other in _slopes(site, atom.text):
                yield line(f"{name} *= {other}", "missing-derivative", 1.2)
    keys = site.pool.keys(site.file, node, shapes)
    for key in keys:
        yield line(f"{name}[{key}] -= 1", "loss-derivative-skipped", 0.9)


def after_loop(site: Site) -> Iterator[Edit]:
    """After a loop that adds up, a line is missing that divides what it comes to."""
    node = site.node
    if not isinstance(node, ast.For) or site.file.above(site.parent, (ast.For, ast.While)):
        return
    own = _with_indent(site, node)
    sums = [x.target for x in ast.walk(node) if isinstance(x, ast.AugAssign)]
    names = [x.value if isinstance(x, ast.Subscript) else x for x in sums]
    for name in dict.fromkeys(
        site.text(x) for x in names if isinstance(x, (ast.Name, ast.Attribute))
    ):
        for n in [*site.counts(), *site.scalars()]:
            line = f"{name} /= {n}"
            yield site.to(f"{own}\n{line}", "factor", f"a line is missing: `{line}`", 0.9)


def unlike(site: Site) -> Iterator[Edit]:
    """The line reads otherwise than one like it."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or "\n" in site.text():
        return
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    own = site.text(target)
    names, families = site.pool.families(site.file, node)
    for line in _assignments(site):
        text = site.file.segment(line)
        if line is node or "\n" in text:
            continue
        for old, new in families:
            other = _renamed(text, old, new, names)
            if other not in (text, site.text()) and re.match(rf"{re.escape(own)} [^=]?=", other):
                yield site.to(other, "operands", f"another line reads otherwise: `{text}`", 0.8)


def _assignments(site: Site) -> list[Any]:
    scope = site.pool.scope(site.file, site.node)
    return [x for x in scope if isinstance(x, (ast.Assign, ast.AugAssign))]


def _renamed(text: str, old: str, new: str, names: Collection[str]) -> str:
    """A text with names in the place of others that differ in a number, or in letters."""
    if old.isdigit():
        return re.sub(rf"(?<=[A-Za-z_]){old}(?!\d)", new, text)

    def other(found: re.Match[str]) -> str:
        name = found[0]
        for x, y in ((old, new), (old.upper(), new.upper())):
            for at in re.finditer(x, name):
                renamed = name[: at.start()] + y + name[at.end() :]
                if renamed in names:
                    return renamed
        return name

    return re.sub(r"[A-Za-z_]\w*", other, text)


def never_added(site: Site) -> Iterator[Edit]:
    """A line is missing that fills what begins as zeros."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign)):
        return
    block = site.block
    later = block[block.index(node) + 1 :]
    own = _with_indent(site, node)
    in_loop = site.file.above(site.parent, (ast.For, ast.While)) is not None
    zeros, parts = _zeros(site)
    if not later or not isinstance(later[0], (ast.Assign, ast.AugAssign)):
        for target, shape in zeros.items():
            for text in _made_of(site, shape):
                said = f"nothing is stored in `{target}`: a line is missing"
                for op in ("+=", "=") if in_loop else ("+=",):
                    line = f"{target} {op} {text}"
                    yield site.to(f"{own}\n{line}", "missing-term", said, 1.6)
    for target, shape in parts.items():
        for text in _products(site, shape):
            line = f"{target} += {text}"
            said = f"a line is missing: `{line}`"
            yield site.to(f"{own}\n{line}", "missing-term", said, 1.6)


def _made_of(site: Site, shape: tuple[int, ...]) -> Iterator[str]:
    """What can be made of the arrays in scope that has a shape."""
    for a in site.atoms().values():
        for s in shapes_of(a.shapes):
            if s == shape:
                yield a.text
                for b in site.atoms().values():
                    if shape in shapes_of(b.shapes) and b.text < a.text:
                        yield f"{b.text} * {a.text}"
            if len(s) == 2 and shape in ((s[1],), (1, s[1])):
                yield f"{a.text}.sum(axis=0{', keepdims=True' * (len(shape) - 1)})"
            if len(s) == 2 and shape == (s[0], 1):
                yield f"{a.text}.sum(axis=1, keepdims=True)"
    yield from _products(site, shape)


def _products(site: Site, shape: tuple[int, ...]) -> Iterator[str]:
    """The matrix products of arrays in scope that have a shape."""
    arrays = [a for a in site.atoms().values() if a.is_array]
    np_ = site.numpy
    for a, b in product(arrays, repeat=2):
        for s, r in product(shapes_of(a.shapes), shapes_of(b.shapes)):
            if len(s) == len(r) == len(shape) == 2:
                if s[0] == r[0] and (s[1], r[1]) == shape:
                    yield f"{a.text}.T @ {b.text}"
                if s[1] == r[1] and (s[0], r[0]) == shape:
                    yield f"{a.text} @ {b.text}.T"
            elif len(s) == len(r) == 1 and (*s, *r) == shape:
                yield f"{np_}.outer({a.text}, {b.text})"


def _zeros(site: Site) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """The names that begin as zeros, and that nothing is stored in; parts of those that are."""
    scope = site.pool.scope(site.file, site.node)
    if (owner := site.file.above(site.node, ast.ClassDef)) is not None:
        scope = [*ast.walk(owner)]
    found: dict[str, tuple[int, ...]] = {}
    parts = {
        ast.unparse(x): shape
        for x in scope
        if isinstance(x, ast.Subscript) and isinstance(x.ctx, ast.Load)
        for shape in shapes_of(site.shapes(x)) - {()}
    }
    changed = set()
    for x in scope:
        if isinstance(x, ast.Assign):
            values = x.value.elts if isinstance(x.value, ast.Tuple) else [x.value]
            names = x.targets[0].elts if isinstance(x.targets[0], ast.Tuple) else x.targets[:1]
            if len(values) == len(names):
                for name, value in zip(names, values):
                    is_plain = isinstance(name, (ast.Name, ast.Attribute))
                    if is_plain and "zeros" in site.file.segment(value)[:14]:
                        for shape in shapes_of(site.shapes(value)) - {()}:
                            found[ast.unparse(name)] = shape
                    elif isinstance(name, ast.Subscript):
                        changed.add(ast.unparse(name.value))
                    else:  # it becomes something else, later or in the next pass
                        changed.add(ast.unparse(name))
        if isinstance(x, ast.AugAssign):
            changed.add(ast.unparse(x.target))
            if isinstance(x.target, ast.Subscript):
                changed.add(ast.unparse(x.target.value))
    stored = {name: shape for name, shape in found.items() if name not in changed}
    parts = {text: shape for text, shape in parts.items() if text.split("[")[0] in found}
    return stored, parts


Way = Callable[[Site], Iterator[Edit]]
EXPRESSIONS: list[Way] = [
    *(
        another,
        miscounted,
        shifted,
        sliced,
        numbers,
        turned,
        transposed,
        arranged,
        bracketed,
        negated,
    ),
    *(reduced, summed, derived, raised),
    *(
        scaled,
        multiplied,
        added,
        softened,
        called,
        asked,
        applied,
        copied,
        spelled,
        compared,
        looped,
    ),
    *(swapped, chosen, another_of_numpy, named, of_the_forward_pass),
]
STATEMENTS: list[Way] = [
    *(
        accumulated,
        exchanged,
        left_out,
        moved,
        unstored,
        missing,
        unlike,
        rescaled,
        after_loop,
        never_added,
    ),
]
