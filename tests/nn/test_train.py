import base64
import copy
import dataclasses
import importlib.util
import json
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from told import tells

import nn
from autograd_lite import Tensor


def data(n=50, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    return x, np.sin(x @ np.array([[1.0], [-2.0], [0.5]]))


def trained(epochs=3, **settings):
    model = nn.MLP([3, 8, 1], activation="tanh", rng=0)
    sgd = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    settings = {"rng": 0, "progress": False} | settings
    return model, sgd, nn.fit(model, nn.mse, *data(), sgd, epochs=epochs, **settings)


def test_fit_is_the_loop_that_a_person_writes():
    model, _, history = trained(batch_size=20)
    x, y = data()
    other = nn.MLP([3, 8, 1], activation="tanh", rng=0)
    p = [q.data for q in other.parameters()]
    velocity = [np.zeros_like(q) for q in p]
    rng = np.random.default_rng(0)
    for epoch in range(3):
        order, losses = rng.permutation(50), []
        for i in (0, 20, 40):
            xb, yb = x[order[i : i + 20]], y[order[i : i + 20]]
            a = np.tanh(xb @ p[0] + p[1])
            error = a @ p[2] + p[3] - yb
            losses.append(np.sum(error**2))
            d2 = 2 / error.size * error
            d1 = d2 @ p[2].T * (1 - a**2)
            gradients = [xb.T @ d1, d1.sum(0), a.T @ d2, d2.sum(0)]
            for q, v, g in zip(p, velocity, gradients, strict=True):
                v[...] = 0.9 * v + g
                q -= 0.1 * v
        # the last batch has 10 samples and counts for 10
        assert history.loss[epoch] == pytest.approx(sum(losses) / 50, rel=1e-12)
    for q, expected in zip(model.parameters(), p, strict=True):
        np.testing.assert_allclose(q.data, expected, rtol=1e-11)


def test_a_history_goes_on():
    model, sgd, history = trained()
    sgd.lr = 0.01
    x, y = data()
    y[0] = np.nan
    with pytest.warns(RuntimeWarning, match="epoch 4"):
        again = nn.fit(model, nn.mse, x, y, sgd, epochs=2, progress=False, history=history)
    assert again is history
    nn.fit(model, nn.mse, *data(), sgd, epochs=2, progress=False, history=history)
    assert len(history.loss) == 5


def test_a_history_knows_the_phase_of_each_epoch():
    model, sgd, history = trained(epochs=2)
    assert history.phases == ["training"] * 2
    settings = {"progress": False, "history": history}
    x, y = data()
    nn.fit(model, nn.mse, x, y, sgd, epochs=1, phase="fine", **settings)
    nn.fit(model, nn.mse, x, y, sgd, epochs=0, phase="none", **settings)
    with pytest.warns(RuntimeWarning, match="epoch 4"):
        nn.fit(model, nn.mse, x, y * np.nan, sgd, phase="lost", **settings)
    nn.fit(model, nn.mse, x, y, sgd, epochs=2, phase="fine", **settings)
    assert history.phases == ["training"] * 2 + ["fine"] * 3
    for other in (
        pickle.loads(pickle.dumps(history)),
        copy.deepcopy(history),
        nn.History(**json.loads(json.dumps(dataclasses.asdict(history)))),
    ):
        assert other == history
    _, _, history = trained(epochs=1, phase="fine", history=nn.History([2.0, 1.0]))
    assert history.phases == ["training"] * 2 + ["fine"]


def test_validation_and_metrics_are_those_of_the_model_after_the_epoch():
    x, y = data(20, seed=1)
    model, _, history = trained(
        validation=(x, y), metrics={"worst": lambda p, t: np.abs(p - t).max()}
    )
    error = model.predict(x) - y
    assert history.validation_loss[-1] == pytest.approx(np.mean(error**2), rel=1e-12)
    assert history.metrics["worst"][-1] == np.abs(error).max()
    assert len(history.loss) == len(history.validation_loss) == len(history.metrics["worst"]) == 3
    assert "3 epochs" in repr(history)


def test_metrics_without_validation_are_those_of_the_training_data():
    model, _, history = trained(metrics={"mean": lambda p, t: p.mean()})
    assert history.metrics["mean"][-1] == model.predict(data()[0]).mean()


def test_training_stops_at_nan_before_the_parameters_are_touched():
    model = nn.MLP([1, 1], rng=0)
    x, y = np.ones((4, 1)), np.ones((4, 1))
    y[3] = np.nan
    before = model.state_dict()
    sgd = nn.SGD(model.parameters())
    with pytest.warns(RuntimeWarning, match=r"stopped in epoch 1: the loss of a batch is nan"):
        history = nn.fit(model, nn.mse, x, y, sgd, epochs=5, shuffle=False, progress=False)
    assert history.loss == []
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_resumed_run_is_bit_equal_to_an_uninterrupted_one(tmp_path):
    for kind in (nn.SGD, nn.Adam):
        x, y = data()

        def start(kind=kind):
            model = nn.MLP([3, 8, 1], rng=0)
            settings = {"momentum": 0.9} if kind is nn.SGD else {}
            return model, kind(model.parameters(), lr=0.05, **settings)

        def go(model, optimizer, rng, x=x, y=y):
            nn.fit(model, nn.mse, x, y, optimizer, epochs=4, rng=rng, progress=False)

        model, optimizer = start()
        rng = np.random.default_rng(5)
        go(model, optimizer, rng)
        go(model, optimizer, rng)

        first, optimizer = start()
        rng = np.random.default_rng(5)
        go(first, optimizer, rng)
        nn.save(first, tmp_path / "model.npz")
        nn.save(optimizer, tmp_path / "optimizer.npz")
        second, optimizer = start()
        optimizer.lr = 99.0  # the saved rate counts
        for p in second.parameters():
            p.data += 1
        nn.load(second, tmp_path / "model.npz")
        nn.load(optimizer, tmp_path / "optimizer.npz")
        go(second, optimizer, rng)
        for a, b in zip(model.parameters(), second.parameters(), strict=True):
            np.testing.assert_array_equal(a.data, b.data)


def test_progress_is_shown_when_wanted_with_and_without_tqdm(capsys, monkeypatch):
    trained()
    assert capsys.readouterr() == ("", "")
    pytest.importorskip("tqdm")
    _, _, history = trained(progress=True)
    shown = capsys.readouterr().err
    assert re.search(rf"training: 100%.* 3/3 .* epochs/s, loss={history.loss[-1]:.3g}", shown)
    trained(progress=True, history=history)
    shown = capsys.readouterr().err
    assert "3/6" in shown  # where it goes on
    assert "6/6" in shown
    monkeypatch.setitem(sys.modules, "tqdm", None)
    trained(progress=True, history=history)
    assert "training: epoch 9/9  loss" in capsys.readouterr().err


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_progress_names_the_phase(with_tqdm, capsys, monkeypatch):
    if with_tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    trained(progress=True, phase="fine steps")
    shown = capsys.readouterr().err
    assert "\rfine steps: " in shown
    assert "training" not in shown


def test_a_line_of_progress_leaves_nothing_of_a_longer_one(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    values = iter([0.1234, 0.5])
    trained(epochs=2, progress=True, metrics={"it": lambda p, t: next(values)})
    first, second = capsys.readouterr().err.rstrip("\n").split("\r")[1:]
    assert "it 0.1234" in first
    assert len(second) >= len(first.rstrip())
    assert second.rstrip().endswith("it 0.5")


def test_dropout_is_on_in_training_and_off_in_validation():
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(3, 1, rng=0)

        def forward(self, x):
            seen.append((self.training, len(x)))
            return self.layer(x)

    model = Spy().eval()
    sgd = nn.SGD(model.parameters())
    nn.fit(model, nn.mse, *data(), sgd, epochs=1, batch_size=50, validation=data(7), progress=False)
    assert set(seen[:-1]) == {(True, 50)}  # as often as it takes to compile the step
    assert seen[-1] == (False, 7)


def test_the_plot_is_a_figure_and_a_file(tmp_path):
    pytest.importorskip("matplotlib")
    _, _, history = trained(validation=data(9), metrics={"mean": lambda p, t: p.mean()})
    figure = history.plot(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), history.loss)


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"no matplotlib; .*; pip install matplotlib$"):
        nn.History([1.0]).plot()


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 1, 1], 2 / 3),
        ([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [[0, 1], [1, 0], [1, 0]], 2 / 3),
        ([[0.2], [0.7]], [[0], [0]], 0.5),
        ([0.2, 0.7], [0, 1], 1.0),
    ],
)
def test_accuracy(prediction, target, expected):
    assert nn.accuracy(np.array(prediction), np.array(target)) == pytest.approx(expected)


