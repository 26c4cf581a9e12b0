"""Layout: where the values that a function computes live, from when and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Array
from ..terms import METHODS, InPlace, Method, Term, needed, within
from .faster import is_elementwise
from .scope import is_own

# Beside the ufuncs, these take an array for their result; without it they are right, and slower.
WITH_OUT = {np.dot, np.concatenate, METHODS["astype"]} | {
    METHODS[name] for name in ("sum", "mean", "var", "std", "max", "min", "prod")
}


@dataclass(frozen=True)
class Layout:
    """For every term that results and conditions need: where its value lives.

    A value is a leaf; or a view of another, its `root`; or in one of the `buffers`; or else fresh,
    made anew by each call. `looks` has an array for each value whose memory is known beforehand,
    laid out as the value will be. `last`: the position in `terms` of the last use of a root.
    `home`: of a buffer that is part of another, or of a leaf, that other; `pieces`: which part.
    `doubtful`: what may be a view or not, and is copied then.
    """

    terms: list[Term]
    results: Sequence[Any]
    looks: Mapping[Term, Array]
    root: Mapping[Term, Term]
    buffers: Collection[Term]
    doubtful: Collection[Term]
    last: Mapping[Term, int]
    home: Mapping[Term, Term]
    pieces: Mapping[Term, tuple[int, int]]

    def memory(self, term: Term) -> Term:
        """The leaf, buffer or fresh value whose memory a value is in."""
        return _memory(term, self.root, self.home)

    def overwrites(self, term: Term, x: Term) -> bool:
        """May an elementwise result be written over its input x?"""
        return _overwrites(term, x, self.root, self.home)


def lay_out(
    arrays: Mapping[Term, Array],
    results: Sequence[Any],
    effects: Collection[Term],
    stops: Collection[Term],
    targets: Mapping[int, Term],
) -> Layout:
    """The layout of `results` and `effects`: conditions on values and shapes, and draws.

    arrays: of the leaves whose memory is known. stops: where a call may turn out to be none of this
    function's. targets: by the position of a result, the leaf that it is written to.
    """
    terms = needed([*results, *effects])
    returned = {x for i, x in enumerate(results) if i not in targets}
    looks, root, buffers, doubtful = _memories(terms, arrays, returned)
    last = _last_uses(terms, results, root)
    # until here a call may end otherwise, and must have overwritten nothing
    certain = max((i for i, x in enumerate(terms) if x in stops or _may_raise(x)), default=-1)
    pieces, wholes = _pieces(terms, looks, root, buffers)
    for root_of_part, whole in wholes.items():
        last[whole] = max(last.get(whole, 0), last[root_of_part])
    home = wholes | _targets(terms, results, root, buffers, wholes, targets, certain)
    return Layout(terms, results, looks, root, buffers, doubtful, last, home, pieces)


def _is_called(term: Term) -> bool:
    """Is it a forward of the user's, which may raise anything?"""
    return term.op is not None and not isinstance(term.op, (Method, InPlace)) and is_own(term.op)


def _may_raise(term: Term) -> bool:
    """Can the call end in an error that hangs on values, such as an index that is out of range?"""
    indices = (x for x in within(term.inputs) if x.dtype.kind in "iu")
    return _is_called(term) or (not isinstance(term.op, np.ufunc) and any(indices))


def _memories(
    terms: Iterable[Term], arrays: Mapping[Term, Array], returned: set[Any]
) -> tuple[dict[Term, Array], dict[Term, Term], set[Term], set[Term]]:
    """The looks and roots of values, which of them are buffers, and which are doubtful."""
    looks, root = dict(arrays), {}
    buffers: set[Term] = set()
    doubtful: set[Term] = set()
    for term in terms:
        root[term] = term
        if term.op is None:
            continue
        if term.op in (np.full, np.zeros_like):
            looks[term] = np.full(
                term.shape, term.inputs[1] if term.op is np.full else 0, term.dtype
            )
        elif isinstance(term.op, (np.ufunc, InPlace)) or term.op in WITH_OUT:
            if term.shape and term.size and term not in returned:
                buffers.add(term)
                looks[term] = np.zeros(term.shape, term.dtype)
        elif _is_called(term):
            doubtful.add(term)
        else:
            try:
                base, look = _viewed(term, looks)
            except Exception:  # what the call makes of zeros, it need not make of other values
                doubtful.add(term)
                continue
            if base is not None:
                root[term] = root[base]
            if look is not None:
                looks[term] = look
    return looks, root, buffers, doubtful


