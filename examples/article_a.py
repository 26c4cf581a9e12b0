"""Article A, "Coding The Cartoon Brain: Artificial Neural Networks, Part 2".

Five sigmoid layers, 10-60-140-50-10-1, without biases. Samples are columns, taken one at a time.
The network is written once, as numpy; its gradient is derived from that expression and compared
with the backward pass that the article works out by hand. Then it is trained both ways.

    python examples/article_a.py
"""

import argparse
from itertools import pairwise

import numpy as np

import autograd_lite as al

SIZES = (10, 60, 140, 50, 10, 1)
SAMPLES = 50
RATE = 0.05


# The network --------------------------------------------------------------------------------------


def forward(weights, x):
    """Every layer's output, o_l = s(W_l o_{l-1}), the input first. Arrays or Tensors."""
    outputs = [x]
    for W in weights:
        outputs.append(al.sigmoid(W @ outputs[-1]))
    return outputs


def half_squared_error(y, t):
    """½ (y - t)ᵀ (y - t) of two columns, of shape (1, 1). Arrays or Tensors."""
    error = y - t
    return error.T @ error / 2


def slipped_loss(y, t):
    """The article's full listing: the second array lands in the place of np.sum's axis."""
    error = y - t
    return 0.5 * np.sum(error, error)


# Its gradient, twice ------------------------------------------------------------------------------


def derived(weights, x, t):
    """∂L/∂W_l for every layer, derived from the expression above."""
    params = [al.Tensor(W) for W in weights]
    return al.grad(half_squared_error(forward(params, x)[-1], t), params)


def sigmoid(a):
    """1 / (1 + e⁻ᵃ), from e⁻ᵃ for a >= 0 and from eᵃ below, so that neither overflows."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def sigmoid_slope(a):
    """The derivative of the sigmoid at a."""
    return sigmoid(a) * (1 - sigmoid(a))


def handwritten(weights, x, t):
    """L and ∂L/∂W_l for every layer, as the article works them out."""
    a, o = [], [x]
    for W in weights:
        a.append(W @ o[-1])
        o.append(sigmoid(a[-1]))
    g = o[-1] - t
    loss = np.sum(g * g) / 2
    gradients = []
    for i in reversed(range(len(weights))):
        g = g * sigmoid_slope(a[i])
        gradients.insert(0, g @ o[i].T)
        g = weights[i].T @ g
    return loss, gradients


def relative_difference(a, b):
    """The largest |a - b|, relative to the largest |b|.

    Not element by element: an element that is nearly 0 because large terms cancel keeps few right
    digits, whichever way it is computed.
    """
    return np.max(np.abs(a - b)) / np.max(np.abs(b))


def difference_table(names, ours, theirs):
    """A line for each parameter: name, shape, largest relative difference."""
    lines = [f"{'parameter':<10} {'shape':<10} derived against handwritten"]
    for name, a, b in zip(names, ours, theirs, strict=True):
        lines.append(f"{name:<10} {a.shape!s:<10} {relative_difference(a, b):.1e}")
    return "\n".join(lines)


# Training -----------------------------------------------------------------------------------------


def start(seed):
    """Weights (out, in), inputs (10, 1) and targets (1, 1), all standard normal."""
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((n, m)) for m, n in pairwise(SIZES)]
    samples = rng.standard_normal((SAMPLES, SIZES[0], 1))
    targets = rng.standard_normal((SAMPLES, SIZES[-1], 1))
    return weights, samples, targets


def train(weights, samples, targets, epochs):
    """The mean loss of each epoch, with derived gradients."""
    params = [al.Tensor(W) for W in weights]
    means = []
    for _ in range(epochs):
        losses = []
        for x, t in zip(samples, targets, strict=True):
            loss = half_squared_error(forward(params, x)[-1], t)
            loss.backward()
            for W in params:
                W.data -= RATE * W.grad
                W.grad = None
            losses.append(loss.item())
        means.append(np.mean(losses))
    return means


def train_by_hand(weights, samples, targets, epochs):
    """The mean loss of each epoch, with the handwritten gradients."""
    weights = [W.copy() for W in weights]
    means = []
    for _ in range(epochs):
        losses = []
        for x, t in zip(samples, targets, strict=True):
            loss, gradients = handwritten(weights, x, t)
            for W, dW in zip(weights, gradients, strict=True):
                W -= RATE * dW
            losses.append(loss)
        means.append(np.mean(losses))
    return means


def lowest_loss(targets):
    """The mean loss that no network with outputs in (0, 1) can get below."""
    return np.mean((targets - np.clip(targets, 0, 1)) ** 2) / 2


# The report ---------------------------------------------------------------------------------------


def main(argv=None):
    """Print the comparison and the training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)

    weights, samples, targets = start(options.seed)
    x, t = samples[0], targets[0]
    on_arrays = forward(weights, x)[-1]
    on_tensors = forward([al.Tensor(W) for W in weights], x)[-1]
    print(f"Sizes {'-'.join(map(str, SIZES))}, sigmoid, no biases; loss ½ (y - t)ᵀ (y - t).")
    print(f"forward() on arrays {on_arrays.item():.15f}, on Tensors {on_tensors.item():.15f}\n")

    names = [f"W{i}" for i in range(1, len(SIZES))]
    _, by_hand = handwritten(weights, x, t)
    print(difference_table(names, derived(weights, x, t), by_hand))

    try:
        slipped_loss(on_arrays, t)
    except TypeError as error:
        print(f"\nThe loss line of the article's full listing fails in numpy: {error}.")

    print(f"\n{SAMPLES} samples, one a step, rate {RATE}, {options.epochs} epochs. Mean loss:")
    print(f"{'epoch':>5}  {'derived':>10}  {'handwritten':>11}")
    ours = train(weights, samples, targets, options.epochs)
    theirs = train_by_hand(weights, samples, targets, options.epochs)
    for epoch in sorted({1, *range(10, options.epochs + 1, 10), options.epochs}):
        print(f"{epoch:5}  {ours[epoch - 1]:10.6f}  {theirs[epoch - 1]:11.6f}")
    difference = relative_difference(np.array(ours), np.array(theirs))
    print(f"Largest relative difference of an epoch: {difference:.1e}.")
    print(
        "The targets are normal and the outputs lie in (0, 1): no weights bring the mean below "
        f"{lowest_loss(targets):.6f}."
    )


if __name__ == "__main__":
    main()
