"""Article C, "Neural networks from scratch": a single neuron, then a network of 2-3-2.

The neuron z = w·x + b, a = s(z) learns on which side of a line a point lies; the network, all
sigmoid, whether a point lies within a radius. Both are written once, as numpy, and their derived
gradients are compared with the article's formulas. What the text leaves open is chosen here:
seeds, and the network's data, learning rate, minibatch and epochs.

    python examples/article_c.py
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

import autograd_lite as al

LINE, OFFSET = np.array([1.0, -1.5]), 0.4  # a point x is labelled x · LINE > OFFSET
NEURON_RATE = 1.0
SIZES = (2, 3, 2)
RADIUS = 0.6
NETWORK_RATE = 3.0
BATCH = 10
NAMES = ["W1", "b1", "W2", "b2"]


def sigmoid_slope(z):
    """The derivative of the sigmoid at z."""
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


# The neuron ---------------------------------------------------------------------------------------


def line_points(seed, count=100):
    """Points uniform in [-1, 1)², a row each; 1.0 for those on one side of the line, else 0.0."""
    X = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return X, (X @ LINE > OFFSET).astype(float)


def neuron(w, b, X):
    """z = w·x + b and a = s(z) for each row x of X. Arrays or Tensors."""
    z = X @ w + b
    return z, al.sigmoid(z)


def recorded_neuron(w, b, X, y):
    """C, the mean cost (a - y)², recorded with the names w, b, z, a, C."""
    z, a = neuron(al.Tensor(w, name="w"), al.Tensor(b, name="b"), X)
    z.named("z")
    return al.mse(a.named("a"), y).named("C")


def handwritten_neuron(w, b, X, y):
    """{name: gradient of C}, as the article works it out: dC/dz = 2 (a - y) a (1 - a)."""
    _, a = neuron(w, b, X)
    dz = 2 * (a - y) * a * (1 - a) / len(y)
    return {"w": dz @ X, "b": dz.sum(), "z": dz}


def train_neuron(X, y, epochs):
    """w and b after `epochs` steps on all points, from 0.1 everywhere."""
    w, b = al.Tensor([0.1, 0.1]), al.Tensor(0.1)
    for _ in range(epochs):
        al.mse(neuron(w, b, X)[1], y).backward()
        for p in (w, b):
            p.data -= NEURON_RATE * p.grad
            p.grad = None
    return w.data, b.data


def angle_to_line(w):
    """The angle between w and LINE, in degrees."""
    cosine = w @ LINE / np.linalg.norm(w) / np.linalg.norm(LINE)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


# The network --------------------------------------------------------------------------------------


def circle_points(seed, count=100):
    """Points uniform in [-1, 1)², a column each; one-hot columns: within RADIUS, or not."""
    X = np.random.default_rng(seed).uniform(-1, 1, (2, count))
    inside = np.hypot(*X) < RADIUS
    return X, np.array([inside, ~inside], float)


def start(seed):
    """W1 (3, 2), b1 (3, 1), W2 (2, 3), b2 (2, 1), uniform in [0, 1)."""
    rng = np.random.default_rng(seed)
    shapes = [s for m, n in pairwise(SIZES) for s in ((n, m), (n, 1))]
    return [rng.uniform(0, 1, shape) for shape in shapes]


def forward(params, X):
    """z1, a1, z2, a2 for the columns of X: z = W a + b, a = s(z). Arrays or Tensors."""
    W1, b1, W2, b2 = params
    z1 = W1 @ X + b1
    a1 = al.sigmoid(z1)
    z2 = W2 @ a1 + b2
    return z1, a1, z2, al.sigmoid(z2)


def cost(a, Y):
    """½ ‖a - y‖², averaged over the columns. Arrays or Tensors."""
    return al.half_squared_error(a, Y) / Y.shape[1]


def recorded(params, X, Y):
    """C, the mean cost, recorded with the names W1, b1, W2, b2, z1, a1, z2, a2, C."""
    leaves = [al.Tensor(p, name=name) for p, name in zip(params, NAMES)]
    nodes = forward(leaves, X)
    for node, name in zip(nodes, ["z1", "a1", "z2", "a2"]):
        node.named(name)
    return cost(nodes[-1], Y).named("C")


def handwritten(params, X, Y):
    """{name: gradient of C}, as the article works it out: sample by sample, then averaged."""
    W2 = params[2]
    totals = [np.zeros_like(p) for p in params]
    for x, y in zip(X.T[..., None], Y.T[..., None]):  # columns, (2, 1)
        z1, a1, z2, a2 = forward(params, x)
        d2 = (a2 - y) * sigmoid_slope(z2)
        d1 = (W2.T @ d2) * sigmoid_slope(z1)
        for total, term in zip(totals, [d1 @ x.T, d1, d2 @ a1.T, d2]):
            total += term
    return {name: total / X.shape[1] for name, total in zip(NAMES, totals)}


def train(params, X, Y, epochs, seed):
    """The parameters after `epochs` passes over minibatches, reshuffled for each."""
    rng = np.random.default_rng(seed)
    leaves = [al.Tensor(p) for p in params]
    for _ in range(epochs):
        shuffled = rng.permutation(X.shape[1])
        for batch in np.split(shuffled, range(BATCH, X.shape[1], BATCH)):
            cost(forward(leaves, X[:, batch])[-1], Y[:, batch]).backward()
            for p in leaves:
                p.data -= NETWORK_RATE * p.grad
                p.grad = None
    return [p.data for p in leaves]


def right(params, X, Y):
    """For each column: is the larger output that of its class?"""
    return forward(params, X)[-1].argmax(axis=0) == Y.argmax(axis=0)


# The slips of the listings ------------------------------------------------------------------------


def slips():
    """What each slip does, as lines of text."""
    rng = np.random.default_rng(0)
    W1, b1, W2, b2 = start(0)
    x, y = rng.uniform(-1, 1, 2), np.array([1.0, 0.0])
    lines = []

    try:
        np.full(2, 0.1)[2]
    except IndexError as error:
        lines.append(f"the third of two weights: {error}")

    a1 = al.sigmoid(W1 @ x + b1)
    a2 = al.sigmoid(W2 @ a1 + b2)
    lines.append(f"b1 {b1.shape} added to W1 @ x {(W1 @ x).shape} gives {a1.shape}, not (3,)")
    lines.append(f"so the output of two numbers is a matrix {a2.shape}, without an error")
    one_layer = al.sigmoid(W1[:2] @ x + b2)
    meant = al.sigmoid(W1[:2] @ x + b2[:, 0])
    lines.append(
        f"a layer of 2 outputs has {one_layer.shape} then, and numpy's ½ Σ(a - y)² is "
        f"{np.sum((one_layer - y) ** 2) / 2:.4f}, where {np.sum((meant - y) ** 2) / 2:.4f} is meant"
    )
    try:
        al.half_squared_error(one_layer, y)
    except ValueError as error:
        lines.append(f"the loss here refuses: {error}")

    try:
        bool(meant == y)
    except ValueError as error:
        lines.append(f"`if a == y` of two arrays: {error}")
    return lines


# Pictures -----------------------------------------------------------------------------------------


def save_drawings(folder):
    """What one step of training records, for neuron and network; the paths of the two files."""
    rows, labels = line_points(0)
    columns, classes = circle_points(0, count=BATCH)
    C1 = recorded_neuron(np.full(2, 0.1), 0.1, rows, labels)
    C2 = recorded(start(0), columns, classes)
    return [
        al.draw(C1, names={"x": rows, "y": labels}).save(Path(folder) / "neuron.svg"),
        al.draw(C2, names={"x": columns, "y": classes}).save(Path(folder) / "network.svg"),
    ]


def save_plot(w, b, params, folder):
    """What neuron and network learnt of the data of seed 0: the path of the figure."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "matplotlib was not found; the figure of the learnt regions needs it; "
            "pip install matplotlib"
        ) from None

    X, y = line_points(0)
    columns, Y = circle_points(0)
    ticks = np.linspace(-1, 1, 201)
    grid = np.stack(np.meshgrid(ticks, ticks))
    of_neuron = neuron(w, b, grid.reshape(2, -1).T)[1].reshape(201, 201)
    of_network = np.subtract(*forward(params, grid.reshape(2, -1))[-1]).reshape(201, 201)

    figure = Figure(figsize=(10, 5.4), layout="constrained")
    left, right_ = figure.subplots(1, 2)
    show(left, X.T, y > 0.5, of_neuron - 0.5, np.tensordot(LINE, grid, 1) - OFFSET)
    left.set_title("The neuron: a line")
    show(right_, columns, Y[0] > 0.5, of_network, RADIUS - np.hypot(*grid))
    right_.set_title("The network: a circle")
    labels = left.get_legend_handles_labels()  # they are the same on the right
    figure.legend(*labels, loc="outside lower center", ncols=4)
    path = Path(folder) / "learnt.png"
    figure.savefig(path)
    return path


