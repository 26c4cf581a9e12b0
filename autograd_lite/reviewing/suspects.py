"""Which statements of a pass look as if they had a mistake."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from .alike import same
from .code import LOOPS, Unit
from .fitting import shapes_of
from .flow import Flow
from .grammar import ATOMS, DEFINED, SCOPE, given_to, name_of, stored_in
from .known import Known, Meaning, is_alias, made_by, result_of, values_of
from .notes import seen
from .pool import Pool
from .rewrites import Edit
from .rewrites.lacks import DERIVATIVE

FIRST_WRONG = -0.7  # how innocent a line looks that makes a wrong value of right ones
GIVES_WRONG = 0.15  # that makes a right value of which only wrong ones are made
LESS = 0.2  # how much more innocent than what is made of it
GIVEN_WRONG = -0.3  # what is stored in a name that is given as a gradient, and wrong
CALLED_WRONG = -0.5  # that calls a right function, and makes nothing right
ADDED = 0.0  # a new line that changes what no other changes
TRIED = 60  # values that a function is tried on
NEARLY = 0.3  # that leads to a gradient but for a number
EARLY = -0.5  # that makes a wrong value of what is right, or nearly
AROUND = 0.2  # how much more innocent a loop looks than what is in it
RIGHT = 0.5  # that makes what is right
OF_GRADIENT = re.compile(r"d([A-Z_\d]|[a-z]\d*$)|delta|grad|nabla")
SHARED = 4.0  # how much more innocent than others what the forward pass runs, too
UNKNOWN = 0.4  # that makes nothing that can be told


class Suspects:
    """How innocent statements look: the less, the more it is as if one had a mistake.

    raises: does the pass? `innocence`: of each statement; `blamed`: of what one stores in, in a
    function. `misplaced`: those whose value is right, while all that is made of it is wrong.
    `made`: the statements that make what is known; `present`: the values of the forward pass that
    the backward pass has.
    """

    def __init__(self, pool: Pool, known: Known, flow: Flow, raises: bool) -> None:
        self.pool, self.known, self.flow, self.raises = pool, known, flow, raises
        self.made = _made(pool, known)
        self.present = known.present(pool.notes)
        self.innocence: dict[Any, float] = {}
        self.blamed: dict[tuple[Any, str], float] = {}
        self.misplaced: set[Any] = set()
        self._files: dict[Any, Any] = {}
        for unit in pool.units:
            self._look(unit)
        self._look_at_helpers()
        self._clear_slopes()

    def doubt(self, edit: Edit) -> float:
        """How innocent what an edit changes looks: the line, or what a new one changes."""
        statement = edit.file.above(edit.site, ast.stmt)
        own = self.innocence.get(statement, 0.0)
        if target := re.match(r"(?:\w+\.add\.at\()?([\w.]+)", edit.added):
            return self.blamed.get((edit.file.above(statement, SCOPE), target[1]), ADDED)
        return own

    def is_own(self, meaning: Meaning, statement: Any) -> bool:
        """Is it what no other statement makes?"""
        return not self.made[meaning] or statement in self.made[meaning]

    def _look(self, unit: Unit) -> None:
        """How innocent the statements of a unit look, and what is stored there."""
        statements = [x for x in ast.walk(unit.statement) if isinstance(x, ast.stmt)]
        shared = {x: SHARED * (not self.pool.is_own(unit.file, x)) for x in statements}
        self._files.update(dict.fromkeys(statements, unit.file))
        own = {x: self._innocence(unit.file, x) for x in statements}
        for x in statements:
            readers = [y for y in _readers(x, statements) if own[y] != UNKNOWN]
            looks = [own[y] for y in readers]
            blamed = bool(looks) and min(looks) < 0 and max(looks) < RIGHT
            if blamed and self._makes_numbers(unit.file, x):
                own[x] = min(looks) + LESS  # a number of which nothing right is made
            if own[x] != UNKNOWN and looks and max(looks) < 0:  # all that is made of it is wrong
                first = is_alias(getattr(x, "value", None)) or self._are_usual(unit.file, readers)
                first = first and max(looks) <= FIRST_WRONG and not self._is_so_called(x)
                own[x] = min(own[x], FIRST_WRONG if first else GIVES_WRONG)
                if not shared[x]:
                    self.misplaced.add(x)
            filled = [own[y] for y in _stored_into(x, statements)]
            if filled and min(filled) < 0 and not self._is_known(x):
                own[x] = min(own[x], min(filled) + LESS)
            if not shared[x] and self._stays_zero(unit.file, x, statements):
                own[x] = min(own[x], EARLY)
            if any(own[y] <= FIRST_WRONG for y in _stale(x, statements)):
                own[x] = FIRST_WRONG
            lacks = self.flow.lacks and len(values_of(x)) > 1
            lost = _loses(unit.file, x) or _is_lost(unit.file, x)
            if lacks or lost or self._gives_others(unit.file, x):
                own[x] = FIRST_WRONG
            if isinstance(x, LOOPS):
                own[x] = min([own[x], *(own[y] + AROUND for y in x.body if own[y] < 0)])
            for name in stored_in(x):
                key = unit.file.above(x, SCOPE), name
                self.blamed[key] = min(self.blamed.get(key, np.inf), shared[x] + own[x])
        for x in statements:
            if not shared[x] and isinstance(x, ast.Return):
                if self._leaves_unread(unit, x):
                    own[x] = min(own[x], EARLY)
                if _is_idle(unit.file, x):
                    own[x] = FIRST_WRONG
            for name in self._given_wrong(unit.file, x):
                key = unit.file.above(x, SCOPE), name
                found = self.blamed.get(key, np.inf)
                self.blamed[key] = FIRST_WRONG if found > 0 else min(found, GIVEN_WRONG)
        self.innocence.update((x, shared[x] + look) for x, look in own.items())

    def _stays_zero(self, file: Any, statement: Any, others: list[Any]) -> bool:
        """Does a line begin an array as zeros that nothing is ever stored in?"""
        its = [x for node in values_of(statement) for x in self.pool.notes.at(file, node)]
        if not its or not all(x.kind == "f" and x.shape and not x.norm for x in its):
            return False
        names = {*stored_in(statement)}
        changed = {x for y in others if y is not statement for x in stored_in(y)}
        calls = (y for y in others if isinstance(y, ast.Expr))
        changed |= {x.id for y in calls for x in ast.walk(y) if isinstance(x, ast.Name)}
        return isinstance(statement, ast.Assign) and not names <= changed

    def _leaves_unread(self, unit: Unit, statement: Any) -> bool:
        """Is an array that a helper is given never read?"""
        unread = self.pool.unread(unit.file, statement).values()
        arrays = {shape for its in unread for shape in shapes_of(its)} - {()}
        return bool(arrays) and len(values_of(statement)) == 1

    def _gives_others(self, file: Any, statement: Any) -> bool:
        """Does a line return one value twice, or the gradient of one parameter as that of another,
        or by its name?"""
        together = isinstance(getattr(statement, "value", None), (ast.Dict, ast.Tuple))
        gives = isinstance(statement, ast.Return) or together
        several = values_of(statement) if gives else []
        computed = [ast.unparse(x) for x in several if isinstance(x, ast.BinOp)]
        if len({*computed}) < len(computed):
            return True
        places = self.flow.places
        for node in several if len(several) > 1 else ():
            its = self.pool.notes.at(file, node)
            k = self.flow.output(file, node, len(its) - 1)
            if k is not None and self._is_in_place_of(file, node, k):
                return True
            meaning = self.known.meaning(its[-1]) if its else None
            leaves = self.known.leaves
            names = _parts(file.segment(node))
            others = any(names & _parts(x) for x in places)
            if k is not None and others and not names & _parts(places[k]):
                return True
            if k is None or meaning is None or not meaning.is_cotangent:
                continue
            if meaning.number in leaves and meaning.number != leaves[k]:
                return True
        return False

    def _is_in_place_of(self, file: Any, node: Any, k: int) -> bool:
        """Is what is given of a parameter larger than it, where something as large is not read?"""
        sizes = {prod(shape) for shape in shapes_of(self.pool.shapes(file, node))}
        own = self.flow.sizes[k]
        atoms = self.pool.atoms(file, node)
        unused = (atoms[text].shapes for text in self.pool.unused(file, node))
        return own not in sizes and any(
            own == prod(shape) for shapes in unused for shape in shapes_of(shapes)
        )

    def _given_wrong(self, file: Any, statement: Any) -> Iterator[str]:
        """The names whose values a statement returns that are wrong gradients."""
        value = statement.value if isinstance(statement, ast.Return) else None
        pairs: Iterable[tuple[Any, Any]] = enumerate(getattr(value, "elts", ()))
        if isinstance(value, ast.Dict):
            pairs = [(getattr(key, "value", None), x) for key, x in zip(value.keys, value.values)]
        for key, x in pairs:
            if isinstance(x, ATOMS) and key in self.flow.wrong:
                yield file.segment(x)

    def _are_usual(self, file: Any, statements: list[Any]) -> bool:
        """Are these lines as others are?"""
        texts = map(file.segment, statements)
        return all(self.pool.style.is_like_others(text, text) for text in texts)

    def _makes_numbers(self, file: Any, statement: Any) -> bool:
        """Does a line give names to numbers, and to nothing else?"""
        value = getattr(statement, "value", None)
        notes = [x for node in values_of(statement) for x in self.pool.notes.at(file, node)]
        if isinstance(value, ast.Constant) or (
            isinstance(value, ast.Attribute) and value.attr == "shape"
        ):
            return True
        return bool(notes) and not any(x.shape or x.kind == "" for x in notes)

    def _look_at_helpers(self) -> None:
        """What helpers return looks as what is made of it alone does: wrong at first, where it is
        not known; or misplaced."""
        returned: dict[str, list[Any]] = defaultdict(list)
        within: dict[str, list[Any]] = defaultdict(list)
        for unit in self.pool.units:
            for x in ast.walk(unit.statement):
                if x in self.innocence and self.pool.is_own(unit.file, x):
                    name = name_of(self.pool.function(unit.file, x))
                    if isinstance(x, (ast.Return, ast.Assign)):
                        within[name].append(x)
                    if isinstance(x, ast.Return):
                        returned[name].append(x)
        for unit in self.pool.units:
            for x in ast.walk(unit.statement):
                if self.innocence.get(x, 0.0) <= EARLY:
                    for y in (y for call in ast.walk(x) for y in within[_called(call)]):
                        if self.innocence[y] == UNKNOWN:
                            self.innocence[y] = self.innocence[x]
        pending = [x for x in self.innocence if x in self.misplaced]
        for x in pending:
            value = getattr(x, "value", None)
            for call, y in ((z, y) for z in _calls(x) for y in returned[_called(z)]):
                known = call is not value and self._is_known(y)
                if self.innocence[y] > GIVES_WRONG and not known:
                    self.innocence[y] = GIVES_WRONG
                    self.misplaced.add(y)
                    pending.append(y)
        for x, look in self.innocence.items():  # a call without arguments can do nothing for it
            call = getattr(x, "value", None)
            alone = isinstance(call, ast.Call) and not (call.args or call.keywords)
            made = returned[_called(call)] if alone else ()
            if any(self.innocence[y] <= look < GIVES_WRONG for y in made):
                self.innocence[x] = UNKNOWN
                self.misplaced.discard(x)

    def _is_so_called(self, statement: Any) -> bool:
        """Does the forward pass call a line's value by the name that it gives to it?"""
        its = self.known.means(self.pool.notes, self._files[statement], result_of(statement))
        names = [m and m.is_value and self.known.names.get(m.number) for m in its]
        return bool(names) and [*names] == [stored_in(statement)[0]] * len(names)

    def _is_known(self, statement: Any) -> bool:
        """Does a statement make, or return, what is known?"""
        file = self._files[statement]
        its = (m for x in made_by(statement) for m in self.known.means(self.pool.notes, file, x))
        return any(m is not None for m in its)

    def _clear_slopes(self) -> None:
        """A helper that gives the slope of something is right, and called with something else."""
        for unit in self.pool.units:
            name = getattr(unit.statement, "name", "")
            inside = [x for x in ast.walk(unit.statement) if x in self.innocence]
            suspect = min((self.innocence[x] for x in inside), default=RIGHT) < 0
            if suspect and self._is_slope(unit):
                self.innocence.update(dict.fromkeys(inside, RIGHT))
                self.misplaced.difference_update(inside)
                for x in self.innocence:
                    if any(_called(y) == name for y in _calls(x)) and self.innocence[x] < RIGHT:
                        self.innocence[x] = min(self.innocence[x], CALLED_WRONG)

    def _is_slope(self, unit: Unit) -> bool:
        """Gives a helper of one argument the derivative of something, for a value at hand?"""
        node = unit.statement
        if not isinstance(node, ast.FunctionDef) or not self.pool.computes(unit):
            return False
        above, function = unit.file.parent[node], None
        if isinstance(above, ast.Module):
            function = self.pool.code.space(unit.file.name).get(node.name)
        elif isinstance(above, ast.ClassDef):
            owners = (x for x in self.pool.objects if above.name in _classes(x))
            function = next((getattr(x, node.name, None) for x in owners), None)
        if function is None or self.pool.unused(unit.file, node.body[0]):
            return False
        for value in self._at_hand:
            try:
                result = np.asarray(function(value.copy()), dtype=float)
            except Exception:  # it takes no such argument
                return False
            if same(result, value):
                continue
            its = (result, -result, np.ravel(result))  # as where exp(-z) is written with -x
            meanings = (self.known.meaning(seen(x)) for x in its)
            if any(m is not None and m.is_slope for m in meanings):
                return True
        return False

    @cached_property
    def _at_hand(self) -> list[Any]:
        """The floating arrays that had names in the backward pass, or that objects keep."""
        frames = [names for its in self.pool.notes.frames.values() for _, names in its]
        frames += map(vars, self.pool.objects)
        arrays = (x for names in frames for x in names.values() if isinstance(x, np.ndarray))
        several = {seen(x): x for x in arrays if x.dtype.kind == "f" and x.size > 1}
        return [*several.values()][:TRIED]

    def _innocence(self, file: Any, statement: Any) -> float:
        """How little a line looks like one with a mistake: what it makes is right."""
        notes, known = self.pool.notes, self.known
        found = []
        result = result_of(statement)
        for node in made_by(statement):
            made = [
                (i, x)
                for i, x in enumerate(notes.at(file, node))
                if (x.kind == "f" and x.norm) or known.meaning(x) is not None
            ]
            if not made:
                continue
            wrong = [
                i
                for i, note in made
                if not known.is_given(note) and not self.flow.is_right(file, node, i)
            ]
            means = [known.meaning(note) for _, note in made]
            cotangents = [m for m in means if m is not None and m.is_cotangent]
            far = [self.flow.far(file, node, i) for i, _ in made]
            far += [self.flow.far(file, result, i) for i, _ in made]
            again = any(self.made[m][0] is not statement for m in cotangents)
            if is_alias(node) and cotangents and self._is_another(statement, made[0][1]):
                found.append(FIRST_WRONG)
            if any(self._ends_early(m) for m in means):
                found.append(-0.8)
            elif any(self.flow.is_scaled(file, node, i) for i, _ in made):
                found.append(FIRST_WRONG)
            elif wrong and all(self.flow.is_nearly(file, node, i) for i in wrong):
                begins = 0 in (self.flow.far(file, node, i) for i in wrong)
                found.append(EARLY if begins else NEARLY)
            elif steps := [n for n in far if n is not None]:
                found.append(min(FIRST_WRONG + 0.2 * min(steps), 0.2))
            elif again and (
                is_alias(node) or not all(self.flow.is_right(file, node, i) for i, _ in made)
            ):
                found.append(-0.3)  # what another line has made
            elif not wrong:
                partly = any(m is not None and m.is_cotangent and not m.name for m in means)
                partly = partly and isinstance(statement, ast.Assign)
                values = all(m is not None and m.is_value for m in means)
                if values and _is_for_gradient(file, statement):
                    self.misplaced.add(statement)  # a value of the forward pass, by such a name
                    found.append(GIVES_WRONG)
                    continue
                found.append(0.2 if partly or is_alias(node) else RIGHT)
            else:
                read = [
                    its
                    for x in ast.walk(node)
                    if isinstance(x, ATOMS)
                    and (its := notes.at(file, x))
                    and isinstance(x.ctx, ast.Load)
                    and its[0].shape
                ]
                fresh = any(all(known.is_given(n[min(i, len(n) - 1)]) for n in read) for i in wrong)
                found.append(FIRST_WRONG if fresh else 0.2)  # what is wrong, from what is right
        lost = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(lost, (ast.BinOp, ast.Compare)) or self.pool.only_computes(file, lost):
            return FIRST_WRONG  # which is thrown away
        if not found:
            unknown = isinstance(statement, ast.Expr) or self.raises
            return 0.0 if unknown else UNKNOWN
        several = values_of(statement)
        hands_on = len(several) > 1 and all(isinstance(x, ATOMS) for x in several)
        return max(min(found), RIGHT) if hands_on else min(found)

    def _ends_early(self, meaning: Meaning | None) -> bool:
        """Does the forward pass add a bias to it, or mask it, and the backward pass never?"""
        if meaning is None or not meaning.is_value:
            return False
        further = self.known.goes_on.get(meaning.number)
        return further is not None and further not in self.present

    def _is_another(self, statement: Any, note: Any) -> bool:
        """Has it a name that belongs to another value?"""
        own = ast.unparse(getattr(statement, "targets", [ast.Constant("")])[0])
        return any(not self.made[m] for m, _ in self.known.of(own, note.shape))


