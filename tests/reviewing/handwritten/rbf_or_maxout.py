"""rbf.py

Normalised radial basis function network, one sample at a time so that each
line can be compared with the equations in my notebook.

    d2_k  = |x - c_k|^2
    phi_k = exp( - d2_k / (2 s_k^2) )
    p_k   = phi_k / sum_j phi_j
    o     = W p + b
    E     = 1/N sum_n 1/2 |o - t|^2  +  mu * sum_k log(s_k)^2
"""
import numpy as np

MU = 0.03


def error(samples, targets, centers, widths, W, b):
    """mean error over the whole set"""
    diff = samples[:, np.newaxis, :] - centers[np.newaxis, :, :]
    act = np.exp(-0.5 * (diff ** 2).sum(axis=2) / widths ** 2)
    act = act / act.sum(axis=1, keepdims=True)
    res = act @ W.T + b - targets
    return 0.5 * np.sum(res ** 2) / len(samples) + MU * np.sum(np.log(widths) ** 2)


def squared_distance(x, c):
    s = 0.0
    for i in range(len(x)):
        s += (x[i] - c[i]) ** 2
    return s


def hidden_units(x, centers, widths):
    d2, phi = np.zeros(len(centers)), np.zeros(len(centers))
    for k in range(len(centers)):
        d2[k] = squared_distance(x, centers[k])
        phi[k] = np.exp(-d2[k] / (2 * widths[k] ** 2))
    return d2, phi


def gradients(samples, targets, centers, widths, W, b):
    N = len(samples)
    n_units = centers.shape[0]
    n_out = W.shape[0]
    g_centers = np.zeros_like(centers)
    g_widths = np.zeros_like(widths)
    g_W = np.zeros_like(W)
    g_b = np.zeros_like(b)

    for n in range(N):
        x = samples[n]
        d2, phi = hidden_units(x, centers, widths)
        total = phi.sum()
        p = phi / total
        o = np.dot(W, p) + b
        e = o - targets[n]

        # output weights
        for j in range(n_out):
            g_b[j] += e[j]
            for k in range(n_units):
                g_W[j, k] += e[j] * p[k]

        dp = np.dot(W.T, e)
        mean_dp = np.dot(p, dp)
        dphi = (dp - mean_dp) / total

        # centers and widths
        for k in range(n_units):
            darg = dphi[k] * phi[k]
            g_centers[k] += darg * (x - centers[k]) / widths[k] ** 2
            g_widths[k] += darg * d2[k] / widths[k] ** 3

    g_centers /= N
    g_widths /= N
    g_W /= N
    g_b /= N
    g_widths += 2 * MU * np.log(widths) / widths
    return {"centers": g_centers, "widths": g_widths, "W": g_W, "b": g_b}


def setup(rng):
    N, D, K, C = 5, 3, 4, 2
    samples = rng.normal(size=(N, D))
    targets = rng.normal(size=(N, C))
    centers = rng.normal(size=(K, D)) * 0.8
    widths = rng.uniform(0.7, 1.8, size=K)
    W = rng.normal(size=(C, K))
    b = rng.normal(size=C)
    return error, gradients, (samples, targets, centers, widths, W, b), {"wrt": ["centers", "widths", "W", "b"]}
