import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from told import tells

import nn
from nn import chunks

X = np.random.default_rng(0).standard_normal((23, 3))
Y = np.sin(X @ np.array([[1.0], [-2.0], [0.5]]))


class Stored:
    """An array as zarr and h5py have it: it says how it is stored, and is sliced by rows."""

    def __init__(self, x, rows):
        self.x, self.shape, self.dtype, self.ndim = x, x.shape, x.dtype, x.ndim
        self.chunks = (rows, *x.shape[1:])
        self.read = []

    def __getitem__(self, key):
        rows = key[0] if isinstance(key, tuple) else key  # Dask names the columns, too
        self.read.append(range(*rows.indices(len(self.x))))
        return self.x[key].copy()


def on_disk(x, folder):
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode="r")


def of_h5py(x, folder):
    h5py = pytest.importorskip("h5py")
    return h5py.File(folder / "x.h5", "w").create_dataset("x", data=x, chunks=(4, x.shape[1]))


def of_zarr(x, folder):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(str(folder / "x.zarr"), shape=x.shape, chunks=(4, 3), dtype=x.dtype)
    array[:] = x
    return array


def of_dask(x, folder):
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    return da.from_array(x, chunks=((5, 1, 9, 8), -1))


KINDS = [on_disk, of_h5py, of_zarr, of_dask, lambda x, folder: Stored(x, 4)]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(chunks, "BYTES", 5 * X[0].nbytes)


def trained(x, y, **settings):
    model = nn.MLP([3, 8, 1], activation="tanh", rng=0)
    adam = nn.Adam(model.parameters(), lr=0.05)
    settings = {"epochs": 3, "batch_size": 7, "rng": 0, "progress": False} | settings
    history = nn.fit(model, nn.mse, x, y, adam, **settings)
    return history, [p.data for p in model.parameters()]


