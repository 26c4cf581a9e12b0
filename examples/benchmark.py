"""One SGD step (forward, backward, update) of each way of writing it, timed in one run.

    python examples/benchmark.py [--quick]

Every contender takes its turn in each round, so that what disturbs the machine disturbs all of
them; the table gives medians over rounds, and the median of the ratios within rounds.
"""

import argparse
import gc
import platform
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from itertools import pairwise
from statistics import median

import numpy as np

import autograd_lite as al
import nn

SIZES = [  # layers, samples in a batch
    ((10, 60, 140, 50, 10, 1), 1),
    ((64, 15, 10), 15),
    ((784, 128, 10), 64),
    ((784, 512, 512, 10), 128),
    ((784, 1024, 1024, 10), 256),
]
LR = 1e-3


def problem(sizes, batch, seed=0):
    """A batch, its targets, and initial parameters, all float32."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, sizes[0]), np.float32)
    t = rng.random((batch, sizes[-1]), np.float32)
    W = [nn.init.lecun(rng, shape).astype(np.float32) for shape in pairwise(sizes)]
    b = [np.zeros(n, np.float32) for n in sizes[1:]]
    return x, t, W, b


def all_sigmoid(sizes):
    """The deepest of the networks has sigmoid in every layer, the others ReLU until the last."""
    return len(sizes) == 6


def handwritten(sizes, batch):
    """The step that a person writes with numpy."""
    x, t, W, b = problem(sizes, batch)
    sigmoid = [all_sigmoid(sizes) or i == len(W) - 1 for i in range(len(W))]

    def step():
        a, inputs, outputs = x, [], []
        for Wi, bi, is_sigmoid in zip(W, b, sigmoid):
            inputs.append(a)
            z = a @ Wi + bi
            a = 1 / (1 + np.exp(-z)) if is_sigmoid else np.maximum(z, 0)
            outputs.append(a)
        error = a - t
        loss = np.mean(error * error)
        d = (2 / error.size) * error
        dW, db = [None] * len(W), [None] * len(W)
        for i in reversed(range(len(W))):
            a = outputs[i]
            d = d * a * (1 - a) if sigmoid[i] else d * (a > 0)
            dW[i], db[i] = inputs[i].T @ d, d.sum(axis=0)
            if i:
                d = d @ W[i].T
        for i in range(len(W)):
            W[i] -= LR * dW[i]
            b[i] -= LR * db[i]
        return loss

    return step


def eager(sizes, batch):
    """The same with autograd_lite: an expression, backward() and nn.SGD."""
    x, t, W, b = problem(sizes, batch)
    model = nn.MLP(
        sizes,
        activation="sigmoid" if all_sigmoid(sizes) else "relu",
        output="sigmoid",
        dtype=np.float32,
    )
    for p, value in zip(model.parameters(), [v for pair in zip(W, b) for v in pair]):
        p.assign(value)
    optimizer = nn.SGD(model.parameters(), lr=LR)

    def step():
        optimizer.zero_grad()
        loss = nn.mse(model(x), t)
        loss.backward()
        value = loss.item()
        del loss  # and with it the graph, as nn.fit does before it updates
        optimizer.step()
        return value

    return step


def products(sizes, batch):
    """The matrix products of the step and nothing else."""
    x, _, W, _ = problem(sizes, batch)
    rng = np.random.default_rng(1)
    a = [x] + [rng.standard_normal((batch, n), np.float32) for n in sizes[1:]]

    def step():
        for i, Wi in enumerate(W):
            a[i] @ Wi
            a[i].T @ a[i + 1]
            if i:
                a[i + 1] @ Wi.T

    return step


CONTENDERS = {"handwritten": handwritten, "eager": eager, "products": products}


def timed(step, repeats):
    started = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - started) / repeats


def steps_table(rounds):
    """Microseconds of each contender's step, and its ratio to the handwritten one."""
    print("\nOne SGD step, float32: median microseconds (ratio to handwritten)")
    print(f"{'sizes, batch':>30}  " + "  ".join(f"{name:>16}" for name in CONTENDERS))
    for sizes, batch in SIZES:
        steps = {name: make(sizes, batch) for name, make in CONTENDERS.items()}
        for step in steps.values():
            timed(step, 3)
        repeats = max(1, int(0.02 / timed(steps["handwritten"], 3)))
        times = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                times[name].append(timed(step, repeats))
        cells = []
        for name in steps:
            pairs = zip(times[name], times["handwritten"])
            ratio = median(ours / theirs for ours, theirs in pairs)
            cells.append(f"{median(times[name]) * 1e6:9.1f} ({ratio:.2f})")
        label = "-".join(map(str, sizes)) + f", {batch}"
        print(f"{label:>30}  " + "  ".join(f"{cell:>16}" for cell in cells), flush=True)


