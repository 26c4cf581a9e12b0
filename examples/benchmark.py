"""Speed of each way of writing a training step, and of training on digits, timed in one run.

    python examples/benchmark.py [--quick] [--plot speed.png]

The contenders are in `contenders.py`; those whose package is missing are left out. In each round
all of them take their turn, in another order, so that what disturbs the machine disturbs all of
them; a rest before each lets the threads of the one before come to a halt. The tables give medians
over rounds; a ratio is the median of the ratios within rounds. The garbage collector is off while
a clock runs.
"""

import argparse
import gc
import platform
import random
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
from contenders import DIGITS_LOOPS, STEPS, compiled_with, digits, written_out

import autograd_lite as al
from autograd_lite.doctor import blas

SIZES = [  # layers, samples in a batch
    ((10, 60, 140, 50, 10, 1), 1),
    ((64, 15, 10), 15),
    ((784, 128, 10), 64),
    ((784, 512, 512, 10), 128),
    ((784, 1024, 1024, 10), 256),
]
MEMORY_SIZES = [  # what grows with the batch, and what with the layers
    ((64, 15, 10), 15),
    ((64, 15, 10), 150),
    ((640, 150, 10), 15),
    ((784, 1024, 1024, 10), 256),
]
REST = 0.15  # s; OpenBLAS's idle threads spin for 0.1 s, in the way of another library's threads
OURS = ("compiled", "eager")
PACKAGES = ("torch", "jax", "autograd", "mygrad", "micrograd", "scikit-learn")
COLORS = {  # told apart by colour-blind readers; the names stand beside the bars all the same
    "compiled": "#005A8C",
    "eager": "#56B4E9",
    "JAX jit": "#E69F00",
    "PyTorch": "#D55E00",
    "MyGrad": "#CC79A7",
    "HIPS autograd": "#7A1F52",
}


def timed(step, repeats=1):
    """Seconds that a call takes."""
    started = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - started) / repeats


def warm(step, seconds=0.02):
    """A function that times a call of `step` by many of them, which take `seconds` together."""
    timed(step, 3)
    repeats = max(1, round(seconds / timed(step, 3)))

    def clock():
        step()  # brings its arrays back into the caches, and its threads to life
        return timed(step, repeats)

    return clock


def in_turns(clocks, rounds, collector=gc.disable):
    """What each of the functions `clocks` gives in each round, by name."""
    rest = REST if sys.modules.keys() & {"jax", "torch"} else 0
    times = {name: [] for name in clocks}
    shuffled = random.Random(0)
    gc.collect()
    gc.freeze()  # the packages' own objects are not searched for garbage again and again
    for _ in range(rounds):
        for name in shuffled.sample(list(clocks), len(clocks)):
            gc.collect()
            time.sleep(rest)
            collector()
            times[name].append(clocks[name]())
            gc.enable()
    gc.unfreeze()
    return times


def ratios(times, base="handwritten"):
    """The median over rounds of each contender's time over that of `base`."""
    return {
        name: median(own / other for own, other in zip(values, times[base]))
        for name, values in times.items()
    }


def installed(contenders, *arguments):
    """What the contenders return whose packages can be imported, by name."""
    results = {}
    for name, contender in contenders.items():
        try:
            results[name] = contender(*arguments)
        except ImportError:
            continue
    return results


def label(sizes, batch):
    return "-".join(map(str, sizes)) + f", {batch}"


def show(title, columns, rows):
    """Print a table; each row begins with its name."""
    lines = [["", *columns], *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    print(f"\n{title}")
    for name, *cells in lines:
        padded = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:])]
        print("   ".join([f"  {name:<{widths[0]}}", *padded]), flush=True)


