# Two linear models on top of each other, the last one goes through a logistic.
# Everything sample by sample, so that I can follow the formulas on paper:
#   u_k = sum_j W[k,j] x_j + c_k        s = sum_k v_k u_k + d        p = 1/(1+exp(-s))
# Penalty:  lam * ( 0.5*sum(W^2) + sum(sqrt(v^2 + MU)) )   (second is a smooth L1)
import math
import numpy as np

LEARNING_RATE = 0.1
MU = 0.01


def logistic(s):
    return 1.0 / (1.0 + math.exp(-s))


def cost(X, y, W, c, v, d, lam):
    s = (X.dot(W.T) + c).dot(v) + d
    fit = np.mean(np.log(1 + np.exp(s)) - y * s)
    return fit + lam * (0.5 * np.sum(W * W) + np.sum(np.sqrt(v * v + 0.01)))


def smooth_l1_slope(v):
    slope = np.zeros(len(v))
    for k in range(len(v)):
        slope[k] = v[k] / math.sqrt(v[k] ** 2 + MU)
    return slope


def first_model(x, W, c):
    u = c.copy()
    for k in range(W.shape[0]):
        for j in range(W.shape[1]):
            u[k] += W[k, j] * x[j]
    return u


def gradient_descent_step(X, y, W, c, v, d, lam):
    """One full-batch step. Returns the new W, c, v, d."""
    m, nx = X.shape
    nu = W.shape[0]

    sum_W = np.zeros((nu, nx))
    sum_c = np.zeros(nu)
    sum_v = np.zeros(nu)
    sum_d = 0.0

    for i in range(m):
        x = X[i]
        u = first_model(x, W, c)
        s = d
        for k in range(nu):
            s += v[k] * u[k]
        err = logistic(s) - y[i]

        sum_d += err
        for k in range(nu):
            sum_v[k] += err * u[k]
            delta = err * v[k]
            sum_c[k] += delta
            for j in range(nx):
                sum_W[k, j] += delta * x[j]

    grad_W = sum_W / m + lam * W
    grad_c = sum_c / m
    grad_v = sum_v / m + lam * smooth_l1_slope(v)
    grad_d = sum_d / m

    W_new = W - LEARNING_RATE * grad_W
    c_new = c - LEARNING_RATE * grad_c
    v_new = v - LEARNING_RATE * grad_v
    d_new = d - LEARNING_RATE * grad_d
    return W_new, c_new, v_new, d_new


def setup(rng):
    m, nx, nu = 5, 4, 3
    X = rng.normal(size=(m, nx))
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    args = (X, y, rng.normal(size=(nu, nx)) * 0.6, rng.normal(size=nu) * 0.5,
            rng.normal(size=nu), float(rng.normal() * 0.5), 0.08)
    return cost, gradient_descent_step, args, {
        "wrt": ["W", "c", "v", "d"], "returns": "updated", "lr": 0.1}
