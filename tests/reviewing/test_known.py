"""Which noted values are values of the forward pass, cotangents, or parts of these."""

import numpy as np
from written import ARGS, NETWORK, module

from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside
from autograd_lite.reviewing.known import Known, Meaning, values_of
from autograd_lite.reviewing.notes import seen


def network(tmp_path, text=NETWORK, args=ARGS, wrt=None):
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.gradients, args), wrt, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
    return m, known


def test_values_and_cotangents_are_known_by_their_names(tmp_path):
    m, known = network(tmp_path)
    W1, b1, W2, b2, X, Y = ARGS
    a1 = np.tanh(X @ W1 + b1)
    p = a1 @ W2 + b2
    dp = 2 * (p - Y) / len(X)
    grads = m.gradients(*ARGS)
    said = [(p, "p"), (W1, "W1"), (dp, "∂loss/∂p"), (grads["dW1"], "∂loss/∂W1")]
    for value, meaning in [*said, (grads["dW1"].T, "∂loss/∂W1")]:
        assert str(known.meaning(seen(value))) == meaning
    assert known.meaning(seen(dp @ W2.T)) is not None  # it has no name
    assert known.meaning(seen(2 * grads["dW1"])) is None
    assert known.meaning(seen(np.zeros(3))) is None
    assert known.is_given(seen(X))
    assert not known.is_given(seen(X + 1))


def test_a_bias_that_is_added_later(tmp_path):
    """The value goes on in the forward pass, and so it ends too early where nothing is added."""
    _, known = network(tmp_path)
    W1, b1, *_, X, _ = ARGS
    plain, added = (known.meaning(seen(x)).number for x in (X @ W1, X @ W1 + b1))
    assert known.goes_on[plain] == added
    assert added not in known.goes_on


def test_half_of_a_square_s_derivative_is_not_known(tmp_path):
    _, known = network(
        tmp_path, NETWORK.replace("return ((p - Y) ** 2)", "d = p - Y\n    return (d * d)")
    )
    W1, b1, W2, b2, X, Y = ARGS
    dp = 2 * (np.tanh(X @ W1 + b1) @ W2 + b2 - Y) / len(X)
    assert known.meaning(seen(dp)) is not None
    assert known.meaning(seen(dp / 2)) is None


TEXTS = ("a = b", "a, b = c, d", "a += 1", "f(x)", "pass", "a.append(b)", "a.append((b, c))")


def test_what_a_statement_keeps():
    import ast

    def count(text):
        return len(values_of(ast.parse(text).body[0]))

    assert [count(t) for t in TEXTS] == [1, 2, 1, 0, 0, 1, 2]


def test_rows_and_columns_and_multiples_are_known(tmp_path):
    _, known = network(tmp_path)
    W1, b1, W2, b2, X, Y = ARGS
    p = np.tanh(X @ W1 + b1) @ W2 + b2
    dp = 2 * (p - Y) / len(X)
    said = [(dp[1], "∂loss/∂p[1]"), (dp[1:2], "∂loss/∂p[1]"), (dp[1:2].T, "∂loss/∂p[1]")]
    for value, meaning in [*said, (p[:, 0], "p[:, 0]")]:
        assert str(known.meaning(seen(value))) == meaning
    assert known.meaning(seen(7 * dp)) is None
    known.add_multiples(7)
    assert str(known.meaning(seen(7 * dp))) == "7 · ∂loss/∂p"
    assert known.meaning(seen(dp)).is_of("dp")
    assert not known.meaning(seen(dp)).is_of("p")


def test_slopes_of_values_in_one_another_are_known(tmp_path):
    """Of tanh and of masks; those of the loss, times a number, are wrong gradients."""
    _, known = network(tmp_path)
    W1, b1, W2, b2, X, Y = ARGS
    a1 = np.tanh(X @ W1 + b1)
    p = a1 @ W2 + b2
    slope = known.meaning(seen(1 - a1**2))
    assert slope.is_slope
    assert not slope.is_cotangent
    assert not slope.is_value
    assert known.meaning(seen(2 * (p - Y))) is None
    assert known.meaning(seen(1 - X**2)) is None


