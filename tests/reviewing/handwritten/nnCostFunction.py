import numpy as np

# ex4 of the course, ported from Octave.  Labels are 1..num_labels as in
# the original .mat file; every row of X is one training example.


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    # g = sigmoid(z) .* (1 - sigmoid(z))
    g = sigmoid(z)
    return g * (1 - g)


def labelMatrix(y, num_labels):
    # Y(i, y(i)) = 1
    m = y.shape[0]
    Y = np.zeros((m, num_labels))
    for i in range(m):
        Y[i, y[i] - 1] = 1
    return Y


def nnCostFunction(Theta1, Theta2, X, y, num_labels, lam):
    m = len(y)
    bias = np.ones((m, 1))
    hid = 1.0 / (1.0 + np.exp(-np.c_[bias, X] @ Theta1.T))
    h = 1.0 / (1.0 + np.exp(-np.c_[bias, hid] @ Theta2.T))
    J = 0.0
    for c in range(num_labels):
        yc = (y == c + 1)
        J = J - np.log(h[yc, c]).sum() - np.log(1 - h[~yc, c]).sum()
    J = J / m
    # do not regularize the bias column
    J = J + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    return J


def nnGradient(Theta1, Theta2, X, y, num_labels, lam):
    m = X.shape[0]

    # ---- feedforward -------------------------------------------------
    a1 = np.hstack((np.ones((m, 1)), X))            # m x (n+1)
    z2 = a1.dot(Theta1.T)                           # m x hidden
    a2 = np.hstack((np.ones((m, 1)), sigmoid(z2)))  # m x (hidden+1)
    z3 = a2.dot(Theta2.T)                           # m x num_labels
    a3 = sigmoid(z3)

    y_matrix = labelMatrix(y, num_labels)

    # ---- backpropagation ---------------------------------------------
    delta3 = a3 - y_matrix
    delta2 = delta3.dot(Theta2)
    delta2 = delta2[:, 1:]                          # drop the bias unit
    delta2 = delta2 * sigmoidGradient(z2)

    Delta1 = delta2.T.dot(a1)
    Delta2 = delta3.T.dot(a2)

    # ---- regularization, the bias column left out --------------------
    reg1 = (lam / m) * Theta1
    reg1[:, 0] = 0
    reg2 = (lam / m) * Theta2
    reg2[:, 0] = 0

    Theta1_grad = Delta1 / m + reg1
    Theta2_grad = Delta2 / m + reg2
    return Theta1_grad, Theta2_grad


def setup(rng):
    m, n, hidden, num_labels = 5, 3, 4, 2
    X = rng.standard_normal((m, n))
    y = rng.permutation(np.array([1, 2, 2, 1, 2]))
    Theta1 = rng.standard_normal((hidden, n + 1))
    Theta2 = rng.standard_normal((num_labels, hidden + 1))
    return nnCostFunction, nnGradient, (Theta1, Theta2, X, y, num_labels, 0.8), {"wrt": ["Theta1", "Theta2"]}
