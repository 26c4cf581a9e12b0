"""The programs that a user runs: the main job, and a look at the benchmark."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite.__main__ import main as shell

EXAMPLES = Path(__file__).parents[1] / "examples"
OTHERS = ("JAX jit", "PyTorch", "MyGrad", "HIPS autograd")  # where they are installed


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def digits():
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    return load("digits")


def test_digits_reaches_its_accuracy_and_writes_its_files(digits, tmp_path, capsys):
    accuracy, report = digits.main(tmp_path / "out")
    assert accuracy >= 0.96
    assert [row.name for row in report.rows] == ["b2", "W2", "b1", "W1"]
    assert max(row.relative for row in report.rows) <= 1e-12
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    pictures = {"graph.png", "loss.png", "wrong.png", "confusion.png", "weights.png"}
    assert set(written) == {"graph.svg", "steps.html", "model.npz"} | pictures
    assert b"</svg>" in written["graph.svg"]
    for name in pictures:
        assert written[name][:4] == b"\x89PNG"
        assert len(written[name]) < 80_000
    model = nn.MLP([64, 15, 10], output="sigmoid")
    nn.load(model, tmp_path / "out" / "model.npz")
    printed, progress = capsys.readouterr()
    assert str(tmp_path / "out") in printed
    assert "test accuracy" in printed
    assert set(printed.splitlines()[-1].strip().split(", ")) == set(written)
    assert "large steps: " in progress
    assert "small steps: " in progress


def test_the_pictures_of_digits_show_each_error_and_each_unit(digits):
    x, digit = np.random.default_rng(0).random((12, 64)), np.array([3, *range(10), 3])
    y = np.eye(10)[digit]
    y[0, 8], y[11, 8], y[2, 7] = 1.25, 1.5, 2
    figure = digits.wrong_digits(x, digit, y)
    (axes,) = figure.axes
    said = [" ".join(text.get_text().split()) for text in axes.texts]
    assert said[0::2] == ["1 taken for 7", "3 taken for 8", "3 taken for 8"]
    assert said[1::2] == ["1: 1.00 7: 2.00", "3: 1.00 8: 1.25", "3: 1.00 8: 1.50"]
    for image, i in zip(axes.images, (2, 0, 11), strict=True):
        np.testing.assert_array_equal(image.get_array().ravel(), x[i])

    (axes,) = digits.confusion(digit, y.argmax(axis=1)).axes
    counts = {text.get_position(): text.get_text() for text in axes.texts if text.get_text()}
    right = {(d, d): "1" for d in range(10) if d != 1}
    assert counts == right | {(7, 1): "1", (8, 3): "2"}  # from the left, from above
    (row, column), colored = np.nonzero(axes.images[1].get_array()), axes.images[1]
    assert [*zip(column, row, strict=True)] == [(7, 1), (8, 3)]
    assert sum(colored.to_rgba(2)) < sum(colored.to_rgba(1))

    W = np.random.default_rng(1).standard_normal((64, 7)) * [1, 2, 3, 4, 5, 6, 1e-3]
    axes, scale = digits.hidden_weights(W).axes
    said = [text.get_text() for text in axes.texts]
    assert said[0::2] == [f"unit {j}" for j in range(7)]
    assert said[1::2] == [""] * 6 + ["decayed to 0"]
    for image, column in zip(axes.images, W.T, strict=True):
        np.testing.assert_array_equal(image.get_array().ravel(), column)
        assert image.get_clim() == (-np.abs(W).max(), np.abs(W).max())
    assert scale.get_xlabel() == "weight"


@pytest.mark.parametrize("wrong", [0, 12])
def test_the_pictures_of_digits_show_none_and_all(digits, wrong):
    x, digit = np.zeros((12, 64)), np.arange(12) % 10
    y = np.eye(10)[(digit + (np.arange(12) < wrong)) % 10]
    for figure in (digits.wrong_digits(x, digit, y), digits.confusion(digit, y.argmax(axis=1))):
        figure.draw_without_rendering()
    assert len(digits.wrong_digits(x, digit, y).axes[0].images) == wrong


def test_a_cluster_trains_as_one_process_does(capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    apart, losses = load("cluster").main(rows=50_000)
    assert max(apart.values()) <= 1e-10
    assert min(losses) < 1
    assert "one process" in capsys.readouterr().out


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


def test_the_pictures_of_the_readme(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(EXAMPLES)
    pictures = load("pictures")
    pictures.main(out=tmp_path)
    names = {path.name for path in tmp_path.iterdir()} | {"stepper.png"}  # of Chromium, if any
    assert names == {f"{name}.svg" for name in ("graph", "backward", "ringed", "chain")} | {
        *("stepper.html", "stepper.png")
    }
    assert names < {path.name for path in EXAMPLES.iterdir()}
    ringed = (tmp_path / "ringed.svg").read_text(encoding="utf-8")
    assert "`np.tanh` does not belong here" in ringed
    chain = (tmp_path / "chain.svg").read_text(encoding="utf-8")
    assert [chain.count(f">f{i} = ") for i in range(1, 6)] == [1] * 5


@pytest.fixture
def audit(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return load("audit_articles")


def steps(report):
    return {row.name: row.step for row in report.rows if row.step != "right"}


def test_the_audit_of_a_b_and_c(audit):
    weights, samples, targets = audit.article_a.start(1)
    given = weights, samples[1], targets[1]
    report = al.compare(audit.recorded_a(*given), audit.published_a(*given), rtol=1e-12)
    assert report.ok
    assert len(report.rows) == 15

    params, X, Y = audit.article_b.start(1)
    f4 = audit.chain_b(params, X)
    gradients = audit.published_b(params, X, Y)
    squared = ((f4 - Y) ** 2).sum()
    assert al.compare(squared, gradients, rtol=1e-12).ok
    length = np.linalg.norm(f4.data - Y)
    of_plain = {name: g / (2 * length) for name, g in gradients.items()}
    assert al.compare(al.sqrt(squared), of_plain, rtol=1e-12).ok
    report = al.compare(al.sqrt(squared), gradients)
    assert steps(report) == {row.name: "follows" for row in report.rows} | {"f4": "wrong"}
    factors = [float(row.verdict.removesuffix(" times the derived one")) for row in report.rows]
    np.testing.assert_allclose(factors, 2 * length, rtol=1e-5)

    one = (np.array([0.3, -0.2]), np.array(0.1), *audit.article_c.line_points(1))
    assert al.compare(audit.recorded_neuron(*one), audit.published_neuron(*one), rtol=1e-12).ok
    params, (X, Y) = audit.article_c.start(1), audit.article_c.circle_points(1, count=7)
    sample = params, X[:, 2:3], Y[:, 2:3]
    assert al.compare(audit.recorded_c(*sample), audit.published_c(*sample), rtol=1e-12).ok
    averaged = audit.averaged_c(params, X, Y)
    assert al.compare(audit.recorded_c(params, X, Y) / 7, averaged, rtol=1e-12).ok
    assert not al.compare(audit.recorded_c(params, X, Y), averaged).ok


def test_the_audit_of_d_finds_its_two_faults(audit):
    pytest.importorskip("sklearn")
    x, t = (part[30:45] for part in audit.article_d.digits())
    given = audit.article_d.start(np.random.RandomState(2)), x, t
    loss = audit.recorded_d(*given)
    report = al.compare(loss, audit.published_d(*given))
    assert report.first_wrong.name == "z2"
    assert [name for name, step in steps(report).items() if step == "wrong"] == ["z2", "b2", "b1"]
    report = al.compare(loss, audit.published_d(*given, slope=audit.at_z))
    assert steps(report) == {"b2": "wrong", "b1": "wrong"}
    assert {row.verdict for row in report.rows if not row.ok} == {"1/15 times the derived one"}
    right = audit.published_d(*given, slope=audit.at_z, share=1)
    assert al.compare(loss, right, rtol=1e-12).ok
    names = ["z2", *audit.article_d.NAMES]
    scaled = {name: right[name] / 75 for name in names}  # 15 rows of 10, and the 2 of a square
    reported = audit.article_d.squared_error(audit.article_d.tensors(given[0]), x, t)
    assert al.compare(reported, scaled, rtol=1e-12).ok


def test_the_audit_trains_as_the_article_does(audit, monkeypatch):
    pytest.importorskip("sklearn")
    d = audit.article_d
    x, t = d.digits()
    monkeypatch.setattr(audit, "EPOCHS", 2)
    before, middle, after = audit.train(x, t, audit.at_y, 1 / d.BATCH)
    for i, seed in enumerate(audit.SEEDS):
        for epochs, params in enumerate([before, middle, after]):
            expected = d.train(d.published_delta, seed, x, t, epochs)
            for p, q in zip(params, expected, strict=True):
                np.testing.assert_allclose(p[i], q, rtol=1e-9, atol=1e-12)


def test_the_audit_says_why_d_trained(audit, capsys):
    pytest.importorskip("sklearn")
    trained, run = audit.main()
    published, sums, at_z, right, faster, entropy = trained.values()
    assert min(*published, *sums) > 0.985  # the article: 1.00
    assert min(entropy) > 0.96
    assert np.abs(published - sums).max() < 0.01  # the biases are not what it is about
    assert np.max([at_z, right]) < 0.93
    assert np.mean([at_z, right]) < 0.85
    assert np.mean(faster) < min(published)

    e = np.exp(-1)
    assert audit.at_y(np.array([0.0, 1.0])) == pytest.approx([1 / 4, e / (1 + e) ** 2])
    x, t = audit.article_d.digits()
    for params in run:
        assert min(audit.cosines(params, x, t, audit.none)) > 0.99
        assert max(audit.cosines(params, x, t, audit.at_z)) < 0.95

    lines = capsys.readouterr().out.splitlines()
    equal = [line for line in lines if line.startswith("All ")]
    assert [int(line.split()[1]) for line in equal] == [15, 8, 3, 8, 8]
    assert sum(line.endswith(("  wrong", "  follows")) for line in lines) == 8 + 7 + 2
    alone = [line.partition("alone: ")[2] for line in lines if "alone: " in line]
    tenth, scaled = (f"each {factor} times the derived one." for factor in ("1/10", "75"))
    assert alone == [*["each equal."] * 3, tenth, "each differs.", scaled]


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


def test_the_review_of_the_articles_finds_their_faults(capsys):
    found = load("review_articles").main()
    assert [name for name, review in found.items() if review.ok] == ["A", "B", "C"]
    lines = [mistake.mended.strip() for mistake in found["D"].mistakes]
    assert lines == [
        "d2 = (y - t) * y * (1 - y)",
        '"b1": d1.sum(axis=0),',
        '"b2": d2.sum(axis=0),',
    ]
    assert found["D"].left == ()
    assert "the mean stands where the sum belongs" in capsys.readouterr().out


def test_the_review_of_a_student_is_that_of_the_readme(capsys, monkeypatch):
    monkeypatch.chdir(EXAMPLES.parent)
    places = [f"examples/student.py:{name}" for name in ("loss", "gradients", "make")]
    assert shell(["review", *places[:2], "--args", places[2]]) == 1
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() in readme


def test_the_page_of_mistakes_is_what_is_found(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    text, found = load("mistakes").page()
    for right, review in found:
        assert review.left == (), review
        assert any(right.strip() in line for line in review.mended.popitem()[1].split("\n"))
    assert text == (EXAMPLES / "mistakes.md").read_text(encoding="utf-8")


def test_submissions_are_graded(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    text = (EXAMPLES / "student.py").read_text(encoding="utf-8")
    (tmp_path / "ann.py").write_text(text, encoding="utf-8")
    (tmp_path / "bob.py").write_text(text.replace("np.tanh(a1) ** 2", "a1 ** 2"), encoding="utf-8")
    (tmp_path / "cy.py").write_text("gradients = 3", encoding="utf-8")
    assert load("grade").grade(tmp_path) == {"ann": 2, "bob": 4, "cy": 0}
    assert "`np.tanh` does not belong here" in (tmp_path / "ann.txt").read_text(encoding="utf-8")
    assert "is right" in (tmp_path / "bob.txt").read_text(encoding="utf-8")
