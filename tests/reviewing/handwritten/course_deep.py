import numpy as np

# Week 4: Building your Deep Neural Network, step by step ([LINEAR->RELU] * (L-1) -> LINEAR -> SIGMOID)
# with the L2 regularization of the next course. Examples are in the columns.

LAMBD = 0.4

def compute_cost(X, Y, parameters):
    """cross-entropy cost with L2 penalty, self-contained"""
    m = Y.shape[1]
    n = len(parameters) // 2
    A, penalty = X, 0.
    for k in range(1, n + 1):
        W = parameters['W%d' % k]
        T = W @ A + parameters['b%d' % k]
        A = T * (T > 0) if k < n else 1. / (1. + np.exp(-T))
        penalty += (W ** 2).sum()
    logs = Y * np.log(A) + (1 - Y) * np.log(1 - A)
    return -logs.sum() / m + LAMBD / (2 * m) * penalty

def linear_activation_forward(A_prev, W, b, activation):
    Z = np.dot(W, A_prev) + b
    if activation == "sigmoid":
        A = 1 / (1 + np.exp(-Z))
    elif activation == "relu":
        A = np.maximum(0, Z)
    linear_cache = (A_prev, W, b)
    activation_cache = Z
    return A, (linear_cache, activation_cache)

def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A_prev = A
        A, cache = linear_activation_forward(A_prev, parameters["W" + str(l)], parameters["b" + str(l)], "relu")
        caches.append(cache)
    AL, cache = linear_activation_forward(A, parameters["W" + str(L)], parameters["b" + str(L)], "sigmoid")
    caches.append(cache)
    return AL, caches

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1. / m * np.dot(dZ, A_prev.T) + LAMBD / m * W
    db = 1. / m * np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db

def linear_activation_backward(dA, cache, activation):
    linear_cache, activation_cache = cache
    Z = activation_cache
    if activation == "relu":
        dZ = np.array(dA, copy=True)
        # When z <= 0, you should set dz to 0 as well.
        dZ[Z <= 0] = 0
    elif activation == "sigmoid":
        s = 1 / (1 + np.exp(-Z))
        dZ = dA * s * (1 - s)
    dA_prev, dW, db = linear_backward(dZ, linear_cache)
    return dA_prev, dW, db

def L_model_backward(X, Y, parameters):
    grads = {}
    AL, caches = L_model_forward(X, parameters)
    L = len(caches) # the number of layers
    dAL = - (np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    # Lth layer (SIGMOID -> LINEAR) gradients
    current_cache = caches[L-1]
    grads["dA" + str(L-1)], grads["dW" + str(L)], grads["db" + str(L)] = linear_activation_backward(dAL, current_cache, "sigmoid")
    for l in reversed(range(L-1)):
        # lth layer: (RELU -> LINEAR) gradients
        current_cache = caches[l]
        dA_prev_temp, dW_temp, db_temp = linear_activation_backward(grads["dA" + str(l + 1)], current_cache, "relu")
        grads["dA" + str(l)] = dA_prev_temp
        grads["dW" + str(l + 1)] = dW_temp
        grads["db" + str(l + 1)] = db_temp
    return grads

def setup(rng):
    names, args = ["W1", "b1", "W2", "b2", "W3", "b3"], []
    for i, o in ((3, 6), (6, 4), (4, 2)):
        args += [0.8 * rng.normal(size=(o, i)), 0.3 * rng.normal(size=(o, 1))]
    X, Y = rng.normal(size=(3, 5)), (rng.random((2, 5)) > 0.5) * 1.
    forward = lambda X, Y, W1, b1, W2, b2, W3, b3: compute_cost(X, Y, dict(zip(names, (W1, b1, W2, b2, W3, b3))))
    backward = lambda X, Y, W1, b1, W2, b2, W3, b3: L_model_backward(X, Y, dict(zip(names, (W1, b1, W2, b2, W3, b3))))
    return forward, backward, (X, Y, *args), {"wrt": names}
