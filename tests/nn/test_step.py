"""Step and fit: compiled training against the loop that a person writes with backward and step."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite import Tensor, no_grad

rng = np.random.default_rng(0)
X = rng.standard_normal((50, 3))
Y = np.sin(X @ np.array([[1.0], [-2.0], [0.5]]))

Make = Callable[[], tuple[nn.Module, Any]]


def loop(
    model: Any, loss: Any, optimizer: Any, epochs: int, x: Any = X, y: Any = Y, each: Any = None
) -> None:
    """Training op by op, 20 samples at a time."""
    order, others = np.random.default_rng(1), set(model.parameters()) - set(optimizer.parameters)
    model.train()
    for _ in range(epochs):
        for xb, yb in nn.batches(x, y, 20, rng=order):
            optimizer.zero_grad()
            loss(model(xb), yb).backward()
            optimizer.step()
            for p in others:
                p.grad = None
        if each is not None:
            each(model, optimizer)


def agree(
    make: Make,
    *,
    loss: Any = None,
    epochs: int = 7,
    warned: str | None = None,
    each: Any = None,
    x: Any = X,
    y: Any = Y,
    tolerance: float = 1e-12,
) -> tuple[Any, Any]:
    """fit and the loop leave the same parameters, gradients and optimizer: 21 steps by default."""
    loss = loss or (lambda model: nn.mse)
    (model, optimizer), (its_model, its_optimizer) = make(), make()

    def metric(prediction: Any, target: Any) -> float:
        each(model, optimizer)
        return 0.0

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.fit(
            model,
            loss(model),
            x,
            y,
            optimizer,
            epochs=epochs,
            batch_size=20,
            rng=1,
            progress=False,
            metrics={"each": metric} if each else None,
        )
    loop(its_model, loss(its_model), its_optimizer, epochs, x, y, each)
    assert len(caught) == (warned is not None), [str(w.message) for w in caught]
    if warned is not None:
        assert warned in str(caught[0].message)
        assert caught[0].filename == __file__
        tolerance = 0 if warned != "varying" else tolerance  # it is the same loop
    pairs = list(zip(model.parameters(), its_model.parameters(), strict=True))
    for p, q in pairs:
        np.testing.assert_allclose(p.data, q.data, rtol=tolerance, atol=tolerance)
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            assert p.grad.dtype == p.dtype
            np.testing.assert_allclose(p.grad, q.grad, rtol=1e3 * tolerance, atol=1e2 * tolerance)
    if isinstance(optimizer, nn.Optimizer):
        state, wanted = optimizer.state_dict(), its_optimizer.state_dict()
        assert state.keys() == wanted.keys()
        for name, value in state.items():
            np.testing.assert_allclose(value, wanted[name], rtol=tolerance, atol=tolerance)
    return model, its_model


def mlp(**settings: Any) -> nn.MLP:
    return nn.MLP([3, 8, 1], **{"activation": "tanh", "rng": 0, **settings})


def with_mlp(kind: Any, **settings: Any) -> Make:
    def make() -> Any:
        model = mlp()
        return model, kind(model.parameters(), **settings)

    return make


def with_sgd(build: Callable[[], nn.Module], **settings: Any) -> Make:
    def make() -> Any:
        model = build()
        return model, nn.SGD(model.parameters(), **{"lr": 0.1, **settings})

    return make


OPTIMIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "SGD": (nn.SGD, {"lr": 0.1}),
    "momentum": (nn.SGD, {"lr": 0.05, "momentum": 0.9}),
    "nesterov": (nn.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "decay": (nn.SGD, {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    "Adam": (nn.Adam, {"lr": 0.01}),
    "Adam with decay": (nn.Adam, {"lr": 0.01, "weight_decay": 0.1}),
    "AdamW": (nn.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str) -> None:
    kind, settings = OPTIMIZERS[name]
    agree(with_mlp(kind, **settings))


class Signs(nn.Optimizer):
    slots = ("seen",)

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        memory["seen"] = memory["seen"] + al.where(g > 0, 1.0, 0.0)
        return value - self.lr * np.sign(g) / (1 + memory["seen"])


class Warmed(nn.Optimizer):
    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.lr * np.minimum(1.0, self.steps / 5) * g


@pytest.mark.parametrize("kind", [Signs, Warmed])
def test_an_elementwise_rule_of_the_users_own(kind: Any) -> None:
    agree(with_mlp(kind, lr=0.02))


class Normed(nn.Optimizer):
    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.lr * g / np.sqrt((g * g).sum() + 1e-12)


class Clipped(nn.Optimizer):
    """Below the bound, where the test has all gradients of the first step, it is elementwise."""

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.lr * g * np.minimum(1.0, 40 / np.sqrt((g * g).sum() + 1e-12))


class DecayedMatrices(nn.Optimizer):
    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.lr * (g + 0.01 * value if g.ndim > 1 else g)


class Turned(nn.Optimizer):
    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.lr * g[::-1]


class Remembering(nn.Optimizer):
    """A slot that it does not name."""

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        memory["v"] = 0.9 * memory.get("v", 0) + g
        return value - self.lr * memory["v"]


class Scheduled(nn.Optimizer):
    def advance(self) -> None:
        super().advance()
        self.rate = self.lr / self.steps

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.rate * g


class WarmedSGD(nn.SGD):
    """By `steps`, which SGD's rule does without."""

    def update(self, value: Any, g: Any, memory: dict[str, Any]) -> Any:
        return value - self.lr * min(1, self.steps / 5) * g


