"""`review`: what is wrong is found, mended, verified; what is right is so; nothing changes."""

import copy
import random
import subprocess
import sys

import numpy as np
import pytest
from habits import HABITS, program
from written import ARGS, NETWORK, make, module

import autograd_lite as al
from autograd_lite.reviewing.search import Search

rng = np.random.default_rng(8)
SMALL = [rng.normal(size=s) for s in ((3, 2), (2,), (5, 3), (5, 2))]
WRONG = NETWORK.replace("(1 - a1 ** 2)", "(1 - z1 ** 2)")


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("habit", HABITS)
def test_habits_are_followed(tmp_path, habit):
    right = program(habit)
    m = module(tmp_path, right)
    found = al.review(m.loss, m.gradient, *SMALL, wrt=["W", "b"])
    assert found.ok, found
    head, tail = right.split("def gradient")
    wrong = head + "def gradient" + tail.replace("2 * (p - y)", "3 * (p - y)")
    m = module(tmp_path, wrong)
    found = al.review(m.loss, m.gradient, *SMALL, wrt=["W", "b"])
    assert found.wrong == ("W", "b")
    assert found.left == (), found
    (text,) = found.mended.values()
    assert text == right, found
    (mistake,) = found.mistakes
    assert "3 * (p - y)" in mistake.text
    assert mistake.kind == "factor"


def test_what_is_right_is_said_to_be(tmp_path):
    m = module(tmp_path, NETWORK)
    found = al.review(m.loss, m.gradients, *ARGS, make=make)
    assert found.ok
    assert found.mistakes == ()
    assert found.diff() == ""
    assert str(found).startswith("the backward pass is right: all 4 gradients are the derived ones")
    found.raise_if_wrong()
    meanings = {line.text.split(" = ")[0]: line.meaning for line in found.lines if line.meaning}
    assert meanings["dW1"] == "∂loss/∂W1"
    assert meanings["dp"] == "∂loss/∂p"


def test_float32_is_right(tmp_path):
    m = module(tmp_path, NETWORK)
    assert al.review(m.loss, m.gradients, *(a.astype(np.float32) for a in ARGS)).ok


def test_a_mistake_is_shown_as_a_compiler_does(tmp_path):
    m = module(tmp_path, WRONG)
    found = al.review(m.loss, m.gradients, *ARGS, make=make)
    (mistake,) = found.mistakes
    assert mistake.line == 1 + WRONG.split("\n").index("    dz1 = da1 * (1 - z1 ** 2)")
    assert mistake.text[slice(*mistake.span)] == "z1"
    assert mistake.mended == "    dz1 = da1 * (1 - a1 ** 2)"
    assert mistake.kind == "derivative-at-input"
    assert mistake.verified.endswith("fresh inputs")
    text = str(found)
    assert "2 of 4 gradients are wrong: W1, b1; one edit mends them" in text
    assert "^^" in text
    assert f"follows from line {mistake.line}" in text
    assert "✗" in found._repr_html_()
    with pytest.raises(AssertionError, match="stands where `a1` belongs"):
        found.raise_if_wrong()


def test_a_difference_that_git_applies(tmp_path):
    m = module(tmp_path, WRONG)
    found = al.review(m.loss, m.gradients, *ARGS)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    place = (tmp_path / f"{m.__name__}.py").as_posix().lstrip("/")
    inside = found.diff().replace(place, f"{m.__name__}.py")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=inside, text=True, check=True)
    assert (tmp_path / f"{m.__name__}.py").read_text() == NETWORK


def test_two_mistakes(tmp_path):
    wrong = WRONG.replace("db2 = dp.sum(axis=0)", "db2 = dp.sum()")
    m = module(tmp_path, wrong)
    found = al.review(m.loss, m.gradients, *ARGS)
    assert found.left == ()
    assert [*found.mended.values()] == [NETWORK]
    lines = {mistake.line for mistake in found.mistakes}
    assert lines == {
        i + 1 for i, (a, b) in enumerate(zip(wrong.split("\n"), NETWORK.split("\n"))) if a != b
    }


