"""Derivatives of functions: functions of arrays in, functions of arrays out.

An argument is an array, or a list, tuple or dict of arguments. What depends on the arguments alone
comes out as arrays. What depends on other Tensors too, such as those that the function captured or
was handed, comes out as Tensors and is recorded; so these functions nest, and mix with other code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from . import reverse
from .graph import REAL, Node, check_function, describe, next_number
from .mode import in_mode, mode, tracing
from .ops import astype, copy, stack
from .tensor import Tensor
from .trees import beside, held, mapped

__all__ = ["at", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """∂f/∂args[argnums] as a function of the same arguments, for an `f` that returns one number.

    argnums: a position, or several for a tuple of gradients. A gradient has the structure, shapes
    and dtypes of its argument. When called, raises TypeError for an argument that is not floating
    and a result that is no array, ValueError for a result of more than one element, IndexError for
    an argument that is not there.

    >>> cube = lambda x: x**3
    >>> grad(cube)(2.0), grad(grad(cube))(2.0), grad(grad(grad(cube)))(2.0)
    (array(12.), array(12.), array(6.))
    """
    both = value_and_grad(f, argnums)
    return wraps(f)(lambda *args, **kwargs: both(*args, **kwargs)[1])


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The pair (f, ∂f/∂args[argnums]) as a function of the same arguments; see `grad`.

    >>> value_and_grad(lambda p: (p["w"] ** 2).sum())({"w": np.array([1.0, 2.0])})
    (array(5.), {'w': array([2., 4.])})
    """
    one = isinstance(argnums, (int, np.integer))
    positions: list[Any] = [argnums] if one else list(argnums)  # type: ignore[arg-type]

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, args, kwargs, positions)
        gradients = call.shaped(call.pull(None))
        return call.value(), gradients[0] if one else gradients

    return both


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """f(*primals) and its pullback: g ↦ gᵀ ∂f/∂primals, a tuple with a gradient for each primal.

    g: the cotangent, an array of the shape of the result (ValueError otherwise).

    >>> y, pullback = vjp(lambda a, b: a * b, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    call = _Call(f, primals, {}, range(len(primals)))
    return call.value(), lambda g: call.shaped(call.pull(g))


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f(*primals) and its derivative along `tangents`, which have the structure of the primals.

    The pullback is linear in its cotangent, and the transpose of the derivative; so its own
    pullback is the derivative (J. Townsend, "A new trick for calculating Jacobian vector
    products", 2017). Raises ValueError for a tangent of another shape.

    >>> jvp(np.sin, [0.0], [2.0])
    (array(0.), array(2.))
    """
    call = _Call(f, _arguments(primals), {}, range(len(primals)))
    directions = call.directions(tangents)
    with in_mode(recording=True):
        g = Tensor(np.zeros(call.y.shape, call.y.dtype))
        pulled = reverse.grad(call.y, call.leaves, g=g, create_graph=True)
        along, recorded = call.along(pulled, directions)
    return call.value(), reverse.grad(along, g, create_graph=recorded)


def jacobian(f: Function, argnums: int = 0) -> Function:
    """∂f/∂args[argnums] as a function of the same arguments, one pullback for each element of f.

    argnums: the position of the argument, whose structure the result has, each array with the
    shape of f followed by its own.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, args, kwargs, [argnums])
        shape, size = call.y.shape, call.y.size
        units = np.eye(size, dtype=call.y.dtype).reshape(size, *shape)
        rows = [call.pull(unit) for unit in units] or [
            [np.zeros((0, *x.shape), x.dtype) for x in call.leaves]
        ]
        join = stack if call.recorded else np.stack
        columns = [join(column) for column in zip(*rows)]
        shaped = [m.reshape((*shape, *x.shape)) for m, x in zip(columns, call.leaves)]
        return call.shaped(shaped)[0]

    return matrix


def hessian(f: Function, argnums: int = 0) -> Function:
    """∂²f/∂x² of one argument, an array, of shape x.shape + x.shape; `f` returns one number.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """The Hessian of `f` times `tangents`, without the Hessian; structured as the primals are.

    >>> hvp(lambda x: (x**3).sum(), [np.array([1.0, 2.0])], [np.array([1.0, 0.5])])
    (array([6., 6.]),)
    """
    call = _Call(f, _arguments(primals), {}, range(len(primals)))
    with in_mode(recording=True):
        slopes = reverse.grad(call.y, call.leaves, create_graph=True)
        along, recorded = call.along(slopes, call.directions(tangents))
    return call.shaped(reverse.grad(along, call.leaves, create_graph=recorded))


