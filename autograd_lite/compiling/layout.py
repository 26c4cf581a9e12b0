"""Layout: where the values that a function computes live, from when and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Array
from ..terms import GETITEM, METHODS, InPlace, Method, Term, needed, within
from .faster import is_elementwise

STRIP = 1 << 14  # elements that elementwise calls go through together, to find them in the cache

VIEWS = {np.expand_dims, np.broadcast_to, GETITEM} | {
    METHODS[name] for name in ("transpose", "swapaxes", "squeeze", "reshape", "ravel")
}
VARYING = {METHODS["repeat"], np.repeat, np.unique, np.compress, np.extract, np.flatnonzero}
VARYING |= {np.argwhere, np.trim_zeros, np.bincount, np.delete, np.insert, np.union1d}
WITH_OUT = {np.dot, np.concatenate, METHODS["astype"]} | {
    METHODS[name] for name in ("sum", "mean", "var", "std", "max", "min", "prod")
}


class Layout:
    """For every term that results and guards need: where its value lives.

    A value is a leaf; or a view of another, its `root`; or in one of the `buffers`; or else fresh,
    made anew by each call. `looks` has an array for each value whose memory is known beforehand,
    laid out as the value will be. `last`: the position in `terms` of the last use of a root.
    `home`: of a buffer that is part of another, or of a leaf, that other; `pieces`: which part.
    `strips`: of an elementwise call on long arrays, the run of calls that it is in.
    """

    def __init__(
        self,
        arrays: Mapping[Term, Array],
        results: Sequence[Any],
        guards: Sequence[Term],
        targets: Mapping[int, Term],
    ) -> None:
        self.results = results
        self.guards = set(guards)
        self.terms = needed([*results, *guards])
        self.position = {term: i for i, term in enumerate(self.terms)}
        self.looks: dict[Term, Array] = dict(arrays)
        self.root: dict[Term, Term] = {}
        self.buffers: set[Term] = set()
        self._classify({x for i, x in enumerate(results) if i not in targets})
        self._find_last_uses()
        # until here a call may turn out to be none of this function's, with nothing overwritten
        self.certain = max((i for i, x in enumerate(self.terms) if self._may_stop(x)), default=-1)
        self.home: dict[Term, Term] = {}
        self.pieces: dict[Term, tuple[int, int]] = {}
        self._place(targets)
        self.strips: dict[Term, list[Term]] = {}
        for run in self._runs():
            self.strips.update(dict.fromkeys(run, run))

    def _classify(self, returned: set[Any]) -> None:
        for term in self.terms:
            self.root[term] = term
            if term.op is None:
                continue
            if self._is_view(term):
                base = term.inputs[0]
                self.root[term] = self.root[base]
                if base in self.looks:
                    view = term.op(*self._looked(term.inputs), **term.params)
                    if np.may_share_memory(view, self.looks[base]):
                        self.looks[term] = view
                    else:
                        self.root[term] = term  # a copy, to be made by each call
            elif term.op in (np.full, np.zeros_like):
                self.looks[term] = np.full(term.shape, self._filler(term), term.dtype)
            elif term.shape and term not in returned and _has_out(term.op) and term.size:
                self.buffers.add(term)
                self.looks[term] = np.empty(term.shape, term.dtype)

    @staticmethod
    def _is_view(term: Term) -> bool:
        if term.op is GETITEM:
            key = term.inputs[1] if isinstance(term.inputs[1], tuple) else (term.inputs[1],)
            return bool(term.shape) and not any(isinstance(k, (Term, np.bool_, bool)) for k in key)
        return term.op in VIEWS and isinstance(term.inputs[0], Term)

    @staticmethod
    def _filler(term: Term) -> Any:
        return term.inputs[1] if term.op is np.full else 0

    def _looked(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.looks[x] if isinstance(x, Term) else x for x in inputs)

    def _find_last_uses(self) -> None:
        self.last: dict[Term, int] = {}
        for i, term in enumerate(self.terms):
            for x in within(term.inputs):
                self.last[self.root[x]] = i
        for x in self.results:
            if isinstance(x, Term):
                self.last[self.root[x]] = len(self.terms)

    def _place(self, targets: Mapping[int, Term]) -> None:
        """Have results written where they are to go, and parts of a whole into the whole."""
        for term in self.terms:
            if term.op is np.concatenate and term in self.buffers and self.axis(term) == 0:
                self._place_parts(term)
        for i, leaf in targets.items():
            term = self.results[i]
            if isinstance(term, Term) and term in self.buffers and term not in self.home:
                parts = [part for part in self.home if self.memory(part) is term]
                first = min(self.position[x] for x in (term, *parts))
                if first <= self.certain or any(
                    self.memory(x) is leaf for x in self.results if isinstance(x, Term)
                ):
                    continue
                readers = [
                    t for t in self.terms if any(self.memory(x) is leaf for x in within(t.inputs))
                ]
                if all(
                    self.position[t] < first or (t is term and self.overwrites(t, leaf))
                    for t in readers
                ):
                    self.home[term] = leaf

    def _may_stop(self, term: Term) -> bool:
        """Can the line of a value end the call?"""
        return term in self.guards or may_vary(term) or (term.op is not None and is_own(term.op))

    @staticmethod
    def axis(term: Term) -> int:
        axis = term.params.get("axis", term.inputs[1] if len(term.inputs) > 1 else 0)
        return 0 if axis is not None and len(term.shape) == 1 else -1 if axis is None else axis

    def _place_parts(self, whole: Term) -> None:
        start = 0
        for part in whole.inputs[0]:
            root, size = self.root[part], part.size
            if (
                root in self.buffers
                and root not in self.home
                and root is not whole
                and root.dtype == whole.dtype
                and root.size == size
                and self.looks[part].flags.c_contiguous
            ):
                self.home[root] = whole
                self.pieces[root] = (start, start + size)
                self.last[whole] = max(self.last.get(whole, 0), self.last[root])
            start += size

    def overwrites(self, term: Term, x: Term) -> bool:
        """May an elementwise result be written over its input x?"""
        return (
            is_elementwise(term.op)
            and not term.params
            and x.shape == term.shape
            and x.dtype == term.dtype
            and all(y is x or self.memory(y) is not x for y in within(term.inputs))
        )

    def memory(self, term: Term) -> Term:
        """The leaf, buffer or fresh value whose memory a value is in."""
        term = self.root[term]
        while term in self.home:
            term = self.root.get(self.home[term], self.home[term])
        return term

    def _runs(self) -> list[list[Term]]:
        """Runs of elementwise calls on long arrays, that can go through them strip by strip."""
        runs: list[list[Term]] = [[]]
        for term in self.terms:
            run = runs[-1]
            fits = not run or (term.shape, term.dtype) == (run[0].shape, run[0].dtype)
            if self._is_strip(term) and fits:
                run.append(term)
            elif self._is_strip(term):
                runs.append([term])
            elif term.shape or any(x in run for x in within(term.inputs)):
                runs.append([])
        return [run for run in runs if len(run) > 1]

    def _is_strip(self, term: Term) -> bool:
        whole = (
            not isinstance(x, Term)
            or not x.shape
            or (
                x.shape == term.shape
                and self.root[x] is x
                and x in self.looks
                # else a wider result may get its memory, and overwrite strips that come later
                and not x.dtype.itemsize < term.dtype.itemsize <= 2 * x.dtype.itemsize
            )
            for x in term.inputs
        )
        return (
            term in self.buffers
            and len(term.shape) == 1
            and term.shape[0] > 4 * STRIP
            and is_elementwise(term.op)
            and not term.params
            and term not in self.pieces
            and all(whole)
        )

    def is_passing(self, term: Term) -> bool:
        """Is a value in a strip needed nowhere else?"""
        run = self.strips.get(term)
        return (
            run is not None and term not in self.home and self.last[term] <= self.position[run[-1]]
        )


def _has_out(op: Any) -> bool:
    return isinstance(op, (np.ufunc, InPlace)) or op in WITH_OUT


def is_own(op: Any) -> bool:
    """Is it a function that is not among numpy's own by its name?"""
    if isinstance(op, (Method, InPlace)):
        return False
    return getattr(np, getattr(op, "__name__", ""), None) is not op


def may_vary(term: Term) -> bool:
    """Can the shape of a value hang on other values, as that of x[x > 0] does?"""
    if term.op is GETITEM:
        return any(key.dtype.kind == "b" for key in within(term.inputs[1:]))
    named = within(tuple(term.params.values()))
    return term.op is not None and (term.op in VARYING or is_own(term.op) or any(named))
