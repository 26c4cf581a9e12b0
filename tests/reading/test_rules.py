"""The local rules of a backward pass, in the words of a derivation."""

import numpy as np

import autograd_lite as al
from autograd_lite import Tensor
from autograd_lite.reading import rules

rng = np.random.default_rng(0)


def told(loss, names, called):
    found = rules(loss, names, lambda node: called.get(node))
    return {(called.get(node) or node.op.name, i): text for (node, i), text in found.items()}


def test_a_layer():
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    W, b = Tensor(rng.normal(size=(3, 2)), name="W"), Tensor(np.zeros(2), name="b")
    product = x @ W
    z = product + b
    a = al.tanh(z)
    loss = al.mse(a, t)
    assert told(loss, {"x": x, "t": t}, {z: "z", a: "a", loss: "loss"}) == {
        ("loss", 0): "1/5 (a − t)",
        ("a", 0): "d_a ⊙ (1 − a²)",
        ("z", 0): "d_z",
        ("z", 1): "Σ over axis 0 of d_z",
        ("matmul", 1): "xᵀ d_z",
    }


def test_a_value_without_a_name_hands_on_g():
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    loss = al.exp(al.sin(a * b))
    called = {loss: "loss"}
    assert told(loss, None, called) == {
        ("loss", 0): "loss",
        ("sin", 0): "loss · cos(a · b)",  # for exp hands on its result
        ("multiply", 0): "g · b",
        ("multiply", 1): "g · a",
    }


def test_what_hands_on_a_number():
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    loss = a - b
    assert told(loss, None, {loss: "loss"}) == {("loss", 0): "1", ("loss", 1): "−1"}
