# Backprop written neuron by neuron, as it is drawn on the blackboard.
# Every weight row keeps its bias as the LAST entry. No classes, no matrices.
import numpy as np


def sig(v):
    return 1.0 / (1.0 + np.exp(-v))


def total_error(X, T, w_hid, w_out):
    # short matrix version, E = 1/P * sum_p 1/2 * sum_k (o - t)^2
    ones = np.ones((len(X), 1))
    H = 1 / (1 + np.exp(-np.hstack([X, ones]) @ w_hid.T))
    O = 1 / (1 + np.exp(-np.hstack([H, ones]) @ w_out.T))
    return 0.5 * np.sum((O - T) ** 2) / len(X)


def error_gradients(X, T, w_hid, w_out):
    n_pat = len(X)
    n_in = len(X[0])
    n_hid = len(w_hid)
    n_out = len(w_out)
    g_hid = [[0.0] * (n_in + 1) for _ in range(n_hid)]
    g_out = [[0.0] * (n_hid + 1) for _ in range(n_out)]

    for p in range(n_pat):
        # forward: hidden neurons
        hid = []
        for j in range(n_hid):
            net = w_hid[j][n_in]
            for i in range(n_in):
                net += w_hid[j][i] * X[p][i]
            hid.append(sig(net))
        # forward: output neurons
        out = []
        for k in range(n_out):
            act = w_out[k][n_hid]
            for j in range(n_hid):
                act += w_out[k][j] * hid[j]
            out.append(sig(act))

        # deltas, output neurons first
        delta_out = []
        for k in range(n_out):
            err = out[k] - T[p][k]
            delta_out.append(err * out[k] * (1.0 - out[k]))
        delta_hid = []
        for j in range(n_hid):
            blame = 0.0
            for k in range(n_out):
                blame += delta_out[k] * w_out[k][j]
            delta_hid.append(blame * hid[j] * (1.0 - hid[j]))

        # collect
        for k in range(n_out):
            for j in range(n_hid):
                g_out[k][j] += delta_out[k] * hid[j]
            g_out[k][-1] += delta_out[k]
        for j in range(n_hid):
            for i in range(n_in):
                g_hid[j][i] += delta_hid[j] * X[p][i]
            g_hid[j][-1] += delta_hid[j]

    # average over the patterns
    for row in g_hid + g_out:
        for i in range(len(row)):
            row[i] /= n_pat
    return np.array(g_hid), np.array(g_out)


def setup(rng):
    X = rng.normal(size=(5, 3))
    T = rng.random((5, 2))
    w_hid = rng.normal(size=(6, 4))
    w_out = rng.normal(size=(2, 7))
    return total_error, error_gradients, (X, T, w_hid, w_out), {"wrt": ["w_hid", "w_out"]}
