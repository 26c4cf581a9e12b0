"""folding: what is written once with an index says what the lines of all steps would say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import array
from readback import check_latex, lines
from test_derivation import reads_back

import autograd_lite as al
from autograd_lite import Tensor, derive
from autograd_lite.reading import folding

Names = dict[str, Any]


def tensors(**shapes: tuple[int, ...]) -> Names:
    """Tensors of these names and shapes, none like another."""
    return {
        name: Tensor(array(*shape, seed=i) / 2) for i, (name, shape) in enumerate(shapes.items())
    }


def recurrent(
    steps: int = 5,
    first: str = "array",
    each: bool = True,
    odd: int | None = None,
    hidden: tuple[int, ...] = (3,),
) -> tuple[Any, Names, list[str]]:
    """A recurrent net; at the odd step something is added. What it starts with: `first`."""
    n = len(hidden) and 2
    inputs, square = (*hidden, n) * len(hidden), hidden * 2
    v = tensors(x=(steps, *(2,) * len(hidden)), y=(steps, *hidden), U=inputs, W=square, b=hidden)
    v |= tensors(h0=hidden, e=hidden)
    by = (lambda a, b: a @ b) if hidden else (lambda a, b: a * b)
    wrt = ["U", "W", "b"]
    if first == "parameter":
        wrt.append("h0")
    elif first == "array":
        v["h0"] = v["h0"].data
    h: Any = al.sin(v["e"]) if first == "computed" else 0.0 if first == "zero" else v["h0"]
    loss: Any = 0
    for t in range(steps):
        z = by(v["U"], v["x"][t]) + v["b"]
        z = z + v["b"] * h if first == "zero" and t == 0 and not hidden else z
        if not (first == "zero" and t == 0):
            z = z + by(v["W"], h)
        h = al.tanh(z + v["e"] if t == odd else z)
        if each:
            loss = loss + 0.5 * ((h - v["y"][t]) ** 2).sum()
    return (loss if each else ((h - v["y"][steps - 1]) ** 2).sum()), v, wrt


def lstm(steps: int = 4) -> tuple[Any, Names, list[str]]:
    v = tensors(x=(steps, 2), y=(2,), h0=(2,), c0=(2,))
    gates = {f"{kind}{g}": (2, 2) if kind != "b" else (2,) for g in "ifog" for kind in "wub"}
    v |= tensors(**gates)
    h, c = v["h0"], v["c0"]
    for t in range(steps):
        i, f, o, g = (
            act(v[f"w{k}"] @ v["x"][t] + v[f"u{k}"] @ h + v[f"b{k}"])
            for k, act in zip("ifog", (al.sigmoid, al.sigmoid, al.sigmoid, al.tanh))
        )
        c = f * c + i * g
        h = o * al.tanh(c)
    return ((h - v["y"]) ** 2).sum(), v, [*gates, "h0", "c0"]


def gru(steps: int = 4) -> tuple[Any, Names, list[str]]:
    v = tensors(x=(steps, 2), y=(steps, 2), h0=(2,))
    weights = {f"{kind}{g}": (2, 2) for g in "rzn" for kind in "wu"}
    v |= tensors(**weights)
    h, loss = v["h0"], 0
    for t in range(steps):
        r, z = (al.sigmoid(v[f"w{k}"] @ v["x"][t] + v[f"u{k}"] @ h) for k in "rz")
        n = al.tanh(v["wn"] @ v["x"][t] + v["un"] @ (r * h))
        h = (1 - z) * n + z * h
        loss = loss + ((h - v["y"][t]) ** 2).sum()
    return loss, v, [*weights, "h0"]


def samples(count: int = 5) -> tuple[Any, Names, list[str]]:
    v = tensors(x=(count,), y=(count,), w=(), b=())
    loss: Any = 0
    for i in range(count):
        loss += (v["w"] * v["x"][i] + v["b"] - v["y"][i]) ** 2
    return loss, v, ["w", "b"]


def rewards() -> tuple[Any, Names, list[str]]:
    """Some are added and some subtracted, and a penalty with them."""
    v = tensors(x=(4,), y=(4,), w=(), b=())
    loss: Any = v["w"] ** 2
    for i in range(4):
        loss = loss - al.sin(v["w"] * v["x"][i]) + al.exp(v["b"] * v["y"][i])
    return loss / 4, v, ["w", "b"]


def perceptrons() -> tuple[Any, Names, list[str]]:
    """A network, sample by sample, and all leaves."""
    v = tensors(x=(4, 2), y=(4,), W=(3, 2), b=(3,), V=(3,), c=())
    loss: Any = 0
    for i in range(4):
        a = al.sigmoid(v["W"] @ v["x"][i] + v["b"])
        loss = loss + (v["V"] @ a + v["c"] - v["y"][i]) ** 2 / 8
    return loss, v, [*v]


def springs(edges: list[tuple[int, int]]) -> tuple[Any, Names, list[str]]:
    v = tensors(x=(5, 2))
    energy: Any = 0.0
    for i, j in edges:
        energy = energy + (al.sqrt(((v["x"][i] - v["x"][j]) ** 2).sum()) - 1) ** 2
    return energy, v, ["x"]


def two_loops(first: int, second: int) -> tuple[Any, Names, list[str]]:
    """One after the other, of different lengths, with the same weights."""
    v = tensors(x=(first, 2), u=(second, 2), U=(3, 2), W=(3, 3), V=(3, 3), h0=(3,))
    h = v["h0"]
    for t in range(first):
        h = al.tanh(v["U"] @ v["x"][t] + v["W"] @ h)
    for t in range(second):
        h = al.tanh(v["U"] @ v["u"][t] + v["V"] @ h)
    return (h**2).sum(), v, ["U", "W", "V", "h0"]


def convolution() -> tuple[Any, Names, list[str]]:
    v = tensors(img=(6, 6), K=(3, 3), b=())
    out = v["b"]
    for i in range(3):
        for j in range(3):
            out = out + v["img"][i : i + 4, j : j + 4] * v["K"][i, j]
    return al.relu(out).mean(), v, ["K", "b"]


def nested(count: int, steps: int) -> tuple[Any, Names, list[str]]:
    """A recurrent net over several sequences."""
    v = tensors(x=(count, steps, 2), y=(count, 3), U=(3, 2), W=(3, 3), h0=(3,))
    loss: Any = 0
    for i in range(count):
        h = v["h0"]
        for t in range(steps):
            h = al.tanh(v["U"] @ v["x"][i, t] + v["W"] @ h)
        loss = loss + ((h - v["y"][i]) ** 2).sum()
    return loss, v, ["U", "W", "h0"]


def backwards() -> tuple[Any, Names, list[str]]:
    v = tensors(x=(5, 3), W=(3, 3), h0=(3,))
    h = v["h0"]
    for t in reversed(range(5)):
        h = al.tanh(v["x"][t] + v["W"] @ h)
    return (h**2).sum(), v, ["W"]


def differences() -> tuple[Any, Names, list[str]]:
    v = tensors(x=(6, 2), k=(2,))
    ends = [v["x"][2 * i % 6] * v["k"] for i in range(3)]
    loss = sum(((v["x"][i + 1] - v["x"][i]) ** 2 * v["k"]).sum() for i in range(5))
    return loss + sum(end.sum() for end in ends), v, ["x", "k"]


def stacked() -> tuple[Any, Names, list[str]]:
    """Two layers, the second on the states of the first, and a branch by the step."""
    v = tensors(x=(6, 2), U=(2, 2), W=(2, 2), V=(2, 2), R=(2, 2), h0=(2,), g0=(2,))
    h, g = v["h0"], v["g0"]
    loss: Any = 0
    for t in range(6):
        h = al.tanh(v["U"] @ v["x"][t] + v["W"] @ h)
        g = al.tanh(v["V"] @ h + v["R"] @ g) if t % 2 else al.sin(v["V"] @ h + v["R"] @ g)
        loss = loss - (g * h).sum()
    return loss, v, ["U", "W", "V", "R", "g0"]


def repeated() -> tuple[Any, Names, list[str]]:
    """What is added twice at one step, after a first step of its own."""
    v = tensors(x=(7, 3), W=(3, 3), w=(3,), s0=(3,))
    s = al.tanh(v["W"] @ v["s0"] + v["w"])
    for t in range(6):
        z = v["W"] @ s + v["w"] * v["x"][t].sum() + v["w"]
        s = al.tanh(z + v["w"] + v["w"] if t == 3 else z)
    return (s * v["w"]).sum(), v, ["W", "w", "s0", "x"]


def layers() -> tuple[Any, Names, list[str]]:
    """As wide as each other, their weights in lists."""
    v: Names = tensors(x=(4, 3))
    Ws, bs = ([Tensor(array(*shape, seed=i) / 2) for i in range(5)] for shape in ((3, 3), (3,)))
    a = v["x"].data
    for W, b in zip(Ws, bs):
        a = al.tanh(a @ W + b)
    return (a**2).sum(), {"x": v["x"].data, "Ws": Ws, "bs": bs}, []


PROGRAMS: dict[str, Callable[[], tuple[Any, Names, list[str]]]] = {
    **{
        f"recurrent, {steps} steps, {first}{', loss at each' * each}{', scalar' * (not hidden)}": (
            lambda s=steps, f=first, e=each, h=hidden: recurrent(s, f, e, hidden=h)
        )
        for steps in (3, 5, 30)
        for first in ("array", "parameter", "computed", "zero")
        for each in (True, False)
        for hidden in ((3,), ())
    },
    **{f"recurrent, odd at {n}": lambda n=n: recurrent(9, odd=n) for n in (0, 1, 3, 8)},
    "recurrent, 30 steps, odd at 3": lambda: recurrent(30, odd=3),
    "lstm": lstm,
    "gru": gru,
    "an addend twice": repeated,
    "samples": samples,
    "rewards": rewards,
    "perceptrons": perceptrons,
    "springs in a row": lambda: springs([(0, 1), (1, 2), (2, 3), (3, 4)]),
    "springs": lambda: springs([(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (4, 1)]),
    "two loops": lambda: two_loops(4, 6),
    "two loops, the second longer": lambda: two_loops(7, 3),
    "a convolution": convolution,
    "nested": lambda: nested(3, 4),
    "nested, two sequences": lambda: nested(2, 5),
    "nested, many": lambda: nested(6, 3),
    "backwards": backwards,
    "differences": differences,
    "stacked, with a branch": stacked,
}


def derived(program: Callable[[], tuple[Any, Names, list[str]]]) -> list[str]:
    loss, names, wrt = program()
    return lines(derive(loss, [names[name] for name in wrt], names))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_folded_computes_the_gradients(name: str) -> None:
    loss, names, wrt = PROGRAMS[name]()
    leaves = [names[x] for x in wrt]
    reads_back(loss, leaves, names)
    check_latex(derive(loss, leaves, names).latex())


# What is written --------------------------------------------------------------------------------


def test_a_recurrent_net() -> None:
    assert derived(recurrent) == [
        "Forward",
        "a_{−1} = h0",
        "z_t = U x[t] + b + W a_{t−1} t = 0 … 4",
        "a_t = tanh(z_t) t = 0 … 4",
        "h_t = a_t − y[t] t = 0 … 4",
        "loss = 0.5 Σ_t Σ h_t²",
        "Backward",
        "∂loss/∂h_4 = ∂loss/∂a_4 = h_4",
        "∂loss/∂h_t = h_t t = 3 … 0",
        "d_z_4 = ∂loss/∂z_4 = h_4 ⊙ (1 − a_4²)",
        "d_a_t = ∂loss/∂a_t = Wᵀ d_z_{t+1} + h_t t = 3 … 0",
        "d_z_t = ∂loss/∂z_t = d_a_t ⊙ (1 − a_t²) t = 3 … 0",
        "Gradients",
        "∂loss/∂U = Σ_t d_z_t x[t]ᵀ",
        "∂loss/∂W = Σ_t d_z_t a_{t−1}ᵀ",
        "∂loss/∂b = Σ_t d_z_t",
    ]


def test_a_recurrent_net_in_latex() -> None:
    loss, names, wrt = recurrent()
    latex = derive(loss, [names[x] for x in wrt], names).latex()
    for row in (
        r"z_{t} &= U \thinspace x[t] + b + W \thinspace a_{t-1} "
        r"&& \in \mathbb{R}^{3} && t = 0, \ldots, 4 \\",
        r"\frac{\partial \mathrm{loss}}{\partial W} &= \sum_{t} d_{z_{t}} \thinspace a_{t-1}^{\top}"
        r" && \in \mathbb{R}^{3 \times 3} \\",
    ):
        assert row in latex


def test_a_step_that_differs_stays_written_out() -> None:
    text = derived(lambda: recurrent(9, odd=3))
    assert text[2:7] == [
        "z_t = U x[t] + b + W a_{t−1} t = 0 … 2",
        "a_t = tanh(z_t) t = 0 … 8",
        "h_t = a_t − y[t] t = 0 … 8",
        "z_3 = U x[3] + b + W a_2 + e",
        "z_t = U x[t] + b + W a_{t−1} t = 4 … 8",
    ]


def test_samples_are_a_sum() -> None:
    assert derived(samples) == [
        "Forward",
        "h_t = w · x[t] + b − y[t] t = 0 … 4",
        "loss = Σ_t h_t²",
        "Backward",
        "d_h_t = ∂loss/∂h_t = 2 h_t t = 4 … 0",
        "Gradients",
        "∂loss/∂w = Σ_t d_h_t · x[t]",
        "∂loss/∂b = Σ_t d_h_t",
    ]


def test_a_cotangent_of_all_steps_is_said_once() -> None:
    text = derived(rewards)
    assert "∂loss/∂h2_t = 1/4 t = 3 … 0" in text
    assert "loss = 1/4 (w² + Σ_t h2_t − Σ_t sin(h1_t))" in text


def test_two_loops_that_are_nested_in_a_sum_are_two_sums() -> None:
    assert derived(convolution)[1] == ("z1 = b + Σ_{i=0…2} Σ_{t=0…2} img[i:i+4, t:t+4] · K[i, t]")


def test_a_name_of_the_last_step_is_one_of_all() -> None:
    """As `names=locals()` has it."""
    v = tensors(x=(4,), t=(4,), w=(), b=())
    total: Any = 0
    for i in range(4):
        pred = v["w"] * v["x"][i] + v["b"]
        error = pred - v["t"][i]
        total += error**2
    wrt = [v["w"], v["b"]]
    names = v | {"pred": pred, "error": error, "i": i, "total": total}
    text = lines(derive(total / 4, wrt, names))
    assert text[1:5] == [
        "pred_i = w · x[i] + b i = 0 … 3",
        "error_i = pred_i − t[i] i = 0 … 3",
        "total = Σ_i error_i²",
        "loss = 1/4 total",
    ]
    assert text[-2:] == ["∂loss/∂w = Σ_i d_error_i · x[i]", "∂loss/∂b = Σ_i d_error_i"]


def test_numbers_are_the_users_own() -> None:
    v = tensors(W=(3, 3), h0=(3,))
    h, names = v["h0"], dict(v)
    for n in range(1, 5):
        h = names[f"s{n}"] = al.tanh(v["W"] @ h)
    text = lines(derive((h**2).sum(), [v["W"]], names))
    assert "s_t = tanh(z_t) t = 1 … 4" in text
    assert "s_0 = h0" in text


def test_layers_of_lists_are_numbered_as_their_weights() -> None:
    loss, names, _ = layers()
    text = lines(derive(loss, names=names))
    assert text[1:4] == [
        "a_{−1} = x",
        "z_t = a_{t−1} Ws[t] + bs[t] t = 0 … 4",
        "a_t = tanh(z_t) t = 0 … 4",
    ]
    assert text[-2:] == [
        "∂loss/∂Ws[t] = a_{t−1}ᵀ d_z_t t = 0 … 4",
        "∂loss/∂bs[t] = Σ over axis 0 of d_z_t t = 0 … 4",
    ]


# What stays as it is ----------------------------------------------------------------------------


def unfolded(monkeypatch: pytest.MonkeyPatch, loss: Any, wrt: Any, names: Names) -> str:
    with monkeypatch.context() as m:
        m.setattr("autograd_lite.reading.derivation.folded", lambda account, r: account)
        return str(derive(loss, wrt, names))


def test_twice_is_no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    loss, names, wrt = recurrent(2)
    leaves = [names[x] for x in wrt]
    assert str(derive(loss, leaves, names)) == unfolded(monkeypatch, loss, leaves, names)


def test_layers_of_their_own_weights_stay_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    x, h = tensors(x=(4, 3))["x"].data, None
    layers = [(Tensor(array(3, 3, seed=i)), Tensor(array(3, seed=i))) for i in range(5)]
    h = x
    for W, b in layers:
        h = al.tanh(h @ W + b)
    names = {"x": x, "W": W, "b": b, "h": h}
    assert str(derive(h.sum(), None, names)) == unfolded(monkeypatch, h.sum(), None, names)


def test_ops_without_order_stay_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lines come again and again, but no loop made them."""
    y, ops = Tensor(array(3), name="x"), [al.tanh, al.sin, al.sigmoid, al.cos]
    for i in np.random.default_rng(0).integers(4, size=300):
        y = ops[i](y) * 0.5 + 1
    assert str(derive(y.sum())) == unfolded(monkeypatch, y.sum(), None, {})


