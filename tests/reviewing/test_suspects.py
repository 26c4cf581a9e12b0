"""Which lines look suspicious, and which do not."""

import numpy as np
import pytest
from test_flow import flow
from test_pool import pool
from written import ARGS, NETWORK

from autograd_lite.reviewing.suspects import Suspects


def looks(tmp_path, text, args=ARGS, now=(False,) * 4):
    """How innocent each line of the pass looks, by how it begins."""
    found, known, _ = flow(tmp_path, text, args, now=now)
    program, _, _ = pool(tmp_path, text, args)
    # the same text in another file, as what `flow` gives tells its own
    found._places = {
        (file, at): its
        for (_, at), its in found._places.items()
        for file in program.code.files.values()
    }
    suspects = Suspects(program, known, found, raises=False)
    return {
        x.targets[0].id: value for x, value in suspects.innocence.items() if hasattr(x, "targets")
    }, suspects


@pytest.mark.parametrize(
    ("right", "wrong", "first"),
    [
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1 * (1 - z1 ** 2)", "dz1"),
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1", "dz1"),  # another name of a right value
        ("da1 = dp @ W2.T", "da1 = dp @ (W2.T + 1)", "da1"),
        ("z1 = X @ W1 + b1", "z1 = X @ W1", "z1"),  # the forward pass goes on
        ("dp = 2 * (p - Y) / N", "dp = 3 * (p - Y) ** 3 / N", "dp"),
    ],
)
def test_the_wrong_line_looks_worst(tmp_path, right, wrong, first):
    now = (False, False, first in ("dz1", "da1"), first in ("dz1", "da1"))
    found, _ = looks(tmp_path, NETWORK.replace(right, wrong), now=now)
    assert found[first] == min(found.values()) < 0
    before = ["z1", "a1", "p", "dp", "da1", "dz1"]
    for name in before[: before.index(first)]:
        assert found[name] > 0.1, name


def test_what_only_wrong_values_are_made_of(tmp_path):
    """The value is right; what is made of it is not, for it is the value itself, no gradient."""
    text = NETWORK.replace("dp = 2 * (p - Y) / N", "dp = p - Y")
    found, _ = looks(tmp_path, text)
    assert found["dp"] < 0.3 < found["p"]


def test_what_a_missing_line_would_change(tmp_path):
    text = NETWORK.replace("dp = 2 * (p - Y) / N", "dp = p ** 2")
    found, suspects = looks(tmp_path, text)
    blamed = {name: value for (_, name), value in suspects.blamed.items()}
    assert blamed["dp"] == found["dp"]
    assert np.isfinite([*blamed.values()]).all()
