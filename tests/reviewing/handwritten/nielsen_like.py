"""
network_reg.py
~~~~~~~~~~~~~~

Stochastic gradient descent for a feedforward network of sigmoid
neurons, quadratic cost, with L2 regularization of the weights.
Mini batches are lists of tuples ``(x, y)`` of column vectors.
"""
import numpy as np

class Network(object):
    def __init__(self, sizes, rng, eta=0.1, lmbda=0.3):
        self.num_layers = len(sizes)
        self.eta = eta
        self.lmbda = lmbda
        self.biases = [rng.standard_normal((y, 1)) for y in sizes[1:]]
        self.weights = [rng.standard_normal((y, x)) / np.sqrt(x)
                        for x, y in zip(sizes[:-1], sizes[1:])]

    def total_cost(self, mini_batch):
        """Regularized quadratic cost of the mini batch."""
        cost = 0.0
        for x, y in mini_batch:
            a = x
            for b, w in zip(self.biases, self.weights):
                a = 1.0 / (1.0 + np.exp(-np.dot(w, a) - b))
            cost += 0.5 * np.linalg.norm(a - y) ** 2
        cost += 0.5 * self.lmbda * sum(np.linalg.norm(w) ** 2 for w in self.weights)
        return cost / len(mini_batch)

    def update_mini_batch(self, mini_batch):
        """One step of gradient descent; replaces ``self.weights`` and ``self.biases``."""
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]
        m = len(mini_batch)
        self.weights = [(1 - self.eta * self.lmbda / m) * w - (self.eta / m) * nw
                        for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - (self.eta / m) * nb
                       for b, nb in zip(self.biases, nabla_b)]

    def backprop(self, x, y):
        """Return ``(nabla_b, nabla_w)``, the gradient for one pair."""
        nabla_b = [np.zeros_like(b) for b in self.biases]
        nabla_w = [np.zeros_like(w) for w in self.weights]
        # feedforward
        activation = x
        activations = [x]  # layer by layer
        zs = []            # the weighted inputs
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        # backward pass
        delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        for l in range(2, self.num_layers):
            z = zs[-l]
            sp = sigmoid_prime(z)
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        return (nabla_b, nabla_w)

    def cost_derivative(self, output_activations, y):
        return (output_activations - y)

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

def setup(rng):
    net = Network([4, 6, 5, 2], rng)
    wrt = []
    for name in ("weights", "biases"):
        for i in range(3):  # so that getattr/setattr(net, "weights[0]") reach into the list
            setattr(Network, "%s[%d]" % (name, i), property(
                lambda self, n=name, i=i: getattr(self, n)[i],
                lambda self, v, n=name, i=i: getattr(self, n).__setitem__(i, v)))
            wrt.append("self.%s[%d]" % (name, i))
    mini_batch = [(rng.standard_normal((4, 1)), rng.random((2, 1))) for _ in range(3)]
    return net.total_cost, net.update_mini_batch, (mini_batch,), {"wrt": wrt, "returns": "updated", "lr": 0.1}
