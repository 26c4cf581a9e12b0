"""draw: the graph that was recorded as a picture, with boxes for values and ellipses for ops.

In three steps: `walk` says what is drawn and how it is joined, `write` puts that into DOT, and
`render` has it laid out.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..reverse import check_graph
from .dot import write
from .parts import walk
from .rendering import render

FORMATS = ("svg", "png", "pdf")


def draw(y: Any, names: Mapping[str, Any] | None = None, *, direction: str = "LR") -> Graph:
    """A picture of the recorded graph of `y`: what was computed from what, and in which shapes.

    y: a Tensor, or a list of Tensors to draw in one picture. names: what Tensors and arrays are
    called, as {name: value}; `names=locals()` will do. A Tensor's own name goes first; names that
    start with an underscore are left out. direction: "LR", from left to right, or "TB", downwards.

    An ellipse is an op. A box is a value: a parameter (a leaf Tensor; bold), an input (an array
    found in `names`; rounded), another constant (dashed), a named intermediate (divided in two), an
    output (double border). An unnamed intermediate is an edge that carries its shape.

    Raises TypeError if `y` is no Tensor and no list of them, ValueError for one that was computed
    inside `no_grad` and for another direction.

    >>> import numpy as np
    >>> from autograd_lite import Tensor, draw
    >>> W = Tensor([[1.0], [2.0]], name="W")
    >>> x = np.ones((5, 2))
    >>> graph = draw((x @ W).mean(), names={"x": x})
    >>> "(5, 2)" in graph.dot
    True
    """
    outputs = list(y) if isinstance(y, (list, tuple)) else [y]
    for output in outputs or [y]:
        check_graph(output, "what is to be drawn")
    if direction not in ("LR", "TB"):
        raise ValueError(
            f'draw got direction={direction!r}; "LR" (from left to right) or "TB" (from top to '
            'bottom) is needed; leave it out for "LR"'
        )
    return Graph(write(walk(outputs, names), direction))


@dataclass(frozen=True, repr=False)
class Graph:
    """A picture: `dot` is its text, `svg()` and `png()` are its renderings.

    A notebook shows it. Rendering needs Graphviz: the program `dot`, or the package pygraphviz,
    which `pip install pygraphviz` brings along.
    """

    dot: str

    def svg(self) -> str:
        """The picture as SVG. Raises ImportError where there is no Graphviz."""
        return render(self.dot, "svg").decode()

    def png(self) -> bytes:
        """The picture as PNG. Raises ImportError where there is no Graphviz."""
        return render(self.dot, "png")

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path`, an .svg, .png, .pdf or .dot; return the path written to.

        Where there is no Graphviz, the text is written beside it as .dot, with a warning. Raises
        ValueError for another suffix.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in (*FORMATS, "dot"):
            raise ValueError(
                f"save got {str(path)!r}; a name that ends in .svg, .png, .pdf or .dot is needed; "
                "change its ending, which chooses the format"
            )
        if kind != "dot":
            try:
                path.write_bytes(render(self.dot, kind))
                return path
            except ImportError as error:
                path = path.with_suffix(".dot")
                warnings.warn(f"{error}; wrote {path} instead", stacklevel=2)
        path.write_text(self.dot, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return self.dot

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except ImportError:
            return None  # the notebook then shows the text
