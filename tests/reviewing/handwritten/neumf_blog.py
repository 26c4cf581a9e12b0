"""
Neural collaborative filtering from scratch (part 2 of the recommender posts).
GMF branch (elementwise product) + MLP branch (concat -> relu), joined by one output unit.
"""
import numpy as np


def bce_loss(P, Q, U, V, W, b, w_out, b_out, users, items, labels, reg):
    p, q, eu, ei = P[users], Q[items], U[users], V[items]
    hid = np.maximum(np.hstack([eu, ei]).dot(W) + b, 0)
    s = np.hstack([p * q, hid]).dot(w_out) + b_out
    nll = np.logaddexp(0, s) - labels * s
    penalty = 0.5 * reg * ((p ** 2).sum() + (q ** 2).sum() + (eu ** 2).sum() + (ei ** 2).sum())
    return nll.mean() + penalty / len(labels)


def neumf_forward(P, Q, U, V, W, b, w_out, b_out, users, items):
    # look everything up
    p_u, q_i = P[users], Q[items]
    e_u, e_i = U[users], V[items]

    gmf = p_u * q_i
    x = np.concatenate([e_u, e_i], axis=1)
    pre = x @ W + b
    h = np.maximum(pre, 0.0)

    joint = np.concatenate([gmf, h], axis=1)
    logit = joint @ w_out + b_out
    prob = 1.0 / (1.0 + np.exp(-logit))
    return prob, (p_u, q_i, e_u, e_i, x, pre, joint)


def neumf_grads(P, Q, U, V, W, b, w_out, b_out, users, items, labels, reg):
    prob, saved = neumf_forward(P, Q, U, V, W, b, w_out, b_out, users, items)
    p_u, q_i, e_u, e_i, x, pre, joint = saved
    n = len(labels)
    k = P.shape[1]
    d = U.shape[1]

    # sigmoid + binary cross entropy
    delta = (prob - labels) / n
    g_w_out = joint.T @ delta
    g_b_out = delta.sum()

    # split the joint vector back into its branches
    d_joint = np.outer(delta, w_out)
    d_gmf = d_joint[:, :k]
    d_h = d_joint[:, k:]

    # MLP branch
    d_pre = d_h * (pre > 0)
    g_W = x.T @ d_pre
    g_b = d_pre.sum(axis=0)
    d_x = d_pre @ W.T
    d_eu = d_x[:, :d] + reg * e_u / n
    d_ei = d_x[:, d:] + reg * e_i / n

    # GMF branch
    d_pu = d_gmf * q_i + reg * p_u / n
    d_qi = d_gmf * p_u + reg * q_i / n

    # scatter to the tables (a user may occur more than once in a batch!)
    g_P, g_Q = np.zeros_like(P), np.zeros_like(Q)
    g_U, g_V = np.zeros_like(U), np.zeros_like(V)
    np.add.at(g_P, users, d_pu)
    np.add.at(g_Q, items, d_qi)
    np.add.at(g_U, users, d_eu)
    np.add.at(g_V, items, d_ei)
    return g_P, g_Q, g_U, g_V, g_W, g_b, g_w_out, g_b_out


def setup(rng):
    n_users, n_items, k, du, di, hidden = 4, 7, 2, 3, 2, 6
    r = lambda *s: rng.normal(size=s) * 0.8
    users = np.array([0, 2, 0, 3, 2])
    items = np.array([5, 1, 1, 6, 1])
    labels = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    args = (r(n_users, k), r(n_items, k), r(n_users, du), r(n_items, di), r(du + di, hidden),
            r(hidden), r(k + hidden), 0.3 * rng.normal(), users, items, labels, 0.4)
    return bce_loss, neumf_grads, args, {"wrt": ["P", "Q", "U", "V", "W", "b", "w_out", "b_out"]}
