"""The doctor: what an installation is made of, what makes it slow, and whether it computes right.

It looks into every room, and into nn, as a user does: nothing imports it but the shell command.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

import autograd_lite as al

from .showing import with_bar

PACKAGE = "autograd-lite"  # as it is installed
SIGNS = {"well": "✓", "remark": "!", "broken": "✗"}

# Kernels of OpenBLAS for x86-64, the widest last: by one that runs on any CPU with what numpy
# finds there (by its names before 2.4 and since), and others that are as wide.
KERNELS = {
    "Haswell": ({"AVX2", "X86_V3"}, {"Zen"}),
    "SkylakeX": ({"AVX512_SKX", "X86_V4"}, {"Cooperlake", "SapphireRapids"}),
}
WORTH = 1.1  # times as fast, from where on another kernel is named
PRODUCT = """
import time
import numpy as np
x = np.ones((700, 700), np.float32)
times = []
for _ in range(20):
    start = time.perf_counter()
    x @ x
    times.append(time.perf_counter() - start)
print(min(times))
"""


class Finding(NamedTuple):
    """What was looked at, its state ("well", "remark" or "broken"), and what there is to say."""

    what: str
    state: str
    text: str

    def __str__(self) -> str:
        return f"{SIGNS[self.state]} {self.what:<9} {self.text}"


def doctor(progress: bool = True) -> list[Finding]:
    """Look at this installation: versions, speed, extras, names, and what it computes.

    A remark is what could be better, and broken what does not work. It takes a few seconds, ten at
    most. progress: show a bar (tqdm's, where it is installed) on stderr if it takes more than two.
    """
    looks: list[Callable[[], Iterable[Finding]]] = [
        *(_versions, _blas, _renderer, _extras, _name_of_nn),
        *(_of_test(name, test) for name, test in SELF_TEST.items()),
    ]
    return [found for look in with_bar("looking", progress, looks) for found in look()]


def _versions() -> Iterator[Finding]:
    try:
        own = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        own = "not installed"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    text = f"{PACKAGE} {own}, Python {platform.python_version()}, numpy {np.__version__}, {system}"
    yield Finding("versions", "well", text)


# Matrix products --------------------------------------------------------------------------------


def blas() -> list[tuple[str, str]]:
    """The libraries of matrix products that are loaded: the kernel of each, and all about it.

    Raises ImportError without the package threadpoolctl, which can tell.
    """
    from threadpoolctl import threadpool_info

    return [
        (
            str(its.get("architecture")),
            f"{its['internal_api']} {its['version']}, kernel {its.get('architecture')}, "
            f"{its['num_threads']} threads",
        )
        for its in threadpool_info()
        if its["user_api"] == "blas"
    ]


def _blas() -> Iterator[Finding]:
    try:
        loaded = blas()
    except ImportError:
        text = "the kernel is unknown; threadpoolctl can tell; pip install threadpoolctl"
        yield Finding("BLAS", "remark", text)
        return
    if not loaded:
        text = "the library of matrix products is none that threadpoolctl knows; nothing to do"
        yield Finding("BLAS", "well", text)
    for kernel, text in loaded:
        yield Finding("BLAS", "well", text)
        wider = _wider(kernel) if "openblas" in text else None
        if wider:
            now, then = _seconds(None), _seconds(wider)
            if now > WORTH * then:
                text = (
                    f"kernel {kernel}, and this CPU has one that is {now / then:.1f} times as "
                    f"fast; set OPENBLAS_CORETYPE={wider} before Python starts"
                )
                yield Finding("BLAS", "remark", text)


def _wider(kernel: str) -> str | None:
    """The widest kernel that this CPU can run, if it is wider than `kernel`."""
    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    features = {*simd.get("baseline", ()), *simd.get("found", ())}
    widest = None
    for name, (needed, others) in KERNELS.items():
        if kernel in (name, *others):
            widest = None
        elif needed & features:
            widest = name
    return widest


def _seconds(kernel: str | None) -> float:
    """The time of a matrix product with a kernel, in a process of its own, which can choose one."""
    choice = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    done = subprocess.run(
        [sys.executable, "-c", PRODUCT],
        env=os.environ | choice,
        capture_output=True,
        text=True,
    )
    return float(done.stdout) if done.returncode == 0 else np.inf


# What is installed ------------------------------------------------------------------------------


def _renderer() -> Iterator[Finding]:
    from .drawing.rendering import render

    try:
        render("digraph { a -> b }", "svg")
    except ImportError as error:
        yield Finding("pictures", "remark", str(error))
        return
    except (RuntimeError, TimeoutError) as error:
        yield Finding("pictures", "broken", f"{error}; install Graphviz anew, or pygraphviz")
        return
    import graphviz

    try:
        text = f"Graphviz {'.'.join(map(str, graphviz.version()))}, its program dot"
    except graphviz.ExecutableNotFound:
        text = f"pygraphviz {metadata.version('pygraphviz')}"
    yield Finding("pictures", "well", text)


def _extras() -> Iterator[Finding]:
    try:
        needs = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        text = f"unknown, for {PACKAGE} is not installed; pip install -e . in its folder"
        yield Finding("extras", "remark", text)
        return
    extras: dict[str, list[str]] = {}
    for need in needs:
        if found := re.match(r"([\w.-]+).*; extra == .(\w+).", need):
            extras.setdefault(found[2], []).append(found[1])
    for extra, names in extras.items():
        missing = [name for name in names if not _version(name)]
        there = ", ".join(f"{name} {_version(name)}" for name in names if name not in missing)
        text = f"{extra}: {there or 'nothing'}"
        if missing:
            text += f"; without {', '.join(missing)}; pip install '{PACKAGE}[{extra}]'"
        yield Finding("extras", "well", text)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _name_of_nn() -> Iterator[Finding]:
    found = find_spec("nn")
    place = Path(found.origin).parent if found and found.origin else None
    ours = Path(__file__).parents[1] / "nn"
    if _version("nn"):
        text = (
            "another package called nn is installed, and has overwritten this one's or will; pip "
            f"uninstall nn, then pip install --force-reinstall {PACKAGE}"
        )
    elif place != ours:
        text = f"import nn gives {place}, not {ours}; rename it, or leave its folder"
    else:
        yield Finding("nn", "well", "is this project's")
        return
    yield Finding("nn", "broken", text)


# The self-test ----------------------------------------------------------------------------------


def _of_test(name: str, test: Callable[[], bool]) -> Callable[[], Iterator[Finding]]:
    def look() -> Iterator[Finding]:
        try:
            fault = "" if test() else "gives wrong numbers"
        except Exception as error:
            fault = f"raises {type(error).__name__}: {error}"
        if fault:
            text = f"{name}: {fault}; pip install --force-reinstall {PACKAGE} numpy"
            yield Finding("self-test", "broken", text)
        else:
            yield Finding("self-test", "well", f"{name}: right")

    return look


def _network() -> tuple[al.Tensor, list[al.Tensor], np.ndarray]:
    """A loss, its parameters, and the gradient of the first one, worked out by hand."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((7, 4)), rng.random((7, 3))
    W1, W2 = al.Tensor(rng.standard_normal((4, 5))), al.Tensor(rng.standard_normal((5, 3)))
    loss = al.mse(al.tanh(x @ W1) @ W2, t)
    a = np.tanh(x @ W1.data)
    by_hand = x.T @ ((2 / t.size * (a @ W2.data - t)) @ W2.data.T * (1 - a**2))
    return loss, [W1, W2], by_hand


def _gradients() -> bool:
    loss, parameters, by_hand = _network()
    return np.allclose(al.grad(loss, parameters)[0], by_hand, rtol=1e-12, atol=1e-14)


def _second_derivatives() -> bool:
    x = np.array([0.5, 1.5, 0.8])
    return al.check_grad(lambda x: (al.softmax(x) * al.log(x)).sum(), x, order=2).ok


def _sources() -> bool:
    loss, parameters, by_hand = _network()
    read = al.source(loss, parameters)
    _, slope, _ = read.function(*(p.data for p in parameters))
    return np.allclose(slope, by_hand, rtol=1e-12, atol=1e-14)


def _training() -> bool:
    import nn

    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    model = nn.MLP([2, 8, 1], activation="tanh", rng=0)
    adam = nn.Adam(model.parameters(), lr=0.05)
    nn.fit(model, nn.mse, x, y, adam, epochs=300, rng=0, progress=False)
    with TemporaryDirectory() as folder:
        nn.save(model, Path(folder) / "model.npz")
        again = nn.MLP([2, 8, 1], activation="tanh", rng=1)
        nn.load(again, Path(folder) / "model.npz")
    return nn.accuracy(model.predict(x), y) == 1 and np.array_equal(
        model.predict(x), again.predict(x)
    )


SELF_TEST = {
    "gradients": _gradients,
    "second derivatives": _second_derivatives,
    "sources": _sources,
    "compiled training, saving and loading": _training,
}
