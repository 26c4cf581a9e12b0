"""What a picture says: its parts as short texts, and the text that a reader of the SVG sees."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np

from autograd_lite.drawing.parts import Edge, Picture, Vertex
from autograd_lite.drawing.walk import Wishes, walk

SVG = "{http://www.w3.org/2000/svg}"


def drawn(y: Any, names: Any = None, marks: Any = None, **wishes: Any) -> Picture:
    """The picture of a value, or of several."""
    outputs = y if isinstance(y, list) else [y]
    return walk(outputs, names, Wishes(**wishes), marks)[0]


def vertices(picture: Picture) -> list[Vertex]:
    return [part for part in picture if isinstance(part, Vertex)]


def edges(picture: Picture) -> list[Edge]:
    return [part for part in picture if isinstance(part, Edge)]


def called(picture: Picture, name: str) -> Vertex:
    """The one vertex of that name, or that sign."""
    (found,) = (v for v in vertices(picture) if name in (v.name, v.name or v.sign))
    return found


def boxes(picture: Picture) -> list[str]:
    """Every vertex as `role: text shape`."""
    return [f"{v.role}: {v.text} {v.shape}".strip() for v in vertices(picture)]


def arrows(picture: Picture) -> list[str]:
    """Every edge as `tail -> head`, with what is written at it."""
    found = []
    for e in edges(picture):
        kind = "back" * e.back + "loop" * e.loop
        said = " ".join(filter(None, [kind, e.place, e.text]))
        found.append(
            f"{e.tail.name or e.tail.sign} -{said and f'[{said}]-'}> {e.head.name or e.head.sign}"
        )
    return found


def random_state() -> bytes:
    """The state of numpy's global generator, which nothing may touch."""
    return np.random.get_state()[1].tobytes()  # type: ignore[index]  # noqa: NPY002


def texts(svg: str) -> list[str]:
    """The lines of text in an SVG, in order."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return [(line.text or "").replace("\N{NO-BREAK SPACE}", " ").strip() for line in found]


def tooltips(svg: str) -> set[str]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}a")
    return {a.get("{http://www.w3.org/1999/xlink}title") or "" for a in found}
