"""
Reading short sentences with a vanilla RNN, in nothing but numpy
Companion code for the post. Words are looked up in a table E, a tanh RNN reads them (skipping <pad>);
the sentence vector, the LAST state plus the MEAN of those at real words, goes to a softmax.
"""
import numpy as np

PAD = 0
LEARNING_RATE = 0.1


def sentence_loss(E, Wxh, Whh, bh, Why, by, docs, labels):
    """Mean cross entropy of the batch."""
    N, T = docs.shape
    h = np.zeros((N, Whh.shape[0]))
    pooled, count = np.zeros_like(h), np.zeros((N, 1))
    for t in range(T):
        real = (docs[:, t] != PAD)[:, None]
        h = np.where(real, np.tanh(E[docs[:, t]] @ Wxh + h @ Whh + bh), h)
        pooled = pooled + np.where(real, h, 0.0)
        count = count + real
    scores = (h + pooled / count) @ Why + by
    logp = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(N), labels])


def softmax(scores):
    exps = np.exp(scores - np.max(scores, axis=1, keepdims=True))   # shift for stability!
    return exps / np.sum(exps, axis=1, keepdims=True)


def train_step(E, Wxh, Whh, bh, Why, by, docs, labels):
    """One step of plain gradient descent. Gives back the new parameters."""
    N, T = docs.shape
    mask = (docs != PAD).astype(float)
    lengths = mask.sum(axis=1, keepdims=True)

    # ---- 1. read the sentences, remember everything (hs[0] is the empty state)
    hs, cands = np.zeros((T + 1, N, bh.size)), []
    for t in range(T):
        m = mask[:, t:t + 1]
        cands.append(np.tanh(E[docs[:, t]] @ Wxh + hs[t] @ Whh + bh))
        hs[t + 1] = m * cands[t] + (1 - m) * hs[t]
    pooled = np.einsum('tnh,nt->nh', hs[1:], mask) / lengths
    sentence = hs[T] + pooled
    probs = softmax(sentence @ Why + by)

    # ---- 2. the output layer
    dscores = probs.copy()
    dscores[np.arange(N), labels] -= 1
    dscores /= N
    dWhy = sentence.T @ dscores
    dby = dscores.sum(axis=0)
    dsentence = dscores @ Why.T

    # ---- 3. back through time
    dE, dWxh, dWhh, dbh = (np.zeros_like(p) for p in (E, Wxh, Whh, bh))
    dh = dsentence.copy()              # from "the last state"
    for t in reversed(range(T)):
        m = mask[:, t:t + 1]
        dh = dh + dsentence * m / lengths    # from "the mean"
        dcand = dh * m
        dpre = dcand * (1 - cands[t] ** 2)
        dWxh += E[docs[:, t]].T @ dpre
        dWhh += hs[t].T @ dpre
        dbh += dpre.sum(axis=0)
        np.add.at(dE, docs[:, t], dpre @ Wxh.T)
        dh = dpre @ Whh.T + dh * (1 - m)

    # ---- 4. take the step
    E = E - LEARNING_RATE * dE
    Wxh = Wxh - LEARNING_RATE * dWxh
    Whh = Whh - LEARNING_RATE * dWhh
    bh = bh - LEARNING_RATE * dbh
    Why = Why - LEARNING_RATE * dWhy
    by = by - LEARNING_RATE * dby
    return E, Wxh, Whh, bh, Why, by


def setup(rng):
    V, D, H, C, N, T = 7, 3, 5, 2, 4, 6
    docs = rng.integers(1, V, size=(N, T))
    docs[1, 4:] = PAD
    docs[2, 2] = PAD
    docs[3, 3:], docs[3, 0] = PAD, docs[0, 0]
    args = (0.8 * rng.normal(size=(V, D)), 0.6 * rng.normal(size=(D, H)), 0.5 * rng.normal(size=(H, H)),
            0.3 * rng.normal(size=H), rng.normal(size=(H, C)), 0.3 * rng.normal(size=C), docs, np.array([0, 1, 1, 0]))
    return sentence_loss, train_step, args, {"wrt": ["E", "Wxh", "Whh", "bh", "Why", "by"],
                                             "returns": "updated", "lr": 0.1}
