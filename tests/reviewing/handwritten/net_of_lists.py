# Exercise 4 (neural network learning), ported from my Octave solution.
# Thetas are kept in python lists, the examples are the ROWS of X.
# NB: octave counts from 1, so Theta{1} is Theta[0] here etc.
import numpy as np

lam = 0.7     # regularization strength


def sigmoid(z):
    g = 1 / (1 + np.exp(-z))
    return g


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def nnCost(X, Y, T1, b1, T2, b2, T3, b3):
    # cross entropy over all the output units, + regularization
    m = len(X)
    H = X
    for T, b in ((T1, b1), (T2, b2), (T3, b3)):
        H = 1 / (1 + np.exp(-(H @ T.T + b)))
    J = -np.sum(Y * np.log(H) + (1 - Y) * np.log(1 - H)) / m
    J = J + lam / (2 * m) * (np.sum(T1 ** 2) + np.sum(T2 ** 2) + np.sum(T3 ** 2))
    return J


def feedforward(x, Theta, bias):
    # returns all weighted inputs and all activations of ONE example
    a = [x]
    z = []
    for T, b in zip(Theta, bias):
        z.append(np.dot(T, a[-1]) + b)
        a.append(sigmoid(z[-1]))
    return z, a


def nnGradient(X, Y, T1, b1, T2, b2, T3, b3):
    Theta = [T1, T2, T3]
    bias = [b1, b2, b3]
    L = len(Theta)
    m = X.shape[0]

    # accumulators (Delta{l} = zeros(size(Theta{l})))
    Delta = [np.zeros(T.shape) for T in Theta]
    delta_b = [np.zeros(b.shape) for b in bias]

    for t in range(m):
        # step 1: forward
        z, a = feedforward(X[t], Theta, bias)

        # step 2: error of the output layer
        d = a[-1] - Y[t]
        Delta[-1] += np.outer(d, a[-2])
        delta_b[-1] += d

        # step 3: hidden layers, last one first
        for l in range(2, L + 1):
            sp = sigmoidGradient(z[-l])
            d = np.dot(Theta[-l + 1].T, d) * sp
            Delta[-l] += np.outer(d, a[-l - 1])
            delta_b[-l] += d

    # step 4: average and regularize (no regularization of the bias terms)
    Theta_grad = [D / m + lam / m * T for D, T in zip(Delta, Theta)]
    bias_grad = [db / m for db in delta_b]
    return (Theta_grad[0], bias_grad[0],
            Theta_grad[1], bias_grad[1],
            Theta_grad[2], bias_grad[2])


def setup(rng):
    sizes = [6, 3, 4, 2]
    X = rng.normal(size=(5, sizes[0]))
    Y = (rng.random((5, sizes[-1])) > 0.5).astype(float)
    args = [X, Y]
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        args.append(rng.normal(size=(n_out, n_in)))
        args.append(rng.normal(size=n_out))
    return nnCost, nnGradient, tuple(args), {"wrt": ["T1", "b1", "T2", "b2", "T3", "b3"]}