def _parts(name: str) -> set[str]:
    """What a name is made of: `dW1`, `W1_new` and `grad_W1` all have W1 in them."""
    words = re.findall(r"[^\W_]+", name)
    return {*words, *(word[1:] for word in words if word[:1] == "d")} - {"", "self"}


def _is_for_gradient(file: Any, statement: Any) -> bool:
    """Is what a line makes called as gradients are: dz1, delta, grad_h? Or what it returns, as
    relu_grad?"""
    if isinstance(statement, ast.Return):
        function = file.above(statement, DEFINED)
        return function is not None and DERIVATIVE.search(function.name) is not None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    return isinstance(target, ast.Name) and OF_GRADIENT.match(target.id) is not None


def _called(node: Any) -> str:
    """The name of the function that a node calls; nothing if it calls none."""
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def _classes(x: Any) -> set[str]:
    return {owner.__name__ for owner in type(x).__mro__}


def _calls(statement: Any) -> list[Any]:
    """What a statement calls, and not those within it."""
    inner = {
        y for x in ast.iter_child_nodes(statement) if isinstance(x, ast.stmt) for y in ast.walk(x)
    }
    return [x for x in ast.walk(statement) if isinstance(x, ast.Call) and x not in inner]


def _is_idle(file: Any, statement: Any) -> bool:
    """Does a helper return what it is given, and nothing else?"""
    function = file.above(statement, DEFINED)
    lines = [x for x in getattr(function, "body", ()) if not isinstance(x, ast.Expr)]
    value = statement.value
    return isinstance(value, ast.Name) and value.id in given_to(function) and lines == [statement]


