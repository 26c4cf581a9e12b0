# Multi-output regression, 3 layers, one sample at a time (slow but easy to follow)
#   x -> tanh -> leaky relu -> linear
#   E = sum_n q[n] * mean_k (y - t)^2 / sum_n q[n]  +  lam * sum |W|
import numpy as np

SLOPE = 0.1

def leaky(s):
    return np.where(s > 0, s, SLOPE * s)

def leaky_grad(s):
    g = np.ones_like(s)
    g[s < 0] = SLOPE
    return g

def predict(net, x):
    """returns everything that is needed later for one sample"""
    s1 = net[0]['W'].dot(x) + net[0]['b']
    h1 = np.tanh(s1)
    s2 = net[1]['W'].dot(h1) + net[1]['b']
    h2 = leaky(s2)
    y = net[2]['W'].dot(h2) + net[2]['b']
    return s1, h1, s2, h2, y

def error(net, X, T, q, lam):
    total = 0.0
    for n in range(len(X)):
        u = np.tanh(net[0]['W'] @ X[n] + net[0]['b'])
        u = net[1]['W'] @ u + net[1]['b']
        u = np.maximum(u, 0) + SLOPE * np.minimum(u, 0)
        u = net[2]['W'] @ u + net[2]['b']
        total += q[n] * np.mean((u - T[n]) ** 2)
    return total / np.sum(q) + lam * sum(np.abs(layer['W']).sum() for layer in net)

def gradient(net, X, T, q, lam):
    N, K = T.shape
    G = []
    for layer in net:
        G.append({'W': np.zeros_like(layer['W']), 'b': np.zeros_like(layer['b'])})

    for n in range(N):
        x = X[n]
        s1, h1, s2, h2, y = predict(net, x)

        # output layer
        d3 = np.zeros(K)
        for k in range(K):
            d3[k] = 2 * q[n] * (y[k] - T[n, k]) / K
        # hidden layers
        d2 = np.dot(net[2]['W'].T, d3) * leaky_grad(s2)
        back = np.dot(net[1]['W'].T, d2)
        g1 = h1.copy()
        g1 **= 2
        d1 = back * (1 - g1)

        G[2]['W'] += np.outer(d3, h2)
        G[2]['b'] += d3
        G[1]['W'] += np.outer(d2, h1)
        G[1]['b'] += d2
        for i in range(len(d1)):
            for j in range(len(x)):
                G[0]['W'][i, j] += d1[i] * x[j]
            G[0]['b'][i] += d1[i]

    qsum = np.sum(q)
    for l in range(len(net)):
        G[l]['W'] /= qsum
        G[l]['b'] /= qsum
        G[l]['W'] += lam * np.sign(net[l]['W'])
    return G

def setup(rng):
    sizes, N = [3, 4, 6, 2], 5
    flat = []
    for l in range(3):
        flat += [0.8 * rng.normal(size=(sizes[l + 1], sizes[l])), 0.4 * rng.normal(size=sizes[l + 1])]
    X, T, q = rng.normal(size=(N, 3)), rng.normal(size=(N, 2)), rng.uniform(0.3, 2.0, N)

    def pack(W1, b1, W2, b2, W3, b3):
        return [{'W': W1, 'b': b1}, {'W': W2, 'b': b2}, {'W': W3, 'b': b3}]

    def forward(X, T, q, W1, b1, W2, b2, W3, b3, lam):
        return error(pack(W1, b1, W2, b2, W3, b3), X, T, q, lam)

    def backward(X, T, q, W1, b1, W2, b2, W3, b3, lam):
        G = gradient(pack(W1, b1, W2, b2, W3, b3), X, T, q, lam)
        return tuple(layer[key] for layer in G for key in ('W', 'b'))

    return forward, backward, (X, T, q, *flat, 0.05), {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
