"""A factor or a term that is missing: the line with it is among the edits."""

import numpy as np
import pytest
from written import NETWORK


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1", "missing-derivative"),
        ("dp = 2 * (p - Y) / N", "dp = (p - Y) / N", "factor"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p - Y)", "factor"),
        ("z1 = X @ W1 + b1", "z1 = X @ W1", "missing-term"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * p / N", "missing-term"),  # and Y is never read
    ],
)
def test_the_whole_line_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_a_one_that_is_missing(texts_of):
    assert "(1 - a1)" in texts_of(NETWORK.replace("(1 - a1 ** 2)", "a1"), "a1")
    assert "p - 1" in texts_of(NETWORK.replace("dp = 2 * (p - Y) / N", "dp = p"), "p")


def test_the_item_of_a_row_at_an_index_that_the_line_reads(texts_of):
    text = "def loss(W, b, x):\n    return sum((W[i] @ x + b[i]) ** 2 for i in range(len(b)))\n\n\n"
    text += "def gradients(W, b, x):\n    gW, gb = 0 * W, 0 * b\n    for i in range(len(b)):\n"
    text += "        s = W[i] @ x\n        gW[i] += 2 * s * x\n        gb[i] += 2 * s\n"
    text += "    return gW, gb\n"
    args = np.ones((3, 2)), np.ones(3), np.ones(2)
    assert "W[i] @ x + b[i]" in texts_of(text, "W[i] @ x", args)


def test_a_function_that_nothing_calls(texts_of):
    """As a term and as a factor; but none that does more than compute."""
    text = NETWORK + "\n\ndef slope(v):\n    return 1 - v ** 2\n\n\n"
    text += "def twice(v):\n    return slope(v) + slope(v)\n\n\n"
    text += "def kept(v):\n    print(v)\n    return v\n\n\n"
    text += "def spoiled(v):\n    v[0] = 1\n    return v\n\n\n"
    text += "def clip(v):\n    return kept(v)\n\n\ndef cut(v):\n    return clip(v)\n"
    found = texts_of(text.replace("dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1"), "da1")
    assert {"da1 * slope(a1)", "da1 * twice(a1)", "da1 + slope(a1)"} <= {*found}
    assert not any(name in x for name in ("kept", "spoiled", "clip", "cut") for x in found)


@pytest.mark.parametrize(
    ("given", "new"),
    [
        ("(dW1, db1, dW2)", "(dW1, db1, dW2, db2)"),
        ("(dW1, dW2, db2)", "(dW1, db1, dW2, db2)"),
        ("[dW1, db1, db2]", "[dW1, db1, dW2, db2]"),
        ('{"dW1": dW1, "db1": db1}', '{"dW1": dW1, "db1": db1, "db2": db2}'),
        ("{'W1': dW1, 'b1': db1}", "{'W1': dW1, 'b1': db1, 'b2': db2}"),
    ],
)
def test_one_of_several_that_are_given(texts_of, given, new):
    own = '{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}'
    assert new in texts_of(NETWORK.replace(own, given), given)
