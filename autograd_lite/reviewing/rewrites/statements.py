"""Lines that change something else, stand elsewhere, or are missing."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Set
from functools import lru_cache
from itertools import islice, product, takewhile
from typing import Any

from ..apart import SHIFTS, between
from ..code import LOOPS
from ..fitting import shapes_of
from ..grammar import ATOMS, DEFINED, LEVELS, SIGNS, stored_in
from ..style import outline
from .site import Edit, Site, all_but_first, dedented, is_load, slopes, stem, under

FITTED = 20  # lines like one, with other arrays
NEAR = 4  # words in which lines differ that read nearly alike


def accumulated(site: Site) -> Iterator[Edit]:
    """`=` for `+=` and the other way, or another sign."""
    node = site.node
    if isinstance(node, ast.AugAssign) and type(node.op) in SIGNS:
        target, value = site.text(node.target), site.text(node.value)
        own = SIGNS[type(node.op)]
        if own in "+-" or shapes_of(site.shapes()) & shapes_of(site.shapes(node.value)):
            said = f"`{own}=` stands where `=` belongs"
            yield site.to(f"{target} = {value}", "overwritten", said, 0.1)
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
            alike = stem(atom.text) == stem(target) or isinstance(node.target, ast.Name)
            fits_in = shapes_of(atom.shapes) & shapes_of(site.shapes())
            if atom.text != target and alike and fits_in:
                said = f"`{target}` stands where `{atom.text}` belongs"
                yield site.to(f"{atom.text} {own}= {value}", "index", said, 1)
    elif isinstance(node, ast.Expr) and isinstance(node.value, (ast.BinOp, ast.Call)):
        op = getattr(node.value, "op", None)
        gives = any(kind == "f" for kind, _ in site.shapes(node.value))
        sign = SIGNS.get(type(op), "")
        if isinstance(node.value, ast.BinOp) and sign and isinstance(node.value.left, ATOMS):
            text = f"{site.text(node.value.left)} {sign}= {site.text(node.value.right)}"
            yield site.to(text, "overwritten", f"`{sign}=` is meant: the result is lost", 0.1)
        given = getattr(node.value, "args", ())
        for name in [x.id for x in given if isinstance(x, ast.Name)] if gives else ():
            said = f"its result is lost: `{name} =` is missing"
            yield site.to(f"{name} = {site.text()}", "overwritten", said, 0.4)
        stored = {name for x in _assignments(site) for name in stored_in(x)}
        for atom in site.pool.like(site.file, node, site.shapes(node.value)):
            if atom.text in stored:
                said = f"its result is lost: `{atom.text} +=` is missing"
                yield site.to(f"{atom.text} += {site.text()}", "missing-term", said, 0.4)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = site.text(node.targets[0]), site.text(node.value)
        if not isinstance(node.value, (ast.Tuple, ast.Dict, ast.List)):
            if isinstance(node.targets[0], ast.Subscript):
                yield from _added_at(site, node.targets[0], "+", value)
                for n in site.scalars():
                    said = f"`= {value}` stands where `*= {n}` belongs"
                    yield site.to(f"{target} *= {n}", "overwritten", said, 1)
            for name in _read_of_its_shape(site):
                said = f"`{target}` stands where `{name}` belongs"
                yield site.to(f"{name} = {value}", "index", said, 0.9)
            whole = node.value
            op = SIGNS.get(type(getattr(whole, "op", None)))
            if isinstance(whole, ast.BinOp) and op and site.text(whole.left) == target:
                text = f"{target} {op}= {site.text(whole.right)}"
                said = f"`{target}` becomes another array: the one that was given stays as it was"
                yield site.to(text, "overwritten", said, 0.6)
            said = "`=` stands where `{}=` belongs: what was there is lost"
            its = site.pool.notes.at(site.file, node.value)
            if its and not any(note.norm for note in its):
                return  # it begins there
            for sign, rank in (("+", 0.2), ("-", 0.5), ("*", 0.6)):
                yield site.to(f"{target} {sign}= {value}", "overwritten", said.format(sign), rank)


def _read_of_its_shape(site: Site) -> list[str]:
    """The names that a statement stores elsewhere than it reads them, of the shape of its value."""
    node, own = site.node, shapes_of(site.shapes(site.node.value)) - {()}
    names = [x for x in ast.walk(node.value) if isinstance(x, ast.Name)]
    some = {x.id for x in names if own and shapes_of(site.shapes(x)) == own}
    return sorted(some) if isinstance(node.targets[0], ast.Subscript) else []


def _added_at(site: Site, target: Any, sign: str, value: str) -> Iterator[Edit]:
    """Stored through `np.add.at`, for an index may be there twice."""
    if np_ := site.numpy:
        key = site.text(target.slice)
        if isinstance(target.slice, ast.Tuple):
            parts = ["slice(None)" if (x := site.text(y)) == ":" else x for y in target.slice.elts]
            key = f"({', '.join(parts)})"
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


def chained(site: Site) -> Iterator[Edit]:
    """One array that is given two names: each has its own."""
    node = site.node
    if not isinstance(node, ast.Assign) or len(node.targets) != 2:
        return
    (a, b), value = map(site.text, node.targets), site.text(node.value)
    x, y, _ = between(a, b)
    names, _ = site.pool.families(site.file, node)
    others = [_renamed(value, x, y, names)] if x and y else []
    for other in dict.fromkeys([*others, value]):
        said = f"`{a}` and `{b}` are one array"
        yield site.to(f"{a}, {b} = {value}, {other}", "overwritten", said, 0.4)


def repeated(site: Site) -> Iterator[Edit]:
    """One list that stands several times in another: each is a list of its own."""
    for x in ast.walk(site.node) if isinstance(site.node, ast.Assign) else ():
        if isinstance(x, ast.BinOp) and isinstance(x.op, ast.Mult) and isinstance(x.left, ast.List):
            inner = x.left.elts[0] if len(x.left.elts) == 1 else None
            if inner is not None and not isinstance(inner, (ast.Constant, ast.Name)):
                text = f"[{site.text(inner)} for _ in range({site.text(x.right)})]"
                said = f"`{site.text(x)}` is one list several times"
                yield Edit(site.file, ((x, text),), "overwritten", said, 0.3)


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
    function = site.file.above(site.node, DEFINED)
    target = getattr(site.node, "target", None) or site.node.targets[0]
    names = {arg.arg for arg in function.args.args} if function is not None else set()
    return target.id if isinstance(target, ast.Name) and target.id in names else ""


def moved(site: Site) -> Iterator[Edit]:
    """The statement belongs later, or earlier, or out of the loop."""
    node = site.node
    if isinstance(node, ast.Return) and isinstance(site.parent, LOOPS) and len(site.block) > 1:
        loop = site.parent
        theirs = dedented(site, loop).replace(f"\n{_line(site, node)[:-1]}", "", 1)
        said = "this line belongs after the loop"
        new = f"{theirs}\n{dedented(site, node)}"
        yield Edit(site.file, ((loop, new),), "overwritten", said, 0.3)
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
        theirs = dedented(site, other)
        new = f"{theirs}\n{text}" if j > i else f"{text}\n{theirs}"
        said = f"this line stands too {'early' if j > i else 'late'}"
        changes = ((node, ""), (other, new))
        far = 0.3 if j > i and _is_read(site, stored_in(node), other) else 1
        yield Edit(site.file, changes, "stale", said, far + 0.01 * abs(j - i))
    if i and isinstance(block[i - 1], LOOPS):
        yield _into(site, block[i - 1])
    if isinstance(node, ast.Assign) and isinstance([*block, None][i + 1], LOOPS):
        yield _into(site, block[i + 1], first=True)
    loop = site.file.above(site.parent, LOOPS)
    if loop is not None and loop is site.parent and len(block) > 1:
        theirs = dedented(site, loop).replace(_line(site, node), "", 1)
        for after in (False, True):
            new = f"{theirs}\n{text}" if after else f"{text}\n{theirs}"
            said = f"this line belongs {'after' if after else 'before'} the loop"
            yield Edit(site.file, ((loop, new),), "overwritten", said, 1.2)


def _into(site: Site, loop: Any, first: bool = False) -> Edit:
    """The statement at the end of a loop that stands before it, or where one after it begins."""
    indent = " " * (loop.body[-1].col_offset - loop.col_offset)
    own = [indent + line for line in dedented(site, site.node).split("\n")]
    theirs = dedented(site, loop).split("\n")
    at = loop.body[0].lineno - loop.lineno if first else len(theirs)
    changes = ((site.node, ""), (loop, "\n".join([*theirs[:at], *own, *theirs[at:]])))
    return Edit(site.file, changes, "overwritten", "this line belongs into the loop", 0.5)


def _is_read(site: Site, names: list[str], statement: Any) -> bool:
    """Does a statement read something that has one of some names?"""
    loads = (x for x in ast.walk(statement) if isinstance(getattr(x, "ctx", None), ast.Load))
    return any(site.text(x) in names for x in loads)


def _line(site: Site, node: Any) -> str:
    """A statement as it stands in the text of the block around it, with its line's end."""
    loop = site.parent
    indent = " " * (node.col_offset - loop.col_offset)
    return f"{indent}{dedented(site, node)}\n".replace("\n", f"\n{indent}")[: -len(indent)]


