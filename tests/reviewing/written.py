"""Programs as text, imported from files of their own."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside
from autograd_lite.reviewing.pool import Pool

_count = itertools.count()


def module(folder: Path, text: str) -> Any:
    """The module that a text is."""
    name = f"written_{next(_count)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def pool_of(forward: Any, backward: Any, args: Any, wrt: Any = None) -> tuple[Bench, Pool]:
    """A pass, noted, and what it has to rearrange."""
    with aside():
        bench = Bench(Call(forward, backward, args), wrt, "gradients", 1.0, None)
    return bench, Pool(bench.code, bench.notes, bench.forward)


def reviewed(folder: Path, text: str, right: str, slip: str, args: Any, **options: Any) -> Any:
    """A review where what is right reads otherwise, which mends all by one edit; how many lines
    below that it is; and the mended module beside the right one."""
    assert text.count(right) == 1
    m = module(folder, text.replace(right, slip))
    found = al.review(m.loss, m.gradients, *args, **options)
    assert not found.ok
    assert found.left == (), found
    (mistake,) = found.mistakes
    (new,) = found.mended.values()
    first = text[: text.index(right)].count("\n") + 1
    return found, mistake.line - first, module(folder, new), module(folder, text)


NETWORK = """
import numpy as np


def loss(W1, b1, W2, b2, X, Y):
    p = np.tanh(X @ W1 + b1) @ W2 + b2
    return ((p - Y) ** 2).sum() / len(X)


def gradients(W1, b1, W2, b2, X, Y):
    N = len(X)
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    p = a1 @ W2 + b2
    dp = 2 * (p - Y) / N
    dW2 = a1.T @ dp
    db2 = dp.sum(axis=0)
    da1 = dp @ W2.T
    dz1 = da1 * (1 - a1 ** 2)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""


def make(rng: Any) -> tuple[Any, ...]:
    """Arguments of the network, of sizes that differ."""
    n, d, h, k = (int(i) for i in rng.permutation(np.arange(2, 8))[:4])
    shapes = (d, h), (h,), (h, k), (k,), (n, d), (n, k)
    return tuple(rng.normal(size=shape) for shape in shapes)


ARGS = make(np.random.default_rng(5))
