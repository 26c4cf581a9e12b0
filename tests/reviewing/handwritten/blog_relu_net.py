import numpy as np

# A deep(ish) network in plain numpy, the code for part 3 of the series.
#
#   X -> [LINEAR -> RELU] -> [LINEAR -> RELU] -> LINEAR -> SOFTMAX
#
# Every COLUMN of X is one example, every column of Y its one-hot label.


def softmax(Z):
    shifted = Z - np.max(Z, axis=0, keepdims=True)
    expZ = np.exp(shifted)
    return expZ / np.sum(expZ, axis=0, keepdims=True)


def relu_backward(dA, Z):
    """dA masked by the places where the unit was on."""
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def make_parameters(W1, b1, W2, b2, W3, b3):
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}


def compute_cost(X, Y, W1, b1, W2, b2, W3, b3, lambd):
    """Cross-entropy plus an L2 penalty on the weight matrices."""
    H = np.maximum(0, W1 @ X + b1)
    H = np.maximum(0, W2 @ H + b2)
    logits = W3 @ H + b3
    top = logits.max(axis=0)
    log_norm = top + np.log(np.exp(logits - top).sum(axis=0))
    nll = np.sum(log_norm - (Y * logits).sum(axis=0)) / X.shape[1]
    penalty = (W1 ** 2).sum() + (W2 ** 2).sum() + (W3 ** 2).sum()
    return nll + lambd / (2 * X.shape[1]) * penalty


def model_forward(X, parameters):
    cache = {"A0": X}
    L = len(parameters) // 2
    A = X
    for l in range(1, L):
        Z = np.dot(parameters["W" + str(l)], A) + parameters["b" + str(l)]
        A = np.maximum(0, Z)
        cache["Z" + str(l)] = Z
        cache["A" + str(l)] = A
    ZL = np.dot(parameters["W" + str(L)], A) + parameters["b" + str(L)]
    AL = softmax(ZL)
    return AL, cache


def model_backward(X, Y, W1, b1, W2, b2, W3, b3, lambd):
    parameters = make_parameters(W1, b1, W2, b2, W3, b3)
    AL, cache = model_forward(X, parameters)
    L = len(parameters) // 2
    m = X.shape[1]
    grads = {}

    # softmax + cross-entropy collapse into one simple difference
    dZ = AL - Y

    for l in reversed(range(1, L + 1)):
        W = parameters["W" + str(l)]
        A_prev = cache["A" + str(l - 1)]
        dW = np.dot(dZ, A_prev.T) / m
        dW += lambd / m * W
        db = np.sum(dZ, axis=1, keepdims=True) / m
        grads["dW" + str(l)] = dW
        grads["db" + str(l)] = db
        if l > 1:
            dA_prev = np.dot(W.T, dZ)
            dZ = relu_backward(dA_prev, cache["Z" + str(l - 1)])

    return grads


def setup(rng):
    n_x, n_1, n_2, n_y, m = 3, 6, 4, 2, 5
    X = rng.standard_normal((n_x, m))
    Y = np.eye(n_y)[rng.permutation([0, 1, 1, 0, 1])].T
    args = [X, Y]
    for n_in, n_out in ((n_x, n_1), (n_1, n_2), (n_2, n_y)):
        args += [rng.standard_normal((n_out, n_in)) * 0.8, rng.standard_normal((n_out, 1)) * 0.3 + 0.1]
    args.append(0.7)
    return compute_cost, model_backward, tuple(args), {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
