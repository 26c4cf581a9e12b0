"""compile: a function of arrays, traced once and then run as straight-line numpy."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import update_wrapper
from threading import RLock
from typing import Any
from weakref import ref

import numpy as np

from ..graph import Array, Node, describe, frozen, leaf, next_number
from ..mode import Trace, in_mode, mode
from ..op import GENERATORS
from ..reverse import order
from ..tensor import Tensor
from ..terms import Term, Terms, lower, read, run
from ..trees import beside, held, mapped
from .entry import MISS, PLAIN, Entry, Unmet, surroundings
from .plan import plan

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
      an array that an op took from outside. What fn, and the functions that it calls, refer to by
      name is watched: another number, array or object is another trace. All else that they read is
      as it was when traced: attributes (`model.training`), items of lists and dicts, and what numpy
      alone computed of captured arrays. Pass these as arguments, or compile again.
    - A value cannot be looked at: `if loss < 0.1`, float(loss), loss.data, print(loss) and
      backward() raise TypeError with the line. Write `where` for a branch; return what is needed.
    - Dropout is drawn anew at each call, from its own generator.
    - The first call is checked: it must agree with `fn` itself, run op by op, to half the digits of
      its dtypes; and `fn`, run twice, must give the same, and keep nothing that it computed from
      its arguments anywhere else. RuntimeError if not.
    - Results are new arrays, numpy scalars where they are 0-d.
    - in_place: positions of arguments whose arrays are overwritten with the first results of `fn`,
      which must be structured as these arguments are. They are returned, not copied. They are
      written to once no condition that `fn` checks can fail any more. They must share memory with
      nothing else that `fn` reads (ValueError, when such an array is first given).
    - Calls from several threads wait for each other. Given a Tensor, inside `func.at`, and inside
      another function that is being compiled, fn itself is called, and so it is recorded.

    `.source` is the text of what ran last. Raises TypeError for arguments that are no such things.

    >>> step = compile(lambda W, x: W - 0.1 * x.T @ (x @ W), in_place=0)
    >>> W = np.array([[1.0], [2.0]])
    >>> step(W, np.array([[1.0, 0.0]])) is W
    True
    >>> W
    array([[0.9],
           [2. ]])
    """
    positions = (in_place,) if isinstance(in_place, int) else tuple(in_place)
    if len(set(positions)) < len(positions) or any(isinstance(i, bool) or i < 0 for i in positions):
        raise ValueError(
            f"in_place is {in_place}; different positions from 0 are needed; count the arguments "
            "from the left"
        )
    return Compiled(fn, positions)


class Compiled:
    """What `compile` returns: call it as the function that it was made of."""

    def __init__(self, fn: Callable[..., Any], in_place: tuple[int, ...]) -> None:
        self.fn = fn
        self.in_place = in_place
        self._traces: dict[Any, _Trace] = {}
        self._step: Callable[..., Any] | None = None
        self._count = 0  # of arguments that it is for
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

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        raise TypeError(
            f"{_name(self.fn)} was compiled as a method; a function of arrays is needed; compile "
            "the bound method instead, as in self.f = compile(self.f)"
        )

    def __repr__(self) -> str:
        return f"<compiled {_name(self.fn)}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args = _by_position(self.fn, args, kwargs)
        now = mode.get()
        if now is not None and (now.trace is not None or now.leaves):
            return self.fn(*args)
        with self._lock:
            try:
                if self._step is not None and len(args) == self._count:
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
            step = trace.bound(args)
            result = step(*args)
        if trace is None or result is MISS:  # a captured Tensor may hold its array elsewhere now
            trace = _Trace(self.fn, args, self.in_place)
            step = trace.bound(args)
            result = trace.checked(step, args)
        self._traces[key] = trace  # the last used comes last
        self._step, self._count, self._text = step, len(args), trace.text
        if len(self._traces) > LARGEST:
            del self._traces[next(iter(self._traces))]
        return self._traced_only(args) if result is MISS else result  # a class of array of its own

    def _traced_only(self, args: tuple[Any, ...]) -> Any:
        """What `fn` gives, op by op."""
        result = mapped(_owned, _run(self.fn, mapped(_entered, args), Trace()))
        news = result if isinstance(result, tuple) else (result,)
        for i, new in zip(self.in_place, news):
            for array, its in zip(held(args[i]), held(new)):
                array[...] = its
        if not self.in_place:
            return result
        updated = tuple(args[i] for i in self.in_place)
        return (*updated, *news[len(updated) :]) if isinstance(result, tuple) else updated[0]


