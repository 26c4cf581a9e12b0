"""Lay a picture out, in a process of its own: the text in DOT on stdin, the picture on stdout.

It is run as a program, by `rendering`, and imports nothing of this package: layout may take for
ever, and what is within a process cannot be ended.
"""

import sys

NONE = 3  # the exit status where there is no Graphviz


def main(format: str) -> int:
    text = sys.stdin.buffer.read()
    import graphviz

    try:
        picture = graphviz.pipe("dot", format, text, quiet=True)
    except graphviz.ExecutableNotFound:
        try:
            from pygraphviz import AGraph
        except ImportError:
            return NONE
        picture = AGraph(string=text.decode()).draw(prog="dot", format=format)
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
