"""What the text of a program tells."""

import ast

import pytest

from autograd_lite.reviewing.code import File
from autograd_lite.reviewing.grammar import (
    appended_by,
    filling,
    fixed_in,
    gone_through,
    level,
    name_of,
    names_read,
    numpy_in,
    stored_in,
)


def test_what_a_statement_stores_in():
    texts = ("a, b = c", "g[i] += v", "self.W -= x", "f(x)", "for i in x: pass")
    found = [stored_in(ast.parse(text).body[0]) for text in texts]
    assert found == [["a", "b"], ["g"], ["self.W"], [], ["i"]]


def parsed(text):
    return ast.parse(text).body[0]


def test_how_tightly_expressions_bind():
    texts = "a if b else c", "a or b", "not a", "a < b", "a + b", "a @ b", "-a", "a ** b", "f(a)"
    levels = [level(parsed(text).value) for text in texts]
    assert levels == sorted({*levels})
    assert level(parsed("a[0]").value) == level(parsed("f(a)").value)


def test_what_is_appended():
    assert appended_by(parsed("a.append(b + 1)")) is not None
    for text in ("a.append", "a.extend(b)", "a = b.append(c)", "append(b)"):
        assert appended_by(parsed(text)) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("def f(): pass", "f"), ("g = lambda: 0", "g"), ("a = 0", ""), ("lambda: 0", "")],
)
def test_names_of_functions(text, name):
    assert name_of(parsed(text)) == name


LINES = """
import numpy as xp
RATE = 0.1
SIZES = (1, 2)


def f(a, b, c, d):
    kept, taken = [], {}
    n = len(a) + b.shape[0]
    for i, x in enumerate(c):
        kept.append(x)
        taken[i] = x * RATE
    return taken[0] + n
"""


def test_what_a_function_reads_and_fills():
    file = File("lines.py", LINES)
    function = next(x for x in file.nodes if isinstance(x, ast.FunctionDef))
    read = names_read(file, function)
    assert {"c", "x", "taken", "RATE", "n"} <= read
    assert not {"a", "b", "d"} & read  # for their shapes alone, or never
    its = {}
    for x in file.nodes:
        if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Load) and x.id in ("kept", "taken"):
            stored = filling(file, x)
            its.setdefault(x.id, []).append(stored and ast.unparse(stored))
    assert its == {"kept": ["x"], "taken": ["x * RATE", None]}
    loop = next(x for x in file.nodes if isinstance(x, ast.For))
    assert [(ast.unparse(of), name) for of, name in gone_through(loop)] == [("c", "i")]


def test_what_a_module_fixes_and_calls_numpy():
    file = File("lines.py", LINES)
    assert [(name, node.value) for name, node in fixed_in(file)] == [("RATE", 0.1)]
    assert numpy_in(file) == "xp"
    assert numpy_in(File("none.py", "import math\n")) == ""
