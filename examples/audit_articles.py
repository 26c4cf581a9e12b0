"""An audit of four published backward passes: each is held against the derived gradient.

The networks are those of `article_a.py` to `article_d.py`. Here each forward pass is a graph
expression, and each published backward pass is plain numpy in this project's own words, which keeps
what it computes on its way. `al.compare` says what is right and where a mistake is made. Three of
the passes are right. The fourth is not, and trained well; why it did is measured at the end.

    python examples/audit_articles.py

It needs scikit-learn for its digits, and some seven seconds, nearly all of them for training.
"""

import article_a
import article_b
import article_c
import article_d
import numpy as np
from article_a import sigmoid
from article_d import BATCH, RATE, sigmoid_slope

import autograd_lite as al

SEEDS = (1, 2, 3)
EPOCHS = 100


def told(report):
    """A report as text: a line if all is right, else what compare says."""
    if not report.ok:
        return str(report)
    names = ", ".join(row.name for row in report.rows)
    worst = max(row.relative for row in report.rows)
    return f"All {len(report.rows)} equal to {worst:.0e}: {names}."


def told_alone(loss, gradients):
    """What compare makes of the parameters alone, without the steps on the way to them."""
    rows = al.compare(loss, {k: g for k, g in gradients.items() if k[0] in "Wb"}).rows
    verdicts = [f"{row.name} {row.verdict}" for row in rows]
    if len({row.verdict for row in rows}) == 1:
        verdicts = [f"each {rows[0].verdict}"]
    return f"The {len(rows)} parameters alone: {', '.join(verdicts)}."


# A. Five sigmoid layers, one column a sample ------------------------------------------------------


def recorded_a(weights, x, t):
    """½ (y - t)ᵀ (y - t), recorded with the names W1, a1, o1, ..., o5."""
    o = x
    for i, W in enumerate(weights, 1):
        a = (al.Tensor(W, name=f"W{i}") @ o).named(f"a{i}")
        o = al.sigmoid(a).named(f"o{i}")
    return (o - t).T @ (o - t) / 2


def published_a(weights, x, t):
    """{name: gradient} for all of these, from y - t back through the layers."""
    a, o = [None], [x]
    for W in weights:
        a.append(W @ o[-1])
        o.append(sigmoid(a[-1]))
    found = {}
    g = o[-1] - t
    for i in range(len(weights), 0, -1):
        found[f"o{i}"] = g
        found[f"a{i}"] = g = g * sigmoid_slope(a[i])
        found[f"W{i}"] = g @ o[i - 1].T
        g = weights[i - 1].T @ g
    return found


def audit_a():
    """Print what is found of A."""
    weights, samples, targets = article_a.start(0)
    given = weights, samples[0], targets[0]
    loss, gradients = recorded_a(*given), published_a(*given)
    print("A. Five sigmoid layers without biases, ½ (y - t)ᵀ (y - t)")
    print(told(al.compare(loss, gradients)))
    print(told_alone(loss, gradients))
    print("Right. The slip of its full listing is in the loss, whose value is not needed.\n")


# B. A chain of nodes, rows are samples ------------------------------------------------------------


def chain_b(params, X):
    """f4 of the chain f0 = X, ..., f4, recorded with the names f1, ..., f4."""
    W1, b1, W2, b2 = (al.Tensor(p, name=n) for p, n in zip(params, article_b.NAMES))
    f1 = (X @ W1 + b1).named("f1")
    f2 = al.sigmoid(f1).named("f2")
    f3 = (f2 @ W2 + b2).named("f3")
    return al.sigmoid(f3).named("f4")


def published_b(params, X, Y):
    """{name: gradient} for the chain and the parameters, from 2 (f4 - Y) back."""
    W1, b1, W2, b2 = params
    f1 = X @ W1 + b1
    f2 = sigmoid(f1)
    f3 = f2 @ W2 + b2
    d4 = 2 * (sigmoid(f3) - Y)
    d3 = d4 * sigmoid_slope(f3)
    d2 = d3 @ W2.T
    d1 = d2 * sigmoid_slope(f1)
    chain = {"f4": d4, "f3": d3, "f2": d2, "f1": d1}
    of_params = [X.T @ d1, d1.sum(0, keepdims=True), f2.T @ d3, d3.sum(0, keepdims=True)]
    return chain | dict(zip(article_b.NAMES, of_params))


