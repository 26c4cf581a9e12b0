"""A factor or a term that is missing: the line with it is among the edits."""

import pytest


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
