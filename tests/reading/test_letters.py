"""How names are written: as a person writes them, and safely whatever they are."""

from __future__ import annotations

import re

import pytest

from autograd_lite.reading.letters import (
    Index,
    Indexed,
    escaped,
    in_latex,
    in_text,
    on_one_line,
    upright,
)

IN_LATEX = {
    "x": "x",
    "W1": "W_{1}",
    "W_out": r"W_{\mathrm{out}}",
    "h1_2": "h_{1,2}",
    "loss": r"\mathrm{loss}",
    "alpha": r"\alpha",
    "delta2": r"\delta_{2}",
    "x_mu": r"x_{\mu}",
    "dW": r"\mathrm{dW}",
    "β": "β",
    "a.b": "a.b",
    "enc.W_out": r"\mathrm{enc}.W_{\mathrm{out}}",
    "layers.0.W": r"\mathrm{layers}_{0}.W",
    "layers[0].W1": r"\mathrm{layers}_{0}.W_{1}",
    "W1[0][2]": "W_{1,0,2}",
    'P["W1"]': "P_{W_{1}}",
    'P["a b%"]': r"P_{\text{a b}\%}",
    'P["a"': r'\text{P["a"}',
    "Wx": "W_{x}",
    "Wh1": "W_{h,1}",
    "Wq_2": "W_{q,2}",
    "Wout": r"W_{\mathrm{out}}",
    "Pi": r"\Pi",
    "Mu": r"\mathrm{Mu}",
    "Loss": r"\mathrm{Loss}",
    "Img": r"\mathrm{Img}",
    "Weights": r"\mathrm{Weights}",
    "dWx": r"\mathrm{dWx}",
    "theta": r"\theta",
    "50%": r"\text{50}\%",
    "_": r"\_",
    "": r"\_",
    "a b": r"\text{a b}",
    "x^2": r"\text{x}\hat{\ }\text{2}",
    "<b>": r"{\lt}\text{b}{\gt}",
}


@pytest.mark.parametrize("name", IN_LATEX)
def test_a_name_in_latex(name: str) -> None:
    assert in_latex(name) == IN_LATEX[name]


@pytest.mark.parametrize("name", ["x", "W_out", "layers.0.W", "β1", 'P["W1"]', "x[0].W"])
def test_a_name_in_text_stands_as_it_is(name: str) -> None:
    assert in_text(name) == name


@pytest.mark.parametrize("name", ["a b", "1x", "x-y", 'a"b'])
def test_another_name_is_quoted(name: str) -> None:
    assert in_text(name) == f'"{name}"'


def test_a_function_in_latex() -> None:
    assert upright("relu") == r"\operatorname{relu}"
    assert upright("my_op") == r"\operatorname{my\_op}"
    assert upright("f&g") == r"\operatorname{\text{f}\&\text{g}}"
    assert upright("1f") == r"\operatorname{\text{1f}}"


@pytest.mark.parametrize("name", ["a\nb", "a\x00\tb", "  a   b ", "a\u2028b"])
def test_on_one_line(name: str) -> None:
    assert on_one_line(name) == "a b"


def test_a_long_name_is_cut() -> None:
    assert on_one_line("x" * 40) == "x" * 40
    assert on_one_line("x" * 41) == "x" * 39 + "…"


@pytest.mark.parametrize("character", [*"_$%&#{}\\^~<>"])
def test_no_character_escapes(character: str) -> None:
    """What LaTeX reads as a command, a group or a place stands for itself."""
    text = escaped(f"a{character}b")
    inside = re.sub(r"\\text\{[^{}\\$%&#_^~]*\}", "", text)
    assert inside != text
    assert re.fullmatch(r"\\[_$%&#{}]|\{\\(backslash|sim|lt|gt)\}|\\hat\{\\ \}", inside)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (Index("t", 1, 0), "t"),
        (Index("t", 1, -1), "t-1"),
        (Index("t", 2, 3), "2t+3"),
        (Index("t", -1, 4), "4-t"),
        (Index("t", -2, 0), "-2t"),
        (Index("t", -1, -1), "-t-1"),
        (Index("", 0, -1), "-1"),
        (Index("", 0, 0), "0"),
    ],
)
def test_indices(index: Index, text: str) -> None:
    assert str(index) == text


def test_names_with_an_index() -> None:
    later, third = Index("t", 1, 1), Index("", 0, 3)
    names = [Indexed(stem, i) for stem in ("h", "h1", "a b") for i in (later, third)]
    texts = ["h_{t+1}", "h_3", "h1_{t+1}", "h1_3", '"a b"_{t+1}', '"a b"_3']
    assert [in_text(name) for name in names] == texts
    assert in_text(Indexed("h", Index("t", 1, -1))) == "h_{t−1}"
    assert [in_latex(name) for name in names[:4]] == ["h_{t+1}", "h_{3}", "h_{1,t+1}", "h_{1,3}"]
    assert in_latex(Indexed("pred", third)) == r"\mathrm{pred}_{3}"
    weights = Indexed("Ws", later, brackets=True)
    assert (in_text(weights), in_latex(weights)) == ("Ws[t+1]", "W_{s,t+1}")
