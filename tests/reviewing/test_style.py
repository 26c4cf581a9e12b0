"""How a program is written."""

import ast

from written import NETWORK, module

from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.style import Style, outline


def style(folder, text=NETWORK):
    m = module(folder, text)
    code = Code.of(m.loss, m.gradients)
    (file,) = code.files.values()
    return Style(code.units.values(), {"np"}), file


def test_lines_that_read_as_others_do(tmp_path):
    found, file = style(tmp_path)
    line = next(
        file.segment(n)
        for n in file.nodes
        if isinstance(n, ast.Assign) and "db1 =" in file.segment(n)
    )
    assert found.is_like_others("db1 = dz1.sum(axis=0)", line)
    assert not found.is_like_others("db1 = dz1.sum(axis=1)", line)
    assert not found.is_like_others("db1 = dz1[-1]", line)
    assert not found.is_like_others("b = a", line)
    assert found.is_like_others("z2 = a1 @ W2 + b2", "")  # as z1
    assert outline("dW2 = np.sum(a1, axis=0)") == outline("dW1 = np.sum(x, axis=0)")
    assert outline("self.W1 -= lr * dW1") == outline("self.W2 -= rate * g")
    assert outline("a = np.sum(x)") != outline("a = np.mean(x)")


def test_how_the_program_writes_sums_and_products(tmp_path):
    found, _ = style(tmp_path)
    assert found.sums_by_methods
    assert found.product("np", "a", "b") == "a @ b"
    other = NETWORK.replace("dz1.sum(", "np.sum(dz1, ").replace("dp.sum(", "np.sum(dp, ")
    other = other.replace("((p - Y) ** 2).sum()", "2.0")
    found, _ = style(tmp_path, other.replace("X.T @ dz1", "np.dot(X.T, dz1)"))
    assert not found.sums_by_methods
    assert found.product("np", "a", "b") == "np.dot(a, b)"
    found, _ = style(tmp_path, other.replace("X.T @ dz1", "X.T.dot(dz1)"))
    assert found.product("np", "a", "b") == "a.dot(b)"
    assert found.product("", "a", "b") == "a @ b"


def test_the_words_that_conditions_compare_with(tmp_path):
    text = NETWORK.replace(
        "    N = ", "    how = 'x'\n    assert how in ('y',) or how == 'x'\n    N = "
    )
    assert "how ==" in text
    assert style(tmp_path, text)[0].flags == ["x"]
