"""Names in a text: no two alike, and each object always by one."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_lite.compiling.scope import Scope, is_own


@pytest.mark.parametrize("name", ["lambda", "len", "np", "make", "step", "2 x", "ä-b", "", "x"])
def test_a_name_is_one_that_python_can_have_and_nobody_has(name: str) -> None:
    scope = Scope()
    first, second = scope.spelled(name), scope.spelled(name)
    assert first != second
    for given in (first, second):
        assert given.isidentifier()
        assert given not in ("lambda", "len", "np", "make", "step")
    assert (scope.spelled("y"), scope.spelled("y")) == ("y", "y_2")


def test_an_object_has_one_name_and_plain_ones_are_written() -> None:
    scope, array, other = Scope(), np.ones(2), np.ones(2)
    assert scope.object(array) == scope.object(array) != scope.object(other)
    assert scope.objects[scope.object(array)] is array
    assert [scope.object(x) for x in (None, True, 3, "a'b")] == ["None", "True", "3", '"a\'b"']
    assert scope.object(0.5) in scope.objects  # for -0.0 and NaN are not as they are written
    assert scope.function(np.add) == scope.function(np.add) == "add"
    assert scope.bind(array) != scope.bind(array)  # which are two, as memory may be


def test_whose_function_it_is() -> None:
    def add(a: float, b: float) -> float:
        return a + b

    assert not any(map(is_own, (np.add, np.flip, np.where)))
    assert is_own(add)
    assert is_own(lambda x: x)
    assert is_own(np.linalg.inv)  # which is called whole, as it is not np.inv