def test_what_is_right_by_chance_is_wrong(tmp_path):
    text = """
import numpy as np

def loss(gamma, W, x):
    return ((gamma * (x @ W)) ** 2).sum()

def gradients(gamma, W, x):
    z = x @ W
    dz = 2 * gamma * z
    return {"gamma": (2 * gamma * z * z).sum(0), "W": x.T @ dz}
"""
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradients, np.ones(2), SMALL[0], SMALL[2])
    assert found.wrong == ("W",)
    assert "right on these arguments, wrong on others" in str(found)
    assert found.left == ()


def test_code_that_raises(tmp_path):
    m = module(tmp_path, NETWORK.replace("dp @ W2.T", "dp @ W2"))
    for wrt in (None, ["W1", "b1", "W2", "b2"]):
        found = al.review(m.loss, m.gradients, *ARGS, wrt=wrt)
        assert [*found.mended.values()] == [NETWORK], found
        assert "backward raises ValueError" in str(found)


CLASS = """
import numpy as np

class Net:
    def __init__(self, rng):
        self.W, self.b = rng.normal(size=(3, 2)), np.zeros(2)
        self.log = []

    def loss(self, x, y):
        self.p = np.tanh(x @ self.W + self.b)
        return ((self.p - y) ** 2).sum()

    def step(self, x, y, lr=0.1):
        self.log.append(1)
        d = 2 * (self.p - y) * (1 - self.p ** 2)
        self.W -= lr * x.T @ d
        self.b -= lr * d.sum(axis=0)
"""


def test_attributes_that_are_updated_in_place(tmp_path):
    for text in (CLASS, CLASS.replace("d.sum(axis=0)", "d.mean(axis=0)")):
        net = module(tmp_path, text).Net(np.random.default_rng(1))
        before = copy.deepcopy(vars(net))
        found = al.review(net.loss, net.step, *SMALL[2:], wrt=["W", "b"], returns="updated", lr=0.1)
        assert found.ok == (text is CLASS), found
        assert found.left == ()
        assert found.mended == {} or [*found.mended.values()] == [CLASS]
        assert vars(net).keys() == before.keys()
        assert net.log == []
        np.testing.assert_array_equal(net.W, before["W"])


def test_nothing_is_changed(tmp_path, monkeypatch):
    rights = Search.rights
    m = module(tmp_path, WRONG)
    args, codes = copy.deepcopy(ARGS), (m.loss.__code__, m.gradients.__code__)
    states = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    for i in range(30):
        if i % 3:
            al.review(m.loss, m.gradients, *args)
        else:
            calls = iter(range(i + 1))

            def interrupted(*args, calls=calls):
                if next(calls, None) is None:
                    raise KeyboardInterrupt
                return rights(*args)

            monkeypatch.setattr(Search, "rights", interrupted)
            with pytest.raises(KeyboardInterrupt):
                al.review(m.loss, m.gradients, *args)
            monkeypatch.setattr(Search, "rights", rights)
    for a, b in zip(args, ARGS):
        np.testing.assert_array_equal(a, b)
    assert (m.loss.__code__, m.gradients.__code__) == codes
    assert (np.random.get_state()[1] == states[0]).all()  # noqa: NPY002
    assert random.getstate() == states[1]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"returns": "other"}, ValueError, "'gradients' or 'updated'"),
        ({"returns": "updated"}, ValueError, "give lr=0.1"),
        ({"wrt": ["V"]}, ValueError, "here are W1, b1"),
    ],
)
def test_what_is_asked_wrongly(tmp_path, change, error, said):
    m = module(tmp_path, NETWORK)
    with pytest.raises(error, match=said):
        al.review(m.loss, m.gradients, *ARGS, **change)
    with pytest.raises(TypeError, match="give it without"):
        al.review(m.loss, {"W": 1}, *ARGS)
    with pytest.raises(ValueError, match="save it to a file"):
        al.review(m.loss, eval("lambda *args: args"), *ARGS)


