"""
Sparse denoising autoencoder with tied weights.

Companion code for the post "What do hidden units look for?".
Samples are COLUMNS: X has shape (n_visible, m).

    encoder   H = sigmoid(W  @ X~ + b)         X~ : input with dropped pixels
    decoder   R = sigmoid(W' @ H  + c)
"""
import numpy as np

RHO = 0.1         # wanted mean activation
BETA = 0.4        # weight of the sparsity term
DECAY = 0.03      # weight decay
KEEP = 0.75       # fraction of pixels that survive the corruption


def sigm(v):
    return 1 / (1 + np.exp(-v))


def kl_divergence(p, q):
    return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))


def objective(W, b, c, X, drop):
    """Mean squared error + sparsity + weight decay."""
    num = X.shape[1]
    code = sigm(np.dot(W, X * drop / KEEP) + b)
    recon = sigm(np.dot(W.T, code) + c)
    mse = 0.5 * np.sum((recon - X) ** 2) / num
    sparse = np.sum(kl_divergence(RHO, np.mean(code, axis=1)))
    return mse + BETA * sparse + 0.5 * DECAY * np.sum(W * W)


def sigm_prime(a):
    # expects the activation, not the pre-activation
    return a * (1 - a)


def sparsity_slope(rho_hat):
    """d KL(RHO || rho_hat) / d rho_hat"""
    return -RHO / rho_hat + (1 - RHO) / (1 - rho_hat)


def objective_grad(W, b, c, X, drop):
    m = X.shape[1]

    # --- encode, decode
    X_noisy = X * drop / KEEP
    z_h = np.dot(W, X_noisy) + b
    H = 1 / (1 + np.exp(-z_h))
    z_r = np.dot(W.T, H) + c
    R = 1 / (1 + np.exp(-z_r))
    rho_hat = np.mean(H, axis=1, keepdims=True)

    # --- decoder error
    err = R - X
    delta_r = err * sigm_prime(R) / m
    grad_c = np.sum(delta_r, axis=1, keepdims=True)

    # --- encoder error: from the reconstruction and from the sparsity term
    back = np.dot(W, delta_r)
    back += BETA * sparsity_slope(rho_hat) / m
    delta_h = back * sigm_prime(H)
    grad_b = np.sum(delta_h, axis=1, keepdims=True)

    # --- W is used twice, so it gets two contributions
    grad_W = np.dot(delta_h, X_noisy.T)
    grad_W += np.dot(H, delta_r.T)
    grad_W += DECAY * W

    return {"W": grad_W, "b": grad_b, "c": grad_c}


def setup(rng):
    n_visible, n_hidden, m = 6, 3, 5
    W = rng.normal(size=(n_hidden, n_visible)) * 0.7
    b = rng.normal(size=(n_hidden, 1)) * 0.5
    c = rng.normal(size=(n_visible, 1)) * 0.5
    X = rng.uniform(0.05, 0.95, size=(n_visible, m))
    drop = (rng.uniform(size=X.shape) < KEEP).astype(float)
    return objective, objective_grad, (W, b, c, X, drop), {"wrt": ["W", "b", "c"]}
