import numpy as np


def sigmoid(v):
    return 1.0 / (1.0 + np.exp(-v))


# neural network class definition: three weight layers, sigmoid everywhere
class NeuralNetwork:

    # initialise the neural network
    def __init__(self, nodes, learning_rate, rng):
        n_in, n_h1, n_h2, n_out = nodes
        # link weight matrices, w_to_from
        self.w1 = rng.normal(0.0, 1.0, (n_h1, n_in))
        self.w2 = rng.normal(0.0, 1.0, (n_h2, n_h1))
        self.w3 = rng.normal(0.0, 1.0, (n_out, n_h2))
        self.b1 = rng.normal(0.0, 0.5, (n_h1, 1))
        self.b2 = rng.normal(0.0, 0.5, (n_h2, 1))
        self.b3 = rng.normal(0.0, 0.5, (n_out, 1))
        self.lr = learning_rate

    # half the squared error, averaged over the rows of x
    def error(self, x, y):
        s = sigmoid(x @ self.w1.T + self.b1.T)
        s = sigmoid(s @ self.w2.T + self.b2.T)
        s = sigmoid(s @ self.w3.T + self.b3.T)
        return 0.5 * np.sum((y - s) ** 2) / x.shape[0]

    # train the neural network: one step of gradient descent
    def train(self, x, y):
        # rows to columns
        inputs = np.array(x, ndmin=2).T
        targets = np.array(y, ndmin=2).T
        count = inputs.shape[1]

        # signals through the layers
        hidden1 = sigmoid(np.dot(self.w1, inputs) + self.b1)
        hidden2 = sigmoid(np.dot(self.w2, hidden1) + self.b2)
        outputs = sigmoid(np.dot(self.w3, hidden2) + self.b3)

        # output error is (target - actual), then split by the weights
        output_errors = (targets - outputs) / count
        output_delta = output_errors * outputs * (1.0 - outputs)
        hidden2_errors = np.dot(self.w3.T, output_delta)
        hidden2_delta = hidden2_errors * hidden2 * (1.0 - hidden2)
        hidden1_errors = np.dot(self.w2.T, hidden2_delta)
        hidden1_delta = hidden1_errors * hidden1 * (1.0 - hidden1)

        # update the links, last layer first
        self.w3 += self.lr * np.dot(output_delta, hidden2.T)
        self.b3 += self.lr * output_delta.sum(axis=1, keepdims=True)
        self.w2 += self.lr * np.dot(hidden2_delta, hidden1.T)
        self.b2 += self.lr * hidden2_delta.sum(axis=1, keepdims=True)
        self.w1 += self.lr * np.dot(hidden1_delta, inputs.T)
        self.b1 += self.lr * hidden1_delta.sum(axis=1, keepdims=True)

    # query the neural network
    def query(self, x):
        signal = np.array(x, ndmin=2).T
        for w, b in ((self.w1, self.b1), (self.w2, self.b2), (self.w3, self.b3)):
            signal = sigmoid(np.dot(w, signal) + b)
        return signal.T


def setup(rng):
    net = NeuralNetwork((3, 6, 5, 2), 0.1, rng)
    x, y = rng.normal(size=(4, 3)), rng.uniform(0.05, 0.95, size=(4, 2))
    return net.error, net.train, (x, y), {
        "wrt": ["self.w1", "self.b1", "self.w2", "self.b2", "self.w3", "self.b3"],
        "returns": "updated", "lr": 0.1}
