"""nanokeras: a Sequential with a Keras flavour. call() keeps what backprop() needs."""
import numpy as np

class Layer(object):
    weights, name, penalty = (), None, lambda self: 0.0
    def gradients(self):
        return [getattr(self, "d" + w) for w in self.weights]

class Dense(Layer):
    weights = ("kernel", "bias")
    def __init__(self, kernel, bias, name, l2=0.0):
        self.kernel, self.bias, self.name, self.l2 = kernel, bias, name, l2
    def call(self, x, mask):
        self.x = x
        return np.dot(x, self.kernel) + self.bias
    def penalty(self):
        return self.l2 * np.sum(self.kernel ** 2)
    def backprop(self, dout):
        self.dkernel = np.dot(self.x.T, dout)
        self.dkernel += 2.0 * self.l2 * self.kernel
        self.dbias = dout.sum(axis=0)
        return np.dot(dout, self.kernel.T)

class PReLU(Layer):
    weights = ("alpha",)
    def __init__(self, alpha, name):
        self.alpha, self.name = alpha, name
    def call(self, x, mask):
        self.pre = x
        return np.where(x > 0, x, self.alpha * x)
    def backprop(self, dout):
        negative = self.pre < 0
        self.dalpha = np.sum(dout * self.pre * negative, axis=0)
        slope = np.where(negative, self.alpha, 1.0)
        return dout * slope

class Dropout(Layer):
    def __init__(self, rate):
        self.keep = 1.0 - rate      # inverted dropout, 0/1 mask handed in
    def call(self, x, mask):
        self.mask = mask
        return x * mask / self.keep
    def backprop(self, dout):
        return dout * self.mask / self.keep

class Tanh(Layer):
    def call(self, x, mask):
        self.out = np.tanh(x)
        return self.out
    def backprop(self, dout):
        return dout * (1.0 - self.out ** 2)

class SoftmaxCrossentropy(object):
    def __init__(self, label_smoothing=0.1):
        self.eps = label_smoothing
    def call(self, logits, onehot):
        self.logp = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
        self.onehot = onehot
        smooth = (1.0 - self.eps) * onehot + self.eps / onehot.shape[1]
        return -np.mean(np.sum(smooth * self.logp, axis=1))
    def backprop(self):
        n, k = self.logp.shape
        probs = np.exp(self.logp)
        target = self.onehot * (1.0 - self.eps) + self.eps / k
        dlogits = probs - target
        return dlogits / n

class Sequential(object):
    def __init__(self, layers, loss):
        self.layers, self.loss = layers, loss
        self.__dict__.update((l.name, l) for l in layers if l.name)
    def evaluate(self, x, y, mask):
        for layer in self.layers:
            x = layer.call(x, mask)
        return self.loss.call(x, y) + sum(l.penalty() for l in self.layers)
    def backward(self, x, y, mask):
        dout = self.loss.backprop()
        for layer in reversed(self.layers):
            dout = layer.backprop(dout)
        return [g for layer in self.layers for g in layer.gradients()]

def setup(rng):
    r = rng.normal
    model = Sequential([
        Dense(r(size=(3, 6)), 0.3 * r(size=6), "dense_1", l2=0.03), PReLU(rng.uniform(0.1, 0.4, size=6), "prelu_1"),
        Dropout(0.4), Dense(r(size=(6, 4)) * 0.5, 0.3 * r(size=4), "dense_2", l2=0.02), Tanh(),
        Dense(r(size=(4, 2)), 0.3 * r(size=2), "dense_3")], SoftmaxCrossentropy(0.1))
    mask = (np.arange(30).reshape(5, 6) % 4 > 0).astype(float)
    args = (r(size=(5, 3)), np.eye(2)[[0, 1, 0, 1, 0]], mask)
    return model.evaluate, model.backward, args, {"wrt": ["self.dense_1.kernel", "self.dense_1.bias", "self.prelu_1.alpha", "self.dense_2.kernel", "self.dense_2.bias",
        "self.dense_3.kernel", "self.dense_3.bias"]}