class Stepping(nn.SGD):
    def step(self) -> None:
        for p in self.parameters:
            p.grad = np.clip(p.grad, -0.01, 0.01)
        super().step()


class OfAnotherFamily:
    def __init__(self, parameters: Any, lr: float) -> None:
        self.parameters = list(parameters)
        self.lr = lr

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        for p in self.parameters:
            p.data -= self.lr * p.grad


@pytest.mark.parametrize("lr", [1e-9, 0.02])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Normed, "each element by itself"),
        (Clipped, "each element by itself"),
        (DecayedMatrices, "each element by itself"),
        (Turned, "each element by itself"),
        (Remembering, "slots"),
        (Scheduled, "varying"),
        (WarmedSGD, "steps"),
        (Stepping, "a step of its own"),
        (OfAnotherFamily, ""),
    ],
)
def test_any_other_optimizer_is_run_op_by_op(kind: Any, reason: str, lr: float) -> None:
    y = Y * 1000
    first, _ = next(nn.batches(np.arange(50), y, 20, rng=np.random.default_rng(1)))
    y[first] = Y[first]
    agree(with_mlp(kind, lr=lr), warned=reason, y=y)


class Noisy(nn.Module):
    def __init__(self) -> None:
        self.first, self.last = nn.Linear(3, 8, rng=0), nn.Linear(8, 1, rng=1)
        self.dropout = nn.Dropout(0.5, rng=3)

    def forward(self, x: Any) -> Any:
        return self.last(self.dropout(self.first(x)))


class NoisyBranch(Noisy):
    def forward(self, x: Any) -> Any:
        z = self.dropout(self.first(x))
        return self.last(z if z.sum() < 1e9 else -z)


@pytest.mark.parametrize(
    ("build", "kind", "warned"),
    [
        (Noisy, nn.SGD, None),
        (NoisyBranch, nn.SGD, "the value of"),
        (Noisy, Normed, "each element by itself"),
        (Noisy, Remembering, "slots"),
    ],
)
def test_dropout_draws_what_the_loop_draws(build: Any, kind: Any, warned: str | None) -> None:
    def make() -> Any:
        model = build()
        return model, kind(model.parameters(), lr=0.05)

    model, other = agree(make, warned=warned)
    assert model.dropout.rng.random() == other.dropout.rng.random()


class Line(nn.Module):
    """With parameters that the loss may not depend on."""

    def __init__(self) -> None:
        self.line, self.other = nn.Linear(3, 1, rng=0), nn.Linear(2, 2, rng=1)
        self.count, self.log, self.seen, self.scale = 0, [], np.zeros(2), 1.0
        self.mean: Any = Tensor(0.0)
        self.mean.constant = True

    def forward(self, x: Any) -> Any:
        return self.line(x) * self.scale


