"""compile: a function of arrays, traced once and then run as straight-line numpy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from threading import RLock
from typing import Any

import numpy as np

from .entry import MISS, Entry, Unmet, surroundings
from .lower import lower
from .node import Array, Node, describe, frozen, in_mode, leaf
from .op import GENERATORS
from .plan import plan
from .reverse import order
from .source import run
from .tensor import Tensor
from .terms import Term, Terms, read
from .trees import beside, held, mapped

LARGEST = 32  # traces that are kept


def compile(fn: Callable[..., Any], in_place: int | Sequence[int] = ()) -> Compiled:
    """`fn` as a function that runs as fast as its numpy can.

    fn: a function of arrays, and of nested lists, tuples and dicts of arrays, written with the ops
    of autograd_lite or numpy's own functions; it may take gradients, with `grad` or those of
    `func`. It is run on Tensors once for each structure, shapes and dtypes of its arguments, and
    what it records becomes a function of plain numpy calls on memory that is set aside once; equal
    parts are computed once. The last 32 of these are kept.

    - An array is an input: its values may be others at each call. A number, string or None is part
      of the function: another value is another trace. (Pass np.array(0.1) if it often changes.)
    - A Tensor that fn captured, such as a model's parameter, is read anew at each call, and so is
      an array that an op took from outside. A number or array that fn itself refers to by name is
      watched: another one is another trace. All else that it reads is as it was when traced.
    - A value cannot be looked at: `if loss < 0.1`, float(loss), loss.data, print(loss) and
      backward() raise TypeError with the line. Write `where` for a branch; return what is needed.
    - Dropout is drawn anew at each call, from its own generator.
    - The first call is checked: it must agree with `fn` itself, run op by op, to half the digits of
      its dtype; and `fn`, run twice, must give the same. RuntimeError if not.
    - Results are new arrays, numpy scalars where they are 0-d.
    - in_place: positions of arguments whose arrays are overwritten with the first results of `fn`,
      which must be structured as these arguments are. They are returned, not copied.
    - Calls from several threads wait for each other. Given a Tensor, fn itself is called, and so
      it is recorded.

    `.source` is the text of what ran last. Raises TypeError for arguments that are no such things.

    >>> step = compile(lambda W, x: W - 0.1 * x.T @ (x @ W), in_place=0)
    >>> W = np.array([[1.0], [2.0]])
    >>> step(W, np.array([[1.0, 0.0]])) is W
    True
    >>> W
    array([[0.9],
           [2. ]])
    """
    return Compiled(fn, (in_place,) if isinstance(in_place, int) else tuple(in_place))


class Compiled:
    """What `compile` returns: call it as the function that it was made of."""

    def __init__(self, fn: Callable[..., Any], in_place: tuple[int, ...]) -> None:
        self.fn = fn
        self.in_place = in_place
        self._traces: dict[Any, _Trace] = {}
        self._step: Callable[..., Any] | None = None
        self._text = ""
        self._lock = RLock()
        update_wrapper(self, fn, updated=())

    @property
    def source(self) -> str:
        """The text of what ran last; RuntimeError before the first call."""
        if not self._text:
            raise RuntimeError(
                "the source of a compiled function was asked for before its first call; what runs "
                "depends on the shapes of the arguments; call it first"
            )
        return self._text

    def __call__(self, *args: Any) -> Any:
        with self._lock:
            try:
                if self._step is not None:
                    result = self._step(*args)
                    if result is not MISS:
                        return result
                return self._found(args)
            except Unmet:  # fn says what is wrong, or takes another way
                return self._traced_only(args)

    def _found(self, args: tuple[Any, ...]) -> Any:
        """Run the trace for such arguments, or make it."""
        if any(isinstance(x, Node) for x in held(args)):
            return self.fn(*args)
        seen = ((name, _id(x)) for _, name, x in surroundings(self.fn))
        key = (*seen, *map(_kind, args))
        trace = self._traces.pop(key, None)
        if trace is not None:
            self._traces[key] = trace  # the last used comes last
            self._step, self._text = trace.bound(args), trace.text
            result = self._step(*args)
            return self._traced_only(args) if result is MISS else result  # NaN
        trace = _Trace(self.fn, args, self.in_place)
        step = trace.bound(args)
        result = trace.checked(step, args)
        self._traces[key], self._step, self._text = trace, step, trace.text
        if len(self._traces) > LARGEST:
            del self._traces[next(iter(self._traces))]
        return result

    def _traced_only(self, args: tuple[Any, ...]) -> Any:
        """What `fn` gives, op by op."""
        result, _ = _run(self.fn, mapped(_entered, args))
        result = mapped(_plain, result)
        for i, new in zip(self.in_place, result if isinstance(result, tuple) else (result,)):
            for array, its in zip(held(args[i]), held(new)):
                array[...] = its
        return result


class _Trace:
    """What a function did with arguments of certain shapes, as the text of numpy calls.

    `text` defines `make`, which is given the arrays that stay from call to call and returns the
    function that a call runs.
    """

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...], in_place: Any) -> None:
        entered = mapped(_entered, args)
        result, trace = _run(fn, entered)
        self.in_place = in_place
        self.generators = [x for x in trace.values() if isinstance(x[1], GENERATORS)]
        self._restore()
        again, _ = _run(fn, entered)
        self._restore()
        self.expected = [_plain(x) for x in held(result)]
        if not all(map(_agree, self.expected, map(_plain, held(again)))):
            raise RuntimeError(
                f"{_name(fn)} gave two results for the same arguments; one is needed, for it runs "
                "as it was traced; draw random numbers with dropout, or pass what changes"
            )
        self.entry = Entry()
        for i, (name, tree) in enumerate(zip(_parameters(fn, len(args)), entered)):
            self.entry.take(name, tree, stays=i in in_place)
        self.entry.watch(fn)
        self._plan(entered, result, trace, args)

    def _restore(self) -> None:
        """Set generators back to where they were before the function was run."""
        for before, generator in self.generators:
            if isinstance(generator, np.random.RandomState):
                generator.set_state(before.get_state())
            else:
                generator.bit_generator.state = before.bit_generator.state

    def _plan(self, entered: Any, result: Any, trace: Any, args: Any) -> None:
        """From the nodes of the result to the text, and the objects that it needs."""
        entry, terms = self.entry, Terms()
        leaves = {node: terms.leaf(node.shape, node.dtype) for node in entry.names}
        values = {term: node._array for node, term in leaves.items()}
        arrays = {leaves[node]: array for node, array in zip(entry.staying, self._staying(args))}
        given = {node: array for node, array in trace.values() if isinstance(node, Node)}
        self.captured: list[tuple[str, Node]] = []
        outputs = list(held(result))
        nodes = order(*(x for x in outputs if isinstance(x, Node)))
        for node in nodes:
            if node.op is None and node not in leaves:
                term = leaves[node] = terms.leaf(node.shape, node.dtype)
                values[term] = node._array
                if node in given:
                    array = given[node]
                    arrays[term] = array if isinstance(array, np.ndarray) else node._array
                else:
                    arrays[term] = np.asarray(node._array)
                    entry.names[node] = entry.free(node.name or "tensor")
                    self.captured.append((entry.names[node], node))

        def constant(value: Array) -> Term:
            term = terms.leaf(value.shape, value.dtype)
            values[term] = arrays[term] = value
            return term

        found = read(terms, nodes, leaves, constant)
        wanted = [found[x] if isinstance(x, Node) else x for x in outputs]
        script, results = lower(terms, wanted, values)
        arrays.update((term, x) for term, x in script.values.items() if term not in values)
        for i, x in enumerate(outputs):  # a number that stands for an array
            if isinstance(x, Node) and not isinstance(results[i], Term):
                results[i] = x.dtype.type(results[i])
        names = {leaves[node]: name for node, name in entry.names.items()}
        targets = {i: leaves[x] for i, x in _targets(entered, result, self.in_place).items()}
        made = plan(script, names, arrays, results, targets)
        self.text = entry.text(made, result, self.in_place, self.captured, script.silenced)
        self.fixed = {**made.bound, **entry.objects}
        self.make = run(self.text, "make")
        self.staying = [entry.names[x] for x in entry.staying]
        self.wholes = entry.wholes
        del self.entry  # and with it the values that were traced

    def _staying(self, args: tuple[Any, ...]) -> list[Array]:
        """The arrays of the arguments that are updated in place."""
        return [x for i in self.in_place for x in held(args[i])]

    def bound(self, args: tuple[Any, ...]) -> Callable[..., Any]:
        """The function, with the arrays of these arguments and the captured Tensors at hand."""
        for x in self._staying(args):
            if not (isinstance(x, np.ndarray) and x.flags.c_contiguous and x.flags.writeable):
                raise ValueError(
                    f"in_place got {describe(x)}; a writable array in C order is needed, for it is "
                    "written to; pass a copy, or leave it out of in_place"
                )
        staying = dict(zip(self.staying, self._staying(args)))
        wholes = {f"{name}_0": args[i] for name, i in self.wholes.items()}
        captured = {name: node._array for name, node in self.captured}
        nodes = {f"{name}_of": node for name, node in self.captured}
        function: Callable[..., Any] = self.make(
            **self.fixed, **staying, **wholes, **captured, **nodes
        )
        return function

    def checked(self, step: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """The result of the first call, which must be what running the function gave."""
        before = [x.copy() for x in self._staying(args)]
        result = step(*args)
        expected, self.expected = self.expected, []  # and let go of the values
        for i, (x, wanted) in enumerate(zip(held(result), expected)):
            if not _agree(x, wanted):
                for array, old in zip(self._staying(args), before):
                    array[...] = old
                raise RuntimeError(
                    f"result {i} of a compiled function is not what the function itself gives; the "
                    "same is needed, to half of its digits; do not change arrays inside the "
                    "function, and if it does not, call it uncompiled"
                )
        return result


def _run(fn: Callable[..., Any], entered: Any) -> tuple[Any, dict[int, tuple[Any, Any]]]:
    """What `fn` gives when it is traced, and what stands for the arrays that it used."""
    trace: dict[int, tuple[Any, Any]] = {}
    with in_mode(recording=True, trace=trace, leaves={}):
        return fn(*entered), trace


def _entered(x: Any) -> Any:
    """A node for an array; what is part of the function as it is."""
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fiub":
        return leaf(Tensor, frozen(x))
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    raise TypeError(
        f"a compiled function got {describe(x)}; numpy arrays of real numbers are needed, also in "
        "lists, tuples and dicts, or numbers and strings; convert it, or have it captured"
    )


def _plain(x: Any) -> Any:
    """A result as an array or a number."""
    return x._array if isinstance(x, Node) else x


def _kind(x: Any) -> Any:
    """What a trace depends on: structure, shapes, dtypes, and whatever is no array."""
    if isinstance(x, dict):
        return type(x), tuple((key, _kind(value)) for key, value in x.items())
    if isinstance(x, (list, tuple)):
        return type(x), tuple(map(_kind, x))
    if isinstance(x, (np.ndarray, np.generic)):
        return x.shape, x.dtype
    return type(x), repr(x)


def _id(x: Any) -> Any:
    """What tells numbers apart, and one array from another."""
    return id(x) if isinstance(x, np.ndarray) else (type(x), repr(x))


def _agree(x: Any, expected: Any) -> bool:
    """Are two results the same, to half of the digits?"""
    if not hasattr(expected, "dtype"):
        return bool(x == expected or (x != x and expected != expected))
    if np.shape(x) != expected.shape or x.dtype != expected.dtype:
        return False
    if expected.dtype.kind != "f":
        return bool(np.array_equal(x, expected))
    finite = np.isfinite(expected)
    scale = np.max(np.abs(expected), initial=0, where=finite)
    tolerance = np.sqrt(np.finfo(expected.dtype).eps) * scale
    return bool(np.allclose(x, expected, rtol=0, atol=tolerance, equal_nan=True))


def _targets(entered: Any, result: Any, in_place: Sequence[int]) -> dict[int, Node]:
    """By the position of a result, the node of the array that it is to be written into."""
    if not in_place:
        return {}
    firsts = result if isinstance(result, tuple) else (result,)
    if len(firsts) < len(in_place):
        raise ValueError(
            f"in_place names {len(in_place)} arguments and the function returns {len(firsts)} "
            "results; each of them needs a new value, first; return a tuple that starts with them"
        )
    nodes: list[Any] = []
    fresh: list[Any] = []
    for i, new in zip(in_place, firsts):
        nodes += held(entered[i])
        fresh += beside(entered[i], new, "the results")
    for node, new in zip(nodes, fresh):
        if not hasattr(new, "dtype") or (new.shape, new.dtype) != (node.shape, node.dtype):
            raise ValueError(
                f"in_place got {describe(new)} for {describe(node)}; the same shape and dtype are "
                "needed; return such an array"
            )
    return dict(enumerate(nodes))


def _parameters(fn: Callable[..., Any], n: int) -> list[str]:
    """What a function calls its first n arguments."""
    try:
        known = [
            p.name for p in inspect.signature(fn).parameters.values() if p.kind < p.VAR_POSITIONAL
        ]
    except (TypeError, ValueError):
        known = []
    return [*known[:n], *(f"arg{i}" for i in range(len(known), n))]


def _name(fn: Any) -> str:
    return getattr(fn, "__name__", "the function")
