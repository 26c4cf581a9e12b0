"""Where an edit is made, and what it writes there."""

import ast

from test_pool import pool
from written import ARGS, NETWORK

from autograd_lite.reviewing.rewrites.site import Edit, Site, is_divisor, plain, slopes, stem


def statement(file, start):
    return next(
        n for n in file.nodes if hasattr(n, "targets") and file.segment(n).startswith(start)
    )


def test_the_line_that_an_edit_adds(tmp_path):
    _, file, _ = pool(tmp_path)
    line = statement(file, "dp =")
    own = file.segment(line)

    def added(text):
        return Edit(file, ((line, text),), "", "", 0).added

    assert added(f"{own}\ndp *= 2") == added(f"dp *= 2\n{own}") == "dp *= 2"
    assert added("dp *= 2") == added(f"{own}\na\nb") == added("dp = p\ndp *= 2") == ""
    assert Edit(file, ((line.value, "p"),), "", "", 0).added == ""


def test_what_is_all_of_a_line(tmp_path):
    text = NETWORK.replace(
        "p = a1 @ W2 + b2", "ps = []\n    ps.append(a1 @ W2 + b2)\n    p = ps[0]"
    )
    program, file, _ = pool(tmp_path, text, ARGS)
    (call,) = (n for n in file.nodes if isinstance(n, ast.Call) and "append" in file.segment(n)[:9])
    whole = [call.args[0], statement(file, "dp =").value]
    assert [Site(program, file, x).is_whole for x in (*whole, whole[0].left)] == [True, True, False]
    assert is_divisor(whole[1].right, whole[1])
    assert not is_divisor(whole[1].left, whole[1])


def test_texts():
    assert (stem("dW2"), stem("hs[t - 1]"), plain("(a + b)"), plain("(a) + (b)")) == (
        *("dW", "hs", "a + b", "(a) + (b)"),
    )


def test_slopes_of_an_array(tmp_path):
    program, file, node = pool(tmp_path)
    assert {"(1 - a1 ** 2)", "a1 * (1 - a1)", "(a1 > 0)"} <= {
        *slopes(Site(program, file, node), "a1")
    }