def test_accuracy_never_broadcasts():
    with pytest.raises(ValueError, match=r"\(3, 1\) and targets \(3,\)"):
        nn.accuracy(np.ones((3, 1)), np.ones(3))


def test_losses_that_agree_with_no_warning_at_large_outputs():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
        assert nn.cross_entropy(z, np.array([0, 1])) == 0
        assert nn.bce_with_logits(z, (z > 0).astype(float)) == 0
        assert nn.cross_entropy(z, np.array([1, 1])) == 1000


def test_one_output_is_judged_at_the_threshold():
    z, t = np.array([[0.3], [-2.0]]), np.array([[1], [0]])
    assert nn.accuracy(z, t) == 0.5
    assert nn.accuracy(z, t, threshold=0) == 1
    assert nn.accuracy(Tensor(z), t, threshold=0) == 1


def test_lists_are_data():
    model = nn.MLP([1, 1], rng=0)
    sgd = nn.SGD(model.parameters(), lr=0.5)
    x, y = [[-1.0], [0.0], [1.0]], [[-2.0], [0.0], [2.0]]
    seen = (x, y)
    nn.fit(model, nn.mse, x, y, sgd, epochs=200, rng=0, progress=False, validation=seen)
    np.testing.assert_allclose(model.predict(np.array([[3.0]])), [[6.0]], rtol=1e-6)


