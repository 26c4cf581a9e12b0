"""Themes: every text can be read on every fill that it stands on, by the formula of the WCAG."""

import re

import pytest

import autograd_lite as al
from autograd_lite import Tensor, draw
from autograd_lite.drawing.dot import SHAPES, WORDS
from autograd_lite.drawing.mermaid import SHAPES as MERMAID
from autograd_lite.drawing.themes import THEMES


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def test_the_formula():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#FFFFFF", "#767676") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_texts_are_read_on_their_fills(theme):
    fills = [look.fill for look in theme.looks.values()]
    for fill in (*fills, theme.sign, theme.page, theme.part):
        assert contrast(theme.text, fill) >= 4.5
    for fill in (theme.page, theme.part):  # beside edges, and what parts are called
        assert contrast(theme.faint, fill) >= 4.5
        assert contrast(theme.looks["cotangent"].line, fill) >= 4.5
        assert all(contrast(colour, fill) >= 3 for colour in theme.marks.values())
    assert all(contrast(look.line, theme.page) >= 3 for look in theme.looks.values())


@pytest.mark.parametrize("name", THEMES)
def test_labels_have_no_other_colours(name):
    """What is written in a box is in the colour of text, marks too."""
    w = Tensor([1.0, 2.0], name="w")
    z = al.exp(w).named("z")
    marks = {w: ("wrong", "a"), z: ("follows", "b")}
    text = draw(z.sum(), marks=marks, theme=name, values=True, legend=True).dot
    assert not re.findall(r"<font[^>]*color", text)
    assert set(re.findall(r'fontcolor="(#\w+)"', text)) == {THEMES[name].text, THEMES[name].faint}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_role_has_a_look_of_its_own(theme):
    roles = {*theme.looks}
    assert roles == {*SHAPES} == {*WORDS} == {*MERMAID}
    assert len(set(theme.looks.values())) == len(roles)
    assert len({str(sorted(shape.items())) for shape in SHAPES.values()}) == len(roles)
    assert len({*theme.marks.values()}) == len(theme.marks)
