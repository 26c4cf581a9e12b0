"""How things show themselves in a notebook: tables, arrays and sources; any text is safe there.

A colour is a tint behind text that has the notebook's own, be it dark on light or light on dark.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape
from math import prod
from typing import Any

import numpy as np

SIGNS = {True: ("✓", "rgba(0, 158, 115, 0.2)"), False: ("✗", "rgba(213, 94, 0, 0.3)")}
LEFT, RIGHT = "text-align: left", "text-align: right"
BOX = "font-family: monospace; max-height: 40em; overflow: auto"  # nbconvert has another font
MOST = 100  # numbers of an array that a notebook shows without an ellipsis
WIDTH = 100  # of a line of them


class Table(str):
    """A table as a text, which a notebook shows as a table.

    head: what the columns are called. rows: a text for each column; a notebook gets them escaped.
    right: the positions of columns that are aligned at their right, as numbers are. verdicts: for
    each row, whether it is well; a notebook tells it by a sign and a tint. title: what a notebook
    writes above.

    >>> Table(("name", "number"), [("W", "6"), ("b", "12")], right=[1])
    name  number
    W          6
    b         12
    """

    _given: tuple[Any, ...]

    def __new__(
        cls,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        right: Collection[int] = (),
        verdicts: Sequence[bool] = (),
        title: str = "",
    ) -> Table:
        cells = [head, *rows]
        widths = [max(map(len, column)) for column in zip(*cells)]
        adjust = [str.rjust if i in right else str.ljust for i in range(len(head))]
        lines = (
            "  ".join(put(cell, width) for put, cell, width in zip(adjust, row, widths)).rstrip()
            for row in cells
        )
        table = super().__new__(cls, "\n".join(lines))
        table._given = head, cells[1:], right, verdicts, title
        return table

    def __getnewargs__(self) -> Any:  # for copies and pickles
        return self._given

    __repr__ = str.__str__

    def _repr_html_(self) -> str:
        head, rows, right, verdicts, title = self._given
        styles = [RIGHT if i in right else LEFT for i in range(len(head))]
        tints = [""] * len(rows)
        if verdicts:
            head, styles = ["", *head], [LEFT, *styles]
            rows = [[SIGNS[well][0], *row] for well, row in zip(verdicts, rows)]
            tints = [SIGNS[well][1] for well in verdicts]
        lines = [_row("td", row, styles, tint) for row, tint in zip(rows, tints)]
        caption = f'<caption style="{LEFT}"><b>{escape(title)}</b></caption>' if title else ""
        return (
            f"<table>{caption}<thead>{_row('th', head, styles)}</thead>"
            f"<tbody>{''.join(lines)}</tbody></table>"
        )


def _row(kind: str, cells: Sequence[str], styles: Sequence[str], tint: str = "") -> str:
    inner = "".join(
        f'<{kind} style="{style}">{escape(cell)}</{kind}>' for cell, style in zip(cells, styles)
    )
    return f'<tr style="background: {tint}">{inner}</tr>' if tint else f"<tr>{inner}</tr>"


def paragraph(text: str) -> str:
    """HTML of a sentence."""
    return f"<p>{escape(text)}</p>"


def judged(well: bool, text: str) -> str:
    """HTML of a line of a formula or of code, with the sign and the tint of whether it is well."""
    sign, tint = SIGNS[well]
    return f'<pre style="background: {tint}; margin: 0">{sign} {escape(text)}</pre>'


def titled(title: str, facts: str, text: str) -> str:
    """HTML of a text as it stands, such as the numbers of an array, below what it is."""
    return (
        f'<div><b>{escape(title)}</b> {escape(facts)}</div><pre style="{BOX}">{escape(text)}</pre>'
    )


def numbers(array: np.ndarray, most: int, prefix: str = "", **options: Any) -> str:
    """The numbers of an array, as `np.array2string` writes them, which takes the options.

    Of more than `most` these are the first and last along each axis; and where the array has so
    many axes that this is no help, only the first part along the first of them.

    >>> print(numbers(np.zeros((2, 2, 2, 2)), most=2))
    [[[[0. 0.]
       [0. 0.]], ...], ...]
    """
    ends = 2 * np.get_printoptions()["edgeitems"]
    closing = ""
    while array.size > most and array.ndim > 2:
        if prod(min(length, ends) for length in array.shape) <= 2 * most:
            break
        closing = ("]" if len(array) == 1 else ", ...]") + closing
        prefix, array = f"{prefix}[", array[0]
    opening = "[" * closing.count("]")
    return opening + np.array2string(array, prefix=prefix, threshold=most, **options) + closing


def with_bar(
    what: str, progress: bool, items: Iterable[Any], stream: Any = None, delay: float = 2
) -> Iterable[Any]:
    """The items, with a bar (tqdm's, where it is installed) if they take longer than some seconds.

    stream: where it is shown, by default stderr.
    """
    if not progress:
        return items
    try:
        from tqdm import tqdm
    except ImportError:
        return items
    bar = tqdm(items, what, leave=False, delay=delay, file=stream)
    return bar  # type: ignore[no-any-return]


def fenced(source: str) -> str:
    """Markdown of a Python source, which a notebook highlights."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", source))])
    return f"{fence}python\n{source.rstrip()}\n{fence}\n"