def audit_b():
    """Print what is found of B, against the loss of its pass and that of its text."""
    params, X, Y = article_b.start(0)
    gradients = published_b(params, X, Y)
    error = chain_b(params, X) - Y
    squared = (error * error).sum()
    plain = al.sqrt(squared)
    print("B. A chain of nodes, a loss at its end. Against the squared norm, ‖f4 - Y‖²:")
    print(told(al.compare(squared, gradients)))
    print(told_alone(squared, gradients))
    print("Against the plain norm, ‖f4 - Y‖, which the text writes:")
    print(told(al.compare(plain, gradients)))
    print(f"2 ‖f4 - Y‖ is {2 * plain.item():.6g}. The slip is in the text: the pass is right,")
    print("for the squared norm. All gradients share the factor, so they point the right way")
    print("for either; only the length of a step is another one, and changes with the loss.\n")


# C. A neuron, then 2-3-2 --------------------------------------------------------------------------


def recorded_neuron(w, b, X, y):
    """The mean of (a - y)² over the rows, recorded with the names w, b, z, a."""
    z = (X @ al.Tensor(w, name="w") + al.Tensor(b, name="b")).named("z")
    error = al.sigmoid(z).named("a") - y
    return (error * error).mean()


def published_neuron(w, b, X, y):
    """{name: gradient}: dC/dz = 2 (a - y) a (1 - a) of each point, averaged over the points."""
    a = sigmoid(X @ w + b)
    dz = 2 * (a - y) * a * (1 - a) / len(y)
    return {"z": dz, "w": dz @ X, "b": dz.sum()}


def recorded_c(params, X, Y):
    """½ ‖a2 - y‖² summed over the columns, recorded with the names z1, a1, z2, a2."""
    W1, b1, W2, b2 = (al.Tensor(p, name=n) for p, n in zip(params, article_c.NAMES))
    z1 = (W1 @ X + b1).named("z1")
    a1 = al.sigmoid(z1).named("a1")
    z2 = (W2 @ a1 + b2).named("z2")
    error = al.sigmoid(z2).named("a2") - Y
    return (error * error).sum() / 2


def published_c(params, x, y):
    """{name: gradient} of one sample, a column."""
    W1, b1, W2, b2 = params
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    e2 = sigmoid(z2) - y
    d2 = e2 * sigmoid_slope(z2)
    e1 = W2.T @ d2
    d1 = e1 * sigmoid_slope(z1)
    on_the_way = {"a2": e2, "z2": d2, "a1": e1, "z1": d1}
    return on_the_way | dict(zip(article_c.NAMES, [d1 @ x.T, d1, d2 @ a1.T, d2]))


def averaged_c(params, X, Y):
    """{name: gradient} for the parameters, averaged over the samples of a minibatch."""
    samples = [published_c(params, x, y) for x, y in zip(X.T[..., None], Y.T[..., None])]
    return {name: np.mean([s[name] for s in samples], axis=0) for name in article_c.NAMES}


def audit_c():
    """Print what is found of C: the neuron, one sample of the network, and a minibatch."""
    one = (np.full(2, 0.1), np.array(0.1), *article_c.line_points(0))
    params = article_c.start(0)
    X, Y = article_c.circle_points(0, count=article_c.BATCH)
    sample = params, X[:, :1], Y[:, :1]
    total, averaged = recorded_c(params, X, Y), averaged_c(params, X, Y)
    print("C. The neuron, mean of (a - y)² over 100 points:")
    print(told(al.compare(recorded_neuron(*one), published_neuron(*one))))
    print("The network of 2-3-2, one sample, ½ ‖a2 - y‖²:")
    print(told(al.compare(recorded_c(*sample), published_c(*sample))))
    print(f"A minibatch of {len(X.T)}, against its mean. {told_alone(total / len(X.T), averaged)}")
    print(f"Against its sum. {told_alone(total, averaged)}")
    W1, b1 = params[:2]
    matrix = (W1 @ X[:, 0] + b1).shape
    print("Right, with the mean over the minibatch. Two slips of the listings raise an error.")
    print(f"The third does not: a bias {b1.shape} and a 1-D activation make a matrix {matrix}.")
    print("The pass is that of columns.\n")