def _then(site: Site, line: str, kind: str, said: str, rank: float, after: Any = None) -> Edit:
    """The statement, or another, with a line after it."""
    node = site.node if after is None else after
    return Edit(site.file, ((node, f"{dedented(site, node)}\n{line}"),), kind, said, rank)


def unstored(site: Site) -> Iterator[Edit]:
    """What this line stores is missing at an index at which another line stores."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or "\n" in site.text():
        return
    own = _target(node)
    sign = f"{SIGNS.get(type(node.op), '+')}=" if isinstance(node, ast.AugAssign) else "="
    for x in _assignments(site) if isinstance(own, ast.Subscript) else ():
        target = _target(x) if type(x) is type(node) else None
        if isinstance(target, ast.Subscript) and site.text(target.slice) != site.text(own.slice):
            item = f"{site.text(own.value)}[{site.text(target.slice)}]"
            line = f"{item} {sign} {site.text(node.value)}"
            lines = [line, dedented(site, x)]
            both = "\n".join(lines[:: -1 if _in_place(x) else 1])
            said = f"a line is missing: `{line}`"
            yield Edit(site.file, ((x, both),), "missing-term", said, 1 if _in_place(x) else 1.3)


def missing(site: Site) -> Iterator[Edit]:
    """A line like this one is missing, with what tells its names from others changed."""
    node, text = site.node, site.text()
    if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)) or "\n" in text:
        return
    names, families = site.pool.families(site.file, node)
    lines = _assignments(site)
    surroundings = _Surroundings(site, lines)
    texts = {site.file.segment(x) for x in lines}
    stored = {site.file.segment(x.targets[0]) for x in lines if isinstance(x, ast.Assign)}
    for old, new in families:
        other = re.sub(r"^([\w.]+) = \1 = ", r"\1 = ", _renamed(text, old, new, names))
        target, _, value = other.partition(" = ")
        several = re.findall(r"[^\s,()]+", target)
        if other in (text, *texts) or len({*several}) < len(several) or " = " in value:
            continue  # it is there, or gives two names to one thing, or one to two
        goes_on = isinstance(node, ast.AugAssign) or value.startswith(target)
        if target in stored and not goes_on:
            continue  # then the line is not missing, but wrong
        said = f"a line is missing: `{other}`"
        for x, both, far in surroundings.with_line(other, old, new, names):
            rank = (0.4 if goes_on else 1) + far
            yield Edit(site.file, ((x, both),), "missing-term", said, rank)


class _Surroundings:
    """How a line stands among others, for one like it stands so among theirs.

    `together`: lines of its kind are next to it. `in_pairs`: it belongs to the line above it.
    `in_groups`: so do those around it, and what is alike is not one below the other. `last`: by
    names, the lines that store there last.
    """

    def __init__(self, site: Site, lines: list[Any]) -> None:
        self.site, self.lines = site, lines
        block = site.block
        i = block.index(site.node)
        own, around = outline(site.text()), (*block[max(i - 1, 0) : i], *block[i + 1 : i + 2])
        self.above = block[i - 1] if i else None
        self.text_above = site.file.segment(self.above) if i else ""
        self.together = own in (outline(site.file.segment(x)) for x in around)
        self.in_pairs = not self.together or outline(self.text_above) == own
        kinds = [outline(site.file.segment(x)) for x in block[max(i - 2, 0) : i]]
        self.in_groups = len({*kinds}) == len(kinds)
        self.last = {name: x for x in sorted(lines, key=_begins) for name in stored_in(x)}
        loops = [x for x in site.pool.scope(site.file, site.node) if isinstance(x, ast.For)]
        self.loops = loops if isinstance(self.above, ast.For) else []  # it stands below one

    def with_line(
        self, other: str, old: str, new: str, names: Set[str]
    ) -> Iterator[tuple[Any, str, float]]:
        """A line like it, with `new` for `old` in its names, above or below each other line or
        loop: that, both, and how far-fetched the place is."""
        above = _renamed(self.text_above, old, new, names)
        stored = [_renamed(name, old, new, names) for name in stored_in(self.above)[:1]]
        follows = self.in_pairs and above != self.text_above
        for x in (*self.lines, *self.loops):
            own, line = dedented(self.site, x), _of_loop(self.site, x, other)
            after, first = f"{own}\n{line}", f"{line}\n{own}"
            orders = (first, after) if old > new or old == "-" else (after, first)
            alike = _nearly(above, own) or (self.in_groups and x is self.last.get("".join(stored)))
            belongs = follows and alike and stored_in(x)[:1] == stored != []
            for j, both in enumerate((after,) if x in self.loops else orders):
                far = 0.6 if x is not self.site.node else -0.15 * self.together
                yield x, both, 0.05 * j + (-0.2 if belongs and both is after else far)


def _begins(statement: Any) -> int:
    return int(statement.lineno)


def _of_loop(site: Site, there: Any, line: str) -> str:
    """A line as it reads in another loop, that has another variable."""
    loops = (site.file.above(site.file.parent[x], ast.For) for x in (site.node, there))
    own, other = (getattr(getattr(loop, "target", None), "id", "") for loop in loops)
    return re.sub(rf"\b{own}\b", other, line) if own and other else line


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
    if isinstance(target, ast.Subscript) and site.pool.is_list(site.file, node, target.value):
        return  # it would grow without end
    loop = site.file.above(node, ast.For)
    if loop and isinstance(target, ast.Subscript) and _names(loop.target) & _names(target.slice):
        return  # of the others, it would be changed in each round
    name = site.text(target.value if isinstance(target, ast.Subscript) else target)
    shapes = site.shapes() if in_place else site.shapes(node.value)
    if not shapes_of(shapes) - {()} or not any(kind == "f" for kind, _ in shapes):
        return

    def line(text: str, kind: str, rank: float) -> Edit:
        return _then(site, text, kind, f"a line is missing: `{text}`", rank)

    for key in ("0", ":, 0")[: max(len(s) for s in shapes_of(shapes))]:
        yield line(f"{name}[{key}] = 0", "factor", 1)  # as of a bias, which has no penalty
    compared = site.pool.is_only_compared(site.file, node, name)
    if not compared:
        yield line(f"{name}[{name} > 0] = 1", "missing-derivative", 1.2)
    if in_place and not compared:
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
            for other in slopes(site, atom.text):
                yield line(f"{name} *= {other}", "missing-derivative", 1.2)
    for atom in site.atoms().values():
        if _picks(atom.shapes, shapes):
            for sign in ("~", ""):
                yield line(f"{name}[{sign}{atom.text}] = 0", "missing-derivative", 1)
    keys = site.pool.keys(site.file, node, shapes)
    for key in keys:
        yield line(f"{name}[{key}] -= 1", "loss-derivative-skipped", 0.9)


def _picks(some: Any, shapes: Any) -> bool:
    """Are there truth values that tell some of the first axes of an array apart?"""
    wholes = shapes_of(shapes)
    return bool(some) and all(
        kind == "b" and part and any(whole[: len(part)] == part for whole in wholes)
        for kind, part in some
    )


def unbiased(site: Site) -> Iterator[Edit]:
    """A penalty is added to all, and not to all but the first, which is of the bias."""
    node = site.node
    if not isinstance(node, ast.AugAssign) or isinstance(node.target, ast.Subscript):
        return
    target = site.text(node.target)
    shapes = shapes_of(site.shapes())
    its = [x for x in site.whole_lines() if is_load(x) and shapes_of(site.shapes(x)) & shapes]
    for axis in range(max(map(len, shapes), default=0)) if len(its) == 1 else ():
        key = all_but_first(axis)
        changes = (node.target, f"{target}{key}"), (its[0], f"{site.text(its[0])}{key}")
        said = f"`{target}` belongs with `{key}`: the bias has no penalty"
        yield Edit(site.file, changes, "index", said, 0.7)


def unlisted(site: Site) -> Iterator[Edit]:
    """A loop goes through some of what begins as zeros, and not through all."""
    node = site.node
    several = getattr(node, "iter", None)
    if not isinstance(several, (ast.Tuple, ast.List)):
        return
    own = [site.text(x) for x in several.elts]
    begun = [*_begun(site)]
    for some in (begun, *([x] for x in begun)) if {*own} <= {*begun} else ():
        lost = [x for x in some if x not in own]
        if lost:
            text = ", ".join([*own, *sorted(lost)]) + "," * (not own and len(lost) == 1)
            text = f"[{text}]" if isinstance(several, ast.List) else f"({text})"
            said = f"`{', '.join(lost)}` {'is' if len(lost) == 1 else 'are'} missing"
            rank = 0.3 if some is begun else 0.5
            yield Edit(site.file, ((several, text),), "missing-term", said, rank)


def after_loop(site: Site) -> Iterator[Edit]:
    """After a loop that adds up, a line is missing that divides what it comes to."""
    node = site.node
    if not isinstance(node, ast.For) or site.file.above(site.parent, LOOPS):
        return
    sums = [x.target for x in ast.walk(node) if isinstance(x, ast.AugAssign)]
    names = [x.value if isinstance(x, ast.Subscript) else x for x in sums]
    for name in dict.fromkeys(
        site.text(x) for x in names if isinstance(x, (ast.Name, ast.Attribute))
    ):
        block = site.block
        below = block[block.index(node) + 1 :]
        last = [node, *takewhile(_in_place, below)][-1]
        for n in [*site.counts(), *site.scalars()]:
            line = f"{name} /= {n}"
            alike = [x for x in below if site.text(x).endswith(f" /= {n}")]
            rank, there = (0.4, alike[0]) if alike else (0.9, last)
            yield _then(site, line, "factor", f"a line is missing: `{line}`", rank, there)


def _target(statement: Any) -> Any:
    return getattr(statement, "target", None) or statement.targets[0]


def _in_place(statement: Any) -> bool:
    return isinstance(statement, ast.AugAssign)


def unlike(site: Site) -> Iterator[Edit]:
    """The line reads otherwise than one like it."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or "\n" in site.text():
        return
    own = stored_in(node)
    if len(own) != 1:
        return
    begins = re.compile(rf"{re.escape(own[0])}(\[.*?\])? [^=]?=")
    names, families = site.pool.families(site.file, node)
    for line in _assignments(site):
        text = site.file.segment(line)
        if line is node or "\n" in text:
            continue
        for old, new in families:
            other = _renamed(text, old, new, names)
            if other not in (text, site.text()) and begins.match(other):
                said = f"another line reads otherwise: `{text}`"
                yield site.to(other, "operands", said, 0.3 if _nearly(site.text(), other) else 0.8)


