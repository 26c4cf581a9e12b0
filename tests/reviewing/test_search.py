"""The search: the right line is found, in few steps, and what is found holds elsewhere."""

import ast

import numpy as np
import pytest
from written import ARGS, NETWORK, module

import autograd_lite as al
from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside
from autograd_lite.reviewing.inspection import _two
from autograd_lite.reviewing.known import Known
from autograd_lite.reviewing.rewrites import Edit
from autograd_lite.reviewing.search import Search

SLIPS = {
    "dp = 2 * (p - Y) / N": "dp = 2 * (p - Y)",
    "dW2 = a1.T @ dp": "dW2 = z1.T @ dp",
    "db2 = dp.sum(axis=0)": "db2 = dp.sum()",
    "dz1 = da1 * (1 - a1 ** 2)": "dz1 = da1 * (1 - z1 ** 2)",
    "db1 = dz1.sum(axis=0)": "db1 = dz1.mean(axis=0)",
}


@pytest.mark.parametrize(("right", "wrong"), SLIPS.items())
def test_the_line_is_found(tmp_path, right, wrong):
    m = module(tmp_path, NETWORK.replace(right, wrong))
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
        given = bench.case(bench.given)
        search = Search(bench, Known(given.truth, bench.forward), [*bench.others(2), given], 60)
        best, *_ = search.mends(bench.code, bench.right(given))
    assert all(best.right)
    assert best.text == NETWORK.replace("\nimport", "\nimport", 1)
    assert search.tried < 3000


def test_what_holds_at_other_sizes_comes_first(tmp_path):
    """`/ 3`, the width, would do, and is simpler than `/ len(w)`."""
    text = "import numpy as np\n\n\ndef loss(w):\n    return (w ** 2).mean()\n\n\n"
    text += "def gradient(w):\n    n = np.shape(w)[0]\n    return 2 * w / n / 3 * 3\n"
    m = module(tmp_path, text.replace("    n = np.shape(w)[0]\n", "").replace("/ n / 3 * 3", "/ 4"))
    found = al.review(m.loss, m.gradient, np.array([1.0, 2.0, -0.5]), wrt="w")
    (new,) = found.mended.values()
    assert "/ 3" not in new
    assert "1 of other sizes" in found.mistakes[0].verified
    spaced = {**vars(m)}
    exec(new, spaced)
    w = np.arange(5.0)
    np.testing.assert_allclose(spaced["gradient"](w), 2 * w / 5, rtol=1e-12)


def test_an_endless_edit_does_not_hang(tmp_path):
    text = (
        "import numpy as np\n\ndef loss(w):\n    return (w * w).sum()\n\n"
        "def back(w):\n    g, n = 3 * w, 5\n    while n > 0:\n        n = n - 1\n    return g\n"
    )
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.back, (np.array([1.0, 2.0]),)), None, "gradients", 1.0, None)
        given = bench.case(bench.given)
        search = Search(bench, Known(given.truth, bench.forward), [given], 60)
        best, *_ = search.mends(bench.code, [False])
    assert "2 * w" in best.text


def test_an_edit_that_makes_a_method_one_of_another_kind_is_left_out(tmp_path):
    """Without `super()` a method has no cell for its class, and cannot be exchanged."""
    text = (
        "class Layer:\n    def back(self, w):\n        return 3 * w\n\n\n"
        "class Double(Layer):\n    def back(self, w):\n        return super().back(w)\n\n\n"
        "def loss(w):\n    return (w * w).sum()\n\n\n"
        "def back(w):\n    return Double().back(w)\n"
    )
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.back, (np.array([1.0, 2.0]),)), ["w"], "gradients", 1.0, None)
        given = bench.case(bench.given)
        search = Search(bench, Known(given.truth, bench.forward), [given], 60)
        (file,) = bench.code.files.values()
        (site,) = [
            n for n in file.nodes if isinstance(n, ast.Return) and "super" in file.segment(n)
        ]
        search.hits = [Edit(file, ((site.value, "w"),), "", "", 0)]
        assert _two(search, bench, bench.code, [False]) is None
    assert m.back(np.ones(1)) == 3


def test_two_mistakes_where_an_edit_of_both_holds_nearly_everywhere(tmp_path):
    """`k = 2` is right but where w comes near 0.115; then the two lines are mended one by one."""
    text = (
        "import numpy as np\n\ndef loss(w, v, x):\n"
        "    return (w ** 2 * x).sum() + (v ** 2 * x).sum()\n\n"
        "def back(w, v, x):\n    k = 3\n    if 0.11 < np.abs(w).min() < 0.12:\n        k = 5\n"
        "    return {'w': k * w * x, 'v': k * v * x}\n"
    )
    m = module(tmp_path, text)
    found = al.review(
        m.loss, m.back, *np.array([[0.5, 0.3, 0.2], [1.0, 2.0, -1.0], [0.4, 0.7, 0.9]])
    )
    assert found.left == (), found
    assert all("k = 2" not in mistake.mended for mistake in found.mistakes)
