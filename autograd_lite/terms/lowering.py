"""Lowering: from ops to the numpy calls that they are made of.

An op's forward is plain numpy. Handed stand-ins, which compute like arrays and write down what is
done with them, the same forward says which calls it makes. So no op states its numpy twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np

from ..graph import Array, Op
from ..op import GENERATORS
from .term import OPS, Term, Terms, is_number, needed, within


class Method:
    """A method of arrays, as the op of a term: `Method("sum")` of x is x.sum()."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, x: Array, *args: Any, **params: Any) -> Array:
        return getattr(x, self.name)(*args, **params)

    def __repr__(self) -> str:
        return f"<method {self.name}>"


METHODS = {
    name: Method(name)
    for name in (
        *("sum", "mean", "var", "std", "max", "min", "prod", "argmax", "argmin", "all", "any"),
        *("reshape", "transpose", "squeeze", "swapaxes", "ravel", "astype", "clip", "copy"),
        *("dot", "cumsum", "cumprod", "take", "repeat", "random", "uniform", "standard_normal"),
    )
}
GETITEM = METHODS["__getitem__"] = Method("__getitem__")


class Part:
    """One of the arrays that a function of numpy returns, as the op of a term."""

    def __init__(self, whole: Callable[..., Any], i: int) -> None:
        self.whole = whole
        self.i = i

    def __call__(self, *args: Any, **params: Any) -> Array:
        return self.whole(*args, **params)[self.i]


part_of = cache(Part)


class InPlace:
    """A change of an array, as the op of a term whose first input is that array before it."""

    def __init__(self, change: Callable[..., None]) -> None:
        self.change = change

    def __call__(self, x: Array, *args: Any) -> Array:
        x = x.copy()
        self.change(x, *args)
        return x


SETITEM = InPlace(lambda x, key, value: x.__setitem__(key, value))
ADD_AT = InPlace(np.add.at)

DEFAULTS = {"axis": None, "keepdims": False, "ddof": 0}  # not worth writing
SHAPE_ONLY = {np.shape, np.ndim, np.size}


class Unwritable(TypeError):
    """What a forward does with an array cannot be written down as numpy calls."""


class Script:
    """What numpy is called with, as terms, while stand-ins are computed with.

    `values`: of the leaves. `guards`: conditions that forwards asked for, which held. `varying`:
    the terms whose shape hangs on values, as that of x[x > 0] does. `drawn`: those that come from
    a generator, which goes on whether or not they are used. `silenced`: the kinds of floating-point
    warning that forwards switched off.
    """

    def __init__(self, terms: Terms, values: Mapping[Term, Any]) -> None:
        self.terms = terms
        self.values = dict(values)
        self.guards: list[Term] = []
        self.varying: list[Term] = []
        self.drawn: list[Term] = []
        self.silenced: set[str] = set()

    @property
    def effects(self) -> list[Term]:
        """What is to be computed also where no result needs it."""
        return [*self.guards, *self.varying, *self.drawn]

    def call(self, op: Callable[..., Any], inputs: tuple[Any, ...], params: Any) -> Any:
        """Call `op` with the arrays, note it, and return a stand-in for the result."""
        if "out" in params or any(isinstance(v, (StandIn, np.ndarray)) for v in params.values()):
            raise Unwritable(f"{op} with {', '.join(params)}")
        value = op(*map(_value, inputs), **{k: _value(v) for k, v in params.items()})
        if isinstance(value, tuple):
            return tuple(self.call(part_of(op, i), inputs, params) for i in range(len(value)))
        if not hasattr(value, "dtype") or value.dtype == object:
            raise Unwritable(f"{op} returned {type(value).__name__}")
        self.silenced |= {k for k, v in np.geterr().items() if v == "ignore"}
        if isinstance(op, Method):
            while inputs[-1] is None and op is not GETITEM:  # x.squeeze(None) is x.squeeze()
                inputs = inputs[:-1]
            params = {k: v for k, v in params.items() if k not in DEFAULTS or v != DEFAULTS[k]}
        noted = self._noted(op, inputs, params, value)
        if not _keeps_shape(op, inputs, params, value.shape):
            self.varying.append(noted.term)
        return noted

    def _noted(self, op: Any, inputs: Any, params: Any, value: Array) -> StandIn:
        terms = tuple(map(self._term, inputs))
        params = {key: self._term(x) for key, x in params.items()}
        term = self.terms.make(op, terms, params, value.shape, value.dtype)
        if any(x.dtype == object for x in within((terms, *params.values()))):
            self.drawn.append(term)
        return StandIn(self, value, term)

    def _term(self, x: Any) -> Any:
        if isinstance(x, StandIn):
            return x.term
        if isinstance(x, (list, tuple)):
            return type(x)(map(self._term, x))
        if isinstance(x, (np.ndarray, *GENERATORS)):
            return self.leaf(x)
        return x

    def leaf(self, value: Any) -> Term:
        """A term for an array, or a generator, that a forward came with."""
        for term, known in self.values.items():
            if known is value:
                return term
        shape, dtype = getattr(value, "shape", ()), getattr(value, "dtype", np.dtype(object))
        term = self.terms.leaf(shape, dtype)
        self.values[term] = value
        return term

    def opaque(self, op: Op, inputs: tuple[Any, ...], params: Any) -> StandIn:
        """The forward as one call, for it does what cannot be written down."""
        copies = {key: deepcopy(x) for key, x in params.items()}  # reading draws nothing
        value = np.asarray(op.forward(*map(_value, inputs), **copies))
        noted = self._noted(op.forward, inputs, params, value)
        self.varying.append(noted.term)
        return noted


