"""An MLP of L layers, "W" + str(l), biases (n, 1), columns are samples, ReLU and sigmoid, cross-entropy plus L2."""
import numpy as np

LAMBD = 0.9


def make(seed, sizes=(6, 5, 4, 2), m=11):
    rng = np.random.default_rng(seed)
    params = {}
    for l in range(1, len(sizes)):
        params["W" + str(l)] = rng.standard_normal((sizes[l], sizes[l - 1])) / np.sqrt(sizes[l - 1])
        params["b" + str(l)] = 0.4 * rng.standard_normal((sizes[l], 1))
    Y = rng.integers(0, 2, (sizes[-1], m)).astype(float)
    return params, {"X": rng.standard_normal((sizes[0], m)), "Y": Y}


def forward(al, params, data):
    L = len(params) // 2
    A = data["X"]
    m = A.shape[1]
    names = {}
    for l in range(1, L + 1):
        Z = (params["W" + str(l)] @ A + params["b" + str(l)]).named(f"Z{l}")
        A = (al.sigmoid(Z) if l == L else al.relu(Z)).named(f"A{l}")
        names[f"Z{l}"], names[f"A{l}"] = Z, A
    Y = data["Y"]
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    for l in range(1, L + 1):
        cost = cost + LAMBD / (2 * m) * np.sum(np.square(params["W" + str(l)]))
    return cost, names


# ---- handwritten ----
LAMBDA = 0.9


def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def sigmoid_backward(dA, Z):
    s = 1 / (1 + np.exp(-Z))
    return dA * s * (1 - s)


def linear_backward(dZ, A_prev, W, m):
    dW = np.dot(dZ, A_prev.T) / m + LAMBDA / m * W
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def backward(params, data):
    X, Y = data["X"], data["Y"]
    L = len(params) // 2
    m = X.shape[1]
    A, caches = X, []
    for l in range(1, L + 1):
        A_prev = A
        Z = params["W" + str(l)] @ A_prev + params["b" + str(l)]
        A = 1 / (1 + np.exp(-Z)) if l == L else np.maximum(Z, 0)
        caches.append((A_prev, Z))

    # the d of this program lack the 1/m of the cost; it is put in with dW and db
    grads = {}
    dA = -(Y / A - (1 - Y) / (1 - A))
    for l in range(L, 0, -1):
        A_prev, Z = caches[l - 1]
        grads["A" + str(l)] = dA / m
        dZ = sigmoid_backward(dA, Z) if l == L else relu_backward(dA, Z)
        grads["Z" + str(l)] = dZ / m
        dA, grads["W" + str(l)], grads["b" + str(l)] = linear_backward(dZ, A_prev, params["W" + str(l)], m)
    return grads
