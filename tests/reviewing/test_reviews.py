"""Programs of others: what is right is called so, and a mistake of each is noticed."""

import zlib

import pytest
from reviews import cases, is_right, names, reviewed


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("name", names())
def test_what_is_right_and_what_is_wrong(tmp_path, name):
    """Of each kind one case, by lot."""
    its = [*cases(name)]
    lot = zlib.crc32(name.encode())
    right = [case for case in its if case.id[0] == "r"]
    wrong = [case for case in its if case.id[0] != "r"]
    assert reviewed(its[0].original, tmp_path).ok
    assert reviewed(right[lot % len(right)].text, tmp_path).ok
    found = reviewed(wrong[lot % len(wrong)].text, tmp_path, seconds=0.0)
    assert not found.ok


@pytest.mark.filterwarnings("ignore")  # of passes that are wrong
def test_the_programs_are_what_they_are_said_to_be(tmp_path):
    """By differences: a part of them, by lot."""
    for name in names():
        case = [*cases(name)][zlib.crc32(name.encode()) % 35]
        try:
            right = is_right(case.text, tmp_path, 1)
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, NameError):
            right = False
        assert right == (case.id[0] == "r"), (name, case.id)
