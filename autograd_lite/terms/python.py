"""Python: the signs for numpy's ufuncs, how tightly they bind, and text that becomes a function."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import numpy as np

# How tightly an expression binds, in Python's grammar.
COMPARED, ADDED, MULTIPLIED, SIGNED, RAISED, ATOM = range(6)

# What numpy calls by a name, a person writes with a sign.
SIGNS: dict[Any, tuple[str, int]] = {
    np.greater: (">", COMPARED),
    np.greater_equal: (">=", COMPARED),
    np.less: ("<", COMPARED),
    np.less_equal: ("<=", COMPARED),
    np.equal: ("==", COMPARED),
    np.not_equal: ("!=", COMPARED),
    np.add: ("+", ADDED),
    np.subtract: ("-", ADDED),
    np.multiply: ("*", MULTIPLIED),
    np.divide: ("/", MULTIPLIED),
    np.matmul: ("@", MULTIPLIED),
}

_files = count(1)


def run(text: str, name: str) -> Callable[..., Any]:
    """The function of that name which a text defines; tracebacks show its lines while it lives."""
    file = f"<{name} {next(_files)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    weakref.finalize(function, linecache.cache.pop, file, None).atexit = False
    return function


def silenced_by(kinds: Iterable[str]) -> list[str]:
    """The decorators that switch off these kinds of floating-point warning."""
    switches = ", ".join(f'{kind}="ignore"' for kind in sorted(kinds))
    return [f"np.errstate({switches})"] if switches else []
