import numpy as np

# Assignment 2: L-layer network  [LINEAR -> RELU] x (L-1) -> LINEAR -> SOFTMAX
# X is (n_x, m), Y is one-hot (n_classes, m), parameters is {"W1":..., "b1":..., ...}


def cost_function(X, Y, parameters, lambd):
    """cross-entropy + L2"""
    m = X.shape[1]
    n_layers = len(parameters) // 2
    out, l2 = X, 0.0
    for i in range(n_layers):
        Wi, bi = parameters[f"W{i + 1}"], parameters[f"b{i + 1}"]
        out = np.dot(Wi, out) + bi
        l2 += np.sum(np.square(Wi))
        if i < n_layers - 1:
            out = out * (out > 0)
    logZ = np.log(np.sum(np.exp(out), axis=0))
    return np.sum(logZ - np.sum(Y * out, axis=0)) / m + lambd / (2 * m) * l2


def relu(Z):
    return np.maximum(0, Z)


def softmax(Z):
    e = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def linear_backward(dZ, A_prev, W, lambd):
    m = A_prev.shape[1]
    dW = 1 / m * np.dot(dZ, A_prev.T) + lambd / m * W
    db = 1 / m * np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L + 1):
        A_prev = A
        Z = parameters["W" + str(l)] @ A_prev + parameters["b" + str(l)]
        A = relu(Z) if l < L else softmax(Z)
        caches.append((A_prev, Z))
    return A, caches


def L_model_backward(X, Y, parameters, lambd):
    grads = {}
    L = len(parameters) // 2
    AL, caches = L_model_forward(X, parameters)

    # softmax + cross-entropy
    dZ = AL - Y
    A_prev, _ = caches[L - 1]
    dA, grads["dW" + str(L)], grads["db" + str(L)] = linear_backward(dZ, A_prev, parameters["W" + str(L)], lambd)

    for l in reversed(range(1, L)):
        A_prev, Z = caches[l - 1]
        dZ = relu_backward(dA, Z)
        dA, dW, db = linear_backward(dZ, A_prev, parameters["W" + str(l)], lambd)
        grads["dW" + str(l)] = dW
        grads["db" + str(l)] = db
    return grads


def setup(rng):
    sizes, m = [4, 6, 5, 2], 3
    X = rng.normal(size=(sizes[0], m))
    Y = np.eye(sizes[-1])[:, rng.integers(0, sizes[-1], size=m)]
    args = [X, Y]
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        args += [rng.normal(size=(n_out, n_in)) * np.sqrt(2 / n_in), 0.3 * rng.normal(size=(n_out, 1))]

    def forward(X, Y, W1, b1, W2, b2, W3, b3):
        return cost_function(X, Y, {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}, 0.7)

    def backward(X, Y, W1, b1, W2, b2, W3, b3):
        return L_model_backward(X, Y, {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}, 0.7)

    return forward, backward, tuple(args), {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
