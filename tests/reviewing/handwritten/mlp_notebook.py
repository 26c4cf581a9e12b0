# coding: utf-8
# # A two layer network from scratch
# Exported from my notebook. tanh hidden layer with (inverted) dropout, sigmoid outputs,
# cross entropy, L2. Examples are columns: X is (n_x, m), Y is (n_y, m).

# In[1]:
import numpy as np


# In[2]:
def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


# In[3]: the cost, everything in one go, handy for plotting
def cost(W1, b1, W2, b2, X, Y, D1, keep_prob, lambd):
    m = X.shape[1]
    hidden = np.tanh(W1 @ X + b1) * D1 / keep_prob
    Yhat = sigmoid(W2 @ hidden + b2)
    ce = -np.sum(Y * np.log(Yhat) + (1 - Y) * np.log(1 - Yhat)) / m
    l2 = lambd / (2 * m) * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    return ce + l2


# In[4]:
def forward_propagation(X, params, D1, keep_prob):
    """Returns the output of the net and a cache for the way back."""
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]

    Z1 = np.dot(W1, X) + b1
    T1 = np.tanh(Z1)
    A1 = T1 * D1
    A1 = A1 / keep_prob        # so that the expected value stays the same
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)

    cache = {"Z1": Z1, "T1": T1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache


# In[5]:
def backward_propagation(params, cache, X, Y, D1, keep_prob, lambd):
    m = X.shape[1]
    W1 = params["W1"]
    W2 = params["W2"]
    T1 = cache["T1"]
    A1 = cache["A1"]
    A2 = cache["A2"]

    # output layer: sigmoid + cross entropy gives this nice form
    dZ2 = A2 - Y
    dW2 = 1. / m * np.dot(dZ2, A1.T) + lambd / m * W2
    db2 = 1. / m * np.sum(dZ2, axis=1, keepdims=True)

    # hidden layer
    dA1 = np.dot(W2.T, dZ2)
    dA1 = dA1 * D1
    dA1 /= keep_prob
    dZ1 = dA1 * (1 - np.power(T1, 2))
    dW1 = 1. / m * np.dot(dZ1, X.T)
    dW1 += (lambd / m) * W1
    db1 = 1. / m * np.sum(dZ1, axis=1, keepdims=True)

    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads


# In[6]: glue
def gradients(W1, b1, W2, b2, X, Y, D1, keep_prob, lambd):
    params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    A2, cache = forward_propagation(X, params, D1, keep_prob)
    return backward_propagation(params, cache, X, Y, D1, keep_prob, lambd)


def setup(rng):
    n_x, n_h, n_y, m = 3, 6, 2, 5
    keep_prob = 0.7
    D1 = (rng.random((n_h, m)) < keep_prob).astype(float)
    D1[0, 0] = 0.0
    D1[1, 1] = 1.0
    Y = (rng.random((n_y, m)) < 0.5).astype(float)
    args = (rng.normal(size=(n_h, n_x)), rng.normal(size=(n_h, 1)),
            rng.normal(size=(n_y, n_h)), rng.normal(size=(n_y, 1)),
            rng.normal(size=(n_x, m)), Y, D1, keep_prob, 0.8)
    return cost, gradients, args, {"wrt": ["W1", "b1", "W2", "b2"]}