def same(got, wanted):
    assert got[0].loss == wanted[0].loss
    # predictions of a chunk are products of fewer rows, and so other roundings
    np.testing.assert_allclose(got[0].validation_loss, wanted[0].validation_loss, rtol=1e-12)
    for a, b in zip(got[1], wanted[1], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_in_order_it_is_the_training_on_the_same_data_in_memory(kind, small, tmp_path):
    settings = {"shuffle": False, "validation": (X[:9], Y[:9])}
    wanted = trained(X, Y, **settings)
    x = kind(X, tmp_path)
    settings["validation"] = x[:9], Y[:9]
    same(trained(x, Y, **settings), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_each_row_comes_once_by_chunk_and_within(kind, small, tmp_path):
    """The order is the seed's; rows of a chunk stay together, and are not in their order."""
    x = kind(np.arange(23.0 * 3).reshape(23, 3), tmp_path)
    first, again, other = (
        [(xb.copy(), yb) for xb, yb in nn.batches(x, np.arange(23), 7, rng=seed)]
        for seed in (3, 3, 2)
    )
    assert [len(xb) for xb, _ in first] == [7, 7, 7, 2]
    order = np.concatenate([yb for _, yb in first])
    np.testing.assert_array_equal(np.concatenate([xb[:, 0] / 3 for xb, _ in first]), order)
    assert sorted(order) == [*range(23)]
    assert order.tolist() == np.concatenate([yb for _, yb in again]).tolist()
    assert order.tolist() != np.concatenate([yb for _, yb in other]).tolist()
    ends = chunks.chunk_ends(x, np.arange(23))
    chunk = np.searchsorted(ends, order, side="right")
    assert np.count_nonzero(np.diff(chunk)) == len(ends) - 1
    assert (np.diff(chunk) < 0).any()
    assert any((np.diff(order[chunk == i]) < 0).any() for i in range(len(ends)))


def test_one_chunk_is_shuffled_as_it_is_in_memory(tmp_path):
    """So where all rows are in one, a cluster draws what a process with an array does."""
    for rng in (np.random.default_rng, np.random.RandomState):
        pairs = zip(
            nn.batches(on_disk(X, tmp_path), Y, 7, rng=rng(3)),
            nn.batches(X, Y, 7, rng=rng(3)),
            strict=True,
        )
        for (a, b), (c, d) in pairs:
            np.testing.assert_array_equal(a, c)
            np.testing.assert_array_equal(b, d)


def test_chunks_are_dasks_and_else_of_some_bytes(small, tmp_path):
    assert chunks.chunk_ends(of_dask(X, None), Y) == [5, 6, 15, 23]
    assert chunks.chunk_ends(on_disk(X, tmp_path), Y) == [5, 10, 15, 20, 23]
    assert chunks.chunk_ends(Stored(X, 2), Y) == [4, 8, 12, 16, 20, 23]  # whole stored chunks
    assert chunks.chunk_ends(Stored(X, 9), Y) == [9, 18, 23]
    assert chunks.chunk_ends(X, Stored(Y, 11)) == [11, 22, 23]


def test_the_next_chunk_is_read_while_one_is_used_and_no_other():
    started = threading.Semaphore(0)

    def call(i):
        started.release()
        return i

    results = chunks.ahead(lambda i=i: call(i) for i in range(5))
    for i in range(5):
        assert next(results) == i
        for _ in range(2 if i == 0 else 1 if i < 4 else 0):
            assert started.acquire(timeout=10)
        time.sleep(0.01)
        assert not started.acquire(blocking=False)


def test_an_error_of_a_read_comes_out(small):
    class Broken(Stored):
        def __getitem__(self, key):
            if key.start:
                raise OSError("the disk is gone")
            return super().__getitem__(key)

    with pytest.raises(OSError, match="the disk is gone"):
        trained(Broken(X, 4), Y)


def test_what_dask_computes_of_one_source_is_computed_once_for_both():
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    source = Stored(np.hstack([X, Y]), 6)
    table = da.from_array(source, chunks=(6, 4))
    source.read.clear()
    trained(table[:, :3], table[:, 3:], epochs=2)
    assert len(source.read) == 2 * 4


def test_metrics_of_training_data_are_computed_by_chunks(small):
    x = Stored(X, 4)
    metrics = {"worst": lambda p, t: np.abs(p - t).max()}
    got, wanted = (trained(data, Y, shuffle=False, metrics=metrics) for data in (x, X))
    assert got[0].metrics["worst"] == pytest.approx(wanted[0].metrics["worst"], rel=1e-12)
    assert max(map(len, x.read)) == 4


def pairs():
    for i in range(0, 23, 7):
        yield X[i : i + 7], Y[i : i + 7].tolist()


def test_a_generator_of_batches_is_the_training_on_these():
    wanted = trained(X, Y, shuffle=False)
    same(trained(pairs, None), wanted)
    same(trained([*pairs()], None), wanted)
    same(trained(pairs(), None, epochs=1), trained(X, Y, shuffle=False, epochs=1))


def test_what_gives_no_batches_is_told():
    for x in (3, None):
        tells(lambda: trained(x, None), TypeError, f"x is {x!r} and y is None", "pairs", "pass one")
    tells(lambda: trained(pairs(), None), ValueError, "for 3 epochs", "each epoch", "pass the fun")
    tells(lambda: trained(list, None), ValueError, "epoch 1 had no batches", "one at", "look at")
    tells(
        lambda: trained(pairs, None, metrics={"m": len}), ValueError, "metrics", "samples", "valid"
    )
    with pytest.raises(ValueError, match="a batch's x has 2 samples and y 1"):
        trained(lambda: [(X[:2], Y[:1])], None)


def test_rows_that_dask_has_not_counted_are_told():
    x = of_dask(X, None)
    tells(lambda: trained(x[x[:, 0] > 0], Y), ValueError, "(nan, 3)", "rows", "compute_chunk_sizes")


MEASURED = """
import threading, time
import numpy as np
import nn
from nn import chunks

def anonymous():
    lines = open("/proc/self/status").read().split("\\n")
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

chunks.BYTES = 1 << 20
x = np.memmap("x", np.float32, "w+", shape=(800_000, 64))  # 205 MB, and none on the disk
y = np.zeros((len(x), 1), np.float32)
model = nn.MLP([64, 4, 1], dtype=np.float32, rng=0)
sgd = nn.SGD(model.parameters())
nn.fit(model, nn.mse, x[:4096], y[:4096], sgd, epochs=1, batch_size=2048, progress=False)
start, most, done = anonymous(), [0.0], threading.Event()

def watch():
    while not done.wait(0.002):
        most.append(anonymous() - start)

thread = threading.Thread(target=watch)
thread.start()
nn.fit(model, nn.mse, x, y, sgd, epochs=1, batch_size=2048, progress=False)
done.set()
thread.join()
print(max(most))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells RssAnon")
def test_the_memory_that_is_used_is_that_of_a_few_chunks(tmp_path):
    """Of data 20 times as large as what it stays under."""
    code = MEASURED.replace('"\\\\n"', '"\\n"')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 205 / 20


def test_chunks_without_rows():
    da = pytest.importorskip("dask.array")
    x, y = np.arange(14.0).reshape(7, 2), np.arange(7.0)
    a = da.from_array(x, chunks=((3, 0, 3, 1), (2,)))
    b = da.from_array(y, chunks=((3, 0, 3, 1),))
    got = [*nn.batches(a, b, 3, shuffle=False)]
    np.testing.assert_array_equal(np.concatenate([xb for xb, _ in got]), x)
    np.testing.assert_array_equal(np.concatenate([yb for _, yb in got]), y)
    assert [len(xb) for xb, _ in got] == [3, 3, 1]


def test_batches_that_are_no_pairs():
    model = nn.Linear(2, 1, rng=0)
    sgd = nn.SGD(model.parameters(), lr=0.1)
    x = np.ones((4, 2))
    for made, said in (
        (lambda: [x], "a batch is an array"),
        (lambda: [(x, x, x)], "a batch is 3 parts"),
        (lambda: None, "x returned None"),
    ):
        with pytest.raises(TypeError, match=said):
            nn.fit(model, nn.mse, made, None, sgd, epochs=1, progress=False)
