"""Which noted values are values of the forward pass, cotangents, or parts of these."""

import numpy as np
from written import ARGS, NETWORK, module

from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside
from autograd_lite.reviewing.known import Known, values_of
from autograd_lite.reviewing.notes import seen


def network(tmp_path):
    m = module(tmp_path, NETWORK)
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
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
    m = module(tmp_path, NETWORK.replace("return ((p - Y) ** 2)", "d = p - Y\n    return (d * d)"))
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
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
