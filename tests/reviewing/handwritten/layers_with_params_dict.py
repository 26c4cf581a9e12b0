from collections import OrderedDict
import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.x = self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx


class Relu:
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        x = x - np.max(x, axis=1, keepdims=True)
        self.y = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        return self.y

    def backward(self, dout=1):
        batch_size = self.t.shape[0]
        return dout * (self.y - self.t) / batch_size


class TwoLayerNet:
    def __init__(self, W1, b1, W2, b2, weight_decay_lambda=0.05):
        self.weight_decay_lambda = weight_decay_lambda
        self.params = {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2}
        self.layers = OrderedDict()
        self.layers['Affine1'] = Affine(self.params['W1'], self.params['b1'])
        self.layers['Relu1'] = Relu()
        self.layers['Affine2'] = Affine(self.params['W2'], self.params['b2'])
        self.last_layer = SoftmaxWithLoss()

    def gradient(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        self.last_layer.forward(x, t)

        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        lam = self.weight_decay_lambda
        grads = {}
        grads['W1'] = self.layers['Affine1'].dW + lam * self.params['W1']
        grads['b1'] = self.layers['Affine1'].db
        grads['W2'] = self.layers['Affine2'].dW + lam * self.params['W2']
        grads['b2'] = self.layers['Affine2'].db
        return grads


def net_loss(x, t, W1, b1, W2, b2):
    hidden = np.maximum(x @ W1 + b1, 0)
    score = hidden @ W2 + b2
    log_prob = score - np.log(np.sum(np.exp(score), axis=1, keepdims=True))
    penalty = 0.5 * 0.05 * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    return -np.sum(t * log_prob) / len(x) + penalty


def net_gradient(x, t, W1, b1, W2, b2):
    return TwoLayerNet(W1, b1, W2, b2).gradient(x, t)


def setup(rng):
    n, d, h, k = 5, 4, 6, 3
    x = rng.normal(size=(n, d))
    t = np.eye(k)[rng.permutation(np.array([0, 1, 2, 1, 0]))]
    args = (x, t, rng.normal(size=(d, h)), 0.3 * rng.normal(size=h),
            rng.normal(size=(h, k)), 0.3 * rng.normal(size=k))
    return net_loss, net_gradient, args, {"wrt": ["W1", "b1", "W2", "b2"]}
