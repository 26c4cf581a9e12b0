"""What a step on a cluster costs, measured on two processes, and worked out for larger ones.

    python examples/cluster_figures.py > figures.md

Every process computes on one core, here and in a worker, so that both are the same machine. Times
are the shortest of several; those of tasks are what Dask's own task stream says.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported, and for workers, too

import argparse
import tempfile
import threading
import time
from math import ceil, log2
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client, LocalCluster, get_task_stream

import nn
from nn.cluster import Cluster

NETWORKS = [(784, 1024, 1024, 10), (64, 15, 10)]
BATCH = 2048
BANDWIDTH = 10e9 / 8  # bytes a second, of a 10 Gbit network


def timed(call, times):
    """The shortest time of a call in seconds: what else the machine does only adds to it."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        spent.append(time.perf_counter() - started)
    return min(spent)


def network(sizes):
    model = nn.MLP(sizes, dtype=np.float32, rng=0)
    return model, nn.SGD(model.parameters(), lr=0.01)


def data(sizes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((BATCH, n), np.float32) for n in (sizes[0], sizes[-1])]


def one_process(sizes, times):
    model, sgd = network(sizes)
    x, y = data(sizes)
    with nn.Step(model, nn.mse, sgd) as step:
        step(x, y)
        step(x, y)
        return timed(lambda: step(x, y), times)


def two_workers(client, sizes, times):
    """The times of a step, of a share's gradient and of a sum of two, and bytes of parameters."""
    model, sgd = network(sizes)
    steps = Cluster(client, model, nn.mse, sgd, *data(sizes))
    ((batch, _),) = steps.batches(BATCH, True, np.random.default_rng(0))
    for _ in range(4):
        steps(batch, None)
    with get_task_stream(client) as stream:
        step = timed(lambda: steps(batch, None), times)
    spent = {"of": [], "added": []}
    for task in stream.data:
        name = task["key"].partition("-")[0]
        runs = [s["stop"] - s["start"] for s in task["startstops"] if s["action"] == "compute"]
        if name in spent and runs:
            spent[name].append(sum(runs))
    size = sum(p.value.nbytes for p in model.parameters())
    return step, min(spent["of"]), min(spent["added"]), size


def latencies(client):
    """What a task costs the scheduler, and what one more that waits for another takes."""

    def chain(length):
        last = client.submit(float, 1, pure=False)
        for _ in range(length):
            last = client.submit(float, last, pure=False)
        client.gather(last)

    def many(count):
        client.gather([client.submit(float, 1, pure=False) for _ in range(count)])

    hop = (timed(lambda: chain(40), 5) - timed(lambda: chain(0), 5)) / 40
    task = (timed(lambda: many(200), 5) - timed(lambda: many(1), 5)) / 199
    return task, hop


def on_paper(workers, alone, added, size, waiting, task, hop):
    """The time of a step with more workers: computing, and all the rest.

    The parameters go to one worker, and from there to the others, one after another; the gradients
    are summed in log₂ levels, each a transfer and a sum, and the last sum comes back.
    """
    levels = ceil(log2(workers))
    transfers = (workers + levels + 1) * size / BANDWIDTH
    rest = waiting + transfers + levels * added + (levels - 1) * hop + 2 * (workers - 2) * task
    return alone / workers, rest


def rows_a_second(rows, folder):
    """Rows a second from memory and from a file, the data's size and memory's growth in MB."""
    path = Path(folder) / "x.npy"
    x = np.lib.format.open_memmap(path, "w+", np.float32, (rows, 784))
    rng = np.random.default_rng(0)
    for start in range(0, rows, 10_000):
        x[start : start + 10_000] = rng.standard_normal(
            (min(10_000, rows - start), 784), np.float32
        )
    x.flush()
    y = np.zeros((rows, 10), np.float32)
    model, sgd = network((784, 128, 10))

    def fit(x):
        settings: dict[str, Any] = {"epochs": 1, "batch_size": BATCH, "rng": 0, "progress": False}
        nn.fit(model, nn.mse, x, y[: len(x)], sgd, **settings)

    x = np.load(path, mmap_mode="r")
    fit(x[:BATCH])
    before, most, done = anonymous(), [], threading.Event()

    def watch():
        while not done.wait(0.002):
            most.append(anonymous())

    thread = threading.Thread(target=watch)
    thread.start()
    on_disk = timed(lambda: fit(x), 3)
    done.set()
    thread.join()
    read = np.array(x)
    in_memory = timed(lambda: fit(read), 3)
    return rows / in_memory, rows / on_disk, x.nbytes / 1e6, (max(most) - before) / 1e6


def anonymous():
    """The bytes of this process that are in no file, as Linux tells them."""
    lines = Path("/proc/self/status").read_text().split("\n")
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


def main(times=9, rows=350_000):
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        task, hop = latencies(client)
        measured = {
            sizes: (one_process(sizes, times), *two_workers(client, sizes, times))
            for sizes in NETWORKS
        }
    print("| network | one process | two workers | computing a share | a sum | sending, waiting |")
    print("|---|---|---|---|---|---|")
    for sizes, (alone, step, share, added, _) in measured.items():
        parts = alone, step, share, added, step - share - added
        cells = " | ".join(f"{1e3 * part:.1f}" for part in parts)
        print(f"| {'-'.join(map(str, sizes))} | {cells} |")
    print(f"\nA task costs the scheduler {1e3 * task:.2f} ms; one that waits {1e3 * hop:.1f} ms.\n")
    print(
        "| network | workers | computing | all else | step | times as fast | pays from a batch of |"
    )
    print("|---|---|---|---|---|---|---|")
    waiting = min(step - share - added for _, step, share, added, _ in measured.values())
    for sizes, (alone, _, _, added, size) in measured.items():
        for workers in (8, 64):
            computing, rest = on_paper(workers, alone, added, size, waiting, task, hop)
            pays = rest * BATCH / (alone * (1 - 1 / workers))
            print(
                f"| {'-'.join(map(str, sizes))} | {workers} | {1e3 * computing:.1f} | "
                f"{1e3 * rest:.0f} | {1e3 * (computing + rest):.0f} | "
                f"{alone / (computing + rest):.2f} | {pays:,.0f} |"
            )
    with tempfile.TemporaryDirectory() as folder:
        memory, disk, size, growth = rows_a_second(rows, folder)
    print(
        f"\n784-128-10, {size:,.0f} MB: {memory:,.0f} rows/s from memory, {disk:,.0f} from a file; "
        f"the anonymous memory grew by {growth:.0f} MB at most.\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--rows", type=int, default=350_000)
    main(**vars(parser.parse_args()))
