"""Where parameters stand, as arguments or attributes, and what a backward pass gave of them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from ..graph import describe

Path = tuple[Any, ...]


class Call(NamedTuple):
    """The two passes and their arguments, which are copied together: objects that share stay so."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    args: tuple[Any, ...]

    def copied(self) -> Call:
        """An independent copy; TypeError if an argument, or what it holds, cannot be copied."""
        try:
            copies: Any = deepcopy(tuple(self))
        except Exception as error:
            raise TypeError(
                f"the arguments cannot be copied ({type(error).__name__}: {error}); review runs "
                "the passes many times, each time on a copy; leave out what is no data, such as "
                "open files, or give it a `__deepcopy__`"
            ) from error
        call = Call(*copies)
        for owner in call.owners:
            for name, x in _of_the_class(owner):
                setattr(owner, name, deepcopy(x))
        return call

    @property
    def owners(self) -> list[Any]:
        """The objects that the passes are methods of."""
        found = [getattr(f, "__self__", None) for f in (self.backward, self.forward)]
        return [
            x for i, x in enumerate(found) if x is not None and all(x is not y for y in found[:i])
        ]


def _of_the_class(owner: Any) -> Iterator[tuple[str, Any]]:
    """The arrays, and what may hold some, that an object has from its class.

    Raises TypeError for a class itself.
    """
    if isinstance(owner, type):
        raise TypeError(
            f"the passes are methods of the class {owner.__name__}; review runs them many times on "
            "copies, and a class has none; make them methods of its objects"
        )
    for name in dir(type(owner)):
        x = getattr(type(owner), name)
        own = getattr(owner, "__dict__", None)
        if isinstance(x, (np.ndarray, list, dict)) and own is not None and name not in own:
            yield name, x


class Dot(str):
    """The name of an attribute on the way to a parameter, where others are keys."""


@dataclass(frozen=True)
class Place:
    """A parameter: `root` is the position of an argument or the name of an attribute, `path` the
    keys, and the attributes, that lead from there to it."""

    root: int | str
    path: Path
    name: str

    @property
    def own_name(self) -> str:
        """The last key, or the name without `self`."""
        return str(self.path[-1]) if self.path else self.name.removeprefix("self.")

    def get(self, call: Call) -> Any:
        x = _attribute(call, self.root) if isinstance(self.root, str) else call.args[self.root]
        for key in self.path:
            x = getattr(x, key) if isinstance(key, Dot) else x[key]
        return x

    def put(self, call: Call, value: Any) -> Call:
        """The call with another value there; what holds it is changed."""
        tree = _attribute(call, self.root) if isinstance(self.root, str) else call.args[self.root]
        tree = _with(tree, self.path, value)
        if isinstance(self.root, str):
            setattr(_owner(call, self.root), self.root, tree)
            return call
        args = (*call.args[: self.root], tree, *call.args[self.root + 1 :])
        return call._replace(args=args)


def like(value: Any, new: Any) -> Any:
    """A new value as an array or a number of the kind that one is."""
    if isinstance(value, np.ndarray):
        return np.asarray(new, value.dtype)
    return type(value)(new)