# D. Digits, ReLU, then sigmoid --------------------------------------------------------------------


def recorded_d(params, x, t):
    """½ Σ (y - t)², recorded with the names z1, a1, z2, y: the loss that the pass starts from."""
    W1, b1, W2, b2 = (al.Tensor(p, name=n) for p, n in zip(params, article_d.NAMES))
    z1 = (x @ W1 + b1).named("z1")
    a1 = al.relu(z1).named("a1")
    z2 = (a1 @ W2 + b2).named("z2")
    error = al.sigmoid(z2).named("y") - t
    return (error * error).sum() / 2


def at_y(y):
    """What the published pass multiplies y - t by: s' at y, the sigmoid's output."""
    return sigmoid_slope(y)


def at_z(y):
    """What squared error asks for: s' at z, the sigmoid's input, which is y (1 - y)."""
    return y * (1 - y)


def none(y):
    """What cross-entropy asks for: its own derivative cancels that of the sigmoid."""
    return 1.0


def forward_d(params, x):
    """z1, a1, y for the rows of x."""
    W1, b1, W2, b2 = params
    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    return z1, a1, sigmoid(a1 @ W2 + b2)


def published_d(params, x, t, slope=at_y, share=1 / BATCH):
    """{name: gradient}, as published, or with another slope or share.

    share: of a bias gradient's sum over the rows; 1 / BATCH makes it a mean. Arrays may have more
    axes in front, so that several networks go side by side.
    """
    z1, a1, y = forward_d(params, x)
    e2 = y - t
    d2 = e2 * slope(y)
    e1 = d2 @ params[2].mT
    d1 = e1 * (z1 > 0)
    b1, b2 = (share * d.sum(-2, keepdims=True) for d in (d1, d2))
    on_the_way = {"y": e2, "z2": d2, "a1": e1, "z1": d1}
    return on_the_way | dict(zip(article_d.NAMES, [x.mT @ d1, b1, a1.mT @ d2, b2]))


def audit_d(x, t):
    """Print what is found of D: as published, with one fault mended, and with both."""
    given = article_d.start(np.random.RandomState(1)), x[:BATCH], t[:BATCH]
    loss, published = recorded_d(*given), published_d(*given)
    print("D. Digits, 64-15-10, the first batch, ½ Σ (y - t)². The pass as published:")
    report = al.compare(loss, published)
    print(told(report))
    print(told_alone(loss, published))
    first = next(row.name for row in report.rows if row.step == "wrong")
    print(f"The first wrong step is at {first}: s' is taken at y. With s' at z, where it belongs:")
    print(told(al.compare(loss, published_d(*given, slope=at_z))))
    print(f"The biases have the mean over the {BATCH} rows, the weights the sum. With sums:")
    mended = published_d(*given, slope=at_z, share=1)
    print(told(al.compare(loss, mended)))
    mean = 2 * loss / t[:BATCH].size
    print(f"Against mean((y - t)²), as reported. {told_alone(mean, mended)}")
    print("So there are two faults. The factor is none, for the rate takes it in; nor is the ReLU")
    print("that overwrites its input, for relu(z) > 0 just where z > 0.\n")


# Why D trained all the same -----------------------------------------------------------------------


