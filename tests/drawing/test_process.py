"""The program that lays a picture out, run as it is run: by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograd_lite.drawing import process

DOT = b'digraph {a [label="\xe2\x88\x82 \xf0\x9f\x99\x82"] a -> b}'


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run it, without the program dot."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def run(format, **more):
        command = [sys.executable, "-P", process.__file__, format]
        return subprocess.run(command, input=DOT, capture_output=True, **more)

    return run


@pytest.mark.parametrize(
    ("format", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF")]
)
def test_formats(run, format, magic):
    done = run(format)
    assert done.returncode == 0
    assert done.stdout.startswith(magic)
    if format == "svg":
        assert "∂ 🙂" in done.stdout.decode()


def test_without_either_its_status_says_so(run, monkeypatch, tmp_path):
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('hidden')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("svg")
    assert (done.returncode, done.stdout) == (process.NONE, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_the_program_dot_goes_first(run, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\n/bin/cat >/dev/null\necho noise >&2\necho by dot $*\n")
    program.chmod(0o755)
    done = run("svg")
    assert done.stdout == b"by dot -Kdot -Tsvg\n"
    assert done.stderr == b""


def test_it_imports_nothing_of_the_package():
    assert "autograd_lite" not in Path(process.__file__).read_text(encoding="utf-8")
