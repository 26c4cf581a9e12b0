"""Type checkers: a user's program, the README and the examples pass, with the types they say."""

import doctest
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PROGRAM = TESTS / "typing_program.py"
# They hand Tensors to numpy's functions, which are declared for arrays, or import what is not here.
BEYOND = {"article_b.py", "article_c.py", "benchmark.py", "contenders.py", "readings.py"}
UNANNOTATED = """
# mypy: allow-untyped-defs, allow-untyped-calls, check-untyped-defs
# mypy: disable-error-code="var-annotated"
# pyright: reportOptionalMemberAccess=false
"""
# Each line is a mistake, or a type that is not so; a checker that sees none checks nothing.
WRONG = """
z[0] = 1.0
z.shapes
np.unwrap(z)
al.grad(loss, "W")
al.draw(loss).backward()
model.predict(x).backward()
nn.fit(model, nn.mse, x, t, adam, epoch=2)
nn.MLP([3, 2], activation=1)
assert_type(al.relu(z), Any)
assert_type(x @ z, np.ndarray)
assert_type(al.grad(loss, b), Tensor)
assert_type(z.sum(), np.ndarray)
assert_type(model(x), np.ndarray)
"""


def mypy(folder):
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    command += ["--ignore-missing-imports", "--no-error-summary", "--hide-error-context", "."]
    paths = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=paths, capture_output=True, text=True)
    assert not done.stderr
    return [
        (match[1], int(match[2]), line)
        for line in done.stdout.splitlines()
        if (match := re.match(r"(.*?):(\d+): error:", line))
    ]


def pyright(folder):
    pytest.importorskip("pyright")
    settings = {"extraPaths": [str(ROOT)], "useLibraryCodeForTypes": False}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, "."], cwd=folder, capture_output=True, text=True)
    return [
        (Path(found["file"]).name, found["range"]["start"]["line"] + 1, found["message"])
        for found in json.loads(done.stdout)["generalDiagnostics"]
        if found["severity"] == "error"
    ]


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_users_code_passes_and_mistakes_do_not(checker, tmp_path):
    pytest.importorskip("mypy")
    for path in (ROOT / "examples").glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text() + UNANNOTATED)
    blocks = doctest.DocTestParser().get_examples((ROOT / "README.md").read_text())
    text = "".join(block.source for block in blocks if block.exc_msg is None)
    (tmp_path / "readme.py").write_text(text + UNANNOTATED)
    program = PROGRAM.read_text()
    (tmp_path / PROGRAM.name).write_text(program + WRONG)
    last = len(program.splitlines())
    mistakes = {*range(last + 2, last + len(WRONG.splitlines()) + 1)}
    found = [error for error in checker(tmp_path) if error[0] not in BEYOND]
    assert [e for e in found if e[0] != PROGRAM.name or e[1] not in mistakes] == []
    assert {line for _, line, _ in found} == mistakes


def test_the_program_runs(tmp_path):
    runpy.run_path(str(PROGRAM))["save"](tmp_path)
    assert (tmp_path / "graph.dot").exists()
