"""
Vanilla RNN for classifying variable-length sequences, from scratch.

Companion code to the post "Padding is not data". Batches are padded to the
longest sequence; where mask == 0 the hidden state is simply carried over.
"""
import numpy as np


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def rnn_loss(X, mask, y, h0, Wxh, Whh, bh, Why, by):
    N, T, _ = X.shape
    state = np.tile(h0, (N, 1))
    for t in range(T):
        m = mask[:, t][:, None]
        proposal = np.tanh(np.dot(X[:, t], Wxh) + np.dot(state, Whh) + bh)
        state = m * proposal + (1 - m) * state
    p = softmax(np.dot(state, Why) + by)
    return -np.log(p[np.arange(N), y]).mean()


def rnn_backward(X, mask, y, h0, Wxh, Whh, bh, Why, by):
    N, T, D = X.shape
    H = Whh.shape[0]

    # ---- forward, storing every state. h[:, t, :] is the state BEFORE step t
    h = np.zeros((N, T + 1, H))
    cand = np.zeros((N, T, H))
    h[:, 0, :] = h0
    for t in range(T):
        keep = mask[:, t].reshape(N, 1)
        cand[:, t, :] = np.tanh(X[:, t, :] @ Wxh + h[:, t, :] @ Whh + bh)
        h[:, t + 1, :] = keep * cand[:, t, :] + (1 - keep) * h[:, t, :]
    probs = softmax(h[:, T, :] @ Why + by)

    # ---- output layer
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dWhy = h[:, T, :].T @ dscores
    dby = dscores.sum(axis=0)
    dh = dscores @ Why.T

    # ---- backprop through time
    dWxh, dWhh, dbh = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(bh)
    for t in reversed(range(T)):
        keep = mask[:, t, np.newaxis]
        draw = (1 - cand[:, t, :] ** 2) * keep * dh   # through tanh
        dWxh += X[:, t, :].T @ draw
        dWhh += h[:, t, :].T @ draw
        dbh += draw.sum(axis=0)
        dh = draw @ Whh.T + (1 - keep) * dh
    dh0 = dh.sum(axis=0)

    return {"dh0": dh0, "dWxh": dWxh, "dWhh": dWhh, "dbh": dbh, "dWhy": dWhy, "dby": dby}


def setup(rng):
    N, T, D, H, K = 4, 5, 3, 6, 2
    X = rng.normal(size=(N, T, D))
    lengths = np.array([5, 3, 2, 4])
    mask = (np.arange(T)[None, :] < lengths[:, None]).astype(float)
    y = rng.integers(0, K, N)
    h0 = 0.5 * rng.normal(size=H)
    Wxh = 0.5 * rng.normal(size=(D, H))
    Whh = 0.5 * rng.normal(size=(H, H))
    bh = 0.2 * rng.normal(size=H)
    Why = rng.normal(size=(H, K))
    by = 0.2 * rng.normal(size=K)
    return rnn_loss, rnn_backward, (X, mask, y, h0, Wxh, Whh, bh, Why, by), {
        "wrt": ["h0", "Wxh", "Whh", "bh", "Why", "by"]}
