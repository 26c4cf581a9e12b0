# SVD++ for explicit ratings. Slow on purpose: one rating after the other,
# so that each line can be compared with the formulas of Koren (2008).
#
#   r_hat(u,i) = mu + bu[u] + bi[i] + Q[i] . ( P[u] + |N(u)|^-1/2 * sum_{j in N(u)} Y[j] )
#
# ratings: list of (user, item, rating)
import numpy as np

LAM_BIAS = 0.1
LAM_FACT = 0.3


def rated_items(ratings, n_users):
    N = [[] for _ in range(n_users)]
    for u, i, _ in ratings:
        N[u].append(i)
    return N


def objective(mu, bu, bi, P, Q, Y, ratings):
    N = rated_items(ratings, len(P))
    J = 0.0
    for u, i, r in ratings:
        z = P[u] + Y[N[u]].sum(axis=0) / np.sqrt(len(N[u]))
        e = r - (mu + bu[u] + bi[i] + np.dot(Q[i], z))
        reg = LAM_BIAS * (bu[u] ** 2 + bi[i] ** 2)
        reg += LAM_FACT * (np.sum(P[u] ** 2) + np.sum(Q[i] ** 2) + np.sum(Y[N[u]] ** 2))
        J += 0.5 * (e ** 2 + reg)
    return J / len(ratings)


def implicit_part(Y, items):
    """|N(u)|^-1/2 times the sum of the implicit factors"""
    total = np.zeros(Y.shape[1])
    for j in items:
        total += Y[j]
    return total * len(items) ** -0.5


def gradients(mu, bu, bi, P, Q, Y, ratings):
    n_users, K = P.shape
    n_ratings = len(ratings)
    items_of = {}
    for u, i, r in ratings:
        items_of.setdefault(u, []).append(i)

    g_mu = 0.0
    g_bu = np.zeros(len(bu))
    g_bi = np.zeros(len(bi))
    g_P = np.zeros(P.shape)
    g_Q = np.zeros(Q.shape)
    g_Y = np.zeros(Y.shape)

    for u, i, r in ratings:
        items = items_of[u]
        norm = 1.0 / np.sqrt(len(items))
        z = P[u] + implicit_part(Y, items)
        r_hat = mu + bu[u] + bi[i] + Q[i].dot(z)
        err = r - r_hat

        g_mu -= err
        g_bu[u] += -err + LAM_BIAS * bu[u]
        g_bi[i] += -err + LAM_BIAS * bi[i]
        for k in range(K):
            g_P[u, k] += -err * Q[i, k] + LAM_FACT * P[u, k]
            g_Q[i, k] += -err * z[k]
            g_Q[i, k] += LAM_FACT * Q[i, k]
        for j in items:
            g_Y[j] -= err * norm * Q[i]
            g_Y[j] += LAM_FACT * Y[j]

    # the objective is the mean over the ratings
    g_mu /= n_ratings
    for g in (g_bu, g_bi, g_P, g_Q, g_Y):
        g /= n_ratings
    return {"mu": g_mu, "bu": g_bu, "bi": g_bi, "P": g_P, "Q": g_Q, "Y": g_Y}


def setup(rng):
    users, items, K = 3, 5, 4
    ratings = [(u, i, float(rng.uniform(1, 5))) for u, i in
               [(0, 0), (2, 1), (0, 3), (1, 4), (2, 2), (2, 4), (0, 1)]]
    args = (3.1, rng.normal(size=users), rng.normal(size=items), rng.normal(size=(users, K)),
            rng.normal(size=(items, K)), rng.normal(size=(items, K)), ratings)
    return objective, gradients, args, {"wrt": ["mu", "bu", "bi", "P", "Q", "Y"]}
