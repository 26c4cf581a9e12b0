"""Assembling: captured Tensors and arrays, arguments in place, and the check of a call."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import A, same

import autograd_lite as al
from autograd_lite import Tensor


@pytest.mark.parametrize(
    ("f", "in_place", "x", "error"),
    [
        (lambda x: x * 2, 1, A, "positions of arguments are needed"),
        (lambda x: x * 2, -1, A, "different positions from 0"),
        (lambda x: x * 2, (0, 0), A, "different positions from 0"),
        (lambda x: x * 2, 0, np.asfortranarray(A), "C order"),
        (lambda x: x * 2, 0, A[0, 0], "writable array"),
        (lambda x: x["a"] * 2, 0, {"a": A}, "same structure"),
        (lambda x: (x * 2).sum(), 0, A, "same shape and dtype"),
        (lambda x: x > 0, 0, A, "same shape and dtype"),
    ],
)
def test_in_place_errors(f: Any, in_place: Any, x: Any, error: str) -> None:
    before = A.copy()
    with pytest.raises(ValueError, match=error):
        al.compile(f, in_place)(x)
    np.testing.assert_array_equal(A, before)


def test_an_argument_that_shares_memory_with_one_that_is_overwritten() -> None:
    step = al.compile(lambda p, x: (p + x, x * 3), in_place=0)
    p = A.copy()
    for x in (p, p[::-1]):
        with pytest.raises(ValueError, match="shares memory"):
            step(p, x)
    np.testing.assert_array_equal(p, A)


def test_captured_tensors_are_read_anew() -> None:
    W, s = Tensor(np.ones(3), name="W"), Tensor(2.0)
    calls = []

    def f(x: Any) -> Any:
        calls.append(0)
        return x * W + s + W.T.sum()

    compiled = al.compile(f)

    def check() -> None:
        for scale in (1, 2):
            same(compiled(A * scale), f(A * scale).data)

    check()
    W.assign(np.arange(3.0)), s.assign(np.array(5.0))
    check()
    W.data[1] = 7
    check()
    W.data, s.data = np.array([3.0, 2, 1]), 4
    check()
    s.data[...] = -1
    W.data[...] = np.pi
    check()
    count = len(calls)
    for _ in range(5):
        W.data += 1
        compiled(A)
    assert len(calls) == count  # it still runs compiled


def test_a_captured_tensor_in_fortran_order() -> None:
    W = Tensor(A)
    compiled = al.compile(lambda x: x * al.ravel(W))
    x = np.ones(6)
    same(compiled(x), A.ravel())
    W.assign(np.asfortranarray(A * 2))
    W.data[0] = 5
    same(compiled(x), W.data.ravel())
    W.data[1] = 6
    same(compiled(x), W.data.ravel())


def test_a_captured_result_stays_what_it_was_recorded_as() -> None:
    W = Tensor(np.ones(3))
    W.data[...] = 1
    z = W * 2
    compiled = al.compile(lambda x: x * z)
    for value in (1, 5, 7):
        W.data[...] = value
        same(compiled(A), A * 2)


def test_captured_arrays_are_read_anew() -> None:
    a, rate, i, mask = np.ones(3), np.array(0.5), np.array([0, 1]), np.array([True, False, True])
    lr = 1.0

    def f(x: Any) -> Any:
        return al.where(mask, x * a, rate * x)[:, i] * lr + 0.5 * x[:, :2]

    compiled = al.compile(f)
    for k in range(3):
        same(compiled(A * (k + 1)), f(A * (k + 1)))
        a += 1
        rate *= 2
        i[...] = [2, k]
        mask[k] ^= True
        lr = 1.0 + k
    a = np.zeros(3)
    same(compiled(A), f(A))


def test_a_checked_call_writes_and_draws_once() -> None:
    rng, its = np.random.default_rng(0), np.random.default_rng(0)
    step = al.compile(lambda W, x: W - al.dropout(x, p=0.5, rng=rng), in_place=0)
    W, x = np.zeros(8), np.ones(8)
    wanted = W.copy()
    for call in (step, step.checked, step, step.checked):
        assert call(W, x) is W
        wanted -= al.dropout(x, p=0.5, rng=its)
        same(W, wanted)
    assert rng.bit_generator.state == its.bit_generator.state


def test_captured_arrays_that_become_tensors_or_cotangents_are_read_anew() -> None:
    a, w = np.array([1.0, 2.0]), Tensor([3.0, 4.0])
    functions: list[Callable[[Any], Any]] = [
        lambda x: Tensor(a) * x,
        lambda x: al.func.at([w], lambda x: w * x)([a], x),
        lambda x: al.func.vjp(lambda x: x**3, x)[1](a)[0],
        lambda x: al.func.jvp(lambda x: x**3, [x], [a])[1],
        lambda x: al.func.hvp(lambda x: (x**3).sum(), [x], [a])[0],
        lambda x: al.func.grad(lambda y: (al.sin(y) * x).sum())(a),
        lambda x: al.func.value_and_grad(lambda p: (p["a"] * x).sum())({"a": a})[0],
        lambda x: al.where(x > a, x, a),
        lambda x: al.clip(x, a, None) + al.stack([x, a])[1],
    ]
    x = np.array([0.5, 3.0])
    for f in functions:
        compiled = al.compile(f)
        for _ in range(3):
            wanted = f(Tensor(x))
            same(compiled(x), wanted.data if isinstance(wanted, Tensor) else wanted)
            a += 0.75


@pytest.mark.parametrize("rng", [np.random.default_rng(0), np.random.RandomState(0)])
def test_what_is_run_op_by_op_draws_once(rng: Any) -> None:
    its = copy.deepcopy(rng)

    def f(x: Any, mask: Any, rng: Any = rng) -> Any:
        return al.dropout(x, p=0.5, rng=rng)[mask].sum()

    compiled = al.compile(f, in_place=())
    x = np.arange(1.0, 9.0)
    for least in (0, 3, 0, 5, 5):
        same(compiled(x, x > least), f(x, x > least, its))
    same(compiled.checked(x, x > 6), f(x, x > 6, its))


def test_draws_that_nothing_needs_are_drawn() -> None:
    """A generator goes on, as it does op by op."""
    rng, its = np.random.default_rng(5), np.random.default_rng(5)

    def f(x: Any, rng: Any = rng) -> Any:
        y = al.dropout(x, p=0.25, rng=rng)  # of which the shape is used
        return al.dropout_mask(y, p=0.25, rng=rng) * x

    compiled, x = al.compile(f), np.array([0.03, -1.23, -1.44])
    for _ in range(3):
        same(compiled(x), f(x, its))
    loss = f(Tensor(x, name="x")).sum()
    f(x, its)
    text = al.source(loss)
    assert str(text).count(".random(") == 2
    np.testing.assert_allclose(text.function(x)[0], f(x, its).sum())


def test_inside_no_grad_gradients_pass() -> None:
    def f(x: Any) -> Any:
        return al.grad((x * x).sum(), x) if isinstance(x, Tensor) else 2 * x

    for scale in (1, 2):
        with al.no_grad():
            same(al.compile(f)(A * scale), 2 * A * scale)


def test_a_check_sees_what_large_numbers_and_few_digits_do_not_hide() -> None:
    settings = {"k": 1.0}
    many = al.compile(lambda x, s: (x * settings["k"], s.sum()))
    half = al.compile(lambda x: x * settings["k"])
    x, s, h = np.ones(2, np.float32), np.array([1e4], np.float32), np.ones(2, np.float16)
    many(x, s), half(h)
    settings["k"] = 1.75
    same(many.checked(x, s)[0], x * np.float32(1.75))
    same(half.checked(h), h * np.float16(1.75))
    assert many.source != half.source
    text = many.source
    assert many(x, s)[0][0] == 1.75
    assert many.source == text  # of what ran last, also by checked


def test_a_check_sees_results_that_are_more_or_fewer() -> None:
    wanted = ["a"]
    f = al.compile(lambda x: dict.fromkeys(wanted, x * 2))
    assert [*f(A)] == ["a"]
    for names in ([], ["a"], ["a", "b"], []):
        wanted[:] = names
        assert [*f.checked(A)] == names


def test_a_call_that_fails_leaves_its_arrays_and_its_program() -> None:
    step = al.compile(lambda W, x, i: (W * 0.5, x[i].sum()), in_place=0)
    W, x = np.ones(3), np.arange(4.0)
    step(W, x, np.array([0, 1]))
    with pytest.raises(IndexError, match=r"index got a Tensor .* stay within the shape"):
        step(W, x, np.array([0, 9]))
    assert W.tolist() == [0.5, 0.5, 0.5]
    traced = []
    f = al.compile(lambda x: (traced.append(1), x[x > 0].sum())[1])
    for _ in range(3):
        for x in ([1.0, -1.0], [1.0, 1.0], [1.0, -1.0, 2.0], [-1.0, 2.0, -3.0]):
            f(np.array(x))
    assert len(traced) == 4 + 6  # two traces of each shape, and op by op for other counts


def test_in_place_where_nothing_can_be_overwritten() -> None:
    inner = al.compile(lambda W, x: W - x, in_place=0)
    with pytest.raises(TypeError, match="nothing can be overwritten"):
        al.compile(lambda W, x: (inner(W, x), W)[1])(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match="use what the function without in_place"):
        inner(Tensor([1.0, 2.0]), np.ones(2))
