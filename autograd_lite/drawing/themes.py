"""Themes: what the roles of a picture look like, on light and on dark pages."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """A role as it is seen: its fill and its border."""

    fill: str
    line: str


class Theme(NamedTuple):
    """The colours of a picture, checked for colour-blind readers and for the contrast of text.

    `looks`, of the roles; those of the `page`, of `text`, and of what is `faint` beside it; behind
    the `sign` of an op, and behind a `part` of the graph; `marks`, of what was found.
    """

    looks: dict[str, Look]
    page: str
    text: str
    faint: str
    sign: str
    part: str
    marks: dict[str, str]


THEMES = {
    "light": Theme(
        {
            "input": Look("#9CD3F2", "#005A8C"),
            "parameter": Look("#FFD166", "#8A5000"),
            "constant": Look("#F4F4F4", "#8C8C8C"),
            "op": Look("#E4E4E4", "#4D4D4D"),
            "intermediate": Look("#FFFFFF", "#8C8C8C"),
            "output": Look("#D58CB8", "#7A1F52"),
            "module": Look("#EAEAEA", "#4D4D4D"),
            "cotangent": Look("#FFF1E6", "#B34700"),
        },
        page="#FFFFFF",
        text="#111111",
        faint="#4D4D4D",
        sign="#E4E4E4",
        part="#F7F7F7",
        marks={"right": "#00694F", "wrong": "#B32B00", "follows": "#7A4700"},
    ),
    "dark": Theme(
        {
            "input": Look("#0B5C94", "#56B4E9"),
            "parameter": Look("#6B4700", "#E69F00"),
            "constant": Look("#222222", "#8C8C8C"),
            "op": Look("#444444", "#AAAAAA"),
            "intermediate": Look("#1E1E1E", "#AAAAAA"),
            "output": Look("#8A2D66", "#CC79A7"),
            "module": Look("#333333", "#AAAAAA"),
            "cotangent": Look("#3A2210", "#FF9A4D"),
        },
        page="#111111",
        text="#F2F2F2",
        faint="#BDBDBD",
        sign="#444444",
        part="#1A1A1A",
        marks={"right": "#35C79B", "wrong": "#FF8A66", "follows": "#F0B64C"},
    ),
}
