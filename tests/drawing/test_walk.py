"""From a graph to its picture: hand-worked pictures, and what holds for any graph."""

import numpy as np
import pytest
from fuzz import leaves_of, quiet, recorded
from random_programs import Space, generate
from seen import arrows, boxes, called, drawn, edges, random_state, vertices

import autograd_lite as al
from autograd_lite import Tensor, draw, order
from autograd_lite.drawing.parts import Edge
from autograd_lite.drawing.walk import NO_GRADIENT, REACH, Wishes, walk
from autograd_lite.graph import Node
from autograd_lite.terms import formulas


def network():
    x, t = np.ones((15, 64)), np.zeros((15, 10))
    W1, b1 = Tensor(np.full((64, 15), 0.1)), Tensor(np.ones(15))
    W2, b2 = Tensor(np.full((15, 10), 0.1)), Tensor(np.ones(10))
    a = al.relu(x @ W1 + b1)
    loss = al.mse(1 / (1 + np.exp(-(a @ W2 + b2))), t)
    return loss, {"x": x, "t": t, "W1": W1, "b1": b1, "W2": W2, "b2": b2}


def test_a_network():
    """Without names of its own for what is between, with the sigmoid as it was written out."""
    picture = drawn(*network())
    assert boxes(picture) == [
        *("input: x (15, 64)", "parameter: W1 (64, 15)", "op: x @ W1"),
        *("parameter: b1 (15,)", "intermediate: z1 = + (15, 15)"),
        *("intermediate: a1 = relu (15, 15)", "parameter: W2 (15, 10)", "op: a1 @ W2"),
        *("parameter: b2 (10,)", "intermediate: z2 = + (15, 10)"),
        *("intermediate: a2 = σ (15, 10)", "input: t (15, 10)"),
        "output: loss = 1/150 Σ (a2 − t)² scalar",
    ]
    assert arrows(picture) == [
        *("x -> x @ W1", "W1 -> x @ W1", "x @ W1 -[(15, 15)]-> z1", "b1 -> z1", "z1 -> a1"),
        *("a1 -> a1 @ W2", "W2 -> a1 @ W2", "a1 @ W2 -[(15, 10)]-> z2", "b2 -> z2", "z2 -> a2"),
        *("a2 -> loss", "t -> loss"),
    ]


def test_what_has_no_name():
    picture = drawn((np.ones((4, 3)) @ Tensor(np.ones((3, 2)))).sum() > 2.5)
    assert boxes(picture) == [
        *("constant: constant (4, 3)", "parameter: Tensor (3, 2)", "op: ① @ ②", "op: Σ"),
        "output: output = [· > 2.5] scalar",
    ]
    assert arrows(picture) == [
        *("constant -[①]-> ① @ ②", "Tensor -[②]-> ① @ ②", "① @ ② -[(4, 2)]-> Σ", "Σ -> output"),
    ]


def test_a_value_that_is_used_twice_is_drawn_once():
    w, c = Tensor([1.0, 2.0], name="w"), np.array([3.0, 4.0])
    a = al.exp(w).named("a")
    assert arrows(drawn((a * a - c) * (a + c), {"c": c})) == [
        *("w -> a", "a -> ·²", "a -> ·²", "·² -[(2,)]-> h1", "c -> h1", "a -> h2", "c -> h2"),
        *("h1 -> output", "h2 -> output"),
    ]


def test_several_outputs_some_of_them_leaves():
    w, v = Tensor([1.0, 2.0], name="w"), Tensor(1.0, name="v")
    z = (w * w).named("z")
    picture = drawn([z.sum().named("first"), z, w, v])
    assert boxes(picture) == [
        *("parameter: w (2,)", "output: v scalar", "output: z = ·² (2,)"),
        "output: first = Σ scalar",
    ]
    assert arrows(picture) == ["w -> z", "w -> z", "z -> first"]


def test_what_is_not_floating():
    w = Tensor([1.0, 2.0], name="w")
    assert boxes(drawn(w > 1))[-1] == "output: output = [· > 1] (2,)"
    assert boxes(drawn(al.argmax(w)))[-1].startswith("output: output = argmax")


def test_a_tensor_of_no_gradient_is_drawn_as_an_array_would_be():
    with al.no_grad():
        buffer = Tensor([1.0, 2.0]) * 2
    w = Tensor([1.0, 1.0], name="w")
    for name, box in ((None, "constant: c1 (2,)"), ("mean", "input: mean (2,)")):
        buffer.name = name
        assert box in boxes(drawn(buffer * w))


def test_equal_constants_are_one_and_others_are_not():
    w = Tensor([1.0, 2.0], name="w")
    y = w
    for x in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0], [1.0, 2.0]):
        y = y + w * np.array(x)
    constants = [v.value.tolist() for v in vertices(drawn(y)) if v.role == "constant"]
    assert constants == [[1.0, 2.0], [1.0, 3.0], [1.0, 2.0]]  # the last is far from the first


def test_a_leaf_that_is_used_far_apart_is_drawn_again():
    w = Tensor([1.0, 2.0], name="w")
    y = w
    for _ in range(REACH + 3):
        y = al.sin(y)
    picture = drawn((w * 2 + al.cos(w)) * y * w)
    drawings = [v for v in vertices(picture) if v.name == "w"]
    assert [v.again for v in drawings] == [False, True]
    assert {v.node for v in drawings} == {w}
    assert len([e for e in edges(picture) if e.tail is drawings[1]]) == 1


