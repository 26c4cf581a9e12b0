# ex4_nncost.py -- nnCostFunction.m of the machine learning course, ported to numpy
#
# Theta1: hidden x (input + 1), Theta2: K x (hidden + 1); column 0 is the bias unit.
# Labels y are 1..K as in the .mat file.
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def randInitializeWeights(L_in, L_out, epsilon_init, rng):
    return rng.random((L_out, 1 + L_in)) * 2 * epsilon_init - epsilon_init


def nnCost(Theta1, Theta2, X, y, num_labels, lam):
    m = len(y)
    J = 0.0
    for i in range(m):
        hid = sigmoid(Theta1[:, 1:] @ X[i] + Theta1[:, 0])
        h = sigmoid(Theta2[:, 1:] @ hid + Theta2[:, 0])
        for k in range(1, num_labels + 1):
            J += -np.log(h[k - 1]) if y[i] == k else -np.log(1 - h[k - 1])
    J = J / m
    # the bias columns are not regularized
    J = J + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    return J


def nnGradient(Theta1, Theta2, X, y, num_labels, lam):
    # Setup some useful variables
    m = X.shape[0]

    # Recode the labels as vectors: I = eye(num_labels); Y = I(y, :)
    Y = np.eye(num_labels)[y - 1, :]

    # Part 1: feedforward
    a1 = np.hstack([np.ones((m, 1)), X])
    z2 = np.dot(a1, Theta1.T)
    a2 = np.hstack([np.ones((m, 1)), sigmoid(z2)])
    z3 = np.dot(a2, Theta2.T)
    a3 = sigmoid(z3)

    # Part 2: backpropagation
    delta3 = a3 - Y
    delta2 = np.dot(delta3, Theta2)
    delta2 = delta2[:, 1:]          # delta2(:, 2:end)
    delta2 = delta2 * sigmoidGradient(z2)

    Theta1_grad = np.dot(delta2.T, a1) / m
    Theta2_grad = np.dot(delta3.T, a2) / m

    # Part 3: regularization
    reg1 = (lam / m) * Theta1
    reg1[:, 0] = 0
    Theta1_grad = Theta1_grad + reg1
    Theta2_grad[:, 1:] += (lam / m) * Theta2[:, 1:]

    return Theta1_grad, Theta2_grad


def setup(rng):
    Theta1 = randInitializeWeights(4, 6, 0.9, rng)
    Theta2 = randInitializeWeights(6, 3, 0.9, rng)
    X = rng.normal(size=(5, 4))
    y = rng.integers(1, 4, size=5)
    return nnCost, nnGradient, (Theta1, Theta2, X, y, 3, 0.7), {"wrt": ["Theta1", "Theta2"]}
