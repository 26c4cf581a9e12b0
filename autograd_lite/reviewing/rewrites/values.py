"""Another value stands there: another name, another index or slice, another number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ..fitting import shapes_of
from ..grammar import ATOM, ATOMS
from .site import (
    LONGEST,
    Edit,
    Site,
    is_called,
    is_factor,
    is_load,
    is_row,
    of_derivative,
    simpler,
    stem,
)

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
    dims = {len(shape) for shape in shapes_of(shapes) - {()}}
    if dims and (site.pool.raises or site.is_handed_on):  # what has another shape may be meant
        some += [a for a in atoms.values() if {len(s) for s in shapes_of(a.shapes)} == dims]
    for atom in dict.fromkeys(some):
        if atom.text == own or (not shapes and not atom.is_array):
            continue
        near = stem(atom.text) == stem(own)
        is_item = near and isinstance(node, ast.Subscript)
        kind = "index" if is_item else of_derivative(site) or "operands"
        yield from _instead(site, atom.text, kind, (0, 0.1) if near else (0.5, 0.6))
    shapes = shapes_of(shapes)
    turned = {shape[::-1] for shape in shapes if len(shape) == 2}
    for atom in atoms.values() if not own.endswith(".T") else ():
        other = shapes_of(atom.shapes)
        if other & turned and not other & shapes and not atom.text.endswith(".T"):
            text = f"{atom.text}.T"
            yield site.to(text, "operands", f"`{own}` stands where `{text}` belongs", 0.6)


def unpacked(site: Site) -> Iterator[Edit]:
    """One of the results of a call gets a name that nothing reads, and not that of an argument."""
    node, line = site.node, site.file.above(site.node, ast.stmt)
    if not isinstance(site.parent, ast.Tuple) or not isinstance(node, ast.Name):
        return
    call = getattr(line, "value", None)
    its = site.pool.scope(site.file, node)
    read = any(isinstance(x, ast.Name) and x.id == node.id and is_load(x) for x in its)
    if isinstance(node.ctx, ast.Store) and isinstance(call, ast.Call) and not read:
        for x in call.args:
            if isinstance(x, ast.Name):
                said = f"`{node.id}` stands where `{x.id}` belongs: nothing reads it"
                yield site.to(x.id, "operands", said, 0.2)


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
    for text in site.sums():
        yield from _instead(site, text, "factor", (1, 1))
    for text in _sizes(site) if is_len or "." in own else ():
        if text != own:
            yield from _instead(site, text, "factor", (0.8, 0.8))
    if site.numpy and is_factor(site.parent):
        yield from _instead(site, f"{site.numpy}.sqrt({own})", "factor", (1, 1))


def _sizes(site: Site) -> Iterator[str]:
    """How many numbers the arrays of a line have, and along which axis."""
    arrays = [x for x in site.whole_lines() if is_load(x)]
    dims = {site.text(x): len(shape) for x in arrays for shape in shapes_of(site.shapes(x))}
    for name, ndim in dims.items():
        yield from (f"{name}.shape[{i}]" for i in range(ndim))
        yield from [f"{name}.size"] * (ndim > 1)


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
    if not isinstance(node, ast.Attribute) or not site.is_object(node.value):
        return
    own = site.text(node.value)
    owners = site.objects()
    owners += site.pool.parts() if stem(own).startswith("self.") else []
    for other in dict.fromkeys(owners):
        if other != own and (not is_called(site) or site.pool.comes_to(other, node.attr)):
            said = f"`{site.text()}` stands where `{other}.{node.attr}` belongs"
            yield site.to(f"{other}.{node.attr}", "index", said, 0.5)


def another_attribute(site: Site) -> Iterator[Edit]:
    """Another attribute of an object, such as the program gives to some."""
    node = site.node
    if not isinstance(node, ast.Attribute) or not is_load(node) or not site.is_object(node.value):
        return
    for name in site.pool.given_attributes if not is_called(site) else ():
        if name != node.attr:
            text = f"{site.text(node.value)}.{name}"
            yield site.to(text, "operands", f"`{site.text()}` stands where `{text}` belongs", 0.5)


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
    in_slice = isinstance(site.parent, ast.Slice)
    above = _item_at(site)
    if above is None:
        return
    own = site.text()
    said = "`{}` stands where `{}` belongs"
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        others = [str(node.value + 1), str(node.value - 1)]
        if not in_slice:
            others += _indices(site)
    elif isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        others = [site.text(node.left)]
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "-" if isinstance(node.op, ast.Add) else "+"
            others.append(f"{site.text(node.left)} {sign} {site.text(node.right)}")
    elif is_load(node) and {kind for kind, _ in site.shapes()} == {"i"}:
        others = [f"{own} - 1", f"{own} + 1"]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not in_slice:
        others = ["0", site.text(node.operand), *_indices(site)]
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


def all_shifted(site: Site) -> Iterator[Edit]:
    """The indices of all that a line takes, as `a[t], a[t - 1]`, are one more, or one less."""
    node = site.node
    if not isinstance(node, ast.Tuple) or isinstance(node.ctx, ast.Store):
        return
    its = [x.slice for x in node.elts if isinstance(x, ast.Subscript) and site.is_count(x.slice)]
    if len(its) < max(2, len(node.elts)):
        return
    for step in ("+ 1", "- 1"):
        changes = tuple((x, simpler(f"{site.text(x)} {step}")) for x in its)
        said = f"`{site.text()}` is taken one {'earlier' if step == '+ 1' else 'later'}"
        yield Edit(site.file, changes, "index", said, 0.3)


def _indices(site: Site) -> list[str]:
    """The indices that a function computes, or takes from a loop."""
    keys = (x.slice for x in site.pool.scope(site.file, site.node) if isinstance(x, ast.Subscript))
    parts = (x for key in keys for x in getattr(key, "elts", [key]))
    some = (x for x in parts if isinstance(x, (ast.Name, ast.BinOp)) and site.is_count(x))
    found = [*dict.fromkeys(site.text(x) for x in some)]
    return [*found, *(f"{x} {step}" for x in found if x.isidentifier() for step in ("+ 1", "- 1"))]


def _item_at(site: Site) -> Any:
    """The item whose index a node is, or is a part of: of a key, as `"W" + str(l)`."""
    x, above = site.node, site.parent
    while _is_of_index(above, x):
        x, above = above, site.file.parent[above]
    return above if isinstance(above, ast.Subscript) and x is above.slice else None


def _is_of_index(node: Any, part: Any) -> bool:
    """Is what has a part of an index one, too?"""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "str" and part in node.args
    if isinstance(node, ast.BinOp):
        others = (node.left, node.right)
        return any(isinstance(x, ast.Constant) and type(x.value) is str for x in others)
    return isinstance(node, (ast.Tuple, ast.Slice))


def formatted(site: Site) -> Iterator[Edit]:
    """Another number in a key: `f"W{l}"`."""
    if not isinstance(site.node, ast.JoinedStr) or _item_at(site) is None:
        return
    text = site.text()
    for found in re.finditer(r"\{(\w+)( ?([-+]) ?1)?\}", text):
        name, _, sign = found.groups()
        others = [name, f"{name} {'-' if sign == '+' else '+'} 1"] if sign else None
        for other in others or (f"{name} + 1", f"{name} - 1"):
            new = f"{text[: found.start()]}{{{other}}}{text[found.end() :]}"
            yield site.to(new, "index", f"`{text}` stands where `{new}` belongs", 0)


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
    keys |= {rest for key in keys if (rest := _rest(key))}
    said = f"`[{own}]` does not belong here"
    if base not in (f"{site.numpy}.c_", f"{site.numpy}.r_"):  # which has no end
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
                its = [x for x in rows if x in parts]
                pairs = [f"{site.numpy}.arange(len({x}))" for x in its] if site.numpy else []
                for other in (*rows, *pairs, *ends):
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


def _rest(key: str) -> str:
    """What a slice leaves out: `:, n:` beside `:, :n`; nothing, where that is not one."""
    *before, last = key.split(", ")
    found = re.fullmatch(r"(:?)([\w.]+)(:?)", last)
    if found is None or found[1] == found[3]:
        return ""
    return ", ".join([*before, f"{found[3]}{found[2]}{found[1]}"])


def at_the_same(site: Site) -> Iterator[Edit]:
    """An item of another array, at the index at which its line stores, or at the last part of that;
    or an index as another of the line."""
    node, line = site.node, site.file.above(site.node, ast.stmt)
    target = getattr(line, "target", None) or [*getattr(line, "targets", ()), None][0]
    if not isinstance(target, ast.Subscript) or not isinstance(node, ATOMS):
        return
    own, key = site.text(), site.text(target.slice)
    said = "`{}` stands where `{}` belongs"
    if node is target:
        keys = (site.text(x.slice) for x in site.whole_lines() if isinstance(x, ast.Subscript))
        for other in dict.fromkeys(x for x in keys if x.startswith(f"{key}, ")):
            text = f"{site.text(node.value)}[{other}]"
            yield site.to(text, "index", said.format(own, text), 0.4)
    is_base = isinstance(site.parent, ast.Subscript) and site.parent.value is node
    if not is_load(node) or is_base or is_called(site):
        return
    whole = Site(site.pool, site.file, target).base_shapes()
    last = site.text(getattr(target.slice, "elts", [target.slice])[-1])
    rows = frozenset((kind, shape[-1:]) for kind, shape in whole)
    for shapes, index, rank in ((whole, key, 0.4), (rows, last, 0.8)):
        for atom in site.pool.like(site.file, node, shapes):
            text = f"{atom.text}[{index}]"
            if text != own and atom.text != site.text(target.value):
                yield site.to(text, "index", said.format(own, text), rank)


def picked(site: Site) -> Iterator[Edit]:
    """The items of a row of numbers that an array of indices picks, as one for each sample."""
    rows = is_load(site.node) and not is_called(site) and is_row(site.shapes())
    is_base = isinstance(site.parent, ast.Subscript) and site.parent.value is site.node
    for atom in site.atoms().values() if rows and not is_base else ():
        if atom.shapes and all(kind == "i" and len(s) == 1 for kind, s in atom.shapes):
            text = f"{site.text(tight=ATOM)}[{atom.text}]"
            said = f"`{site.text()}` stands where `{text}` belongs"
            yield site.to(text, "index", said, 0.7)


def of_columns(site: Site) -> Iterator[Edit]:
    """A row stands where a column belongs, or the other way round."""
    node = site.node
    if not isinstance(node, ast.Subscript) or {()} >= shapes_of(site.base_shapes()):
        return
    own = site.text(node.slice)
    parts = getattr(node.slice, "elts", [node.slice])
    is_column = len(parts) == 2 and own.startswith(":,")
    several = max(map(len, shapes_of(site.base_shapes()))) > 1
    if several and site.is_count(parts[-1]) and (is_column or len(parts) == 1):
        base = site.text(node.value, ATOM)
        text = f"{base}[{site.text(parts[1])}]" if is_column else f"{base}[:, {own}]"
        yield site.to(text, "index", f"`{site.text()}` stands where `{text}` belongs", 0.4)


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
    keys += [*ENDS, *(f":, {end}" for end in ENDS)] if site.pool.raises else []
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
        for sign in (">", "<", "<="):
            text = f"{base}[{atom.text} {sign} 0]"
            if text != site.text():
                said = f"`{site.text()}` stands where `{text}` belongs"
                yield site.to(text, "index", said, 1)


def inverted(site: Site) -> Iterator[Edit]:
    """The other ones of an array of truth values."""
    node = site.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        said = f"`{site.text()}` stands where `{site.text(node.operand)}` belongs"
        yield site.to(site.text(node.operand), "index", said, 0.2)
    elif is_load(node) and {kind for kind, shape in site.shapes() if shape} == {"b"}:
        said = f"`{site.text()}` stands where `~{site.text()}` belongs"
        yield site.to(f"~{site.text()}", "index", said, 0.2)


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
        text = site.pool.written(site.file, x)
        yield site.to(text, kind, f"{own!r} stands where {text} belongs", rank)
    if not isinstance(above, ast.keyword):
        for text in [*site.scalars(), *site.counts()]:
            yield site.to(text, "constant", f"{own!r} stands where `{text}` belongs", 0.9)
    if isinstance(above, ast.Call) and getattr(above.func, "attr", "") == "where":
        for atom in site.pool.within(site.file, node, site.shapes(above)):
            said = f"{own!r} stands where `{atom.text}` belongs"
            yield site.to(atom.text, "constant", said, 0.4)
    if isinstance(above, ast.Call) and getattr(above.func, "attr", "") == "clip":
        for x in above.args:
            if x is not node and isinstance(x, (ast.Constant, ast.UnaryOp)):
                text = site.text(x.operand) if isinstance(x, ast.UnaryOp) else f"-{site.text(x)}"
                yield site.to(text, "constant", f"{own!r} stands where {text} belongs", 0.2)
    is_first = isinstance(above, ast.BinOp) and above.left is node and is_factor(above)
    if is_first and isinstance(own, float):
        yield site.to(f"-{own!r}", "sign", "the sign is the wrong one", 0.3)
    if isinstance(above, (ast.Call, ast.keyword)):
        yield site.to(f"-{own!r}", "axis", f"{own!r} stands where -{own!r} belongs", 1)


WAYS = (
    another,
    unpacked,
    another_count,
    another_of_several,
    of_another,
    another_attribute,
    interchanged,
    shifted,
    all_shifted,
    formatted,
    sliced,
    at_the_same,
    picked,
    of_columns,
    unsliced,
    columned,
    masked,
    inverted,
    numbers,
)