class _Trace:
    """What a function did with arguments of certain shapes, as the text of numpy calls.

    `text` defines `make`, which is given the arrays that stay from call to call and returns the
    function that a call runs.
    """

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...], in_place: Any) -> None:
        if in_place and max(in_place) >= len(args):
            raise ValueError(
                f"in_place is {in_place} and {len(args)} arguments were given; positions of "
                "arguments are needed; give them, by position"
            )
        self.in_place = in_place
        self.trace = Trace()
        self.start = next_number()
        try:
            entered = mapped(_entered, args)
            result = _run(fn, entered, self.trace)
            self._restore()
            self.expected = [_result(x) for x in held(result)]
            self._check_pure(fn, args)
        finally:
            self._restore()
        self.entry = Entry()
        for i, (name, tree) in enumerate(zip(_parameters(fn, len(args)), entered)):
            self.entry.take(name, tree, stays=i in in_place)
        self.entry.watch(fn)
        self._plan(entered, result, args)
        del self.trace

    def _check_pure(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Run it once more: RuntimeError if that shows that it does not only compute."""
        entered = mapped(_entered, args)
        again = _run(fn, entered, Trace())
        same = all(_agree(x, _plain(y), 8 * _eps(x)) for x, y in zip(self.expected, held(again)))
        if not same:
            raise RuntimeError(
                f"{_name(fn)} gave two results for the same arguments; one is needed, for it runs "
                "as it was traced; draw random numbers with dropout, or pass what changes"
            )
        alive = [ref(x) for x in held(entered) if isinstance(x, Node)]
        del entered, again
        if any(x() is not None for x in alive):
            gc.collect()
        if any(x() is not None for x in alive):
            raise RuntimeError(
                f"{_name(fn)} keeps what it computed from its arguments; it is not run again by "
                "later calls, and would keep that for good; return it instead"
            )

    def _restore(self) -> None:
        """Set generators back to where they were before the function was run."""
        for before, generator in self.trace.generators.values():
            _set_back(generator, before)

    def _plan(self, entered: Any, result: Any, args: Any) -> None:
        """From the nodes of the result to the text, and the objects that it needs."""
        entry, terms = self.entry, Terms()
        leaves = {node: terms.leaf(node.shape, node.dtype) for node in entry.names}
        values = {term: node._array for node, term in leaves.items()}
        arrays = {leaves[node]: array for node, array in zip(entry.staying, self._staying(args))}
        given = dict(self.trace.arrays.values())
        self.captured: list[tuple[str, Node]] = []
        outputs = list(held(result))
        nodes = order(*(x for x in outputs if isinstance(x, Node)))
        self.eps = max((_eps(node._array) for node in nodes), default=0.0)
        for node in nodes:
            if node.op is not None and node.number < self.start:  # recorded before, and captured
                term = leaves[node] = terms.leaf(node.shape, node.dtype)
                values[term] = arrays[term] = np.asarray(node._array)
            elif node.op is None and node not in leaves:
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
        wanted = [
            found[x] if isinstance(x, Node) else constant(x) if isinstance(x, np.ndarray) else x
            for x in outputs
        ]
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
        return [x for i in sorted(self.in_place) for x in held(args[i])]

    def bound(self, args: tuple[Any, ...]) -> Callable[..., Any]:
        """The function, with the arrays of these arguments and the captured Tensors at hand."""
        for x in self._staying(args):
            if not (isinstance(x, np.ndarray) and x.flags.c_contiguous and x.flags.writeable):
                raise ValueError(
                    f"in_place got {describe(x)}; a writable array in C order is needed, for it is "
                    "written to; pass a copy, or leave it out of in_place"
                )
        self._check_apart(args)
        staying = dict(zip(self.staying, self._staying(args)))
        wholes = {f"{name}_0": args[i] for name, i in self.wholes.items()}
        captured = {name: node._array for name, node in self.captured}
        nodes = {f"{name}_of": node for name, node in self.captured}
        known = {**self.fixed, **staying, **wholes, **captured, **nodes}
        code = self.make.__code__
        names = code.co_varnames[: code.co_argcount]  # by position: by name it is quadratic
        function: Callable[..., Any] = self.make(*map(known.__getitem__, names))
        return function

    def _check_apart(self, args: tuple[Any, ...]) -> None:
        """ValueError for an array that is to be written to and is part of another argument."""
        read = [*held(args), *self.fixed.values(), *(node._array for _, node in self.captured)]
        arrays = [x for x in read if isinstance(x, np.ndarray)]
        for x in self._staying(args):
            if sum(np.may_share_memory(x, y) for y in arrays) > 1:
                raise ValueError(
                    f"in_place got {describe(x)}, which shares memory with another argument or an "
                    "array that the function captured; memory of its own is needed, for it is "
                    "written to; pass a copy"
                )

    def checked(self, step: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """The result of the first call, which must be what running the function gave."""
        before = [x.copy() for x in self._staying(args)]
        generators = [x for x in self.fixed.values() if isinstance(x, GENERATORS)]
        states = deepcopy(generators)
        expected, self.expected = self.expected, []  # and let go of the values
        noise = 1e3 * self.eps * max(map(_largest, [*held(args), *expected]), default=0.0)
        result = step(*args)
        if result is MISS:
            return MISS
        for i, (x, wanted) in enumerate(zip(held(result), expected)):
            if not _agree(x, wanted, np.sqrt(max(self.eps, _eps(wanted))), noise):
                for array, old in zip(self._staying(args), before):
                    array[...] = old
                for generator, state in zip(generators, states):
                    _set_back(generator, state)
                raise RuntimeError(
                    f"result {i} of a compiled function is not what the function itself gives; the "
                    "same is needed, to half of its digits; do not change arrays inside the "
                    "function, and if it does not, call it uncompiled"
                )
        return result


def _run(fn: Callable[..., Any], entered: Any, trace: Trace) -> Any:
    """What `fn` gives when it is traced; `trace` gets what stands for the arrays that it used."""
    given = mapped(lambda x: x, entered)  # lists and dicts of its own
    with in_mode(recording=True, trace=trace, leaves={}):
        result = fn(*given)
    if mapped(id, given) != mapped(id, entered):
        raise TypeError(
            f"{_name(fn)} changed a list or dict that it was given; a compiled function only "
            "computes results; copy it first, and return the copy"
        )
    return result


def _set_back(generator: Any, before: Any) -> None:
    """Let a generator draw again what it drew since `before`, a copy of it."""
    if isinstance(generator, np.random.RandomState):
        generator.set_state(before.get_state())
    else:
        generator.bit_generator.state = before.bit_generator.state


def _result(x: Any) -> Any:
    """A result as an array or a number; TypeError for what may hide arrays."""
    if isinstance(x, (Node, np.ndarray, np.generic, bool, int, float, str, type(None))):
        return _plain(x)
    raise TypeError(
        f"a compiled function returned {describe(x)}; arrays are needed, also in lists, tuples and "
        "dicts, or numbers, strings and None; return these"
    )


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


def _owned(x: Any) -> Any:
    """A result as an array of its own."""
    return np.array(_plain(x))[()] if isinstance(x, (Node, np.ndarray)) else x


def _by_position(fn: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The arguments, also those given by name, by position."""
    bound = inspect.signature(fn).bind(*args, **kwargs)
    if bound.kwargs:
        raise TypeError(
            f"{_name(fn)} got {', '.join(bound.kwargs)} by name; arguments that have a position "
            "are needed; let a compiled function have no others"
        )
    return bound.args


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
    return (type(x), repr(x)) if isinstance(x, PLAIN) else id(x)


def _eps(x: Any) -> float:
    """The rounding of numbers of this dtype."""
    dtype = getattr(x, "dtype", None)
    return float(np.finfo(dtype).eps) if dtype is not None and dtype.kind == "f" else 0.0


def _largest(x: Any) -> float:
    """The largest finite element."""
    if not isinstance(x, (np.ndarray, np.generic)) or x.dtype.kind != "f":
        return 0.0
    return float(np.max(np.abs(x), initial=0, where=np.isfinite(x)))


def _agree(x: Any, expected: Any, share: float, noise: float = 0.0) -> bool:
    """Are two results the same, to a share of the largest element and some rounding?"""
    if not hasattr(expected, "dtype"):
        return bool(x == expected or (x != x and expected != expected))
    if np.shape(x) != expected.shape or getattr(x, "dtype", None) != expected.dtype:
        return False
    if expected.dtype.kind != "f":
        return bool(np.array_equal(x, expected))
    tolerance = share * _largest(expected) + noise
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
