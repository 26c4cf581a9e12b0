"""The four articles' networks, and the derivations of their gradients: a page of Markdown.

python examples/derivations.py > examples/derivations.md
"""

import article_a
import article_b
import article_c
import article_d
import numpy as np

import autograd_lite as al

START = """\
# Four derivations

What `al.derive` says of the networks of the four articles: their losses are recorded by the
programs `article_a.py` to `article_d.py` beside this page, and nothing here is written by hand.
`print(al.derive(loss))` prints the text; a notebook shows the formulas, whose LaTeX is
`al.derive(loss).latex()`.

`d_z` is short for ∂loss/∂z. Two arrays side by side are a matrix product, ⊙ is the elementwise
product, and [z > 0] is 1 where z > 0 and else 0.
"""


def derivations():
    """Pairs of a title and a derivation."""
    weights, samples, targets = article_a.start(0)
    o0, t = samples[0], targets[0]
    loss = article_a.recorded(weights, o0, t)
    yield "A. Five sigmoid layers, samples as columns", al.derive(loss, names={"o0": o0, "t": t})

    params, X, Y = article_b.start(0)
    loss = article_b.recorded(params, X, Y, article_b.SIGMOID, article_b.SQUARED_NORM)
    yield "B. The chain f0, ..., f5", al.derive(loss, names={"f0": X, "Y": Y})

    x, y = article_c.line_points(0)
    C = article_c.recorded_neuron(np.full(2, 0.1), 0.1, x, y)
    yield "C. The neuron", al.derive(C, names={"x": x, "y": y})

    x, y = article_c.circle_points(0, count=article_c.BATCH)
    C = article_c.recorded(article_c.start(0), x, y)
    yield "C. The network of 2-3-2", al.derive(C, names={"x": x, "y": y})

    params = article_d.start(np.random.RandomState(1))
    x, t = np.ones((article_d.BATCH, 64)), np.ones((article_d.BATCH, 10))  # only shapes matter
    loss = article_d.squared_error(article_d.tensors(params), x, t)
    yield "D. ReLU, then sigmoid, rows are samples", al.derive(loss, names={"x": x, "t": t})


def page():
    """The page as Markdown."""
    parts = [START]
    for title, derivation in derivations():
        parts.append(
            f"\n## {title}\n\n```text\n{derivation}\n```\n\n$$\n{derivation.latex()}\n$$\n"
        )
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
