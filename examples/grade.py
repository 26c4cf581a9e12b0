"""Grade a folder of submissions: each student's backward pass is reviewed, and gets a report.

    python examples/grade.py FOLDER

Each `NAME.py` in the folder has `gradients(W1, b1, W2, b2, X, y)` for the loss of `student.py`. The
reports are `NAME.txt` beside them. The submissions are executed: grade those that you would run.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import student

import autograd_lite as al


def imported(path):
    """The module of a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grade(folder):
    """Write the reports; returns how many gradients of each submission are right."""
    args = student.make(np.random.default_rng(0))
    marks = {}
    for path in sorted(Path(folder).glob("*.py")):
        try:
            found = al.review(student.loss, imported(path).gradients, *args, make=student.make)
            marks[path.stem] = len(found.names) - len(found.wrong)
            report = str(found)
        except (ValueError, TypeError, AttributeError, SyntaxError) as error:
            marks[path.stem], report = 0, f"{type(error).__name__}: {error}"
        path.with_suffix(".txt").write_text(report + "\n", encoding="utf-8")
    return marks


if __name__ == "__main__":
    for name, right in grade(sys.argv[1]).items():
        print(f"{name}: {right} of 4 gradients right")
