# three layer network, trained one sample at a time (column vectors),
# the weight changes are summed over the batch and applied at the end
import numpy as np

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

def to_column(row):
    # [1, 2, 3] -> 3x1 array
    return np.array(row, ndmin=2).T

class neuralNetwork:
    # initialise the neural network
    def __init__(self, inputnodes, hiddennodes, secondnodes, outputnodes, learningrate, rng):
        self.inodes = inputnodes
        self.hnodes = hiddennodes
        self.snodes = secondnodes
        self.onodes = outputnodes
        self.lr = learningrate

        # link weight matrices, w_i_j links node i to node j in the next layer
        self.weights_input_hidden = rng.normal(0.0, pow(inputnodes, -0.5), (hiddennodes, inputnodes))
        self.weights_hidden_second = rng.normal(0.0, pow(hiddennodes, -0.5), (secondnodes, hiddennodes))
        self.weights_second_output = rng.normal(0.0, pow(secondnodes, -0.5), (outputnodes, secondnodes))
        self.bias_hidden = rng.normal(0.0, 0.3, (hiddennodes, 1))
        self.bias_second = rng.normal(0.0, 0.3, (secondnodes, 1))

    # half of the squared error, mean over the samples
    def cost(self, inputs_list, targets_list):
        total = 0.0
        for x, t in zip(inputs_list, targets_list):
            a = x.reshape(-1, 1)
            a = sigmoid(self.weights_input_hidden.dot(a) + self.bias_hidden)
            a = np.tanh(self.weights_hidden_second.dot(a) + self.bias_second)
            a = sigmoid(self.weights_second_output.dot(a))
            total += 0.5 * np.sum((t.reshape(-1, 1) - a) ** 2)
        return total / len(inputs_list)

    # train the neural network on one batch
    def train(self, inputs_list, targets_list):
        delta_w_ih = np.zeros(self.weights_input_hidden.shape)
        delta_w_hs = np.zeros(self.weights_hidden_second.shape)
        delta_w_so = np.zeros(self.weights_second_output.shape)
        delta_b_h = np.zeros(self.bias_hidden.shape)
        delta_b_s = np.zeros(self.bias_second.shape)
        n = len(inputs_list)

        for i in range(n):
            inputs = to_column(inputs_list[i])
            targets = to_column(targets_list[i])

            # signals into and out of the layers
            hidden_inputs = np.dot(self.weights_input_hidden, inputs) + self.bias_hidden
            hidden_outputs = sigmoid(hidden_inputs)
            second_inputs = np.dot(self.weights_hidden_second, hidden_outputs) + self.bias_second
            second_outputs = np.tanh(second_inputs)
            final_inputs = np.dot(self.weights_second_output, second_outputs)
            final_outputs = sigmoid(final_inputs)

            # error is the (target - actual)
            output_errors = targets - final_outputs
            output_grad = output_errors * final_outputs * (1.0 - final_outputs)
            # errors of the inner layers, split by weights, recombined at the nodes
            second_errors = np.dot(self.weights_second_output.T, output_grad)
            second_grad = second_errors * (1.0 - second_outputs ** 2)
            hidden_errors = np.dot(self.weights_hidden_second.T, second_grad)
            hidden_grad = hidden_errors * hidden_outputs * (1.0 - hidden_outputs)

            delta_w_so += np.dot(output_grad, second_outputs.T)
            delta_w_hs += np.dot(second_grad, hidden_outputs.T)
            delta_w_ih += np.dot(hidden_grad, inputs.T)
            delta_b_s += second_grad
            delta_b_h += hidden_grad

        # update the links
        self.weights_second_output += self.lr * delta_w_so / n
        self.weights_hidden_second += self.lr * delta_w_hs / n
        self.weights_input_hidden += self.lr * delta_w_ih / n
        self.bias_second += self.lr * delta_b_s / n
        self.bias_hidden += self.lr * delta_b_h / n

def setup(rng):
    net = neuralNetwork(4, 6, 3, 2, 0.1, rng)
    x = rng.normal(size=(5, 4))
    t = rng.uniform(0.05, 0.95, size=(5, 2))
    return net.cost, net.train, (x, t), {
        "wrt": ["self.weights_input_hidden", "self.weights_hidden_second", "self.weights_second_output",
                "self.bias_hidden", "self.bias_second"],
        "returns": "updated", "lr": 0.1}
