"""Rendering in a process of its own: what goes wrong in it is told, and it can be ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd_lite.drawing import rendering
from autograd_lite.drawing.rendering import render

DOT = "digraph {a -> b}"
ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A machine without the program dot."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def pygraphviz(no_dot, monkeypatch, tmp_path):
    """Puts another program into the place of pygraphviz."""

    def write(code):
        (tmp_path / "pygraphviz.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return write


def test_a_picture(no_dot):
    found = render('digraph {"∂ \ud800"}', "svg")  # half of a character
    assert found.startswith(b"<?xml")
    assert "∂ ?" in found.decode()


def test_without_graphviz_the_error_says_what_to_install(pygraphviz):
    pygraphviz("raise ImportError('hidden')")
    with pytest.raises(ImportError, match=r"^no Graphviz .* the png; .* is needed; ") as info:
        render(DOT, "png")
    remedy = str(info.value).split("; ", 2)[2]
    for system in ("pip install pygraphviz", "apt install", "brew install", "winget install"):
        assert system in remedy
    assert "\n" not in remedy


def test_noise_does_not_reach_the_user(pygraphviz, capfd):
    pygraphviz(
        "import os\n"
        "class AGraph:\n"
        "    def __init__(self, string): assert string == 'digraph {a -> b}'\n"
        "    def draw(self, prog, format):\n"
        "        os.write(2, b'Fontconfig warning: reset-dirs')\n"
        "        return f'{prog} {format}'.encode()\n"
    )
    assert render(DOT, "svg") == b"dot svg"
    assert capfd.readouterr() == ("", "")


def test_what_graphviz_says_is_told(no_dot):
    with pytest.raises(
        RuntimeError, match=r"failed to draw the svg.*; .*; save it as \.dot"
    ) as info:
        render("digraph {", "svg")
    assert "syntax error" in str(info.value)
    assert "\n" not in str(info.value)


def lives(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def started(path):
    for _ in range(100):
        if path.exists() and path.read_text().endswith("\n"):
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError("it did not start")


@ON_POSIX
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_layout_that_takes_too_long_is_ended(monkeypatch, tmp_path, interrupted):
    """With what it started, the program dot; an interrupt ends it, too."""
    program, pid = tmp_path / "dot", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if interrupted:
        wait = subprocess.Popen.communicate

        def communicate(self, input=None, timeout=None):
            if timeout is None:
                return wait(self)
            self.stdin.write(input)
            self.stdin.close()
            started(pid)
            self.stdin = None
            raise KeyboardInterrupt

        monkeypatch.setattr(subprocess.Popen, "communicate", communicate)
    begun = time.monotonic()
    error = KeyboardInterrupt if interrupted else TimeoutError
    with pytest.raises(error) as info:
        render(DOT, "svg", 1.0)
    assert time.monotonic() - begun < 10
    if not interrupted:
        assert "the svg took more than 1 s; " in str(info.value)
        assert "depth=" in str(info.value)
        assert len(str(info.value).split("; ")) == 3
    if os.path.exists("/proc/self/stat"):
        process = started(pid)
        for _ in range(40):
            if not lives(process):
                break
            time.sleep(0.05)
        assert not lives(process)


def test_there_is_a_limit_of_its_own():
    assert 10 <= rendering.SECONDS <= 120


def test_graphviz_is_imported_when_it_is_used():
    code = "import autograd_lite.drawing, sys; print({'graphviz', 'pygraphviz'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
