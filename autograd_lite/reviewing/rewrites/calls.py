"""Another function, other arguments, another condition or loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

from ..fitting import shapes_of
from ..grammar import ATOM, ATOMS, SIGNS
from ..pool import NO_CHANGE
from .site import MULTIPLY, Edit, Site, is_called, is_load, of_derivative, simpler

BACKWARD = "::-1"
TURNED = "the loop goes the other way"
MANY = 16  # elements of a tuple, or arguments


def called(site: Site) -> Iterator[Edit]:
    """Another function, the arguments the other way round, or none."""
    node = site.node
    if not isinstance(node, ast.Call):
        return
    func, args = site.text(node.func), node.args
    rest = "".join(f", {site.text(x)}" for x in node.keywords)
    if len(args) == 2:
        a, b = args
        text = f"{func}({site.text(b)}, {site.text(a)}{rest})"
        yield site.to(text, "transposed", "the arguments stand the other way round", 0.2)
        if func == f"{site.numpy}.multiply":
            for x, other in ((a, b), (b, a)):
                said = f"`{site.text(other)}` does not belong here"
                yield site.to(site.text(x, MULTIPLY), "doubled-derivative", said, 0.3)
    if node.keywords:
        return
    if len(args) == 1:
        if shapes_of(site.shapes(args[0])) & shapes_of(site.shapes()):
            kind = "derivative-at-activation" if of_derivative(site) else "constant"
            said = f"`{func}` does not belong here"
            yield site.to(site.text(args[0]), kind, said, 0.5)
            yield from site.everywhere(site.text(args[0], ATOM), kind, said, 0.5)
        for name in site.pool.callables(site.file, node):
            if name != func and name.rpartition(".")[2] not in NO_CHANGE:
                text = f"{name}({site.text(args[0])})"
                yield site.to(text, "constant", f"`{func}` stands where `{name}` belongs", 0.3)
        for atom in site.like():
            if atom.text != site.text(args[0]):
                text = f"{site.text(args[0], MULTIPLY)} * {func}({atom.text})"
                said = f"`{func}` is taken of what it belongs multiplied with"
                yield site.to(text, "operands", said, 1)
    if 2 < len(args) < MANY:
        texts = [site.text(x) for x in args]
        for i, j in combinations(range(len(args)), 2):
            new = [*texts]
            new[i], new[j] = texts[j], texts[i]
            said = f"`{texts[i]}` and `{texts[j]}` stand the other way round"
            rank = 0.4 if j == i + 1 else 0.8
            yield site.to(f"{func}({', '.join(new)})", "index", said, rank)
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
SIBLINGS += [("argmax", "argmin"), ("tile", "repeat")]


ALONG = {"repeat", "concatenate", "append", "flip", "roll", "cumsum", "diff", "stack", "argmax"}
BEGIN = {"zeros", "zeros_like"}  # with which sums begin


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
                yield site.to(new + args, "constant", said, 0.1 if other in BEGIN else 0.5)
        if node.func.attr == "zeros_like" and len(node.args) == 1:
            said = f"zeros stand where `{site.text(node.args[0])}` belongs"
            text = f"{site.text(node.args[0], ATOM)}.copy()"
            yield site.to(text, "missing-term", said, 0.6)


def reshaped(site: Site) -> Iterator[Edit]:
    """A transpose, in the place of another shape."""
    func = getattr(site.node, "func", None)
    if isinstance(func, ast.Attribute) and func.attr == "reshape":
        text = f"{site.text(func.value)}.T"
        yield site.to(text, "transposed", "a reshape is no transpose", 0.5)


def named(site: Site) -> Iterator[Edit]:
    """An array that is there already, or a function of one, in the place of what is computed."""
    node = site.node
    if isinstance(node, (ast.BinOp, ast.Compare, ast.Call)) and shapes_of(site.shapes()) - {()}:
        read = {site.text(x) for x in ast.walk(node) if is_load(x)}
        functions = site.pool.callables(site.file, node) if site.is_whole else ()
        for atom in site.like():
            texts = [f"{name}({atom.text})" for name in functions if atom.text in read]
            for text in (atom.text, *(x for x in texts if x != site.text())):
                said = f"`{site.text()}` stands where `{text}` belongs"
                yield site.to(text, "operands", said, 1)


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
    if isinstance(node, ast.Attribute) and is_load(node) and not is_called(site):
        for name in site.pool.methods_alone:
            text = f"{site.text(node.value)}.{name}()"
            said = f"`{site.text()}` stands where `{text}` belongs"
            yield site.to(text, "operands", said, 1.2)


def applied(site: Site) -> Iterator[Edit]:
    """A function that is missing around a value, or around all of a line; of the user's, around a
    number."""
    node = site.node
    is_whole = site.is_whole and isinstance(node, (ast.BinOp, ast.Call))
    if not (is_load(node) or is_whole) or is_called(site):
        return
    shapes = {shape for kind, shape in site.shapes() if kind == "f"}
    for name in site.pool.callables(site.file, node) if shapes else ():
        if shapes != {()} or not name.startswith(f"{site.numpy}."):
            text = f"{name}({site.text()})"
            said = f"`{site.text()}` stands where `{text}` belongs"
            yield site.to(text, "operands", said, 1)
            yield from site.everywhere(text, "operands", said, 1)


def skipped(site: Site) -> Iterator[Edit]:
    """What another object's method of the same name makes of an argument: a step that is left
    out."""
    node, call = site.node, site.parent
    if not isinstance(call, ast.Call) or node not in call.args or not site.is_handed_on:
        return
    if not isinstance(call.func, ast.Attribute) or not site.is_object(call.func.value):
        return
    own = site.text(call.func.value)
    for other in dict.fromkeys([*site.objects(), *site.pool.parts()]):
        if other != own and site.pool.comes_to(other, call.func.attr):
            text = f"{other}.{call.func.attr}({site.text()})"
            said = f"a step is missing: `{other}.{call.func.attr}`"
            yield site.to(text, "missing-derivative", said, 0.6)


def branched(site: Site) -> Iterator[Edit]:
    """A number of the one branch is a factor of what stands in the other."""
    node = site.node
    if not isinstance(node, ast.Call) or site.text(node.func) != f"{site.numpy}.where":
        return
    if len(node.args) == 3:
        test, *ways = node.args
        a, b = (site.text(x, MULTIPLY) for x in ways)
        own = [bool(shapes_of(site.shapes(x)) - {()}) for x in ways]
        whole = f"{site.text(node.func)}({site.text(test)}, "
        said = "a factor is missing in one of the cases"
        if own == [True, False]:
            yield site.to(f"{whole}{a}, {b} * {a})", "missing-derivative", said, 0.5)
        elif own == [False, True]:
            yield site.to(f"{whole}{a} * {b}, {b})", "missing-derivative", said, 0.5)


def stored(site: Site) -> Iterator[Edit]:
    """What a function makes of an array is stored in that one, and not in another."""
    above = site.parent
    if isinstance(above, ast.keyword) and above.arg == "out":
        call = site.file.parent[above]
        for x in call.args[:1]:  # type: ignore[attr-defined]
            said = f"`{site.text()}` stands where `{site.text(x)}` belongs"
            yield site.to(site.text(x), "index", said, 0.2)


def enclosed(site: Site) -> Iterator[Edit]:
    """A factor belongs outside of the brackets of a function, or inside."""
    node = site.node
    is_product = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div))
    call = node.left if is_product else node
    if not isinstance(call, ast.Call) or not call.args:
        return
    first = call.args[0]
    if site.shapes(call) != site.shapes(first):
        return  # such as of a sum, it is the same
    rest = "".join(f", {site.text(x)}" for x in [*call.args[1:], *call.keywords])
    said = "a factor stands on the wrong side of a bracket"
    if is_product:
        factor = f"{SIGNS[type(node.op)]} {site.text(node.right, MULTIPLY + 1)}"
        text = f"{site.text(call.func)}({site.text(first, MULTIPLY)} {factor}{rest})"
        yield site.to(text, "constant", said, 0.8)
    elif isinstance(first, ast.BinOp) and isinstance(first.op, (ast.Mult, ast.Div)):
        factor = f"{SIGNS[type(first.op)]} {site.text(first.right, MULTIPLY + 1)}"
        text = f"{site.text(call.func)}({site.text(first.left)}{rest}) {factor}"
        yield site.to(text, "constant", said, 0.8)


def cut_off(site: Site) -> Iterator[Edit]:
    """What grows on is cut off on both sides, as the slope of Huber's loss is."""
    if not (np_ := site.numpy) or not site.pool.is_loss_of_cases or is_called(site):
        return
    arrays = any(kind == "f" and shape for kind, shape in site.shapes())
    if is_load(site.node) and arrays and not isinstance(site.parent, ast.Call):
        for n in dict.fromkeys([*map(repr, site.pool.constants), *site.scalars()]):
            text = f"{np_}.clip({site.text()}, -{n}, {n})"
            if n[0] != "-":
                said = f"`{site.text()}` stands where `{text}` belongs"
                yield site.to(text, "loss-derivative-skipped", said, 1.1)


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
    if is_load(node) and site.is_whole and any(shape for _, shape in site.shapes()):
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
    """Another comparison, or one with 0."""
    node = site.node
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    a, b = site.text(node.left, 4), site.text(node.comparators[0], 4)
    signs = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
    own = signs.get(type(node.ops[0]))
    if own:
        if b != "0":
            yield site.to(f"{a} {own} 0", "constant", f"`{b}` stands where 0 belongs", 0.5)
        for other in signs.values():
            if other != own:
                yield site.to(
                    f"{a} {other} {b}", "sign", f"`{own}` stands where `{other}` belongs", 0.2
                )


