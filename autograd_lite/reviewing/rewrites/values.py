"""Another value stands there: another name, another index or slice, another number."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ..pool import ATOM, ATOMS, shapes_of
from .site import LONGEST, Edit, Site, is_called, is_factor, is_load, of_derivative, stem

FEW = 8  # arrays of a line
ENDS = {"1:", ":-1"}  # without the first, or the last


def another(site: Site) -> Iterator[Edit]:
    """Another array stands there: of its shape, or one that is never read."""
    node = site.node
    if not is_load(node) or is_called(site):
        return
    own = ast.unparse(node)
    shapes = site.shapes()
    atoms = site.atoms()
    unread = (atoms[text] for text in site.pool.unused(site.file, node))
    some = [*site.like(), *unread] if shapes else [*atoms.values()]
    for atom in dict.fromkeys(some):
        if atom.text == own or (not shapes and not atom.is_array):
            continue
        near = stem(atom.text) == stem(own)
        is_item = near and isinstance(node, ast.Subscript)
        kind = "index" if is_item else of_derivative(site) or "operands"
        yield from _instead(site, atom.text, kind, (0, 0.1) if near else (0.5, 0.6))


def another_count(site: Site) -> Iterator[Edit]:
    """Another number of things, or index, or the root of the number."""
    node = site.node
    is_len = isinstance(node, ast.Call) and ast.unparse(node.func) == "len"
    if not is_len and not (is_load(node) and site.is_count()):
        return
    own = site.text()
    for text in site.counts():
        if text != own:
            yield from _instead(site, text, "factor", (0.7, 0.7) if is_len else (1, 0.7))
    if site.numpy and is_factor(site.parent):
        yield from _instead(site, f"{site.numpy}.sqrt({own})", "factor", (1, 1))


def another_of_several(site: Site) -> Iterator[Edit]:
    """In the place of what is no number, a name that differs in one, or an item of it."""
    node, above = site.node, site.parent
    if not isinstance(node, ast.Name) or not is_load(node) or any(k for k, _ in site.shapes()):
        return
    if isinstance(above, ast.Attribute) or (isinstance(above, ast.Call) and above.func is node):
        return
    scope = site.pool.scope(site.file, node)
    names = (x.id for x in scope if isinstance(x, ast.Name) and stem(x.id) == stem(node.id))
    some = (x for x in scope if isinstance(x, ast.Subscript) and is_load(x))
    items = (ast.unparse(x) for x in some if site.text(x.value) == node.id)
    for text in dict.fromkeys((*names, *items)):
        if text != node.id:
            yield from _instead(site, text, "index", (0.1, 0.2))


def _instead(site: Site, text: str, kind: str, ranks: tuple[float, float]) -> Iterator[Edit]:
    """Something else in the place of a name; or of all of that name in its line."""
    said = f"`{site.text()}` stands where `{text}` belongs"
    yield site.to(text, kind, said, ranks[0])
    yield from site.everywhere(text, kind, said, ranks[1])


def of_another(site: Site) -> Iterator[Edit]:
    """The same attribute, or method, of another object that has such ones."""
    node = site.node
    if not isinstance(node, ast.Attribute) or not _is_object(site, node.value):
        return
    own = site.text(node.value)
    some = [x for x in site.pool.scope(site.file, node) if isinstance(x, ast.Attribute)]
    owners = [site.text(x.value) for x in some if _is_object(site, x.value)]
    owners += site.pool.parts() if stem(own).startswith("self.") else []
    for other in dict.fromkeys(owners):
        if other != own:
            said = f"`{site.text()}` stands where `{other}.{node.attr}` belongs"
            yield site.to(f"{other}.{node.attr}", "index", said, 0.5)


def _is_object(site: Site, node: Any) -> bool:
    """Is it one of several things that have attributes, and no array or module?"""
    if not isinstance(node, (ast.Name, ast.Attribute)) or any(k for k, _ in site.shapes(node)):
        return False
    return site.text(node) not in (site.numpy, "self")


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
    elif is_load(node) and site.is_count():
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
    base = site.text(node.value, ATOM)
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
    alike.sort(key=lambda x: (x.lineno, x.col_offset))
    if alike:
        changes = ((node, base), *((x, site.text(x.value, ATOM)) for x in alike))
        yield Edit(site.file, changes, "index", said, 1)
    if isinstance(node.slice, ast.Slice):
        keys |= ENDS | {f":, {own}"}
    if isinstance(node.slice, ast.Tuple):
        rows = [
            a.text
            for a in site.atoms().values()
            if a.shapes and all(k == "i" and len(s) == 1 for k, s in a.shapes)
        ]
        parts = [site.text(x) for x in node.slice.elts]
        keys.add(", ".join(reversed(parts)))
        for i, part in enumerate(node.slice.elts):
            if isinstance(part, ast.Slice):
                ends = ENDS if parts[i] in ENDS else ()
                for other in (*rows, *ends):
                    keys.add(", ".join([*parts[:i], other, *parts[i + 1 :]]))
        keys.update(site.pool.keys(site.file, node, site.base_shapes()))
    count = len(getattr(node.slice, "elts", [own]))
    for key in sorted(keys - {own}):
        if key.count(",") == count - 1 or key == f":, {own}":
            said = f"`{base}[{own}]` stands where `{base}[{key}]` belongs"
            yield site.to(f"{base}[{key}]", "index", said, 0.5)
            if alike and alike[0].col_offset > node.col_offset:
                changes = tuple((x, f"{site.text(x.value, ATOM)}[{key}]") for x in (node, *alike))
                yield Edit(site.file, changes, "index", said, 0.7)


def unsliced(site: Site) -> Iterator[Edit]:
    """A slice is missing, such as others have."""
    node = site.node
    shapes = shapes_of(site.shapes()) - {()}
    if not shapes or is_called(site) or not isinstance(node, (ast.Call, *ATOMS)):
        return
    if isinstance(site.parent, ast.Subscript) or isinstance(getattr(node, "ctx", None), ast.Store):
        return
    keys = [
        site.text(x.slice)
        for x in site.pool.scope(site.file, node)
        if isinstance(x, ast.Subscript) and isinstance(x.ctx, ast.Load) and _is_cut(x.slice)
    ]
    ndim = max(map(len, shapes))
    for key in dict.fromkeys([*keys, *(key[3:] for key in keys if key.startswith(":, "))]):
        if key.count(",") < ndim:
            said = f"`[{key}]` is missing"
            yield site.to(f"{site.text(tight=ATOM)}[{key}]", "index", said, 1)


def columned(site: Site) -> Iterator[Edit]:
    """A row of numbers belongs in a column."""
    node = site.node
    shapes = shapes_of(site.shapes()) - {()}
    is_value = (isinstance(node, ast.Call) or is_load(node)) and not is_called(site)
    is_near = site.is_whole or isinstance(site.parent, ast.BinOp)
    if {len(s) for s in shapes} == {1} and max(shapes) <= (LONGEST,) and is_value and is_near:
        text = f"{site.text(tight=ATOM)}[:, None]"
        yield site.to(text, "axis", f"`{site.text()}` belongs in a column", 0.8)


def _is_cut(key: Any) -> bool:
    """Is it a slice that leaves something out, or several of which one does?"""
    some = key.elts if isinstance(key, ast.Tuple) else [key]
    slices = [x for x in some if isinstance(x, ast.Slice)]
    return len(slices) == len(some) and any(x.lower or x.upper for x in slices)


def masked(site: Site) -> Iterator[Edit]:
    """What is stored in is told by the sign of an array of its shape."""
    node = site.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
        return
    base = site.text(node.value)
    for atom in site.pool.like(site.file, node, site.base_shapes()):
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
        kind = "factor" if is_factor(above) else "constant"
        rank = 1.0 if isinstance(above, ast.Call) else 0.5
        x = type(own)(x) if isinstance(above, ast.Assign) and x == int(x) else x
        yield site.to(repr(x), kind, f"{own!r} stands where {x!r} belongs", rank)
    if not isinstance(above, ast.keyword):
        for text in [*site.scalars(), *site.counts()]:
            yield site.to(text, "constant", f"{own!r} stands where `{text}` belongs", 0.9)
    if isinstance(above, (ast.Call, ast.keyword)):
        yield site.to(f"-{own!r}", "axis", f"{own!r} stands where -{own!r} belongs", 1)


WAYS = (
    another,
    another_count,
    another_of_several,
    of_another,
    interchanged,
    shifted,
    sliced,
    unsliced,
    columned,
    masked,
    numbers,
)