def _nearly(a: str, b: str) -> bool:
    """Do two lines differ in few words?"""
    x, y = (Counter(re.findall(r"\w+|\S", text)) for text in (a, b))
    return ((x - y) | (y - x)).total() <= NEAR


def _assignments(site: Site) -> list[Any]:
    scope = site.pool.scope(site.file, site.node)
    return [x for x in scope if isinstance(x, (ast.Assign, ast.AugAssign))]


@lru_cache(maxsize=100_000)
def _renamed(text: str, old: str, new: str, names: Set[str]) -> str:
    """A text with names in the place of others that differ in a number, or in letters."""
    if old in SHIFTS:

        def shifted(found: re.Match[str]) -> str:
            name = re.sub(r"\d+", lambda n: str(int(n[0]) + SHIFTS[old]), found[0])
            return name if name in names else found[0]

        return re.sub(r"[A-Za-z_]\w*", shifted, text)
    if not old:
        return re.sub(r"[A-Za-z_]\w*", lambda n: n[0] + new * (n[0] + new in names), text)
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
    in_loop = site.file.above(site.parent, LOOPS) is not None
    zeros, parts = _zeros(site)
    if not later or not isinstance(later[0], (ast.Assign, ast.AugAssign)):
        sums = [x for x in block if isinstance(x, ast.AugAssign)]
        for target, shape in zeros.items():
            for text in _made_of(site, shape):
                said = f"nothing is stored in `{target}`: a line is missing"
                names = _names(ast.parse(text)) & {*site.atoms()}
                beside = max(sums, key=lambda x: len(names & _names(x.value)), default=node)
                for op in ("+=", "=") if in_loop else ("+=",):
                    line = f"{target} {op} {text}"
                    yield _then(site, line, "missing-term", said, 0.8, beside)
        for target, text in _of_lists(site):
            line = f"{target} += {text}"
            said = f"nothing is added to `{target}`: a line is missing"
            yield _then(site, line, "missing-term", said, 0.8)
    for target, shape in parts.items():
        for text in _products(site, shape):
            line = f"{target} += {text}"
            said = f"a line is missing: `{line}`"
            yield _then(site, line, "missing-term", said, 1.6)


