"""An RNN of 5 steps over a batch of rows, squared error at the end only; U, W, V, lists of states."""
import numpy as np


def make(seed, N=7, T=5, D=3, H=4, K=2):
    rng = np.random.default_rng(seed)
    params = {"U": rng.standard_normal((D, H)) / np.sqrt(D), "W": rng.standard_normal((H, H)) / np.sqrt(H),
              "b": 0.4 * rng.standard_normal(H), "V": rng.standard_normal((H, K)) / np.sqrt(H),
              "c": 0.4 * rng.standard_normal(K)}
    return params, {"X": rng.standard_normal((N, T, D)), "y": rng.standard_normal((N, K))}


def forward(al, params, data):
    X = data["X"]
    names = {}
    h = np.zeros((X.shape[0], params["W"].shape[0]))
    for t in range(X.shape[1]):
        a = (X[:, t, :] @ params["U"] + h @ params["W"] + params["b"]).named(f"a{t + 1}")
        h = al.tanh(a).named(f"h{t + 1}")
        names.update({f"a{t + 1}": a, f"h{t + 1}": h})
    o = (h @ params["V"] + params["c"]).named("o")
    return 0.5 * ((o - data["y"]) ** 2).sum() / len(X), {**names, "o": o}


# ---- handwritten ----
def backward(params, data):
    X, y = data["X"], data["y"]
    U, W, b, V, c = params["U"], params["W"], params["b"], params["V"], params["c"]
    N, T, _ = X.shape
    h = [np.zeros((N, W.shape[0]))]
    a = [None]
    for t in range(T):
        a.append(X[:, t, :] @ U + h[t] @ W + b)
        h.append(np.tanh(a[t + 1]))
    o = h[T] @ V + c

    do = (o - y) / N
    dV = h[T].T @ do
    dc = do.sum(axis=0)
    out = {"o": do}
    dU, dW, db = np.zeros(U.shape), np.zeros(W.shape), np.zeros(b.shape)
    dh = do @ V.T
    for t in range(T, 0, -1):
        out[f"h{t}"] = dh
        da = dh * (1 - h[t] ** 2)
        out[f"a{t}"] = da
        dU += X[:, t - 1, :].T @ da
        dW += h[t - 1].T @ da
        db += da.sum(axis=0)
        dh = da @ W.T
    return {"U": dU, "W": dW, "b": db, "V": dV, "c": dc, **out}
