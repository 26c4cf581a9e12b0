"""
Companion code for the post "Backprop through time, but with two floors".

A two-layer tanh RNN reads a sequence and predicts a vector at each step.
There is also a direct road from the input to the output (Wskip), since
everybody asked how that one looks in the backward pass.

Shapes: inputs is (T, N, D), one row per sequence of the minibatch.
"""
import numpy as np


def sequence_loss(Wx1, Wh1, b1, Wx2, Wh2, b2, Wy, Wskip, by, h1_0, h2_0, inputs, targets):
    T, N, _ = inputs.shape
    low, high, total = h1_0, h2_0, 0.0
    for x, target in zip(inputs, targets):
        low = np.tanh(x @ Wx1 + low @ Wh1 + b1)
        high = np.tanh(low @ Wx2 + high @ Wh2 + b2)
        y = high @ Wy + x @ Wskip + by
        total += 0.5 * np.sum((y - target) ** 2)
    return total / (N * T)


def bptt(Wx1, Wh1, b1, Wx2, Wh2, b2, Wy, Wskip, by, h1_0, h2_0, inputs, targets):
    T, N, _ = inputs.shape

    # 1) walk forward and remember every state.
    #    hs1[0] is the initial state, so the state after step t is hs1[t + 1]!
    hs1, hs2, ys = [h1_0], [h2_0], []
    for t in range(T):
        hs1.append(np.tanh(inputs[t] @ Wx1 + hs1[t] @ Wh1 + b1))
        hs2.append(np.tanh(hs1[t + 1] @ Wx2 + hs2[t] @ Wh2 + b2))
        ys.append(hs2[t + 1] @ Wy + inputs[t] @ Wskip + by)

    # 2) walk backward
    dWx1, dWh1, db1 = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dWx2, dWh2, db2 = np.zeros_like(Wx2), np.zeros_like(Wh2), np.zeros_like(b2)
    dWy, dWskip, dby = np.zeros_like(Wy), np.zeros_like(Wskip), np.zeros_like(by)
    dh1_next = np.zeros_like(h1_0)   # what comes back from step t + 1
    dh2_next = np.zeros_like(h2_0)

    for t in reversed(range(T)):
        # readout
        dy = (ys[t] - targets[t]) / (N * T)
        dWy += hs2[t + 1].T @ dy
        dWskip += inputs[t].T @ dy
        dby += dy.sum(axis=0)

        # upper floor
        dh2 = dy @ Wy.T + dh2_next
        da2 = dh2 * (1 - hs2[t + 1] ** 2)
        dWx2 += hs1[t + 1].T @ da2
        dWh2 += hs2[t].T @ da2
        db2 += da2.sum(axis=0)
        dh2_next = da2 @ Wh2.T

        # lower floor
        dh1 = da2 @ Wx2.T + dh1_next
        da1 = dh1 * (1 - hs1[t + 1] ** 2)
        dWx1 += inputs[t].T @ da1
        dWh1 += hs1[t].T @ da1
        db1 += da1.sum(axis=0)
        dh1_next = da1 @ Wh1.T

    # what is left over belongs to the initial states
    return {"Wx1": dWx1, "Wh1": dWh1, "b1": db1,
            "Wx2": dWx2, "Wh2": dWh2, "b2": db2,
            "Wy": dWy, "Wskip": dWskip, "by": dby,
            "h1_0": dh1_next, "h2_0": dh2_next}


def setup(rng):
    T, N, D, H1, H2, O = 3, 5, 2, 4, 6, 3
    r = lambda *shape: 0.6 * rng.normal(size=shape)
    args = (r(D, H1), r(H1, H1), r(H1), r(H1, H2), r(H2, H2), r(H2), r(H2, O), r(D, O), r(O),
            r(N, H1), r(N, H2), rng.normal(size=(T, N, D)), rng.normal(size=(T, N, O)))
    return sequence_loss, bptt, args, {
        "wrt": ["Wx1", "Wh1", "b1", "Wx2", "Wh2", "b2", "Wy", "Wskip", "by", "h1_0", "h2_0"]}