def steps_table(rounds):
    """Microseconds of each contender's step at each size; returns their ratios to handwritten."""
    cells, found = {}, {}
    for sizes, batch in SIZES:
        times = in_turns(
            {name: warm(step) for name, step in installed(STEPS, sizes, batch).items()}, rounds
        )
        found[label(sizes, batch)] = ratios(times)
        for name, ratio in ratios(times).items():
            cell = f"{median(times[name]) * 1e6:,.1f} {ratio:6.2f}"
            cells.setdefault(name, []).append(cell)
    title = "One SGD step (forward, backward, update), float32: microseconds, and over handwritten"
    show(title, list(found), [[name, *row] for name, row in cells.items()])
    return found


def formulas_table(rounds):
    """A compiled step whose sigmoids are written out, and one that names them."""
    rows = []
    for sizes, batch in SIZES[:3]:
        steps = {"al.sigmoid": al.sigmoid, "1 / (1 + np.exp(-z))": written_out}
        clocks = {
            name: warm(compiled_with(sigmoid, sizes, batch)) for name, sigmoid in steps.items()
        }
        times = in_turns(clocks, rounds)
        over = ratios(times, base="al.sigmoid")
        cells = [f"{median(times[name]) * 1e6:,.1f} {over[name]:6.2f}" for name in steps]
        rows.append([label(sizes, batch), *cells])
    show("Compiled, all sigmoid: microseconds, and over al.sigmoid", list(steps), rows)


def first_step_table(rounds):
    """Milliseconds from arrays to the first result, tracing and compiling included."""
    sizes, batch = SIZES[1]

    def first(make):
        return timed(lambda: make(sizes, batch)())

    known = installed(STEPS, sizes, batch)  # each package has been imported and has started up
    clocks = {name: partial(first, STEPS[name]) for name in known if name != "products"}
    times = in_turns(clocks, rounds)
    title = f"First step of {label(sizes, batch)}, with all that is prepared for it: milliseconds"
    show(title, list(times), [["", *(f"{median(t) * 1e3:.2f}" for t in times.values())]])


def memory(make, sizes, batch):
    """Bytes held between steps, and the most that a step holds on top of them."""
    tracemalloc.start()
    try:
        step = make(sizes, batch)
        for _ in range(3):
            step()
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step()
        return held, tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()


def memory_table():
    """Kilobytes held between steps, and allocated during a step: at most, at one time."""
    columns = ("handwritten", *OURS)
    rows = []
    for sizes, batch in MEMORY_SIZES:
        figures = [memory(STEPS[name], sizes, batch) for name in columns]
        cells = [f"{held / 1e3:,.1f} + {more / 1e3:8,.1f}" for held, more in figures]
        rows.append([label(sizes, batch), *cells])
    show("Memory in kB: held between steps + allocated during a step", columns, rows)


def digits_table(rounds, epochs):
    """Seconds to train on digits, and how much of them each network then knows."""
    try:
        x, t, classes = digits()
    except ImportError:
        print("\nDigits: left out, scikit-learn brings the data and is not installed")
        return
    outputs = installed(DIGITS_LOOPS, x, t, classes, epochs)
    loops = {name: partial(DIGITS_LOOPS[name], x, t, classes, epochs) for name in outputs}
    times = in_turns({name: partial(timed, loop) for name, loop in loops.items()}, rounds)
    rows = []
    for name, ratio in ratios(times).items():
        accuracy = np.mean(outputs[name].argmax(axis=1) == classes)
        rows.append([name, f"{median(times[name]):.2f}", f"{ratio:.2f}", f"{accuracy:.3f}"])
    title = f"Digits, 64-15-10, {epochs} epochs of batch 15"
    show(title, ["seconds", "over handwritten", "training accuracy"], rows)


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


def differentiated(number, relu):
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
    rows = []
    for collector in (gc.enable, gc.disable):
        clocks = {
            name: partial(timed, partial(differentiated, *number), 3)
            for name, number in numbers.items()
        }
        times = in_turns(clocks, rounds, collector)
        cells = [
            f"{median(times[name]) / nodes * 1e6:.2f} {ratio:6.2f}"
            for name, ratio in ratios(times, base="eager").items()
        ]
        rows.append([f"garbage collector {collector.__name__}d", *cells])
    title = f"{nodes} scalar ops, forward and backward: microseconds an op, and over eager"
    show(title, list(numbers), rows)


