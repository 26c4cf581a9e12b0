"""
Neural networks from scratch, part 4: an L-layer classifier
All the parameters live in one dictionary: parameters['W1'], parameters['b1'], ...
Every COLUMN of X is an example, Y is one-hot with the same layout.
[LINEAR -> RELU] x (L-1) -> LINEAR -> SOFTMAX, cross entropy, L2 regularization.
"""
import numpy as np

def relu(Z):
    return np.maximum(0, Z)

def softmax(Z):
    shifted = Z - np.max(Z, axis=0, keepdims=True)
    expZ = np.exp(shifted)
    return expZ / np.sum(expZ, axis=0, keepdims=True)

def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ

def compute_cost(X, Y, parameters, lambd):
    """Regularized cost; used for the learning curve."""
    L, m = len(parameters) // 2, X.shape[1]
    H, penalty = X, 0.0
    for l in range(1, L + 1):
        W = parameters['W' + str(l)]
        H = W @ H + parameters['b' + str(l)]
        if l != L:
            H = H * (H > 0)
        penalty += (W ** 2).sum()
    H = H - H.max(axis=0)
    log_probs = H - np.log(np.exp(H).sum(axis=0))
    return -(Y * log_probs).sum() / m + lambd * penalty / (2 * m)

def L_model_forward(X, parameters):
    caches = []
    L = len(parameters) // 2
    A = X
    for l in range(1, L):
        A_prev = A
        W, b = parameters['W' + str(l)], parameters['b' + str(l)]
        Z = np.dot(W, A_prev) + b
        A = relu(Z)
        caches.append((A_prev, W, Z))
    WL, bL = parameters['W' + str(L)], parameters['b' + str(L)]
    ZL = np.dot(WL, A) + bL
    AL = softmax(ZL)
    caches.append((A, WL, ZL))
    return AL, caches

def linear_backward(dZ, cache, lambd):
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m + (lambd / m) * W
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db

def L_model_backward(X, Y, parameters, lambd):
    grads = {}
    AL, caches = L_model_forward(X, parameters)
    L = len(caches)
    # softmax and cross entropy together
    dZL = AL - Y
    dA, grads['dW' + str(L)], grads['db' + str(L)] = linear_backward(dZL, caches[L - 1], lambd)
    for l in reversed(range(L - 1)):
        current_cache = caches[l]
        dZ = relu_backward(dA, current_cache[2])
        dA, dW, db = linear_backward(dZ, current_cache, lambd)
        grads['dW' + str(l + 1)] = dW
        grads['db' + str(l + 1)] = db
    return grads

def setup(rng):
    sizes, m = [2, 6, 4, 3], 5
    names, values = [], []
    for l in range(1, len(sizes)):
        names += ['W' + str(l), 'b' + str(l)]
        values += [rng.normal(size=(sizes[l], sizes[l - 1])), 0.3 * rng.normal(size=(sizes[l], 1))]
    X = rng.normal(size=(sizes[0], m))
    Y = np.eye(sizes[-1])[:, rng.integers(0, sizes[-1], m)]

    def forward(X, Y, W1, b1, W2, b2, W3, b3, lambd):
        return compute_cost(X, Y, dict(zip(names, (W1, b1, W2, b2, W3, b3))), lambd)

    def backward(X, Y, W1, b1, W2, b2, W3, b3, lambd):
        return L_model_backward(X, Y, dict(zip(names, (W1, b1, W2, b2, W3, b3))), lambd)

    return forward, backward, (X, Y, *values, 0.7), {'wrt': names}
