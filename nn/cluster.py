"""Synchronous data-parallel training on a cluster of dask.distributed.

A batch is that of one process, cut into a share for each worker. A worker computes the gradient of
its share; the gradients are summed in pairs, on the workers; the sum comes back for one update.
What a step needs is in the client's hands, or Dask can compute it again: where a worker is lost
with what only it held, the step is taken again.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import cycle, pairwise
from time import sleep
from typing import Any, NamedTuple

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor, describe

from .checks import check_has
from .chunks import (
    Piece,
    ahead,
    chunk_ends,
    chunk_order,
    in_memory,
    is_chunked,
    joined,
    plan,
    spans,
)
from .data import paired
from .init import Rng
from .module import Module
from .optim import Optimizer
from .step import Loss, op_by_op, recorded_loss, without_part

AGAIN = 5  # times that a step is tried, where workers are lost meanwhile
MOMENTS = (0, 0.01, 0.1, None)  # s to wait before a model is compiled again
PATIENCE = 60  # s to wait for a worker where there is none


class Cluster:
    """Steps of training that workers take together, each with a share of the rows of a batch.

    `batches` gives those of one more epoch, and a call with one of them is a step.
    """

    def __init__(
        self, client: Any, model: Module, loss: Loss, optimizer: Optimizer, x: Any, y: Any
    ) -> None:
        remedy = "pass distributed.Client(), which pip install 'autograd-lite[cluster]' brings"
        check_has(client, "scatter", "cluster", "a Client of dask.distributed", remedy)
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.workers = _Workers(client)
        self.rows = _Rows(self.workers, x, y)
        self.parameters: list[Tensor] = []  # that are trained: known from the first batch on
        self._is_mean: bool | None = None  # the loss, or it is a sum; None: not known yet
        self._gradients = _OneEach(self.workers, self._sendable, Gradient)
        self._has_told = False

    def batches(self, size: int, shuffle: bool, rng: Rng) -> Iterator[tuple[Batch, None]]:
        """The batches of one more epoch: those of one process."""
        self.workers.find()
        return ((batch, None) for batch in self.rows.batches(size, shuffle, rng))

    def enter(self) -> None:
        """Go on with the model, which is sent again, for what looked at it may have changed it."""
        self._gradients.forget()

    def leave(self) -> None:
        """Nothing is taken from the model: it has its parameters all the time."""

    def close(self) -> None:
        """Let the workers forget what they hold."""
        self.rows.forget()
        self._gradients.forget()

    def __call__(self, batch: Batch, _: None) -> float:
        """The loss of a batch, after which the parameters are updated if it is finite."""
        if self._is_mean is None:
            total = self._checked(batch)
        else:
            total = self._tried(self._summed, batch)
        if total.reason and not self._has_told:
            self._has_told = True
            warnings.warn(op_by_op(self.model, total.reason), RuntimeWarning, stacklevel=3)
        if math.isfinite(total.loss):
            for p, slope in zip(self.parameters, total.slopes):
                p.grad = np.require(slope, requirements="W")
            self.optimizer.step()
        return total.loss

    def _tried(self, work: Callable[[Batch], Any], batch: Batch) -> Any:
        """What comes of a batch: tried again where workers were lost with what only they held."""
        from distributed.client import CancelledError, FutureCancelledError
        from distributed.comm import CommClosedError

        lost = (CancelledError, FutureCancelledError, CommClosedError, TimeoutError)
        for left in reversed(range(AGAIN)):
            try:
                return work(batch)
            except lost as error:
                if not left:
                    raise RuntimeError(
                        f"a step failed {AGAIN} times, for workers were lost ({error}); workers "
                        "that stay are needed; look at their memory, and at their logs"
                    ) from error
                self.rows.forget()
                self._gradients.forget()
                self.workers.find()

    def _sendable(self) -> bytes:
        return sendable(self.model, self.loss, self.parameters)

    def _summed(self, batch: Batch) -> Share:
        """Loss and gradients of a batch: the sum of those of its shares, by a tree."""
        sums = self._shares(batch.cut(len(self.workers.addresses)), len(batch))
        while len(sums) > 1:
            pairs = [sums[i : i + 2] for i in range(0, len(sums), 2)]
            sums = [self.workers.run(added, *pair) for pair in pairs]
        found: Share = self.workers.result(sums[0])
        return found

    def _shares(self, shares: list[Batch], whole: float) -> list[Any]:
        """Futures of the loss and gradients of shares, of the mean over `whole` samples."""
        values = self.workers.sent([p.value for p in self.parameters])
        futures = []
        for share, worker in zip(shares, cycle(self.workers.addresses)):
            weight = len(share) / whole if self._is_mean else 1.0
            arguments = self._gradients.of(worker), values, self.rows.of(share, worker), weight
            futures.append(self.workers.run(Gradient.of, *arguments, at=worker))
        return futures

    def _checked(self, batch: Batch) -> Share:
        """Loss and gradients of a batch that is held against the same in this process.

        So it is found out which parameters the loss depends on, and whether it is a mean over
        samples or a sum. Raises ValueError if it is neither.
        """
        whole = self._here(*self._tried(self.rows.gathered, batch))
        self._gradients.forget()  # which may have been of other parameters
        if not math.isfinite(whole.loss):
            return whole
        shares = batch.cut(max(len(self.workers.addresses), 2))
        parts = self._tried(lambda _: [*map(self.workers.result, self._shares(shares, 1.0))], batch)
        combined = {}
        for is_mean in (True, False):
            weights = [len(share) / len(batch) if is_mean else 1.0 for share in shares]
            total = weighted(parts, weights)
            if _near(total, whole, parts):
                combined[is_mean] = total
        if not combined:
            raise ValueError(
                f"the loss of a batch of {len(batch)} samples is neither the sum nor the mean of "
                "the losses of its shares; it must be, for each worker computes one; add up or "
                "average over samples, of which none depends on others, and draw nothing random"
            )
        if len(combined) == 1 and len(shares) > 1:
            (self._is_mean,) = combined
        return next(iter(combined.values()))

    def _here(self, x: Any, y: Any) -> Share:
        """Loss and gradients of a whole batch, op by op, of what the loss depends on."""
        self.optimizer.zero_grad()
        result = recorded_loss(self.model, self.loss, x, y)
        result.backward()
        self.parameters = [p for p in self.optimizer.parameters if p.grad is not None]
        if not self.parameters:
            raise without_part(self.model, self.optimizer)
        slopes = [p.grad for p in self.parameters]
        for p in self.model.parameters():
            p.grad = None
        return Share(float(result.item()), slopes)


def _near(a: Share, b: Share, parts: list[Share]) -> bool:
    """Are they the same to half of the digits of the gradients, and of the parts they are from?"""
    digits = max(np.finfo(g.dtype).eps for g in b.slopes) ** 0.5
    size = max(
        float(np.abs(g[np.isfinite(g)]).max(initial=0)) for part in parts for g in part.slopes
    )
    room: dict[str, Any] = {"rtol": digits, "atol": digits * size, "equal_nan": True}
    if not all(np.allclose(x, y, **room) for x, y in zip(a.slopes, b.slopes)):
        return False
    return bool(abs(a.loss - b.loss) <= digits * max(abs(its.loss) for its in (b, *parts)))


# What is on the workers --------------------------------------------------------------------------


class _Workers:
    """The workers of a client, by their `addresses`, in the order of shares."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.addresses: list[str] = []

    def find(self) -> None:
        """See who is there; RuntimeError if for long nobody is."""
        try:
            self.client.wait_for_workers(1, PATIENCE)
        except TimeoutError as error:
            raise RuntimeError(
                f"the cluster has had no worker for {PATIENCE} s; one at least is needed; start "
                "some, and look at the logs of those that were there"
            ) from error
        self.addresses = [*self.client.nthreads()]

    def sent(self, x: Any) -> Any:
        """A future of something that is here. (A broadcast hangs if a worker dies meanwhile.)"""
        for left in reversed(range(AGAIN)):
            try:
                (future,) = self.client.scatter([x], hash=False)
                return future
            except OSError:  # the worker that it was for is gone
                if not left:
                    raise
                self.find()

    def run(self, f: Callable[..., Any], *args: Any, at: str | None = None) -> Any:
        """A future of what f returns: at some worker, or at any one if that is lost."""
        return self.client.submit(f, *args, pure=False, workers=at, allow_other_workers=bool(at))

    def result(self, future: Any) -> Any:
        """What a future gives; TimeoutError if it does not come, and a worker is gone.

        For a task that was meant for a worker which is gone may wait for it for good.
        """
        wait = 2.0
        while True:
            try:
                return future.result(wait)
            except TimeoutError:
                gone = {*self.addresses} - {*self.client.nthreads()}
                if gone or future.status == "error":
                    raise
                wait *= 2