# Faults -----------------------------------------------------------------------------------------


def one_later(
    self: Any, family: Any, offset: int, letter: str = "", plain: Any = folding._Fold._member_at
) -> Any:
    return plain(self, family, offset + 1, letter)


def one_more(self: Any, numbered: Any, plain: Any = folding._Fold._runs) -> Any:
    found = plain(self, numbered)
    return [(like, [(run[0][0] - 1, run[0][1]), *run]) for like, run in found]


def one_less(self: Any, numbered: Any, plain: Any = folding._Fold._runs) -> Any:
    """A member that differs, and the last one is lost."""
    return [(like, [*run[:-1], (run[-2][0], run[-1][1])]) for like, run in plain(self, numbered)]


def anything(self: Any, a: Any, b: Any, n: int) -> Any:
    """Whatever stands there is taken for a member."""
    for t in (a, b):
        if t in self.place:
            family, number = self.place[t]
            return self._member_at(family, number - n)
    raise folding._Unlike


def no_signs(t: Any, inner: Any, new: Any, plain: Any = folding._addends) -> Any:
    return [(1, x) for _, x in plain(t, inner, new)]


@pytest.mark.parametrize(
    ("name", "fault", "program"),
    [
        ("_Fold._member_at", one_later, "lstm"),
        ("_Fold._runs", one_more, "samples"),
        ("_Fold._runs", one_less, "samples"),
        ("_Fold._member", anything, "recurrent, odd at 3"),
        ("_Fold._member", anything, "nested, two sequences"),
        ("_addends", no_signs, "rewards"),
    ],
)
def test_faults_are_seen(
    name: str, fault: Any, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"autograd_lite.reading.folding.{name}", fault)
    loss, names, wrt = PROGRAMS[program]()
    with pytest.raises((AssertionError, KeyError, IndexError)):
        reads_back(loss, [names[x] for x in wrt], names)


def test_many_steps_take_little_time() -> None:
    """As much as they would take written out, or less."""
    loss, names, wrt = recurrent(400)
    assert len(derived(lambda: (loss, names, wrt))) == 16


def test_a_family_has_not_the_name_of_another_value() -> None:
    """h_t of a loop is not h_t of the user's."""
    x, W, h_t, a_t = array(5, 2), Tensor(array(2, 2)), Tensor(array(2)), Tensor(array(2))
    h0 = h = array(2)
    loss: Any = 0
    for t in range(5):
        h = np.tanh(x[t] @ W + h * a_t)
        loss = loss + (h**2 * h_t).sum()
    text = str(derive(loss, names={"x": x, "W": W, "h0": h0, "h_t": h_t, "a_t": a_t, "h": h}))
    assert "  h_t " not in text
    assert "⊙ h_t" in text
    z = h = array(2)
    loss = 0
    for t in range(5):
        z = x[t] @ W + h
        h = np.tanh(z)
        loss = loss + (h**2).sum()
    text = str(derive(loss, W, names={"x": x, "W": W, "e": h, "d_e": z}))
    lines = [line.split(" = ")[0].strip() for line in text.splitlines()]
    assert lines.count("d_e_t") == 1