def leaky(site: Site) -> Iterator[Edit]:
    """The slope of a leaky activation, in the place of that of one that is not."""
    node = site.node
    if not isinstance(node, ast.Compare) or not shapes_of(site.shapes()) - {()} or not site.numpy:
        return
    outer: Any = node
    if getattr(site.parent, "attr", "") == "astype":
        outer = site.file.parent[site.parent]
    slopes = [x for x in site.pool.constants if isinstance(x, float) and 0 < x < 1]
    written = [site.pool.written(site.file, x) for x in slopes]
    for number in dict.fromkeys([*written, *site.scalars()]):
        if number:
            text = f"{site.numpy}.where({site.text()}, 1.0, {number})"
            said = f"`{site.text(outer)}` stands where `{text}` belongs"
            yield Edit(site.file, ((outer, text),), "constant", said, 0.7)


def looped(site: Site) -> Iterator[Edit]:
    """Another range of a loop, or another order."""
    node = site.node
    above = site.parent
    if not isinstance(above, (ast.For, ast.comprehension)) or above.iter is not node:
        return
    text = site.text()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "range":
            yield site.to(f"reversed({text})", "index", TURNED, 0.5)
        elif node.func.id in ("enumerate", "zip"):
            if all(site.has_end(x) for x in node.args):
                yield site.to(f"reversed(list({text}))", "index", TURNED, 0.5)
        elif len(node.args) == 1:
            if node.func.id == "list":
                yield site.to(f"reversed({text})", "index", TURNED, 0.5)
            way = node.func.id == "reversed"
            said = TURNED if way else f"`{node.func.id}` does not belong here"
            yield site.to(site.text(node.args[0]), "index", said, 0.5)
    elif isinstance(node, ATOMS):
        yield site.to(f"reversed({text})", "index", TURNED, 0.5)
    func = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    is_backward = isinstance(node, ast.Subscript) and ast.unparse(node.slice) == BACKWARD
    if func == f"{site.numpy}.arange" or is_backward:
        other = site.text(node.value) if is_backward else f"{text}[{BACKWARD}]"
        yield site.to(other, "index", TURNED, 0.5)
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not call.args or call.keywords:
            continue
        name = ast.unparse(call.func)
        if name in ("range", f"{site.numpy}.arange"):
            inner = Site(site.pool, site.file, call)
            args = [site.text(a) for a in call.args]
            ends = [0, 1][: len(args)]
            if len(args) == 1:
                yield inner.to(
                    f"{name}(1, {args[0]})", "index", "the loop has a step too many", 0.3
                )
            if len(args) == 2:
                yield inner.to(f"{name}({args[1]})", "index", "the loop leaves a step out", 0.3)
            for i in ends:
                for other in (f"{args[i]} - 1", f"{args[i]} + 1"):
                    new = ", ".join([*args[:i], simpler(other), *args[i + 1 :]])
                    said = f"`{name}({', '.join(args)})` stands where `{name}({new})` belongs"
                    rank = 0.2 if len(new) < len(", ".join(args)) else 0.3
                    yield inner.to(f"{name}({new})", "index", said, rank)


