"""Single-head self-attention on one sequence, scaled dot products, softmax over the keys, output projection, mean squared error."""
import numpy as np


def make(seed, T=7, D=6, dk=4, dv=3, M=5):
    rng = np.random.default_rng(seed)
    return ({"Wq": rng.standard_normal((D, dk)) / np.sqrt(D) * 1.5, "Wk": rng.standard_normal((D, dk)) / np.sqrt(D) * 1.5,
             "Wv": rng.standard_normal((D, dv)) / np.sqrt(D), "Wo": rng.standard_normal((dv, M)) / np.sqrt(dv)},
            {"X": rng.standard_normal((T, D)), "target": rng.standard_normal((T, M))})


def forward(al, params, data):
    X = data["X"]
    Q = np.matmul(X, params["Wq"]).named("Q")
    K = np.matmul(X, params["Wk"]).named("K")
    V = np.matmul(X, params["Wv"]).named("V")
    S = (Q @ K.T / np.sqrt(Q.shape[1])).named("S")
    A = al.softmax(S, axis=-1).named("A")
    O = (A @ V).named("O")
    Y = (O @ params["Wo"]).named("Y")
    return np.mean((Y - data["target"]) ** 2), {"Q": Q, "K": K, "V": V, "S": S, "A": A, "O": O, "Y": Y}


# ---- handwritten ----
def backward(params, data):
    X, target = data["X"], data["target"]
    Wq, Wk, Wv, Wo = params["Wq"], params["Wk"], params["Wv"], params["Wo"]
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    scale = 1.0 / np.sqrt(Q.shape[1])
    S = Q @ K.T * scale
    E = np.exp(S - S.max(axis=1, keepdims=True))
    A = E / E.sum(axis=1, keepdims=True)
    O = A @ V
    Y = O @ Wo

    dY = 2 * (Y - target) / Y.size
    dWo = O.T @ dY
    dO = dY @ Wo.T
    dA = dO @ V.T
    dV = A.T @ dO
    dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
    dQ = dS @ K * scale
    dK = dS.T @ Q * scale
    dWq = X.T @ dQ
    dWk = X.T @ dK
    dWv = X.T @ dV
    return {"Y": dY, "Wo": dWo, "O": dO, "A": dA, "V": dV, "S": dS, "Q": dQ, "K": dK, "Wq": dWq, "Wk": dWk, "Wv": dWv}
