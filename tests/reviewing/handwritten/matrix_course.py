# Exercise 4 of the ML course, ported from Octave. I kept the names of the
# hand-out (Theta1, Theta2, Delta, a1/z2/a2...), indices start at 0 here.
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoidGradient(z):
    g = sigmoid(z)
    return np.multiply(g, 1 - g)


def nnCostFunction(Theta1, Theta2, X, y, lam):
    """Regularized cross-entropy cost, vectorized. Labels y are 1..num_labels."""
    m = X.shape[0]
    num_labels = Theta2.shape[0]
    Y = np.eye(num_labels)[y - 1]
    A1 = np.c_[np.ones(m), X]
    A2 = np.c_[np.ones(m), 1.0 / (1.0 + np.exp(-A1 @ Theta1.T))]
    H = 1.0 / (1.0 + np.exp(-A2 @ Theta2.T))
    J = np.sum(-Y * np.log(H) - (1 - Y) * np.log(1 - H)) / m
    reg = np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2)
    return J + lam / (2 * m) * reg


def nnGradient(Theta1, Theta2, X, y, lam):
    """Part 2 + 3: backpropagation, one example at a time."""
    T1 = np.matrix(Theta1)
    T2 = np.matrix(Theta2)
    m = X.shape[0]
    num_labels = T2.shape[0]

    # add the column of ones
    Xb = np.matrix(np.c_[np.ones((m, 1)), X])

    Delta1 = np.zeros(T1.shape)
    Delta2 = np.zeros(T2.shape)

    for t in range(m):
        # Step 1: forward pass
        a1 = Xb[t, :].T                              # (n+1) x 1
        z2 = T1 * a1
        a2 = np.vstack([np.ones((1, 1)), sigmoid(z2)])
        z3 = T2 * a2
        a3 = sigmoid(z3)

        # Step 2: error of the output layer
        yt = np.zeros((num_labels, 1))
        yt[y[t] - 1] = 1
        delta3 = a3 - yt

        # Step 3: error of the hidden layer, without the bias unit
        delta2 = T2.T * delta3
        delta2 = np.multiply(delta2[1:], sigmoidGradient(z2))

        # Step 4: accumulate
        Delta2 += delta3 * a2.T
        Delta1 += delta2 * a1.T

    # Step 5: divide, and regularize all but the first column
    Theta1_grad = Delta1 / m
    Theta2_grad = Delta2 / m
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]

    return Theta1_grad, Theta2_grad


def setup(rng):
    input_layer_size, hidden_layer_size, num_labels, m = 2, 6, 4, 5
    Theta1 = rng.uniform(-1, 1, (hidden_layer_size, input_layer_size + 1))
    Theta2 = rng.uniform(-1, 1, (num_labels, hidden_layer_size + 1))
    X = rng.normal(size=(m, input_layer_size))
    y = 1 + rng.permutation(np.arange(m) % num_labels)
    return nnCostFunction, nnGradient, (Theta1, Theta2, X, y, 0.8), {"wrt": ["Theta1", "Theta2"]}
