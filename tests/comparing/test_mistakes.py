"""What compare says of handwritten passes that others wrote; see handwritten/README.md."""

import numpy as np
import pytest
from mistakes import cases, networks

import autograd_lite as al


def compared(case):
    loss, names, handwritten = case.run(seed=0)
    with np.errstate(all="ignore"):
        return al.compare(loss, handwritten, names=names)


@pytest.mark.parametrize("network", networks("open"))
def test_right_passes_have_right_values(network):
    """Some have a bias in another shape, which is said."""
    for case in cases("open", network):
        if case.group in ("right", "different"):
            wrong = [row.verdict for row in compared(case).rows if not row.ok]
            assert all(verdict.endswith("; the values are right") for verdict in wrong), case


@pytest.mark.parametrize("network", networks("open"))
def test_the_first_wrong_value_is_found(network):
    for case in cases("open", network):
        if case.group == "single":
            assert compared(case).first_wrong.name in {case.first, *case.roots}, case
        elif case.group == "pair":
            wrong = {row.name for row in compared(case).rows if row.step == "wrong"}
            assert {*case.first} <= wrong, case


@pytest.mark.parametrize("network", networks("open"))
def test_parameters_alone_tell_that_something_is_wrong(network):
    for case in cases("open", network):
        loss, names, handwritten = case.run(seed=1, intermediates=False)
        if case.group == "single":
            true = dict(zip(handwritten, al.grad(loss, [names[name] for name in handwritten])))
            far = [
                name
                for name, g in handwritten.items()
                if np.shape(g) != true[name].shape
                or np.abs(g - true[name]).max() > 1e-6 * np.abs(true[name]).max()
            ]
            with np.errstate(all="ignore"):
                report = al.compare(loss, handwritten, names=names)
            assert {row.name for row in report.rows if not row.ok} >= {*far}, case