def test_a_mask_is_the_slope_of_a_maximum(tmp_path):
    _, known = network(
        tmp_path, NETWORK.replace("np.tanh(X @ W1 + b1)", "np.maximum(X @ W1 + b1, 0)")
    )
    W1, b1, *_, X, _ = ARGS
    z1 = X @ W1 + b1
    assert known.meaning(seen(z1 > 0)).is_slope
    assert known.meaning(seen((z1 > 0) * 1.0)).is_slope
    assert known.meaning(seen(z1 > 0.5)) is None
    assert known.meaning(seen(True)) is None


def test_the_softmax_is_known_where_only_the_logarithm_of_its_sum_is_computed(tmp_path):
    text = NETWORK.replace(
        "return ((p - Y) ** 2)", "return (np.log(np.exp(p).sum(1)) - (p * Y).sum(1))"
    )
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
    W1, b1, W2, b2, X, _ = ARGS
    e = np.exp(np.tanh(X @ W1 + b1) @ W2 + b2)
    assert known.meaning(seen(e / e.sum(1, keepdims=True))).is_slope


def test_what_adds_to_a_gradient_and_what_lies_behind(tmp_path):
    text = NETWORK.replace("/ len(X)", "/ len(X) + (W1 ** 2).sum()", 1)
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
    W1, b1, W2, b2, X, Y = ARGS
    parts = known.ways[known.leaves[bench.targets.names.index("W1")]]
    assert len(parts) == 2
    assert any(np.allclose(x, 2 * W1) for x in parts)
    p = np.tanh(X @ W1 + b1) @ W2 + b2
    read = known.meaning(seen(2 * (p - Y) / len(X))).of
    behind = known.behind([read])
    assert known.meaning(seen(np.tanh(X @ W1 + b1))).number in behind
    assert known.meaning(seen(X @ W1 + b1)).number in behind


def test_the_gradient_of_minus_x_is_a_wrong_one_of_x(tmp_path):
    text = NETWORK.replace("np.tanh(X @ W1 + b1)", "1 / (1 + np.exp(-(X @ W1 + b1)))")
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
    W1, b1, W2, b2, X, Y = ARGS
    a1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    dz1 = (2 * (a1 @ W2 + b2 - Y) / len(X)) @ W2.T * a1 * (1 - a1)
    assert known.meaning(seen(dz1)) is not None
    assert known.meaning(seen(-dz1)) is None


def test_a_pass_with_nothing_in_some_of_its_arrays(tmp_path):
    text = NETWORK.replace(
        "+ b2\n    return", "+ b2 + np.tanh(np.tanh(X[:0])).sum()\n    return", 1
    )
    m = module(tmp_path, text)
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), ["W1", "X"], "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
    assert known.meaning(seen(ARGS[0])) is not None


def test_the_rounds_of_a_loop_as_one_array(tmp_path):
    """The loss goes through the samples, and one of them adds nothing to it."""
    text = (
        "import numpy as np\n\n\ndef loss(W, X, y):\n    total = 0.0\n    for x, k in zip(X, y):\n"
    )
    text += "        s = np.tanh(W @ x)\n        if k >= 0:\n            total += s[k] ** 2\n"
    text += "    return total\n\n\ndef gradients(W, X, y):\n    return {'W': W}\n"
    rng = np.random.default_rng(1)
    W, X, y = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), np.array([0, 2, -1, 1])
    _, known = network(tmp_path, text, (W, X, y))
    s = np.tanh(X @ W.T)
    slope = np.zeros((4, 3))
    for i, k in enumerate(y):
        slope[i, k] = 2 * s[i, k] * (k >= 0)
    assert str(known.meaning(seen(s))) == "s"
    assert str(known.meaning(seen(slope))) == "∂loss/∂s"
    assert known.meaning(seen(slope + 1)) is None


def test_what_goes_on_under_a_mask(tmp_path):
    text = NETWORK.replace(
        "np.tanh(X @ W1 + b1)",
        "np.tanh(np.where(X > 0, 1.0, 0.5)[:, :1] * 0 + np.where(Y[:, :1] > 0, X @ W1, -1.0) + b1)",
    )
    _, known = network(tmp_path, text)
    W1, *_, X, Y = ARGS
    plain, masked = (
        known.meaning(seen(x)).number for x in (X @ W1, np.where(Y[:, :1] > 0, X @ W1, -1.0))
    )
    assert known.goes_on[plain] == masked


