"""A step of training, compiled: forward, backward and update on flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy, deepcopy
from itertools import accumulate, starmap
from operator import attrgetter
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor, describe, primitive

from .checks import check_has
from .module import Module
from .optim import Optimizer

Loss = Callable[[Any, Any], Any]


class Step:
    """Forward, backward and update for one batch, as one function of plain numpy calls.

    `step(x, y)` returns the loss. All parameters are parts of one flat array (one for each dtype),
    and so are their gradients and what the optimizer remembers, so that an update is a few calls
    however many layers there are. They are read from the model when a `with` block is entered, and
    handed back to it, `.grad` included, when it is left; until then the model is as it was:

    >>> import nn
    >>> model = nn.MLP([1, 1], rng=0)
    >>> x = np.linspace(-1, 1, 8)[:, None]
    >>> with Step(model, nn.mse, nn.SGD(model.parameters(), lr=0.5)) as step:
    ...     losses = [step(x, 3 * x) for _ in range(50)]
    >>> round(losses[-1], 6), model.predict(np.array([[2.0]])).round(3)
    (0.0, array([[6.]]))

    The first call of each block, and the next one after `check()`, is held against the model, the
    loss and the optimizer run op by op: where something about them has changed, the step is traced
    anew. A change that this batch does not show, or that comes between two such calls, is missed,
    but for the optimizer's numbers: its `varying` ones, such as the learning rate, are read at each
    call, and a change of another is an error.

    A loss that is not finite leaves the parameters as they are. Raises TypeError for a model that
    cannot be compiled (see `autograd_lite.compile`); RuntimeError for one that changes its own
    attributes or has parameters without a part in the loss, and for an optimizer that does not
    update each element of a parameter by itself, or has a `step` of its own. The model is then as
    it was before the call.
    """

    def __init__(self, model: Module, loss: Loss, optimizer: Optimizer) -> None:
        check_trainable(model, loss, optimizer)
        if type(optimizer).step is not Optimizer.step:
            raise RuntimeError(
                f"{type(optimizer).__name__} has a step of its own; one that updates by `update` "
                "alone is needed; train without compiling"
            )
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self._varying = attrgetter(*optimizer.varying)
        self._settings: Callable[[Optimizer], Any] = lambda optimizer: None
        self._settled: Any = None  # the settings that it was traced with
        self._entered = self._taken = self._is_checked = False
        self._prepare()

    def _prepare(self) -> None:
        """Set memory aside for the optimizer's parameters."""
        parameters = self._parameters = list(self.optimizer.parameters)
        dtypes = dict.fromkeys(p.dtype for p in parameters)
        groups = self._groups = [_Group(self.optimizer, dtype) for dtype in dtypes]
        self._arrays = (
            tuple(group.value for group in groups),
            tuple(group.slope for group in groups),
            tuple(tuple(group.memory.values()) for group in groups),
            tuple(group.numbers for group in groups),
        )
        self._numbers: Any = None  # that are in the arrays
        self._step = self._compiled()

    def _compiled(self) -> Any:
        """The step as a function of flat arrays, yet to be traced."""
        groups, optimizer = self._groups, self.optimizer
        slope = al.func.value_and_grad(
            al.func.at(
                [p for group in groups for p in group.parameters],
                lambda x, y: _finite(recorded_loss(self.model, self.loss, x, y)),
            )
        )

        def step(values: Any, slopes: Any, memories: Any, varying: Any, x: Any, y: Any) -> Any:
            parts = [p for group, flat in zip(groups, values) for p in group.parts(flat)]
            value, found = slope(parts, x, y)
            _check_used(zip((p for group in groups for p in group.parameters), found))
            rest = iter(found)
            slopes = [
                al.concatenate([al.ravel(next(rest)) for _ in group.parameters]) for group in groups
            ]
            new, kept = [], []
            for group, flat, g, memory, numbers in zip(groups, values, slopes, memories, varying):
                slots = dict(zip(group.memory, memory))
                new.append(_with(optimizer, numbers).update(flat, g, slots))
                _check_elementwise(optimizer, (flat, g, *memory), [new[-1], *slots.values()])
                if slots.keys() != group.memory.keys():
                    raise RuntimeError(
                        f"{type(optimizer).__name__} remembers {', '.join(slots)}, and its slots "
                        f"are {optimizer.slots}; all are needed there; name them"
                    )
                kept.append(tuple(slots[slot] for slot in group.memory))
            return tuple(new), tuple(slopes), tuple(kept), varying, value

        return al.compile(step, in_place=(0, 1, 2, 3))

    def __enter__(self) -> Step:
        if [*map(id, self._parameters)] != [*map(id, self.optimizer.parameters)]:
            self._prepare()
        for group in self._groups:
            group.read()
        self._entered, self._taken = True, False
        self.check()
        return self

    def __exit__(self, *error: Any) -> None:
        self._entered = False
        for group in self._groups:
            group.hand_back(slopes=self._taken)

    def check(self) -> None:
        """Hold the next call against the model run op by op."""
        self._is_checked = False

    def __call__(self, x: Any, y: Any) -> float:
        """The loss of a batch, after which the parameters are updated if it is finite."""
        if not self._entered:
            raise RuntimeError(
                "a Step was called outside of its `with` block; the block is needed, for at its "
                "end the parameters are handed back; write `with step: step(x, y)`"
            )
        optimizer = self.optimizer
        optimizer.advance()
        numbers = self._varying(optimizer)
        if numbers != self._numbers:
            self._numbers = numbers
            for group in self._groups:
                for place, number in zip(group.numbers, np.atleast_1d(numbers)):
                    place[...] = number
        try:
            if not self._is_checked:
                value = self._checked(x, y)
            elif self._settings(optimizer) != self._settled:
                raise self._unsettled()
            else:
                value = self._step(*self._arrays, x, y)[-1]
        except BaseException as error:
            optimizer.steps -= 1
            if isinstance(error, NotFinite):
                return error.loss
            raise
        self._taken = True
        return float(value)

    def _checked(self, x: Any, y: Any) -> Any:
        """A step that is held against the model, and taken back if it is not what it must be."""
        self._settings = _settings(self.optimizer)
        settled = deepcopy(self._settings(self.optimizer))
        if settled != self._settled:
            self._settled, self._step = settled, self._compiled()
        model = _State(self.model)
        before = [group.copied() for group in self._groups]
        try:
            value = self._step.checked(*self._arrays, x, y)[-1]
            for group, copies in zip(self._groups, before):
                group.check_update(*copies)
            model.check()
        except BaseException:
            model.restore()
            for group, copies in zip(self._groups, before):
                group.put_back(*copies)
            raise
        self._is_checked = True
        return value

    def _unsettled(self) -> RuntimeError:
        optimizer = self.optimizer
        return RuntimeError(
            f"a setting of {type(optimizer).__name__} went from {self._settled} to "
            f"{self._settings(optimizer)} between two steps; what changes there must be among its "
            f"`varying`, which are {optimizer.varying}; name it, or call check() after a change"
        )


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

    def copied(self) -> tuple[Any, dict[str, Any]]:
        """Copies of the values and of the memory."""
        return self.value.copy(), {slot: flat.copy() for slot, flat in self.memory.items()}

    def put_back(self, value: Any, memory: dict[str, Any]) -> None:
        """Take values and memory from such copies."""
        self.value[...] = value
        for slot, flat in memory.items():
            self.memory[slot][...] = flat

    def check_update(self, value: Any, memory: dict[str, Any]) -> None:
        """RuntimeError unless these values were updated as each parameter's own would be."""
        memories = zip(*(self.parts(flat) for flat in memory.values())) if memory else iter(())
        new = [
            self.optimizer.update(v, g, dict(zip(memory, next(memories, ()))))
            for v, g in zip(self.parts(value), self.parts(self.slope))
        ]
        wanted = np.concatenate([v.ravel() for v in new])
        eps = np.finfo(wanted.dtype).eps
        change = np.max(np.abs(wanted - value))
        tolerance = np.sqrt(eps) * change + 8 * eps * np.abs(wanted)
        if not np.all((np.abs(self.value - wanted) <= tolerance) | np.isnan(wanted)):
            raise _not_elementwise(self.optimizer)


