"""A user's program, as type checkers see it: `test_typing.py` hands it to mypy and pyright.

Each `assert_type` is an error of both of them as soon as a type is another, Any above all.
"""

from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import autograd_lite as al
import nn
from autograd_lite import Tensor, primitive

rng = np.random.default_rng(0)
x: NDArray[np.float64] = rng.normal(size=(8, 3))
t: NDArray[np.float64] = rng.uniform(size=(8, 2))
labels = rng.integers(2, size=8)
W = Tensor(rng.normal(size=(3, 2)), name="W")
b = Tensor(np.zeros(2), name="b")

# Operators, with an array of known or unknown dtype, or a number, on either side.
z = (x @ W + b).named("z")
assert_type(z, Tensor)
assert_type(x @ W, Tensor)
assert_type(t + z, Tensor)
assert_type(t - z, Tensor)
assert_type(t * z, Tensor)
assert_type(t / z, Tensor)
assert_type(t**z, Tensor)
assert_type(z @ t.T, Tensor)
assert_type(np.float64(2) * z, Tensor)
assert_type(1 - 2 * z**2, Tensor)
assert_type(labels[:, None] * z, Tensor)
assert_type(x.astype(np.float32) @ W, Tensor)
assert_type(-abs(z), Tensor)
assert_type(z > 0, Tensor)
assert_type((z > 0) & ~(z == 1), Tensor)
assert_type(z[:, 0], Tensor)
assert_type(list(z), list[Tensor])
unknown = np.array([[1.0, 2.0, 3.0]])
known: Tensor = unknown @ W + b  # numpy declares its product with anything as Any
assert_type(known, Tensor)
assert_type(al.matmul(unknown, W), Tensor)

# Methods, and what a Tensor tells of itself.
assert_type(z.sum(), Tensor)
assert_type(z.mean(axis=0, keepdims=True), Tensor)
assert_type(z.max(1), Tensor)
assert_type(z.reshape(4, -1).reshape((8, 2)), Tensor)
assert_type(z.T.transpose(1, 0), Tensor)
assert_type(z.astype(np.float32), Tensor)
assert_type(z.shape, tuple[int, ...])
assert_type(z.ndim, int)
assert_type(z.name, str | None)
assert_type(z.data, np.ndarray)
assert_type(z.sum().item(), float)
assert_type(float(z.sum()), float)

# Ops: Tensors of Tensors, wherever these stand.
assert_type(al.relu(z), Tensor)
assert_type(al.softmax(z, axis=1), Tensor)
assert_type(al.softmax(z, 1), Tensor)
assert_type(al.sum(z, 0, keepdims=True), Tensor)
assert_type(al.maximum(0, z), Tensor)
assert_type(al.where(t > 0.5, t, z), Tensor)
assert_type(al.concatenate([z, z], axis=1), Tensor)
assert_type(al.stack([z, z]), Tensor)
assert_type(al.einsum("ij,kj->ik", t, z), Tensor)
assert_type(al.dot(x, W), Tensor)
assert_type(al.dropout(z, p=0.5, rng=rng), Tensor)
assert_type(al.relu.op, al.Op)
assert_type(al.cross_entropy(z, labels), Tensor)
loss = al.mse(al.sigmoid(z), t)
assert_type(loss, Tensor)
exponential: Tensor = np.exp(z)
probabilities: np.ndarray = al.softmax(t)  # of arrays alone they are numpy

# Gradients.
loss.backward()
W.data -= 0.1 * W.grad
W.grad = None
assert_type(al.grad(loss, z), np.ndarray)
assert_type(al.grad(loss, [z, b]), list[np.ndarray])
assert_type(al.grad(al.tanh(b).sum(), b, create_graph=True), Tensor)
assert_type(al.grad(al.tanh(b).sum(), [b], create_graph=True), list[Tensor])

with al.no_grad():
    assert_type(loss * 2, Tensor)


@al.no_grad()
def evaluate(model: nn.Module, x: NDArray[np.float64]) -> float:
    return model(x).mean().item()


@primitive(lambda g, y, x: g / (1 + x**2))
def arctan(x: Any) -> Any:
    return np.arctan(x)


assert_type(arctan(z), Tensor)
assert_type(arctan(z).sum(), Tensor)

# Readings.
names = {"x": x, "t": t}
loss = al.mse(al.sigmoid((x @ W + b).named("z")), t)
assert_type(al.derive(loss, names=names).latex(), str)
assert_type(al.source(loss, names=names).text, str)
assert_type(al.draw(loss, names=names).dot, str)
assert_type(al.compare(loss, {"W": al.grad(loss, W)}).ok, bool)


def slopes(
    W: NDArray[np.float64], x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value, gradient = al.func.value_and_grad(lambda W: (x @ W).sum())(W)
    return value, gradient


fast = al.compile(slopes)
value, gradient = fast(W.data, x)
assert_type(fast.source, str)


# Networks.
class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        self.inner = nn.Sequential(nn.Linear(width, width, rng=0), nn.Tanh)
        self.scale = Tensor(1.0, name="scale")

    def forward(self, images: NDArray[np.float64], *, twice: bool = False) -> Tensor:
        y = images + self.scale * self.inner(images)
        return y * 2 if twice else y


residual = Residual(3)
assert_type(residual(x, twice=True), Tensor)
assert_type(residual.eval().inner, nn.Sequential)
assert_type(evaluate(residual, x), float)
model = nn.MLP([3, 4, 2], activation=nn.Softplus, output="sigmoid", rng=0)
assert_type(model(x), Tensor)
assert_type(model.predict(x), np.ndarray)
assert_type(model.parameters(), list[Tensor])
assert_type(model.state_dict(), dict[str, np.ndarray])
assert_type(nn.mse(model(x), t), Tensor)
adam = nn.Adam(model.parameters(), lr=0.01)
history = nn.fit(model, nn.mse, x, t, adam, epochs=2, progress=False, metrics={"hits": nn.accuracy})
assert_type(history.loss, list[float])
with nn.Step(model, nn.mse, adam) as step:
    for xb, yb in nn.batches(x, t, 4, rng=0):
        assert_type(step(xb, yb), float)


def save(path: Path) -> None:
    assert_type(al.draw(loss).save(path / "graph.dot"), Path)
    nn.save(model, path / "model.npz")
    nn.load(model, path / "model.npz")
