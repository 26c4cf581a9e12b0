import numpy as np

# Multilayer perceptron, 2 hidden layers, all units sigmoid.
# E = 1/(2N) * sum over samples of |target - output|^2


def logistic(v):
    return 1 / (1 + np.exp(-v))


def transfer_derivative(output):
    # takes the OUTPUT of the unit
    return output * (1.0 - output)


def total_error(W1, b1, W2, b2, W3, b3, data, targets):
    err = 0.0
    for row, want in zip(data, targets):
        u = 1 / (1 + np.exp(-(W1.dot(row) + b1)))
        u = 1 / (1 + np.exp(-(W2.dot(u) + b2)))
        u = 1 / (1 + np.exp(-(W3.dot(u) + b3)))
        err += 0.5 * np.sum((want - u) ** 2)
    return err / len(data)


def propagate(row, weights, biases):
    outputs = [row]
    for W, b in zip(weights, biases):
        v = np.dot(W, outputs[-1]) + b
        outputs.append(logistic(v))
    return outputs


def backprop_deltas(outputs, want, weights):
    """list of deltas, one array per layer (first hidden layer first)"""
    deltas = []
    for layer in range(len(weights) - 1, -1, -1):
        out = outputs[layer + 1]
        errors = np.zeros(len(out))
        if layer == len(weights) - 1:
            for j in range(len(out)):
                errors[j] = out[j] - want[j]
        else:
            W_next = weights[layer + 1]
            for j in range(len(out)):
                for k in range(W_next.shape[0]):
                    errors[j] += W_next[k, j] * deltas[0][k]
        delta = errors * transfer_derivative(out)
        deltas.insert(0, delta)
    return deltas


def accumulate(W1, b1, W2, b2, W3, b3, data, targets):
    weights = [W1, W2, W3]
    biases = [b1, b2, b3]
    grad_w = [np.zeros(W.shape) for W in weights]
    grad_b = [np.zeros(b.shape) for b in biases]
    N = len(data)

    for s in range(N):
        outputs = propagate(data[s], weights, biases)
        deltas = backprop_deltas(outputs, targets[s], weights)
        for i in range(len(weights)):
            for j in range(len(deltas[i])):
                grad_w[i][j] += deltas[i][j] * outputs[i]
            grad_b[i] += deltas[i]

    for i in range(3):
        grad_w[i] = grad_w[i] / N
        grad_b[i] = grad_b[i] / N
    return grad_w[0], grad_b[0], grad_w[1], grad_b[1], grad_w[2], grad_b[2]


def setup(rng):
    n_in, h1, h2, n_out, N = 3, 6, 4, 2, 5
    args = []
    for a, b in ((n_in, h1), (h1, h2), (h2, n_out)):
        args += [rng.standard_normal((b, a)), rng.standard_normal(b) * 0.5]
    args += [rng.standard_normal((N, n_in)), rng.uniform(0.1, 0.9, (N, n_out))]
    return total_error, accumulate, tuple(args), {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
