"""What a primitive is: calling one computes; calling it with Tensors also records.

A primitive is a numpy forward and, for each of its inputs, a VJP (vector-Jacobian product)
`vjp(g, y, *xs, **params)`: `g` is the cotangent of the output `y`, `xs` are the inputs. A VJP is
written with operators, shape attributes and the catalogue's own ops only. Handed arrays it *is*
numpy; handed Tensors the same line records, so that a gradient is a graph like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, wraps
from itertools import count
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

import numpy as np

from .graph import REAL, Array, Node, Op, describe, frozen, leaf, next_number, plain, read_only
from .mode import Trace, mode

VJP = Callable[..., Array]
Paper = Callable[..., Any]
T = TypeVar("T", bound=Node)
P = ParamSpec("P")

ndarray = np.ndarray
GENERATORS = (np.random.Generator, np.random.RandomState)
FLOATS = {np.float64, np.float32}  # immutable, and by far the most frequent numbers


class Composition(Protocol[P]):
    """A function made of ops, as type checkers see it: with a Tensor in the first three places it
    returns one, and else they know nothing of the result.

    P are the parameters of what it was made of, for editors to show. A call is not held to them,
    because the first static parameter may be given by position, too.
    """

    @overload
    def __call__(self, x: T, /, *inputs: Any, **params: Any) -> T: ...
    @overload
    def __call__(self, a: Any, x: T, /, *inputs: Any, **params: Any) -> T: ...
    @overload
    def __call__(self, a: Any, b: Any, x: T, /, *inputs: Any, **params: Any) -> T: ...
    @overload
    def __call__(self, *inputs: Any, **params: Any) -> Any: ...


class Operation(Composition[P], Protocol[P]):
    """What `primitive` makes of a forward, as type checkers see it."""

    op: Op


def composition(function: Callable[P, Any]) -> Composition[P]:
    """The function itself, which is made of ops: type checkers learn that it returns Tensors."""
    return cast(Composition[P], function)


def primitive(
    *vjps: VJP | None,
    symbol: str = "",
    name: str = "",
    paper: Paper | None = None,
    elementwise: bool = False,
    activation: bool = False,
    formula: bool = False,
) -> Callable[[Callable[P, Any]], Operation[P]]:
    """Make an op of a numpy function, given the VJP for each of its inputs.

    Inputs are the function's positional parameters; static parameters are keyword-only, but the
    first may be given by position. The function must not write to its inputs. A VJP is called as
    `vjp(g, y, *xs, **params)` and returns `g`, a view of it, or a new array, never one of `xs`;
    the sweep undoes broadcasting and dtype promotion. None: not differentiable in that input. No
    VJPs: in none of them (a comparison). A forward `f(*xs)` of any number of inputs has one rule,
    called as `vjp(i, g, y, *xs, **params)` for input `i`; of `f(x, *xs)` only x is differentiable.

    The op, called with arrays only, returns what its forward returns. Called with a Tensor among
    its inputs it returns a Tensor, recorded unless inside `no_grad`. Raises TypeError for a number
    of VJPs that does not fit the inputs.

    What else is to be known of an op: `name` (that of the function, if not given) and `symbol`, for
    drawings and errors; `paper`, how it is written there, as an expression of what its inputs are
    written as: `paper(p, *xs, **params)`, where `p` has what is no operator (`reading.notation`)
    and `params` are those that are not as by default, `keepdims` only where it has to be said; by
    default, or where that gives None, by its symbol or as a function of its name; `elementwise`,
    whether each element of the result depends on the elements in its place alone; `activation`,
    whether it is what a layer of a network ends with; `formula`, as activations are, whether an
    expression that comes to the same is recognised as this op, in whatever way it is written.

    >>> from autograd_lite import Tensor, grad, primitive
    >>> @primitive(lambda g, y, x: g * 3 * x**2)
    ... def cube(x):
    ...     return x**3
    >>> x = Tensor(2.0)
    >>> grad(cube(x), x)
    array(12.)
    """

    def define(forward: Callable[..., Array]) -> Any:
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
        facts = symbol, paper, elementwise, activation, formula or activation
        this = Op(name or forward.__name__, forward, rules, *facts)
        defaults = forward.__kwdefaults__
        new, current_mode = object.__new__, mode.get  # bound here: this is the hot path

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
            now = current_mode()
            if now is not None and now.leaves:
                inputs = tuple(now.leaves.get(x, x) if isinstance(x, Node) else x for x in inputs)
            if defaults:
                params = defaults | params
            saved = []
            try:
                for x in inputs:
                    if isinstance(x, Node):
                        value = x._value
                        saved.append(frozen(x._live) if value is None else value)
                    else:
                        saved.append(x if type(x) is float else _constant(x))
                y = forward(*saved, **params) if params else forward(*saved)
            except (TypeError, ValueError, IndexError, AttributeError) as error:
                raise _explained(error, this, inputs) from error
            if type(y) in FLOATS:
                constant = False
            elif type(y) is ndarray and y.dtype.kind == "f":
                y.setflags(False)  # type: ignore[call-arg]  # read-only; see read_only
                constant = False
            else:
                y = _result(y, this)
                constant = y.dtype.kind != "f"
            node = new(kind)
            if now is not None:
                if now.trace is not None:
                    inputs = tuple(map(partial(traced, kind, now.trace), inputs, saved))
                    constant = constant or not now.recording
                    now.trace.nodes.append(node)
                elif not now.recording:
                    node._become_leaf(y)
                    node.constant = True
                    return node
            node._value = y
            node.op = this
            node.inputs = inputs
            node.saved = saved
            node.params = params
            node.constant = constant
            node._live = node.name = node.grad = node.spans = None
            node.number = next_number()
            return node

        operation = cast(Operation[...], call)
        operation.op = this
        return operation

    return define


def traced(kind: type[Node], trace: Trace, x: Any, value: Array) -> Any:
    """An input as a trace records it: an array as a leaf, always the same one."""
    is_array = isinstance(x, ndarray) or bool(np.shape(value))  # a 0-d array may change, too
    if isinstance(x, Node) or not is_array:
        return x
    if id(x) not in trace.arrays:
        trace.arrays[id(x)] = node = leaf(kind, value, constant=True)
        trace.stand_for[node] = x
    return trace.arrays[id(x)]


def state_of(generator: Any) -> Any:
    """Where a random generator, or a legacy RandomState, is in its sequence; see `rewind`."""
    if isinstance(generator, np.random.RandomState):
        return generator.get_state()
    return generator.bit_generator.state


def rewind(generator: Any, state: Any) -> None:
    """Let a random generator draw again what it drew since it was at `state`.

    >>> rng = np.random.default_rng(0)
    >>> state, drawn = state_of(rng), rng.random()
    >>> rewind(rng, state)
    >>> rng.random() == drawn
    True
    """
    if isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state


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
        return np.float64(y)
    if getattr(getattr(y, "dtype", None), "kind", "?") not in REAL:
        raise TypeError(
            f"the forward of {op.name} returned {describe(y)}; an array of real numbers is needed; "
            "mend the forward"
        )
    return read_only(y)


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
    if isinstance(value, GENERATORS) and (now := mode.get()) is not None and now.trace is not None:
        now.trace.generators.setdefault(id(value), (value, state_of(value)))  # before this draw
    if isinstance(value, list):
        return tuple(value)
    return value.copy() if isinstance(value, ndarray) else value


def _constant(x: Any) -> Array:
    """An input that is not a Tensor, as the graph keeps it: a copy, for x may change later."""
    if type(x) is not ndarray:
        if isinstance(x, (bool, int, float)):
            return x
        if hasattr(x, "__array_function__") and not isinstance(x, ndarray):
            return frozen(x)
        x = plain(x) if isinstance(x, ndarray) else np.asarray(x)
    if x.dtype.kind not in REAL:
        remedy = _MADE_REAL.get(x.dtype.kind, "pass an array of them")
        raise TypeError(f"an array of {x.dtype}; real numbers are needed; {remedy}")
    return frozen(x)


_MADE_REAL = {
    "O": "pass an array of them, converted with .astype(float) if it holds numbers",
    "U": "number what is given by name with np.unique(names, return_inverse=True), and convert "
    "numbers in strings with .astype(float)",
    "c": "pass .real, .imag or abs",
}


_REMEDY: dict[type[Exception], str] = {
    np.linalg.LinAlgError: "see help(autograd_lite.{})",
    TypeError: "see help(autograd_lite.{})",
    ValueError: "check the shapes and values, and see help(autograd_lite.{})",
    IndexError: "stay within the shape",
    AttributeError: "see help(autograd_lite.{})",
}


def _explained(error: Exception, op: Op, inputs: tuple[Any, ...]) -> Exception:
    """The same error, with what was given before it and what to do after it."""
    kind = next(k for k in _REMEDY if isinstance(error, k))
    given = ", ".join(map(describe, inputs))
    told = str(error)
    if "gufunc signature" in told:  # of a matrix product, in numpy's own terms
        told = f"the lengths that are multiplied and summed must agree {told[told.rfind('(') :]}"
    return kind(f"{op.name} got {given}; {told}; {_REMEDY[kind].format(op.name)}")