def import_table(rounds):
    """Seconds to import the packages, over numpy alone."""

    def seconds(statement):
        return timed(partial(subprocess.run, [sys.executable, "-c", statement], check=True))

    pairs = [
        (seconds("import numpy"), seconds("import numpy, autograd_lite, nn")) for _ in range(rounds)
    ]
    print(f"\nimport autograd_lite, nn: {median(b - a for a, b in pairs):.3f} s over import numpy")


def heading():
    """What the figures depend on: the machine, the versions, and the matrix-product kernel."""
    cpuinfo = Path("/proc/cpuinfo")
    models = [
        line.split(":", 1)[1].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else [])
        if line.startswith("model name")
    ]
    print(f"{models[0] if models else platform.processor() or platform.machine()}")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {kernel()}")
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    print(", ".join(found) + (f"; not installed: {', '.join(missing)}" if missing else ""))


def kernel():
    """The matrix-product kernel in use, where the package threadpoolctl can tell."""
    try:
        return ", ".join(text for _, text in blas())
    except ImportError:
        return "unknown BLAS kernel (threadpoolctl is not installed)"


def plot(found, path):
    """The ratios of `steps_table` as bars that begin at the handwritten step's 1."""
    from matplotlib.figure import Figure

    names = [name for name in COLORS if name in next(iter(found.values()))]
    values = [value for ratio in found.values() for value in ratio.values()]
    figure = Figure(figsize=(8.3, 0.9 + len(found) * (0.2 * len(names) + 0.35)), dpi=150)
    figure.set_layout_engine("constrained")
    figure.suptitle(
        "Time of one training step over that of handwritten numpy\n"
        "left of the line: faster; dotted: numpy's matrix products of the step alone",
        fontsize=10,
    )
    panels = figure.subplots(len(found), sharex=True, squeeze=False)[:, 0]
    for axes, (size, ratio) in zip(panels, found.items()):
        for i, name in enumerate(names):
            axes.barh(i, ratio[name] - 1, left=1, color=COLORS[name], height=0.8)
            beside = 1.03 * max(ratio[name], 1)
            full = f"autograd_lite, {name}" if name in OURS else name
            axes.text(beside, i, f"{full} {ratio[name]:.2f}", va="center", fontsize=9)
        axes.axvline(1, color="black", linewidth=1.2)
        axes.axvline(ratio["products"], color="#4D4D4D", linestyle=":")
        axes.set(ylim=(len(names) - 0.4, -0.6), yticks=[], xscale="log")
        axes.set_title(
            size.replace(", ", ", batch "), loc="left", fontsize=9, fontweight="bold", pad=3
        )
        axes.spines[["left", "right", "top", "bottom"]].set_visible(False)
        axes.tick_params(which="both", bottom=False, labelbottom=False)
    panels[-1].spines["bottom"].set_visible(True)
    panels[-1].tick_params(bottom=True, labelbottom=True)
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if tick < max(values) * 1.2]
    panels[-1].set_xticks(ticks, [f"{tick:g} ×" for tick in ticks], fontsize=9)
    panels[-1].set_xlim(min(values) / 1.1, max(values) * 1.9)
    figure.savefig(path)


def main(quick=False, plot_path=None):
    if plot_path is not None and find_spec("matplotlib") is None:
        raise ImportError("--plot found no matplotlib; it draws with it; pip install matplotlib")
    heading()
    found = steps_table(3 if quick else 21)
    formulas_table(3 if quick else 11)
    first_step_table(3 if quick else 11)
    memory_table()
    digits_table(3 if quick else 5, epochs=2 if quick else 100)
    scalars_table(3 if quick else 11)
    import_table(2 if quick else 11)
    if plot_path is not None:
        plot(found, plot_path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: a look, not a figure")
    parser.add_argument("--plot", metavar="PATH", help="a picture of the steps' ratios")
    options = parser.parse_args()
    main(options.quick, options.plot)
