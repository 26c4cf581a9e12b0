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
NAMES = ["W1", "W2", "W3", "W4", "W5"]
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


def recorded(weights, x, t):
    """L, recorded: the expression above, of Tensors with names."""
    params = [al.Tensor(W, name=name) for W, name in zip(weights, NAMES)]
    return half_squared_error(forward(params, x)[-1], t)


def sigmoid(a):
    """1 / (1 + e⁻ᵃ), from e⁻ᵃ for a >= 0 and from eᵃ below, so that neither overflows."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def sigmoid_slope(a):
    """The derivative of the sigmoid at a."""
    return sigmoid(a) * (1 - sigmoid(a))


def handwritten(weights, x, t):
    """L and {name: ∂L/∂W} for every layer, as the article works them out."""
    a, o = [], [x]
    for W in weights:
        a.append(W @ o[-1])
        o.append(sigmoid(a[-1]))
    g = o[-1] - t
    loss = np.sum(g * g) / 2
    gradients = {}
    for i in reversed(range(len(weights))):
        g = g * sigmoid_slope(a[i])
        gradients = {NAMES[i]: g @ o[i].T, **gradients}
        g = weights[i].T @ g
    return loss, gradients


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
        for x, t in zip(samples, targets):
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
        for x, t in zip(samples, targets):
            loss, gradients = handwritten(weights, x, t)
            for W, name in zip(weights, NAMES):
                W -= RATE * gradients[name]
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
    _, by_hand = handwritten(weights, x, t)
    print(f"Sizes {'-'.join(map(str, SIZES))}, sigmoid, no biases; loss ½ (y - t)ᵀ (y - t).")
    print(f"forward() on arrays {on_arrays.item():.15f}, on Tensors {on_tensors.item():.15f}\n")
    print(al.compare(recorded(weights, x, t), by_hand, rtol=1e-12))

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
    difference = np.max(np.abs(np.subtract(ours, theirs) / theirs))
    print(f"Largest relative difference of an epoch: {difference:.1e}.")
    print(
        "The targets are normal and the outputs lie in (0, 1): no weights bring the mean below "
        f"{lowest_loss(targets):.6f}."
    )


if __name__ == "__main__":
    main()
