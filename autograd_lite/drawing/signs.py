"""Signs: how a vertex says what is done in it to the values that its edges bring.

An op is written as on paper, with names where the order of its inputs matters and with a dot where
it does not: `σ`, `+`, `1 − ·`, `x @ W`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..graph import Array, Node, Op
from ..reading import Ink, Page, written

OPEN, LAST = 0xE000, 0xF8FF  # where the characters begin that stand for inputs until a sign is done
HOLE, DOT = chr(OPEN), "·"
PLACES = "①②③④⑤⑥⑦⑧⑨"
LONGEST = 24  # of a sign with the names of its inputs


class Sign(NamedTuple):
    """What is written in a vertex; `places`, what is written beside its edges, if anything."""

    text: str
    places: tuple[str, ...] = ()


def sign(node: Node, called: Callable[[int], str | None]) -> Sign:
    """The sign of a node that has an op. called: what its i-th input is called, if it has a name.

    >>> from autograd_lite import Tensor, relu
    >>> h, W = Tensor([[1.0]]), Tensor([[2.0]])
    >>> [sign(y, ["h", "W"].__getitem__).text for y in (relu(h), 1 - h, h**2, h + W, h - W, h @ W)]
    ['relu', '1 − ·', '·²', '+', 'h − W', 'h @ W']
    >>> sign(h - W, lambda i: None)
    Sign(text='① − ②', places=('①', '②'))
    """
    op, inputs = node.op, [*zip(node.inputs, node.saved)]
    assert op is not None
    values = inputs_of(node)
    which = [*dict.fromkeys(id(inputs[i][0]) for i in values)]
    dots = {i: chr(OPEN + which.index(id(inputs[i][0]))) for i in values}
    if len(which) <= 1 or _commutes(op, len(inputs)):
        return Sign(_plain(_dotted(in_full(node, dots)), len(values), op.symbol))
    names = {i: whole(called(i) or "") for i in values}
    text = _dotted(in_full(node, {i: names[i] or dots[i] for i in values}))
    if sum(not names[i] for i in values) <= 1 and len(text) <= LONGEST:
        return Sign(text.replace(HOLE, DOT))
    if len(values) > len(PLACES):
        return Sign(op.name)
    numbered = dict(zip(values, PLACES))
    text = in_full(node, numbered)
    places = tuple(numbered.get(i, "") for i in range(len(inputs)))
    return Sign(text if len(text) <= LONGEST else op.name, places)


def inputs_of(node: Node) -> list[int]:
    """The positions of the inputs that edges bring."""
    pairs = zip(node.inputs, node.saved)
    return [i for i, (x, value) in enumerate(pairs) if not is_number(x, value)]


def in_full(node: Node, symbols: dict[int, str]) -> str:
    """The op on paper, of inputs that are written so; numbers stand for themselves."""
    op, value = node.op, node._array
    assert op is not None
    page = Page(latex=False, shape=value.shape, dtype=value.dtype, loose=True)
    inks = [
        Ink(page, symbols[i], shape=x.shape, dtype=x.dtype) if i in symbols else page.ink(x)
        for i, x in enumerate(node.saved)
    ]
    given = op.given(node.params)
    given.pop("keepdims", None)
    text = written(op, page, inks, given).whole()
    beside = " ".join(symbols.values())
    if text == beside and op.symbol:  # a product without a sign
        return f" {op.symbol} ".join(symbols.values())
    return text


def whole(name: str) -> str:
    """A name that stands for itself beside others: that of a part of `1 − t` does not."""
    return f"({name})" if " " in name or name.startswith("−") else name


def _dotted(text: str) -> str:
    return "".join(HOLE if OPEN <= ord(c) <= LAST else c for c in text)


def _plain(text: str, inputs: int, symbol: str) -> str:
    """Without the places of inputs where it is clear where they are: `relu(·)`, `· + ·`."""
    for end in (f"({HOLE})", f" of {HOLE}", f" {HOLE}"):
        start = text.removesuffix(end)
        if start != text and HOLE not in start and (end != f" {HOLE}" or start[-1] == "Σ"):
            return start
    parts = text.split(HOLE)
    if inputs > 1 and len(parts) == inputs + 1 and not parts[0] and not parts[-1]:
        signs = {part.strip() for part in parts[1:-1]}
        if len(signs) == 1:
            (between,) = signs
            return symbol if between in ("", DOT) else between
    return text.replace(HOLE, DOT)


def _commutes(op: Op, inputs: int) -> bool:
    """Is the result the same when two inputs change places?"""
    if not op.elementwise or inputs != 2:
        return False
    try:
        return bool(op.forward(2.5, 1.5) == op.forward(1.5, 2.5))
    except Exception:  # of an op, maybe the user's own, that is not one of two numbers
        return False


def is_number(x: Any, value: Array) -> bool:
    """Does an input stand for itself, as the 1 in 1 − h does?"""
    return not isinstance(x, Node) and not getattr(value, "shape", ())
