"""The four published networks: derived against handwritten gradients, and what was found."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as al


def load(name):
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


a, b, c, d = (load(f"article_{letter}") for letter in "abcd")

AGREED = 1e-12


def differing(loss, handwritten):
    """The names whose handwritten gradients are far from the derived ones, in the order given."""
    rows = {row.name: row for row in al.compare(loss, handwritten, rtol=AGREED).rows}
    return [name for name in handwritten if not rows[name].ok and rows[name].relative > 1e-3]


def same_on_tensors(forward, params, *rest):
    """Does `forward` give the same arrays, bit by bit, for Tensors as for arrays?"""
    on_arrays = forward(params, *rest)[1:]
    on_tensors = forward([al.Tensor(p) for p in params], *rest)[1:]
    assert all(isinstance(t, al.Tensor) for t in on_tensors)
    return all(np.array_equal(t.data, x) for t, x in zip(on_tensors, on_arrays, strict=True))


def named_before(node):
    """The names of the nearest named results that a node was computed from."""
    found, unseen = set(), [node]
    while unseen:
        for x in unseen.pop().inputs:
            if isinstance(x, al.Tensor) and x.op is not None:
                if x.name:
                    found.add(x.name)
                else:
                    unseen.append(x)
    return found


def test_every_forward_runs_on_arrays_and_tensors_alike():
    weights, samples, _ = a.start(0)
    params, X, _ = b.start(0)
    assert same_on_tensors(a.forward, weights, samples[0])
    assert same_on_tensors(b.forward, params, X, al.sigmoid)
    assert same_on_tensors(b.forward, params, X, np.tanh)
    assert same_on_tensors(c.forward, c.start(0), c.circle_points(0)[0])
    rows = np.random.default_rng(0).uniform(0, 16, (15, 64))
    assert same_on_tensors(d.forward, d.start(np.random.RandomState(1)), rows)


# A ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_derived_is_handwritten(seed):
    weights, samples, targets = a.start(seed)
    loss = a.recorded(weights, samples[0], targets[0])
    by_hand, gradients = a.handwritten(weights, samples[0], targets[0])
    assert loss.item() == pytest.approx(by_hand, rel=AGREED)
    assert al.compare(loss, gradients, rtol=AGREED).ok


def test_a_a_planted_fault_is_noticed(monkeypatch):
    weights, samples, targets = a.start(0)
    loss = a.recorded(weights, samples[0], targets[0])
    monkeypatch.setattr(a, "sigmoid_slope", lambda z: 1 - a.sigmoid(z))
    assert differing(loss, a.handwritten(weights, samples[0], targets[0])[1]) == a.NAMES


def test_a_both_ways_train_alike_towards_the_lowest_loss():
    weights, samples, targets = a.start(0)
    ours = np.array(a.train(weights, samples, targets, epochs=12))
    theirs = np.array(a.train_by_hand(weights, samples, targets, epochs=12))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert a.lowest_loss(targets) < ours[-1] < 0.8 * ours[0]
    assert a.lowest_loss(np.array([-1.0, 0.5, 3.0])) == pytest.approx((1 + 0 + 4) / 3 / 2)


def test_a_the_slip_fails_and_the_product_is_right():
    y, t = np.array([[0.5], [0.25]]), np.array([[1.0], [-0.25]])
    with pytest.raises(TypeError, match="integer"):
        a.slipped_loss(y, t)
    with pytest.raises(TypeError):
        a.slipped_loss(al.Tensor(y), t)
    assert a.half_squared_error(y, t).item() == (0.25 + 0.25) / 2
    assert a.half_squared_error(al.Tensor(y), t).item() == 0.25


# B ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [b.SIGMOID, b.TANH])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_b_derived_is_handwritten(activation, seed):
    given = (*b.start(seed), activation, b.SQUARED_NORM)
    assert al.compare(b.recorded(*given), b.handwritten(*given), rtol=AGREED).ok


def test_b_a_wrong_pair_is_noticed_behind_it():
    wrong = (*b.start(0), (al.sigmoid, b.tanh_slope), b.SQUARED_NORM)
    differ = differing(b.recorded(*wrong), b.handwritten(*wrong))
    assert differ == [*b.NAMES, "f1", "f2", "f3"]  # not f4, where the loss alone counts


def test_b_two_norms_two_derivatives():
    params, X, Y = b.start(0)
    f4 = al.Tensor(b.forward(params, X, al.sigmoid)[-1], name="f4")
    error = f4.data - Y
    length = np.sqrt(np.sum(error**2))
    assert al.compare(b.squared_norm(f4, Y), {"f4": 2 * error}, rtol=AGREED).ok
    assert al.compare(b.plain_norm(f4, Y), {"f4": error / length}, rtol=AGREED).ok
    assert differing(b.plain_norm(f4, Y), {"f4": b.squared_norm_slope(f4.data, Y)}) == ["f4"]


def test_b_the_graph_is_the_chain_without_and_with_the_loss(tmp_path):
    params, X, Y = b.start(0)
    nodes = b.chain(b.tensors(params), X, Y, al.sigmoid, b.squared_norm)
    assert [node.name for node in nodes] == ["f1", "f2", "f3", "f4", "f5"]
    assert [named_before(node) for node in nodes] == [set(), {"f1"}, {"f2"}, {"f3"}, {"f4"}]
    without, with_loss = al.draw(nodes[3]).dot, al.draw(nodes[4]).dot
    assert all(name in without for name in ["f1", "f2", "f3", "f4", "W1", "b1", "W2", "b2"])
    assert "f5" not in without
    assert "f5" in with_loss
    paths = b.save_drawings(params, X, Y, tmp_path / "new")
    assert [path.stat().st_size > 0 for path in paths] == [True, True]


def test_b_both_ways_train_alike():
    params, X, Y = b.start(0)
    ours, theirs = b.train(params, X, Y, 30), b.train_by_hand(params, X, Y, 30)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert ours[-1] < 0.5 * ours[0]


# C ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_c_derived_is_handwritten(seed):
    w = np.random.default_rng(seed).normal(size=2)
    one = (w, np.array(0.1), *c.line_points(seed))
    report = al.compare(c.recorded_neuron(*one), c.handwritten_neuron(*one), rtol=AGREED)
    assert report.ok
    assert [row.name for row in report.rows] == ["z", "b", "w"]
    network = (c.start(seed), *c.circle_points(seed))
    assert al.compare(c.recorded(*network), c.handwritten(*network), rtol=AGREED).ok


def test_c_a_planted_fault_is_noticed(monkeypatch):
    network = (c.start(0), *c.circle_points(0))
    monkeypatch.setattr(c, "sigmoid_slope", al.sigmoid)
    assert differing(c.recorded(*network), c.handwritten(*network)) == c.NAMES


def test_c_the_neuron_finds_the_line():
    X, y = c.line_points(0)
    w, bias = c.train_neuron(X, y, 1500)
    assert np.mean((X @ w + bias > 0) == (y > 0)) >= 0.98
    assert c.angle_to_line(w) < 5
    assert -bias / w[0] == pytest.approx(0.4, abs=0.15)


def test_c_the_network_gets_all_but_a_few_points_right():
    X, Y = c.circle_points(0)
    params = c.train(c.start(0), X, Y, 500, seed=0)
    inside = np.hypot(*X) < c.RADIUS
    outputs = c.forward(params, X)[-1]
    assert np.mean((outputs[0] > outputs[1]) == inside) >= 0.95
    assert 0.1 < np.mean(inside) < 0.9


def test_c_the_graphs_have_a_node_for_each_of_z_a_and_cost():
    x, y = c.circle_points(0, count=1)
    names = [node.name for node in al.order(c.recorded(c.start(0), x, y)) if node.name]
    assert [name for name in names if name[0] in "zaC"] == ["z1", "a1", "z2", "a2", "C"]
    x, y = c.line_points(0, count=1)
    names = [node.name for node in al.order(c.recorded_neuron(np.ones(2), 0.1, x, y)) if node.name]
    assert [name for name in names if name[0] in "zaC"] == ["z", "a", "C"]


def test_c_a_bias_column_makes_a_matrix_which_the_losses_refuse():
    activation, target = np.array([0.5, 0.25]), np.array([1.0, 0.0])
    bias = al.Tensor(np.ones((2, 1)))
    matrix = al.sigmoid(activation + bias)
    assert matrix.shape == (2, 2)
    assert (matrix.data - target).shape == (2, 2)
    for loss in (al.mse, al.half_squared_error):
        with pytest.raises(ValueError, match="never"):
            loss(matrix, target)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(al.Tensor(activation) == target)
    report = "\n".join(c.slips())
    assert all(said in report for said in ["out of bounds", "(3, 3)", "(2, 3)", "ambiguous"])


# D ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    return d.digits()


@pytest.fixture
def batch(digits):
    x, t = digits
    return d.start(np.random.RandomState(1)), x[: d.BATCH], t[: d.BATCH]


def test_d_the_initializer_gives_the_printed_weights():
    params = d.start(np.random.RandomState(1), (2, 3, 1))
    for W, printed in zip(params[::2], d.PRINTED):
        np.testing.assert_allclose(W, printed, rtol=0, atol=5.1e-9)
    assert [np.any(bias) for bias in params[1::2]] == [False, False]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_d_derived_is_handwritten(seed, digits):
    params = d.start(np.random.RandomState(seed))
    x, t = (part[: d.BATCH] for part in digits)
    loss = d.squared_error(d.tensors(params), x, t)
    assert al.compare(loss, d.handwritten(params, x, t), rtol=AGREED).ok


def test_d_faults_are_noticed_planted_and_published(batch, monkeypatch):
    params, x, t = batch
    loss = d.squared_error(d.tensors(params), x, t)
    assert differing(loss, dict(zip(d.NAMES, d.updates(d.published_delta, *batch)))) == d.NAMES
    monkeypatch.setattr(d, "sigmoid_slope", lambda z: np.full_like(z, 0.25))
    assert differing(loss, d.handwritten(*batch)) == [*d.NAMES, "z2"]


def test_d_biases_are_a_fifteenth_of_the_weights_scale(batch):
    right = d.derived(d.squared_error, *batch)
    scales, left = zip(*map(d.multiple, d.updates(d.mended_delta, *batch), right))
    np.testing.assert_allclose(scales, [75, 5, 75, 5], rtol=1e-12)
    assert max(left) <= AGREED
    _, left = zip(*map(d.multiple, d.updates(d.published_delta, *batch), right))
    assert min(left) > 0.1  # the published one is no multiple of the gradient


def test_d_the_published_delta_is_nearly_that_of_cross_entropy(digits):
    x, t = digits
    assert d.sigmoid_slope(np.array([0.0, 1.0])) == pytest.approx([0.25, 0.19661193324148185])
    for seed in (1, 2, 3):
        params = d.start(np.random.RandomState(seed))
        update = d.updates(d.published_delta, params, x, t)
        near = [*map(d.cosine, update, d.derived(d.cross_entropy, params, x, t))]
        far = [*map(d.cosine, update, d.derived(d.squared_error, params, x, t))]
        assert min(near) > 0.995
        assert max(far) < 0.95


def test_d_the_update_is_what_the_graph_pulls_back(digits, monkeypatch):
    x, t = (part[: d.BATCH] for part in digits)
    monkeypatch.setattr(d, "RATE", 1.0)
    random = np.random.RandomState(1)
    before = d.start(random)
    rows = random.permutation(d.BATCH)
    update = d.updates(d.published_delta, before, x[rows], t[rows])
    after = d.train(d.published_delta, 1, x, t, epochs=1)
    for p, step, q in zip(before, update, after):
        np.testing.assert_allclose(p - step, q, rtol=1e-9, atol=1e-12)


def test_d_the_published_delta_trains_and_the_right_derivative_does_not(digits):
    x, t = digits
    published = d.train(d.published_delta, 1, x, t, epochs=60)
    mended = d.train(d.mended_delta, 1, x, t, epochs=60)
    assert d.accuracy(published, x, t) > 0.98
    assert d.accuracy(mended, x, t) < 0.8

    from sklearn.metrics import precision_recall_fscore_support

    predicted = d.forward(published, x)[-1].argmax(axis=1)
    truth = precision_recall_fscore_support(t.argmax(axis=1), predicted, average="macro")
    np.testing.assert_allclose(d.scores(published, x, t), truth[:3], rtol=1e-12)


def test_d_a_relu_in_place_is_refused():
    z = np.array([-1.0, 2.0])
    d.relu_in_place(z)
    assert z.tolist() == [0.0, 2.0]
    with pytest.raises(TypeError, match="maximum"):
        d.relu_in_place(al.Tensor([-1.0, 2.0]))


# The programs -------------------------------------------------------------------------------------


def test_every_program_prints_its_report(tmp_path, capsys):
    a.main(["--epochs", "2"])
    b.main(["--steps", "10", "--output", str(tmp_path / "b")])
    short = ["--neuron-epochs", "5", "--network-epochs", "2", "--seeds", "1"]
    c.main([*short, "--output", str(tmp_path / "c")])
    d.main(["--epochs", "1", "--seeds", "1"])
    lines = capsys.readouterr().out.splitlines()
    last = [line.rsplit(maxsplit=1)[-1] for line in lines if line]
    assert last.count("equal") == 5 + 16 + 7 + 5
    assert last.count("wrong") == 1 + 4  # B's plain norm, D's published pass
    assert len(list((tmp_path / "b").iterdir())) == 2
    assert len(list((tmp_path / "c").iterdir())) == 3


@pytest.mark.parametrize(
    ("module", "package", "call"),
    [
        ("sklearn.datasets", "scikit-learn", lambda folder: d.digits()),
        (
            "matplotlib.figure",
            "matplotlib",
            lambda folder: c.save_plot(np.ones(2), 0.0, c.start(0), folder),
        ),
    ],
)
def test_a_missing_package_is_named(module, package, call, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"{package} was not found; .*; pip install {package}$"):
        call(tmp_path)