class Branching(Line):
    def forward(self, x: Any) -> Any:
        y = self.line(x)
        return y if y.mean() > 0 else y * 2


class Looking(Line):
    def forward(self, x: Any) -> Any:
        return self.line(x) / (1 + np.abs(self.line.W.data).max())


class Counting(Line):
    def forward(self, x: Any) -> Any:
        self.count += self.training
        return self.line(x) / (1 + self.count)


class Unseen(Line):
    """State that the output does not show."""

    def forward(self, x: Any) -> Any:
        if self.training:
            self.count += 1
        return self.line(x)


class Logging(Line):
    def forward(self, x: Any) -> Any:
        self.log.append(len(x))
        return self.line(x)


class Tallying(Line):
    def forward(self, x: Any) -> Any:
        self.seen[0] += self.training
        return self.line(x)


class Averaging(Line):
    def forward(self, x: Any) -> Any:
        y = self.line(x)
        with no_grad():
            self.mean = 0.9 * self.mean + 0.1 * y.mean()
        return y


def head(model: Any) -> Any:
    return nn.SGD(model.line.parameters(), lr=0.1)


class Holding(Line):
    """Arrays that a run leaves alone, whatever is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.unknown, self.texts = np.full(3, np.nan), np.array(["a", "b"])


def test_arrays_that_a_model_holds_are_no_reason_to_run_it_op_by_op() -> None:
    agree(lambda: (m := Holding(), head(m)))


@pytest.mark.parametrize(
    ("build", "warned"),
    [
        (Branching, "the value of"),
        (Looking, "the value of W"),
        (Counting, ""),
        (Unseen, "changes its own attributes"),
        (Logging, "changes its own attributes"),
        (Tallying, "changes its own attributes"),
        (Averaging, "keeps what it computed"),
    ],
)
def test_a_model_that_does_more_than_compute_is_run_op_by_op(build: Any, warned: str) -> None:
    model, other = agree(lambda: (m := build(), head(m)), warned=warned)
    assert (model.count, model.log[:21]) == (other.count, other.log[:21])
    assert model.seen.tolist() == other.seen.tolist()
    assert model.mean.item() == other.mean.item()


@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"momentum": 0.9}])
def test_parameters_without_a_part_in_the_loss(settings: Any) -> None:
    agree(with_sgd(Line, **settings), warned="does not depend on W (2, 2)")


def test_layers_that_are_not_trained() -> None:
    agree(lambda: (m := Line(), head(m)))

    def each(model: Any, optimizer: Any) -> None:
        model.layers[0].W.data[0] += 0.5

    agree(lambda: (m := mlp(), nn.SGD(m.layers[2].parameters(), lr=0.1)), each=each)


def test_shared_layers_regularizers_penalties_and_classes() -> None:
    def shared() -> nn.Module:
        layer = nn.Linear(3, 3, rng=0)
        return nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(3, 1, rng=1))

    agree(with_sgd(shared, momentum=0.9))
    agree(
        with_mlp(nn.SGD, lr=0.1),
        loss=lambda m: lambda p, t: nn.mse(p, t) + 0.01 * (m.layers[0].W ** 2).sum(),
    )

    def penalized(model: Any) -> Any:
        def loss(p: Any, t: Any) -> Any:
            value = nn.mse(p, t)
            slopes = al.grad(value, model.parameters(), create_graph=True)
            return value + 0.1 * sum((g * g).sum() for g in slopes)

        return loss

    agree(with_mlp(nn.SGD, lr=0.05), loss=penalized)
    agree(
        with_sgd(lambda: nn.MLP([3, 6, 4], rng=0)),
        loss=lambda m: nn.cross_entropy,
        y=np.arange(50) % 4,
    )


def test_dtypes() -> None:
    def mixed() -> nn.Module:
        first = nn.Linear(3, 8, rng=0, dtype=np.float32)
        return nn.Sequential(first, nn.Tanh(), nn.Linear(8, 1, rng=1))

    agree(with_sgd(mixed, momentum=0.9), tolerance=1e-5)
    x, y = X.astype(np.float32), Y.astype(np.float32)
    for kind in (nn.SGD, nn.Adam, nn.AdamW):

        def make(kind: Any = kind) -> Any:
            model = mlp(dtype=np.float32)
            return model, kind(model.parameters(), lr=0.01)

        model, _ = agree(make, x=x, y=y, tolerance=2e-5)
        assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def changed_rate(model: Any, optimizer: Any) -> None:
    optimizer.lr *= 0.5


def changed_momentum(model: Any, optimizer: Any) -> None:
    optimizer.momentum *= 0.5
    optimizer.weight_decay += 0.01


def changed_parameter(model: Any, optimizer: Any) -> None:
    model.layers[0].W.data[0] = 0.25
    model.layers[2].b.assign(np.zeros(1))


def reloaded(model: Any, optimizer: Any) -> None:
    model.load_state_dict({k: v / 2 for k, v in model.state_dict().items()})
    state = optimizer.state_dict()
    state["velocity.0"] = state["velocity.0"] * 0.1
    optimizer.load_state_dict(state)


@pytest.mark.parametrize("each", [changed_rate, changed_momentum, changed_parameter, reloaded])
def test_what_is_changed_between_epochs_counts(each: Any) -> None:
    agree(with_mlp(nn.SGD, lr=0.1, momentum=0.9), each=each)


def test_an_attribute_of_the_model_that_is_changed_between_epochs_counts() -> None:
    def each(model: Any, optimizer: Any) -> None:
        model.scale *= 0.5

    agree(lambda: (m := Line(), head(m)), each=each)


def swapped_activation(model: Any, optimizer: Any) -> None:
    model.layers[1] = nn.Sigmoid() if isinstance(model.layers[1], nn.Tanh) else nn.Tanh()


def another_function(model: Any, optimizer: Any) -> None:
    nn.Tanh.op = al.sigmoid if nn.Tanh.op is al.tanh else al.tanh


def more_layers(model: Any, optimizer: Any) -> None:
    model.layers.append(nn.Tanh())


def fewer_layers(model: Any, optimizer: Any) -> None:
    del model.layers[1:-1]


@pytest.mark.parametrize("each", [swapped_activation, another_function, more_layers, fewer_layers])
def test_a_model_that_is_changed_between_epochs_counts(
    each: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.Tanh, "op", al.tanh)
    agree(with_mlp(nn.SGD, lr=0.1, momentum=0.9), each=each, epochs=6)


class Configured(Line):
    """What it computes hangs on a number, an item of a list and one of a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = np.float32(2)
        self.factors, self.named = [1.0], {"factor": 1.0}

    def forward(self, x: Any) -> Any:
        return self.line(x) * float(self.factor) * self.factors[0] * self.named["factor"]


