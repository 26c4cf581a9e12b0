"""The pictures of the README: writes them beside this program.

    python examples/pictures.py [--out FOLDER]

A network, its backward pass beside it, the first wrong gradient of a student's pass, the chain of a
published article, and a page to step through backpropagation, of which Chromium, where it is
installed, makes a still.
"""

import argparse
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import student

import autograd_lite as al
from autograd_lite import Tensor, next_number, span

HERE = Path(__file__).parent
STEP = 12  # of the still


def network():
    """A two-layer network on five samples, and what its arrays are called."""
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(5, 3)), rng.integers(0, 2, (5, 2)) * 1.0
    W1, b1 = Tensor(rng.normal(size=(3, 4))), Tensor(np.zeros(4))
    W2, b2 = Tensor(rng.normal(size=(4, 2))), Tensor(np.zeros(2))
    loss = al.mse(al.sigmoid(al.relu(x @ W1 + b1) @ W2 + b2), t)
    return loss, {"x": x, "t": t, "W1": W1, "b1": b1, "W2": W2, "b2": b2}


def chain():
    """The chain of article B, one node an operation: f0 to f5."""
    rng = np.random.default_rng(0)
    f0, Y = rng.normal(size=(8, 20)), rng.normal(size=(8, 10))
    W1, b1 = Tensor(rng.normal(size=(20, 50))), Tensor(rng.normal(size=(1, 50)))
    W2, b2 = Tensor(rng.normal(size=(50, 10))), Tensor(rng.normal(size=(1, 10)))
    operations: list[tuple[str, Callable[[Any], Any]]] = [
        ("f1 = f0 W1 + b1", lambda f: f @ W1 + b1),
        ("f2 = a(f1)", al.sigmoid),
        ("f3 = f2 W2 + b2", lambda f: f @ W2 + b2),
        ("f4 = a(f3)", al.sigmoid),
        ("f5 = ‖f4 − Y‖²", lambda f: ((f - Y) ** 2).sum()),
    ]
    f = f0
    for label, operation in operations:
        start = next_number()
        f = span(label, start, operation(f))
    return f, {"f0": f0, "Y": Y}


def reviewed():
    """What a review finds in the pass of `student.py`."""
    args = student.make(np.random.default_rng(0))
    return al.review(student.loss, student.gradients, *args, make=student.make, progress=False)


def still(page, path, step):
    """A picture of a step of a page; None without Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        return None
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += ["--window-size=1240,760", f"--screenshot={path}", f"{page.as_uri()}#{step}"]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    return path


def main(out=HERE):
    out = Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    loss, names = network()
    found = reviewed()
    chained, called = chain()
    page = al.draw(loss, names).save(out / "stepper.html")
    written = [
        al.draw(loss, names).save(out / "graph.svg"),
        al.draw(loss, names, backward=True, direction="TB").save(out / "backward.svg"),
        al.draw(found.loss, backward=True, marks=found.marks, direction="TB").save(
            out / "ringed.svg"
        ),
        al.draw(chained, called, depth=0).save(out / "chain.svg"),
        page,
        still(page, out / "stepper.png", STEP),
    ]
    for path in filter(None, written):
        print(f"{path.name}: {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=HERE, help="folder for the files")
    main(**vars(parser.parse_args()))
