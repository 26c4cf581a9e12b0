"""Tensor: a node of the graph with Python's operators and numpy's protocols."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from opcode import opmap
from operator import index
from types import FrameType
from typing import Any, Never, SupportsIndex

import numpy as np
from numpy.lib import stride_tricks

from . import ops
from .graph import Array, Node, describe, frozen, leaf, plain
from .lazy import computed, is_lazy
from .mode import mode, tracing
from .ops import namesakes
from .reverse import backward
from .showing import MOST, WIDTH, numbers, titled

Method = Callable[..., "Tensor"]
Lengths = SupportsIndex | Sequence[SupportsIndex]


def _both_ways(op: Callable[..., Any]) -> tuple[Method, Method]:
    """The methods for `tensor ⊕ other` and `other ⊕ tensor`."""

    def reflected(self: Tensor, other: Any) -> Any:
        return op(other, self)

    return op, reflected


class Tensor(Node):
    """An array that records what is computed from it, so that it can be differentiated.

    data: an array, number or nested list; it is copied. Numbers and lists of ints become float64.
    A Tensor is differentiable; what should stay constant (data, targets) is handed to ops as a
    plain array. name: how drawings, derivations and errors call it.

    Raises TypeError for integer, bool, complex and object arrays.

    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], name="W")
    >>> loss = (np.array([1.0, 1.0]) @ W).sum()
    >>> loss.item()
    10.0
    >>> loss.backward()
    >>> W.grad
    array([[1., 1.],
           [1., 1.]])
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        self._become_leaf(_leaf_value(data), name)
        if isinstance(data, np.ndarray) and (now := mode.get()) is not None and now.trace:
            now.trace.stand_for[self] = data  # its values may be others at a later call

    # Operators ----------------------------------------------------------------------------------

    __add__, __radd__ = _both_ways(ops.add)
    __sub__, __rsub__ = _both_ways(ops.subtract)
    __mul__, __rmul__ = _both_ways(ops.multiply)
    __truediv__, __rtruediv__ = _both_ways(ops.divide)
    __pow__, __rpow__ = _both_ways(ops.power)
    __matmul__, __rmatmul__ = _both_ways(ops.matmul)
    __and__, __rand__ = _both_ways(ops.bitwise_and)
    __or__, __ror__ = _both_ways(ops.bitwise_or)
    __invert__: Method = ops.invert
    __neg__: Method = ops.negative

    def __pos__(self) -> Tensor:
        return self

    __abs__: Method = ops.abs
    __gt__: Method = ops.greater
    __ge__: Method = ops.greater_equal
    __lt__: Method = ops.less
    __le__: Method = ops.less_equal
    __eq__: Method = ops.equal  # type: ignore[assignment]
    __ne__: Method = ops.not_equal  # type: ignore[assignment]
    __getitem__: Method = ops.index
    __hash__ = object.__hash__

    # ndarray's methods --------------------------------------------------------------------------

    sum: Method = namesakes.sum
    mean: Method = namesakes.mean
    prod: Method = namesakes.prod
    cumsum: Method = namesakes.cumsum
    cumprod: Method = namesakes.cumprod
    var: Method = ops.var
    std: Method = ops.std
    max: Method = ops.max
    min: Method = ops.min
    argmax: Method = ops.argmax
    argmin: Method = ops.argmin
    all: Method = ops.all
    any: Method = ops.any
    clip: Method = ops.clip
    dot: Method = ops.dot
    astype: Method = ops.astype
    copy: Method = ops.copy
    repeat: Method = namesakes.repeat
    diagonal: Method = namesakes.diagonal
    trace: Method = namesakes.trace
    ravel: Method = namesakes.ravel
    flatten: Method = namesakes.ravel
    squeeze: Method = ops.squeeze
    swapaxes: Method = ops.swapaxes

    def reshape(self, *shape: Lengths, order: str = "C") -> Tensor:
        """The same elements in another shape: `t.reshape(2, 3)` or `t.reshape((2, 3))`."""
        whole: Any = shape[0] if len(shape) == 1 else shape
        return namesakes.reshape(self, whole, order)  # type: ignore[no-any-return]

    def transpose(self, *axes: Lengths | None) -> Tensor:
        """The axes in another order, as `t.transpose(1, 0)` or with a tuple; none: reversed."""
        order = axes[0] if len(axes) == 1 else axes or None
        return ops.transpose(self, axes=order)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return ops.transpose(self)

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return ops.swapaxes(self, -1, -2)

    # Values -------------------------------------------------------------------------------------

    def item(self) -> float:
        """The value as a Python number; ValueError unless there is one element."""
        value = self.value
        if value.size != 1:
            raise ValueError(
                f"{describe(self)} was asked for as one number; one element is needed; take the "
                "sum or mean, or .tolist() for all of them"
            )
        (value,) = computed([value])
        number: float = value.item()  # an int or a bool is one to type checkers
        return number

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        (value,) = computed([self.value])
        return value.tolist()

    def named(self, name: str) -> Tensor:
        """This Tensor, with a name: `z = (x @ W).named("z")`."""
        self.name = name
        return self

    backward: Callable[..., None] = backward

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError(
                f"the length of {describe(self)} was asked for; an axis is needed to count or "
                "iterate over; use .item() for its one number"
            )
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._not_assigned(sys._getframe(1)))

    def __float__(self) -> float:
        self._not_assigned(sys._getframe(1))
        return float(self.item())

    def __int__(self) -> int:
        self._not_assigned(sys._getframe(1))
        return int(self.item())

    def __index__(self) -> int:
        return index(self.value.item() if self.ndim == 0 else self.value)

    def _not_assigned(self, caller: FrameType) -> Array:
        """The value, unless `array[i] = tensor` is being executed.

        numpy asks for a Python number then, and that would silently lose the gradient.
        """
        if caller.f_code.co_code[caller.f_lasti] == opmap["STORE_SUBSCR"]:
            self.__array__()
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __str__(self) -> str:
        self._check_visible()
        return repr(self)

    def __repr__(self) -> str:
        if tracing() or is_lazy(self.value):  # there a debugger shows it; print is refused
            text, details = "...", [f"shape={self.shape}"]
        else:
            most = np.get_printoptions()["threshold"]
            text = numbers(np.asarray(self.value), most, "Tensor(", separator=", ")
            details = [f"shape={self.shape}"] if self.size == 0 else []
        details += [f"dtype={self.dtype}"] if self.dtype != np.float64 else []
        details += [f"name={self.name!r}"] if self.name else []
        details += [f"op={self.op.name}"] if self.op else []
        return f"Tensor({', '.join([text, *details])})"

    def _repr_html_(self) -> str:
        facts = f"{self.shape} {self.dtype}{f', computed by {self.op.name}' if self.op else ''}"
        if tracing():
            text = "The values are not known while a function is being compiled."
        elif is_lazy(self.value):
            text = "The values are not computed yet; float(t) and t.tolist() compute them."
        else:
            text = numbers(np.asarray(self.value), MOST, separator=", ", max_line_width=WIDTH)
        return titled(self.name or "Tensor", facts, text)

    # Copies are leaves --------------------------------------------------------------------------

    def __reduce__(self) -> Any:
        return leaf, (type(self), frozen(self.value), self.name, self.constant)

    # numpy's protocols --------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise TypeError(
                f"np.{ufunc.__name__}.{method} got a Tensor; it has no derivative here; write it "
                "with the ops of autograd_lite (sum, prod, max), or use .data for the array"
            )
        return _recorded(ufunc, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _recorded(func, args, kwargs)

    # None: with NoReturn, type checkers would take a Tensor for an array, and array @ Tensor too
    def __array__(self, dtype: Any = None, copy: Any = None) -> None:
        raise TypeError(
            f"{describe(self)} was about to become a plain array, which would lose its gradient; "
            "an op of autograd_lite is needed here: X @ t for X.dot(t), stack or concatenate for "
            "a list of Tensors and for H[i] = t, where for t under a condition, copy for "
            "np.array(t), softmax and logsumexp for those of scipy; or use .data if the array is "
            "what you want"
        )

    def __setitem__(self, key: Never, value: Never) -> None:
        raise TypeError(
            f"{describe(self)} was assigned to by index; a recorded value cannot change in place; "
            "write where(condition, value, t) for t[condition] = value, maximum(t, 0) for "
            "t[t < 0] = 0, or assign to .data of a leaf"
        )


def _leaf_value(data: Any) -> Array:
    """A copy of the data of a leaf, checked to be real and floating."""
    if isinstance(data, Node):
        data = data.value
    if isinstance(data, np.ndarray):
        array = plain(data)
    elif hasattr(data, "__array_function__"):
        array = data
    elif hasattr(data, "dtype"):
        array = np.asarray(data)
    else:
        try:
            array = np.array(data)
        except ValueError:  # lists of several lengths
            array = np.array(None)
        if array.dtype.kind in "iub":
            array = array.astype(np.float64)
    if array.dtype.kind != "f":
        remedy = "pass a number, an array, or nested lists of one length"
        if hasattr(data, "dtype"):
            remedy = "convert with .astype(float), or leave a constant an array"
        raise TypeError(
            f"Tensor got {describe(data)}; floating numbers are needed, for only they are "
            f"differentiable; {remedy}"
        )
    return frozen(array)


# An op, or a composition of ops, is what numpy's function of the same name records.
_BY_NAME = {name: getattr(ops, name) for name in ops.NAMES}
_BY_NAME |= {name: getattr(namesakes, name) for name in namesakes.__all__}
_NUMPY = {
    getattr(module, name): function
    for module in (np, np.linalg, stride_tricks)
    for name, function in _BY_NAME.items()
    if hasattr(module, name)
}
_OF_SHAPE_ONLY = {np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like}


def _recorded(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `func(*args, **kwargs)` of numpy is when there is a Tensor among its arguments."""
    if kwargs:
        kwargs = {k: v for k, v in kwargs.items() if k not in ("out", "dtype") or v is not None}
    if "a" in kwargs:  # the name of the first array in numpy's functions
        args = (kwargs.pop("a"), *args)
    if "out" in kwargs:
        raise TypeError(
            f"np.{func.__name__} was to write a Tensor's result into an array, which would lose "
            "its gradient; a new value is needed; write a = a + t for a += t, or use .data"
        )
    if func in _NUMPY:
        return _NUMPY[func](*args, **kwargs)
    if func.__name__ == "expit":  # a ufunc of scipy, which is not imported for it
        return namesakes.expit(*args, **kwargs)
    if func in _OF_SHAPE_ONLY:
        return func(*(a._array if isinstance(a, Node) else a for a in args), **kwargs)
    tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Node)]
    given = describe(tensors[0]) if tensors else "Tensors"
    raise TypeError(
        f"np.{func.__name__} got {given}; it has no op here, and the gradient would be "
        "lost; write it with the ops of autograd_lite, or use .data for a plain array"
    )
