"""One training step, and training on digits, in each way of writing it that `benchmark.py` times.

Every contender trains the same network from the same parameters with the mean squared error. Where
a library has several ways, the one that proved fastest for these networks is here.
"""

import warnings
from functools import partial
from itertools import pairwise

import numpy as np

import nn

LR = 1e-3


def problem(sizes, batch, seed=0):
    """A batch, its targets, and initial parameters, all float32."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, sizes[0]), np.float32)
    t = rng.random((batch, sizes[-1]), np.float32)
    return x, t, *parameters(sizes, rng)


def parameters(sizes, rng):
    """Weights and biases of the layers."""
    W = [nn.init.lecun(rng, shape).astype(np.float32) for shape in pairwise(sizes)]
    b = [np.zeros(n, np.float32) for n in sizes[1:]]
    return W, b


def sigmoids(sizes):
    """Whether each layer ends in a sigmoid: all do in the deepest network, else the last one."""
    layers = len(sizes) - 1
    return [layers == 5 or i == layers - 1 for i in range(layers)]


# Steps: each function prepares a step of SGD and returns it; the step returns its loss.


def handwritten(sizes, batch):
    """The step that a person writes with numpy."""
    x, t, W, b = problem(sizes, batch)
    return partial(numpy_step, x, t, W, b, sigmoids(sizes), LR)


def numpy_step(x, t, W, b, sigmoid, lr):
    a, inputs, outputs = x, [], []
    for Wi, bi, is_sigmoid in zip(W, b, sigmoid):
        inputs.append(a)
        z = a @ Wi + bi
        a = 1 / (1 + np.exp(-z)) if is_sigmoid else np.maximum(z, 0)
        outputs.append(a)
    error = a - t
    loss = np.mean(error * error)
    d = (2 / error.size) * error
    dW, db = [None] * len(W), [None] * len(W)
    for i in reversed(range(len(W))):
        a = outputs[i]
        d = d * a * (1 - a) if sigmoid[i] else d * (a > 0)
        dW[i], db[i] = inputs[i].T @ d, d.sum(axis=0)
        if i:
            d = d @ W[i].T
    for i in range(len(W)):
        W[i] -= lr * dW[i]
        b[i] -= lr * db[i]
    return loss


def eager(sizes, batch):
    """autograd_lite: an expression, backward() and nn.SGD."""
    x, t, W, b = problem(sizes, batch)
    model = mlp(sizes, W, b)
    optimizer = nn.SGD(model.parameters(), lr=LR)

    def step():
        optimizer.zero_grad()
        loss = nn.mse(model(x), t)
        loss.backward()
        value = loss.item()
        del loss  # and with it the graph, as nn.fit does before it updates
        optimizer.step()
        return value

    return step


def mlp(sizes, W, b):
    """The network as an nn.MLP with these parameters."""
    hidden = "sigmoid" if all(sigmoids(sizes)) else "relu"
    model = nn.MLP(sizes, activation=hidden, output="sigmoid", dtype=np.float32)
    for p, value in zip(model.parameters(), [v for pair in zip(W, b) for v in pair]):
        p.assign(value)
    return model


def compiled(sizes, batch):
    """autograd_lite: the whole step compiled, as nn.fit runs it."""
    x, t, W, b = problem(sizes, batch)
    model = mlp(sizes, W, b)
    step = nn.Step(model, nn.mse, nn.SGD(model.parameters(), lr=LR))
    step.__enter__()  # and never left: the parameters stay in the step's arrays
    return partial(step, x, t)


def compiled_with(sigmoid, sizes, batch):
    """The whole step compiled, every layer a sigmoid, as one may write it."""
    x, t, W, b = problem(sizes, batch)
    layers = [layer for pair in zip(W, b) for layer in (affine(*pair), sigmoid)]
    model = nn.Sequential(*layers)
    step = nn.Step(model, nn.mse, nn.SGD(model.parameters(), lr=LR))
    step.__enter__()
    return partial(step, x, t)


def affine(W, b):
    """A layer with these parameters."""
    layer = nn.Linear(*W.shape, dtype=W.dtype)
    layer.W.data, layer.b.data = W, b
    return layer


def written_out(z):
    return 1 / (1 + np.exp(-z))


def pytorch(sizes, batch):
    """PyTorch, eager. Updating by hand is faster than each form of torch.optim.SGD."""
    import torch

    x, t, W, b = problem(sizes, batch)
    W, b = ([torch.from_numpy(p).requires_grad_() for p in group] for group in (W, b))
    return partial(
        pytorch_step, torch.from_numpy(x), torch.from_numpy(t), W, b, sigmoids(sizes), LR
    )


def pytorch_step(x, t, W, b, sigmoid, lr):
    import torch

    a = x
    for Wi, bi, is_sigmoid in zip(W, b, sigmoid):
        z = torch.addmm(bi, a, Wi)
        a = torch.sigmoid(z) if is_sigmoid else torch.relu(z)
    loss = torch.nn.functional.mse_loss(a, t)
    gradients = torch.autograd.grad(loss, W + b)
    with torch.no_grad():
        for p, g in zip(W + b, gradients):
            p.sub_(g, alpha=lr)
    return loss.item()


def jax_jit(sizes, batch):
    """JAX: the whole step under jit, the old parameters' memory donated to the new ones."""
    import jax
    import jax.numpy as jnp

    sigmoid = sigmoids(sizes)

    def loss(params, x, t):
        a = x
        for Wi, bi, is_sigmoid in zip(*params, sigmoid):
            z = a @ Wi + bi
            a = jax.nn.sigmoid(z) if is_sigmoid else jax.nn.relu(z)
        return jnp.mean((a - t) ** 2)

    @partial(jax.jit, donate_argnums=0)
    def update(params, x, t):
        value, gradients = jax.value_and_grad(loss)(params, x, t)
        return value, jax.tree.map(lambda p, g: p - LR * g, params, gradients)

    x, t, *params = jax.tree.map(jnp.asarray, problem(sizes, batch))

    def step():
        nonlocal params
        value, params = update(params, x, t)
        return float(value)  # waits for the result

    return step