def unadded(site: Site) -> Iterator[Edit]:
    """A line is missing that adds something at an index at which another one does."""
    node = site.node
    if not isinstance(node, ast.AugAssign) or not isinstance(node.target, ast.Subscript):
        return
    key = site.text(node.target.slice)
    block = site.block
    filled = {site.text(x.target) for x in block if isinstance(x, ast.AugAssign)}
    near = {name for x in block for name in stored_in(x)}
    sign = SIGNS.get(type(node.op), "+")
    if sign not in "+-" or not site.is_count(node.target.slice):
        return
    changed = {name for x in _assignments(site) for name in stored_in(x) if _in_place(x)}
    for name, shape in _begun(site).items():
        if f"{name}[{key}]" in filled:
            continue
        rank = 0.9 if name in changed else 0.4
        for atom in site.atoms().values():
            if atom.text in near and shape[1:] in shapes_of(atom.shapes) and atom.text != name:
                line = f"{name}[{key}] {sign}= {atom.text}"
                said = f"a line is missing: `{line}`"
                made = [x for x in block if stored_in(x) == [atom.text]]
                later = [x for x in made if block.index(x) > block.index(node)]
                yield _then(site, line, "missing-term", said, rank, later[-1] if later else node)


def neglected(site: Site) -> Iterator[Edit]:
    """A line like this one, which changes something, is missing for what begins as that does."""
    node = site.node
    if not isinstance(node, ast.AugAssign) or "\n" in site.text():
        return
    (own, *_), lines = (*stored_in(node), ""), _assignments(site)
    begun = {
        name: (outline(site.text(value)), shapes_of(site.shapes(value)))
        for x in lines
        for target, value in _pairs(x)
        for name in stored_in(ast.Assign([target], value))
    }
    changed = {name for x in lines if _in_place(x) for name in stored_in(x)}
    loops = [x for x in site.pool.scope(site.file, node) if isinstance(x, ast.For)]
    beside = site.file.block(site.parent) if site.parent in loops else []
    last = [node, *(x.body[-1] for x in loops)]
    texts = {site.text(x) for x in lines}
    for name, (how, shapes) in begun.items():
        if name == own or own not in begun or how != begun[own][0]:
            continue
        rank = 0.9 if name in changed else 0.5
        for old, new in product(begun[own][1], shapes):
            for text in _fitted(site, own, name, old, new):
                for x in last:
                    line = _of_loop(site, x, text)
                    said = f"a line is missing: `{line}`"
                    far = 0.1 * (x is not node and site.file.parent[x] not in beside)
                    if line not in texts:
                        yield _then(site, line, "missing-term", said, rank + far, x)


