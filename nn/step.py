"""A step of training, compiled: forward, backward and update on flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import accumulate
from operator import attrgetter
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor, primitive

from .module import Module
from .optim import Optimizer

Loss = Callable[[Any, Any], Any]


class Step:
    """Forward, backward and update for one batch, as one function of plain numpy calls.

    `step(x, y)` returns the loss. All parameters are parts of one flat array (one for each dtype),
    and so are their gradients and what the optimizer remembers, so that an update is a few calls
    however many layers there are. They are read from the model when a `with` block is entered, and
    handed back to it, `.grad` included, when it is left:

    >>> import nn
    >>> model = nn.MLP([1, 1], rng=0)
    >>> x = np.linspace(-1, 1, 8)[:, None]
    >>> with Step(model, nn.mse, nn.SGD(model.parameters(), lr=0.5)) as step:
    ...     losses = [step(x, 3 * x) for _ in range(50)]
    >>> round(losses[-1], 6), model.predict(np.array([[2.0]])).round(3)
    (0.0, array([[6.]]))

    A loss that is not finite leaves the parameters as they are. Raises TypeError for a model that
    cannot be compiled (see `autograd_lite.compile`), RuntimeError for an optimizer that does not
    update each element of a parameter by itself.
    """

    def __init__(self, model: Module, loss: Loss, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        dtypes = dict.fromkeys(p.dtype for p in optimizer.parameters)
        groups = self._groups = [_Group(optimizer, dtype) for dtype in dtypes]
        self._varying = attrgetter(*optimizer.varying)
        self._checked = False
        slope = al.func.value_and_grad(
            al.func.at(
                [p for group in groups for p in group.parameters],
                lambda x, y: _finite(recorded_loss(model, loss, x, y)),
            )
        )

        def step(values: Any, slopes: Any, memories: Any, varying: Any, x: Any, y: Any) -> Any:
            parts = [p for group, flat in zip(groups, values) for p in group.parts(flat)]
            value, found = slope(parts, x, y)
            rest = iter(found)
            slopes = [
                al.concatenate([al.ravel(next(rest)) for _ in group.parameters]) for group in groups
            ]
            new, kept = [], []
            for group, flat, g, memory, numbers in zip(groups, values, slopes, memories, varying):
                slots = dict(zip(group.memory, memory))
                new.append(_with(optimizer, numbers).update(flat, g, slots))
                kept.append(tuple(slots[slot] for slot in group.memory))
            return tuple(new), tuple(slopes), tuple(kept), varying, value

        self._step = al.compile(step, in_place=(0, 1, 2, 3))

    def __enter__(self) -> Step:
        for group in self._groups:
            group.read()
        self._arrays = (
            tuple(group.value for group in self._groups),
            tuple(group.slope for group in self._groups),
            tuple(tuple(group.memory.values()) for group in self._groups),
            tuple(group.numbers for group in self._groups),
        )
        self._numbers: Any = None
        self._taken = False
        return self

    def __exit__(self, *error: Any) -> None:
        for group in self._groups:
            group.hand_back(slopes=self._taken)

    def __call__(self, x: Any, y: Any) -> float:
        """The loss of a batch, after which the parameters are updated if it is finite."""
        optimizer = self.optimizer
        optimizer.advance()
        numbers = self._varying(optimizer)
        if numbers != self._numbers:
            self._numbers = numbers
            for group in self._groups:
                for place, number in zip(group.numbers, np.atleast_1d(numbers)):
                    place[...] = number
        before = None if self._checked else [group.copied() for group in self._groups]
        try:
            value = float(self._step(*self._arrays, x, y)[-1])
        except BaseException as error:
            optimizer.steps -= 1
            if isinstance(error, NotFinite):
                return error.loss
            raise
        self._taken = True
        if before is not None:
            self._check(before)
        return value

    def _check(self, before: list[Any]) -> None:
        """Raise RuntimeError unless the first update was what each parameter's own would be."""
        for group, (value, memory) in zip(self._groups, before):
            wanted = group.updated(value, memory)
            if not np.allclose(group.value, wanted, rtol=1e-4, atol=1e-7, equal_nan=True):
                self.optimizer.steps -= 1
                for each in self._groups:
                    each.read()
                raise RuntimeError(
                    f"{type(self.optimizer).__name__} does not update each element by itself; an "
                    "elementwise rule is needed where all parameters are updated as one array; "
                    "train without compiling"
                )
        self._checked = True