def _loses(file: Any, statement: Any) -> bool:
    """Does a line store something where one above it did, and nothing has read that?"""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = ast.unparse(statement.targets[0])
    block = file.block(statement)
    for x in reversed(block[: block.index(statement) + 1]):
        stores = isinstance(x, ast.Assign) and [*map(ast.unparse, x.targets)] == [target]
        if stores and x is not statement:
            return True
        if any(_reads(file, y, target) for y in ast.walk(x.value if stores else x)):
            return False
    return False


def _is_lost(file: Any, statement: Any) -> bool:
    """Does a line bind the variable of its loop anew, and nothing in the loop reads it then?"""
    loop = file.parent[statement]
    if not isinstance(statement, ast.Assign) or not isinstance(loop, ast.For):
        return False
    names = {x.id for x in ast.walk(loop.target) if isinstance(x, ast.Name)}
    later = loop.body[loop.body.index(statement) + 1 :] if statement in loop.body else ()
    read = {x.id for y in later for x in ast.walk(y) if isinstance(x, ast.Name)}
    own = {*stored_in(statement)}
    return bool(own) and own <= names - read


def _reads(file: Any, node: Any, target: str) -> bool:
    """Is it what is stored in a place, or what that is a part of?"""
    if not isinstance(node, ATOMS):
        return False
    text, above = ast.unparse(node), file.parent[node]
    is_part = isinstance(above, (ast.Subscript, ast.Attribute)) and above.value is node
    return text == target or (target.startswith(text) and not is_part)


