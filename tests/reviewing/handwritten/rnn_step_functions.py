import numpy as np

# Homework 3, vanilla RNN.  N = batch, T = time steps, D = input dim, H = hidden dim


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """
    One time step with tanh.
    x: (N, D), prev_h: (N, H), Wx: (D, H), Wh: (H, H), b: (H,)
    Returns next_h (N, H) and the cache for backward.
    """
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    next_h = np.tanh(a)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = np.sum(da, axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    caches = []
    prev_h = h0
    for t in range(T):
        prev_h, cache_t = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        caches.append(cache_t)
    return h, caches


def rnn_backward(dh, caches):
    """dh: (N, T, H), the upstream gradients of ALL hidden states."""
    N, T, H = dh.shape
    D = caches[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dcurrent = dh[:, t, :] + dprev_h
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dcurrent, caches[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def sequence_loss(x, y, h0, Wx, Wh, b):
    """Squared error of the hidden states, averaged over the batch only."""
    state, total = h0, 0.0
    for t in range(x.shape[1]):
        state = np.tanh(x[:, t] @ Wx + state @ Wh + b)
        total += np.sum((state - y[:, t]) ** 2)
    return total / (2 * x.shape[0])


def sequence_gradients(x, y, h0, Wx, Wh, b):
    h, caches = rnn_forward(x, h0, Wx, Wh, b)
    dh = (h - y) / x.shape[0]
    return rnn_backward(dh, caches)


def setup(rng):
    N, T, D, H = 3, 4, 5, 2
    args = (rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H)), rng.normal(size=(N, H)),
            rng.normal(size=(D, H)) * 0.5, rng.normal(size=(H, H)) * 0.7, rng.normal(size=H) * 0.5)
    return sequence_loss, sequence_gradients, args, {"wrt": ["x", "h0", "Wx", "Wh", "b"]}
