"""The graph: nodes, the values that they hold, and the op that each came from."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .mode import tracing, untraceable

Array = np.ndarray | Any  # a numpy array or scalar, or any array that follows numpy's protocols
S = TypeVar("S")
REAL = "fiub"  # the kinds of dtype that hold real numbers

ndarray = np.ndarray
OPERATORS = vars(np.lib.mixins.NDArrayOperatorsMixin)
ARITHMETIC = [name for name in OPERATORS if callable(getattr(ndarray, name, None))]
ARITHMETIC += ["__array_ufunc__", "__array_function__"]
next_number = count().__next__


class Op:
    """A primitive's record: all that is known of it, as its block in the catalogue says.

    `name`; the numpy `forward`; `vjps`, a function, or None, for each input, endless where an op
    takes any number of inputs; its `symbol`; how it is written on `paper`; whether it is
    `elementwise`, an `activation`, and a `formula`. See `primitive`.
    """

    __slots__ = (
        *("name", "forward", "vjps", "symbol", "paper", "elementwise", "activation", "formula"),
    )

    def __init__(
        self,
        name: str,
        forward: Callable[..., Array],
        vjps: Any,
        symbol: str = "",
        paper: Callable[..., Any] | None = None,
        elementwise: bool = False,
        activation: bool = False,
        formula: bool = False,
    ) -> None:
        self.name = name
        self.forward = forward
        self.vjps = vjps
        self.symbol = symbol
        self.paper = paper
        self.elementwise = elementwise
        self.activation = activation
        self.formula = formula

    def given(self, params: dict[str, Any]) -> dict[str, Any]:
        """Static parameters without those that are as by default."""
        defaults = self.forward.__kwdefaults__ or {}
        return {
            key: value
            for key, value in params.items()
            if key not in defaults or not _same(value, defaults[key])
        }

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class Node:
    """A value in the graph: a leaf, or the result of `op(*inputs, **params)`.

    `Tensor` is a Node with Python's operators and numpy's functions. A node is plain to walk:
    `op` (None for a leaf), `inputs` (Nodes and constants), `params` (the op's static arguments),
    `name`; `saved`, the values of the inputs when the node was recorded; `constant`, whether no
    gradient passes, for it was computed inside `no_grad` or is not floating (a mask); `number`,
    which is larger the later the node was made; and `spans` that it is a result of.

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
        "spans",
        "__weakref__",
    )

    _value: Array
    _live: Array
    op: Op | None
    inputs: tuple[Any, ...]
    saved: list[Array]
    params: dict[str, Any]
    name: str | None
    grad: ndarray | Any  # or None, which a type checker lets pass without a question
    constant: bool
    number: int
    spans: Any  # that it is a result of: the label and start of the last one, and those before it

    @property
    def _array(self) -> ndarray:
        value = self._value
        return self._live if value is None else value

    @property
    def value(self) -> Array:
        """The value to read, without a copy; a numpy scalar where it is 0-d. See `data`.

        Raises TypeError inside a function that is being compiled, where values are not known.
        """
        self._check_visible()
        return self._array

    @property
    def data(self) -> ndarray:
        """The value as an array.

        Of a leaf: the live array, always the same one, to read and to write. Graphs recorded
        before a write keep the values they saw. Assigning copies the new value in; it must have
        the leaf's shape (ValueError) and a dtype that casts to the leaf's (TypeError).

        Of an op's result: a read-only array, because the graph relies on it.
        """
        self._check_visible()
        if self._live is not None:
            return self._live
        if self.op is None:
            self._live, self._value = _copied(self._value), None
            return self._live
        return read_only(np.array(self._value)) if self._value.ndim == 0 else self._value

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
        self._check_visible()
        current = self._array
        if self.op is not None or array.shape != current.shape or array.dtype != current.dtype:
            raise self._unassignable(array)
        if self._live is not None:
            self._live[...] = array
        else:
            self._value = read_only(array) if array.shape else array[()]

    def _unassignable(self, array: Array) -> Exception:
        if self.op is not None:
            return TypeError(
                f"assigned to {describe(self)}, the result of {self.op.name}; only a leaf has a "
                "value of its own; assign to a leaf and record the expression again"
            )
        return ValueError(
            f"assigned {describe(array)} to {describe(self)}; a leaf keeps its shape and dtype; "
            "make a new Tensor to change them"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    def _check_visible(self) -> None:
        if tracing():
            untraceable(f"the value of {describe(self)} was asked for, or set")

    def _become_leaf(self, value: Array, name: str | None = None, constant: bool = False) -> None:
        self._value = value
        self._live = None
        self.op = None
        self.inputs = ()
        self.saved = []
        self.params = {}
        self.name = name
        self.grad = None
        self.constant = constant or value.dtype.kind != "f"
        self.spans = None
        self.number = next_number()


class Span(NamedTuple):
    """A part of a graph: its label, and the nodes, in order; see `span`."""

    label: Any
    nodes: list[Any]


def span(label: Any, start: int, y: S) -> S:
    """Mark `y` as a result of the part of a graph that was recorded since `start`; return it.

    label: what the part is called, anything whose text is to be shown, such as the layer that
    computed it. start: what `next_number()` gave before. `spans_of` finds the parts of a graph
    again; they live as long as their results. (Two plain calls, for a `with` block would take a
    tenth of the time of a small layer.)

    >>> from autograd_lite import Tensor, next_number, span, spans_of
    >>> x, start = Tensor(2.0), next_number()
    >>> y = span("layer", start, x * 3 + 1)
    >>> [(part.label, [node.op.name for node in part.nodes]) for part in spans_of(y - 5)]
    [('layer', ['multiply', 'add'])]
    """
    if isinstance(y, Node) and y.number > start:
        y.spans = label, start, y.spans
    return y


def leaf(kind: type[Node], value: Array, name: str | None = None, constant: bool = False) -> Any:
    """A new leaf of class `kind`; nobody else may write to `value`."""
    node = kind.__new__(kind)
    node._become_leaf(value, name, constant)
    return node


def frozen(array: Array) -> Array:
    """A read-only copy. A 0-d copy is a numpy scalar, whose arithmetic is ten times faster."""
    return read_only(array.copy()) if array.ndim else array[()]


def read_only(array: Array) -> Array:
    if type(array) is ndarray:
        array.setflags(False)  # type: ignore[call-arg]  # by position it is four times faster
    return array


def plain(array: np.ndarray) -> np.ndarray:
    """An array of a subclass as a plain one; TypeError if the subclass computes in another way."""
    kind: Any = type(array)
    if _overrides(kind):
        raise TypeError(
            f"an array of class {kind.__name__}, which computes in a way of its own; a "
            "plain array is needed; convert it with np.asarray, or .filled() if it is masked"
        )
    return np.asarray(array)


@cache
def _overrides(kind: Any) -> bool:
    """Does a subclass of ndarray have arithmetic of its own, as masked arrays do?"""
    return any(getattr(kind, name) is not getattr(ndarray, name) for name in ARITHMETIC)


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and not isinstance(a, ndarray) and bool(a == b))


def _copied(array: Array) -> Array:
    """A writable copy."""
    return np.array(array) if isinstance(array, (ndarray, np.generic)) else array.copy()


def check_function(f: Any, role: str, otherwise: str = "") -> None:
    """TypeError, with what to do, unless `f`, which it calls `role`, can be called."""
    if not callable(f):
        raise TypeError(
            f"{role} is {describe(f)}; a function is needed; pass the function itself, not what it "
            f"returns{otherwise}"
        )


def describe(x: Any) -> str:
    """`W (3, 4) float64`: how an error message calls a value."""
    if isinstance(x, Node):
        return f"{x.name or 'a Tensor'} {x.shape} {x.dtype}"
    if isinstance(getattr(x, "__name__", None), str):
        return f"the {'class' if isinstance(x, type) else 'function'} {x.__name__}"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"an array {x.shape} {x.dtype}"
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
