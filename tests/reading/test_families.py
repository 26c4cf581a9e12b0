"""families: the ends of slices count as the numbers in a key do."""

import numpy as np

from autograd_lite.reading.families import parts_of
from autograd_lite.terms import OPS, Terms


def test_a_slice_is_read_by_its_ends() -> None:
    terms = Terms()
    x = terms.leaf((6, 2), np.dtype(float))
    t = terms.make(
        OPS["getitem"] if "getitem" in OPS else OPS["sin"],
        (x,),
        {"key": (slice(2, None), 1)},
        (4,),
        x.dtype,
    )
    assert parts_of(t) == [[(2, 6, 1), 1], x]