def _viewed(term: Term, looks: Mapping[Term, Array]) -> tuple[Term | None, Array | None]:
    """The input that a value may be a view of, and the view, if its memory is known beforehand.

    numpy is asked: on the memory as it will be, or, where that is not known, on arrays in either
    order, for a reshape is a view of some arrays and a copy of others.
    """
    inputs = list(within(term.inputs))
    if any(x.dtype == object for x in inputs):  # a draw from a generator
        return None, None
    known = all(x in looks for x in inputs)
    orders: list[Any] = ["C"] if known else ["C", "F"]
    for order in orders:
        given = {x: looks[x] if known else np.zeros(x.shape, x.dtype, order) for x in inputs}
        with np.errstate(all="ignore"):
            y = term.op(*_filled(term.inputs, given), **term.params)
        for x in inputs:
            if np.may_share_memory(y, given[x]):
                return x, y if known else None
    return None, None


def _filled(inputs: Any, given: Mapping[Term, Array]) -> Any:
    """Inputs with arrays for terms, also within tuples and lists."""
    if isinstance(inputs, Term):
        return given[inputs]
    if isinstance(inputs, (tuple, list)):
        return type(inputs)(_filled(x, given) for x in inputs)
    return inputs


def _last_uses(
    terms: Iterable[Term], results: Iterable[Any], root: Mapping[Term, Term]
) -> dict[Term, int]:
    n, last = 0, {}
    for n, term in enumerate(terms, 1):
        for x in within(term.inputs):
            last[root[x]] = n - 1
    last.update((root[x], n) for x in results if isinstance(x, Term))
    return last


def _memory(term: Term, root: Mapping[Term, Term], home: Mapping[Term, Term]) -> Term:
    term = root[term]
    while term in home:
        term = root.get(home[term], home[term])
    return term


def _overwrites(term: Term, x: Term, root: Mapping[Term, Term], home: Mapping[Term, Term]) -> bool:
    return (
        is_elementwise(term.op)
        and not term.params
        and x.shape == term.shape
        and x.dtype == term.dtype
        and all(y is x or _memory(y, root, home) is not x for y in within(term.inputs))
    )


def _pieces(
    terms: Iterable[Term],
    looks: Mapping[Term, Array],
    root: Mapping[Term, Term],
    buffers: Collection[Term],
) -> tuple[dict[Term, tuple[int, int]], dict[Term, Term]]:
    """The parts of joined arrays that are written into the whole: which part, and which whole."""
    pieces: dict[Term, tuple[int, int]] = {}
    wholes: dict[Term, Term] = {}
    for whole in terms:
        if whole.op is not np.concatenate or whole not in buffers or _joined_axis(whole) != 0:
            continue
        start = 0
        for part in whole.inputs[0]:
            source, size = root[part], part.size
            if (
                source in buffers
                and source not in wholes
                and source is not whole
                and source.dtype == whole.dtype
                and source.size == size
                and looks[part].flags.c_contiguous
            ):
                wholes[source] = whole
                pieces[source] = start, start + size
            start += size
    return pieces, wholes


def _joined_axis(term: Term) -> int:
    axis = term.params.get("axis", term.inputs[1] if len(term.inputs) > 1 else 0)
    return 0 if axis is not None and len(term.shape) == 1 else -1 if axis is None else axis


def _targets(
    terms: list[Term],
    results: Sequence[Any],
    root: Mapping[Term, Term],
    buffers: Collection[Term],
    wholes: Mapping[Term, Term],
    targets: Mapping[int, Term],
    certain: int,
) -> dict[Term, Term]:
    """The buffers that are the leaves themselves which results are to be written to.

    So it is where nobody reads the leaf any more once the result is begun to be written, and where
    it is certain by then that the call goes on to its end.
    """
    position = {term: i for i, term in enumerate(terms)}
    home = dict(wholes)
    for i, leaf in targets.items():
        term = results[i]
        if not isinstance(term, Term) or term not in buffers or term in home:
            continue
        parts = [part for part in home if _memory(part, root, home) is term]
        first = min(position[x] for x in (term, *parts))
        returned = (x for x in results if isinstance(x, Term))
        if first <= certain or any(_memory(x, root, home) is leaf for x in returned):
            continue
        readers = (
            t for t in terms if any(_memory(x, root, home) is leaf for x in within(t.inputs))
        )
        if all(
            position[t] < first or (t is term and _overwrites(term, leaf, root, home))
            for t in readers
        ):
            home[term] = leaf
    return {term: leaf for term, leaf in home.items() if term not in wholes}
