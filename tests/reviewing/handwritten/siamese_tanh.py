# Siamese network from scratch
# ----------------------------
# Both inputs go through the SAME two tanh layers; the contrastive loss pulls
# pairs with same=1 together and pushes the others apart up to a margin:
#     L = mean( same * d^2 + (1 - same) * max(0, margin - d)^2 ) / 2
import numpy as np

EPS = 1e-12


def contrastive_loss(W1, b1, W2, b2, xa, xb, same, margin):
    ea = np.tanh(np.tanh(xa.dot(W1) + b1).dot(W2) + b2)
    eb = np.tanh(np.tanh(xb.dot(W1) + b1).dot(W2) + b2)
    d2 = ((ea - eb) ** 2).sum(axis=1)
    gap = np.clip(margin - np.sqrt(d2 + 1e-12), 0, None)
    return 0.5 * np.mean(same * d2 + (1 - same) * gap ** 2)


def embed(x, W1, b1, W2, b2):
    """Returns the embedding and what the backward pass needs."""
    h = np.tanh(x.dot(W1) + b1)
    e = np.tanh(h.dot(W2) + b2)
    cache = (x, h, e)
    return e, cache


def embed_backward(de, cache, W2):
    """Gradients of one branch (the branches are added up by the caller)."""
    x, h, e = cache
    dz2 = de * (1 - e ** 2)
    dW2 = h.T.dot(dz2)
    db2 = dz2.sum(axis=0)
    dh = dz2.dot(W2.T)
    dz1 = dh * (1 - h ** 2)
    dW1 = x.T.dot(dz1)
    db1 = dz1.sum(axis=0)
    return dW1, db1, dW2, db2


def pair_gradient(ea, eb, same, margin):
    """dL/d(ea); the other twin gets the same with a minus sign."""
    n = ea.shape[0]
    diff = ea - eb
    dist = np.sqrt(np.sum(diff ** 2, axis=1) + EPS)
    hinge = np.maximum(margin - dist, 0)
    pull = same
    push = -(1 - same) * hinge / dist
    coef = (pull + push) / n
    return coef[:, np.newaxis] * diff


def contrastive_grads(W1, b1, W2, b2, xa, xb, same, margin):
    ea, cache_a = embed(xa, W1, b1, W2, b2)
    eb, cache_b = embed(xb, W1, b1, W2, b2)

    dea = pair_gradient(ea, eb, same, margin)
    deb = -dea

    grads_a = embed_backward(dea, cache_a, W2)
    grads_b = embed_backward(deb, cache_b, W2)

    # shared weights: both branches contribute
    grads = {}
    for name, ga, gb in zip(["W1", "b1", "W2", "b2"], grads_a, grads_b):
        grads[name] = ga + gb
    return grads


def setup(rng):
    n, n_in, n_hid, n_emb = 5, 4, 6, 3
    args = (rng.normal(size=(n_in, n_hid)) * 0.6, rng.normal(size=n_hid) * 0.5,
            rng.normal(size=(n_hid, n_emb)) * 0.6, rng.normal(size=n_emb) * 0.5,
            rng.normal(size=(n, n_in)), rng.normal(size=(n, n_in)),
            np.array([1.0, 0.0, 0.0, 1.0, 0.0]), 1.4)
    return contrastive_loss, contrastive_grads, args, {"wrt": ["W1", "b1", "W2", "b2"]}
