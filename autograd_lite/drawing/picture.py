"""draw: the graph that was recorded as a picture, with boxes for values and ellipses for ops.

In three steps: `walk` says what is drawn and how it is joined, `dot` (or `mermaid`, or `tree`) puts
that into text, and `rendering` has it laid out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ..graph import Node, describe
from ..reverse import check_graph, check_loss, order
from . import dot, mermaid, stepping
from .called import Called
from .parts import Edge, Mark, Picture
from .rendering import render
from .themes import THEMES
from .tree import tree
from .walk import Wishes, walk

WIDEST = 1050.0  # points up to which a picture goes from left to right; a notebook has some 900


def draw(
    y: Any,
    names: Mapping[str, Any] | None = None,
    *,
    values: bool = False,
    grads: bool = False,
    backward: bool = False,
    fold: bool = False,
    depth: int | None = None,
    direction: str | None = None,
    theme: str = "light",
    marks: Mapping[Node, Mark] | None = None,
    legend: bool = False,
    max_nodes: int = 1500,
) -> Graph:
    """A picture of the recorded graph of `y`: what was computed from what, and in which shapes.

    y: a Tensor, or a list of Tensors to draw in one picture. names: what Tensors and arrays are
    called, as {name: value}; `names=locals()` will do. A Tensor's own name goes first; names that
    start with an underscore are left out. What lists, dicts and objects in it hold is called
    `Ws[0]`, `P["W"]`, `net.W`, and what numpy made of a named array `x[2]`, `1 − t`. Of up to 500
    values, those without a name have the one that `derive` gives them: z1, a1, h1, loss.

    An ellipse is an op; its result has no name, and its shape is on the edges. A box with a grey
    part is an op and its result; the output has two borders. Other boxes are leaves: parameters
    (bold), inputs (arrays with a name; rounded) and constants (dashed). In an op · is what an edge
    brings, where that is clear; where the order matters there are names, or numbers ①, ② that stand
    at the edges, too. A leaf that is used far apart is drawn again, dashed.

    values: whether to write the numbers of small arrays, and of others what they are like. grads:
    the same of the `.grad` of parameters, or that there is none. backward: whether to draw, beside
    each value of a loss, the gradient with respect to it, and the rules that these come by, as
    `derive` has them. fold: whether to draw layers, or steps of a loop, that are alike once, with
    their number. depth: how many modules (or other spans) within each other are drawn open; a
    closed one is one box. direction: "LR", from left to right, or "TB", downwards; by default LR,
    unless that gets too wide. theme: "light" or "dark". marks: what was found of values, or if
    `backward` of their gradients, as {value: (status, note)}, such as the `marks` of a comparison:
    what is "wrong" is ringed, with its note. legend: whether to explain the boxes. max_nodes: of a
    graph that needs more vertices for what it computes, modules are closed until there are not
    more; if that is not enough, it is drawn as one; the picture then says so.

    Raises TypeError if `y` is no Tensor and no list of them, ValueError for one that was computed
    inside `no_grad`, for a `backward` of what is no loss, and for another direction or theme.

    >>> import numpy as np
    >>> from autograd_lite import Tensor, draw
    >>> W = Tensor([[1.0], [2.0]], name="W")
    >>> x = np.ones((5, 2))
    >>> draw((x @ W).mean(), names={"x": x})
    loss = 1/5 Σ  scalar
    └─ x @ W
       ├─ x  (5, 2)
       └─ W  (2, 1)
    """
    outputs = list(y) if isinstance(y, (list, tuple)) else [y]
    names = dict(names) if isinstance(names, Mapping) else names  # locals() change
    for output in outputs or [y]:
        check_graph(output, "what is to be drawn")
    for what, given, known in (
        ("direction", direction, (None, "LR", "TB")),
        ("theme", theme, tuple(THEMES)),
    ):
        if given not in known:
            raise ValueError(
                f"draw got {what}={given!r}; {' or '.join(map(repr, filter(None, known)))} is "
                "needed; leave it out for the usual one"
            )
    if backward:
        if len(outputs) > 1:
            raise ValueError(
                f"draw got {len(outputs)} outputs and backward=True; one loss is needed, whose "
                "gradients are drawn; draw each by itself"
            )
        check_loss(y if isinstance(y, Node) else outputs[0])
    if marks is not None and not all(isinstance(x, Node) for x in marks):
        other = next(x for x in marks if not isinstance(x, Node))
        raise TypeError(
            f"marks has {describe(other)} as a key; Tensors are needed, those of the graph; pass "
            "{value: (status, note)}, or the marks of a comparison"
        )
    wishes = Wishes(values, grads, backward, fold, depth, max_nodes)
    picture, told = walk(outputs, names, wishes, marks)
    html = partial(_stepping, outputs, names, direction, theme, marks or {})
    return Graph(picture, told, direction or _direction(picture), theme, legend, html)


def _direction(picture: Picture) -> str:
    """The usual direction; with rules along its edges, a picture is better read downwards."""
    with_rules = any(isinstance(part, Edge) and part.back for part in picture)
    return "LR" if dot.width(picture) <= WIDEST / (1 + with_rules) else "TB"


def _stepping(
    outputs: list[Node],
    names: Mapping[str, Any] | None,
    direction: str | None,
    theme: str,
    marks: Mapping[Node, Mark],
) -> str:
    """A page to step through the passes of a graph, all of whose parts are open."""
    nodes = order(*outputs)
    if len(nodes) > stepping.MOST:
        raise ValueError(
            f"the graph has {len(nodes):,} values; {stepping.MOST:,} at most are needed for a page "
            "to step through; draw a smaller one, such as fewer time steps, or save it as .svg"
        )
    called = Called(outputs, nodes, names)
    picture, _ = walk(outputs, names)
    try:
        way = direction or _direction(picture)
        svg = render(dot.write(picture, way, THEMES[theme], False, ""), "svg").decode()
    except (ImportError, TimeoutError, RuntimeError) as error:
        svg = ""
        warnings.warn(f"{error}; the page has the steps without a drawing", stacklevel=3)
    return stepping.page(outputs, picture, called, svg, theme, marks)


@dataclass(frozen=True, repr=False, eq=False)
class Graph:
    """A picture: `dot` is its text for Graphviz, `mermaid` for Mermaid, `str()` a tree.

    A notebook shows it. `svg()` and `png()` are its renderings, which need Graphviz: the program
    `dot`, or the package pygraphviz, which `pip install pygraphviz` brings along.
    """

    _picture: Picture
    _told: str
    _direction: str
    _theme: str
    _legend: bool
    _html: Callable[[], str]

    @cached_property
    def dot(self) -> str:
        """The picture in DOT: of the same graph always the same."""
        theme = THEMES[self._theme]
        return dot.write(self._picture, self._direction, theme, self._legend, self._told)

    @cached_property
    def mermaid(self) -> str:
        """The picture in Mermaid, which many sites show in Markdown."""
        return mermaid.write(self._picture, self._direction, THEMES[self._theme], self._told)

    def svg(self) -> str:
        """The picture as SVG.

        Raises ImportError where there is no Graphviz, and TimeoutError if it takes a minute.
        """
        text = render(self.dot, "svg").decode()
        return text.replace("<svg ", '<svg style="max-width: 100%; height: auto" ', 1)

    def png(self) -> bytes:
        """The picture as PNG. Raises what `svg` does."""
        return render(self.dot.replace("{\n", "{\n\tdpi=144\n", 1), "png")

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path`, and return the path written to.

        path: an .svg, .png or .pdf; an .html, a page to step through the forward and the backward
        pass, where all parts are open; a .dot or an .mmd, the text for Graphviz or Mermaid. Where
        there is no Graphviz, a picture is written as .dot beside it, with a warning that says what
        to install. Raises ValueError for another suffix, and for a page of too many steps.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        made: dict[str, Callable[[], str | bytes]] = {
            "svg": self.svg,
            "png": self.png,
            "pdf": lambda: render(self.dot, "pdf"),
            "dot": lambda: self.dot,
            "mmd": lambda: self.mermaid,
            "html": self._html,
        }
        if kind not in made:
            known = ", ".join(f".{known}" for known in made)
            raise ValueError(
                f"save got {str(path)!r}; a name that ends in one of {known} is needed; change its "
                "ending, which chooses the format"
            )
        try:
            found = made[kind]()
        except ImportError as error:
            path, found = path.with_suffix(".dot"), self.dot
            warnings.warn(f"{error}; wrote {path} instead", stacklevel=2)
        path.write_bytes(found.encode(errors="replace") if isinstance(found, str) else found)
        return path

    def __str__(self) -> str:
        return tree(self._picture, self._told)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """For notebooks: the picture; where there is no Graphviz, a remedy, text and Mermaid."""
        try:
            svg = self.svg()
            inline = svg[svg.index("<svg") :]
            return {"text/html": inline, "image/svg+xml": svg, "text/plain": str(self)}
        except (ImportError, TimeoutError, RuntimeError) as error:
            text = f"{error}\n\n```text\n{self}\n```\n\n```mermaid\n{self.mermaid}```"
            return {"text/markdown": text, "text/plain": f"{self}\n\n{error}"}
