"""The local rules of a backward pass: what each node hands on to each of its inputs, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..graph import Node
from ..terms import Term
from .account import written_in
from .letters import on_one_line
from .notation import Page, write
from .steps import is_computed, recorded


def rules(
    loss: Any, names: Mapping[str, Any] | None, called: Callable[[Node], str | None]
) -> dict[tuple[Node, int], str]:
    """How a loss's gradient with respect to the i-th input of a node comes from that of the node.

    It is written with what values are `called`, `d_z` for the gradient with respect to z, and g for
    that of a value without a name. What has no rule that can be written so is left out.
    """
    r = recorded(loss, None, names, on_paper=True)
    page = Page(latex=False)
    symbols: dict[Any, str] = {}
    nodes: dict[Any, list[Node]] = {}
    for node, t in r.term_of.items():
        nodes.setdefault(t, []).append(node)
        if isinstance(t, Term) and (name := called(node)):
            symbols.setdefault(t, page.symbol(on_one_line(name)))
    for t, name in r.called.items():
        symbols.setdefault(t, page.symbol(on_one_line(name)))
    for constant in r.constants:
        symbols.setdefault(constant, "c")
    values = set(symbols)
    for t, slope in r.slope_of.items():
        if t in symbols and t is not r.loss and is_computed(slope):
            symbols.setdefault(slope, page.sign("cotangent", symbols[t]))
    found: dict[tuple[Node, int], str] = {}
    for y, i, g, gx in ((p.y, p.i, p.g, p.gx) for p in r.pulls):
        own = symbols if not is_computed(g) or g in symbols else symbols | {g: "g"}
        if gx is g or gx in values or not isinstance(gx, Term):
            text = own.get(gx, "1") if isinstance(gx, Term) else page.ink(gx).whole()
        else:
            shown = {t: name for t, name in own.items() if t is not gx}
            terms = written_in([gx], shown)
            whole, part = write(terms, shown, page, (), r.terms.ratios)
            text = (whole[gx] if gx in whole else part(gx)).whole()
        for node in nodes.get(y, ()):
            found[node, i] = text
    return found