def _with(tree: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    if isinstance(path[0], Dot):
        kept = _with(getattr(tree, path[0]), path[1:], value)
        if hasattr(tree, "_replace"):  # a named tuple
            return tree._replace(**{path[0]: kept})
        setattr(tree, path[0], kept)
        return tree
    inner = _with(tree[path[0]], path[1:], value)
    if isinstance(tree, tuple):
        parts = [inner if i == path[0] else x for i, x in enumerate(tree)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    tree[path[0]] = inner
    return tree


def _owner(call: Call, name: str) -> Any:
    return next(x for x in call.owners if hasattr(x, name))


def _attribute(call: Call, name: str) -> Any:
    return getattr(_owner(call, name), name)


def is_float(x: Any) -> bool:
    """Is it a number or an array of numbers that a loss can be differentiated in?"""
    if isinstance(x, np.ndarray):
        return bool(x.dtype.kind == "f")
    return isinstance(x, Real) and not isinstance(x, (Integral, bool))


def leaves(tree: Any, root: int | str, name: str, path: Path = ()) -> Iterator[Place]:
    """The places of floating values in nested lists, tuples and dicts."""
    if is_float(tree):
        yield Place(root, path, name)
    elif isinstance(tree, Mapping):
        for key, x in tree.items():
            yield from leaves(x, root, f"{name}[{key!r}]", (*path, key))
    elif isinstance(tree, (list, tuple)):
        for i, x in enumerate(tree):
            yield from leaves(x, root, f"{name}[{i}]", (*path, i))


UNKNOWN = object()  # what a backward pass gives that raises


class Targets:
    """What gradients are given of, and how they are found in what a backward pass gives.

    `places`: of the parameters, in order; `everything`: of all floating values; `numbers`: of those
    that are no arrays, nor in lists, as data may be, nor 0. result: what a
    backward pass gave; of one that raises, it is `UNKNOWN`, and the places are all there are where
    wrt does not say which.
    """

    def __init__(self, call: Call, wrt: Any, result: Any, updates: bool) -> None:
        self.updates, self.wrt = updates, wrt
        self.names = _argument_names(call)
        self.everything = self._all(call)
        self.numbers = [
            p
            for p in self.everything
            if not isinstance(x := p.get(call), np.ndarray)
            and x
            and not {*map(type, p.path)} & {int}
        ]
        self.notes: list[str] = []  # what of the result was not looked at
        self._found: list[Path | None] | None = None
        if result is UNKNOWN:
            self.places = [*self._given(call, wrt)] if wrt is not None else self.everything
            return
        if updates and result is None:
            self.places = [*self._given(call, wrt)] if wrt is not None else self.everything
            self._found = [None] * len(self.places)
            return
        if wrt is not None:
            pairs = self._by_roots(call, self._roots(call, wrt), result)
        else:
            pairs = self._by_result(call, result)
        self.places = [place for place, _ in pairs]
        self._found = [path for _, path in pairs]

    def gradients(self, call: Call, before: Call, result: Any, lr: float) -> list[Any]:
        """The gradients that a backward pass gave: as arrays, or None where there is none.

        before: the call as it was, whose arguments the passes have not seen.
        """
        if self._found is None:
            return Targets(before, self.wrt, result, self.updates).gradients(
                call, before, result, lr
            )
        found: list[Any] = []
        for place, given in zip(self.places, self.given(call, result)):
            try:
                x = np.asarray(given)
                if x.dtype.kind not in "fiub":
                    raise TypeError
                if self.updates:
                    x = (np.asarray(place.get(before)) - x) / lr
                found.append(x)
            except (TypeError, ValueError, AttributeError):
                found.append(None)
        return found

    def keys(self, now: Sequence[bool]) -> set[Any]:
        """The keys, or indices, of those gradients in the result of which something is False."""
        found = zip(self._found or (), now)
        return {path[0] for path, ok in found if path and not ok}

    def given(self, call: Call, result: Any) -> list[Any]:
        """What a backward pass gave for each place, or None."""
        found: list[Any] = []
        for place, path in zip(self.places, self._found or ()):
            try:
                x = place.get(call) if path is None else _at(result, path)
                if isinstance(x, Mapping):  # an edited pass may have what was missing
                    x = x[_key_of(place.name, x)]
                found.append(x)
            except (LookupError, TypeError, AttributeError):
                found.append(None)
        return found

    # What is meant ------------------------------------------------------------------------------

    def _all(self, call: Call) -> list[Place]:
        """All floating arguments and attributes."""
        found = [p for i, x in enumerate(call.args) for p in leaves(x, i, self.names[i])]
        for owner in call.owners:
            for name, x in getattr(owner, "__dict__", {}).items():
                found += leaves(x, name, f"self.{name}")
        return found

    def _given(self, call: Call, wrt: Any) -> Iterator[Place]:
        for x in self._roots(call, wrt):
            yield from leaves(x.get(call), x.root, x.name, x.path)

    def _roots(self, call: Call, wrt: Any) -> list[Place]:
        """Where each of `wrt` is."""
        wrt = [wrt] if isinstance(wrt, (str, int)) else [*wrt]
        if not wrt:
            raise ValueError(
                "wrt is empty; the names of what gradients are given of are needed; leave it out "
                "where the result names them"
            )
        found = []
        for one in wrt:
            place = self._root(call, one)
            if place is None:
                inside = [a for x in call.owners for a in getattr(x, "__dict__", {})]
                known = [*self.names, *(f"self.{a}" for a in inside)]
                raise ValueError(
                    f"wrt has {one!r}; an argument's name or position, or an attribute, is needed; "
                    f"here are {', '.join(known)}"
                )
            found.append(place)
            tree = place.get(call)
            if not any(True for _ in leaves(tree, place.root, place.name)):
                raise TypeError(
                    f"{place.name} is {describe(tree)}; floating numbers are needed for a "
                    "gradient; convert it, or leave it out of wrt"
                )
        return found

    def _root(self, call: Call, one: Any) -> Place | None:
        """Where an argument is, or an attribute, or what is in these; None if there is none."""
        if isinstance(one, int) and -len(call.args) <= one < len(call.args):
            one %= len(call.args)
            return Place(one, (), self.names[one])
        if not isinstance(one, str):
            return None
        if one in self.names:  # such as `layers[0]`, where there are several
            return Place(self.names.index(one), (), one)
        root, *path = _steps(one) or [one]
        if root == "self" and path:
            root, *path = path
        known = root in self.names
        if not known and not any(hasattr(x, root) for x in call.owners):
            return None
        way = "".join(f".{key}" if isinstance(key, Dot) else f"[{key!r}]" for key in path)
        name = f"{root}{way}" if known else f"self.{root}{way}"
        place = Place(self.names.index(root) if known else str(root), tuple(path), name)
        try:
            owners = [replace(place, path=place.path[:i]).get(call) for i in range(len(path))]
            value = place.get(call)
        except (AttributeError, LookupError, TypeError):
            return None
        if any(isinstance(x, np.ndarray) for x in owners):
            return None  # a part of a parameter
        try:
            place.put(call.copied(), value) if path else None
        except (AttributeError, TypeError) as error:
            raise ValueError(
                f"wrt has {place.name!r}, which cannot be set ({error}); review moves parameters; "
                "keep it in a plain attribute, a list or a dict"
            ) from None
        return place

    def _by_roots(
        self, call: Call, roots: Sequence[Place], result: Any
    ) -> list[tuple[Place, Path]]:
        """The places in what is asked for, and where their gradients are in the result."""
        if isinstance(result, Mapping):
            pairs: list[tuple[Place, Path]] = []
            last = [x.own_name for x in roots]
            for x in roots:
                key = _key_of(x.name, result)
                if key is None and last.count(x.own_name) == 1:
                    key = _key_of(x.own_name, result)
                if key is not None:
                    pairs += _beside(x.get(call), result[key], x, (key,))
                elif x.path and is_float(x.get(call)):
                    raise ValueError(
                        f"backward returned {_said(result)}, and wrt has {x.name!r}; a key by that "
                        "name is needed, or a tuple of gradients in the order of wrt"
                    )
                else:  # the keys of a dict of parameters
                    pairs += _beside(x.get(call), result, x, ())
            return pairs
        if len(roots) == 1:
            (x,), tree = roots, roots[0].get(call)
            inside = is_float(tree) and isinstance(result, (list, tuple)) and len(result) == 1
            nested = [*_beside(tree, result, x, (0,) * inside, strict=False)]
            if nested and nested[0][1] is not None:
                return nested
        if isinstance(result, (list, tuple)) and len(result) == len(roots):
            return [
                pair
                for i, (x, its) in enumerate(zip(roots, result))
                for pair in _beside(x.get(call), its, x, (i,))
            ]
        raise ValueError(
            f"backward returned {_said(result)}, and wrt has {len(roots)} names; a dict by these "
            "names, or as many gradients in their order, are needed"
        )

    def _by_result(self, call: Call, result: Any) -> list[tuple[Place, Path]]:
        """The places that the result names, or that are in its order."""
        everything = self.everything
        if isinstance(result, Mapping):
            pairs: list[tuple[Place, Path]] = []
            for key in result:
                alike = [p for p in everything if _calls(str(key), p.own_name)]
                roots = [x for x in self._named_roots(call) if _calls(str(key), x.name)]
                if roots:
                    pairs += _beside(roots[0].get(call), result[key], roots[0], (key,))
                elif alike:
                    pairs.append((alike[0], (key,)))
            if pairs:
                self._note_others(result, pairs)
                return pairs
        elif isinstance(result, (list, tuple, np.ndarray)) or is_float(result):
            for x in self._named_roots(call):  # nested as an argument is
                if not is_float(x.get(call)):
                    nested = [*_beside(x.get(call), result, x, (), strict=False)]
                    if nested and nested[0][1] is not None:
                        return nested
            results = [*result] if isinstance(result, (list, tuple)) else [result]
            fits = all(_is_of(x, p.get(call)) for x, p in zip(results, everything))
            if len(results) == len(everything) and fits:
                single = not isinstance(result, (list, tuple))
                return [(p, () if single else (i,)) for i, p in enumerate(everything)]
        raise ValueError(
            f"backward returned {_said(result)}; of which arguments these are gradients is not "
            f"told by that, for there are {', '.join(p.name for p in everything) or 'none'}; name "
            "them, in its order: wrt=['W', 'b']"
        )

    def _note_others(self, result: Mapping[Any, Any], pairs: list[tuple[Place, Path]]) -> None:
        """Note the arrays of a result that name no parameter."""
        used = {path[0] for _, path in pairs if path}
        others = [repr(key) for key, x in result.items() if key not in used and np.ndim(x)]
        if others:
            one = len(others) == 1
            self.notes.append(
                f"{', '.join(others)} of the result {'names' if one else 'name'} no argument, and "
                f"{'was' if one else 'were'} not looked at; wrt= says what gradients are of"
            )

    def _named_roots(self, call: Call) -> Iterator[Place]:
        yield from (Place(i, (), name) for i, name in enumerate(self.names[: len(call.args)]))
        for owner in call.owners:
            yield from (Place(name, (), f"self.{name}") for name in getattr(owner, "__dict__", {}))


def _steps(text: str) -> list[Any]:
    """The name, attributes and keys of `self.layers[0].W`; none if it is something else."""
    found: list[Any] = []
    try:
        node: Any = ast.parse(text, mode="eval").body
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Attribute):
                found.append(Dot(node.attr))
            else:
                found.append(ast.literal_eval(node.slice))
            node = node.value
    except (SyntaxError, ValueError):
        return []
    return [node.id, *reversed(found)] if isinstance(node, ast.Name) else []


def _argument_names(call: Call) -> list[str]:
    """What the arguments are called where the loss is computed."""
    try:
        bound = inspect.signature(call.forward).bind(*call.args)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"forward does not take {len(call.args)} arguments: {error}; both passes are called "
            "with the same; give those that each takes"
        ) from None
    names: list[str] = []
    for name, x in bound.arguments.items():
        several = bound.signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        names += [f"{name}[{i}]" for i in range(len(x))] if several else [name]
    return names


