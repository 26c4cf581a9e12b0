"""Article D, "Programming a neural network from scratch": scikit-learn's digits, 64-15-10.

ReLU, then sigmoid; rows are samples. The article reports the loss mean((y - t)²) and precision,
recall and F1 of 1.00 on the training images. Its backward pass, compared with the derived
gradient of that loss, has two faults: the sigmoid's derivative is taken at the output y, where it
belongs at z, and the bias gradients are averaged over the batch where the weight gradients are
summed. This program measures both, and shows why the network trained all the same.

    python examples/article_d.py
"""

import argparse
from itertools import pairwise

import numpy as np

import autograd_lite as al

SIZES = (64, 15, 10)
BATCH = 15
RATE = 1e-3
NAMES = ["W1", "b1", "W2", "b2"]
PRINTED = [  # W1 and W2 in the article, for seed 1 and sizes (2, 3, 1)
    [[1.14858562, -0.43257711, -0.37347383], [-0.75870339, 0.6119356, -1.62743362]],
    [[1.00736754], [-0.43948301], [0.18419731]],
]


def digits():
    """1,797 images as rows of 64 pixels from 0 to 16, and their classes as one-hot rows."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(
            "scikit-learn was not found; its digits are the article's data; "
            "pip install scikit-learn"
        ) from None
    images, classes = load_digits(return_X_y=True)
    return images, np.eye(10)[classes]


# The network --------------------------------------------------------------------------------------


def start(random, sizes=SIZES):
    """[W1, b1, W2, b2]: W standard normal / √inputs from a legacy generator, b zero."""
    params = []
    for m, n in pairwise(sizes):
        params += [random.randn(m, n) / np.sqrt(m), np.zeros((1, n))]
    return params


def forward(params, x):
    """z1, a1, z2, y for the rows of x: z = a W + b, ReLU, then sigmoid. Arrays or Tensors."""
    W1, b1, W2, b2 = params
    z1 = x @ W1 + b1
    a1 = al.relu(z1)
    z2 = a1 @ W2 + b2
    return z1, a1, z2, al.sigmoid(z2)


def relu_in_place(z):
    """The article's ReLU, which overwrites its input."""
    z[z < 0] = 0
    return z


# The gradient of the reported loss, twice ---------------------------------------------------------


def tensors(params):
    """The parameters as leaves named W1, b1, W2, b2."""
    return [al.Tensor(p, name=name) for p, name in zip(params, NAMES)]


def squared_error(leaves, x, t):
    """mean((y - t)²), recorded with the name z2."""
    *_, z2, y = forward(leaves, x)
    z2.named("z2")
    return al.mse(y, t)


def cross_entropy(leaves, x, t):
    """The mean of -t log y - (1 - t) log(1 - y), recorded."""
    return al.bce_with_logits(forward(leaves, x)[2], t)


def derived(loss, params, x, t):
    """The gradient of one of these two for W1, b1, W2, b2."""
    leaves = tensors(params)
    return al.grad(loss(leaves, x, t), leaves)


def sigmoid_slope(v):
    """The derivative of the sigmoid at v."""
    e = np.exp(-np.abs(v))
    return e / (1 + e) ** 2


def handwritten(params, x, t):
    """{name: gradient of mean((y - t)²)}, by hand, and right."""
    z1, a1, z2, y = forward(params, x)
    d2 = 2 / t.size * (y - t) * sigmoid_slope(z2)
    d1 = (d2 @ params[2].T) * (z1 > 0)
    of_params = [x.T @ d1, d1.sum(0, keepdims=True), a1.T @ d2, d2.sum(0, keepdims=True)]
    return dict(zip(NAMES, of_params)) | {"z2": d2}


# The published pass, and its repair ---------------------------------------------------------------


def updates(delta, params, x, t):
    """What is subtracted at rate 1, published style: weights summed, biases averaged over rows.

    delta: a function of y, t and z, the network's last; it gives what goes back from z.
    """
    z1, a1, z2, y = forward(params, x)
    d2 = delta(y, t, z2)
    d1 = (d2 @ params[2].T) * (z1 > 0)
    return [x.T @ d1, d1.mean(0, keepdims=True), a1.T @ d2, d2.mean(0, keepdims=True)]


def published_delta(y, t, z):
    """As published: the derivative of the sigmoid at its own output."""
    return (y - t) * sigmoid_slope(y)


def mended_delta(y, t, z):
    """The derivative at z, where it belongs."""
    return (y - t) * sigmoid_slope(z)


def cross_entropy_delta(y, t, z):
    """What the sigmoid with cross-entropy gives: no derivative at all."""
    return y - t


def multiple(update, gradient):
    """The c for which c * gradient comes nearest to the update, and how far off that still is."""
    c = np.sum(update * gradient) / np.sum(gradient * gradient)
    return c, np.max(np.abs(update - c * gradient)) / np.max(np.abs(c * gradient))


def cosine(a, b):
    """The cosine of the angle between two gradients of one shape."""
    return np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)


# Training -----------------------------------------------------------------------------------------


def train(delta, seed, x, t, epochs):
    """The parameters after `epochs`, with gradients that the graph pulls back from z2."""
    random = np.random.RandomState(seed)
    leaves = tensors(start(random))
    for _ in range(epochs):
        shuffled = random.permutation(len(x))
        for i in range(0, len(x) - BATCH + 1, BATCH):  # a smaller rest is dropped
            rows = shuffled[i : i + BATCH]
            *_, z2, y = forward(leaves, x[rows])
            z2.backward(delta(y.data, t[rows], z2.data))
            for p, share in zip(leaves, [1, 1 / BATCH, 1, 1 / BATCH]):
                p.data -= RATE * share * p.grad
                p.grad = None
    return [p.data for p in leaves]


