"""Names: what the user calls a value, and free names."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_lite import Tensor
from autograd_lite.names import Namespace, called, known


def test_a_value_is_called_by_its_own_name_first() -> None:
    W, b, x, hidden = Tensor(1.0, name="W"), Tensor(2.0), np.ones(2), np.ones(3)
    names = {"V": W, "_b": b, "b": b, "bias": b, "x": x, "_": hidden}
    name_of, names_of = called(names), known(names)
    assert [name_of(v) for v in (W, b, x, hidden, np.ones(2))] == ["W", "b", "x", None, None]
    assert [[*names_of(v)] for v in (W, b, x, hidden)] == [["W", "V"], ["b", "bias"], ["x"], []]
    b.named("own")
    assert name_of(b) == "own"


def test_without_names_only_tensors_have_one() -> None:
    for names in (None, {}):
        name_of = called(names)
        assert name_of(Tensor(1.0, name="W")) == "W"
        assert name_of(Tensor(1.0)) is None
        assert name_of(1.0) is None
        assert name_of(np.ones(2)) is None


@pytest.mark.parametrize("names", [[1], "W", {1: np.ones(2)}, {"W": 1, None: 2}, 5, []])
def test_what_is_no_dict_of_names(names: object) -> None:
    for rule in (called, known):
        with pytest.raises(TypeError, match=r"names is .*; a dict of values .*; pass names=locals"):
            rule(names)  # type: ignore[arg-type]


def test_a_name_that_is_taken_gets_a_number() -> None:
    names = Namespace(taken=["x", "d_2"])
    assert [names.free(n) for n in ("z", "x", "x", "x_2", "d", "d", "z")] == [
        *("z", "x_2", "x_3", "x_2_2", "d", "d_3", "z_2")
    ]
    assert {"x", "x_2", "x_3", "x_2_2", "d", "d_2", "d_3", "z", "z_2"} == names.taken


def test_numbered_names_skip_what_is_taken() -> None:
    names = Namespace(["a1", "a3"])
    assert [names.numbered(letter) for letter in "aabaz"] == ["a2", "a4", "b1", "a5", "z1"]
    assert names.free("a2") == "a2_2"
