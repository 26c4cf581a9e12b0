# GRU in pure numpy, trained with BPTT.
# gate order along the last axis: z (update), r (reset), n (candidate)
# same convention as cuDNN: n = tanh(x Wn + bn + r * (h Un))
import numpy as np

def sigm(a):
    return 1.0 / (1.0 + np.exp(-a))

def gru_step(x, h_prev, Wx, Wh, b):
    H = h_prev.shape[1]
    ax = x @ Wx + b
    ah = h_prev @ Wh
    z = sigm(ax[:, :H] + ah[:, :H])
    r = sigm(ax[:, H:2*H] + ah[:, H:2*H])
    hn = ah[:, 2*H:]
    n = np.tanh(ax[:, 2*H:] + r * hn)
    h = (1 - z) * n + z * h_prev
    return h, (x, h_prev, z, r, n, hn)

def gru_step_backward(dh, cache, Wh):
    x, h_prev, z, r, n, hn = cache
    # h = (1-z)*n + z*h_prev
    dz = dh * (h_prev - n)
    dn = dh * (1 - z)
    dh_prev = dh * z
    # candidate
    da_n = dn * (1 - n**2)
    dr = da_n * hn
    dhn = da_n * r
    # gates
    da_z = dz * z * (1 - z)
    da_r = dr * r * (1 - r)
    dax = np.hstack([da_z, da_r, da_n])
    dah = np.hstack([da_z, da_r, dhn])
    dWx = x.T @ dax
    dWh = h_prev.T @ dah
    db = dax.sum(axis=0)
    dh_prev += dah @ Wh.T
    return dh_prev, dWx, dWh, db

def gru_loss(X, Y, h0, Wx, Wh, b, Wy, by):
    """mean over time and batch of 0.5*||y_t - target_t||^2"""
    Wz, Wr, Wn = np.split(Wx, 3, axis=1)
    Uz, Ur, Un = np.split(Wh, 3, axis=1)
    bz, br, bn = np.split(b, 3)
    s, total = h0, 0.0
    for xt, yt in zip(X, Y):
        z = 1 / (1 + np.exp(-(xt @ Wz + s @ Uz + bz)))
        r = 1 / (1 + np.exp(-(xt @ Wr + s @ Ur + br)))
        cand = np.tanh(xt @ Wn + bn + r * (s @ Un))
        s = cand + z * (s - cand)
        total += 0.5 * np.sum((s @ Wy + by - yt) ** 2)
    return total / (X.shape[0] * X.shape[1])

def gru_bptt(X, Y, h0, Wx, Wh, b, Wy, by):
    T, N, D = X.shape
    h, hs, caches = h0, [], []
    for t in range(T):
        h, cache = gru_step(X[t], h, Wx, Wh, b)
        hs.append(h)
        caches.append(cache)

    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dWy, dby = np.zeros_like(Wy), np.zeros_like(by)
    dh_next = np.zeros_like(h0)
    for t in reversed(range(T)):
        dy = (hs[t] @ Wy + by - Y[t]) / (N * T)
        dWy += hs[t].T @ dy
        dby += dy.sum(axis=0)
        dh = dy @ Wy.T + dh_next
        dh_next, dWx_t, dWh_t, db_t = gru_step_backward(dh, caches[t], Wh)
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return {"dh0": dh_next, "dWx": dWx, "dWh": dWh, "db": db, "dWy": dWy, "dby": dby}

def setup(rng):
    T, N, D, H, O = 6, 4, 3, 5, 2
    X = rng.normal(size=(T, N, D))
    Y = rng.normal(size=(T, N, O))
    h0 = 0.5 * rng.normal(size=(N, H))
    Wx = 0.6 * rng.normal(size=(D, 3 * H))
    Wh = 0.5 * rng.normal(size=(H, 3 * H))
    b = 0.2 * rng.normal(size=3 * H)
    Wy, by = rng.normal(size=(H, O)), 0.1 * rng.normal(size=O)
    args = (X, Y, h0, Wx, Wh, b, Wy, by)
    return gru_loss, gru_bptt, args, {"wrt": ["h0", "Wx", "Wh", "b", "Wy", "by"]}
