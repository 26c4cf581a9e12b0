"""
A transformer block by hand
---------------------------
Companion code for the post "You can derive attention on a napkin".
One causal attention head + residual, then a two-layer feed-forward + residual.
Shapes: X is (B, T, D); Wq, Wk, Wv are (D, K); Wo is (K, D); W1 is (D, F); W2 is (F, D).
"""
import numpy as np


def softmax_rows(S):
    S = S - S.max(axis=-1, keepdims=True)
    E = np.exp(S)
    return E / E.sum(axis=-1, keepdims=True)


def softmax_rows_grad(dA, A):
    # for each row: J^T dA = A * (dA - <dA, A>)
    inner = np.sum(dA * A, axis=-1, keepdims=True)
    return A * (dA - inner)


def block_loss(X, Y, Wq, Wk, Wv, Wo, W1, b1, W2, b2):
    total = 0.0
    for seq, target in zip(X, Y):       # one sequence at a time, slow but clear
        q, k, v = seq.dot(Wq), seq.dot(Wk), seq.dot(Wv)
        rows = []
        for t in range(len(seq)):       # position t sees positions 0..t
            w = np.exp(k[: t + 1].dot(q[t]) / Wq.shape[1] ** 0.5)
            rows.append(w.dot(v[: t + 1]) / w.sum())
        h = seq + np.array(rows).dot(Wo)
        y = h + np.maximum(h.dot(W1) + b1, 0).dot(W2) + b2
        total += np.sum((y - target) ** 2)
    return total / Y.size


def block_grads(X, Y, Wq, Wk, Wv, Wo, W1, b1, W2, b2):
    B, T, D = X.shape
    scale = 1.0 / np.sqrt(Wq.shape[1])

    # ---- forward ----
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.transpose(0, 2, 1) * scale
    mask = np.tril(np.ones((T, T))) > 0
    A = softmax_rows(np.where(mask, S, -1e9))
    C = A @ V
    H = X + C @ Wo
    U = H @ W1 + b1
    R = np.maximum(U, 0)
    out = H + R @ W2 + b2

    # ---- backward: feed-forward ----
    dout = 2.0 * (out - Y) / Y.size
    dW2 = np.einsum("btf,btd->fd", R, dout)
    db2 = dout.sum(axis=(0, 1))
    dU = (dout @ W2.T) * (U > 0)
    dW1 = np.einsum("btd,btf->df", H, dU)
    db1 = dU.sum(axis=(0, 1))
    dH = dout + dU @ W1.T

    # ---- backward: attention ----
    dWo = np.einsum("btk,btd->kd", C, dH)
    dC = dH @ Wo.T
    dA = dC @ V.transpose(0, 2, 1)
    dV = A.transpose(0, 2, 1) @ dC
    dS = softmax_rows_grad(dA, A) * scale
    dQ = dS @ K
    dK = dS.transpose(0, 2, 1) @ Q
    dWq = np.einsum("btd,btk->dk", X, dQ)
    dWk = np.einsum("btd,btk->dk", X, dK)
    dWv = np.einsum("btd,btk->dk", X, dV)
    dX = dH + dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return dX, dWq, dWk, dWv, dWo, dW1, db1, dW2, db2


def setup(rng):
    B, T, D, K, F = 3, 4, 5, 2, 6
    X, Y = rng.normal(size=(B, T, D)), rng.normal(size=(B, T, D))
    Wq, Wk, Wv = (rng.normal(size=(D, K)) * 0.6 for _ in range(3))
    Wo = rng.normal(size=(K, D)) * 0.7
    W1, b1 = rng.normal(size=(D, F)) * 0.5, rng.normal(size=F) * 0.1
    W2, b2 = rng.normal(size=(F, D)) * 0.5, rng.normal(size=D) * 0.1
    wrt = ["X", "Wq", "Wk", "Wv", "Wo", "W1", "b1", "W2", "b2"]
    return block_loss, block_grads, (X, Y, Wq, Wk, Wv, Wo, W1, b1, W2, b2), {"wrt": wrt}
