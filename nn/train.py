"""Training: the loop over epochs and batches, and what it leaves behind."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from autograd_lite import Tensor, no_grad

from .data import batches, samples
from .init import Rng
from .layers import generator
from .module import Module
from .optim import Optimizer
from .step import Loss, Step, recorded_loss

Metric = Callable[[Any, Any], float]


@dataclass
class History:
    """What each epoch left: its mean training loss, and the losses and metrics after it."""

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)

    def last(self) -> dict[str, float]:
        """The figures of the last epoch, by name."""
        columns = {"loss": self.loss, "validation loss": self.validation_loss, **self.metrics}
        return {name: values[-1] for name, values in columns.items() if values}

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """The curves as a matplotlib figure, saved to `path` if given.

        Raises ImportError where matplotlib is missing.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError(
                "History.plot got no matplotlib; it draws with it; install it with "
                'pip install "autograd-lite[examples]"'
            ) from error
        figure = Figure(figsize=(7, 4), layout="constrained")
        left = figure.subplots()
        epochs = range(1, len(self.loss) + 1)
        left.plot(epochs, self.loss, color="#005A8C", label="training loss")
        if self.validation_loss:  # perhaps of the last epochs only
            seen = epochs[-len(self.validation_loss) :]
            left.plot(seen, self.validation_loss, "--", color="#D55E00", label="validation loss")
        left.set(xlabel="epoch", ylabel="loss")
        handles, labels = left.get_legend_handles_labels()
        if self.metrics:
            right = left.twinx()
            for name, values in self.metrics.items():
                right.plot(epochs[-len(values) :], values, ":", color="#7A1F52", label=name)
            right.set(ylabel=", ".join(self.metrics))
            more = right.get_legend_handles_labels()
            handles, labels = handles + more[0], labels + more[1]
        left.legend(handles, labels, loc="center right")
        if path is not None:
            figure.savefig(path, dpi=150)
        return figure

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.last().items())
        return f"<History of {len(self.loss)} epochs{': ' if figures else ''}{figures}>"


def fit(
    model: Module,
    loss: Loss,
    x: Any,
    y: Any,
    optimizer: Optimizer,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    shuffle: bool = True,
    validation: tuple[Any, Any] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    rng: Rng | int | None = None,
    progress: bool = True,
    history: History | None = None,
) -> History:
    """Train `model` on samples x and targets y: forward, backward and one step for each batch.

    loss: a function of prediction and target, such as `nn.mse`. x, y: arrays or lists of rows,
    which are not cast: float64 data make a float32 model compute in float64. validation: a pair
    (x, y); after each epoch its loss is computed, and its metrics. metrics: functions of prediction
    and target by name, of the training data where there is no validation. rng: a generator or seed
    for the order of samples. progress: show a bar (tqdm's, where it is installed) on stderr.
    history: of an earlier call that this one goes on from, at another learning rate or resumed; it
    is added to.

    Each step runs compiled (see `nn.Step`): it agrees with the model run op by op to rounding. That
    is checked at the first batch, and again at the first one after metrics or a validation, which
    may have changed the model; a change that this batch does not show is missed. A model that
    cannot be compiled, because it looks at values or draws random numbers of its own, is trained op
    by op, with one warning.

    A loss of NaN or infinity ends the training before it reaches the parameters, with a warning
    that names the epoch. Returns the History of the epochs that were completed.

    >>> import nn
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = nn.MLP([1, 1], rng=0)
    >>> sgd = nn.SGD(model.parameters(), lr=0.5)
    >>> history = fit(model, nn.mse, x, 3 * x + 1, sgd, epochs=50, rng=0, progress=False)
    >>> model.predict(np.array([[2.0]])).round(3)
    array([[7.]])
    """
    rng = generator(rng)
    x, y = samples(x), samples(y)
    x_seen, y_seen = (x, y) if validation is None else map(samples, validation)
    history = History() if history is None else history
    done = len(history.loss)
    model.train()
    step = _AnyStep(model, loss, optimizer)
    try:
        step.enter()
        for epoch, show in _epochs(range(done + 1, done + epochs + 1), progress):
            total = 0.0
            for xb, yb in batches(x, y, batch_size, shuffle, rng):
                batch_loss = step(xb, yb)
                if not math.isfinite(batch_loss):
                    warnings.warn(
                        f"training stopped in epoch {epoch}: the loss of a batch is {batch_loss}; "
                        "the parameters are as the batch before left them; lower the learning "
                        "rate, or look for NaN in the data",
                        RuntimeWarning,
                        stacklevel=2,
                    )
                    return history
                total += batch_loss * len(xb)
            history.loss.append(total / len(x))
            if validation is not None or metrics:
                step.leave()  # for what follows may look at the model, and change it
                prediction = model.predict(x_seen)
                if validation is not None:
                    with no_grad():
                        history.validation_loss.append(float(loss(prediction, y_seen)))
                for name, metric in (metrics or {}).items():
                    values = history.metrics.setdefault(name, [])
                    values.append(float(metric(prediction, y_seen)))
                step.enter()
            show(history.last())
    finally:
        step.leave()
    return history