def train(x, t, slope, share, rate=RATE):
    """The parameters before, in the middle of and after training, with a leading axis of SEEDS.

    As published: the seed's weights, batches of 15, shuffled each epoch, the remainder dropped.
    """
    randoms = [np.random.RandomState(seed) for seed in SEEDS]
    params = [np.stack(p) for p in zip(*map(article_d.start, randoms))]
    kept = []
    for epoch in range(EPOCHS):
        if epoch in (0, EPOCHS // 2):
            kept.append([p.copy() for p in params])
        shuffled = np.stack([random.permutation(len(x)) for random in randoms])
        for i in range(0, len(x) - BATCH + 1, BATCH):
            rows = shuffled[:, i : i + BATCH]
            gradients = published_d(params, x[rows], t[rows], slope, share)
            for p, name in zip(params, article_d.NAMES):
                p -= rate * gradients[name]
    return [*kept, params]


def accuracies(params, x, t):
    """For each seed the share of rows whose largest output is that of their class."""
    return np.mean(forward_d(params, x)[-1].argmax(-1) == t.argmax(-1), axis=-1)


def cosines(params, x, t, slope):
    """For each seed the cosine of the published delta, over all rows, with that of a slope."""
    *_, y = forward_d(params, x)
    ours, other = (y - t) * at_y(y), (y - t) * slope(y)
    return np.array([article_d.cosine(a, b) for a, b in zip(ours, other)])


def in_columns(numbers):
    """Numbers as a part of a table's line."""
    return "  ".join(f"{number:.3f}" for number in numbers)


def measure_d(x, t):
    """Print how each way trains; the accuracies by its title, and the run as published."""
    ways = {
        "s'(y), mean for biases: as published": (at_y, 1 / BATCH),
        "s'(y), sum for biases": (at_y, 1),
        "s'(z), mean for biases": (at_z, 1 / BATCH),
        "s'(z), sum for biases: right": (at_z, 1),
        "right, at ten times the rate": (at_z, 1, 10 * RATE),
        "y - t of cross-entropy, mean": (none, 1 / BATCH),
    }
    print(f"Why did D train to 1.00? Accuracy on the training images, seeds {SEEDS}:")
    runs = {title: train(x, t, *way) for title, way in ways.items()}
    trained = {title: accuracies(run[-1], x, t) for title, run in runs.items()}
    for title, found in trained.items():
        print(f"  {title:<38}{in_columns(found)}")
    return trained, next(iter(runs.values()))


def explain_d(published, x, t):
    """Print what the published delta is near to, along its run, and why the right one is slow."""
    low, high = at_y(1.0), at_y(0.0)
    print("The biases matter little. It is the wrong derivative that trains: for y in (0, 1)")
    print(f"s'(y) is almost a constant, {low:.3f} to {high:.3f}, so (y - t) s'(y) is almost a")
    print("multiple of y - t, the delta of cross-entropy. Cosine of the published delta with")
    print("two others, all images:")
    print(f"  {'epoch':<8}{'y - t':<24}(y - t) s'(z)")
    for epoch, params in zip((0, EPOCHS // 2, EPOCHS), published):
        near, far = (in_columns(cosines(params, x, t, slope)) for slope in (none, at_z))
        print(f"  {epoch:<8}{near:<24}{far}")

    *_, y = forward_d(published[0], x)
    wrong = np.abs(y - t) > 0.5
    of_y, of_z = (np.median(slope(y)[wrong]) for slope in (at_y, at_z))
    print(f"Before training {wrong.mean():.0%} of the outputs are off by more than ½. There the")
    print(f"median of s'(y) is {of_y:.3f}, that of s'(z) {of_z:.3f}: the right gradient hardly")
    print("moves what is most wrong. So the 1.00 is real, and not owed to the reported loss:")
    print("the published pass is almost the gradient of cross-entropy.")


def main():
    """Print the audit; what `measure_d` returns."""
    audit_a()
    audit_b()
    audit_c()
    x, t = article_d.digits()
    audit_d(x, t)
    trained, published = measure_d(x, t)
    explain_d(published, x, t)
    return trained, published


if __name__ == "__main__":
    main()
