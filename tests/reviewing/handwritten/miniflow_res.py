import numpy as np

class Node:
    """Base class of the graph. `gradients` maps an inbound node to d cost / d that node."""
    def __init__(self, *inbound_nodes):
        self.inbound_nodes = inbound_nodes
        self.outbound_nodes = []
        self.gradients = {}
        for node in inbound_nodes:
            node.outbound_nodes.append(self)
    def forward(self):
        pass

class Input(Node):
    def backward(self):
        self.gradients = {self: 0}
        for n in self.outbound_nodes:
            self.gradients[self] += n.gradients[self]

class Linear(Node):
    def forward(self):
        X, W, b = [n.value for n in self.inbound_nodes]
        self.value = np.dot(X, W) + b
    def backward(self):
        self.gradients = {n: np.zeros_like(n.value) for n in self.inbound_nodes}
        X, W, b = self.inbound_nodes
        for n in self.outbound_nodes:
            grad_cost = n.gradients[self]
            self.gradients[X] += np.dot(grad_cost, W.value.T)
            self.gradients[W] += np.dot(X.value.T, grad_cost)
            self.gradients[b] += np.sum(grad_cost, axis=0)

class Sigmoid(Node):
    def _sigmoid(self, x):
        return 1. / (1. + np.exp(-x))
    def forward(self):
        self.value = self._sigmoid(self.inbound_nodes[0].value)
    def backward(self):
        self.gradients = {self.inbound_nodes[0]: np.zeros_like(self.value)}
        for n in self.outbound_nodes:
            sigmoid = self.value
            self.gradients[self.inbound_nodes[0]] += sigmoid * (1 - sigmoid) * n.gradients[self]

class Add(Node):
    """a + scale * b, the skip connection"""
    scale = 0.5
    def forward(self):
        a, b = self.inbound_nodes
        self.value = a.value + self.scale * b.value
    def backward(self):
        a, b = self.inbound_nodes
        total = sum(n.gradients[self] for n in self.outbound_nodes)
        self.gradients[a] = total
        self.gradients[b] = self.scale * total

class MSE(Node):
    def forward(self):
        y, a = self.inbound_nodes
        self.m = y.value.shape[0]
        self.diff = y.value - a.value
        self.value = np.sum(self.diff ** 2) / self.m
    def backward(self):
        y, a = self.inbound_nodes
        self.gradients[y] = (2 / self.m) * self.diff
        self.gradients[a] = (-2 / self.m) * self.diff

def topological_sort(inputs):
    waiting, order, ready = {}, [], list(inputs)
    while ready:
        order.append(ready.pop(0))
        for m in order[-1].outbound_nodes:
            waiting[m] = waiting.get(m, len(m.inbound_nodes)) - 1
            if waiting[m] == 0:
                ready.append(m)
    return order

def forward_and_backward(graph):
    for n in graph:
        n.forward()
    for n in graph[::-1]:
        n.backward()

def residual_gradients(X_, y_, W1_, b1_, W2_, b2_, W3_, b3_):
    X, y, W1, b1, W2, b2, W3, b3 = inputs = [Input() for _ in range(8)]
    s1 = Sigmoid(Linear(X, W1, b1))
    s2 = Sigmoid(Linear(s1, W2, b2))
    MSE(y, Linear(Add(s2, s1), W3, b3))
    for node, v in zip(inputs, (X_, y_, W1_, b1_, W2_, b2_, W3_, b3_)):
        node.value = v
    forward_and_backward(topological_sort(inputs))
    return tuple(t.gradients[t] for t in (X, W1, b1, W2, b2, W3, b3))

def residual_cost(X_, y_, W1_, b1_, W2_, b2_, W3_, b3_):
    h1 = 1 / (1 + np.exp(-(X_ @ W1_ + b1_)))
    h2 = 1 / (1 + np.exp(-(h1 @ W2_ + b2_)))
    out = (h2 + h1 / 2) @ W3_ + b3_
    return ((out - y_) ** 2).sum() / len(y_)

def setup(rng):
    r = lambda *s: rng.normal(size=s)
    args = (r(5, 3), r(5, 2), r(3, 4), r(4), r(4, 4), r(4), r(4, 2), r(2))
    return residual_cost, residual_gradients, args, {"wrt": ["X_", "W1_", "b1_", "W2_", "b2_", "W3_", "b3_"]}
