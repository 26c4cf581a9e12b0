"""Reverse mode: topological order, one node's pullback, and the sweep that calls it."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, TypeVar, overload

import numpy as np

from .graph import Array, Node, Op, Span, describe, frozen, leaf
from .mode import mode, tracing, untraceable
from .op import traced

T = TypeVar("T", bound=Node)
float64 = np.float64
_number = attrgetter("number")


def order(*ys: T) -> list[T]:
    """Every node that `ys` depend on, and these, each after all of its inputs.

    An input is recorded before what is computed from it, so sorting the nodes by their numbers
    sorts them topologically, and in the order in which they were written down.
    """
    found = list(dict.fromkeys(ys))
    seen = set(found)
    for node in found:  # which grows meanwhile
        for x in node.inputs:
            if isinstance(x, Node) and x not in seen:
                seen.add(x)  # type: ignore[arg-type]
                found.append(x)  # type: ignore[arg-type]
    found.sort(key=_number)
    return found


def spans_of(*ys: T) -> list[Span]:
    """The spans within the graph of `ys`, the outer ones first."""
    nodes = order(*ys)
    numbers = [node.number for node in nodes]
    found: dict[int, Span] = {}
    for i, node in enumerate(nodes, 1):
        spans = node.spans
        while spans:
            label, start, spans = spans
            found[start] = Span(label, nodes[bisect(numbers, start) : i])
    return [found[start] for start in sorted(found)]


def pullback(
    node: Node, g: Array, wanted: set[Node] | None = None, recorded: bool = False
) -> list[tuple[Node, Array]]:
    """The map from the cotangent `g` of `node` to those of its inputs, as (input, cotangent).

    Each input in `wanted` (None: each that is not constant) has a pair for every place where it
    occurs, with its shape and dtype. `recorded`: the VJPs are handed Tensors, and so they record.
    """
    op = node.op
    if op is None:
        return []
    saved = node.saved
    if recorded:
        args = (g, node, *map(_as_recorded, node.inputs, saved))
    else:
        args = (g, node._value, *saved)
    params = node.params
    pairs = []
    for x, value, vjp in zip(node.inputs, saved, op.vjps):
        if vjp and isinstance(x, Node) and (not x.constant if wanted is None else x in wanted):
            gx = vjp(*args, **params) if params else vjp(*args)
            try:
                fits = type(gx) is type(value) is float64 or (  # two such scalars always fit
                    gx.shape == value.shape and gx.dtype is value.dtype
                )
            except AttributeError:
                raise TypeError(
                    f"a VJP of {op.name} returned {gx!r}; a cotangent, an array of its input's "
                    "shape, is needed; mend the VJP"
                ) from None
            pairs.append((x, gx if fits else unbroadcast(gx, value, op)))
    return pairs


def unbroadcast(g: Array, value: Array, op: Op) -> Array:
    """Undo broadcasting and promotion: `g` summed to the shape of `value`, in its dtype."""
    shape = value.shape
    lead = g.ndim - len(shape)
    if lead == 1 and g.shape[1:] == shape:
        g = g.sum(axis=0)  # the gradient of a bias
    elif g.shape != shape:
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:])):
            raise ValueError(
                f"a VJP of {op.name} returned shape {g.shape} for an input of shape {shape}; it "
                "must return that shape, or one that the input broadcasts to; mend the VJP"
            )
        widened = (i for i, n in enumerate(shape, lead) if n != g.shape[i])
        g = g.sum(axis=(*range(lead), *widened)).reshape(shape)
    return g if g.dtype == value.dtype else g.astype(value.dtype)


def _sum(x: Node, before: Array, gx: Array) -> Array:
    return before + gx  # never `+=`: a cotangent may be shared with another node


def sweep(
    y: Node,
    g: Array,
    wrt: Iterable[Node] | None = None,
    recorded: bool = False,
    *,
    pull: Callable[..., Iterable[tuple[Node, Array]]] = pullback,
    accumulate: Callable[[Node, Array, Array], Array] = _sum,
) -> dict[Node, Array]:
    """Push the cotangent `g` of `y` back through the graph: the cotangents of `wrt`.

    `wrt` None: of all leaves. Nodes that `y` does not depend on are absent from the result. A
    backward pass in which something is otherwise takes another `pull`, with the arguments and
    result of `pullback`, or another `accumulate(x, before, gx)`: the cotangent of x after one more
    contribution.
    """
    nodes = order(y)
    kept, wanted = set(wrt or ()), None
    if wrt is not None:
        wanted = set(kept)
        for node in nodes:
            if not node.constant and any(isinstance(x, Node) and x in wanted for x in node.inputs):
                wanted.add(node)
        if y not in wanted:
            return {}
    cotangents = {y: g}
    for node in reversed(nodes):
        if node.op is not None and node in cotangents:
            g = cotangents[node] if node in kept else cotangents.pop(node)
            for x, gx in pull(node, g, wanted, recorded):
                cotangents[x] = accumulate(x, cotangents[x], gx) if x in cotangents else gx
    return cotangents


@overload
def grad(y: Any, wrt: Node, g: Any = None, create_graph: Literal[False] = False) -> np.ndarray: ...
@overload
def grad(
    y: Any, wrt: Sequence[Node], g: Any = None, create_graph: Literal[False] = False
) -> list[np.ndarray]: ...
@overload
def grad(y: Any, wrt: T, g: Any = None, *, create_graph: Literal[True]) -> T: ...
@overload
def grad(y: Any, wrt: Sequence[T], g: Any = None, *, create_graph: Literal[True]) -> list[T]: ...
@overload
def grad(y: Any, wrt: Node, g: Any = None, create_graph: bool = False) -> Any: ...
@overload
def grad(y: Any, wrt: Sequence[Node], g: Any = None, create_graph: bool = False) -> list[Any]: ...
def grad(y: Any, wrt: Any, g: Any = None, create_graph: bool = False) -> Any:
    """The gradient of `y` with respect to each Tensor of `wrt`: gᵀ · ∂y/∂x.

    y: a Tensor; with more than one element it needs `g`, its cotangent, of the same shape.
    wrt: a Tensor (the result is one gradient) or a list of them (a list); leaves or intermediates.
    create_graph: return Tensors, recorded in their turn, so that they can be differentiated.

    A gradient is a new array with its Tensor's shape and dtype; zeros where `y` does not depend on
    it. Only what `wrt` needs is computed. `.grad` is left alone.

    Raises TypeError for a `y` or `wrt` that is no floating Tensor, ValueError for a missing or
    misshapen `g` and for a `y` that was computed inside `no_grad`, RuntimeError if, with
    create_graph, a leaf has changed since the recording.

    >>> from autograd_lite import Tensor, grad
    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> grad((x * x).sum(), x)
    array([2., 4., 6.])
    >>> (gx,) = grad((x**3).sum(), [x], create_graph=True)
    >>> grad(gx.sum(), x)
    array([ 6., 12., 18.])
    """
    create_graph = create_graph or tracing()
    targets, pull = listed(wrt, "wrt"), pullback
    if (now := mode.get()) is not None:
        targets = [now.leaves.get(x, x) for x in targets]
    seed = _seed(y, g, create_graph)
    if now is not None and now.trace is not None and now.trace.rules is not None:
        pull = now.trace.rules(order(y), targets)
    cotangents = sweep(y, seed, targets, create_graph, pull=pull)
    taken: set[int] = set()
    gradients = []
    for x in targets:
        gx = cotangents.get(x)
        if gx is None:
            gx = np.zeros_like(x._array)
        if not isinstance(gx, Node):
            gx = _unshared(gx, taken)
            gx = leaf(type(x), frozen(gx)) if create_graph else gx
        gradients.append(gx)
    return gradients[0] if isinstance(wrt, Node) else gradients


def backward(y: Node, g: Any = None) -> None:
    """Add the gradient of `y` to the `.grad` of every leaf that it depends on.

    y: a Tensor; with more than one element it needs `g`, its cotangent, of the same shape. A
    second call, on this result or another, adds to what is there; `x.grad = None` clears it.

    Raises TypeError if `y` is not floating, ValueError for a missing or misshapen `g` and for a
    `y` that was computed inside `no_grad`.

    >>> from autograd_lite import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4., 6.])
    """
    if tracing():
        untraceable("backward(), which sets .grad; al.grad returns gradients instead;")
    cotangents = sweep(y, _seed(y, g, False))
    taken: set[int] = set()
    for x, gx in cotangents.items():
        x.grad = _unshared(gx if x.grad is None else x.grad + gx, taken)


def _seed(y: Any, g: Any, recorded: bool) -> Array:
    """The cotangent that a sweep from `y` starts with."""
    check_recorded(y, "y")
    value = y._array
    if g is None:
        if value.size != 1:
            raise ValueError(
                f"the gradient of {describe(y)} was asked for without a cotangent; shape () or "
                f"one element is needed; pass g of shape {value.shape}, or take the sum or mean"
            )
        return type(value)(1) if isinstance(value, np.generic) else np.ones_like(value)
    if isinstance(g, Node):
        g = g if recorded else frozen(g._array)
    elif isinstance(g, np.ndarray) and (now := mode.get()) is not None and now.trace:
        g = traced(type(y), now.trace, g, frozen(g))
    elif not hasattr(g, "__array_function__") or isinstance(g, np.ndarray):
        g = np.array(g, value.dtype)
    if g.shape != value.shape:
        raise ValueError(
            f"the cotangent has shape {g.shape}; {describe(y)} needs one of shape {value.shape}; "
            "reshape it, or differentiate another value"
        )
    return g if g.dtype == value.dtype else g.astype(value.dtype)


def listed(wrt: Any, role: str) -> list[Any]:
    """A Tensor, or several, as a list; TypeError for all but floating ones, called `role`."""
    several = isinstance(wrt, Iterable) and not isinstance(wrt, (Node, np.ndarray, str, Mapping))
    targets = list(wrt) if several else [wrt]
    for x in targets:
        if not isinstance(x, Node):
            raise TypeError(
                f"{role} is {describe(x)}; a Tensor is needed, or several, for only they are "
                "differentiable; pass those that the expression was written with, such as W, "
                "[W, b] or model.parameters(), and write it with Tensor(...) of a plain array"
            )
        _check_floating(x, role)
    return targets


def check_loss(loss: Any) -> None:
    """Raise what says why `loss` is not one number that was recorded, unless it is."""
    check_recorded(loss, "the loss")
    if loss.size != 1:
        raise ValueError(
            f"the loss is {describe(loss)}; one number is needed, for it is its gradient that "
            "is read; take the sum or mean"
        )


def check_recorded(y: Any, role: str) -> None:
    """Raise what says why `y`, which an error calls `role`, has no gradient, unless it has one."""
    check_graph(y, role)
    _check_floating(y, role)


def check_graph(y: Any, role: str) -> None:
    """Raise what says where the graph of `y` was lost, unless it has one.

    TypeError if it is no Tensor, ValueError if it was computed inside `no_grad`.
    """
    if isinstance(y, Node):
        if y.constant and (y.op is None or y.dtype.kind == "f"):
            raise ValueError(
                f"{role} is {describe(y)}, which was computed inside no_grad; a recorded value is "
                "needed; compute it outside"
            )
        return
    if callable(y):
        why = "a function has no graph until it is called"
        remedy = "call it, and hand over the Tensor that it returns"
    elif isinstance(y, (int, float, np.ndarray, np.generic)):
        why = "a plain number or array has left the graph: how it was computed is not recorded"
        remedy = (
            "hand over the Tensor itself, not its float(), .item() or .data, and if the expression "
            "gave none, write it with Tensors"
        )
    else:
        why = "only Tensors know how they were computed"
        remedy = "hand over the result of an expression of Tensors"
    raise TypeError(f"{role} is {describe(y)}; a Tensor is needed, for {why}; {remedy}")


def _check_floating(x: Node, role: str) -> None:
    if x.dtype.kind != "f":
        raise TypeError(
            f"{role} is {describe(x)}; floating numbers are needed, for others have no gradient; "
            "differentiate the values that it was computed from"
        )


def _as_recorded(x: Any, value: Array) -> Any:
    """An input as an op records it again; a leaf must still have the value that it had."""
    if not isinstance(x, Node):
        return value
    if x._value is not value and not np.array_equal(x._array, value, equal_nan=True):
        raise RuntimeError(
            f"{describe(x)} has changed since the graph was recorded; a gradient with "
            "create_graph=True needs the recorded value; record the expression again"
        )
    return x


def _unshared(g: Array, taken: set[int]) -> Array:
    """`g` as an array that shares memory with nothing; `taken` holds the ids of those given out."""
    if isinstance(g, np.ndarray):
        if g.base is not None or id(g) in taken or not g.flags.writeable:
            return g.copy()
        taken.add(id(g))
        return g
    return np.array(g) if isinstance(g, np.generic) else g.copy()
