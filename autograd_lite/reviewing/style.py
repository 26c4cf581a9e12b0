"""How a program is written: what its lines look like, and which of several ways it prefers."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from keyword import iskeyword
from typing import Any

from .code import Unit

TRIFLE = 6  # tokens of a line that is like others by chance
OF_ARRAYS = {"T", "shape", "size", "ndim"}  # that an array has, and no user's object


class Style:
    """How some units are written. modules: what numpy is called in their files."""

    def __init__(self, units: Iterable[Unit], modules: set[str]) -> None:
        self._modules = modules
        self._nodes: list[tuple[Unit, Any]] = [
            (unit, x) for unit in units for x in ast.walk(unit.statement)
        ]

    def is_like_others(self, text: str, instead: str) -> bool:
        """Reads a line as others do, but for the names? instead: the one in whose place it stands,
        where it must be no trifle; nothing for a new one."""
        own = outline(text)
        others = self._outlines[own] - (own == outline(instead))
        return others > 0 and (not instead or own.count(" ") >= TRIFLE)

    @cached_property
    def _outlines(self) -> Counter[str]:
        return Counter(
            outline(unit.file.segment(x))
            for unit, x in self._nodes
            if isinstance(x, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return))
        )

    @cached_property
    def sums_by_methods(self) -> bool:
        """Are sums written as `x.sum()`, and not as `np.sum(x)`?"""
        own = self._of_numpy("sum")
        return 2 * sum(own) < len(own)

    def sum(self, numpy: str, a: str) -> str:
        """A sum, as the program writes most of them."""
        return f"{a}.sum()" if self.sums_by_methods or not numpy else f"{numpy}.sum({a})"

    def product(self, numpy: str, a: str, b: str) -> str:
        """A matrix product, as the program writes most of them. numpy: its name there, or none."""
        return (self._product if numpy else "{1} @ {2}").format(numpy, a, b)

    @cached_property
    def _product(self) -> str:
        own = self._of_numpy("dot")
        if not own:
            return "{1} @ {2}"
        return "{0}.dot({1}, {2})" if 2 * sum(own) >= len(own) else "{1}.dot({2})"

    @cached_property
    def batched_transposes(self) -> list[str]:
        """How the last two axes of more are interchanged: `.transpose(0, 2, 1)`."""
        its = (x for _, x in self._nodes if isinstance(x, ast.Call) and len(x.args) > 1)
        calls = (x for x in its if getattr(x.func, "attr", "") in ("transpose", "swapaxes"))
        plain = (x for x in calls if not _is_name_of(x.func, self._modules))
        texts = (f".{x.func.attr}({', '.join(map(ast.unparse, x.args))})" for x in plain)  # type: ignore[attr-defined]
        return [*dict.fromkeys(texts)] or [".swapaxes(-1, -2)"]

    def _of_numpy(self, name: str) -> list[bool]:
        """For each function of a name that is called: is it numpy's, and no method?"""
        called = (x.func for _, x in self._nodes if isinstance(x, ast.Call))
        some = [x for x in called if isinstance(x, ast.Attribute) and x.attr == name]
        return [_is_name_of(x, self._modules) for x in some]

    @cached_property
    def flags(self) -> list[str]:
        """The words that conditions compare with."""
        tests = (x for _, x in self._nodes if isinstance(x, ast.Compare))
        words = (getattr(y, "value", None) for x in tests for y in (x.left, *x.comparators))
        return [*dict.fromkeys(x for x in words if isinstance(x, str))]


def _is_name_of(func: Any, modules: set[str]) -> bool:
    """Is it a function of a module?"""
    owner = getattr(func, "value", None)
    return isinstance(owner, ast.Name) and owner.id in modules


def outline(text: str) -> str:
    """A line without the names of values: `_ = _ . sum ( _ , axis = 1 )`."""
    words = re.findall(r"\w+|==|[^\w\s]", text)
    kept, inside = [], 0
    for i, word in enumerate(words):
        inside += (word in "([{") - (word in ")]}")
        after = words[i + 1] if i + 1 < len(words) else ""
        named = word.isidentifier() and after != "(" and not iskeyword(word)
        named = named and not (after == "=" and inside)
        if named and words[i - 1 : i] == ["."]:
            named = word not in OF_ARRAYS
        kept.append("_" if named else word.rstrip("0123456789") or word)
    return " ".join(kept)
