import numpy as np

# RBF regression with a linear trend,
#   f(x) = bias + v'x + sum_k w_k exp(-|x - c_k|^2 / (2 s_k^2)),   s_k = exp(ls_k)
# all loops on purpose, so that it can be compared with the formulas in my notes


def objective(w, C, ls, v, bias, X, Y, lam):
    d2 = ((X[:, None, :] - C[None, :, :]) ** 2).sum(axis=2)
    Phi = np.exp(-0.5 * d2 / np.exp(2 * ls))
    F = Phi @ w + X @ v + bias
    return 0.5 * np.mean((F - Y) ** 2) + 0.5 * lam * (w @ w + v @ v)


def kernel_row(x, C, s):
    """phi[k] and squared distance r2[k] of one sample to all centers"""
    K = C.shape[0]
    phi = np.zeros(K)
    r2 = np.zeros(K)
    for k in range(K):
        for j in range(x.size):
            r2[k] += (x[j] - C[k, j]) ** 2
        phi[k] = np.exp(-r2[k] / (2 * s[k] ** 2))
    return phi, r2


def gradient(w, C, ls, v, bias, X, Y, lam):
    N, D = X.shape
    K = len(w)
    s = np.exp(ls)

    gw = np.zeros(K)
    gC = np.zeros((K, D))
    gs = np.zeros(K)
    gv = np.zeros(D)
    gbias = 0.0

    for i in range(N):
        x = X[i]
        phi, r2 = kernel_row(x, C, s)

        # prediction for this sample
        f = bias
        for k in range(K):
            f += w[k] * phi[k]
        f += np.dot(v, x)

        err = f - Y[i]

        gbias += err
        for j in range(D):
            gv[j] += err * x[j]
        for k in range(K):
            gw[k] += err * phi[k]
            # through the exponential
            dphi = err * w[k]
            da = dphi * phi[k]
            for j in range(D):
                gC[k, j] += da * (x[j] - C[k, j]) / s[k] ** 2
            gs[k] += da * r2[k] / s[k] ** 3

    # average over the samples, then the ridge terms
    gw = gw / N + lam * w
    gv = gv / N + lam * v
    gC /= N
    gs /= N
    gbias /= N

    # the widths are stored as logarithms
    gls = gs * s
    return gw, gC, gls, gv, gbias


def setup(rng):
    N, D, K = 5, 3, 4
    args = (rng.normal(size=K), rng.normal(size=(K, D)), 0.3 + 0.3 * rng.normal(size=K), rng.normal(size=D),
            0.5, rng.normal(size=(N, D)), rng.normal(size=N), 0.3)
    return objective, gradient, args, {"wrt": ["w", "C", "ls", "v", "bias"]}