def test_numbers_of_any_kind_that_are_changed_between_epochs_count() -> None:
    def each(model: Any, optimizer: Any) -> None:
        model.factor = model.factor * np.float32(0.5)
        model.factors[0] *= 0.75
        model.named["factor"] += 0.5

    agree(lambda: (m := Configured(), head(m)), each=each)


def test_a_model_that_is_changed_between_two_fits_and_between_two_steps() -> None:
    model = mlp()
    step = nn.Step(model, nn.mse, nn.SGD(model.parameters(), lr=0.1))
    wanted = mlp()
    sgd = nn.SGD(wanted.parameters(), lr=0.1)

    def loop_step() -> None:
        sgd.zero_grad()
        nn.mse(wanted(X), Y).backward()
        sgd.step()

    with step:
        step(X, Y)
        loop_step()
    for m in (model, wanted):
        swapped_activation(m, None)
    with step:
        step(X, Y)
        loop_step()
        for m in (model, wanted):
            more_layers(m, None)
        step.check()  # for nobody else knows
        step(X, Y)
        loop_step()
    for p, q in zip(model.parameters(), wanted.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)


def test_arrays_that_were_handed_out_and_graphs_that_were_recorded() -> None:
    model = mlp()
    W = model.layers[0].W
    live, before = W.data, W.data.copy()
    loss = (W * W).sum()
    sgd = nn.SGD(model.parameters(), lr=0.1)
    nn.fit(model, nn.mse, X, Y, sgd, epochs=1, progress=False)
    assert W.data is live
    assert not np.array_equal(live, before)
    assert al.grad(loss, W).tolist() == (2 * before).tolist()
    grad = W.grad.copy()
    nn.fit(model, nn.mse, X, Y, sgd, epochs=1, progress=False)
    assert not np.array_equal(W.grad, grad)
    seen: list[Any] = []
    with nn.Step(model, nn.mse, sgd) as step:
        for _ in range(3):
            with step:
                step(X, Y)
            arrays = (W.grad, model.state_dict()["layers.2.W"], model.layers[2].W.value)
            seen += [(x, x.copy()) for x in arrays]
    for x, kept in seen:  # what was handed out is not written to by later steps
        assert x.tolist() == kept.tolist()


