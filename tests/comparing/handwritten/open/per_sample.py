"""A two-layer network trained in a loop over samples and neurons: 1-D vectors, np.outer, db += d; mean of squares over the batch."""
import numpy as np


def make(seed, N=6, D=5, H=4, K=3):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.standard_normal((H, D)) / np.sqrt(D), "b1": 0.4 * rng.standard_normal(H),
              "W2": rng.standard_normal((K, H)) / np.sqrt(H), "b2": 0.4 * rng.standard_normal(K)}
    return params, {"data": rng.standard_normal((N, D)), "labels": rng.uniform(-1, 1, (N, K))}


def forward(al, params, data):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    N = len(data["data"])
    total = 0.0
    names = {}
    for i in range(N):
        x, y = data["data"][i], data["labels"][i]
        s1 = (W1 @ x + b1).named(f"s1[{i}]")
        h = np.tanh(s1).named(f"h[{i}]")
        s2 = (W2 @ h + b2).named(f"s2[{i}]")
        out = np.tanh(s2).named(f"out[{i}]")
        total = total + np.sum((out - y) ** 2)
        for v in (s1, h, s2, out):
            names[v.name] = v
    return total / N, names


# ---- handwritten ----
def backward(params, data):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    X, Y = data["data"], data["labels"]
    N = X.shape[0]
    H, K = W1.shape[0], W2.shape[0]
    grads = {}
    gW1, gb1 = np.zeros_like(W1), np.zeros_like(b1)
    gW2, gb2 = np.zeros_like(W2), np.zeros_like(b2)
    for i in range(N):
        x = X[i]
        y = Y[i]
        h = np.tanh(W1 @ x + b1)
        out = np.tanh(W2 @ h + b2)

        err = 2 * (out - y) / N
        delta_out = np.zeros_like(b2)
        for k in range(K):
            delta_out[k] = err[k] * (1 - out[k] ** 2)
        back = np.zeros_like(b1)
        for j in range(H):
            for k in range(K):
                back[j] += delta_out[k] * W2[k, j]
        delta_h = back * (1 - h ** 2)

        gW2 += np.outer(delta_out, h)
        gb2 += delta_out
        gW1 += np.outer(delta_h, x)
        gb1 += delta_h
        grads[f"out[{i}]"], grads[f"s2[{i}]"] = err, delta_out
        grads[f"h[{i}]"], grads[f"s1[{i}]"] = back, delta_h
    grads["W1"], grads["b1"], grads["W2"], grads["b2"] = gW1, gb1, gW2, gb2
    return grads