def accuracy(params, x, t):
    """The share of rows whose largest output is that of their class."""
    return np.mean(forward(params, x)[-1].argmax(1) == t.argmax(1))


def scores(params, x, t):
    """Precision, recall and F1, each averaged over the ten classes."""
    hits = np.eye(10)[forward(params, x)[-1].argmax(1)].T @ t  # predicted class, true class
    predicted, true, both = hits.sum(1), hits.sum(0), hits.diagonal()
    precision = both / np.maximum(predicted, 1)
    return precision.mean(), (both / true).mean(), (2 * both / (predicted + true)).mean()


# The report ---------------------------------------------------------------------------------------


def main(argv=None):
    """Print the comparisons and the training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(argv)

    W1, _, W2, _ = start(np.random.RandomState(1), (2, 3, 1))
    worst = max(np.max(np.abs(W - p)) for W, p in zip([W1, W2], PRINTED))
    print(f"Seed 1, sizes (2, 3, 1): W1 and W2 differ from the article's print by {worst:.1e}.")

    x, t = digits()
    try:
        relu_in_place(al.Tensor(x))
    except TypeError:
        print("Its ReLU writes into its input, which a Tensor refuses: the graph holds that value.")

    params, rows = start(np.random.RandomState(1)), slice(BATCH)
    batch = (params, x[rows], t[rows])
    z, y = forward(params, x[rows])[2:]
    same = np.array_equal(forward(tensors(params), x[rows])[-1].data, y)
    print(f"forward() on arrays and on Tensors gives the same: {same}")
    mended, published = updates(mended_delta, *batch), updates(published_delta, *batch)
    recorded = squared_error(tensors(params), x[rows], t[rows])
    print("\nmean((y - t)²), the first batch: the right pass by hand")
    print(al.compare(recorded, handwritten(*batch), rtol=1e-12))
    print("The published pass")
    print(al.compare(recorded, dict(zip(NAMES, published)), rtol=1e-12))

    print("\nIts parts as multiples of the derived gradient, and what the multiple leaves over:")
    print(f"{'parameter':<10} {'derivative at z':<22} derivative at y, as published")
    right = derived(squared_error, *batch)
    scales = []
    for name, g, *passes in zip(NAMES, right, mended, published):
        (scale, left), (published_scale, published_left) = (multiple(p, g) for p in passes)
        print(
            f"{name:<10} {f'{scale:.9f}, {left:.0e}':<22} "
            f"{published_scale:.1f}, {published_left:.1e}"
        )
        scales.append(scale)
    print(
        f"With the derivative at z it is the gradient but for its scale: {t[rows].size} / 2 for "
        f"the sum\nover the batch, and for the biases, averaged instead, "
        f"{scales[1] / scales[0]:.9f} = 1/{scales[0] / scales[1]:.9g} of that."
    )

    at_y, at_z = sigmoid_slope(y), sigmoid_slope(z)
    print(
        f"\ns'(y) lies in [{at_y.min():.3f}, {at_y.max():.3f}], almost a constant; "
        f"s'(z) in [{at_z.min():.1e}, {at_z.max():.3f}]."
    )
    print("Cosine of the published pass with the derived gradient, all images, untrained:")
    print(f"{'seed':>4}  {'':<14} {'δ at z2':>7}  " + "  ".join(f"{n:>6}" for n in NAMES))
    seeds = range(1, options.seeds + 1)
    for seed in seeds:
        params = start(np.random.RandomState(seed))
        z, y = forward(params, x)[2:]
        published = updates(published_delta, params, x, t)
        for loss, delta, gradient in [
            ("squared error", mended_delta, derived(squared_error, params, x, t)),
            ("cross-entropy", cross_entropy_delta, derived(cross_entropy, params, x, t)),
        ]:
            at_z2 = cosine(published_delta(y, t, z), delta(y, t, z))
            angles = [cosine(p, g) for p, g in zip(published, gradient)]
            print(f"{seed:4}  {loss:<14} {at_z2:7.4f}  " + "  ".join(f"{c:6.3f}" for c in angles))

    print(
        f"\nTraining accuracy, {options.epochs} epochs, batch {BATCH}, rate {RATE:g}; "
        "only the delta differs:"
    )
    print(f"{'delta':<32}" + "".join(f"{f'seed {seed}':>9}" for seed in seeds))
    rules = {
        "published, (y - t) s'(y)": published_delta,
        "of the loss, (y - t) s'(z)": mended_delta,
        "of cross-entropy, y - t": cross_entropy_delta,
    }
    trained = {
        name: [train(delta, seed, x, t, options.epochs) for seed in seeds]
        for name, delta in rules.items()
    }
    for name, runs in trained.items():
        print(f"{name:<32}" + "".join(f"{accuracy(params, x, t):9.3f}" for params in runs))
    print("Published, averaged over the classes (the article: 1.00, 1.00, 1.00):")
    for seed, params in zip(seeds, trained["published, (y - t) s'(y)"]):
        precision, recall, f1 = scores(params, x, t)
        print(f"  seed {seed}: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")


if __name__ == "__main__":
    main()