def test_an_interrupt_hands_the_parameters_back() -> None:
    model, sgd = with_mlp(nn.SGD, lr=0.1, momentum=0.9)()
    other, its = with_mlp(nn.SGD, lr=0.1, momentum=0.9)()
    with suppress(KeyboardInterrupt), nn.Step(model, nn.mse, sgd) as step:
        for start in (0, 20):
            step(X[start : start + 20], Y[start : start + 20])
        raise KeyboardInterrupt
    for start in (0, 20):
        its.zero_grad()
        nn.mse(other(X[start : start + 20]), Y[start : start + 20]).backward()
        its.step()
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)
        np.testing.assert_allclose(p.grad, q.grad, rtol=1e-10)
    assert sgd.steps == its.steps == 2
    np.testing.assert_allclose(sgd.memory[0]["velocity"], its.memory[0]["velocity"], rtol=1e-10)


@pytest.mark.parametrize("bad", [5, 45])
@pytest.mark.parametrize("build", [mlp, lambda: nn.Sequential(Branching())])
def test_a_loss_that_is_not_finite_leaves_the_batch_before(bad: int, build: Any) -> None:
    model, other = build(), build()
    y, trained = Y.copy(), slice(0, 40 if bad == 45 else 0)
    y[bad] = np.inf
    optimizer = nn.Adam(model.layers[0].parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.fit(
            model, nn.mse, X, y, optimizer, epochs=2, batch_size=20, shuffle=False, progress=False
        )
    assert "the loss of a batch is inf" in str(caught[-1].message)
    its = nn.Adam(other.layers[0].parameters(), lr=0.1)
    for start in range(0, trained.stop, 20):
        its.zero_grad()
        nn.mse(other(X[start : start + 20]), Y[start : start + 20]).backward()
        its.step()
    assert optimizer.steps == its.steps
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)


def test_an_error_in_a_later_batch_is_the_models_own() -> None:
    model, other = nn.MLP([3, 4], rng=0), nn.MLP([3, 4], rng=0)
    t = np.arange(50) % 4
    t[45] = 9
    sgd, its = nn.SGD(model.parameters(), lr=0.1), nn.SGD(other.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="do not fit 4 classes"):
        nn.fit(
            model, nn.cross_entropy, X, t, sgd, epochs=1, batch_size=20, shuffle=False,
            progress=False,
        )  # fmt: skip
    for start in (0, 20):
        its.zero_grad()
        nn.cross_entropy(other(X[start : start + 20]), t[start : start + 20]).backward()
        its.step()
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)


def test_a_step_by_hand() -> None:
    model, other = mlp(), mlp()
    adam, its = nn.Adam(model.parameters(), lr=0.01), nn.Adam(other.parameters(), lr=0.01)
    for _ in range(2):
        with nn.Step(model, nn.mse, adam) as step:
            for rows in (slice(0, 20), slice(20, 27), slice(0, 20), slice(3, 10)):
                value = step(X[rows], Y[rows])
                its.zero_grad()
                loss = nn.mse(other(X[rows]), Y[rows])
                assert value == pytest.approx(loss.item(), rel=1e-12)
                loss.backward()
                its.step()
    assert adam.steps == its.steps == 8
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-11)


