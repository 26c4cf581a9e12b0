# LSTM cost and gradient, translated from my MATLAB exercise (ex8_lstm.m).
# Columns are examples, as in the course: X{t} is n x m, h is s x m.
# Row blocks of the big matrix:  1 input, 2 forget, 3 output, 4 candidate
import numpy as np


def sigm(z):
    return 1.0 / (1.0 + np.exp(-z))


def lstmCost(Wg, bg, Wy, by, h0, c0, X, Y):
    """J = 1/(2m) * sum over t of || Yhat_t - Y_t ||^2   (forward only)"""
    T, n, m = X.shape
    s = h0.shape[0]
    h = h0
    c = c0
    J = 0.0
    for t in range(T):
        A = Wg.dot(np.concatenate([h, X[t]], axis=0)) + bg
        i, f, o = np.split(sigm(A[:3 * s]), 3)
        c = f * c + i * np.tanh(A[3 * s:])
        h = o * np.tanh(c)
        J += np.sum((Wy.dot(h) + by - Y[t]) ** 2)
    return J / (2 * m)


def lstmGrad(Wg, bg, Wy, by, h0, c0, X, Y):
    T, n, m = X.shape
    s = h0.shape[0]

    # ---- forward, keep everything in lists (cell arrays in MATLAB) ----
    H = [h0]          # H[t] is the state BEFORE step t
    C = [c0]
    Zs, gates, tanhC, err = [], [], [], []
    for t in range(T):
        Z = np.vstack((H[t], X[t]))
        A = Wg @ Z + bg
        gi = sigm(A[0:s])
        gf = sigm(A[s:2*s])
        go = sigm(A[2*s:3*s])
        gg = np.tanh(A[3*s:4*s])
        C.append(gf * C[t] + gi * gg)
        tanhC.append(np.tanh(C[t+1]))
        H.append(go * tanhC[t])
        err.append(Wy @ H[t+1] + by - Y[t])
        Zs.append(Z)
        gates.append((gi, gf, go, gg))

    # ---- backward through time ----
    dWg = np.zeros_like(Wg)
    dbg = np.zeros_like(bg)
    dWy = np.zeros_like(Wy)
    dby = np.zeros_like(by)
    dhnext = np.zeros((s, m))
    dcnext = np.zeros((s, m))
    for t in range(T-1, -1, -1):
        gi, gf, go, gg = gates[t]
        dy = err[t] / m
        dWy += dy @ H[t+1].T
        dby += np.sum(dy, axis=1, keepdims=True)
        dh = Wy.T @ dy + dhnext
        do = dh * tanhC[t]
        dc = dcnext + dh * go * (1 - tanhC[t]**2)
        di = dc * gg
        df = dc * C[t]
        dg = dc * gi
        dA = np.vstack((di * gi * (1 - gi),
                        df * gf * (1 - gf),
                        do * go * (1 - go),
                        dg * (1 - gg**2)))
        dWg += dA @ Zs[t].T
        dbg += np.sum(dA, axis=1, keepdims=True)
        dZ = Wg.T @ dA
        dhnext = dZ[:s]
        dcnext = dc * gf
    return dWg, dbg, dWy, dby, dhnext, dcnext


def setup(rng):
    T, n, s, m, k = 4, 3, 5, 6, 2
    args = (0.6 * rng.normal(size=(4 * s, s + n)), 0.3 * rng.normal(size=(4 * s, 1)),
            rng.normal(size=(k, s)), 0.3 * rng.normal(size=(k, 1)),
            0.5 * rng.normal(size=(s, m)), 0.7 * rng.normal(size=(s, m)),
            rng.normal(size=(T, n, m)), rng.normal(size=(T, k, m)))
    return lstmCost, lstmGrad, args, {"wrt": ["Wg", "bg", "Wy", "by", "h0", "c0"]}
