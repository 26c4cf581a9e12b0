# HW4 problem 2 - one self attention block + mean pooling + softmax classifier
# shapes:  X (N, T, D)   Wq, Wk, Wv (D, dk)   Wo (dk, D)   U (D, C)   c (C,)
import numpy as np

def loss_only(X, Y, Wq, Wk, Wv, Wo, U, c, reg):
    N = X.shape[0]
    total = 0
    for n in range(N):
        x = X[n]
        s = (x @ Wq) @ (x @ Wk).T / np.sqrt(Wq.shape[1])
        a = np.exp(s) / np.exp(s).sum(axis=1)[:, None]
        f = np.tanh(np.mean(x + a @ (x @ Wv) @ Wo, axis=0))
        logits = f @ U + c
        total += np.log(np.exp(logits).sum()) - (Y[n] * logits).sum()
    return total / N + reg * (U ** 2).sum()

def softmax(s):
    # over the last axis
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def softmax_back(dA, A):
    # ds_j = a_j * (da_j - sum_k da_k a_k)
    inner = (dA * A).sum(axis=-1, keepdims=True)
    return A * (dA - inner)

def tr(M):
    return M.transpose(0, 2, 1)

def wgrad(inp, dout):
    """gradient of the weight in inp @ W, summed over examples and positions"""
    return np.tensordot(inp, dout, axes=([0, 1], [0, 1]))

def grads(X, Y, Wq, Wk, Wv, Wo, U, c, reg):
    N, T, D = X.shape
    dk = Wq.shape[1]

    # forward pass
    Q = X @ Wq
    K = X @ Wk
    V = X @ Wv
    A = softmax(Q @ tr(K) / np.sqrt(dk))      # (N, T, T)
    ctx = A @ V                               # (N, T, dk)
    R = X + ctx @ Wo                          # residual
    f = np.tanh(R.mean(axis=1))               # (N, D)
    P = softmax(f @ U + c)

    # classifier
    delta = (P - Y) / N
    dU = f.T @ delta + 2 * reg * U
    dc = delta.sum(axis=0)
    df = delta @ U.T
    dpool = df * (1 - f ** 2)

    # mean pooling gives every position the same share
    dR = np.repeat(dpool[:, None, :], T, axis=1) / T

    # output projection
    dWo = wgrad(ctx, dR)
    dctx = dR @ Wo.T

    # attention
    dA = dctx @ tr(V)
    dV = tr(A) @ dctx
    dS = softmax_back(dA, A) / np.sqrt(dk)
    dQ = dS @ K
    dK = tr(dS) @ Q

    # projections
    dWq = wgrad(X, dQ)
    dWk = wgrad(X, dK)
    dWv = wgrad(X, dV)
    dX = dR.copy()
    dX += dQ @ Wq.T
    dX += dK @ Wk.T
    dX += dV @ Wv.T
    return dX, dWq, dWk, dWv, dWo, dU, dc

def setup(rng):
    N, T, D, dk, C = 3, 4, 5, 2, 6
    W = [rng.normal(size=s) * 0.7 for s in ((D, dk), (D, dk), (D, dk), (dk, D), (D, C))]
    Y = np.eye(C)[rng.integers(0, C, size=N)]
    args = (rng.normal(size=(N, T, D)), Y, *W, rng.normal(size=C) * 0.3, 0.05)
    return loss_only, grads, args, {"wrt": ["X", "Wq", "Wk", "Wv", "Wo", "U", "c"]}