def _fitted(
    site: Site, own: str, name: str, old: tuple[int, ...], new: tuple[int, ...]
) -> Iterator[str]:
    """A line with another name for what it changes, and arrays that fit that in places of others
    that have lengths of the first."""
    lengths = dict(zip(old, new))
    if len(old) != len(new) or any(lengths[a] != b for a, b in zip(old, new)):
        return
    atoms = site.atoms()
    read = {x.id for x in ast.walk(site.node.value) if isinstance(x, ast.Name)} - {own}
    ways = []
    for text in sorted(x for x in read if x in atoms and atoms[x].is_array):
        (shape, *others) = shapes_of(atoms[text].shapes)
        wanted = tuple(lengths.get(n, n) for n in shape)
        plain = (a for a in atoms.values() if a.text.isidentifier() and a.text not in (own, name))
        fit = [a.text for a in plain if not others and wanted in shapes_of(a.shapes)]
        ways.append([(text, other) for other in fit])
    for pairs in islice(product(*ways), FITTED):
        words = {own: name, **dict(pairs)}
        split = re.split(r"([A-Za-z_]\w*)", site.text())
        yield "".join(words.get(word, word) for word in split)


def unpenalized(site: Site) -> Iterator[Edit]:
    """A line is missing that adds the derivative of a penalty, whose weight is never read."""
    node = site.node
    atoms = site.atoms()
    unread = (*site.pool.unused(site.file, node), *site.pool.unread_attributes)
    weights = [x for x in unread if x in atoms and atoms[x].shapes == {("f", ())}]
    if not weights or not isinstance(node, (ast.Assign, ast.AugAssign)):
        return
    value = node if isinstance(node, ast.AugAssign) else node.value
    for target, weight in product(stored_in(node), weights):
        for of in site.pool.like(site.file, node, site.shapes(value)):
            term = f"{weight} * {of.text}"
            for text in (term, f"2 * {term}", *(f"{term} / {n}" for n in site.counts())):
                line = f"{target} += {text}"
                said = f"`{weight}` is never read: a line is missing, `{line}`"
                yield _then(site, line, "missing-term", said, 0.7)


