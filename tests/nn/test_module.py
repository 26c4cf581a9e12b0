import copy
import pickle
import re

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite import Tensor


class Branches(nn.Module):
    """Parameters in every kind of place, one of them shared."""

    def __init__(self):
        self.scale = Tensor(2.0, name="scale")
        self.tower = [nn.Linear(3, 2, rng=0), nn.ReLU()]
        self.heads = {"left": nn.Linear(2, 1, rng=1), "right": nn.Linear(2, 1, bias=False, rng=2)}
        self.pair = (self.tower[0], Tensor([1.0, 2.0]))
        self.note = "not a parameter"
        self.table = np.ones(3)

    def forward(self, x):
        for layer in self.tower:
            x = layer(x)
        return self.heads["left"](x) * self.scale + self.heads["right"](x)


def test_parameters_are_found_once_in_attributes_lists_dicts_and_tuples():
    model = Branches()
    assert [path for path, _ in model.named_parameters()] == [
        "scale",
        "tower.0.W",
        "tower.0.b",
        "heads.left.W",
        "heads.left.b",
        "heads.right.W",
        "pair.1",
    ]
    assert len(model.parameters()) == 7
    assert [path for path, _ in model.named_modules()] == [
        "",
        "tower.0",
        "tower.1",
        "heads.left",
        "heads.right",
    ]


def test_a_module_that_contains_itself_is_walked_once():
    model = Branches()
    model.itself = model
    assert len(model.parameters()) == 7


def test_every_parameter_gets_its_gradient():
    model = Branches()
    model(np.ones((4, 3))).sum().backward()
    used = [p for path, p in model.named_parameters() if path != "pair.1"]
    assert all(p.grad is not None and p.grad.shape == p.shape for p in used)


def test_predict_is_an_array_records_nothing_and_restores_the_mode():
    model = nn.Sequential(nn.Linear(3, 50, rng=0), nn.Dropout(0.5, rng=0))
    x = np.ones((2, 3))
    model.layers[1].training = False
    expected = x @ model.layers[0].W.data + model.layers[0].b.data
    y = model.predict(x)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, expected)
    assert model.training
    assert not model.layers[1].training


def test_predict_restores_the_mode_after_an_error():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    with pytest.raises(ValueError, match=r"layer .* got"):
        model.predict(np.ones((2, 4)))
    assert model.layers[1].training


def test_state_is_a_copy_and_loads_back():
    model, other = nn.MLP([3, 4, 2], rng=0), nn.MLP([3, 4, 2], rng=1)
    state = model.state_dict()
    x = np.ones((1, 3))
    assert not np.array_equal(model.predict(x), other.predict(x))
    other.load_state_dict(state)
    np.testing.assert_array_equal(model.predict(x), other.predict(x))
    state["layers.0.W"][:] = 0
    assert np.all(model.layers[0].W.data != 0)
    assert np.all(other.layers[0].W.data != 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layers.0.b"), "layers.0.b is missing"),
        (lambda s: s.update(extra=np.ones(1)), "extra is unknown"),
        (lambda s: s.update({"layers.2.W": np.ones((2, 4))}), r"is \(2, 4\) float64, not \(4, 2\)"),
        (lambda s: s.update({"layers.2.W": np.ones((4, 2), "f4")}), "float32, not"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    model = nn.MLP([3, 4, 2], rng=0)
    before = model.state_dict()
    state = {name: value + 1 for name, value in before.items()}
    change(state)
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(state)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_copies_and_pickles_are_independent():
    model = nn.MLP([3, 4, 2], rng=0)
    for clone in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        before = model.predict(np.ones((1, 3)))
        np.testing.assert_array_equal(clone.predict(np.ones((1, 3))), before)
        clone.layers[0].W.data += 1
        np.testing.assert_array_equal(model.predict(np.ones((1, 3))), before)


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="define forward"):
        nn.Module()(1)


def test_a_kept_activation_is_no_parameter():
    class Keeps(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 1, rng=0)

        def forward(self, x):
            self.hidden = self.layer(x)
            return self.hidden * 2

    model = Keeps()
    for use in (model, model.predict):
        use(np.ones((3, 2)))
        assert set(model.state_dict()) == {"layer.W", "layer.b"}


def test_two_parameters_at_one_path_are_an_error():
    model = nn.Module()
    model.heads = {1: Tensor(1.0), "1": Tensor(2.0)}
    with pytest.raises(ValueError, match=r"two parameters at heads\.1"):
        model.state_dict()


def test_keyword_arguments_reach_forward():
    class Scaled(nn.Module):
        def forward(self, x, scale=1.0):
            return x * scale

    assert Scaled()(3.0, scale=2.0) == 6.0


class Centred(nn.Module):
    """A layer with a parameter and a constant that it keeps."""

    def __init__(self):
        self.W = Tensor([[1.0], [2.0]], name="W")
        with al.no_grad():
            self.mean = (Tensor([3.0, 4.0]) * 1).named("mean")

    def forward(self, x):
        return (x - self.mean) @ self.W


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), lambda m: m]
)
def test_a_copied_model_trains_its_parameters_and_not_its_constants(duplicate):
    original = Centred()
    model = duplicate(duplicate(original))
    assert [name for name, _ in model.named_parameters()] == ["W"]
    assert model.mean.constant
    assert model.mean.name == "mean"
    x, t = np.array([[1.0, 2.0], [4.0, 1.0]]), np.array([[1.0], [0.0]])
    centred = x - [3.0, 4.0]
    slope = centred.T @ (2 / 2 * (centred @ [[1.0], [2.0]] - t))
    sgd = nn.SGD(model.parameters(), lr=0.1)
    nn.mse(model(x), t).backward()
    np.testing.assert_allclose(model.W.grad, slope, rtol=1e-14)
    sgd.step()
    np.testing.assert_allclose(model.W.data, [[1.0], [2.0]] - 0.1 * slope, rtol=1e-14)
    np.testing.assert_array_equal(model.mean.value, [3.0, 4.0])
    if model is not original:
        np.testing.assert_array_equal(original.W.data, [[1.0], [2.0]])


def test_the_summary_counts_parameters_wherever_they_are():
    model = nn.Module()
    model.w, model.tower = [Tensor(np.ones(4)), Tensor(np.ones(4))], {"a": nn.Linear(2, 2)}
    text = nn.summary(model)
    assert "w.0 (4,), w.1 (4,)" in text
    assert text.splitlines()[-1].split() == ["total", "14"]


def test_the_summary_shows_itself_as_a_table_everywhere():
    model = nn.MLP([2, 3, 1], rng=0)
    table = nn.summary(model)
    assert repr(table) == str(table) == table
    assert table.splitlines()[1].split() == [
        "layers.0",
        "Linear",
        "W",
        "(2,",
        "3),",
        "b",
        "(3,)",
        "9",
    ]
    for html in (table._repr_html_(), model._repr_html_()):
        assert "<b>MLP</b>" in html
        assert [*re.findall(r"<td[^>]*>([^<]*)</td>", html)][:4] == [
            "layers.0",
            "Linear",
            "W (2, 3), b (3,)",
            "9",
        ]


def test_names_are_only_text_in_a_notebook():
    model = type('<b>&"', (nn.Module,), {})()
    assert "<b>model" not in model._repr_html_()
    model.parts = {"<script>": Tensor(np.ones((0, 3)))}
    html = model._repr_html_()
    assert "parts.&lt;script&gt; (0, 3)" in html
    assert "<b>&lt;b&gt;&amp;&quot;</b>" in html
    assert "<script>" not in html
