"""Each kind of mistake, made by hand in a small network, is called by its kind."""

import numpy as np
import pytest

import autograd_lite as al


def sigma(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture
def net():
    """Two layers, tanh and sigmoid, both square so that a transpose fits, and a regularizer."""
    rng = np.random.default_rng(3)
    x, t = rng.standard_normal((5, 4)), rng.uniform(0.2, 0.8, (5, 4))
    W1, W2 = (al.Tensor(rng.standard_normal((4, 4)), name=name) for name in ("W1", "W2"))
    b1, b2 = (al.Tensor(rng.standard_normal(4), name=name) for name in ("b1", "b2"))
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = al.sigmoid(z2)
    loss = ((a2 - t) ** 2).sum() + 0.05 * (W1**2).sum()
    return loss, {**locals()}


def backward(v, **instead):
    """The pass by hand. What is given by name stands in the place of a line."""
    x, t, W1, W2 = v["x"], v["t"], v["W1"].data, v["W2"].data
    z1, a1, z2, a2 = (v[name].data for name in ("z1", "a1", "z2", "a2"))
    g = {"x": x, "t": t, "W1": W1, "W2": W2, "z1": z1, "a1": a1, "z2": z2, "a2": a2}
    lines = {
        "da2": lambda: 2 * (a2 - t),
        "dz2": lambda: g["da2"] * a2 * (1 - a2),
        "dW2": lambda: a1.T @ g["dz2"],
        "db2": lambda: g["dz2"].sum(axis=0),
        "da1": lambda: g["dz2"] @ W2.T,
        "dz1": lambda: g["da1"] * (1 - a1**2),
        "dW1": lambda: x.T @ g["dz1"] + 0.1 * W1,
        "db1": lambda: g["dz1"].sum(axis=0),
    }
    for name, line in lines.items():
        g[name] = instead[name](g) if name in instead else line()
    return {name[1:]: g[name] for name in lines}


SLIPS = [
    ("factor", "z2", lambda g: 2 * g["da2"] * g["a2"] * (1 - g["a2"])),
    ("factor", "W1", lambda g: g["x"].T @ g["dz1"] + 0.05 * g["W1"]),
    ("sign", "a2", lambda g: 2 * (g["t"] - g["a2"])),
    ("sign", "a2", lambda g: 2 * (g["a2"] + g["t"])),
    ("transposed", "a1", lambda g: g["dz2"] @ g["W2"]),
    ("transposed", "W2", lambda g: g["dz2"].T @ g["a1"]),
    ("operands", "W2", lambda g: g["z1"].T @ g["dz2"]),
    ("operands", "W2", lambda g: g["a1"].T @ g["da2"]),
    ("operands", "b1", lambda g: g["da1"].sum(axis=0)),
    ("missing-derivative", "z2", lambda g: g["da2"]),
    ("missing-derivative", "z1", lambda g: g["da1"]),
    ("doubled-derivative", "z1", lambda g: g["da1"] * (1 - g["a1"] ** 2) ** 2),
    ("doubled-derivative", "a1", lambda g: (g["dz2"] * g["a2"] * (1 - g["a2"])) @ g["W2"].T),
    ("derivative-at-activation", "z2", lambda g: g["da2"] * sigma(g["a2"]) * (1 - sigma(g["a2"]))),
    ("derivative-at-activation", "z1", lambda g: g["da1"] * (1 - np.tanh(g["a1"]) ** 2)),
    ("derivative-at-input", "z2", lambda g: g["da2"] * g["z2"] * (1 - g["z2"])),
    ("derivative-at-input", "z1", lambda g: g["da1"] * (1 - g["z1"] ** 2)),
    ("unsummed", "b2", lambda g: g["dz2"]),
    ("axis", "b2", lambda g: g["dz2"].sum(axis=1)),
    ("axis", "b2", lambda g: g["dz2"].sum()),
    ("mean-for-sum", "b2", lambda g: g["dz2"].mean(axis=0)),
    ("overwritten", "b2", lambda g: g["dz2"][-1]),
    ("overwritten", "W2", lambda g: np.outer(g["a1"][-1], g["dz2"][-1])),
    ("missing-term", "W1", lambda g: g["x"].T @ g["dz1"]),
    ("missing-term", "b2", lambda g: g["dz2"][:-1].sum(axis=0)),
    ("loss-derivative-skipped", "a2", lambda g: 2 * g["a2"]),
    ("loss-derivative-skipped", "a2", lambda g: np.ones((5, 4))),
    ("loss-derivative-skipped", "a2", lambda g: (g["a2"] - g["t"]) ** 2),
    ("stale", "a1", lambda g: g["dz2"] @ (g["W2"] - 0.1 * g["dW2"]).T),
    ("index", "a1", lambda g: g["dz2"] @ g["W1"].T),
    ("constant", "z1", lambda g: g["da1"] * (1 - g["a1"])),
    ("constant", "z1", lambda g: g["da1"] * g["a1"] * (1 - g["a1"])),
    ("constant", "z2", lambda g: g["da2"] * 0.25),
    ("constant", "W2", lambda g: g["a1"].T @ g["dz2"] + 0.01 * g["W2"]),
]


# From parameters alone: d_a2 is left out of the next line, or (a2 − t)² stands in its place.
ALONE = {1: "missing-term", 2: "operands"}


def test_all_kinds_are_tried() -> None:
    assert {kind for kind, *_ in SLIPS} == {*al.CAUSES}


@pytest.mark.parametrize("i", range(len(SLIPS)))
@pytest.mark.filterwarnings("error")
def test_a_slip_is_called_by_its_kind(net, i) -> None:
    kind, name, line = SLIPS[i]
    loss, v = net
    report = al.compare(loss, backward(v, **{f"d{name}": line}), names=v)
    assert report.first_wrong.name == name
    assert kind in {cause.kind for cause in report.causes}
    assert {cause.name for cause in report.causes} == {name}


@pytest.mark.parametrize("i", range(len(SLIPS)))
def test_parameters_alone_tell_most_kinds(net, i) -> None:
    """Of what is made of a cotangent that is not given, more than one thing may be said."""
    kind, name, line = SLIPS[i]
    if kind == "loss-derivative-skipped" and name == "a2":
        kind = ALONE.get(i - [slip[0] for slip in SLIPS].index(kind), kind)
    loss, v = net
    by_hand = backward(v, **{f"d{name}": line})
    alone = {key: by_hand[key] for key in ("W1", "b1", "W2", "b2")}
    causes = al.compare(loss, alone, names=v).causes
    assert kind in {cause.kind for cause in causes}


def test_the_right_pass_has_no_cause(net) -> None:
    loss, v = net
    for dtype in (float, np.float32):
        by_hand = {name: g.astype(dtype) for name, g in backward(v).items()}
        report = al.compare(loss, by_hand, names=v)
        assert report.ok
        assert report.causes == ()


def test_the_lines_are_as_a_person_writes_them(net) -> None:
    loss, v = net
    slip = backward(v, dz1=lambda g: g["da1"], dW1=lambda g: g["x"].T @ g["dz1"])
    missing, *term = al.compare(loss, slip, names=v).causes
    assert missing.detail == "the derivative of tanh is left out"
    assert (missing.written, missing.formula) == ("d_z1 = d_a1", "d_z1 = d_a1 ⊙ (1 − a1²)")
    assert [cause.kind for cause in term] == ["missing-term", "overwritten"]
    assert term[0].detail == "0.1 W1 is left out"
    assert (term[0].written, term[0].formula) == ("d_W1 = xᵀ d_z1", "d_W1 = 0.1 W1 + xᵀ d_z1")
