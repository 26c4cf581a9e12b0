# Self-attention from scratch, part 2: backprop by hand.
# One head, one sequence, causal mask, squared error on the projected output.
import numpy as np


def softmax(x):
    ex = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return ex / np.sum(ex, axis=-1, keepdims=True)


def softmax_jacobian(p):
    """d softmax_i / d x_j = p_i * (delta_ij - p_j) for one row p"""
    p = p.reshape(-1, 1)
    return np.diagflat(p) - p @ p.T


def causal_mask(T):
    return np.triu(np.ones((T, T)), k=1) * -1e9


def attention_loss(X, Wq, Wk, Wv, Wo, bo, target):
    steps, d_k = X.shape[0], Wk.shape[1]
    s = (X @ Wq) @ (X @ Wk).T / np.sqrt(d_k)
    s = np.where(np.arange(steps)[None, :] > np.arange(steps)[:, None], -1e9, s)
    w = np.exp(s - s.max(axis=1, keepdims=True))
    w = w / w.sum(axis=1, keepdims=True)
    y = w @ (X @ Wv) @ Wo + bo
    return np.mean((y - target) ** 2)


def attention_backward(X, Wq, Wk, Wv, Wo, bo, target):
    T, d_k = X.shape[0], Wk.shape[1]
    scale = 1.0 / np.sqrt(d_k)

    # ---- forward, keep the pieces ----
    Q = np.dot(X, Wq)
    K = np.dot(X, Wk)
    V = np.dot(X, Wv)
    scores = np.dot(Q, K.T) * scale + causal_mask(T)
    A = softmax(scores)
    context = np.dot(A, V)
    out = np.dot(context, Wo) + bo

    # ---- backward ----
    # mean squared error over all the entries of out
    d_out = 2.0 * (out - target) / out.size

    # output projection
    d_Wo = np.dot(context.T, d_out)
    d_bo = np.sum(d_out, axis=0)
    d_context = np.dot(d_out, Wo.T)

    # context = A V
    d_A = np.dot(d_context, V.T)
    d_V = np.dot(A.T, d_context)

    # softmax, one row (= one query) at a time
    d_scores = np.zeros_like(scores)
    for t in range(T):
        J = softmax_jacobian(A[t])
        d_scores[t] = np.dot(J, d_A[t])
    d_scores *= scale

    # scores = Q K^T
    d_Q = np.dot(d_scores, K)
    d_K = np.dot(d_scores.T, Q)

    # the three projections
    d_Wq = np.dot(X.T, d_Q)
    d_Wk = np.dot(X.T, d_K)
    d_Wv = np.dot(X.T, d_V)

    # X is used three times, so its gradient has three parts
    d_X = np.dot(d_Q, Wq.T)
    d_X += np.dot(d_K, Wk.T)
    d_X += np.dot(d_V, Wv.T)
    return d_X, d_Wq, d_Wk, d_Wv, d_Wo, d_bo


def setup(rng):
    X = rng.normal(size=(4, 3))
    Wq, Wk = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    Wv, Wo = rng.normal(size=(3, 6)), rng.normal(size=(6, 2))
    bo, target = rng.normal(size=2), rng.normal(size=(4, 2))
    args = (X, Wq, Wk, Wv, Wo, bo, target)
    return attention_loss, attention_backward, args, {"wrt": ["X", "Wq", "Wk", "Wv", "Wo", "bo"]}
