"""
Self-attention from scratch (part 2: the backward pass)

One head, no masking, no batching tricks: we simply loop over the sentences.
Each sentence `x` is a (T, D) array of embeddings. After the attention we average
over the words and compare with a target vector.
"""
import math
import numpy as np


def row_softmax(scores):
    out = np.zeros_like(scores)
    for i, row in enumerate(scores):
        e = np.exp(row - row.max())
        out[i] = e / e.sum()
    return out


def attention_loss(X, Y, Wq, Wk, Wv, Wo):
    """Mean over the sentences of the squared distance |pooled - y|^2."""
    total = 0.0
    for x, y in zip(X, Y):
        s = (x @ Wq) @ (x @ Wk).T / math.sqrt(Wq.shape[1])
        a = np.exp(s - s.max(axis=1, keepdims=True))
        a = a / a.sum(axis=1, keepdims=True)
        pooled = (a @ (x @ Wv) @ Wo).mean(axis=0)
        total += ((pooled - y) ** 2).sum()
    return total / len(X)


def attend(x, Wq, Wk, Wv, Wo):
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    weights = row_softmax(q @ k.T / math.sqrt(q.shape[1]))
    context = weights @ v
    out = context @ Wo
    return out.mean(axis=0), (q, k, v, weights, context)


def attention_grads(X, Y, Wq, Wk, Wv, Wo):
    n = len(X)
    gWq, gWk = np.zeros_like(Wq), np.zeros_like(Wk)
    gWv, gWo = np.zeros_like(Wv), np.zeros_like(Wo)
    gX = np.zeros_like(X)

    for i in range(n):
        x, y = X[i], Y[i]
        n_words = x.shape[0]
        pooled, (q, k, v, weights, context) = attend(x, Wq, Wk, Wv, Wo)
        scale = 1.0 / math.sqrt(q.shape[1])

        # loss -> mean pooling: every word gets the same share
        d_pooled = 2.0 * (pooled - y) / n
        d_out = np.tile(d_pooled / n_words, (n_words, 1))

        # output projection
        gWo += context.T @ d_out
        d_context = d_out @ Wo.T

        # context = weights @ v
        d_weights = d_context @ v.T
        d_v = weights.T @ d_context

        # softmax, row by row: ds = a * (da - sum(a * da))
        inner = (weights * d_weights).sum(axis=1, keepdims=True)
        d_scores = weights * (d_weights - inner)

        # scores = q k^T * scale
        d_q = d_scores @ k * scale
        d_k = d_scores.T @ q * scale

        gWq += x.T @ d_q
        gWk += x.T @ d_k
        gWv += x.T @ d_v
        gX[i] = d_q @ Wq.T + d_k @ Wk.T + d_v @ Wv.T

    return gWq, gWk, gWv, gWo, gX


def setup(rng):
    X = rng.standard_normal((3, 6, 4))
    Y = rng.standard_normal((3, 2))
    Wq, Wk = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    Wv, Wo = rng.standard_normal((4, 5)), rng.standard_normal((5, 2))
    return attention_loss, attention_grads, (X, Y, Wq, Wk, Wv, Wo), {"wrt": ["Wq", "Wk", "Wv", "Wo", "X"]}