def test_from_a_shell(tmp_path):
    maker = "\n\ndef make(rng):\n    n, d, h, k = rng.permutation(range(2, 8))[:4]\n"
    maker += "    shapes = (d, h), (h,), (h, k), (k,), (n, d), (n, k)\n"
    maker += "    return tuple(rng.normal(size=shape) for shape in shapes)\n"
    for text, status in ((NETWORK, 0), (WRONG, 1)):
        (tmp_path / "net.py").write_text(text + maker)
        asked = ["net.py:loss", "net.py:gradients", "--args", "net.py:make"]
        command = [sys.executable, "-m", "autograd_lite", "review", *asked]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        assert "gradients are" in done.stdout
        done = subprocess.run([*command, "--diff"], cwd=tmp_path, capture_output=True, text=True)
        assert ("+    dz1 = da1 * (1 - a1 ** 2)" in done.stdout) == bool(status)
    done = subprocess.run([*command[:-1], "no.py:x"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2


PENALTY = """
import numpy as np

dict_loss = lambda P, x: ((x @ P["W"] + P["b"]) ** 2).sum()


def gradients(P, x):
    d = 2 * (x @ P["W"] + P["b"])
    return {"W": x.T @ d}


def renamed(P, x):
    d = 2 * (x @ P["W"] + P["b"])
    return {"W": x.T @ d, "offset": 5 * d.sum(axis=0)}


def loss(W, X, y, reg):
    return ((X @ W - y) ** 2).mean() + 0.5 * reg * (W ** 2).sum()


def penalized(W, X, y, reg):
    return 2 * X.T @ (X @ W - y) / y.size + W


def weighted(W, X, y, w):
    return (((X @ W - y) ** 2) * w).sum() / len(X)


def by_five(W, X, y, w):
    return 2 * X.T @ ((X @ W - y) * w) / 5


def summed(W, x):
    return (np.maximum(x @ W, 0) ** 2).sum(), x


def vector(W, x):
    return x @ W


def column(W, x):
    return ((x @ W) ** 2).sum()


def flat(W, x):
    return (2 * x.T @ (x @ W)).ravel()


def masked(W, x):
    z = x @ W
    return x.T @ np.divide(2 * z, 1.0, out=np.zeros_like(z), where=z != 0)


class Net:
    def __init__(self, W):
        self.W = W

    def __call__(self, x, y):
        self.p = x @ self.W
        return ((self.p - y) ** 2).sum()

    def backward(self, x, y):
        return {"W": 2 * x.T @ (self.p - y)}
"""


def test_a_gradient_that_is_missing_is_wrong(tmp_path):
    m = module(tmp_path, PENALTY)
    P, x = {"W": SMALL[0], "b": SMALL[1]}, SMALL[2]
    found = al.review(m.dict_loss, m.gradients, P, x, wrt=["P"], seconds=2)
    assert found.wrong == ("P['b']",)
    assert "no gradient is given of it" in str(found)
    found = al.review(m.dict_loss, m.renamed, P, x)
    assert found.names == ("P['W']",)
    assert "'offset' of the result names no argument" in str(found)


def test_what_is_no_parameter_is_varied_too(tmp_path):
    m = module(tmp_path, PENALTY)
    W, _, X, y = SMALL
    assert al.review(m.loss, m.penalized, W, X, y, 1.0, wrt="W", seconds=5).wrong == ("W",)
    w = np.array([0.3, 2.0])  # of the classes, not of the samples
    assert al.review(m.weighted, m.by_five, W, X, y, w, wrt="W", seconds=5).wrong == ("W",)


def test_a_loss_is_one_number(tmp_path):
    m = module(tmp_path, PENALTY)
    with pytest.raises(TypeError, match="forward gave a tuple of 2; the loss, one number, is"):
        al.review(m.summed, m.flat, SMALL[0], SMALL[2])
    with pytest.raises(TypeError, match=r"forward gave an array \(5, 2\)"):
        al.review(m.vector, m.flat, SMALL[0], SMALL[2])


def test_a_shape_that_an_update_would_spread_is_told(tmp_path):
    m = module(tmp_path, PENALTY)
    found = al.review(m.column, m.flat, SMALL[0][:, :1], SMALL[2], wrt="W")
    assert "its gradient has shape (3,), and it has (3, 1)" in str(found)


def test_other_arguments_that_are_none(tmp_path):
    m = module(tmp_path, NETWORK)
    with pytest.raises(TypeError, match="make is 5; a function is needed"):
        al.review(m.loss, m.gradients, *ARGS, make=5)
    with pytest.raises(ValueError, match=r"make\(rng\) did not give what forward takes"):
        al.review(m.loss, m.gradients, *ARGS, make=lambda rng: ARGS[:2])
    with pytest.raises(ValueError, match="wrt is empty"):
        al.review(m.loss, m.gradients, *ARGS, wrt=[])
    with pytest.raises(TypeError, match="seconds is '5'; a number is needed"):
        al.review(m.loss, m.gradients, *ARGS, seconds="5")


def test_a_loss_of_few_arguments_is_said_to_be_tried_there_alone(tmp_path):
    text = "def loss(w):\n    if abs(w.sum() - 1) > 1e-9:\n        raise ValueError('not 1')\n"
    text += "    return (w ** 2).sum()\n\n\ndef gradient(w):\n    return 2 * w\n"
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradient, np.full(4, 0.25), wrt="w")
    assert found.ok
    assert "tried on these alone" in str(found)


def test_a_gradient_at_a_kink_is_told_from_one_that_is_wrong(tmp_path):
    text = "import numpy as np\n\n\ndef loss(w):\n    return np.maximum(w, 0).sum()\n\n\n"
    text += "def gradient(w):\n    return (w >= 0) * 1.0\n"
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradient, np.array([0.0, 1.0, -1.0]), wrt="w", seconds=2)
    assert "w: wrong on these arguments, right on others; a kink" in str(found)


