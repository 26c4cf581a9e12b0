"""Another value stands there: another name, another index or slice, another number."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from .site import Edit, Site, is_called, is_load, of_derivative, stem

FEW = 8  # arrays of a line


def another(site: Site) -> Iterator[Edit]:
    """Another array stands there."""
    node = site.node
    if not is_load(node) or is_called(site):
        return
    own = ast.unparse(node)
    shapes = site.shapes()
    everywhere = [x for x in site.whole_lines() if is_load(x) and ast.unparse(x) == own]
    for atom in site.like() if shapes else site.atoms().values():
        if atom.text == own or (not shapes and not atom.is_array):
            continue
        near = stem(atom.text) == stem(own)
        if near and isinstance(node, ast.Subscript):
            kind = "index"
        else:
            kind = of_derivative(site) or "operands"
        said = f"`{own}` stands where `{atom.text}` belongs"
        yield site.to(atom.text, kind, said, 0 if near else 0.5)
        if len(everywhere) > 1 and everywhere[0] is node:
            changes = tuple((x, atom.text) for x in everywhere)
            yield Edit(site.file, changes, kind, said, 0.1 if near else 0.6)
    if shapes and all(kind == "i" and not shape for kind, shape in shapes):
        for text in site.counts():
            if text != own:
                yield site.to(text, "factor", f"`{own}` stands where `{text}` belongs", 1)


def of_another(site: Site) -> Iterator[Edit]:
    """The same attribute of another object that has such ones."""
    node = site.node
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)) or is_called(
        site
    ):
        return
    own = node.value.id
    some = [x for x in site.pool.scope(site.file, node) if isinstance(x, ast.Attribute)]
    owners = [x.value.id for x in some if isinstance(x.value, ast.Name)]
    for other in dict.fromkeys(owners):
        if other not in (own, site.numpy, "self"):
            said = f"`{site.text()}` stands where `{other}.{node.attr}` belongs"
            yield site.to(f"{other}.{node.attr}", "index", said, 0.5)


def interchanged(site: Site) -> Iterator[Edit]:
    """Two arrays of a line stand in each other's places."""
    if not site.is_whole or not isinstance(site.node, ast.BinOp):
        return
    loads = [x for x in ast.walk(site.node) if is_load(x) and any(s for _, s in site.shapes(x))]
    for a, b in combinations(loads, 2) if len(loads) <= FEW else ():
        own, other = site.text(a), site.text(b)
        outermost = a not in ast.walk(b) and b not in ast.walk(a)
        if own != other and outermost and site.shapes(a) & site.shapes(b):
            said = f"`{own}` and `{other}` stand in each other's places"
            yield Edit(site.file, ((a, other), (b, own)), "operands", said, 0.8)


def miscounted(site: Site) -> Iterator[Edit]:
    """Another number of things: `Y.size` for `len(Y)`."""
    node = site.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        own = site.text()
        for text in site.counts():
            if text != own:
                yield site.to(text, "factor", f"`{own}` stands where `{text}` belongs", 0.7)


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
        if isinstance(node.operand, ast.Name):
            others += [f"{own} + 1", f"{own} - 1"]
        its = (x.slice for x in site.whole_lines() if isinstance(x, ast.Subscript))
        others += dict.fromkeys(site.text(x) for x in its if isinstance(x, ast.BinOp))
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
    count = len(getattr(node.slice, "elts", [own]))
    for key in sorted(keys - {own}):
        if key.count(",") == count - 1:
            said = f"`{base}[{own}]` stands where `{base}[{key}]` belongs"
            yield site.to(f"{base}[{key}]", "index", said, 0.5)


def masked(site: Site) -> Iterator[Edit]:
    """What is stored in is told by the sign of an array of its shape."""
    node = site.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
        return
    base = site.text(node.value)
    shapes = site.shapes(node.value) or site.shapes(site.file.above(node, ast.stmt))
    for atom in site.pool.like(site.file, node, shapes):
        for sign in "><":
            text = f"{base}[{atom.text} {sign} 0]"
            if text != site.text():
                said = f"`{site.text()}` stands where `{text}` belongs"
                yield site.to(text, "index", said, 1)


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
        x = type(own)(x) if isinstance(above, ast.Assign) and x == int(x) else x
        yield site.to(repr(x), kind, f"{own!r} stands where {x!r} belongs", rank)
    if not isinstance(above, ast.keyword):
        for text in [*site.scalars(), *site.counts()]:
            yield site.to(text, "constant", f"{own!r} stands where `{text}` belongs", 0.9)
    if isinstance(above, (ast.Call, ast.keyword)):
        yield site.to(f"-{own!r}", "axis", f"{own!r} stands where -{own!r} belongs", 1)


def _is_factor(site: Site) -> bool:
    return isinstance(site.parent.op, (ast.Mult, ast.Div))


WAYS = (
    another,
    of_another,
    interchanged,
    miscounted,
    shifted,
    sliced,
    masked,
    numbers,
)
