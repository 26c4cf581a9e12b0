"""Which of the user's functions only compute, and may be called though the passes do not."""

import pytest

from autograd_lite.reviewing.code import File
from autograd_lite.reviewing.harmless import harmless

TEXT = """
import numpy as np


def slope(v):
    t = np.tanh(v)
    g = np.zeros_like(v)
    g[v > 0] = 1.0
    return (1 - t ** 2) * g.sum() * v.T.shape[0]


def twice(v):
    return slope(v) + slope(v)


half = lambda v: v / 2
"""


def test_what_only_computes():
    assert harmless(File("some.py", TEXT), "np") == {"slope", "twice", "half"}


@pytest.mark.parametrize(
    "text",
    [
        "def f(v):\n    print(v)\n    return v",
        "def f(v):\n    while v.sum() > 0:\n        v = v / 2\n    return v",
        "def f(v):\n    for x in v:\n        pass\n    return v",
        "def f(v):\n    v[0] = 1\n    return v",
        "def f(v):\n    v.kept = 1\n    return v",
        "def f(v):\n    return store.now * v",  # what may be a property
        "def f(v):\n    return disk.copy(v)",
        "def f(v):\n    return np.save('x', v)",
        "def f(v):\n    return np.random.normal()",
        "def f(v):\n    return clip(v)\n\n\ndef clip(v):\n    print(v)\n    return v",
        "@kept\ndef f(v):\n    return v",
        "def f(v):\n    return f(v)",
        "def f(v):\n    v + 1",
        "f = lambda v: open(v)",
        "def f(v):\n    import os\n    return v",
        "def f(v):\n    return (lambda: write(v))()",
    ],
)
def test_what_may_do_more(text):
    assert harmless(File("some.py", f"import numpy as np\n\n\n{text}\n"), "np") == set()


def test_numpy_without_a_name():
    text = "from numpy import exp\n\n\ndef f(v):\n    return log(v)\n\n\ndef g(v):\n    return -v\n"
    assert harmless(File("some.py", text), "") == {"g"}


@pytest.mark.parametrize(
    ("before", "text", "known"),
    [
        ("import math\n", "math.exp(-v)", {"f"}),
        ("import math\n", "math.factorial(v)", set()),  # which may take for ever
        ("import mine as math\n", "math.exp(-v)", set()),
        ("", "math.exp(-v)", set()),
    ],
)
def test_functions_of_math(before, text, known):
    assert harmless(File("some.py", f"{before}\n\ndef f(v):\n    return {text}\n"), "np") == known
