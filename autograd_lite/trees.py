"""Nested lists, tuples and dicts of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from .graph import describe


def mapped(f: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with `f` applied to what it holds."""
    if isinstance(tree, dict):
        new = copy(tree)  # of the same class
        new.update({key: mapped(f, value) for key, value in tree.items()})
        return new
    if isinstance(tree, (list, tuple)):
        values = [mapped(f, value) for value in tree]
        return type(tree)(*values) if hasattr(tree, "_fields") else type(tree)(values)
    return f(tree)


def held(tree: Any) -> Iterator[Any]:
    """What the tree holds, in order."""
    if isinstance(tree, (dict, list, tuple)):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from held(value)
    else:
        yield tree


def beside(tree: Any, other: Any, name: str) -> Iterator[Any]:
    """What `other` holds in the places of `tree`; ValueError, with its name, if they differ."""
    if isinstance(tree, dict) and isinstance(other, dict) and tree.keys() == other.keys():
        for key, value in tree.items():
            yield from beside(value, other[key], name)
    elif (
        isinstance(tree, (list, tuple))
        and isinstance(other, (list, tuple))
        and len(tree) == len(other)
    ):
        for value, its in zip(tree, other):
            yield from beside(value, its, name)
    elif isinstance(tree, (dict, list, tuple)):
        raise ValueError(
            f"{name} have {describe(other)} where there is a {type(tree).__name__} of {len(tree)}; "
            "the same structure is needed; nest them alike"
        )
    else:
        yield other
