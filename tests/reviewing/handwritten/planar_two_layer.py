import numpy as np


def sigmoid(Z):
    """Compute the sigmoid of Z"""
    return 1 / (1 + np.exp(-Z))


def compute_cost(W1, b1, W2, b2, X, Y, D1, keep_prob, lambd):
    """Cross-entropy cost with L2 regularization (dropout mask D1 is given)"""
    m = Y.shape[1]
    H = np.tanh(W1 @ X + b1) * D1 / keep_prob
    AL = 1 / (1 + np.exp(-(W2 @ H + b2)))
    logprobs = Y * np.log(AL) + (1.0 - Y) * np.log(1.0 - AL)
    cross_entropy = -logprobs.sum() / m
    L2_cost = lambd / (2.0 * m) * ((W1 ** 2).sum() + (W2 ** 2).sum())
    return cross_entropy + L2_cost


def forward_propagation(X, parameters, D1, keep_prob):
    """
    Returns:
    A2 -- sigmoid output of the second activation
    cache -- dictionary containing "Z1", "A1", "Z2", "A2" and "D1"
    """
    # Retrieve each parameter from the dictionary "parameters"
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]

    Z1 = np.dot(W1, X) + b1
    T1 = np.tanh(Z1)
    A1 = np.multiply(T1, D1) / keep_prob
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    cache = {"Z1": Z1, "T1": T1, "A1": A1, "Z2": Z2, "A2": A2, "D1": D1}
    return A2, cache


def linear_backward(dZ, A_prev, W, lambd):
    """Linear portion of backward propagation for a single layer"""
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m + lambd / m * W
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def backward_propagation(parameters, cache, X, Y, keep_prob, lambd):
    # First, retrieve W1 and W2 from the dictionary "parameters".
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    # Retrieve also A1 and A2 from dictionary "cache".
    A1 = cache["A1"]
    A2 = cache["A2"]

    # Backward propagation: calculate dW1, db1, dW2, db2.
    dA2 = -(np.divide(Y, A2) - np.divide(1 - Y, 1 - A2))
    dZ2 = dA2 * A2 * (1 - A2)
    dA1, dW2, db2 = linear_backward(dZ2, A1, W2, lambd)
    dA1 = dA1 * cache["D1"]
    dA1 = dA1 / keep_prob
    dZ1 = np.multiply(dA1, 1 - np.power(cache["T1"], 2))
    dX, dW1, db1 = linear_backward(dZ1, X, W1, lambd)

    grads = {"dW1": dW1,
             "db1": db1,
             "dW2": dW2,
             "db2": db2}
    return grads


def model_gradients(W1, b1, W2, b2, X, Y, D1, keep_prob, lambd):
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    A2, cache = forward_propagation(X, parameters, D1, keep_prob)
    grads = backward_propagation(parameters, cache, X, Y, keep_prob, lambd)
    return grads


def setup(rng):
    n_x, n_h, n_y, m = 4, 3, 2, 5
    W1 = rng.normal(size=(n_h, n_x)) * 0.6
    b1 = rng.normal(size=(n_h, 1)) * 0.2
    W2 = rng.normal(size=(n_y, n_h)) * 0.8
    b2 = rng.normal(size=(n_y, 1)) * 0.2
    X = rng.normal(size=(n_x, m))
    Y = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 0, 1]])
    D1 = np.array([[1, 1, 0, 1, 1], [1, 0, 1, 1, 0], [0, 1, 1, 1, 1]])
    args = (W1, b1, W2, b2, X, Y, D1, 0.8, 0.7)
    return compute_cost, model_gradients, args, {"wrt": ["W1", "b1", "W2", "b2"]}