def along(site: Site) -> Iterator[Edit]:
    """The axis is missing along which something is done."""
    node = site.node
    call = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ALONG
    if call and not any(x.arg == "axis" for x in node.keywords):
        for axis in "01":
            text = f"{site.text()[:-1]}, axis={axis})"
            yield site.to(text, "axis", f"`axis={axis}` is missing", 0.4)


def swapped(site: Site) -> Iterator[Edit]:
    """Two elements of a tuple, or values of a dict, the other way round; or as many at a time."""
    node = site.node
    if not isinstance(node, (ast.Tuple, ast.List, ast.Dict)):
        return
    its = node.values if isinstance(node, ast.Dict) else node.elts
    if isinstance(getattr(node, "ctx", None), ast.Store):
        its = its if all(isinstance(x, ATOMS) for x in its) else []
    numbers = [int(n) for x in its for n in re.findall(r"[A-Za-z_](\d+)\b", site.text(x))]
    in_order = len({*numbers}) > 1 and numbers == sorted(numbers)
    rank = 1.1 if in_order else 0.5
    for a, b in combinations(its if len(its) <= MANY else [], 2):
        said = f"`{site.text(a)}` and `{site.text(b)}` stand the other way round"
        yield Edit(site.file, ((a, site.text(b)), (b, site.text(a))), "index", said, rank)
    for several in range(2, len(its) // 2 + 1) if len(its) <= MANY else ():
        runs = [its[i : i + several] for i in range(len(its) - several + 1)]
        for i, run in enumerate(runs):
            for other in runs[i + several :]:
                changes = tuple((x, site.text(y)) for x, y in zip(run + other, other + run))
                first, last = (", ".join(site.text(x) for x in some) for some in (run, other))
                said = f"`{first}` and `{last}` stand the other way round"
                yield Edit(site.file, changes, "index", said, rank)


def flagged(site: Site) -> Iterator[Edit]:
    """Another word that says which way to go."""
    node = site.node
    own = getattr(node, "value", None)
    if not isinstance(own, str) or not own.isidentifier():
        return
    if isinstance(site.parent, (ast.Call, ast.keyword)):
        for other in site.pool.style.flags:
            if other != own:
                text = f'"{other}"' if site.text()[0] == '"' else repr(other)
                said = f"`{site.text()}` stands where `{text}` belongs"
                yield site.to(text, "constant", said, 0.4)


WAYS = (
    called,
    asked,
    applied,
    copied,
    spelled,
    compared,
    leaky,
    looped,
    flagged,
    along,
    swapped,
    skipped,
    branched,
    stored,
    enclosed,
    cut_off,
    chosen,
    another_of_numpy,
    reshaped,
    named,
    of_the_forward_pass,
)