class _OneEach:
    """What every worker makes for itself, and keeps, of something that is sent once.

    Were it a copy of one future's result, Dask would drop it wherever it is not needed just now.
    """

    def __init__(
        self, workers: _Workers, source: Callable[[], Any], make: Callable[..., Any]
    ) -> None:
        self.workers, self.source, self.make = workers, source, make
        self.forget()

    def forget(self) -> None:
        """Have it sent again."""
        self._sent: Any = None
        self._at: dict[str, Any] = {}

    def of(self, worker: str) -> Any:
        """A future of what a worker has."""
        if self._sent is None:
            self._sent = self.workers.sent(self.source())
        if worker not in self._at:
            self._at[worker] = self.workers.run(self.make, self._sent, at=worker)
        return self._at[worker]


@dataclass(frozen=True)
class Batch:
    """Rows that a step is made with: the pieces of chunks that they are in, in order."""

    pieces: list[Piece]

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self.pieces)

    def cut(self, count: int) -> list[Batch]:
        """Shares of about as many rows, `count` or as many as there are rows."""
        n = len(self)
        ends = [n * i // min(count, n) for i in range(min(count, n) + 1)]
        return [self._part(start, end) for start, end in pairwise(ends)]

    def _part(self, start: int, end: int) -> Batch:
        part = []
        for chunk, rows in self.pieces:
            if len(taken := rows[max(start, 0) : max(end, 0)]):
                part.append((chunk, taken))
            start, end = start - len(rows), end - len(rows)
        return Batch(part)


class _Rows:
    """Samples and targets as workers hold them, by chunks.

    Arrays in memory are one chunk, which comes to every worker, once. Of what is read by chunks,
    one is on one worker at a time, with the next one coming, and shares are taken there: a Dask
    array's is computed, others are read here and sent.
    """

    def __init__(self, workers: _Workers, x: Any, y: Any) -> None:
        self.workers = workers
        self.x, self.y = paired(x, y)
        self._whole: _OneEach | None = None
        self._chunks: dict[int, Any] = {}  # futures of those that are in use, by their numbers
        if is_chunked(x) or is_chunked(y):
            self.spans = spans(chunk_ends(self.x, self.y))
        else:
            self.spans = spans([len(self.x)])
            self._whole = _OneEach(workers, lambda: (self.x, self.y), tuple)

    def batches(self, size: int, shuffle: bool, rng: Rng) -> Iterator[Batch]:
        order = chunk_order(len(self.spans), shuffle, rng)
        lengths = [rows.stop - rows.start for rows in self.spans]
        batches = map(Batch, plan(order, lengths, size, shuffle, rng))
        return batches if self._whole else self._with_chunks(order, batches)

    def _with_chunks(self, order: list[int], batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, with their chunks, and the next one, on their way while they are used."""
        coming = ahead(partial(self._chunk, i) for i in order)
        used: set[int] = set()
        for batch in batches:
            now = {i for i, _ in batch.pieces}
            for _ in now - used:
                next(coming)
            for i in used - now:
                self._chunks.pop(i, None)
            used = now
            yield batch
        self.forget()

    def of(self, share: Batch, worker: str) -> Any:
        """The rows of a share, as a worker is told."""
        if self._whole:
            return [(self._whole.of(worker), rows) for _, rows in share.pieces]
        return self.workers.run(taken, [(self._chunk(i), rows) for i, rows in share.pieces])

    def gathered(self, batch: Batch) -> tuple[Any, Any]:
        """The rows of a batch, here."""
        told = self.of(batch, self.workers.addresses[0])
        (((x, y), _),) = self.workers.result(self.workers.run(taken, told))
        return x, y

    def forget(self) -> None:
        """Have rows sent again, for workers lost them."""
        self._chunks.clear()
        if self._whole:
            self._whole.forget()

    def _chunk(self, i: int) -> tuple[Any, Any]:
        """Futures of the samples and targets of a chunk."""
        from dask import is_dask_collection as is_lazy

        if i not in self._chunks:
            rows = [data[self.spans[i]] for data in (self.x, self.y)]
            lazy = [part for part in rows if is_lazy(part)]
            futures = iter(self.workers.client.compute(lazy))  # together: they may share a source
            self._chunks[i] = tuple(
                next(futures) if is_lazy(part) else self.workers.sent(in_memory(part))
                for part in rows
            )
        chunk: tuple[Any, Any] = self._chunks[i]
        return chunk


# What workers run -------------------------------------------------------------------------------


class Share(NamedTuple):
    """The loss and gradients of some samples, and why they were not computed compiled, if so."""

    loss: float
    slopes: list[Any]
    reason: str = ""


Taken = list[tuple[tuple[Any, Any], Any]]  # samples and targets, and which of them; None: all


def taken(pieces: Taken) -> Taken:
    """Rows of chunks as one piece."""
    pairs = ((x, y) if rows is None else (x[rows], y[rows]) for (x, y), rows in pieces)
    return [(joined(pairs), None)]


def added(*shares: Share) -> Share:
    """The sum of shares."""
    return weighted(shares, [1.0] * len(shares))


def weighted(shares: Any, weights: list[float]) -> Share:
    """The sum of shares, each times a number."""
    first, *others = (
        Share(w * its.loss, [w * g for g in its.slopes] if w != 1 else its.slopes, its.reason)
        for its, w in zip(shares, weights)
    )
    for its in others:
        slopes = [a + b for a, b in zip(first.slopes, its.slopes)]
        first = Share(first.loss + its.loss, slopes, first.reason or its.reason)
    return first


class Gradient:
    """The loss and gradients of a model on rows, compiled where it runs.

    sent: what `sendable` gives. A copy, on another worker, compiles anew.
    """

    def __init__(self, sent: bytes) -> None:
        self.sent = sent
        self.run: Callable[..., Any] | None = None
        self.reason = ""

    def __reduce__(self) -> Any:
        return Gradient, (self.sent,)

    def of(self, values: list[Any], pieces: Taken, weight: float) -> Share:
        """Loss and gradients, times the weight, for such values of the parameters."""
        (((x, y), _),) = taken(pieces)
        if not self.reason:
            try:
                share = Share(*self._compiled(values, x, y))
            except Exception as error:  # what is wrong with the model itself is raised below
                self.reason = str(error)
        if self.reason:
            share = Share(*self._op_by_op(values, x, y), self.reason)
        return weighted([share], [weight])

    def _compiled(self, values: list[Any], x: Any, y: Any) -> tuple[float, list[Any]]:
        """By what is compiled. A worker's profiler, which looks at frames from another thread, may
        hold what they have for a moment, as if the model kept it: then it is tried again."""
        for wait in MOMENTS:
            if self.run is None:
                self.run = al.compile(self._slopes)
            try:
                value, slopes = self.run(values, x, y)
                return float(value), slopes
            except RuntimeError:
                if wait is None:
                    raise
                self.run = None
                sleep(wait)
        raise AssertionError

    def _slopes(self, values: list[Any], x: Any, y: Any) -> Any:
        model, loss, trained = self._model
        losses = al.func.at(trained, lambda x, y: recorded_loss(model, loss, x, y))
        return al.func.value_and_grad(losses)(values, x, y)

    def _op_by_op(self, values: list[Any], x: Any, y: Any) -> tuple[float, list[Any]]:
        model, loss, trained = self._model
        for p, value in zip(trained, values):
            p.data = value
        result = recorded_loss(model, loss, x, y)
        return float(result.item()), al.grad(result, trained)

    @cached_property
    def _model(self) -> tuple[Module, Loss, list[Tensor]]:
        import cloudpickle

        try:
            model, loss, places = cloudpickle.loads(self.sent)
        except Exception as error:
            raise TypeError(
                f"a worker cannot read the model and the loss: {error}; modules that it can "
                "import, too, are needed; install them there, or use client.upload_file"
            ) from error
        every = model.parameters()
        return model, loss, [every[i] for i in places]


def sendable(model: Module, loss: Loss, parameters: list[Tensor]) -> bytes:
    """A model, a loss and which of its parameters are trained, for workers.

    Raises TypeError for what cannot be sent, with its name and the reason.
    """
    import cloudpickle

    places = {id(p): i for i, p in enumerate(model.parameters())}
    for p in parameters:
        if id(p) not in places:
            raise TypeError(
                f"{describe(p)} is trained, and is no parameter of the model; workers have the "
                "model's alone; make it an attribute of the model, also if the loss uses it"
            )
    try:
        sent: bytes = cloudpickle.dumps((model, loss, [places[id(p)] for p in parameters]))
    except Exception as error:
        name, part, why = _unsendable(model, loss) or ("the model", model, error)
        raise TypeError(
            f"{name} is {describe(part)}, which cannot be sent to workers: {why}; what pickle "
            "takes is needed; make it where it is used, or leave it out of the model"
        ) from error
    return sent


def _unsendable(model: Module, loss: Loss) -> tuple[str, Any, Exception] | None:
    """The innermost part that cannot be sent, its name, and why."""
    import cloudpickle

    parts = [("the loss", loss)]
    for path, module in model.named_modules():
        before = f"{path}." if path else ""
        parts += [(f"{before}{key} of the model", part) for key, part in vars(module).items()]
    found = None
    for name, part in parts:
        try:
            cloudpickle.dumps(part)
        except Exception as error:
            found = name, part, error
    return found
