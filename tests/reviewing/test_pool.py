"""What a program has to rearrange."""

import numpy as np
from written import ARGS, NETWORK, module

from autograd_lite.reviewing.code import Code
from autograd_lite.reviewing.notes import Notes
from autograd_lite.reviewing.pool import Pool, fits
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
