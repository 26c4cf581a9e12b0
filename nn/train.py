"""Training: the loop over epochs and batches, and what it leaves behind."""

from __future__ import annotations

import math
import os
import sys
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import cycle
from typing import Any

import numpy as np

from autograd_lite import Table, Tensor, describe, no_grad

from .checks import check_has, whole
from .data import epoch_batches, paired, predicted
from .init import Rng
from .layers import generator
from .module import Module, short
from .optim import Optimizer
from .step import Loss, Step, check_trainable, op_by_op, recorded_loss, without_part

Metric = Callable[[Any, Any], float]


# How curves are told apart.
LOOKS = [("#005A8C", "-"), ("#D55E00", "--"), ("#7A1F52", ":"), ("#00664B", "-."), ("#444444", "-")]
ENDS = 6  # epochs that a notebook's table has of the first and of the last ones
PHASE = "training"  # what epochs are called that were given no name


@dataclass
class History:
    """What each epoch left: its mean training loss, and the losses and metrics after it.

    Item i of each list is of epoch i + 1. Where epochs had no validation, or not that metric, the
    list has NaN before others that had, and ends after them. phases: what `fit` was told to call
    the epoch's part of the training; by itself "training". A notebook shows it as a table, with the
    curves where matplotlib is installed.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    phases: list[str] = field(default_factory=list)

    def last(self) -> dict[str, float]:
        """The figures of the last epoch, by name."""
        columns = {"loss": self.loss, "validation loss": self.validation_loss, **self.metrics}
        count = len(self.loss)
        return {name: values[-1] for name, values in columns.items() if 0 < len(values) == count}

    def plot(self, path: str | os.PathLike[str] | None = None, *, log: bool = False) -> Any:
        """The curves as a matplotlib figure, saved to `path` if given; a notebook shows it.

        log: whether the axis of the losses is logarithmic. That of metrics, at the right, is not.
        Where phases have names, a thin line under each name marks its first epoch.
        Raises ImportError where matplotlib is missing.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError(
                "History.plot found no matplotlib; it draws with it; pip install matplotlib"
            ) from error
        figure: Any = Figure(figsize=(7, 4), layout="constrained")
        figure._repr_png_ = partial(_png, figure)  # by itself a notebook shows pyplot's alone
        left = figure.subplots()
        left.set(xlabel="epoch", yscale="log" if log else "linear")
        left.set_xlim(0.5, max(len(self.loss), 1) + 0.5)
        left.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        losses, metrics = self._curves()
        lines, looks = [], cycle(LOOKS)
        for curves, axes in ((losses, left), (metrics, left.twinx() if metrics else left)):
            for values, (color, style) in zip(curves.values(), looks):
                marker = "o" if np.isfinite(values).sum() == 1 else ""
                epochs = range(1, len(values) + 1)
                lines += axes.plot(epochs, values, style, color=color, marker=marker)
            if curves:
                names = [short(name, 40) for name in curves] if len(curves) <= 2 else ["metrics"]
                axes.set_ylabel("\n".join(names), parse_math=False)
        labels = [short(name) for name in (*losses, *metrics)]
        columns = 90 // (max(map(len, labels)) + 4)  # that the width has room for
        legend = figure.legend(lines, labels, loc="outside upper center", ncols=columns)
        for text in legend.get_texts():
            text.set_parse_math(False)  # a metric may have any name
        self._mark_phases(left)
        if path is not None:
            figure.savefig(path, dpi=150)
        return figure

    def _mark_phases(self, axes: Any) -> None:
        """A line where each phase starts, up to its name above the axes; none if none is named."""
        if set(self.phases) <= {PHASE}:
            return
        starts = [i for i, name in enumerate(self.phases) if not i or name != self.phases[i - 1]]
        place = axes.get_xaxis_transform()  # x is an epoch, y a share of the height
        firsts: list[int] = []  # where the names in each row begin, so far
        # from the last one back, so that a name covers the line of the next one where both meet
        for i in reversed(starts):
            name = short(self.phases[i], 30)
            end = i + (len(name) + 1) / 70 * len(self.loss)  # the width has room for 70
            row = next((row for row, first in enumerate(firsts) if end <= first), len(firsts))
            firsts[row : row + 1] = [i]
            axes.annotate(
                name,
                (i + 0.5, 0),
                (i + 0.5, 1.02 + row / 20),
                xycoords=place,
                textcoords=place,
                arrowprops={"arrowstyle": "-", "color": "#999999", "lw": 0.8}
                | {"relpos": (0, 0), "shrinkA": 0, "shrinkB": 0},
                bbox={"color": axes.figure.get_facecolor(), "pad": 0.5},
                color="#555555",
                fontsize="small",
                parse_math=False,
                zorder=0,  # below the curves
            )

    def _curves(self) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
        """The losses, and the metrics, by what an axis calls them."""
        seen = self.validation_loss
        losses = {"loss (training)": self.loss}
        if seen:
            losses["loss (validation)"] = seen
        metrics = {}
        for name, values in self.metrics.items():
            alike = [*map(math.isnan, values)] == [*map(math.isnan, seen)]
            data = "training" if not seen else "validation" if alike else "training or validation"
            metrics[f"{name} ({data})"] = values
        return losses, metrics

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.last().items())
        return f"<History of {len(self.loss)} epochs{': ' if figures else ''}{figures}>"

    def _repr_html_(self) -> str:
        count = len(self.loss)
        losses, metrics = self._curves()
        curves = [*losses.values(), *metrics.values()]
        shown = (
            [*range(count)] if count <= 2 * ENDS else [*range(ENDS), *range(count - ENDS, count)]
        )
        rows = [
            [str(i + 1), *(f"{values[i]:.4g}" if i < len(values) else "" for values in curves)]
            for i in shown
        ]
        head = ["epoch", *losses, *metrics]
        if len(rows) < count:
            rows.insert(ENDS, ["…"] * len(head))
        title = f"History of {count:,} epochs"
        html = Table(head, rows, right=range(len(head)), title=title)._repr_html_()
        if count > 1:
            with suppress(ImportError):  # without matplotlib, the table is all
                picture = b64encode(_png(self.plot())).decode()
                html += f'<img src="data:image/png;base64,{picture}" alt="the same as curves">'
        return html


