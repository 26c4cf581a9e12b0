"""Article B, a network as a computational graph: an introduction after Nielsen's book.

Rows are samples: f0 = X, f1 = f0 W1 + b1, f2 = a(f1), f3 = f2 W2 + b2, f4 = a(f3) and the loss
f5 = ‖f4 - Y‖². The article draws this chain and walks back along it by hand, with activation and
loss given as pairs (function, derivative). Here the same functions make the graph that is drawn
and derived; their derivatives are needed by the handwritten pass only.

    python examples/article_b.py
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

import autograd_lite as al

SIZES = (20, 50, 10)
NAMES = ["W1", "b1", "W2", "b2"]
SAMPLES = 100
RATE = 0.003


# Functions and their derivatives ------------------------------------------------------------------


def sigmoid_slope(z):
    """The derivative of the sigmoid at z."""
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


def tanh_slope(z):
    """The derivative of tanh at z."""
    return 1 - np.tanh(z) ** 2


def squared_norm(prediction, Y):
    """‖prediction - Y‖², summed over everything."""
    return np.sum(np.square(prediction - Y))


def squared_norm_slope(prediction, Y):
    """∂‖prediction - Y‖² / ∂prediction."""
    return 2 * (prediction - Y)


def plain_norm(prediction, Y):
    """‖prediction - Y‖, which is what the article's text writes."""
    return np.linalg.norm(prediction - Y)


SIGMOID = (al.sigmoid, sigmoid_slope)
TANH = (np.tanh, tanh_slope)
SQUARED_NORM = (squared_norm, squared_norm_slope)


# The network --------------------------------------------------------------------------------------


def forward(params, X, activation):
    """The chain [f0, f1, ..., f4] of params [W1, b1, W2, b2]. Arrays or Tensors."""
    f = [X]
    for W, b in zip(params[::2], params[1::2]):
        f.append(f[-1] @ W + b)
        f.append(activation(f[-1]))
    return f


def chain(params, X, Y, activation, loss):
    """The nodes f1, ..., f5 of the graph, so named; the last one is the loss."""
    f = forward(params, X, activation)
    f.append(loss(f[-1], Y))
    return [node.named(f"f{i}") for i, node in enumerate(f) if i > 0]


# Its gradient, twice ------------------------------------------------------------------------------


def tensors(params):
    """The params as leaves named W1, b1, W2, b2."""
    return [al.Tensor(p, name=name) for p, name in zip(params, NAMES)]


def recorded(params, X, Y, activation, loss):
    """f5, recorded. activation, loss: pairs (function, derivative)."""
    return chain(tensors(params), X, Y, activation[0], loss[0])[-1]


def handwritten(params, X, Y, activation, loss):
    """{name: gradient of f5} for the parameters and along the chain, back from f5 by hand."""
    f0, f1, f2, f3, f4 = forward(params, X, activation[0])
    _, _, W2, _ = params
    d4 = loss[1](f4, Y)
    d3 = d4 * activation[1](f3)
    d2 = d3 @ W2.T
    d1 = d2 * activation[1](f1)
    of_params = [f0.T @ d1, d1.sum(0, keepdims=True), f2.T @ d3, d3.sum(0, keepdims=True)]
    return dict(zip(NAMES, of_params)) | {"f1": d1, "f2": d2, "f3": d3, "f4": d4}


# Training -----------------------------------------------------------------------------------------


def start(seed):
    """Parameters and inputs, standard normal, and targets: outputs of another such network.

    The article names no data. These targets lie in (0, 1) and can be reached.
    """
    rng = np.random.default_rng(seed)

    def draw_params():
        shapes = [s for m, n in pairwise(SIZES) for s in ((m, n), (1, n))]
        return [rng.standard_normal(shape) for shape in shapes]

    params, teacher = draw_params(), draw_params()
    X = rng.standard_normal((SAMPLES, SIZES[0]))
    return params, X, forward(teacher, X, al.sigmoid)[-1]


