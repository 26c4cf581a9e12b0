"""account: what stands in an expression, down to what has a name."""

import numpy as np

from autograd_lite.reading.account import written_in
from autograd_lite.terms import OPS, Terms


def test_what_has_a_name_is_not_read_further() -> None:
    terms = Terms()
    x = terms.leaf((3,), np.dtype(float))
    a, b, c = x, x, x
    a = terms.make(OPS["sin"], (x,), {}, (3,), x.dtype)
    b = terms.make(OPS["cos"], (a,), {}, (3,), x.dtype)
    c = terms.make(OPS["tanh"], (b,), {}, (3,), x.dtype)
    assert written_in([c], {a}) == [b, c]
    assert written_in([c], {}, {b}) == [c]
