# %% [markdown]
# # Digit Recognizer - 3 layer NN from scratch (no TF / no PyTorch!)
# Upvote if you learned something :)
# %%
import numpy as np

ALPHA = 0.1     # learning rate
LAMBD = 0.5     # weight decay
# %%
def init_params(rng, n_x, n_h1, n_h2, n_y):
    W1 = rng.normal(size=(n_h1, n_x)) * np.sqrt(2 / n_x)
    b1 = rng.normal(size=(n_h1, 1)) * 0.3
    W2 = rng.normal(size=(n_h2, n_h1)) * np.sqrt(2 / n_h1)
    b2 = rng.normal(size=(n_h2, 1)) * 0.3
    W3 = rng.normal(size=(n_y, n_h2)) * np.sqrt(2 / n_h2)
    b3 = rng.normal(size=(n_y, 1)) * 0.3
    return W1, b1, W2, b2, W3, b3

# %%
def ReLU(Z):
    return np.maximum(Z, 0)

def deriv_ReLU(Z):
    return Z > 0

def softmax(Z):
    expZ = np.exp(Z - np.max(Z, axis=0))
    return expZ / np.sum(expZ, axis=0)

def one_hot(Y, n_classes):
    one_hot_Y = np.zeros((Y.size, n_classes))
    one_hot_Y[np.arange(Y.size), Y] = 1
    return one_hot_Y.T

# %%
def forward_prop(W1, b1, W2, b2, W3, b3, X):
    Z1 = W1.dot(X) + b1
    A1 = ReLU(Z1)
    Z2 = W2.dot(A1) + b2
    A2 = ReLU(Z2)
    Z3 = W3.dot(A2) + b3
    A3 = softmax(Z3)
    return Z1, A1, Z2, A2, Z3, A3

def back_prop(Z1, A1, Z2, A2, Z3, A3, W1, W2, W3, X, Y):
    m = X.shape[1]          # samples are COLUMNS
    one_hot_Y = one_hot(Y, A3.shape[0])
    dZ3 = A3 - one_hot_Y
    dW3 = 1 / m * dZ3.dot(A2.T) + LAMBD / m * W3
    db3 = 1 / m * np.sum(dZ3, axis=1, keepdims=True)
    dZ2 = W3.T.dot(dZ3) * deriv_ReLU(Z2)
    dW2 = 1 / m * dZ2.dot(A1.T) + LAMBD / m * W2
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T.dot(dZ2) * deriv_ReLU(Z1)
    dW1 = 1 / m * dZ1.dot(X.T) + LAMBD / m * W1
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

# the cost we are minimizing: cross entropy + L2
def get_cost(W1, b1, W2, b2, W3, b3, X, Y):
    H = np.maximum(W1 @ X + b1, 0)
    H = np.maximum(W2 @ H + b2, 0)
    S = W3 @ H + b3
    logprob = S - np.log(np.exp(S).sum(axis=0))
    m = Y.size
    ce = -logprob[Y, np.arange(m)].sum() / m
    return ce + LAMBD / (2 * m) * ((W1 ** 2).sum() + (W2 ** 2).sum() + (W3 ** 2).sum())

# one iteration of gradient descent
def gradient_step(W1, b1, W2, b2, W3, b3, X, Y):
    Z1, A1, Z2, A2, Z3, A3 = forward_prop(W1, b1, W2, b2, W3, b3, X)
    dW1, db1, dW2, db2, dW3, db3 = back_prop(Z1, A1, Z2, A2, Z3, A3, W1, W2, W3, X, Y)
    return update_params(W1, b1, W2, b2, W3, b3, dW1, db1, dW2, db2, dW3, db3, ALPHA)

# %%
def setup(rng):
    params = init_params(rng, 6, 5, 3, 2)
    X = rng.normal(size=(6, 4))
    Y = np.array([0, 1, 1, 0])
    return get_cost, gradient_step, params + (X, Y), {
        "wrt": ["W1", "b1", "W2", "b2", "W3", "b3"], "returns": "updated", "lr": 0.1}
