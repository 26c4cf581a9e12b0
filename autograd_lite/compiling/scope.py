"""The names in the text of a compiled function, and the objects that they stand for."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import Any

import numpy as np

from ..graph import ndarray
from ..names import Namespace


class Scope(Namespace):
    """Names, no two alike, of what a text mentions: `objects` are to be handed to it."""

    def __init__(self) -> None:
        super().__init__([*keyword.kwlist, *dir(builtins), "np", "make", "step"])
        self.objects: dict[str, Any] = {}
        self._names: dict[int, str] = {}  # by the id of an object

    def spelled(self, name: str) -> str:
        """A free name like this one that Python can have."""
        name = re.sub(r"\W", "_", name, flags=re.ASCII)
        return self.free(name if name.isidentifier() else f"_{name}")

    def object(self, x: Any, name: str = "") -> str:
        """How the text mentions an object: always by one name, plain ones as they are written."""
        if x is None or type(x) in (bool, int, str):
            return repr(x)
        if id(x) not in self._names:
            self._names[id(x)] = self.bind(x, name)
        return self._names[id(x)]

    def bind(self, x: Any, name: str = "") -> str:
        """A new name for an object."""
        name = self.spelled(name) if name else self.numbered("c" if type(x) is ndarray else "o")
        self.objects[name] = x
        return name

    def function(self, f: Any) -> str:
        """How the text mentions a function: by what it is called itself."""
        return self.object(f, str(getattr(f, "__name__", "function")))


def is_own(op: Any) -> bool:
    """Is it a forward that is called as a whole, and not a function that numpy has by its name?"""
    return getattr(np, getattr(op, "__name__", ""), None) is not op
