"""The shell commands: `python -m autograd_lite review FILE.py:forward FILE.py:backward ...`, and
`python -m autograd_lite doctor`.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .doctor import doctor
from .reviewing import review


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; its exit status: 0 where all is right, 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m autograd_lite")
    commands = parser.add_subparsers(required=True)
    _add_review(commands)
    look = commands.add_parser(
        "doctor",
        help="versions, speed and extras of this installation, and whether it computes right",
        description="Look at this installation. Exit status: 1 where something is broken (✗).",
    )
    look.set_defaults(run=_doctor)
    asked = parser.parse_args(given)
    status: int = asked.run(asked)
    return status


def _doctor(asked: argparse.Namespace) -> int:
    found = doctor()
    print(*found, sep="\n")
    return int(any(finding.state == "broken" for finding in found))


def _add_review(commands: Any) -> None:
    one = commands.add_parser(
        "review",
        help="which line of a handwritten backward pass is wrong, and how it should read",
        description="Hold a handwritten pass against the derivation. Its code is executed.",
    )
    one.add_argument("forward", type=_function, help="the loss: FILE.py:NAME")
    one.add_argument("backward", type=_function, help="the handwritten pass: FILE.py:NAME")
    one.add_argument(
        "--args",
        type=_function,
        required=True,
        metavar="FILE.py:NAME",
        help="make(rng): a tuple of arguments, of sizes that differ, for a numpy Generator",
    )
    one.add_argument("--wrt", nargs="+", metavar="NAME", help="what gradients are given of")
    one.add_argument(
        "--updated", type=float, metavar="LR", help="W - LR * dW is returned, or stored"
    )
    one.add_argument(
        "--diff", action="store_true", help="print what mends the files, for git apply"
    )
    one.set_defaults(run=_review)


def _review(asked: argparse.Namespace) -> int:
    found = review(
        asked.forward,
        asked.backward,
        *asked.args(np.random.default_rng(0)),
        wrt=asked.wrt,
        make=asked.args,
        returns="gradients" if asked.updated is None else "updated",
        lr=asked.updated,
    )
    print(found.diff() if asked.diff else found, end="" if asked.diff else "\n")
    return 0 if found.ok else 1


_modules: dict[Path, Any] = {}


def _function(place: str) -> Callable[..., Any]:
    """The function that FILE.py:NAME is; NAME may be that of a method: Class.method."""
    file, _, name = place.rpartition(":")
    path = Path(file)
    if not file or not path.is_file():
        raise argparse.ArgumentTypeError(f"{place!r} is no FILE.py:NAME of a file that is there")
    path = path.resolve()
    if path not in _modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = _modules[path] = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, module)
        sys.path.insert(0, str(path.parent))
        spec.loader.exec_module(module)
    found = _modules[path]
    for part in name.split("."):
        if not hasattr(found, part):
            raise argparse.ArgumentTypeError(f"{path.name} has no {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise argparse.ArgumentTypeError(f"{name} of {path.name} is no function")
    return found  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
