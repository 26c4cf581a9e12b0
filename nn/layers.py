"""Layers: linear maps, activations, dropout, and their composition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor, describe

from . import init as inits
from .checks import number, whole
from .init import Init, Rng
from .module import Module

Layer = Callable[[Any], Any] | type[Module]


class Linear(Module):
    """x @ W + b.

    x: (..., inputs); ValueError for another length. Result: (..., outputs). W: (inputs, outputs),
    drawn by `init`, the name of an initializer of `nn.init` or a function like them. b:
    (outputs,), zeros; None without `bias`.

    >>> Linear(3, 2, rng=0)(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        init: str | Init = "glorot",
        dtype: Any = np.float64,
        rng: Rng | int | None = None,
    ) -> None:
        inputs, outputs = whole(inputs, "Linear's inputs"), whole(outputs, "Linear's outputs")
        draw = _named(init, inits.NAMED, "init")
        W = np.asarray(draw(generator(rng), (inputs, outputs)), dtype)
        if W.dtype.kind != "f":
            raise TypeError(
                f"Linear's dtype is {W.dtype}; a floating one is needed, for only floating numbers "
                "are differentiable; leave it out for float64"
            )
        if W.shape != (inputs, outputs):
            raise ValueError(
                f"init gave weights of shape {W.shape}; Linear needs {(inputs, outputs)}; return "
                "an array of the shape that is passed"
            )
        self.W = Tensor(W, name="W")
        self.b = Tensor(np.zeros(outputs, dtype), name="b") if bias else None

    def forward(self, x: Any) -> Any:
        try:
            z = al.matmul(x, self.W)
        except ValueError as error:
            raise self._unfit(x) from error
        return z if self.b is None else z + self.b

    def _unfit(self, x: Any) -> ValueError:
        inputs, _ = self.W.shape
        return ValueError(
            f"the layer {self!r} of {self.W.name} got {describe(x)}; an array (..., {inputs}), "
            f"rows of {inputs} numbers, is needed; pass such rows, or build the layer for yours"
        )

    def __repr__(self) -> str:
        inputs, outputs = self.W.shape
        return f"Linear({inputs}, {outputs}{', bias=False' if self.b is None else ''})"


class Activation(Module):
    """An op of one input as a layer."""

    op: Callable[[Any], Any]

    def forward(self, x: Any) -> Any:
        return type(self).op(x)


class ReLU(Activation):
    """max(x, 0)."""

    op = al.relu


class Sigmoid(Activation):
    """1 / (1 + e⁻ˣ)."""

    op = al.sigmoid


class Tanh(Activation):
    """The hyperbolic tangent."""

    op = al.tanh


class Softplus(Activation):
    """log(1 + eˣ)."""

    op = al.softplus


class Softmax(Activation):
    """eˣ / Σeˣ over the last axis. For training, leave it out and use `cross_entropy`."""

    op = al.softmax


class Dropout(Module):
    """While training, zero each element with probability `p` and scale the rest by 1 / (1 - p).

    Raises ValueError unless 0 <= p < 1.
    """

    def __init__(self, p: float = 0.5, rng: Rng | int | None = None) -> None:
        self.p = number(p, "Dropout's p", below=1)
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        if not self.training:
            return x
        return al.dropout(x, p=self.p, rng=self.rng)

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class Sequential(Module):
    """Layers one after another: Modules, classes of them such as `nn.ReLU`, or plain functions.

    The weights and biases of its Linear layers are named W1, b1, W2, b2, ...

    >>> Sequential(Linear(2, 3, rng=0), Tanh(), Linear(3, 1, rng=1))(np.ones((4, 2))).shape
    (4, 1)
    """

    def __init__(self, *layers: Layer) -> None:
        for layer in layers:
            if not callable(layer):
                raise TypeError(
                    f"{type(self).__name__} got {describe(layer)} for a layer; a Module or another "
                    "function is needed; pass the layers one by one: Sequential(nn.Linear(2, 3), "
                    "nn.ReLU())"
                )
        self.layers = [layer() if isinstance(layer, type) else layer for layer in layers]
        linear = (layer for layer in self.layers if isinstance(layer, Linear))
        for i, layer in enumerate(linear, 1):
            layer.W.name = f"W{i}"
            if layer.b is not None:
                layer.b.name = f"b{i}"

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(_name, self.layers))})"


ACTIVATIONS: dict[str, type[Module]] = {
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "softplus": Softplus,
    "softmax": Softmax,
}


class MLP(Sequential):
    """A multilayer perceptron: Linear layers with an activation between them.

    sizes: the number of inputs, of each hidden layer's units, and of outputs. activation, output:
    what follows each hidden layer, and the last; a name (relu, sigmoid, tanh, softplus, softmax),
    a class such as `nn.ReLU`, a function, or None. The other arguments are those of Linear; one
    generator draws all weights, the first layer's first.

    >>> MLP([64, 15, 10], output="sigmoid", rng=0)
    MLP(Linear(64, 15), ReLU(), Linear(15, 10), Sigmoid())
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Layer | None = "relu",
        output: str | Layer | None = None,
        init: str | Init = "glorot",
        bias: bool = True,
        dtype: Any = np.float64,
        rng: Rng | int | None = None,
    ) -> None:
        listed = [] if isinstance(sizes, str) or not np.iterable(sizes) else [*sizes]
        if len(listed) < 2:
            raise ValueError(
                f"MLP got sizes {describe(sizes)}; a list is needed, of the number of inputs, of "
                "each hidden layer's units, and of outputs; pass it as in MLP([4, 8, 1])"
            )
        sizes = [whole(n, f"a size of MLP({listed})") for n in listed]
        rng = generator(rng)
        layers: list[Layer] = []
        for i, (inputs, outputs) in enumerate(pairwise(sizes), 2):
            layers.append(Linear(inputs, outputs, bias=bias, init=init, dtype=dtype, rng=rng))
            role, after = ("activation", activation) if i < len(sizes) else ("output", output)
            if after is not None:
                layers.append(_named(after, ACTIVATIONS, role))
        super().__init__(*layers)


def generator(rng: Rng | int | None) -> Rng:
    """A random generator: the one given, one with this seed, or a fresh one."""
    if isinstance(rng, (np.random.Generator, np.random.RandomState)):
        return rng
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"rng is {describe(rng)}; a random generator, or an integer of at least 0 as a seed, "
            "is needed; pass rng=0, or np.random.default_rng(0)"
        ) from error


def _named(choice: Any, known: dict[str, Any], role: str) -> Any:
    if isinstance(choice, str) and choice in known:
        return known[choice]
    if choice is None or not callable(choice):
        raise ValueError(
            f"{role} is {describe(choice)}; one of {', '.join(known)} or a function is needed; "
            "choose one"
        )
    return choice


def _name(layer: Any) -> str:
    return repr(layer) if isinstance(layer, Module) else getattr(layer, "__name__", repr(layer))