def peak(step):
    """The most memory that Python and numpy hold at once during a step, in bytes."""
    step()
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def memory_table():
    """Peak memory of a step, with the parameters and the batch counted in."""
    print("\nPeak memory of a step in MB (ratio to handwritten)")
    for sizes, batch in SIZES[2:]:
        x, t, W, b = problem(sizes, batch)
        held = sum(array.nbytes for array in (x, t, *W, *b))
        own, ours = (held + peak(make(sizes, batch)) for make in (handwritten, eager))
        label = "-".join(map(str, sizes)) + f", {batch}"
        print(f"{label:>30}  {own / 1e6:8.2f}  {ours / 1e6:8.2f} ({ours / own:.2f})")


def expression(number, relu, terms=115):
    """A sum of small rational expressions of two numbers, about 26 ops each."""
    total = number(0.0)
    for _ in range(terms):
        a, b = number(-4.0), number(2.0)
        c = a + b
        d = a * b + b**3
        c = c + (c + 1)
        c = c + (1 + c + (-a))
        d = d + (d * 2 + relu(b + a))
        d = d + (3 * d + relu(b - a))
        e = c - d
        f = e**2
        g = f / 2.0
        total = total + (g + 10.0 / f)
    return total


def _differentiated(number, relu):
    expression(number, relu).backward()


def scalars_table(rounds):
    """Microseconds for each node of a large expression of numbers, forward and backward."""
    numbers = {"eager": (al.Tensor, al.relu)}
    try:
        from micrograd.engine import Value

        numbers["micrograd"] = (Value, Value.relu)
    except ImportError:
        pass
    nodes = sum(t.op is not None for t in al.order(expression(*numbers["eager"])))
    sys.setrecursionlimit(100_000)  # micrograd sorts by recursion
    print(f"\nAn expression of {nodes} scalar ops, forward and backward, microseconds an op")
    for collector in (gc.enable, gc.disable):
        times = {name: [] for name in numbers}
        for _ in range(rounds):
            for name, number in numbers.items():
                gc.collect()
                collector()
                times[name].append(timed(partial(_differentiated, *number), 3) / nodes)
                gc.enable()
        cells = [f"{name} {median(values) * 1e6:.2f}" for name, values in times.items()]
        for name in numbers:
            if name != "eager":
                ratio = median(ours / theirs for ours, theirs in zip(times["eager"], times[name]))
                cells.append(f"ratio {ratio:.2f}")
        print(f"{f'garbage collector {collector.__name__}d':>30}  {', '.join(cells)}")


def import_table(rounds):
    """Seconds to import the packages, over numpy alone."""

    def seconds(statement):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        return time.perf_counter() - started

    pairs = [
        (seconds("import numpy"), seconds("import numpy, autograd_lite, nn")) for _ in range(rounds)
    ]
    print(f"\nimport autograd_lite, nn: {median(b - a for a, b in pairs):.3f} s over import numpy")


def kernel():
    """The matrix-product kernel in use, where the extra threadpoolctl can tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown BLAS kernel (threadpoolctl is not installed)"
    blas = [info for info in threadpool_info() if info["user_api"] == "blas"]
    return ", ".join(
        f"{b['internal_api']} {b['version']}, kernel {b.get('architecture')}, "
        f"{b['num_threads']} threads"
        for b in blas
    )


def main(quick=False):
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}")
    print(kernel())
    steps_table(3 if quick else 21)
    memory_table()
    scalars_table(3 if quick else 11)
    import_table(2 if quick else 11)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: a look, not a figure")
    main(parser.parse_args().quick)
