"""What is noted of values: enough to know them again, and their transposes."""

import ast

import numpy as np
import pytest
from written import ARGS, NETWORK, module

from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.notes import MANY, Notes, seen
from autograd_lite.reviewing.watching import watched

rng = np.random.default_rng(0)


def test_an_array_is_known_again_to_rounding():
    x = rng.normal(size=(4, 3))
    a, b = seen(x), seen(x * (1 + 1e-15))
    assert a[:2] == b[:2] == ("f", (4, 3))
    assert abs(a.sum - b.sum) <= a.room
    c = x.copy()
    c[2, 1] += 1e-6
    assert abs(a.sum - seen(c).sum) > a.room
    assert abs(seen(x.T.copy()).turned - a.sum) <= a.room


@pytest.mark.parametrize(
    ("value", "kind", "shape"),
    [
        (True, "b", ()),
        (3, "i", ()),
        (0.5, "f", ()),
        (np.float32(2), "f", ()),
        (np.zeros((0, 2)), "f", (0, 2)),
        (np.array([True]), "b", (1,)),
        (np.array(["a"]), "", ()),
        ("text", "", ()),
        (None, "", ()),
        ([3, 0], "i", (2,)),  # indices
        ([], "", ()),
        ([3, True], "", ()),
    ],
)
def test_kinds(value, kind, shape):
    assert seen(value)[:2] == (kind, shape)


def test_a_run_is_noted(tmp_path):
    m = module(tmp_path, NETWORK)
    code, notes = Code.of(m.gradients), Notes()
    with watched(code, notes):
        m.gradients(*ARGS)
    (file,) = code.files.values()
    shapes = {
        file.segment(node): notes.shapes(file, node)
        for node in file.nodes
        if hasattr(node, "lineno") and (file, node.at) in notes.seen
    }
    assert shapes["a1.T @ dp"] == {("f", ARGS[2].shape)}
    assert shapes["len(X)"] == {("i", ())}
    assert notes.coarse == np.finfo(float).eps
    notes.clear()
    assert not notes.seen


def test_of_a_loop_there_are_so_many(tmp_path):
    m = module(
        tmp_path, "def f(x):\n    for i in range(1000):\n        x = x + 1.0\n    return x\n"
    )
    code, notes = Code.of(m.f), Notes()
    with watched(code, notes):
        assert m.f(0.0) == 1000.0
    assert max(map(len, notes.seen.values())) == MANY


def test_what_names_stand_for_is_kept_the_first_times(tmp_path):
    text = (
        "def f(xs):\n    total, parts = 0, {}\n    for i in range(4):\n        parts[i] = xs[i]\n"
    )
    text += "        total += xs[i]\n        parts[i] += total\n    return total\n"
    m = module(tmp_path, text)
    code = Code.of(m.f)
    (file,) = code.files.values()
    statements = [n for n in file.nodes if hasattr(n, "targets") or hasattr(n, "op")][1:]
    where = [(file, n.at) for n in statements]
    notes = Notes(where)
    with watched(code, notes):
        m.f([1.0, 2.0, 3.0, 4.0])
    for at in where:
        assert [names["i"] for _, names in notes.frames[at]] == [0, 1]


def test_an_object_is_kept_as_it_was_when_a_line_ran(tmp_path):
    text = (
        "class Net:\n    def __init__(self, W):\n        self.W = W\n\n"
        "    def step(self, x):\n        g = x * self.W\n        self.W -= g\n        return g\n"
    )
    m = module(tmp_path, text)
    code = Code.of(m.Net.step)
    (file,) = code.files.values()
    (line,) = (n for n in file.nodes if isinstance(n, ast.Assign) and "g =" in file.segment(n))
    notes = Notes([(file, line.value.at)])
    net = m.Net(np.array([1.0, 2.0]))
    with watched(code, notes):
        net.step(3.0)
    ((_, names),) = notes.frames[file, line.value.at]
    np.testing.assert_array_equal(names["self"].W, [1.0, 2.0])
    assert type(names["self"]) is m.Net
    np.testing.assert_array_equal(net.W, [-2.0, -4.0])


def test_of_what_holds_arrays_the_item_is_noted(tmp_path):
    text = "def f(x):\n    g = {'a': 0 * x}\n    g['a'] += x\n    g['b'] = 2 * x\n    x[0] = 9.0\n"
    m = module(tmp_path, text)
    code, notes = Code.of(m.f), Notes()
    with watched(code, notes):
        m.f(np.ones(3))
    (file,) = code.files.values()
    lines = {
        n.lineno: notes.at(file, n)
        for n in file.nodes
        if isinstance(n, (ast.Assign, ast.AugAssign))
    }
    assert [lines[i][0].norm for i in (3, 4)] == pytest.approx([3**0.5, 12**0.5])
    assert lines[5][0].shape == (3,)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_an_array_of_another_kind_is_known_by_its_numbers():
    x = rng.normal(size=(3, 2))
    assert seen(np.matrix(x)) == seen(x) == seen(np.ma.array(x))
    assert seen(np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])).shape == (3,)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices_are_noticed(tmp_path):
    m = module(tmp_path, "import numpy as np\n\ndef twice(x):\n    return 2 * np.asarray(x)\n")
    for x, noticed in ((np.ones((1, 2)), False), (np.matrix([[1.0, 2.0]]), True)):
        code, notes = Code.of(m.twice), Notes()
        with watched(code, notes):
            m.twice(x)
        assert notes.matrices == noticed
        notes.clear()
        assert not notes.matrices
