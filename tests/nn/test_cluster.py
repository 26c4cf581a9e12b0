"""Training on a cluster is training: a real one, of two processes, and one of them killed."""

import logging
import os
import signal
import threading
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np
import pytest
from told import tells

import nn
from autograd_lite import Tensor, grad
from nn.cluster import (
    Batch,
    Cluster,
    Gradient,
    Share,
    _Workers,
    added,
    sendable,
    taken,
    weighted,
)

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
da = pytest.importorskip("dask.array", reason="Dask is not installed")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 5))
Y = np.sin(X @ RNG.standard_normal((5, 2)))


@contextmanager
def started():
    """A cluster of two processes."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a death is told at length
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    cluster = distributed.LocalCluster(processes=True, **settings)
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, 60)
        yield cluster, client
    with suppress(KeyError):  # it may not find the name of a worker that was killed
        cluster.close()
    cluster.close()


@pytest.fixture(scope="module")
def client():
    with started() as (_, client):
        yield client


def total(prediction, target):
    return ((prediction - target) ** 2).sum()


def network():
    return nn.MLP([5, 7, 2], activation="tanh", rng=0)


def trained(x, y, loss=nn.mse, kind=nn.Adam, model=None, **settings):
    model = network() if model is None else model
    optimizer = kind(model.parameters(), lr=0.01)
    settings = {"epochs": 3, "batch_size": 32, "rng": 1, "progress": False} | settings
    history = nn.fit(model, loss, x, y, optimizer, **settings)
    return history, [p.data for p in model.parameters()]


def same(got, wanted):
    assert len(got[0].loss) == len(wanted[0].loss)
    np.testing.assert_allclose(got[0].loss, wanted[0].loss, rtol=0, atol=1e-10)
    for a, b in zip(got[1], wanted[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def chunked(x):
    return da.from_array(x, chunks=(45, -1))


def on_disk(x, folder):
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode="r")


def test_it_is_the_training_of_one_process(client):
    settings = {"validation": (X[:9], Y[:9]), "metrics": {"worst": lambda p, t: abs(p - t).max()}}
    wanted = trained(X, Y, **settings)
    got = trained(X, Y, cluster=client, **settings)
    same(got, wanted)
    for name in ("validation loss", "worst"):
        assert got[0].last()[name] == pytest.approx(wanted[0].last()[name], abs=1e-10)


def test_of_dasks_arrays_also_where_one_is_in_memory(client):
    wanted = trained(chunked(X), chunked(Y))
    same(trained(chunked(X), chunked(Y), cluster=client), wanted)
    settings = {"epochs": 1, "shuffle": False}
    same(trained(chunked(X), Y, cluster=client, **settings), trained(X, Y, **settings))


def test_of_a_file_and_of_a_loss_that_is_a_sum(client, tmp_path):
    x = on_disk(X, tmp_path)
    settings = {"loss": total, "kind": nn.SGD, "epochs": 1}
    same(trained(x, Y, cluster=client, **settings), trained(x, Y, **settings))


class Deadly(nn.SGD):
    """Momentum; and a worker dies while the step after some others is taken."""

    def __init__(self, parameters, lr, pid=None):
        super().__init__(parameters, lr, momentum=0.9)
        self.pid = pid

    def advance(self):
        super().advance()
        if self.pid and self.steps == 4:
            threading.Timer(0.01, os.kill, (self.pid, signal.SIGKILL)).start()


@pytest.mark.parametrize("data", ["in memory", "Dask's"])
@pytest.mark.parametrize("which", [0, 1])  # one of them was sent the rows and the model
def test_a_worker_that_is_killed_in_an_epoch_takes_nothing_with_it(data, which):
    x, y = (X, Y) if data == "in memory" else (chunked(X), chunked(Y))
    wanted = trained(x, y, kind=Deadly, epochs=2)
    with started() as (_, client):
        pid = [*client.run(os.getpid).values()][which]
        kind = partial(Deadly, pid=pid)
        same(trained(x, y, kind=kind, epochs=2, cluster=client), wanted)
        assert pid not in client.run(os.getpid).values()


def test_a_worker_that_is_added_takes_its_share():
    model = network()
    with started() as (local, client):
        steps = Cluster(client, model, nn.mse, nn.SGD(model.parameters()), X, Y)
        next(steps.batches(32, False, None))
        assert len(steps.workers.addresses) == 2
        local.scale(3)
        client.wait_for_workers(3, 60)
        same(trained(X, Y, cluster=client), trained(X, Y))
        next(steps.batches(32, False, None))
        assert len(steps.workers.addresses) == 3


def test_each_worker_has_rows_and_a_compiled_gradient_of_its_own(client):
    """Not a replica: these are dropped where nothing waits for them."""
    model = network()
    steps = Cluster(client, model, nn.mse, nn.SGD(model.parameters()), X, Y)
    for batch in steps.batches(50, True, np.random.default_rng(0)):
        steps(*batch)
    for its in (steps._gradients, steps.rows._whole):
        futures = [its.of(worker) for worker in steps.workers.addresses]
        assert len({future.key for future in futures}) == len(futures) >= 2
        holders = client.who_has(futures)
        for worker, future in zip(steps.workers.addresses, futures, strict=True):
            assert worker in holders[future.key]


def root(prediction, target):
    return nn.mse(prediction, target) ** 0.5


def test_a_loss_that_is_no_sum_and_no_mean_is_told(client):
    tells(
        lambda: trained(X, Y, root, cluster=client),
        ValueError,
        "a batch of 32 samples is neither the sum nor the mean",
        "it must be",
        "add up or average",
    )
    dropping = nn.Sequential(nn.Linear(5, 2, rng=0), nn.Dropout(0.5, rng=0))
    with pytest.raises(ValueError, match="draw nothing random"):
        trained(X, Y, model=dropping, cluster=client)


def test_what_cannot_be_sent_is_named(client):
    lock = threading.Lock()

    def guarded(prediction, target):
        with lock:
            return nn.mse(prediction, target)

    tells(
        lambda: trained(X, Y, guarded, cluster=client),
        TypeError,
        "the loss is the function guarded, which cannot be sent to workers: cannot pickle",
        "pickle takes",
        "make it where",
    )
    model = network()
    model.layers[1].lock = lock
    tells(
        lambda: trained(X, Y, model=model, cluster=client),
        TypeError,
        "layers.1.lock of the model is <unlocked _thread.lock",
        "pickle takes",
        "leave it out",
    )


def looking(prediction, target):
    loss = nn.mse(prediction, target)
    return loss * 2 if loss < 1e9 else loss


def test_a_model_that_cannot_be_compiled_is_trained_op_by_op_with_one_warning(client):
    results = []
    for settings in ({}, {"cluster": client}):
        with pytest.warns(RuntimeWarning, match="op by op, .* asked for") as told:
            results.append(trained(X, Y, looking, epochs=1, **settings))
        assert len(told) == 1
        assert told[0].filename == __file__
    same(results[1], results[0])


def test_a_loss_that_is_not_finite_ends_it_before_it_reaches_the_parameters(client):
    y = Y.copy()
    y[40] = np.nan
    settings = {"shuffle": False, "cluster": client}
    with pytest.warns(RuntimeWarning, match="stopped in epoch 1: the loss of a batch is nan"):
        history, got = trained(X, y, **settings)
    assert history.loss == []
    _, wanted = trained(X[:32], Y[:32], epochs=1, shuffle=False)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    with pytest.warns(RuntimeWarning, match="the loss of a batch is nan"):
        trained(X, np.full_like(Y, np.nan), **settings)


def test_a_parameter_without_a_part_in_the_loss_is_left_alone(client):
    model, other = network(), Tensor(np.ones(3), name="other")
    sgd = nn.SGD([other])
    with pytest.raises(ValueError, match=r"SGD has other \(3,\) float64, on which the loss of"):
        nn.fit(model, nn.mse, X, Y, sgd, epochs=1, progress=False, cluster=client)
    sgd = nn.SGD([*model.parameters(), other], lr=0.1, weight_decay=0.5)
    nn.fit(model, nn.mse, X, Y, sgd, epochs=1, progress=False, cluster=client)
    assert other.tolist() == [1.0, 1.0, 1.0]


def test_what_is_no_client_is_told():
    tells(
        lambda: trained(X, Y, cluster="tcp://here"),
        TypeError,
        "cluster is 'tcp://here'",
        "a Client of dask.distributed",
        "autograd-lite[cluster]",
    )


# Its parts, without a cluster -------------------------------------------------------------------


class Losing:
    """A client whose workers are always lost."""

    def __init__(self):
        self.tries = 0

    def scatter(self, *args, **settings):
        self.tries += 1
        raise distributed.CancelledError("gone")

    def wait_for_workers(self, count, timeout):
        if self.tries > 9:
            raise TimeoutError

    def nthreads(self):
        return {"one": 1}


def test_workers_that_are_lost_again_and_again_are_told():
    client = Losing()
    with pytest.raises(RuntimeError, match=r"failed 5 times, .* \(gone\); workers that stay"):
        Cluster(client, network(), nn.mse, None, X, Y)._tried(client.scatter, None)
    assert client.tries == 5
    client.tries = 10
    tells(_Workers(client).find, RuntimeError, "no worker for 60 s", "one at least", "start some")


class Coming:
    """A future that is late some times, or whose task failed."""

    def __init__(self, late, status="pending"):
        self.late, self.status = late, status

    def result(self, timeout):
        self.late -= 1
        if self.late >= 0:
            raise TimeoutError
        return 5


def test_a_result_is_waited_for_as_long_as_its_workers_are_there():
    workers = _Workers(Losing())
    workers.find()
    assert workers.result(Coming(3)) == 5
    for late in (Coming(9, "error"), Coming(1)):
        with pytest.raises(TimeoutError):
            workers.result(late)
        workers.addresses = ["one", "that was"]


def test_a_batch_is_cut_into_even_shares_in_its_order():
    batch = Batch([(4, np.array([3, 1, 2])), (0, np.array([5, 0])), (2, np.array([7, 8]))])
    for count in (1, 2, 3, 5, 7, 50):
        shares = batch.cut(count)
        lengths = [*map(len, shares)]
        assert len(shares) == min(count, 7)
        assert max(lengths) - min(lengths) <= 1
        rows = [(i, r) for share in shares for i, rows in share.pieces for r in rows]
        assert rows == [(4, 3), (4, 1), (4, 2), (0, 5), (0, 0), (2, 7), (2, 8)]


def test_rows_are_taken_and_joined():
    (((x, y), rows),) = taken([((X, Y), np.array([3, 1])), ((X[:2], Y[:2]), None)])
    assert rows is None
    np.testing.assert_array_equal(x, X[[3, 1, 0, 1]])
    np.testing.assert_array_equal(y, Y[[3, 1, 0, 1]])


def test_shares_are_added():
    a, b = Share(1.0, [np.array([1.0, 2.0])]), Share(3.0, [np.array([5.0, 7.0])], "why")
    loss, (slope,), reason = weighted([a, b], [0.5, 2.0])
    assert (loss, slope.tolist(), reason) == (6.5, [10.5, 15.0], "why")
    assert added(a, b)[1][0].tolist() == [6.0, 9.0]
    assert added(a) == a


def test_a_worker_computes_the_gradient_of_the_given_values():
    model = network()
    parameters = model.parameters()[:3]
    values = [p.value + 0.1 for p in parameters]
    gradient = Gradient(sendable(model, nn.mse, parameters))
    found = gradient.of(values, [((X, Y), np.arange(9))], 0.25)
    for p, value in zip(parameters, values, strict=True):
        p.data = value
    loss = nn.mse(model(X[:9]), Y[:9])
    assert found.loss == pytest.approx(loss.item() / 4, rel=1e-14)
    for got, wanted in zip(found.slopes, grad(loss, parameters), strict=True):
        np.testing.assert_allclose(got, wanted / 4, rtol=1e-12)
    tells(
        lambda: Gradient(b"?").of(values, [((X, Y), None)], 1.0),
        TypeError,
        "a worker cannot read",
        "modules",
        "client.upload_file",
    )


# Workers that leave, sources that are shared, models that are odd ---------------------------------


def test_a_worker_that_leaves_takes_nothing_with_it():
    """Also one that is asked to, and hands over what it holds."""
    _, wanted = trained(X, Y, epochs=6)
    with started() as (_, client):
        retired = threading.Event()

        def retire(prediction, target):
            if not retired.is_set():
                retired.set()
                client.retire_workers([next(iter(client.nthreads()))])
            return 0.0

        _, got = trained(X, Y, epochs=6, cluster=client, metrics={"retired": retire})
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def test_rows_of_one_source_belong_together(client):
    source = da.random.default_rng(3).standard_normal((64, 7), chunks=(16, 7))
    x, y = source[:, :5], source[:, 5:]
    _, wanted = trained(x, y)
    _, got = trained(x, y, cluster=client)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def test_a_step_that_is_not_compiled_and_a_parameter_that_is_frozen(client):
    def odd(prediction, target):
        float(prediction.sum())  # a value, which compiling does not see
        return ((prediction - target) ** 2).mean()

    def frozen(cluster):
        model = network()
        sgd = nn.SGD(model.parameters()[1:], lr=0.1)
        with pytest.warns(RuntimeWarning, match="trained op by op"):
            nn.fit(model, odd, X, Y, sgd, epochs=2, rng=0, progress=False, cluster=cluster)
        return [p.data for p in model.parameters()]

    for a, b in zip(frozen(client), frozen(None), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def test_a_model_that_is_trained_already(client):
    """All gradients of the whole are 0 but for rounding, and those of its shares are not."""
    x = np.concatenate([X[:16], X[:16]])
    y = np.concatenate([np.ones((16, 2)), -np.ones((16, 2))])
    model = nn.Linear(5, 2, rng=0)
    for p in model.parameters():
        p.data = np.zeros(p.shape)
    nn.fit(model, nn.mse, x, y, nn.SGD(model.parameters(), lr=0.1), epochs=1, batch_size=32,
           shuffle=False, progress=False, cluster=client)  # fmt: skip
    assert all(np.abs(p.data).max() < 1e-12 for p in model.parameters())


def test_a_parameter_of_the_loss_alone(client):
    scale, model = Tensor(1.0, name="scale"), network()
    sgd = nn.SGD([*model.parameters(), scale], lr=0.1)

    def scaled(prediction, target):
        return (((prediction - target) * scale) ** 2).mean()

    with pytest.raises(TypeError, match=r"scale.* is trained, and is no parameter of the model"):
        nn.fit(model, scaled, X, Y, sgd, epochs=1, progress=False, cluster=client)


def test_batches_that_are_made_are_not_shared(client):
    with pytest.raises(TypeError, match="x makes batches, and cluster is given; rows are needed"):
        trained(lambda: iter([(X, Y)]), None, cluster=client)
