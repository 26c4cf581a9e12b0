"""Products, powers and signs the other way round: the right line is among the edits."""

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
