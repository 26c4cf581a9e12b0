# HW4: skip-gram with negative sampling, word = average of its n-grams (like fastText)
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def loss(E_in, E_out, b_out, ngrams, context, negatives, lam):
    """
    E_in      (V, d)  n-gram vectors
    E_out     (V, d)  output word vectors
    b_out     (V,)    output word biases
    ngrams    (B, G)  n-gram ids of each center word
    context   (B,)    true context word
    negatives (B, K)  sampled words
    """
    B = len(context)
    J = 0.0
    for n in range(B):
        v = E_in[ngrams[n]].mean(axis=0)
        J -= np.log(sigmoid(E_out[context[n]].dot(v) + b_out[context[n]]))
        for k in negatives[n]:
            J -= np.log(sigmoid(-(E_out[k].dot(v) + b_out[k])))
    return J / B + 0.5 * lam * (np.sum(E_in ** 2) + np.sum(E_out ** 2))


def gradients(E_in, E_out, b_out, ngrams, context, negatives, lam):
    B, G = ngrams.shape
    K = negatives.shape[1]
    dim = E_in.shape[1]

    dE_in = np.zeros_like(E_in)
    dE_out = np.zeros_like(E_out)
    db_out = np.zeros_like(b_out)

    # center vectors
    center = E_in[ngrams].sum(axis=1) / G                 # (B, d)

    # scores
    u_pos = E_out[context]                                # (B, d)
    u_neg = E_out[negatives]                              # (B, K, d)
    s_pos = np.sum(u_pos * center, axis=1) + b_out[context]               # (B,)
    s_neg = np.sum(u_neg * center[:, None, :], axis=2) + b_out[negatives] # (B, K)

    # d loss / d score
    g_pos = (sigmoid(s_pos) - 1) / B
    g_neg = sigmoid(s_neg) / B

    # output vectors
    np.add.at(dE_out, context, g_pos[:, None] * center)
    d_neg = g_neg[:, :, None] * center[:, None, :]        # (B, K, d)
    np.add.at(dE_out, negatives.ravel(), d_neg.reshape(B * K, dim))
    np.add.at(db_out, context, g_pos)
    np.add.at(db_out, negatives, g_neg)

    # center word, then its n-grams
    d_center = g_pos[:, None] * u_pos
    d_center += np.sum(g_neg[:, :, None] * u_neg, axis=1)
    d_gram = np.repeat(d_center / G, G, axis=0)           # (B*G, d)
    np.add.at(dE_in, ngrams.reshape(-1), d_gram)

    # regularization
    dE_in += lam * E_in
    dE_out += lam * E_out

    return dE_in, dE_out, db_out


def setup(rng):
    V, d, B, G, K = 6, 4, 5, 2, 3
    ngrams = rng.integers(0, V, (B, G))
    ngrams[1] = ngrams[0][::-1]
    context = rng.integers(0, V, B)
    context[2] = context[0]
    negatives = rng.integers(0, V, (B, K))
    negatives[3, 0] = negatives[3, 1]
    args = (rng.normal(size=(V, d)), rng.normal(size=(V, d)), rng.normal(size=V) * 0.5,
            ngrams, context, negatives, 0.13)
    return loss, gradients, args, {"wrt": ["E_in", "E_out", "b_out"]}