def _readers(statement: Any, others: list[Any]) -> list[Any]:
    """The statements that read the name that one gives to something, and make or return a value."""
    names = {*stored_in(statement)} if isinstance(statement, ast.Assign) else set()
    return [
        y
        for y in (others if names else ())
        if y is not statement and isinstance(y, (ast.Assign, ast.AugAssign, ast.Return))
        if any(isinstance(x, ast.Name) and x.id in names for x in ast.walk(y.value or y))
    ]


def _stored_into(statement: Any, others: list[Any]) -> list[Any]:
    """The statements that store parts of an array that one begins, as of zeros."""
    value = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(value, ast.Call) or is_alias(value):
        return []
    names = {*stored_in(statement)}
    targets = ((y, x) for y in others if isinstance(y, ast.Assign) for x in y.targets)
    return [y for y, x in targets if isinstance(x, ast.Subscript) and ast.unparse(x.value) in names]


def _stale(statement: Any, others: list[Any]) -> list[Any]:
    """The statements further down that read what one changes in place, such as updated weights."""
    if not isinstance(statement, ast.AugAssign):
        return []
    target = ast.unparse(statement.target)
    return [
        y
        for y in others
        if y.lineno > statement.lineno and isinstance(y, (ast.Assign, ast.Return))
        if any(isinstance(x, ATOMS) and ast.unparse(x) == target for x in ast.walk(y.value or y))
    ]


def _made(pool: Pool, known: Known) -> dict[Meaning, list[Any]]:
    """The statements that make what a cotangent is, in their order."""
    found: dict[Meaning, dict[Any, int]] = defaultdict(dict)
    for unit in pool.units:
        for statement in ast.walk(unit.statement):
            for node in made_by(statement):
                for meaning in known.means(pool.notes, unit.file, node):
                    if meaning is not None:
                        found[meaning][statement] = pool.notes.first[unit.file, node.at]
    ordered = defaultdict(list)
    for meaning, statements in found.items():
        ordered[meaning] = sorted(statements, key=lambda statement: statements[statement])
    return ordered