def check_trainable(model: Any, loss: Any, optimizer: Any) -> None:
    """TypeError unless each is what it is called: that they were swapped is told here."""
    check_has(model, "named_modules", "model", "a Module", "pass the model first, then the loss")
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            f"loss is {describe(loss)}; a function of prediction and target is needed, as the "
            "second argument; pass the function itself, such as nn.mse"
        )
    remedy = "pass nn.SGD(model.parameters()), or another, last"
    check_has(optimizer, "step", "optimizer", "an Optimizer", remedy)


def recorded_loss(model: Module, loss: Loss, x: Any, y: Any) -> Tensor:
    """The loss of a batch; TypeError unless it is one number, recorded."""
    result = loss(model(x), y)
    if not isinstance(result, Tensor) or result.size != 1:
        raise TypeError(
            f"the loss is {describe(result)}; one number, recorded from the model's output, is "
            "needed; return a Tensor, such as nn.mse(prediction, target)"
        )
    return result


def without_part(model: Module, optimizer: Optimizer, most: int = 3) -> ValueError:
    """What is told where no parameter of the optimizer has a part in the loss."""
    names = ", ".join(map(describe, optimizer.parameters[:most]))
    return ValueError(
        f"{type(optimizer).__name__} has {names}{', ...' * (len(optimizer.parameters) > most)}, on "
        f"which the loss of {type(model).__name__} does not depend; parameters of the model that "
        "is trained are needed; make the optimizer of them, with model.parameters()"
    )


