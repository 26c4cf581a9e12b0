"""Module: parameters, found by walking attributes, and the expression that uses them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self

import numpy as np

from autograd_lite import Table, Tensor, describe, next_number, no_grad, span

from .checks import check_has


class Module:
    """A function with parameters. A subclass sets Tensors and Modules as attributes in
    `__init__`, also within lists, tuples and dicts, and computes in `forward`.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Tensor(2.0, name="slope")
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> line(3.0).item(), line.predict(3.0), [name for name, _ in line.named_parameters()]
    (6.0, array(6.), ['slope'])
    """

    training = True

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The output for an input, an array or Tensor whose rows are samples."""
        raise NotImplementedError(f"{type(self).__name__} has no forward; define forward(self, x)")

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        start = next_number()  # so that drawings know what belongs to it
        y: Tensor = self.forward(*inputs, **options)
        return span(self, start, y)

    def predict(self, x: Any) -> np.ndarray:
        """The output as an array: nothing is recorded, and dropout is off."""
        modes = [(module, module.training) for _, module in self.named_modules()]
        self.eval()
        try:
            with no_grad():
                y = self(x)
        finally:
            for module, mode in modes:
                module.training = mode
        return np.array(y.value if isinstance(y, Tensor) else y)

    def train(self, mode: bool = True) -> Self:
        """Set the training mode of this module and those within; returns itself."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Leave the training mode: dropout passes everything."""
        return self.train(False)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module and those within, each once, with the path to it: `layers.0`."""
        return ((path, x) for path, x in _walk(self) if isinstance(x, Module))

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Every parameter once, with the path to it: `layers.0.W`."""
        return ((path, x) for path, x in _walk(self) if isinstance(x, Tensor))

    def parameters(self) -> list[Tensor]:
        """Every parameter once."""
        return [p for _, p in self.named_parameters()]

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of each parameter's value, by its path. ValueError if two have one path."""
        state: dict[str, np.ndarray] = {}
        for path, p in self.named_parameters():
            if path in state:
                raise ValueError(
                    f"{type(self).__name__} has two parameters at {path}; each needs a path of its "
                    "own; use other keys"
                )
            state[path] = np.array(p.value)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters to copies of the values of `state`, which must be all and only these.

        Raises ValueError, and changes nothing, if names, shapes or dtypes differ.
        """
        check_state(state, self.state_dict(), "the module")
        for path, p in self.named_parameters():
            p.data = state[path]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _repr_html_(self) -> str:
        return summary(self)._repr_html_()


def summary(model: Module) -> Table:
    """The modules of a model with the shapes and numbers of their own parameters, as a table.

    >>> import nn
    >>> print(nn.summary(nn.MLP([64, 15, 10], output="sigmoid")))
    module    kind     parameters           number
    layers.0  Linear   W (64, 15), b (15,)     975
    layers.1  ReLU                               0
    layers.2  Linear   W (15, 10), b (10,)     160
    layers.3  Sigmoid                            0
    total                                    1,135
    """
    check_has(model, "named_modules", "model", "a Module", "pass the model itself, not its class")
    parameters = dict(model.named_parameters())
    modules = dict(model.named_modules())
    prefixes = {path: f"{path}." if path else "" for path in modules}
    owner = {  # of each parameter, the innermost module that it is in
        name: max((path for path in modules if name.startswith(prefixes[path])), key=len)
        for name in parameters
    }
    rows = []
    for path, module in modules.items():
        own = {
            name.removeprefix(prefixes[path]): p
            for name, p in parameters.items()
            if owner[name] == path
        }
        if own or len(list(module.named_modules())) == 1:
            shapes = ", ".join(f"{name} {p.shape}" for name, p in own.items())
            count = sum(p.size for p in own.values())
            rows.append((path or "model", type(module).__name__, shapes, f"{count:,}"))
    rows.append(("total", "", "", f"{sum(p.size for p in parameters.values()):,}"))
    head = ("module", "kind", "parameters", "number")
    return Table(head, rows, right=[3], title=type(model).__name__)


def _walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Every Module and parameter within `root`, each once, in the order of definition."""
    seen: set[int] = set()
    stack = [("", root)]
    while stack:
        path, x = stack.pop()
        if id(x) in seen:
            continue
        if isinstance(x, (Module, Tensor, dict, list, tuple)):
            seen.add(id(x))
        # a computed Tensor that was kept as an attribute is no parameter
        if isinstance(x, Module) or (isinstance(x, Tensor) and x.op is None and not x.constant):
            yield path, x
        if isinstance(x, Module):
            children: Any = vars(x).items()
        elif isinstance(x, dict):
            children = x.items()
        elif isinstance(x, (list, tuple)):
            children = enumerate(x)
        else:
            continue
        prefix = f"{path}." if path else ""
        stack += reversed([(f"{prefix}{key}", child) for key, child in children])


def check_state(state: Mapping[str, Any], expected: Mapping[str, Any], owner: str) -> None:
    """Raise ValueError unless `state` has the names, shapes and dtypes of `expected`."""
    if not isinstance(state, Mapping):
        raise ValueError(
            f"the state is {describe(state)}; arrays by name are needed; pass a state_dict(), or "
            "hand a file to nn.load"
        )
    check_names(state, expected, owner)
    faults = []
    for name, value in expected.items():
        given, needed = (
            f"{v.shape} {v.dtype}" if hasattr(v, "dtype") else f"no array but {v!r}"
            for v in (state[name], value)
        )
        if given != needed:
            faults.append(f"{name} is {short(given)}, not {needed}")
    _raise_if(_few(faults), expected, owner)


def check_names(names: Collection[str], expected: Mapping[str, Any], owner: str) -> None:
    """Raise ValueError unless the names are those of `expected`."""
    missing = [f"{short(name)} is missing" for name in expected if name not in names]
    unknown = [f"{short(name)} is unknown" for name in names if name not in expected]
    _raise_if(_few(missing) + _few(unknown), expected, owner)


def _raise_if(faults: list[str], expected: Mapping[str, Any], owner: str) -> None:
    if faults:
        raise ValueError(
            f"the state does not fit: {'; '.join(faults)}; {owner} needs {len(expected)} arrays "
            "just as its state_dict() gives them; build it with the sizes it was saved with"
        )


def _few(faults: list[str], most: int = 5) -> list[str]:
    """The first of them, and how many others there are."""
    others = len(faults) - most
    return faults if others <= 0 else [*faults[:most], f"and {others:,} more of that kind"]


def short(text: str, longest: int = 60) -> str:
    """A text that a file gave, in a length for a message."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