def test_the_value_is_that_of_the_recording():
    W, x = Tensor([1.0], name="W"), np.array([3.0])
    picture = drawn(x * W, {"x": x})
    y = x * W
    x[0] = W.data[0] = 5
    picture = drawn(y, {"x": x})
    assert called(picture, "x").value.tolist() == [3.0]
    assert called(picture, "W").value.tolist() == [1.0]


def test_numbers_on_request():
    w, v = Tensor([1.0, -2.0], name="w"), Tensor(3.0, name="v")
    loss = ((w * v).sum() + Tensor(1.0, name="u")).named("loss")
    picture = drawn(loss, values=True)
    notes = {v.name or v.sign: v.notes for v in vertices(picture)}
    assert notes["w"] == ("1 −2",)
    assert notes["loss"] == ("−2",)
    assert {v.notes for v in vertices(drawn(loss))} == {()}
    al.grad(loss, w)
    w.grad = np.array([3.0, 3.0])
    notes = {v.name: v.notes for v in vertices(drawn(loss, grads=True)) if v.name}
    assert notes["w"] == ("∂ 3 3",)
    assert notes["v"] == notes["u"] == (NO_GRADIENT,)
    assert notes["loss"] == ()
    far = w
    for _ in range(REACH + 3):
        far = al.sin(far)
    again = [v.notes for v in vertices(drawn((far * w).sum(), grads=True)) if v.name == "w"]
    assert again == [("∂ 3 3",), ()]


def test_marks():
    w = Tensor([1.0, -2.0], name="w")
    z = al.exp(w).named("z")
    found = {w: ("right", "a"), z: ("wrong", "b")}
    picture = drawn(z.sum(), marks=found)
    assert {v.name: v.mark for v in vertices(picture)} == {
        "w": ("right", "a"),
        "z": ("wrong", "b"),
        "loss": None,
    }
    picture = drawn((z + 1).sum(), marks=found, depth=0, max_nodes=1)
    assert vertices(picture)[-1].mark == ("wrong", "b")  # within what is closed


def test_what_cannot_be_derived_is_said_of_a_backward_picture():
    deep = Tensor(1.5, name="w")
    for _ in range(600):
        deep = deep * 1.001
    picture, told = walk([deep], None, Wishes(backward=True))
    assert not any(v.role == "cotangent" for v in vertices(picture))
    assert "more than 500" in told
    assert walk([deep])[1] == walk([al.exp(Tensor(1.0))], None, Wishes(backward=True))[1] == ""


# Any graph --------------------------------------------------------------------------------------


def values_of(seed):
    """What a random program computes, and its loss."""
    with quiet():
        space = Space(generate(seed))
        loss = recorded(space, leaves_of(space, space.program.argnums()))
        results = space.run(space.names["f"], *space.args(leaves_of(space)))
    for y in (loss, *(y for _, y in results)) if isinstance(results, list) else ():
        if isinstance(y, Tensor) and not (y.constant and (y.op is None or y.dtype.kind == "f")):
            yield y


def state(nodes):
    return [
        (x._array.tobytes(), x._array.dtype, x.name, x.grad, x.inputs, x.spans, x.number)
        for x in nodes
    ]


def check_forward(y, picture):
    """Every node that counts is drawn, with an edge for each input that is no number, in order."""
    nodes = order(y)
    read_as = formulas(nodes)
    into = {v.node: [e for e in edges(picture) if e.head is v] for v in vertices(picture)}
    first = {twin: v.node for v in vertices(picture) for twin in v.twins}
    waiting, found = [y], set()
    while waiting:
        node = waiting.pop()
        if node in found or node.op is None:
            continue
        found.add(node)
        how = read_as.get(node, node)
        given = [
            (x, value)
            for x, value in zip(how.inputs, how.saved)
            if isinstance(x, Node) or np.ndim(value)
        ]
        assert len(into[node]) == len(given)
        for edge, (x, value) in zip(into[node], given):
            assert edge.tail.node is (first.get(x, x) if isinstance(x, Node) else None)
            np.testing.assert_array_equal(edge.tail.value, value)
        waiting += [first.get(x, x) for x, _ in given if isinstance(x, Node)]
    assert {v.node for v in vertices(picture) if not v.is_leaf} == found


@pytest.mark.parametrize("seed", range(40))
def test_any_graph(seed):
    for y in values_of(seed):
        nodes = order(y)
        before, drawn_before = state(nodes), random_state()
        loss = y.size == 1 and y.dtype.kind == "f"
        for wishes in (
            {},
            {"values": True, "grads": True, "max_nodes": 2},
            {"fold": True, "depth": 0},
            *([{"backward": True, "values": True}] if loss else []),
        ):
            with quiet():
                picture = drawn(y, **wishes)
                assert draw(y, **wishes).dot == draw(y, **wishes).dot
            if not wishes:
                check_forward(y, picture)
            place = {part: i for i, part in enumerate(picture)}
            assert len({v.id for v in vertices(picture)}) == len(vertices(picture))
            for part in picture:
                if isinstance(part, Edge):
                    ends = place[part.tail], place[part.head]
                    assert max(ends) < place[part]
                    assert ends[0] < ends[1] or not part.is_forward
        assert state(order(y)) == before
        assert random_state() == drawn_before


def test_a_deep_graph_and_a_doubled_one():
    y = z = Tensor(1.5, name="w")
    for _ in range(20_000):
        y = y * 1.0001
    assert len(drawn(y, max_nodes=10**6)) == 40_001
    assert [v.sign for v in vertices(drawn(y))] == ["20,000 ops, 1 parameter"]
    for _ in range(60):
        z = z + z
    assert len(edges(drawn(z))) == 120
