"""Drawing: pictures of a recorded graph."""

from .picture import Graph, draw

__all__ = ["Graph", "draw"]