def _names(node: ast.AST) -> set[str]:
    return {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}


def _of_lists(site: Site) -> Iterator[tuple[str, str]]:
    """Items of lists of zeros that nothing is added to, and what may be."""
    lists = {
        name: shapes_of(site.shapes(x.value.elt))
        for x in _assignments(site)
        if isinstance(x, ast.Assign) and isinstance(x.value, ast.ListComp)
        if _is_zeros(site, x.value.elt)
        for name in stored_in(x)
    }
    filled = [x.target for x in _assignments(site) if isinstance(x, ast.AugAssign)]
    items = [x for x in filled if isinstance(x, ast.Subscript)]
    for key, name in product(dict.fromkeys(site.text(x.slice) for x in items), lists):
        if all(site.text(x.value) != name for x in items):
            for a in site.atoms().values():
                if shapes_of(a.shapes) & lists[name] and a.text.endswith(f"[{key}]"):
                    yield f"{name}[{key}]", a.text


def unlooped(site: Site) -> Iterator[Edit]:
    """A line is missing that takes the item of each round, as one before the loop takes an item."""
    node = site.node
    if not isinstance(node, ast.For) or not isinstance(node.target, ast.Name):
        return
    inside = [x for y in node.body for x in ast.walk(y) if isinstance(x, ast.Name)]
    bound = {x.id for x in inside if isinstance(x.ctx, ast.Store)}
    read = {x.id for x in inside} - bound
    first, block = node.body[0], site.block
    for line in block[: block.index(node)]:
        item = line.value if isinstance(line, ast.Assign) and len(line.targets) == 1 else None
        if isinstance(item, ast.Subscript) and stored_in(line)[:1] and stored_in(line)[0] in read:
            other = f"{site.text(line.targets[0])} = {site.text(item.value)}[{node.target.id}]"
            both = f"{other}\n{dedented(site, first)}"
            said = f"a line is missing: `{other}`"
            yield Edit(site.file, ((first, both),), "missing-term", said, 0.6)