@pytest.mark.parametrize(
    "loss", [lambda p, t: 1.0, lambda p, t: p - t, lambda p, t: np.mean((p.data - t) ** 2)]
)
def test_a_loss_that_is_no_recorded_number_is_an_error(loss):
    model = nn.MLP([3, 1], rng=0)
    sgd = nn.SGD(model.parameters())
    with pytest.raises(TypeError, match="one number, recorded"):
        nn.fit(model, loss, *data(), sgd, progress=False)


X, Y = data(12)


def fitted(**changed):
    """`nn.fit` with some of its arguments changed, by name or one for another."""
    model = nn.MLP([3, 1], rng=0)
    given = {
        "model": model,
        "loss": nn.mse,
        "x": X,
        "y": Y,
        "optimizer": nn.SGD(model.parameters()),
    }
    return nn.fit(**given | {"progress": False, "epochs": 1} | changed)


@pytest.mark.parametrize(
    ("changed", "error", "parts"),
    [
        # one argument in the place of another
        ({"model": X, "x": nn.ReLU()}, TypeError, ("model is an array", "a Module", "first")),
        ({"model": nn.mse, "loss": nn.ReLU()}, TypeError, ("model is the function mse", "a M", "")),
        ({"model": nn.MLP}, TypeError, ("model is the class MLP", "a Module", "pass the model")),
        ({"loss": X, "y": nn.mse}, TypeError, ("loss is an array (12, 3)", "a function", "nn.mse")),
        ({"loss": "mse"}, TypeError, ("loss is 'mse'", "a function of prediction", "nn.mse")),
        ({"loss": None}, TypeError, ("loss is None", "a function", "the function itself")),
        ({"loss": nn.MLP}, TypeError, ("loss is the class MLP", "a function", "itself")),
        ({"loss": Tensor(1.0)}, TypeError, ("loss is a Tensor ()", "a function", "itself")),
        ({"optimizer": nn.Adam}, TypeError, ("optimizer is the class Adam", "an Opt", "nn.SGD")),
        ({"optimizer": "adam"}, TypeError, ("optimizer is 'adam'", "an Opt", "nn.SGD")),
        ({"optimizer": Y}, TypeError, ("optimizer is an array", "an Optimizer", "last")),
        (
            {"optimizer": nn.SGD(nn.MLP([3, 4, 1]).parameters())},
            ValueError,
            ("W1 (3, 4) float64, b1 (4,) float64, W2 (4, 1) float64, ...", "the model", "make the"),
        ),
        # data
        ({"x": Y, "y": X}, ValueError, ("Linear(3, 1) of W1 got an array (12, 1)", "(..., 3)", "")),
        ({"y": Y[:5]}, ValueError, ("x has 12 samples and y 5", "as many", "matching rows")),
        ({"x": Tensor(X)}, TypeError, ("x is a Tensor (12, 3)", "a plain array", "pass x.data")),
        ({"y": Tensor(Y)}, TypeError, ("y is a Tensor (12, 1)", "a plain array", "pass y.data")),
        ({"x": None}, TypeError, ("x is None", "an array or list", "pass one")),
        ({"y": [[1.0], [2.0, 3.0]] * 6}, TypeError, ("y is [[1.0], ", "rows of one", "pass")),
        # numbers and the rest
        ({"batch_size": 0}, ValueError, ("batch_size is 0", "at least 1", "choose")),
        ({"batch_size": 2.0}, ValueError, ("batch_size is 2.0", "at least 1", "choose")),
        ({"epochs": -1}, ValueError, ("epochs is -1", "at least 0", "choose")),
        ({"epochs": 1.5}, ValueError, ("epochs is 1.5", "an integer", "choose")),
        ({"rng": "0"}, TypeError, ("rng is '0'", "integer", "pass rng=0")),
        ({"validation": X[:2]}, TypeError, ("validation is an array", "a pair", "(x, y)")),
        ({"validation": 0.2}, TypeError, ("validation is 0.2", "a pair", "pass (x, y)")),
        ({"validation": (X, Y[:3])}, ValueError, ("validation's x has 12", "as many", "matching")),
        ({"metrics": nn.accuracy}, TypeError, ("metrics is the function acc", "a dict", "{")),
        ({"metrics": {"a": "accuracy"}}, TypeError, ("metrics is {'a': ", "a dict", "pass {")),
        ({"phase": 3}, ValueError, ("phase is 3", "a name", "pass phase='")),
        ({"phase": " "}, ValueError, ("phase is ' '", "a name", "pass phase='")),
        ({"phase": "a\nb"}, ValueError, ("phase is 'a\\nb'", "of one line", "pass phase='")),
        ({"history": [1.0]}, TypeError, ("history is [1.0]", "a History", "an earlier fit")),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_told(changed, error, parts):
    tells(lambda: fitted(**changed), error, *parts)


def test_what_makes_sense_is_fitted():
    for changed in ({"batch_size": 1000}, {"batch_size": np.int64(5)}, {"epochs": 0}):
        assert len(fitted(**changed).loss) == changed.get("epochs", 1)


def test_accuracy_of_what_is_no_number():
    z, labels = np.eye(3), np.array(["cat", "dog", "cow"])
    for call, name in (
        (lambda: nn.accuracy(z, labels), "target"),
        (lambda: nn.accuracy(None, labels), "prediction"),
        (lambda: nn.accuracy([[1, 2], [3]], [0, 1]), "prediction"),
        (lambda: nn.accuracy(z[:0], np.zeros(0, int)), "prediction"),
    ):
        tells(call, ValueError, f"for {name}", "real numbers", "np.unique")
    tells(lambda: nn.summary(nn.MLP), TypeError, "model is the class MLP", "a Module", "pass the")


def test_no_data_is_an_error():
    model = nn.MLP([3, 1], rng=0)
    sgd = nn.SGD(model.parameters())
    with pytest.raises(ValueError, match="one at least"):
        nn.fit(model, nn.mse, np.ones((0, 3)), np.ones((0, 1)), sgd, progress=False)


def test_layers_that_are_not_trained_keep_no_gradients():
    model = nn.MLP([3, 4, 1], rng=0)
    head = nn.SGD(model.layers[2].parameters(), lr=0.1)
    before = model.layers[0].W.data.copy()
    nn.fit(model, nn.mse, *data(), head, epochs=3, batch_size=50, progress=False)
    np.testing.assert_array_equal(model.layers[0].W.data, before)
    assert model.layers[0].W.grad is None
    assert model.layers[2].W.grad is not None


def test_a_history_that_gained_and_lost_its_validation_keeps_each_figure_in_its_epoch():
    model, sgd, history = trained(metrics={"mean": lambda p, t: 7.0})
    settings = {"epochs": 2, "progress": False, "history": history}
    nn.fit(model, nn.mse, *data(), sgd, validation=data(9), **settings)
    seen = history.validation_loss[-2:]
    nn.fit(model, nn.mse, *data(), sgd, **settings)
    np.testing.assert_array_equal(history.validation_loss, [np.nan] * 3 + seen)
    assert history.last() == {"loss": history.loss[-1]}
    rows = [row[1:] for row in cells(history)]
    assert [row[1] for row in rows] == ["nan"] * 3 + [f"{x:.4g}" for x in seen] + ["", ""]
    assert [row[2] for row in rows] == ["7"] * 3 + [""] * 4
    pytest.importorskip("matplotlib")
    left, right = history.plot().axes
    line = left.lines[1]
    np.testing.assert_array_equal(line.get_xdata()[np.isfinite(line.get_ydata())], [4, 5])
    assert right.get_ylabel() == "mean (training or validation)"


def cells(history):
    """The rows of the table that a notebook shows, without its head."""
    lines = history._repr_html_().split("<tr>")[2:]
    return [re.findall(r"<td[^>]*>([^<]*)</td>", line) for line in lines]


def test_a_notebook_shows_the_first_and_last_epochs_and_the_curves(monkeypatch):
    losses = [1 / n for n in range(1, 1001)]
    history = nn.History(losses, metrics={"<b>&": losses})
    html = history._repr_html_()
    assert "History of 1,000 epochs" in html
    assert "&lt;b&gt;&amp; (training)" in html
    assert "<b>&" not in html
    rows = cells(history)
    assert [row[0] for row in rows] == [*"123456", "…", *map(str, range(995, 1001))]
    assert rows[1] == ["2", "0.5", "0.5"]
    if importlib.util.find_spec("matplotlib"):
        (picture,) = re.findall('<img src="data:image/png;base64,([^"]*)"', html)
        assert base64.b64decode(picture).startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "<img" not in history._repr_html_()
    assert cells(history) == rows


@pytest.mark.parametrize(
    "history", [nn.History(), nn.History([1.0]), nn.History([np.nan, np.inf, 2.0], [1.0])]
)
def test_any_history_shows_itself(history):
    assert len(cells(history)) == len(history.loss)
    if importlib.util.find_spec("matplotlib"):
        assert history.plot()._repr_png_().startswith(b"\x89PNG")


def test_the_plot_says_what_is_what_beside_the_curves():
    pytest.importorskip("matplotlib")
    history = nn.History([3.0, 1.0], [4.0, 2.0], {"$\\frac$": [0.0, 1.0]})  # no mathematics
    figure = history.plot(log=True)
    figure.draw_without_rendering()
    left, right = figure.axes
    names = ["loss (training)", "loss (validation)", "$\\frac$ (validation)"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    assert left.get_ylabel().split("\n") + right.get_ylabel().split("\n") == names
    assert (left.get_yscale(), right.get_yscale()) == ("log", "linear")
    assert nn.History([1.0]).plot().axes[0].get_yscale() == "linear"
    assert not legend.get_window_extent().overlaps(left.get_window_extent())
    looks = {(line.get_color(), line.get_linestyle()) for a in (left, right) for line in a.lines}
    assert len(looks) == 3


def test_all_of_a_plot_is_in_the_picture_however_long_its_names():
    pytest.importorskip("matplotlib")
    for metrics in (
        {"a long name " * 30: [0.5]},
        {f"a metric with the number {n}": [n] for n in range(9)},
    ):
        figure = nn.History([1.0, 0.5], [2.0], metrics).plot()
        figure.draw_without_rendering()
        (legend,) = figure.legends
        inside = figure.bbox.padded(1)
        for part in (legend, *(axes.yaxis.label for axes in figure.axes)):
            box = part.get_window_extent()
            assert inside.x0 <= box.x0 < box.x1 <= inside.x1
            assert inside.y0 <= box.y0 < box.y1 <= inside.y1


def marks(figure):
    """The names of the phases in a plot, each with where its line stands."""
    return {mark.get_text(): mark.xy[0] for mark in figure.axes[0].texts}


def test_the_plot_marks_phases_that_have_names():
    pytest.importorskip("matplotlib")
    for phases in ([], ["training"] * 3):
        assert marks(nn.History([3.0, 2.0, 1.0], phases=phases).plot()) == {}
    for phases, starts in (
        (["$\\frac$"] * 3, {"$\\frac$": 0.5}),  # no mathematics
        (["training", "fine", "fine"], {"training": 0.5, "fine": 1.5}),
        (["training", "training", "fine"], {"training": 0.5, "fine": 2.5}),
    ):
        history = nn.History([3.0, 2.0, 1.0], [4.0], {"m": [1.0, 2.0, 3.0]}, phases)
        figure = history.plot(log=True)
        figure.draw_without_rendering()
        assert marks(figure) == starts
        assert "<img" in history._repr_html_()


@pytest.mark.parametrize(
    "phases",
    [
        {"large steps": 100, "small steps": 40},
        {"warm-up": 5, "large steps": 100, "fine steps": 20, "without decay": 6},
        {f"lr {n / 10}": 1 for n in range(12)},
        {"a long name " * 9: 2, "and another one " * 9: 1},
    ],
)
def test_names_of_phases_cover_nothing(phases):
    extent = pytest.importorskip("matplotlib.text").Text.get_window_extent  # without the line
    names = [name for name, count in phases.items() for _ in range(count)]
    losses = [1 / n for n in range(1, len(names) + 1)]
    figure = nn.History(losses, losses, {"accuracy": losses}, names).plot()
    figure.draw_without_rendering()
    left = figure.axes[0]
    inside, curves = figure.bbox.padded(1), left.get_window_extent()
    boxes = [figure.legends[0].get_window_extent(), *map(extent, left.texts)]
    assert len(boxes) == 1 + len(phases)
    for i, box in enumerate(boxes):
        assert box.y0 >= curves.y1
        assert inside.x0 <= box.x0 < box.x1 <= inside.x1
        assert inside.y0 <= box.y0 < box.y1 <= inside.y1
        assert not box.count_overlaps(boxes[:i])
        for name in boxes[1:i]:  # which this one's line would be drawn over
            assert not (name.x0 < box.x0 < name.x1 and name.y0 < box.y0)


def test_plotting_leaves_pyplot_alone():
    pytest.importorskip("matplotlib")
    code = "import sys, nn; nn.History([2.0, 1.0])._repr_html_(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "matplotlib.figure" in done.stdout.split()
    assert "matplotlib.pyplot" not in done.stdout.split()
    assert done.stderr == ""