def test_objects_that_are_called_and_keywords_that_watchers_have(tmp_path):
    m = module(tmp_path, PENALTY)
    net, (W, _, X, y) = m.Net(SMALL[0]), SMALL
    assert al.review(net, net.backward, X, y).ok
    assert al.review(m.column, m.masked, W, X, wrt="W").ok


def test_lambdas_of_one_line(tmp_path):
    text = "import numpy as np\n\nF = [lambda w: (np.abs(w) ** 3).sum(), "
    text += "lambda w: (np.abs(w) ** 2).sum(), lambda w: 7 * w, lambda w: 2 * w]\n"
    m = module(tmp_path, text)
    assert al.review(m.F[1], m.F[3], SMALL[0], wrt="w").ok
    found = al.review(m.F[1], m.F[2], SMALL[0], wrt="w")
    assert found.left == ()
    assert "lambda w: 2 * w, lambda w: 2 * w" in next(iter(found.mended.values()))


def test_lines_of_two_statements(tmp_path):
    text = "def loss(W, x):\n    return ((x @ W) ** 2).sum()\n\n\n"
    text += "def gradient(W, x):\n    z = x @ W; d = 2 * z\n    return x.T @ d\n"
    m = module(tmp_path, text)
    found = al.review(m.loss, m.gradient, SMALL[0], SMALL[2], wrt="W")
    assert found.ok
    assert [line.number for line in found.lines] == [6, 7]
    assert "follows" not in str(found)


