import numpy as np

# digit recognizer (kaggle) without keras/torch, just numpy + math
# same idea as the well known video but with one more hidden layer
NUM_CLASSES = 3   # 10 for the real data


def one_hot(Y):
    one_hot_Y = np.zeros((Y.size, NUM_CLASSES))
    one_hot_Y[np.arange(Y.size), Y] = 1
    one_hot_Y = one_hot_Y.T
    return one_hot_Y


def ReLU(Z):
    return np.maximum(Z, 0)


def deriv_ReLU(Z):
    return Z > 0


def softmax(Z):
    Z = Z - Z.max(axis=0)
    A = np.exp(Z) / np.exp(Z).sum(axis=0)
    return A


def get_loss(X, Y, W1, b1, W2, b2, W3, b3, alpha):
    # cross entropy, alpha is not used here
    H = np.where(W1.dot(X) + b1 > 0, W1.dot(X) + b1, 0.0)
    H = np.where(W2.dot(H) + b2 > 0, W2.dot(H) + b2, 0.0)
    S = np.exp(W3.dot(H) + b3)
    P = S / S.sum(0)
    return -np.mean(np.log(P[Y, np.arange(len(Y))]))


def forward_prop(W1, b1, W2, b2, W3, b3, X):
    Z1 = W1.dot(X) + b1
    A1 = ReLU(Z1)
    Z2 = W2.dot(A1) + b2
    A2 = ReLU(Z2)
    Z3 = W3.dot(A2) + b3
    A3 = softmax(Z3)
    return Z1, A1, Z2, A2, Z3, A3


def backward_prop(Z1, A1, Z2, A2, A3, W2, W3, X, Y):
    m = Y.size
    one_hot_Y = one_hot(Y)
    dZ3 = A3 - one_hot_Y
    dW3 = 1 / m * dZ3.dot(A2.T)
    db3 = 1 / m * np.sum(dZ3, axis=1, keepdims=True)
    dZ2 = W3.T.dot(dZ3) * deriv_ReLU(Z2)
    dW2 = 1 / m * dZ2.dot(A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T.dot(dZ2) * deriv_ReLU(Z1)
    dW1 = 1 / m * dZ1.dot(X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2, dW3, db3


def update_params(W1, b1, W2, b2, W3, b3, dW1, db1, dW2, db2, dW3, db3, alpha):
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    W3 = W3 - alpha * dW3
    b3 = b3 - alpha * db3
    return W1, b1, W2, b2, W3, b3


def gradient_step(X, Y, W1, b1, W2, b2, W3, b3, alpha):
    Z1, A1, Z2, A2, Z3, A3 = forward_prop(W1, b1, W2, b2, W3, b3, X)
    dW1, db1, dW2, db2, dW3, db3 = backward_prop(Z1, A1, Z2, A2, A3, W2, W3, X, Y)
    return update_params(W1, b1, W2, b2, W3, b3, dW1, db1, dW2, db2, dW3, db3, alpha)


def setup(rng):
    n, h1, h2, m = 2, 6, 4, 5
    X = rng.random((n, m)) * 2 - 0.5
    Y = rng.permutation(np.arange(m) % NUM_CLASSES)
    args = (X, Y, rng.normal(size=(h1, n)), rng.normal(size=(h1, 1)) * 0.5, rng.normal(size=(h2, h1)),
            rng.normal(size=(h2, 1)) * 0.5, rng.normal(size=(NUM_CLASSES, h2)), rng.normal(size=(NUM_CLASSES, 1)) * 0.5, 0.1)
    return get_loss, gradient_step, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"], "returns": "updated", "lr": 0.1}