def test_a_step_needs_no_more_memory_for_larger_layers() -> None:
    import tracemalloc

    def peak(n: int) -> int:
        model = nn.MLP([n, n, n], activation="tanh", rng=0)
        x, y = np.ones((n, n)), np.zeros((n, n))
        with nn.Step(model, nn.mse, nn.SGD(model.parameters(), momentum=0.9)) as step:
            for _ in range(3):
                step(x, y)
            tracemalloc.start()
            for _ in range(3):
                step(x, y)
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return size

    # bytes; one array of 300 x 300 takes 720,000, and numpy's own buffer 65,536
    assert peak(300) < peak(20) + 80_000


# What another pair of eyes found ----------------------------------------------------------------


class Unused(nn.Module):
    """Parameters of two dtypes, of which one has no part in the loss."""

    def __init__(self) -> None:
        self.a, self.b = Tensor(np.ones((3, 1))), Tensor(np.ones((3, 1), np.float32))

    def forward(self, x: Any) -> Any:
        return x @ self.a


def test_a_parameter_of_another_dtype_without_a_part_in_the_loss() -> None:
    def make() -> Any:
        model = Unused()
        return model, nn.AdamW(model.parameters(), lr=0.1, weight_decay=1.0)

    agree(make, warned="does not depend on a parameter (3, 1)")


def test_parameters_that_are_frozen_between_blocks() -> None:
    model, its_model = mlp(), mlp()
    adam, its_adam = (nn.Adam(m.parameters(), lr=0.01) for m in (model, its_model))
    step = nn.Step(model, nn.mse, adam)
    for block in range(3):
        with step:
            step(X, Y)
        its_adam.zero_grad()
        nn.mse(its_model(X), Y).backward()
        its_adam.step()
        for p, q in zip(model.parameters(), its_model.parameters(), strict=True):
            np.testing.assert_allclose(p.data, q.data, rtol=1e-12)
        if block == 0:
            for optimizer in (adam, its_adam):
                del optimizer.parameters[:2], optimizer.memory[:2]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam, nn.AdamW])
def test_a_setting_that_is_changed_by_little(kind: Any, dtype: Any) -> None:
    def make() -> Any:
        model = mlp(dtype=dtype)
        return model, kind(model.parameters(), lr=0.01)

    def each(model: Any, optimizer: Any) -> None:
        optimizer.weight_decay += 1e-6

    agree(
        make,
        each=each,
        x=X.astype(dtype),
        y=Y.astype(dtype),
        tolerance=3e-5 if dtype is np.float32 else 1e-12,
    )


def test_a_setting_that_is_changed_within_a_block_is_an_error() -> None:
    model = mlp()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    optimizer.weight_decay = np.float32(0.1)
    optimizer.odd = [1.0, {"a": 2}]
    with nn.Step(model, nn.mse, optimizer) as step:
        step(X, Y)
        optimizer.weight_decay = np.float32(5)
        with pytest.raises(RuntimeError, match="between two steps"):
            step(X, Y)
        step.check()
        step(X, Y)
        optimizer.odd[1]["a"] = 3
        with pytest.raises(RuntimeError, match="between two steps"):
            step(X, Y)


class Scaled(nn.Module):
    """Large inputs, which hide nothing."""

    def __init__(self) -> None:
        self.line = nn.Linear(3, 1, rng=0, dtype=np.float32)
        self.act = al.tanh

    def forward(self, x: Any) -> Any:
        return self.act(self.line(x * np.float32(1e-4)))


def test_a_change_beside_large_numbers_counts() -> None:
    def each(model: Any, optimizer: Any) -> None:
        model.act = al.relu if model.act is al.tanh else al.tanh

    x, y = (1e4 * X).astype(np.float32), Y.astype(np.float32)
    agree(lambda: (m := Scaled(), head(m)), each=each, x=x, y=y, tolerance=1e-5)


def test_dropout_is_drawn_once_where_a_mask_has_another_count() -> None:
    def make() -> Any:
        model = nn.Sequential(
            nn.Linear(3, 4, rng=0), nn.Dropout(0.5, rng=3), nn.Linear(4, 1, rng=1)
        )
        return model, nn.SGD(model.parameters(), lr=0.1)

    agree(make, loss=lambda model: lambda p, y: (p[y > 0] ** 2).mean())