def hips(sizes, batch):
    """HIPS autograd."""
    import autograd
    import autograd.numpy as anp

    x, t, *params = problem(sizes, batch)
    sigmoid = sigmoids(sizes)

    def loss(params):
        a = x
        for Wi, bi, is_sigmoid in zip(*params, sigmoid):
            z = anp.dot(a, Wi) + bi
            a = 1 / (1 + anp.exp(-z)) if is_sigmoid else anp.maximum(z, 0)
        return anp.mean((a - t) ** 2)

    value_and_gradients = autograd.value_and_grad(loss)

    def step():
        value, gradients = value_and_gradients(params)
        for group, group_gradients in zip(params, gradients):
            for p, g in zip(group, group_gradients):
                p -= LR * g
        return value

    return step


def mygrad(sizes, batch):
    """MyGrad, without its guard against arrays that change under a graph."""
    import mygrad as mg
    from mygrad.nnet.activations import relu, sigmoid

    x, t, W, b = problem(sizes, batch)
    W, b = ([mg.tensor(p) for p in group] for group in (W, b))
    is_sigmoid = sigmoids(sizes)

    @mg.mem_guard_off
    def step():
        a = x
        for i, (Wi, bi) in enumerate(zip(W, b)):
            z = mg.matmul(a, Wi) + bi
            a = sigmoid(z) if is_sigmoid[i] else relu(z)
        loss = mg.mean((a - t) ** 2)
        loss.backward()
        for p in W + b:
            p.data -= LR * p.grad
            p.null_grad()
        return loss.item()

    return step


def products(sizes, batch):
    """The matrix products of the step and nothing else."""
    x, _, W, _ = problem(sizes, batch)
    rng = np.random.default_rng(1)
    a = [x] + [rng.standard_normal((batch, n), np.float32) for n in sizes[1:]]

    def step():
        for i, Wi in enumerate(W):
            a[i] @ Wi
            a[i].T @ a[i + 1]
            if i:
                a[i + 1] @ Wi.T

    return step


STEPS = {
    "handwritten": handwritten,
    "compiled": compiled,
    "eager": eager,
    "JAX jit": jax_jit,
    "PyTorch": pytorch,
    "MyGrad": mygrad,
    "HIPS autograd": hips,
    "products": products,
}


# Digits: each function trains on x, targets t and classes, and returns the outputs after training.

DIGITS = (64, 15, 10)
DIGITS_LR, DIGITS_BATCH = 0.1, 15


def digits():
    """The 1,797 images, each pixel in [0, 1], their one-hot targets, float32, and their classes."""
    from sklearn.datasets import load_digits

    x, classes = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32), np.eye(10, dtype=np.float32)[classes], classes


def digits_handwritten(x, t, classes, epochs):
    rng = np.random.default_rng(0)
    W, b = parameters(DIGITS, rng)
    sigmoid = sigmoids(DIGITS)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for i in range(0, len(x), DIGITS_BATCH):
            rows = order[i : i + DIGITS_BATCH]
            numpy_step(x[rows], t[rows], W, b, sigmoid, DIGITS_LR)
    return mlp(DIGITS, W, b).predict(x)


def digits_fit(x, t, classes, epochs):
    rng = np.random.default_rng(0)
    model = mlp(DIGITS, *parameters(DIGITS, rng))
    sgd = nn.SGD(model.parameters(), lr=DIGITS_LR)
    options = {"epochs": epochs, "batch_size": DIGITS_BATCH, "rng": rng, "progress": False}
    nn.fit(model, nn.mse, x, t, sgd, **options)
    return model.predict(x)


def digits_pytorch(x, t, classes, epochs):
    import torch

    rng = np.random.default_rng(0)
    W, b = (
        [torch.from_numpy(p).requires_grad_() for p in group] for group in parameters(DIGITS, rng)
    )
    sigmoid = sigmoids(DIGITS)
    xs, ts = torch.from_numpy(x), torch.from_numpy(t)
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for rows in order.split(DIGITS_BATCH):
            pytorch_step(xs[rows], ts[rows], W, b, sigmoid, DIGITS_LR)
    W, b = ([p.detach().numpy() for p in group] for group in (W, b))
    return mlp(DIGITS, W, b).predict(x)


def digits_scikit_learn(x, t, classes, epochs):
    """Plain SGD as above; the loss is cross-entropy, scikit-learn's only one for classes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden_layer_sizes=DIGITS[1:-1],
        solver="sgd",
        alpha=0,
        momentum=0,
        nesterovs_momentum=False,
        learning_rate_init=DIGITS_LR,
        batch_size=DIGITS_BATCH,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=1000,  # all epochs, no early stop
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, classes).predict_proba(x)


DIGITS_LOOPS = {
    "handwritten": digits_handwritten,
    "nn.fit": digits_fit,
    "scikit-learn": digits_scikit_learn,
    "PyTorch": digits_pytorch,
}