def _png(figure: Any) -> bytes:
    """A matplotlib figure as PNG."""
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


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
    phase: str = PHASE,
    cluster: Any = None,
) -> History:
    """Train `model` on samples x and targets y: forward, backward and one step for each batch.

    loss: a function of prediction and target, such as `nn.mse`. x, y: arrays or lists of rows,
    which are not cast: float64 data make a float32 model compute in float64. They need not fit in
    memory: a memmap, or an array of Dask, zarr or h5py, is read a chunk of rows at a time, and
    shuffled as `nn.batches` says. Or x is a function that returns an iterable of batches, such as a
    generator of pairs, and y is None; batch_size and shuffle are its own then. validation: a pair
    (x, y); after each epoch its loss is computed, and its metrics. metrics: functions of prediction
    and target by name, of the training data where there is no validation. rng: a generator or seed
    for the order of samples. progress: show a bar (tqdm's, where it is installed) on stderr.
    history: of an earlier call that this one goes on from, at another learning rate or resumed; it
    is added to. phase: what this part of the training is called, in the bar, the history and its
    plot. cluster: a Client of dask.distributed, whose workers each compute the gradient of a share
    of every batch.

    On a cluster the result is that of one process, but for the order of summation: at most 1e-10
    apart in float64 after three epochs. Arrays in memory are sent to each worker once; a Dask
    array's chunks are computed there, at each epoch unless it is persisted. The first batch is held
    against this process: ValueError for a loss that is neither a mean over samples nor a sum, as
    where dropout draws. A worker may be lost, and others join: its part is computed again, and they
    take shares from the next epoch on. TypeError for a model or loss that cannot be sent.

    Each step runs compiled (see `nn.Step`): it agrees with the model run op by op to rounding. That
    is checked at the first batch, and again at the first one after metrics or a validation, which
    may have changed the model; a change that this batch does not show is missed. A model that
    cannot be compiled, because it looks at values or draws random numbers of its own, is trained op
    by op, with one warning.

    A loss of NaN or infinity ends the training before it reaches the parameters, with a warning
    that names the epoch. Returns the History of the epochs that were completed. Raises TypeError
    for arguments that are not what they are called, as where two are swapped, and for x or y that
    are Tensors; ValueError if they are empty or differ in length, for sizes that are no positive
    integers, for a phase that is no name, and for an optimizer without parameters of the model.

    >>> import nn
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = nn.MLP([1, 1], rng=0)
    >>> sgd = nn.SGD(model.parameters(), lr=0.5)
    >>> history = fit(model, nn.mse, x, 3 * x + 1, sgd, epochs=50, rng=0, progress=False)
    >>> model.predict(np.array([[2.0]])).round(3)
    array([[7.]])
    """
    check_trainable(model, loss, optimizer)
    batch_size, epochs = whole(batch_size, "batch_size"), whole(epochs, "epochs", least=0)
    rng = generator(rng)
    for name, data in (("x", x), ("y", y)):
        if isinstance(data, Tensor):
            raise TypeError(
                f"{name} is {describe(data)}; a plain array is needed, for data are constants and "
                f"not differentiated; pass {name}.data"
            )
    x, y = (x, y) if y is None else paired(x, y)
    if cluster is None:
        epoch_of = epoch_batches(x, y, batch_size, shuffle, rng, epochs)
    x_seen, y_seen = x, y
    if validation is not None:
        if not isinstance(validation, (tuple, list)) or len(validation) != 2:
            raise TypeError(
                f"validation is {describe(validation)}; a pair is needed, of samples and targets "
                "that are not trained on; pass (x, y)"
            )
        x_seen, y_seen = paired(*validation, "validation's ")
    if not isinstance(metrics, (Mapping, type(None))) or not all(
        map(callable, (metrics or {}).values())
    ):
        raise TypeError(
            f"metrics is {describe(metrics)}; a dict of functions by name is needed; pass "
            "{'accuracy': nn.accuracy}"
        )
    if not isinstance(phase, str) or not phase.strip() or not phase.isprintable():
        raise ValueError(
            f"phase is {describe(phase)}; a name is needed, a text of one line; pass "
            "phase='fine steps'"
        )
    if metrics and y_seen is None:
        raise ValueError(
            "metrics are asked for, of batches that are there once; samples to predict are needed; "
            "pass validation=(x, y)"
        )
    history = History() if history is None else history
    check_has(history, "last", "history", "a History", "pass what an earlier fit returned")
    done = len(history.loss)
    model.train()
    step: Any
    if cluster is None:
        step = _AnyStep(model, loss, optimizer)
    else:
        from .cluster import Cluster

        if y is None:
            raise TypeError(
                "y is None, so x makes batches, and cluster is given; rows are needed there, which "
                "workers share; pass arrays x and y, which may be Dask's"
            )
        step = Cluster(cluster, model, loss, optimizer, x, y)
        epoch_of = partial(step.batches, batch_size, shuffle, rng)
    try:
        step.enter()
        for epoch, show in _epochs(range(done + 1, done + epochs + 1), progress, phase):
            total, count = 0.0, 0
            for xb, yb in epoch_of():
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
                count += len(xb)
            if not count:
                raise ValueError(
                    f"epoch {epoch} had no batches; one at least is needed; look at what makes them"
                )
            history.loss.append(total / count)
            _add(history.phases, epoch, phase, before=PHASE)
            if validation is not None or metrics:
                step.leave()  # for what follows may look at the model, and change it
                prediction, target = predicted(model, x_seen, y_seen)
                if validation is not None:
                    with no_grad():
                        _add(history.validation_loss, epoch, float(loss(prediction, target)))
                for name, metric in (metrics or {}).items():
                    values = history.metrics.setdefault(name, [])
                    _add(values, epoch, float(metric(prediction, target)))
                step.enter()
            show(history.last())
    finally:
        step.leave()
        if cluster is not None:
            step.close()
    return history


