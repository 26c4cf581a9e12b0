"""Optimizers: from the gradients in `.grad` to new values of the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_lite import Tensor, describe

from .checks import number
from .module import check_state


class Optimizer:
    """Updates parameters, Tensors without an op, by a rule that a subclass gives in `update`.

    `settings` names the attributes that are numbers to be saved; `slots` the arrays that the rule
    keeps for each parameter, zeros at first; `varying` the numbers in the rule that may be others
    at the next step.
    """

    settings: tuple[str, ...] = ("lr",)
    slots: tuple[str, ...] = ()
    varying: tuple[str, ...] = ("_lr", "steps")

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        several = isinstance(parameters, Iterable) and not isinstance(
            parameters, (Tensor, Mapping, np.ndarray, str)
        )
        given = [*parameters] if several else []
        wrong = [p for p in given if not isinstance(p, Tensor) or p.op or p.constant]
        if wrong or not given:
            raise TypeError(
                f"{type(self).__name__} got {describe(wrong[0] if wrong else parameters)} for "
                "parameters; Tensors without an op are needed, in a list; pass model.parameters(), "
                "with its parentheses, or [W, b]"
            )
        self.parameters = list({id(p): p for p in given}.values())  # a shared one once
        self.lr = lr
        self.steps = 0
        self.memory = [
            {slot: np.zeros_like(p.value) for slot in self.slots} for p in self.parameters
        ]

    @property
    def lr(self) -> float:
        """The learning rate; it may be set between steps."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = number(lr, "lr")

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        """The new value of a parameter, a new array, given its gradient; `memory` is updated."""
        raise NotImplementedError

    def step(self) -> None:
        """Update every parameter that has a gradient. RuntimeError if none has one."""
        if all(p.grad is None for p in self.parameters):
            raise RuntimeError(
                "step() found no gradient; each parameter's .grad is needed; call "
                "loss.backward() first, on a loss computed outside no_grad"
            )
        self.advance()
        for p, memory in zip(self.parameters, self.memory):
            if p.grad is not None:
                p.assign(self.update(p.value, p.grad, memory))

    def advance(self) -> None:
        """Count a step, and work out the numbers that depend on it."""
        self.steps += 1

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.parameters:
            p.grad = None

    @property
    def _steps_key(self) -> str:
        return f"{type(self).__name__}.steps"  # so that a state tells whose it is

    def state_dict(self) -> dict[str, np.ndarray]:
        """The settings, the number of steps and copies of the slots, as arrays by name."""
        state = {name: np.array(getattr(self, name), float) for name in self.settings}
        state[self._steps_key] = np.array(self.steps, np.int64)
        for i, memory in enumerate(self.memory):
            state |= {f"{slot}.{i}": np.array(value) for slot, value in memory.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the `state_dict()` of an optimizer of the same kind and parameters.

        Raises ValueError, and changes nothing, if names, shapes or dtypes differ.
        """
        check_state(state, self.state_dict(), type(self).__name__)
        for name in self.settings:
            setattr(self, name, float(state[name]))
        self.steps = int(state[self._steps_key])
        for i, memory in enumerate(self.memory):
            for slot in memory:
                memory[slot] = np.array(state[f"{slot}.{i}"])


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p - lr v, with v ← momentum v + g and g ← g + decay p.

    nesterov: p ← p - lr (g + momentum v), which looks ahead (Sutskever et al., 2013). Plain
    p ← p - lr g by default.
    """

    settings = ("lr", "momentum", "nesterov", "weight_decay")
    varying = ("_lr",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.momentum = number(momentum, "momentum")
        if nesterov and not momentum:
            raise ValueError("nesterov=True with momentum=0; it looks ahead by it; give a momentum")
        self.slots = ("velocity",) if momentum else ()
        super().__init__(parameters, lr)
        self.nesterov = nesterov
        self.weight_decay = number(weight_decay, "weight_decay")

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        if self.weight_decay:
            g = g + self.weight_decay * value
        if self.momentum:
            v = memory["velocity"] = self.momentum * memory.get("velocity", 0) + g
            g = g + self.momentum * v if self.nesterov else v
        return value - self.lr * g


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015): steps scaled by running means of the gradient and its square.

    weight_decay is added to the gradient; see AdamW.
    """

    settings = ("lr", "beta1", "beta2", "eps", "weight_decay")
    slots = ("mean", "square")
    varying = ("_lr", "_mean_share", "_square_share")

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.beta1, self.beta2 = number(beta1, "beta1", below=1), number(beta2, "beta2", below=1)
        self.eps = number(eps, "eps")
        self.weight_decay = number(weight_decay, "weight_decay")

    def advance(self) -> None:
        super().advance()
        # the means start at zero: so much of them is there by now
        self._mean_share = 1 - self.beta1**self.steps
        self._square_share = 1 - self.beta2**self.steps

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        if self.weight_decay:
            g = g + self.weight_decay * value
        return value - self.lr * self._direction(g, memory)

    def _direction(self, g: Any, memory: dict[str, Any]) -> Any:
        m = memory["mean"] = self.beta1 * memory["mean"] + (1 - self.beta1) * g
        s = memory["square"] = self.beta2 * memory["square"] + (1 - self.beta2) * g * g
        return m / self._mean_share / (np.sqrt(s / self._square_share) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay, p ← (1 - lr · decay) p (Loshchilov and Hutter, 2019)."""

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value * (1 - self.lr * self.weight_decay) - self.lr * self._direction(g, memory)
