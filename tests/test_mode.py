"""The mode of a thread or task: no_grad."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from autograd_lite import Tensor, grad, no_grad


def recorded() -> bool:
    return (Tensor(1.0) * 2).op is not None


def test_nothing_is_recorded_inside_no_grad() -> None:
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = (x * 2).sum()
    assert isinstance(y, Tensor)
    assert y.item() == 6
    assert y.op is None
    assert y.inputs == ()
    assert recorded()


def test_a_result_of_no_grad_is_a_leaf_of_its_own() -> None:
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = x.reshape(2, 1)
    y.data[0] = 9
    assert x.data.tolist() == [1, 2]
    assert grad((y * 3).sum(), y).tolist() == [[3], [3]]


def test_no_grad_nests_and_survives_exceptions() -> None:
    with no_grad():
        with no_grad():
            assert not recorded()
        assert not recorded()
        with pytest.raises(ZeroDivisionError), no_grad():
            raise ZeroDivisionError
        assert not recorded()
    assert recorded()
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert recorded()


def test_no_grad_decorates() -> None:
    @no_grad()
    def predict(depth: int) -> bool:
        return recorded() or (depth > 0 and predict(depth - 1))

    assert not predict(3)
    assert recorded()
    assert not predict(0)


def test_no_grad_is_for_one_thread() -> None:
    seen, inside, done = [], threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        seen.append(recorded())
        with no_grad():
            done.set()
            seen.append(recorded())

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        done.wait()
        seen.append(recorded())
    thread.join()
    assert seen == [True, False, False]
    assert recorded()


def test_no_grad_is_for_one_task() -> None:
    async def silent(entered: asyncio.Event, leave: asyncio.Event) -> bool:
        with no_grad():
            entered.set()
            await leave.wait()
            return recorded()

    async def main() -> tuple[bool, bool]:
        entered, leave = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(silent(entered, leave))
        await entered.wait()
        here = recorded()
        leave.set()
        return here, await task

    assert asyncio.run(main()) == (True, False)


def test_a_result_of_no_grad_is_a_constant() -> None:
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = x * 2
    assert y.constant
    assert not x.constant
    with pytest.raises(ValueError, match="inside no_grad"):
        y.backward(np.ones(2))
    (x * y).sum().backward()
    assert x.grad.tolist() == [2, 4]
    assert y.grad is None
