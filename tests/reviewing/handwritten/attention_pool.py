# attention pooling over sets of vectors, one set at a time
#   e_j   = v . tanh(W x_j + b) / tau
#   a     = softmax(e)
#   c     = sum_j a_j x_j
#   yhat  = U c + d          loss = 1/(2 m) sum_i |yhat_i - y_i|^2
# sets have different sizes, hence the loops
import numpy as np

TAU = 0.7


def predict(S, W, b, v, U, d):
    H = np.tanh(S @ W.T + b)
    e = H @ v / TAU
    w = np.exp(e - e.max())
    w = w / w.sum()
    return U @ (w @ S) + d


def loss(W, b, v, U, d, sets, ys):
    total = 0.0
    for S, y in zip(sets, ys):
        diff = predict(S, W, b, v, U, d) - y
        total += 0.5 * np.dot(diff, diff)
    return total / len(sets)


def softmax(e):
    ex = np.exp(e - np.max(e))
    return ex / np.sum(ex)


def softmax_back(a, ga):
    """gradient wrt the scores, given the weights a and the gradient ga wrt the weights"""
    n = len(a)
    ge = np.zeros(n)
    for j in range(n):
        for k in range(n):
            ge[j] -= ga[k] * a[k] * a[j]
        ge[j] += ga[j] * a[j]
    return ge


def one_sample(S, y, W, b, v, U, d):
    """gradients of 1/2 |yhat - y|^2 for a single set S (rows are the members)"""
    n = len(S)
    hid, e = [], np.zeros(n)
    for j in range(n):
        h = np.tanh(np.dot(W, S[j]) + b)
        hid.append(h)
        e[j] = np.dot(v, h) / TAU
    a = softmax(e)
    c = np.zeros(S.shape[1])
    for j in range(n):
        c += a[j] * S[j]
    yhat = np.dot(U, c) + d

    gy = yhat - y
    gU = np.outer(gy, c)
    gd = gy.copy()
    gc = np.dot(U.T, gy)
    ga = np.array([np.dot(gc, S[j]) for j in range(n)])
    ge = softmax_back(a, ga) / TAU
    # scores
    gW, gb, gv = np.zeros(W.shape), np.zeros(b.shape), np.zeros(v.shape)
    for j in range(n):
        gv += ge[j] * hid[j]
        gpre = ge[j] * v * (1 - hid[j] ** 2)
        gW += np.outer(gpre, S[j])
        gb += gpre
    return gW, gb, gv, gU, gd


def gradients(W, b, v, U, d, sets, ys):
    m = len(sets)
    total = [np.zeros_like(p) for p in (W, b, v, U, d)]
    for i in range(m):
        g = one_sample(sets[i], ys[i], W, b, v, U, d)
        for k in range(len(total)):
            total[k] += g[k]
    return tuple(t / m for t in total)


def setup(rng):
    D, H, O = 3, 5, 2
    sets = [rng.normal(size=(n, D)) for n in (4, 6, 3, 5)]
    ys = [rng.normal(size=O) for _ in sets]
    args = (0.7 * rng.normal(size=(H, D)), 0.3 * rng.normal(size=H), rng.normal(size=H),
            rng.normal(size=(O, D)), 0.3 * rng.normal(size=O), sets, ys)
    return loss, gradients, args, {"wrt": ["W", "b", "v", "U", "d"]}