def at(leaves: Sequence[Node], f: Function) -> Function:
    """`f` as a function of the values of leaves that it captured: at(leaves, f)(values, *args).

    leaves: Tensors without an op, such as a model's parameters. values: as many arrays, or Tensors
    that are to be differentiated, of the same shapes (ValueError otherwise). The leaves themselves
    stay as they are.

    >>> w = Tensor(3.0)
    >>> line = at([w], lambda x: w * x)
    >>> line([np.array(5.0)], 2.0).item(), grad(line)([np.array(5.0)], 2.0)
    (10.0, [array(2.)])
    """
    leaves = reverse.listed(leaves, "at's leaves")
    check_function(f, "what follows the leaves")

    @wraps(f)
    def moved(values: Any, *args: Any, **kwargs: Any) -> Any:
        shapes = [np.shape(v) for v in values]
        if shapes != [x.shape for x in leaves]:
            raise ValueError(
                f"at got values of shapes {shapes} for leaves of {[x.shape for x in leaves]}; one "
                "for each is needed, of its shape; pass them in the order of the leaves"
            )
        now = mode.get()
        outer = {} if now is None else now.leaves
        nodes = [v if isinstance(v, Node) else Tensor(v) for v in values]
        with in_mode(leaves={**outer, **dict(zip(leaves, nodes))}):
            return f(*args, **kwargs)

    return moved


class _Call:
    """A call of `f` that has been recorded from nodes of its own for the chosen arguments."""

    def __init__(
        self, f: Function, args: Sequence[Any], kwargs: Any, argnums: Sequence[int]
    ) -> None:
        other = ", or differentiate a Tensor with autograd_lite.grad(y, wrt)"
        check_function(f, "what is to be differentiated", other)
        start = next_number()
        try:
            positions = [range(len(args))[i] for i in argnums]
        except IndexError:
            raise IndexError(
                f"the derivative was asked for in arguments {list(argnums)} of a call with "
                f"{len(args)} arguments by position; those are needed; pass them by position"
            ) from None
        with in_mode(recording=True):  # derivatives are right inside no_grad, too
            trees = {i: mapped(_entered, args[i]) for i in positions}
            y = f(*(trees.get(i, arg) for i, arg in enumerate(args)), **kwargs)
            if not isinstance(y, Node):
                y = Tensor(_constant_result(y))
            elif y.constant:  # its derivative is 0
                y = astype(y, dtype=y.dtype if y.dtype.kind == "f" else np.float64)
        self.y = y
        self.trees = tuple(trees[i] for i in positions)
        self.leaves: list[Any] = list(held(self.trees))
        # a leaf that is older than the call was captured or handed in
        self.recorded = any(x.op is None and x.number < start for x in reverse.order(y))

    def value(self) -> Any:
        return copy(self.y) if self.recorded or tracing() else np.array(self.y.value)

    def pull(self, g: Any) -> list[Any]:
        recorded = self.recorded or isinstance(g, Node)
        return reverse.grad(self.y, self.leaves, g=g, create_graph=recorded)

    def shaped(self, values: list[Any]) -> tuple[Any, ...]:
        """`values`, one for each leaf, in the structure of the arguments."""
        following = iter(values)
        return tuple(mapped(lambda x: next(following), tree) for tree in self.trees)

    def directions(self, tangents: Sequence[Any]) -> list[Any]:
        """The tangent of each leaf; ValueError unless they are structured as the arguments are."""
        tangents = _arguments(tangents, "tangents")
        directions = list(beside(self.trees, tuple(tangents), "the tangents"))
        for x, v in zip(self.leaves, directions):
            if np.shape(v) != x.shape:
                raise ValueError(
                    f"a tangent has shape {np.shape(v)} and its primal {x.shape}; equal shapes "
                    "are needed; reshape the tangent"
                )
        return directions

    def along(self, gradients: list[Any], directions: list[Any]) -> tuple[Any, bool]:
        """Σ g·v, to be differentiated once more, and whether that is to be recorded."""
        total = sum(((g * v).sum() for g, v in zip(gradients, directions)), Tensor(0.0))
        return total, self.recorded or any(isinstance(v, Node) for v in directions)


def _arguments(values: Any, name: str = "primals") -> Sequence[Any]:
    """A list of arguments; TypeError for what is one argument."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(
            f"{name} is {describe(values)}; a list is needed, with one for each argument; pass [x]"
        )
    return values


def _constant_result(y: Any) -> np.ndarray:
    """What `f` returned without a Tensor in it, as floating numbers."""
    plain = isinstance(y, (int, float, np.ndarray, np.generic))
    if not plain or np.asarray(y).dtype.kind not in REAL:
        raise TypeError(
            f"the function returned {describe(y)}; one array or number is needed; return one, or "
            "stack several"
        )
    return np.asarray(y, float)


def _entered(x: Any) -> Node:
    """A node of its own for an argument, distinct from the same Tensor captured elsewhere."""
    return copy(x) if isinstance(x, Node) else Tensor(x)
