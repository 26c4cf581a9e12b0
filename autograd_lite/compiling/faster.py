"""Calls that take less time, in the place of others that mean the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..graph import Array
from ..terms import METHODS, Term, Terms, is_number

SMALL = 1 << 14  # elements of a product up to which np.dot is faster than np.matmul


class Faster:
    """Terms again, with faster calls. `ones`: the arrays of ones that these need."""

    def __init__(self, terms: Terms, given: Iterable[Term]) -> None:
        self.terms = terms
        self.ones: dict[Term, Array] = {}
        self._found: dict[Term, Any] = {}
        for term in given:
            self._found[term] = term if term.op is None else self._faster(term)

    def of(self, x: Any) -> Any:
        """The term, or the terms within, in the place of x."""
        if isinstance(x, Term):
            return self._found[x]
        return type(x)(map(self.of, x)) if isinstance(x, (tuple, list)) else x

    def _faster(self, term: Term) -> Term:
        op, params = term.op, term.params
        inputs = self.of(term.inputs)
        shape, dtype = term.shape, term.dtype
        x = inputs[0]
        if is_elementwise(op) and shape and not params:
            if op is np.power and is_number(inputs[1]) and inputs[1] == 2:
                op, inputs = np.square, (x,)
            inputs = tuple(self._in_shape(y, shape) for y in inputs)
        elif (
            op is np.matmul
            and not params
            and all(isinstance(y, Term) and len(y.shape) == 2 for y in inputs)
        ):
            if shape[0] * shape[1] <= SMALL or inputs[1].shape[0] == 1:
                op = np.dot
        elif (
            op is METHODS["sum"]
            and dtype.kind == "f"
            and x.dtype == dtype
            and len(inputs) == 1
            and params.keys() <= {"axis", "keepdims"}
        ):
            axis = params.get("axis")
            if axis is None and not shape and x.op is np.multiply and _alike(*x.inputs):
                op, inputs, params = np.vdot, x.inputs, {}
            elif len(x.shape) == 2 and axis is not None and not isinstance(axis, tuple):
                axis %= 2
                if x.shape[axis] == 1:
                    op, inputs, params = METHODS["reshape"], (x, shape), {}
                else:
                    n = x.shape[axis]
                    side = (n,) if len(shape) == 1 else (1, n) if axis == 0 else (n, 1)
                    ones = self._ones(side, dtype)
                    op, inputs, params = np.dot, (ones, x) if axis == 0 else (x, ones), {}
        return self.terms.make(op, inputs, params, shape, dtype)

    def _in_shape(self, x: Any, shape: tuple[int, ...]) -> Any:
        """An elementwise input that lacks nothing but axes of length 1, with these."""
        if not isinstance(x, Term) or x.shape == shape or math.prod(x.shape) != math.prod(shape):
            return x
        return self.terms.make(METHODS["reshape"], (x, shape), {}, shape, x.dtype)

    def _ones(self, shape: tuple[int, ...], dtype: np.dtype) -> Term:
        for term in self.ones:
            if term.shape == shape and term.dtype == dtype:
                return term
        term = self.terms.leaf(shape, dtype)
        self.ones[term] = np.ones(shape, dtype)
        return term


def _alike(a: Any, b: Any) -> bool:
    return isinstance(a, Term) and isinstance(b, Term) and a.shape == b.shape


def is_elementwise(op: Any) -> bool:
    """Is it a ufunc that makes one array of elements?"""
    return isinstance(op, np.ufunc) and op.signature is None and op.nout == 1