def _beside(
    tree: Any, result: Any, place: Place, where: Path, strict: bool = True
) -> Iterator[tuple[Place, Any]]:
    """The places in a tree, which is at a place, and where they are in a result that is nested
    alike.

    strict: or else an error; where not, what is nested otherwise is at None.
    """
    if is_float(tree):
        yield place, where
        return
    root, name, path = place.root, place.name, place.path
    inner: list[tuple[Any, Any, Any]] = []
    if isinstance(tree, Mapping) and isinstance(result, Mapping):
        keys = {key: _key_of(str(key), result) for key in tree}
        inner = [(key, tree[key], its) for key, its in keys.items() if its is not None]
        if strict and inner:
            for key in (key for key, its in keys.items() if its is None and np.ndim(tree[key])):
                lost = leaves(tree[key], root, f"{name}[{key!r}]", (*path, key))
                yield from ((p, (*where, key)) for p in lost)  # where there is no gradient
    elif isinstance(tree, (list, tuple)) and isinstance(result, (list, tuple)):
        inner = [(i, x, i) for i, x in enumerate(tree)] if len(tree) == len(result) else []
    floats = any(True for _ in leaves(tree, root, name))
    if not inner and floats:
        if strict:
            raise ValueError(
                f"backward returned {_said(result)} for {name}, which is {_said(tree)}; gradients "
                "that are nested as it is are needed"
            )
        yield place, None
        return
    for key, x, its in inner:
        below = Place(root, (*path, key), f"{name}[{key!r}]")
        yield from _beside(x, result[its], below, (*where, its), strict)


def _is_of(gradient: Any, value: Any) -> bool:
    """Has a gradient as many numbers as what it is of?"""
    is_array = isinstance(gradient, (np.ndarray, np.generic)) or is_float(gradient)
    return is_array and np.size(gradient) == np.size(value)


def _at(result: Any, path: Path) -> Any:
    for key in path:
        result = result[key]
    return result


def _key_of(name: str, result: Mapping[Any, Any]) -> Any:
    """The key of a gradient by the name of what it is of."""
    return next((key for key in result if _calls(str(key), name)), None)


def _calls(key: str, name: str) -> bool:
    """Does a key name the gradient of something? `dW1`, `grad_W1` and `W1_grad` do, of `W1`."""
    key, name = key.removeprefix("self."), name.removeprefix("self.")
    ways = [name, f"d{name}", f"d_{name}", f"grad_{name}", f"g_{name}", f"g{name}"]
    return key in [*ways, f"{name}_grad", f"grad{name}", f"{name}.grad", f"{name}_g"]


def _said(x: Any) -> str:
    if isinstance(x, Mapping):
        return f"a dict with {', '.join(map(repr, x)) or 'nothing'}"
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} of {len(x)}"
    return describe(x)
