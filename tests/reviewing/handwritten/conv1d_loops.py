# 1D CNN from scratch, no im2col, only loops so that I can follow every index
# signal (C, L) -> conv -> relu -> max pool -> dense -> softmax
import numpy as np

PAD = 1
POOL = 3
STEP = 2     # pooling windows overlap by one


def pad_signal(x):
    C, L = x.shape
    out = np.zeros((C, L + 2 * PAD))
    out[:, PAD:PAD + L] = x
    return out

def cnn_loss(K, kb, D, db, X, labels):
    total = 0.0
    for x, label in zip(X, labels):
        xp = np.pad(x, ((0, 0), (PAD, PAD)))
        T = xp.shape[1] - K.shape[2] + 1
        fm = np.array([[np.sum(xp[:, t:t + K.shape[2]] * K[f]) + kb[f] for t in range(T)] for f in range(len(K))])
        fm = np.where(fm > 0, fm, 0)
        pooled = np.array([[max(row[s:s + POOL]) for s in range(0, T - POOL + 1, STEP)] for row in fm])
        scores = D.dot(pooled.ravel()) + db
        top = scores.max()
        total += top + np.log(np.sum(np.exp(scores - top))) - scores[label]
    return total / len(X)


def cnn_grads(K, kb, D, db, X, labels):
    n_samples, (F, C, width) = len(X), K.shape
    g = {'K': np.zeros_like(K), 'kb': np.zeros_like(kb),
         'D': np.zeros_like(D), 'db': np.zeros_like(db)}

    for n in range(n_samples):
        # ---------- forward, keep everything ----------
        xp = pad_signal(X[n])
        T = xp.shape[1] - width + 1
        conv = np.zeros((F, T))
        for f in range(F):
            for t in range(T):
                conv[f, t] = np.sum(xp[:, t:t + width] * K[f]) + kb[f]
        act = np.maximum(conv, 0)
        P = (T - POOL) // STEP + 1
        pooled = np.zeros((F, P))
        where = np.zeros((F, P), dtype=int)
        for f in range(F):
            for p in range(P):
                window = act[f, p * STEP:p * STEP + POOL]
                where[f, p] = p * STEP + np.argmax(window)
                pooled[f, p] = act[f, where[f, p]]
        flat = pooled.reshape(-1)
        scores = np.dot(D, flat) + db
        e = np.exp(scores - np.max(scores))
        prob = e / np.sum(e)

        # ---------- backward ----------
        dscores = prob.copy()
        dscores[labels[n]] -= 1
        dscores /= n_samples
        g['D'] += np.outer(dscores, flat)
        g['db'] += dscores
        dpooled = np.dot(D.T, dscores).reshape(F, P)

        dact = np.zeros_like(act)
        for f in range(F):
            for p in range(P):
                dact[f, where[f, p]] += dpooled[f, p]
        dconv = dact * (conv > 0)

        for f in range(F):
            for t in range(T):
                g['kb'][f] += dconv[f, t]
                for c in range(C):
                    for k in range(width):
                        g['K'][f, c, k] += xp[c, t + k] * dconv[f, t]
    return g


def setup(rng):
    N, C, L, F, width, n_cls = 5, 2, 6, 3, 4, 4
    P = 2      # (6 + 2 - 4 + 1 = 5 positions, windows 0..2 and 2..4)
    K = rng.normal(size=(F, C, width)) * 0.6
    kb = rng.normal(size=F) * 0.2
    D = rng.normal(size=(n_cls, F * P)) * 0.7
    db = rng.normal(size=n_cls) * 0.2
    X = rng.normal(size=(N, C, L))
    labels = rng.integers(0, n_cls, size=N)
    return cnn_loss, cnn_grads, (K, kb, D, db, X, labels), {"wrt": ["K", "kb", "D", "db"]}
