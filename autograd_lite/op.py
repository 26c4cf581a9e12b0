"""What a primitive is: calling one computes; calling it with Tensors also records.

A primitive is a numpy forward and, for each of its inputs, a VJP (vector-Jacobian product)
`vjp(g, y, *xs, **params)`: `g` is the cotangent of the output `y`, `xs` are the inputs. A VJP is
written with operators, shape attributes and the catalogue's own ops only. Handed arrays it *is*
numpy; handed Tensors the same line records, so that a gradient is a graph like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from itertools import count
from typing import Any

import numpy as np

Array = Any  # a numpy array or scalar, or any array that follows numpy's protocols
VJP = Callable[..., Array]

ndarray, float64 = np.ndarray, np.float64
next_number = count().__next__

_recording: ContextVar[bool] = ContextVar("recording", default=True)


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record, or do not, in the current thread or task until the end of the block."""
    token = _recording.set(on)
    try:
        yield
    finally:
        _recording.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: inside, the result of an op is a leaf, and a constant.

    A context manager and a decorator. It nests, survives exceptions, and holds for the current
    thread (or asyncio task) only.

    >>> from autograd_lite import Tensor, no_grad
    >>> W = Tensor([1.0, 2.0])
    >>> with no_grad():
    ...     y = W * 2
    >>> y.op is None, y.constant
    (True, True)
    """
    with recording(False):
        yield


class Op:
    """A primitive's record: its name, numpy forward, the VJPs of its inputs, and infix symbol.

    `vjps` has a function, or None, for each input; where an op takes any number of inputs, `vjps`
    is endless.
    """

    __slots__ = ("name", "forward", "vjps", "symbol")

    def __init__(self, name: str, forward: Callable[..., Array], vjps: Any, symbol: str) -> None:
        self.name = name
        self.forward = forward
        self.vjps = vjps
        self.symbol = symbol

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class Node:
    """A value in the graph: a leaf, or the result of `op(*inputs, **params)`.

    `Tensor` is a Node with Python's operators and numpy's functions. A node is plain to walk:
    `op` (None for a leaf), `inputs` (Nodes and constants), `params` (the op's static arguments),
    `name`; `saved`, the values of the inputs when the node was recorded; `constant`, whether no
    gradient passes, for it was computed inside `no_grad` or is not floating (a mask); and
    `number`, which is larger the later the node was made.

    A graph keeps the values that it saw, so an array that a graph may hold is read-only. The array
    of a leaf is in one of two states. At first it sits in `_value`: graphs share it, and an update
    replaces it. The first use of the public `data` moves a copy to `_live`, where the user may
    write at any time; from then on each recording takes a read-only copy of its own:

    >>> from autograd_lite import Tensor, grad
    >>> W = Tensor([1.0, 2.0])
    >>> before = (W * W).sum()
    >>> W.data[0] = 10.0
    >>> grad(before, W), grad((W * W).sum(), W)
    (array([2., 4.]), array([20.,  4.]))
    """

    __slots__ = (
        "_live",
        "_value",
        "op",
        "inputs",
        "saved",
        "params",
        "name",
        "grad",
        "constant",
        "number",
        "__weakref__",
    )

    _value: Array
    _live: Array
    op: Op | None
    inputs: tuple[Any, ...]
    saved: list[Array]
    params: dict[str, Any]
    name: str | None
    grad: Array
    constant: bool
    number: int

    @property
    def value(self) -> Array:
        """The value to read, without a copy; a numpy scalar where it is 0-d. See `data`."""
        value = self._value
        return self._live if value is None else value

    @property
    def data(self) -> Array:
        """The value as an array.

        Of a leaf: the live array, always the same one, to read and to write. Graphs recorded
        before a write keep the values they saw. Assigning copies the new value in; it must have
        the leaf's shape (ValueError) and a dtype that casts to the leaf's (TypeError).

        Of an op's result: a read-only array, because the graph relies on it.
        """
        if self._live is not None:
            return self._live
        if self.op is None:
            self._live, self._value = _copied(self._value), None
            return self._live
        return _read_only(np.array(self._value)) if self._value.ndim == 0 else self._value

    @data.setter
    def data(self, value: Any) -> None:
        if value is self._live and value is not None:
            return  # `W.data -= step` hands back the array that it was given
        value = value.value if isinstance(value, Node) else value
        value = _copied(value if hasattr(value, "dtype") else np.array(value))
        if not np.can_cast(value.dtype, self.dtype, "same_kind"):
            raise TypeError(
                f"assigned {describe(value)} to {describe(self)}; a dtype that casts to "
                f"{self.dtype} is needed; convert with .astype"
            )
        self.assign(value.astype(self.dtype, copy=False))

    def assign(self, array: Array) -> None:
        """Make `array`, of the same shape and dtype, the value of this leaf; it is not copied.

        The array belongs to the leaf from then on: do not write to it. Graphs that hold the old
        value keep it. Raises TypeError for an op's result, ValueError for another shape or dtype.
        """
        current = self.value
        if self.op is not None:
            raise TypeError(
                f"assigned to {describe(self)}, the result of {self.op.name}; only a leaf has a "
                "value of its own; assign to a leaf and record the expression again"
            )
        if array.shape != current.shape or array.dtype != current.dtype:
            raise ValueError(
                f"assigned {describe(array)} to {describe(self)}; a leaf keeps its shape and "
                "dtype; make a new Tensor to change them"
            )
        if self._live is not None:
            self._live[...] = array
        else:
            self._value = _read_only(array) if array.shape else array[()]

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size  # type: ignore[no-any-return]

    def _become_leaf(self, value: Array, name: str | None = None) -> None:
        self._value = value
        self._live = None
        self.op = None
        self.inputs = ()
        self.saved = []
        self.params = {}
        self.name = name
        self.grad = None
        self.constant = value.dtype.kind != "f"
        self.number = next_number()

    def _snapshot(self) -> Array:
        """The current value of a leaf whose array is live, for a graph to keep."""
        return frozen(self._live)


def leaf(kind: type[Node], value: Array, name: str | None = None) -> Any:
    """A new leaf of class `kind`; nobody else may write to `value`."""
    node = kind.__new__(kind)
    node._become_leaf(value, name)
    return node


def primitive(
    *vjps: VJP | None, symbol: str = "", name: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make an op of a numpy function, given the VJP for each of its inputs.

    Inputs are the function's positional parameters; static parameters are keyword-only, but the
    first may be given by position. The function must not write to its inputs. A VJP is called as
    `vjp(g, y, *xs, **params)` and returns `g`, a view of it, or a new array, never one of `xs`;
    the sweep undoes broadcasting and dtype promotion. None: not differentiable in that input. No
    VJPs: in none of them (a comparison). A forward `f(*xs)` of any number of inputs has one rule,
    called as `vjp(i, g, y, *xs, **params)` for input `i`; of `f(x, *xs)` only x is differentiable.

    The op, called with arrays only, returns what its forward returns. Called with a Tensor among
    its inputs it returns a Tensor, recorded unless inside `no_grad`. `symbol` and `name` (that of
    the function, if not given) are for drawings and errors. Raises TypeError for a number of VJPs
    that does not fit the inputs.

    >>> from autograd_lite import Tensor, grad, primitive
    >>> @primitive(lambda g, y, x: g * 3 * x**2)
    ... def cube(x):
    ...     return x**3
    >>> x = Tensor(2.0)
    >>> grad(cube(x), x)
    array(12.)
    """

    def define(forward: Callable[..., Array]) -> Callable[..., Any]:
        code = forward.__code__
        arity = code.co_argcount
        names = code.co_varnames[: arity + code.co_kwonlyargcount]
        variadic = bool(code.co_flags & 0x04)  # takes *inputs
        needed = arity or int(variadic)
        if len(vjps) not in (0, needed):
            raise TypeError(
                f"{forward.__name__} got {len(vjps)} VJPs; it needs {needed}, one for each input, "
                "or none at all; write None for an input that has no derivative"
            )
        rules = _OneForAll(vjps[0]) if variadic and not arity else vjps
        this = Op(name or forward.__name__, forward, rules, symbol)
        defaults = forward.__kwdefaults__
        new, is_recording = object.__new__, _recording.get  # bound here: this is the hot path

        @wraps(forward)
        def call(*inputs: Any, **params: Any) -> Any:
            if len(inputs) != arity and not variadic:
                inputs, params = _bind(this, arity, names, inputs, params)
            if params:
                params = {key: _static(this, key, value) for key, value in params.items()}
            for x in inputs:
                if isinstance(x, Node):
                    kind = type(x)
                    break
            else:  # no Tensor: just numpy
                return forward(*map(_listed, inputs), **params)
            if defaults:
                params = defaults | params
            saved = []
            try:
                for x in inputs:
                    if isinstance(x, Node):
                        value = x._value
                        saved.append(x._snapshot() if value is None else value)
                    else:
                        saved.append(x if type(x) is float else _constant(x))
                y = forward(*saved, **params) if params else forward(*saved)
            except (TypeError, ValueError, IndexError, AttributeError) as error:
                raise _explained(error, this, inputs) from error
            if type(y) is float64:
                constant = False
            elif type(y) is ndarray and y.dtype.kind == "f":
                y.setflags(False)  # type: ignore[call-arg]  # read-only; see _read_only
                constant = False
            else:
                y = _result(y, this)
                constant = y.dtype.kind != "f"
            node = new(kind)
            if not is_recording():
                node._become_leaf(y)
                node.constant = True
                return node
            node._value = y
            node.op = this
            node.inputs = inputs
            node.saved = saved
            node.params = params
            node.constant = constant
            node._live = node.name = node.grad = None
            node.number = next_number()
            return node

        call.op = this  # type: ignore[attr-defined]
        return call

    return define


class _OneForAll:
    """The VJPs of any number of inputs, by one rule that is told which input it is for."""

    def __init__(self, rule: Any) -> None:
        self.rule = rule

    def __iter__(self) -> Iterator[VJP]:
        return (partial(self.rule, i) for i in count())


def _bind(
    op: Op, arity: int, names: tuple[str, ...], inputs: tuple[Any, ...], params: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort out inputs given by name and static parameters given by position."""
    params = dict(params)
    by_name = [params.pop(name) for name in names[len(inputs) : arity] if name in params]
    given, extra, static = (*inputs[:arity], *by_name), inputs[arity:], names[arity:]
    if len(given) < arity:
        raise TypeError(
            f"{op.name} got {len(given)} inputs; it needs {arity} ({', '.join(names[:arity])}); "
            "give the others too"
        )
    if len(extra) > len(static[:1]):  # numpy's functions differ in the order of the others
        raise TypeError(
            f"{op.name} got {len(inputs)} positional arguments; it takes at most "
            f"{arity + len(static[:1])}; give the others by name: {', '.join(static) or 'none'}"
        )
    if extra and static[0] in params:
        raise TypeError(
            f"{op.name} got {static[0]} by position and by name; once is needed; leave one out"
        )
    return given, params | dict(zip(static, extra))


def _result(y: Any, op: Op) -> Array:
    """What a forward returned, if it can be the value of a node."""
    if type(y) is float:
        return float64(y)
    if getattr(getattr(y, "dtype", None), "kind", "?") not in "fiub":
        raise TypeError(
            f"the forward of {op.name} returned {describe(y)}; an array of real numbers is needed; "
            "mend the forward"
        )
    return _read_only(y)


def _listed(x: Any) -> Any:
    """A list or tuple as an array; everything else as it is."""
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


def _static(op: Op, name: str, value: Any) -> Any:
    """A static parameter as the graph keeps it, out of reach of later changes."""
    if isinstance(value, Node):
        raise TypeError(
            f"{op.name} got {name}={describe(value)}; {name} is static and has no derivative; "
            "write it with other ops (maximum and minimum for clip), or pass .data"
        )
    if isinstance(value, list):
        return tuple(value)
    return value.copy() if isinstance(value, ndarray) else value


def frozen(array: Array) -> Array:
    """A read-only copy. A 0-d copy is a numpy scalar, whose arithmetic is ten times faster."""
    return _read_only(array.copy()) if array.ndim else array[()]


def _read_only(array: Array) -> Array:
    if isinstance(array, ndarray):
        array.setflags(False)  # type: ignore[call-arg]  # by position it is four times faster
    return array


def _copied(array: Array) -> Array:
    """A writable copy."""
    return np.array(array) if isinstance(array, (ndarray, np.generic)) else array.copy()


def _constant(x: Any) -> Array:
    """An input that is not a Tensor, as the graph keeps it: a copy, for x may change later."""
    if type(x) is not ndarray:
        if isinstance(x, (bool, int, float)):
            return x
        if hasattr(x, "__array_function__") and not isinstance(x, ndarray):
            return frozen(x)
        x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"an array of {x.dtype}; real numbers are needed")
    return frozen(x)


_REMEDY = {
    TypeError: "see help(autograd_lite.{})",
    ValueError: "check the shapes and values, and see help(autograd_lite.{})",
    IndexError: "stay within the shape",
    AttributeError: "see help(autograd_lite.{})",
}


def _explained(error: Exception, op: Op, inputs: tuple[Any, ...]) -> Exception:
    """The same error, with what was given before it and what to do after it."""
    kind = next(k for k in _REMEDY if isinstance(error, k))
    given = ", ".join(map(describe, inputs))
    return kind(f"{op.name} got {given}; {error}; {_REMEDY[kind].format(op.name)}")


def describe(x: Any) -> str:
    """`W (3, 4) float64`: how an error message calls a value."""
    if isinstance(x, Node):
        return f"{x.name or 'a Tensor'} {x.shape} {x.dtype}"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"an array {x.shape} {x.dtype}"
    text = repr(x)
    return text if len(text) <= 40 else f"{text[:37]}..."