def _add(values: list[Any], epoch: int, value: Any, before: Any = math.nan) -> None:
    """Add what an epoch has, and `before` for epochs before it that have nothing."""
    values += [before] * (epoch - 1 - len(values))
    values.append(value)


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
            warnings.warn(op_by_op(self.model, self.reason), RuntimeWarning, stacklevel=3)
            self.reason = None
        return value

    def _eager(self, x: Any, y: Any) -> float:
        self.optimizer.zero_grad()
        result = recorded_loss(self.model, self.loss, x, y)
        value = float(result.item())
        if math.isfinite(value):
            result.backward()
            del result  # and with it the graph, before the update
            if all(p.grad is None for p in self.optimizer.parameters):
                raise without_part(self.model, self.optimizer)
            self.optimizer.step()
        for p in self.untrained:  # backward adds to their gradients, too
            p.grad = None
        return value


def accuracy(prediction: Any, target: Any, threshold: float = 0.5) -> float:
    """The share of samples whose largest output is at the target's class.

    prediction: (samples, classes), or (samples,) and (samples, 1) where one output tells two
    classes apart at `threshold`: 0.5 for probabilities, 0 for logits, as `bce_with_logits` takes
    them. target: class numbers (samples,), or an array of prediction's shape. Raises ValueError
    for other shapes, no samples, and what is no real number.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    prediction, target = _real(prediction, "prediction"), _real(target, "target")
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


def _real(x: Any, name: str) -> np.ndarray:
    """Predictions or targets as an array; ValueError unless they are real numbers, one at least."""
    try:
        array = np.asarray(x.value if isinstance(x, Tensor) else x)
    except ValueError:  # rows of several lengths
        array = np.asarray(None)
    if array.dtype.kind not in "fiub" or not array.size:
        raise ValueError(
            f"accuracy got {describe(x)} for {name}; real numbers are needed, of one sample at "
            "least; number classes given by name with np.unique(names, return_inverse=True)"
        )
    return array


def _epochs(
    numbers: range, progress: bool, phase: str
) -> Iterator[tuple[int, Callable[[dict[str, float]], None]]]:
    """Each epoch's number with a function that shows its figures."""
    if not progress:
        yield from ((epoch, lambda figures: None) for epoch in numbers)
        return
    try:
        from tqdm import tqdm
    except ImportError:
        for epoch in numbers:
            yield epoch, partial(_print_line, phase, epoch, numbers[-1])
        print(file=sys.stderr)
        return
    done, last = numbers.start - 1, numbers.stop - 1
    with tqdm(numbers, phase, last, initial=done, unit=" epochs") as bar:
        for epoch in bar:
            yield epoch, lambda figures: bar.set_postfix(figures, refresh=False)


def _print_line(phase: str, epoch: int, last: int, figures: dict[str, float]) -> None:
    text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"\r{phase}: epoch {epoch}/{last}  {text:<60}", end="", file=sys.stderr, flush=True)
