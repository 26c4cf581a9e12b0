"""An edit, and where it is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from ..code import File
from ..fitting import Atom, is_count, shapes_of
from ..grammar import ATOM, ATOMS, DEFINED, LEVELS, SCOPE, appended_by, expressions, level
from ..pool import Pool

ADD, MULTIPLY, POWER = (LEVELS[op] for op in (ast.Add, ast.Mult, ast.Pow))

LONGEST = 1_000  # numbers of a row of which a matrix may be made
SLOPES = ("(1 - {0} ** 2)", "{0} * (1 - {0})", "({0} > 0)")  # of common activations


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

    @property
    def key(self) -> tuple[tuple[int, str], ...]:
        """The same for edits that change the same."""
        return tuple((id(node), text) for node, text in self.changes)

    @property
    def added(self) -> str:
        """The line that it puts before or after a statement; nothing if it does something else."""
        node, text = self.changes[0]
        if not isinstance(node, ast.stmt) or "\n" not in text:
            return ""
        old, new = ([x.strip() for x in t.split("\n")] for t in (self.file.segment(node), text))
        return new[-1] if new[:-1] == old else new[0] if new[1:] == old else ""


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

    def sums(self) -> list[str]:
        """The sums of rows of numbers that its function is given, as of weights."""
        scope = self.file.above(self.node, SCOPE)
        names = [x.arg for x in scope.args.args] if isinstance(scope, DEFINED) else []
        atoms = self.atoms()
        rows = [x for x in names if x in atoms and is_row(atoms[x].shapes)]
        return [self.pool.style.sum(self.numpy, x) for x in rows]

    def columns(self) -> list[str]:
        """The rows of numbers in scope, as columns, that fit it so; and what another array of its
        shape is with more axes."""
        lengths = {shape[0] for shape in shapes_of(self.shapes()) if len(shape) == 2}
        rows = (a for a in self.atoms().values() if is_row(a.shapes))
        found = [f"{a.text}[:, None]" for a in rows if {s[0] for _, s in a.shapes} <= lengths]
        items = (x for x in self.pool.scope(self.file, self.node) if isinstance(x, ast.Subscript))
        for x in items:
            if "None" in (key := self.text(x.slice)) and is_load(x):
                fits = shapes_of(self.shapes(x)) & _spread(self.shapes())
                like = self.pool.like(self.file, self.node, self.shapes(x.value)) if fits else ()
                found += [f"{a.text}[{key}]" for a in like]
        return [*dict.fromkeys(found)]

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
        yield from expressions(self.file.above(self.node, ast.stmt))

    @property
    def parent(self) -> Any:
        return self.file.parent[self.node]

    @property
    def is_whole(self) -> bool:
        """Is it all that a statement assigns, returns or appends, or an element of that?"""
        if isinstance(getattr(self.node, "ctx", None), ast.Store):
            return False
        above = self.parent
        while isinstance(above, (ast.Tuple, ast.Dict, ast.keyword, ast.List, ast.ListComp)):
            above = self.file.parent[above]
        if isinstance(above, ast.Call):
            return appended_by(self.file.parent[above]) is not None
        return isinstance(above, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign, ast.Lambda))

    @property
    def is_term(self) -> bool:
        """Is it what is added or subtracted?"""
        return isinstance(self.parent, ast.BinOp) and isinstance(self.parent.op, (ast.Add, ast.Sub))

    def is_count(self, node: Any = None) -> bool:
        """Is it a whole number, as an index?"""
        return is_count(self.shapes(node))

    def base_shapes(self) -> Any:
        """Those of what an item is of; where that is stored in, of what its statement makes, or, if
        that raises, of what stands there."""
        own = self.node.value
        found = self.shapes(own) or self.shapes(self.file.above(self.node, ast.stmt))
        atom = None if found else self.atoms().get(self.text(own))
        return atom.shapes if atom is not None else found

    @property
    def is_handed_on(self) -> bool:
        """Is it handed to a function of the user's?"""
        above = self.parent
        return isinstance(above, ast.Call) and self.pool.calls_one(above)

    def has_end(self, node: Any) -> bool:
        """Is it an array, or a list, as far as is known?"""
        if any(kind for kind, _ in self.shapes(node)):
            return True
        if isinstance(node, ast.Call):
            return ast.unparse(node.func) in ("range", "list")
        return ast.unparse(node) in self.pool.lists

    def is_object(self, node: Any) -> bool:
        """Is it one of several things that have attributes, and no array or module?"""
        if not isinstance(node, (ast.Name, ast.Attribute)) or any(k for k, _ in self.shapes(node)):
            return False
        return self.text(node) not in (self.numpy, "self")

    def objects(self) -> list[str]:
        """The objects in scope of which attributes are read."""
        some = (x for x in self.pool.scope(self.file, self.node) if isinstance(x, ast.Attribute))
        return [*dict.fromkeys(self.text(x.value) for x in some if self.is_object(x.value))]

    def everywhere(self, text: str, kind: str, said: str, rank: float) -> Iterator[Edit]:
        """Something else in all places of what its line has several times: once."""
        statement = self.file.above(self.node, ast.stmt)
        its = self.pool.repeated(statement).get(ast.unparse(self.node), [])
        if its and its[0] is self.node:
            yield Edit(self.file, tuple((x, text) for x in its), kind, said, rank)

    def to(self, text: str, kind: str, said: str, rank: float) -> Edit:
        return Edit(self.file, ((self.node, text),), kind, said, rank)


