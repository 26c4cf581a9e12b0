# SVD++ on a handful of ratings, everything in loops so I can follow the paper.
#   rhat(u,i) = lo + (hi - lo) * sigmoid(bu + bi + q_i . (p_u + |N(u)|^-1/2 sum_j y_j))
# regularization is added once per rating, as in Koren's formulation
import numpy as np

LO, HI = 1.0, 5.0


def squash(s):
    return 1.0 / (1.0 + np.exp(-s))


def objective(mu, bu, bi, P, Q, Yimp, ratings, liked, reg):
    total = 0.0
    for u, i, r in ratings:
        implicit = sum(Yimp[j] for j in liked[u]) / len(liked[u]) ** 0.5
        score = mu + bu[u] + bi[i] + Q[i] @ (P[u] + implicit)
        rhat = LO + (HI - LO) / (1.0 + np.exp(-score))
        total += 0.5 * (r - rhat) ** 2
        total += 0.5 * reg * (bu[u] ** 2 + bi[i] ** 2 + np.sum(P[u] ** 2) + np.sum(Q[i] ** 2))
        for j in liked[u]:
            total += 0.5 * reg * np.sum(Yimp[j] ** 2)
    return total / len(ratings)


def gradients(mu, bu, bi, P, Q, Yimp, ratings, liked, reg):
    g_mu = 0.0
    g_bu = np.zeros_like(bu)
    g_bi = np.zeros_like(bi)
    g_P = np.zeros_like(P)
    g_Q = np.zeros_like(Q)
    g_Yimp = np.zeros_like(Yimp)
    n_factors = P.shape[1]

    for u, i, r in ratings:
        # implicit part of the user
        norm = 1.0 / np.sqrt(len(liked[u]))
        user_vec = P[u].copy()
        for j in liked[u]:
            user_vec += norm * Yimp[j]

        # predict
        dot = 0.0
        for f in range(n_factors):
            dot += Q[i, f] * user_vec[f]
        s = squash(mu + bu[u] + bi[i] + dot)
        rhat = LO + (HI - LO) * s

        # error signal at the score
        err = rhat - r
        e = err * (HI - LO) * s * (1 - s)

        g_mu += e
        g_bu[u] += e + reg * bu[u]
        g_bi[i] += e + reg * bi[i]
        for f in range(n_factors):
            g_P[u, f] += e * Q[i, f] + reg * P[u, f]
            g_Q[i, f] += e * user_vec[f] + reg * Q[i, f]
            for j in liked[u]:
                g_Yimp[j, f] += e * norm * Q[i, f] + reg * Yimp[j, f]

    n = len(ratings)
    g_mu /= n
    for g in (g_bu, g_bi, g_P, g_Q, g_Yimp):
        g /= n
    return {"mu": g_mu, "bu": g_bu, "bi": g_bi, "P": g_P, "Q": g_Q, "Yimp": g_Yimp}


def setup(rng):
    n_users, n_items, n_factors = 4, 6, 3
    ratings = [(0, 1, 4.0), (0, 3, 2.0), (1, 0, 5.0), (1, 4, 1.0), (1, 3, 3.0),
               (2, 2, 4.5), (2, 5, 2.5), (3, 1, 1.5), (3, 5, 3.5)]
    liked = {0: [1, 3, 2], 1: [0, 4], 2: [2, 5, 1, 3], 3: [5, 0, 4]}
    args = (0.2, 0.4 * rng.normal(size=n_users), 0.4 * rng.normal(size=n_items),
            0.6 * rng.normal(size=(n_users, n_factors)), 0.6 * rng.normal(size=(n_items, n_factors)),
            0.6 * rng.normal(size=(n_items, n_factors)), ratings, liked, 0.1)
    return objective, gradients, args, {"wrt": ["mu", "bu", "bi", "P", "Q", "Yimp"]}