def unread(site: Site) -> Iterator[Edit]:
    """What a line makes is never read: a line is missing that adds it up."""
    node = site.node
    made = stored_in(node) if isinstance(node, ast.Assign) else []
    unused = [name for name in site.pool.unused(site.file, node) if name in made]
    if not unused:
        return
    for name, other in product(unused, _assignments(site)):
        if line := _under_its_name(site, name, other):
            said = f"`{name}` is never read: a line is missing, `{line}`"
            yield _then(site, line, "missing-term", said, 0.3, other)
    atoms = site.atoms()
    simple = (ast.Assign, ast.AugAssign, ast.Expr)
    last = next(x for x in reversed(site.block) if isinstance(x, simple))
    sums = {x for y in _assignments(site) for x in stored_in(y)}
    indices = [a for a in atoms.values() if a.shapes and all(k == "i" for k, _ in a.shapes)]
    for name, target in product(unused, sorted((sums & {*atoms}) - {*unused})):
        for (_, part), (kind, whole) in product(atoms[name].shapes, atoms[target].shapes):
            lines = [f"{target} += {name}"] if kind == "f" and part == whole else []
            for index in indices if kind == "f" and whole else ():
                for _, several in index.shapes:
                    if len(several) < 2 and part == (*several, *whole[1:]):
                        np_ = site.numpy if several else ""
                        add = f"{np_}.add.at({target}, {index.text}, {name})"
                        lines.append(add if np_ else f"{target}[{index.text}] += {name}")
            keys: list[str] = []
            if kind == "f" and len(whole) == 2 and part == whole[:1]:
                keys = site.pool.keys(site.file, node, frozenset({(kind, whole)}))
            stores = [f"{target}[{key}] {op}{name}" for key in keys for op in ("= -", "= ", "-= ")]
            for line in dict.fromkeys([*lines, *stores]):
                said = f"`{name}` is never read: a line is missing, `{line}`"
                yield _then(site, line, "missing-term", said, 0.7, last if line in lines else node)


