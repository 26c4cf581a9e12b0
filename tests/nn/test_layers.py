import numpy as np
import pytest
from told import tells

import autograd_lite as al
import nn


def test_an_mlp_is_the_formula_and_so_are_its_gradients():
    rng = np.random.default_rng(0)
    model = nn.MLP([4, 5, 3], output="sigmoid", rng=0)
    x, t = rng.standard_normal((6, 4)), rng.random((6, 3))
    W1, b1, W2, b2 = (p.data for p in model.parameters())
    z1 = x @ W1 + b1
    a1 = z1 * (z1 > 0)
    y = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
    np.testing.assert_allclose(model.predict(x), y, rtol=1e-13)
    nn.mse(model(x), t).backward()
    d2 = 2 / y.size * (y - t) * y * (1 - y)
    d1 = d2 @ W2.T * (z1 > 0)
    expected = [x.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0)]
    for p, g in zip(model.parameters(), expected, strict=True):
        np.testing.assert_allclose(p.grad, g, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("relu", lambda z: np.where(z > 0, z, 0)),
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z))),
        ("tanh", lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))),
        ("softplus", lambda z: np.log(1 + np.exp(z))),
        ("softmax", lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)),
        (None, lambda z: z),
        (al.sin, lambda z: (np.exp(1j * z)).imag),
    ],
)
def test_activations(name, formula):
    model = nn.MLP([3, 2], output=name, rng=0)
    x = np.random.default_rng(1).standard_normal((5, 3))
    W, b = (p.data for p in model.parameters())
    np.testing.assert_allclose(model.predict(x), formula(x @ W + b), rtol=1e-12)


def test_parameters_are_named_for_drawings_and_errors():
    model = nn.MLP([4, 5, 3, 2], rng=0)
    assert [p.name for p in model.parameters()] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    with pytest.raises(ValueError, match=r"Linear\(4, 5\) of W1"):
        model(np.ones((2, 3)))


def test_dtype_and_bias():
    model = nn.MLP([4, 5, 3], bias=False, dtype=np.float32, rng=0)
    assert [(p.shape, p.dtype) for p in model.parameters()] == [
        ((4, 5), np.float32),
        ((5, 3), np.float32),
    ]
    assert model.predict(np.ones((2, 4), np.float32)).dtype == np.float32


def test_one_generator_draws_all_weights_in_order():
    def fixed(rng, shape):
        return rng.standard_normal(shape) / np.sqrt(shape[0])

    model = nn.MLP([2, 3, 1], init=fixed, rng=np.random.RandomState(1))
    # the values that a published program prints for this rule, generator and seed
    expected = [[1.14858562, -0.43257711, -0.37347383], [-0.75870339, 0.6119356, -1.62743362]]
    np.testing.assert_allclose(model.layers[0].W.data, expected, atol=5e-9)
    expected = [[1.00736754], [-0.43948301], [0.18419731]]
    np.testing.assert_allclose(model.layers[2].W.data, expected, atol=5e-9)


def test_dropout_keeps_the_mean_while_training_and_everything_after():
    x = np.ones((200, 500))
    layer = nn.Dropout(0.25, rng=0)
    y = layer(al.Tensor(x))
    assert set(np.unique(y.data)) == {0.0, 1 / 0.75}
    assert abs((y.data == 0).mean() - 0.25) < 0.01  # 23 standard deviations
    assert not np.array_equal(y.data, layer(al.Tensor(x)).data)
    np.testing.assert_array_equal(al.grad(y.sum(), y.inputs[0]), y.data)
    assert layer.eval()(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.0, np.nan, "0.5", None])
def test_dropout_needs_a_probability_below_one(p):
    tells(lambda: nn.Dropout(p), ValueError, f"Dropout's p is {p!r}", "below 1", "choose one")


