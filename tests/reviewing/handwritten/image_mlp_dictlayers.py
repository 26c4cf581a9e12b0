import numpy as np
# "A digit classifier from scratch, part 3": layers are just dicts!
#   {'W': ..., 'b': ..., 'act': 'relu' | 'tanh' | 'softmax'}

LEARNING_RATE = 0.1
WEIGHT_DECAY = 0.02
KEEP_PROB = 0.8


def flatten_images(images):
    """(n, rows, cols) in 0..255  ->  (n, rows * cols), centred per image"""
    x = images.reshape(images.shape[0], -1) / 255.0
    return x - x.mean(axis=1, keepdims=True)


def total_loss(W1, b1, W2, b2, W3, b3, images, labels, drop):
    """Cross-entropy plus weight decay. `drop` is the 0/1 dropout mask."""
    a = flatten_images(images)
    z = a @ W1 + b1
    a = np.where(z > 0, z, 0.1 * z) * drop / KEEP_PROB
    a = np.tanh(a @ W2 + b2)
    scores = a @ W3 + b3
    logp = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    decay = sum((W ** 2).sum() for W in (W1, W2, W3))
    return -logp[np.arange(len(labels)), labels].mean() + 0.5 * WEIGHT_DECAY * decay


def apply_act(z, name):
    if name == 'relu':
        return np.maximum(z, 0.1 * z)
    elif name == 'tanh':
        return np.tanh(z)
    elif name == 'softmax':
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


def act_grad(layer):
    if layer['act'] == 'relu':
        return np.where(layer['z'] > 0, 1.0, 0.1)
    elif layer['act'] == 'tanh':
        return 1.0 - layer['out'] ** 2


def train_step(W1, b1, W2, b2, W3, b3, images, labels, drop):
    layers = [
        {'W': W1.copy(), 'b': b1.copy(), 'act': 'relu', 'mask': drop / KEEP_PROB},
        {'W': W2.copy(), 'b': b2.copy(), 'act': 'tanh'},
        {'W': W3.copy(), 'b': b3.copy(), 'act': 'softmax'},
    ]
    # ---- forward
    x = flatten_images(images)
    for layer in layers:
        layer['in'] = x
        layer['z'] = x @ layer['W'] + layer['b']
        layer['out'] = apply_act(layer['z'], layer['act'])
        x = layer['out']
        if 'mask' in layer:
            x = x * layer['mask']
    # ---- backward
    n = images.shape[0]
    for i, layer in reversed(list(enumerate(layers))):
        if i == len(layers) - 1:
            delta = layer['out'].copy()
            delta[np.arange(n), labels] -= 1
            delta /= n
        else:
            delta = upstream
            if 'mask' in layer:
                delta = delta * layer['mask']
            delta = delta * act_grad(layer)
        grad_W = layer['in'].T @ delta + WEIGHT_DECAY * layer['W']
        grad_b = delta.sum(axis=0)
        upstream = delta @ layer['W'].T
        layer['W'] -= LEARNING_RATE * grad_W
        layer['b'] -= LEARNING_RATE * grad_b
    return tuple(layer[key] for layer in layers for key in ('W', 'b'))


def setup(rng):
    n, rows, cols, h1, h2, k = 5, 2, 3, 4, 3, 2
    images = rng.integers(0, 256, size=(n, rows, cols)).astype(float)
    labels = rng.integers(0, k, size=n)
    drop = (rng.random((n, h1)) < KEEP_PROB).astype(float)
    drop[0, 0] = 0.0
    W1, b1 = rng.normal(size=(rows * cols, h1)), rng.normal(size=h1) * 0.5
    W2, b2 = rng.normal(size=(h1, h2)) * 0.6, rng.normal(size=h2) * 0.3
    W3, b3 = rng.normal(size=(h2, k)) * 0.6, rng.normal(size=k) * 0.3
    args = (W1, b1, W2, b2, W3, b3, images, labels, drop)
    return total_loss, train_step, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"], "returns": "updated", "lr": 0.1}
