"""What repeats is drawn once; and nothing that differs is hidden by that."""

import numpy as np
import pytest
from seen import arrows, boxes, called, drawn, edges, vertices

import autograd_lite as al
import nn
from autograd_lite import Tensor


def weights(n, shape=(2, 2), name="W"):
    return [Tensor(np.full(shape, 0.1 * i), name=f"{name}{i}") for i in range(1, n + 1)]


def passes(y, names=None):
    """How often each part of the folded picture stands for one."""
    groups = {g.label for v in vertices(drawn(y, names, fold=True)) for g in v.groups}
    return sorted(label for label in groups if label.startswith("×"))


def test_layers():
    x = h = np.ones((3, 2))
    for W in weights(5):
        h = al.tanh(h @ W)
    picture = drawn(h.sum(), {"x": x}, fold=True)
    assert boxes(picture) == [
        *("input: x (3, 2)", "parameter: W1 … W5 (2, 2)"),
        *("intermediate: z1 … z5 = x @ W1 (3, 2)", "intermediate: a1 … a5 = tanh (3, 2)"),
        "output: loss = Σ scalar",
    ]
    assert arrows(picture) == [
        *("x -> z1 … z5", "W1 … W5 -> z1 … z5", "z1 … z5 -> a1 … a5"),
        *("a1 … a5 -[loop]-> z1 … z5", "a1 … a5 -> loss"),
    ]
    inside = [v.name for v in vertices(picture) if [g.label for g in v.groups] == ["× 5"]]
    assert inside == ["W1 … W5", "z1 … z5", "a1 … a5"]
    assert len(called(picture, "a1 … a5").nodes) == 5
    assert "×" not in str(boxes(drawn(h.sum(), {"x": x})))


def test_a_loop_over_time():
    """What all steps use is outside; what each has of its own is inside."""
    xs, W, U = np.ones((6, 3, 4)), Tensor(np.ones((4, 2)), name="W"), Tensor(np.eye(2), name="U")
    h = h0 = np.zeros((3, 2))
    for x in xs:
        h = al.tanh(x @ W + h @ U)
    picture = drawn(h.sum(), {"xs": xs, "h0": h0}, fold=True)
    inside = {v.name or v.sign for v in vertices(picture) if v.groups}
    outside = {v.name or v.sign for v in vertices(picture) if not v.groups}
    assert inside == {"xs[0] … xs[5]", "xs[0] @ W", "h0 @ U", "z1 … z6", "a1 … a6"}
    assert outside == {"h0", "W", "U", "loss"}
    assert passes(h.sum()) == ["× 6"]


def test_layers_of_modules():
    def block():
        return nn.Sequential(nn.Linear(2, 2, rng=0), nn.ReLU())

    m = nn.Sequential(*(block() for _ in range(4)))
    for depth, inner in ((None, 4), (1, 2)):
        picture = drawn(m(np.ones((1, 2))), fold=True, depth=depth)
        assert [g.label for v in vertices(picture) for g in v.groups].count("× 3") >= inner - 1


@pytest.mark.parametrize("times", [2, 3])
def test_two_are_not_a_repetition(times):
    y = Tensor([1.0], name="w")
    for _ in range(times):
        y = al.sin(al.exp(y))
    assert passes(y.sum()) == ["× 3"] * (times == 3)


def chain(*steps):
    y = Tensor(np.full((3, 3), 0.1), name="w")
    for step in steps:
        y = step(y)
    return y.sum()


@al.primitive(lambda g, y, x, *, table: g)
def looked_up(x, *, table):
    return x + table.sum()


TABLES = [np.zeros(3000) for _ in range(4)]
for i, table in enumerate(TABLES):
    table[1500] = 0.1 * i  # where repr shows nothing
DIFFERENT = {
    "numbers": lambda: chain(*(lambda y, k=k: al.exp(y * k) for k in (0.2, 0.3, 0.4, 0.5))),
    "parameters": lambda: chain(*(lambda y, k=k: al.sin(y)[::k] for k in (1, -1, 1, -1))),
    "arrays in parameters": lambda: chain(
        *(lambda y, table=table: al.sin(looked_up(y, table=table)) for table in TABLES)
    ),
    "formulas": lambda: chain(
        lambda y: 1 / (1 + np.exp(-y)),
        lambda y: 1 / (y + 1),
        lambda y: 1 / (1 + np.exp(-y)),
        lambda y: 1 / (y + 1),
    ),
    "dtypes": lambda: al.stack(
        [Tensor(np.ones(2, t)).astype(float) for t in ("f4", "f8", "f4")]
    ).sum(),
}