def _keeps_shape(op: Any, inputs: Any, params: Any, shape: tuple[int, ...]) -> bool:
    """Has the result this shape whatever the values of the inputs?

    numpy is asked, with zeros and with ones: as masks these choose nothing and everything.
    """
    if isinstance(op, (np.ufunc, InPlace)):
        return True
    static = {key: _value(x) for key, x in params.items()}
    try:
        others = [op(*_filled(inputs, fill), **static) for fill in (np.zeros_like, np.ones_like)]
    except Exception:
        return False
    return all(np.shape(other) == shape for other in others)


class StandIn(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that computes as arrays do, and has its script note how."""

    def __init__(self, script: Script, value: Array, term: Term) -> None:
        self.script = script
        self.value = value
        self.term = term

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
        if method == "at" and ufunc is np.add and isinstance(inputs[0], StandIn):
            inputs[0]._change(ADD_AT, *inputs[1:])
            return None
        if method != "__call__" or "out" in params:
            raise Unwritable(f"np.{ufunc.__name__}.{method} with {params}")
        return self.script.call(ufunc, inputs, params)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in SHAPE_ONLY:
            return func(*map(_value, args), **kwargs)
        return self.script.call(func, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self.value, name)
        if name == "T":
            return self.transpose()
        if name == "mT":
            return self.swapaxes(-1, -2)
        if name in METHODS:
            method = METHODS[name]
            return lambda *args, **params: self.script.call(method, (self, *args), params)
        raise AttributeError(name)

    def __getitem__(self, key: Any) -> Any:
        return self.script.call(GETITEM, (self, _key(key)), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._change(SETITEM, key, value)

    def _change(self, op: InPlace, key: Any, value: Any) -> None:
        changed = self.script.call(op, (self, _key(key), value), {})
        self.value, self.term = changed.value, changed.term

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        """A condition on values that a forward checks: noted, to be checked again."""
        if not self.value:
            raise Unwritable("a condition that does not hold")
        if self.term.op is None:
            raise Unwritable("a condition that is an input")
        self.script.guards.append(self.term)
        return True

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise Unwritable("an array that leaves numpy")

    __float__ = __int__ = __index__ = __array__


def lower(terms: Terms, outputs: Iterable[Any], values: Mapping[Term, Any]) -> Any:
    """Script, and the numpy terms of `outputs`, terms of ops, given the values of the leaves."""
    with np.errstate(all="call", call=lambda *_: None):
        return _lower(terms, outputs, values)


def _lower(terms: Terms, outputs: Iterable[Any], values: Mapping[Term, Any]) -> Any:
    script = Script(terms, values)
    found: dict[Term, Any] = {}

    def entered(x: Any) -> Any:
        if isinstance(x, Term):
            return found[x]
        if isinstance(x, GENERATORS):
            return StandIn(script, deepcopy(x), script.leaf(x))  # reading draws nothing
        return x

    def filled(shape: tuple[int, ...], number: float, dtype: np.dtype) -> Any:
        number = dtype.type(number).item() if dtype.itemsize == 8 else dtype.type(number)
        return script.call(np.full, (shape, number), {})

    for term in needed(outputs):
        if term.op is None:
            found[term] = StandIn(script, values[term], term)
            continue
        if term.op is OPS["broadcast_to"] and is_number(term.inputs[0]):
            found[term] = filled(term.shape, term.inputs[0], term.dtype)
            continue
        inputs = tuple(map(entered, term.inputs))
        if not term.op.elementwise:  # others may ask for shapes
            inputs = tuple(filled((), x, term.dtype) if isinstance(x, float) else x for x in inputs)
        params = {key: entered(x) for key, x in term.params.items()}
        before = [list(x) for x in (script.guards, script.varying, script.drawn)]
        try:
            y = term.op.forward(*inputs, **params)
            if not any(isinstance(p, GENERATORS) for p in term.params.values()):
                plain = term.op.forward(
                    *map(_value, inputs), **{k: _value(v) for k, v in params.items()}
                )
                if not _same(_value(y), plain):
                    raise Unwritable("something that is not what its calls compute")
        except Exception:
            script.guards, script.varying, script.drawn = before
            y = script.opaque(term.op, inputs, term.params)
        if not isinstance(y, StandIn):  # computed of numbers alone
            y = StandIn(script, y, script.leaf(np.asarray(y)))
        found[term] = y
    return script, [found[x].term if isinstance(x, Term) else x for x in outputs]


def _same(x: Any, y: Any) -> bool:
    """Are two values one, but for rounding?"""
    if np.asarray(x).dtype != np.asarray(y).dtype:
        return False
    return np.array_equal(x, y) or np.allclose(x, y, rtol=1e-6, atol=0, equal_nan=True)


def _key(key: Any) -> Any:
    """x[(i,)] is x[i]."""
    return key[0] if isinstance(key, tuple) and len(key) == 1 else key


def _value(x: Any) -> Any:
    """What a stand-in stands for, also within tuples and lists."""
    if isinstance(x, StandIn):
        return x.value
    if isinstance(x, (tuple, list)):
        return type(x)(map(_value, x))
    return x


def _filled(x: Any, fill: Callable[[Any], Any]) -> Any:
    """The same with filled arrays in the place of arrays, also within tuples and lists."""
    if isinstance(x, (tuple, list)):
        return type(x)(_filled(y, fill) for y in x)
    x = _value(x)
    return fill(x) if isinstance(x, (np.ndarray, np.generic)) else deepcopy(x)
