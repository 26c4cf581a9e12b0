"""A factor or a term that is missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..alike import together
from ..fitting import shapes_of
from ..grammar import stored_in
from .products import matrix_product
from .site import ADD, MULTIPLY, SLOPES, Edit, Site, is_called, is_divisor, is_load, under

DERIVATIVE = re.compile(r"prime|deriv|grad|slope|_d$|^d_", re.IGNORECASE)  # in a function's name


def scaled(site: Site) -> Iterator[Edit]:
    """A number as a factor that is missing."""
    node = site.node
    if not any(kind == "f" for kind, _ in site.shapes()) or isinstance(node, ast.Constant):
        return
    whole = site.is_whole
    names = stored_in(site.parent) if isinstance(site.parent, ast.Assign) else []
    compared = any(site.pool.is_only_compared(site.file, site.node, name) for name in names)
    if compared or not (whole or _is_operand(site)):
        return
    text = site.text(tight=MULTIPLY)
    for n in ["2", "0.5", *site.counts(), *site.scalars()]:
        missing = f"a factor is missing: `{n}`"
        rank = (0.6 if whole else 1.1 if site.is_term else 1.6) + 0.4 * (".s" in n)
        rank -= 0.5 * (n in site.pool.unread_attributes)
        yield site.to(f"{n} * {text}", "factor", missing, rank)
        if n != "0.5" and not is_divisor(node, site.parent):
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
    if isinstance(node, ast.Constant) or is_called(site):
        return
    is_number = site.shapes() == {("f", ())}
    if not site.is_whole and (is_number or not _is_operand(site)):
        return
    if not is_number and not shapes_of(site.shapes()) - {()}:
        return
    text = site.text(tight=MULTIPLY)
    far = 0 if site.is_whole else 0.3 if site.is_term else 0.6
    if site.is_term:
        own = shapes_of(site.shapes())
        for atom in site.pool.like(site.file, node, site.shapes(site.parent)):
            if not own & shapes_of(atom.shapes):
                said = f"a factor is missing: `{atom.text}`"
                yield site.to(f"{atom.text} * {text}", "missing-derivative", said, 1.0)
    for factor, rank in _factors(site):
        said = f"a factor is missing: `{factor}`"
        yield site.to(f"{text} * {factor}", "missing-derivative", said, rank + far)
    smaller = site.pool.within(site.file, node, site.shapes())
    for divisor in (*(a.text for a in (*site.like(), *smaller)), *site.columns()):
        if not is_divisor(node, site.parent):
            said = f"it is not divided by `{divisor}`"
            yield site.to(f"{text} / {divisor}", "factor", said, 1.1 + far)


def _factors(site: Site) -> Iterator[tuple[str, float]]:
    """Arrays, and what is written of arrays in the program, with others in their places."""
    alike = [a.text for a in site.like() if any(kind in "fb" for kind, _ in a.shapes)]
    found: dict[str, float] = {}
    unused = {*site.pool.unused(site.file, site.node)}
    within = [a.text for a in site.pool.within(site.file, site.node, site.shapes())]
    found.update((text, 0.5) for text in (*within, *alike) if text in unused)
    for text in within:
        found.setdefault(text, 1.0)
    for text in site.columns():
        found.setdefault(text, 0.5 if text.partition("[")[0] in unused else 1.1)
    callables = site.pool.callables(site.file, site.node)
    for name in site.pool.idle():
        found.update((f"{name}({text})", 0.7) for text in alike)
    for name in site.pool.methods_alone:
        found.update((f"{owner}.{name}()", 0.8) for owner in site.objects())
    stored = getattr(site.parent, "targets", [None])[0]
    key = f"[{site.text(stored.slice)}]" if isinstance(stored, ast.Subscript) else ""
    for text in alike:
        found.setdefault(text, 0.9)
        for name in callables:
            found.setdefault(f"{name}({text})", 0.8 if DERIVATIVE.search(name) else 1.2)
        beside = bool(key) and text.endswith(key)
        for pattern in SLOPES:
            found.setdefault(pattern.format(text), 1.0 if beside else 1.4)
    for pattern in site.pool.factors:
        for text in alike:
            found.setdefault(pattern.replace("\0", text), 1.2)
    yield from found.items()


def added(site: Site) -> Iterator[Edit]:
    """A term that is missing."""
    if isinstance(site.node, ast.Constant):
        return
    own = site.text(tight=ADD)
    if site.is_whole and site.shapes() == {("f", ())}:
        for text in _items(site):
            yield site.to(f"{own} + {text}", "missing-term", f"a term is missing: `{text}`", 0.8)
    if not shapes_of(site.shapes()) - {()}:
        return
    is_near = site.is_whole or site.is_term
    if not (is_near or is_load(site.node) or isinstance(site.parent, ast.Call)):
        return
    unused = site.pool.unused(site.file, site.node)
    terms = [*_terms(site, unused)] if is_near else [(text, 1.3) for text in unused]
    if site.is_handed_on and not is_near:
        terms += [(a.text, 1.0) for a in site.like()]
    smaller = [a.text for a in site.pool.within(site.file, site.node, site.shapes())]
    fitting = {*smaller, *(a.text for a in site.like())}
    terms += [(text, 0.9) for text in site.pool.unread_attributes if text in fitting]
    if matrix_product(site) and not is_near:  # whose bias it may be
        terms += [(text, 1.3) for text in smaller]
    for text, rank in terms:
        said = f"a term is missing: `{text}`"
        rank += 0.3 * site.is_term
        yield site.to(f"{own} + {text}", "missing-term", said, rank)
        yield site.to(f"{own} - {text}", "missing-term", said, rank + 0.3)


def mirrored(site: Site) -> Iterator[Edit]:
    """After a / b, what is left of both to 1, as in the derivative of a cross-entropy."""
    node = site.node
    is_call = isinstance(node, ast.Call) and site.text(node.func) == f"{site.numpy}.divide"
    if is_call and len(node.args) == 2:
        a, b = node.args
        left, right = (f"1 - {site.text(x, ADD + 1)}" for x in (a, b))
        text = f"{site.text(node.func)}({left}, {right})"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        a, b = node.left, node.right
        text = "({}) / ({})".format(*(f"1 - {site.text(x, ADD + 1)}" for x in (a, b)))
    else:
        return
    if {()} != shapes_of(site.shapes(a)) == shapes_of(site.shapes(b)):
        is_inside = isinstance(site.parent, (ast.BinOp, ast.UnaryOp))
        for sign in "-+":
            both = f"{site.text()} {sign} {text}"
            said = f"a term is missing: `{text}`"
            yield site.to(f"({both})" if is_inside else both, "missing-term", said, 0.8)


def _items(site: Site) -> Iterator[str]:
    """The numbers that rows of them have at the indices that a line reads."""
    keys = (x.slice for x in site.whole_lines() if isinstance(x, ast.Subscript))
    indices = dict.fromkeys(site.text(x) for x in keys if site.is_count(x))
    rows = [a.text for a in site.atoms().values() if {len(s) for _, s in a.shapes} == {1}]
    yield from (f"{row}[{index}]" for row in rows for index in indices)


def _terms(site: Site, unused: list[str]) -> Iterator[tuple[str, float]]:
    alike = [a.text for a in site.like()]
    for name in site.pool.idle():
        yield from ((f"{name}({a.text})", 0.8) for a in site.atoms().values())
    numbers = [x for x in unused if site.atoms()[x].shapes == {("f", ())}]
    for one in (x for x in site.columns() if x.partition("[")[0] in unused):
        yield from ((f"{a}{one}", 0.7) for a in ("", *(f"{n} * " for n in numbers)))
    wholes = shapes_of(site.shapes())
    for one in unused:
        parts = shapes_of(site.atoms()[one].shapes)
        fits = any(together(part, whole) == whole for part in parts for whole in wholes)
        if not fits and "[" not in one:  # of an item that nothing reads it is a guess
            continue
        others = alike if one in numbers else numbers
        for a in ("", *(f"{text} * " for text in others if text != one)):
            yield f"{a}{one}", 0.6
            yield from ((f"{a}{one} / {n}", 0.8) for n in site.counts())
    yield from ((text, 1.0) for text in alike)
    for atom in site.pool.within(site.file, site.node, site.shapes()):
        yield atom.text, 1.2
        yield from ((f"{atom.text} / {n}", 1.6) for n in site.counts())
    patterns = dict.fromkeys(site.pool.terms)
    for n in site.scalars():
        patterns |= dict.fromkeys((f"{n} * \0", f"2 * {n} * \0"))
    for pattern in patterns:
        yield from ((pattern.replace("\0", text), 1.4) for text in alike)


def rooted(site: Site) -> Iterator[Edit]:
    """The root of what something is divided by, as of a variance."""
    node, text = site.node, site.text()
    is_float = any(kind == "f" for kind, _ in site.shapes())
    is_near = is_divisor(node, site.parent) and not isinstance(node, ast.Constant)
    if isinstance(site.parent, ast.Assign) and isinstance(node, (ast.BinOp, ast.Call)):
        made, its = stored_in(site.parent), site.pool.scope(site.file, node)
        quotients = (x for x in its if isinstance(x, ast.BinOp) and isinstance(x.op, ast.Div))
        is_near = any(site.text(x.right) in made for x in quotients)
    if is_float and is_near and site.numpy:
        said = f"`{text}` stands where its root belongs"
        yield site.to(f"{site.numpy}.sqrt({text})", "constant", said, 0.8)


def complemented(site: Site) -> Iterator[Edit]:
    """A 1 that is missing: `a - 1`, as of the right class, or `1 - a`, as of a gate."""
    node = site.node
    if not any(kind == "f" for kind, _ in site.shapes()) or isinstance(node, ast.Constant):
        return
    text = site.text(tight=ADD)
    if site.is_whole:
        yield site.to(f"{text} - 1", "missing-term", "a term is missing: `- 1`", 0.9)
    if is_load(node) and not is_called(site) and shapes_of(site.shapes()) - {()}:
        said = f"`{text}` stands where `1 - {text}` belongs"
        yield site.to(f"(1 - {text})", "operands", said, 1)


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


def unreturned(site: Site) -> Iterator[Edit]:
    """One of several values is missing that are given together."""
    node = site.node
    if not isinstance(node, (ast.Tuple, ast.List, ast.Dict)) or not site.is_whole:
        return
    values = node.values if isinstance(node, ast.Dict) else node.elts
    own = [site.text(x) for x in values]
    digits = {d for text in own for d in re.findall(r"\d+", text)}
    alike = (re.sub(r"\d+", d, text) for text in own for d in sorted(digits))
    some = dict.fromkeys([*site.pool.unused(site.file, node), *alike])
    for new in (text for text in some if text not in own):
        said = f"`{new}` is missing"
        if isinstance(node, ast.Dict):
            for key, text in zip(node.keys, own):
                if other := under(site, key, text, new):
                    both = f"{site.text()[:-1].rstrip().rstrip(',')}, {other}: {new}}}"
                    yield site.to(both, "missing-term", said, 0.3)
                    break
            continue
        left, right = ("[", "]") if isinstance(node, ast.List) else ("(", ")")
        for i in range(len(own), -1, -1):
            text = ", ".join([*own[:i], new, *own[i:]])
            yield site.to(f"{left}{text}{right}", "missing-term", said, 0.3)


WAYS = (
    scaled,
    multiplied,
    added,
    mirrored,
    rooted,
    complemented,
    softened,
    unreturned,
)
