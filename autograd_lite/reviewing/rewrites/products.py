"""Products, powers, slopes and signs the other way round."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

from ..alike import together
from ..fitting import fits, shapes_of
from ..grammar import ATOM, ATOMS, LEVELS, SIGNS, level
from .site import (
    ADD,
    MULTIPLY,
    POWER,
    Edit,
    Site,
    is_called,
    is_load,
    is_row,
    plain,
    slopes,
    tight,
)

TURNED = {"+": "-", "-": "+", "*": "/", "/": "*"}


def turned(site: Site) -> Iterator[Edit]:
    """The factors of a matrix product in another order, or transposed."""
    if not (parts := matrix_product(site)):
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
    if any(x and y and together(x, y) for x, y in pairs):
        text = f"{site.text(own_a, MULTIPLY)} * {site.text(own_b, MULTIPLY + 1)}"
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


def matrix_product(site: Site) -> Any:
    """The factors of one, and how others are written in their places; None if it is none."""
    node = site.node
    if _is_product(node):
        return node.left, node.right, lambda x, y: f"{x} @ {y}"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
        return None
    name, func = node.func.attr, site.text(node.func)
    if name in ("dot", "matmul") and len(node.args) == 2:
        return *node.args, lambda x, y: f"{func}({plain(x)}, {plain(y)})"
    if name == "dot" and len(node.args) == 1:
        return node.func.value, node.args[0], lambda x, y: f"{tight(x)}.dot({plain(y)})"
    return None


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
        and not is_called(site)
        and any(len(s) == 2 for s in shapes_of(site.shapes()))
    ):
        yield site.to(
            f"{site.text(tight=ATOM)}.T",
            "transposed",
            f"`{site.text()}` belongs transposed",
            0.6,
        )


def batch_transposed(site: Site) -> Iterator[Edit]:
    """With the last two of more axes interchanged, or without."""
    node, text = site.node, site.text()
    ways = site.pool.style.batched_transposes
    func = getattr(node, "func", None)
    if isinstance(func, ast.Attribute) and text.removeprefix(site.text(func.value)) in ways:
        said = f"`{text}` stands where `{site.text(func.value)}` belongs"
        yield site.to(site.text(func.value), "transposed", said, 0.1)
    elif is_load(node) and not is_called(site):
        dims = {len(shape) for shape in shapes_of(site.shapes())}
        for way in ways if dims and min(dims) > 2 else ():
            said = f"`{text}` belongs transposed"
            yield site.to(f"{site.text(tight=ATOM)}{way}", "transposed", said, 0.5)


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
            yield from _without_two(site)
        yield site.to(
            f"{site.text(a, MULTIPLY)} {other} {site.text(b, MULTIPLY + 1)}",
            "factor",
            f"`{sign}` stands where `{other}` belongs",
            0.5,
        )
        for kept, lost in alone[: 1 if sign == "/" else 2]:
            of_array = shapes_of(site.shapes(lost)) - {()}
            if of_array and site.is_term and not shapes_of(site.shapes(kept)) - {()}:
                continue  # of a sum of arrays no number is a term
            kind = "doubled-derivative" if of_array else "factor"
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


def _without_two(site: Site) -> Iterator[Edit]:
    """A product without two of its factors, such as a slope."""
    factors = _factors_of(site.node)
    if isinstance(site.parent, ast.BinOp) and isinstance(site.parent.op, ast.Mult):
        return
    for some in combinations(range(len(factors)), 2) if len(factors) > 2 else ():
        kept = [site.text(x, MULTIPLY + 1) for i, x in enumerate(factors) if i not in some]
        lost = " * ".join(site.text(factors[i], MULTIPLY + 1) for i in some)
        said = f"`{lost}` does not belong here"
        yield site.to(" * ".join(kept), "doubled-derivative", said, 0.2)


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
    shapes = shapes_of(site.shapes())
    is_number = shapes == {()}
    shapes -= set() if is_number and site.is_whole else {()}
    if not shapes:
        return
    above = site.parent
    is_product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    inner = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult)
    said = "the derivative is another one: `{}`"
    names = {
        ast.unparse(x) for x in ast.walk(node) if is_load(x) and shapes_of(site.shapes(x)) & shapes
    }
    near = [a.text for a in site.like() if a.text in names]
    calls = (x for x in ast.walk(node) if isinstance(x, ast.Call) and x is not node)
    near += dict.fromkeys(site.text(x) for x in calls if shapes_of(site.shapes(x)) & shapes)
    far = [a.text for a in site.like() if a.text not in names and not is_number]
    if not is_product or not inner:
        for rank, texts in ((0.6, near), (1.5, far)):
            for text in texts:
                for other in slopes(site, text):
                    yield site.to(other, "constant", said.format(other), rank)
    if is_product and not inner:
        factors = _factors_of(node)
        for k in range(1, len(factors)):
            kept = " * ".join(site.text(x, MULTIPLY + (i > 0)) for i, x in enumerate(factors[:k]))
            lost = {ast.unparse(x) for f in factors[k:] for x in ast.walk(f) if is_load(x)}
            for rank, texts in ((0.6, near), (1.5, far)):
                for text in texts:
                    for other in slopes(site, text):
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


def spread(site: Site) -> Iterator[Edit]:
    """An outer product, of two rows of numbers of which one is missing, or multiplied with."""
    node = site.node
    if not (np_ := site.numpy):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        both = [site.text(node.left), site.text(node.right)]
        if all(is_row(site.shapes(x)) for x in (node.left, node.right)):
            for a, b in (both, both[::-1]):
                said = "a product by elements stands where an outer product belongs"
                yield site.to(f"{np_}.outer({a}, {b})", "operands", said, 0.8)
        return
    is_near = site.is_whole or isinstance(site.parent, ast.Call)
    if is_near and is_load(node) and not is_called(site) and is_row(site.shapes()):
        own = site.text()
        for other in (a.text for a in site.atoms().values() if is_row(a.shapes)):
            for a, b in ((own, other), (other, own)):
                said = "an outer product is missing"
                yield site.to(f"{np_}.outer({a}, {b})", "operands", said, 1.1)


def _factors_of(node: Any) -> list[Any]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors_of(node.left), node.right]
    return [node]


def raised(site: Site) -> Iterator[Edit]:
    """A square that is missing."""
    node = site.node
    if not isinstance(site.parent, ast.BinOp) or (is_load(node) and is_called(site)):
        return
    is_value = is_load(node) or isinstance(node, ast.Call)
    if is_value and any(kind == "f" for kind, _ in site.shapes()):
        yield site.to(f"{site.text()} ** 2", "constant", "a square is missing", 0.5)


def _too_much(site: Site, lost: Any) -> str:
    return f"`{site.text(lost)}` does not belong here"


def negated(site: Site) -> Iterator[Edit]:
    """The other sign, of a line or of what a function gets."""
    node = site.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield site.to(site.text(node.operand), "sign", "the sign is the wrong one", 0)
    elif site.is_whole and any(kind == "f" for kind, _ in site.shapes()):
        yield site.to(f"-{site.text(tight=7)}", "sign", "the sign is the wrong one", 0.5)
    elif (
        is_load(node)
        and isinstance(site.parent, ast.Call)
        and not is_called(site)
        and any(kind == "f" for kind, _ in site.shapes())
    ):
        yield site.to(f"-{site.text()}", "sign", "the sign is the wrong one", 0.8)


class _ByElements(ast.NodeTransformer):
    """Products of matrices by elements."""

    def __init__(self, numpy: str) -> None:
        self.numpy = numpy

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if not isinstance(node.op, (ast.Mult, ast.Pow)):
            return node
        name = "multiply" if isinstance(node.op, ast.Mult) else "power"
        func = ast.Attribute(ast.Name(self.numpy, ast.Load()), name, ast.Load())
        return ast.Call(func, [node.left, node.right], [])


def by_elements(edit: Edit, numpy: str) -> Iterator[Edit]:
    """The same where `*` is the product of matrices."""
    ((node, text),) = edit.changes
    with contextlib.suppress(SyntaxError):  # it may be a part of a statement
        tree = ast.parse(text)
        if numpy and "\n" not in text:
            other = ast.unparse(_ByElements(numpy).visit(tree))
            yield edit._replace(changes=((node, other),))


def of_matrices(site: Site) -> Iterator[Edit]:
    """`*` of matrices, in the place of the product by elements."""
    node = site.node
    if site.pool.notes.matrices and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        said = "`*` is the matrix product here: the product by elements belongs here"
        yield from by_elements(site.to(site.text(), "operands", said, 0.1), site.numpy)


WAYS = (
    turned,
    transposed,
    batch_transposed,
    arranged,
    bracketed,
    negated,
    derived,
    spread,
    raised,
    of_matrices,
)