def test_a_rate_that_differs_from_the_default_is_handed_over(tmp_path):
    text = "def loss(W, x):\n    return ((x @ W) ** 2).sum()\n\n\n"
    text += "def step(W, x, lr=0.1):\n    return W - lr * 2 * x.T @ (x @ W)\n"
    m = module(tmp_path, text)
    assert al.review(m.loss, m.step, SMALL[0], SMALL[2], returns="updated", lr=0.01, wrt="W").ok


def test_a_gradient_that_is_transposed(tmp_path):
    """Of another shape, and as many numbers: a note says so, and the line is mended."""
    wrong = NETWORK.replace("dW1 = X.T @ dz1", "dW1 = dz1.T @ X")
    m = module(tmp_path, wrong)
    found = al.review(m.loss, m.gradients, *ARGS)
    assert any("W1 - lr * gradient raises" in note for note in found.notes)
    assert [*found.mended.values()] == [NETWORK]


HALTS = """
import numpy as np

CALLS = []


def bits(n):
    count = 0
    while n != 0:
        n = n // 2
        count = count + 1
    return count


def kept(x):
    CALLS.append(x)
    return x


def loss(W, x, y, lam):
    return ((x @ W - y) ** 2).sum() + lam * (W ** 2).sum()


def gradients(W, x, y, lam):
    return {"W": 2 * x.T @ (x @ W - y)}
"""


def test_functions_that_no_pass_calls_are_not_run(tmp_path):
    """One that would never end with a negative number, and one that keeps what it is given."""
    m = module(tmp_path, HALTS)
    rng = np.random.default_rng(0)
    args = rng.normal(size=(3, 2)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), -0.3
    found = al.review(m.loss, m.gradients, *args, wrt="W", seconds=5)
    assert not found.ok
    assert m.CALLS == []


def test_a_result_with_keys_of_one_digit(tmp_path):
    text = "def loss(p, x, u):\n    return ((x @ p[1] + p[2]) ** 2).sum()\n\n\n"
    text += "def gradients(p, x, u):\n    r = 2 * (x @ p[1] + p[2])\n"
    text += "    for i, v in enumerate(iterable=x):\n        pass\n"
    text += "    return {1: x.T @ r, 2: r.sum(axis=0)}\n"
    m = module(tmp_path, text.replace("r.sum(axis=0)", "r.mean(axis=0)"))
    p = {1: np.arange(6.0).reshape(3, 2), 2: np.ones(2)}
    x = np.random.default_rng(1).normal(size=(5, 3))
    found = al.review(m.loss, m.gradients, p, x, np.ones(5), wrt="p")
    assert [*found.mended.values()] == [text]


def test_a_gradient_of_another_shape_alone(tmp_path):
    """Its numbers are right: no note says that they are not."""
    m = module(tmp_path, NETWORK.replace('"dW1": dW1', '"dW1": dW1.ravel()'))
    found = al.review(m.loss, m.gradients, *ARGS)
    assert not any("more than rounding" in note for note in found.notes)
    assert any("raises" in note for note in found.notes)


def test_samples_among_the_parameters(tmp_path):
    """A loss that goes through pairs stops where one has no more: both must be as many."""
    text = "def loss(X, Y, w):\n    total = 0.0\n    for x, y in zip(X, Y):\n"
    text += "        total = total + ((x * w - y) ** 2).sum()\n    return total / Y.size\n\n\n"
    text += "def gradients(X, Y, w):\n    d = 2 * (X * w - Y) / Y.size\n"
    text += "    return {'X': d * w, 'w': (d * X).sum(axis=0)}\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(6)
    args = [rng.normal(size=s) for s in ((5, 3), (5, 3), (3,))]
    assert al.review(m.loss, m.gradients, *args).ok
    wrong = module(tmp_path, text.replace("2 * (X", "(X"))
    (mistake,) = al.review(wrong.loss, wrong.gradients, *args).mistakes
    assert "2 * (X * w - Y)" in mistake.mended


