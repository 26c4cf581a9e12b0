"""Rendering: Graphviz lays a picture out."""

from __future__ import annotations


def render(dot: str, format: str) -> bytes:
    """The picture that the text `dot` describes, laid out by the program dot or by pygraphviz."""
    import graphviz

    try:
        picture: bytes = graphviz.pipe("dot", format, dot.encode())
    except graphviz.ExecutableNotFound:
        try:
            from pygraphviz import AGraph
        except ImportError:
            raise ImportError(
                f"no Graphviz was found to draw the {format}; its program dot or the package "
                "pygraphviz is needed; pip install pygraphviz, or install Graphviz"
            ) from None
        picture = AGraph(string=dot).draw(prog="dot", format=format)
    return picture
