# Python version of ex4 (neural network learning), translated from Octave.
# Labels are 1..num_labels like in the original exercise.
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def addOnes(A):
    # A = [ones(size(A, 1), 1) A];
    return np.hstack([np.ones((A.shape[0], 1)), A])


def nnCostFunction(Theta1, Theta2, X, y, lam):
    m = X.shape[0]
    num_labels = Theta2.shape[0]
    J = 0
    for i in range(m):
        hidden = 1 / (1 + np.exp(-Theta1.dot(np.concatenate(([1.0], X[i])))))
        h = 1 / (1 + np.exp(-Theta2.dot(np.concatenate(([1.0], hidden)))))
        for k in range(num_labels):
            yk = 1.0 if y[i] == k + 1 else 0.0
            J = J - yk * np.log(h[k]) - (1 - yk) * np.log(1 - h[k])
    J = J / m
    J = J + lam / (2 * m) * ((Theta1[:, 1:] ** 2).sum() + (Theta2[:, 1:] ** 2).sum())
    return J


def nnGradient(Theta1, Theta2, X, y, lam):
    # Useful variables
    m = X.shape[0]
    num_labels = Theta2.shape[0]

    Theta1_grad = np.zeros(Theta1.shape)
    Theta2_grad = np.zeros(Theta2.shape)

    X1 = addOnes(X)                      # m x (n+1)
    for t in range(m):
        # Step 1: forward pass for example t
        a1 = X1[t, :].reshape(-1, 1)     # column vector
        z2 = Theta1.dot(a1)
        a2 = np.vstack((np.ones((1, 1)), sigmoid(z2)))
        z3 = Theta2.dot(a2)
        a3 = sigmoid(z3)

        # Step 2: error of the output layer
        yt = np.zeros((num_labels, 1))
        yt[y[t] - 1] = 1
        delta3 = a3 - yt

        # Step 3: error of the hidden layer (without the bias unit)
        delta2 = Theta2.T.dot(delta3)[1:] * sigmoidGradient(z2)

        # Step 4: accumulate
        Theta1_grad = Theta1_grad + delta2.dot(a1.T)
        Theta2_grad = Theta2_grad + delta3.dot(a2.T)

    # Step 5: unregularized gradient
    Theta1_grad = Theta1_grad / m
    Theta2_grad = Theta2_grad / m

    # Regularization, the first column (bias) is not regularized
    Theta1_grad[:, 1:] = Theta1_grad[:, 1:] + (lam / m) * Theta1[:, 1:]
    Theta2_grad[:, 1:] = Theta2_grad[:, 1:] + (lam / m) * Theta2[:, 1:]

    return Theta1_grad, Theta2_grad


def setup(rng):
    Theta1 = rng.uniform(-1, 1, (6, 2 + 1))     # 2 inputs, 6 hidden units
    Theta2 = rng.uniform(-1, 1, (4, 6 + 1))     # 4 labels
    X = rng.normal(size=(5, 2))
    y = rng.integers(1, 4 + 1, size=5)
    return nnCostFunction, nnGradient, (Theta1, Theta2, X, y, 0.7), {"wrt": ["Theta1", "Theta2"]}
