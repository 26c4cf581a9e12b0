# multilabel_tanh.py
# ex4 of the course, moved over from Octave. Every row of X is one example.
# input -> tanh -> tanh -> sigmoid, several yes/no labels per example
import numpy as np

lam = 0.3        # lambda is a keyword in python


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def tanhGradient(a):
    # takes the activation, not z
    return 1.0 - a ** 2


def costFunction(X, Y, W1, b1, W2, b2, W3, b3):
    n_ex = X.shape[0]
    H = np.tanh(X @ W1 + b1)
    H = np.tanh(H @ W2 + b2)
    P = 1.0 / (1.0 + np.exp(-(H @ W3 + b3)))
    J = -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / n_ex
    # biases are not regularized
    J = J + lam / (2.0 * n_ex) * ((W1 ** 2).sum() + (W2 ** 2).sum() + (W3 ** 2).sum())
    return J


def gradFunction(X, Y, W1, b1, W2, b2, W3, b3):
    m = X.shape[0]

    # forward
    z1 = np.dot(X, W1) + b1
    a1 = np.tanh(z1)
    z2 = np.dot(a1, W2) + b2
    a2 = np.tanh(z2)
    z3 = np.dot(a2, W3) + b3
    a3 = sigmoid(z3)

    # output layer
    dz3 = a3 - Y
    dW3 = np.dot(a2.T, dz3) / m
    db3 = np.sum(dz3, axis=0, keepdims=True) / m

    # second hidden layer
    da2 = np.dot(dz3, W3.T)
    dz2 = da2 * tanhGradient(a2)
    dW2 = np.dot(a1.T, dz2) / m
    db2 = np.sum(dz2, axis=0, keepdims=True) / m

    # first hidden layer
    da1 = np.dot(dz2, W2.T)
    dz1 = da1 * tanhGradient(a1)
    dW1 = np.dot(X.T, dz1) / m
    db1 = np.sum(dz1, axis=0, keepdims=True) / m

    # regularization
    dW3 += (lam / m) * W3
    dW2 += (lam / m) * W2
    dW1 += (lam / m) * W1

    grads = {"dW1": dW1, "db1": db1,
             "dW2": dW2, "db2": db2,
             "dW3": dW3, "db3": db3}
    return grads


def setup(rng):
    m, n0, n1, n2, n3 = 5, 3, 6, 4, 2
    X = rng.normal(size=(m, n0))
    Y = (rng.random((m, n3)) > 0.5).astype(float)
    args = (X, Y,
            rng.normal(size=(n0, n1)) * 0.7, rng.normal(size=(1, n1)) * 0.3,
            rng.normal(size=(n1, n2)) * 0.7, rng.normal(size=(1, n2)) * 0.3,
            rng.normal(size=(n2, n3)) * 0.7, rng.normal(size=(1, n3)) * 0.3)
    return costFunction, gradFunction, args, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
