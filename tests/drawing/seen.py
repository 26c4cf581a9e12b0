"""What a picture says, as Graphviz itself reads it."""

from collections import Counter
from xml.etree import ElementTree

from pygraphviz import AGraph

# What a role looks like: shape, style, fill, border, number of borders.
LOOKS = {
    "input": ("box", {"rounded", "filled"}, "#9CD3F2", "#005A8C", "1"),
    "parameter": ("box", {"rounded", "filled", "bold"}, "#FFD166", "#8A5000", "1"),
    "op": ("ellipse", {"filled"}, "#E4E4E4", "#4D4D4D", "1"),
    "intermediate": ("record", {"filled"}, "#FFFFFF", "#8C8C8C", "1"),
    "output": ("box", {"filled"}, "#D58CB8", "#7A1F52", "2"),
    "constant": ("box", {"dashed", "filled"}, "#F4F4F4", "#8C8C8C", "1"),
}


def role_of(vertex, defaults):
    def look(key):
        return vertex.attr[key] or defaults.get(key, "")

    found = (
        look("shape"),
        set(look("style").split(",")),
        look("fillcolor"),
        look("color"),
        look("peripheries") or "1",
    )
    return next(role for role, expected in LOOKS.items() if expected == found)


def parsed(graph):
    return AGraph(string=graph.dot)


def vertices(graph):
    """Every vertex as 'role: text', as often as it is drawn."""
    read = parsed(graph)
    return Counter(
        f"{role_of(v, read.node_attr)}: {v.attr['label']}".replace("\\n", " ").replace("|", " ")
        for v in read.nodes()
    )


def edges(graph):
    """Every edge as 'tail -> head' or 'tail -(shape)-> head', by the first word of each."""
    read = parsed(graph)

    def first(id):
        return read.get_node(id).attr["label"].replace("\\n", " ").replace("|", " ").split(" ")[0]

    return Counter(
        f"{first(e[0])} -{(e.attr['label'] or '').strip()}> {first(e[1])}" for e in read.edges()
    )


def lines(graph):
    """The lines of text in the SVG, as (text, x, y)."""
    root = ElementTree.fromstring(graph.svg())
    return [
        ((line.text or "").replace("\N{NO-BREAK SPACE}", " "), line.get("x"), float(line.get("y")))
        for line in root.iter("{http://www.w3.org/2000/svg}text")
    ]


def shown(graph):
    """What a reader of the SVG reads."""
    return [text for text, _, _ in lines(graph)]
