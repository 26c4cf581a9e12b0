"""Names: what the user calls a value, where it comes from, and free names."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite import Tensor, derive, draw, source
from autograd_lite.names import Names, Namespace
from autograd_lite.reverse import order


def path(names: dict[str, Any], x: Any) -> str | None:
    """Where a value comes from, as text; None if that is not known."""
    found = Names(names).path(x, x)
    return None if found is None else str(found)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).normal(size=shape)


def test_a_value_is_called_by_its_own_name_first() -> None:
    W, b, x, hidden = Tensor(1.0, name="W"), Tensor(2.0), np.ones(2), np.ones(3)
    names = Names({"V": W, "_b": b, "b": b, "bias": b, "x": x, "_": hidden})
    assert [names(v) for v in (W, b, x, hidden, np.ones(2))] == ["W", "b", "x", None, None]
    assert [names.all(v) for v in (W, b, x, hidden)] == [["W", "V"], ["b", "bias"], ["x"], []]
    b.named("own")
    assert names(b) == "own"


def test_without_names_only_tensors_have_one() -> None:
    for given in (None, {}):
        names = Names(given)
        assert names(Tensor(1.0, name="W")) == "W"
        assert names(Tensor(1.0)) is None
        assert names(1.0) is None
        assert names(np.ones(2)) is None
        assert names.path(np.ones(2), np.ones(2)) is None


@pytest.mark.parametrize("names", [[1], "W", {1: np.ones(2)}, {"W": 1, None: 2}, 5, []])
def test_what_is_no_dict_of_names(names: object) -> None:
    for rule in (Names, lambda names: draw(Tensor(1.0) * 2, names=names)):
        with pytest.raises(TypeError, match=r"names is .*; a dict of values .*; pass names=locals"):
            rule(names)  # type: ignore[arg-type]


# Containers -------------------------------------------------------------------------------------


@dataclass
class Net:
    W: Tensor
    inner: Any = None
    more: list[Any] = field(default_factory=list)


def test_what_containers_and_objects_hold() -> None:
    a, b, c, d, e, x = (Tensor(float(i)) for i in range(6))
    net = Net(a, SimpleNamespace(b=b), [c, {"k": d, 3: e}])
    net.more.append(net)  # a circle
    names = Names({"net": net, "np": np, "Net": Net, "f": normal, "P": {"W1": x}, "_p": [x]})
    called = ["net.W", "net.inner.b", "net.more[0]", 'net.more[1]["k"]', "net.more[1][3]"]
    assert [names(v) for v in (a, b, c, d, e, x)] == [*called, 'P["W1"]']


def test_a_name_at_the_top_goes_before_one_within() -> None:
    W, V = Tensor(1.0), Tensor(2.0)
    assert [*map(Names({"P": {"W": W, "V": V}, "M": W}), (W, V))] == ["M", 'P["V"]']


def test_huge_and_strange_containers_take_no_time() -> None:
    W = Tensor(1.0)
    deep: Any = [W]
    for _ in range(5000):
        deep = [deep]
    circle: list[Any] = []
    circle.append(circle)
    names = {"big": [0.0] * 1_000_000, "deep": deep, "circle": circle, "W": W}
    assert Names(names)(W) == "W"


def test_two_of_one_name_are_told_apart() -> None:
    a, b = Tensor(np.ones(3), name="W"), Tensor(np.ones(3), name="W")
    y = (a * b).sum()
    assert [*map(Names({"u": a, "v": b}, order(y)), (a, b))] == ["u", "v"]
    assert "def loss_and_gradients(W, W_2):" in str(source(y))


# Views ------------------------------------------------------------------------------------------


def test_a_part_of_a_named_array() -> None:
    x = normal(6, 4)
    assert path({"x": x}, x[2]) == "x[2]"
    assert path({"x": x}, x.T) == "xᵀ"
    assert path({"x": x}, x[1:, None]) == "x[1:, None]"
    assert path({"d": {"x": x}}, x[2]) == 'd["x"][2]'
    assert path({"x": x}, x[2].copy() + 1) is None
    raw, X = x, x.T
    assert path({"raw": raw, "X": X}, X[::2]) == "X[::2]"
    assert path({"X": X}, raw[2]) == "X[:, 2]"


def test_a_scalar_is_no_element_because_it_is_equal_to_it() -> None:
    """It may be the largest, or the mean, or come from elsewhere."""
    x = np.array([1.0, 2.0, 3.0])
    for scalar in (x.max(), x.mean(), x[1], np.float64(2)):
        assert path({"x": x}, scalar) is None


# Simple functions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda t: 1 - t, "1 − t"),
        (lambda t: -t, "−t"),
        (lambda t: t**2, "t²"),
        (lambda t: t * t * t, None),  # which is no power to the last digit
        (lambda t: t**3, "t³"),
        (lambda t: 0.5 * t, "t / 2"),
        (lambda t: 3 * t, "3 t"),
        (lambda t: t / 255, "t / 255"),
        (lambda t: 0.01 * t, "0.01 t"),
        (lambda t: t > 0, "[t > 0]"),
        (lambda t: t < 0, "[t < 0]"),
        (lambda t: t.copy(), "t"),
        (lambda t: t * 0.123456789012, None),
        (lambda t: t + 1, None),
        (lambda t: (t > 0).astype(float), None),
        (lambda t: np.ones_like(t), None),
        (lambda t: np.zeros_like(t), None),
        (lambda t: (1 - t).astype(np.float32), None),
        (lambda t: (1 - t)[:-1], None),
    ],
)
def test_a_simple_function_of_a_named_array(function: Any, wanted: str | None) -> None:
    t = normal(4, 3)
    assert path({"t": t, "u": normal(3, 4).T, "W": Tensor(t)}, function(t)) == wanted


def test_labels() -> None:
    t = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    u = np.array([0.3, -1.0, -2.0, 5.0, -0.1])
    assert path({"t": t, "u": u}, 1 - t) == "1 − t"
    assert path({"t": t.astype(int)}, 1 - t.astype(int)) == "1 − t"
    assert path({"t": t, "s": 1 - t}, 1 - t) is None  # or a copy of s
    assert path({"t": t, "again": t.copy()}, 1 - t) is None
    assert path({"t": t}, t**2) is None  # or t itself
    assert path({"t": t}, (1 - t).astype(np.float32)) is None


def test_a_few_elements_tell_nothing() -> None:
    assert path({"t": np.array([0.0, 1.0])}, np.array([1.0, 0.0])) is None
    assert path({"t": normal(5)}, normal(5) > 0) is None
    assert path({"t": normal(6)}, normal(6) > 0) == "[t > 0]"
    assert path({"t": np.array([0.0, 1.0, 1.0])}, np.array([0.0, 5.0, 5.0])) is None
    assert path({"t": np.full(5, 0.3)}, np.full(5, 0.3)) is None
    assert path({"t": np.full(5, np.nan)}, np.full(5, np.nan)) is None


# In the rooms -----------------------------------------------------------------------------------


def test_all_rooms_say_where_a_value_comes_from() -> None:
    x, t = normal(5, 3), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    W = Tensor(normal(3), name="W")
    p = al.sigmoid(x @ W)
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean() + (x.T[1] * x[:, 2] * W[0]).sum()
    names = {"x": x, "t": t}
    text, code = str(derive(loss, names=names)), source(loss, names=names)
    assert "(1 − t) ⊙ log(" in text
    assert "1 - t" in str(code)
    assert not code.constants or [*code.constants] == ["c1"]  # x.T[1] * x[:, 2], which is no part
    value, slope = code.function(x, W.data, t)
    np.testing.assert_allclose(value, loss.item(), rtol=1e-14)
    np.testing.assert_allclose(slope, al.grad(loss, W), rtol=1e-13)
    tree = str(draw(((x[2] * W).sum() - x.T @ (1 - t)).sum(), names=names))
    assert "─ x[2]  (3,)" in tree
    assert "─ c1  (3,)" in tree  # the product, of plain arrays
    assert "─ 1 − t  (5,)" in str(draw((p * (1 - t)).sum(), names=names))


def test_the_source_takes_the_whole_array() -> None:
    x, w = normal(4, 3), Tensor(normal(3), name="w")
    loss = Tensor(0.0, name="zero")
    for i in range(4):
        loss = loss + (x[i] * w).sum() ** 2
    code = source(loss, names={"x": x})
    assert code.constants == {}
    assert " = x[" not in str(code)
    assert " = x[" not in str(derive(loss, names={"x": x}))
    other = normal(5, 3)[:4]
    expected = al.grad(((other @ w) ** 2).sum(), w)
    np.testing.assert_allclose(code.function(other, w.data, 0.0)[1], expected, rtol=1e-13)


def test_an_array_that_changed_since_is_not_taken() -> None:
    x, w = normal(4, 3), Tensor(normal(3), name="w")
    loss = (x[1] * w).sum()
    before = source(loss, names={"x": x})
    assert "x[1]" in str(before)
    x[1] = 7.0
    code = source(loss, names={"x": x})
    assert "x[1]" not in str(code)
    np.testing.assert_allclose(code.function(w.data)[0], loss.item(), rtol=1e-14)
    loss = (x @ w).sum() + (x[1] * w).sum()
    x += 1
    code = source(loss, names={"x": x})  # but what the graph saw of x itself is enough
    np.testing.assert_allclose(code.function(x - 1, w.data)[0], loss.item(), rtol=1e-13)
    assert "x[1]" in str(code)


def test_scalars_of_numpy_are_values_and_those_of_python_numbers() -> None:
    w, s = Tensor(normal(3), name="w"), np.float64(0.123456789)
    text = str(derive((s * w + 0.25 * w - np.float64(0.123456789)).sum()))
    assert "0.123456789" not in text
    assert text.count("c1") >= 2
    assert "c2" not in text
    assert "0.25 w" in text
    assert "s · w" in str(derive((w * s).sum(), names={"s": s})).replace("w · s", "s · w")


# Loops ------------------------------------------------------------------------------------------


def test_the_last_pass_of_a_loop_over_an_array() -> None:
    X, w, total = normal(3, 2), Tensor(normal(2)), 0
    for xi in X:
        total = total + (xi @ w) ** 2
    text = str(al.source(total, names=locals()))
    assert "w · " not in text or "xi" not in text
    assert all(f"X[{i}]" in text for i in range(3))
    used = Tensor(1.0) * X[0].sum()
    assert "xi" in str(derive(used + (xi @ w), names=locals()))  # the only part there is


def test_the_last_pass_of_a_loop_over_scalars() -> None:
    xs, ys, w, total = normal(4), normal(4) + 3, Tensor(0.5), 0
    for xi, yi in zip(xs, ys):
        error = w * xi - yi
        total = total + error**2
    assert "  error_t = w · xs[t] − ys[t]" in str(derive(total, names=locals()))
    text = str(al.source(total, names=locals()))
    assert all(f"{name}[{i}]" in text for i in range(4) for name in ("xs", "ys"))
    assert all(f"error{i} " in text for i in range(1, 5))
    assert "xi" not in text
    assert "total1" not in text


def test_scalars_that_repeat_are_known_by_their_order() -> None:
    X, t, w, total = normal(4, 2), np.array([0.0, 1.0, 1.0, 0.0]), Tensor(normal(2)), 0
    for xi, ti in zip(X, t):
        total = total + (xi @ w - ti) ** 2
    text = str(al.source(total, names=locals()))
    assert all(f"X[{i}]" in text and f"t[{i}]" in text for i in range(4))
    assert "ti" not in text
    y = sum(((xi @ w) * (1 - ti) for xi, ti in zip(X, t)), start=Tensor(0.0))
    assert all(f"1 - t[{i}]" in str(al.source(y, names={"X": X, "t": t})) for i in range(4))
    assert "1 − t[i]" in str(derive(y, names={"X": X, "t": t}))
    back = sum(((X[i] @ w - t[i]) ** 2 for i in (3, 2, 1, 0)), start=Tensor(0.0))
    assert "t[" not in str(derive(back, names={"X": X, "t": t}))  # as if the first were the last
    names = Names({"t": np.sort(t), "ti": ti}, order(total))
    assert names(ti) is None  # it is that of one pass
    assert names.path(ti, ti) is None


@pytest.mark.parametrize(
    "made",
    [
        lambda t: np.abs(t), lambda t: np.sort(t), lambda t: np.maximum(t, 0),
        lambda t: t / t.sum(),
        lambda t: t / t.max(), lambda t: t - t + 1, lambda t: t >= 1, lambda t: t != 0,
        lambda t: t > 0.5, lambda t: (t - t.min()) / (t.max() - t.min()),
    ],
)  # fmt: skip
def test_what_may_have_been_made_in_another_way_has_no_name(made: Any) -> None:
    """So that a source is none that is right of these values only."""
    for t in (np.array([0.0, 1, 1, 0, 1, 1]), np.array([1.0, 2, 3, 4, 5, 6])):
        assert path({"t": t}, made(t)) is None


def test_a_path_has_not_the_name_of_another() -> None:
    x, y = normal(3), normal(3)
    assert path({"x": np.stack([x, x]), "x[0]": y}, y) is None
    both = np.stack([x, y])
    w = Tensor(normal(3))
    text = str(derive((w * both[0]).sum() + (w * y).sum(), names={"x": both, "x[0]": y}))
    assert "loss = Σ p1 ⊙ c1 + Σ p1 ⊙ x[0]" in text


def test_what_each_pass_computes_is_numbered() -> None:
    x, W, V, b = normal(4, 2), Tensor(normal(3, 2)), Tensor(normal(3, 3)), Tensor(np.zeros(3))
    h, loss = np.zeros(3), 0
    passes = []
    for t in range(4):
        h = np.tanh(W @ x[t] + V @ h + b)
        passes += [h]
        loss = loss + (h**2).sum()
    given = {k: v for k, v in locals().items() if k != "passes"}
    names = Names(given, order(loss))
    assert [*map(names, passes)] == ["h1", "h2", "h3", "h4"]
    assert names(loss) == "loss"
    assert names.all(passes[-1]) == ["h4", "h"]
    dh = al.grad(loss, passes[-1])
    assert al.compare(loss, {"h": dh, "h4": dh, "V": al.grad(loss, V)}, names=given).ok
    names = Names({"h2": b, **given, "b": None}, order(loss))  # the user's h2
    assert names(b) == "h2"
    assert names(passes[1]) is None


def test_numbers_after_a_digit() -> None:
    x, W, loss = normal(3, 2), Tensor(normal(2, 2)), 0
    for i in range(3):
        a1 = np.tanh(x[i] @ W)
        loss = loss + (a1 * a1).sum()
    text = str(derive(loss, names=locals()))
    assert "  a1_t " in text


def test_what_was_computed_once_keeps_its_name() -> None:
    x, W, V = normal(4, 3), Tensor(normal(3, 3)), Tensor(normal(3, 3))
    a = np.tanh(x @ W)
    h = np.tanh(a @ V)
    loss = (h**2).sum()
    names = Names({"h": h, "loss": loss}, order(loss))
    assert (names(a), names(h), names(loss)) == (None, "h", "loss")


def test_the_last_pass_of_a_loop_over_lists() -> None:
    Ws, bs = [Tensor(normal(3, 3)) for _ in range(3)], [Tensor(normal(3)) for _ in range(3)]
    a = normal(2, 3)
    for W, b in zip(Ws, bs):
        a = np.tanh(a @ W + b)
    names = Names(locals(), order(a.sum()))
    assert [*map(names, [*Ws, *bs])] == [f"{k}[{i}]" for k in ("Ws", "bs") for i in range(3)]
    assert names.all(Ws[2]) == ["Ws[2]", "W"]
    pairs = [*zip(Ws, bs)]
    names = Names({"pairs": pairs, "W": W, "b": b}, order(a.sum()))
    assert [*map(names, [Ws[0], bs[2], W])] == ["pairs[0][0]", "pairs[2][1]", "pairs[2][0]"]
    names = Names({"Ws": Ws, "first": Ws[0]}, order(a.sum()))  # no loop ends with the first
    assert [*map(names, Ws)] == ["first", "Ws[1]", "Ws[2]"]


# Modules ----------------------------------------------------------------------------------------


class Coder(nn.Module):
    def __init__(self) -> None:
        self.enc, self.dec = nn.Linear(3, 2, rng=0), nn.Linear(2, 3, rng=1)
        self.scale = Tensor(2.0)

    def forward(self, x: Any) -> Any:
        return self.dec(al.tanh(self.enc(x))) * self.scale


def test_the_parameters_of_a_module_have_names_without_being_asked() -> None:
    x, model = normal(4, 3), Coder()
    loss = nn.mse(model(x), x)
    wanted = [name for name, _ in model.named_parameters()]
    assert wanted == ["enc.W", "enc.b", "dec.W", "dec.b", "scale"]
    for given in (None, {"model": model, "x": x}):
        names = Names(given, order(loss))
        assert [*map(names, model.parameters())] == wanted
    gradients = dict(zip(wanted, al.grad(loss, model.parameters())))
    assert al.compare(loss, gradients).ok
    assert "d_dec_W" in str(source(loss))
    assert r"\mathrm{enc}.W" in derive(loss).latex()


def test_the_dotted_name_says_more_than_the_last_part_of_it() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.out, self.gain = nn.Linear(3, 2, rng=0), Tensor(1.0, name="g")

        def forward(self, x: Any) -> Any:
            return self.out(x) * self.gain

    model = Model()
    names = Names(None, order(model(normal(4, 3))))
    assert [*map(names, model.parameters())] == ["out.W", "out.b", "g"]
    assert names.all(model.out.W) == ["out.W", "W"]


def test_the_layers_of_two_networks_are_told_apart() -> None:
    first, second = nn.MLP([3, 2], rng=0), nn.MLP([2, 1], rng=1)
    y = second(first(normal(4, 3))).sum()
    alone = Names(None, order(first(normal(4, 3))))
    assert [*map(alone, first.parameters())] == ["W1", "b1"]
    names = Names({"first": first, "second": second}, order(y))
    assert names(first.parameters()[0]) == "first.layers.0.W"
    assert names(second.parameters()[1]) == "second.layers.0.b"


def test_a_loop_over_layers() -> None:
    layers = [nn.Linear(3, 3, rng=i) for i in range(3)]
    h = normal(2, 3)
    for layer in layers:
        h = al.tanh(layer(h))
    names = Names({"layers": layers, "layer": layer, "h": h}, order(h.sum()))
    assert [names(layer.W) for layer in layers] == [f"layers[{i}].W" for i in range(3)]


# Free names -------------------------------------------------------------------------------------


def test_a_name_that_is_taken_gets_a_number() -> None:
    names = Namespace(taken=["x", "d_2"])
    assert [names.free(n) for n in ("z", "x", "x", "x_2", "d", "d", "z")] == [
        *("z", "x_2", "x_3", "x_2_2", "d", "d_3", "z_2")
    ]
    assert {"x", "x_2", "x_3", "x_2_2", "d", "d_2", "d_3", "z", "z_2"} == names.taken


def test_numbered_names_skip_what_is_taken() -> None:
    names = Namespace(["a1", "a3"])
    assert [names.numbered(letter) for letter in "aabaz"] == ["a2", "a4", "b1", "a5", "z1"]
    assert names.free("a2") == "a2_2"
