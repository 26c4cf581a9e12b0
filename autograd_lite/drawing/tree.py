"""A picture as text for a terminal: a tree from what is drawn to what it is computed from."""

from __future__ import annotations

from .parts import SIGNS, Edge, Picture, Vertex, plain

DEEPEST = 16  # from here on, what a value is computed from is a tree of its own


def tree(picture: Picture, told: str = "") -> str:
    """The lines of a picture; what was told above (↑) is not told again, and what goes
    too deep is told below (↓).

    >>> from autograd_lite import Tensor
    >>> from autograd_lite.drawing.walk import walk
    >>> a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    >>> print(tree(*walk([a * b - a])))
    loss = · − a  scalar
    ├─ *
    │  ├─ a  scalar
    │  └─ b  scalar
    └─ a
    """
    inputs: dict[Vertex, list[Vertex]] = {}
    used: set[Vertex] = set()
    for part in picture:
        if isinstance(part, Edge) and not part.loop:
            inputs.setdefault(part.head, []).append(part.tail)
            used.add(part.tail)
    roots = [part for part in picture if isinstance(part, Vertex) and part not in used]
    done: set[Vertex] = set()
    lines: list[str] = []
    for root in roots:  # which grows meanwhile
        waiting = [(root, "", "")]
        while waiting:
            vertex, start, below = waiting.pop()
            its = inputs.get(vertex, [])
            if its and len(below) >= 3 * DEEPEST and vertex not in done:
                roots.append(vertex)
                lines.append(f"{start}{_text(vertex)}  ↓")
            elif vertex in done:
                lines.append(f"{start}{vertex.name or vertex.sign}" + "  ↑" * bool(its))
            else:
                done.add(vertex)
                lines.append(start + _text(vertex))
                for x in reversed(its):
                    ends = x is its[-1]
                    waiting.append(
                        (x, below + ("└─ " if ends else "├─ "), below + ("   " if ends else "│  "))
                    )
    return "\n".join([*lines, *([told] if told else [])])


def _text(vertex: Vertex) -> str:
    """A vertex in a line: what it is, its shape and numbers, and what was found of it."""
    mark = f"{SIGNS.get(vertex.mark[0], '•')} {vertex.mark[1]}" if vertex.mark else ""
    times = f"× {len(vertex.nodes)}" if len(vertex.nodes) > 1 and not vertex.is_leaf else ""
    said = [plain(vertex.text, 80), vertex.shape, times, "; ".join(vertex.notes), mark]
    return "  ".join(filter(None, said))
