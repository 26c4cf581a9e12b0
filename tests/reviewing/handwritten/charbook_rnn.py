# Character-level vanilla RNN with the letters of the Deep Learning book:
#   a_t = b + W h_{t-1} + U x_t,   h_t = tanh(a_t),   o_t = c + V h_t
# everything is a column vector, dicts are keyed by the time step
import numpy as np


def one_hot(k, size):
    v = np.zeros((size, 1))
    v[k] = 1.0
    return v


def softmax(o):
    e = np.exp(o - np.max(o))
    return e / e.sum()


def nll(chars, nexts, h0, U, W, V, b, c):
    """summed negative log-likelihood (nats) of the next characters"""
    s = h0
    total = 0.0
    for ch, nx in zip(chars, nexts):
        s = np.tanh(U[:, [ch]] + W @ s + b)
        logits = V @ s + c
        total += np.log(np.exp(logits).sum()) - logits[nx, 0]
    return total


def bptt(chars, nexts, h0, U, W, V, b, c):
    vocab = U.shape[1]
    T = len(chars)
    x, h, p = {}, {}, {}
    h[-1] = np.copy(h0)
    for t in range(T):
        x[t] = one_hot(chars[t], vocab)
        h[t] = np.tanh(np.dot(U, x[t]) + np.dot(W, h[t - 1]) + b)
        p[t] = softmax(np.dot(V, h[t]) + c)

    dU, dW, dV = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V)
    db, dc = np.zeros_like(b), np.zeros_like(c)
    dh_next = np.zeros_like(h[0])
    for t in reversed(range(T)):
        do = np.copy(p[t])
        do[nexts[t]] -= 1.0             # softmax + cross entropy
        dV += np.dot(do, h[t].T)
        dc += do
        dh = np.dot(V.T, do) + dh_next  # from above and from the future
        da = (1.0 - h[t] * h[t]) * dh
        db += da
        dU += np.dot(da, x[t].T)
        dW += np.dot(da, h[t - 1].T)
        dh_next = np.dot(W.T, da)

    for g in [dU, dW, dV, db, dc]:
        np.clip(g, -5, 5, out=g)        # exploding gradients
    return {"dU": dU, "dW": dW, "dV": dV, "db": db, "dc": dc, "dh0": dh_next}


def sample(h, seed, n, U, W, V, b, c, rng):
    picked = []
    x = one_hot(seed, U.shape[1])
    for _ in range(n):
        h = np.tanh(U @ x + W @ h + b)
        probs = softmax(V @ h + c)
        k = rng.choice(len(probs), p=probs.ravel())
        x = one_hot(k, U.shape[1])
        picked.append(k)
    return picked


def setup(rng):
    vocab, hid, T = 6, 4, 5
    U = rng.normal(size=(hid, vocab)) * 0.6
    W = rng.normal(size=(hid, hid)) * 0.5
    V = rng.normal(size=(vocab, hid)) * 0.6
    b, c = rng.normal(size=(hid, 1)) * 0.2, rng.normal(size=(vocab, 1)) * 0.2
    h0 = rng.normal(size=(hid, 1)) * 0.5
    text = [int(k) for k in rng.permutation(vocab)]
    return nll, bptt, (text[:T], text[1:], h0, U, W, V, b, c), {
        "wrt": ["U", "W", "V", "b", "c", "h0"]}