def train(params, X, Y, steps):
    """The loss before each step and after the last, with derived gradients of the whole data."""
    leaves = tensors(params)
    losses = []
    for _ in range(steps):
        loss = chain(leaves, X, Y, al.sigmoid, squared_norm)[-1]
        loss.backward()
        for p in leaves:
            p.data -= RATE * p.grad
            p.grad = None
        losses.append(loss.item())
    return [*losses, chain(leaves, X, Y, al.sigmoid, squared_norm)[-1].item()]


def train_by_hand(params, X, Y, steps):
    """The same losses, with handwritten gradients."""
    params = [p.copy() for p in params]
    losses = []
    for _ in range(steps):
        losses.append(squared_norm(forward(params, X, al.sigmoid)[-1], Y))
        gradients = handwritten(params, X, Y, SIGMOID, SQUARED_NORM)
        for p, name in zip(params, NAMES):
            p -= RATE * gradients[name]
    return [*losses, squared_norm(forward(params, X, al.sigmoid)[-1], Y)]


# The report ---------------------------------------------------------------------------------------


def save_drawings(params, X, Y, folder):
    """The chain drawn up to f4, then with the loss node f5; the paths of the two files."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    *_, f4, f5 = chain(tensors(params), X, Y, al.sigmoid, squared_norm)
    data = {"f0": X, "Y": Y}
    return [
        al.draw(f4, names=data).save(Path(folder) / "chain.svg"),
        al.draw(f5, names=data).save(Path(folder) / "chain-with-loss.svg"),
    ]


def main(argv=None):
    """Print the comparison and the training, save the drawings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="article-b-output", help="folder for the drawings")
    options = parser.parse_args(argv)

    params, X, Y = start(options.seed)
    on_arrays = forward(params, X, al.sigmoid)
    on_tensors = chain(tensors(params), X, Y, al.sigmoid, squared_norm)[:-1]
    same = all(np.array_equal(t.data, a) for t, a in zip(on_tensors, on_arrays[1:]))
    print(f"Sizes {'-'.join(map(str, SIZES))}, {SAMPLES} rows; loss ‖f4 - Y‖².")
    print(f"forward() on arrays and on Tensors gives the same f1 to f4: {same}")
    for name, activation in [("sigmoid", SIGMOID), ("tanh", TANH)]:
        print(f"\nActivation {name}")
        given = (params, X, Y, activation, SQUARED_NORM)
        print(al.compare(recorded(*given), handwritten(*given), rtol=1e-12))

    print("\nThe article's text writes the plain norm ‖f4 - Y‖, and its pass uses 2 (f4 - Y):")
    f4 = al.Tensor(on_arrays[-1], name="f4")
    length, slope = plain_norm(f4, Y), squared_norm_slope(f4.data, Y)
    print(al.compare(length, {"f4": slope}, rtol=1e-12))
    ratio = slope / al.grad(length, f4)
    print(
        f"2 (f4 - Y) is {ratio.min():.6f} to {ratio.max():.6f} times the derived slope, "
        f"and 2 ‖f4 - Y‖ is {2 * length:.6f},\nanother number after each step."
    )

    print(f"\nGradient descent on all rows, rate {RATE}; the article names no data and no rate.")
    print(f"{'step':>5}  {'derived':>10}  {'handwritten':>11}")
    ours = train(params, X, Y, options.steps)
    theirs = train_by_hand(params, X, Y, options.steps)
    for step in range(0, options.steps + 1, max(options.steps // 5, 1)):
        print(f"{step:5}  {ours[step]:10.4f}  {theirs[step]:11.4f}")
    difference = np.max(np.abs(np.subtract(ours, theirs))) / theirs[0]
    print(f"Largest difference of the two columns, relative to the first loss: {difference:.1e}.")

    for path in save_drawings(params, X, Y, options.output):
        print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