class _AnyStep:
    """A step of training: compiled, or op by op where the model cannot be compiled."""

    def __init__(self, model: Module, loss: Loss, optimizer: Optimizer):
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        trained = set(optimizer.parameters)
        self.untrained = [p for p in model.parameters() if p not in trained]
        self.compiled: Step | None = None
        self._is_in = False
        self.reason: Exception | None = None  # why it is not compiled, until that is said
        try:
            self.compiled = Step(model, loss, optimizer)
        except Exception as error:
            self.reason = error

    def enter(self) -> None:
        """Take the parameters from the model; see `Step`."""
        if self.compiled:
            self.compiled.__enter__()
            self._is_in = True

    def leave(self) -> None:
        """Hand the parameters back, if they were taken."""
        if self.compiled and self._is_in:
            self.compiled.__exit__()
        self._is_in = False

    def __call__(self, x: Any, y: Any) -> float:
        """The loss of a batch, after which the parameters are updated if it is finite."""
        if self.compiled is not None:
            try:
                return self.compiled(x, y)
            except Exception as error:
                self.leave()
                self.compiled, self.reason = None, error
        value = self._eager(x, y)  # what is wrong with the model itself is raised here
        if self.reason is not None:
            warnings.warn(
                f"{type(self.model).__name__} is trained op by op, which is slower, for it could "
                f"not be compiled: {self.reason}",
                RuntimeWarning,
                stacklevel=3,
            )
            self.reason = None
        return value

    def _eager(self, x: Any, y: Any) -> float:
        self.optimizer.zero_grad()
        result = recorded_loss(self.model, self.loss, x, y)
        value = float(result.item())
        if math.isfinite(value):
            result.backward()
            del result  # and with it the graph, before the update
            self.optimizer.step()
        for p in self.untrained:  # backward adds to their gradients, too
            p.grad = None
        return value


def accuracy(prediction: Any, target: Any, threshold: float = 0.5) -> float:
    """The share of samples whose largest output is at the target's class.

    prediction: (samples, classes), or (samples,) and (samples, 1) where one output tells two
    classes apart at `threshold`: 0.5 for probabilities, 0 for logits, as `bce_with_logits` takes
    them. target: class numbers (samples,), or an array of prediction's shape. Raises ValueError
    for other shapes.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    prediction, target = (
        np.asarray(a.value if isinstance(a, Tensor) else a) for a in (prediction, target)
    )
    several = prediction.ndim == 2 and prediction.shape[1] > 1
    if several and target.shape == prediction.shape[:1]:
        return float(np.mean(prediction.argmax(axis=1) == target))
    if prediction.shape != target.shape or prediction.ndim not in (1, 2):
        raise ValueError(
            f"accuracy got predictions {prediction.shape} and targets {target.shape}; targets are "
            "needed as class numbers (samples,) or in the shape of the predictions; convert them"
        )
    if several:
        return float(np.mean(prediction.argmax(axis=1) == target.argmax(axis=1)))
    return float(np.mean((prediction > threshold) == (target > 0.5)))


def summary(model: Module) -> str:
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
    rows.insert(0, ("module", "kind", "parameters", "number"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}"
        for a, b, c, d in rows
    )


def _epochs(
    numbers: range, progress: bool
) -> Iterator[tuple[int, Callable[[dict[str, float]], None]]]:
    """Each epoch's number with a function that shows its figures."""
    if not progress:
        yield from ((epoch, lambda figures: None) for epoch in numbers)
        return
    try:
        from tqdm import tqdm
    except ImportError:
        for epoch in numbers:
            yield epoch, partial(_print_line, epoch, numbers[-1])
        print(file=sys.stderr)
        return
    with tqdm(numbers, unit="epoch") as bar:
        for epoch in bar:
            yield epoch, lambda figures: bar.set_postfix(figures, refresh=False)


def _print_line(epoch: int, last: int, figures: dict[str, float]) -> None:
    text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"\repoch {epoch}/{last}  {text}", end="", file=sys.stderr, flush=True)