def _spread(shapes: Any) -> set[tuple[int, ...]]:
    """The shapes that broadcast to some, of as many axes: with 1 in the place of some lengths."""
    return {x for s in shapes_of(shapes) for x in product(*((n, 1) for n in s))}


def all_but_first(axis: int) -> str:
    """The key of all rows but the first, or of all columns, …"""
    return f"[{':, ' * axis}1:]"


def dedented(site: Site, node: Any) -> str:
    """A statement's text, as it would stand at the beginning of a line."""
    lines = site.file.segment(node).split("\n")
    indent = " " * node.col_offset
    return "\n".join([lines[0], *(x.removeprefix(indent) for x in lines[1:])])


def under(site: Site, key: Any, text: str, new: str) -> str:
    """The key of something new, as a key is that of a text: "b" of `db`, as "W" is of `dW`."""
    word = getattr(key, "value", None)
    if not word or not isinstance(word, str):
        return ""
    before, found, after = text.partition(word)
    if not found or after or not new.startswith(before):
        return ""
    quote = site.text(key)[0]
    return f"{quote}{new.removeprefix(before)}{quote}"


def is_row(shapes: Any) -> bool:
    """Is it a row of numbers, and no long one, of which a matrix may be made?"""
    rows = [shape for kind, shape in shapes if kind == "f" and len(shape) == 1]
    return bool(rows) and len(rows) == len(shapes) and max(rows) <= (LONGEST,)


def is_load(x: Any) -> bool:
    return isinstance(x, ATOMS) and isinstance(x.ctx, ast.Load)


def stem(text: str) -> str:
    """A name without numbers and indices: `dW1` and `dW2` are alike, `hs[t]` and `hs[t - 1]`."""
    return re.sub(r"\d+|\[.*", "", text)


def is_called(site: Site) -> bool:
    """Is it a function's name, or what an attribute is taken of, a module?"""
    above = site.parent
    if isinstance(above, ast.Call) and above.func is site.node:
        return True
    return not any(kind for kind, _ in site.shapes()) and site.pool.is_reached(site.file, site.node)


def of_derivative(site: Site) -> str:
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


def is_divisor(node: Any, above: Any) -> bool:
    """Is it what something is divided by, in what stands above?"""
    return isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div) and node is above.right


def is_factor(above: Any) -> bool:
    """Does something stand in a product or quotient, with that above it?"""
    return isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div))


def plain(text: str) -> str:
    """Without brackets around all of it."""
    if text.startswith("(") and text.endswith(")"):
        try:
            ast.parse(text[1:-1], mode="eval")
            return text[1:-1]
        except SyntaxError:
            pass
    return text


def tight(text: str) -> str:
    node = ast.parse(f"({text})", mode="eval").body
    return text if level(node) == ATOM else f"({plain(text)})"


def simpler(text: str) -> str:
    """`T - 1 + 1` as `T`, and `0 + 1` as `1`."""
    text = re.sub(r"^(.*\S) - 1 \+ 1$|^(.*\S) \+ 1 - 1$", lambda m: m[1] or m[2], text)
    if re.fullmatch(r"-?\d+ [-+] \d+", text):
        a, sign, b = text.split()
        return str(int(a) + (int(b) if sign == "+" else -int(b)))
    return text


def slopes(site: Site, text: str) -> list[str]:
    """Derivatives of activations, in terms of some array."""
    known = [pattern.format(text) for pattern in SLOPES]
    return known + [p.replace("\0", text) for p in site.pool.factors]