def op_by_op(model: Module, reason: Any) -> str:
    """What is told where a step is not compiled."""
    return (
        f"{type(model).__name__} is trained op by op, which is slower, for it could not be "
        f"compiled: {reason}"
    )


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
    """The optimizer with other varying numbers, and without `steps` unless they are among these."""
    other = copy(optimizer)
    del other.steps
    vars(other).update(zip(optimizer.varying, numbers))
    return other


def _settings(optimizer: Optimizer) -> Callable[[Optimizer], Any]:
    """A function that reads what an optimizer is set to, but for what is `varying`."""
    others = {"steps", "parameters", "memory", *optimizer.varying}
    names = [k for k, v in vars(optimizer).items() if k not in others and _is_plain(v)]
    return attrgetter(*names) if names else lambda optimizer: None


def _is_plain(x: Any) -> bool:
    """Is it a number or a string, or are these in it?"""
    if isinstance(x, (list, tuple, dict)):
        return all(map(_is_plain, x.values() if isinstance(x, dict) else x))
    return isinstance(x, (bool, int, float, str, np.generic, type(None)))


def _check_used(pairs: Iterable[Any]) -> None:
    """RuntimeError for a parameter without a gradient, which an optimizer passes over."""
    for p, slope in pairs:
        if slope.op is None:
            raise RuntimeError(
                f"the loss does not depend on {p.name or 'a parameter'} {p.shape}; it must, where "
                "all parameters are updated as one array; leave it out of the optimizer"
            )


def _check_elementwise(optimizer: Optimizer, given: Sequence[Any], results: list[Any]) -> None:
    """RuntimeError if an update goes through anything but arrays of the shape of the value."""
    reached = set(given)
    start = max(x.number for x in given)
    for node in al.order(*(x for x in results if isinstance(x, Tensor))):
        if node.number > start and not reached.isdisjoint(node.inputs):
            reached.add(node)
            if node.shape != given[0].shape:
                raise _not_elementwise(optimizer)


def _not_elementwise(optimizer: Optimizer) -> RuntimeError:
    return RuntimeError(
        f"{type(optimizer).__name__} does not update each element by itself; an elementwise rule "
        "is needed where all parameters are updated as one array; train without compiling"
    )


class _State:
    """What the modules of a model hold, to see that a run changes it, and to undo that."""

    def __init__(self, model: Module) -> None:
        self.holders: list[tuple[Any, Any]] = []
        self.generators: list[tuple[Any, Any]] = []
        for _, module in model.named_modules():
            self._hold(vars(module))

    def _hold(self, x: Any) -> None:
        if isinstance(x, (dict, list, np.ndarray)):
            if all(x is not known for known, _ in self.holders):
                self.holders.append((x, x.copy()))
                if not isinstance(x, np.ndarray):
                    for inner in x.values() if isinstance(x, dict) else x:
                        self._hold(inner)
        elif isinstance(x, (np.random.Generator, np.random.RandomState)):
            self.generators.append((x, al.state_of(x)))

    def check(self) -> None:
        """RuntimeError if anything but the generators has changed."""
        if not all(starmap(_unchanged, self.holders)):
            raise RuntimeError(
                "the model changes its own attributes when it is run; it must only compute, for "
                "later steps do not run its Python again; return what changes"
            )

    def restore(self) -> None:
        for x, before in self.holders:
            if isinstance(x, dict):
                x.clear()
                x.update(before)
            elif isinstance(x, list):
                x[:] = before
            else:
                x[...] = before
        for generator, state in self.generators:
            al.rewind(generator, state)


def _unchanged(x: Any, before: Any) -> bool:
    if isinstance(x, np.ndarray):
        return bool(np.array_equal(x, before, equal_nan=x.dtype.kind == "f"))
    if isinstance(x, dict):
        return list(x) == list(before) and all(x[key] is before[key] for key in x)
    return len(x) == len(before) and all(a is b for a, b in zip(x, before))
