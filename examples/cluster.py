"""Training on a cluster, here of two processes: handwritten digits, and a million rows.

    python examples/cluster.py [--workers N] [--rows N]

Each is trained on one process and on the workers, and the parameters are held against each other.
Then models with other learning rates are trained side by side, one on each worker: that is Dask's
own work. On a cluster that you have, `Client("tcp://its-scheduler:8786")` stands in the place of
the LocalCluster, and nothing else changes.
"""

import argparse
import logging
import time
from typing import Any

import numpy as np

import nn

try:
    import dask.array as da
    from distributed import Client, LocalCluster
    from sklearn.datasets import load_digits
except ImportError as error:
    raise SystemExit(f"{error}; pip install 'autograd-lite[cluster,examples]'") from error


def digits():
    """Images in memory, which are sent to the workers once."""
    x, digit = load_digits(return_X_y=True)
    return x / 16, np.eye(10)[digit]


def made(rows):
    """Rows that are never whole in any memory: Dask draws a chunk where and when it is needed."""
    x = da.random.default_rng(0).standard_normal((rows, 20), chunks=(max(rows // 10, 1), 20))
    weights = np.random.default_rng(1).standard_normal((20, 1))
    return x, da.sin(x @ weights)


def trained(sizes, loss, data, cluster=None, lr=0.01, **settings):
    """The parameters after training, the history, and the time that it took in seconds."""
    model = nn.MLP(sizes, rng=0)
    adam = nn.Adam(model.parameters(), lr=lr)
    started = time.perf_counter()
    x, y = data
    history = nn.fit(model, loss, x, y, adam, rng=0, cluster=cluster, **settings)
    return model.state_dict(), history, time.perf_counter() - started


def side_by_side(client, data, rates):
    """The last losses of models that are trained with these learning rates, one on each worker."""
    (held,) = client.scatter([data], broadcast=True)
    return client.gather(client.map(last_loss, rates, data=held))


def last_loss(lr, data):
    settings = {"lr": lr, "epochs": 5, "batch_size": 64, "progress": False}
    return trained((64, 15, 10), nn.cross_entropy, data, **settings)[1].loss[-1]


def main(workers=2, rows=1_000_000):
    tasks: dict[str, Any] = {
        "digits": ((64, 15, 10), nn.cross_entropy, digits(), {"epochs": 5, "batch_size": 256}),
        f"{rows:,} rows": ((20, 32, 1), nn.mse, made(rows), {"epochs": 1, "batch_size": 8192}),
    }
    alone = {name: trained(*task, **settings) for name, (*task, settings) in tasks.items()}
    logging.getLogger("distributed").setLevel(logging.ERROR)
    two = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    apart = {}
    with LocalCluster(**two) as cluster, Client(cluster) as client:
        for name, (sizes, loss, data, settings) in tasks.items():
            parameters, history, seconds = trained(sizes, loss, data, client, **settings)
            wanted, _, seconds_alone = alone[name]
            apart[name] = max(np.abs(parameters[p] - wanted[p]).max() for p in wanted)
            print(f"{name}: {history}")
            print(f"   one process {seconds_alone:.1f} s, {workers} workers {seconds:.1f} s")
            print(f"   parameters are at most {apart[name]:.0e} apart")
        rates = (0.001, 0.01, 0.1)
        losses = side_by_side(client, digits(), rates)
    print("learning rates side by side: " + ", ".join(map("{}: {:.3f}".format, rates, losses)))
    return apart, losses


if __name__ == "__main__":  # which a process that is started for a worker does not run
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_000_000)
    main(**vars(parser.parse_args()))
