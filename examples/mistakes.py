"""What goes wrong in handwritten backward passes, in small: writes `mistakes.md` beside it.

101 public backward passes were held against their own stated loss: 42 are right, 9 right up to one
factor, 2 are right gradients of another loss, and 48 are wrong. Here is each kind of mistake that
was found, made in one small network of this project's own, with what `al.review` says of it.

    python examples/mistakes.py
"""

import tempfile
from pathlib import Path

import numpy as np
import student
from grade import imported

import autograd_lite as al

HERE = Path(__file__).parent
SLOPE = "(1 - np.tanh(a1) ** 2)"
KINDS = [  # how many of the 48, what, and how it looks in the network of `student.py`
    (10, "the activation's derivative", "1 - a1 ** 2", "1 - z1 ** 2"),
    (7, "an output delta that does not fit the loss", "d2 /= len(y)", "d2 *= p * (1 - p) / len(y)"),
    (6, "a bias's gradient", "db1 = d1.sum(axis=0)", "db1 = d1.sum()"),
    (6, "a wrong variable or index", "dW2 = a1.T @ d2", "dW2 = z1.T @ d2"),
    (3, "a term too much, or too few", "dW1 = X.T @ d1", "dW1 = X.T @ d1 + 0.1 * W1"),
    (2, "unequal factors", "dW2 = a1.T @ d2", "dW2 = a1.T @ d2 / len(y)"),
    (2, "a product or a sign", "d2[np.arange(len(y)), y] -= 1", "d2[np.arange(len(y)), y] += 1"),
    (2, "weights that are updated already", "    d1 = (d2", "    W2 = W2 - dW2\n    d1 = (d2"),
    (1, "the forward pass itself", "a1 = np.tanh(z1)", "a1 = np.maximum(z1, 0)"),
]


def reviewed(text):
    """The review of a program's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.py"
        path.write_text(text, encoding="utf-8")
        module = imported(path)
        args = module.make(np.random.default_rng(0))
        return al.review(module.loss, module.gradients, *args, make=module.make)


def page():
    """The page, and the reviews."""
    right = Path(student.__file__).read_text(encoding="utf-8").replace(SLOPE, "(1 - a1 ** 2)")
    intro = __doc__.split("\n\n")[1].replace("\n", " ")
    parts, found = [f"# What goes wrong\n\n{intro}\n"], []
    for count, what, old, new in KINDS:
        review = reviewed(right.replace(old, new))
        found.append((old, review))
        text = str(review).split("\n\nthe pass, line by line")[0]
        parts.append(f"## {what[0].upper()}{what[1:]}: {count} of 48\n\n```text\n{text}\n```\n")
    return "\n".join(parts), found


if __name__ == "__main__":
    (HERE / "mistakes.md").write_text(page()[0], encoding="utf-8")
