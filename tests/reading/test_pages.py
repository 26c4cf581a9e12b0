"""Derivation.save: what is written by the ending of a file's name."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from programs import vectors

import autograd_lite as al
from autograd_lite import Tensor, derive

NASTY = "<script>alert(1)</script> & $$ ]]> \\\\]"


@pytest.fixture
def derivation() -> Any:
    x, y = vectors("xy")
    return derive((x * al.tanh(x * y)).sum())


def test_a_document_of_latex(derivation: Any, tmp_path: Path) -> None:
    path = derivation.save(tmp_path / "d.tex")
    assert path == tmp_path / "d.tex"
    text = path.read_text(encoding="utf-8")
    assert derivation.latex() in text
    assert re.findall(r"\\(begin|end)\{document\}", text) == ["begin", "end"]
    if latex := shutil.which("pdflatex"):
        subprocess.run([latex, "-halt-on-error", path.name], cwd=tmp_path, check=True)


def test_markdown_has_formulas_and_text(derivation: Any, tmp_path: Path) -> None:
    text = derivation.save(str(tmp_path / "d.md")).read_text(encoding="utf-8")
    assert text == f"$$\n{derivation.latex()}\n$$\n\n```text\n{derivation}\n```\n"


class Page(HTMLParser):
    """The tags of a page, and the text in each."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.said[self.open[-1]] = self.said.get(self.open[-1], "") + data


@pytest.mark.parametrize("name", ["x", NASTY, "a < b", "&lt;"])
def test_a_page_says_what_the_derivation_says_whatever_the_names(name: str, tmp_path: Path) -> None:
    derivation = derive((Tensor([1.0, 2.0], name=name) ** 2).sum())
    page = Page()
    page.feed(derivation.save(tmp_path / "d.HTML").read_text(encoding="utf-8"))
    assert page.open == []
    assert page.said["pre"] == f"\n{derivation}\n"
    assert page.said["div"] == f"\n\\[\n{derivation.latex()}\n\\]\n"
    assert not page.said.get("script", "").strip()


@pytest.mark.parametrize("name", ["d.pdf", "d", "tex"])
def test_another_ending_is_an_error(derivation: Any, name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"save got .*; a name that ends in .* is needed; change"):
        derivation.save(tmp_path / name)
    assert not [*tmp_path.iterdir()]
