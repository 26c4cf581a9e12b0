"""Edits in trees and in texts."""

import ast

import pytest
from written import module

from autograd_lite.reviewing.code import Code, lent
from autograd_lite.reviewing.mending import Impossible, Steps, TooLong, counted, grafted, mended
from autograd_lite.reviewing.rewrites import Edit

TEXT = """
def f(a, b, c):
    x = a * (b + c)  # a comment
    y = x - 1
    if y:
        y += a
    return x, y
"""


def found(folder, segment):
    code = Code.of(module(folder, TEXT).f)
    (file,) = code.files.values()
    nodes = [n for n in file.nodes if hasattr(n, "lineno") and file.segment(n) == segment]
    return code, file, nodes[0]


@pytest.mark.parametrize(
    ("segment", "text", "line"),
    [
        ("b + c", "b", "    x = a * b  # a comment"),
        ("b + c", "b - c", "    x = a * (b - c)  # a comment"),
        ("a * (b + c)", "a + b", "    x = a + b  # a comment"),
        ("x - 1", "-x", "    y = -x"),
        ("y = x - 1", "", None),
        ("y += a", "", "        pass"),
        ("y += a", "y -= a", "        y -= a"),
        ("y = x - 1", "y = x - 1\ny = y * 2", "    y = y * 2"),
    ],
)
def test_a_text_says_what_the_tree_is(tmp_path, segment, text, line):
    code, file, node = found(tmp_path, segment)
    edit = Edit(file, ((node, text),), "sign", "", 0)
    before = ast.dump(file.tree)
    new = mended(code, edit)
    assert ast.dump(file.tree) == before
    with grafted(edit):
        meant = ast.unparse(file.tree)
    assert ast.unparse(ast.parse(new)) == meant
    assert line is None or line in new.split("\n")
    assert new.count("# a comment") == 1


def test_what_is_no_code(tmp_path):
    _, file, node = found(tmp_path, "b + c")
    with pytest.raises(Impossible), grafted(Edit(file, ((node, "b +"),), "sign", "", 0)):
        pass


def test_loops_that_do_not_end_are_stopped(tmp_path):
    text = (
        "def f(xs):\n    for x in xs:\n        xs.append(x)\n\n"
        "def g(n):\n    while n:\n        n += 1\n"
    )
    m = module(tmp_path, text)
    steps = Steps()
    code = Code.of(m.f, m.g)
    with lent({unit: counted(unit, steps) for unit in code.units.values()}):
        for f, x in ((m.f, [1]), (m.g, 1)):
            steps.left = 1000
            with pytest.raises(TooLong):
                f(x)


def test_targets_that_are_exchanged(tmp_path):
    code = Code.of(module(tmp_path, "def f(a):\n    x, y = a.shape\n    return x\n").f)
    (file,) = code.files.values()
    (node,) = [n for n in file.nodes if isinstance(n, ast.Tuple)]
    edit = Edit(file, ((node, "y, x"),), "", "", 0)
    assert mended(code, edit) == "def f(a):\n    y, x = a.shape\n    return x\n"


def test_brackets_that_are_not_needed_are_not_written(tmp_path):
    code = Code.of(module(tmp_path, "def f(a, b):\n    return a[b]\n").f)
    (file,) = code.files.values()
    (node,) = [n for n in file.nodes if isinstance(n, ast.Name) and n.id == "b"]
    assert "a[b > 0]" in mended(code, Edit(file, ((node, "(b > 0)"),), "", "", 0))
