"""Handwritten gradients against derived ones: a verdict and the differences, name by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import REAL, Node, describe
from ..names import Names
from ..reverse import check_real, grad, order


@dataclass(frozen=True)
class Row:
    """One name: the shapes, the differences, and the verdict, `equal` or what is wrong.

    `absolute` is the largest difference, `relative` the same over the largest magnitude.
    """

    name: str
    shape: tuple[int, ...]
    absolute: float
    relative: float
    verdict: str

    @property
    def ok(self) -> bool:
        return self.verdict == "equal"


@dataclass(frozen=True)
class Comparison:
    """What `compare` found, one row for each name. `str()` is a table."""

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Is every handwritten gradient equal to the derived one?"""
        return all(row.ok for row in self.rows)

    def raise_if_wrong(self) -> None:
        """Raise AssertionError, with the table, unless all gradients are equal."""
        if not self.ok:
            raise AssertionError(f"handwritten gradients differ from the derived ones\n{self}")

    def __str__(self) -> str:
        head = ("name", "shape", "absolute", "relative", "verdict")
        cells = [head] + [
            (r.name, str(r.shape), f"{r.absolute:.1e}", f"{r.relative:.1e}", r.verdict)
            for r in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        return "\n".join(lines)

    __repr__ = __str__


def compare(
    loss: Node,
    handwritten: Mapping[str, Any],
    names: Mapping[str, Any] | None = None,
    rtol: float | None = None,
) -> Comparison:
    """Compare handwritten gradients of `loss` with the derived ones.

    handwritten: ∂loss/∂x as an array, under a name of x: a parameter's, one given by `.named`, or
    one in `names`, such as `locals()` (`P["W"]` of what a dict P holds), or the one that the module
    it belongs to has for it, `layers.0.W`. rtol: how much two
    gradients may differ, relative to the largest magnitude in either, so that a small element is
    judged by the large ones beside it; by default √eps of the coarser dtype, half of its digits.

    A wrong shape or a NaN is a verdict, not an error. Raises TypeError if `handwritten` is no dict,
    or a value in it no array of numbers; ValueError for a name that the graph of `loss` does not
    have, or has twice.

    >>> from autograd_lite import Tensor, compare
    >>> x, W = np.array([[1.0, 2.0]]), Tensor([[3.0], [4.0]], name="W")
    >>> loss = ((x @ W) ** 2).sum()
    >>> print(compare(loss, {"W": 2 * x.T * 11}))
    name  shape   absolute  relative  verdict
    W     (2, 1)  0.0e+00   0.0e+00   equal
    >>> compare(loss, {"W": x.T * 11}).ok
    False
    """
    check_real(loss, "the loss")
    if not isinstance(handwritten, Mapping):
        raise TypeError(
            f"compare got {describe(handwritten)} for handwritten gradients; a dict of arrays by "
            "the names of what they belong to is needed; pass {'W': dW}"
        )
    nodes = _find(loss, handwritten, names)
    derived = grad(loss, list(nodes.values()))
    return Comparison(
        tuple(
            _row(name, _numbers(name, handwritten[name]), gx, rtol)
            for name, gx in zip(nodes, derived)
        )
    )


def _find(
    loss: Node, wanted: Mapping[str, Any], names: Mapping[str, Any] | None
) -> dict[str, Node]:
    """The nodes of the graph of `loss` with the wanted names."""
    nodes = order(loss)
    known = Names(names, nodes)
    named: dict[str, set[Node]] = {}
    for node in nodes:
        for name in known.all(node):
            named.setdefault(name, set()).add(node)
    for name in wanted:
        if len(named.get(name, ())) != 1:
            raise ValueError(
                f"{name!r} names {len(named.get(name, ()))} values in the graph of the loss, "
                f"which has {', '.join(sorted(named)) or 'no names'}; one is needed; name values "
                "with .named, or pass names=locals()"
            )
    return {name: next(iter(named[name])) for name in wanted}


def _numbers(name: str, given: Any) -> np.ndarray:
    array = np.asarray(given.value if isinstance(given, Node) else given)
    if array.dtype.kind not in REAL:
        raise TypeError(
            f"the gradient of {name!r} is {describe(given)}; real numbers are needed; pass an array"
        )
    return array


def _row(name: str, given: np.ndarray, derived: np.ndarray, rtol: float | None) -> Row:
    if given.shape != derived.shape:
        verdict = f"has shape {given.shape}, not {derived.shape}"
        return Row(name, derived.shape, np.nan, np.nan, verdict)
    if not (np.isfinite(given).all() and np.isfinite(derived).all()):
        whose = "handwritten" if np.isfinite(derived).all() else "derived"
        return Row(name, derived.shape, np.nan, np.nan, f"{whose} is not finite")
    absolute = float(np.abs(given - derived).max(initial=0))
    scale = float(max(np.abs(given).max(initial=0), np.abs(derived).max(initial=0)))
    relative = absolute / scale if scale else 0.0
    if rtol is None:
        rtol = max(np.sqrt(np.finfo(a.dtype).eps) for a in (given, derived) if a.dtype.kind == "f")
    return Row(name, derived.shape, absolute, relative, "equal" if relative <= rtol else "differs")