@pytest.mark.parametrize("y", DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_is_drawn(y):
    assert passes(y()) == []


def test_shapes_that_differ():
    h = np.ones((1, 2))
    for W in (Tensor(np.ones(s)) for s in ((2, 3), (3, 4), (4, 5), (5, 2))):
        h = al.tanh(h @ W)
    assert passes(h.sum()) == []


def test_weights_that_some_share():
    """A pass that uses one weight twice is not like one that uses two."""
    U, V, W = weights(3)

    def step(h, a, b):
        return al.tanh(h @ a) @ b

    h = np.ones((3, 2))
    assert passes(step(step(step(h, U, U), V, V), W, W).sum()) == ["× 3"]
    assert passes(step(step(step(h, U, V), V, W), W, U).sum()) == ["× 3"]
    assert passes(step(step(step(h, U, V), V, U), W, U).sum()) == []
    assert passes(step(step(step(h, U, U), V, W), W, V).sum()) == []
    assert passes(step(step(step(h, U, U), V, W), W, U).sum()) == []


def test_what_is_used_of_one_pass_alone():
    h, hs = np.ones((3, 2)), []
    for W in weights(6):
        h = al.tanh(h @ W)
        hs.append(h)
    assert passes(h.sum()) == ["× 6"]
    assert passes(al.concatenate(hs).sum()) == ["× 6"]
    assert len([e for e in edges(drawn(al.concatenate(hs).sum(), fold=True)) if e.head.sign]) > 6
    picture = drawn((h * hs[2]).sum(), fold=True)
    assert len({g for v in vertices(picture) for g in v.groups if g.label == "× 6"}) == 0
    shown = [v.name for v in vertices(picture)]
    assert any(name in ("a3", "a1 … a3") for name in shown)  # where it can be told


def test_a_weight_of_one_pass_that_is_used_elsewhere():
    h, Ws = np.ones((3, 2)), weights(4)
    for W in Ws:
        h = al.tanh(h @ W)
    picture = drawn((h @ Ws[3]).sum(), fold=True)
    assert not any("… W4" in v.name for v in vertices(picture))


def test_a_step_that_looks_back_two():
    """The product of the step before, and its result: w times the same array is drawn once."""
    a = b = np.ones(2)
    w = Tensor([1.0, 2.0], name="w")
    for _ in range(6):
        a, b = b, al.tanh(w * a - b)
    picture = drawn(b.sum(), fold=True)
    assert [v.name for v in vertices(picture) if v.sign == "tanh"] == ["a1", "a2 … a5", "a6"]
    loops = [(e.tail.name or e.tail.sign, e.head.name) for e in edges(picture) if e.loop]
    assert loops == [("⊙", "z2 … z5"), ("a2 … a5", "z2 … z5")]


def test_results_of_earlier_steps_in_a_later_loop():
    """Each has its own edge; none is left without one."""
    xs = [Tensor([float(i)], name=f"x{i}") for i in range(4)]
    us = [f(x) for f, x in zip((al.exp, al.sin, al.cos, al.tanh), xs)]
    y = al.stack([al.sqrt(u * u + 1) for u in us]).sum()
    picture = drawn(y, fold=True)
    used = {e.tail for e in edges(picture)}
    assert all(v in used or v.role == "output" for v in vertices(picture))


def test_several_leaves_alone_are_no_loop():
    picture = drawn([Tensor(float(i), name=f"x{i}") for i in range(5)], fold=True)
    assert [v.name for v in vertices(picture)] == ["x0", "x1", "x2", "x3", "x4"]


def test_leaves_without_names_are_counted():
    rng = np.random.default_rng(0)
    x = h = np.ones((3, 2))
    shared = Tensor(np.eye(2))
    for _ in range(4):
        h = al.tanh(h @ Tensor(rng.random((2, 2)))) + shared[0]
    picture = drawn(h.sum(), {"x": x}, fold=True)
    names = [v.name for v in vertices(picture) if v.role == "parameter"]
    assert names == ["p1 … p5", "p2"]


def test_what_was_found_in_any_pass_is_shown():
    h, hs = np.ones((3, 2)), []
    for W in weights(5):
        h = al.tanh(h @ W)
        hs.append(h)
    marks = {hs[0]: ("right", ""), hs[3]: ("wrong", "sign")}
    picture = drawn(h.sum(), marks=marks, fold=True)
    assert called(picture, "a1 … a5").mark == ("wrong", "sign")


def test_a_pass_lies_within_its_parts():
    """A part of the graph that two passes share is drawn around them, or they are not folded."""
    h = Tensor(np.ones((1, 2)), name="h")
    start = al.next_number()
    for i in range(6):
        h = al.tanh(h * 2)
        if i == 2:
            h = al.span("half", start, h)
    picture = drawn(h.sum(), fold=True)
    for v in vertices(picture):
        labels = [g.label for g in v.groups]
        assert labels in ([], ["half"], ["half", "× 3"], ["× 3"])
    assert passes(h.sum()) == ["× 3", "× 3"][: len(passes(h.sum()))]


def test_inputs_that_are_joined_in_another_order():
    def run(orders):
        h = Tensor([0.1, 0.2], name="h")
        for first in orders:
            u, v = al.sin(h), al.cos(h)
            h = u - v if first else v - u
        return h.sum()

    assert passes(run([True] * 4)) == ["× 4"]
    assert passes(run([True, False] * 2)) == []


def test_order_that_one_pass_alone_says_at_its_edges():
    """Of two inputs without a name of the user's, all have those of the derivation."""
    h = np.ones((3, 2))
    for _ in range(4):
        h = al.tanh(h @ Tensor(np.eye(2)))
    assert passes(h.sum()) == ["× 4"]


def test_a_computed_input_and_leaves():
    w, a, b = (Tensor([i], name=n) for i, n in ((1.0, "w"), (2.0, "a"), (3.0, "b")))
    y = al.stack([al.sin(al.exp(w)), al.sin(a), al.sin(b)])
    assert passes(y.sum()) == []
