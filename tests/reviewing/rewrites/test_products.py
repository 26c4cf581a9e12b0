"""Products, powers and signs the other way round: the right line is among the edits."""

import numpy as np
import pytest

SLOPE = "dz1 = da1 * (1 - a1 ** 2)"


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("dW2 = a1.T @ dp", "dW2 = (dp.T @ a1)", "transposed"),
        ("da1 = dp @ W2.T", "da1 = dp @ W2.T * 2", "factor"),
        (SLOPE, "dz1 = da1 * 1 - a1 ** 2", "operands"),
        (SLOPE, "dz1 = da1 * (1 - a1)", "constant"),
        (SLOPE, "dz1 = da1 * (1 + a1 ** 2)", "sign"),
        (SLOPE, "dz1 = da1 * a1 * (1 - a1)", "constant"),
        (SLOPE, "dz1 = da1 * a1 * z1 * (1 - a1 ** 2)", "doubled-derivative"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (Y - p) / N", "sign"),
        ("dp = 2 * (p - Y) / N", "dp = 2 * (p + Y) / N", "sign"),
    ],
)
def test_the_right_line_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_an_outer_product(texts_of):
    text = "import numpy as np\n\n\ndef loss(W, v, x):\n    return (W * np.outer(v, x)).sum()\n\n\n"
    text += "def gradients(W, v, x):\n    g = v * x\n    h = np.exp(v)\n    return g * h\n"
    args = np.ones((3, 3)), np.ones(3), np.ones(3)
    assert {"np.outer(v, x)", "np.outer(x, v)"} <= {*texts_of(text, "v * x", args)}
    assert "np.outer(x, v)" in texts_of(text, "v", args)
    assert not any("outer" in x for x in texts_of(text, "W", args))
