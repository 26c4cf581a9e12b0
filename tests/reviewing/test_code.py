"""The user's functions: found, lent other code, and given back their own."""

import ast
import functools

import numpy as np
import pytest
from written import NETWORK, module

from autograd_lite.reviewing.code import Code, File, NoSource, function_of, lent

NESTED = """
import functools

def decorated(f):
    @functools.wraps(f)
    def inner(x):
        return f(x) + 0
    return inner

class A:
    __slots__ = ()
    def run(self, x):
        def helper(y):
            return y + 1
        return helper(x)

class B(A):
    def run(self, x):
        return super().run(x) * 10

square, cube = lambda x: x ** 2, lambda x: x ** 3

@decorated
def both(x):
    return square(x) + cube(x)

def maker(n):
    def add(x):
        return x + n
    return add

add5 = maker(5)
"""


def exchanged(code, old, new):
    """All units with an expression instead of another."""
    changed = {}
    for unit in code.units.values():
        text = ast.unparse(unit.statement)
        if old in text:
            statement = ast.parse(text.replace(old, new)).body[0]
            for x in ast.walk(statement):
                if hasattr(x, "lineno"):
                    ast.copy_location(x, unit.statement)
            changed[unit] = unit.compiled(statement)
    return changed


@pytest.mark.parametrize(
    ("run", "old", "new", "before", "after"),
    [
        (lambda m: m.B().run(1), "y + 1", "y + 2", 20, 30),
        (lambda m: m.B().run(1), "* 10", "* 100", 20, 200),
        (lambda m: m.both(2), "x ** 2", "x ** 4", 12, 24),
        (lambda m: m.both(2), "x ** 3", "x ** 5", 12, 36),
        (lambda m: m.both(2), "square(x) +", "square(x) -", 12, -4),
        (lambda m: m.both(2), "f(x) + 0", "f(x) + 1", 12, 13),
        (lambda m: m.add5(1), "x + n", "x * n", 6, 5),
    ],
)
def test_live_functions_run_what_they_are_lent(tmp_path, run, old, new, before, after):
    m = module(tmp_path, NESTED)
    code = Code.of(m.B().run, m.both, m.add5)
    changed = exchanged(code, old, new)
    assert changed
    assert run(m) == before
    with lent(changed):
        assert run(m) == after
    assert run(m) == before
    with pytest.raises(KeyboardInterrupt), lent(changed):
        raise KeyboardInterrupt
    assert run(m) == before


def test_of_what_a_run_reaches(tmp_path):
    m = module(tmp_path, NETWORK + "\n\ndef other(x):\n    return x\n")
    code = Code.of(m.loss, m.gradients)
    reached = code.reached_by(lambda: m.loss(*[np.ones((1, 1))] * 6))
    assert [unit.statement.name for unit in reached.units.values()] == ["loss"]
    assert len(reached.around) == 3


def test_a_text_with_a_line_more_has_the_same_functions(tmp_path):
    m = module(tmp_path, NETWORK)
    code = Code.of(m.gradients)
    (name,) = code.files
    new = code.with_text(name, NETWORK.replace("    N = len(X)\n", "    N = len(X)\n    N = 1\n"))
    args = [np.ones((3, 3)) for _ in range(6)]
    with lent(new.compiled()):
        three = m.gradients(*args)["db2"]
    np.testing.assert_array_equal(three, 3 * m.gradients(*args)["db2"])


def test_what_has_no_text():
    made = {}
    exec("def f(x):\n    return x", made)
    for f in (made["f"], np.exp, len):
        with pytest.raises(NoSource, match="text"):
            Code.of(f)
    assert function_of(functools.partial(test_what_has_no_text)) is test_what_has_no_text


def test_a_text_that_is_another_now(tmp_path):
    m = module(tmp_path, NETWORK)
    (tmp_path / f"{m.__name__}.py").write_text("x = 1\n" * 30)
    with pytest.raises(NoSource, match="changed since it was imported"):
        Code.of(m.loss)


def test_the_names_that_a_value_is_given():
    file = File("a.py", "a = b = x + 1\n(c, d.e), f[0] = (x * 2, x / 3), 0\ng, h = x - 4, x\n")
    names = {file.segment(x): file.stored_as(x.at) for x in file.nodes if isinstance(x, ast.BinOp)}
    assert names == {"x + 1": ["a", "b"], "x * 2": [], "x / 3": [], "x - 4": ["g"]}
