"""Functions, conditions and words that should be others."""

import numpy as np
import pytest
from written import module

import autograd_lite as al


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("a1 = np.tanh(z1)", "a1 = z1", "operands"),
        ("a1 = np.tanh(z1)", "a1 = np.sin(z1)", "constant"),
    ],
)
def test_the_right_call_is_among_the_edits(kinds_of, right, wrong, kind):
    assert kind in kinds_of(right, wrong)


def test_the_other_word(tmp_path):
    text = (
        "import numpy as np\n\n\n"
        "def act(z, kind):\n    return np.maximum(z, 0) if kind == 'relu' else np.tanh(z)\n\n\n"
        "def slope(z, kind):\n    if kind == 'relu':\n        return (z > 0) * 1.0\n"
        "    return 1 - np.tanh(z) ** 2\n\n\n"
        "def loss(w, x):\n    return (act(x * w, 'relu') + act(x * w, 'tanh')).sum()\n\n\n"
        "def gradient(w, x):\n    g = slope(x * w, 'tanh')\n"
        "    return x * (g + slope(x * w, 'relu'))\n"
    )
    wrong = text.replace("g + slope(x * w, 'relu')", "g + slope(x * w, 'tanh')")
    m = module(tmp_path, wrong)
    rng = np.random.default_rng(2)
    w, x = rng.normal(size=5), rng.normal(size=5)
    found = al.review(m.loss, m.gradient, w, x, wrt="w")
    assert list(found.mended.values()) == [text]
