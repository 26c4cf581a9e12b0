"""Python's own text: signs as Python binds them, keys, and functions from texts."""

from __future__ import annotations

import ast
import gc
import linecache
import traceback
from itertools import product
from typing import Any

import numpy as np
import pytest

from autograd_lite.terms import SIGNS, key_text, run, silenced_by, slice_text


@pytest.mark.parametrize("ufunc", SIGNS)
def test_a_sign_is_what_python_makes_of_the_ufunc(ufunc: Any) -> None:
    a, b = np.array([[3.0, -2.0], [0.5, 7.0]]), np.array([[3.0, 5.0], [-1.5, 0.25]])
    np.testing.assert_array_equal(eval(f"a {SIGNS[ufunc][0]} b"), ufunc(a, b))


def test_what_binds_more_tightly_needs_no_brackets() -> None:
    for (one, tight), (other, its) in product(SIGNS.values(), SIGNS.values()):
        tree = ast.parse(f"a {one} b {other} c", mode="eval").body
        if tight < its:
            right = tree.comparators[0] if isinstance(tree, ast.Compare) else tree.right  # type: ignore[attr-defined]
            assert isinstance(right, ast.BinOp)
            assert ast.unparse(right) == f"b {other} c"


class Shown:
    def __getitem__(self, key: Any) -> str:
        return key_text(key, repr)


@pytest.mark.parametrize(
    "text", ["1:", ":2", ":", "::2", "::-1", "1:7:2", "...", "..., 0", "None, 1", "0", "1:2, -1:"]
)
def test_a_key_is_written_as_it_is_read(text: str) -> None:
    assert eval(f"Shown()[{text}]") == text


def test_slices_and_keys_in_brackets() -> None:
    assert slice_text(slice(None, None, None)) == ":"
    assert key_text((), repr) == "()"
    assert key_text((slice(2), (1, 2)), repr) == ":2, 1, 2"


def test_a_text_is_a_function_whose_lines_are_shown_while_it_lives() -> None:
    def kept() -> int:
        gc.collect()
        return sum(name.startswith("<broken ") for name in linecache.cache)

    function = run("def broken(x):\n    return 1 / x  # here\n", "broken")
    assert function(2) == 0.5
    with pytest.raises(ZeroDivisionError) as caught:
        function(0)
    assert "return 1 / x  # here" in "".join(traceback.format_tb(caught.tb))
    assert kept() == 1
    del function, caught
    assert kept() == 0


def test_warnings_are_switched_off_in_one_order() -> None:
    assert silenced_by([]) == []
    assert silenced_by({"over", "divide"}) == ['np.errstate(divide="ignore", over="ignore")']
