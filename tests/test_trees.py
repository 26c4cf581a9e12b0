from collections import OrderedDict, namedtuple

import pytest

from autograd_lite.trees import beside, held, mapped

Pair = namedtuple("Pair", "a b")
TREE = {"x": [1, (2, 3)], "y": Pair(4, OrderedDict(z=5)), "empty": ()}


def test_a_tree_keeps_its_classes_and_its_order():
    tree = mapped(lambda n: -n, TREE)
    assert tree == {"x": [-1, (-2, -3)], "y": Pair(-4, OrderedDict(z=-5)), "empty": ()}
    assert list(tree) == list(TREE)
    assert type(tree["y"]) is Pair
    assert type(tree["y"].b) is OrderedDict
    assert TREE["x"] == [1, (2, 3)]


def test_what_a_tree_holds_comes_in_order():
    assert list(held(TREE)) == [1, 2, 3, 4, 5]
    assert list(held("a string")) == ["a string"]


def test_beside_follows_the_first_tree():
    other = {"y": Pair("d", {"z": "e"}), "x": ("a", ["b", "c"]), "empty": []}
    assert list(beside(TREE, other, "they")) == ["a", "b", "c", "d", "e"]
    assert list(beside(1, [2, 3], "they")) == [[2, 3]]


@pytest.mark.parametrize(
    "other", [{"x": 1, "y": 2}, [1, 2, 3], {"x": [1], "y": Pair(1, {"z": 1}), "empty": ()}]
)
def test_trees_that_differ_are_an_error_with_the_name(other):
    with pytest.raises(ValueError, match=r"^the tangents have .*; the same structure is needed"):
        list(beside(TREE, other, "the tangents"))
