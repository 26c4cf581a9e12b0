"""
A feedforward network with sigmoid neurons; gradients by backpropagation,
one training example at a time and summed over the mini-batch.
"""
import numpy as np

class Network(object):

    def __init__(self, sizes, biases, weights):
        self.num_layers = len(sizes)
        self.sizes = sizes
        self.biases = biases
        self.weights = weights

    def feedforward(self, a):
        """Return the output of the network if ``a`` is input."""
        for b, w in zip(self.biases, self.weights):
            a = 1.0 / (1.0 + np.exp(-(np.dot(w, a) + b)))
        return a

    def total_cost(self, mini_batch):
        cost = 0.0
        for x, y in mini_batch:
            cost += 0.5 * np.sum((self.feedforward(x) - y) ** 2)
        return cost

    def mini_batch_gradient(self, mini_batch):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]
        return nabla_b, nabla_w

    def backprop(self, x, y):
        """Return ``(nabla_b, nabla_w)``, the gradient for one example,
        as layer-by-layer lists of numpy arrays."""
        grad_b = [np.zeros(b.shape) for b in self.biases]
        grad_w = [np.zeros(w.shape) for w in self.weights]
        # feedforward
        activation = x
        activations = [x]  # all the activations, layer by layer
        zs = []  # all the z vectors, layer by layer
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        # backward pass
        delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
        grad_b[-1] = delta
        grad_w[-1] = np.dot(delta, activations[-2].transpose())
        # l = 2: the second-last layer, and so on
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(zs[-l])
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp
            grad_b[-l] = delta
            grad_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        return grad_b, grad_w

    def cost_derivative(self, output_activations, y):
        return output_activations - y

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

SIZES = [4, 6, 3, 2]

def batch_of(X, Y):
    return [(x.reshape(-1, 1), y.reshape(-1, 1)) for x, y in zip(X, Y)]

def cost(X, Y, b1, b2, b3, w1, w2, w3):
    net = Network(SIZES, [b1, b2, b3], [w1, w2, w3])
    return net.total_cost(batch_of(X, Y))

def gradient(X, Y, b1, b2, b3, w1, w2, w3):
    model = Network(SIZES, [b1, b2, b3], [w1, w2, w3])
    nabla_b, nabla_w = model.mini_batch_gradient(batch_of(X, Y))
    return tuple(nabla_b) + tuple(nabla_w)

def setup(rng):
    X, Y = rng.normal(size=(5, SIZES[0])), rng.random((5, SIZES[-1]))
    bs = [rng.normal(size=(n, 1)) for n in SIZES[1:]]
    ws = [rng.normal(size=(n, k)) for k, n in zip(SIZES[:-1], SIZES[1:])]
    return cost, gradient, (X, Y, *bs, *ws), {"wrt": ["b1", "b2", "b3", "w1", "w2", "w3"]}
