"""Rendering: Graphviz lays a picture out, in a process that can be ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from .process import NONE

SECONDS = 60.0  # for a layout
REMEDY = (
    "install one of them: pip install pygraphviz (any system), sudo apt install graphviz (Debian, "
    "Ubuntu), brew install graphviz (macOS), winget install graphviz (Windows)"
)


def render(dot: str, format: str, seconds: float = SECONDS) -> bytes:
    """The picture that the text `dot` describes, laid out by the program dot or by pygraphviz.

    Raises ImportError where there is neither, TimeoutError if it takes too long, RuntimeError with
    what Graphviz says if it fails.
    """
    command = [sys.executable, "-P", str(Path(__file__).with_name("process.py")), format]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that the program dot ends with it
    )
    try:
        picture, said = process.communicate(dot.encode(errors="replace"), seconds)
    except BaseException as error:  # an interrupt, too
        _end(process)
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        raise TimeoutError(
            f"laying out the {format} took more than {seconds:g} s; a smaller picture is needed; "
            "close modules with depth=, lower max_nodes=, or save it as .mmd or .dot"
        ) from None
    if process.returncode == NONE:
        raise ImportError(
            f"no Graphviz was found to draw the {format}; its program dot or the package "
            f"pygraphviz is needed; {REMEDY}"
        )
    if process.returncode:
        lines = said.decode(errors="replace").splitlines()
        why = ", ".join(line.strip() for line in lines if "error" in line.lower())[-300:]
        raise RuntimeError(
            f"Graphviz failed to draw the {format}, and said {why!r}; text in DOT that it can read "
            "is needed; save it as .dot to see what it was given"
        )
    return picture


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and where there are sessions, all that it started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.communicate()
