"""What a program has to rearrange."""

import ast

import numpy as np
from written import ARGS, NETWORK, module

from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.notes import Notes
from autograd_lite.reviewing.pool import Pool, fits, outline, stored_in
from autograd_lite.reviewing.watching import watched


def pool(folder, text=NETWORK, args=ARGS):
    m = module(folder, text)
    code = Code.of(m.loss, m.gradients)
    notes, forward = Notes(), Notes()
    with watched(code, forward):
        m.loss(*args)
    with watched(code, notes):
        m.gradients(*args)
    found = Pool(code, notes, forward)
    (file,) = code.files.values()
    return found, file, next(n for n in file.nodes if getattr(n, "name", "") == "gradients").body[0]


def test_what_stands_in_scope(tmp_path):
    found, file, node = pool(tmp_path)
    atoms = found.atoms(file, node)
    assert {"W1", "X", "z1", "a1", "dp", "da1", "N"} <= atoms.keys()
    assert atoms["N"].is_count
    like = {a.text for a in found.like(file, node, atoms["z1"].shapes)}
    assert like == {"z1", "a1", "da1", "dz1"}
    assert "N" in found.counts(file, node)
    assert found.numpy[file.name] == "np"
    assert "(1 - \0 ** 2)" in found.factors


def test_what_is_never_read(tmp_path):
    text = NETWORK.replace("dz1 = da1 * (1 - a1 ** 2)", "dz1 = z1 * (1 - a1 ** 2)")
    found, file, node = pool(tmp_path, text)
    assert found.unused(file, node) == ["da1"]


def test_arguments_and_their_items_that_are_never_read(tmp_path):
    text = NETWORK.replace("- Y) / N", ") / N").replace("X.T @ dz1", "X.T @ dz1 + 0 * X[0].sum()")
    text = text.replace("+ b1", "+ np.zeros_like(b1)")
    rng = np.random.default_rng(1)
    shapes = (3, 4), (4,), (4, 3), (3,), (5, 3), (5, 3)
    found, file, node = pool(tmp_path, text, [rng.normal(size=s) for s in shapes])
    assert found.unused(file, node) == ["Y", "Y[0]", "b1"]


def test_lines_that_read_as_others_do(tmp_path):
    found, file, _ = pool(tmp_path)
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


def test_what_a_statement_stores_in():
    texts = ("a, b = c", "g[i] += v", "self.W -= x", "f(x)", "for i in x: pass")
    found = [stored_in(ast.parse(text).body[0]) for text in texts]
    assert found == [["a", "b"], ["g"], ["self.W"], [], ["i"]]


def test_how_the_program_writes_sums_and_products(tmp_path):
    found, file, _ = pool(tmp_path)
    assert found.sums_by_methods
    assert found.product(file, "a", "b") == "a @ b"
    other = NETWORK.replace("dz1.sum(", "np.sum(dz1, ").replace("dp.sum(", "np.sum(dp, ")
    other = other.replace("((p - Y) ** 2).sum()", "2.0")
    found, file, _ = pool(tmp_path, other.replace("X.T @ dz1", "np.dot(X.T, dz1)"))
    assert not found.sums_by_methods
    assert found.product(file, "a", "b") == "np.dot(a, b)"
    found, file, _ = pool(tmp_path, other.replace("X.T @ dz1", "X.T.dot(dz1)"))
    assert found.product(file, "a", "b") == "a.dot(b)"


def test_what_the_forward_pass_computes_in_other_names(tmp_path):
    text = NETWORK.replace(
        "p = np.tanh(X @ W1 + b1) @ W2 + b2", "q = np.tanh(X @ W1 + b1)\n    p = q @ W2 + b2", 1
    )
    found, file, node = pool(tmp_path, text)
    assert "a1 @ W2 + b2" in found.transplants(file, node)


def test_shapes_of_products():
    for a, b in (
        ((2, 3), (3, 4)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3, 4)),
        ((3,), (3,)),
    ):
        assert fits(a, b) == (np.ones(a) @ np.ones(b)).shape
    assert fits((2, 3), (2, 3)) is None
    assert fits((), (3,)) is None
    assert fits((2, 2, 3), (3, 3, 4)) is None
