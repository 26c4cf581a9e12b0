"""The programs that a user runs: the main job, and a look at the benchmark."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as al
import nn

EXAMPLES = Path(__file__).parents[1] / "examples"
OTHERS = ("JAX jit", "PyTorch", "MyGrad", "HIPS autograd")  # where they are installed


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_digits_reaches_its_accuracy_and_writes_its_files(tmp_path, capsys):
    pytest.importorskip("sklearn")
    accuracy, report = load("digits").main(tmp_path / "out")
    assert accuracy >= 0.96
    assert [row.name for row in report.rows] == ["b2", "W2", "b1", "W1"]
    assert max(row.relative for row in report.rows) <= 1e-12
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(written) == {"graph.svg", "graph.png", "loss.png", "model.npz"}
    assert b"</svg>" in written["graph.svg"]
    assert written["graph.png"][:4] == written["loss.png"][:4] == b"\x89PNG"
    model = nn.MLP([64, 15, 10], output="sigmoid")
    nn.load(model, tmp_path / "out" / "model.npz")
    printed = capsys.readouterr().out
    assert str(tmp_path / "out") in printed
    assert "test accuracy" in printed


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    benchmark = load("benchmark")
    monkeypatch.setattr(benchmark, "SIZES", benchmark.SIZES[:3])
    monkeypatch.setattr(benchmark, "REST", 0)  # it is for figures, and none is looked at here
    return benchmark


@pytest.mark.parametrize("rival", ["eager", "compiled", *OTHERS])
def test_the_contenders_of_the_benchmark_compute_the_same(benchmark, rival):
    for sizes, batch in benchmark.SIZES:
        steps = benchmark.installed(benchmark.STEPS, sizes, batch)
        if rival not in steps:
            pytest.skip(f"{rival} is not installed")
        losses = [(steps["handwritten"](), steps[rival]()) for _ in range(5)]
        np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-5)
        assert losses[0][0] > losses[-1][0]


def test_the_benchmark_runs(benchmark, tmp_path, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    benchmark.main(quick=True, plot_path=tmp_path / "speed.png")
    printed = capsys.readouterr().out
    for text in ("64-15-10, 15", "kernel", "First step", "Memory", "nn.fit", "over import numpy"):
        assert text in printed
    assert (tmp_path / "speed.png").read_bytes()[:4] == b"\x89PNG"


def test_newtons_method_needs_few_steps():
    newton = load("newton")
    X, t = newton.data()
    w = np.linspace(-1, 1, 6)
    derived = al.func.grad(newton.loss)(w, X, t), al.func.hessian(newton.loss)(w, X, t)
    for ours, by_hand in zip(derived, newton.textbook(w, X, t), strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-12)
    norms, steps = newton.main()
    assert norms[-1] < 1e-8
    assert steps > 100 * len(norms)