def test_as_many_samples_as_features(tmp_path):
    """What the parameters have as many rows as does not keep samples from being drawn again."""
    text = "def loss(W, X, y):\n    return ((X @ W - y) ** 2).sum() / X.shape[0]\n\n\n"
    text += "def gradient(W, X, y):\n    return {'W': 2 * X.T @ (X @ W - y) / X.shape[1]}\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(7)
    args = [rng.normal(size=s) for s in ((4, 2), (4, 4), (4, 2))]
    found = al.review(m.loss, m.gradient, *args)
    assert [*found.mended.values()] == [text.replace("shape[1]", "shape[0]")]


def test_labels_in_a_list(tmp_path):
    text = "import numpy as np\n\n\ndef soft(z):\n    e = np.exp(z)\n"
    text += "    return e / e.sum(1, keepdims=True)\n\n\ndef loss(W, X, t):\n"
    text += "    return -np.log(soft(X @ W)[np.arange(len(t)), t]).mean()\n\n\n"
    text += "def gradient(W, X, t):\n    p = soft(X @ W)\n    p[np.arange(len(t)), t] -= 1\n"
    text += "    return {'W': X.T @ p / len(t)}\n"
    rng = np.random.default_rng(8)
    args = rng.normal(size=(3, 4)), rng.normal(size=(6, 3)), [0, 1, 2, 3, 1, 0]
    m = module(tmp_path, text)
    assert al.review(m.loss, m.gradient, *args).ok
    assert al.review(m.loss, m.gradient, *args[:2], tuple(args[2])).ok
    wrong = module(tmp_path, text.replace(" / len(t)}", "}"))
    assert [*al.review(wrong.loss, wrong.gradient, *args).mended.values()] == [text]


def test_a_mend_that_is_wrong_at_other_sizes_says_so(tmp_path):
    text = "def loss(W, X):\n    return ((X @ W) ** 2).sum() / (X.shape[1] - 1)\n\n\n"
    text += "def gradient(W, X):\n    return {'W': 2 * X.T @ (X @ W)}\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(9)
    found = al.review(m.loss, m.gradient, rng.normal(size=(3, 2)), rng.normal(size=(5, 3)))
    (mistake,) = found.mistakes
    assert "at others that were tried it is not right" in mistake.verified


@pytest.mark.parametrize(
    "check",
    [
        "    k = 1\n    while k != X.shape[1]:\n        k *= 2\n",  # goes on for ever
        "    if X.shape[1] != 4:\n        raise SystemExit\n",
    ],
)
def test_a_loss_that_takes_no_other_sizes(tmp_path, check):
    text = f"def loss(W, X):\n{check}    return ((X @ W) ** 2).sum()\n\n\n"
    text += "def gradient(W, X):\n    return {'W': X.T @ (X @ W)}\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(9)
    found = al.review(m.loss, m.gradient, rng.normal(size=(4, 2)), rng.normal(size=(5, 4)))
    assert [*found.mended.values()] == [text.replace("X.T @", "2 * X.T @")]


def test_lists_of_arrays_that_are_no_array(tmp_path):
    """One gradient too many, in a list that grows: that is said."""
    text = "import numpy as np\n\n\ndef loss(W, b, V, X):\n"
    text += "    return ((np.tanh(X @ W + b) @ V) ** 2).sum()\n\n\n"
    text += "def gradients(W, b, V, X):\n    h = np.tanh(X @ W + b)\n    e = h @ V\n"
    text += "    dV = 2 * h.T @ e\n    d = 2 * e @ V.T * (1 - h ** 2)\n    grads = []\n"
    text += "    grads += [X.T @ d, d.sum(axis=0) * 3]\n    grads += [dV, dV]\n    return grads\n"
    m = module(tmp_path, text)
    rng = np.random.default_rng(3)
    args = tuple(rng.normal(size=s) for s in ((3, 4), 4, (4, 2), (5, 3)))
    with pytest.raises(ValueError, match="or as many gradients in their order, are needed"):
        al.review(m.loss, m.gradients, *args, wrt=["W", "b", "V"])
