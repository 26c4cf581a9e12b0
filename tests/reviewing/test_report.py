"""What a review says."""

from written import ARGS, NETWORK, module

import autograd_lite as al
from autograd_lite.reviewing.code import File
from autograd_lite.reviewing.report import _in_words
from autograd_lite.reviewing.rewrites import Edit


def test_a_line_that_is_missing_is_shown_where_it_belongs(tmp_path):
    text = NETWORK.replace("    dp = 2 * (p - Y) / N\n", "    dp = 2 * (p - Y)\n    dp /= N\n")
    m = module(tmp_path, text.replace("    dp /= N\n", "    dp *= N\n"))
    found = al.review(m.loss, m.gradients, *ARGS)
    (mistake,) = found.mistakes
    assert mistake.mended.strip() == "dp /= N"
    shown = str(mistake).split("\n")
    assert any(line.startswith("- ") and "dp *= N" in line for line in shown)
    assert any(line.startswith("+ ") and "dp /= N" in line for line in shown)


def test_text_of_a_program_is_safe_in_a_notebook(tmp_path):
    m = module(tmp_path, NETWORK.replace("(1 - a1 ** 2)", "(a1 < 2) * '<b>'.count('<') * 3"))
    html = al.review(m.loss, m.gradients, *ARGS)._repr_html_()
    assert "&lt;b&gt;" in html
    assert "'<b>'" not in html


def test_names_of_lines(tmp_path):
    m = module(tmp_path, NETWORK.replace("da1 = dp @ W2.T", "da1 = 3 * dp @ W2.T"))
    found = al.review(m.loss, m.gradients, *ARGS)
    status = {line.text.split(" = ")[0]: line.status for line in found.lines}
    assert status["da1"] == "wrong"
    assert status["dz1"] == status["dW1"] == "follows"
    assert status["dW2"] == status["dp"] == "right"


def test_marks_for_a_drawing(tmp_path):
    m = module(tmp_path, NETWORK.replace("(1 - a1 ** 2)", "(1 - z1 ** 2)"))
    found = al.review(m.loss, m.gradients, *ARGS)
    status = {x.name: mark[0] for x, mark in found.marks.items() if x.name}
    assert status == {"W1": "follows", "b1": "follows", "W2": "right", "b2": "right"}
    wrong = [x for x, mark in found.marks.items() if mark[0] == "wrong"]
    assert [x.op.name for x in wrong] == ["matmul", "add"]  # z1, whose line it is, and X @ W1
    assert {found.marks[x] for x in wrong} == {("wrong", found.mistakes[0].said)}
    assert al.review(m.loss, module(tmp_path, NETWORK).gradients, *ARGS).marks


def test_an_edit_that_moves_a_line_is_told_as_one():
    file = File("x.py", "a = 1\nb = 2\n")
    first, second = file.tree.body
    later = Edit(file, ((first, ""), (second, "b = 2\na = 1")), "", "", 1)
    sooner = Edit(file, ((second, ""), (first, "b = 2\na = 1")), "", "", 1)
    assert _in_words(later) == "line 1: `a = 1` below `b = 2`"
    assert _in_words(sooner) == "line 2: `b = 2` above `a = 1`"
