"""Sums over other axes, or none: the right one is among the edits."""

import pytest

SUM = "db1 = dz1.sum(axis=0)"


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        (SUM, "db1 = dz1.mean(axis=0)", "mean-for-sum"),
        (SUM, "db1 = dz1.sum(axis=1)", "axis"),
        (SUM, "db1 = dz1.sum()", "axis"),
        (SUM, "db1 = dz1", "unsummed"),
        (SUM, "db1 = dz1[-1]", "unsummed"),
        (SUM, "db1 = dz1[0]", "unsummed"),
    ],
)
def test_the_right_sum_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)
