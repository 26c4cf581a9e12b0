"""What a program has to rearrange."""

import ast

import numpy as np
from written import ARGS, NETWORK, module, pool_of

from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.grammar import name_of
from autograd_lite.reviewing.notes import Notes
from autograd_lite.reviewing.pool import Pool
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


def test_what_the_forward_pass_computes_in_other_names(tmp_path):
    text = NETWORK.replace(
        "p = np.tanh(X @ W1 + b1) @ W2 + b2", "q = np.tanh(X @ W1 + b1)\n    p = q @ W2 + b2", 1
    )
    found, file, node = pool(tmp_path, text)
    assert "a1 @ W2 + b2" in found.transplants(file, node)


STATE = """
import numpy as np


class Part:
    scale = 2.0


class Net:
    def __init__(self):
        self.W, self.rate, self.part = np.arange(6.0).reshape(2, 3), 0.5, Part()

    def loss(self, x):
        self.h = np.tanh(x @ self.W)
        return (self.h ** 2).sum() * self.part.scale

    def gradients(self, x):
        g = 4 * np.ones((len(x), 3))
        return {"W": x.T @ g}


net = Net()
loss, gradients = net.loss, net.gradients
"""


def test_what_objects_keep(tmp_path):
    """What the forward pass left, and what else there is, is in scope, though nothing reads it."""
    m = module(tmp_path, STATE)
    bench, found = pool_of(m.net.loss, m.net.gradients, (np.ones((4, 2)),))
    (file,) = bench.code.files.values()
    line = next(n for n in file.nodes if getattr(n, "name", "") == "gradients").body[0]
    atoms = found.atoms(file, line)
    assert {"self.h", "self.W", "self.rate"} <= atoms.keys()
    assert atoms["self.h"].shapes == {("f", (4, 3))}
    assert {"self.h", "self.W", "self.rate"} <= {*found.unread_attributes}
    assert found.parts() == ["self.part"]


def test_items_of_what_is_gone_through(tmp_path):
    text = "def loss(w, X, y):\n    return sum(w @ x * k for x, k in zip(X, y))\n\n\n"
    text += "def gradients(w, X, y):\n    g = 0 * w\n    for n, x in enumerate(X):\n"
    text += "        g += x\n    return g\n"
    args = np.ones(2), np.ones((3, 2)), np.arange(3)
    found, file, node = pool(tmp_path, text, args)
    assert "y[n]" in found.atoms(file, node)


NESTED = """
import numpy as np


def make(scale):
    act = lambda z: np.tanh(scale * z)

    def loss(w, x):
        return (act(w) * x).sum()

    def gradient(w, x):
        def slope(a):
            return scale * (1 - a ** 2)

        a = act(w)
        return x * slope(a)

    return loss, gradient


loss, gradients = make(2.0)
"""


def test_which_functions_the_backward_pass_has_for_itself(tmp_path):
    """Those within another, too."""
    rng = np.random.default_rng(1)
    m = module(tmp_path, NESTED)
    _, found = pool_of(m.loss, m.gradients, (rng.normal(size=3), rng.normal(size=3)), "w")
    (file,) = found.code.files.values()
    lines = NESTED.split("\n")
    own = {
        lines[x.lineno - 1].strip()
        for x in ast.walk(file.tree)
        if isinstance(x, (ast.Return, ast.Assign)) and found.is_own(file, x)
    }
    assert own == {"return scale * (1 - a ** 2)", "a = act(w)", "return x * slope(a)"}
    names = {name_of(found.function(file, x)) for x in ast.walk(file.tree)}
    assert {"make", "loss", "gradient", "slope"} <= names


FILLED = """
import numpy as np


def loss(W, V, x):
    return (np.tanh(np.tanh(x @ W) @ V) ** 2).sum()


def gradients(W, V, x):
    weights = [W, V]
    z, a, kept, seen = [], [x], {}, []
    for l in range(2):
        z.append(a[l] @ weights[l])
        kept[l] = 2 * z[l]
        a.append(np.tanh(z[l]))
        seen.append(np.tanh(z[l]))
    return {"W": seen[0] + len(z) * W.sum()}
"""


def test_items_of_lists_that_are_filled_and_never_read(tmp_path):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(5, 3))
    m = module(tmp_path, FILLED)
    _, found = pool_of(m.loss, m.gradients, args, ["W"])
    (file,) = found.code.files.values()
    node = next(x for x in file.nodes if getattr(x, "name", "") == "gradients").body[0]
    atoms = found.atoms(file, node)
    assert {"kept[l]", "kept[l - 1]", "kept[l + 1]"} <= atoms.keys()
    assert {shape for _, shape in atoms["kept[l - 1]"].shapes} == {(5, 4), (5, 2)}
    assert not {"seen[l]", "z[l - 1]", "a[l - 1]"} & atoms.keys()  # they are read
