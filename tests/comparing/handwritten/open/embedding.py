"""Embedding (CBOW): the mean of the embeddings of the context words, tanh, softmax over the vocabulary; np.add.at."""
import numpy as np


def make(seed, N=7, C=3, V=8, E=5, H=4):
    rng = np.random.default_rng(seed)
    params = {"emb": rng.standard_normal((V, E)), "W": rng.standard_normal((E, H)) / np.sqrt(E), "bias": 0.4 * rng.standard_normal(H),
              "U": rng.standard_normal((H, V)) / np.sqrt(H)}
    context = np.sort(rng.integers(0, V, (N, C)), axis=1)
    context[0] = [2] * C  # a word twice in one context, and in several
    context[1, 0] = 2
    return params, {"context": context, "target": rng.integers(0, V, N)}


def forward(al, params, data):
    context, target = data["context"], data["target"]
    e = params["emb"][context].named("e")
    v = e.mean(axis=1).named("v")
    s = (v @ params["W"] + params["bias"]).named("s")
    h = np.tanh(s).named("h")
    o = (h @ params["U"]).named("o")
    logp = o - np.log(np.exp(o).sum(axis=1, keepdims=True))
    return -np.sum(logp[np.arange(len(target)), target]), dict(e=e, v=v, s=s, h=h, o=o)


# ---- handwritten ----
def backward(params, data):
    context, target = data["context"], data["target"]
    emb, W, bias, U = params["emb"], params["W"], params["bias"], params["U"]
    N, C = context.shape
    e = emb[context]
    v = e.mean(axis=1)
    s = v @ W + bias
    h = np.tanh(s)
    o = h @ U
    p = np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)

    onehot = np.zeros_like(p)
    onehot[np.arange(N), target] = 1
    do = p - onehot
    dU = h.T @ do
    dh = do @ U.T
    ds = dh * (1 - h ** 2)
    dW = v.T @ ds
    dbias = ds.sum(axis=0)
    dv = ds @ W.T
    de = np.repeat(dv[:, None, :], C, axis=1) / C
    demb = np.zeros_like(emb)
    for i in range(N):
        for j in range(C):
            demb[context[i, j]] += de[i, j]
    return {"o": do, "U": dU, "h": dh, "s": ds, "W": dW, "bias": dbias, "v": dv, "e": de, "emb": demb}
