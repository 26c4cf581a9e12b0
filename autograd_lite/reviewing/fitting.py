"""The shapes and kinds that values had, and which fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .alike import together

Shapes = frozenset[tuple[str, tuple[int, ...]]]


class Atom(NamedTuple):
    """A value with a name, an attribute or an item: its text, and the kinds and shapes it had."""

    text: str
    shapes: Shapes

    @property
    def is_array(self) -> bool:
        return any(shape for _, shape in self.shapes)

    @property
    def is_count(self) -> bool:
        return is_count(self.shapes)


def is_count(shapes: Shapes) -> bool:
    """Is it a whole number, each time?"""
    return bool(shapes) and all(kind == "i" and not shape for kind, shape in shapes)


def shapes_of(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> set[tuple[int, ...]]:
    return {shape for kind, shape in shapes if kind}


def are_alike(a: Shapes, b: Shapes) -> bool:
    """Have two things one shape, or none?"""
    return shapes_of(a) == shapes_of(b) and ("" in {k for k, _ in a}) == ("" in {k for k, _ in b})


def broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Does a smaller shape broadcast to another?"""
    return a != b and together(a, b) == b


def fits(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of a matrix product, if there is one."""
    if not a or not b or a[-1] != b[-2 if len(b) > 1 else 0]:
        return None
    batch = together(a[:-2], b[:-2])
    if batch is None:
        return None
    return (*batch, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))
