"""
MNIST from scratch, part 3: two hidden layers, ReLU, softmax -- and no framework.

Part 1 loaded the images, part 2 did logistic regression. Here we go deep(er).
"""
import numpy as np

LAMBDA = 0.03          # weight decay
PIXEL_MAX = 255.0


def one_hot(labels, n_classes):
    Y = np.zeros((len(labels), n_classes))
    Y[np.arange(len(labels)), labels] = 1.0
    return Y


def relu(z):
    return np.maximum(0, z)


def relu_grad(z):
    return (z > 0).astype(float)


def softmax(z):
    # subtract the row max so that exp does not blow up
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy_loss(images, labels, W1, b1, W2, b2, W3, b3):
    """What we print after every epoch: mean cross entropy + weight decay."""
    X = images.reshape(len(images), -1) / 255.0
    h = np.where(X @ W1 + b1 > 0, X @ W1 + b1, 0.0)
    h = np.where(h @ W2 + b2 > 0, h @ W2 + b2, 0.0)
    scores = h @ W3 + b3
    top = scores.max(axis=1)
    logZ = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top
    nll = np.mean(logZ - scores[np.arange(len(labels)), labels])
    decay = (W1 ** 2).sum() + (W2 ** 2).sum() + (W3 ** 2).sum()
    return nll + 0.03 / 2 * decay


def process_minibatch(images, labels, W1, b1, W2, b2, W3, b3):
    """Forward and backward for one mini-batch, returns a dict of gradients."""
    n = images.shape[0]
    X = images.reshape(n, -1) / PIXEL_MAX       # flatten: (n, 28*28)
    Y = one_hot(labels, b3.size)

    # ---- forward ----
    Z1 = X @ W1 + b1
    A1 = relu(Z1)
    Z2 = A1 @ W2 + b2
    A2 = relu(Z2)
    Z3 = A2 @ W3 + b3
    probs = softmax(Z3)

    # ---- backward ----
    grads = {}

    # softmax + cross entropy collapse into something beautiful
    dZ3 = (probs - Y) / n
    grads["W3"] = A2.T @ dZ3 + LAMBDA * W3
    grads["b3"] = dZ3.sum(axis=0)

    dA2 = dZ3 @ W3.T
    dZ2 = dA2 * relu_grad(Z2)
    grads["W2"] = A1.T @ dZ2 + LAMBDA * W2
    grads["b2"] = dZ2.sum(axis=0)

    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * relu_grad(Z1)
    grads["W1"] = X.T @ dZ1 + LAMBDA * W1
    grads["b1"] = dZ1.sum(axis=0)

    return grads


def setup(rng):
    n, h1, h2, k = 4, 5, 3, 2
    images = rng.integers(0, 256, size=(n, 2, 3)).astype(float)
    labels = np.array([1, 0, 1, 1])
    args = (images, labels,
            rng.normal(size=(6, h1)), rng.normal(size=h1) * 0.3 + 0.3,
            rng.normal(size=(h1, h2)), rng.normal(size=h2) * 0.3,
            rng.normal(size=(h2, k)), rng.normal(size=k) * 0.3)
    return cross_entropy_loss, process_minibatch, args, {
        "wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
