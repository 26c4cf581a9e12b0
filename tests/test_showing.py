import copy
import pickle
import time

import numpy as np
import pytest

from autograd_lite import Table
from autograd_lite.showing import fenced, numbers, titled

NASTY = "<b>&\"'</b>"
SAFE = "&lt;b&gt;&amp;&quot;&#x27;&lt;/b&gt;"


def test_a_table_is_its_text():
    table = Table(("a", "number"), [("long name", "1"), ("b", "23")], right=[1])
    text = "a          number\nlong name       1\nb              23"
    assert (table, str(table), repr(table)) == (text, text, text)
    assert isinstance(table, str)
    assert type(str(table)) is str


def test_a_notebook_gets_the_cells_escaped():
    html = Table((NASTY, "n"), [(NASTY, "1")], right=[1], title=NASTY)._repr_html_()
    assert html.count(SAFE) == 3
    assert NASTY not in html
    assert '<td style="text-align: right">1</td>' in html


def test_a_verdict_is_a_sign_and_a_tint_in_its_row_and_no_part_of_the_text():
    table = Table(("n",), [("1",), ("2",)], verdicts=[True, False])
    assert table == "n\n1\n2"
    head, well, wrong = table._repr_html_().split("<tr")[1:]
    assert head.count("<th") == well.count("<td") == wrong.count("<td") == 2
    assert ("✓" in well, "✗" in well, "✓" in wrong, "✗" in wrong) == (True, False, False, True)
    assert "rgba(" in well
    assert "color:" not in well + wrong  # the text has the notebook's, in any theme
    assert well.split(">")[0] != wrong.split(">")[0]


def test_a_table_without_rows():
    table = Table(("a", "b"), [])
    assert table == "a  b"
    assert "<td" not in table._repr_html_()
    assert "caption" not in table._repr_html_()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copy_of_a_table_is_one(duplicate):
    table = Table(("a",), [("1",)], verdicts=[False], title="t")
    twin = duplicate(table)
    assert twin == table
    assert twin._repr_html_() == table._repr_html_()


def test_a_text_below_its_title_is_escaped():
    html = titled(NASTY, NASTY, NASTY)
    assert html.count(SAFE) == 3
    assert NASTY not in html


@pytest.mark.parametrize(
    "shape", [(), (0, 3), (3, 0, 10**6), (10**9,), (10**5, 10**5), (2,) * 30, (1,) * 30, (9,) * 5]
)
def test_numbers_of_any_array_are_few_and_soon_there(shape):
    array = np.broadcast_to(np.float32(1.5), shape)
    started = time.perf_counter()
    text = numbers(array, 100)
    assert time.perf_counter() - started < 0.5
    assert text.count("1.5") <= 200
    assert ("..." in text) == (array.size > 100)
    assert text.count("[") == text.count("]")
    assert text.startswith("[" * array.ndim if array.size else "[]")


def test_no_more_is_promised_along_an_axis_of_one():
    assert numbers(np.zeros((1, 2, 2, 1)), 1) == "[[[[0.]\n   [0.]], ...]]"


def test_numbers_are_numpys_where_they_are_not_too_many():
    for array in (
        np.arange(12.0).reshape(3, 4),
        np.array([np.nan, -np.inf]),
        np.zeros((50, 50, 2)),
    ):
        wanted = np.array2string(array, threshold=1000, separator=", ")
        assert numbers(array, 1000, separator=", ") == wanted


def test_a_source_cannot_end_its_block():
    assert fenced("x = 1\n\n") == "```python\nx = 1\n```\n"
    first, *_, last = fenced('"""\n````\n```"""').splitlines()
    assert first == "`````python"
    assert last == "`````"