def show(axes, points, positive, found, true):
    """Points of two classes, and where heights over [-1, 1]² are positive: found, and true."""
    ticks = np.linspace(-1, 1, len(found))
    axes.contourf(ticks, ticks, found, levels=[-np.inf, 0, np.inf], colors=["#FFF", "#CDE"])
    axes.scatter(*points[:, positive], s=14, color="#0B5C94", marker="o", label="points of class 1")
    axes.scatter(
        *points[:, ~positive], s=18, color="#B35900", marker="x", label="points of class 0"
    )
    for height, style, color, label in [
        (found, "-", "#0B5C94", "the border that was found"),
        (true, "--", "#222222", "the true border"),
    ]:
        axes.contour(ticks, ticks, height, levels=[0], linestyles=style, colors=color)
        axes.plot([], [], style, color=color, label=label)  # for the legend
    axes.set(aspect="equal", xlim=(-1, 1), ylim=(-1, 1), xlabel="$x_1$", ylabel="$x_2$")


# The report ---------------------------------------------------------------------------------------


def main(argv=None):
    """Print the comparison and the training, save the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neuron-epochs", type=int, default=1500)
    parser.add_argument("--network-epochs", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--output", default="article-c-output", help="folder for the pictures")
    options = parser.parse_args(argv)

    rows, labels = line_points(0)
    w, b = np.full(2, 0.1), np.array(0.1)
    print("The neuron: z = w·x + b, a = s(z), mean cost (a - y)².")
    same = np.array_equal(neuron(al.Tensor(w), al.Tensor(b), rows)[1].data, neuron(w, b, rows)[1])
    print(f"neuron() on arrays and on Tensors gives the same: {same}")
    given = (w, b, rows, labels)
    print(al.compare(recorded_neuron(*given), handwritten_neuron(*given), rtol=1e-12))
    print(f"\nAll points a step, rate {NEURON_RATE:g}, {options.neuron_epochs} epochs, from 0.1:")
    print("seed  points right  w / w₁           -b / w₁  angle to (1, -1.5)")
    neurons = []
    for seed in range(options.seeds):
        X, y = line_points(seed)
        w, b = train_neuron(X, y, options.neuron_epochs)
        neurons.append((w, b))
        hits = int(np.sum((neuron(w, b, X)[1] > 0.5) == (y > 0.5)))
        print(
            f"{seed:4}  {hits:3} of {len(y)}    (1, {w[1] / w[0]:7.4f})  {-b / w[0]:9.4f}"
            f"  {angle_to_line(w):6.2f}°"
        )
    print(f"The points were labelled with (1, -1.5) and {OFFSET}.")

    columns, classes = circle_points(0)
    params = start(0)
    print(f"\nThe network: {'-'.join(map(str, SIZES))}, sigmoid, mean cost ½ ‖a - y‖².")
    of_tensors = forward([al.Tensor(p) for p in params], columns)
    same = all(map(np.array_equal, [t.data for t in of_tensors], forward(params, columns)))
    print(f"forward() on arrays and on Tensors gives the same: {same}")
    given = (params, columns, classes)
    print(al.compare(recorded(*given), handwritten(*given), rtol=1e-12))
    print(
        f"\n{columns.shape[1]} points, radius {RADIUS}, minibatches of {BATCH}, "
        f"rate {NETWORK_RATE:g}, {options.network_epochs} epochs (chosen here):"
    )
    print("seed  points right  cost before  cost after")
    networks = []
    for seed in range(options.seeds):
        X, Y = circle_points(seed)
        before = start(seed)
        after = train(before, X, Y, options.network_epochs, seed)
        networks.append(after)
        costs = [cost(forward(params, X)[-1], Y) for params in (before, after)]
        print(
            f"{seed:4}  {int(right(after, X, Y).sum()):3} of {X.shape[1]}    "
            f"{costs[0]:11.4f}  {costs[1]:10.4f}"
        )

    print("\nThe slips of the listings:")
    for line in slips():
        print(f"- {line}")

    Path(options.output).mkdir(parents=True, exist_ok=True)
    print()
    for path in [
        *save_drawings(options.output),
        save_plot(*neurons[0], networks[0], options.output),
    ]:
        print(f"Saved: {path}")


if __name__ == "__main__":
    main()
