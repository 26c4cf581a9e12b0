"""The slips that people make in code, undone: small edits that rearrange a program's expressions.

Each function of `WAYS` is one way to go wrong. It gets an expression or a statement, and gives what
may have been meant, with what is said of it. An edit's `rank` is how far-fetched it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ..code import File
from ..pool import Pool
from . import calls, lacks, products, statements, sums, values
from .products import by_elements
from .site import Edit, Site, is_divisor

__all__ = ["Edit", "Site", "edits"]

OF_EXPRESSIONS = (*values.WAYS, *products.WAYS, *sums.WAYS, *lacks.WAYS, *calls.WAYS)
OF_STATEMENTS = statements.WAYS


def edits(pool: Pool, file: File, node: Any) -> Iterator[Edit]:
    """What may have been meant by a node.

    No whole numbers are multiplied: in a loop they might have no end of digits; and no function
    calls itself that did not: what it makes might grow until there is no memory. And nothing is
    multiplied by 1 or 0: then the factor is left out, or the line.
    """
    site = Site(pool, file, node)
    ways = OF_EXPRESSIONS if isinstance(node, ast.expr) else OF_STATEMENTS
    value = getattr(node, "value", None) if isinstance(node, ast.stmt) else node
    kinds = {kind for kind, _ in site.shapes(value)} if isinstance(value, ast.expr) else set()
    stars = file.segment(node).count("*") if hasattr(node, "lineno") else 0
    for way in ways:
        for edit in way(site):
            text = edit.changes[0][1]
            if kinds == {"i"} and text.count("*") > stars:
                continue
            if any(pool.calls_itself(edit.file, x, new) for x, new in edit.changes):
                continue
            if text not in ("0", "1") or not _scales(edit.file, edit.site):
                yield edit
                if pool.notes.matrices and text.count("*") > stars and len(edit.changes) == 1:
                    yield from by_elements(edit, pool.numpy[file.name])


def _scales(file: File, node: Any) -> bool:
    """Is something multiplied by it, or divided?"""
    above = file.parent[node]
    if not isinstance(above, ast.BinOp):
        return False
    return isinstance(above.op, ast.Mult) or is_divisor(node, above)