class _Group:
    """The parameters of one dtype, their gradients, and the optimizer's memory, as flat arrays."""

    def __init__(self, optimizer: Optimizer, dtype: np.dtype) -> None:
        self.optimizer = optimizer
        members = [i for i, p in enumerate(optimizer.parameters) if p.dtype == dtype]
        self.parameters: list[Tensor] = [optimizer.parameters[i] for i in members]
        self._memories = [optimizer.memory[i] for i in members]
        self._ends = list(accumulate(p.size for p in self.parameters))
        slots = self._memories[0]
        self.value, self.slope, *flat = (
            al.aligned(self._ends[-1], dtype) for _ in range(2 + len(slots))
        )
        self.memory = dict(zip(slots, flat))
        self.numbers = tuple(np.zeros((), dtype) for _ in optimizer.varying)

    def parts(self, flat: Any) -> Iterator[Any]:
        """The parts of a flat array, in the shapes of the parameters."""
        for p, end in zip(self.parameters, self._ends):
            yield flat[end - p.size : end].reshape(p.shape)

    def read(self) -> None:
        """Take the values from the model, and the memory from the optimizer."""
        for p, place in zip(self.parameters, self.parts(self.value)):
            place[...] = p.value
        for slot, flat in self.memory.items():
            for memory, place in zip(self._memories, self.parts(flat)):
                place[...] = memory[slot]

    def hand_back(self, slopes: bool) -> None:
        """Give the model its values, and gradients if there are any, and the optimizer its own."""
        for p, value, slope in zip(self.parameters, self.parts(self.value), self.parts(self.slope)):
            p.assign(value.copy())
            if slopes:
                p.grad = slope.copy()
        for slot, flat in self.memory.items():
            for memory, part in zip(self._memories, self.parts(flat)):
                memory[slot] = part.copy()

    def copied(self) -> Any:
        """Copies of the values and of the memory."""
        return self.value.copy(), {slot: flat.copy() for slot, flat in self.memory.items()}

    def updated(self, value: Any, memory: Any) -> Any:
        """These values after an update of each parameter by its own gradient."""
        memories = zip(*(self.parts(flat) for flat in memory.values())) if memory else iter(())
        new = [
            self.optimizer.update(v, g, dict(zip(memory, next(memories, ()))))
            for v, g in zip(self.parts(value), self.parts(self.slope))
        ]
        return np.concatenate([v.ravel() for v in new])


def recorded_loss(model: Module, loss: Loss, x: Any, y: Any) -> Tensor:
    """The loss of a batch; TypeError unless it is one number, recorded."""
    result = loss(model(x), y)
    if not isinstance(result, Tensor) or result.size != 1:
        raise TypeError(
            f"the loss is {result!r}; one number, recorded from the model's output, is needed; "
            "return a Tensor, such as nn.mse(prediction, target)"
        )
    return result


class NotFinite(FloatingPointError):
    """A loss is NaN or infinite."""

    def __init__(self, loss: float) -> None:
        super().__init__(f"the loss is {loss}")
        self.loss = loss


@primitive(lambda g, y, x: g)
def _finite(x: Any) -> Any:
    if not np.isfinite(x):
        raise NotFinite(float(np.ravel(x)[0]))
    return x


def _with(optimizer: Optimizer, numbers: Any) -> Optimizer:
    """The optimizer with other varying numbers."""
    other = copy(optimizer)
    vars(other).update(zip(optimizer.varying, numbers))
    return other
