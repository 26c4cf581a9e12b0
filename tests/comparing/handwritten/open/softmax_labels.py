"""Softmax cross-entropy with integer labels, ReLU hidden layer, (n,) biases; probs[range(N), y] -= 1."""
import numpy as np


def make(seed, N=7, D=6, H=5, K=4):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.standard_normal((D, H)) / np.sqrt(D), "b1": 0.4 * rng.standard_normal(H),
              "W2": rng.standard_normal((H, K)) / np.sqrt(H), "b2": 0.4 * rng.standard_normal(K)}
    return params, {"X": rng.standard_normal((N, D)), "y": rng.permutation(np.arange(N) % K)}


def forward(al, params, data):
    X, y = data["X"], data["y"]
    z1 = (X @ params["W1"] + params["b1"]).named("z1")
    h = np.maximum(0, z1).named("h")
    scores = (h @ params["W2"] + params["b2"]).named("scores")
    exps = np.exp(scores - np.max(scores.data, axis=1, keepdims=True))
    probs = exps / exps.sum(axis=1, keepdims=True)
    loss = -np.log(probs[range(len(y)), y]).mean()
    return loss, dict(z1=z1, h=h, scores=scores)


# ---- handwritten ----
def backward(params, data):
    X, y = data["X"], data["y"]
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    N = X.shape[0]
    z1 = X.dot(W1) + b1
    h = np.maximum(0, z1)
    scores = h.dot(W2) + b2
    exp_scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = exp_scores / exp_scores.sum(axis=1, keepdims=True)

    dscores = probs.copy()
    dscores[range(N), y] -= 1
    dscores /= N
    dW2 = h.T.dot(dscores)
    db2 = np.sum(dscores, axis=0)
    dh = dscores.dot(W2.T)
    dz1 = dh.copy()
    dz1[z1 <= 0] = 0
    dW1 = X.T.dot(dz1)
    db1 = np.sum(dz1, axis=0)
    return {"scores": dscores, "W2": dW2, "b2": db2, "h": dh, "z1": dz1, "W1": dW1, "b1": db1}
