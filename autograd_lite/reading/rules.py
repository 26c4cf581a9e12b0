"""The local rule of an op: what a node hands on to one of its inputs, as an expression on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Node, leaf
from ..mode import in_mode
from ..reverse import order, pullback
from ..terms import Term, Terms, needed, read
from .account import written_in
from .notation import Page, write

D = "d"  # what a rule calls the cotangent that comes in


class Rule(NamedTuple):
    """`text`: the cotangent of an input, where d is that of the result; `reads`: what else stands
    in it, the positions of inputs, and -1 for the result itself."""

    text: str
    reads: tuple[int, ...]


def local_rule(node: Node, i: int, names: Sequence[str], result: str) -> Rule:
    """How a node hands its cotangent d on to its i-th input: by its VJP, as it is written there.

    names: how its inputs are written; result: how the node is.

    >>> from autograd_lite import Tensor, tanh
    >>> x, W = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 1)))
    >>> local_rule(x @ W, 1, ["x", "W"], "z")
    Rule(text='xᵀ d', reads=(0,))
    >>> local_rule(tanh(x), 0, ["z"], "a").text
    'd ⊙ (1 − a²)'
    """
    kind: Any = type(node)
    op: Any = node.op
    copy = leaf(kind, node._array)
    copy.op, copy.params, copy.saved = op, node.params, node.saved
    copy.inputs = tuple(
        leaf(kind, np.asarray(value)) if hasattr(value, "shape") else value for value in node.saved
    )
    g = leaf(kind, np.ones_like(node._array))
    target = copy.inputs[i]
    gx: Any
    with in_mode(recording=True), np.errstate(all="ignore"):
        ((_, gx),) = pullback(copy, g, {target}, recorded=True)

    terms = Terms(is_read=True)
    page = Page(latex=False)
    symbols: dict[Any, str] = {}
    places: dict[Any, int] = {}
    leaves: dict[Any, Any] = {}
    told = {g: D, copy: result, **dict(zip(copy.inputs, names))}
    for x, name in told.items():
        if isinstance(x, Node):
            leaves[x] = terms.leaf(x.shape, x.dtype)
            symbols[leaves[x]] = name
    for place, x in enumerate(copy.inputs):
        if isinstance(x, Node):
            places[leaves[x]] = place
    places[leaves[copy]] = -1

    def constant(value: Any) -> Term:
        term = terms.leaf(value.shape, value.dtype)
        symbols[term] = "c"
        return term

    found = read(terms, [x for x in order(gx) if x not in leaves], leaves, constant)
    term = found[gx]
    if not isinstance(term, Term) or term in symbols:
        text = symbols[term] if isinstance(term, Term) else page.ink(term).whole()
        return Rule(text, tuple(places[term] for _ in [0] if term in places))
    whole, part = write(written_in([term], symbols), symbols, page, (), terms.ratios)
    reads = {places[t] for t in needed([term]) if t in places}
    return Rule((whole[term] if term in whole else part(term)).whole(), tuple(sorted(reads)))
