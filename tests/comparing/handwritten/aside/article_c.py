"""Article C: 2-3-2 columns, sigmoid everywhere, squared error, gradients averaged over the batch by a loop."""
import numpy as np


def make(seed, N=6, sizes=(4, 5, 3)):
    rng = np.random.default_rng(seed)
    D, H, K = sizes
    params = {"W1": rng.uniform(-1, 1, (H, D)), "b1": rng.uniform(-1, 1, (H, 1)),
              "W2": rng.uniform(-1, 1, (K, H)), "b2": rng.uniform(-1, 1, (K, 1))}
    return params, {"X": rng.uniform(-2, 2, (N, D)), "Y": rng.uniform(0, 1, (N, K))}


def forward(al, params, data):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    cost = 0
    names = {}
    for i, (x, y) in enumerate(zip(data["X"], data["Y"])):
        z1 = (np.dot(W1, x.reshape(-1, 1)) + b1).named(f"z1_{i}")
        a1 = al.sigmoid(z1).named(f"a1_{i}")
        z2 = (np.dot(W2, a1) + b2).named(f"z2_{i}")
        a2 = al.sigmoid(z2).named(f"a2_{i}")
        cost = cost + ((a2 - y.reshape(-1, 1)) ** 2).sum()
        names.update({f"z1_{i}": z1, f"a1_{i}": a1, f"z2_{i}": z2, f"a2_{i}": a2})
    return cost / len(data["X"]), names


# ---- handwritten ----
def sigma(z):
    return 1 / (1 + np.exp(-z))


def sigma_prime(z):
    return sigma(z) * (1 - sigma(z))


def backward(params, data):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    X, Y = data["X"], data["Y"]
    n = len(X)
    dW1, db1 = np.zeros(W1.shape), np.zeros(b1.shape)
    dW2, db2 = np.zeros(W2.shape), np.zeros(b2.shape)
    out = {}
    for i in range(n):
        x = X[i].reshape(-1, 1)
        y = Y[i].reshape(-1, 1)
        z1 = np.dot(W1, x) + b1
        a1 = sigma(z1)
        z2 = np.dot(W2, a1) + b2
        a2 = sigma(z2)

        dC = 2 * (a2 - y) / n
        d2 = dC * sigma_prime(z2)
        e1 = np.dot(W2.T, d2)
        d1 = e1 * sigma_prime(z1)
        dW2 += np.dot(d2, a1.T)
        db2 += d2
        dW1 += np.dot(d1, x.T)
        db1 += d1
        out[f"a2_{i}"], out[f"z2_{i}"] = dC, d2
        out[f"a1_{i}"], out[f"z1_{i}"] = e1, d1
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, **out}