@pytest.mark.parametrize(
    "x",
    [np.ones((2, 3)), np.ones((4, 1)), np.ones(5), 3.0, [[1, 2], [3]], al.Tensor(np.ones((2, 5)))],
)
def test_a_layer_says_that_rows_do_not_fit(x):
    models = {
        "Linear(4, 1) of W": nn.Linear(4, 1),
        "Linear(4, 2) of W1": nn.MLP([4, 2, 1]),
        "Linear(4, 1) of W2": nn.Sequential(nn.Linear(1, 1), lambda z: x, nn.Linear(4, 1)),
    }
    for layer, model in models.items():
        data = np.ones((2, 1)) if layer[-1] == "2" else x
        tells(
            lambda: model(data),
            ValueError, f"the layer {layer} got {al.describe(x)}", "rows of 4 numbers", "build",
        )  # fmt: skip


@pytest.mark.parametrize("wrong", [0, -8, 4.0, True, None, "4"])
def test_sizes_are_positive_integers(wrong):
    for call, what in (
        (lambda: nn.MLP([4, wrong, 1]), "a size of MLP([4, "),
        (lambda: nn.Linear(wrong, 1), "Linear's inputs is "),
        (lambda: nn.Linear(1, wrong), "Linear's outputs is "),
    ):
        tells(call, ValueError, what, "an integer of at least 1", "choose one")


@pytest.mark.parametrize("sizes", [4, [4], [], "48", None, nn.ReLU(), [[4, 8, 1]]])
def test_sizes_are_a_list(sizes):
    tells(
        lambda: nn.MLP(sizes, 8, 1),
        ValueError, f"MLP got sizes {sizes!r}", "a list", "as in MLP([4, 8, 1])",
    )  # fmt: skip


def test_sizes_may_be_any_integers():
    for sizes in (np.array([4, 8, 1]), (4, 8, 1), iter([4, 8, 1])):
        assert str(nn.MLP(sizes)) == "MLP(Linear(4, 8), ReLU(), Linear(8, 1))"


@pytest.mark.parametrize("rng", ["0", -1, 0.5])
def test_a_seed_is_an_integer(rng):
    error = ValueError if rng == -1 else TypeError
    tells(lambda: nn.MLP([2, 1], rng=rng), error, f"rng is {rng!r}", "integer", "pass rng=0")


def test_a_layer_is_a_function():
    for layer in ([nn.Linear(2, 3)], "relu", None):
        tells(
            lambda: nn.Sequential(nn.ReLU(), layer),
            TypeError, f"Sequential got {layer!r} for a layer", "a Module", "one by one",
        )  # fmt: skip
    tells(lambda: nn.Linear(2, 1, dtype=int), TypeError, "dtype is int64", "floating", "leave")


def test_choices_that_do_not_exist_are_named():
    with pytest.raises(ValueError, match=r"'rellu'; one of relu, sigmoid"):
        nn.MLP([2, 2, 2], activation="rellu")
    with pytest.raises(ValueError, match=r"'xavier'; one of standard_normal"):
        nn.Linear(2, 2, init="xavier")
    for wrong in (3, ["relu"], "Relu"):
        for role in ("activation", "output", "init"):
            tells(
                lambda: nn.MLP([2, 2, 2], **{role: wrong}),
                ValueError, f"{role} is {wrong!r}", "or a function", "choose one",
            )  # fmt: skip


def test_repr_reads_as_the_code_that_makes_it():
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Dropout(0.1), al.sin)
    assert repr(model) == "Sequential(Linear(2, 3, bias=False), Dropout(0.1), sin)"


def test_dropout_of_integers_is_not_truncated():
    y = nn.Dropout(0.3, rng=0)(np.full((1, 50), 10))
    assert set(np.unique(y)) == {0.0, 10 / 0.7}
    assert nn.Dropout(0.5, rng=0)(al.Tensor(np.ones(9, "f4"))).dtype == np.float32


def test_classes_of_layers_will_do():
    model = nn.MLP([2, 3, 1], activation=nn.Tanh, output=nn.Sigmoid)
    assert repr(model) == "MLP(Linear(2, 3), Tanh(), Linear(3, 1), Sigmoid())"
    assert repr(nn.Sequential(nn.Linear(1, 1), nn.ReLU)) == "Sequential(Linear(1, 1), ReLU())"


def test_an_initializer_of_the_wrong_shape_is_an_error():
    with pytest.raises(ValueError, match=r"shape \(3, 2\); Linear needs \(2, 3\)"):
        nn.Linear(2, 3, init=lambda rng, shape: np.ones(shape[::-1]))
