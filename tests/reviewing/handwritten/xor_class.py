import numpy as np

# my first neural network!! learns XOR (2 hidden layers)


def sigmoid(x):
    return 1.0 / (1 + np.exp(-x))


def sigmoid_derivative(s):
    # s = sigmoid(x) already
    return s * (1.0 - s)


class NeuralNetwork:
    def __init__(self, x, y, n1=5, n2=3, lr=0.1, decay=0.0, rng=None):
        rng = rng or np.random.default_rng(1)
        self.input = x
        self.y = y
        self.lr = lr
        self.decay = decay
        self.weights1 = rng.standard_normal((x.shape[1], n1))
        self.bias1 = rng.standard_normal((1, n1)) * 0.3
        self.weights2 = rng.standard_normal((n1, n2))
        self.bias2 = rng.standard_normal((1, n2)) * 0.3
        self.weights3 = rng.standard_normal((n2, y.shape[1]))
        self.bias3 = np.zeros((1, y.shape[1]))
        self.output = np.zeros(y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(np.dot(self.input, self.weights1) + self.bias1)
        self.layer2 = sigmoid(np.dot(self.layer1, self.weights2) + self.bias2)
        self.output = sigmoid(np.dot(self.layer2, self.weights3) + self.bias3)
        return self.output

    def loss(self):
        out = self.feedforward()
        squared = np.sum((self.y - out) ** 2)
        w_sum = np.sum(self.weights1 ** 2) + np.sum(self.weights2 ** 2) + np.sum(self.weights3 ** 2)
        return squared + 0.5 * self.decay * w_sum

    def backprop(self):
        # chain rule, from the output to the input
        # (d_... are the DOWNHILL directions, that is why we add them later)
        error = self.y - self.output
        delta3 = 2 * error * sigmoid_derivative(self.output)
        self.d_weights3 = np.dot(self.layer2.T, delta3)
        self.d_bias3 = np.sum(delta3, axis=0, keepdims=True)

        error2 = np.dot(delta3, self.weights3.T)
        delta2 = error2 * sigmoid_derivative(self.layer2)
        self.d_weights2 = np.dot(self.layer1.T, delta2)
        self.d_bias2 = np.sum(delta2, axis=0, keepdims=True)

        error1 = np.dot(delta2, self.weights2.T)
        delta1 = error1 * sigmoid_derivative(self.layer1)
        self.d_weights1 = np.dot(self.input.T, delta1)
        self.d_bias1 = np.sum(delta1, axis=0, keepdims=True)

        # weight decay pulls to zero
        self.d_weights1 -= self.decay * self.weights1
        self.d_weights2 -= self.decay * self.weights2
        self.d_weights3 -= self.decay * self.weights3

    def train_step(self):
        self.feedforward()
        self.backprop()
        # update the weights with the slope of the loss function
        self.weights1 += self.lr * self.d_weights1
        self.bias1 += self.lr * self.d_bias1
        self.weights2 += self.lr * self.d_weights2
        self.bias2 += self.lr * self.d_bias2
        self.weights3 += self.lr * self.d_weights3
        self.bias3 += self.lr * self.d_bias3


def setup(rng):
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    Y = np.array([[0], [1], [1], [0]], dtype=float)
    nn = NeuralNetwork(X, Y, lr=0.1, decay=0.05, rng=rng)
    return nn.loss, nn.train_step, [], {
        "wrt": ["self.weights1", "self.bias1", "self.weights2", "self.bias2", "self.weights3", "self.bias3"],
        "returns": "updated", "lr": 0.1}
