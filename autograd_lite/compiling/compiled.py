"""compile: a function of arrays, traced once and then run as straight-line numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from threading import RLock
from typing import Any

import numpy as np

from ..graph import Node, check_function, ndarray
from ..mode import Trace, mode
from ..showing import fenced
from ..trees import held, mapped
from .assembly import Differs, Program, assemble, by_position
from .entry import MISS, PLAIN, surroundings
from .plan import Unmet
from .recording import (
    entered,
    given_by,
    name_of,
    record,
    run_on,
    value_of,
    with_plain_arrays,
    with_rules,
)

LARGEST = 32  # programs that are kept


def compile(fn: Callable[..., Any], in_place: int | Sequence[int] = ()) -> Compiled:
    """`fn` as a function that runs as fast as its numpy can.

    fn: a function of arrays, and of nested lists, tuples and dicts of arrays, written with the ops
    of autograd_lite or numpy's own functions; it may take gradients, with `grad` or those of
    `func`. It is run on Tensors once for each structure, shapes and dtypes of its arguments, and
    what it records becomes a function of plain numpy calls on memory that is set aside once; equal
    parts are computed once. The last 32 of these are kept.

    - Read anew at each call are the arguments, the Tensors that fn captured, the arrays that it
      hands to ops, and what fn itself names from outside if that is a number, a string, an array
      or a Tensor. All else is part of the trace: attributes, items of lists and dicts, what other
      functions refer to, what numpy alone computes of captured arrays. Call `checked` where that
      may have changed, pass it as an argument, or compile again.
    - A number, string or None is part of the function: another value is another trace. (Pass
      np.array(0.1) if it often changes.)
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
      nothing else that `fn` reads: that is checked when such an array is first given (ValueError),
      not for other arguments of later calls.
    - Calls from several threads wait for each other. Given a Tensor, inside `func.at`, and inside
      another function that is being compiled, fn itself is called, and so it is recorded.

    `.source` is the text of what ran last. Raises TypeError for arguments that are no such things,
    and for an `fn` that cannot be called.

    >>> step = compile(lambda W, x: W - 0.1 * x.T @ (x @ W), in_place=0)
    >>> W = np.array([[1.0], [2.0]])
    >>> step(W, np.array([[1.0, 0.0]])) is W
    True
    >>> W
    array([[0.9],
           [2. ]])
    """
    check_function(fn, "what is to be compiled")
    positions = (in_place,) if isinstance(in_place, int) else tuple(in_place)
    if len(set(positions)) < len(positions) or any(isinstance(i, bool) or i < 0 for i in positions):
        raise ValueError(
            f"in_place is {in_place}; different positions from 0 are needed; count the arguments "
            "from the left"
        )
    return Compiled(fn, positions)


class Compiled:
    """What `compile` returns: call it as the function that it was made of.

    A copy, or what pickle makes of it, compiles anew. A notebook shows its `source`.
    """

    def __init__(self, fn: Callable[..., Any], in_place: tuple[int, ...]) -> None:
        self.fn = fn
        self.in_place = in_place
        self._known: dict[Any, tuple[Program, Callable[..., Any]]] = {}
        self._step: Callable[..., Any] | None = None  # what ran last
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
            f"{name_of(self.fn)} was compiled as a method; a function of arrays is needed; compile "
            "the bound method instead, as in self.f = compile(self.f)"
        )

    def __reduce__(self) -> Any:
        return compile, (self.fn, self.in_place)

    def __repr__(self) -> str:
        return f"<compiled {name_of(self.fn)}>"

    def _repr_markdown_(self) -> str:
        text = self._text or "# what runs is known after the first call"
        return fenced(f"# {' '.join(repr(self).split())}\n{text}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args = by_position(self.fn, args, kwargs)
        now = mode.get()
        if now is not None and (now.trace is not None or now.leaves):
            return self._recorded(args)
        with self._lock:
            try:
                if self._step is not None and len(args) == self._count:
                    result = self._step(*args)
                    if result is not MISS:
                        return result
                return self._found(args)
            except (Unmet, IndexError):  # fn says what is wrong, or takes another way
                return self._op_by_op(args)

    def checked(self, *args: Any) -> Any:
        """The result of a call that is held against `fn` itself, run op by op, as the first one is.

        Where they differ, something that fn reads is not what it was when fn was traced: the traces
        are forgotten, and fn is traced anew. A difference that these arguments do not show, beyond
        the last digits, is not found.
        """
        with self._lock:
            args = with_plain_arrays(args)
            key = self._key(args)
            if key in self._known:
                program, step = self._known[key]
                expected = given_by(self.fn, args)
                try:
                    result = program.checked(step, args, expected, strict=True)
                    if result is MISS:
                        step = program.bound(args)
                        result = program.checked(step, args, expected, strict=True)
                except (Unmet, Differs):
                    result = MISS
                if result is not MISS:
                    self._keep(key, program, step, args)
                    return result
                self._known.clear()
            return self._found(args)

    def _key(self, args: tuple[Any, ...]) -> Any:
        """What tells one program from another."""
        seen = ((name, _identity(x)) for _, name, x in surroundings(self.fn))
        return (*seen, *map(_kind, args))

    def _found(self, args: tuple[Any, ...]) -> Any:
        """Run the program for such arguments, or make it."""
        if any(isinstance(x, Node) for x in held(args)):
            return self._recorded(args)
        args = with_plain_arrays(args)
        key = self._key(args)
        result = MISS
        if key in self._known:
            program, step = self._known[key]
            self._keep(key, program, step, args)
            result = step(*args)
            if result is MISS:  # other arrays stay, or a captured Tensor holds its array elsewhere
                step = program.bound(args)
                result = step(*args)
        if result is MISS:
            recording = record(self.fn, args, self.in_place)
            program = assemble(recording)
            step = program.bound(args)
            result = program.checked(step, args, recording.values, strict=False)
        self._keep(key, program, step, args)
        return self._op_by_op(args) if result is MISS else result

    def _keep(
        self, key: Any, program: Program, step: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        """Remember a program as the last used, which comes last among those that are known."""
        self._known.pop(key, None)
        self._known[key] = program, step
        self._step, self._count, self._text = step, len(args), program.text
        if len(self._known) > LARGEST:
            del self._known[next(iter(self._known))]

    def _recorded(self, args: tuple[Any, ...]) -> Any:
        """What `fn` gives as a part of something else, which records it."""
        if self.in_place:
            raise TypeError(
                f"{name_of(self.fn)}, which overwrites arguments in place, was called with Tensors "
                "or inside another function that is being compiled, where nothing can be "
                "overwritten; use what the function without in_place returns"
            )
        return self.fn(*args)

    def _op_by_op(self, args: tuple[Any, ...]) -> Any:
        """What `fn` gives."""
        result = mapped(
            _owned,
            with_rules(lambda rules: run_on(self.fn, mapped(entered, args), Trace(rules))),
        )
        news = result if isinstance(result, tuple) else (result,)
        for i, new in zip(self.in_place, news):
            for array, its in zip(held(args[i]), held(new)):
                array[...] = its
        if not self.in_place:
            return result
        updated = tuple(args[i] for i in self.in_place)
        return (*updated, *news[len(updated) :]) if isinstance(result, tuple) else updated[0]


def _owned(x: Any) -> Any:
    """A result as an array of its own."""
    return np.array(value_of(x))[()] if isinstance(x, (Node, ndarray)) else x


def _kind(x: Any) -> Any:
    """What a program depends on: structure, shapes, dtypes, and whatever is no array."""
    if isinstance(x, dict):
        return type(x), tuple((key, _kind(value)) for key, value in x.items())
    if isinstance(x, (list, tuple)):
        return type(x), tuple(map(_kind, x))
    if isinstance(x, (ndarray, np.generic)):
        return x.shape, x.dtype
    return type(x), repr(x)


def _identity(x: Any) -> Any:
    """What tells numbers apart, and one array from another."""
    return (type(x), repr(x)) if isinstance(x, PLAIN) else id(x)
