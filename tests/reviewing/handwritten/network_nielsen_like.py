"""network.py -- a feedforward network trained with mini-batch stochastic
gradient descent.  Quadratic cost, sigmoid neurons, weight decay."""
import numpy as np


def sigmoid(z):
    """The sigmoid function."""
    return 1.0/(1.0+np.exp(-z))


def sigmoid_prime(z):
    """Derivative of the sigmoid function."""
    return sigmoid(z)*(1-sigmoid(z))


class Network(object):

    def __init__(self, weights, biases):
        self.num_layers = len(weights)+1
        self.weights = weights
        self.biases = biases

    def update_mini_batch(self, mini_batch, eta, lmbda):
        """Update the weights and biases by one step of gradient descent
        on a single mini batch, a list of tuples ``(x, y)``."""
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb+dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw+dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]
        rate = eta/len(mini_batch)
        self.weights = [(1-eta*lmbda)*w-rate*nw
                        for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b-rate*nb for b, nb in zip(self.biases, nabla_b)]

    def backprop(self, x, y):
        """Return ``(nabla_b, nabla_w)``, the gradient of the cost C_x,
        as layer-by-layer lists of arrays."""
        nabla_b = [np.zeros_like(b) for b in self.biases]
        nabla_w = [np.zeros_like(w) for w in self.weights]
        # feedforward
        activation = x
        activations = [x]  # list to store all the activations, layer by layer
        zs = []  # list to store all the z vectors, layer by layer
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation)+b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        # backward pass
        delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        # l = 2 is the second-last layer of neurons, and so on
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(zs[-l])
            delta = np.dot(self.weights[-l+1].transpose(), delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l-1].transpose())
        return (nabla_b, nabla_w)

    def cost_derivative(self, output_activations, y):
        return (output_activations-y)


def batch_cost(batch, w1, w2, w3, b1, b2, b3):
    total = 0.0
    for x, y in batch:
        a = x
        for w, b in ((w1, b1), (w2, b2), (w3, b3)):
            a = 1.0/(1.0+np.exp(-(w @ a+b)))
        total += 0.5*np.sum((a-y)**2)
    decay = sum(np.sum(w**2) for w in (w1, w2, w3))
    return total/len(batch)+0.5*0.3*decay


def one_step(batch, w1, w2, w3, b1, b2, b3):
    net = Network([w1, w2, w3], [b1, b2, b3])
    net.update_mini_batch(batch, 0.1, 0.3)
    return (*net.weights, *net.biases)


def setup(rng):
    sizes = [3, 6, 4, 2]
    ws = [rng.standard_normal((o, i)) for i, o in zip(sizes[:-1], sizes[1:])]
    bs = [0.3*rng.standard_normal((o, 1)) for o in sizes[1:]]
    batch = [(rng.standard_normal((3, 1)), rng.random((2, 1))) for _ in range(5)]
    options = {"wrt": ["w1", "w2", "w3", "b1", "b2", "b3"], "returns": "updated", "lr": 0.1}
    return batch_cost, one_step, (batch, *ws, *bs), options
