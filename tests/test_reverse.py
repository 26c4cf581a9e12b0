"""Reverse mode: order, accumulation, cotangents, saved values, depth and memory."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from told import tells

import autograd_lite as al
from autograd_lite import Tensor, grad, order, primitive, pullback

# Graphs -----------------------------------------------------------------------------------------


def test_a_node_used_twice() -> None:
    x = Tensor(3.0)
    assert grad(x * x, x) == 6
    assert grad(x * x + x, x) == 7
    z = x * 2
    assert grad(z * z * z, x) == 3 * (2 * 3) ** 2 * 2


def test_each_cotangent_is_complete_before_it_is_passed_on() -> None:
    """u feeds v, w and the result: its cotangent has three parts, 4·3 + 5·7 + 1."""
    calls = []

    @primitive(lambda g, y, x: (calls.append(g), g * 2)[1])
    def double(x):
        return x * 2

    x = Tensor(1.0)
    u = double(x)
    v = u * 4
    w = u * 5
    y = v * 3 + w * 7 + u
    assert grad(y, x) == 2 * (4 * 3 + 5 * 7 + 1)
    assert calls == [4 * 3 + 5 * 7 + 1]


@pytest.mark.parametrize("depth", [1, 5, 60])
def test_doublings(depth: int) -> None:
    """2ᵈ paths, d nodes."""
    x = Tensor(1.0)
    y = x
    for _ in range(depth):
        y = y + y
    assert y.item() == 2**depth
    assert grad(y, x) == 2**depth
    assert len(order(y)) == depth + 1


def test_order_is_topological() -> None:
    a, b = Tensor(1.0), Tensor(2.0)
    c = a * b
    d = c + a
    e = d * c * 3.0
    nodes = order(e)
    assert nodes[-1] is e
    assert len(nodes) == len({id(node) for node in nodes}) == 6
    place = {id(node): i for i, node in enumerate(nodes)}
    for node in nodes:
        for x in node.inputs:
            if isinstance(x, Tensor):
                assert place[id(x)] < place[id(node)]
    assert order(a) == [a]


def test_the_gradient_of_an_intermediate() -> None:
    x = Tensor([1.0, 2.0])
    z = x * 3
    y = (z * z).sum() + z.sum()
    gz, gx = grad(y, [z, x])
    assert gz.tolist() == [7, 13]
    assert gx.tolist() == [21, 39]


def test_the_gradient_of_a_result_in_itself() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 3
    g = np.array([5.0, 7.0])
    assert grad(y, y, g).tolist() == [5, 7]
    assert grad(x, x, g).tolist() == [5, 7]
    gy, gx = grad(y, [y, x], g)
    assert gy.tolist() == [5, 7]
    assert gx.tolist() == [15, 21]


def test_an_unused_leaf_has_gradient_zero() -> None:
    x, unused = Tensor([1.0, 2.0]), Tensor(np.ones((2, 3), np.float32))
    for create_graph in (False, True):
        gradient = grad(x.sum(), unused, create_graph=create_graph)
        assert gradient.shape == (2, 3)
        assert gradient.dtype == np.float32
        assert isinstance(gradient, Tensor) == create_graph
        assert not np.any(gradient.data if create_graph else gradient)


def test_a_comparison_passes_nothing_on() -> None:
    x = Tensor([1.0, -2.0])
    mask = x > 0
    assert grad((mask * x).sum(), x).tolist() == [1, 0]
    assert grad(mask.mean(), x).tolist() == [0, 0]
    assert grad((al.sign(x) * 3).sum(), x).tolist() == [0, 0]
    assert grad((al.abs(mask) * x).sum(), x).tolist() == [1, 0]
    assert grad((mask.sum() * x + x.argmax() * x).sum(), x).tolist() == [1, 1]


def test_list_in_list_out() -> None:
    x, y = Tensor(2.0), Tensor(3.0)
    z = x * y
    assert type(grad(z, x)) is np.ndarray
    for wrt in ([x, y], (x, y), iter([x, y])):
        gradients = grad(z, wrt)
        assert type(gradients) is list
        assert [gx.item() for gx in gradients] == [3, 2]
    assert [gx.item() for gx in grad(z, [x, x])] == [3, 3]
    assert grad(z, [x])[0].shape == ()
    assert grad(z, []) == []


def test_grad_leaves_the_grad_attribute_alone() -> None:
    x = Tensor(2.0)
    grad(x * x, x)
    assert x.grad is None
    (x * x).backward()
    grad(x * x, x)
    assert x.grad == 4


def test_what_wrt_does_not_need_is_not_computed() -> None:
    def forbidden(g, y, a, b):
        raise AssertionError("this rule was not needed")

    @primitive(lambda g, y, a, b: g * b, forbidden)
    def times(a, b):
        return a * b

    a, b = Tensor(2.0), Tensor(3.0)
    assert grad(times(a, b), a) == 3
    assert grad(times(a, b * 2) + times(b, 5.0), a) == 6
    assert grad(times(a, 3.0), a) == 3
    with pytest.raises(AssertionError, match="not needed"):
        grad(times(a, b), b)


def test_a_constant_costs_no_rule() -> None:
    @primitive(None, lambda g, y, a, b: g * a)
    def times(a, b):
        return a * b

    calls = []
    times.op.vjps = (lambda *args: calls.append(args), times.op.vjps[1])
    b = Tensor(3.0)
    times(np.array(2.0), b).backward()
    assert b.grad == 2
    assert calls == []


def test_the_pullback_of_one_node() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor(3.0)
    y = a * b
    pairs = pullback(y, np.array([5.0, 7.0]))
    assert [x for x, _ in pairs] == [a, b]
    assert pairs[0][1].tolist() == [15, 21]
    assert pairs[1][1] == 5 + 14
    assert [x for x, _ in pullback(y, np.ones(2), {b})] == [b]
    assert [gx.tolist() for _, gx in pullback(a * a, np.ones(2))] == [[1, 2], [1, 2]]
    recorded = pullback(y, np.array([5.0, 7.0]), recorded=True)
    assert all(isinstance(gx, Tensor) for _, gx in recorded)


def test_a_pullback_of_arrays_gives_arrays_unless_it_is_to_record() -> None:
    x = Tensor([1.0, 2.0])
    y, g = x * x, np.array([3.0, 4.0])
    assert [type(gx) for _, gx in pullback(y, g)] == [np.ndarray] * 2
    assert [type(gx) for _, gx in pullback(y, g, recorded=True)] == [Tensor] * 2


# backward ---------------------------------------------------------------------------------------


def test_backward_adds_up() -> None:
    x = Tensor([1.0, 2.0])
    first, second = (x * x).sum(), (x * 0.1).sum()
    first.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    second.backward()
    np.testing.assert_array_equal(x.grad, [2 + 0.1, 4 + 0.1])
    first.backward()
    first.backward()
    np.testing.assert_array_equal(x.grad, [2 + 0.1 + 2 + 2, 4 + 0.1 + 4 + 4])
    x.grad = None
    first.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])


def test_an_earlier_gradient_does_not_change() -> None:
    x = Tensor([1.0, 2.0])
    (x * x).sum().backward()
    kept = x.grad
    (x * x).sum().backward()
    assert kept.tolist() == [2, 4]
    assert x.grad.tolist() == [4, 8]


def test_backward_fills_leaves_only() -> None:
    x, unused = Tensor([1.0, 2.0]), Tensor(1.0)
    z = x * 3
    z.sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert z.grad is None
    assert unused.grad is None


def test_backward_of_a_leaf() -> None:
    x = Tensor(2.0)
    x.backward()
    assert x.grad == 1


# Cotangents -------------------------------------------------------------------------------------


def test_one_element_needs_no_cotangent() -> None:
    x = Tensor([2.0, 3.0])
    assert grad((x * x).sum(keepdims=True), x).tolist() == [4, 6]
    assert grad((x * x)[0], x).tolist() == [4, 0]


@pytest.mark.parametrize("run", [grad, lambda y, x, g=None: y.backward(g)])
def test_a_missing_or_misshapen_cotangent(run: Callable) -> None:
    x = Tensor(np.ones((2, 3)), name="x")
    y = (x * 2).named("z")
    with pytest.raises(ValueError, match=r"z \(2, 3\).*\(\).*sum"):
        run(y, x)
    for g in (np.ones(3), np.ones((3, 2)), 1.0, np.ones((1, 2, 3)), Tensor(np.ones(3))):
        with pytest.raises(ValueError, match=re.escape(str(np.shape(g)))) as error:
            run(y, x, g)
        assert "z (2, 3)" in str(error.value)
    with pytest.raises(ValueError, match=r"\(3,\).*\(\)"):
        run(y.sum(), x, np.ones(3))
    assert x.grad is None


def test_a_cotangent_may_be_a_list_a_tensor_or_of_another_dtype() -> None:
    x = Tensor(np.array([1.0, 2.0], np.float32))
    for g in ([3, 4], np.array([3, 4]), np.array([3.0, 4.0]), Tensor([3.0, 4.0])):
        gx = grad(x * 2, x, g)
        np.testing.assert_array_equal(gx, np.array([6, 8], np.float32), strict=True)
        assert grad(x, x, g).dtype == np.float32
    assert grad(x.sum(), x, 5).tolist() == [5, 5]


def test_what_has_no_gradient() -> None:
    x = Tensor([1.0, 2.0], name="x")
    with pytest.raises(TypeError, match=r"wrt is an array .*; a Tensor"):
        grad(x.sum(), np.ones(2))
    with pytest.raises(TypeError, match=r"wrt is an array \(2,\) float64; a Tensor"):
        grad(x.sum(), [x, np.ones(2)])
    with pytest.raises(TypeError, match=r"y is 3\.0; a Tensor"):
        grad(3.0, x)
    with pytest.raises(TypeError, match=r"bool; floating"):
        grad((x > 1)[0], x)
    with pytest.raises(TypeError, match=r"bool; floating"):
        (x > 1)[0].backward()
    with pytest.raises(TypeError, match=r"bool; floating"):
        grad(x.sum(), x > 1)
    with pytest.raises(TypeError, match=r"int64; floating"):
        x.argmax().backward()


def lost(call, x: Tensor) -> list[tuple[Any, type[Exception], str, str]]:
    """What has no graph, with the error, what it was given, and the way out."""
    with al.no_grad():
        unrecorded = x.sum()
    return [
        (x.sum().item(), TypeError, " is 3.0", "the Tensor itself, not its float(), .item() or"),
        (x.sum().data, TypeError, " is an array () float64", "hand over the Tensor itself"),
        (call, TypeError, " is the function call", "call it, and hand over the Tensor"),
        (type(x), TypeError, " is the class Tensor", "call it"),
        ([x.sum().item()], TypeError, " is [3.0]", "the result of an expression"),
        ("loss", TypeError, " is 'loss'", "the result of an expression"),
        (None, TypeError, " is None", "the result of an expression"),
        (
            unrecorded,
            ValueError,
            "a Tensor () float64, which was computed inside no_grad",
            "outside",
        ),
    ]


READINGS = {
    "grad": lambda y, x: grad(y, x),
    "compare": lambda y, x: al.compare(y, {"x": np.ones(2)}),
    "derive": lambda y, x: al.derive(y),
    "source": lambda y, x: al.source(y),
    "draw": lambda y, x: al.draw(y),
}


@pytest.mark.parametrize("reading", READINGS)
def test_what_has_left_the_graph_is_told_alike(reading: str) -> None:
    def call() -> None:
        """A function in the place of what it returns."""

    x = Tensor([1.0, 2.0], name="x")
    for y, error, given, remedy in lost(call, x):
        if reading != "draw" or not isinstance(y, list):
            tells(lambda: READINGS[reading](y, x), error, given, " is needed", remedy)
    if reading != "draw":
        mask = x > 1
        for y in (mask, mask.sum()):
            tells(
                lambda: READINGS[reading](y, x),
                TypeError, "a Tensor", "floating", "differentiate the values",
            )  # fmt: skip
        READINGS[reading](x.sum(), x)


@pytest.mark.parametrize("name", ["compare", "derive", "source"])
def test_a_loss_is_one_number(name: str) -> None:
    x = Tensor([1.0, 2.0], name="x")
    tells(lambda: READINGS[name](x * 2, x), ValueError, "a Tensor (2,)", "one number", "the sum")


@pytest.mark.parametrize(
    ("wrt", "given"),
    [
        (np.ones(2), "wrt is an array (2,) float64"),
        ("x", "wrt is 'x'"),
        (3, "wrt is 3"),
        ({"x": 1}, "wrt is {'x': 1}"),
        (np.sum, "wrt is the function sum"),
    ],
)
def test_what_is_no_tensor_to_differentiate_by(wrt: Any, given: str) -> None:
    y = Tensor([1.0, 2.0]).sum()
    for of in (wrt, [wrt]):
        for call in (lambda: grad(y, of), lambda: al.derive(y, of), lambda: al.source(y, of)):
            tells(call, TypeError, given, "a Tensor is needed, or several", "such as W, [W, b]")


# Memory that is shared with nothing -------------------------------------------------------------


def test_gradients_of_two_leaves_share_nothing() -> None:
    g = np.array([1.0, 2.0])
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    y = a + b
    for ga, gb in (grad(y, [a, b], g), grad(y, [a, a], g), grad(y, [y, a], g)):
        ga[:] = 99
        assert gb.tolist() == [1, 2]
        assert g.tolist() == [1, 2]
    y.backward(g)
    a.grad += 10
    assert b.grad.tolist() == [1, 2]
    assert g.tolist() == [1, 2]


VIEWS = {
    "itself": lambda x: x,
    "identity": lambda x: x + 0.0,
    "reshape": lambda x: x.reshape(2, 2).reshape(4),
    "transpose": lambda x: x.reshape(2, 2).T.T.reshape(4),
    "slice": lambda x: x[:],
    "broadcast": lambda x: al.broadcast_to(x, (4,)),
    "expand": lambda x: al.squeeze(al.expand_dims(x, 0)),
    "astype": lambda x: x.astype(float),
    "join": lambda x: al.concatenate([x[:2], x[2:]]),
    "where": lambda x: al.where(np.array(True), x, 0),
}


@pytest.mark.parametrize("make", [np.array, Tensor])
@pytest.mark.parametrize("name", VIEWS)
def test_gradients_share_nothing_with_the_cotangent(name: str, make: Callable) -> None:
    g = make([1.0, 2.0, 3.0, 4.0])
    x = Tensor(np.zeros(4))
    y = VIEWS[name](x)
    gx = grad(y, x, g)
    gx += 10
    y.backward(g)
    x.grad *= 100
    y.backward(g)
    assert x.grad.tolist() == [101, 202, 303, 404]
    values = g.data if isinstance(g, Tensor) else g
    assert values.tolist() == [1, 2, 3, 4]
    assert x.data.tolist() == [0, 0, 0, 0]
    recorded = grad(y, x, g, create_graph=True)
    assert recorded.data.tolist() == [1, 2, 3, 4]


def test_a_broadcast_gradient_can_be_written_to() -> None:
    x = Tensor(np.ones((2, 3)))
    x.sum().backward()
    x.grad[0, 0] = 5
    assert x.grad.tolist() == [[5, 1, 1], [1, 1, 1]]


def test_changing_the_cotangent_afterwards_changes_nothing() -> None:
    g = np.array([1.0, 2.0])
    x = Tensor([1.0, 2.0])
    recorded = grad(x * x, x, g, create_graph=True)
    g[:] = 99
    assert recorded.data.tolist() == [2, 8]
    assert grad(recorded.sum(), x).tolist() == [2, 4]


# Saved values are the values that were recorded --------------------------------------------------


def change_in_place(p: Tensor) -> None:
    p.data -= 10


def change_an_element(p: Tensor) -> None:
    p.data[0] = 5


def change_the_data(p: Tensor) -> None:
    p.data = np.array([7.0, 8.0])


def change_by_assign(p: Tensor) -> None:
    p.assign(np.array([7.0, 8.0]))


CHANGES = [change_in_place, change_an_element, change_the_data, change_by_assign]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("touched", [False, True], ids=["fresh", "data was used before"])
def test_a_changed_leaf_leaves_recorded_gradients(change: Callable, touched: bool) -> None:
    p, q = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    if touched:
        view = p.data[:]
    y = (p * q * p).sum()
    change(p)
    if touched:
        view[1] = 1000  # a view taken before the recording, written to after it
    assert [gx.tolist() for gx in grad(y, [p, q])] == [[6, 16], [1, 4]]
    y.backward()
    assert p.grad.tolist() == [6, 16]
    with pytest.raises(RuntimeError, match=r"\(2,\) float64 has changed.*record"):
        grad(y, q, create_graph=True)
    new = (p * q).sum()
    assert grad(new, q).tolist() == p.data.tolist()
    assert p.data.tolist() != [1, 2]


def test_reading_the_data_is_no_change() -> None:
    p = Tensor([1.0, np.nan])
    y = (p * p).sum()
    assert p.data[0] == 1
    (gp,) = grad(y, [p], create_graph=True)
    assert gp.data[0] == 2
    assert grad(gp[0], p).tolist() == [2, 0]


def test_a_view_of_a_leaf_in_the_graph() -> None:
    """The forward of reshape gives a view; writing to the leaf must not reach it."""
    p = Tensor([1.0, 2.0])
    p.data[0] = 3
    z = p.reshape(2, 1)
    y = (z * z).sum()
    p.data[:] = 99
    assert z.data.tolist() == [[3], [2]]
    assert grad(y, p).tolist() == [6, 4]


def test_a_changed_constant_leaves_recorded_gradients() -> None:
    p, c, mask, i = Tensor([1.0, 2.0]), np.array([3.0, 4.0]), np.array([True, False]), [0, 0]
    index = np.array([1, 1])
    y = (p * c).sum() + (c * p).sum() + al.where(mask, p, c).sum() + p[index].sum() + p[i].sum()
    c[:] = 100
    mask[:] = ~mask
    index[:] = 0
    i[:] = [1, 1]
    assert y.item() == 11 + 11 + 5 + 4 + 2
    assert grad(y, p).tolist() == [6 + 1 + 2, 8 + 2]
    (recorded,) = grad(y, [p], create_graph=True)
    assert recorded.data.tolist() == [9, 10]


def test_a_number_is_saved_too() -> None:
    p = Tensor(3.0)
    p.data[...] = 4
    y = p * p
    p.data += 1
    assert grad(y, p) == 8


# Gradients of gradients --------------------------------------------------------------------------


def test_derivatives_of_any_order() -> None:
    x = Tensor(2.0)
    y = x**5
    for wanted in (80, 160, 240, 240, 120):
        y = grad(y, x, create_graph=True)
        assert y.item() == wanted
    assert grad(y, x) == 0


def test_a_gradient_in_a_loss() -> None:
    """∂/∂W of |∂/∂x (Wx)³|²: a penalty on the gradient."""
    W, x = Tensor(2.0), Tensor(3.0)
    gx = grad((W * x) ** 3, x, create_graph=True)  # 3 W³ x²
    (gx * gx).backward()
    assert W.grad == 9 * 6 * 2**5 * 3**4
    assert x.grad == 9 * 4 * 2**6 * 3**3


def test_a_gradient_in_the_cotangent() -> None:
    """gᵀ ∂y/∂x is linear in g: its gradient in g is the product of the Jacobian and a vector."""
    x, g = Tensor([1.0, 2.0]), Tensor([5.0, 7.0])
    gx = grad(x * x, x, g, create_graph=True)
    assert grad(gx, g, g=np.array([1.0, 10.0])).tolist() == [2, 40]


def test_without_create_graph_there_are_no_tensors() -> None:
    x = Tensor([1.0, 2.0])
    assert type(grad((x * x).sum(), x)) is np.ndarray
    (x * x).sum().backward()
    assert type(x.grad) is np.ndarray


# Depth and memory -------------------------------------------------------------------------------


def chain(x: Tensor, n: int) -> Tensor:
    for _ in range(n):
        x = x + 1.0
    return x


def test_a_deep_chain_runs_and_is_freed() -> None:
    x = Tensor(0.0)
    y = chain(x, 100_000)
    assert y.item() == 100_000
    y.backward()
    assert x.grad == 1
    (gx,) = grad(y * y, [x], create_graph=True)
    assert gx.item() == 200_000
    assert len(order(y)) == 100_001
    del y, gx


def test_a_chain_through_products() -> None:
    """Here the graph of the gradient is a deep chain too."""
    x = Tensor(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    (gx,) = grad(y * x, [x], create_graph=True)
    assert gx.item() == 2
    assert grad(gx, x) == 2


def test_many_uses_of_one_leaf() -> None:
    x = Tensor(1.0)
    total = Tensor(0.0)
    for i in range(10_000):
        total = total + x * float(i)
    assert grad(total, x) == sum(range(10_000))


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_graph_is_freed_with_its_last_name() -> None:
    with without_garbage_collector():
        x = Tensor(np.ones(3))
        z = x * 2
        y = al.softmax(z[np.array([0, 0, 2])]).sum() + (z > 1).mean()
        watched = [weakref.ref(node) for node in order(y) if node is not x]
        array = weakref.ref(z.value)
        y.backward()
        assert len(watched) > 5
        assert all(ref() is not None for ref in watched)
        del y, z
        assert all(ref() is None for ref in watched)
        assert array() is None


def test_a_graph_of_gradients_is_freed_with_its_last_name() -> None:
    with without_garbage_collector():
        x = Tensor(np.ones(3))
        y = (al.tanh(x) * x).sum()
        (gx,) = grad(y, [x], create_graph=True)
        watched = [weakref.ref(node) for node in [*order(gx), *order(y)] if node is not x]
        grad(gx.sum(), x)
        del y, gx
        assert all(ref() is None for ref in watched)


def test_a_failed_op_keeps_nothing() -> None:
    with without_garbage_collector():
        x = Tensor(np.ones(3))
        ref = weakref.ref(x)
        with pytest.raises(ValueError, match="add got"):
            x + np.ones(2)
        del x
        assert ref() is None


def test_a_gradient_of_what_was_not_recorded_is_an_error() -> None:
    x = Tensor([1.0])
    with al.no_grad():
        y = (x * x).sum()
    with pytest.raises(ValueError, match="computed inside no_grad"):
        grad(y, x)
    with pytest.raises(ValueError, match="computed inside no_grad"):
        y.backward()


def test_a_gradient_of_a_number_is_an_array_also_when_it_accumulates() -> None:
    x = Tensor(2.0)
    for times in (1, 2, 3):
        (x * x).backward()
        assert type(x.grad) is np.ndarray
        assert x.grad == 4 * times
