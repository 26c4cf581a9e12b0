"""Every block of the README runs, in order, in one namespace."""

from doctest import ELLIPSIS
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_every_block_runs(tmp_path, monkeypatch):
    sybil = pytest.importorskip("sybil")
    markdown = pytest.importorskip("sybil.parsers.markdown")
    monkeypatch.chdir(tmp_path)
    parser = markdown.PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)
    document = sybil.Sybil(parsers=[parser]).parse(README)
    examples = list(document.examples())
    assert len(examples) >= 5
    for example in examples:
        example.evaluate()


def test_its_commands_name_what_exists():
    text = README.read_text()
    for path in ("examples/digits.py", "examples/benchmark.py", "CHANGELOG.md", "LICENSE"):
        assert path in text
        assert (README.parent / path).exists()