def test_names_of_gradients_of_attributes():
    of = Meaning("self.z1", True)
    assert of.is_of("d_z1")
    assert of.is_of("self.dz1")
    assert not of.is_of("z1")
    assert not Meaning("self.z1", False).is_of("dz1")


def test_the_slope_in_a_part_of_a_formula_is_none(tmp_path):
    """1 / (1 + exp(z)), of log(1 + exp(z)), is what a wrong sigmoid gives."""
    text = "import numpy as np\n\n\ndef loss(W, x):\n    z = x @ W\n"
    text += "    return (np.log(1 + np.exp(z)) ** 2).sum()\n\n\n"
    text += "def gradients(W, x):\n    return {'W': W}\n"
    rng = np.random.default_rng(4)
    W, x = rng.normal(size=(3, 2)), rng.normal(size=(5, 3))
    _, known = network(tmp_path, text, (W, x))
    z = x @ W
    assert known.meaning(seen(1 / (1 + np.exp(-z)))).is_slope
    assert known.meaning(seen(1 / (1 + np.exp(z)))) is None


def test_a_slope_that_is_one_number_but_for_rounding_tells_nothing(tmp_path):
    text = "import numpy as np\n\n\ndef loss(W, x):\n    z = x @ W\n"
    text += "    return (3 * np.log(np.exp(z)) ** 2 * x[:, :2]).mean()\n\n\n"
    text += "def gradients(W, x):\n    return {'W': W}\n"
    rng = np.random.default_rng(4)
    W, x = rng.normal(size=(3, 2)), rng.normal(size=(90, 3))
    _, known = network(tmp_path, text, (W, x))
    assert known.meaning(seen(np.ones((90, 2)))) is None


def test_an_element_is_multiplied_and_no_function_of_one(tmp_path):
    """Of x * w, which the pass may compute anywhere, the gradient is known."""
    text = "def loss(w, x):\n    return ((x * w) ** 3).sum()\n\n\n"
    text += "def gradients(w, x):\n    return {'w': w}\n"
    rng = np.random.default_rng(4)
    _, known = network(tmp_path, text, (rng.normal(size=4), rng.normal(size=4)))
    products = [n for n, (x, _) in known.derived.items() if x.op and x.op.name == "multiply"]
    assert products
    assert not known.inner & {*products}


def test_gradients_of_a_name(tmp_path):
    _, known = network(tmp_path)
    *_, Y = ARGS
    assert [str(m) for m, _ in known.of("dp", Y.shape)] == ["∂loss/∂p"]
    assert known.has("dp", Y.shape)
    ((meaning, _),) = known.of("p_grad", Y.shape)
    assert not known.of("grad_q", Y.shape)
    known.name({meaning.number: "q"})  # as the backward pass calls it
    assert known.has("grad_q", Y.shape)
    node = known.nodes[meaning.number][0]
    assert not known.of("dr", Y.shape)
    known.add([("r", node, 3.5 * Y)])
    assert len(known.of("dr", Y.shape)) == 1


def test_of_several_names_the_one_that_fewest_have(tmp_path):
    """Layers that keep what they get all call it `x`."""
    text = NETWORK.replace(
        "p = np.tanh(X @ W1 + b1) @ W2", "h = np.tanh(X @ W1 + b1)\n    x = h\n    p = x @ W2"
    )
    text = text.replace("    return ((p - Y)", "    x = p\n    return ((x - Y)")
    assert text.count("x = ") == 2
    _, known = network(tmp_path, text)
    names = {*known.names.values()}
    assert {"h", "p"} <= names
    assert "x" not in names


def test_the_rounds_of_a_loop_as_one_array_with_more_axes(tmp_path):
    """A pass may hold matrices of all samples at once."""
    text = (
        "import numpy as np\n\n\ndef loss(W, X):\n    total = 0.0\n    for x in X:\n"
        "        s = np.tanh(x @ W)\n        total += (s ** 2).sum()\n    return total\n\n\n"
        "def gradients(W, X):\n    return {'W': W}\n"
    )
    rng = np.random.default_rng(1)
    W, X = rng.normal(size=(3, 2)), rng.normal(size=(4, 5, 3))
    _, known = network(tmp_path, text, (W, X))
    s = np.tanh(X @ W)
    assert str(known.meaning(seen(s))) == "s"
    assert str(known.meaning(seen(2 * s))) == "∂loss/∂s"
    assert str(known.meaning(seen(s.reshape(4, -1)))) == "s"