def _under_its_name(site: Site, name: str, other: Any) -> str:
    """A line that stores something in a dict, as another does: `g["b"] = db`, as `g["W"] = dW`."""
    target: Any = other.targets[0] if isinstance(other, ast.Assign) else None
    if not isinstance(target, ast.Subscript):
        return ""
    key = under(site, target.slice, site.text(other.value), name)
    return key and f"{site.text(target.value)}[{key}] = {name}"


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
                    yield site.pool.style.product(site.numpy, f"{a.text}.T", b.text)
                if s[1] == r[1] and (s[0], r[0]) == shape:
                    yield site.pool.style.product(site.numpy, a.text, f"{b.text}.T")
            elif len(s) == len(r) == 1 and (*s, *r) == shape:
                yield f"{np_}.outer({a.text}, {b.text})"


def _begun(site: Site) -> dict[str, tuple[int, ...]]:
    """The names that begin as zeros, and their shapes."""
    return {
        name: shape
        for x in _assignments(site)
        for target, value in _pairs(x)
        if isinstance(target, (ast.Name, ast.Attribute)) and _is_zeros(site, value)
        for name in [ast.unparse(target)]
        for shape in shapes_of(site.shapes(value)) - {()}
    }


def _pairs(statement: Any) -> list[tuple[Any, Any]]:
    """What a statement assigns, and to what: of tuples, their elements."""
    if not isinstance(statement, ast.Assign):
        return []
    target, value = statement.targets[0], statement.value
    if not isinstance(target, (ast.Tuple, ast.List)):
        return [(target, value)]
    several = getattr(value, "elts", [])
    return [*zip(target.elts, several)] if len(target.elts) == len(several) else []


def _is_zeros(site: Site, value: Any) -> bool:
    """Does a value begin as zeros?"""
    return "zeros" in site.file.segment(value)[:14]


def _kept(value: Any) -> list[Any]:
    """The values of a dict, as it is written."""
    if isinstance(value, ast.Dict):
        return value.values
    return [value.value] if isinstance(value, ast.DictComp) else []


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
        for target, value in _pairs(x):
            if isinstance(target, ast.Subscript):
                changed.add(ast.unparse(target.value))
            elif any(_is_zeros(site, x) for x in _kept(value)):
                found |= site.pool.items(site.file, site.node, ast.unparse(target))
            elif not _is_zeros(site, value):  # it becomes something else, later or in the next pass
                changed.add(ast.unparse(target))
            else:
                shapes = shapes_of(site.shapes(value)) - {()}
                found.update((ast.unparse(target), shape) for shape in shapes)
        if isinstance(x, ast.AugAssign):
            changed.add(ast.unparse(x.target))
            if isinstance(x.target, ast.Subscript):
                changed.add(ast.unparse(x.target.value))
    stored = {name: shape for name, shape in found.items() if name not in changed}
    parts = {text: shape for text, shape in parts.items() if text.split("[")[0] in found}
    return stored, parts


WAYS = (
    accumulated,
    exchanged,
    chained,
    repeated,
    left_out,
    moved,
    unstored,
    missing,
    unlike,
    rescaled,
    unbiased,
    unlisted,
    after_loop,
    never_added,
    unadded,
    neglected,
    unlooped,
    unread,
    unpenalized,
)
