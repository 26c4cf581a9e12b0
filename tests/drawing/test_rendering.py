"""Rendering by the program dot, or by pygraphviz."""

import subprocess
import sys

import pytest

from autograd_lite.drawing.rendering import render

DOT = "digraph {a -> b}"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_the_program_dot_goes_first(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho rendered by dot $*\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render(DOT, "svg") == b"rendered by dot -Kdot -Tsvg\n"


@pytest.mark.parametrize(
    ("format", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF")]
)
def test_pygraphviz_goes_where_there_is_no_program(format, magic, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render(DOT, format).startswith(magic)


def test_without_either_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(ImportError, match=r"no Graphviz .* the png; .* is needed; pip install"):
        render(DOT, "png")


def test_graphviz_is_imported_when_it_is_used():
    code = "import autograd_lite.drawing, sys; print({'graphviz', 'pygraphviz'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
