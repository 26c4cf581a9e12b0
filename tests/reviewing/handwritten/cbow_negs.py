#!/usr/bin/env python3
# cbow_negs.py - CBOW with negative sampling, one example at a time.
# The window positions have learned weights, so near words can count more.
import numpy as np

LR = 0.1
LAMBDA = 0.05     # l2 on the position weights only


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def nll(emb, out, bias, pos_w, windows, targets, negs):
    """average negative log likelihood + l2, nothing else"""
    total = 0.0
    for win, tgt, neg in zip(windows, targets, negs):
        hidden = sum(pos_w[j] * emb[w] for j, w in enumerate(win)) / len(win)
        total += np.log(1 + np.exp(-(np.dot(out[tgt], hidden) + bias[tgt])))
        for k in neg:
            total += np.log(1 + np.exp(np.dot(out[k], hidden) + bias[k]))
    return total / len(targets) + 0.5 * LAMBDA * np.sum(pos_w * pos_w)


def words_and_labels(tgt, neg):
    """ids of the true word and of the noise words, with labels 1, 0, 0, ..."""
    ids = np.append(tgt, neg)
    labels = np.zeros(len(ids))
    labels[0] = 1
    return ids, labels


def train_epoch(emb, out, bias, pos_w, windows, targets, negs):
    """one full-batch descent step, gives back the new parameters"""
    g_emb = np.zeros(emb.shape)
    g_out = np.zeros(out.shape)
    g_bias = np.zeros(bias.shape)
    g_pos = np.zeros(pos_w.shape)
    n_examples = len(targets)

    for ex in range(n_examples):
        win = windows[ex]
        size = len(win)
        ids, labels = words_and_labels(targets[ex], negs[ex])

        # forward
        ctx = emb[win]                        # (window, dim)
        hidden = pos_w @ ctx / size
        vecs = out[ids]                       # (1 + negatives, dim)
        prob = sigmoid(vecs @ hidden + bias[ids])

        # backward; the same id may be drawn twice -> add.at
        delta = prob - labels
        np.add.at(g_out, ids, np.outer(delta, hidden))
        np.add.at(g_bias, ids, delta)
        d_hidden = delta @ vecs / size
        np.add.at(g_emb, win, np.outer(pos_w, d_hidden))
        g_pos += ctx @ d_hidden

    # average over the examples, then regularise
    g_emb /= n_examples
    g_out /= n_examples
    g_bias /= n_examples
    g_pos /= n_examples
    g_pos += LAMBDA * pos_w

    new_emb = emb - LR * g_emb
    new_out = out - LR * g_out
    new_bias = bias - LR * g_bias
    new_pos = pos_w - LR * g_pos
    return new_emb, new_out, new_bias, new_pos


def setup(rng):
    vocab, dim = 6, 5
    args = (rng.normal(size=(vocab, dim)), rng.normal(size=(vocab, dim)),
            0.5 * rng.normal(size=vocab), 1 + 0.4 * rng.normal(size=4),
            np.array([[0, 2, 2, 4], [1, 3, 5, 1], [4, 0, 3, 5]]),
            np.array([1, 4, 2]), np.array([[3, 3], [0, 5], [5, 0]]))
    opts = {"wrt": ["emb", "out", "bias", "pos_w"], "returns": "updated", "lr": 0.1}
    return nll, train_epoch, args, opts
