# mixture density network (Bishop 94), K isotropic gaussians in D dims, for my thesis experiments
# trunk: tanh layer followed by a residual tanh layer; heads: mixing logits, means, log-variances
import numpy as np

LOG2PI = np.log(2 * np.pi)


def lse(s):
    top = s.max(axis=1, keepdims=True)
    return top + np.log(np.exp(s - top).sum(axis=1, keepdims=True))


def mdn_nll(X, Y, W1, b1, W2, b2, Wp, bp, Wm, bm, Ws, bs):
    N, D = Y.shape
    h = np.tanh(X @ W1 + b1)
    h = h + np.tanh(h @ W2 + b2)
    logit = h @ Wp + bp
    mu = (h @ Wm + bm).reshape(N, -1, D)
    logvar = h @ Ws + bs
    dist2 = np.sum((Y[:, None, :] - mu) ** 2, axis=2)
    log_n = -0.5 * (D * LOG2PI + D * logvar + dist2 / np.exp(logvar))
    return -np.mean(lse(logit - lse(logit) + log_n))


def forward_heads(X, W1, b1, W2, b2, Wp, bp, Wm, bm, Ws, bs):
    h1 = np.tanh(X @ W1 + b1)
    r = np.tanh(h1 @ W2 + b2)
    h2 = h1 + r
    return h1, r, h2, h2 @ Wp + bp, h2 @ Wm + bm, h2 @ Ws + bs


def mdn_backward(X, Y, W1, b1, W2, b2, Wp, bp, Wm, bm, Ws, bs):
    N, D = Y.shape
    K = bp.shape[0]
    h1, r, h2, logit, mu_flat, logvar = forward_heads(X, W1, b1, W2, b2, Wp, bp, Wm, bm, Ws, bs)
    mu = mu_flat.reshape(N, K, D)
    var = np.exp(logvar)
    pi = np.exp(logit - lse(logit))
    diff = mu - Y[:, None, :]
    sq = np.sum(diff ** 2, axis=2)

    # responsibilities gamma_nk
    joint = np.log(pi) - 0.5 * D * logvar - 0.5 * sq / var
    gamma = np.exp(joint - lse(joint))

    # errors at the three heads
    e_pi = (pi - gamma) / N
    e_mu = gamma[:, :, None] * diff / var[:, :, None] / N
    e_mu = e_mu.reshape(N, K * D)
    e_s = 0.5 * gamma * (D - sq / var) / N

    gWp, gbp = h2.T @ e_pi, e_pi.sum(0)
    gWm, gbm = h2.T @ e_mu, e_mu.sum(0)
    gWs, gbs = h2.T @ e_s, e_s.sum(0)

    # back into the trunk
    e_h2 = e_pi @ Wp.T
    e_h2 += e_mu @ Wm.T
    e_h2 += e_s @ Ws.T
    e_r = e_h2 * (1 - r ** 2)
    gW2 = h1.T @ e_r
    gb2 = e_r.sum(0)
    e_h1 = e_h2 + e_r @ W2.T
    e_1 = e_h1 * (1 - h1 ** 2)
    gW1 = X.T @ e_1
    gb1 = e_1.sum(0)
    return gW1, gb1, gW2, gb2, gWp, gbp, gWm, gbm, gWs, gbs


def setup(rng):
    N, F, H, K, D = 5, 4, 6, 3, 2
    g = lambda *shape: rng.normal(size=shape) * 0.5
    args = [rng.normal(size=(N, F)), rng.normal(size=(N, D)), g(F, H), g(H), g(H, H), g(H),
            g(H, K), g(K), g(H, K * D), g(K * D), g(H, K), g(K)]
    return mdn_nll, mdn_backward, args, {"wrt": ["W1", "b1", "W2", "b2", "Wp", "bp", "Wm", "bm", "Ws", "bs"]}
