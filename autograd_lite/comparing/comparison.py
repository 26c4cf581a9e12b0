"""Handwritten gradients against derived ones: a verdict and the differences, name by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..graph import REAL, Node, describe
from ..names import Namespace, known
from ..reverse import check_loss, grad, order
from ..showing import Table


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
    """What `compare` found, one row for each name. `str()` is a table, as in a notebook."""

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Is every handwritten gradient equal to the derived one?"""
        return all(row.ok for row in self.rows)

    def raise_if_wrong(self) -> None:
        """Raise AssertionError, with the table, unless all gradients are equal."""
        if not self.ok:
            raise AssertionError(f"handwritten gradients differ from the derived ones\n{self}")

    @property
    def _table(self) -> Table:
        return Table(
            ("name", "shape", "absolute", "relative", "verdict"),
            [
                (r.name, str(r.shape), f"{r.absolute:.1e}", f"{r.relative:.1e}", r.verdict)
                for r in self.rows
            ],
            verdicts=[row.ok for row in self.rows],
        )

    def __str__(self) -> str:
        return str(self._table)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._table._repr_html_()


def compare(
    loss: Node,
    handwritten: Mapping[Any, Any],
    names: Mapping[str, Any] | None = None,
    rtol: float | None = None,
) -> Comparison:
    """Compare handwritten gradients of `loss` with the derived ones.

    handwritten: ∂loss/∂x as an array, a nested list or a Tensor, under x itself or a name of it: a
    parameter's, one given by `.named`, or one in `names`, such as `locals()` or
    `dict(model.named_parameters())`. rtol: how much two gradients may differ, relative to the
    largest magnitude in either, so that a small element is judged by the large ones beside it; by
    default √eps of the coarser dtype, half of its digits.

    A wrong shape or a NaN is a verdict, not an error. Raises TypeError if `handwritten` is no dict,
    or a value in it no array of numbers; ValueError if it is empty, or has a name that the graph of
    `loss` does not have, has twice, or has for a constant, and for a loss of several elements.

    >>> from autograd_lite import Tensor, compare
    >>> x, W = np.array([[1.0, 2.0]]), Tensor([[3.0], [4.0]], name="W")
    >>> loss = ((x @ W) ** 2).sum()
    >>> print(compare(loss, {"W": 2 * x.T * 11}))
    name  shape   absolute  relative  verdict
    W     (2, 1)  0.0e+00   0.0e+00   equal
    >>> compare(loss, {"W": x.T * 11}).ok
    False
    """
    check_loss(loss)
    if not isinstance(handwritten, Mapping):
        raise TypeError(
            f"compare got {describe(handwritten)} for handwritten gradients; a dict of arrays by "
            "the names of what they belong to is needed; pass {'W': dW}"
        )
    if not handwritten:
        raise ValueError(
            "compare got no handwritten gradients; one at least is needed, for nothing is right "
            "about none; pass {'W': dW}"
        )
    if rtol is not None and not (isinstance(rtol, (int, float, np.number)) and rtol >= 0):
        raise ValueError(
            f"rtol is {describe(rtol)}; a number of at least 0 is needed; leave it out for half of "
            "the digits"
        )
    nodes = _find(loss, handwritten, names)
    arrays = [_numbers(name, x, given) for (name, x), given in zip(nodes, handwritten.values())]
    derived = grad(loss, [x for _, x in nodes])
    return Comparison(
        tuple(_row(name, a, gx, rtol) for (name, _), a, gx in zip(nodes, arrays, derived))
    )


def _find(
    loss: Node, wanted: Iterable[Any], names: Mapping[str, Any] | None
) -> list[tuple[str, Node]]:
    """The nodes of the graph of `loss` that are wanted, by their names or themselves."""
    names_of = known(names)
    nodes = order(loss)
    named: defaultdict[str, dict[Node, None]] = defaultdict(dict)
    for node in nodes:
        for name in names_of(node):
            named[name][node] = None
    space = Namespace(key for key in wanted if isinstance(key, str))
    found = []
    within = set(nodes)
    for key in wanted:
        if isinstance(key, Node) and key in within:
            name = next(names_of(key), None) or describe(key)
            found.append((space.free(name), key))
        elif isinstance(key, str) and len(named[key]) == 1:
            found.append((key, next(iter(named[key]))))
        else:
            raise _not_found(key, nodes, named, names_of)
    return found


def _not_found(
    key: Any,
    nodes: list[Node],
    named: Mapping[str, Any],
    names_of: Callable[[Any], Iterator[str]],
) -> Exception:
    """Why no one node of the graph is meant by `key`, and what may have been meant."""
    names = sorted(name for name in named if named[name])
    has = f"the graph of the loss, which has {', '.join(names) or 'no names'}"
    if isinstance(key, Node):
        return ValueError(
            f"{describe(key)} is not in {has}; a value that the loss depends on is needed; compute "
            "the loss from it"
        )
    if not isinstance(key, str):
        return TypeError(
            f"compare got a gradient of {describe(key)}; a name is needed, or a Tensor itself; "
            "pass {'W': dW}"
        )
    count = len(named.get(key, ()))
    remedy = "name values with .named, or pass names=locals()"
    if count:
        remedy = "pass the Tensor itself in the place of its name, or give it another with .named"
    else:
        for x in (x for node in nodes for x in node.inputs if not isinstance(x, Node)):
            if key in names_of(x):
                return ValueError(
                    f"{key!r} is {describe(x)}, a constant in the graph of the loss; a Tensor is "
                    f"needed, for only Tensors are differentiable; write {key} = Tensor({key}) "
                    "before the expression"
                )
        if meant := _meant(key, names):
            remedy = f"did you mean {meant!r}?"
    return ValueError(f"{key!r} names {count} values in {has}; one is needed; {remedy}")


def _meant(name: str, names: list[str]) -> str | None:
    """The one name that `name` is a slip for: in its case, of a letter or two, or dW for W.

    With another number it is another name: W3 is no slip for W2.
    """
    letters, number = _parts(name)
    others = {other: _parts(other)[0] for other in names if _parts(other)[1] == number}
    slips = get_close_matches(letters, others.values(), cutoff=0.8)
    for close in ([letters], [letters.removeprefix("d")], slips):
        if meant := [other for other in others if others[other] in close]:
            return meant[0] if len(meant) == 1 else None
    return None


def _parts(name: str) -> tuple[str, str]:
    """The letters of a name, all of one case, and its digits."""
    plain = "".join(filter(str.isalnum, name)).casefold()
    return "".join(c for c in plain if not c.isdigit()), "".join(filter(str.isdigit, plain))


def _numbers(name: str, x: Node, given: Any) -> np.ndarray:
    """A handwritten gradient as an array."""
    try:
        array = np.asarray(given.value if isinstance(given, Node) else given)
    except (TypeError, ValueError):  # a list of lists of several lengths, or of Tensors
        array = np.asarray(None)
    if array.dtype.kind not in REAL:
        raise TypeError(
            f"the gradient of {name!r} is {describe(given)}; real numbers are needed; pass an "
            f"array of shape {x.shape}"
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
