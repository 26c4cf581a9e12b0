import numpy as np
import pytest
from told import tells

import nn
from autograd_lite import Tensor

START = np.array([1.0, -2.0, 3.0])
GRADIENTS = np.random.default_rng(0).standard_normal((5, 3))


def run(optimizer, p):
    for g in GRADIENTS:
        p.grad = g.copy()
        optimizer.step()
    return p.data


def test_sgd():
    p = Tensor(START)
    np.testing.assert_allclose(
        run(nn.SGD([p], lr=0.1), p), START - 0.1 * GRADIENTS.sum(axis=0), rtol=1e-14
    )


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_with_momentum_and_weight_decay(nesterov):
    p, expected, v = Tensor(START), START.copy(), 0
    for g in GRADIENTS:
        g = g + 0.01 * expected
        v = 0.9 * v + g
        expected = expected - 0.1 * (g + 0.9 * v if nesterov else v)
    sgd = nn.SGD([p], lr=0.1, momentum=0.9, nesterov=nesterov, weight_decay=0.01)
    np.testing.assert_allclose(run(sgd, p), expected, rtol=1e-14)


@pytest.mark.parametrize("kind", [nn.Adam, nn.AdamW])
def test_adam(kind):
    # each mean written out as the weighted sum that it is, not as a recursion
    p, expected = Tensor(START), START.copy()
    seen = []
    for t, g in enumerate(GRADIENTS, 1):
        seen.append(g if kind is nn.AdamW else g + 0.01 * expected)
        w1 = 0.9 ** np.arange(t)[::-1, None]
        w2 = 0.999 ** np.arange(t)[::-1, None]
        m = (w1 * seen).sum(axis=0) / w1.sum()
        s = (w2 * np.square(seen)).sum(axis=0) / w2.sum()
        shrunk = expected * (1 - 0.1 * 0.01) if kind is nn.AdamW else expected
        expected = shrunk - 0.1 * m / (np.sqrt(s) + 1e-8)
    np.testing.assert_allclose(run(kind([p], lr=0.1, weight_decay=0.01), p), expected, rtol=1e-11)


def test_optimizers_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    pairs = [
        (nn.SGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        (nn.Adam, torch.optim.Adam, {"weight_decay": 0.01}),
        (nn.AdamW, torch.optim.AdamW, {"weight_decay": 0.01}),
    ]
    for ours, theirs, settings in pairs:
        p = Tensor(START)
        q = torch.tensor(START, requires_grad=True)
        other = theirs([q], lr=0.1, **settings)
        for g in GRADIENTS:
            q.grad = torch.tensor(g)
            other.step()
        result = run(ours([p], lr=0.1, **settings), p)
        np.testing.assert_allclose(result, q.detach().numpy(), rtol=1e-12)


def test_float32_stays_float32_with_a_float64_rate():
    p = Tensor(START.astype("f4"))
    for optimizer in (nn.SGD([p], np.float64(0.1)), nn.Adam([p], np.float64(0.1))):
        p.grad = np.ones(3, "f4")
        optimizer.step()
        assert p.dtype == np.float32


def test_parameters_without_a_gradient_are_left_alone():
    used, unused = Tensor(START), Tensor(START)
    used.grad = np.ones(3)
    nn.SGD([used, unused], lr=1).step()
    np.testing.assert_array_equal(unused.data, START)
    np.testing.assert_array_equal(used.data, START - 1)


def test_a_step_without_any_gradient_is_an_error():
    with pytest.raises(RuntimeError, match="backward"):
        nn.SGD([Tensor(START)]).step()


def test_zero_grad_forgets():
    p = Tensor(START)
    p.grad = np.ones(3)
    nn.SGD([p]).zero_grad()
    assert p.grad is None


def test_an_update_leaves_recorded_graphs_with_their_gradient():
    p = Tensor(START)
    loss = (p * p).sum()
    loss.backward()
    nn.SGD([p], lr=0.5).step()
    p.grad = None
    loss.backward()
    np.testing.assert_array_equal(p.grad, 2 * START)


def test_the_array_that_data_handed_out_follows_the_updates():
    p = Tensor(START)
    seen = p.data
    p.grad = np.ones(3)
    nn.SGD([p], lr=1).step()
    np.testing.assert_array_equal(seen, START - 1)


@pytest.mark.parametrize(
    ("wrong", "given"),
    [
        ([np.ones(3)], "an array (3,) float64"),
        ([], "[]"),
        ([Tensor(1.0) * 2], "a Tensor () float64"),
        (Tensor(np.ones((3, 2)), name="W"), "W (3, 2) float64"),
        (np.ones(3), "an array (3,) float64"),
        (nn.Linear(2, 3), "Linear(2, 3)"),
        ([nn.Linear(2, 3)], "Linear(2, 3)"),
        (nn.Linear(2, 3).parameters, "the function parameters"),
        (nn.Linear(2, 3).state_dict(), "{'W': "),
        (None, "None"),
        ("Wb", "'Wb'"),
    ],
)
def test_only_leaves_can_be_optimized(wrong, given):
    tells(
        lambda: nn.SGD(wrong),
        TypeError, f"SGD got {given}", "Tensors without an op", "pass model.parameters(), with",
    )  # fmt: skip


def test_a_state_of_another_optimizer_changes_nothing():
    p = Tensor(START)
    adam = nn.Adam([p], lr=0.1)
    with pytest.raises(ValueError, match="momentum is unknown"):
        adam.load_state_dict(nn.SGD([p], lr=0.3).state_dict())
    assert adam.lr == 0.1


def test_a_shared_parameter_is_updated_once():
    p = Tensor(START)
    p.grad = np.ones(3)
    nn.SGD([p, p], lr=1).step()
    np.testing.assert_array_equal(p.data, START - 1)


@pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf, "0.1", None, [0.1], np.ones(2)])
def test_a_setting_is_a_finite_number_and_not_negative(wrong):
    p = [Tensor(START)]
    for kind, name in (
        (nn.SGD, "lr"), (nn.SGD, "momentum"), (nn.SGD, "weight_decay"), (nn.Adam, "lr"),
        (nn.Adam, "eps"), (nn.Adam, "beta1"), (nn.AdamW, "beta2"), (nn.AdamW, "weight_decay"),
    ):  # fmt: skip
        below = "below 1" if "beta" in name else "finite"
        tells(
            lambda: kind(p, **{name: wrong}),
            ValueError, f"{name} is ", f"a number of at least 0, {below}", "choose one",
        )  # fmt: skip
    sgd = nn.SGD(p)
    with pytest.raises(ValueError, match="lr is "):
        sgd.lr = wrong
    tells(lambda: nn.Adam(p, beta1=1), ValueError, "beta1 is 1", "below 1", "choose one")


def test_nesterov_needs_a_momentum():
    with pytest.raises(ValueError, match="give a momentum"):
        nn.SGD([Tensor(START)], nesterov=True)


def test_momentum_can_be_set_later():
    p = Tensor(START)
    sgd = nn.SGD([p], lr=1)
    sgd.momentum = 0.5
    for _ in range(2):
        p.grad = np.ones(3)
        sgd.step()
    np.testing.assert_array_equal(p.data, START - 1 - 1.5)
