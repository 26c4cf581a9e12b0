"""A step of training, compiled: forward, backward and update on flat arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import copy
from itertools import accumulate
from operator import attrgetter
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor

from .module import Module
from .optim import Optimizer


class Step:
    """Forward, backward and update of one batch as two functions of plain numpy calls.

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

    def __init__(
        self, model: Module, loss: Callable[[Any, Any], Any], optimizer: Optimizer
    ) -> None:
        self.optimizer = optimizer
        dtypes = list(dict.fromkeys(p.dtype for p in optimizer.parameters))
        members = [
            [i for i, p in enumerate(optimizer.parameters) if p.dtype == dtype] for dtype in dtypes
        ]
        self._groups = [_Group(optimizer, indices) for indices in members]
        self._now = attrgetter(*optimizer.varying)
        self._checked = False
        leaves = [p for group in self._groups for p in group.parameters]
        slope = al.func.value_and_grad(al.func.at(leaves, lambda x, y: loss(model(x), y)))

        def gradients(values: Any, slopes: Any, x: Any, y: Any) -> Any:
            parts = [p for group, flat in zip(self._groups, values) for p in group.parts(flat)]
            value, found = slope(parts, x, y)
            rest = iter(found)
            slopes = tuple(
                al.concatenate([al.ravel(next(rest)) for _ in group.parameters])
                for group in self._groups
            )
            return values, slopes, value

        def update(values: Any, slopes: Any, memories: Any, varying: Any) -> Any:
            new, kept = [], []
            for value, g, memory, numbers in zip(values, slopes, memories, varying):
                rule, memory = copy(optimizer), dict(memory)
                vars(rule).update(zip(optimizer.varying, numbers))
                new.append(rule.update(value, g, memory))
                kept.append(memory)
            return tuple(new), slopes, tuple(kept)

        self._gradients = al.compile(gradients, in_place=(0, 1))
        self._update = al.compile(update, in_place=(0, 1, 2))

    def __enter__(self) -> Step:
        for group in self._groups:
            group.read()
        self._values = tuple(group.value for group in self._groups)
        self._slopes = tuple(group.slope for group in self._groups)
        self._memories = tuple(group.memory for group in self._groups)
        self._numbers: Any = None
        self._taken = False
        return self

    def __exit__(self, *error: Any) -> None:
        for group in self._groups:
            group.hand_back(slopes=self._taken)

    def __call__(self, x: Any, y: Any) -> float:
        """The loss of a batch, after which the parameters are updated if it is finite."""
        value = float(self._gradients(self._values, self._slopes, x, y)[2])
        if not math.isfinite(value):
            return value
        self.optimizer.advance()
        numbers = self._now(self.optimizer)
        if numbers != self._numbers:
            self._numbers = numbers
            self._varying = tuple(
                np.array(numbers, group.value.dtype).reshape(-1) for group in self._groups
            )
        expected = None if self._checked else [group.updated() for group in self._groups]
        self._update(self._values, self._slopes, self._memories, self._varying)
        self._taken = True
        if expected is not None:
            self._check(expected)
        return value

    def _check(self, expected: list[Any]) -> None:
        """Raise RuntimeError unless the update is what each parameter's own would be."""
        self._checked = True
        for group, wanted in zip(self._groups, expected):
            if not np.allclose(group.value, wanted, rtol=1e-4, atol=1e-7, equal_nan=True):
                self.optimizer.steps -= 1
                for each in self._groups:
                    each.read()
                raise RuntimeError(
                    f"{type(self.optimizer).__name__} does not update each element by itself; an "
                    "elementwise rule is needed where all parameters are updated as one array; "
                    "train without compiling"
                )


class _Group:
    """The parameters of one dtype, their gradients, and the optimizer's memory, as flat arrays."""

    def __init__(self, optimizer: Optimizer, indices: list[int]) -> None:
        self.optimizer = optimizer
        self.parameters: list[Tensor] = [optimizer.parameters[i] for i in indices]
        self._memories = [optimizer.memory[i] for i in indices]
        self._ends = list(accumulate(p.size for p in self.parameters))
        self.value, self.slope, *memory = (
            al.aligned(self._ends[-1], self.parameters[0].dtype)
            for _ in range(2 + len(self._memories[0]))
        )
        self.memory = dict(zip(self._memories[0], memory))

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

    def updated(self) -> Any:
        """The values after an update of each parameter on its own."""
        slots = {slot: list(self.parts(flat)) for slot, flat in self.memory.items()}
        return np.concatenate(
            [
                self.optimizer.update(
                    value, slope, {slot: parts[i] for slot, parts in slots.items()}
                ).ravel()
                for i, (value, slope) in enumerate(
                    zip(self.parts(self.value), self.parts(self.slope))
                )
            ]
        )
