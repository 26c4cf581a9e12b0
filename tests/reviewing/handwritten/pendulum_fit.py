# PHYS 341 project -- NN surrogate for the damped pendulum
# robust chi^2 (Huber) because the photogate sometimes double-triggers
import numpy as np

beta = 1.7     # sharpness of the softplus
c = 0.8        # Huber crossover, in units of sigma
lam = 0.03     # ridge strength


def softplus(u):
    return np.logaddexp(0.0, beta * u) / beta

def fermi(u):
    """d softplus / du  (just a Fermi function)"""
    return 1.0 / (1.0 + np.exp(-beta * u))

def rho(r):
    absr = np.abs(r)
    return np.where(absr <= c, 0.5 * r**2, c * absr - 0.5 * c**2)

def psi(r):
    """influence function, rho'(r)"""
    inside = np.abs(r) <= c
    return np.where(inside, r, c * np.sign(r))


def chi2(X, Y, sigma, W1, b1, W2, b2, W3, b3):
    W, b = [W1, W2, W3], [b1, b2, b3]
    f = X
    for Wl, bl in zip(W[:-1], b[:-1]):
        f = softplus(f @ Wl + bl)
    f = f @ W[-1] + b[-1]
    data = np.sum(rho((f - Y) / sigma)) / len(X)
    return data + 0.5 * lam * sum(np.sum(Wl**2) for Wl in W)


def grad_chi2(X, Y, sigma, W1, b1, W2, b2, W3, b3):
    W = [W1, W2, W3]
    b = [b1, b2, b3]
    N = len(X)
    L = len(W)

    # forward sweep, remember every layer
    z = []
    a = [X]
    for l in range(L):
        zl = a[l] @ W[l] + b[l]
        z.append(zl)
        a.append(softplus(zl) if l < L - 1 else zl)

    # backward sweep
    dW = [np.zeros_like(w) for w in W]
    db = [np.zeros_like(v) for v in b]
    r = (a[-1] - Y) / sigma
    delta = psi(r) / sigma / N
    for l in range(L - 1, -1, -1):
        dW[l] += a[l].T @ delta
        dW[l] += lam * W[l]
        db[l] += np.sum(delta, axis=0)
        if l > 0:
            delta = (delta @ W[l].T) * fermi(z[l - 1])

    return {"W1": dW[0], "b1": db[0],
            "W2": dW[1], "b2": db[1],
            "W3": dW[2], "b3": db[2]}


def setup(rng):
    X = rng.normal(size=(5, 3))
    Y = 2.0 * rng.normal(size=(5, 2))
    sigma = rng.uniform(0.5, 1.6, size=2)
    sizes = [3, 4, 6, 2]
    pars = []
    for n, k in zip(sizes[:-1], sizes[1:]):
        pars += [0.6 * rng.normal(size=(n, k)), 0.3 * rng.normal(size=k)]
    return chi2, grad_chi2, [X, Y, sigma] + pars, {"wrt": ["W1", "b1", "W2", "b2", "W3", "b3"]}
